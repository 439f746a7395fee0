"""The ``markdown`` format: headings, text, tables, links and code of a page, and its front matter.

The value of the document::

    {"front-matter": {...} or null,      YAML between --- lines, or TOML between +++ lines, at the very top
     "headings": [{"level": 2, "text": "Set up", "slug": "set-up"}],
     "links": [{"text", "target", "title", "image": bool}],
     "code": [{"language", "text"}],     fenced code, and indented code with language ""
     "paragraphs": [{"text", "item": 0, "sections": [...]}],
     "rows": [{"cells": {"Owner": "@ann"}, "sections": [...]}]}

``text`` of headings and links is plain: without emphasis and code marks; that of paragraphs and cells is as it is
written, so a task begins with ``[ ]`` or ``[x]``. ``item`` is 1 for the first paragraph of a list item, 2 for that of
an item inside an item, and 0 for any other paragraph. ``sections`` are the texts of the headings that a paragraph or
row stands below, outermost first. ``rows`` are those of all tables, without the headers; ``cells`` has the cells of a
row by the plain text that heads the column. Slugs are those of GitHub, ``-1`` added to the second of a kind.
Links are inline and reference links, images, ``<https://…>`` and plain web addresses, in order; a reference that is
not defined is text, as in CommonMark. What stands in code, in HTML blocks and in HTML comments is none of all that.
"""

from __future__ import annotations

import re

from guardrails.documents.document import Document, Format, ParseError, Path, Root, Span
from guardrails.documents.markdown_blocks import Blocks
from guardrails.documents.markdown_page import Page
from guardrails.documents.pieces import Spans

_KEY = re.compile(r"\s*+(?:#.*\n\s*+)*+[\w\"'.-]++\s*+:(?:\s|$)")
"""What YAML that is a mapping starts with; a page may also start with a rule and have another one later."""


class Markdown:
    """The format."""

    name = "markdown"
    paths: tuple[str, ...] = ("*.md", "*.markdown")

    def parse(self, text: str) -> Document:
        """Parse a page; raises ParseError only for front matter that is not valid."""
        lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
        front, start = _front_matter(lines)
        page = Page()
        blocks = Blocks(page)
        for number in range(start, len(lines)):
            blocks.read(lines[number], number + 1)
        blocks.end()
        value = {
            "front-matter": front.value if front else None,
            "headings": page.headings,
            "links": page.links,
            "code": page.code,
            "paragraphs": page.paragraphs,
            "rows": page.rows,
        }
        return Document((Root(value, _Locator(page.places, front)),))


FORMAT: Format = Markdown()


class _Locator:
    def __init__(self, places: Spans, front: Root | None) -> None:
        self._places = places
        self._front = front

    def span(self, path: Path, *, key: bool) -> Span | None:
        """The span of the node; that of front matter comes from its own format."""
        if path[:1] == ("front-matter",):
            return self._front.span(path[1:], key=key and len(path) > 1) if self._front else None
        return self._places.get(path)


def _front_matter(lines: list[str]) -> tuple[Root | None, int]:
    """The front matter, and the index of the line after it; what does not look like any is part of the page."""
    mark = lines[0].rstrip()
    if mark not in ("---", "+++"):
        return None, 0
    ends = ("---", "...") if mark == "---" else ("+++",)
    last = next((i for i in range(1, len(lines)) if lines[i].rstrip() in ends), 0)
    # The mark is kept as an empty line, so that positions and errors of the front matter are those of the page.
    text = "\n" + "\n".join(lines[1:last])
    if not last or (mark == "---" and not _KEY.match(text)):
        return None, 0
    roots = _parse(mark, text + "\n").roots
    if len(roots) != 1 or not isinstance(roots[0].value, dict):
        raise ParseError("the front matter must be one mapping of keys to values")
    return roots[0], last + 1


def _parse(mark: str, text: str) -> Document:
    if mark == "---":
        from guardrails.documents.yaml import FORMAT as YAML  # noqa: PLC0415 - most pages have no front matter

        return YAML.parse(text)
    from guardrails.documents.toml import FORMAT as TOML  # noqa: PLC0415

    return TOML.parse(text)
