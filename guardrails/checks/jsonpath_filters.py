"""Plain filters of JSONPath, such as ``[?@.kind == 'repository' && !@.with.ref]``, without the library.

They ask whether members of a child are there, or whether it or they are a text, true, false or null, in any
combination; nearly all filters do.
"""

from __future__ import annotations

from typing import Any

from guardrails.tuples import NamedTuple

Test = tuple[Any, ...]
"""``("there", names)``, ``("is", names, value)``, ``("!", test)``, ``("&&", test, test)`` or ``("||", test, test)``."""


class PlainFilter(NamedTuple):
    """A filter that is run here; picklable."""

    test: Test

    def children(self, node: tuple[tuple[str | int, ...], Any], _root: Any) -> list[tuple[tuple[str | int, ...], Any]]:
        """The children of a node for which the filter holds."""
        path, value = node
        if isinstance(value, dict):
            return [((*path, key), child) for key, child in value.items() if _holds(self.test, child)]
        if isinstance(value, list):
            return [((*path, index), child) for index, child in enumerate(value) if _holds(self.test, child)]
        return []


def _holds(test: Test, value: Any) -> bool:
    match test:
        case "!", inner:
            return not _holds(inner, value)
        case "&&", left, right:
            return _holds(left, value) and _holds(right, value)
        case "||", left, right:
            return _holds(left, value) or _holds(right, value)
    for name in test[1]:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return test[0] == "there" or value is test[2] or (isinstance(value, str) and value == test[2])


def plain(expression: Any) -> Test | None:
    """The library's expression as plain data; None where it is made of more than that."""
    from jsonpath_rfc9535 import filter_expressions as library  # noqa: PLC0415 - a cached plan never gets here

    match expression:
        case library.PrefixExpression(operator="!", right=right):
            inner = plain(right)
            return inner and ("!", inner)
        case library.LogicalExpression(left=left, operator=operator, right=right):
            first, second = plain(left), plain(right)
            return first and second and (operator, first, second)
        case library.ComparisonExpression(left=left, operator="==" | "!=" as operator, right=right):
            names = _names(left)
            if names is None or not isinstance(
                right, library.StringLiteral | library.BooleanLiteral | library.NullLiteral
            ):
                return None
            same = ("is", names, right.value)
            return same if operator == "==" else ("!", same)
    names = _names(expression)
    return ("there", names) if names else None


def _names(expression: Any) -> tuple[str, ...] | None:
    """The names of a query such as ``@.a.b``, which are none for ``@`` itself; None when it is something else."""
    from jsonpath_rfc9535 import filter_expressions as library  # noqa: PLC0415 - as above
    from jsonpath_rfc9535 import segments, selectors  # noqa: PLC0415

    if not isinstance(expression, library.RelativeFilterQuery):
        return None
    names = []
    for segment in expression.query.segments:
        match segment:
            case segments.JSONPathChildSegment(selectors=(selectors.NameSelector(name=name),)):
                names.append(str(name))
            case _:
                return None
    return tuple(names)
