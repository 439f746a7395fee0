"""The blocks of Markdown, by the rules of CommonMark: containers, paragraphs, headings, code and HTML."""

from __future__ import annotations

import re

from guardrails.documents.document import Span
from guardrails.documents.markdown_page import BLANKS, Line, Page
from guardrails.documents.patterns import lazy
from guardrails.documents.pieces import Piece, span

_QUOTE = 0
"""A block quote in the stack of containers; a list item is the width of its indentation."""
_MAX_CONTAINERS = 100

_QUOTE_MARK = lazy(r" {0,3}>[ \t]?")
_ITEM = lazy(r" {0,3}(?:[-+*]|(\d{1,9})[.)])(?:([ \t]+)(?=\S)|[ \t]*$)")
_ATX = lazy(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_SETEXT = lazy(r" {0,3}(?:(=+)|-+)[ \t]*$")
_FENCE = lazy(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_RULE = lazy(r" {0,3}(?:(?:\*[ \t]*){3,}+|(?:-[ \t]*){3,}+|(?:_[ \t]*){3,}+)$")
_RAW_HTML = lazy(r" {0,3}<(?:(!--)|(\?)|(![A-Za-z])|(script|pre|style|textarea)(?=[\s>]|$))", re.IGNORECASE)
_RAW_ENDS = ("-->", "?>", ">")
_HTML = lazy(
    r" {0,3}</?(?:address|article|aside|blockquote|body|br|center|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption"
    r"|figure|footer|form|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|nav|ol|option|p|param|picture"
    r"|search|section|source|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?=[\s/>]|$)",
    re.IGNORECASE,
)
_TAG_ALONE = lazy(r" {0,3}</?[A-Za-z][A-Za-z0-9-]*+(?:[\s/][^<>]*+)?>[ \t]*$")


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


class Blocks:
    """Tells the blocks of a page apart, as its lines come; the page is whole after :meth:`end`."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._containers: list[int] = []
        self._paragraph: list[Line] = []
        """The lines of the open paragraph."""
        self._item = False
        """Whether the paragraph that is open, or comes next, is the first of a list item."""
        self._empty_item = False
        """Whether the last line was the mark of a list item alone; a blank line then ends the item."""
        self._code: _Code | None = None
        self._html: str | None = None
        """What ends the open HTML block, a blank line when empty; None when none is open."""

    def read(self, line: str, number: int) -> None:
        """Take the next line."""
        if not self._containers and self._html is None and self._code is None:  # most lines are quick to tell
            if line[:1].isalpha():
                self._paragraph.append((line, number, 1))
                return
            if not line:
                self._end_paragraph()
                return
        start, matched = self._match_containers(line)
        if self._within_block(line, start, matched, number):
            return
        if not line[start:].strip(BLANKS):
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
        self._page.end()

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
        if not inside or (not self._html and not line[start:].strip(BLANKS)):
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
                mark = line[start:mark_end].rstrip(BLANKS)
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
        self._item = container != _QUOTE

    def _close(self, depth: int) -> None:
        """End the open leaf and the containers that are not continued."""
        self._end_paragraph()
        self._end_code()
        del self._containers[depth:]

    def _read_leaf(self, line: str, start: int, matched: int, number: int) -> None:
        text = line[start:]
        if not text.strip(BLANKS):
            self._empty_item = bool(self._containers) and self._containers[-1] != _QUOTE
            return
        if _indent(text, 0) >= 4:
            if self._paragraph:
                self._paragraph.append((text, number, start + 1))
            else:
                self._read_indented_code(text, matched, (number, start + 1))
            return
        if not text.lstrip(BLANKS)[0].isalnum() and self._read_marked(text, start, matched, number):
            return
        if not self._paragraph:
            self._close(matched)
        self._paragraph.append((text, number, start + 1))

    def _read_indented_code(self, text: str, matched: int, place: tuple[int, int]) -> None:
        if self._code is None or matched < len(self._containers):
            self._close(matched)
            self._code = _Code("", "", 4, matched, (place[0], place[1] + len(text) - len(text.lstrip(BLANKS))))
        self._code.rows.append(_dedent(text, 4))
        self._code.end = (place[0], place[1] + len(text))

    def _read_marked(self, text: str, start: int, matched: int, number: int) -> bool:
        """Read a line that is a block by its first characters; whether it is one."""
        whole = Span(number, start + 1 + len(text) - len(text.lstrip(BLANKS)), number, start + 1 + len(text))
        setext = _SETEXT.match(text) if self._paragraph and matched == len(self._containers) else None
        if setext:
            self._read_setext(1 if setext[1] else 2, whole)
        elif _RULE.match(text):
            self._close(matched)
        elif atx := _ATX.match(text):
            self._close(matched)
            content = _without_closing_marks(atx[2] or "").strip()
            piece = Piece(0, number, start + 1 + max(atx.start(2), 0))
            self._page.add_heading(len(atx[1]), content, [piece], whole)
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
        lines, self._paragraph = self._paragraph, []
        text, pieces, start = self._page.take(lines)
        if start < len(text):
            first = span(pieces, start, len(text))
            whole = Span(first.line, first.column, underline.end_line, underline.end_column)
            self._page.add_heading(level, text[start:], [], whole)

    def _end_paragraph(self) -> None:
        if self._paragraph:
            lines, self._paragraph = self._paragraph, []
            depth = len(self._containers) - self._containers.count(_QUOTE) if self._item else 0
            self._item = False
            self._page.add_paragraph(lines, depth)

    def _end_code(self) -> None:
        code, self._code = self._code, None
        if code is None:
            return
        rows = code.rows
        while not code.fence and rows and not rows[-1].strip(BLANKS):
            rows.pop()
        self._page.add_code(code.language, rows, Span(*code.place, *code.end))


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
