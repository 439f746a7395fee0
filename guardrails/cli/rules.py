"""``guardrails rules``: the rules, and how they are set in this repository."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing
from time import strftime

from guardrails.cli import options, planning
from guardrails.engine.settle import Settled
from guardrails.policy.model import Rule


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    options.add_rule_options(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--off", action="store_true", help="list the rules that do not run here too")


def run(args: Namespace) -> int:
    """List the rules."""
    with closing(options.work_tree()) as snapshot:
        configs = planning.config_files(snapshot, ())
        _, settled = planning.settled(snapshot, options.rule_options(args), configs)
    rows = [row for rule in settled.rules if (row := _row(settled, rule))["enabled"] or args.off]
    if args.format == "json":
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return 0
    widths = [max((len(str(row[key])) for row in rows), default=0) for key in ("id", "severity", "enforcement")]
    for row in rows:
        cells = (row["id"], row["severity"], row["enforcement"] if row["enabled"] else "off")
        sys.stdout.write("  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths, strict=True)))
        sys.stdout.write(f"  {row['title']}\n")
    sys.stdout.write(f"{len(rows)} rules\n")
    return 0


def _row(settled: Settled, rule: Rule) -> dict[str, object]:
    decision = settled.decision(rule, "")
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": decision.severity.label,
        "enforcement": decision.enforcement.on(strftime("%Y-%m-%d")).label,
        "enabled": decision.enabled,
        "profile": rule.profile,
        "category": rule.category,
        "kind": rule.kind,
        "references": list(rule.references),
        "controls": list(rule.controls),
    }
