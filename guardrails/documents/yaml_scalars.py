"""What the scalars of YAML mean: the core schema of YAML 1.2."""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.places import MAX_DIGITS

_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMBER_START = frozenset("0123456789+-.")
_NUMBER = re.compile(
    r"(?P<dec>[-+]?[0-9]+)|0o(?P<oct>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_BASES = {"dec": 10, "oct": 8, "hex": 16}


def resolve(text: str) -> Any:
    """The value of a plain scalar by the core schema of YAML 1.2; raises ValueError for a number out of bounds."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_START or (match := _NUMBER.fullmatch(text)) is None:
        return text
    kind = match.lastgroup or ""
    if kind == "float":
        return float(text)
    if len(text) > MAX_DIGITS:
        raise ValueError(f"an integer of {len(text)} digits is too long; put it in quotes if it is a text")
    return int(match[kind], _BASES[kind])


_TAG = "tag:yaml.org,2002:"
MERGE_TAGS = (None, f"{_TAG}merge")
CORE_TAGS: dict[str, tuple[type, ...]] = {
    f"{_TAG}str": (str,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}


def resolve_tagged(text: str, tag: str) -> Any:
    """The value of a scalar that has one of the core tags; raises ValueError or OverflowError when it does not fit."""
    if tag == f"{_TAG}str":
        return text
    value = resolve(text)
    if type(value) not in CORE_TAGS[tag]:
        raise ValueError(f"!!{tag.removeprefix(_TAG)} cannot be {text[:40]!r}")
    return float(value) if tag == f"{_TAG}float" else value
