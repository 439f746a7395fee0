"""Relation rules: what is a thing, what is found where and in which words, and what a policy author is told."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks import relation_inspector
from guardrails.checks.base import File, Inspector, Rule, Where
from guardrails.checks.relation import KIND, SCHEMA
from guardrails.documents.document import Dialect, Format, ParseError, Root, Span
from guardrails.documents.json import FORMAT as JSON
from guardrails.documents.markdown import FORMAT as MARKDOWN
from guardrails.documents.yaml import FORMAT as YAML
from guardrails.errors import PolicyError, UserErrors
from guardrails.findings import Fact, Finding
from guardrails.policy.validation import validate
from guardrails.repository.change import Change
from guardrails.repository.entry import FILE, LINK, Entry

FORMATS: dict[str, Format | Dialect] = {"md": MARKDOWN, "yaml": YAML, "json": JSON}  # type: ignore[dict-item]
NAMES = {"md": "markdown", "yaml": "yaml", "json": "json"}
TODAY = "2026-03-01"
ZERO = frozenset({0})


class Listing:
    """A repository in which the rule's match selects ``selected``."""

    date = TODAY
    change: Change | None = None

    def __init__(self, entries: Sequence[Entry] = (), selected: Sequence[Entry] = ()) -> None:
        self.entries = entries
        self.selected = selected

    def matched(self, rule: int) -> Sequence[Entry]:
        assert rule == 0
        return self.selected


def compiled(block: Any, *, message: str = "", **params: Any) -> Inspector:
    rule = Rule(0, "p/r", block, message, params, formats=("markdown", "yaml", "json"))
    inspector: Inspector = pickle.loads(pickle.dumps(KIND.compile([rule])))
    return inspector


def file_of(path: str, text: str, kind: str = FILE) -> File:
    suffix = path.rpartition(".")[2]
    formats = {NAMES[name]: form for name, form in FORMATS.items()}
    names = frozenset({NAMES[suffix]} if suffix in NAMES else ())
    return File(Entry(path, kind), lambda _: text.encode(), formats, names, TODAY)


def facts_of(inspector: Inspector, files: Mapping[str, str]) -> list[Fact]:
    found = [item for path, text in files.items() for item in inspector.inspect(file_of(path, text), ZERO)]
    facts = [item for item in found if isinstance(item, Fact)]
    assert facts == found
    return pickle.loads(pickle.dumps(facts))  # type: ignore[no-any-return]


def judge(block: Any, files: Mapping[str, str], *, within: Iterable[str] | None = None, **more: Any) -> list[Finding]:
    inspector = compiled(block, **more)
    entries = [Entry(path) for path in sorted(files)]
    selected = [entry for entry in entries if within is None or entry.path in within]
    return list(inspector.conclude(facts_of(inspector, files), Listing(entries, selected), ZERO))


def places(findings: Iterable[Finding]) -> list[str]:
    return [f"{item.location.path}:{item.location.line}" for item in findings]


def node(format: str = "yaml", **more: Any) -> dict[str, Any]:
    return {"format": format, **more}


# ------------------------------------------------------------------------------------------------ what is found

SERVICES = {
    "a.yaml": "services:\n- name: web\n- name: api\n",
    "b.yaml": "services:\n- name: jobs\n- {nickname: none}\n",
    "docs/web.md": "# Web\n",
    "docs/jobs.md": "# Jobs\n",
}
EACH = node(nodes="$.services[*]", key="self.name")


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ({"each": EACH, "in": {"paths": ["docs/*.md"], "key": "file.stem"}}, ["a.yaml:3"]),
        ({"each": EACH, "not-in": {"paths": ["docs/*.md"], "key": "file.stem"}}, ["a.yaml:2", "b.yaml:2"]),
        ({"each": EACH, "in": node("markdown", key="root.headings[0].text.lowerAscii()")}, ["a.yaml:3"]),
        ({"each": {"paths": ["docs/"], "key": "self.stem"}, "in": EACH}, []),
        ({"each": {"paths": ["docs/"], "key": "self.name"}, "in": EACH}, ["docs/jobs.md:0", "docs/web.md:0"]),
        ({"each": {"paths": ["*.md"], "exclude": ["web.*"], "key": "path"}, "not-in": EACH}, []),
        ({"each": {"exclude": ["web.*", "*.yaml"], "key": "path"}, "in": EACH}, ["docs/jobs.md:0"]),
        ({"each": {**EACH, "paths": ["b.*"]}, "in": {"paths": ["x"], "key": "path"}}, ["b.yaml:2"]),
        ({"each": {**EACH, "exclude": ["b.*"]}, "in": {"paths": ["x"], "key": "path"}}, ["a.yaml:2", "a.yaml:3"]),
        ({"each": {**EACH, "when": "self.name != 'api'"}, "in": {"paths": ["x"], "key": "path"}}, ["a.yaml:2", "b.yaml:2"]),
        ({"each": EACH, "in": {"paths": ["x"], "key": "path"}, "optional": True}, []),
        ({"each": EACH, "in": {"paths": ["docs/web.md"], "key": "file.stem"}, "optional": True}, ["a.yaml:3", "b.yaml:2"]),
        ({"each": EACH, "in": {"paths": ["docs/web.md"], "key": "path"}, "optional": True}, ["a.yaml:2", "a.yaml:3", "b.yaml:2"]),
        ({"each": {**EACH, "key": "[self.name, 'web']"}, "in": {"paths": ["docs/*.md"], "key": "file.stem"}}, ["a.yaml:3"]),
        ({"each": {**EACH, "key": "[self.name, 'web']"}, "in": {"paths": ["docs/*.md"], "key": "file.stem"}, "any": True}, []),
        ({"each": {**EACH, "key": "[self.name, 'x']"}, "in": {"paths": ["docs/*.md"], "key": "file.stem"}, "any": True}, ["a.yaml:3"]),
        # The things without a value for the key are none, on either side.
        ({"each": node(nodes="$.services[*]", key="self.nickname"), "in": {"paths": ["x"], "key": "path"}}, ["b.yaml:3"]),
        ({"each": EACH, "in": node(nodes="$.services[*]", key="self.nickname"), "optional": True}, ["a.yaml:2", "a.yaml:3", "b.yaml:2"]),
    ],
)  # fmt: skip
def test_what_is_found(block: Any, found: list[str]) -> None:
    assert places(judge(block, SERVICES)) == found


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("'a'", ["a"]),
        ("''", [""]),
        ("1", ["1"]),
        ("1.0", ["1"]),
        ("1.5", ["1.5"]),
        ("['b', 2, 'b', true, null, {}]", ["b", "2"]),
        ("[]", []),
        ("true", []),
        ("null", []),
        ("{'a': 'b'}", []),
        ("self.nothing", []),
        ("today", [TODAY]),
        ("[path, file.path, file.name, file.stem, file.folder]", ["a/y.z.yaml", "y.z.yaml", "y.z", "a"]),
        ("params.extra", ["e"]),
        ("key", [""]),
    ],
)
@pytest.mark.parametrize("format", ["", "yaml"])
def test_keys(text: str, keys: list[str], format: str) -> None:
    each = {"key": text} | ({"format": format} if format else {})
    found = judge(
        {"each": each, "in": {"paths": ["x"], "key": "path"}}, {"a/y.z.yaml": "a: 1\n"}, message="{key}", extra="e"
    )
    assert [item.message for item in found] == keys


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("README", "README README README "),
        ("a/b/.gitignore", "a/b/.gitignore .gitignore .gitignore a/b"),
        ("a/b.tar.gz", "a/b.tar.gz b.tar.gz b.tar a"),
    ],
)
def test_what_a_file_is_to_a_policy(path: str, about: str) -> None:
    key = "file.path + ' ' + file.name + ' ' + file.stem + ' ' + file.folder"
    block = {"each": {"key": key, "when": "self == file && root == file"}, "not-in": {"paths": ["*"], "key": key}}
    assert [item.message for item in judge(block, {path: ""}, message="{key}")] == [about]
    (said,) = judge(block, {path: ""}, message="{self.path} {self.name} {file.stem} {file.folder}")
    assert said.message == about


def test_unique_finds_the_later_ones_of_a_file_with_several_documents() -> None:
    block = {"each": node(nodes="$[*]", key="self"), "unique": True}
    assert places(judge(block, {"a.yaml": "[b, a]\n---\n[a]\n"})) == ["a.yaml:3"]


def test_unique_finds_the_later_ones_in_path_order() -> None:
    files = {"b.yaml": "[x, y]", "a.yaml": "[z, x, w, x]", "c.json": '["y"]'}
    block = {"each": node(nodes="$[*]", key="self"), "unique": True}
    found = judge(block, files, message="{key} is in {other.path}")
    assert [(item.location.path, item.location.column, item.message) for item in found] == [
        ("a.yaml", 11, "x is in a.yaml"),
        ("b.yaml", 2, "x is in a.yaml"),
    ]
    found = judge(
        {"each": {"key": "file.stem.lowerAscii()"}, "unique": True}, dict.fromkeys(("A.md", "b/a.md", "c/a.md"), "")
    )
    assert [(*item.location[:2], item.message) for item in found] == [
        ("b/a.md", 0, "'a' is already in A.md"),
        ("c/a.md", 0, "'a' is already in A.md"),
    ]


WORKLOADS = {
    "service.yaml": "kind: Service\nname: web\nselector: {app: web}\n---\nkind: Service\nname: api\nselector: {app: api}\n",
    "pods.yaml": "kind: Pod\nlabels: {app: web, tier: front}\n---\nkind: Pod\nname: api\n",
}


@pytest.mark.parametrize(
    ("test", "where", "found"),
    [
        ("in", "self.all(name, name in other && other[name] == self[name])", ["service.yaml:5"]),
        ("not-in", "self.all(name, name in other && other[name] == self[name])", ["service.yaml:1"]),
        ("in", "other.app == self.app", ["service.yaml:5"]),
        ("in", "other == null", []),
        ("in", "other.nothing == self.nothing", ["service.yaml:1", "service.yaml:5"]),
        ("not-in", "other.nothing == self.nothing", []),
        ("in", "today == '2026-03-01' && params.yes", []),
        ("in", "'neither true nor false'", ["service.yaml:1", "service.yaml:5"]),
    ],
)
def test_where_compares_facts_without_keys(test: str, where: str, found: list[str]) -> None:
    each = node(when="self.kind == 'Service'", fact="self.selector")
    block = {"each": each, test: node(when="self.kind == 'Pod'", fact="self.labels"), "where": where}
    assert places(judge(block, WORKLOADS, yes=True)) == found


def test_where_compares_facts_beside_keys() -> None:
    files = {
        "a.yaml": "[{n: a, v: 1}, {n: b, v: 1}, {n: b, v: 2}]",
        "b.json": '[{"n": "a", "v": 2}, {"n": "b", "v": 2}]',
    }
    each, other = (node(name, nodes="$[*]", key="self.n", fact="self.v") for name in ("yaml", "json"))
    found = judge({"each": each, "in": other, "where": "self == other"}, files)
    assert [item.location.column for item in found] == [2, 16]
    found = judge({"each": each, "not-in": other, "where": "self == other"}, files)
    assert [item.location.column for item in found] == [30]
    found = judge({"each": each, "in": {"paths": ["*"], "key": "'a'"}, "where": "other.name == 'b.json'"}, files)
    assert [item.location.column for item in found] == [16, 30]


def test_files_are_compared_with_any_of_the_repository_but_judged_only_where_the_rule_matches() -> None:
    files = {"a/x.md": "", "a/y.md": "", "b/x.txt": ""}
    each, other = {"paths": ["*.md"], "key": "file.stem"}, {"paths": ["b/"], "key": "file.stem"}
    assert places(judge({"each": each, "in": other}, files, within=["a/x.md"])) == []
    assert places(judge({"each": each, "in": other}, files, within=["a/y.md"])) == ["a/y.md:0"]
    assert places(judge({"each": each, "in": {**other, "paths": ["x"]}}, files, within=["a/x.md"])) == ["a/x.md:0"]
    assert places(judge({"each": other, "not-in": {"key": "file.stem"}}, files, within=["b/x.txt"])) == ["b/x.txt:0"]
    assert (
        places(judge({"each": each, "in": {**other, "paths": ["*"], "exclude": ["a/"]}}, files, within=["a/x.md"]))
        == []
    )
    matched = {"exclude": ["a/"], "key": "file.stem"}
    assert places(judge({"each": each, "in": matched}, files, within=["a/x.md"])) == ["a/x.md:0"]
    assert places(judge({"each": other, "not-in": {"key": "path"}}, files, within=["b/x.txt"])) == []


def test_links_between_pages() -> None:
    """What the kind is for: a relative link leads to a file or a folder of the repository."""
    target = "resolve(file.folder, self.target)"
    each = node("markdown", nodes="$.links[*]", when=f"{target} != ''", key=target)
    block = {"each": each, "in": {"paths": ["*"], "key": "[path, file.folder]"}}
    page = "[a](b.md#x) [b](/docs/c%20d.md)\n[c](nowhere.md)\n[d](../img) [e](https://e.org) [f](#x)\n[g](../../x.md)\n"
    files = {"docs/a.md": page, "docs/b.md": "", "docs/c d.md": "", "img/x.png": ""}
    found = judge(block, files, message="{self.target}: there is no {key} beside {file.name}")
    assert [(item.message, item.location.line) for item in found] == [
        ("nowhere.md: there is no docs/nowhere.md beside a.md", 2)
    ]


# ----------------------------------------------------------------------------------- places, words and evidence


@pytest.mark.parametrize(
    ("more", "place", "evidence"),
    [
        ({}, (3, 3, 3, 12), "services[name=api] api"),
        ({"report": "value"}, (3, 3, 3, 12), "services[name=api] api"),
        ({"at": "$.name"}, (3, 9, 3, 12), "services[name=api].name api"),
        ({"at": "$.name", "report": "key"}, (3, 3, 3, 7), "services[name=api].name api"),
        ({"at": "$.nothing"}, (3, 3, 3, 12), "services[name=api] api"),
    ],
)
def test_places(more: Any, place: tuple[int, ...], evidence: str) -> None:
    (finding,) = judge({"each": EACH, "in": {"paths": ["docs/"], "key": "file.stem"}, **more}, SERVICES)
    assert (finding.location[1:], finding.evidence, finding.source) == (place, evidence, "- name: api")


def test_evidence_survives_moved_lines_and_neighbours() -> None:
    block = {"each": EACH, "in": {"paths": ["docs/"], "key": "file.stem"}}
    moved = {
        **SERVICES,
        "a.yaml": "# more\n\nservices:\n- name: web\n  port: 1\n- name: web\n\n- {name: api, port: 2}\n",
    }
    (before,), (after,) = judge(block, SERVICES), judge(block, moved)
    assert before.location != after.location
    assert before.evidence == after.evidence


@pytest.mark.parametrize(
    ("test", "message", "said"),
    [
        ("in", "", "'x' is not known where it has to be"),
        ("not-in", "", "'a.yaml' is also in a.yaml"),
        ("in", "{key} {path} {file.stem} {params.p} {other.path}", "x a.yaml a P {other.path}"),
        ("not-in", "{other.path}", "a.yaml"),
        ("in", "{self.n} {self.m.k} {self.l.1} {self.none} {self.n} {self.0}", "{key} v 2 {self.none} {key} {self.0}"),
        ("in", "{self.m} {self.long}", "{'k': 'v'} " + "x" * 117 + "..."),
    ],
)
def test_messages(test: str, message: str, said: str) -> None:
    text = f"n: '{{key}}'\nm: {{k: v}}\nl: [1, 2]\nlong: {'x' * 500}\n"
    block = {"each": node(key="path" if test == "not-in" else "'x'"), test: {"paths": ["*"], "key": "path"}}
    (finding,) = judge(block, {"a.yaml": text}, message=message, p="P")
    assert finding.message == said


def test_messages_without_keys() -> None:
    each, other = node(fact="1"), node("json", fact="1")
    files = {"a.yaml": "{}", "b.json": "{}"}
    (missing,) = judge({"each": each, "in": other, "where": "self != other"}, files)
    (extra,) = judge({"each": each, "not-in": other, "where": "self == other"}, files)
    assert missing.message == "nothing in the repository fits this"
    assert extra.message == "b.json does not go with this"


# ----------------------------------------------------------------------------------------------------- properties

KEYS = st.lists(st.sampled_from("abcdefgh"), max_size=6)
TREES = st.dictionaries(st.sampled_from([f"{name}.{suffix}" for name in "pqrs" for suffix in ("yaml", "json")]), KEYS)
EACH_ITEM, OTHER_ITEM = node(nodes="$[*]", key="self"), node("json", nodes="$[*]", key="self")


def written(tree: Mapping[str, Sequence[str]]) -> dict[str, str]:
    quoted = {path: ", ".join(f'"{key}"' for key in keys) for path, keys in tree.items()}
    return {path: f"[{keys}]" for path, keys in quoted.items()}


def keys_of(tree: Mapping[str, Sequence[str]], suffix: str) -> list[str]:
    return [key for path in sorted(tree) for key in tree[path] if path.endswith(suffix)]


@settings(max_examples=60)
@given(TREES)
def test_in_is_the_difference_of_sets(tree: Mapping[str, Sequence[str]]) -> None:
    mine, others = keys_of(tree, "yaml"), set(keys_of(tree, "json"))
    found = judge({"each": EACH_ITEM, "in": OTHER_ITEM}, written(tree), message="{key}")
    assert [item.message for item in found] == [key for key in mine if key not in others]
    found = judge({"each": EACH_ITEM, "not-in": OTHER_ITEM}, written(tree), message="{key}")
    assert [item.message for item in found] == [key for key in mine if key in others]
    block = {"each": {**EACH_ITEM, "fact": "self"}, "in": {**OTHER_ITEM, "fact": "self"}, "where": "self == other"}
    for side in ("each", "in"):
        del block[side]["key"]  # type: ignore[attr-defined]
    assert len(judge(block, written(tree))) == sum(key not in others for key in mine)


@settings(max_examples=60)
@given(TREES)
def test_unique_is_counting(tree: Mapping[str, Sequence[str]]) -> None:
    found = judge({"each": EACH_ITEM, "unique": True}, written(tree), message="{key}")
    assert Counter(item.message for item in found) == Counter(
        {key: count - 1 for key, count in Counter(keys_of(tree, "yaml")).items() if count > 1}
    )


@settings(max_examples=60)
@given(TREES, st.integers())
def test_the_order_of_facts_does_not_matter_and_each_file_gives_its_own(
    tree: Mapping[str, Sequence[str]], seed: int
) -> None:
    for block in ({"each": EACH_ITEM, "not-in": OTHER_ITEM}, {"each": EACH_ITEM, "unique": True}):
        inspector = compiled(block, message="{key} {other.path}")
        facts = facts_of(inspector, written(tree))
        alone = [
            facts_of(compiled(block, message="{key} {other.path}"), {path: text})
            for path, text in written(tree).items()
        ]
        assert facts == [fact for found in alone for fact in found]
        mixed = Random(seed).sample(facts, len(facts))
        listing = Listing()
        assert list(inspector.conclude(mixed, listing, ZERO)) == list(inspector.conclude(facts, listing, ZERO))


# ------------------------------------------------------------------------------------------- what is never done


def test_files_without_a_format_are_not_read() -> None:
    def refuse(entry: Entry) -> bytes:
        raise AssertionError(entry)

    inspector = compiled({"each": {"key": "path"}, "in": {"paths": ["*"], "key": "path"}})
    file = File(Entry("a.yaml"), refuse, {}, frozenset({"yaml"}))
    assert list(inspector.inspect(file, ZERO)) == []
    inspector = compiled({"each": {**EACH, "paths": ["b.yaml"]}, "unique": True})
    assert list(inspector.inspect(file, ZERO)) == []


def test_links_and_rules_that_do_not_apply_give_nothing() -> None:
    inspector = compiled({"each": EACH, "in": {"paths": ["x"], "key": "path"}})
    text = SERVICES["a.yaml"]
    assert list(inspector.inspect(file_of("a.yaml", text, LINK), ZERO)) == []
    assert list(inspector.inspect(file_of("a.yaml", text), frozenset({1}))) == []
    assert len(list(inspector.inspect(file_of("a.yaml", text), ZERO))) == 2
    facts = facts_of(inspector, {"a.yaml": text})
    assert list(inspector.conclude(facts, Listing(), frozenset())) == []
    assert len(list(inspector.conclude([*facts, Fact(1, "b.yaml", "of another rule")], Listing(), ZERO))) == 2
    assert inspector.concluding == inspector.fact_based == ZERO


def test_what_does_not_parse_is_told() -> None:
    with pytest.raises(ParseError):
        facts_of(compiled({"each": EACH, "unique": True}), {"a.yaml": "a: [\n"})


@pytest.mark.parametrize("part", ["key", "fact"])
def test_a_node_gives_no_more_than_is_small(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guardrails.checks.relation_things.MAX_VALUES", 3)
    block = {"each": {**node(key="'a'"), part: "self"}, "unique": True}
    assert len(facts_of(compiled(block), {"a.yaml": "[a, b]"})) == 1
    with pytest.raises(ParseError, match="more than 3"):
        facts_of(compiled(block), {"a.yaml": "[a, b, c, d]"})


def test_a_rule_that_compares_too_much_is_told_and_the_others_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relation_inspector, "MAX_PAIRS", 8)
    sides = {"each": node(nodes="$[*]", fact="self"), "in": node("json", nodes="$[*]", fact="self")}
    blocks = [{**sides, "where": "[other].exists(one, one == self)"}, {"each": EACH_ITEM, "unique": True}]
    rules = [Rule(number, f"p/{number}", block, formats=("yaml", "json")) for number, block in enumerate(blocks)]
    inspector = KIND.compile(rules)
    both = frozenset({0, 1})

    def conclude(text: str) -> list[str]:
        files = [file_of("a.yaml", text), file_of("b.json", "[1, 2, 3, 4]")]
        facts = [fact for file in files for fact in inspector.inspect(file, both)]
        found: list[str] = []
        try:
            found += (item.rule for item in inspector.conclude(facts, Listing(), both))
        except PolicyError as error:
            found.append(error.message)
        return found

    assert conclude("[x, x]") == ["p/0", "p/0", "p/1"]
    # A generator hands over what it has before it fails, whichever rule fails.
    assert conclude("[x, x, x]") == [
        "p/1",
        "p/1",
        "p/0: over 8 pairs to compare; give both sides a 'key', or narrow them",
    ]
    monkeypatch.setattr(relation_inspector, "MAX_PAIRS", 100)
    monkeypatch.setattr("guardrails.checks.cel_values.MAX_STEPS", 9)
    assert "pairs to compare" in conclude("[x, x, x]")[-1]


def test_a_plan_from_the_cache_needs_neither_schema_nor_compilers() -> None:
    inspector = pickle.dumps(KIND.compile([Rule(0, "p/r", {"each": EACH, "unique": True}, formats=("yaml",))]))
    code = f"import pickle, sys; pickle.loads({inspector!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "guardrails.checks.relation_inspector" in loaded
    unneeded = {"guardrails.checks.relation", "guardrails.checks.cel_source", "jsonpath_rfc9535", "datetime", "logging"}
    assert not unneeded.intersection(loaded)


# ------------------------------------------------------------------------------------- what an author is told


@pytest.mark.parametrize(
    ("block", "message", "place"),
    [
        ({"each": node("toml", key="self"), "unique": True}, "'toml' is not a format that the rule matches", ("each", "format")),
        ({"each": {"nodes": "$.a", "key": "self"}, "unique": True}, "'nodes' is about nodes, and the things of 'each' are files", ("each", "nodes")),
        ({"each": {"key": "path"}, "unique": True, "at": "$.a"}, "'at' is about nodes, and the things of 'each' are files", ("at",)),
        ({"each": {"key": "path"}, "unique": True, "report": "key"}, "'report' is about nodes, and the things of 'each' are files", ("report",)),
        ({"each": EACH, "in": {"nodes": "$", "key": "path"}}, "'nodes' is about nodes, and the things of 'in' are files", ("in", "nodes")),
        ({"each": EACH, "in": {}}, "only one side has a 'key'", ()),
        ({"each": {}, "not-in": EACH}, "only one side has a 'key'", ()),
        ({"each": {}, "not-in": {}}, "nothing says when two things are the same", ("each",)),
        ({"each": {}, "unique": True}, "nothing says when two things are the same", ("each",)),
        ({"each": EACH, "unique": True, "where": "true"}, "'where' has nothing to compare with 'unique'", ("where",)),
        ({"each": EACH, "unique": True, "optional": True}, "'optional' says nothing with 'unique'", ("optional",)),
        ({"each": EACH, "not-in": EACH, "optional": True}, "'optional' says nothing with 'not-in'", ("optional",)),
        ({"each": EACH, "not-in": EACH, "any": True}, "'any' says nothing with 'not-in'", ("any",)),
        ({"each": EACH, "in": EACH, "where": "self == 1"}, "'where' sees the fact of 'each' as self, and there is none", ("where",)),
        ({"each": EACH, "in": EACH, "where": "other == 1"}, "'where' sees the fact of 'in' as other, and there is none", ("where",)),
        ({"each": EACH, "in": EACH, "where": "file == 1"}, "where: there is no variable 'file' (column 1 of the expression)", ("where",)),
        ({"each": {"key": "selv"}, "unique": True}, "each.key: there is no variable 'selv' (column 1 of the expression)", ("each", "key")),
        ({"each": {"key": "other"}, "unique": True}, "each.key: there is no variable 'other' (column 1 of the expression)", ("each", "key")),
        ({"each": {"key": "path", "when": "["}, "unique": True}, "each.when: not valid CEL", ("each", "when")),
        ({"each": EACH, "in": node(key="path", fact="len(self)")}, "in.fact: there is no function 'len'", ("in", "fact")),
        ({"each": EACH, "not-in": node(key="path", nodes="a")}, "not-in.nodes: ", ("not-in", "nodes")),
        ({"each": EACH, "unique": True, "at": "name"}, "at: ", ("at",)),
        ({"each": {"key": "path", "paths": ["a", "b["]}, "unique": True}, "glob 'b['", ("each", "paths", 1)),
        ({"each": EACH, "in": {"key": "path", "exclude": ["["]}}, "glob '['", ("in", "exclude", 0)),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_are(block: Any, message: str, place: tuple[str | int, ...]) -> None:
    assert not mistakes_by_schema(block)
    spots: dict[tuple[str | int, ...], Where] = {(): Where("p.yaml", 1, 1), place: Where("p.yaml", 7, 3)}
    with pytest.raises(UserErrors) as caught:
        KIND.compile([Rule(0, "p/r", block, formats=("yaml",), places=spots)])
    (error,) = caught.value.errors
    assert error.message.startswith(f"rule p/r: {message}")
    assert (error.path, error.line) == ("p.yaml", 7)


def test_all_mistakes_are_told_at_once() -> None:
    rules = [
        Rule(0, "p/a", {"each": {"key": "x", "when": "y"}, "unique": True}),
        Rule(1, "p/b", {"each": {"key": "path", "paths": ["["]}, "in": {"nodes": "$"}}),
        Rule(2, "p/c", {"each": {}, "unique": True, "where": "true"}),
    ]
    with pytest.raises(UserErrors) as caught:
        KIND.compile(rules)
    assert len(caught.value.errors) == 7


def mistakes_by_schema(block: Any) -> list[str]:
    class Nowhere:
        def span(self, path: Any, *, key: bool) -> Span | None:
            return None

    return [error.message for error in validate(Root(block, Nowhere()), SCHEMA, "p.yaml", PolicyError)]


@pytest.mark.parametrize(
    "block",
    [
        {"in": {}},
        {"each": {}},
        {"each": {}, "in": {}, "unique": True},
        {"each": {}, "in": {}, "not-in": {}},
        {"each": {}, "unique": False},
        {"each": {"at": "$"}, "unique": True},
        {"each": {"key": ""}, "unique": True},
        {"each": {"paths": []}, "unique": True},
        {"each": {}, "unique": True, "report": "line"},
    ],
)
def test_blocks_that_the_schema_refuses(block: Any) -> None:
    assert len(mistakes_by_schema(block)) == 1


def test_only_what_asks_for_the_day_is_dated() -> None:
    for key, dated in (("self.name", False), ("self.name + today", True)):
        side = node(nodes="$.services[*]", key=key)
        inspector = KIND.compile([Rule(0, "p/r", {"each": side, "unique": True}, formats=("yaml",))])
        file = file_of("a.yaml", SERVICES["a.yaml"])
        assert len(list(inspector.inspect(file, ZERO))) == 2
        assert file.dated is dated
