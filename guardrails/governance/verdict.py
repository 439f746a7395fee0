"""The verdict: what stands of the findings, and so the exit code."""

from __future__ import annotations

from typing import NamedTuple

from guardrails.engine.plan import Plan
from guardrails.engine.scan import Scan
from guardrails.findings import Enforcement, Finding, Note, Problem, Severity
from guardrails.policy.terms import RuleInfo


class Judged(NamedTuple):
    """A finding with what happens because of it."""

    finding: Finding
    severity: Severity
    enforcement: Enforcement
    blocks_from: str = ""
    """ISO date on which it starts to block; empty when it does already, or never."""


class Verdict(NamedTuple):
    """The outcome of a run, ready to be reported."""

    findings: tuple[Judged, ...]
    """Sorted by path, line, column and rule; enforcement ``off`` never gets here."""
    rules: tuple[RuleInfo, ...]
    """Every rule that ran, sorted by id."""
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    files: int
    """How many files were judged."""
    complete: bool
    """Whether the whole snapshot was judged by all rules."""
    title: str
    """What was judged: ``work tree``, ``index``, ``commit …``."""
    seconds: float = 0.0
    date: str = ""
    """The ISO date whose enforcement counts."""

    @property
    def exit_code(self) -> int:
        """0 nothing blocks, 1 something blocks, 2 something broke."""
        if self.problems:
            return 2
        return int(any(judged.enforcement is Enforcement.BLOCK for judged in self.findings))

    def count(self, enforcement: Enforcement) -> int:
        """How many findings have this enforcement."""
        return sum(judged.enforcement is enforcement for judged in self.findings)


class Style(NamedTuple):
    """How a reporter may write for the place its text goes to."""

    color: bool = False
    width: int = 100
    debug: bool = False
    version: str = ""


def judge(plan: Plan, scan: Scan, *, date: str, title: str, complete: bool, seconds: float = 0.0) -> Verdict:
    """The verdict of a scan on an ISO date."""
    judged = []
    for finding in scan.findings:
        setting = plan.setting(finding.rule, finding.location.path)
        if setting is not None:
            enforcement = setting.enforcement.on(date)
            if enforcement is not Enforcement.OFF:
                later = setting.enforcement.blocks_from(date)
                judged.append(Judged(finding, setting.severity, enforcement, later))
    return Verdict(
        findings=tuple(judged),
        rules=tuple(plan.infos.values()),
        problems=scan.problems,
        notes=scan.notes,
        files=scan.files,
        complete=complete,
        date=date,
        title=title,
        seconds=seconds,
    )
