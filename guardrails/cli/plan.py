"""``guardrails plan``: what a check would run, without running it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing

from guardrails.cli import options, planning


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    options.add_snapshot_options(parser)
    options.add_rule_options(parser)


def run(args: Namespace) -> int:
    """Print the plan of a whole run."""
    with closing(options.open_snapshot(args)) as snapshot:
        entries = snapshot.entries()
        configs = planning.config_files(snapshot, entries)
        plan = planning.obtain(snapshot, options.rule_options(args), configs)
        judged: dict[str, int] = {}
        for entry in entries:
            for rule in {plan.ids[number] for number in plan.judging(entry.path)}:
                judged[rule] = judged.get(rule, 0) + 1
    lines = [f"{len(plan.infos)} rules over {len(entries)} files of the {snapshot.title}"]
    lines += [f"settings: {path}" for path in configs]
    for kind, numbers in plan.kinds.items():
        lines.append(f"\n{kind}, of plugin {plan.registry.kinds[kind].plugin}:")
        wide = {plan.ids[number] for number in plan.inspector(kind).concluding}
        for rule in sorted({plan.ids[number] for number in numbers}):
            what = "repository" if rule in wide else f"{judged.get(rule, 0):>6} files"
            lines.append(f"  {rule:<50} {what}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
