"""Trees for the tests of formats and of dialects."""

from __future__ import annotations

from typing import Any

from guardrails.documents.document import Document, Path, Root, Span


class Echo:
    """A locator that answers with the length of the path, so that prefixes can be seen."""

    def span(self, path: Path, *, key: bool) -> Span:
        return Span(len(path) + 1, 1, len(path) + 1, 1)


def document(*values: Any) -> Document:
    """A document of these values."""
    return Document(tuple(Root(value, Echo()) for value in values))


def values(dialect: Any, *trees: Any) -> list[Any]:
    """What a dialect sees in a document of these values."""
    return [root.value for root in dialect.roots(document(*trees))]


def nodes(node: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """All nodes of a value with their paths, each before what is in it."""
    found = [(path, node)]
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        found += nodes(child, (*path, key))
    return found


def source(root: Root, text: str, *path: str | int) -> str:
    """What stands in the text at the span of a node."""
    return cut(text, root.span(path))


def cut(text: str, span: Span) -> str:
    """The part of a text that a span is about."""
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)
