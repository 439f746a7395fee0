"""``guardrails baseline``: the findings that stood when rules were adopted."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from guardrails.cli import options, records
from guardrails.cli.judging import Run
from guardrails.cli.writing import record
from guardrails.errors import UsageError
from guardrails.findings import plural
from guardrails.governance import baseline
from guardrails.governance.baseline import Known, Matched
from guardrails.governance.states import Scope, States, was_judged
from guardrails.policy.terms import BASELINE, selects
from guardrails.reporters.terminal import visible, visible_path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the commands below ``baseline``."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help, function in (
        ("create", "write down what stands now; with --select, for rules that are new to it", _create),
        ("status", "show what is known, and what of it is mended", _status),
        ("prune", "take out what is mended", _prune),
    ):
        options.add_rule_options(options.add_command(commands, name, function, help))


class _State:
    """The baseline beside what is found now."""

    def __init__(self, args: Namespace) -> None:
        date = options.today()
        with closing(Run(options.whole(args), date)) as run:
            self.root = run.snapshot.root
            result = run.scan
            if result.problems:
                raise UsageError(
                    f"something broke: {result.problems[0].message}", hint="`guardrails check` says more; mend it first"
                )
            held = records.read(run.snapshot)
            standing = held.settle(run.plan, result, date)
            self.data = held.baseline
            self.entries, self.flaws = baseline.parse(held.baseline or b"")
            self.matched: Matched = baseline.match(standing.stands, self.entries, held.there)
            waived = {finding.fingerprint for finding, _ in standing.excused}
            scope, report = Scope(all_rules=not (args.select or args.ignore)), States(run.plan, held.there)
            self.mended = [
                item for item in self.matched.left if item.fingerprint not in waived and was_judged(report, item, scope)
            ]

    def write(self, data: bytes) -> None:
        """Put the baseline in place."""
        record(self.root, BASELINE, data)


def _create(args: Namespace) -> int:
    state = _State(args)
    if state.flaws:
        raise UsageError(
            f"{BASELINE} cannot be read", hint=f"mend line {state.flaws[0].line}, or restore it from the history"
        )
    selected = options.split(args.select)
    if state.entries:
        _refuse_growth(state.entries, selected)
    new = [finding for finding in state.matched.new if finding.location.path and _selected(finding.rule, selected)]
    state.write(baseline.write([*state.entries, *map(baseline.entry, new)]))
    total = len(state.entries) + len(new)
    sys.stdout.write(f"{BASELINE}: {plural(len(new), 'finding')} written down, {total} in all\n")
    return 0


def _selected(rule: str, selected: Sequence[str]) -> bool:
    return not selected or any(selects(selector, rule) for selector in selected)


def _refuse_growth(entries: Sequence[Known], selected: Sequence[str]) -> None:
    """Raise UsageError where findings of rules that are in the baseline already would be added."""
    if not selected:
        raise UsageError(
            f"there is a baseline already, of {plural(len(entries), 'finding')}, and it may only shrink",
            hint="`baseline prune` takes out what is mended; `baseline create --select RULE` adopts a new rule",
        )
    if old := sorted({item.rule for item in entries if _selected(item.rule, selected)}):
        raise UsageError(
            f"{old[0]} is in the baseline already, and what it has there may only shrink",
            hint=f"mend what is new, or waive it: guardrails waivers add {old[0]} PATH",
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
