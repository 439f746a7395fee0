"""A change beside the state that it started from: what is new, and what it weakens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache

from guardrails.cli import planning, records
from guardrails.engine.marks import Mark
from guardrails.engine.options import Options
from guardrails.engine.plan import Plan
from guardrails.engine.scan import scan
from guardrails.engine.settle import Settled
from guardrails.errors import UserErrors
from guardrails.findings import Finding, Note
from guardrails.governance import newness, waivers, weakened_rules, weakened_waivers
from guardrails.governance.governing import Before
from guardrails.governance.states import States
from guardrails.governance.verdict import Excuse
from guardrails.governance.waivers import Waiver
from guardrails.governance.weakened_waivers import Touched, Weakening, touched
from guardrails.policy.terms import BASELINE, SETTINGS, WAIVERS
from guardrails.repository.change import RENAMED, Change, ChangedFile
from guardrails.repository.entry import FILE, Snapshot

_ALL = ((1, 1 << 60),)


class Comparison:
    """What takes both sides of a change."""

    def __init__(
        self, change: Change, plan: Plan, plan_before: Callable[[], Plan], options: Options, date: str
    ) -> None:
        self.change = change
        self._plan = plan
        self._plan_before = plan_before
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

    def weakenings(self) -> tuple[Sequence[tuple[Plan, Sequence[Finding]]], Sequence[Note]]:
        """What the change makes laxer, by the plan that says so, and what could not be told about that.

        It is told by the rules before the change, where they have one for it: none can switch off what tells of it.
        """
        plans = [self._plan]
        notes: list[Note] = []
        found: list[Weakening] = []
        if any(map(self._is_setting, self.change.files)):
            try:
                found += weakened_rules.weakenings(self._settled(self.change.base), self._settled(self.change.head))
                plans.insert(0, self._plan_before())
            except UserErrors as errors:
                text = (
                    f"the settings before the change are not valid, so what it weakens is not told: {errors.errors[0]}"
                )
                notes.append(Note(text))
        reports = [States(plan, records.there(self.change.head)) for plan in plans]
        new = self._waivers(self.change.head)
        laxer = list(touched(self._waivers(self.change.base), new, self._plan.known))
        found += [*weakened_waivers.weakenings(laxer), *self._unapproved(reports[0], laxer)]
        told: list[tuple[Plan, list[Finding]]] = [(plan, []) for plan in plans]
        for weakening in found:
            for report, (_, findings) in zip(reports, told, strict=True):
                if answer := list(report.finding(*weakening)):
                    findings.extend(answer)
                    break
        return told, notes

    def _waivers(self, snapshot: Snapshot) -> Sequence[Waiver]:
        """The waivers of a side: those of the file, and of comments in the files that the change touched."""
        old = snapshot is self.change.base
        marks = (
            mark._replace(path=file.path)
            for file in self.change.files
            if (path := file.before if old else file.path)
            for mark in records.marks_of(snapshot, path)
        )
        return records.read(snapshot).read(marks)[0]

    def _unapproved(self, report: States, laxer: Sequence[Touched]) -> Iterator[Weakening]:
        asked = report.option(weakened_waivers.UNAPPROVED, "evidence", "none")
        if asked == "none":
            return
        from guardrails.repository import changes  # noqa: PLC0415 - only where evidence is asked for

        root = self.change.head.root
        for waiver, _ in laxer:
            brought = (
                changes.brought(root, self.change, waiver.place.path, line) for line in self._lines_of_waiver(waiver)
            )
            for commit in dict.fromkeys(filter(None, brought)):
                signature = changes.signature(root, commit.id) if asked == "signature" else ""
                yield from weakened_waivers.unapproved(waiver, commit, asked, signature)

    def _lines_of_waiver(self, waiver: Waiver) -> Sequence[int]:
        """The lines of a waiver that the change brought: each may come from a commit of its own."""
        path, first, *_ = waiver.place
        end = first + 1 if waiver.mark else next(line for line in self._starts if line > first)
        return [line for low, high in self._lines(path) for line in range(max(low, first), min(high + 1, end))]

    @cached_property
    def _starts(self) -> Sequence[int]:
        """The lines at which the waivers of the file begin, and the one behind its last."""
        data = records.content(self.change.head, WAIVERS) or b""
        return [*(waiver.place.line for waiver in waivers.parse(data)[0]), data.count(b"\n") + 2]

    def _is_setting(self, file: ChangedFile) -> bool:
        """Whether a file may say what rules there are, or how they are set: a pack may be any folder of YAML."""
        return any(path.rpartition("/")[2] in SETTINGS or path.endswith((".yaml", ".yml")) for path in file[::2])

    def _settled(self, snapshot: Snapshot) -> Settled:
        configs = planning.config_files(snapshot, snapshot.entries())
        return planning.settled(snapshot, self._options, configs)[1]

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
