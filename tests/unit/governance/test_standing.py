"""A finding is excused by a waiver that counts, and by nothing else."""

from __future__ import annotations

from fnmatch import fnmatchcase
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.engine.marks import Mark
from guardrails.findings import Finding, Location, identified
from guardrails.governance.standing import settle
from guardrails.governance.waivers import Waiver, inline, parse
from guardrails.policy.terms import WAIVERS
from tests.unit.engine.judging import plan

PLAN = plan(
    "check: {text: {forbid: a}}",
    "check: {text: {forbid: b}}\nwaivable: {require: [owner], max-days: 30}",
    "check: {text: {forbid: c}}\nwaivable: false",
    "check: {text: {forbid: d}}\nwaivable: {inline: false}",
)
TODAY = "2026-01-15"
RULES = ["p/r0", "p/r1", "p/r2", "p/r3"]
PATHS = ["a", "d/a", "d/b"]
FINDINGS = st.lists(
    st.builds(
        Finding, st.sampled_from(RULES), st.builds(Location, st.sampled_from(PATHS), st.integers(0, 4)), st.just("M")
    ),
    max_size=8,
).map(identified)
LITERAL = {"/a": {"a"}, "a": {"a", "d/a"}, "d/": {"d/a", "d/b"}, "/d/b": {"d/b"}}
WAIVER = st.builds(
    lambda selector, paths, mark, owner, expires: Waiver(
        selector, Location(WAIVERS, 1), () if mark else tuple(paths), "", "R", owner, expires=expires, mark=mark
    ),
    st.sampled_from([*RULES, "p", "p/*", "*", "[!x]*", "[!p]*", "q"]),
    st.lists(st.sampled_from(sorted(LITERAL)), min_size=1, max_size=2, unique=True),
    st.one_of(
        st.none(),
        st.none(),
        st.builds(Mark, st.sampled_from(PATHS), st.just(1), st.just(2), st.integers(2, 4), st.booleans(), st.just("")),
    ),
    st.sampled_from(["", "o"]),
    st.sampled_from(["", "soon", "2026-01-14", "2026-01-15", "2026-02-14", "2026-02-15"]),
)


def excuses(waiver: Waiver, finding: Finding) -> bool:
    """The same as the code under test, as the documentation has it."""
    path, line, *_ = finding.location
    if waiver.mark:
        mark = waiver.mark
        about = mark.path == path and (mark.first <= line <= mark.last if line else mark.top)
    else:
        about = any(path in LITERAL[glob] for glob in waiver.paths)
    named = waiver.selector in {finding.rule, "p"} or fnmatchcase(finding.rule, waiver.selector)
    dated = waiver.expires >= TODAY and waiver.expires[:1] == "2"
    allowed = {
        "p/r0": True,
        "p/r1": bool(waiver.owner) and waiver.expires <= "2026-02-14",
        "p/r2": False,
        "p/r3": not waiver.mark,
    }
    return about and named and dated and allowed[finding.rule]


@settings(deadline=None)
@given(FINDINGS, st.lists(WAIVER, max_size=5))
def test_excused_is_what_a_counting_waiver_is_about(findings, waivers):
    standing = settle(PLAN, findings, waivers, TODAY, lambda _: ())
    excused = [finding for finding, _ in standing.excused]
    assert excused == [item for item in findings if any(excuses(waiver, item) for waiver in waivers)]
    assert list(standing.stands) == [item for item in findings if item not in excused]
    assert [case.waiver for case in standing.cases] == waivers


@given(st.binary(max_size=300))
def test_no_file_raises(data):
    parse(data)
    parse(b"waivers:\n" + data)


@given(st.text(max_size=80))
def test_no_comment_raises(text):
    waivers, flaws = inline([Mark("a", 1, 2, 2, False, text)])
    assert waivers or flaws


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('p/r0 until=2026-12-31 reason="a b"', "a b"),
        (r'p/r0 until=2026-12-31 reason="a \"b\" \\ c"', r'a "b" \ c'),
        ("p/r0 until=2026-12-31 reason=a", "a"),
        ('p/r0 until=2026-12-31 reason="a = b" owner=o', "a = b"),
        ('p/r0 until=2026-12-31 reason=""', ""),
        ('p/r0 until=2026-12-31 reason="until=2030-01-01"', "until=2030-01-01"),
        ('p/r0 until=2026-12-31 reason="a', None),
        ("p/r0 until=2026-12-31 until=2030-01-01", None),
        ("p/r0 until=2026-12-31 expires=2030-01-01", None),
        ("until=2026-12-31 p/r0", None),
    ],
)
def test_quotes_in_comments(text, reason):
    waivers, _ = inline([Mark("a", 1, 2, 2, False, text)])
    assert [(item.selector, item.expires, item.reason) for item in waivers] == (
        [] if reason is None else [("p/r0", "2026-12-31", reason)]
    )


def test_thousands_of_waivers_and_findings():
    items = [
        Waiver("p/*", Location(WAIVERS, number), (f"/src/{number}.py",), "", "R", "o", expires="2026-02-01")
        for number in range(4000)
    ]
    findings = identified(Finding("p/r0", Location(f"src/{number}.py", 1), "M") for number in range(4000))
    start = process_time()
    assert settle(PLAN, findings, items, TODAY, lambda _: ()).stands == ()
    assert process_time() - start < 5
