"""GitLab Code Quality: the findings as a merge request shows them beside the changed lines.

The format knows only issues, so that problems are issues too, of the worst severity: a report of a broken run must not
look clean. Notes have no place in it, and neither has what is waived or in the baseline: every issue counts.
"""

from __future__ import annotations

from typing import Any

from guardrails.findings import Enforcement, Problem, Severity, digest
from guardrails.governance.verdict import Judged, Style, Verdict
from guardrails.reporters.json import dumps

_LINES = 1
"""Each issue has its own line."""

_WORST = "blocker"
"""Broken runs, and what is critical and blocks."""
_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def report(verdict: Verdict, style: Style) -> str:  # noqa: ARG001  every reporter takes a style
    """An array with an issue for each problem, then one for each finding."""
    problems = {_problem(problem)["fingerprint"]: _problem(problem) for problem in verdict.problems}
    return dumps([*problems.values(), *map(_finding, verdict.findings)], _LINES)


def _finding(judged: Judged) -> dict[str, Any]:
    finding, severity, enforcement, *_ = judged
    worst = severity is Severity.CRITICAL and enforcement is Enforcement.BLOCK
    return {
        "description": finding.message or finding.rule,
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": _WORST if worst else _SEVERITIES[severity],
        "location": _location(finding.location.path, finding.location.line),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    """A problem as an issue; GitLab shows one of those with the same fingerprint, so those that agree are one."""
    key = (part.encode("utf-8", "surrogatepass") for part in (problem.path, problem.message))
    return {
        "description": problem.message,
        "check_name": "guardrails",
        "fingerprint": digest((b"problem", *key), size=10),
        "severity": _WORST,
        "location": _location(problem.path, 0),
    }


def _location(path: str, line: int) -> dict[str, Any]:
    return {"path": path or ".", "lines": {"begin": line or 1}}
