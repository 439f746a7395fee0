"""``guardrails waivers``: ask for an exception, and look after those there are."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing
from itertools import groupby

from guardrails.cli import options, records, waiver_file, waiver_wizard
from guardrails.cli.judging import Run
from guardrails.engine.scan import Scan
from guardrails.findings import Enforcement, identified, plural
from guardrails.governance import states
from guardrails.governance.standing import settle
from guardrails.governance.states import Scope, States
from guardrails.governance.verdict import judge
from guardrails.governance.waivers import FIELDS, Waiver
from guardrails.policy.terms import day
from guardrails.reporters.terminal import visible


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the commands below ``waivers``."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    about = "Write a waiver; on a terminal, ask for what is not given."
    add = options.add_command(commands, "add", waiver_wizard.add, "ask for an exception", about)
    add.add_argument("rule", nargs="?", metavar="RULE", help="a rule, a policy or a glob of rules")
    add.add_argument("paths", nargs="*", metavar="PATH", help="paths or globs; PATH:LINE for the finding at a line")
    add.add_argument("--fingerprint", default="", help="the finding itself, as the JSON report has it")
    for name in ("reason", "owner", "approver", "ticket"):
        add.add_argument(f"--{name}", default="")
    add.add_argument(
        "--expires", metavar="DATE", default="", help="its last day; as far off as its rule allows, but 90 days at most"
    )
    options.add_history_option(add)
    about = "List the waivers, inline ones too."
    listing = options.add_command(commands, "list", _list, "list the waivers", about)
    listing.add_argument("--by", choices=("expiry", "owner", "rule"), default="expiry", help="how they are sorted")
    listing.add_argument("--format", choices=("text", "json"), default="text")
    about = "Check the waivers, judging no file."
    lint = options.add_command(commands, "lint", _lint, "check the waivers alone", about)
    about = "Take out waivers that are expired or unused."
    prune = options.add_command(commands, "prune", _prune, "take out what is expired or unused", about)
    prune.add_argument("--dry-run", action="store_true", help="only say what would be taken out")
    for command in (add, lint, prune):
        options.add_rule_options(command)


def _list(args: Namespace) -> int:
    with closing(options.work_tree()) as snapshot:
        written, flaws = records.read(snapshot).read(records.all_marks(snapshot))
    keys = {
        "expiry": _expiry,
        "owner": lambda item: (item.owner, *_expiry(item)),
        "rule": lambda item: (item.selector, *_expiry(item)),
    }
    waivers = sorted(written, key=keys[args.by])
    if args.format == "json":
        rows = [_plain(item) for item in waivers]
        sys.stdout.write(json.dumps(rows, indent=1, ensure_ascii=True) + "\n")
        return 0
    today = day(options.today()) or 0
    for heading, group in (
        groupby(waivers, lambda item: item.owner or "nobody") if args.by == "owner" else [("", waivers)]
    ):
        if heading:
            sys.stdout.write(f"{visible(heading)}\n")
        for item in group:
            sys.stdout.write(f"{'  ' if heading else ''}{_line(item, today)}\n")
    broken = f", and {len(flaws)} that cannot be read (guardrails waivers lint)" if flaws else ""
    sys.stdout.write(f"{plural(len(waivers), 'waiver')}{broken}\n")
    return 0


def _expiry(item: Waiver) -> tuple[str, str, str, int]:
    return item.expires, item.selector, item.place.path, item.place.line


def _plain(item: Waiver) -> dict[str, object]:
    place = {"path": item.place.path, "line": item.place.line, "inline": item.mark is not None}
    about = {"rule": item.selector, "paths": list(item.paths), "fingerprint": item.fingerprint}
    return about | {name: item.field(name) for name in FIELDS} | place


def _line(item: Waiver, today: int) -> str:
    last = day(item.expires)
    left = "no date" if last is None else "expired" if last < today else f"{last - today} days"
    about = ", ".join(item.paths) or item.fingerprint or f"line {item.place.line} of {item.place.path}"
    who = f" ({item.owner})" if item.owner else ""
    return visible(f"{item.expires:<10}  {left:>9}  {item.selector}  {about}: {item.reason or 'no reason'}{who}")


def _lint(args: Namespace) -> int:
    """Whatever shows without judging: so nothing is said of use."""
    with closing(Run(options.whole(args), options.today())) as run:
        held = records.read(run.snapshot)
        written, flaws = held.read(records.all_marks(run.snapshot))
        cases = settle(run.plan, (), written, options.today(), held.owners).cases
        report = States(run.plan, held.there)
        found = [
            *states.of_flaws(report, flaws),
            *states.of_waivers(report, cases, Scope(sound=False), options.today()),
        ]
        scan = Scan(identified(found), (), (), 0)
        verdict = judge(run.plan, scan, date=options.today(), title="", complete=False)
    for judged in verdict.findings:
        path, line, *_ = judged.finding.location
        place = f"{path}:{line}" if line else path
        text = f"{place}: {judged.enforcement.label}: {judged.finding.message} [{judged.finding.rule}]"
        sys.stdout.write(visible(text) + "\n")
    sys.stdout.write(f"{plural(len(written), 'waiver')}, {verdict.count(Enforcement.BLOCK)} block\n")
    return verdict.exit_code


def _prune(args: Namespace) -> int:
    with closing(Run(options.whole(args), options.today())) as run:
        held = records.read(run.snapshot)
        result = run.scan
        standing = held.settle(run.plan, result, options.today())
        scope = Scope(all_rules=not (args.select or args.ignore), sound=not result.problems)
        report = States(run.plan, held.there)
        gone = [case for case in standing.cases if case.expired or states.unused(report, case, scope)]
        if not args.dry_run and held.waivers is not None:
            waiver_file.remove(run.snapshot.root, held.waivers, [case.waiver for case in gone if not case.waiver.mark])
    for case in gone:
        why = case.expired or "excuses nothing"
        hint = f": take the {case.waiver.mark.form} out" if case.waiver.mark else ""
        place = case.waiver.place
        sys.stdout.write(visible(f"{place.path}:{place.line}: the waiver of {case.waiver.selector} {why}{hint}") + "\n")
    taken = f"{'would be ' if args.dry_run else ''}taken out of {plural(len(standing.cases), 'waiver')}"
    sys.stdout.write(f"{sum(case.waiver.mark is None for case in gone)} {taken}\n")
    return 0
