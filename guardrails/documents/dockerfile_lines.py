"""The logical lines of a Dockerfile: continuations joined, comments dropped, heredocs gathered."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails.documents.document import ParseError, Span
from guardrails.documents.patterns import lazy
from guardrails.documents.pieces import Piece, place, span
from guardrails.documents.shell import unquote, words
from guardrails.tuples import NamedTuple

_DIRECTIVE = lazy(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*)")
_TAKES_HEREDOC = lazy(r"(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s", re.IGNORECASE)
_DIRECTIVES = ("syntax", "escape", "check")

HEREDOC = lazy(r"\d*<<(-?)([^<]+)")
"""A word that announces a heredoc, with its quotes."""


class Heredoc(NamedTuple):
    """A here-document: ``text`` as the build sees it, and where each line of it stands."""

    name: str
    text: str
    pieces: list[Piece]

    def span(self, start: int, end: int) -> Span:
        """Where the characters ``start`` to ``end`` of the text stand."""
        return span(self.pieces, start, end)


class Line(NamedTuple):
    """A logical line, and where its characters stand in the file."""

    text: str
    pieces: list[Piece]
    heredocs: list[Heredoc]
    end: tuple[int, int]
    """Line and column after the last character, heredocs included."""

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at ``offset``."""
        return place(self.pieces, offset)

    def span(self, start: int, end: int) -> Span:
        """Where the characters ``start`` to ``end`` stand."""
        return span(self.pieces, start, end)

    @property
    def whole(self) -> Span:
        """From the first character to the last, heredocs included."""
        return Span(self.pieces[0].line, self.pieces[0].column, *self.end)

    def error(self, message: str, offset: int = 0) -> ParseError:
        """An error at the character at ``offset``."""
        return ParseError(message, *self.place(offset))


def directives(lines: list[str]) -> dict[str, str]:
    """The parser directives at the top of the file, by lower-case name."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.match(line.strip())
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            break
        if name in found:
            raise ParseError(f"the parser directive {name!r} is given twice; keep one of them", number)
        if name == "escape" and match[2] not in ("\\", "`"):
            raise ParseError("the escape character must be \\ or `", number)
        found[name] = match[2]
    return found


def logical_lines(lines: list[str], escape: str) -> Iterator[Line]:
    """The logical lines among the physical ones."""
    number = 0
    while number < len(lines):
        text = lines[number].strip()
        number += 1
        if not text or text[0] == "#":
            continue
        pieces = [Piece(0, number, lines[number - 1].index(text[0]) + 1)]
        if text[-1] == escape:
            text, number = _continue(text, pieces, lines, number, escape)
        if not text:
            continue
        last = pieces[-1]
        end = last.line, last.column + len(text) - last.offset
        heredocs: list[Heredoc] = []
        if "<<" in text and _TAKES_HEREDOC.match(text):
            line = Line(text, pieces, heredocs, end)
            number = _gather(line, lines, number, escape)
            if heredocs:
                end = number, len(lines[number - 1]) + 1
        yield Line(text, pieces, heredocs, end)


def _continue(first: str, pieces: list[Piece], lines: list[str], number: int, escape: str) -> tuple[str, int]:
    """Join the physical lines that follow ``first``; white space around a break becomes one space."""
    texts: list[str] = []
    offset, text = 0, first
    while text.endswith(escape) and not text.endswith(escape * 2):
        body = text[:-1].rstrip()
        spaced = len(body) < len(text) - 1
        while number < len(lines) and lines[number].lstrip()[:1] in ("", "#"):
            number += 1
        if number == len(lines):
            text = body
            break
        raw = lines[number]
        number += 1
        text = raw.strip()
        if (spaced or raw[0].isspace()) and not (texts and not body and texts[-1].endswith(" ")):
            body += " "
        texts.append(body)
        offset += len(body)
        pieces.append(Piece(offset, number, raw.index(text[0]) + 1))
    whole = ("".join(texts) + text).rstrip()
    while len(pieces) > 1 and pieces[-1].offset >= len(whole):
        pieces.pop()
    return whole, number


def _gather(line: Line, lines: list[str], number: int, escape: str) -> int:
    """Read the heredocs that ``line`` announces; returns the number of the last line read."""
    for start, end in words(line.text, escape):
        match = HEREDOC.fullmatch(line.text, start, end)
        if match is None:
            continue
        name, first = unquote(match[2], escape), number
        while number < len(lines) and (lines[number].lstrip("\t") if match[1] else lines[number]) != name:
            number += 1
        if number == len(lines):
            raise line.error(f"the here-document {name!r} has no end; write {name} alone on the line after it", start)
        line.heredocs.append(_heredoc(name, lines[first:number], first + 1, chomp=bool(match[1])))
        number += 1
    return number


def _heredoc(name: str, rows: list[str], line: int, *, chomp: bool) -> Heredoc:
    texts = [row.lstrip("\t") if chomp else row for row in rows]
    pieces = []
    offset = 0
    for number, (row, text) in enumerate(zip(rows, texts, strict=True), line):
        pieces.append(Piece(offset, number, len(row) - len(text) + 1))
        offset += len(text) + 1
    return Heredoc(name, "".join([text + "\n" for text in texts]), pieces or [Piece(0, line, 1)])
