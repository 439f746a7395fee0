"""One run: what is judged, by which plan, and what stands of it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from guardrails.cli import options, planning, records
from guardrails.cli.progress import progress
from guardrails.engine import cache
from guardrails.engine.plan import Plan
from guardrails.engine.scan import Scan, scan
from guardrails.findings import Finding, Note, identified, order
from guardrails.governance.verdict import Excuse, Verdict, judge, with_told
from guardrails.policy.terms import BASELINE, MISNAMED, WAIVERS
from guardrails.repository.entry import Entry, Snapshot

if TYPE_CHECKING:
    from guardrails.cli.comparison import Comparison
    from guardrails.engine.results import Results
    from guardrails.fixing.drafts import Drafts
    from guardrails.governance.governing import Governed


class Run:
    """A check of a snapshot, or of a change; closes what it opened."""

    def __init__(self, args: Namespace, date: str, drafts: Drafts | None = None) -> None:
        self._started = monotonic()
        self._args = args
        self._date = date
        self._drafts = drafts
        self._options = options.rule_options(args)
        opened = drafts.over if drafts else options.open_snapshot(args, next(iter(args.paths), "."))
        self.snapshot: Snapshot = drafts or opened
        try:
            change = options.change(args, opened)
            self.change = change and change._replace(head=self.snapshot)
            self.selection = self._select()
            self.plan = self._plan()
        except BaseException:
            self.close()
            raise

    def _select(self) -> options.Selection:
        if self._args.commit_message is not None:  # Its files were judged when they were staged.
            return options.Selection((), complete=False, repository_rules=False)
        named = options.select_entries(self.snapshot, self._args.paths, staged=self._args.staged)
        return options.select_changed(named, self.snapshot, self.change) if self.change else named

    def close(self) -> None:
        """Release what the snapshots hold open."""
        self.snapshot.close()
        if change := getattr(self, "change", None):
            change.base.close()

    @property
    def _by_base(self) -> bool:
        return bool(self.change) and self._args.judge_with == "base"

    @property
    def _judge_by(self) -> Snapshot:
        """The snapshot whose policies, settings and waivers count."""
        return self.change.base if self.change and self._by_base else self.snapshot

    def _plan(self) -> Plan:
        snapshot = self._judge_by
        whole = self._by_base or self.selection.repository_rules
        seen = snapshot.entries() if whole else self.selection.entries
        return planning.obtain(snapshot, self._options, planning.config_files(snapshot, seen))

    def verdict(self) -> Verdict:
        """Scan, and say what stands."""
        result = self.scan
        findings: Sequence[Finding] = result.findings
        excused: Sequence[tuple[Finding, Excuse]] = ()
        odd: Sequence[Finding] = ()
        told: Sequence[tuple[Plan, Sequence[Finding]]] = ()
        if governed := self._governed(result):
            findings, excused, odd = governed.stands, governed.excused, governed.odd
        if self.comparison:
            if self._args.new_only:
                findings, excused, odd = self.comparison.only_new(findings, excused, odd)
            told, notes = self.comparison.weakenings()
            result = result._replace(notes=(*result.notes, *notes))
        verdict = judge(
            self.plan,
            self._with_unjudged(result),
            date=self._date,
            title=self._title,
            complete=self.selection.complete and self._all_rules,
            findings=self._merged(findings, odd),
            excused=excused,
            seconds=monotonic() - self._started,
        )
        return with_told(verdict, [(plan, identified(found)) for plan, found in told]) if told else verdict

    @property
    def _all_rules(self) -> bool:
        return not (self._options.select or self._options.ignore)

    @property
    def _title(self) -> str:
        if self.comparison:
            return f"{self.snapshot.title}, changed since {self.comparison.change.base.title}"
        return self.snapshot.title

    @cached_property
    def scan(self) -> Scan:
        """What judging gave, before exceptions."""
        selection = self.selection
        step, clear = progress(len(selection.entries))
        results = self._results()
        try:
            found = scan(
                self.plan,
                self.snapshot,
                selection.entries,
                repository_rules=selection.repository_rules,
                complete=selection.complete or bool(selection.others),
                others=selection.others,
                date=self._date,
                change=self.change,
                progress=step,
                jobs=self._args.jobs,
                results=results,
            )
        finally:
            clear()
        if results:
            results.save(selection.entries if selection.complete else ())
        return found

    def _results(self) -> Results | None:
        """Those of earlier runs, where looking for them pays; none of files that are on no disk."""
        selection = self.selection
        few = not selection.complete and len(selection.entries) + len(selection.others) < _FEW
        folder = "" if few or self._drafts or not self._args.cache else cache.usable_for(self.snapshot.root)
        if not folder:
            return None
        from guardrails.engine.results import Results  # noqa: PLC0415 - a commit does without

        return Results(folder, self.snapshot.root)

    def _governed(self, result: Scan) -> Governed | None:
        """The scan after exceptions; None when there are none."""
        entries = self.selection.entries
        if not (result.findings or result.marks or self.selection.complete or any(map(_is_record, entries))):
            return None
        if not (result.marks or records.are_in(self._judge_by)):
            return None
        from guardrails.governance.governing import govern  # noqa: PLC0415 - few runs meet exceptions
        from guardrails.governance.states import Scope  # noqa: PLC0415

        paths = None if self.selection.complete else frozenset(entry.path for entry in entries)
        return govern(
            self.plan,
            result,
            records.read(self._judge_by)._replace(there=records.there(self.snapshot)),
            scope=Scope(paths, self.selection.repository_rules, self._all_rules, not result.problems),
            date=self._date,
            marks=self.comparison.marks_kept(result.marks) if self._by_base and self.comparison else result.marks,
            before=self.comparison.before if self.comparison else None,
        )

    @cached_property
    def comparison(self) -> Comparison | None:
        """The change beside the state that it started from; None where there is none to look at."""
        if self.change is None or self._args.commit_message:
            return None
        from guardrails.cli.comparison import Comparison  # noqa: PLC0415 - only runs about a change

        return Comparison(self.change, self.plan, self._plan_before, self._options, self._date)

    def _plan_before(self) -> Plan:
        """The plan by the settings that the change starts from."""
        if self._by_base or not self.change:
            return self.plan
        base = self.change.base
        return planning.obtain(base, self._options, planning.config_files(base, base.entries()))

    def _merged(self, findings: Sequence[Finding], more: Sequence[Finding]) -> Sequence[Finding]:
        return sorted((*findings, *identified(more)), key=order) if more else findings

    def _with_unjudged(self, result: Scan) -> Scan:
        """Whoever names a file thinks that it is judged: say which is not."""
        if not self._args.paths or self.change:
            return result
        entries = self.selection.entries
        unjudged = [Note("no rule judges it", entry.path) for entry in entries if not self.plan.judging(entry.path)]
        return result._replace(notes=(*result.notes, *unjudged))


_FEW = 500
"""So many files are judged sooner than what is known of all files is loaded."""


def _is_record(entry: Entry) -> bool:
    return entry.path in (WAIVERS, MISNAMED, BASELINE)
