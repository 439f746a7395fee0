"""GitHub annotations: workflow commands for the worst findings, one line for each of the others.

GitHub shows ten annotations of each level for a step and drops the rest without a word, hence the split; problems are
errors too and come first. The runner obeys a line that starts with ``::`` and one that has ``##[`` anywhere in it, so
that no text may bring either along. What is waived or in the baseline is counted in a note if asked for, and no more:
an annotation would ask for something to be done.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters import concise
from guardrails.reporters.excuses import counted
from guardrails.reporters.terminal import visible

MAX_ANNOTATIONS = 10
"""How many annotations of one level GitHub shows for a step."""

_LEVELS = {"error": Enforcement.BLOCK, "warning": Enforcement.WARN, "notice": Enforcement.AUDIT}
_IN_MESSAGES = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES = _IN_MESSAGES | str.maketrans({":": "%3A", ",": "%2C"})


def report(verdict: Verdict, style: Style) -> str:
    """Errors, warnings and notices as commands, worst first, then the rest as ``concise`` has it."""
    ranked = sorted(verdict.findings, key=lambda judged: -judged.severity)
    lines: list[str] = []
    plain: list[Judged] = []
    for level, enforcement in _LEVELS.items():
        problems = verdict.problems if enforcement is Enforcement.BLOCK else ()
        found = [judged for judged in ranked if judged.enforcement is enforcement]
        room = max(MAX_ANNOTATIONS - len(problems), 0)
        lines += map(_problem, problems[:MAX_ANNOTATIONS])
        lines += (_finding(level, judged, verdict.rules.get(judged.finding.rule)) for judged in found[:room])
        plain += found[room:]
        hidden = len(problems) + len(found) - MAX_ANNOTATIONS
        if hidden > 0:
            lines.append(f"… and {hidden} more {level}{'s' if hidden > 1 else ''}, listed below")
    notes = (*verdict.notes, Note(counted(verdict))) if style.excused and verdict.excused else verdict.notes
    rest = verdict._replace(findings=tuple(plain), problems=verdict.problems[MAX_ANNOTATIONS:], notes=notes, excused=())
    return "".join(_harmless(line) + "\n" for line in lines) + _harmless(concise.report(rest, style))


def _finding(level: str, judged: Judged, rule: RuleInfo | None) -> str:
    finding = judged.finding
    title = f"{visible(finding.rule)} ({judged.severity.label})"
    properties = ",".join(f"{name}={value}" for name, value in (*_place(judged), ("title", _property(title))))
    advice = " ".join(rule.remediation.split()) if rule else ""
    message = visible(finding.message or finding.rule)
    message += f"\nblocks from {judged.blocks_from}" if judged.blocks_from else ""
    message += f"\nfix: {visible(advice)}" if advice else ""
    return f"::{level} {properties}::{message.translate(_IN_MESSAGES)}"


def _place(judged: Judged) -> Iterator[tuple[str, object]]:
    """The properties that the runner takes: columns only where the place is on one line, and no end before a start."""
    path, line, column, end_line, end_column = judged.finding.location
    if not path:
        return
    yield "file", _property(visible(path))
    if not line:
        return
    yield "line", line
    if column and end_line <= line:
        yield "col", column
    if end_line >= line:
        yield "endLine", end_line
    if column and end_line == line and end_column >= column:
        yield "endColumn", end_column


def _property(text: str) -> str:
    return text.translate(_IN_PROPERTIES)


def _problem(problem: Problem) -> str:
    about = f"{visible(problem.path)}: " if problem.path else ""
    return f"::error title=guardrails::{(about + visible(problem.message)).translate(_IN_MESSAGES)}"


def _harmless(text: str) -> str:
    return text.replace("##[", "#\\x23[")
