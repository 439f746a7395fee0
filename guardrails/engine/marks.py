"""Inline waivers: comments that say ``guardrails: waive RULE until=DATE reason="…"`` before what they are about.

A comment is told by what it starts with, whatever the language. In markup, and only there, it starts with ``<!--``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from guardrails.checks.base import File

SIGN = b"guardrails:"
"""What a file has to hold to be worth a closer look."""

_MARKUP = (".htm", ".html", ".markdown", ".md", ".svg", ".xml")
_OPENERS = (
    r"#+!?|//+!?|/\*+|\*+(?!/)|--+\[*|;+|%+|<!--|<%#|<%--|\{#|\{\{-?\s*/\*|\(\*|\{-|\.\.|'|\"|!|@?[Rr][Ee][Mm]\b|dnl\b"
)
_CLOSERS = r"(?:\*/(?:\s*-?\}\})?|-->|#\}|--?%>|%>|\*\)|-\}|\]\])"
_TEXT = r"\s*guardrails:\s*waive\b[ \t]*(.*)"


class Mark(NamedTuple):
    """An inline waiver, not yet understood."""

    path: str
    line: int
    first: int
    """First and last line that it is about; 0 for a comment that does not stand on a line of its own."""
    last: int
    top: bool
    """Whether it stands at the top of the file, where it is about the file as a whole too."""
    text: str
    """What follows on ``waive``."""


def marks(file: File) -> Iterator[Mark]:
    """The inline waivers of a file; none in one that is binary."""
    if file.binary:
        return
    own, beside, comment = _patterns(file.path.endswith(_MARKUP))
    lines = file.lines
    for index, line in enumerate(lines):
        if "guardrails:" not in line:
            continue
        if match := own.match(line):
            last = _last(lines, index, comment)
            yield Mark(file.path, index + 1, index + 2, last, _on_top(lines, index, comment), _unclosed(match[1]))
        elif beside and (match := beside.search(line)):
            yield Mark(file.path, index + 1, 0, 0, False, _unclosed(match[1]))


@lru_cache(maxsize=2)
def _patterns(markup: bool) -> tuple[re.Pattern[str], re.Pattern[str] | None, re.Pattern[str]]:
    """For a waiver on a line of its own, for one behind something, and for any line that is a comment."""
    openers = "<!--" if markup else _OPENERS
    own = re.compile(rf"\s*(?:{openers}){_TEXT}")
    beside = None if markup else re.compile(rf"\s(?:{_OPENERS}){_TEXT}")  # In prose it is an example, and no slip.
    return own, beside, re.compile(rf"\s*(?:{openers}|{_CLOSERS})")


def _last(lines: Sequence[str], index: int, comment: re.Pattern[str]) -> int:
    """The number of the first line behind ``index`` that is neither blank nor a comment, or that of the last line."""
    for number in range(index + 1, len(lines)):
        if lines[number].strip() and not comment.match(lines[number]):
            return number + 1
    return len(lines)


def _on_top(lines: Sequence[str], index: int, comment: re.Pattern[str]) -> bool:
    return all(not line.strip() or comment.match(line) for line in lines[:index])


def _unclosed(text: str) -> str:
    """The text without what ends the comment."""
    return re.sub(rf"\s*{_CLOSERS}\s*$", "", text).strip()
