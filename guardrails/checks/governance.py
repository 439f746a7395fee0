"""The check kind ``governance``: odd states of waivers and of the baseline, and what a change weakens.

Files alone do not show them: whether a waiver is of any use takes all findings of a run. So this kind only says which
rule stands for which state, with which options, and :mod:`guardrails.governance` finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, Rule, RuleSet
from guardrails.errors import UserErrors
from guardrails.findings import Fact, Finding

STATES = {
    "waiver-malformed": "It is not written as a waiver has to be, and does not count.",
    "waiver-unknown-rule": "It names no rule that there is.",
    "waiver-expired": "Its last day is past, or its dates are none.",
    "waiver-expiring": "It expires within some `days`.",
    "waiver-unused": "Nothing that was judged needs it.",
    "waiver-too-long": "It lasts longer than its rule allows, or than `days` where the rule says nothing.",
    "waiver-too-broad": "It is about every path, about rules of more than one policy, or excuses over `max` findings.",
    "waiver-without-owner": "Nobody answers for it.",
    "waiver-incomplete": "It lacks what its rule asks for, or has no reason.",
    "waiver-unapproved": "Nobody who may has approved it, or there is no `evidence` for the approval.",
    "waiver-not-allowed": "Its rule cannot be waived, or not like this, or not once more.",
    "waiver-duplicate": "Another one is about the same.",
    "waiver-ceiling": "More than `max` waivers count.",
    "baseline-malformed": "A line is none of a baseline.",
    "baseline-stale": "An entry's finding is mended.",
    "baseline-grown": "A change adds to it.",
    "baseline-ceiling": "It has more than `max` entries.",
    "change-adds-waiver": "A change brings a waiver.",
    "change-widens-waiver": "A change lets a waiver excuse more, or longer, or for less reason.",
    "change-weakens-rule": "A change removes, disables or softens a rule.",
    "change-excludes-paths": "A change takes paths out of what is judged.",
}
SCHEMA: Mapping[str, Any] = {
    "description": "A state that the engine finds in waivers, in the baseline, or in a change to them.",
    "type": "object",
    "required": ["state"],
    "additionalProperties": False,
    "properties": {
        "state": {"enum": list(STATES), "description": "What is found."},
        "days": {"type": "integer", "minimum": 0, "description": "Days that the state is about."},
        "max": {"type": "integer", "minimum": 0, "description": "The most there may be."},
        "evidence": {
            "enum": ["none", "author", "trailer", "signature"],
            "description": "What has to show in the commit that brings a waiver: nothing; that its author is not the "
            "approver; besides, a trailer that names the approver; or a good signature of the commit.",
        },
    },
}


class GovernanceInspector:
    """Which rule stands for which state."""

    concluding: RuleSet = frozenset()
    fact_based: RuleSet = frozenset()

    def __init__(self, states: Mapping[str, tuple[str, Mapping[str, Any]]]) -> None:
        self.states = states
        """Rule and block by state."""

    def inspect(self, file: File, rules: RuleSet) -> Iterable[Finding | Fact]:  # noqa: ARG002 - see above
        """Nothing."""
        return ()

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing."""
        return ()


class GovernanceKind:
    """The check kind ``governance``."""

    name = "governance"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> GovernanceInspector:
        """Compile all rules of the kind; raises UserErrors for two rules of one state."""
        states: dict[str, tuple[str, Mapping[str, Any]]] = {}
        errors = []
        for rule in rules:
            state = rule.block["state"]
            if states.setdefault(state, (rule.id, rule.block))[0] != rule.id:
                errors.append(rule.error(f"{states[state][0]} stands for {state} already", "state"))
        if errors:
            raise UserErrors(errors)
        return GovernanceInspector(states)


KIND = GovernanceKind()
