"""How plain values are written, on one line, in the formats that can be edited."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from guardrails.documents.yaml_scalars import resolve

Write = Callable[[Any], str]

_PLAIN = re.compile(r"[A-Za-z_/](?:[\w./@+-]| (?=\w))*", re.ASCII)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_OLD_BOOLEANS = frozenset(("y", "n", "yes", "no", "on", "off"))
"""What readers of YAML 1.1 take for true and false."""
_ESCAPED = re.compile("[\x7f-\x9f\ufeff\ud800-\udfff\ufffe\uffff\u2028\u2029]")


def yaml(value: Any) -> str:
    """YAML in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{yaml(key)}: {yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(yaml, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _OLD_BOOLEANS and isinstance(resolve(value), str):
        return value
    return _quoted(value)


def _quoted(text: str) -> str:
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def json_text(value: Any) -> str:
    """JSON with spaces as people write them."""
    return json.dumps(value, ensure_ascii=False)


def toml(value: Any) -> str:
    """TOML; raises ValueError for null, which it has not."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_key(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if value is None:
        raise ValueError("TOML has no null")
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def toml_key(name: str) -> str:
    """A key of TOML, in quotes where it has to be."""
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)


def yaml_pair(key: str, value: Any) -> str:
    """An entry of a mapping of YAML in flow style."""
    return f"{yaml(key)}: {yaml(value)}"


def json_pair(key: str, value: Any) -> str:
    """An entry of an object."""
    return f"{json_text(key)}: {json_text(value)}"


def toml_pair(key: str, value: Any) -> str:
    """A key of TOML and its value."""
    return f"{toml_key(key)} = {toml(value)}"


def like(old: str, value: Any, write: Write) -> str:
    """The value as the one was written that it takes the place of: a text in single quotes stays in them."""
    if isinstance(value, str) and old[:1] == "'" and not re.search(r"['\\\x00-\x1f\x7f-\uffff]", value):
        return f"'{value}'"
    return _quoted(value) if isinstance(value, str) and old[:1] == '"' else write(value)
