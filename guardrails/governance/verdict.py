"""The verdict: what stands of the findings, and so the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from guardrails.engine.plan import Plan, Setting
from guardrails.engine.scan import Scan
from guardrails.findings import Enforcement, Finding, Note, Problem, Severity, order
from guardrails.policy.terms import RuleInfo
from guardrails.tuples import NamedTuple

WAIVED, BASELINED = "waived", "baselined"


class Excuse(NamedTuple):
    """Why a finding does not count."""

    kind: str
    """``waived`` or ``baselined``."""
    place: str
    """``path:line`` of the waiver, or the path of the baseline."""
    reason: str = ""
    owner: str = ""
    approver: str = ""
    ticket: str = ""
    expires: str = ""
    """ISO date of the last day on which a waiver counts."""


class Judged(NamedTuple):
    """A finding with what happens because of it."""

    finding: Finding
    severity: Severity
    enforcement: Enforcement
    blocks_from: str = ""
    """ISO date on which it starts to block; empty when it does already, or never."""
    excuse: Excuse | None = None
    """None for a finding that stands."""


class Verdict(NamedTuple):
    """The outcome of a run, ready to be reported."""

    findings: tuple[Judged, ...]
    """Those that stand, sorted by path, line, column and rule; enforcement ``off`` never gets here."""
    rules: Mapping[str, RuleInfo]
    """Every rule that ran, by its id, sorted."""
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
    excused: tuple[Judged, ...] = ()
    """What is waived or in the baseline, sorted likewise; each has its excuse."""

    @property
    def exit_code(self) -> int:
        """0 nothing blocks, 1 something blocks, 2 something broke."""
        if self.problems:
            return 2
        return int(any(judged.enforcement is Enforcement.BLOCK for judged in self.findings))

    def count(self, enforcement: Enforcement) -> int:
        """How many findings that stand have this enforcement."""
        return sum(judged.enforcement is enforcement for judged in self.findings)

    def count_excused(self, kind: str) -> int:
        """How many findings are excused in this way."""
        return sum(judged.excuse is not None and judged.excuse.kind == kind for judged in self.excused)


class Style(NamedTuple):
    """How a reporter may write for the place its text goes to."""

    color: bool = False
    width: int = 100
    debug: bool = False
    excused: bool = False
    """Whether findings that are waived or in the baseline are wanted, each with its excuse."""
    version: str = ""


def judge(
    plan: Plan,
    scan: Scan,
    *,
    date: str,
    title: str,
    complete: bool,
    findings: Iterable[Finding] | None = None,
    excused: Iterable[tuple[Finding, Excuse]] = (),
    seconds: float = 0.0,
) -> Verdict:
    """The verdict of a scan on an ISO date; ``findings`` are those that stand, all of them unless given."""
    stand = scan.findings if findings is None else findings
    return Verdict(
        findings=tuple(_judged(plan, ((finding, None) for finding in stand), date)),
        rules=plan.infos,
        problems=scan.problems,
        notes=scan.notes,
        files=scan.files,
        complete=complete,
        date=date,
        title=title,
        seconds=seconds,
        excused=tuple(_judged(plan, excused, date)),
    )


def with_told(verdict: Verdict, told: Iterable[tuple[Plan, Sequence[Finding]]]) -> Verdict:
    """The verdict with what is told of a change, each by a plan of its own."""
    findings, rules = [*verdict.findings], dict(verdict.rules)
    for plan, found in told:
        findings += _judged(plan, ((finding, None) for finding in found), verdict.date)
        rules = {finding.rule: plan.infos[finding.rule] for finding in found} | rules
    findings.sort(key=lambda judged: order(judged.finding))
    return verdict._replace(findings=tuple(findings), rules=dict(sorted(rules.items())))


def _judged(plan: Plan, findings: Iterable[tuple[Finding, Excuse | None]], date: str) -> Iterator[Judged]:
    known: dict[tuple[str, str], tuple[Severity, Enforcement, str]] = {}
    path = folder = ""
    for finding, excuse in findings:
        if finding.location.path != path:
            path = finding.location.path
            folder = plan.folder(path)
        counts = known.get((folder, finding.rule))
        if counts is None:
            counts = known[folder, finding.rule] = _counts(plan.setting(finding.rule, path), date)
        if counts[1] is not Enforcement.OFF:
            yield Judged(finding, *counts, excuse)


def _counts(setting: Setting | None, date: str) -> tuple[Severity, Enforcement, str]:
    """How bad a rule's findings are on a date, what happens because of them, and when they start to block."""
    if setting is None:
        return Severity.INFO, Enforcement.OFF, ""
    return setting.severity, setting.enforcement.on(date), setting.enforcement.blocks_from(date)
