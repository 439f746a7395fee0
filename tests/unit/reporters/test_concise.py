from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.concise import report
from guardrails.reporters.terminal import visible

LINE = re.compile(r"([^:]+):(\d+):(\d+): (block|warn|audit) (critical|high|medium|low|info) (.*)")
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
    text = report(verdict, Style())
    text.encode()
    lines = text.split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines)
    assert len(lines) == sum(map(len, verdict[:1] + verdict[2:4])) + (not verdict.complete)
    for judged, line in zip(verdict.findings, lines, strict=False):
        match = LINE.fullmatch(line)
        assert match
        path, row, column, enforcement, severity, rest = match.groups()
        location = judged.finding.location
        assert unescape(path) == (location.path or ".")
        assert (int(row), int(column)) == (location.line or 1, location.column or 1)
        assert (enforcement, severity) == (judged.enforcement.label, judged.severity.label)
        assert rest == f"{visible(judged.finding.rule)} {visible(judged.finding.message)}"
