"""Judge a file tree by a policy, all in memory."""

from __future__ import annotations

from guardrails.engine.compiler import Decided, compile_plan
from guardrails.engine.examples import tree
from guardrails.engine.plan import Plan, Setting
from guardrails.engine.scan import Scan, scan
from guardrails.engine.settle import default_parameters
from guardrails.plugins import registry
from guardrails.policy import loading
from guardrails.policy.terms import Source
from guardrails.repository.change import Change
from guardrails.repository.memory import MemorySnapshot

HEAD = "policy: p\ntitle: P\ncategory: c\nowner: o\nrationale: R.\nrules:\n"


def policy(*rules: str) -> loading.Policy:
    """The policy ``p`` with rules given as the lines that differ: ``check`` at least."""
    text = HEAD
    for number, rule in enumerate(rules):
        text += f"- id: r{number}\n  title: T\n  severity: high\n  remediation: M.\n"
        text += "".join(f"  {line}\n" for line in rule.splitlines())
    return loading.load([Source("test", "p.yaml", text.encode())])[0]


def plan(*rules: str, **folders: object) -> Plan:
    decided = [
        Decided("", rule, Setting(rule.severity, rule.enforcement), default_parameters(rule), ())
        for rule in policy(*rules).rules
    ]
    return compile_plan(decided, registry(plugins={}))


def judge(plan: Plan, files: dict[str, object], date: str = "2026-01-15", change: Change | None = None) -> Scan:
    snapshot = MemorySnapshot(tree(files, seed="test"))
    return scan(plan, snapshot, snapshot.entries(), repository_rules=True, complete=True, date=date, change=change)
