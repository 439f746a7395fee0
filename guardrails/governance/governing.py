"""What stands of a scan, and what is odd about the exceptions to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from guardrails.engine.marks import Mark
from guardrails.engine.plan import Plan
from guardrails.engine.scan import Scan
from guardrails.findings import Finding, Location, order
from guardrails.governance import baseline, states, waivers
from guardrails.governance.standing import Owners, Standing, settle
from guardrails.governance.states import Scope, States
from guardrails.governance.verdict import BASELINED, Excuse
from guardrails.governance.waivers import Flaw, Waiver
from guardrails.policy.terms import BASELINE, MISNAMED, WAIVERS
from guardrails.tuples import NamedTuple


class Records(NamedTuple):
    """The exceptions that a repository holds, as stored; None for a file that is not there."""

    waivers: bytes | None
    baseline: bytes | None
    owners: Owners
    there: Callable[[str], bool]
    """Whether a path exists."""

    def read(self, marks: Iterable[Mark]) -> tuple[tuple[Waiver, ...], tuple[Flaw, ...]]:
        """All waivers, those of the file and then those in comments, and what is none."""
        written, flaws = waivers.parse(self.waivers) if self.waivers is not None else ((), ())
        commented, slips = waivers.inline(marks)
        misnamed = (_MISNAMED,) if self.there(MISNAMED) else ()
        return (*written, *commented), (*misnamed, *flaws, *slips)

    def settle(self, plan: Plan, scan: Scan, date: str) -> Standing:
        """The findings of a scan after waivers, on an ISO date."""
        return settle(plan, scan.findings, self.read(scan.marks)[0], date, self.owners)


_MISNAMED = Flaw(Location(MISNAMED), f"waivers are read from {WAIVERS}, and not from here: rename the file", "name")


class Before(NamedTuple):
    """The state that a change starts from."""

    baseline: bytes | None
    stood: Callable[[], frozenset[tuple[str, str, str]]]
    """The keys of all findings there; found when somebody asks."""


class Governed(NamedTuple):
    """A scan after exceptions."""

    stands: tuple[Finding, ...]
    excused: tuple[tuple[Finding, Excuse], ...]
    odd: tuple[Finding, ...]
    """Findings of the governance policy."""


def govern(
    plan: Plan,
    scan: Scan,
    records: Records,
    *,
    scope: Scope,
    date: str,
    marks: Sequence[Mark] | None = None,
    before: Before | None = None,
) -> Governed:
    """Apply waivers and the baseline to a scan on an ISO date; ``marks`` are the inline waivers that may count."""
    found, flaws = records.read(scan.marks if marks is None else marks)
    standing = settle(plan, scan.findings, found, date, records.owners)
    report = States(plan, records.there)
    odd = [*states.of_flaws(report, flaws), *states.of_waivers(report, standing.cases, scope, date)]
    stands, excused = standing.stands, standing.excused
    if records.baseline is not None:
        stands, known, more = _baselined(report, standing, records, scope, before)
        excused += known
        odd += more
    judged = (item for item in odd if scope.holds(item.location.path))
    return Governed(stands, tuple(sorted(excused, key=lambda item: order(item[0]))), tuple(judged))


def _baselined(
    report: States, standing: Standing, records: Records, scope: Scope, before: Before | None
) -> tuple[tuple[Finding, ...], tuple[tuple[Finding, Excuse], ...], list[Finding]]:
    """What stands beside the baseline, what it excuses, and what is odd about it."""
    entries, flaws = baseline.parse(records.baseline or b"")
    odd = [
        finding
        for flaw in flaws
        for finding in report.finding(
            "baseline-malformed",
            Location(BASELINE, flaw.line),
            "this is no `rule fingerprint path`; mend the line, or write the file anew",
            flaw.text,
        )
    ]
    counting: Sequence[baseline.Known] = entries
    if before:
        old = {item.key for item in baseline.parse(before.baseline or b"")[0]}
        added = [item for item in entries if item.key not in old]
        stood = before.stood() if added else frozenset()
        brought = {baseline.entry(finding).key for finding in standing.stands}
        gone = {item.key for item in added if report.is_traced(item.rule)} - brought
        debt = stood | gone
        refused = [item for item in added if item.key not in debt]
        odd += _growth(report, refused, [item for item in added if item.key in debt])
        counting = [item for item in entries if item.key in old or item.key in stood]
    matched = baseline.match(standing.stands, counting, records.there)
    waived = {finding.fingerprint for finding, _ in standing.excused}
    left = [item for item in matched.left if item.fingerprint not in waived]
    odd += states.of_baseline(report, entries, left, scope)
    known = tuple((finding, Excuse(BASELINED, f"{BASELINE}:{item.line}")) for finding, item in matched.known)
    return tuple(matched.new), known, odd


def _growth(report: States, refused: Sequence[baseline.Known], added: Sequence[baseline.Known]) -> Iterator[Finding]:
    """What a change adds: what it brings is no known debt, what stood before it may be."""
    for item in refused:
        text = f"{item.rule} in {item.path} did not stand before this change, so it does not count: mend or waive it"
        yield from report.finding("baseline-grown", baseline.place(item), text, " ".join(item.key))
    if added:
        rules = sorted({item.rule for item in added})
        text = f"This change adds {len(added)} entries, of {', '.join(rules[:5])}{' …' if len(rules) > 5 else ''}"
        yield from report.finding("baseline-grown", baseline.place(added[0]), text, " ".join(rules))
