"""Where the nodes of a text stand: offsets that become lines and columns when someone asks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from guardrails.documents.document import MAX_DEPTH, Document, ParseError, Path, Root, Span
from guardrails.tuples import NamedTuple

MAX_DIGITS = 1000
"""Longer integers are refused: Python itself declines to print numbers of some thousand digits."""
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"

_LINE_END = re.compile("\n")


class Place:
    """The offsets of a node in the text, and the places of its children by key or index."""

    __slots__ = ("children", "end", "start")

    def __init__(self, start: int, end: int, children: dict[str, Entry] | list[Place] | None = None) -> None:
        self.start = start
        self.end = end
        self.children = children

    def __iter__(self) -> Iterator[Any]:
        return iter((self.start, self.end, self.children))


class Entry(NamedTuple):
    """A value of a mapping, with the offsets of its key."""

    start: int
    end: int
    place: Place


Places = Sequence[Iterable[Any]]
"""The places of all trees of a text, in order; tuples will do, for places and for entries, and are made faster."""


def document(text: str, values: Iterable[Any], build: Callable[[str], Places]) -> Document:
    """The document of these trees; ``build`` runs at the first question for a position, if one comes."""
    places = _Places(text, build)
    return Document(tuple(Root(value, _Tree(places, index)) for index, value in enumerate(values)), text)


def error(text: str, offset: int, message: str) -> ParseError:
    """A ParseError at an offset of the text."""
    return ParseError(message, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


class _Places:
    """The places of a text, built when the first of them is needed."""

    def __init__(self, text: str, build: Callable[[str], Places]) -> None:
        self._text = text
        self._build = build
        self._trees: Places | None = None
        self._lines = [0]

    def tree(self, index: int) -> Iterable[Any]:
        if self._trees is None:
            self._trees = self._build(self._text)
            self._lines += [match.end() for match in _LINE_END.finditer(self._text)]
        return self._trees[index]

    def span(self, start: int, end: int) -> Span:
        first, last = bisect_right(self._lines, start), bisect_right(self._lines, end)
        return Span(first, start - self._lines[first - 1] + 1, last, end - self._lines[last - 1] + 1)


class _Tree:
    """The locator of one tree; a node without a key answers with its own span when asked for the key's."""

    def __init__(self, places: _Places, index: int) -> None:
        self._places = places
        self._index = index

    def span(self, path: Path, *, key: bool) -> Span | None:
        start, end, children = self._places.tree(self._index)
        for step in path:
            if isinstance(children, dict) and isinstance(step, str) and step in children:
                key_start, key_end, place = children[step]
            elif isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
                place = children[step]
                key_start, key_end, _ = place
            else:
                return None
            start, end, children = place
        return self._places.span(*((key_start, key_end) if key and path else (start, end)))
