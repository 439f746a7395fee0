"""The blocks of Markdown, by the rules of CommonMark: containers, paragraphs, headings, code and HTML."""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.document import Span
from guardrails.documents.markdown_inlines import Definition, find_links, plain, take_definitions
from guardrails.documents.pieces import Piece, Spans, span

_QUOTE = 0
"""A block quote in the stack of containers; a list item is the width of its indentation."""
_MAX_CONTAINERS = 100
_BLANKS = " \t"
"""The only white space that counts in Markdown."""

_QUOTE_MARK = re.compile(r" {0,3}>[ \t]?")
_ITEM = re.compile(r" {0,3}(?:[-+*]|(\d{1,9})[.)])(?:([ \t]+)(?=\S)|[ \t]*$)")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_SETEXT = re.compile(r" {0,3}(?:(=+)|-+)[ \t]*$")
_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}+|(?:-[ \t]*){3,}+|(?:_[ \t]*){3,}+)$")
_RAW_HTML = re.compile(r" {0,3}<(?:(!--)|(\?)|(![A-Za-z])|(script|pre|style|textarea)(?=[\s>]|$))", re.IGNORECASE)
_RAW_ENDS = ("-->", "?>", ">")
_HTML = re.compile(
    r" {0,3}</?(?:address|article|aside|blockquote|body|br|center|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption"
    r"|figure|footer|form|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|nav|ol|option|p|param|picture"
    r"|search|section|source|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?=[\s/>]|$)",
    re.IGNORECASE,
)
_TAG_ALONE = re.compile(r" {0,3}</?[A-Za-z][A-Za-z0-9-]*+(?:[\s/][^<>]*+)?>[ \t]*$")
_HAS_LINKS = re.compile(r"[\[<]|://")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")


class _Code:
    """A code block that is open."""

    def __init__(self, fence: str, language: str, indent: int, depth: int, place: tuple[int, int]) -> None:
        self.fence = fence
        self.language = language
        self.indent = indent
        self.depth = depth
        self.place = self.end = place
        self.rows: list[str] = []

    def closes(self, text: str) -> bool:
        """Whether ``text`` is the closing fence."""
        mark = text.strip()
        return len(mark) >= len(self.fence) and not mark.strip(self.fence[0]) and _indent(text, 0) < 4


class Page:
    """What a page says, as its lines come; whole after :meth:`end`."""

    def __init__(self) -> None:
        self.headings: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []
        self.code: list[dict[str, str]] = []
        self.places = Spans()
        self._containers: list[int] = []
        self._paragraph: list[tuple[str, int, int]] = []
        """The lines of the open paragraph, each with its number and column."""
        self._empty_item = False
        """Whether the last line was the mark of a list item alone; a blank line then ends the item."""
        self._code: _Code | None = None
        self._html: str | None = None
        """What ends the open HTML block, a blank line when empty; None when none is open."""
        self._texts: list[tuple[str, list[Piece], int]] = []
        """Paragraphs and headings, which wait for the last definition, and where their text starts."""
        self._definitions: dict[str, Definition] = {}
        self._slugs: dict[str, int] = {}

    def read(self, line: str, number: int) -> None:
        """Take the next line."""
        if line[:1].isalpha() and not self._containers and self._html is None and self._code is None:
            self._paragraph.append((line, number, 1))
            return
        start, matched = self._match_containers(line)
        if self._within_block(line, start, matched, number):
            return
        if not line[start:].strip(_BLANKS):
            self._read_blank(line[start:], matched)
            return
        self._empty_item = False
        start, matched = self._open_containers(line, start, matched)
        self._read_leaf(line, start, matched, number)

    def _read_blank(self, text: str, matched: int) -> None:
        self._end_paragraph()
        if self._empty_item and matched == len(self._containers):
            matched -= 1
        self._empty_item = False
        if matched < len(self._containers):
            self._close(matched)
        elif self._code is not None:
            self._code.rows.append(_dedent(text, 4))

    def end(self) -> None:
        """The last line has been read."""
        self._end_paragraph()
        self._end_code()
        for text, pieces, start in self._texts:
            for link in find_links(text, self._definitions, start):
                self.places["links", len(self.links)] = span(pieces, link.start, link.end)
                self.links.append({"text": link.text, "target": link.target, "title": link.title, "image": link.image})

    def _match_containers(self, line: str) -> tuple[int, int]:
        """Where the line goes on after the marks of the open containers, and how many of them it continues."""
        start = 0
        for depth, width in enumerate(self._containers):
            if width == _QUOTE:
                mark = _QUOTE_MARK.match(line, start)
                after = mark.end() if mark else -1
            else:
                after = _skip(line, start, width)
            if after < 0:
                return start, depth
            start = after
        return start, len(self._containers)

    def _within_block(self, line: str, start: int, matched: int, number: int) -> bool:
        """Whether the line belongs to the fenced code or HTML that is open; ends the block if not."""
        inside = matched == len(self._containers)
        code = self._code
        if code is not None and code.fence:
            if not inside:
                self._end_code()
                return False
            code.end = (number, len(line) + 1)
            if code.closes(line[start:]):
                self._end_code()
            else:
                code.rows.append(_dedent(line[start:], code.indent))
            return True
        if self._html is None:
            return False
        if not inside or (not self._html and not line[start:].strip(_BLANKS)):
            self._html = None
            return False
        if self._html and self._html in line[start:].lower():
            self._html = None
        return True

    def _open_containers(self, line: str, start: int, matched: int) -> tuple[int, int]:
        """Open the block quotes and list items that start in the line; where it goes on, and how many hold it."""
        while matched < _MAX_CONTAINERS and _indent(line, start) < 4:
            quote = _QUOTE_MARK.match(line, start)
            if quote:
                self._enter(matched, _QUOTE)
                start = quote.end()
            else:
                item = _ITEM.match(line, start)
                if item is None or _RULE.match(line[start:]) or not self._may_start(item, matched):
                    break
                mark_end = item.start(2) if item[2] else len(line)
                mark = line[start:mark_end].rstrip(_BLANKS)
                gap = len((mark + (item[2] or " ")).expandtabs(4)) - len(mark)
                gap = gap if gap <= 4 else 1
                self._enter(matched, len(mark) + gap)
                start = _skip(line, mark_end, gap) if gap == 1 else item.end()
            matched += 1
        return start, matched

    def _may_start(self, item: re.Match[str], matched: int) -> bool:
        """Whether the list item may come here: within a paragraph only one that has text and starts at 1."""
        continues = self._paragraph and matched == len(self._containers)
        return not continues or (item[2] is not None and item[1] in (None, "1"))

    def _enter(self, depth: int, container: int) -> None:
        self._close(depth)
        self._containers.append(container)

    def _close(self, depth: int) -> None:
        """End the open leaf and the containers that are not continued."""
        self._end_paragraph()
        self._end_code()
        del self._containers[depth:]

    def _read_leaf(self, line: str, start: int, matched: int, number: int) -> None:
        text = line[start:]
        if not text.strip(_BLANKS):
            self._empty_item = bool(self._containers) and self._containers[-1] != _QUOTE
            return
        if _indent(text, 0) >= 4:
            if self._paragraph:
                self._paragraph.append((text, number, start + 1))
            else:
                self._read_indented_code(text, matched, (number, start + 1))
            return
        if not text.lstrip(_BLANKS)[0].isalnum() and self._read_marked(text, start, matched, number):
            return
        if not self._paragraph:
            self._close(matched)
        self._paragraph.append((text, number, start + 1))

    def _read_indented_code(self, text: str, matched: int, place: tuple[int, int]) -> None:
        if self._code is None or matched < len(self._containers):
            self._close(matched)
            self._code = _Code("", "", 4, matched, (place[0], place[1] + len(text) - len(text.lstrip(_BLANKS))))
        self._code.rows.append(_dedent(text, 4))
        self._code.end = (place[0], place[1] + len(text))

    def _read_marked(self, text: str, start: int, matched: int, number: int) -> bool:
        """Read a line that is a block by its first characters; whether it is one."""
        whole = Span(number, start + 1 + len(text) - len(text.lstrip(_BLANKS)), number, start + 1 + len(text))
        setext = _SETEXT.match(text) if self._paragraph and matched == len(self._containers) else None
        if setext:
            self._read_setext(1 if setext[1] else 2, whole)
        elif _RULE.match(text):
            self._close(matched)
        elif atx := _ATX.match(text):
            self._close(matched)
            content = _without_closing_marks(atx[2] or "")
            self._add_heading(len(atx[1]), content.strip(), [Piece(0, number, start + 1 + max(atx.start(2), 0))], whole)
        elif fence := _FENCE.match(text):
            self._close(matched)
            language = (fence[3].split() or [""])[0]
            self._code = _Code(fence[2], language, len(fence[1]), matched, (number, whole.column))
            self._code.end = (number, whole.end_column)
        else:
            return self._read_html(text, matched)
        return True

    def _read_html(self, text: str, matched: int) -> bool:
        raw = _RAW_HTML.match(text)
        if not (raw or _HTML.match(text) or (not self._paragraph and _TAG_ALONE.match(text))):
            return False
        self._close(matched)
        self._html = ""
        if raw:
            end = f"</{raw[4].lower()}>" if raw[4] else _RAW_ENDS[(raw.lastindex or 1) - 1]
            self._html = None if end in text[raw.end() :].lower() else end
        return True

    def _read_setext(self, level: int, underline: Span) -> None:
        text, pieces, start = self._end_paragraph()
        if start < len(text):
            first = span(pieces, start, len(text))
            whole = Span(first.line, first.column, underline.end_line, underline.end_column)
            self._add_heading(level, text[start:], [], whole)

    def _add_heading(self, level: int, text: str, pieces: list[Piece], place: Span) -> None:
        name = plain(text)
        self.places["headings", len(self.headings)] = place
        self.headings.append({"level": level, "text": name, "slug": self._slug(name)})
        if pieces and _HAS_LINKS.search(text):
            self._texts.append((text, pieces, 0))

    def _slug(self, name: str) -> str:
        base = slug = _NOT_IN_SLUG.sub("", name.lower()).replace(" ", "-")
        while slug in self._slugs:
            self._slugs[base] += 1
            slug = f"{base}-{self._slugs[base]}"
        self._slugs[slug] = 0
        return slug

    def _end_paragraph(self) -> tuple[str, list[Piece], int]:
        """Keep the open paragraph for its links; returns its text, where that stands, and where it starts."""
        pieces: list[Piece] = []
        texts: list[str] = []
        offset = 0
        for line, number, column in self._paragraph:
            text = line.strip(_BLANKS)
            pieces.append(Piece(offset, number, column + len(line) - len(line.lstrip(_BLANKS))))
            texts.append(text)
            offset += len(text) + 1
        self._paragraph = []
        whole = "\n".join(texts)
        start = take_definitions(whole, self._definitions) if whole.startswith("[") else 0
        if _HAS_LINKS.search(whole, start):
            self._texts.append((whole, pieces, start))
        return whole, pieces, start

    def _end_code(self) -> None:
        code, self._code = self._code, None
        if code is None:
            return
        rows = code.rows
        while not code.fence and rows and not rows[-1].strip(_BLANKS):
            rows.pop()
        self.places["code", len(self.code)] = Span(*code.place, *code.end)
        self.code.append({"language": code.language, "text": "".join([row + "\n" for row in rows])})


def _indent(line: str, start: int) -> int:
    """Columns of white space at ``start``, counted up to 4."""
    column = 0
    for char in line[start : start + 4]:
        if char == "\t":
            return 4
        if char != " ":
            break
        column += 1
    return column


def _skip(line: str, start: int, columns: int) -> int:
    """Where the line goes on after so many columns of white space, or its end; -1 when it has other text there."""
    column = 0
    while column < columns and start < len(line):
        if line[start] == "\t":
            column += 4 - column % 4
        elif line[start] == " ":
            column += 1
        else:
            return -1
        start += 1
    return start


def _dedent(line: str, columns: int) -> str:
    column = start = 0
    while column < columns and line[start : start + 1] in (" ", "\t"):
        column += 1 if line[start] == " " else 4
        start += 1
    return line[start:]


def _without_closing_marks(text: str) -> str:
    """The text of a heading without the ``#`` that may close it."""
    text = text.rstrip()
    bare = text.rstrip("#")
    return bare.rstrip() if bare[-1:] in ("", " ", "\t") else text
