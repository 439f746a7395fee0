"""Odd states of waivers and of the baseline, as findings of the rules that stand for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.engine.plan import Plan
from guardrails.findings import Finding, Location, plural
from guardrails.governance import baseline, waivers
from guardrails.governance.standing import Case, lasts
from guardrails.governance.waivers import Waiver
from guardrails.matching import GlobSet
from guardrails.policy.terms import BASELINE, day, did_you_mean, names_of
from guardrails.tuples import NamedTuple


class Scope(NamedTuple):
    """What a run judged."""

    paths: frozenset[str] | None = None
    """None for all of the snapshot."""
    repository_rules: bool = True
    all_rules: bool = True
    """Whether no rule was left out by the command line."""
    sound: bool = True
    """Whether nothing broke."""
    history: bool = False
    """Whether past commits were judged too."""

    def holds(self, path: str) -> bool:
        """Whether a file was judged."""
        return self.paths is None or path in self.paths


class States:
    """Makes findings of states; none where no rule stands for a state, or the rule is off at the place."""

    def __init__(self, plan: Plan, there: Callable[[str], bool]) -> None:
        self.plan = plan
        self.there = there
        """Whether a path exists."""
        known: Mapping[str, tuple[str, Mapping[str, Any]]] = {}
        if "governance" in plan.kinds:
            known = plan.inspector("governance").states  # type: ignore[attr-defined]
        self._known = known
        self.about_changes = {plan.ids[number] for each in plan.conclusions.values() for number in each.change_based}
        """The rules that judge a change."""

    def is_traced(self, rule: str) -> bool:
        """Whether past commits are judged by a rule: what it found there may be gone, and only --history finds that."""
        info = self.plan.infos.get(rule)
        return info is not None and info.history

    def option(self, state: str, name: str, default: Any) -> Any:
        """An option of the rule that stands for a state."""
        _, block = self._known.get(state, ("", {}))
        return block.get(name, default)

    def finding(self, state: str, place: Location, message: str, evidence: str = "") -> Iterator[Finding]:
        """The finding of a state, if any rule stands for it there."""
        rule, _ = self._known.get(state, ("", {}))
        if rule and self.plan.stands(rule, place.path):
            yield Finding(rule, place, message, evidence=evidence or message)


def of_waivers(states: States, cases: Sequence[Case], scope: Scope, date: str) -> Iterator[Finding]:
    """What is odd about the waivers of a run."""
    today = day(date) or 0
    seen: dict[object, Waiver] = {}
    for case in cases:
        for state, message in _odd(states, case, scope, today):
            yield from states.finding(state, case.waiver.place, f"{_name(case.waiver)} {message}", _evidence(case))
        key = (*case.waiver.subject, case.waiver.mark and case.waiver.mark[:2])
        if first := seen.get(key):
            message = f"{_name(case.waiver)} is about the same as the one at line {first.place.line}"
            yield from states.finding("waiver-duplicate", case.waiver.place, message, _evidence(case))
        seen.setdefault(key, case.waiver)
    counting = [case.waiver.place for case in cases if not case.expired]
    limit = states.option("waiver-ceiling", "max", len(counting))
    if scope.paths is None and len(counting) > limit:
        message = f"{plural(len(counting), 'waiver')} count{'s' if len(counting) == 1 else ''}; {limit} may"
        yield from states.finding("waiver-ceiling", counting[limit], message, "ceiling")


def of_flaws(states: States, flaws: Iterable[waivers.Flaw]) -> Iterator[Finding]:
    """What is written as a waiver and is none."""
    for flaw in flaws:
        yield from states.finding("waiver-malformed", flaw.place, flaw.message, flaw.evidence)


def of_baseline(
    states: States, entries: Sequence[baseline.Known], left: Iterable[baseline.Known], scope: Scope
) -> Iterator[Finding]:
    """What is odd about the baseline: entries that nothing answers to, and too many of them."""
    for item in left:
        if was_judged(states, item, scope):
            message = f"{item.rule} in {item.path} is mended: take it out by `guardrails baseline prune`"
            yield from states.finding("baseline-stale", baseline.place(item), message, " ".join(item.key))
    limit = states.option("baseline-ceiling", "max", len(entries))
    if len(entries) > limit:
        place = Location(BASELINE)
        yield from states.finding(
            "baseline-ceiling", place, f"it has {len(entries)} entries; {limit} may be", "ceiling"
        )


def was_judged(states: States, item: baseline.Known, scope: Scope) -> bool:
    """Whether a run would have found again what an entry of the baseline is about."""
    plan = states.plan
    if item.rule not in plan.known:
        return True  # No rule is left that could find it again.
    if item.rule not in plan.infos or not scope.sound:
        return False
    if states.is_traced(item.rule) and not scope.history:
        return False
    if scope.paths is None:
        return True
    return item.path in scope.paths and (scope.repository_rules or item.rule not in plan.concluding())


def _odd(states: States, case: Case, scope: Scope, today: int) -> Iterator[tuple[str, str]]:
    """States of one waiver, with the rest of a sentence that begins with its name."""
    waiver = case.waiver
    selected = states.plan.meant(waiver.selector)
    if not selected:
        hint = did_you_mean(waiver.selector, names_of(states.plan.known))
        yield "waiver-unknown-rule", f"is about no rule or policy that there is{f': {hint}' if hint else ''}"
        return
    if case.expired:
        yield "waiver-expired", case.expired
        return
    left = (day(waiver.expires) or today) - today
    if left <= states.option("waiver-expiring", "days", -1):
        yield "waiver-expiring", f"expires on {waiver.expires}, {f'in {left} days' if left else 'today'}"
    if unused(states, case, scope):
        yield "waiver-unused", "excuses nothing: take it out"
    yield from _excessive(states, case, selected, today)
    yield from _lacking(waiver, case)
    told: set[tuple[str, str]] = set()
    for refusals in case.refusals.values():
        for refusal in refusals:
            if refusal not in told:
                told.add(refusal)
                yield refusal.state, f"does not count: {refusal.message}"


def _excessive(states: States, case: Case, selected: Sequence[str], today: int) -> Iterator[tuple[str, str]]:
    waiver = case.waiver
    limited = any(states.plan.infos[rule].waivable.max_days for rule in selected if rule in states.plan.infos)
    length, limit = lasts(waiver, today), states.option("waiver-too-long", "days", 0)
    if limit and not limited and length > limit:
        yield "waiver-too-long", f"lasts {length} days; at most {limit} are usual"
    policies = {rule.partition("/")[0] for rule in selected}
    most = states.option("waiver-too-broad", "max", 0)
    if len(policies) > 1:
        yield "waiver-too-broad", f"is about rules of {len(policies)} policies"
    elif waiver.paths and _everywhere(waiver.paths):
        yield "waiver-too-broad", "is about every path"
    elif most and len(case.covered) > most:
        yield "waiver-too-broad", f"excuses {len(case.covered)} findings; at most {most} are usual"


def _lacking(waiver: Waiver, case: Case) -> Iterator[tuple[str, str]]:
    """What any waiver should say, where no rule asked for it; the owner of a comment is that of its file."""
    asked = {refusal.state for refusals in case.refusals.values() for refusal in refusals}
    if not waiver.owner and not waiver.mark and "waiver-without-owner" not in asked:
        yield "waiver-without-owner", "has no owner"
    if not waiver.reason and "waiver-incomplete" not in asked:
        yield "waiver-incomplete", "gives no reason"


_ODD_PATHS = (
    ("\x01", "a", "Z", "0", "_", ".x"),
    ("\x01/\x02", "a/b", "Z/y", "0/1", "_/_", ".x/y"),
)
"""Files at the top, and in folders: globs for anything in particular match not all of either."""


def _everywhere(paths: Sequence[str]) -> bool:
    globs = GlobSet.compile([paths])
    return any(all(map(globs.match, paths)) for paths in _ODD_PATHS)


def unused(states: States, case: Case, scope: Scope) -> bool:
    """Whether a run judged everything that the waiver could be about, and found nothing for it to excuse."""
    plan, waiver = states.plan, case.waiver
    if case.covered or case.refusals or case.expired:
        return False
    selected = plan.meant(waiver.selector)
    ran = [rule for rule in selected if rule in plan.infos and rule not in states.about_changes]
    if not ran or not scope.sound or (not scope.all_rules and len(ran) < len(selected)):
        return False
    paths = [waiver.mark.path] if waiver.mark else [path.removeprefix("/") for path in waiver.paths]
    literal = bool(paths) and (waiver.mark is not None or all(map(_is_one_file, waiver.paths)))
    if literal and not any(plan.stands(rule, path) for rule in ran for path in paths):
        return False
    about_the_past = waiver.fingerprint or (literal and not any(map(states.there, paths)))
    if about_the_past and any(map(states.is_traced, ran)):
        return False
    if scope.paths is None:
        return True
    if not literal or not scope.paths.issuperset(paths):
        return False
    return scope.repository_rules or plan.concluding().isdisjoint(ran)


def _is_one_file(glob: str) -> bool:
    return "/" in glob.rstrip("/") and not glob.endswith("/") and not any(char in glob for char in "*?[!\\")


def _name(waiver: Waiver) -> str:
    return f"The waiver of {waiver.selector}"


def _evidence(case: Case) -> str:
    waiver = case.waiver
    return " ".join((waiver.selector, *waiver.paths, waiver.fingerprint)).strip()
