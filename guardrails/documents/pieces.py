"""Positions in text that is put together from parts of lines."""

from __future__ import annotations

from bisect import bisect_right

from guardrails.documents.document import Path, Span
from guardrails.tuples import NamedTuple


class Piece(NamedTuple):
    """Where a part of a text stands that was put together from several lines."""

    offset: int
    """Where the part starts in the text."""
    line: int
    column: int


def place(pieces: list[Piece], offset: int) -> tuple[int, int]:
    """Line and column of the character at ``offset`` of the text that is made of ``pieces``."""
    piece = pieces[bisect_right(pieces, (offset + 1,)) - 1]
    return piece.line, piece.column + offset - piece.offset


def span(pieces: list[Piece], start: int, end: int) -> Span:
    """Where the characters ``start`` to ``end`` of the text that is made of ``pieces`` stand."""
    line, column = place(pieces, start)
    end_line, end_column = place(pieces, max(start, end - 1))
    return Span(line, column, end_line, end_column + (end > start))


class Spans(dict[Path, Span]):
    """The locator of a format that notes every position while it parses."""

    def span(self, path: Path, *, key: bool) -> Span | None:  # noqa: ARG002 - keys are not in the text of these formats
        """The span of the node at ``path``."""
        return self.get(path)
