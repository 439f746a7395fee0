from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.concise import report
from guardrails.reporters.terminal import visible

LINE = re.compile(r"([^:]+):(\d+):(\d+): (block|warn|audit|waived|baselined) (critical|high|medium|low|info) (.*)")
ESCAPE = re.compile(r"\\(?:x(..)|u(....)|U(........)|(.))")


def unescape(text: str) -> str:
    """A path as it was before the report escaped it."""

    def one(match: re.Match[str]) -> str:
        byte, short, long, char = match.groups()
        if byte:
            return chr(int(byte, 16) + (0xDC00 if byte >= "80" else 0))
        return {"n": "\n", "r": "\r", "t": "\t"}.get(char, char) if char else chr(int(short or long, 16))

    return ESCAPE.sub(one, text)


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    snapshot("everything.concise.txt", report(everything, style))


def test_what_does_not_count_is_listed_for_those_who_ask(
    everything: Verdict, style: Style, snapshot: Callable[[str, str], None]
) -> None:
    plain, asked = report(everything, style), report(everything, style._replace(excused=True))
    added = set(asked.splitlines()) - set(plain.splitlines())
    assert len(added) == len(everything.excused) == 11
    assert all(" waived " in line or " baselined " in line for line in added)
    snapshot("everything.excused.concise.txt", asked)


@pytest.mark.parametrize(("excuse", "word"), [("file", "waived"), ("inline", "waived"), ("debt", "baselined")])
def test_the_excuse_stands_in_place_of_the_enforcement(
    judged: Callable[..., Judged],
    verdict_of: Callable[..., Verdict],
    rules: dict[str, RuleInfo],
    excuses: dict[str, Excuse],
    style: Style,
    excuse: str,
    word: str,
) -> None:
    item = judged(rules["pin"], "a", 3, enforcement=Enforcement.BLOCK, excuse=excuses[excuse])
    verdict = verdict_of(excused=(item,))
    assert report(verdict, style) == ""
    assert report(verdict, style._replace(excused=True)) == f"a:3:1: {word} high {rules['pin'].id} is broken\n"


def test_nothing_to_say_is_nothing(verdict_of: Callable[..., Verdict], style: Style) -> None:
    assert report(verdict_of(), style) == ""


@pytest.mark.parametrize(
    ("path", "span", "place"),
    [
        ("a.py", (3, 7), "a.py:3:7: "),
        ("a.py", (3,), "a.py:3:1: "),
        ("a.py", (), "a.py:1:1: "),
        ("", (), ".:1:1: "),
        ("a b/ż.py", (1, 1), "a b/ż.py:1:1: "),
        ("a:1:2: b", (1, 1), r"a\x3a1\x3a2\x3a b:1:1: "),
        ('say "hi"', (1, 1), r"say \"hi\":1:1: "),
        ("back\\slash", (1, 1), r"back\\slash:1:1: "),
        ("new\nline", (1, 1), r"new\nline:1:1: "),
        ("caf\udce9", (1, 1), r"caf\xe9:1:1: "),
    ],
)
def test_a_place_can_be_parsed_whatever_the_name(
    judged: Callable[..., Judged],
    verdict_of: Callable[..., Verdict],
    rules: dict[str, RuleInfo],
    style: Style,
    path: str,
    span: tuple[int, ...],
    place: str,
) -> None:
    finding = judged(rules["pin"], path, *span, message="no\ntag", enforcement=Enforcement.BLOCK)
    assert report(verdict_of(finding), style) == f"{place}block high container-images/pin-base-image no\\ntag\n"


def test_problems_and_notes_have_their_own_lines(verdict_of: Callable[..., Verdict], style: Style) -> None:
    verdict = verdict_of(
        problems=(Problem("kind broke", "a:b", "Traceback"), Problem("odd")), notes=(Note("is large", "c"),)
    )
    assert report(verdict._replace(complete=False), style).splitlines() == [
        r"error: a\x3ab: kind broke",
        "error: odd",
        "note: c: is large",
        "note: partial run: not every file was judged by every rule",
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_every_line_can_be_parsed_back(hostile: st.SearchStrategy[Verdict], data: st.DataObject) -> None:
    verdict = data.draw(hostile)
    asked = data.draw(st.booleans())
    text = report(verdict, Style(excused=asked))
    text.encode()
    lines = text.split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines)
    found = verdict.findings + verdict.excused * asked
    assert len(lines) == len(found) + len(verdict.problems) + len(verdict.notes) + (not verdict.complete)
    for judged, line in zip(found, lines, strict=False):
        match = LINE.fullmatch(line)
        assert match
        path, row, column, enforcement, severity, rest = match.groups()
        location = judged.finding.location
        assert unescape(path) == (location.path or ".")
        assert (int(row), int(column)) == (location.line or 1, location.column or 1)
        level = judged.excuse.kind if judged.excuse else judged.enforcement.label
        assert (enforcement, severity) == (level, judged.severity.label)
        assert rest == f"{visible(judged.finding.rule)} {visible(judged.finding.message)}"
