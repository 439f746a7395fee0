"""The ``spdx-tags`` format: the licences that a file of any kind names in ``SPDX-License-Identifier`` tags.

The value of the document::

    {"expressions": [text],      what stands behind each tag
     "licences": [id]}           the licences and exceptions in them, in the order of the text, each once

A tag stands at the start of its line, behind comment signs. In REUSE.toml it is a key, and in the copyright files of
Debian, which REUSE has in ``.reuse/dep5``, it is ``License:``. What stands between ``REUSE-IgnoreStart`` and
``REUSE-IgnoreEnd`` is left out. An expression that cannot be read names no licence.
"""

from __future__ import annotations

import re

from guardrails.documents.document import Document, Format, Root, Span
from guardrails.documents.patterns import lazy
from guardrails.documents.pieces import Spans
from guardrails.documents.spdx import SpdxError, names

_MARK = lazy(r"REUSE-Ignore(Start|End)")
_TAG = lazy(r"[^\w\n]*+(?:(?:rem|dnl|c)[ \t]++)?SPDX-License-Identifier[ \t]*+:", re.IGNORECASE)
_COMMENTS = r"(?:\s*+#[^\n]*+)*+\s*+"
_OWN = (
    # By how a file begins: REUSE.toml, and the copyright files of Debian.
    (
        lazy(_COMMENTS + r"(?:version[ \t]*=|\"?SPDX-[\w-]+\"?[ \t]*=|\[\[annotations\]\])"),
        lazy(r"[ \t]*+\"?SPDX-License-Identifier\"?[ \t]*+="),
    ),
    (lazy(_COMMENTS + r"Format:[^\n]*?/copyright-format/"), lazy(r"License:")),
)
"""What stands before an expression in files that have a syntax of their own for it."""
_TEXT = lazy(r"\"([^\"]*+)\"|'([^']*+)'")
_EXPRESSION = lazy(r"[ \t]*+((?:[A-Za-z0-9.+():/]|[ \t]+(?=[A-Za-z0-9(])|-(?!->))*+)")


class SpdxTags:
    """The format."""

    name = "spdx-tags"
    paths: tuple[str, ...] = (
        "*.[chmrS]",
        "*.[ch]pp",
        "*.[ch]xx",
        "*.[ch]h",
        "*.[jt]sx",
        "*.[cm][jt]s",
        "*.bat",
        "*.bzl",
        "*.cc",
        "*.cfg",
        "*.cmake",
        "*.conf",
        "*.cs",
        "*.css",
        "*.cu",
        "*.dart",
        "*.erl",
        "*.ex",
        "*.exs",
        "*.fs",
        "*.go",
        "*.gradle",
        "*.groovy",
        "*.hcl",
        "*.hs",
        "*.html",
        "*.in",
        "*.ini",
        "*.java",
        "*.jl",
        "*.js",
        "*.kt",
        "*.kts",
        "*.less",
        "*.license",
        "*.lua",
        "*.markdown",
        "*.md",
        "*.mk",
        "*.ml",
        "*.mm",
        "*.nim",
        "*.nix",
        "*.php",
        "*.pl",
        "*.pm",
        "*.properties",
        "*.proto",
        "*.ps1",
        "*.py",
        "*.pyi",
        "*.pyx",
        "*.qml",
        "*.rb",
        "*.rego",
        "*.rs",
        "*.rst",
        "*.scala",
        "*.scss",
        "*.service",
        "*.sh",
        "*.sol",
        "*.sql",
        "*.svelte",
        "*.svg",
        "*.swift",
        "*.tex",
        "*.tf",
        "*.toml",
        "*.ts",
        "*.txt",
        "*.v",
        "*.vue",
        "*.xml",
        "*.yaml",
        "*.yml",
        "*.zig",
        ".reuse/dep5",
        ".editorconfig",
        ".gitattributes",
        ".gitignore",
        ".gitmodules",
        "CODEOWNERS",
        "Dockerfile*",
        "Containerfile*",
        "Justfile",
        "Makefile*",
        "justfile",
    )

    def parse(self, text: str) -> Document:
        """Read the tags of a file; it never raises."""
        own = next((tag for start, tag in _OWN if start.match(text)), None)
        tags = _Tags(own)
        if own or "SPDX-License-Identifier" in text:
            for number, line in enumerate(text.split("\n"), 1):
                tags.read(number, line)
        return Document((Root({"expressions": tags.expressions, "licences": tags.licences}, tags.spans),))


FORMAT: Format = SpdxTags()


class _Tags:
    """What the tags of a file say, as its lines come."""

    def __init__(self, own: re.Pattern[str] | None) -> None:
        self._own = own
        self.expressions: list[str] = []
        self.licences: list[str] = []
        self.spans = Spans()
        self._ignored = False
        self._listed = False  # whether a list of expressions is open

    def read(self, number: int, line: str) -> None:
        """Take the next line of the file."""
        if marks := _MARK.findall(line):
            self._ignored = marks[-1] == "Start"
        elif self._ignored:
            return
        elif self._listed:
            self._read_list(number, line, 0)
        elif tag := _TAG.match(line) or (self._own.match(line) if self._own else None):
            if tag[0].endswith("="):
                self._read_list(number, line, tag.end())
            elif (match := _EXPRESSION.match(line, tag.end())) and match[1]:
                self._add(number, match.start(1), match[1])

    def _read_list(self, number: int, line: str, start: int) -> None:
        """The value of a key: a text, or a list of them that may go on in the next lines."""
        for match in _TEXT.finditer(line, start):
            group = match.lastindex or 0
            self._add(number, match.start(group), match[group])
        self._listed = "]" not in line[start:] and (self._listed or "[" in line[start:])

    def _add(self, number: int, start: int, expression: str) -> None:
        span = Span(number, start + 1, number, start + 1 + len(expression))
        self.spans["expressions", len(self.expressions)] = span
        self.expressions.append(expression)
        try:
            found = names(expression)
        except SpdxError:
            return
        for name in found:
            if name not in self.licences:
                self.spans["licences", len(self.licences)] = span
                self.licences.append(name)
