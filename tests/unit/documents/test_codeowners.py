from __future__ import annotations

import time

import pathspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.codeowners import FORMAT
from guardrails.documents.document import Root


def parse(text: str) -> Root:
    (root,) = FORMAT.parse(text).roots
    return root


def source(root: Root, text: str, *path: str | int) -> str:
    """What stands in the text at the span of a node; no node here is longer than a line."""
    span = root.span(path)
    assert span.line == span.end_line
    return text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("CODEOWNERS", True), (".github/CODEOWNERS", True), ("docs/CODEOWNERS", True), ("CODEOWNERS.md", False)],
)
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


@pytest.mark.parametrize(
    ("line", "pattern", "owners"),
    [
        ("* @a", "*", ["@a"]),
        ("  /docs/\t@org/team-1  @b-c ", "/docs/", ["@org/team-1", "@b-c"]),
        ("*.js a.b@example.com", "*.js", ["a.b@example.com"]),
        ("/apps/github", "/apps/github", []),
        ("*.go @a # the rest @b", "*.go", ["@a"]),
        ("*.go @a #the rest", "*.go", ["@a"]),
        ("*.go # nobody @b", "*.go", []),
        ("a#b @a", "a#b", ["@a"]),
        ("path\\ with\\ spaces/ @a", "path with spaces/", ["@a"]),
        ("/x @@maintainer @group/sub/sub", "/x", ["@@maintainer", "@group/sub/sub"]),
        ("* @a\r", "*", ["@a"]),
    ],
)
def test_rules(line, pattern, owners):
    value = parse(line).value
    assert value == {
        "sections": [],
        "rules": [{"pattern": pattern, "owners": owners, "inherited": False, "section": ""}],
        "problems": [],
    }


@pytest.mark.parametrize("text", ["", "\n\n", "# comment\n  # @a another\n"])
def test_nothing(text):
    assert parse(text).value == {"sections": [], "rules": [], "problems": []}


@pytest.mark.parametrize(
    ("line", "name", "optional", "approvals", "owners"),
    [
        ("[Docs]", "Docs", False, 1, []),
        ("^[Docs]", "Docs", True, 1, []),
        ("[Two Words][2]", "Two Words", False, 2, []),
        ("[Docs] @a @b", "Docs", False, 1, ["@a", "@b"]),
        ("^[Docs][10] @a # comment", "Docs", True, 10, ["@a"]),
    ],
)
def test_sections(line, name, optional, approvals, owners):
    value = parse(line).value
    assert value["sections"] == [{"name": name, "optional": optional, "approvals": approvals, "owners": owners}]
    assert value["problems"] == []


def test_rules_of_a_section_have_its_owners_unless_they_name_some():
    value = parse("first @z\n[Docs] @a\none\ntwo @b\n!three\n[Code]\nfour\n").value
    assert [(rule["pattern"], rule["owners"], rule["section"]) for rule in value["rules"]] == [
        ("first", ["@z"], ""),
        ("one", ["@a"], "Docs"),
        ("two", ["@b"], "Docs"),
        ("!three", [], "Docs"),
        ("four", [], "Code"),
    ]


@pytest.mark.parametrize(
    ("text", "words", "broken"),
    [
        ("* alice", "alice is not an owner; write @alice", "alice"),
        ("* @a bob!", "bob! is not an owner", "bob!"),
        ("* @a @", "@ is not an owner", "@"),
        ("!docs @a", "no negation", "!docs"),
        ("[a-c].js @a", "no character ranges", "[a-c].js"),
        ("x[12] @a", "no character ranges", "x[12]"),
        ("\\#x @a", "cannot escape a #", "\\#x"),
        ("[Docs @a", "not closed", "[Docs @a"),
        ("^[Docs", "not closed", "^[Docs"),
        ("[] @a", "no name", "[]"),
        ("[ ]", "no name", "[ ]"),
        ("[Docs][0]", "1 or more", "0"),
        ("[Docs][x]", "1 or more", "x"),
        ("[Docs][]", "1 or more", ""),
        ("[Docs] team", "team is not an owner", "team"),
    ],
)
def test_problems(text, words, broken):
    root = parse(f"# comment\n  {text}\n")
    (problem,) = root.value["problems"]
    assert words in problem["message"]
    assert problem["text"] == broken
    assert root.span(("problems", 0)).line == 2
    assert source(root, f"# comment\n  {text}\n", "problems", 0) == broken


def test_what_github_skips_is_no_rule():
    assert parse("!a @x\n[ab]c @x\n\\#d @x\ne bob @x").value["rules"] == [
        {"pattern": "e", "owners": ["@x"], "inherited": False, "section": ""}
    ]


def test_gitlab_knows_negation_and_ranges():
    value = parse("!a\nx[12] @x\n[Docs]\n").value
    assert [rule["pattern"] for rule in value["rules"]] == ["!a", "x[12]"]
    assert value["problems"] == []


def test_positions():
    text = "\n  /docs/ @a  @b/c # d\n\t^[Two Words][2] @e\n"
    root = parse(text)
    assert source(root, text, "rules", 0) == "/docs/ @a  @b/c"
    assert source(root, text, "rules", 0, "pattern") == "/docs/"
    assert source(root, text, "rules", 0, "owners", 1) == "@b/c"
    assert source(root, text, "rules", 0, "section") == "/docs/ @a  @b/c"
    assert source(root, text, "sections", 0) == "^[Two Words][2] @e"
    assert source(root, text, "sections", 0, "name") == "Two Words"
    assert source(root, text, "sections", 0, "owners", 0) == "@e"


LINES = st.text("ab @#[]^!\\/*.2\t\r", max_size=20) | st.text(max_size=10)


@settings(deadline=None)
@given(st.lists(LINES, max_size=8).map("\n".join))
def test_any_text_parses(text):
    root = parse(text)
    lines = text.split("\n")
    for kind, values in root.value.items():
        for index in range(len(values)):
            span = root.span((kind, index))
            assert 1 <= span.line == span.end_line <= len(lines)
            assert 1 <= span.column <= span.end_column <= len(lines[span.line - 1]) + 1


PATTERNS = st.text("abc-_./*", min_size=1, max_size=8)
OWNERS = st.from_regex(r"@{1,2}[a-z][a-z0-9-]{0,5}(/[a-z]{1,3}){0,2}|[a-z.]{1,4}@[a-z]{1,4}[.]org", fullmatch=True)


@settings(deadline=None)
@given(st.lists(st.tuples(PATTERNS, st.lists(OWNERS, max_size=3))))
def test_generated_rules_come_back(rules):
    text = "\n".join("  ".join([pattern, *owners]) for pattern, owners in rules)
    root = parse(text)
    assert [(rule["pattern"], rule["owners"]) for rule in root.value["rules"]] == rules
    assert [root.span(("rules", index)).line for index in range(len(rules))] == list(range(1, len(rules) + 1))


@pytest.mark.parametrize(
    "text", ["\\" * 300_000, "[" * 300_000, "@a/" * 100_000, "* " + "@a " * 100_000, "[a]\n" * 50_000]
)
def test_hostile_text_takes_bounded_time(text):
    start = time.perf_counter()
    parse(text)
    assert time.perf_counter() - start < 5
