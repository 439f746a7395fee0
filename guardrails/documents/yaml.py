"""YAML: libyaml reads the syntax; plain scalars mean what the core schema of YAML 1.2 says.

So ``on``, ``yes``, ``12:30`` and dates are strings, and ``0777`` is 777. Keys are strings as they are written
(``1: x`` has the key ``"1"``), a tag that is not of the core schema leaves the value underneath as it is, and
``<<`` merges mappings as YAML 1.1 had it, with the mapping's own keys winning.
"""

from __future__ import annotations

import re

from guardrails.documents.document import Document
from guardrails.documents.libyaml import YAMLError
from guardrails.documents.places import document, error
from guardrails.documents.yaml_composer import Composer
from guardrails.documents.yaml_errors import explain

MAX_DIRECTIVES, MAX_DIRECTIVE = 100, 200
"""libyaml takes time in the square of the tag directives, and copies the prefix of one for each tag."""


class Yaml:
    """The format ``yaml``; a file holds as many trees as it has documents that are not empty."""

    name = "yaml"
    paths = (
        "*.yml",
        "*.yaml",
        ".clang-format",
        ".clang-tidy",
        ".clangd",
        ".condarc",
        ".gemrc",
        ".yamllint",
        "CITATION.cff",
        "Podfile.lock",
        "pixi.lock",
        "pubspec.lock",
    )

    def __init__(self, *, unique_keys: bool = False) -> None:
        self._unique_keys = unique_keys

    def parse(self, text: str) -> Document:
        """Parse all documents of a file; raises ParseError."""
        _refuse_directives(text)
        try:
            values, places = Composer(text, unique_keys=self._unique_keys).documents()
        except (YAMLError, UnicodeError) as problem:
            raise explain(text, problem) from None
        return document(text, values, lambda _: places)


FORMAT = Yaml()

STRICT = Yaml(unique_keys=True)
"""For the files that people write for us: a key that stands twice is an error, where others let the last one win."""

_DIRECTIVE = re.compile(r"%TAG[^\r\n]*")


def _refuse_directives(text: str) -> None:
    if "%TAG" in text:
        for count, match in enumerate(_DIRECTIVE.finditer(text)):
            if count == MAX_DIRECTIVES or match.end() - match.start() > MAX_DIRECTIVE:
                raise error(text, match.start(), "too many or too long %TAG directives")
