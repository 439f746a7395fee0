"""INI files, read as Python's configparser does, and files of environment variables.

INI: ``{section: {key: value}}``, names as they are written; keys above the first section are in the section ``""``.
A value may go on over indented lines; a key without ``=`` or ``:`` has the value null; of keys that stand twice the
last one counts, and a section that stands twice is one. There is no interpolation, and ``DEFAULT`` is like any other.

Environment: ``{NAME: value}`` without ``export`` and quotes, nothing expanded; a name without ``=`` is null.
"""

from __future__ import annotations

import re
from typing import Any, cast

from guardrails.documents.document import Document
from guardrails.documents.places import Entry, Place, document, error


class Ini:
    """The format ``ini``."""

    name = "ini"
    paths = (
        "*.ini",
        "*.cfg",
        ".coveragerc",
        ".editorconfig",
        ".flake8",
        ".gitconfig",
        ".gitmodules",
        ".npmrc",
        ".pylintrc",
        ".pypirc",
        "pip.conf",
        "pylintrc",
    )

    def parse(self, text: str) -> Document:
        """Parse the sections of a file; raises ParseError."""
        reader = _IniReader(text)
        offset = 0
        for line in text.split("\n"):
            reader.line(line, offset)
            offset += len(line) + 1
        return _document(text, reader.values(), reader.sections)


class Env:
    """The format ``env``."""

    name = "env"
    paths = (".env", ".env.*", "*.env")

    def parse(self, text: str) -> Document:
        """Parse the variables of a file; raises ParseError."""
        values: dict[str, str | None] = {}
        entries: dict[str, Entry] = {}
        at = _skip(text, 0)
        while at < len(text):
            name = _NAME.match(text, at)
            if name is None:
                raise error(text, at, "expected NAME=value; a comment starts with #")
            values[name[1]], place = _variable(text, name.end(1))
            entries[name[1]] = Entry(name.start(1), name.end(1), place)
            at = _skip(text, place.end)
        return _document(text, values, entries)


INI = Ini()
ENV = Env()


def _document(text: str, value: dict[str, Any], entries: dict[str, Entry]) -> Document:
    return document(text, [value], lambda text: [Place(0, len(text), entries)])


_HEADER = re.compile(r"\[(.+)\]")
_OPTION = re.compile(
    r"(?P<key>(?://|@)[^=]*|[^=:]*)"  # .npmrc has keys such as //host/:_auth and @scope:registry
    r"(?:[=:]\s*(?P<value>.*))?"
)


class _IniReader:
    """Takes a file line by line; a value collects its lines until something else begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sections: dict[str, Entry] = {}
        self.lines: dict[str, dict[str, list[str] | None]] = {}
        self.section = ""
        self.value: list[str] | None = None
        self.place = Place(0, 0)
        self.indent = 0

    def values(self) -> dict[str, dict[str, str | None]]:
        """The sections with the lines of each value joined."""
        return {
            section: {key: None if lines is None else "\n".join(lines).rstrip() for key, lines in options.items()}
            for section, options in self.lines.items()
        }

    def line(self, line: str, offset: int) -> None:
        """Take the line that begins at an offset of the text."""
        content = line.strip()
        if not content:
            if self.value is not None:
                self.value.append("")
            return
        if content[0] in "#;":
            return
        indent = len(line) - len(line.lstrip())
        start, end = offset + indent, offset + indent + len(content)
        if self.value is not None and indent > self.indent:
            self.value.append(content)
            self.place.end = end
        else:
            self.indent = indent
            self.value = None
            if content[0] == "[":
                self.header(content, start)
            else:
                self.option(content, start)
        self.sections[self.section].place.end = end

    def header(self, content: str, start: int) -> None:
        match = _HEADER.match(content)
        if match is None:
            raise error(self.text, start, "the header of a section is [name]")
        self.section = match[1]
        self.open(Entry(start + match.start(1), start + match.end(1), Place(start, start + match.end(), {})))

    def open(self, entry: Entry) -> None:
        """Make the section if it is not there yet."""
        self.sections.setdefault(self.section, entry)
        self.lines.setdefault(self.section, {})

    def option(self, content: str, start: int) -> None:
        match = cast("re.Match[str]", _OPTION.match(content))
        key, value = match["key"].rstrip(), match["value"]
        if not key:
            raise error(self.text, start, f"expected a key before {content[0]!r}")
        if not self.section:
            self.open(Entry(start, start, Place(start, start, {})))
        end = start + len(content)
        self.place = Place(end if value is None else start + match.start("value"), end)
        self.value = None if value is None else [value]
        self.lines[self.section][key] = self.value
        entries = cast("dict[str, Entry]", self.sections[self.section].place.children)
        entries[key] = Entry(start, start + len(key), self.place)


_BLANK = re.compile(r"(?:\s++|#[^\n]*+)*+")
_NAME = re.compile(r"(?:export[ \t]++)?([A-Za-z_][A-Za-z0-9_.-]*+)(?=[\s=]|$)")
_ASSIGN = re.compile(r"[ \t]*+(=?)[ \t]*+")
_QUOTED = re.compile(r"""'([^']*+)'|"((?:[^"\\]++|\\.)*+)\"""", re.DOTALL)
_REST = re.compile(r"[ \t]*+(?:#|\r?$)", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]#")
_ESCAPE = re.compile(r"\\([nrt\"\\$])")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def _skip(text: str, at: int) -> int:
    """The offset of the next variable: what follows blank lines and comments."""
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _variable(text: str, at: int) -> tuple[str | None, Place]:
    """The value of the variable whose name ends at an offset, and its place."""
    assign = cast("re.Match[str]", _ASSIGN.match(text, at))
    start = assign.end()
    if not assign[1]:
        if _REST.match(text, start) is None:
            raise error(text, start, "expected '=' after the name")
        return None, Place(at, at)
    if text.startswith(("'", '"'), start):
        return _quoted(text, start)
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    comment = _COMMENT.search(text, assign.end(1), end)
    value = text[start : comment.start() if comment else end].strip()
    return value, Place(start, start + len(value))


def _quoted(text: str, start: int) -> tuple[str, Place]:
    match = _QUOTED.match(text, start)
    if match is None:
        raise error(text, start, "the quote that opens here is never closed")
    if _REST.match(text, match.end()) is None:
        raise error(text, match.end(), "nothing can follow the closing quote; put the whole value in quotes")
    value = match[1]
    if value is None:
        value = _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), match[2])
    return value, Place(start, match.end())
