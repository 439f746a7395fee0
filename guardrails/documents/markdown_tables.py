"""The tables of Markdown, by the rules of GitHub: a header, a row of dashes under it, and rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DASHES = re.compile(r"\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+")
_CELL = re.compile(r"(?:[^|\\]|\\[\s\S]?)*+")


def find_header(lines: Sequence[str]) -> int:
    """The index of the line that heads a table, the dashes being in the next; the number of lines when none does."""
    for index in range(1, len(lines)):
        dashes = lines[index]
        if "|" in dashes and _DASHES.fullmatch(dashes) and len(cells(dashes)) == len(cells(lines[index - 1])):
            return index - 1
    return len(lines)


def cells(line: str) -> list[tuple[int, str]]:
    """Where each cell of a row starts, and its text as it is written."""
    found: list[tuple[int, str]] = []
    line = line.rstrip()
    position = len(line) - len(line.lstrip())
    position += line.startswith("|", position)
    while position < len(line) or not found:
        cell = _CELL.match(line, position)
        text = cell[0] if cell else ""
        found.append((position + len(text) - len(text.lstrip()), text.strip().replace("\\|", "|")))
        position += len(text) + 1
    return found
