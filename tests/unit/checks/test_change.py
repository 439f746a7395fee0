"""The kind ``change``: each test with what it finds, where, and in which words."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.checks.base import File, Rule, Where
from guardrails.checks.change import KIND
from guardrails.checks.change_size import MAX_SIZE, changed_lines
from guardrails.errors import UserErrors
from guardrails.findings import Finding, Location
from guardrails.repository.change import ADDED, DELETED, MODIFIED, RENAMED, Change, ChangedFile, Commit
from guardrails.repository.entry import LINK, SUBMODULE, Entry
from guardrails.repository.memory import Content, MemorySnapshot

Tree = Mapping[str, bytes]


def snapshot(tree: Tree) -> MemorySnapshot:
    return MemorySnapshot({path: Content(Entry(path, size=len(data)), data) for path, data in tree.items()})


def added(*paths: str) -> list[ChangedFile]:
    return [ChangedFile(path, ADDED) for path in paths]


def modified(*paths: str) -> list[ChangedFile]:
    return [ChangedFile(path, MODIFIED, path) for path in paths]


def deleted(*paths: str) -> list[ChangedFile]:
    return [ChangedFile(path, DELETED, path) for path in paths]


def renamed(before: str, path: str) -> list[ChangedFile]:
    return [ChangedFile(path, RENAMED, before)]


def commit(message: str, author: str = "Ann", parents: int = 1) -> Commit:
    return Commit("1", author, f"{author.lower()}@example.org", message, parents)


class Changed:
    """A repository whose rules select all of its paths but those under ``unmatched/``."""

    date = "2026-01-15"

    def __init__(self, change: Change | None) -> None:
        self.change = change

    @property
    def entries(self) -> Sequence[Entry]:
        raise AssertionError("the listing of what is judged is of no interest")

    def matched(self, rule: int) -> Sequence[Entry]:
        assert rule == 0
        assert self.change
        paths = [file.path for file in self.change.files if file.status != DELETED]
        return [Entry(path) for path in paths if not path.startswith("unmatched/")]


def rule(block: object, message: str = "", number: int = 0) -> Rule:
    return Rule(number, "p/r", block, message, {"wanted": "that"})


def judge(
    block: object,
    files: Sequence[ChangedFile],
    *commits: Commit,
    base: Tree | None = None,
    head: Tree | None = None,
    message: str = "",
) -> list[Finding]:
    assert list(Draft202012Validator(KIND.schema).iter_errors(block)) == []
    inspector = pickle.loads(pickle.dumps(KIND.compile([rule(block, message)])))
    assert inspector.concluding == inspector.change_based == {0}
    assert inspector.fact_based == frozenset()
    change = Change(snapshot(base or {}), snapshot(head or {}), tuple(sorted(files)), commits)
    return list(inspector.conclude((), Changed(change), frozenset({0, 7})))


def places(findings: Sequence[Finding]) -> list[str]:
    return [finding.location.path for finding in findings]


# --- the block ---


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"when": {"paths": ["a"]}},
        {"forbid": False},
        {"forbid": True, "touch": ["a"]},
        {"touch": []},
        {"touch": ["a"], "when": {}},
        {"touch": ["a"], "when": {"status": ["moved"]}},
        {"touch": ["a"], "when": {"status": []}},
        {"touch": ["a"], "present": False},
        {"forbid": True, "present": True},
        {"trailer": {"from": ["a"]}},
        {"trailer": {"name": "A", "from": ["a"], "codeowners": True}},
        {"trailer": {"name": "A", "codeowners": False}},
        {"trailer": {"name": "A:"}},
        {"max-files": 0},
        {"max-lines": "many"},
    ],
)
def test_blocks_that_are_none(block: object) -> None:
    assert list(Draft202012Validator(KIND.schema).iter_errors(block))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(KIND.schema)


def test_all_globs_that_are_none_are_told_at_once() -> None:
    places = {
        ("when", "paths", 1): Where("p.yaml", 2, 1),
        ("when", "exclude", 0): Where("p.yaml", 3, 1),
        ("touch", 0): Where("p.yaml", 4, 1),
        ("touch", 1): Where("p.yaml", 5, 1),
        ("when", "paths"): Where("p.yaml", 6, 1),
        ("touch",): Where("p.yaml", 7, 1),
    }
    when = {"paths": ["a", "["], "exclude": ["a//b"], "status": ["added"]}
    blocks = [
        {"when": when, "touch": ["{folder}/../a", "[{stem}]"]},
        {"when": {"paths": ["!a"]}, "touch": ["!b", "!c"]},
    ]
    with pytest.raises(UserErrors) as caught:
        KIND.compile([rule(block, number=number)._replace(places=places) for number, block in enumerate(blocks)])
    assert [error.line for error in caught.value.errors] == [2, 3, 4, 5, 6, 7]
    assert caught.value.errors[4].message == "rule p/r: all globs of 'paths' take back"


def test_nothing_is_judged_without_a_change_or_in_files() -> None:
    inspector = KIND.compile([rule({"forbid": True})])
    assert list(inspector.conclude((), Changed(None), frozenset({0}))) == []
    assert list(inspector.inspect(File(Entry("a"), lambda _: b"", {}), frozenset({0}))) == []
    assert judge({"forbid": True}, []) == []


def test_only_rules_that_are_asked_for_are_judged() -> None:
    inspector = KIND.compile([rule({"forbid": True}), rule({"max-files": 1}, number=1)])
    change = Change(snapshot({}), snapshot({}), tuple(added("a")), ())
    assert places(list(inspector.conclude((), Changed(change), frozenset({0})))) == ["a"]


# --- when ---

ALL = [*added("a.sql", "b.txt"), *modified("c.sql"), *deleted("d.sql"), *renamed("e.sql", "f.sql")]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"paths": ["*.sql"]}, ["a.sql", "c.sql", "d.sql", "f.sql"]),
        ({"exclude": ["*.sql"]}, ["b.txt"]),
        ({"paths": ["*.sql"], "exclude": ["a*"]}, ["c.sql", "d.sql", "f.sql"]),
        ({"paths": ["*", "!c.sql"]}, ["a.sql", "b.txt", "d.sql", "f.sql"]),
        ({"status": ["added"]}, ["a.sql", "b.txt"]),
        ({"status": ["modified"]}, ["c.sql"]),
        ({"status": ["deleted"]}, ["d.sql"]),
        ({"status": ["renamed"]}, ["f.sql"]),
        ({"status": ["deleted", "added"], "paths": ["*.sql"]}, ["a.sql", "d.sql"]),
    ],
)
def test_when(when: object, expected: list[str]) -> None:
    assert places(judge({"when": when, "forbid": True}, ALL)) == expected


def test_without_when_all_files_are_judged() -> None:
    assert places(judge({"forbid": True}, ALL)) == [file.path for file in sorted(ALL)]


@pytest.mark.parametrize(
    ("before", "path", "expected"),
    [
        ("in/a", "in/b", ("in/b", RENAMED)),
        ("in/a", "out/a", ("in/a", DELETED)),
        ("out/a", "in/a", ("in/a", ADDED)),
        ("out/a", "out/b", None),
    ],
)
def test_a_rename_into_and_out_of_the_files(before: str, path: str, expected: tuple[str, str] | None) -> None:
    for status in (ADDED, MODIFIED, DELETED, RENAMED):
        block = {"when": {"paths": ["in/"], "status": [status]}, "forbid": True}
        found = judge(block, renamed(before, path), message="{path} {status}")
        assert [finding.message for finding in found] == (
            [" ".join(expected)] if expected and expected[1] == status else []
        )


def test_match_of_the_rule_counts_for_what_is_listed() -> None:
    files = [*added("unmatched/a", "b"), *deleted("unmatched/c")]
    assert places(judge({"forbid": True}, files)) == ["b", "unmatched/c"]


def test_words() -> None:
    (finding,) = judge({"forbid": True}, added("a"), message="{path} {status} {value} {params.wanted} {none} {reason}")
    assert finding == Finding("p/r", Location("a"), "a added added that {none} a is added", evidence="forbid")


# --- touch ---


@pytest.mark.parametrize(
    ("globs", "path", "partner"),
    [
        (["{folder}/{stem}.down.sql"], "db/003.sql", "db/003.down.sql"),
        (["{folder}/{stem}.down.sql"], "003.sql", "003.down.sql"),
        (["{folder}/{start}.down.sql"], "db/003.a.up.sql", "db/003.down.sql"),
        (["{folder}/{start}.x"], "db/.a.b", "db/.a.x"),
        (["{folder}/{name}.lock"], "a b/[x]*.y", "a b/[x]*.y.lock"),
        (["{stem}_test.go"], "src/a.go", "tests/a_test.go"),
        (["{stem}.x"], "a/Makefile", "b/Makefile.x"),
        (["/CHANGES"], "a", "CHANGES"),
        (["x", "tests/"], "a", "tests/deep/b"),
        (["tests/", "!tests/data/"], "a", "tests/b"),
        (["{folder}/b"], "#!\\ /a", "#!\\ /b"),
        (["{folder}/b"], "é\udcff/a", "é\udcff/b"),
    ],
)
def test_touch(globs: list[str], path: str, partner: str) -> None:
    block = {"when": {"status": ["added"]}, "touch": globs}
    assert places(judge(block, added(path))) == [path]
    assert judge(block, [*added(path), *modified(partner)]) == []
    assert judge(block, [*added(path), *renamed("some", partner)]) == []
    assert places(judge(block, [*added(path), *deleted(partner)])) == [path]
    assert places(judge(block, [*added(path), *modified("unrelated", f"x{path}")])) == [path]
    assert judge({"when": {"status": ["deleted"]}, "touch": globs}, added(path)) == []


def test_what_is_taken_back_is_no_partner() -> None:
    block = {"when": {"paths": ["a"]}, "touch": ["tests/", "!tests/data/"]}
    (finding,) = judge(block, added("a", "tests/data/x"))
    assert finding.message == "a is added, but no tests/ changes with it"


def test_a_field_takes_no_pattern_from_a_name() -> None:
    block = {"when": {"paths": ["\\*.a"]}, "touch": ["{stem}.b"]}
    assert places(judge(block, added("*.a", "x.b"))) == ["*.a"]


def test_each_thing_that_is_missing_is_found_once() -> None:
    block = {"touch": ["{folder}/{stem}.down", "b/*.up"]}
    findings = judge(block, added("a/1.sql", "a/1.txt", "a/2.sql"))
    assert places(findings) == ["a/1.sql", "a/2.sql"]
    assert findings[0].message == "a/1.sql is added, but no a/1.down or b/*.up changes with it"
    assert {finding.evidence for finding in findings} == {"touch {folder}/{stem}.down b/*.up"}
    assert places(judge({"touch": ["CHANGES"]}, modified("a", "b", "c"))) == ["a"]


def test_only_where_a_partner_is_present() -> None:
    block = {"touch": ["{folder}/CHANGES"], "present": True}
    files = modified("a/x", "b/x", "c/x")
    assert places(judge(block, files, base={"b/CHANGES": b"", "x": b""}, head={"a/CHANGES": b""})) == ["b/x"]
    assert judge(block, [*files, *deleted("b/CHANGES")], base={"CHANGES": b""}) == []


def test_thousands_of_files_take_a_short_time() -> None:
    files = added(*(f"src/folder{number % 50}/file{number}.py" for number in range(4000)))
    block = {"touch": ["tests/**/test_{stem}.py", "{folder}/{stem}_test.py"], "present": True}
    started = perf_counter()
    assert len(judge(block, files, base={"tests/test_file7.py": b""})) == 1
    assert perf_counter() - started < 8


# --- trailer ---


def by(*people: str, author: str = "Ann") -> Commit:
    return commit("Add\n\n" + "".join(f"Reviewed-by: {person}\n" for person in people), author)


OWNED = {"CODEOWNERS": b"/a/ cem@example.org @cem\n/b/ @acme/team\n/none/\n"}


@pytest.mark.parametrize(
    ("commits", "kept"),
    [
        ([by("Ben <ben@example.org>")], True),
        ([by("Ben"), commit("Later")], True),
        ([by(), commit("X\n\nreviewed-by: Ben")], True),
        ([by()], False),
        ([by("")], False),
        ([by("Ann <ann@example.org>")], False),
        ([by("Ann <ann@example.org>", "Ben")], True),
        ([by("Ben"), by("Ann", author="Ben")], False),
        ([commit("X\n\nAcked-by: Ben")], False),
    ],
)
def test_a_trailer_of_anybody_else(commits: list[Commit], kept: bool) -> None:
    findings = judge({"trailer": {"name": "Reviewed-by"}}, modified("a", "b"), *commits)
    expected = "no Reviewed-by says that anybody else agrees to this change of a"
    assert findings == ([] if kept else [Finding("p/r", Location("a"), expected, evidence="trailer Reviewed-by")])


@pytest.mark.parametrize(
    ("person", "kept"),
    [
        ("Ben <ben@example.org>", True),
        ("B. <BEN@example.org>", True),
        ("cem lee <cem@home.example>", True),
        ("@dan", True),
        ("Dan (@dan)", True),
        ("Eve <eve@example.org>", False),
        ("Benjamin <benjamin@example.org>", False),
    ],
)
def test_a_trailer_of_named_people(person: str, kept: bool) -> None:
    block = {"trailer": {"name": "Reviewed-by", "from": ["Ben@example.org", "Cem Lee", "@Dan"]}}
    findings = judge(block, modified("a"), by(person))
    assert len(findings) == (not kept)
    assert all("Ben@example.org or Cem Lee or @Dan agrees" in finding.message for finding in findings)


def test_an_author_who_is_named_does_not_count() -> None:
    block = {"trailer": {"name": "Reviewed-by", "from": ["ann@example.org", "Ben"]}}
    assert len(judge(block, modified("a"), by("Ann <ann@example.org>"))) == 1
    assert judge(block, modified("a"), by("Ann <ann@example.org>", author="Cem")) == []


@pytest.mark.parametrize(
    ("files", "person", "expected"),
    [
        (modified("a/x"), "Cem <cem@example.org>", []),
        (modified("a/x"), "@cem", []),
        (modified("a/x"), "Ben", ["a/x"]),
        (modified("a/x", "a/y"), "Ben", ["a/x"]),
        (modified("b/x"), "Ben (@acme/team)", []),
        (modified("b/x"), "@cem", ["b/x"]),
        (modified("a/x", "b/x"), "@cem", ["b/x"]),
        (modified("none/x", "c/x"), "Ben", []),
        (deleted("a/x"), "Ben", ["a/x"]),
        (added("a/x"), "Ben", ["a/x"]),
        (renamed("a/x", "c/x"), "Ben", ["c/x"]),
        (renamed("c/x", "a/x"), "Ben", ["a/x"]),
        (renamed("a/x", "b/x"), "Ben", ["b/x", "b/x"]),
        (renamed("a/x", "b/x"), "@cem", ["b/x"]),
    ],
)
def test_a_trailer_of_code_owners(files: list[ChangedFile], person: str, expected: list[str]) -> None:
    block = {"trailer": {"name": "Reviewed-by", "codeowners": True}}
    assert places(judge(block, files, by(person), base=OWNED, head={"CODEOWNERS": b"* ben@example.org\n"})) == expected


def test_a_finding_names_the_owners() -> None:
    block = {"trailer": {"name": "Reviewed-by", "codeowners": True}}
    (finding,) = judge(block, modified("a/x"), by(), base=OWNED)
    assert finding.message == "no Reviewed-by says that cem@example.org or @cem agrees to this change of a/x"
    assert finding.evidence == "trailer Reviewed-by cem@example.org @cem"


def test_who_owns_and_wrote_does_not_count() -> None:
    block = {"trailer": {"name": "Reviewed-by", "codeowners": True}}
    assert len(judge(block, modified("a/x"), by("Cem <cem@example.org>", author="Cem"), base=OWNED)) == 1


def test_what_is_not_committed_has_no_place_for_a_trailer() -> None:
    for more in ({}, {"codeowners": True}, {"from": ["Ben"]}):
        assert judge({"trailer": {"name": "Reviewed-by"} | more}, modified("a/x"), base=OWNED) == []


# --- size ---


def test_max_files() -> None:
    assert judge({"max-files": 2}, modified("a", "b")) == []
    (finding,) = judge({"max-files": 2}, modified("a", "b", "c"))
    assert finding == Finding("p/r", Location("a"), "the change touches 3 files, 2 are allowed", evidence="max-files")
    assert judge({"when": {"exclude": ["c"]}, "max-files": 2}, modified("a", "b", "c")) == []


def test_max_lines() -> None:
    base = {"b": b"1\n2\n3\n", "c": b"1\n2\n3\n4\n", "d": b"1\n"}
    head = {"a": b"1\n2\n", "b": b"1\n3\n5\n", "d": b"1\n"}
    files = [*added("a"), *modified("b"), *deleted("c"), *renamed("d", "e")]
    head["e"] = head.pop("d")
    assert judge({"max-lines": 8}, files, base=base, head=head) == []
    (finding,) = judge({"max-lines": 7}, files, base=base, head=head)
    assert finding == Finding(
        "p/r", Location("c"), "the change adds and removes 8 lines, 7 are allowed", evidence="max-lines"
    )


def test_what_has_no_lines() -> None:
    def size(path: str, before: Content | None, after: Content | None) -> int:
        base, head = (MemorySnapshot({path: content} if content else {}) for content in (before, after))
        (file,) = modified(path)
        return changed_lines(file, Change(base, head, (file,), ()))

    def content(data: bytes, kind: str = "file", size: int = -1) -> Content:
        return Content(Entry("a", kind, size=len(data) if size < 0 else size), data)

    assert size("a", content(b"1\n2\n"), content(b"2\n3\n4\n")) == 3
    assert size("a", None, content(b"1\n2\n")) == 2
    assert size("a", content(b"1\n2"), None) == 2
    assert size("a", content(b"1\n"), content(b"1\n\0")) == 0
    assert size("a", content(b"\0"), content(b"1\n")) == 0
    assert size("a", content(b"1\n"), content(b"2\n", size=MAX_SIZE + 1)) == 0
    assert size("a", content(b"1\n"), content(b"2\n", size=MAX_SIZE)) == 2
    assert size("a", content(b"x", LINK), content(b"y", LINK)) == 0
    assert size("a", content(b"x", SUBMODULE), content(b"1\n")) == 1


# --- properties ---

NAMES = st.text(st.sampled_from("ab.*?[]!#\\ -é\udcff\n"), min_size=1, max_size=6).filter(
    lambda name: name not in {".", ".."}
)


@settings(max_examples=200)
@given(st.lists(NAMES, min_size=1, max_size=3), NAMES)
def test_fields_mean_the_name_itself_whatever_it_is(folders: list[str], other: str) -> None:
    path = "/".join(folders)
    block = {"when": {"status": ["added"]}, "touch": ["{folder}/{name}.partner"]}
    assert judge(block, [*added(path), *modified(f"{path}.partner")]) == []
    partner = f"{'/'.join([*folders[:-1], other])}.partner"
    if partner != f"{path}.partner":
        assert places(judge(block, [*added(path), *modified(partner)])) == [path]
