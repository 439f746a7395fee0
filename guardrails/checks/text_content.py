"""The text of a file as matchers see it, and as people may see it: with places, and with secrets masked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter

from guardrails.checks.base import MAX_SOURCE, File
from guardrails.tuples import NamedTuple

_MASK = "****"
_SHOWN = 4 * MAX_SOURCE  # bytes, so that a line that is cut still fills the source of a finding
_MANY = 50  # secrets in one line, where looking for all of them behind each would take too long


class Line(NamedTuple):
    """A line by its number, counting from 1, and its offsets in the content, without its end."""

    number: int
    start: int
    end: int


class Place(NamedTuple):
    """A stretch of the content, by offsets, with the line and column where it begins."""

    start: int
    end: int
    line: Line
    column: int


class Content:
    """The text of a file: valid UTF-8 without byte order mark, and with LF for CR LF."""

    __slots__ = ("_ascii", "_masks", "_secrets", "_sources", "data")

    def __init__(self, file: File) -> None:
        data = file.utf8
        self._ascii = data.isascii()
        if not self._ascii:
            try:
                data.decode()
            except UnicodeDecodeError:
                data = file.text.encode()
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        self.data = data
        self._masks: list[tuple[int, int]] = []
        self._secrets: dict[int, set[str]] = {}
        self._sources: dict[int, str] = {}

    def head(self, lines: int) -> bytes:
        """The first lines."""
        end = 0
        for _ in range(lines):
            end = self.data.find(b"\n", end) + 1
            if not end:
                return self.data
        return self.data[:end]

    def places(self, spans: Iterable[tuple[int, int]]) -> Iterator[Place]:
        """The places of sorted spans, in one pass over the content."""
        line, column, counted = Line(1, 0, self._line_end(0)), 1, 0
        for start, end in spans:
            if start > line.end:
                number = line.number + self.data.count(b"\n", line.end, start)
                counted = self.data.rfind(b"\n", line.end, start) + 1
                line, column = Line(number, counted, self._line_end(start)), 1
            column += self._characters(counted, start)
            counted = start
            yield Place(start, end, line, column)

    def end(self, place: Place) -> tuple[int, int]:
        """The line and the exclusive column where a place ends."""
        newlines = self.data.count(b"\n", place.start, place.end)
        if not newlines:
            return place.line.number, place.column + self._characters(place.start, place.end)
        last = self.data.rfind(b"\n", place.start, place.end) + 1
        return place.line.number + newlines, 1 + self._characters(last, place.end)

    def hide(self, secrets: Iterable[Place]) -> None:
        """Mask these places, and what is equal to one in the line where it begins."""
        spans = []
        for place in secrets:
            spans.append((place.start, place.end))
            self._secrets.setdefault(place.line.start, set()).add(self._text(place.start, place.end))
        for span in sorted(spans):
            if self._masks and span[0] < self._masks[-1][1]:
                low, high = self._masks.pop()
                self._masks.append((low, max(high, span[1])))
            else:
                self._masks.append(span)

    def shown(self, start: int, end: int, line: Line) -> str:
        """What people may see of a stretch that begins in ``line``; a long one is cut."""
        known = self._secrets.get(line.start, ())
        if len(known) > _MANY:
            return _MASK
        secrets = sorted(known, key=len, reverse=True)
        stop = min(end, start + _SHOWN)
        parts = list(self._parts(start, stop))
        if secrets and stop < end:
            parts[-1] = parts[-1][: -len(secrets[0])]  # may end with the beginning of one
        text = "".join(parts)
        for secret in secrets:
            if len(secret) > len(_MASK):
                text = text.replace(secret, _masked(secret))
        return text

    def source(self, line: Line) -> str:
        """What people may see of a line."""
        source = self._sources.get(line.start)
        if source is None:
            source = self._sources[line.start] = self.shown(line.start, line.end, line)
        return source

    def _parts(self, start: int, stop: int) -> Iterator[str]:
        """The text with masks in it; the last part is what stands behind the last mask."""
        position = start
        for number in range(bisect_right(self._masks, start, key=itemgetter(1)), len(self._masks)):
            low, high = self._masks[number]
            if low >= stop:
                break
            if low >= start:
                yield self._text(position, low)
                yield _masked(self._text(low, min(high, low + 64)))
            else:
                yield _MASK
            position = high
        yield self._text(position, stop)

    def _line_end(self, offset: int) -> int:
        end = self.data.find(b"\n", offset)
        return len(self.data) if end < 0 else end

    def _text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "ignore")

    def _characters(self, start: int, end: int) -> int:
        return end - start if self._ascii else len(self._text(start, end))


def _masked(secret: str) -> str:
    """At most the first four characters, and at most a quarter of them all."""
    return secret[: min(4, len(secret) // 4)].partition("\n")[0] + _MASK
