"""A check that files are valid in their formats; what is not, the engine reports as ``guardrails/unparsable-file``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, Rule, RuleSet
from guardrails.errors import UserErrors
from guardrails.findings import Fact, Finding


class ParseInspector:
    """The formats of each rule, by its number."""

    concluding: RuleSet = frozenset()
    fact_based: RuleSet = frozenset()

    def __init__(self, formats: Mapping[int, tuple[str, ...]]) -> None:
        self._formats = formats

    def inspect(self, file: File, rules: RuleSet) -> Iterable[Finding]:
        """Parse the file in every format that a rule names; raises ParseError, and finds nothing itself."""
        for number in sorted(rules & self._formats.keys()):
            for name in self._formats[number]:
                file.roots(name)
        return ()

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing: each file is judged alone."""
        return ()


class ParseKind:
    """The check kind ``parse``; its block says nothing, since the rule's ``match`` names the formats."""

    name = "parse"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "description": "Nothing: the formats of match are what the files have to be valid in.",
    }

    def compile(self, rules: Sequence[Rule]) -> ParseInspector:
        """Compile all rules of the kind together; raises UserErrors for those that name no format."""
        hint = "write match: {format: yaml}"
        if errors := [rule.error("parse rules need match.format", hint=hint) for rule in rules if not rule.formats]:
            raise UserErrors(errors)
        return ParseInspector({rule.number: rule.formats for rule in rules})


KIND = ParseKind()
