"""What a fix does to a file: edits of its text, and what they are meant to do to its values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from guardrails.documents.document import Path
from guardrails.findings import Finding
from guardrails.repository.entry import FILE, Entry
from guardrails.tuples import NamedTuple


class Edit(NamedTuple):
    """A range of the text, in code points from 0, and what takes its place."""

    start: int
    end: int
    text: str


class Change(NamedTuple):
    """What edits are meant to do to the values of a file, and all that they may do."""

    base: str
    """The format that they are in."""
    path: Path
    """The number of the tree, then the way from its root."""
    value: Any
    """What stands there afterwards: a plain value, :data:`ABSENT`, or :data:`ANY`."""


ABSENT: Any = object()
ANY: Any = object()


class Repair(NamedTuple):
    """How one finding is mended."""

    finding: Finding
    edits: tuple[Edit, ...] = ()
    changes: tuple[Change, ...] = ()
    encoding: str = ""
    """``utf-8`` or ``utf-8-sig``, where it is to be another one."""
    executable: bool | None = None
    """The executable bit, where it is to be another one."""


class Draft(NamedTuple):
    """A file as it may become."""

    data: bytes
    executable: bool

    def entry(self, path: str) -> Entry:
        """What a snapshot lists for the file."""
        return Entry(path, FILE, self.executable, len(self.data))

    @property
    def encoding(self) -> str:
        """The encoding, with its byte order mark, as Python's codecs are named."""
        return next((name for mark, name in _MARKS if self.data.startswith(mark)), "utf-8")

    @property
    def text(self) -> str:
        """The text without byte order mark; raises UnicodeDecodeError where there are bytes that are none."""
        return self.data.decode(self.encoding).removeprefix("\ufeff")

    def mended(self, repairs: Sequence[Repair]) -> Draft:
        """The file with repairs that do not collide; all that they do not name stays the same, byte by byte."""
        executable = next((repair.executable for repair in repairs if repair.executable is not None), self.executable)
        encoding = next((repair.encoding for repair in repairs if repair.encoding), "") or self.encoding
        edits = [edit for repair in repairs for edit in repair.edits]
        if not edits and encoding == self.encoding:
            return Draft(self.data, executable)
        text = edited(self.text, edits)
        mark = next((mark for mark, name in _MARKS if name == encoding), b"")
        return Draft(mark + text.encode(encoding.removesuffix("-sig")), executable)


_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits; those that are the same count once, insertions at one place follow each other."""
    parts: list[str] = []
    at = 0
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: edit[:2]):
        parts += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*parts, text[at:]))


def apart(repairs: Iterable[Repair]) -> list[Repair]:
    """As many of the repairs, the first ones first, as do not collide; the others have to wait for the next round."""
    chosen: list[Repair] = []
    taken: list[Edit] = []
    meant: dict[tuple[str, Path], Any] = {}
    for repair in sorted(repairs, key=lambda repair: [edit[:2] for edit in repair.edits[:1]]):
        # They come in the order of their first edits, so whatever collides with one ends behind its start.
        start = min((edit.start for edit in repair.edits), default=0)
        near = [edit for edit in taken if edit.end >= start]
        twice = any(not same(meant.get(change[:2], change.value), change.value) for change in repair.changes)
        if not twice and not any(_collide(edit, other) for edit in repair.edits for other in near):
            chosen.append(repair)
            taken = [*near, *repair.edits]
            meant.update((change[:2], change.value) for change in repair.changes)
    return chosen


def _collide(one: Edit, other: Edit) -> bool:
    insertions = (one.start == one.end) + (other.start == other.end)
    if insertions == 2 or one == other:
        return False
    if insertions:  # at the edge of what goes, nobody knows on which side it should be
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def expected(values: Sequence[Any], changes: Iterable[Change], now: Sequence[Any]) -> list[Any]:
    """The values of all trees after the changes, and nothing but them; where anything may be, what is there ``now``."""
    trees: list[Any] = _copy(list(values))
    for path, same in groupby(sorted(changes, key=_order, reverse=True), key=lambda change: change.path):
        value = next(same).value
        *way, last = path
        parent, there = trees, now
        for step in way:
            parent = parent[step]
            there = there[step] if value is ANY else there
        if value is ABSENT:
            del parent[last]
        else:
            parent[last] = _copy(there[last] if value is ANY else value)
    return trees


def _order(change: Change) -> tuple[tuple[bool, str | int], ...]:
    """Items of lists by their number, so that the last can be removed first."""
    return tuple((isinstance(step, str), step) for step in change.path)


def _copy(value: Any) -> Any:
    """A copy that shares nothing, as the aliases of YAML do."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same, also in type: 1 is neither true nor 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)  # noqa: PLR0124 - NaN
