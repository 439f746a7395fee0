"""What a page of Markdown says, noted block by block."""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.document import Span
from guardrails.documents.markdown_inlines import Definition, find_links, plain, take_definitions
from guardrails.documents.markdown_tables import cells, find_header
from guardrails.documents.pieces import Piece, Spans, span

BLANKS = " \t"
"""The only white space that counts in Markdown."""
Line = tuple[str, int, int]
"""A line of a paragraph, its number, and the column where it starts."""

_HAS_LINKS = re.compile(r"[\[<]|://")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")


class Page:
    """The headings, paragraphs, rows and code that were added, and after :meth:`end` the links in them."""

    def __init__(self) -> None:
        self.headings: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []
        self.code: list[dict[str, str]] = []
        self.paragraphs: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.places = Spans()
        self._texts: list[tuple[str, list[Piece], int]] = []
        """Paragraphs and headings, which wait for the last definition, and where their text starts."""
        self._definitions: dict[str, Definition] = {}
        self._slugs: dict[str, int] = {}
        self._outline: list[tuple[int, str]] = []
        """The level and text of the headings that what comes next stands below, outermost first."""
        self._sections: list[str] = []
        """Their texts."""

    def end(self) -> None:
        """Everything has been added."""
        for text, pieces, start in self._texts:
            for link in find_links(text, self._definitions, start):
                self.places["links", len(self.links)] = span(pieces, link.start, link.end)
                self.links.append({"text": link.text, "target": link.target, "title": link.title, "image": link.image})

    def add_heading(self, level: int, text: str, pieces: list[Piece], place: Span) -> None:
        """Note a heading; with pieces, its links too."""
        name = plain(text)
        self.places["headings", len(self.headings)] = place
        self.headings.append({"level": level, "text": name, "slug": self._slug(name)})
        while self._outline and self._outline[-1][0] >= level:
            self._outline.pop()
        self._outline.append((level, name))
        self._sections = [text for _, text in self._outline]
        if pieces and _HAS_LINKS.search(text):
            self._texts.append((text, pieces, 0))

    def _slug(self, name: str) -> str:
        base = slug = _NOT_IN_SLUG.sub("", name.lower()).replace(" ", "-")
        while slug in self._slugs:
            self._slugs[base] += 1
            slug = f"{base}-{self._slugs[base]}"
        self._slugs[slug] = 0
        return slug

    def add_code(self, language: str, rows: list[str], place: Span) -> None:
        """Note a block of code."""
        self.places["code", len(self.code)] = place
        self.code.append({"language": language, "text": "".join([row + "\n" for row in rows])})

    def add_paragraph(self, lines: list[Line], item: int) -> None:
        """Note what a paragraph says: text, a table, or both."""
        text, pieces, start = self.take(lines)
        header = find_header(text.split("\n")) if "|" in text else len(pieces)
        if header < len(pieces):
            self._add_rows(text.split("\n")[header:], pieces[header:])
            text = text[: max(pieces[header].offset - 1, 0)]
        if start < len(text):
            first, last = pieces[0], pieces[header - 1]
            place = Span(first.line, first.column, last.line, last.column + len(text) - last.offset)
            self.places["paragraphs", len(self.paragraphs)] = span(pieces, start, len(text)) if start else place
            self.paragraphs.append({"text": text[start:], "item": item, "sections": self._sections})

    def _add_rows(self, lines: list[str], pieces: list[Piece]) -> None:
        """Note the rows of a table."""
        columns = [plain(name) for _, name in cells(lines[0])]
        for line, piece in zip(lines[2:], pieces[2:], strict=True):
            row: dict[str, str] = {}
            number = len(self.rows)
            self.places["rows", number] = Span(piece.line, piece.column, piece.line, piece.column + len(line))
            for column, (start, text) in zip(columns, cells(line), strict=False):
                if column not in row:
                    row[column] = text
                    self.places["rows", number, "cells", column] = Span(
                        piece.line, piece.column + start, piece.line, piece.column + start + len(text)
                    )
            self.rows.append({"cells": row, "sections": self._sections})

    def take(self, lines: list[Line]) -> tuple[str, list[Piece], int]:
        """Keep the links of a paragraph; returns its text, where that stands, and where it starts after definitions."""
        pieces: list[Piece] = []
        texts: list[str] = []
        offset = 0
        for line, number, column in lines:
            text = line.lstrip(BLANKS)
            pieces.append(Piece(offset, number, column + len(line) - len(text)))
            text = text.rstrip(BLANKS)
            texts.append(text)
            offset += len(text) + 1
        whole = "\n".join(texts)
        start = take_definitions(whole, self._definitions) if whole.startswith("[") else 0
        if _HAS_LINKS.search(whole, start):
            self._texts.append((whole, pieces, start))
        return whole, pieces, start
