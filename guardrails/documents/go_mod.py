"""The format ``go-mod``: what a Go module is, and which others it needs.

The value of the document::

    {"module", "go", "toolchain",
     "require": [{"path", "version", "indirect": bool, "replace": {"path", "version"}}],
     "replace": [{"path", "version", "by": {"path", "version"}}],
     "exclude": [{"path", "version"}]}

``replace`` of a requirement is there when something else is built in its place; a folder has the version "", and so has
a module of which all versions are replaced. What is not said is "". Words of other directives are joined:
``{"tool": ["example.com/lint"]}``.
"""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.document import Document, Format, ParseError, Root, Span
from guardrails.documents.pieces import Spans

_WORD = re.compile(r'"[^"\n]*+"|`[^`\n]*+`|=>|[(),]|(?:(?!=>)[^\s(),])++')
_QUOTES = '"`'
_LONGEST = 10_000
_SINGLE = ("module", "go", "toolchain")
_LISTS = ("require", "replace", "exclude")

Word = tuple[str, int]
"""A word of a line and the column it starts at."""


class GoMod:
    """The format."""

    name = "go-mod"
    paths: tuple[str, ...] = ("go.mod",)

    def parse(self, text: str) -> Document:
        """Parse a go.mod; raises ParseError."""
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), 1):
            reader.read(number, line)
        return reader.document()


FORMAT: Format = GoMod()


class _Reader:
    """What the file says, as its lines come."""

    def __init__(self) -> None:
        self._value: dict[str, Any] = dict.fromkeys(_SINGLE, "") | {verb: [] for verb in _LISTS}
        self._places = Spans()
        self._block = ""
        self._opened = 0
        self._line = 0
        self._comment = ""

    def read(self, number: int, line: str) -> None:
        """Take the next line."""
        self._line = number
        code, _, self._comment = line.partition("//")
        if len(code) > _LONGEST:
            raise ParseError(f"a line can have {_LONGEST:,} characters at most", number)
        words = [(match[0].strip(_QUOTES), match.start() + 1) for match in _WORD.finditer(code)]
        if not words:
            return
        verb, *said = [word for word, _ in words]
        if self._block and verb == ")":
            self._block = ""
        elif self._block:
            self._take(self._block, words)
        elif not verb.isalpha() or len(words) == 1:
            raise self._error(words[0], "expected a directive, such as: go 1.24")
        elif said == ["("]:
            self._block, self._opened = verb, number
        elif said != ["(", ")"]:
            self._take(verb, words[1:])

    def document(self) -> Document:
        """All of it; raises ParseError when a block goes on."""
        if self._block:
            raise ParseError(f"the block '{self._block} (' is never closed", self._opened)
        replaced = {(entry["path"], entry["version"]): entry["by"] for entry in self._value["replace"]}
        for requirement in self._value["require"]:
            path, version = requirement["path"], requirement["version"]
            by = replaced.get((path, version)) or replaced.get((path, ""))
            if by:
                requirement["replace"] = by
        return Document((Root(self._value, self._places),))

    def _take(self, verb: str, words: list[Word]) -> None:
        if verb in _SINGLE:
            self._value[verb] = words[0][0]
            self._place((verb,), words[:1])
            return
        entries = self._value.setdefault(verb, [])
        self._place((verb, len(entries)), words)
        entries.append(self._entry(verb, words))

    def _entry(self, verb: str, words: list[Word]) -> Any:
        said = [word for word, _ in words]
        if verb in ("require", "exclude"):
            if len(said) != 2:
                raise self._error(words[0], f"expected a module and its version: {verb} example.com/shop v1.4.2")
            entry: dict[str, Any] = {"path": said[0], "version": said[1]}
            if verb == "require":
                entry["indirect"] = self._comment.partition(";")[0].strip() == "indirect"
            return entry
        if verb == "replace":
            arrow = said.index("=>") if "=>" in said else 0
            old, new = said[:arrow], said[arrow + 1 :]
            if len(old) not in (1, 2) or len(new) not in (1, 2):
                raise self._error(words[0], "expected: replace example.com/shop => ../shop")
            return {**_module(old), "by": _module(new)}
        return " ".join(said)

    def _place(self, path: tuple[str | int, ...], words: list[Word]) -> None:
        last, column = words[-1]
        self._places[path] = Span(self._line, words[0][1], self._line, column + len(last))

    def _error(self, word: Word, message: str) -> ParseError:
        return ParseError(message, self._line, word[1])


def _module(words: list[str]) -> dict[str, str]:
    return {"path": words[0], "version": words[1] if len(words) > 1 else ""}
