"""Inline waivers: comments that say ``guardrails: waive RULE until=DATE reason="…"`` before what they are about.

A comment is told by what it starts with, whatever the language. In markup, and only there, it starts with ``<!--``.
Work is linear in the text, also where it is nothing but such comments. A resource of Kubernetes may say the same in an
annotation, see :mod:`guardrails.engine.annotations`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from guardrails.checks.base import MAX_SOURCE, File
from guardrails.tuples import NamedTuple

SIGN = b"guardrails"
"""What a file has to hold to be worth a closer look."""
NAME = "guardrails/waive"
"""What an annotation that is a waiver is named, or begins with where a resource has more of them than one."""
COMMENT, ANNOTATION = "comment", "annotation"
_MANIFESTS = (".yaml", ".yml", ".json")

_MARKUP = (".htm", ".html", ".markdown", ".md", ".svg", ".xml")
_OPENERS = (
    r"#+!?|//+!?|/\*+|\*+(?!/)|--+\[*|;+|%+|<!--|<%#|<%--|\{#|\{\{-?\s*/\*|\(\*|\{-|\.\.|'|\"|!|@?[Rr][Ee][Mm]\b|dnl\b"
)
_CLOSERS = r"(?:\*/(?:\s*-?\}\})?|-->|#\}|--?%>|%>|\*\)|-\}|\]\])"
_TEXT = r"\s*guardrails:\s*waive\b[ \t]*(.*)"
_QUOTES = frozenset("'\"`")
"""What stands before a comment that is not one, but part of a text."""
_CLOSED = re.compile(rf"{_CLOSERS}$")

_C = ("//", "/*", "* ", "*/", "**/")
_GOES_ON = {
    "#": ("#",),
    "/": _C,
    "*": _C,
    "-": ("--", "]]"),
    ";": (";",),
    "%": ("%",),
    "<": ("<!--", "-->", "<%", "%>", "-%>", "--%>"),
    "{": ("{#", "#}", "{{/*", "{{- /*", "*/", "{-", "-}"),
    "(": ("(*", "*)", "* "),
}
"""What lines start with that are comments as well, by what a comment starts with.

What is a comment in one language is code in another: so it is not any comment that ever was.
"""
_BEFORE_ALL = ("#!", "<?", "<!", "---")
"""What may stand above a comment at the top of a file."""


class Mark(NamedTuple):
    """An inline waiver, in a comment or an annotation, not yet understood."""

    path: str
    line: int
    first: int
    """First and last line that it is about; 0 for a comment that does not stand on a line of its own."""
    last: int
    top: bool
    """Whether it stands at the top of the file, where it is about the file as a whole too."""
    text: str
    """What follows on ``waive``."""
    about: str = ""
    """The line that it is about, however it is indented; or the kind and the name of a resource, and a place in it."""
    form: str = COMMENT
    """``COMMENT`` or ``ANNOTATION``, as messages have it."""


def marks(file: File) -> Iterator[Mark]:
    """The inline waivers of a file; none in one that is binary."""
    if SIGN not in file.utf8 or file.binary:
        return
    own, beside = _patterns(file.path.lower().endswith(_MARKUP))
    ends = _Ends(file.lines)
    for index in [index for index, line in enumerate(file.lines) if "guardrails:" in line]:
        line = file.lines[index]
        if match := own.match(line):
            goes_on = _GOES_ON.get(match[1][0], (match[1],))
            last = ends.behind(index, goes_on)
            about = " ".join(file.lines[last - 1].split())[:MAX_SOURCE] if last > index + 1 else ""
            top = ends.on_top(index, goes_on)
            yield Mark(file.path, index + 1, index + 2, last, top, _unclosed(match[2]), about)
        elif beside and (match := beside.search(line)) and _QUOTES.isdisjoint(line[: match.start()]):
            yield Mark(file.path, index + 1, 0, 0, False, _unclosed(match[1]))
    if NAME in file.text and file.path.endswith(_MANIFESTS):
        from guardrails.engine.annotations import annotated  # noqa: PLC0415 - few files have any

        yield from annotated(file)


@lru_cache(maxsize=2)
def _patterns(markup: bool) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """For a waiver on a line of its own, and for one behind something."""
    own = re.compile(rf"\s*({'<!--' if markup else _OPENERS}){_TEXT}")
    # In prose it is an example, and no slip.
    beside = None if markup else re.compile(rf"\s(?:#+|//+|/\*+|--+|;+|%+|<!--){_TEXT}")
    return own, beside


class _Ends:
    """Where the comments around a line begin and end; looks at no line twice for comments of the same kind."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._behind: dict[Sequence[str], int] = {}
        self._top: dict[Sequence[str], int] = {}

    def behind(self, index: int, goes_on: tuple[str, ...]) -> int:
        """The number of the first line behind ``index`` that is no comment nor blank, or that of the last line.

        To be asked for one index after the other.
        """
        last = self._behind.get(goes_on, 0)
        if last <= index + 1:
            last = self._behind[goes_on] = self._next(index + 1, goes_on)
        return last

    def on_top(self, index: int, goes_on: tuple[str, ...]) -> bool:
        """Whether there is nothing but comments above."""
        if goes_on not in self._top:
            self._top[goes_on] = self._next(0, (*_BEFORE_ALL, *goes_on))
        return index < self._top[goes_on]

    def _next(self, index: int, goes_on: tuple[str, ...]) -> int:
        for number in range(index, len(self._lines)):
            text = self._lines[number].strip()
            if text and not f"{text} ".startswith(goes_on):
                return number + 1
        return len(self._lines)


def _unclosed(text: str) -> str:
    """The text without what ends the comment."""
    return _CLOSED.sub("", text.rstrip()).strip()
