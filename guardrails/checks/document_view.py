"""One tree of a file as rules look at it: nodes to select, expressions about them, and where they stand."""

from __future__ import annotations

from typing import Any

from guardrails.checks.base import File
from guardrails.checks.cel import Scope
from guardrails.checks.document_routes import follow, route
from guardrails.checks.jsonpath import Tree
from guardrails.documents.document import Path, Root, Span
from guardrails.tuples import NamedTuple


class Spot(NamedTuple):
    """Where findings about a node stand."""

    span: Span
    line: str
    """The text of its line."""
    route: str
    target: Any
    """The node."""


class View:
    """One tree of a file; the rules that look at it share what that takes."""

    def __init__(self, file: File, root: Root) -> None:
        self.file = file
        self.root = root
        self.tree = Tree(root.value)
        self.scope = Scope(root.value, file.path, lambda: file.date)
        self._spots: dict[tuple[Path, str], Spot] = {}

    def spot(self, place: Path, report: str) -> Spot:
        """The ``key`` or ``value`` of a node; when neither is asked for, the key of a mapping or list."""
        spot = self._spots.get((place, report))
        if spot is None:
            target = follow(self.root.value, place)
            how = report or ("key" if isinstance(target, dict | list) else "value")
            span, line = located(self.file, self.root, place, how)
            spot = self._spots[place, report] = Spot(span, line, route(self.root.value, place), target)
        return spot


def located(file: File, root: Root, place: Path, report: str) -> tuple[Span, str]:
    """The ``key`` or ``value`` of a node in one line, of a longer one where it begins, and that line."""
    # Items of lists, and what has no parent, have no key.
    span = root.span(place, key=report == "key" and isinstance((0, *root.prefix, *place)[-1], str))
    line = file.lines[span.line - 1] if span.line <= len(file.lines) else ""
    if span.end_line != span.line:
        span = Span(span.line, span.column, span.line, max(span.column, len(line) + 1))
    return span, line
