"""A reader of JSON with comments and trailing commas that knows where every value stands."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder
from typing import Any

from guardrails.documents.document import MAX_DEPTH, ParseError
from guardrails.documents.places import TOO_DEEP, Entry, Place, error

_SPACE = re.compile(r"(?:[ \t\r\n]++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?P<float>(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)(?![\w.+-])")
_WORD = re.compile(r"[\w.+-]++")
_CONSTANTS = {"null": None, "true": True, "false": False}
_decode = JSONDecoder().raw_decode

_STRING_ERRORS = (
    ("Unterminated", "the quote that opens here is never closed"),
    ("Invalid control", "a line break or control character cannot stand in a string; write it as an escape, as \\n"),
    ("Invalid \\", "unknown escape in a string; write \\\\ for a backslash"),
)
_INSTEAD = {
    **dict.fromkeys(("NaN", "Infinity", "-Infinity"), "write null, or a string"),
    **dict.fromkeys(("None", "undefined"), "write null"),
    "True": "write true",
    "False": "write false",
    "'": "use double quotes",
    "#": "a comment starts with //",
    "/": "a comment that starts with /* ends with */",
}
_NUMBERS = "a number has no leading zero or plus sign, and digits on both sides of its point"


def read(text: str) -> tuple[Any, Place]:
    """The value of a text and where all of it stands; raises ParseError."""
    reader = _Reader(text)
    at = reader.skip(0)
    if at == len(text):
        raise ParseError("the file is empty; JSON needs a value, such as {}")
    value, place = reader.value(at, 0)
    at = reader.skip(place.end)
    if at < len(text):
        raise error(text, at, "the file goes on after its value; JSON has one value in a file")
    return value, place


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text

    def skip(self, at: int) -> int:
        """The offset of what follows white space and comments."""
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> tuple[Any, Place]:
        """The value that begins at an offset, inside of ``depth`` lists and objects."""
        char = self.text[at : at + 1]
        if char == '"':
            string, end = self.string(at)
            return string, Place(at, end)
        if char in ("{", "["):
            if depth == MAX_DEPTH:
                raise error(self.text, at, TOO_DEEP)
            return self.object(at, depth + 1) if char == "{" else self.array(at, depth + 1)
        return self.literal(at)

    def object(self, start: int, depth: int) -> tuple[Any, Place]:
        value: dict[str, Any] = {}
        entries: dict[str, Entry] = {}
        at = self.skip(start + 1)
        while not self.text.startswith("}", at):
            if not self.text.startswith('"', at):
                raise self.unexpected(at, "a key in double quotes")
            key, end = self.string(at)
            colon = self.skip(end)
            if not self.text.startswith(":", colon):
                raise self.unexpected(colon, "':'")
            value[key], place = self.value(self.skip(colon + 1), depth)
            entries[key] = Entry(at, end, place)
            at = self.comma(place.end, "}", start)
        return value, Place(start, at + 1, entries)

    def array(self, start: int, depth: int) -> tuple[Any, Place]:
        value: list[Any] = []
        places: list[Place] = []
        at = self.skip(start + 1)
        while not self.text.startswith("]", at):
            item, place = self.value(at, depth)
            value.append(item)
            places.append(place)
            at = self.comma(place.end, "]", start)
        return value, Place(start, at + 1, places)

    def comma(self, at: int, close: str, start: int) -> int:
        """The offset of the next item, or of the bracket that closes."""
        at = self.skip(at)
        if self.text.startswith(",", at):
            return self.skip(at + 1)
        if not self.text.startswith(close, at):
            line = error(self.text, start, "").line
            raise self.unexpected(at, f"',' or '{close}' (opened at line {line})")
        return at

    def string(self, at: int) -> tuple[str, int]:
        try:
            value, end = _decode(self.text, at)
            if not value.isascii():
                value.encode()
        except JSONDecodeError as problem:
            message = next((words for start, words in _STRING_ERRORS if problem.msg.startswith(start)), problem.msg)
            raise error(self.text, problem.pos, message) from None
        except UnicodeEncodeError:
            message = "an escape of half a character; write both halves of the pair, or the character itself"
            raise error(self.text, at, message) from None
        return value, end

    def literal(self, at: int) -> tuple[Any, Place]:
        if match := _NUMBER.match(self.text, at):
            try:
                return float(match[0]) if match["float"] else int(match[0]), Place(at, match.end())
            except ValueError:
                raise error(self.text, at, "an integer with too many digits; write it as a string") from None
        match = _WORD.match(self.text, at)
        if match and match[0] in _CONSTANTS:
            return _CONSTANTS[match[0]], Place(at, match.end())
        raise self.unexpected(at, "a value")

    def unexpected(self, at: int, expected: str) -> ParseError:
        """An error that says what stands there, and what to write instead where that is plain."""
        match = _WORD.match(self.text, at)
        found = match[0][:40] if match else self.text[at : at + 1]
        if not found:
            return error(self.text, at, f"the file ends where {expected} should be")
        hint = _INSTEAD.get(found, "")
        if not hint and match and expected == "a value":
            hint = _NUMBERS if found[0] in "+-.0123456789" else "put text in double quotes"
        return error(self.text, at, f"expected {expected}, not {found!r}" + (f"; {hint}" if hint else ""))
