"""Checks of structured files: JSONPath selects the nodes, and CEL, JSON Schema or a list of keys judges them.

The evidence of a finding is the :func:`~guardrails.checks.document_routes.route` to its node, then what is missing
there, or the value when it is a scalar: so it survives moved lines and reordered neighbours. A list item without a
name of its own is told from its neighbours by the text it begins with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, Rule, RuleSet, render
from guardrails.checks.cel import EvaluationError, Expression, Scope
from guardrails.checks.document_routes import existing, follow, scalar
from guardrails.checks.document_view import Spot, View
from guardrails.checks.jsonpath import JSONPath, Node, Paths, Tree
from guardrails.documents.document import Path, Root
from guardrails.errors import UserError, UserErrors
from guardrails.findings import Fact, Finding
from guardrails.references import Packed
from guardrails.tuples import NamedTuple

_MAX_TEXT = 80
"""Most of a line that is taken into evidence, in characters."""
_KEYS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
_TESTS: dict[str, Mapping[str, Any]] = {
    "assert": {
        "type": "string",
        "minLength": 1,
        "description": "CEL that has to be true. Names: self (the node), root, key (of the node in its parent), path "
        "(of the file), params, today (an ISO date). Where it cannot be evaluated, as for a key that is not there, it "
        "is not true.",
    },
    "schema": {
        "type": ["object", "boolean"],
        "description": "JSON Schema that the node has to fit; each error is a finding where it stands.",
    },
    "require": {
        "description": "true: at least one node has to be selected, by when too. A list: each node has to be a "
        "mapping with these keys.",
        "anyOf": [{"const": True}, _KEYS],
    },
    "forbid": {
        "description": "true: no node may be selected. A list: no node may have any of these keys.",
        "anyOf": [{"const": True}, _KEYS],
    },
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "each": {
            "type": "string",
            "default": "$",
            "description": "JSONPath (RFC 9535) of the nodes to judge, which is where findings are reported.",
        },
        "when": {
            "type": "string",
            "minLength": 1,
            "description": "CEL; only nodes for which it is true are judged, and none where it cannot be evaluated.",
        },
        **_TESTS,
        "at": {
            "type": "string",
            "description": "JSONPath from the node to the place to report; the node itself where it selects nothing.",
        },
        "report": {
            "enum": ["key", "value"],
            "description": "Whether the place is that of the node's key or of its value; by default the key for "
            "mappings and lists, and the value for others.",
        },
    },
    "oneOf": [{"required": [test]} for test in _TESTS],
}


class Check(NamedTuple):
    """One rule, ready to judge; picklable."""

    number: int
    rule: str
    formats: tuple[str, ...]
    each: JSONPath
    when: Expression | None
    test: str
    wanted: Any
    """An Expression, a Schema, True, or keys."""
    at: JSONPath | None
    report: str
    message: str
    params: Mapping[str, Any]


class Flaw(NamedTuple):
    """What a test found at a node."""

    path: Path = ()
    """From the node to what is wrong."""
    error: str = ""
    """Why, in words that the message may end with."""
    detail: str = ""
    """What is missing or not met, for the evidence."""
    key: str = ""
    """A key that must not be there, whatever its value."""


class Groups(NamedTuple):
    """Checks by the nodes that they judge."""

    required: list[Check]
    """Those that want at least one node."""
    others: Paths
    """For each path the checks that judge its nodes."""


Found = tuple[Finding, Root, Path, Path]
"""A finding, its tree, the node that was judged (the root where one was missing), and the node that is reported."""


class DocumentInspector:
    """All rules of the kind; a file's nodes are selected once for all rules that judge them."""

    concluding: RuleSet = frozenset()
    fact_based: RuleSet = frozenset()

    def __init__(self, checks: Mapping[int, Check], formats: Mapping[str, RuleSet]) -> None:
        self._checks = checks
        self._formats = formats
        self._groups: dict[tuple[str, RuleSet], Groups] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return DocumentInspector, (self._checks, self._formats)

    def inspect(self, file: File, rules: RuleSet) -> Iterator[Finding]:
        """Judge the trees of one file; raises ParseError when it is not valid in its format."""
        for finding, *_ in self.found(file, rules):
            yield finding

    def found(self, file: File, rules: RuleSet) -> Iterator[Found]:
        """As :meth:`inspect`, with the nodes that the findings are about."""
        for name, numbers in self._formats.items():
            asked = rules & numbers
            for root in file.roots(name) if asked else ():
                groups = self._groups.get((name, asked))
                if groups is None:
                    groups = self._groups[name, asked] = _grouped(self._checks[number] for number in sorted(asked))
                yield from _Judge(file, root).found(groups)

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing: each file is judged alone."""
        return ()


def _grouped(checks: Iterable[Check]) -> Groups:
    groups = Groups([], Paths())
    same: dict[str, list[Check]] = {}
    for check in checks:
        if check.test == "require" and check.wanted is True:
            groups.required.append(check)
        else:
            same.setdefault(check.each.source, []).append(check)
    for members in same.values():
        groups.others.add(members[0].each, members)
    return groups


def _assert(check: Check, scope: Scope) -> Iterable[Flaw]:
    try:
        result = scope.value(check.wanted, check.params)
    except EvaluationError as error:
        return (Flaw(error=str(error)),)
    if result is True:
        return ()
    return (Flaw(error="" if result is False else "the expression gives neither true nor false"),)


def _schema(check: Check, scope: Scope) -> Iterable[Flaw]:
    for error in check.wanted.errors(scope.node):
        detail = error.message if error.keyword == "required" else error.keyword
        yield Flaw(error.path, error=error.message, detail=detail)


def _require(check: Check, scope: Scope) -> Iterable[Flaw]:
    error = "" if isinstance(scope.node, dict) else "it is not a mapping"
    return [Flaw(error=error, detail=key) for key in check.wanted if error or key not in scope.node]


def _forbid(check: Check, scope: Scope) -> Iterable[Flaw]:
    if check.wanted is True:
        return (Flaw(),)
    return [Flaw((key,), key=key) for key in check.wanted if isinstance(scope.node, dict) and key in scope.node]


_JUDGES: Mapping[str, Callable[[Check, Scope], Iterable[Flaw]]] = {
    "assert": _assert,
    "schema": _schema,
    "require": _require,
    "forbid": _forbid,
}


class _Judge(View):
    """One tree of a file under judgement."""

    def found(self, groups: Groups) -> Iterator[Found]:
        """What the checks find."""
        for check in groups.required:
            if not any(self._judges(check, node) for node in self.tree.select(check.each)):
                yield self._missing(check)
        scope = self.scope
        for checks, nodes in self.tree.select_all(groups.others):
            for path, value in nodes:
                scope.enter(value, path[-1] if path else "")
                for check in checks:
                    if check.when is None or scope.holds(check.when, check.params):
                        for flaw in _JUDGES[check.test](check, scope):
                            yield self._finding(check, flaw, path, value)

    def _judges(self, check: Check, node: Node) -> bool:
        path, value = node
        self.scope.enter(value, path[-1] if path else "")
        return check.when is None or self.scope.holds(check.when, check.params)

    def _missing(self, check: Check) -> Found:
        path = existing(self.root.value, check.each.stem)
        flaw = Flaw(detail=check.each.source)
        finding, root, _, place = self._finding(check._replace(at=None), flaw, path, follow(self.root.value, path))
        return finding, root, (), place

    def _finding(self, check: Check, flaw: Flaw, path: Path, value: Any) -> Found:
        place = path + flaw.path
        if check.at is not None:
            place = next((path + found for found, _ in Tree(value).select(check.at)), place)
        spot = self.spot(place, check.report or (flaw.key and "key"))
        line, column, end_line, end_column = spot.span
        finding = self.file.finding(
            check.rule,
            _message(self.file, check, flaw, path, value),
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            evidence=_evidence(spot, flaw),
        )
        return finding, self.root, path, place


def _message(file: File, check: Check, flaw: Flaw, path: Path, value: Any) -> str:
    values = {
        "self": value,
        "key": flaw.key or (path[-1] if path else ""),
        "path": file.path,
        "params": check.params,
        "missing": flaw.detail,
        "error": flaw.error,
    }
    message = render(check.message, values)
    return f"{message} ({flaw.error})" if flaw.error and "{error}" not in check.message else message


def _evidence(spot: Spot, flaw: Flaw) -> str:
    what = flaw.detail or ("" if flaw.key else scalar(spot.target))
    if not what and "[]" in spot.route:
        what = spot.line[spot.span.column - 1 : spot.span.column - 1 + _MAX_TEXT]
    return f"{spot.route} {what}".strip()


class DocumentKind:
    """The check kind ``document``."""

    name = "document"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> DocumentInspector:
        """Compile all rules of the kind together; raises UserErrors with every error in them."""
        errors: list[UserError] = []
        checks = {rule.number: _compiled(rule, errors) for rule in rules}
        if errors:
            raise UserErrors(errors)
        formats: dict[str, set[int]] = {}
        for number, check in checks.items():
            for name in check.formats:
                formats.setdefault(name, set()).add(number)
        return DocumentInspector(Packed(checks), {name: frozenset(numbers) for name, numbers in formats.items()})


def _compiled(rule: Rule, errors: list[UserError]) -> Check:
    """The rule ready to judge; with ``errors`` added, it is of no use."""
    from guardrails.checks import cel_source, document_schemas, jsonpath  # noqa: PLC0415 - plans from the cache do not need them

    block = {"each": "$", **rule.block}
    test = next(test for test in _TESTS if test in block)

    def part(key: str, compile: Callable[[str], Any]) -> Any:
        try:
            return compile(block[key]) if key in block else None
        except (cel_source.ExpressionError, jsonpath.PathError) as error:
            errors.append(rule.error(f"{key}: {error}", key, hint=error.hint))

    if not rule.formats:
        errors.append(rule.error("document rules need match.format", hint="write match: {format: yaml}"))
    wanted = block[test]
    if test == "assert":
        wanted = part(test, cel_source.compile)
    elif test == "schema":
        wanted = document_schemas.Schema(block[test])
        errors += [
            rule.error(f"schema: {flaw.message}", test, *flaw.path, hint=flaw.hint) for flaw in wanted.mistakes()
        ]
    return Check(
        number=rule.number,
        rule=rule.id,
        formats=rule.formats,
        each=part("each", jsonpath.compile),
        when=part("when", cel_source.compile),
        test=test,
        wanted=wanted,
        at=part("at", jsonpath.compile),
        report=block.get("report", ""),
        message=rule.message or _sentence(test, block),
        params=rule.params,
    )


def _sentence(test: str, block: Mapping[str, Any]) -> str:
    """The message of a rule that leaves the words to us."""
    match test, block[test]:
        case "assert", text:
            return f"does not hold: {text}"
        case "schema", _:
            return "{error}"
        case "require", True:
            return "nothing is at {missing}"
        case "require", _:
            return "'{missing}' is missing"
        case _, True:
            return f"nothing may be at {block['each']}"
    return "'{key}' is not allowed"


KIND = DocumentKind()
