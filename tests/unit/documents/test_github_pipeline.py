"""The view of GitHub's workflows and actions."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.document import Root
from guardrails.documents.github_pipeline import FORMAT
from guardrails.documents.yaml import FORMAT as YAML


def view(text: str) -> Root:
    """The one view of a text."""
    (root,) = FORMAT.roots(YAML.parse(dedent(text)))
    return root


def lines(root: Root, name: str) -> list[int]:
    """The lines where the items of a list stand."""
    return [root.span((name, index)).line for index in range(len(root.value[name]))]


WORKFLOW = """\
    name: CI
    on: {push: {}, workflow_call: {inputs: {dry: {type: boolean}, name: {type: string}}}}
    permissions: read-all
    env: {STATIC: x}
    defaults: {run: {shell: bash}}
    jobs:
      build:
        runs-on: ${{ matrix.os }}
        environment: live
        permissions: {contents: write}
        strategy:
          matrix:
            os: [linux, self-hosted]
            image: [node:22]
            include: [{image: "${{ github.actor }}"}]
            exclude: [{os: self-hosted}]
        container: {image: "${{ matrix.image }}"}
        services: {db: postgres}
        steps:
          - uses: Actions/Checkout/sub@v4 # v4.2.2
          - uses: docker://alpine
          - run: |
              make && sudo npm install x

              echo "${{ github.head_ref }}" \\
                ${{ matrix.os }}${{ matrix.image }}
            env: {A: "${{ github.ref }}"}
          - run: >-
              echo
              ${{ env.A }} ${{ env.static }} ${{ inputs.dry }} ${{ inputs.name }}
            if: github.ref == 'x'
          - shell: pwsh
            run: npm publish
      call:
        uses: ./.github/workflows/x.yml
    """


def test_the_steps_of_a_workflow() -> None:
    root = view(WORKFLOW)
    value = root.value
    assert (value["kind"], value["triggers"], value["permissions"]) == (
        "workflow",
        ["push", "workflow_call"],
        "read-all",
    )
    assert [step["shell"] for step in value["steps"]] == ["bash", "bash", "bash", "bash", "pwsh"]
    assert value["steps"][0]["job"] == {"id": "build", "rights": {"contents": "write"}, "environment": "live"}
    assert lines(root, "steps") == [20, 21, 22, 28, 32]
    assert root.span(("steps", 4, "run"), key=True).line == 33


def test_jobs() -> None:
    root = view(WORKFLOW)
    jobs = root.value["jobs"]
    assert jobs["build"]["labels"] == ["linux"]
    assert jobs["call"]["rights"] == {"*": "read"}
    assert root.span(("jobs", "call"), key=True).line == 34


def test_what_is_used() -> None:
    root = view(WORKFLOW)
    uses = root.value["uses"]
    assert [(use["kind"], use["repository"], use["path"], use["ref"], use["comment"]) for use in uses] == [
        ("repository", "actions/checkout", "sub", "v4", "v4.2.2"),
        ("docker", "", "", "", ""),
        ("local", "", "", "", ""),
    ]
    assert lines(root, "uses") == [20, 21, 35]


def test_images() -> None:
    root = view(WORKFLOW)
    images = [(image["role"], image["text"]) for image in root.value["images"]]
    assert images == [
        ("container", "node:22"),
        ("container", "${{ github.actor }}"),
        ("services", "postgres"),
        ("step", "alpine"),
    ]
    assert lines(root, "images") == [17, 17, 18, 21]


def test_commands() -> None:
    root = view(WORKFLOW)
    found = [command["text"] for command in root.value["commands"]]
    assert found[:3] == ["make", "sudo npm install x", "npm install x"]
    assert "npm publish" in found
    assert lines(root, "commands")[:4] == [23, 23, 23, 25]


def test_expressions() -> None:
    root = view(WORKFLOW)
    found = {
        (one["text"], one["sink"]): (line, one["contexts"])
        for one, line in zip(root.value["expressions"], lines(root, "expressions"), strict=True)
    }
    assert found["github.head_ref", "script"] == (25, ["github.head_ref"])
    assert found["matrix.os", "script"] == (26, [])
    assert found["matrix.image", "script"] == (26, ["github.actor"])
    assert found["env.A", "script"] == (30, ["env.a"])
    assert found["env.static", "script"] == (30, [])
    assert found["inputs.dry", "script"] == (30, [])
    assert found["inputs.name", "script"] == (30, ["inputs.name"])
    assert found["github.ref == 'x'", "condition"] == (31, [])
    assert found["matrix.os", ""][0] == 8


def test_the_environment_of_the_step_comes_first() -> None:
    root = view(
        """\
        jobs:
          a:
            env: {A: "${{ github.ref }}", B: "${{ github.actor }}"}
            steps:
              - run: ${{ env.A }} ${{ env.B }}
                env: {A: x}
        """
    )
    contexts = [one["contexts"] for one in root.value["expressions"] if one["sink"] == "script"]
    assert contexts == [[], ["github.actor"]]


def test_names_in_any_case() -> None:
    root = view(
        """\
        jobs:
          a:
            runs-on: ${{ matrix.os }}
            strategy: {matrix: {OS: [linux, mac], exclude: [{Os: mac}]}}
            env: {Path: x}
            steps: [{run: "${{ matrix.oS }} ${{ ENV.PATH }}"}]
        """
    )
    assert root.value["jobs"]["a"]["labels"] == ["linux"]
    assert [one["contexts"] for one in root.value["expressions"] if one["sink"]] == [[], []]


def test_an_action() -> None:
    root = view(
        """\
        name: x
        runs:
          using: composite
          steps:
            - run: echo ${{ inputs.a }}
              shell: bash
            - uses: a/b@v1
        """
    )
    assert root.value["kind"] == "action"
    assert [step["job"] for step in root.value["steps"]] == [{}, {}]
    assert root.value["expressions"][0]["contexts"] == ["inputs.a"]
    assert lines(root, "expressions") == [5]


def test_comparisons_choices_and_constants() -> None:
    root = view(
        """\
        jobs:
          a:
            if: ${{ github.actor == 'x[bot]' }} || false
            name: ${{ a && '' || format('{0}', 'b') }}
            env: {A: "${{ a[b.c].d[0] && fromJSON(x[y])[ 'z' == w ] }}"}
        """
    )
    condition, name, member = root.value["expressions"]
    assert (condition["alone"], name["alone"]) == (False, True)
    assert condition["comparisons"][0]["left"]["context"] == "github.actor"
    assert condition["comparisons"][0]["right"]["literal"] == "x[bot]"
    assert name["choices"][0]["then"]["empty"]
    assert not name["choices"][0]["otherwise"]["empty"]
    assert name["choices"][0]["otherwise"]["text"] == "format('{0}', 'b')"
    assert name["constants"] == ["format('{0}', 'b')"]
    assert name["indexes"] == []
    assert member["indexes"] == ["b.c", "'z' == w", "y"]


def test_the_reasons_of_rights() -> None:
    root = view(
        """\
        permissions:
          contents: read
          # for badges
          id-token: write
        jobs:
          a:
            permissions:
              contents: write  # for releases
              issues: none
        """
    )
    grants = [(grant["scope"], grant["level"], grant["comment"]) for grant in root.value["grants"]]
    assert grants == [
        ("contents", "read", ""),
        ("id-token", "write", "for badges"),
        ("contents", "write", "for releases"),
        ("issues", "none", ""),
    ]
    assert lines(root, "grants") == [2, 4, 8, 9]


def test_comments_whose_lines_look_like_those_of_others() -> None:
    root = view("jobs:\n  a:\n    steps:\n      - uses: a/b@1 # one\n      - run: |\n          uses: x # two\n")
    assert [use["comment"] for use in root.value["uses"]] == ["one"]
    root = view("permissions: {a: read, b: write} # one\njobs:\n  a:\n    permissions:\n      c: read\n")
    assert [grant["comment"] for grant in root.value["grants"]] == ["one", "one", ""]


@pytest.mark.parametrize(
    "text", ["jobs: []", "jobs: {a: 1}", "jobs: {a: {steps: [1, null, {uses: 1, run: [2]}]}}", "runs: x"]
)
def test_odd_files_have_views_without_items(text: str) -> None:
    root = view(text)
    assert all(not root.value[name] for name in ("uses", "images", "commands", "expressions"))


def test_other_files_have_no_view() -> None:
    assert list(FORMAT.roots(YAML.parse("a: 1"))) == []


_TEXTS = st.sampled_from(["${{ matrix.os }}", "${{ a", "x", "self-hosted", "${{ env.A && b || '' }}", "node:22", ""])
_VALUES = st.recursive(
    _TEXTS | st.none() | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "steps",
                    "run",
                    "uses",
                    "with",
                    "env",
                    "if",
                    "strategy",
                    "matrix",
                    "include",
                    "exclude",
                    "os",
                    "container",
                    "image",
                    "services",
                    "runs-on",
                    "permissions",
                    "on",
                    "defaults",
                    "shell",
                    "environment",
                    "group",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(
    st.dictionaries(st.sampled_from(["on", "env", "permissions", "defaults", "runs"]), _VALUES),
    st.dictionaries(st.sampled_from(["a", "b"]), _VALUES),
)
def test_any_workflow_has_a_view_whose_items_have_places(head: dict[str, Any], jobs: dict[str, Any]) -> None:
    root = view(json.dumps({**head, "jobs": jobs}))
    for name in ("steps", "uses", "images", "commands", "expressions"):
        assert all(line == 1 for line in lines(root, name))


def test_triggers_stand_where_they_are_written() -> None:
    root = view("on:\n  push:\n    branches: [main]\n  workflow_run:\njobs: {}\n")
    assert root.value["triggers"] == ["push", "workflow_run"]
    assert lines(root, "triggers") == [2, 4]
    assert lines(view("on:\n  - push\n  - fork\njobs: {}\n"), "triggers") == [2, 3]
    assert view("on: push\njobs: {}\n").value["triggers"] == ["push"]
    assert view("jobs: {}\n").value["triggers"] == []


def test_shells_stand_where_they_are_asked_for() -> None:
    root = view(
        """\
        defaults: {run: {shell: cmd}}
        jobs:
          a:
            steps: [{run: x}, {run: y}, {uses: z, shell: none}]
          b:
            defaults: {run: {shell: bash}}
            steps:
              - run: x
              - run: y
                shell: sh
        """
    )
    assert root.value["shells"] == ["cmd", "bash", "sh"]
    assert lines(root, "shells") == [1, 6, 10]


def test_the_image_of_an_action() -> None:
    assert view("runs: {using: docker, image: 'docker://a:1'}\n").value["images"] == [{"text": "a:1", "role": "action"}]
    assert view("runs: {using: docker, image: Dockerfile}\n").value["images"] == []


@pytest.mark.parametrize(
    ("image", "matrix", "found"),
    [
        ("${{ matrix.x || 'b:1' }}", "{x: [a]}", ["a", "b:1"]),
        ("${{ matrix.x == 'a' && 'b:1' || '' }}", "{}", ["b:1", ""]),
        ("${{ matrix.x.image }}", "{x: [{image: a}, {other: b}]}", ["a"]),
        ("${{ matrix.y }}", "{x: [a]}", []),
        ("${{ matrix.x }}", '"${{ fromJSON(inputs.x) }}"', ["${{ matrix.x }}"]),
        ("${{ matrix.x }}", '{x: [a], include: "${{ fromJSON(inputs.x) }}"}', ["${{ matrix.x }}", "a"]),
        ("${{ inputs.x }}", "{x: [a]}", ["${{ inputs.x }}"]),
        ("a:${{ matrix.x }}", "{x: [a]}", ["a:${{ matrix.x }}"]),
    ],
)
def test_images_that_an_expression_may_give(image: str, matrix: str, found: list[str]) -> None:
    root = view(
        json.dumps({"jobs": {"a": {"container": image, "strategy": {"matrix": "MATRIX"}}}}).replace('"MATRIX"', matrix)
    )
    assert [entry["text"] for entry in root.value["images"]] == found


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ("Self-Hosted", ["self-hosted"]),
        ("{labels: [a]}", ["a"]),
        ("{group: G, labels: a}", ["group:G", "a"]),
        ("${{ a && 'self-hosted' || 'ubuntu' }}", ["self-hosted", "ubuntu"]),
        ("'${{ fromJSON(''[\"self-hosted\"]'') }}'", ["self-hosted"]),
    ],
)
def test_labels_of_runners(asked: str, labels: list[str]) -> None:
    assert view(f"jobs:\n  a:\n    runs-on: {asked}\n").value["jobs"]["a"]["labels"] == labels


@pytest.mark.parametrize(
    ("matrix", "context", "found"),
    [
        ('"${{ fromJSON(needs.a.outputs.b) }}"', "matrix.x", ["needs.a.outputs.b"]),
        ('"${{ fromJSON(needs.a.outputs.b) }}"', "matrix", ["needs.a.outputs.b"]),
        ('{x: ["${{ inputs.a }}"], y: [b]}', "toJSON(matrix)", ["inputs.a"]),
        ('{x: ["${{ inputs.a }}"], y: [b]}', "matrix.y", []),
        ("{y: [b]}", "matrix.x", ["matrix.x"]),
    ],
)
def test_what_scripts_take_from_a_matrix(matrix: str, context: str, found: list[str]) -> None:
    root = view(
        f"jobs:\n  a:\n    strategy: {{matrix: {matrix}}}\n    steps:\n      - run: echo ${{{{ {context} }}}}\n"
    )
    (script,) = [entry for entry in root.value["expressions"] if entry["sink"] == "script"]
    assert script["contexts"] == found


def test_expressions_of_jobs_with_steps_say_their_environment() -> None:
    root = view(
        """\
        env: {A: "${{ secrets.A }}"}
        jobs:
          a: {steps: [{run: "${{ secrets.A }}"}], environment: live}
          b: {steps: [{run: "${{ secrets.A }}"}], environment: null}
          c: {uses: ./x, secrets: {a: "${{ secrets.A }}"}}
        """
    )
    assert [entry.get("environment") for entry in root.value["expressions"]] == [None, "live", "", None]


@pytest.mark.parametrize(
    ("shell", "script", "found"),
    [
        ("bash -e {0}", "a \\\nb\nc\n", ["a b", "c"]),
        ("pwsh", "a `\nb\nc\n", ["a b", "c"]),
        ("powershell", "a `\nb\nc\n", ["a b", "c"]),
        ("python", "a\n", []),
        ("cmd", "a\n", []),
    ],
)
def test_commands_of_a_shell(shell: str, script: str, found: list[str]) -> None:
    root = view(json.dumps({"jobs": {"j": {"steps": [{"shell": shell, "run": script}]}}}))
    assert [command["text"] for command in root.value["commands"]] == found


def test_what_never_runs_is_left_out_but_for_its_condition() -> None:
    root = view(
        """\
        on: push
        jobs:
          a:
            if: false
            uses: x/y@z
          b:
            steps:
              - uses: a/b@c  # d
              - uses: docker://e
                if: ${{ 1 == 2 }}
              - run: f ${{ github.actor }}
                if: "'g' == 'h'"
              - uses: i/j@k  # l
        """
    )
    assert list(root.value["jobs"]) == ["b"]
    assert [(use["text"], use["comment"]) for use in root.value["uses"]] == [("a/b@c", "d"), ("i/j@k", "l")]
    assert [entry["text"] for entry in root.value["expressions"]] == ["1 == 2", "'g' == 'h'"]
    assert [len(root.value[name]) for name in ("steps", "images", "commands")] == [2, 0, 0]
    assert lines(root, "steps") == [8, 13]


@pytest.mark.parametrize("condition", ["true", "null", "0x1", "''", "x", "'${{ false }} '", "false && x", "false || x"])
def test_what_may_run(condition: str) -> None:
    assert len(view(f"jobs:\n  a:\n    steps:\n      - run: x\n        if: {condition}\n").value["steps"]) == 1


@pytest.mark.parametrize("condition", ["false", "0", "'false'", "'0'", "${{ false }}", "'!true'", "contains('a', 'b')"])
def test_what_never_runs(condition: str) -> None:
    assert view(f"jobs:\n  a:\n    steps:\n      - run: x\n        if: {condition}\n").value["steps"] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|\n    a ${{ b }}\n\n    ${{ c }} d\n", [4, 6]),
        (">-\n    a ${{ b }}\n\n    ${{ c }} d\n    e${{ b }}\n", [4, 6, 7]),
        ("a ${{ b }}\n    ${{ c }}", [3, 4]),
        ('"a ${{ b }}\n    ${{ c }}"', [3, 4]),
        ('"a\\n\\n${{ b }}${{ c }}"', [3, 3]),
    ],
)
def test_expressions_stand_where_they_are_written_in_folded_texts(text: str, expected: list[int]) -> None:
    assert lines(view(f"jobs: {{}}\nx:\n  y: {text}"), "expressions") == expected


@pytest.mark.parametrize(
    ("body", "constants", "empty"),
    [
        ("('x')", ["'x'"], None),
        ("a && !'x' || b", ["!'x'"], True),
        ("a && format('') || b", ["format('')"], True),
        ("a && format('x') || b", ["format('x')"], False),
        ("a && 0 || b", [], True),
        ("a && b || 'c'", [], False),
    ],
)
def test_parts_that_are_always_the_same(body: str, constants: list[str], empty: bool | None) -> None:
    (found,) = view(json.dumps({"jobs": {}, "x": {"y": f"${{{{ {body} }}}}"}})).value["expressions"]
    assert found["constants"] == constants
    assert [choice["then"]["empty"] for choice in found["choices"]] == ([] if empty is None else [empty])


def test_only_steps_run_scripts() -> None:
    root = view(
        """\
        env: {SCRIPT: "${{ a }}"}
        jobs:
          j:
            if: b
            env: {run: "${{ c }}", if: "${{ d }}"}
            steps:
              - run: ${{ e }}
                if: f
                env: {CODE: "${{ g }}"}
              - uses: x/y@z
                with: {inlineScript: "${{ h }}", if: "${{ i }}"}
          k:
            uses: x/y/z@w
            with: {script: "${{ j }}"}
          l:
            run: ${{ k }}
        """
    )
    sinks = {entry["text"]: entry["sink"] for entry in root.value["expressions"] if entry["sink"]}
    assert sinks == {"b": "condition", "e": "script", "f": "condition", "h": "script", "k": "script"}
