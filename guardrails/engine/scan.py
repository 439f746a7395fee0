"""A plan and a snapshot become findings. Pure but for reading through the snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from guardrails.engine import pool
from guardrails.engine.judge import NOTHING, Judge, Judged, PackedFacts, crash, unpack
from guardrails.engine.marks import Mark
from guardrails.engine.plan import Applied, Plan
from guardrails.errors import RepositoryError
from guardrails.findings import Fact, Finding, Note, Problem, identified, order
from guardrails.repository.change import Change
from guardrails.repository.entry import Entry, Snapshot
from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from guardrails.engine.results import Results


class Scan(NamedTuple):
    """What judging a snapshot gave, before anything is waived."""

    findings: tuple[Finding, ...]
    """Sorted by path, line, column, rule and message; fingerprints filled in."""
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    files: int
    marks: tuple[Mark, ...] = ()
    """Inline waivers in the judged files, sorted by place."""


def scan(
    plan: Plan,
    snapshot: Snapshot,
    entries: Sequence[Entry],
    *,
    repository_rules: bool,
    complete: bool,
    date: str,
    others: Sequence[Entry] = (),
    change: Change | None = None,
    progress: Callable[[int], None] | None = None,
    jobs: int = 1,
    results: Results | None = None,
) -> Scan:
    """Judge ``entries`` on an ISO date; with ``repository_rules`` also what is decided over the whole listing.

    Rules that need facts from every file are judged only when ``entries`` are ``complete``, or are so with the
    ``others``, of which only facts are taken; rules about a change just when there is a ``change``. ``progress`` is
    called with the number of files judged so far. At most ``jobs`` processes judge; ``results`` are those of earlier
    runs, which get those of this one. Neither changes what is found.
    """
    run = _Run(plan, snapshot, date, pool.Crew(jobs, progress), results)
    run.judge(entries, facts=repository_rules and complete)
    if any(each.fact_based for each in plan.conclusions.values()):
        run.judge(others, only_facts=True)
    run.conclude(repository_rules=repository_rules, complete=complete, change=change)
    return Scan(
        findings=tuple(sorted(run.findings, key=order)),
        problems=tuple(run.problems),
        notes=tuple(run.notes),
        files=len(entries),
        marks=tuple(run.marks),
    )


class _Run:
    """What one scan gathers."""

    def __init__(self, plan: Plan, snapshot: Snapshot, date: str, crew: pool.Crew, results: Results | None) -> None:
        self.plan = plan
        self.snapshot = snapshot
        self.date = date
        self.crew = crew
        self.results = results
        self.marks: list[Mark] = []
        self.findings: list[Finding] = []
        self.facts: list[tuple[str, PackedFacts]] = []
        self.problems: list[Problem] = []
        self.notes = [Note(text) for text in snapshot.notes]

    def judge(self, entries: Sequence[Entry], *, facts: bool = True, only_facts: bool = False) -> None:
        """Take what the files give, in their order."""
        identify = self.results is not None
        judge = Judge(self.plan, self.snapshot, self.date, facts=facts, only_facts=only_facts, identify=identify)
        for entry, judged in zip(entries, self._judged(judge, entries), strict=True):
            if judged is NOTHING:
                continue
            self.findings += judged.findings
            self.notes += judged.notes
            self.marks += judged.marks
            self.problems += judged.problems
            if judged.facts:
                self.facts.append((entry.path, judged.facts))

    def _judged(self, judge: Judge, entries: Sequence[Entry]) -> Iterable[Judged]:
        if self.results is None:
            with closing(self.crew.run(judge, entries)) as judged:
                yield from judged
            return
        found = self.results.find(judge, entries)
        missing = [number for number, known in enumerate(found) if known is None]
        with closing(self.crew.run(judge, [entries[number] for number in missing])) as judged:
            for number, new in zip(missing, judged, strict=True):
                found[number] = new
                self.results.add(judge, entries[number], new)
        yield from (known for known in found if known is not None)

    def conclude(self, *, repository_rules: bool, complete: bool, change: Change | None) -> None:
        """Let every kind decide what takes more than one file."""
        asked = {}
        for kind, (rules, fact_based, change_based) in self.plan.conclusions.items():
            wanted = (rules - change_based if repository_rules else frozenset()) | (
                change_based if change else frozenset()
            )
            asked[kind] = wanted if complete else wanted - fact_based
        if self.results is None or change or not any(asked.values()):
            self.findings += self._concluded(asked, change)
            return
        broken = len(self.problems)
        key = self.results.key(self.plan, self.date, asked, self.snapshot.entries(), self.facts)
        known = self.results.conclusion(key)
        if known is None:
            known = self._concluded(asked, change)
            if len(self.problems) == broken:
                self.results.conclude(key, known)
        self.findings += known

    def _concluded(self, asked: Mapping[str, frozenset[int]], change: Change | None) -> Sequence[Finding]:
        found: list[Finding] = []
        listing = _Listing(self.plan, self.snapshot, self.date, change)
        facts: dict[str, list[Fact]] = {}
        for path, packed in self.facts:
            for kind, fact in unpack(self.plan, path, packed):
                facts.setdefault(kind, []).append(fact)
        for kind, rules in asked.items():
            try:
                for item in self.plan.inspector(kind).conclude(facts.get(kind, ()), listing, rules) if rules else ():
                    if item.rule not in self.plan.infos:
                        raise LookupError(f"it reports a rule that nobody asked for: {item.rule!r}")
                    if self.plan.stands(item.rule, item.location.path):
                        found.append(item)
            except RepositoryError:
                raise
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and must not pass for it
                self.problems.append(crash(self.plan, kind, error))
        return identified(found)


class _Listing:
    """The repository as conclusions see it."""

    def __init__(self, plan: Plan, snapshot: Snapshot, date: str, change: Change | None) -> None:
        self.plan = plan
        self.snapshot = snapshot
        self.date = date
        self.change = change

    @property
    def entries(self) -> Sequence[Entry]:
        """All paths; listed when a rule first asks."""
        return self.snapshot.entries()

    @cached_property
    def _applied(self) -> Sequence[Applied]:
        return [self.plan.applied(entry.path) for entry in self.entries]

    def matched(self, rule: int) -> Sequence[Entry]:
        """The paths that the rule's ``match`` selects."""
        kind = next(kind for kind, numbers in self.plan.kinds.items() if rule in numbers)
        applied = zip(self.entries, self._applied, strict=True)
        return [entry for entry, each in applied if rule in each.rules.get(kind, ())]
