"""Edits, drafts, and what repairs of one file have to do with each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.findings import Finding, Location
from guardrails.fixing.edits import ABSENT, ANY, Change, Draft, Edit, Repair, apart, edited, expected, same

FINDING = Finding("p/r", Location("a"), "m")


def repair(*edits, **more):
    return Repair(FINDING, tuple(Edit(*edit) for edit in edits), **more)


@pytest.mark.parametrize(
    ("repairs", "chosen"),
    [
        ([[(0, 1, "a")], [(2, 3, "b")]], [0, 1]),
        ([[(2, 3, "b")], [(0, 1, "a")]], [1, 0]),
        ([[(0, 3, "a")], [(2, 4, "b")]], [0]),
        ([[(0, 3, "a")], [(3, 3, "b")]], [0]),
        ([[(0, 3, "a")], [(3, 4, "b")]], [0, 1]),
        ([[(3, 3, "a")], [(3, 3, "b")]], [0, 1]),
        ([[(0, 3, "a")], [(0, 3, "a")]], [0, 1]),
        ([[(0, 1, "a"), (8, 9, "x")], [(2, 3, "b")], [(7, 9, "c")]], [0, 1]),
        ([[(0, 9, "a")], [(2, 3, "b")], [(8, 12, "c")]], [0]),
        ([[]], [0]),
    ],
)
def test_repairs_that_collide_wait(repairs, chosen):
    given = [repair(*edits) for edits in repairs]
    assert apart(given) == [given[number] for number in chosen]


def test_two_values_for_one_key_are_set_one_after_the_other():
    one, other, again = (
        repair((3, 3, str(value)), changes=(Change("yaml", (0, "a"), value),))
        for value in ({"b": 1}, {"c": 1}, {"b": 1})
    )
    assert apart([one, other, again]) == [one, again]


RANGES = st.tuples(st.integers(0, 12), st.integers(0, 4)).map(lambda pair: (pair[0], sum(pair), "x"))


@given(st.lists(st.lists(RANGES, min_size=1, max_size=2).map(sorted), max_size=6))
def test_what_is_apart_can_be_done_in_one_go(given):
    chosen = apart(repair(*edits) for edits in given if len(edits) < 2 or edits[0][1] < edits[1][0])
    edits = sorted({edit for each in chosen for edit in each.edits})
    for one, other in pairwise(edits):
        assert one.end <= other.start


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
@given(text=st.text(st.characters(exclude_characters="\ufeff", exclude_categories=["Cs"])), data=st.data())
def test_all_but_the_edited_stays_byte_by_byte(mark, text, data):
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(mark, "utf-8")
    draft = Draft(mark + text.encode(codec), executable=False)
    assert draft.text == text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    after = draft.mended([repair((start, end, "é"))])
    assert after.data == mark + (text[:start] + "é" + text[end:]).encode(codec)
    assert draft.mended([]) == draft


@pytest.mark.parametrize(
    ("data", "encoding", "after"),
    [
        (b"\xef\xbb\xbfa", "utf-8", b"a"),
        (b"a", "utf-8-sig", b"\xef\xbb\xbfa"),
        (b"\xff\xfea\0", "utf-8", b"a"),
    ],
)
def test_encodings(data, encoding, after):
    assert Draft(data, executable=True).mended([repair(encoding=encoding)]) == Draft(after, executable=True)


def test_a_mode_changes_no_byte():
    assert Draft(b"\xe9", executable=False).mended([repair(executable=True)]) == Draft(b"\xe9", executable=True)


def test_what_changes_mean():
    was = [{"a": [1, 2, 3], "b": {"c": 1}}]
    changes = [
        Change("yaml", (0, "a", 0), ABSENT),
        Change("yaml", (0, "a", 2), ABSENT),
        Change("yaml", (0, "b", "c"), ANY),
        Change("yaml", (0, "d"), True),
    ]
    assert expected(was, changes, [{"b": {"c": "new"}}]) == [{"a": [2], "b": {"c": "new"}, "d": True}]
    assert was == [{"a": [1, 2, 3], "b": {"c": 1}}]


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        (1, True, False),
        (1, 1.0, False),
        ([0], [False], False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (float("nan"), float("nan"), True),
    ],
)
def test_same(one, other, answer):
    assert same(one, other) is answer


def test_edits_that_are_the_same_count_once():
    assert edited("abc", [Edit(1, 2, "x"), Edit(0, 0, "y"), Edit(1, 2, "x"), Edit(0, 0, "z")]) == "yzaxc"
