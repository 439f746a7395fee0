"""How large a change is."""

from __future__ import annotations

from guardrails.repository import line_diff
from guardrails.repository.change import DELETED, Change, ChangedFile
from guardrails.repository.entry import FILE, Snapshot

MAX_SIZE = 2_000_000
"""Lines of larger files do not count, in bytes: nobody reviews them line by line."""


def changed_lines(file: ChangedFile, change: Change) -> int:
    """How many lines of a file were added and removed; 0 where it is binary or huge."""
    before = _content(change.base, file.before)
    after = _content(change.head, file.path if file.status != DELETED else "")
    if before is None or after is None:
        return 0
    differences = line_diff.changed_lines(before, after)
    return differences.removed + sum(last - first + 1 for first, last in differences.added)


def _content(snapshot: Snapshot, path: str) -> bytes | None:
    """The content of a file, empty where there is none; None where it has no lines to count."""
    entry = snapshot.entry(path) if path else None
    if entry is None or entry.kind != FILE:
        return b""
    if snapshot.size(entry) > MAX_SIZE:
        return None
    data = snapshot.read(entry)
    return None if b"\0" in data else data
