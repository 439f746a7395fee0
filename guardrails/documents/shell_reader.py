"""Reading shell text into simple commands, once from front to back."""

from __future__ import annotations

import re
from functools import cache

from guardrails.documents.patterns import lazy
from guardrails.documents.shell import Range, unquote
from guardrails.tuples import NamedTuple

MAX_NESTING = 25
"""Substitutions and subshells deeper than this are text like other; hostile text has thousands."""
_RESERVED = frozenset({"!", "{", "}", "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac"})
_SETTERS = frozenset({"declare", "export", "local", "readonly", "typeset"})
ASSIGNMENT = lazy(r"[A-Za-z_]\w*\+?=")
"""The beginning of a word that sets a variable."""


def program(word: str) -> str:
    """The name of a program without its folder."""
    if "/" in word or "\\" in word:
        word = word.replace("\\", "/").rpartition("/")[2]
    return word.removesuffix(".exe")


def setting(word: str, place: Range) -> tuple[str, str, Range]:
    """The name and the value that a word sets, and where it stands."""
    name, _, value = word.partition("=")
    return name.removesuffix("+"), value, place


class Command(NamedTuple):
    """A simple command; without words when it only sets variables."""

    words: list[str]
    """As the program gets them, without redirections; variables and substitutions stay as they are written."""
    ranges: list[Range]
    """Where each word stands; for the words of a script in quotes, where that stands."""
    sets: list[tuple[str, str, Range]]
    """Name and value of the variables that are set in front of it, or by it, and where."""
    pipe: bool
    """Whether its output goes to the next command."""

    @property
    def program(self) -> str:
        """The name of the program without its folder; empty when there is none."""
        return program(self.words[0]) if self.words else ""


@cache
def _patterns(escape: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What comes next in a script, and between double quotes; each alternative is linear."""
    e = re.escape(escape)
    tick = "" if escape == "`" else "`"
    open_ = r"(?P<sum>\$\(\()|(?P<open>\$\()" + (f"|(?P<tick>{tick})" if tick else "")
    script = lazy(
        rf"(?P<space>(?:[ \t\r\f\v]|{e}\n)++)|(?P<process>[<>]\()"
        rf"|(?P<redirect>\d*+(?:&>>?|<<<|<<-?|>>|>\||[<>]&|[<>]))"
        rf"|(?P<piece>[^\s\"'{e};|&()<>$#{tick}]++|'[^']*+'|\$\{{[\w:.%@-]*+\}})"
        rf"|(?P<pipe>\|(?!\|)&?)|(?P<end>&&|\|\||;;?&?|&|\n)|{open_}|(?P<sub>\()|(?P<close>\))|(?P<quote>\")|(?P<hash>#)"
        rf"|(?P<other>{e}.|.)",
        re.DOTALL,
    )
    quoted = lazy(rf"(?P<piece>[^\"$`{e}]++|{e}.)|(?P<quote>\")|{open_}|(?P<other>.)", re.DOTALL)
    return script, quoted


class _Frame:
    """A script inside a script, or a text in double quotes."""

    __slots__ = ("closer", "last", "mute", "pipeline", "ranges", "redirect", "sets", "slot", "word")

    def __init__(self, closer: str, at: int, *, mute: bool = False) -> None:
        self.closer = closer
        self.mute = mute
        self.word = -1
        self.redirect = ""
        self.ranges: list[Range] = []
        self.sets: list[Range] = []
        self.slot = -1
        self.last = -1
        self.pipeline = at


class Reader:
    """Reads a script once from front to back, with a stack of the scripts and quotes that are open."""

    def __init__(self, text: str, escape: str) -> None:
        self.text = text
        self._escape = escape
        self._found: list[Command | None] = []
        self._frame = _Frame("", 0)
        self._stack: list[_Frame] = []
        self._documents: list[tuple[str, bool]] = []

    def read(self, at: int = 0) -> list[Command]:
        """The commands from ``at`` on, in the order of their beginnings as far as it is clear."""
        text = self.text
        script, quoted = _patterns(self._escape)
        while at < len(text):
            frame = self._frame
            match = (quoted if frame.closer == '"' else script).match(text, at)
            if match is None:  # the last alternative takes any character
                break
            kind, start, at = match.lastgroup, at, match.end()
            if kind in ("piece", "other"):
                if frame.word < 0:
                    frame.word = start
            elif kind == "space":
                self._end_word(start)
            elif kind in ("end", "pipe"):
                if text[start] in "|&" and frame.ranges and self._tests(frame):
                    continue
                self._end_command(start, pipe=kind == "pipe")
                if text[start] == "\n" and self._documents:
                    at = self._skip_documents(at)
            elif kind == "redirect":
                self._end_word(start)
                frame.redirect = match[0]
            elif kind == "hash":
                if frame.word < 0:
                    end = text.find("\n", at)
                    at = end if end >= 0 else len(text)
            else:
                self._nest(str(kind), start)
        self._close_all()
        return [command for command in self._found if command is not None]

    def _tests(self, frame: _Frame) -> bool:
        """Whether a ``[[`` is open, where ``|`` is part of a pattern and ``&&`` joins conditions."""
        return self._reads("[[", frame.ranges[0]) and not self._reads("]]", frame.ranges[-1])

    def _reads(self, word: str, place: Range) -> bool:
        start, end = place
        return end - start == len(word) and self.text.startswith(word, start)

    def _close_all(self) -> None:
        while True:
            if self._frame.closer != '"':
                self._end_command(len(self.text), pipe=False)
            if not self._stack:
                return
            self._frame = self._stack.pop()

    def _nest(self, kind: str, start: int) -> None:
        """Open or close what stands inside the frame."""
        frame = self._frame
        closes = {"quote": '"', "close": ")", "tick": "`"}.get(kind)
        if closes is not None and frame.closer == closes:
            if closes != '"':
                self._end_command(start, pipe=False)
            self._frame = self._stack.pop()
            self._frame.last = frame.last
            return
        if kind == "close":  # the end of a pattern of `case`: what seemed to be commands was none
            first = frame.pipeline
            self._end_command(start, pipe=False)
            del self._found[first:]
            frame.pipeline, frame.last = first, -1
            return
        if kind == "sub" and frame.word < 0 and not frame.ranges:
            self._open(_Frame(")", len(self._found), mute=frame.mute))
            return
        if frame.word < 0:
            frame.word = start
        closer = closes or ")"
        self._open(_Frame(closer, len(self._found), mute=kind in ("sub", "sum") or frame.mute))
        if kind == "sum":
            self._open(_Frame(")", len(self._found), mute=True))

    def _open(self, frame: _Frame) -> None:
        if len(self._stack) < MAX_NESTING:
            self._stack.append(self._frame)
            self._frame = frame

    def _end_word(self, end: int) -> None:
        frame, start = self._frame, self._frame.word
        if start < 0:
            return
        frame.word = -1
        if frame.redirect:
            if frame.redirect.endswith(("<<", "<<-")) and frame.redirect.count("<") == 2:
                self._documents.append((unquote(self.text[start:end], self._escape), frame.redirect.endswith("-")))
            frame.redirect = ""
        elif not frame.mute:
            self._take_word(frame, start, end)

    def _take_word(self, frame: _Frame, start: int, end: int) -> None:
        if frame.ranges:
            if self._reads("{", (start, end)) and self._reads("function", frame.ranges[0]):
                frame.ranges = []
                return
        else:
            word = self.text[start:end]
            if word in _RESERVED or word.endswith("()"):
                return
            if ASSIGNMENT.match(word):
                frame.sets.append((start, end))
                return
        if frame.slot < 0:
            frame.slot = len(self._found)
            self._found.append(None)
        frame.ranges.append((start, end))

    def _end_command(self, at: int, *, pipe: bool) -> None:
        self._end_word(at)
        frame = self._frame
        frame.redirect = ""
        if frame.ranges or frame.sets:
            if frame.slot < 0:
                frame.slot = len(self._found)
                self._found.append(None)
            self._found[frame.slot] = self._command(frame, pipe=pipe)
            frame.last = frame.slot
            frame.ranges, frame.sets, frame.slot = [], [], -1
        elif pipe and 0 <= frame.last < len(self._found):
            last = self._found[frame.last]
            self._found[frame.last] = last and last._replace(pipe=True)
        if not pipe:
            frame.pipeline = len(self._found)

    def _command(self, frame: _Frame, *, pipe: bool) -> Command:
        text, escape = self.text, self._escape
        words = [unquote(text[start:end], escape) for start, end in frame.ranges]
        places = list(frame.sets)
        if words and words[0] in _SETTERS:
            places += [(start, end) for start, end in frame.ranges[1:] if ASSIGNMENT.match(text, start, end)]
        sets = [setting(unquote(text[start:end], escape), (start, end)) for start, end in places]
        return Command(words, frame.ranges, sets, pipe)

    def _skip_documents(self, at: int) -> int:
        """The end of the here-documents that the line before ``at`` has announced."""
        documents, self._documents = self._documents, []
        for name, chomp in documents:
            tabs = r"\t*" if chomp else ""
            match = lazy(rf"^{tabs}{re.escape(name)}(?:\n|\Z)", re.MULTILINE).search(self.text, at)
            if match is None:
                return len(self.text)
            at = match.end()
        return at
