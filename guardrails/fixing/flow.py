"""Edits between brackets: JSON, flow style of YAML, inline tables and arrays of TOML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from guardrails.documents.document import Path
from guardrails.fixing.edits import Edit
from guardrails.fixing.source import Source

Pair = Callable[[str, Any], str]

_OPEN = re.compile(r"(?:[&!]\S*\s+)*[{\[]")
_COMMA = re.compile(r"[ \t\r\n]*,")


def is_flow(source: Source, path: Path) -> bool:
    """Whether a mapping or list stands between brackets."""
    return _OPEN.match(source.text, source.node(path)[0]) is not None


def insert(source: Source, path: Path, entries: Mapping[str, Any], pair: Pair, before: str = "") -> list[Edit]:
    """Entries in front of another, else of the first: so nothing has to be known of commas and comments behind."""
    written = [pair(key, value) for key, value in entries.items()]
    children = source.children(path)
    if not children:
        _, end = source.node(path)
        return [Edit(end - 1, end - 1, ", ".join(written))]
    at = source.head((*path, before) if before in source.value(path) else children[0])
    lead = source.lead(at)
    join = "," + (" " if lead.strip() else source.newline + lead)
    return [Edit(at, at, "".join(entry + join for entry in written))]


def remove(source: Source, path: Path) -> list[Edit]:
    """Without one entry or item, and without one comma; none where a comment is in the way."""
    previous, following = source.beside(path)
    start, end = source.head(path), source.node(path)[1]
    if following:
        return [Edit(start, source.head(following), "")]
    text = source.text
    if not previous:
        return [Edit(start, end, "")]
    before = source.node(previous)[1]
    comma = _COMMA.match(text, before)
    if comma is None:
        return []
    between = text[comma.end() : start].rstrip()
    if not between or not text[end : source.line_end(end)].strip():  # else a comment needs the line end behind it
        start = comma.end() + len(between)
    return [Edit(before, comma.end(), ""), Edit(start, end, "")]
