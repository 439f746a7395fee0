r"""One line per finding, for editors, grep and scripts: ``path:line:column: enforcement severity rule message``.

A finding without a line stands at 1:1, where an editor can go. In a path, ``\``, ``"``, ``:`` and all that does not
print are escaped with a backslash, so that no file name can pretend to be something else on the line. What is waived or
in the baseline is listed only if asked for, with ``waived`` or ``baselined`` in place of the enforcement.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.findings import Note, Problem
from guardrails.governance.verdict import Judged, Style, Verdict
from guardrails.reporters.terminal import PARTIAL, visible

_IN_PATHS = str.maketrans({"\\": "\\\\", '"': '\\"', ":": "\\x3a"})


def report(verdict: Verdict, style: Style) -> str:
    """The findings, then problems as ``error:`` lines and notes as ``note:`` lines; empty when there is none."""
    return "".join(line + "\n" for line in _lines(verdict, style))


def _lines(verdict: Verdict, style: Style) -> Iterator[str]:
    yield from map(_finding, verdict.findings)
    yield from map(_finding, verdict.excused if style.excused else ())
    for problem in verdict.problems:
        yield f"error: {_about(problem)}"
    for note in verdict.notes:
        yield f"note: {_about(note)}"
    if not verdict.complete:
        yield f"note: {PARTIAL}"


def _finding(judged: Judged) -> str:
    finding, severity, enforcement, _, excuse = judged
    location = finding.location
    place = f"{_path(location.path)}:{location.line or 1}:{location.column or 1}"
    level = excuse.kind if excuse else enforcement.label
    return f"{place}: {level} {severity.label} {visible(finding.rule)} {visible(finding.message)}"


def _path(path: str) -> str:
    return visible(path.translate(_IN_PATHS)) or "."


def _about(item: Problem | Note) -> str:
    return f"{_path(item.path)}: {visible(item.message)}" if item.path else visible(item.message)
