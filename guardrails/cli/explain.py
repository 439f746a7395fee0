"""``guardrails explain``: what a rule wants, or which rules apply to a path and who decided so."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing
from time import strftime

from guardrails.cli import options, planning
from guardrails.engine.compiler import compile_plan
from guardrails.engine.plan import Plan
from guardrails.engine.settle import Settled, decided
from guardrails.errors import UsageError
from guardrails.policy.model import Rule
from guardrails.policy.terms import selects


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("what", metavar="RULE|PATH", help="a rule, a policy, or a path of the repository")
    options.add_rule_options(parser)


def run(args: Namespace) -> int:
    """Explain a rule, a policy or a path."""
    with closing(options.work_tree()) as snapshot:
        entry = snapshot.entry(path) if (path := options.relative(snapshot, args.what)) else None
        around = [entry] if entry else []
        configs = planning.config_files(snapshot, around)
        registry, settled = planning.settled(snapshot, options.rule_options(args), configs)
    rules = [rule for rule in settled.rules if selects(args.what, rule.id)]
    if rules:
        lines = [line for rule in rules for line in (*_rule(settled, rule), "")][:-1]
    elif entry:
        lines = list(_path(settled, compile_plan(decided(settled), registry, settled.folders), entry.path))
    else:
        raise UsageError(
            f"'{args.what}' is neither a rule nor a file here", hint="`guardrails rules --off` lists the rules"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _rule(settled: Settled, rule: Rule) -> Iterator[str]:
    decision = settled.decision(rule, "")
    today = strftime("%Y-%m-%d")
    state = decision.enforcement.on(today).label if decision.enabled else "off"
    yield f"{rule.id}: {rule.title}"
    yield ""
    yield f"  severity     {decision.severity.label}  ({decision.origins['severity']})"
    yield f"  enforcement  {state}  ({decision.origins['enforcement' if decision.enabled else 'enabled']})"
    for date, level in decision.enforcement.steps[1:]:
        yield f"               {level.label} from {date}"
    yield f"  profile      {rule.profile}"
    yield f"  policy       {rule.path}:{rule.line}, pack {rule.pack}, owner {rule.owner}"
    yield f"  kind         {rule.kind}"
    for name, value in decision.parameters.items():
        yield f"  parameter    {name} = {json.dumps(value, ensure_ascii=False)}  ({decision.origins[name]})"
    if rule.references:
        yield f"  references   {', '.join(rule.references)}"
    if rule.controls:
        yield f"  controls     {', '.join(rule.controls)}"
    yield from _prose("why", rule.rationale)
    yield from _prose("how to mend it", rule.remediation)
    if not rule.waivable.allowed:
        yield from _prose("exceptions", "There are none to this rule.")
    else:
        yield from _prose("exceptions", "\n".join(_exceptions(rule)))
    for example in rule.examples:
        yield ""
        yield f"  {'fails' if example.fails else 'passes'}:"
        for path, content in example.tree.items():
            yield f"    {path}"
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            yield from (f"      | {line}" for line in text.splitlines())


def _exceptions(rule: Rule) -> Iterator[str]:
    """How to ask for an exception, and what the rule asks of it."""
    asked = rule.waivable
    yield f"Agree it with {rule.owner}, then: guardrails waivers add {rule.id} PATH"
    if asked.require:
        yield f"It has to give: {', '.join(asked.require)}."
    if asked.max_days:
        yield f"It may last {asked.max_days} days."
    if asked.max_active >= 0:
        yield f"There may be {asked.max_active} at a time."
    if asked.approvers:
        yield f"It takes the approval of one of: {', '.join(asked.approvers)}."
    if asked.inline:
        yield f'Or on the line before: guardrails: waive {rule.id} until=DATE reason="…" (in a comment)'


def _prose(title: str, text: str) -> Iterator[str]:
    yield ""
    yield f"  {title}:"
    yield from (f"    {line}".rstrip() for line in text.splitlines())


def _path(settled: Settled, plan: Plan, path: str) -> Iterator[str]:
    applied = plan.applied(path)
    folder = plan.folder(path)
    ids = {plan.ids[number] for number in plan.judging(path)}
    layers = ", ".join(layer.path for layer in settled.layers_of(folder)) or "none"
    yield f"{path}"
    yield f"  formats   {', '.join(sorted(applied.formats)) or 'none'}"
    yield f"  settings  {layers}"
    yield ""
    yield f"{len(ids)} rules judge it:"
    today = strftime("%Y-%m-%d")
    for rule in settled.rules:
        decision = settled.decision(rule, folder)
        if rule.id in ids:
            yield f"  {rule.id}"
            yield f"    on           {decision.origins['enabled']}"
            yield f"    severity     {decision.severity.label:<9} {decision.origins['severity']}"
            level = decision.enforcement.on(today).label
            yield f"    enforcement  {level:<9} {decision.origins['enforcement']}"
            for name in decision.parameters:
                yield f"    parameter    {name:<9} {decision.origins[name]}"
    off = [(rule, decision) for rule in settled.rules if not (decision := settled.decision(rule, folder)).enabled]
    switched = [(rule, decision) for rule, decision in off if decision.origins["enabled"].line]
    if switched:
        yield ""
        yield f"{len(switched)} rules are switched off here:"
        yield from (f"  {rule.id:<50} {decision.origins['enabled']}" for rule, decision in switched)
    here = [rule for rule in plan.infos if plan.setting(rule, path)]
    excluded = [rule for rule in here if rule not in ids and not plan.stands(rule, path)]
    if excluded:
        yield ""
        yield f"{len(excluded)} rules leave it out (exclude):"
        yield from (f"  {rule}" for rule in excluded)
