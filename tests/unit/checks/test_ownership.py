"""The kind ``ownership``: what nobody owns, and patterns that own nothing."""

import pickle
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.checks.base import File, Rule
from guardrails.checks.ownership import KIND
from guardrails.errors import RepositoryError
from guardrails.findings import Fact, Finding
from guardrails.repository import codeowners
from guardrails.repository.entry import FILE, LINK, Entry

PATH = {"every": "path"}
USED = {"pattern": "used"}
HEEDED = {"pattern": "heeded"}
MESSAGE = "{path} {pattern} {other} {line} {params.who}"


class Listed:
    """A repository whose rules select everything but what is said."""

    date = "2026-01-15"
    change = None

    def __init__(self, paths: Sequence[str], without: Sequence[str] = ()) -> None:
        self.entries = [Entry(path) for path in sorted(paths)]
        self._without = without

    def matched(self, rule: int) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.path not in self._without]


def inspector(*blocks: Mapping[str, str]):
    for block in blocks:
        assert list(Draft202012Validator(KIND.schema).iter_errors(block)) == []
    rules = [Rule(number, f"p/r{number}", block, MESSAGE, {"who": "we"}) for number, block in enumerate(blocks)]
    return pickle.loads(pickle.dumps(KIND.compile(rules)))


def facts(made, files: Mapping[str, str | None], rules: frozenset[int]) -> list[Fact]:
    found = []
    for path, text in files.items():
        file = File(Entry(path), lambda _, text=text: (text or "").encode(), {})
        found += made.inspect(file, rules)
        assert path.endswith("CODEOWNERS") or not file.known
    return found


def judge(
    block: Mapping[str, str],
    text: str,
    paths: Sequence[str],
    *,
    at: str = "CODEOWNERS",
    without: Sequence[str] = (),
    others: Mapping[str, str] | None = None,
) -> list[Finding]:
    made = inspector(block)
    files = dict.fromkeys(paths) | {at: text} | (others or {})
    told = facts(made, files, frozenset({0, 7}))
    return list(made.conclude(told, Listed(list(files), without), frozenset({0})))


@pytest.mark.parametrize(
    "block",
    [{}, {"every": "file"}, {"pattern": "dead"}, {"every": "path", "pattern": "used"}, {"owner": "known"}],
)
def test_other_blocks_are_refused(block):
    assert list(Draft202012Validator(KIND.schema).iter_errors(block)) != []


def test_all_rules_need_the_whole_repository():
    made = inspector(PATH, USED, HEEDED)
    assert made.concluding == made.fact_based == {0, 1, 2}


def test_nothing_is_judged_without_a_file():
    for block in (PATH, USED, HEEDED):
        assert judge(block, "/gone/ @a\n", ["a.py"], at="other/CODEOWNERS") == []
        assert judge(block, "/gone/ @a\n", ["a.py"], at="CODEOWNERS.md") == []


def test_links_are_no_code_owners_files():
    made = inspector(USED)
    assert list(made.inspect(File(Entry("CODEOWNERS", LINK), lambda _: b"docs/x", {}), frozenset({0}))) == []
    assert list(made.inspect(File(Entry("CODEOWNERS", FILE), lambda _: b"docs/x", {}), frozenset({0}))) != []


def test_rules_that_do_not_apply_give_no_facts():
    made = inspector(PATH, USED)
    assert [fact.rule for fact in facts(made, {"CODEOWNERS": "* @a\n"}, frozenset({1}))] == [1]
    told = facts(made, {"CODEOWNERS": "/gone/ @a\n"}, frozenset({0, 1}))
    assert [found.rule for found in made.conclude(told, Listed(["CODEOWNERS"]), frozenset({1}))] == ["p/r1"]


def test_paths_without_owner():
    found = judge(PATH, "/src/ @a\n/src/made/\n*.md\n", ["src/a.py", "src/made/b.py", "c.md", "d"], without=["d"])
    assert [item.location.path for item in found] == ["CODEOWNERS", "c.md", "src/made/b.py"]
    assert found[1].message == "c.md {pattern} {other} {line} we"
    assert (found[1].location.line, found[1].evidence, found[1].rule) == (0, "no owner", "p/r0")


def test_patterns_that_match_nothing():
    text = "# owners\n* @a\n  /gone/ @b @c\n/docs/* @d\nsrc/*.py @e\n"
    (gone, docs) = judge(USED, text, ["src/a.py", "docs/deep/x.md"])
    assert gone.location == ("CODEOWNERS", 3, 3, 3, 9)
    assert (gone.message, gone.evidence) == ("CODEOWNERS /gone/ {other} {line} we", "/gone/")
    assert gone.source == "  /gone/ @b @c"
    assert docs.location.line == 4


def test_the_source_is_the_line_without_its_end():
    (found,) = judge(USED, "/gone/ @a\r\n", ["b"])
    assert found.source == "/gone/ @a"


def test_what_the_host_cannot_read_is_not_judged():
    assert [item.location.line for item in judge(USED, "a//b @a\n!x @a\n/gone @b\n", ["c"])] == [3]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/src/ @a\n* @b\n", [1]),
        ("* @b\n/src/ @a\n", []),
        ("/src/ @a\n/src/ @b\n/src/ @c\n* @d\n", [1, 2, 3]),
        ("/src/ @a\n/src/*.py @b\n", []),
        ("/src/*.py @b\n/src/ @a\n", [1]),
        ("/src/ @a\n/src/*.py @b\n/src/*.md @c\n", []),
        ("/gone/ @a\n* @b\n", []),
        ("/src/ @a\n*\n", [1]),
        ("[One]\n/src/ @a\n[Two]\n* @b\n", []),
        ("[One]\nsrc/ @a\n[one]\n* @b\n", [2]),
        ("[One]\n* @a\n!src/\nsrc/ @b\n", []),
        ("[One]\n!src/a.py\n* @b\n", []),
    ],
)
def test_patterns_that_a_later_one_overrules(text, lines):
    found = judge(HEEDED, text, ["src/a.py", "src/b.md", "top"], without=["src/a.py"])
    assert [item.location.line for item in found] == lines


def test_the_message_names_what_overrules():
    (found,) = judge(HEEDED, "# x\n/src/ @a\n/src @b\n", ["src/a.py"])
    assert found.message == "CODEOWNERS /src/ /src 3 we"
    assert found.evidence == "/src/"


def test_the_first_place_counts():
    others = {"docs/CODEOWNERS": "/gone/ @a\n", ".github/CODEOWNERS": "* @a\n", ".gitlab/CODEOWNERS": "/no/ @a\n"}
    assert judge(USED, "/gone/ @a\n", ["a.py"], others=others) == []
    del others[".github/CODEOWNERS"]
    assert [item.location.path for item in judge(USED, "/gone/ @a\n", [], others=others)] == ["CODEOWNERS"]


def test_a_file_that_is_too_large_gives_no_owner(monkeypatch):
    monkeypatch.setattr(codeowners, "LARGEST", 6)
    assert [item.location.path for item in judge(PATH, "*  @ab\n", ["a"])] == ["CODEOWNERS", "a"]
    assert judge(PATH, "* @ab\n", ["a"]) == []


def test_patterns_that_are_too_much_to_match_are_an_error(monkeypatch):
    def refuse(self, path):
        raise ValueError("out of memory")

    monkeypatch.setattr(codeowners.GlobSet, "match", refuse)
    for block in (PATH, USED, HEEDED):
        with pytest.raises(RepositoryError, match="out of memory"):
            judge(block, "* @a\n", ["a"])


PATTERNS = st.sampled_from(["*", "/a/", "a", "*.py", "/a/*", "b/", "/a/b/x.py", "**/b", "gone", "a//b"])
PATHS = st.lists(st.sampled_from(["a/x.py", "a/b/x.py", "a/b/y", "b", "c.py", "d"]), unique=True)


@given(st.lists(PATTERNS, max_size=8), PATHS)
def test_what_is_found_is_so(patterns, paths):
    def owners(changed: int = -1, only: int = -1) -> list[tuple[str, ...]]:
        lines = [f"{pattern} @{'new' if n == changed else n}" for n, pattern in enumerate(patterns) if only in (-1, n)]
        read = codeowners.parse("\n".join(lines), "CODEOWNERS")
        return [read.of(path) for path in [*paths, "CODEOWNERS"]]

    text = "\n".join(f"{pattern} @{number}" for number, pattern in enumerate(patterns))
    used = {item.location.line - 1 for item in judge(USED, text, paths)}
    unheeded = {item.location.line - 1 for item in judge(HEEDED, text, paths)}
    assert used == {n for n, pattern in enumerate(patterns) if pattern != "a//b" and not any(owners(only=n))}
    assert used.isdisjoint(unheeded)
    for number in unheeded:
        assert owners(number) == owners()
    unowned = {item.location.path for item in judge(PATH, text, paths)}
    assert unowned == {path for path, found in zip([*paths, "CODEOWNERS"], owners(), strict=True) if not found}
