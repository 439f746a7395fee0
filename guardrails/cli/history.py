"""One run over past commits: what they added, by the rules that declare it, and what stands of that today."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import cached_property
from time import monotonic

from guardrails.cli import options, planning, records
from guardrails.cli.progress import progress
from guardrails.engine.history import Tracing, Version
from guardrails.engine.plan import Plan
from guardrails.engine.pool import Crew
from guardrails.engine.scan import Scan
from guardrails.errors import UsageError
from guardrails.findings import Finding, Note, order, plural
from guardrails.governance.governing import Records, govern
from guardrails.governance.states import Scope
from guardrails.governance.verdict import Excuse, Verdict, judge
from guardrails.repository import snapshot as snapshots
from guardrails.repository.entry import Snapshot
from guardrails.repository.history import History

_NOTHING_ELSE = Scope(frozenset(), repository_rules=False, all_rules=False)
"""Of the files that are there now none is judged, so nothing can be said of exceptions for them."""


class HistoryRun:
    """A check of past commits by the policies, settings and exceptions of today; closes what it opened."""

    def __init__(self, args: Namespace, date: str) -> None:
        self._started = monotonic()
        self._args = args
        self._date = date
        wanted = options.history_range(args)
        root = snapshots.find_root(".")
        self._history = History(root, wanted)
        bare = snapshots.repository_of(root).bare
        self.snapshot: Snapshot = snapshots.commit(root, "HEAD") if bare else snapshots.work_tree(root)
        self._paths = _Paths(options.history_paths(args, self.snapshot))
        self.plan = self._plan()

    def _plan(self) -> Plan:
        asked = options.rule_options(self._args)._replace(history=True)
        plan = planning.obtain(self.snapshot, asked, planning.config_files(self.snapshot, self.snapshot.entries()))
        if not plan.infos:
            hint = "write `history: true` into a policy, or leave out what switches such rules off"
            raise UsageError("--history: no rule that is on judges past commits", hint=hint)
        return plan

    def close(self) -> None:
        """Release what is held open."""
        self.snapshot.close()
        self._history.close()

    def verdict(self) -> Verdict:
        """Judge the commits, and say what stands."""
        result = self.scan
        governed = govern(self.plan, result, records.read(self.snapshot), scope=_NOTHING_ELSE, date=self._date)
        return judge(
            self.plan,
            result,
            date=self._date,
            title=self._history.title,
            complete=False,
            findings=governed.stands,
            excused=sorted((*governed.excused, *self.excused), key=lambda item: order(item[0])),
            seconds=monotonic() - self._started,
        )

    @property
    def shallow(self) -> bool:
        """Whether older commits are missing here."""
        return bool(self._history.notes)

    @property
    def scan(self) -> Scan:
        """What was added and no inline waiver excuses where it stood, and what else came up."""
        return self._traced[0]

    @property
    def excused(self) -> Sequence[tuple[Finding, Excuse]]:
        """What inline waivers excuse where it stood."""
        return self._traced[1]

    @cached_property
    def _traced(self) -> tuple[Scan, Sequence[tuple[Finding, Excuse]]]:
        exceptions = records.read(self.snapshot)._replace(waivers=None)
        history = self._history
        step, clear = progress(history.commits, "commits")
        crew = Crew(self._args.jobs, step and (lambda _: step(history.started)))
        tracing = Tracing(self.plan, history, self._date, self._paths, crew)
        added: list[Finding] = []
        excuses: dict[str, Excuse] = {}
        try:
            for version in tracing.versions():
                added += version.added
                excuses |= self._excuses(version, exceptions)
        finally:
            clear()
        added.sort(key=order)
        left = tuple(finding for finding in added if finding.fingerprint not in excuses)
        excused = [(finding, excuses[finding.fingerprint]) for finding in added if finding.fingerprint in excuses]
        return Scan(left, tracing.problems, (*tracing.notes, *self._notes()), tracing.files), excused

    def _excuses(self, version: Version, exceptions: Records) -> dict[str, Excuse]:
        """The findings of a version, by their fingerprints, that inline waivers in it excuse."""
        if not version.marks:
            return {}
        scan = Scan(version.findings, (), (), 1, tuple(version.marks))
        return {
            finding.fingerprint: excuse for finding, excuse in exceptions.settle(self.plan, scan, self._date).excused
        }

    def _notes(self) -> Sequence[Note]:
        commits, rules = self._history.commits, len(self.plan.infos)
        judged = f"{plural(commits, 'commit')}, judged by the {plural(rules, 'rule')} about past commits"
        unmet = [Note("no commit of the range brought a file there", path) for path in self._paths.unmet]
        return [Note(f"{self._history.title}: {judged}"), *unmet]


class _Paths:
    """Whether a path is, or lies below, one that is named; any is when none is named."""

    def __init__(self, named: Sequence[str]) -> None:
        self._named = named
        self.unmet = dict.fromkeys(filter(None, named))
        """Those that met no path so far."""

    def __call__(self, path: str) -> bool:
        met = [named for named in self._named if not named or path == named or path.startswith(f"{named}/")]
        for named in met:
            self.unmet.pop(named, None)
        return bool(met) or not self._named
