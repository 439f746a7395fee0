"""A parsed file: plain values, and the position of every node in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from guardrails.tuples import NamedTuple

Path = tuple[str | int, ...]
"""The way from a root to a node: mapping keys and sequence indices."""

MAX_DEPTH = 200
"""Documents nested deeper than this are refused: no file written by people needs it, and every walk may recurse."""


class Span(NamedTuple):
    """Where a node stands; lines and columns count from 1 in code points, the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class ParseError(Exception):
    """The text is not valid in its format."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message, line, column)
        self.message = message
        self.line = line
        self.column = column


class Locator(Protocol):
    """Finds nodes again in the text of a document."""

    def span(self, path: Path, *, key: bool) -> Span | None:
        """The span of the node at ``path`` (of its mapping key when ``key``), or None when it is not there."""


class Root:
    """One tree of a document: its plain value, with positions resolved only when a finding needs them.

    Values are made of dict, list, str, int, float, bool and None only, and are never changed.
    """

    __slots__ = ("_locator", "prefix", "value")

    def __init__(self, value: Any, locator: Locator, prefix: Path = ()) -> None:
        self.value = value
        self._locator = locator
        self.prefix = prefix

    def at(self, *path: str | int) -> Root:
        """The sub-tree at ``path`` as a root of its own; raises KeyError or IndexError when it is not there."""
        value = self.value
        for key in path:
            value = value[key]
        return Root(value, self._locator, self.prefix + path)

    def span(self, path: Path = (), *, key: bool = False) -> Span:
        """Where the node at ``path`` stands: of its key when ``key``; else of its nearest ancestor that is there."""
        full = self.prefix + path
        span = self._locator.span(full, key=key)
        while span is None and full:
            full = full[:-1]
            span = self._locator.span(full, key=False)
        return span or Span(1, 1, 1, 1)


class Document(NamedTuple):
    """All trees of one file; most formats have exactly one."""

    roots: tuple[Root, ...]
    text: str = ""
    """What it was parsed from, for those who read comments; empty where the format does not keep it."""


class Format(Protocol):
    """How the text of a file becomes a document."""

    name: str
    paths: tuple[str, ...]
    """Gitignore-style globs of the files that are of this format."""

    def parse(self, text: str) -> Document:
        """Parse the text of a whole file; raises ParseError."""


class Dialect(Protocol):
    """A use of other formats that has a name of its own: ``kubernetes`` over ``yaml`` and ``json``."""

    name: str
    paths: tuple[str, ...]
    """Gitignore-style globs that narrow the files of the bases; empty for all of them."""
    bases: tuple[str, ...]
    """Names of the formats it is written in."""

    def roots(self, document: Document) -> Iterable[Root]:
        """The trees of the document that are of this dialect; none when it is something else."""
