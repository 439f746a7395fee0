"""The format ``gemfile``: the gems that a Gemfile names whatever happens.

The value of the document is ``{"gems": [name]}``. A Gemfile is a program, and it is not run: only plain ``gem "name"``
counts, on lines of their own, outside of everything but blocks such as ``group``. What depends on a condition, a loop
or a variable is left out, and so is all that follows something that is hard to read, as a here-document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails.documents.document import Document, Format, Root, Span
from guardrails.documents.pieces import Spans

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+'|%[wWiIqQ]?(?:\[[^\]]*+\]|\([^)]*+\)|\{[^}]*+\}))"""
    r"""|(?P<comment>\#.*)|(?P<hard><<[~-]?["'A-Za-z_]|["'`].*|%[wWiIqQ]?[\[({].*)"""
    r"""|(?<![.:@$])(?P<word>[A-Za-z_]\w*+)(?!:(?!:))|(?P<sign>[^\s\w])|[\w:.]++""",
)
_TRANSPARENT = frozenset({"git", "github", "group", "install_if", "path", "platform", "platforms", "source"})
_OPENING = frozenset({"begin", "case", "class", "def", "for", "if", "module", "unless", "until", "while"})
_LOOPS = frozenset({"for", "until", "while"})
_MODIFIERS = frozenset({"and", "if", "or", "rescue", "unless", "until", "while"})
_DEPARTING = frozenset({"__END__", "abort", "exit", "raise", "return"})
_LONGEST = 10_000
"""Characters of a line, and tokens of a statement."""
_OPEN, _CLOSE = "([{", ")]}"

Token = tuple[str, str, int]
"""Its kind, its text and the column it starts at."""


class Gemfile:
    """The format."""

    name = "gemfile"
    paths: tuple[str, ...] = ("Gemfile", "gems.rb", "*.gemfile")

    def parse(self, text: str) -> Document:
        """Read a Gemfile; it never raises, as what is hard to read is left out."""
        reader = _Reader()
        for number, tokens in _statements(text):
            if not reader.read(number, tokens):
                break
        return Document((Root({"gems": reader.gems}, reader.places),))


FORMAT: Format = Gemfile()


def _statements(text: str) -> Iterator[tuple[int, list[Token]]]:
    """The statements, each with the number of the line it starts at; lines that end with a comma go on."""
    tokens: list[Token] = []
    first = 0
    commented = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(("=begin", "=end")):
            commented = line.startswith("=begin")
        elif len(line) > _LONGEST or len(tokens) > _LONGEST:
            return  # Nobody writes such a thing.
        elif not commented:
            found = [
                (match.lastgroup or "", match[0], match.start() + 1)
                for match in _TOKEN.finditer(line)
                if match.lastgroup != "comment"
            ]
            first = first if tokens else number
            tokens += found
            if tokens and tokens[-1][1] not in (",", "\\"):
                yield first, tokens
                tokens = []
    if tokens:
        yield first, tokens


class _Reader:
    """The gems, as the statements come."""

    def __init__(self) -> None:
        self.gems: list[str] = []
        self.places = Spans()
        self._blocks: list[bool] = []
        """For each open block whether what is in it counts."""
        self._hiding = 0
        self._brackets = 0

    def read(self, number: int, tokens: list[Token]) -> bool:
        """Take the next statement; false when nothing more can be told."""
        words = [text for kind, text, _ in tokens if kind == "word"]
        if tokens[0][1] in _DEPARTING or any(kind == "hard" for kind, _, _ in tokens):
            return False
        if not self._hiding and not self._brackets and _MODIFIERS.isdisjoint(words):
            self._gem(number, tokens)
        return self._enter(tokens)

    def _gem(self, number: int, tokens: list[Token]) -> None:
        """Note the gem, if it is one by its name."""
        if tokens[0][:2] != ("word", "gem"):
            return
        rest = tokens[2:] if tokens[1:] and tokens[1][1] == "(" else tokens[1:]
        alone = len(rest) == 1 or (len(rest) > 1 and rest[1][1] in (",", ")"))
        if alone and rest[0][0] == "text" and "#{" not in rest[0][1] and rest[0][1][0] in "\"'":
            _, name, column = rest[0]
            self.places["gems", len(self.gems)] = Span(number, column, number, column + len(name))
            self.gems.append(name[1:-1])

    def _enter(self, tokens: list[Token]) -> bool:
        """Follow the blocks that a statement opens and closes; false when they do not fit."""
        before = ""
        looping = False
        for kind, text, _ in tokens:
            if kind == "sign":
                self._brackets += (text in _OPEN) - (text in _CLOSE)
            elif kind == "word" and text == "end":
                if not self._blocks:
                    return False
                self._hiding -= not self._blocks.pop()
            elif kind == "word" and text in _OPENING and (before in ("", "=", "|", "&", ";", "!") or before in _OPEN):
                self._open(counts=False)
                looping = looping or text in _LOOPS
            elif kind == "word" and text == "do" and not looping:
                self._open(counts=tokens[0][1] in _TRANSPARENT)
            before = text
        return self._brackets >= 0

    def _open(self, *, counts: bool) -> None:
        self._blocks.append(counts)
        self._hiding += not counts
