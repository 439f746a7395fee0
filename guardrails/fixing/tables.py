"""Edits of TOML: lines of tables, and what stands between brackets in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardrails.documents.document import Path
from guardrails.fixing import flow, notations
from guardrails.fixing.edits import Edit
from guardrails.fixing.source import Source


def insert(source: Source, path: Path, entries: Mapping[str, Any]) -> list[Edit]:
    """New keys of a table: behind its last one, or in its brackets; new tables of the root at the end of the file."""
    start, end = source.node(path)
    newline = source.newline
    if path:
        if source.text.startswith("{", start):
            return flow.insert(source, path, entries, notations.toml_pair)
        end = source.line_end(end)
        return [Edit(end, end, newline + _pair(key, value)) for key, value in entries.items()]
    edits = []
    ends = [source.node(child)[1] for child in source.children(()) if not _is_table(source.value(child))]
    for key, value in entries.items():
        if _is_table(value):
            lines = "".join(_pair(name, item) + newline for name, item in value.items())
            gap = "" if not source.text or source.text.endswith("\n") else newline
            edits.append(Edit(end, end, f"{gap}{newline}[{notations.toml_key(key)}]{newline}{lines}"))
        elif ends:
            at = source.line_end(max(ends))
            edits.append(Edit(at, at, newline + _pair(key, value)))
        else:
            edits.append(Edit(0, 0, _pair(key, value) + newline))
    return edits


def _pair(key: str, value: Any) -> str:
    return notations.toml_pair(key, value)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def remove(source: Source, path: Path) -> list[Edit]:
    """Without an item of an array, or a key and its line; none for a table with a header of its own."""
    parent = path[:-1]
    if isinstance(path[-1], int) or source.text.startswith("{", source.node(parent)[0]):
        return flow.remove(source, path)
    start, end = source.head(path), source.node(path)[1]
    if source.lead(start).strip():
        return []
    return [Edit(source.line_start(start), source.next_line(end), "")]
