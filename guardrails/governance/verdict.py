"""The verdict: what stands of the findings, and so the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from guardrails.findings import Enforcement, Finding, Severity


class RuleInfo(NamedTuple):
    """What reports say about a rule."""

    id: str
    title: str
    severity: Severity
    category: str
    rationale: str
    remediation: str
    references: tuple[str, ...]
    controls: tuple[str, ...]
    owner: str
    kind: str
    policy_path: str
    waivable: bool


class Judged(NamedTuple):
    """A finding with what happens because of it."""

    finding: Finding
    severity: Severity
    enforcement: Enforcement


class Problem(NamedTuple):
    """Something broke while judging, so the result is not complete: the run exits 2."""

    message: str
    """One line; names the plugin or kind, and the rule where known."""
    path: str = ""
    detail: str = ""
    """The traceback, shown with ``--debug`` only."""


class Note(NamedTuple):
    """Something a reader should know that is neither a finding nor a problem: a file left out, and why."""

    message: str
    path: str = ""


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


def sort_key(judged: Judged) -> Sequence[object]:
    """The order of findings in every report."""
    location = judged.finding.location
    return (location.path, location.line, location.column, judged.finding.rule, judged.finding.message)
