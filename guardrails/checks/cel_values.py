"""What CEL expressions that are translated to Python run with; see :mod:`guardrails.checks.cel_python`.

Each function gives what CEL gives, or raises: Uncertain where only the binding knows, anything else where CEL has no
value for these values.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import FunctionType, NoneType
from typing import Any

from guardrails.checks.cel_functions import FUNCTIONS
from guardrails.documents.document import ParseError
from guardrails.tuples import NamedTuple

MAX_STEPS = 10_000_000
"""Most items that the loops of expressions about one tree go through."""
_LARGEST = 2**63


class Program(NamedTuple):
    """A translated expression; see :func:`load`."""

    code: bytes = b""
    """Empty for an expression that only the binding runs."""
    strict: bool = False
    """Whether the expression has no value where the translation raises."""
    decisive: bool = False
    """Whether it is not true there: it has no value, or is false."""


class TooLargeError(ParseError):
    """Loops go through more than MAX_STEPS items."""


class Uncertain(Exception):
    """The binding has to say what the value is."""


TYPES = {
    "bool": bool,
    "double": float,
    "int": int,
    "list": list,
    "map": dict,
    "null_type": NoneType,
    "string": str,
}
_KNOWN = frozenset(TYPES.values())


def _type_of(value: Any) -> type:
    kind = type(value)
    if kind not in _KNOWN or (kind is int and not -_LARGEST <= value < _LARGEST):
        raise Uncertain
    return kind


def _truth(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise TypeError


def _items(value: Any, scope: Any) -> Iterable[Any]:
    """What a loop goes through; raises TooLargeError."""
    if type(value) is not list and type(value) is not dict:
        raise TypeError
    scope.steps += len(value)
    if scope.steps > MAX_STEPS:
        raise TooLargeError("it is too large to be judged by expressions")
    return value


def _has(value: Any, name: str) -> bool:
    if type(value) is dict:
        return name in value
    raise TypeError


def _at(value: Any, index: Any) -> Any:
    kind = type(index)
    if type(value) is dict:
        if kind is not str:
            raise Uncertain
        return value[index]
    if type(value) is not list or kind is not int or index < 0:
        raise Uncertain
    return value[index]


def _within(value: Any, container: Any) -> bool:
    if type(container) is dict:
        if type(value) is not str:
            raise Uncertain
        return value in container
    if type(container) is not list:
        raise TypeError
    if type(value) is str:
        return value in container
    return any(_equal(value, item) for item in container)


def _equal(value: Any, other: Any) -> bool:
    kind, another = type(value), type(other)
    if kind is str or another is str:
        return bool(value == other)
    if kind is bool or another is bool or value is None or other is None:
        return value is other
    if kind in _NUMBERS and another in _NUMBERS:
        return bool(value == other)
    if kind is not another:
        return False
    if kind is list:
        return len(value) == len(other) and all(map(_equal, value, other))
    if kind is dict:
        return value.keys() == other.keys() and all(_equal(value[key], other[key]) for key in value)
    return value is other  # types


def _differ(value: Any, other: Any) -> bool:
    return not _equal(value, other)


_NUMBERS = frozenset({int, float})


def _comparable(value: Any, other: Any) -> None:
    kind, another = type(value), type(other)
    if not ((kind is str and another is str) or (kind in _NUMBERS and another in _NUMBERS)):
        raise Uncertain


def _lt(value: Any, other: Any) -> bool:
    _comparable(value, other)
    return bool(value < other)


def _le(value: Any, other: Any) -> bool:
    _comparable(value, other)
    return bool(value <= other)


def _gt(value: Any, other: Any) -> bool:
    _comparable(value, other)
    return bool(value > other)


def _ge(value: Any, other: Any) -> bool:
    _comparable(value, other)
    return bool(value >= other)


def _add(value: Any, other: Any) -> Any:
    kind = type(value)
    if kind is not type(other) or (kind is not str and kind is not list and kind is not int):
        raise Uncertain
    total = value + other
    if kind is int and not -_LARGEST <= total < _LARGEST:
        raise Uncertain
    return total


def _subtract(value: Any, other: Any) -> int:
    if type(value) is not int or type(other) is not int or not -_LARGEST <= value - other < _LARGEST:
        raise Uncertain
    return value - other


def _contains(text: Any, part: Any) -> bool:
    if type(text) is str and type(part) is str:
        return part in text
    raise TypeError


def _starts_with(text: Any, part: Any) -> bool:
    if type(text) is str and type(part) is str:
        return text.startswith(part)
    raise TypeError


def _ends_with(text: Any, part: Any) -> bool:
    if type(text) is str and type(part) is str:
        return text.endswith(part)
    raise TypeError


def _string(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is int and -_LARGEST <= value < _LARGEST:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    raise Uncertain


def _integer(value: Any) -> int:
    if type(value) is int and -_LARGEST <= value < _LARGEST:
        return value
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    raise Uncertain


METHODS = {"contains": "contains", "startsWith": "starts_with", "endsWith": "ends_with"}
NAMES: dict[str, Callable[..., Any]] = {"string": _string, "int": _integer}
_GLOBALS: dict[str, Any] = {
    "__builtins__": {"all": all, "any": any},
    **{
        function.__name__.removeprefix("_"): function
        for function in (
            *(_add, _at, _contains, _differ, _ends_with, _equal, _ge, _gt, _has, _items, _le, _lt, _starts_with),
            *(_subtract, _truth, _type_of, _within),
        )
    },
    **NAMES,
    **{f"f_{name}": function for name, function in FUNCTIONS.items()},
    **{f"type_{name}": kind for name, kind in TYPES.items()},
}


@lru_cache(maxsize=4096)
def load(code: bytes) -> Callable[[Any, Any, Any], Any]:
    """The function of ``self``, ``params`` and the scope that the code of a translation is."""
    return FunctionType(marshal.loads(code), _GLOBALS)  # noqa: S302 - from the plan, which whoever loaded it trusts
