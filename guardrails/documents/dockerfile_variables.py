"""The variables of a Dockerfile, ARG and ENV, and putting them into text."""

from __future__ import annotations

import re

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^${}]*+))?\})")
_MAX_ROUNDS = 10
_MAX_TEXT = 1024
"""Longest text that variables are put into or come out of: thirty ARGs that double each other would fill the memory."""
_MAX_PARENTS = 20
"""How far up variables are looked for; nobody builds stages on stages that deep."""


class Environment:
    """The variables that are set at a place of the file; ``parents`` are those of the stages it builds on."""

    __slots__ = ("layers",)

    def __init__(self, parent: Environment | None = None) -> None:
        self.layers: list[dict[str, str | None]] = [{}, *parent.layers[:_MAX_PARENTS]] if parent else [{}]
        """The variables that are set here, and before them those of what it builds on."""

    def __contains__(self, name: str) -> bool:
        return any(name in values for values in self.layers)

    def get(self, name: str) -> str | None:
        """The value of a variable; None when it is not set, or declared and given from outside."""
        return next((values[name] for values in self.layers if name in values), None)

    def declare(self, name: str, value: str | None) -> None:
        """Set a variable; None declares one whose value comes from outside."""
        self.layers[0][name] = value

    def expand(self, text: str) -> str:
        """Put variables into ``text``, from the innermost outwards; what is not known stays as it is written."""
        if "$" not in text:
            return text
        for _ in range(_MAX_ROUNDS):
            expanded = _VARIABLE.sub(self._put, text) if len(text) <= _MAX_TEXT else text
            if expanded == text or len(expanded) > _MAX_TEXT:
                break
            text = expanded
        return text

    def _put(self, match: re.Match[str]) -> str:
        name, operator, word = match[1] or match[2], match[3] or "", match[4] or ""
        value = self.get(name)
        known = value is not None and (value != "" or ":" not in operator)
        if "+" in operator:
            return word if known else ""
        if known:
            return str(value)
        return word if operator else match[0]


def names(text: str) -> list[str]:
    """The variables that ``text`` uses."""
    return [match[1] or match[2] for match in _USE.finditer(text)]


_USE = re.compile(r"\$(?:(\w+)|\{(\w+))")
