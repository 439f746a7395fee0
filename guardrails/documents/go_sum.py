"""The format ``go-sum``: the hashes of the modules that a Go module is built from.

The value of the document is ``{"path version": hash}``, with the keys as they are written: that of a module's own
go.mod ends with ``/go.mod``, and of hashes of different kinds for one key the last one counts.
"""

from __future__ import annotations

import re

from guardrails.documents.document import Document, Format
from guardrails.documents.places import Entry, Place, document, error

_LINE = re.compile(r"^[ \t]*+(?P<key>[^\s]++[ \t]++[^\s]++)[ \t]++(?P<hash>[^\s]++)[ \t\r]*+$", re.MULTILINE)
_REST = re.compile(r"\S")


class GoSum:
    """The format."""

    name = "go-sum"
    paths: tuple[str, ...] = ("go.sum", "go.work.sum")

    def parse(self, text: str) -> Document:
        """Parse the lines of a file; raises ParseError."""
        hashes = {}
        at = 0
        for match in _LINE.finditer(text):
            _refuse(text, at, match.start())
            hashes[match["key"]] = match["hash"]
            at = match.end()
        _refuse(text, at, len(text))
        return document(text, [hashes], _places)


FORMAT: Format = GoSum()


def _refuse(text: str, start: int, end: int) -> None:
    """Raise when anything but space stands there."""
    if found := _REST.search(text, start, end):
        raise error(text, found.start(), "expected a module, a version and a hash; `go mod tidy` writes the file anew")


def _places(text: str) -> list[Place]:
    return [
        Place(
            0,
            len(text),
            {
                match["key"]: Entry(match.start("key"), match.end("key"), Place(match.start("hash"), match.end("hash")))
                for match in _LINE.finditer(text)
            },
        )
    ]
