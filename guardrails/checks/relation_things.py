"""What the rules of the check kind ``relation`` relate: nodes of documents, and files, as small plain facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardrails.checks.base import MAX_SOURCE, File, render
from guardrails.checks.cel import EvaluationError, Expression, Scope, count_values
from guardrails.checks.document_view import View
from guardrails.checks.jsonpath import JSONPath, Paths, Tree
from guardrails.documents.document import ParseError, Path
from guardrails.tuples import NamedTuple

MAX_VALUES = 100_000
"""Most keys of one thing, and most values in its fact."""


class Side(NamedTuple):
    """What the things of one side of a rule are; picklable."""

    format: str
    """Empty for files that are not read."""
    paths: int
    """The number of a list of globs in the inspector; -1 for none."""
    exclude: int
    nodes: JSONPath
    when: Expression | None
    key: Expression | None
    fact: Expression | None

    def covers(self, lists: frozenset[int]) -> bool:
        """Whether a file that these lists of globs match is of this side."""
        return (self.paths < 0 or self.paths in lists) and self.exclude not in lists


class Check(NamedTuple):
    """One rule, ready to judge; picklable."""

    number: int
    rule: str
    sides: tuple[Side, ...]
    """``each``, and what it is compared with."""
    test: str
    where: Expression | None
    optional: bool
    any_key: bool
    """Whether one of a thing's keys is enough."""
    at: JSONPath | None
    report: str
    message: str
    shown: tuple[str, ...]
    """The fields of the node that the message names: what it says of them, a thing carries as text."""
    params: Mapping[str, Any]


class Thing(NamedTuple):
    """A node, or a file, as a fact: small and plain."""

    side: int
    path: str
    number: int
    """Its rank among the things of its file."""
    keys: tuple[str, ...]
    fact: Any
    shown: tuple[str, ...] = ()
    place: tuple[int, ...] = ()
    route: str = ""
    source: str = ""


def about(path: str) -> dict[str, str]:
    """What policies call ``file``."""
    folder, _, name = path.rpartition("/")
    return {"path": path, "name": name, "stem": name.rpartition(".")[0] or name, "folder": folder}


class Things:
    """The sides of rules whose things are nodes of one format; picklable."""

    def __init__(self) -> None:
        self._paths = Paths()

    def add(self, check: Check, index: int) -> None:
        """Add a side of a rule."""
        self._paths.add(check.sides[index].nodes, (check, index))

    def inside(self, file: File, format: str) -> Iterator[tuple[int, Thing]]:
        """The things in a file, with the numbers of the rules; raises ParseError when it is not valid in its format."""
        ranks: dict[tuple[int, int], int] = {}
        for root in file.roots(format):
            view = View(file, root)
            view.scope.put("file", about(file.path))
            for (check, index), nodes in view.tree.select_all(self._paths):
                rank = ranks.get((check.number, index), 0)
                for path, value in nodes:
                    view.scope.enter(value, path[-1] if path else "")
                    if known := _known(check.sides[index], view.scope, check.params):
                        judged = () if index else _judged(view, check, path, value)
                        yield check.number, Thing(index, file.path, rank, *known, *judged)
                        rank += 1
                ranks[check.number, index] = rank


def thing_of(path: str, check: Check, index: int, today: str, wanted: frozenset[str]) -> Thing | None:
    """A file as a thing of a side of a rule; None when it is none, or has no key that is ``wanted`` where any are."""
    side = check.sides[index]
    file = about(path)
    scope = Scope(file, path, lambda: today)
    scope.put("file", file)
    scope.enter(file, "")
    known = _known(side, scope, check.params)
    if known is None:
        return None
    keys, fact = known
    if keys and wanted and wanted.isdisjoint(keys):
        return None
    return Thing(index, path, 0, keys, fact if side.fact else file, _shown(check, file))


def _judged(view: View, check: Check, path: Path, value: Any) -> tuple[Any, ...]:
    """All that a finding says of a node of ``each``."""
    place = path
    if check.at is not None:
        place = next((path + found for found, _ in Tree(value).select(check.at)), path)
    spot = view.spot(place, check.report)
    return _shown(check, value), tuple(spot.span), spot.route, spot.line[:MAX_SOURCE]


def _shown(check: Check, value: Any) -> tuple[str, ...]:
    return tuple(render(field, {"self": value}) for field in check.shown)


def _known(side: Side, scope: Scope, params: Mapping[str, Any]) -> tuple[tuple[str, ...], Any] | None:
    """The keys and the fact of the node that the scope is at; None when it is no thing."""
    if side.when and not scope.holds(side.when, params):
        return None
    keys = _keys(_value(scope, side.key, params)) if side.key else ()
    if side.key and not keys:
        return None
    fact = _value(scope, side.fact, params) if side.fact else None
    if count_values(fact) > MAX_VALUES:
        raise ParseError(f"a rule takes more than {MAX_VALUES:,} values from one node")
    return keys, fact


def _value(scope: Scope, expression: Expression, params: Mapping[str, Any]) -> Any:
    try:
        return scope.value(expression, params)
    except EvaluationError:
        return None


def _keys(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):  # nearly all are
        return (value,)
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise ParseError(f"a rule takes more than {MAX_VALUES:,} keys from one node")
    return tuple(dict.fromkeys(text for text in map(_text, values) if text is not None))


def _text(key: Any) -> str | None:
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    return str(key) if isinstance(key, str | int | float) and not isinstance(key, bool) else None
