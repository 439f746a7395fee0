"""Where the values of a TOML text stand, for a text that is known to be valid."""

from __future__ import annotations

import re
from typing import cast

from tomli import loads

from guardrails.documents.document import MAX_DEPTH
from guardrails.documents.places import TOO_DEEP, Entry, Place, error
from guardrails.tuples import NamedTuple

_BASIC, _LITERAL = r'"(?:[^"\\\n]++|\\.)*+"', r"'[^'\n]*+'"
KEY = rf"(?:[A-Za-z0-9_-]++|{_BASIC}|{_LITERAL})"
"""The pattern of one part of a key."""

_SPACE = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_PART = re.compile(rf"[ \t]*+({KEY})[ \t]*+")
_SCALAR = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"
    rf"|{_BASIC}|{_LITERAL}"
    r"|[^\s,\]}#]++(?: [0-9][^\s,\]}#]*+)?",  # a date may have a space before its time
    re.DOTALL,
)


class _Key(NamedTuple):
    name: str
    start: int
    end: int


def places(text: str) -> list[Place]:
    """The place of the one table of a text; raises ParseError where it is nested too deeply.

    A table reaches from its header to the last value below that header, not to the tables inside of it.
    """
    scanner = _Scanner(text)
    root = Place(0, len(text), {})
    table, depth = root, 1
    at = scanner.skip(0)
    while at < len(text):
        if text[at] == "[":
            table, depth, at = scanner.header(root, at)
        else:
            at = scanner.pair(table, at, depth)
            table.end = at
        at = scanner.skip(at)
    root.end = len(text)
    return [root]


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text

    def skip(self, at: int) -> int:
        """The offset of what follows white space and comments."""
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def header(self, root: Place, start: int) -> tuple[Place, int, int]:
        """The table that a header opens, its depth and the offset behind the header."""
        brackets = 2 if self.text.startswith("[[", start) else 1
        keys, at = self.keys(start + brackets)
        key, end = keys[-1], at + brackets
        table, depth = root, 1
        for parent in keys[:-1]:
            table, depth = self.child(table, parent, depth)
        entries = _entries(table)
        if brackets == 1:
            known = entries.get(key.name)
            entries[key.name] = Entry(key.start, key.end, Place(start, end, known.place.children if known else {}))
        else:
            tables = entries.setdefault(key.name, Entry(key.start, key.end, Place(start, end, []))).place
            cast("list[Place]", tables.children).append(Place(start, end, {}))
            tables.end = end
        return *self.child(table, key, depth), end

    def pair(self, table: Place, start: int, depth: int) -> int:
        """Put a key and its value into a table; the offset behind the value."""
        keys, at = self.keys(start)
        parents = []
        for key in keys[:-1]:
            table, depth = self.child(table, key, depth)
            parents.append(table)
        place = self.value(self.skip(at + 1), depth)
        _entries(table)[keys[-1].name] = Entry(keys[-1].start, keys[-1].end, place)
        for parent in parents:
            parent.end = place.end
        return place.end

    def child(self, table: Place, key: _Key, depth: int) -> tuple[Place, int]:
        """The table at a key and its depth; made when it is not there, the last one of an array of tables."""
        place = _entries(table).setdefault(key.name, Entry(key.start, key.end, Place(key.start, key.end, {}))).place
        depth += 1
        if isinstance(place.children, list):
            place = place.children[-1]
            depth += 1
        self.check(depth, key.start)
        return place, depth

    def keys(self, at: int) -> tuple[list[_Key], int]:
        """The parts of a dotted key, and the offset of what follows it."""
        keys = []
        while match := _PART.match(self.text, at):
            keys.append(_Key(_name(match[1]), match.start(1), match.end(1)))
            at = match.end()
            if not self.text.startswith(".", at):
                break
            at += 1
        return keys, at

    def value(self, start: int, depth: int) -> Place:
        """The place of the value at an offset, in a table or array of this depth."""
        opening = self.text[start]
        if opening not in "[{":
            match = _SCALAR.match(self.text, start)
            return Place(start, match.end() if match else start)
        self.check(depth + 1, start)
        at = self.skip(start + 1)
        if opening == "[":
            items: list[Place] = []
            while self.text[at] != "]":
                items.append(self.value(at, depth + 1))
                at = self.comma(items[-1].end)
            return Place(start, at + 1, items)
        table = Place(start, start, {})
        while self.text[at] != "}":
            at = self.comma(self.pair(table, at, depth + 1))
        table.end = at + 1
        return table

    def comma(self, at: int) -> int:
        """The offset of the next item, or of the bracket that closes."""
        at = self.skip(at)
        return self.skip(at + 1) if self.text[at] == "," else at

    def check(self, depth: int, at: int) -> None:
        if depth > MAX_DEPTH:
            raise error(self.text, at, TOO_DEEP)


def _entries(table: Place) -> dict[str, Entry]:
    return cast("dict[str, Entry]", table.children)


def _name(part: str) -> str:
    if part[0] == '"' and "\\" in part:
        return str(loads(f"key = {part}")["key"])
    return part[1:-1] if part[0] in "\"'" else part
