"""Fixes of path rules: the way a file is stored is mended without a word in the policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guardrails.checks.base import File
from guardrails.findings import Finding
from guardrails.fixing.edits import Edit, Repair
from guardrails.fixing.source import Text

TESTS = ("executable", "encoding", "byte-order-mark", "line-endings", "final-newline")
"""The tests of the kind ``path`` whose findings can be mended."""

_CR = re.compile(r"\r+(?=\n)")
_LONE_LF = re.compile(r"(?<!\r)\n")


def mends(block: Mapping[str, Any]) -> bool:
    """Whether the check knows a fix."""
    return not block.keys().isdisjoint(TESTS)


def repair(block: Mapping[str, Any], finding: Finding, file: File) -> Repair | None:
    """How a finding of a path rule is mended; None where that takes a decision, as of an unknown encoding."""
    match block:
        case {"executable": _}:
            return Repair(finding, executable=not file.entry.executable)
        case {"final-newline": _}:
            end = len(file.text)
            return Repair(finding, (Edit(end, end, Text(file.text).newline),))
        case {"line-endings": wanted}:
            return Repair(finding, tuple(_line_ends(file.text, wanted)))
        case {"byte-order-mark": "forbid"} if file.encoding == "utf-8":
            return Repair(finding, encoding="utf-8")
        case {"byte-order-mark": "require"}:
            return Repair(finding, encoding="utf-8-sig")
        case {"encoding": _} if file.encoding != "utf-8":
            return Repair(finding, encoding="utf-8")
    return None


def _line_ends(text: str, wanted: str) -> list[Edit]:
    if wanted == "consistent":  # as most of them are
        wanted = "crlf" if text.count("\r\n") * 2 > text.count("\n") else "lf"
    if wanted == "crlf":
        return [Edit(match.start(), match.start(), "\r") for match in _LONE_LF.finditer(text)]
    return [Edit(match.start(), match.end(), "") for match in _CR.finditer(text)]
