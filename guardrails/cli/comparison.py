"""A change beside the state that it started from: what is new, and what it weakens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from guardrails.cli import records
from guardrails.engine.marks import Mark
from guardrails.engine.options import Options
from guardrails.engine.plan import Plan
from guardrails.engine.scan import scan
from guardrails.findings import Finding
from guardrails.governance import newness
from guardrails.governance.governing import Before
from guardrails.governance.verdict import Excuse
from guardrails.policy.terms import BASELINE
from guardrails.repository.change import RENAMED, Change
from guardrails.repository.entry import FILE

_ALL = ((1, 1 << 60),)


class Comparison:
    """What takes both sides of a change."""

    def __init__(self, change: Change, plan: Plan, options: Options, date: str) -> None:
        self.change = change
        self._plan = plan
        self._options = options
        self._date = date
        self._touched = change.by_path
        self._moved = {file.path: file.before for file in change.files if file.status == RENAMED}
        self._lines = lru_cache(maxsize=None)(self._lines_of)

    @cached_property
    def before(self) -> Before:
        """What the baseline may hold."""
        return Before(
            records.content(self.change.base, BASELINE),
            lambda: newness.keys(self._findings_before(whole=True), self._moved),
        )

    def marks_kept(self, marks: Iterable[Mark]) -> list[Mark]:
        """The inline waivers that the change did not bring."""
        return records.marks_kept(marks, self.change)

    def only_new(
        self, findings: Sequence[Finding], excused: Sequence[tuple[Finding, Excuse]], odd: Sequence[Finding]
    ) -> tuple[Sequence[Finding], Sequence[tuple[Finding, Excuse]], Sequence[Finding]]:
        """Of each only what the change is answerable for."""
        everything = sorted([*findings, *(finding for finding, _ in excused)])
        kept = {
            id(finding)
            for finding in newness.new(everything, self._findings_before(whole=False), self._moved, self._lines)
        }
        return (
            [finding for finding in findings if id(finding) in kept],
            [item for item in excused if id(item[0]) in kept],
            [finding for finding in odd if newness.on(finding, self._lines)],
        )

    def weakenings(self) -> Sequence[Finding]:
        """What the change makes laxer."""
        return ()

    def _findings_before(self, *, whole: bool) -> Sequence[Finding]:
        """What is found before the change, by the policies of today: in the files that it touches, or in all."""
        base = self.change.base
        entries = base.entries()
        old = {file.before for file in self.change.files}
        judged = entries if whole else [entry for entry in entries if entry.path in old]
        others = () if whole else [entry for entry in entries if entry.path not in old]
        found = scan(self._plan, base, judged, repository_rules=True, complete=True, others=others, date=self._date)
        return found.findings

    def _lines_of(self, path: str) -> Sequence[tuple[int, int]]:
        """The lines that the change brought to a path."""
        changed = self._touched.get(path)
        if changed is None:
            return ()
        old = self.change.base.entry(changed.before) if changed.before else None
        new = self.change.head.entry(path)
        if old is None or new is None or old.kind != FILE or new.kind != FILE:
            return _ALL
        from guardrails.repository.line_diff import changed_lines  # noqa: PLC0415 - only where something is found

        return changed_lines(self.change.base.read(old), self.change.head.read(new)).added
