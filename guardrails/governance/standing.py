"""Which findings stand: each meets the waivers that are about it, and those that count excuse it.

A waiver that does not give what a rule asks for does not count for that rule. Nor does one that is expired, or whose
dates are none: an exception without an end is none that anybody approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from guardrails.engine.plan import Plan
from guardrails.findings import Finding, plural
from guardrails.governance.verdict import WAIVED, Excuse
from guardrails.governance.waivers import Waiver
from guardrails.matching import GlobSet
from guardrails.policy.terms import Waivable, day, selects
from guardrails.tuples import NamedTuple

Owners = Callable[[str], Sequence[str]]
"""The code owners of a path."""


class Refusal(NamedTuple):
    """Why a waiver does not count for a rule, and the rule of the governance policy that says so."""

    state: str
    message: str


class Case(NamedTuple):
    """A waiver, and what came of it."""

    waiver: Waiver
    expired: str
    """Why it counts no more; empty when it still may."""
    covered: list[Finding]
    """The findings that it is about, whether it counts for them or not."""
    refusals: dict[str, list[Refusal]]
    """By the rules for which it does not count."""

    def counts(self, rule: str) -> bool:
        """Whether it excuses findings of the rule."""
        return not self.expired and not self.refusals.get(rule)


class Standing(NamedTuple):
    """Findings after waivers."""

    stands: tuple[Finding, ...]
    excused: tuple[tuple[Finding, Excuse], ...]
    cases: tuple[Case, ...]


def settle(plan: Plan, findings: Iterable[Finding], waivers: Sequence[Waiver], date: str, owners: Owners) -> Standing:
    """Put findings and waivers together on an ISO date."""
    today = day(date) or 0
    cases = tuple(Case(waiver, _expired(waiver, today), [], {}) for waiver in waivers)
    about = _About(cases)
    met = [(finding, about(finding)) for finding in findings]
    for finding, candidates in met:
        for case in candidates:
            case.covered.append(finding)
    _refuse(plan, cases, today, owners)
    stands: list[Finding] = []
    excused: list[tuple[Finding, Excuse]] = []
    for finding, candidates in met:
        counting = [case.waiver for case in candidates if case.counts(finding.rule)]
        if counting:
            excused.append((finding, excuse(counting[0])))
        else:
            stands.append(finding)
    return Standing(tuple(stands), tuple(excused), cases)


def excuse(waiver: Waiver) -> Excuse:
    """What reports say of a waiver."""
    place = f"{waiver.place.path}:{waiver.place.line}"
    return Excuse(WAIVED, place, waiver.reason, waiver.owner, waiver.approver, waiver.ticket, waiver.expires)


class _About:
    """Finds the waivers that are about a finding, in their order."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        listed = [number for number, case in enumerate(cases) if case.waiver.paths]
        self.listed = listed
        self.globs = GlobSet.compile([cases[number].waiver.paths for number in listed])
        self.prints: dict[str, list[int]] = {}
        self.inline: dict[str, list[int]] = {}
        for number, (waiver, *_) in enumerate(cases):
            if waiver.mark:
                self.inline.setdefault(waiver.mark.path, []).append(number)
            elif not waiver.paths:
                self.prints.setdefault(waiver.fingerprint, []).append(number)
        self.selected: dict[tuple[str, str], bool] = {}

    def __call__(self, finding: Finding) -> list[Case]:
        path, line, *_ = finding.location
        numbers = [self.listed[index] for index in self.globs.match(path)] if self.listed and path else []
        numbers += self.prints.get(finding.fingerprint, ())
        numbers += (number for number in self.inline.get(path, ()) if _reaches(self.cases[number].waiver, line))
        return [self.cases[number] for number in sorted(numbers) if self._means(self.cases[number].waiver, finding)]

    def _means(self, waiver: Waiver, finding: Finding) -> bool:
        key = (waiver.selector, finding.rule)
        if key not in self.selected:
            self.selected[key] = selects(*key)
        return self.selected[key] and waiver.fingerprint in {"", finding.fingerprint}


def _reaches(waiver: Waiver, line: int) -> bool:
    mark = waiver.mark
    return mark is not None and (mark.first <= line <= mark.last if line else mark.top)


def _expired(waiver: Waiver, today: int) -> str:
    last = day(waiver.expires)
    if last is None:
        return (
            f"expires on {waiver.expires!r}, which is no date" if waiver.expires else "has no day on which it expires"
        )
    if waiver.created and day(waiver.created) is None:
        return f"was created on {waiver.created!r}, which is no date"
    return f"expired on {waiver.expires}" if last < today else ""


def _refuse(plan: Plan, cases: Iterable[Case], today: int, owners: Owners) -> None:
    """Note for which rules each waiver does not count: the rule that it names, and those of what it covers."""
    active: dict[str, int] = {}
    for case in cases:
        named = [case.waiver.selector] if case.waiver.selector in plan.infos else []
        for rule in dict.fromkeys([*named, *(finding.rule for finding in case.covered)]):
            info = plan.infos.get(rule)
            if info is None or case.expired:
                continue
            found = list(_refusals(case.waiver, rule, info.waivable, today, owners))
            most = info.waivable.max_active
            if not found and most >= 0:
                active[rule] = active.get(rule, 0) + 1
                if active[rule] > most:
                    text = f"{rule} allows {plural(most, 'waiver')} at a time; this is number {active[rule]}"
                    found = [Refusal("waiver-not-allowed", text)]
            if found:
                case.refusals[rule] = found


def _refusals(waiver: Waiver, rule: str, asked: Waivable, today: int, owners: Owners) -> Iterable[Refusal]:
    if not asked.allowed:
        yield Refusal("waiver-not-allowed", f"{rule} cannot be waived")
        return
    if waiver.mark and not asked.inline:
        text = f"{rule} is waived in .guardrails/waivers.yaml only, not by {waiver.mark.form}s"
        yield Refusal("waiver-not-allowed", text)
    for name in asked.require:
        if not waiver.field(name):
            state = "waiver-without-owner" if name == "owner" else "waiver-incomplete"
            yield Refusal(state, f"{rule} asks for {'an' if name[0] in 'aeiou' else 'a'} {name}")
    if asked.max_days and (length := lasts(waiver, today)) > asked.max_days:
        yield Refusal("waiver-too-long", f"it lasts {length} days; {rule} allows {asked.max_days}")
    if asked.approvers and not (waiver.approver and _may_approve(waiver.approver, asked.approvers, owners)):
        who = f"{waiver.approver} may not approve it" if waiver.approver else "nobody approved it"
        yield Refusal("waiver-unapproved", f"{who}; {rule} wants one of {', '.join(asked.approvers)}")


def lasts(waiver: Waiver, today: int) -> int:
    """How many days it counts from its creation on, or from today on when it says nothing of that."""
    created = day(waiver.created) if waiver.created else None
    start = today if created is None else min(created, today)
    return (day(waiver.expires) or today) - start


def _may_approve(approver: str, allowed: Iterable[str], owners: Owners) -> bool:
    names: list[str] = []
    for item in allowed:
        kind, colon, path = item.partition(":")
        names += owners(path) if kind == "codeowners" and colon else [item]
    return name_of(approver) in map(name_of, names)


def name_of(person: str) -> str:
    """A person or team as it is compared: without @, in lower case."""
    return person.strip().removeprefix("@").casefold()
