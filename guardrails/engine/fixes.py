"""Findings are mended in drafts of files; a draft counts only when judging it shows what was meant, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from guardrails.checks.base import File
from guardrails.documents.document import ParseError
from guardrails.engine.judge import MAX_SIZE, Formats
from guardrails.engine.plan import Plan
from guardrails.engine.scan import Scan, scan
from guardrails.findings import Enforcement, Finding
from guardrails.fixing.drafts import Drafts
from guardrails.fixing.edits import Draft, Repair, apart, expected, same
from guardrails.fixing.rules import Fix, repairs
from guardrails.repository.entry import FILE, Entry, Snapshot
from guardrails.tuples import NamedTuple

MAX_ROUNDS = 10
"""A mended file is judged and mended again so many times at most: a fix may make room for another."""


MAX_TRIES = 100
"""How often the fixes of a file are tried in a round: in ever smaller parts, when all of them together do not hold."""


class Judgement(NamedTuple):
    """What a fix starts from."""

    plan: Plan
    findings: Sequence[Finding]
    """Those that are to be mended; what cannot be is left alone."""


class Mended(NamedTuple):
    """What all rounds came to."""

    before: Mapping[str, Draft]
    """The files that were mended, by path, as they were read."""
    drafts: Mapping[str, Draft]
    """The same files as they become."""
    findings: tuple[Finding, ...]
    """Those that were mended, where they stood in their round."""
    undone: tuple[Finding, ...]
    """Those whose fix was taken back, as they stand now: it broke the file, did not help, or gave a new finding."""


Judge = Callable[[Drafts, Sequence[str] | None], Judgement]
"""Judges the files at some paths, or all."""


def mend(snapshot: Snapshot, judge: Judge, *, date: str, unsafe: bool) -> Mended:
    """Mend what ``judge`` finds, judge the drafts, and so on until nothing is left that can be mended."""
    before: dict[str, Draft] = {}
    drafts: dict[str, Draft] = {}
    done: list[Finding] = []
    undone: dict[str, list[Finding]] = {}
    paths: Sequence[str] | None = None
    for _ in range(MAX_ROUNDS):
        now = Drafts(snapshot, drafts)
        plan, findings = judge(now, paths)
        fixes = plan.fixes()
        by_path: dict[str, list[Finding]] = {}
        for finding in findings:
            by_path.setdefault(finding.location.path, []).append(finding)
        changed = {}
        for path, found in by_path.items():
            entry = now.entry(path)
            if entry is not None and entry.kind == FILE and now.size(entry) <= MAX_SIZE:
                bench = _Bench(plan, fixes, now, entry, date)
                draft, mended, undone[path] = bench.mend(found, unsafe=unsafe)
                done += mended
                if mended:
                    changed[path] = draft
                    before.setdefault(path, bench.draft)
        if not changed:
            break
        drafts |= changed
        paths = sorted(changed)
    return Mended(before, drafts, tuple(done), tuple(finding for found in undone.values() for finding in found))


class _Bench:
    """One file, as it is before a round."""

    def __init__(self, plan: Plan, fixes: Mapping[int, Fix], snapshot: Snapshot, entry: Entry, date: str) -> None:
        self._plan = plan
        self._snapshot = snapshot
        self._entry = entry
        self._date = date
        self._fixes = fixes
        self._tries = 0
        self.draft = Draft(snapshot.read(entry), entry.executable)
        self._file = self._read(self.draft)

    def _read(self, draft: Draft) -> File:
        path = self._entry.path
        formats = self._plan.applied(path).formats
        return File(draft.entry(path), lambda _: draft.data, Formats(self._plan), formats, self._date)

    def mend(self, findings: Sequence[Finding], *, unsafe: bool) -> tuple[Draft, list[Finding], list[Finding]]:
        """The file with as many findings mended as can be at once; which these are, and which were taken back."""
        possible = apart(self._repairs(findings, unsafe=unsafe))
        if not possible:
            return self.draft, [], []
        kept, undone = self._accept([], possible)
        return self.draft.mended(kept), [each.finding for each in kept], [each.finding for each in undone]

    def _repairs(self, findings: Sequence[Finding], *, unsafe: bool) -> Iterator[Repair]:
        wanted = {_key(finding) for finding in findings}
        rules = {finding.rule for finding in findings}
        try:
            self.draft.text  # noqa: B018 - what does not decode cannot be encoded again
        except UnicodeDecodeError:
            if not self._file.binary:
                return
        for kind, numbers in self._plan.applied(self._entry.path).rules.items():
            for number in sorted(numbers & self._fixes.keys()):
                fix = self._fixes[number]
                if self._plan.ids[number] in rules and (fix.safe or unsafe):
                    try:
                        for repair in repairs(fix, number, self._plan.inspector(kind), self._file):
                            if _key(repair.finding) in wanted:
                                wanted.discard(_key(repair.finding))
                                yield repair
                    except ParseError:
                        continue

    def _accept(self, kept: list[Repair], more: list[Repair]) -> tuple[list[Repair], list[Repair]]:
        """Which of ``more`` can be added to those that are kept, and which not: halves are tried when a whole fails."""
        if self._holds([*kept, *more]):
            return [*kept, *more], []
        if len(more) == 1:
            return kept, more
        middle = len(more) // 2
        kept, undone = self._accept(kept, more[:middle])
        kept, more_undone = self._accept(kept, more[middle:])
        return kept, [*undone, *more_undone]

    def _holds(self, chosen: Sequence[Repair]) -> bool:
        """Whether these repairs do what they are meant to do and nothing else."""
        self._tries += 1
        if self._tries > MAX_TRIES:
            return False
        draft = self.draft.mended(chosen)
        return draft != self.draft and self._means(chosen, draft) and self._better(chosen, draft)

    def _means(self, chosen: Sequence[Repair], draft: Draft) -> bool:
        """Whether the values of the file changed in the way that was meant."""
        after = self._read(draft)
        changes = [change for repair in chosen for change in repair.changes]
        for base in {change.base for change in changes}:
            was = [root.value for root in self._file.document(base).roots]
            try:
                now = [root.value for root in after.document(base).roots]
                if not same(expected(was, (change for change in changes if change.base == base), now), now):
                    return False
            except (ParseError, LookupError, TypeError):
                return False
        return True

    def _better(self, chosen: Sequence[Repair], draft: Draft) -> bool:
        """Whether what was mended is found no more, and nothing is found, or told, that was not before."""
        after = self._judged(draft)
        if after.problems or len(after.notes) > len(self._before.notes):
            return False
        was, now = (Counter(finding.rule for finding in result.findings) for result in (self._before, after))
        gone = Counter(repair.finding.rule for repair in chosen)
        return all(now[rule] <= was[rule] - gone[rule] for rule in {*now, *gone} if rule in gone or self._counts(rule))

    def _counts(self, rule: str) -> bool:
        setting = self._plan.setting(rule, self._entry.path)
        return setting is not None and setting.enforcement.on(self._date) >= Enforcement.WARN

    @cached_property
    def _before(self) -> Scan:
        return self._judged(self.draft)

    def _judged(self, draft: Draft) -> Scan:
        path = self._entry.path
        drafts = Drafts(self._snapshot, {path: draft})
        return scan(self._plan, drafts, [draft.entry(path)], repository_rules=False, complete=False, date=self._date)


def _key(finding: Finding) -> tuple[object, ...]:
    """What tells a finding from others; source lines differ when rules are judged alone, for they mask secrets."""
    return finding.rule, finding.location, finding.evidence
