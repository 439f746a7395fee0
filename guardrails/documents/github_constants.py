"""The values of the parts of GitHub's expressions that are made of literals alone."""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.github_expressions import Node

MAX_LENGTH = 1_000
"""Longest texts that a function is called with: what ``format`` makes may be a multiple of them."""
UNKNOWN = object()
"""The value of what is not made of literals alone."""


def constant(node: Node) -> Any:
    """The value of what is made of literals alone, else UNKNOWN."""
    if node.kind == "literal":
        return node.value
    if node.kind not in ("operator", "call"):
        return UNKNOWN
    values = [constant(part) for part in node.parts]
    if UNKNOWN in values or not values:
        return UNKNOWN
    if node.kind == "operator":
        return _operate(node.value, values)
    return _call(node.value, values)


def _operate(operator: str, values: list[Any]) -> Any:
    if operator == "!":
        return not holds(values[0])
    if operator in ("&&", "||"):
        return next((value for value in values[:-1] if holds(value) == (operator == "||")), values[-1])
    if any(isinstance(value, list | dict) for value in values):
        return UNKNOWN
    left, right = values
    if operator in ("==", "!="):
        if isinstance(left, str) and isinstance(right, str):
            left, right = left.lower(), right.lower()
        return (left == right) == (operator == "==")
    return {"<": _rank(left) < _rank(right), "<=": _rank(left) <= _rank(right)}.get(
        operator, _rank(left) > _rank(right) or (operator == ">=" and _rank(left) == _rank(right))
    )


def holds(value: Any) -> bool:
    """Whether a value counts as true, as UNKNOWN does."""
    return bool(value) or isinstance(value, list | dict)


def _rank(value: Any) -> float:
    """A value as a number, as GitHub compares what are not both texts."""
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")


def text_of(value: Any) -> str:
    """A literal as it is written into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return "" if value is None else str(value)


_PLACE = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")


def _call(name: str, values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, list | dict):
        return _call_with_many(name, first, values[1:])
    texts = [text_of(value) for value in values]
    if sum(map(len, texts)) > MAX_LENGTH:
        return UNKNOWN
    if name == "format":
        inside = all(int(number) + 1 < len(texts) for number in _PLACE.findall(texts[0]) if number)
        return _PLACE.sub(lambda m: texts[int(m[1]) + 1] if m[1] else m[0][0], texts[0]) if inside else UNKNOWN
    if name in ("startswith", "endswith", "contains") and len(texts) == 2:
        whole, part = texts[0].lower(), texts[1].lower()
        tests = {"startswith": whole.startswith, "endswith": whole.endswith, "contains": whole.__contains__}
        return tests[name](part)
    if name == "fromjson" and len(texts) == 1:
        return _from_json(texts[0])
    if name == "case" and len(values) == 3:
        return values[1] if holds(first) else values[2]
    return texts[0] if name in ("tojson", "join") and len(texts) <= 2 else UNKNOWN


def _call_with_many(name: str, many: list[Any] | dict[str, Any], others: list[Any]) -> Any:
    """What functions make of a list or a mapping; how the latter is written does not matter."""
    items = [text_of(item) for item in many if not isinstance(item, list | dict)]
    if name == "contains" and len(others) == 1:
        return text_of(others[0]).lower() in map(str.lower, items)
    if name == "join":
        return text_of(others[0] if others else ",").join(items)
    return str(many) if name == "tojson" else UNKNOWN


def _from_json(text: str) -> Any:
    import json  # noqa: PLC0415 - few workflows have literals of JSON

    try:
        return json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return UNKNOWN
