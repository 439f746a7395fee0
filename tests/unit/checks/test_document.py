"""Document rules: what is found, where, in which words, with which evidence, and what a policy author is told."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks import document_view, jsonpath
from guardrails.checks.base import File, Rule, Where
from guardrails.checks.document import KIND, SCHEMA
from guardrails.documents.document import MAX_DEPTH, Document, ParseError, Path, Root, Span
from guardrails.errors import UserError, UserErrors
from guardrails.findings import Finding
from guardrails.policy.validation import validate
from guardrails.repository.entry import Entry


class Layout:
    """A value written with one member or item per line, and where each node came to stand."""

    def __init__(self, value: Any) -> None:
        self.lines = [""]
        self.spans: dict[tuple[Path, bool], Span] = {}
        self._write(value, (), "")

    def _write(self, value: Any, path: Path, indent: str) -> None:
        start = (len(self.lines), len(self.lines[-1]) + 1)
        if isinstance(value, dict | list):
            self.lines[-1] += "{" if isinstance(value, dict) else "["
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                self.lines.append(indent + " ")
                if isinstance(value, dict):
                    self._add(json.dumps(key), (*path, key), key=True)
                    self.lines[-1] += ": "
                self._write(item, (*path, key), indent + " ")
            self.lines[-1] += "}" if isinstance(value, dict) else "]"
        else:
            self.lines[-1] += json.dumps(value)
        self.spans[path, False] = Span(*start, len(self.lines), len(self.lines[-1]) + 1)

    def _add(self, text: str, path: Path, *, key: bool) -> None:
        line, column = len(self.lines), len(self.lines[-1]) + 1
        self.lines[-1] += text
        self.spans[path, key] = Span(line, column, line, column + len(text))

    def span(self, path: Path, *, key: bool) -> Span | None:
        return self.spans.get((path, key))


class Format:
    name = "data"
    paths = ("*",)

    def __init__(self, *values: Any) -> None:
        self.values = values

    def parse(self, text: str) -> Document:
        if text == "broken":
            raise ParseError("it is broken", 1, 2)
        return Document(tuple(Root(value, Layout(value)) for value in self.values))


class Dialect:
    name = "pods"
    paths = ()
    bases = ("data",)

    def roots(self, document: Document) -> list[Root]:
        return [root.at("pod") for root in document.roots if "pod" in root.value]


def file_of(*values: Any, text: str | None = None, names: tuple[str, ...] = ("data",), path: str = "a/b.data") -> File:
    if text is None:
        text = "\n".join(Layout(values[0]).lines) if values else ""
    formats = {"data": Format(*values), "pods": Dialect()}
    return File(Entry(path), lambda _: text.encode("utf-8", "replace"), formats, frozenset(names))


def rule_of(block: Any, number: int = 0, **more: Any) -> Rule:
    return Rule(**{"number": number, "id": f"p/r{number}", "block": block, "formats": ("data",), **more})


def judge(block: Any, *values: Any, **more: Any) -> list[Finding]:
    inspector = pickle.loads(pickle.dumps(KIND.compile([rule_of(block, **more)])))
    return list(inspector.inspect(file_of(*values), frozenset({0})))


# As Layout writes it:
#  1 {
#  2  "kind": "Pod"
#  3  "metadata": {
#  4   "name": "web"}
#  5  "spec": {
#  6   "hostNetwork": true
#  7   "containers": [
#  8    {
#  9     "name": "app"
# 10     "image": "a:1"
# 11     "securityContext": {
# 12      "privileged": true}}
# 13    {
# 14     "name": "side"
# 15     "image": "b"}]}}
POD = {
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {
        "hostNetwork": True,
        "containers": [
            {"name": "app", "image": "a:1", "securityContext": {"privileged": True}},
            {"name": "side", "image": "b"},
        ],
    },
}


@pytest.mark.parametrize(
    ("block", "places", "message", "evidence"),
    [
        # assert
        ({"assert": "self.kind == 'Pod'"}, [], "", ""),
        ({"assert": "self.kind == 'Job'"}, ["1:1-2"], "does not hold: self.kind == 'Job'", "Pod/web"),
        (
            {"each": "$..image", "assert": "self.contains(':')"},
            ["15:14-17"],
            "does not hold: self.contains(':')",
            "Pod/web spec.containers[name=side].image b",
        ),
        (
            {"each": "$.spec.containers[*]", "assert": "has(self.securityContext)"},
            ["13:4-5"],
            "does not hold: has(self.securityContext)",
            "Pod/web spec.containers[name=side]",
        ),
        (
            {"each": "$.spec.containers[*]", "assert": "self.securityContext.privileged == false"},
            ["8:4-5", "13:4-5"],
            "does not hold: self.securityContext.privileged == false",
            "Pod/web spec.containers[name=app]",
        ),
        (
            {"each": "$..privileged", "assert": "self.x"},
            ["12:20-24"],
            "does not hold: self.x (a value has the wrong type)",
            "Pod/web spec.containers[name=app].securityContext.privileged True",
        ),
        (
            {"each": "$.kind", "assert": "self"},
            ["2:10-15"],
            "does not hold: self (the expression gives neither true nor false)",
            "Pod/web kind Pod",
        ),
        # when
        ({"each": "$..image", "when": "self == 'c'", "assert": "false"}, [], "", ""),
        ({"each": "$..image", "when": "self.x == 1", "assert": "false"}, [], "", ""),
        ({"each": "$..image", "when": "self", "assert": "false"}, [], "", ""),
        (
            {"each": "$..name", "when": "key == 'name' && root.kind == 'Pod'", "assert": "self.startsWith('w')"},
            ["9:13-18", "14:13-19"],
            "does not hold: self.startsWith('w')",
            "Pod/web spec.containers[name=app].name app",
        ),
        # schema
        (
            {"schema": {"properties": {"spec": {"properties": {"hostNetwork": {"const": False}}}}}},
            ["6:18-22"],
            "it is not false",
            "Pod/web spec.hostNetwork const",
        ),
        (
            {"each": "$.spec", "schema": {"required": ["x", "containers"]}},
            ["5:2-8"],
            "'x' is missing",
            "Pod/web spec 'x' is missing",
        ),
        # require
        ({"each": "$.spec.containers[*]", "require": True}, [], "", ""),
        (
            {"each": "$.spec.volumes[*]", "require": True},
            ["5:2-8"],
            "nothing is at $.spec.volumes[*]",
            "Pod/web spec $.spec.volumes[*]",
        ),
        (
            {"each": "$.spec.volumes[*]", "require": True, "at": "$.hostNetwork"},
            ["5:2-8"],
            "nothing is at $.spec.volumes[*]",
            "Pod/web spec $.spec.volumes[*]",
        ),
        ({"each": "$..volumes", "require": True}, ["1:1-2"], "nothing is at $..volumes", "Pod/web $..volumes"),
        ({"each": "$.kind.x.y", "require": True}, ["2:10-15"], "nothing is at $.kind.x.y", "Pod/web kind $.kind.x.y"),
        ({"each": "$.spec.containers[*]", "when": "self.name == 'side'", "require": True}, [], "", ""),
        (
            {"each": "$.spec.containers[*]", "when": "self.name == 'none'", "require": True},
            ["7:3-15"],
            "nothing is at $.spec.containers[*]",
            "Pod/web spec.containers $.spec.containers[*]",
        ),
        (
            {"each": "$.spec.containers[*]", "require": ["name", "securityContext", "ports"]},
            ["8:4-5", "13:4-5", "13:4-5"],
            "'ports' is missing",
            "Pod/web spec.containers[name=app] ports",
        ),
        ({"each": "$.kind", "require": ["x"]}, ["2:10-15"], "'x' is missing (it is not a mapping)", "Pod/web kind x"),
        # forbid
        ({"each": "$..volumes", "forbid": True}, [], "", ""),
        (
            {"each": "$..privileged", "forbid": True},
            ["12:20-24"],
            "nothing may be at $..privileged",
            "Pod/web spec.containers[name=app].securityContext.privileged True",
        ),
        (
            {"each": "$.spec", "forbid": ["hostNetwork", "hostPID"]},
            ["6:3-16"],
            "'hostNetwork' is not allowed",
            "Pod/web spec.hostNetwork",
        ),
        ({"each": "$.kind", "forbid": ["Po"]}, [], "", ""),
        ({"each": "$..privileged", "forbid": ["x"]}, [], "", ""),
        # places
        (
            {"each": "$.spec.containers[*]", "assert": "false", "at": "$.image"},
            ["10:14-19", "15:14-17"],
            "does not hold: false",
            "Pod/web spec.containers[name=app].image a:1",
        ),
        (
            {"each": "$.spec.containers[*]", "assert": "false", "at": "$.securityContext"},
            ["11:5-22", "13:4-5"],
            "does not hold: false",
            "Pod/web spec.containers[name=app].securityContext",
        ),
        ({"each": "$.kind", "assert": "false", "report": "key"}, ["2:2-8"], "does not hold: false", "Pod/web kind Pod"),
        ({"each": "$.spec", "assert": "false", "report": "value"}, ["5:10-11"], "does not hold: false", "Pod/web spec"),
        (
            {"each": "$.spec.containers[0]", "assert": "false", "report": "key"},
            ["8:4-5"],
            "does not hold: false",
            "Pod/web spec.containers[name=app]",
        ),
        (
            {"each": "$.spec", "forbid": ["hostNetwork"], "report": "value"},
            ["6:18-22"],
            "'hostNetwork' is not allowed",
            "Pod/web spec.hostNetwork",
        ),
    ],
)
def test_findings(block: Any, places: list[str], message: str, evidence: str) -> None:
    found = judge(block, POD)
    for finding in found:
        assert (finding.rule, finding.location.path, finding.location.line) == (
            "p/r0",
            "a/b.data",
            finding.location.end_line,
        )
        assert finding.source == Layout(POD).lines[finding.location.line - 1]
    assert [f"{at.line}:{at.column}-{at.end_column}" for _, at, *_ in found] == places
    assert [(finding.message, finding.evidence) for finding in found[:1]] == ([(message, evidence)] if places else [])


def test_several_rules_and_roots() -> None:
    blocks = [{"each": "$.a", "assert": "self > 1"}, {"each": "$.a", "assert": "self > 2"}, {"forbid": ["b"]}]
    inspector = KIND.compile([rule_of(block, number + 5) for number, block in enumerate(blocks)])
    file = file_of({"a": 2}, {"a": 1, "b": 1})
    found = [(finding.rule, finding.location.line) for finding in inspector.inspect(file, frozenset({5, 6, 7, 99}))]
    assert found == [("p/r6", 2), ("p/r5", 2), ("p/r6", 2), ("p/r7", 3)]
    assert [finding.rule for finding in inspector.inspect(file, frozenset({7}))] == ["p/r7"]
    assert list(inspector.inspect(file, frozenset())) == []
    assert (inspector.concluding, inspector.fact_based, inspector.conclude([], None, frozenset())) == (set(), set(), ())


def walked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with the paths that are looked for below their names."""
    sources: list[str] = []
    below = jsonpath.Tree._below
    monkeypatch.setattr(
        jsonpath.Tree, "_below", lambda tree, node, path: sources.append(path.source) or below(tree, node, path)
    )
    return sources


def test_nodes_are_selected_once_for_all_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    selected = walked(monkeypatch)
    rules = [rule_of({"each": f"$.a{number % 2}", "assert": "true"}, number) for number in range(10)]
    assert list(KIND.compile(rules).inspect(file_of({"a0": 1, "a1": 2}), frozenset(range(10)))) == []
    assert selected == ["$.a0", "$.a1"]


@pytest.mark.parametrize(
    ("formats", "names", "paths"),
    [
        (("data",), ("data",), ["1:1"]),
        (("data",), (), []),
        (("pods",), ("data",), []),
        (("pods",), ("data", "pods"), ["2:2"]),
        (("pods", "data"), ("pods", "data"), ["2:2", "1:1"]),
    ],
)
def test_formats(formats: tuple[str, ...], names: tuple[str, ...], paths: list[str]) -> None:
    inspector = KIND.compile([rule_of({"assert": "false"}, formats=formats)])
    found = list(inspector.inspect(file_of({"pod": {"a": 1}}, names=names), frozenset({0})))
    assert [f"{finding.location.line}:{finding.location.column}" for finding in found] == paths


def test_a_document_that_does_not_parse() -> None:
    inspector = KIND.compile([rule_of({"assert": "true"})])
    with pytest.raises(ParseError, match="it is broken"):
        list(inspector.inspect(file_of(text="broken"), frozenset({0})))


@pytest.mark.parametrize(
    ("block", "message", "words"),
    [
        (
            {"each": "$.c", "assert": "false"},
            "{self.image} at {key} in {path}: {params.x} {nope}",
            "a:1 at c in a/b.data: 7 {nope}",
        ),
        ({"each": "$.c", "assert": "self.x"}, "wrong", "wrong (no such key: x)"),
        ({"each": "$.c", "assert": "self.x"}, "wrong: {error}!", "wrong: no such key: x!"),
        ({"each": "$.c", "assert": "self.image == params.x"}, "", "does not hold: self.image == params.x"),
        ({"each": "$.c", "require": ["tag"]}, "{missing} of {self.image}", "tag of a:1"),
        ({"each": "$.c", "forbid": ["image"]}, "{key}: {self.image}", "image: a:1"),
        ({"each": "$.d", "require": True}, "no {missing}", "no $.d"),
        ({"each": "$.c", "schema": {"required": ["tag"]}}, "bad {key}", "bad c ('tag' is missing)"),
    ],
)
def test_messages(block: Any, message: str, words: str) -> None:
    (finding,) = judge(block, {"c": {"image": "a:1"}}, message=message, params={"x": 7})
    assert finding.message == words


def test_items_without_a_name_are_told_by_the_text_they_begin_with() -> None:
    found = judge({"each": "$.steps[*]", "assert": "false"}, {"steps": [{"run": "a"}, [1], 2]})
    assert [finding.evidence for finding in found] == ["steps[] {", "steps[] [", "steps[2] 2"]


members = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.integers(), max_size=3)


@settings(deadline=None)
@given(members, members, st.integers(0, 3))
def test_evidence_survives_what_happens_around_it(before: Any, after: Any, others: int) -> None:
    def evidence(pod: Any) -> list[str]:
        block = {"each": "$.spec.containers[*]", "assert": "has(self.image) && self.image != 'b'", "at": "$.image"}
        return [finding.evidence for finding in judge(block, pod)]

    containers = [{"name": f"other{number}", "image": "a"} for number in range(others)]
    moved = {
        "0": before,
        **POD,
        "spec": {"1": before, "containers": containers + POD["spec"]["containers"], "2": after},
    }
    assert evidence(moved) == evidence(POD) == ["Pod/web spec.containers[name=side].image b"]


WHERE = {(): (1, 1), ("each",): (2, 3), ("assert",): (3, 3), ("schema",): (4, 3), ("schema", "type"): (5, 5)}


def test_rules_know_the_date_of_the_run() -> None:
    rules = [rule_of({"when": "self.until < today", "assert": "days(self.until, today) <= 3"})]
    inspector = pickle.loads(pickle.dumps(KIND.compile(rules)))

    def count(date: str) -> int:
        file = file_of({"until": "2026-03-01"})
        file._date = date
        return len(list(inspector.inspect(file, frozenset({0}))))

    dates = ("2026-02-01", "2026-03-01", "2026-03-04", "2026-03-05", "2027-01-01")
    assert [count(date) for date in dates] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("block", "errors"),
    [
        ({"each": "a", "assert": "true"}, [(2, "rule p/r0: each: expected '$'")]),
        ({"assert": "slef.x"}, [(3, "rule p/r0: assert: there is no variable 'slef'")]),
        (
            {"when": "1 +", "assert": "self."},
            [(1, "rule p/r0: when: not valid CEL"), (3, "rule p/r0: assert: not valid CEL")],
        ),
        ({"at": "x", "forbid": True}, [(1, "rule p/r0: at: expected '$'")]),
        ({"schema": {"type": "nothing"}}, [(5, "rule p/r0: schema: not valid JSON Schema")]),
        ({"schema": {"$ref": "x", "pattern": "a("}}, [(4, "rule p/r0: schema: 'a('"), (4, "rule p/r0: schema: 'x'")]),
    ],
)
def test_errors_of_a_policy(block: Any, errors: list[tuple[int, str]]) -> None:
    places = {path: Where("p.yaml", *where) for path, where in WHERE.items()}
    with pytest.raises(UserErrors) as caught:
        KIND.compile([rule_of(block, places=places)])
    assert [error.line for error in caught.value.errors] == [line for line, _ in errors]
    for error, (_, start) in zip(caught.value.errors, errors, strict=True):
        assert error.message.startswith(start)
        assert error.path == "p.yaml"


def test_errors_of_all_rules_are_reported_together() -> None:
    rules = [rule_of({"each": "x", "assert": "1 +"}, 1), rule_of({"assert": "true"}, 2, formats=())]
    with pytest.raises(UserErrors) as caught:
        KIND.compile(rules)
    messages = [error.message for error in caught.value.errors]
    assert len(messages) == 3
    assert "rule p/r2: document rules need match.format" in messages
    assert all(error.hint for error in caught.value.errors if "format" in error.message)


@pytest.mark.parametrize(
    ("block", "valid"),
    [
        ({"assert": "true"}, True),
        ({"each": "$.a", "when": "true", "require": ["a"], "at": "$", "report": "key"}, True),
        ({"schema": False}, True),
        ({"each": "$"}, False),
        ({"assert": "true", "forbid": True}, False),
        ({"assert": True}, False),
        ({"require": False}, False),
        ({"forbid": []}, False),
        ({"assert": "true", "report": "line"}, False),
        ({"assert": "true", "extra": 1}, False),
    ],
)
def test_schema_of_the_block(block: Any, valid: bool) -> None:
    assert (not validate(Root(block, Layout(block)), SCHEMA, "p.yaml", UserError)) == valid
    assert all("description" in part for part in SCHEMA["properties"].values())


BLOCKS: list[Any] = [
    {"each": "$..*", "when": "has(self.a) || true", "assert": "self.a[0] == key"},
    {"each": "$..a", "schema": {"type": "object", "properties": {"a": {"$ref": "#"}}, "additionalProperties": False}},
    {"each": "$.*.*", "require": ["a", "b"], "at": "$..b"},
    {"each": "$..[?@.a]", "forbid": ["a"], "report": "key"},
    {"each": "$.a[0].b.c", "require": True},
]
HOSTILE = KIND.compile([rule_of(block, number) for number, block in enumerate(BLOCKS)])
odd = st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(st.characters(), max_size=3)
trees = st.recursive(
    odd,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name", "kind", "\ud800", ""]), inner)
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(trees)
def test_hostile_values(value: Any) -> None:
    for finding in HOSTILE.inspect(file_of(value), frozenset(range(len(BLOCKS)))):
        assert finding.message
        assert finding.location.line > 0


def test_deepest_documents() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = {"a": value}
    assert len(list(HOSTILE.inspect(file_of(value), frozenset(range(len(BLOCKS)))))) > MAX_DEPTH


def test_what_is_imported_to_judge() -> None:
    inspector = KIND.compile([rule_of({"each": "$..a[*]", "require": ["x"]})])
    code = (
        "import pickle, sys\n"
        f"inspector = pickle.loads({pickle.dumps(inspector)!r})\n"
        "from guardrails.checks.base import File\n"
        "from guardrails.repository.entry import Entry\n"
        "assert list(inspector.inspect(File(Entry('x'), None, {}), frozenset({0}))) == []\n"
        "heavy = {'jsonschema', 'jsonpath_rfc9535', 're2', 'cel.cel', 'logging', 'dataclasses', 'pathlib', 'inspect',\n"
        "  'guardrails.checks.cel_source', 'guardrails.checks.document_schemas'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_only_what_asks_for_the_day_is_dated() -> None:
    for block, dated in (({"assert": "self.a == 1"}, False), ({"assert": "self.a == 1 && today >= ''"}, True)):
        file = file_of({"a": 1})
        assert list(KIND.compile([rule_of(block)]).inspect(file, frozenset({0}))) == []
        assert file.dated is dated


def test_a_tree_without_the_first_key_is_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    selected = walked(monkeypatch)
    paths = ["$.a", "$.b.c", "$['']", "$[0]", "$.*", "$..b", "$"]
    rules = [rule_of({"each": path, "assert": "false"}, number) for number, path in enumerate(paths)]
    rules.append(rule_of({"each": "$.missing", "require": True}, len(rules)))
    inspector = KIND.compile(rules)
    found = inspector.inspect(file_of({"a": 1}), frozenset(range(len(rules))))
    assert sorted(finding.rule for finding in found) == ["p/r0", "p/r4", "p/r6", "p/r7"]
    assert selected == ["$.a", "$[0]", "$.*", "$..b", "$"]
    selected.clear()
    assert len(list(inspector.inspect(file_of({"": 1}), frozenset({0, 2})))) == 1
    assert selected == ["$['']"]
    selected.clear()
    assert [finding.rule for finding in inspector.inspect(file_of([1]), frozenset({0, 3}))] == ["p/r3"]
    assert selected == ["$[0]"]


def test_rules_about_the_same_node_resolve_its_place_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    located = document_view.located
    monkeypatch.setattr(document_view, "located", lambda *given: asked.append(given[2:]) or located(*given))
    blocks = [{"each": "$.a", "assert": "false"}] * 3 + [{"each": "$.a", "assert": "false", "report": "key"}]
    blocks.append({"each": "$", "forbid": ["a"]})
    inspector = KIND.compile([rule_of(block, number) for number, block in enumerate(blocks)])
    found = list(inspector.inspect(file_of({"a": 1}), frozenset(range(5))))
    assert len({finding.rule for finding in found}) == 5
    assert sorted(asked) == [(("a",), "key"), (("a",), "value")]
