"""The format ``gemfile-lock``: what Bundler resolved.

The value of the document::

    {"dependencies": {name: requirement}, "gems": {name: version}}

``dependencies`` are what the Gemfile asks for, and absent from files without that section; the requirement is "" for
any version. Of a gem that is there for several platforms, the last version counts.
"""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.document import Document, Format, Root, Span
from guardrails.documents.pieces import Spans

_DEPENDENCY = re.compile(r"  (?P<name>[^\s!(]++)(?: \((?P<said>[^)]*+)\))?!?\s*$")
_GEM = re.compile(r"    (?P<name>[^\s(]++) \((?P<said>[^)]*+)\)\s*$")
_SECTIONS = {
    "DEPENDENCIES": ("dependencies", _DEPENDENCY),
    **dict.fromkeys(("GEM", "GIT", "PATH", "PLUGIN SOURCE"), ("gems", _GEM)),
}


class GemfileLock:
    """The format."""

    name = "gemfile-lock"
    paths: tuple[str, ...] = ("Gemfile.lock", "gems.locked", "*.gemfile.lock")

    def parse(self, text: str) -> Document:
        """Read a lock file; it never raises, as Bundler skips the sections that it does not know."""
        value: dict[str, Any] = {"gems": {}}
        places = Spans()
        section = None
        for number, line in enumerate(text.split("\n"), 1):
            if line[:1].strip():
                section = _SECTIONS.get(line.rstrip())
                if section:
                    value.setdefault(section[0], {})
            elif section and (match := section[1].match(line)):
                value[section[0]][match["name"]] = match["said"] or ""
                places[section[0], match["name"]] = Span(number, match.start("name") + 1, number, match.end("name") + 1)
        return Document((Root(value, places),))


FORMAT: Format = GemfileLock()
