"""Expressions of GitHub: what is read, what may flow, what is constant."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.github_constants import UNKNOWN, constant
from guardrails.documents.github_expressions import MAX_NESTING, fences, flows, parse, walk


@pytest.mark.parametrize(
    ("text", "contexts"),
    [
        ("github.event.issue.title", ["github.event.issue.title"]),
        ("github['event']['issue'].title", ["github.event.issue.title"]),
        ("GitHub.Event.Issue.Title", ["github.event.issue.title"]),
        ("github.event.commits[0].message", ["github.event.commits.*.message"]),
        ("github.event.commits.*.message", ["github.event.commits.*.message"]),
        ("secrets[matrix.name]", ["secrets.*"]),
        ("a && b || c", ["b", "c"]),
        ("a && (b || c)", ["b", "c"]),
        ("!a", []),
        ("a == b", []),
        ("contains(a, b)", []),
        ("format('{0}', a, 'x')", ["a"]),
        ("fromJSON(secrets.x).y.z", ["secrets.x"]),
        ("join(a.*.b, ', ')", ["a.*.b"]),
        ("startsWith(a, 'b') && c.d-e", ["c.d-e"]),
    ],
)
def test_what_may_become_part_of_the_value(text: str, contexts: list[str]) -> None:
    node = parse(text)
    assert node is not None
    assert list(flows(node)) == contexts


@pytest.mark.parametrize(
    "text", ["", "a ==", "a b", "a.", "a[", "a[]b", "(a", "f(a", "f(a,)", "f(a b)", "'a", "a && ", ")", "#"]
)
def test_what_is_no_expression(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        ("1 != 2", True),
        ("1 > 2 || true", True),
        ("true && false", False),
        ("!''", True),
        ("'A' == 'a'", True),
        ("'A' != 'a'", False),
        ("0x10 >= 16", True),
        ("2 <= 1", False),
        ("1 < 'x'", False),
        ("format('{0}-{1}', 'a', 1)", "a-1"),
        ("format('{0}', 49699333)", "49699333"),
        ("format('{1}', 'a')", UNKNOWN),
        ("format('{{{0}}}', 'a')", "{a}"),
        ("join('a', ',')", "a"),
        ("join(fromJSON('[\"A\", 2]'), '-')", "A-2"),
        ('join(fromJSON(\'["a", "b"]\'))', "a,b"),
        ("contains(fromJSON('[\"a\", \"B\"]'), 'b')", True),
        ("contains(fromJSON('[\"ab\"]'), 'b')", False),
        ("fromJSON('[]') && 'x' || 'y'", "x"),
        ("!fromJSON('{}')", False),
        ("fromJSON('[]') == 1", UNKNOWN),
        ("startsWith(fromJSON('[]'), 'a')", UNKNOWN),
        ("fromJSON('true')", True),
        ("fromJSON('no')", UNKNOWN),
        ("fromJSON(a)", UNKNOWN),
        ("toJSON(fromJSON('[]'))", "[]"),
        ("case(true, 'a', 'b')", "a"),
        ("case('', 'a', 'b')", "b"),
        ("case(true, 'a')", UNKNOWN),
        ("endsWith('ABC', 'c')", True),
        ("startsWith('abc', 'b')", False),
        ("contains('abc', 'B')", True),
        ("'' || 'b'", "b"),
        ("'' && 'b'", ""),
        ("a && true", UNKNOWN),
        ("hashFiles('x')", UNKNOWN),
        ("format('{0}', a)", UNKNOWN),
        ("success()", UNKNOWN),
        ("fromJSON('{}')", {}),
    ],
)
def test_what_is_made_of_literals(text: str, value: object) -> None:
    node = parse(text)
    assert node is not None
    assert constant(node) == value


def test_what_is_called_with_long_texts_is_not_made() -> None:
    text = "'" + "x" * 900 + "'"
    for _ in range(2):
        text = f"format('{{0}}{{0}}{{0}}', {text})"
    node = parse(text)
    assert node is not None
    assert constant(node) is UNKNOWN


def test_the_place_of_a_part() -> None:
    text = " format( 'x' , a.b ) == 'c' "
    node = parse(text)
    assert node is not None
    assert [text[part.start : part.end] for part in walk(node)] == [
        "format( 'x' , a.b ) == 'c'",
        "format( 'x' , a.b )",
        "'x'",
        "a.b",
        "'c'",
    ]


def test_expressions_in_a_text() -> None:
    text = "a ${{ b }}${{ '}}' }} $ {{ c }} ${{ d"
    assert [(text[one.start : one.end], one.text) for one in fences(text)] == [
        ("${{ b }}", " b "),
        ("${{ '}}' }}", " '}}' "),
    ]


@pytest.mark.parametrize("text", ["(" * 1000, "!" * 1000 + "a", "a[" * 1000, "f(" * 1000, " < ".join("a" * 1000)])
def test_what_is_nested_too_deeply_is_no_expression(text: str) -> None:
    assert parse(text) is None


def test_nesting_that_is_still_read() -> None:
    assert parse("(" * (MAX_NESTING - 1) + "a" + ")" * (MAX_NESTING - 1)) is not None


@pytest.mark.parametrize("text", ["${{" * 100_000, "${{ '" * 50_000, "${{ a }}" * 50_000, "${{ }" * 50_000])
def test_hostile_texts_take_linear_time(text: str) -> None:
    start = time.perf_counter()
    for _ in fences(text):
        pass
    assert time.perf_counter() - start < 2


_WORDS = st.sampled_from(
    ["a", "github.ref", "'x'", "1", "true", "(", ")", "[", "]", ".", ",", "&&", "||", "==", "<", "!", "f(", "*", " "]
)


@given(st.lists(_WORDS, max_size=30).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    node = parse(text)
    if node is not None:
        list(flows(node))
        constant(node)
        for part in walk(node):
            assert 0 <= part.start <= part.end <= len(text)
            assert parse(text[part.start : part.end]) is not None


@given(st.text(alphabet="ab${}' \n", max_size=60))
def test_expressions_stand_where_they_are_said_to(text: str) -> None:
    end = 0
    for one in fences(text):
        assert one.start >= end
        end = one.end
        assert text[one.start : end] == "${{" + one.text + "}}"
