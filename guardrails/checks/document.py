"""Checks of structured files: JSONPath selects the nodes, and CEL, JSON Schema or a list of keys judges them.

The evidence of a finding is the :func:`~guardrails.checks.document_routes.route` to its node, then what is missing
there, or the value when it is a scalar: so it survives moved lines and reordered neighbours. A list item without a
name of its own is told from its neighbours by the text it begins with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from guardrails.checks.base import File, Repository, Rule, RuleSet, render
from guardrails.checks.cel import EvaluationError, Expression, Scope
from guardrails.checks.document_routes import existing, follow, route, scalar
from guardrails.checks.jsonpath import JSONPath, Tree
from guardrails.documents.document import Path, Root, Span
from guardrails.errors import UserError, UserErrors
from guardrails.findings import Fact, Finding
from guardrails.references import Packed

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


class Group(NamedTuple):
    """Checks that judge the same nodes."""

    each: JSONPath
    checks: tuple[Check, ...]
    required: tuple[Check, ...]
    """Those of them that want at least one node."""


Groups = Mapping[str | None, Sequence[Group]]
"""By the key that has to be in a tree if they are to judge anything; under None those that always are."""


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
                value = root.value
                keys = value if isinstance(value, dict) else ()
                if some := [group for key, each in groups.items() if key is None or key in keys for group in each]:
                    tree = Tree(value)
                    scope = Scope(value, file.path, lambda: file.date)
                    for group in some:
                        yield from _judge(file, root, scope, tree.select(group.each), group)

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing: each file is judged alone."""
        return ()


def _grouped(checks: Iterable[Check]) -> Groups:
    same: dict[str, list[Check]] = {}
    for check in checks:
        same.setdefault(check.each.source, []).append(check)
    groups: dict[str | None, list[Group]] = {}
    for members in same.values():
        each = members[0].each
        required = tuple(check for check in members if check.test == "require" and check.wanted is True)
        first = each.stem[0] if each.stem and not required else None
        key = first if isinstance(first, str) else None
        groups.setdefault(key, []).append(Group(each, tuple(members), required))
    return groups


def _judge(file: File, root: Root, scope: Scope, nodes: Iterable[tuple[Path, Any]], group: Group) -> Iterator[Found]:
    missed = {check.number: check for check in group.required}
    for path, value in nodes:
        scope.enter(value, path[-1] if path else "")
        for check in group.checks:
            if check.when is None or scope.holds(check.when, check.params):
                missed.pop(check.number, None)
                for flaw in _JUDGES[check.test](check, scope):
                    yield _finding(file, root, check, flaw, path, value)
    for check in missed.values():
        path = existing(root.value, check.each.stem)
        flaw = Flaw(detail=check.each.source)
        finding, _, _, place = _finding(file, root, check._replace(at=None), flaw, path, follow(root.value, path))
        yield finding, root, (), place


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
    if check.wanted is True:  # decided when all nodes are seen
        return ()
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


def _finding(file: File, root: Root, check: Check, flaw: Flaw, path: Path, value: Any) -> Found:
    place = path + flaw.path
    if check.at is not None:
        place = next((path + found for found, _ in Tree(value).select(check.at)), place)
    target = follow(root.value, place)
    report = check.report or ("key" if flaw.key or isinstance(target, dict | list) else "value")
    span, line = located(file, root, place, report)
    finding = file.finding(
        check.rule,
        _message(file, check, flaw, path, value),
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
        evidence=_evidence(route(root.value, place), flaw, target, line[span.column - 1 :]),
    )
    return finding, root, path, place


def located(file: File, root: Root, place: Path, report: str) -> tuple[Span, str]:
    """The ``key`` or ``value`` of a node in one line, of a longer one where it begins, and that line."""
    # Items of lists, and what has no parent, have no key.
    span = root.span(place, key=report == "key" and isinstance((0, *root.prefix, *place)[-1], str))
    line = file.lines[span.line - 1] if span.line <= len(file.lines) else ""
    if span.end_line != span.line:
        span = Span(span.line, span.column, span.line, max(span.column, len(line) + 1))
    return span, line


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


def _evidence(way: str, flaw: Flaw, target: Any, text: str) -> str:
    what = flaw.detail or ("" if flaw.key else scalar(target))
    if not what and "[]" in way:
        what = text[:_MAX_TEXT]
    return f"{way} {what}".strip()


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
