"""Edits of YAML: of what is written line by line, and of what stands between brackets in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from guardrails.documents.document import Path
from guardrails.fixing import flow, notations
from guardrails.fixing.edits import Edit
from guardrails.fixing.source import Source

_DASH = re.compile(r"[ \t]*-[ \t]+")
_COLON = re.compile(r"[ \t]*:")
_NESTED = re.compile(r"^( *)(?:- )?[\w.\"'-]+:[ \t]*\r?\n\1( +)[\w\"']", re.MULTILINE)


def insert(source: Source, path: Path, entries: Mapping[str, Any], before: str = "") -> list[Edit]:
    """New entries of a mapping: in front of the one at the key ``before`` where it is there, else behind the last."""
    if flow.is_flow(source, path):
        return flow.insert(source, path, entries, notations.yaml_pair, before)
    start, end = source.node(path)
    first = source.head(source.children(path)[0])
    indent = " " * source.column(first)
    lines = list(_lines(entries, _step(source)))
    if before in source.value(path):
        return [_in_front(source, source.head((*path, before)), lines, indent)]
    if end > start and source.column(end) == 0:  # behind a block scalar
        return [Edit(end, end, "".join(indent + line + source.newline for line in lines))]
    end = source.line_end(end)
    return [Edit(end, end, "".join(source.newline + indent + line for line in lines))]


def _in_front(source: Source, at: int, lines: list[str], indent: str) -> Edit:
    """Lines in front of a key and the comments that stand right above it, as far apart from it as it is from others."""
    newline = source.newline
    if source.lead(at).strip():  # the first key of an item of a list
        return Edit(at, at, "".join(line + newline + indent for line in lines))
    at = source.line_start(at)
    above = source.line_start(max(at - 1, 0))
    while above < at and source.text.startswith(f"{indent}#", above):
        at, above = above, source.line_start(max(above - 1, 0))
    apart = newline if above < at and not source.text[above:at].strip() else ""
    return Edit(at, at, "".join(indent + line + newline for line in lines) + apart)


def _step(source: Source) -> str:
    """By how much the file indents what is nested."""
    nested = _NESTED.search(source.text)
    return nested[2] if nested else "  "


def _lines(entries: Mapping[str, Any], step: str) -> Iterator[str]:
    """Entries in block style; lists stay on the line of their key."""
    for key, value in entries.items():
        if isinstance(value, dict) and value:
            yield f"{notations.yaml(key)}:"
            yield from (step + line for line in _lines(value, step))
        else:
            yield notations.yaml_pair(key, value)


def replace(source: Source, path: Path, value: Any) -> list[Edit]:
    """Another value; none where a comment stands between the key and what is replaced."""
    start, end = source.node(path)
    end = start + len(source.text[start:end].rstrip())
    old = source.text[start:end]
    if not path or not isinstance(path[-1], str):
        return [Edit(start, end, notations.like(old, value, notations.yaml))]
    colon = _COLON.match(source.text, source.key(path)[1])
    if colon is None or source.text[colon.end() : start].strip():
        return []
    if isinstance(value, dict) and value and not flow.is_flow(source, path[:-1]):
        indent = " " * source.column(source.head(path)) + _step(source)
        at = source.line_end(max(end, colon.end()))
        lines = "".join(source.newline + indent + line for line in _lines(value, _step(source)))
        return [Edit(colon.end(), max(end, colon.end()), ""), Edit(at, at, lines)]
    if source.text.find("\n", colon.end(), start) < 0 and start > colon.end():
        return [Edit(start, end, notations.like(old, value, notations.yaml))]
    return [Edit(colon.end(), max(end, colon.end()), " " + notations.yaml(value))]


def remove(source: Source, path: Path) -> list[Edit]:
    """Without an entry or item and its lines; the last one leaves empty brackets. None where that is not plain."""
    parent = path[:-1]
    if flow.is_flow(source, parent):
        return flow.remove(source, path)
    previous, following = source.beside(path)
    if not (previous or following):
        return replace(source, parent, {} if isinstance(path[-1], str) else [])
    start, end = source.head(path), source.node(path)[1]
    lead = source.lead(start)
    if _DASH.fullmatch(lead) if isinstance(path[-1], int) else not lead.strip():
        behind = end if source.column(end) == 0 and end > start else source.next_line(end)
        return [Edit(source.line_start(start), behind, "")]
    return [Edit(start, source.head(following), "")] if following and isinstance(path[-1], str) else []
