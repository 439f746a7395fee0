"""The text of a document by the places of its nodes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from guardrails.documents.document import Path, Root, Span


class Text:
    """A text by lines: offsets for lines and columns, and back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        while (at := text.find("\n", self._starts[-1])) >= 0:
            self._starts.append(at + 1)

    @property
    def newline(self) -> str:
        """How lines end: as the first one does."""
        at = self.text.find("\n")
        return "\r\n" if at > 0 and self.text[at - 1] == "\r" else "\n"

    def offset(self, line: int, column: int) -> int:
        """The offset of a place; both count from 1."""
        return min(self._starts[line - 1] + column - 1, len(self.text))

    def range(self, span: Span) -> tuple[int, int]:
        """The offsets of a span."""
        return self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)

    def line_start(self, at: int) -> int:
        """Where the line of an offset begins."""
        return self._starts[bisect_right(self._starts, at) - 1]

    def line_end(self, at: int) -> int:
        """Where the line of an offset ends, before what ends it."""
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - (end > at and self.text[end - 1] == "\r")

    def next_line(self, at: int) -> int:
        """Where the line after that of an offset begins."""
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def column(self, at: int) -> int:
        """How many characters stand before an offset in its line."""
        return at - self.line_start(at)

    def lead(self, at: int) -> str:
        """What stands before an offset in its line."""
        return self.text[self.line_start(at) : at]


class Source(Text):
    """The text of one tree, and where its nodes stand in it."""

    def __init__(self, text: str, root: Root) -> None:
        super().__init__(text)
        self.root = root
        self._children: dict[Path, list[Path]] = {}
        self._numbers: dict[Path, int] = {}

    def value(self, path: Path) -> Any:
        """The value of a node; raises KeyError, IndexError or TypeError where there is none."""
        return self.root.at(*path).value

    def node(self, path: Path) -> tuple[int, int]:
        """The offsets of a node."""
        return self.range(self.root.span(path))

    def key(self, path: Path) -> tuple[int, int]:
        """The offsets of the key of a node."""
        return self.range(self.root.span(path, key=True))

    def head(self, path: Path) -> int:
        """Where an entry of a mapping, or an item of a list, begins."""
        return (self.key(path) if isinstance(path[-1], str) else self.node(path))[0]

    def children(self, path: Path) -> list[Path]:
        """The nodes right below one, in the order of the text."""
        if path not in self._children:
            ways = sorted(((*path, step) for step in _steps(self.value(path))), key=self.head)
            self._children[path] = ways
            self._numbers.update((way, number) for number, way in enumerate(ways))
        return self._children[path]

    def beside(self, path: Path) -> tuple[Path | None, Path | None]:
        """The nodes right before and right behind one, with the same parent."""
        siblings = self.children(path[:-1])
        number = self._numbers[path]
        before = siblings[number - 1] if number else None
        return before, siblings[number + 1] if number + 1 < len(siblings) else None


def paths(value: Any) -> Iterator[Path]:
    """The ways to all nodes of a plain value, itself first."""
    pending: list[tuple[Path, Any]] = [((), value)]
    while pending:
        path, value = pending.pop()
        yield path
        pending += [((*path, step), value[step]) for step in reversed(_steps(value))]


def _steps(value: Any) -> list[str | int]:
    return list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
