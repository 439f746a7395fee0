"""Fixes of document rules: values are set, replaced and removed where the nodes of findings stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from guardrails.checks.base import File
from guardrails.documents.document import Path, Root, Span
from guardrails.fixing import block, flow, notations, tables
from guardrails.fixing.edits import ABSENT, ANY, Change, Edit, same
from guardrails.fixing.source import Source, Text, paths
from guardrails.tuples import NamedTuple

Meant = tuple[list[Edit], list[Change]]
"""Edits, and what they are meant to do."""


class _Notation(NamedTuple):
    """How the nodes of a format are edited."""

    insert: Callable[[Source, Path, Mapping[str, Any], str], list[Edit]]
    replace: Callable[[Source, Path, Any], list[Edit]]
    remove: Callable[[Source, Path], list[Edit]]


def _on_the_spot(write: notations.Write) -> Callable[[Source, Path, Any], list[Edit]]:
    def replace(source: Source, path: Path, value: Any) -> list[Edit]:
        start, end = source.node(path)
        return [Edit(start, end, notations.like(source.text[start:end], value, write))]

    return replace


def _insert_json(source: Source, path: Path, entries: Mapping[str, Any], before: str) -> list[Edit]:
    return flow.insert(source, path, entries, notations.json_pair, before)


def _insert_toml(source: Source, path: Path, entries: Mapping[str, Any], _before: str) -> list[Edit]:
    return tables.insert(source, path, entries)


_JSON = _Notation(_insert_json, _on_the_spot(notations.json_text), flow.remove)
_NOTATIONS: Mapping[str, _Notation] = {
    "yaml": _Notation(block.insert, block.replace, block.remove),
    "json": _JSON,
    "jsonc": _JSON,
    "toml": _Notation(_insert_toml, _on_the_spot(notations.toml), tables.remove),
}
BASES = frozenset(_NOTATIONS)
"""The formats whose values can be edited."""


class Nodes:
    """The nodes of a file, found by where they stand: whatever a dialect makes of them, they are edited as written."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._text = Text(file.text)
        self._sources: dict[tuple[str, int], Source] = {}
        self._found: dict[Span, tuple[str, int, Path]] = {}
        for base in sorted(BASES & file.formats):
            for tree, root in enumerate(file.document(base).roots):
                self._sources[base, tree] = Source(file.text, root)
                for path in paths(root.value):
                    self._found.setdefault(root.span(path), (base, tree, path))

    def set(self, root: Root, path: Path, wanted: Mapping[str, Any], before: str) -> Meant | None:
        """Merge ``wanted`` into the mapping at a node."""
        found = self._found.get(root.span(path))
        if found is None:
            return None
        base, tree, at = found
        source = self._sources[base, tree]
        if not isinstance(source.value(at), dict):
            return None
        parts: list[list[Edit]] = []
        merged = self._merge(base, source, at, wanted, before, parts)
        changes = [Change(base, (tree, *way), value) for way, value in merged]
        return ([edit for part in parts for edit in part], changes) if all(parts) else None

    def _merge(
        self, base: str, source: Source, at: Path, wanted: Mapping[str, Any], before: str, parts: list[list[Edit]]
    ) -> Iterator[tuple[Path, Any]]:
        """What is to stand where, with the edits for each added to ``parts``."""
        there = source.value(at)
        absent = {key: value for key, value in wanted.items() if key not in there}
        for key in (key for key in wanted if key in there):
            if isinstance(there[key], dict) and isinstance(wanted[key], dict) and there[key]:
                yield from self._merge(base, source, (*at, key), wanted[key], "", parts)
            elif not same(there[key], wanted[key]):
                parts.append(_NOTATIONS[base].replace(source, (*at, key), wanted[key]))
                yield (*at, key), wanted[key]
        if absent:
            parts.append(_NOTATIONS[base].insert(source, at, absent, before))
            for key, value in absent.items():
                yield (*at, key), value

    def replace(self, root: Root, path: Path, value: Any) -> Meant | None:
        """Put another value in the place of a node."""
        found = self._found.get(root.span(path))
        if found is None:
            return None
        base, tree, at = found
        return _NOTATIONS[base].replace(self._sources[base, tree], at, value), [Change(base, (tree, *at), value)]

    def remove(self, root: Root, path: Path) -> Meant | None:
        """Take a node away, with its key; of a format without nodes to edit, its lines or the blanks behind it."""
        found = self._found.get(root.span(path))
        if found is None:
            return None if self._sources else ([self._cut(*self._text.range(root.span(path)))], [])
        base, tree, at = found
        if not at:
            return None
        return _NOTATIONS[base].remove(self._sources[base, tree], at), [Change(base, (tree, *at), ABSENT)]

    def _cut(self, start: int, end: int) -> Edit:
        text = self._text
        if not text.lead(start).strip() and end == text.line_end(end):
            return Edit(text.line_start(start), text.next_line(end), "")
        line = text.text[end : text.line_end(end)]
        return Edit(start, end + len(line) - len(line.lstrip()), "")

    def rewrite(self, root: Root, path: Path, rewritten: Callable[[str], str]) -> Meant | None:
        """Change the text of a node."""
        span = root.span(path)
        start, end = self._text.range(span)
        old = self._text.text[start:end]
        new = rewritten(old)
        if new == old:
            return None
        found = self._found.get(span)
        changes = [Change(found[0], found[1:2] + found[2], ANY)] if found else []
        return [Edit(start, end, new)], changes
