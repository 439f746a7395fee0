"""``guardrails test``: run the examples that policies carry."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing

from guardrails.cli import options, planning, records
from guardrails.engine.examples import failures
from guardrails.engine.options import Options
from guardrails.engine.plan import Registry
from guardrails.errors import UsageError
from guardrails.plugins import registry
from guardrails.policy import loading, packs
from guardrails.policy.model import Rule
from guardrails.policy.terms import BUILTIN


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "what", nargs="*", metavar="FILE|FOLDER|PACK", help="policies to test; those of this repository by default"
    )


def run(args: Namespace) -> int:
    """Test, and return 1 when an example does not show what it should."""
    installed = registry()
    rules = [rule for what in args.what for rule in _rules(what, installed)] if args.what else _settled_rules()
    found = list(failures(rules, installed, records.odd))
    for failure in found:
        sys.stdout.write(f"{failure.path}:{failure.line}: {failure.rule}: {failure.message}\n")
    examples = sum(len(rule.examples) for rule in rules)
    sys.stdout.write(f"{len(found)} failures in {examples} examples of {len(rules)} rules\n")
    return int(bool(found))


def _rules(what: str, installed: Registry) -> list[Rule]:
    if os.path.exists(what):
        sources = packs.read_files(what, packs.policy_files(what))
    elif what == BUILTIN:
        sources = packs.read_files("shipped", packs.policy_files(packs.builtin_folder()))
    elif what in installed.packs:
        sources = packs.read_files(what, packs.policy_files(packs.package_folder(installed.packs[what])))
    else:
        known = ", ".join([BUILTIN, *installed.packs])
        raise UsageError(f"{what}: no such file, folder or pack", hint=f"installed packs: {known}")
    return [rule for policy in loading.load(sources) for rule in policy.rules]


def _settled_rules() -> list[Rule]:
    with closing(options.work_tree()) as snapshot:
        configs = planning.config_files(snapshot, ())
        _, settled = planning.settled(snapshot, Options(), configs)
    return list(settled.rules)
