"""The check kind ``licence``: licence expressions (SPDX) that a file names, judged by a list of licences.

With ``allow``, an expression is fine when somebody who may use those licences alone can keep to it: one side of an OR
is enough, all of an AND is needed. With ``deny``, it is fine when it leaves a way around those. An exception (WITH)
only adds to what a licence permits: so an allowed licence is allowed with any, and a denied one is not denied with one.
What allows later versions is allowed where its own version is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, Rule, RuleSet, render
from guardrails.checks.cel import EvaluationError, Expression, Scope
from guardrails.checks.document_routes import route
from guardrails.checks.document_view import located
from guardrails.checks.jsonpath import JSONPath, Tree
from guardrails.documents import spdx
from guardrails.documents.document import Path, Root
from guardrails.errors import UserError, UserErrors
from guardrails.findings import Fact, Finding
from guardrails.tuples import NamedTuple

_LICENCES = {"type": "array", "items": {"type": "string", "minLength": 1}}
_LISTS = ("allow", "deny")
SCHEMA: Mapping[str, Any] = {
    "description": "Licence expressions (SPDX), judged by a list of licences.",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "each": {
            "type": "string",
            "default": "$",
            "description": "JSONPath (RFC 9535) of what has a licence, such as a package.",
        },
        "when": {
            "type": "string",
            "minLength": 1,
            "description": "CEL; only nodes for which it is true are judged, and none where it cannot be evaluated.",
        },
        "expression": {
            "type": "string",
            "default": "$",
            "description": "JSONPath from the node to its licence: a text, a list of texts to choose from, or a "
            "mapping whose 'type' is the text. A node without one is not judged.",
        },
        "allow": {
            **_LICENCES,
            "description": "Licences that may be used: SPDX ids, `id WITH exception`, or the beginning of ids and *. "
            "What is not an expression is a finding.",
        },
        "deny": {
            **_LICENCES,
            "description": "Licences that may not be used, written as for allow. What is not an expression is fine.",
        },
    },
    "oneOf": [{"required": [name]} for name in _LISTS],
}


class Terms(NamedTuple):
    """A list of licences, in lower case."""

    exact: frozenset[tuple[str, str]]
    beginnings: tuple[str, ...]

    def hold(self, name: str, exception: str) -> bool:
        """Whether a licence is on the list."""
        return (name, exception) in self.exact or (not exception and name.startswith(self.beginnings))

    def allow(self, licence: spdx.Licence) -> bool:
        """Whether a list of allowed licences lets this one be used."""
        name, exception = (part.lower() for part in licence)
        own = name.replace("-or-later", "-only").removesuffix("+")
        return any(self.hold(each, with_) for each in (name, own) for with_ in (exception, ""))

    def spare(self, licence: spdx.Licence) -> bool:
        """Whether a list of denied licences does not have this one."""
        return not self.hold(licence.name.lower(), licence.exception.lower())


class Check(NamedTuple):
    """One rule, ready to judge."""

    rule: str
    formats: tuple[str, ...]
    each: JSONPath
    when: Expression | None
    expression: JSONPath
    allows: bool
    terms: Terms
    message: str
    params: Mapping[str, Any]

    def judge(self, value: Any) -> tuple[str, str]:
        """The licence as text, and what is wrong with it; nothing is when that is empty."""
        text, expression = "", None
        try:
            text = _text(value)
            expression = spdx.parse(text)
        except spdx.SpdxError as error:
            return text, str(error) if self.allows else ""
        permitted = self.terms.allow if self.allows else self.terms.spare
        if spdx.satisfied(expression, permitted):
            return text, ""
        refused = dict.fromkeys(str(licence) for licence in spdx.licences(expression) if not permitted(licence))
        return text, f"{', '.join(refused)} is not allowed"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("type")
    if isinstance(value, list) and value:
        return " OR ".join(f"({_text(item)})" if len(value) > 1 else _text(item) for item in value)
    if not isinstance(value, str):
        raise spdx.SpdxError("it is not a text")
    return value


class LicenceInspector(NamedTuple):
    """All rules of the kind."""

    checks: Mapping[int, Check]
    concluding: RuleSet = frozenset()
    fact_based: RuleSet = frozenset()

    def inspect(self, file: File, rules: RuleSet) -> Iterator[Finding]:
        """Judge the licences that one file names; raises ParseError when it is not valid in its format."""
        for number in sorted(rules & self.checks.keys()):
            check = self.checks[number]
            for name in check.formats:
                for root in file.roots(name):
                    yield from _judge(file, root, check)

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing: each file is judged alone."""
        return ()


def _judge(file: File, root: Root, check: Check) -> Iterator[Finding]:
    scope = Scope(root.value, file.path)
    for path, node in Tree(root.value).select(check.each):
        if check.when is not None:
            scope.enter(node, path[-1] if path else "")
            if not _holds(scope, check.when, check.params):
                continue
        for found, value in Tree(node).select(check.expression):
            licence, flaw = check.judge(value)
            if flaw:
                values = {"self": node, "key": path[-1] if path else "", "licence": licence, "reason": flaw}
                yield _finding(file, root, check, path + found, values)


def _holds(scope: Scope, expression: Expression, params: Mapping[str, Any]) -> bool:
    try:
        return scope.value(expression, params) is True
    except EvaluationError:
        return False


def _finding(file: File, root: Root, check: Check, place: Path, values: Mapping[str, Any]) -> Finding:
    span, source = located(file, root, place, "value")
    return file.finding(
        check.rule,
        render(check.message, {**values, "path": file.path, "params": check.params}),
        **span._asdict(),
        evidence=f"{route(root.value, place)} {values['licence']}",
        source=source,
    )


class LicenceKind:
    """The check kind ``licence``."""

    name = "licence"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> LicenceInspector:
        """Compile all rules of the kind together; raises UserErrors with every error in them."""
        errors: list[UserError] = []
        inspector = LicenceInspector({rule.number: _compiled(rule, errors) for rule in rules})
        if errors:
            raise UserErrors(errors)
        return inspector


def _compiled(rule: Rule, errors: list[UserError]) -> Check:
    """The rule ready to judge; with ``errors`` added, it is of no use."""
    from guardrails.checks import cel_source, jsonpath  # noqa: PLC0415 - plans from the cache do not need them

    block = {"each": "$", "expression": "$", **rule.block}
    parts: dict[str, Any] = {}
    for key, compile in (("each", jsonpath.compile), ("when", cel_source.compile), ("expression", jsonpath.compile)):
        try:
            parts[key] = compile(block[key]) if key in block else None
        except (cel_source.ExpressionError, jsonpath.PathError) as error:
            errors.append(rule.error(f"{key}: {error}", key, hint=error.hint))
            parts[key] = None
    if not rule.formats:
        errors.append(rule.error("licence rules need match.format", hint="write match: {format: package-json}"))
    name = next(name for name in _LISTS if name in block)
    return Check(
        rule=rule.id,
        formats=rule.formats,
        **parts,
        allows=name == "allow",
        terms=_terms(rule, name, errors),
        message=rule.message or "'{licence}': {reason}",
        params=rule.params,
    )


def _terms(rule: Rule, name: str, errors: list[UserError]) -> Terms:
    exact, beginnings = set(), []
    for position, entry in enumerate(rule.block[name]):
        if entry.endswith("*"):
            beginnings.append(entry[:-1].lower())
            continue
        try:
            licence = spdx.parse(entry)
            if not isinstance(licence, spdx.Licence):
                raise spdx.SpdxError("it joins several licences; write an entry for each")
            exact.add((licence.name.lower(), licence.exception.lower()))
        except spdx.SpdxError as error:
            hint = "write an SPDX id such as Apache-2.0, or the beginning of ids and *"
            errors.append(rule.error(f"{name}: '{entry}' is not a licence: {error}", name, position, hint=hint))
    return Terms(frozenset(exact), tuple(beginnings))


KIND = LicenceKind()
