"""``guardrails baseline``: the findings that stood when rules were adopted."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from guardrails.cli import options, records
from guardrails.cli.history import HistoryRun
from guardrails.cli.judging import Run
from guardrails.cli.writing import record
from guardrails.errors import UsageError
from guardrails.findings import Finding, plural
from guardrails.governance import baseline
from guardrails.governance.baseline import Known, Matched
from guardrails.governance.governing import Records
from guardrails.governance.states import Scope, States, was_judged
from guardrails.governance.verdict import Excuse
from guardrails.policy.terms import BASELINE, selects
from guardrails.reporters.terminal import visible, visible_path
from guardrails.repository.changes import SHALLOW


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the commands below ``baseline``."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help, function in (
        ("create", "write down what stands now; with --select, for rules that are new to it", _create),
        ("status", "show what is known, and what of it is mended", _status),
        ("prune", "take out what is mended", _prune),
    ):
        command = options.add_command(commands, name, function, help)
        options.add_history_option(command)
        options.add_rule_options(command)


class _State:
    """The baseline beside what is found now and, where that is asked for, beside what past commits added."""

    def __init__(self, args: Namespace) -> None:
        date = options.today()
        with closing(Run(options.whole(args), date)) as run:
            self.root = run.snapshot.root
            held = records.read(run.snapshot)
            self.data = held.baseline
            self.entries, self.flaws = baseline.parse(held.baseline or b"")
            self.now = _matched(run, held, self.entries, date)
            report = States(run.plan, held.there)
        self.past: Matched | None = None
        if args.history is not None:
            with closing(HistoryRun(options.whole(args), date)) as history:
                if history.shallow:
                    raise UsageError("--history: older commits are missing here, and what they added", hint=SHALLOW)
                self.past = _matched(history, held, self.entries, date, history.excused)
        self.traced = {item.rule for item in self.entries if report.is_traced(item.rule)}
        """Rules of entries that past commits may answer to."""
        self.gone = {item.key for item in self.now.left if item.rule in self.traced}
        """Keys of the entries that only past commits may answer to."""
        scope = Scope(all_rules=not (args.select or args.ignore), history=self.past is not None)
        left = {item.key for item in (self.past or self.now).left}
        self.mended = [item for item in self.now.left if item.key in left and was_judged(report, item, scope)]

    def write(self, data: bytes) -> None:
        """Put the baseline in place."""
        record(self.root, BASELINE, data)


def _matched(
    run: Run | HistoryRun,
    held: Records,
    entries: Sequence[Known],
    date: str,
    excused: Sequence[tuple[Finding, Excuse]] = (),
) -> Matched:
    """What a run finds and no waiver excuses beside the baseline; raises UsageError where something broke."""
    result = run.scan
    if result.problems:
        raise UsageError(
            f"something broke: {result.problems[0].message}", hint="`guardrails check` says more; mend it first"
        )
    standing = held.settle(run.plan, result, date)
    waived = {finding.fingerprint for finding, _ in (*standing.excused, *excused)}
    matched = baseline.match(standing.stands, entries, held.there)
    return matched._replace(left=[item for item in matched.left if item.fingerprint not in waived])


def _create(args: Namespace) -> int:
    state = _State(args)
    if state.flaws:
        raise UsageError(
            f"{BASELINE} cannot be read", hint=f"mend line {state.flaws[0].line}, or restore it from the history"
        )
    selected = options.split(args.select)
    found = (state.past or state.now).new
    new = [finding for finding in found if finding.location.path and _selected(finding.rule, selected)]
    if state.entries:
        _refuse_growth(state, new, selected)
    state.write(baseline.write([*state.entries, *map(baseline.entry, new)]))
    total = len(state.entries) + len(new)
    sys.stdout.write(f"{BASELINE}: {plural(len(new), 'finding')} written down, {total} in all\n")
    return 0


def _selected(rule: str, selected: Sequence[str]) -> bool:
    return not selected or any(selects(selector, rule) for selector in selected)


def _refuse_growth(state: _State, new: Sequence[Finding], selected: Sequence[str]) -> None:
    """Raise UsageError where findings of rules would be added that are in the baseline already.

    What is gone may be adopted after what is there, or with it. What is there is adopted once, also when all of it is
    mended: an entry does not say which of both it was.
    """
    past = state.past is not None
    option = " --history" if past else ""
    known = [item for item in state.entries if (item.key in state.gone if past else item.rule not in state.traced)]
    if known and not selected:
        raise UsageError(
            f"there is a baseline already, of {plural(len(known), 'finding')}, and it may only shrink",
            hint=f"`baseline prune{option}` takes out what is mended; "
            f"`baseline create{option} --select RULE` adopts a new rule",
        )
    there = {baseline.entry(finding).key for finding in state.now.new}
    adopted = {item.rule for item in state.entries}
    adopted_as_gone = {item.rule for item in state.entries if item.key in state.gone}
    for finding in new:
        is_gone = baseline.entry(finding).key not in there
        if finding.rule in (adopted_as_gone if is_gone else adopted):
            about = f"--fingerprint {finding.fingerprint} --history" if is_gone else f"{finding.rule} PATH"
            raise UsageError(
                f"{finding.rule} is in the baseline already, and what it has there may only shrink",
                hint=f"mend what is new, or waive it: guardrails waivers add {about}",
            )


def _status(args: Namespace) -> int:
    state = _State(args)
    if not state.entries:
        sys.stdout.write("there is no baseline\n")
        return 0
    mended = Counter(item.rule for item in state.mended)
    for rule, count in sorted(
        Counter(item.rule for item in state.entries).items(), key=lambda item: (-item[1], item[0])
    ):
        sys.stdout.write(f"{count:6} {visible(rule)}{f', {mended[rule]} of them mended' if mended[rule] else ''}\n")
    sys.stdout.write(f"{plural(len(state.entries), 'finding')} known, {len(state.mended)} of them mended\n")
    if state.mended:
        sys.stdout.write("`guardrails baseline prune` takes out what is mended\n")
    return 0


def _prune(args: Namespace) -> int:
    state = _State(args)
    if state.data is not None and state.mended:
        state.write(baseline.without(state.data, [item.line for item in state.mended]))
    for item in state.mended:
        sys.stdout.write(f"mended: {visible(item.rule)} in {visible_path(item.path)}\n")
    sys.stdout.write(f"{len(state.entries) - len(state.mended)} left, {len(state.mended)} taken out\n")
    return 0
