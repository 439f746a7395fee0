"""The baseline as a file, and beside findings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.findings import Finding, Location, identified
from guardrails.governance.baseline import Flaw, Known, entry, match, parse, without, write

ODD = ["a\nb", "a\\nb", "a\\", " a ", "a\rb", "\r", "#a", "caf\udce9", "a b c", "\u2028x", "é", "a\\\\n", "\\r\n"]
PATHS = st.one_of(st.sampled_from(["a", "b", "d/a"]), st.sampled_from(ODD), st.text("ab\\nr \n\r\udcff", min_size=1))
RULES = st.sampled_from(["p/r", "p/s", "q/r"])
ENTRIES = st.lists(st.builds(Known, RULES, st.text("0123456789abcdef", min_size=1, max_size=20), PATHS), max_size=8)
FINDINGS = st.lists(
    st.builds(
        Finding,
        RULES,
        st.builds(Location, PATHS, st.integers(0, 5)),
        st.just("M"),
        st.sampled_from(["e", "e  f", " e f", ""]),
    ),
    max_size=10,
).map(identified)


@given(ENTRIES)
def test_what_is_written_is_read(entries):
    data = write(entries)
    found, flaws = parse(data)
    assert flaws == ()
    assert {item.key for item in found} == {item.key for item in entries}
    assert write(found) == write([*reversed(entries), *entries]) == data
    assert {item.key for item in parse(data.replace(b"\n", b"\r\n"))[0]} == {item.key for item in entries}


@given(st.binary(max_size=200))
def test_no_content_raises(data):
    found, flaws = parse(data)
    assert len({item.line for item in (*found, *flaws)}) == len(found) + len(flaws)


@given(ENTRIES, st.data())
def test_taking_out_lines_leaves_all_others_where_they_are(entries, data):
    text = write(entries)
    found, _ = parse(text)
    gone = data.draw(st.sets(st.sampled_from(found))) if found else set()
    left = without(text, [item.line for item in gone])
    assert [item.key for item in parse(left)[0]] == [item.key for item in found if item not in gone]
    assert len(left.split(b"\n")) == len(text.split(b"\n")) - len(gone)


@given(FINDINGS, ENTRIES, st.booleans())
def test_matching_divides(findings, entries, there):
    entries = list({item.key: item for item in [*entries, *map(entry, findings[::2])]}.values())
    known, new, left = match(findings, entries, lambda _: there)
    assert sorted([*(finding for finding, _ in known), *new]) == sorted(findings)
    assert sorted([*(item for _, item in known), *left]) == sorted(entries)
    assert {finding for finding, _ in known} >= set(findings[::2])
    if there:
        assert all(item.key == entry(finding).key for finding, item in known)


@given(FINDINGS)
def test_all_that_stood_is_known(findings):
    found, _ = parse(write(map(entry, findings)))
    assert match(findings, found, lambda _: True).new == []
    moved = identified(item._replace(location=item.location._replace(line=item.location.line + 7)) for item in findings)
    assert match(moved, found, lambda _: True).new == []
    indented = identified(item._replace(evidence=f"  {item.evidence}\t") for item in findings)
    assert match(indented, found, lambda _: True).new == []


def test_a_large_folder_that_moves_stays_known():
    old = identified(Finding("p/r", Location(f"old/{number}.txt", 1), "M", "e") for number in range(500))
    new = identified(Finding("p/r", Location(f"new/{number}.txt", 1), "M", "e") for number in range(500))
    known, more, left = match(new, list(map(entry, old)), lambda path: path.startswith("new/"))
    assert (len(known), more, left) == (500, [], ())
    assert all(finding.location.path[4:] == item.path[4:] for finding, item in known)


@pytest.mark.parametrize("line", ["<<<<<<< ours", "p/r", "p/r abc", "pr abc path", "p/r a-c path"])
def test_what_is_none(line):
    assert parse(f"# known\n{line}\n".encode()) == ((), (Flaw(2, line),))
