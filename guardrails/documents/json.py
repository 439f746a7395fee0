"""JSON, and JSON with comments.

A ``.json`` file may hold comments and trailing commas too: the tools that read such files disagree about them, so a
file is refused only when none of them could read it. ``NaN``, ``Infinity`` and escapes of half a character are errors;
of keys that stand twice, the last one counts. Both formats read the same language; they differ in their files.
"""

from __future__ import annotations

import re
from json import loads
from typing import Any

from guardrails.documents.document import MAX_DEPTH, Document
from guardrails.documents.json_reader import read
from guardrails.documents.places import Place, document


class Json:
    """A format of one tree in the syntax of JSON."""

    def __init__(self, name: str, paths: tuple[str, ...]) -> None:
        self.name = name
        self.paths = paths

    def parse(self, text: str) -> Document:
        """Parse the one value of a file; raises ParseError."""
        try:
            value = _strict(text)
        except (ValueError, RecursionError):
            value, _ = read(text)  # finds the comments, or the error and good words for it
        return document(text, [value], _places)


FORMAT = Json(
    "json",
    (
        "*.json",
        "*.avsc",
        "*.geojson",
        "*.har",
        "*.ipynb",
        "*.jsonld",
        "*.sarif",
        "*.tfstate",
        "*.topojson",
        "*.webmanifest",
        "Pipfile.lock",
        "composer.lock",
        "deno.lock",
        "flake.lock",
    ),
)
JSONC = Json(
    "jsonc",
    (
        "*.jsonc",
        "*.code-workspace",
        "**/.vscode/*.json",
        ".devcontainer.json",
        ".eslintrc.json",
        ".jshintrc",
        ".swcrc",
        "api-extractor.json",
        "devcontainer.json",
        "jsconfig*.json",
        "jsconfig.*.json",
        "tsconfig*.json",
        "tslint.json",
    ),
)

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(sorted(set(range(256)) - set(b"[]{}")))


def _strict(text: str) -> Any:
    if _SURROGATE.search(text):
        raise ValueError("the C scanner would let half a character pass")
    value = loads(text, parse_constant=_refuse)
    if not _shallow(text) and not _shallow(_STRING.sub("", text)):
        raise RecursionError
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _shallow(text: str) -> bool:
    """Whether the brackets of the text, those in strings too, nest no deeper than MAX_DEPTH."""
    brackets = text.encode("utf-8", "replace").translate(_BRACKETS, _OTHERS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")  # one level less
    return not brackets


def _places(text: str) -> list[Place]:
    return [read(text)[1]]
