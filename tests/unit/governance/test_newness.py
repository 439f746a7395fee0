"""What a change is answerable for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from guardrails.findings import Finding, Location, identified
from guardrails.governance.newness import keys, new

PATHS = st.sampled_from(["a", "b", "c"])
FINDINGS = st.lists(
    st.builds(
        Finding,
        st.sampled_from(["p/r", "p/s"]),
        st.builds(Location, PATHS, st.integers(0, 9)),
        st.just("M"),
        st.sampled_from(["e", "f"]),
    ),
    max_size=12,
).map(identified)


def at(path, *numbers):
    return identified(Finding("p/r", Location(path, number), "M", "e") for number in numbers)


@given(FINDINGS)
def test_nothing_is_new_when_nothing_changed(findings):
    assert new(findings, findings, {}, lambda _: ()) == []


@given(FINDINGS)
def test_nothing_is_new_when_files_were_only_renamed(findings):
    after = identified(
        item._replace(location=item.location._replace(path=f"{item.location.path}2")) for item in findings
    )
    moved = {"a2": "a", "b2": "b", "c2": "c"}
    assert new(after, findings, moved, lambda _: ()) == []
    assert keys(findings, moved) == {(item.rule, item.fingerprint, item.location.path) for item in after}


@given(FINDINGS, FINDINGS, st.integers(0, 9))
def test_what_is_new_is_on_new_lines_or_was_not_there(before, after, line):
    found = new(after, before, {}, lambda _: ((line, line),))
    assert set(found) <= set(after)
    assert all(item in found for item in after if item.location.line == line)
    assert len([item for item in after if item not in found]) <= len(before)


def test_a_copy_above_does_not_make_the_old_one_new():
    before, after = at("a", 1), at("a", 1, 4)
    assert new(after, before, {}, lambda _: ((1, 3),)) == [after[0]]


def test_what_moves_without_a_new_line_is_old():
    assert new(at("a", 9), at("a", 1), {}, lambda _: ()) == []
    assert new(at("a", 1, 9), at("a", 1), {}, lambda _: ()) == [at("a", 1, 9)[1]]
