from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardrails.findings import Enforcement, Problem, Severity
from guardrails.governance.verdict import Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.github import MAX_ANNOTATIONS, report
from guardrails.reporters.terminal import visible

Rules = dict[str, RuleInfo]
MakeJudged = Callable[..., Judged]
MakeVerdict = Callable[..., Verdict]

LEVELS = {Enforcement.BLOCK: "error", Enforcement.WARN: "warning", Enforcement.AUDIT: "notice"}
PLAIN = re.compile(r"[^:]+:\d+:\d+: (block|warn|audit) (critical|high|medium|low|info) |error: |note: ")
CUT = re.compile(r"… and (\d+) more (error|warning|notice)s?, listed below")
REFERENCE = re.compile(r"%(25|0D|0A|3A|2C)")


def unescape(text: str) -> str:
    return REFERENCE.sub(lambda match: chr(int(match[1], 16)), text)


def command(line: str) -> tuple[str, dict[str, str], str]:
    """A line as the runner of GitHub takes it apart: the first ``::`` after the start ends the properties."""
    assert line.startswith("::")
    head, _, message = line[2:].partition("::")
    name, _, rest = head.partition(" ")
    pairs = (part.split("=", 1) for part in rest.split(","))
    return name, {key.strip(): unescape(value) for key, value in pairs}, unescape(message)


def obeyed(text: str) -> list[str]:
    """The lines that the runner obeys."""
    assert text.endswith("\n") or not text
    assert "##[" not in text
    return [line for line in text.split("\n") if line.lstrip().startswith("::")]


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    text = report(everything, style)
    assert Counter(command(line)[0] for line in obeyed(text)) == {"error": 4, "warning": 10, "notice": 1}
    snapshot("everything.github.txt", text)


def test_what_does_not_count_is_a_number_for_those_who_ask(everything: Verdict, style: Style) -> None:
    plain, asked = (report(everything, style._replace(excused=asked)).splitlines() for asked in (False, True))
    assert [line for line in asked if line not in plain] == ["note: 3 waived, 8 in the baseline"]
    assert [line for line in asked if line in plain] == plain


def test_none_is_not_counted(verdict_of: MakeVerdict, style: Style) -> None:
    assert report(verdict_of(), style._replace(excused=True)) == ""


def test_what_is_waived_takes_no_room(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, excuses: dict[str, Excuse], style: Style
) -> None:
    block = Enforcement.BLOCK
    findings = [judged(rules["pin"], "a", line, enforcement=block) for line in range(1, MAX_ANNOTATIONS + 1)]
    waived = judged(rules["pin"], "a", 99, enforcement=block, excuse=excuses["file"])
    verdict = verdict_of(*findings, excused=(waived,))
    assert report(verdict, style) == report(verdict._replace(excused=()), style)
    assert len(obeyed(report(verdict, style._replace(excused=True)))) == MAX_ANNOTATIONS


def test_a_finding_of_no_file_has_no_place(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    items = [judged(rules["todo"], "", message=f"commit {number}") for number in range(MAX_ANNOTATIONS + 1)]
    text = report(verdict_of(*items, rules=()), style)
    assert [command(line)[1] for line in obeyed(text)] == [{"title": "debt/todo-ticket (low)"}] * MAX_ANNOTATIONS
    assert text.splitlines()[-1] == ".:1:1: warn low debt/todo-ticket commit 10"


def test_nothing_to_say_is_nothing(verdict_of: MakeVerdict, style: Style) -> None:
    assert report(verdict_of(), style) == ""


@pytest.mark.parametrize(
    ("path", "message", "line"),
    [
        ("a.py", "50% off", "file=a.py,line=1,title=debt/todo-ticket (low)::50%25 off"),
        ("a.py", "%0A::error::x", "file=a.py,line=1,title=debt/todo-ticket (low)::%250A::error::x"),
        ("a.py", "a\r\nb", "file=a.py,line=1,title=debt/todo-ticket (low)::a\\r\\nb"),
        ("a,b:c%.py", "a,b:c", "file=a%2Cb%3Ac%25.py,line=1,title=debt/todo-ticket (low)::a,b:c"),
        ("x::y\n", "\x1b[1m", "file=x%3A%3Ay\\n,line=1,title=debt/todo-ticket (low)::\\x1b[1m"),
        ("caf\udce9", "##[error]x", "file=caf\\xe9,line=1,title=debt/todo-ticket (low)::#\\x23[error]x"),
        ("", "odd", "title=debt/todo-ticket (low)::odd"),
        ("a", "", "file=a,line=1,title=debt/todo-ticket (low)::debt/todo-ticket"),
    ],
)
def test_escaping(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, path: str, message: str, line: str
) -> None:
    verdict = verdict_of(judged(rules["todo"], path, 1, message=message), rules=())
    assert report(verdict, style) == f"::warning {line}\n"


@pytest.mark.parametrize(
    ("span", "properties"),
    [
        ((), ""),
        ((4,), ",line=4"),
        ((4, 2), ",line=4,col=2"),
        ((4, 2, 4, 9), ",line=4,col=2,endLine=4,endColumn=9"),
        ((4, 2, 4, 1), ",line=4,col=2,endLine=4"),
        ((4, 2, 6, 1), ",line=4,endLine=6"),
        ((4, 2, 3, 9), ",line=4,col=2"),
        ((4, 0, 4, 9), ",line=4,endLine=4"),
    ],
)
def test_places_that_the_runner_takes(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, span: tuple[int, ...], properties: str
) -> None:
    text = report(verdict_of(judged(rules["todo"], "a", *span), rules=()), style)
    assert text == f"::warning file=a{properties},title=debt/todo-ticket (low)::is broken\n"


def test_the_fix_and_the_day_are_told(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    item = judged(rules["pin"], "a", 1)._replace(blocks_from="2027-01-01")
    (line,) = obeyed(report(verdict_of(item), style))
    assert command(line)[2].split("\n") == [
        "is broken",
        "blocks from 2027-01-01",
        "fix: Pin the image by digest, or by a tag that names a version.",
    ]


def test_worst_first(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    items = [
        judged(
            rules["todo"]._replace(severity=severity), f"{enforcement.label}-{severity.label}", enforcement=enforcement
        )
        for enforcement in (Enforcement.AUDIT, Enforcement.WARN, Enforcement.BLOCK)
        for severity in (Severity.LOW, Severity.CRITICAL)
    ]
    lines = obeyed(report(verdict_of(*items, problems=(Problem("it broke", "p:q"),)), style))
    assert lines[0] == "::error title=guardrails::p:q: it broke"
    assert [command(line)[1]["file"] for line in lines[1:]] == [
        "block-critical",
        "block-low",
        "warn-critical",
        "warn-low",
        "audit-critical",
        "audit-low",
    ]


@pytest.mark.parametrize(
    ("problems", "findings", "cut"),
    [
        (0, 10, None),
        (0, 11, "… and 1 more error, listed below"),
        (0, 47, "… and 37 more errors, listed below"),
        (4, 7, "… and 1 more error, listed below"),
        (12, 3, "… and 5 more errors, listed below"),
    ],
)
def test_what_github_would_drop_is_named_and_listed(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    problems: int,
    findings: int,
    cut: str | None,
) -> None:
    items = [judged(rules["pin"], "a", line, enforcement=Enforcement.BLOCK) for line in range(1, findings + 1)]
    text = report(verdict_of(*items, problems=(Problem("it broke"),) * problems), style)
    lines = text.splitlines()
    assert len(obeyed(text)) == min(problems + findings, MAX_ANNOTATIONS)
    assert [line for line in lines if CUT.fullmatch(line)] == ([cut] if cut else [])
    assert len(lines) == problems + findings + bool(cut)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(data=st.data(), times=st.sampled_from([1, 4]))
def test_no_text_gives_orders_to_the_runner(
    hostile: st.SearchStrategy[Verdict], data: st.DataObject, times: int
) -> None:
    verdict = data.draw(hostile)
    orders = data.draw(
        st.sampled_from(["", "\n::error::x", "::stop-commands::x", " ##[error]x", "###[group]", "%0A::"])
    )
    verdict = verdict._replace(
        findings=tuple(
            judged._replace(
                finding=judged.finding._replace(
                    message=orders + judged.finding.message,
                    location=judged.finding.location._replace(path=orders + judged.finding.location.path),
                )
            )
            for judged in verdict.findings * times
        ),
        problems=tuple(problem._replace(message=orders + problem.message) for problem in verdict.problems * times),
    )
    asked = data.draw(st.booleans())
    text = report(verdict, Style(excused=asked))
    text.encode()
    lines = text.split("\n")[:-1]
    assert all(line.isprintable() for line in lines)
    commands = [command(line) for line in obeyed(text)]
    for enforcement, level in LEVELS.items():
        found = verdict.count(enforcement) + (len(verdict.problems) if level == "error" else 0)
        assert sum(name == level for name, _, _ in commands) == min(found, MAX_ANNOTATIONS)
        named = [int(match[1]) for line in lines if (match := CUT.fullmatch(line)) and match[2] == level]
        assert named == ([found - MAX_ANNOTATIONS] if found > MAX_ANNOTATIONS else [])
    plain = [line for line in lines if not line.startswith(("::", "… and "))]
    assert all(PLAIN.match(line) for line in plain)
    told = len(verdict.findings) + len(verdict.problems) + len(verdict.notes) + (not verdict.complete)
    told += asked and bool(verdict.excused)
    assert len(commands) + len(plain) == told
    shown = {properties.get("file", "") for _, properties, _ in commands}
    assert shown <= {visible(one.finding.location.path).replace("##[", "#\\x23[") for one in verdict.findings} | {""}
