"""GitHub-flavored Markdown: the summary of a job, or a comment.

Text from outside is written with character references, which are neither Markdown nor HTML nor the end of a table
cell wherever they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from guardrails.findings import Enforcement, Finding, Note, Problem, plural
from guardrails.governance.verdict import Excuse, Judged, Style, Verdict
from guardrails.reporters.excuses import TITLE, WORDS, counted, reason_of
from guardrails.reporters.json import VERDICTS
from guardrails.reporters.terminal import PARTIAL, visible, visible_path
from guardrails.tuples import NamedTuple

MAX_BYTES = 1024 * 1024
"""GitHub shows no larger summary of a step."""
FOLD = 20
"""With more findings than this, or more notes, the list is folded away."""

_RESERVE = 4096
"""Bytes kept for headings and for naming what was cut."""

_NO_FILE = "(repository)"
_UNFOLD = "\n</details>\n"
_REFERENCES = str.maketrans({char: f"&#{ord(char)};" for char in "!\"#$&'()*:<=>@[\\]^_`{|}~"})


class _Section(NamedTuple):
    """A part of the report of which any number of items may be cut from the end."""

    opening: str
    items: list[str]
    """Each starts on a new line."""
    closing: str
    noun: str


def report(verdict: Verdict, style: Style) -> str:  # noqa: ARG001  every reporter takes a style
    """The verdict in a heading, problems, a table by rule, the findings by file, notes, and what does not count."""
    text = f"## guardrails: {VERDICTS[verdict.exit_code]}\n\n{_summary(verdict)}\n"
    room = MAX_BYTES - _RESERVE - len(text.encode())
    for section in _sections(verdict):
        kept = _fitting(section.items, room)
        room -= sum(len(item.encode()) + 1 for item in kept)
        cut = len(section.items) - len(kept)
        more = f"\n… and {cut} more {section.noun}: a summary has at most 1 MiB\n" if cut else ""
        lines = "".join(item + "\n" for item in kept)
        text += f"\n{section.opening}\n{lines}{more}{section.closing}"
    return text


def _summary(verdict: Verdict) -> str:
    levels = (Enforcement.BLOCK, Enforcement.WARN, Enforcement.AUDIT)
    counts = [f"{verdict.count(level)} {level.label}" for level in levels if verdict.count(level)]
    if verdict.problems:
        counts.insert(0, plural(len(verdict.problems), "error"))
    partial = "" if verdict.complete else f"; {PARTIAL}"
    title = f" of the {_text(verdict.title)}" if verdict.title else ""
    excused = f"; {counted(verdict)}" if verdict.excused else ""
    return f"{', '.join(counts) or 'No findings'} in {plural(verdict.files, 'file')}{title}{excused}{partial}"


def _sections(verdict: Verdict) -> Iterator[_Section]:
    if verdict.problems:
        yield _Section("### Errors\n", [_about(problem) for problem in verdict.problems], "", "errors")
    if verdict.findings:
        head = "| Severity | Enforcement | Findings | Rule | Title |\n| --- | --- | ---: | --- | --- |"
        yield _Section(f"### Rules\n\n{head}", list(_rows(verdict)), "", "rows")
        yield _folded("Findings", list(_findings(verdict)), "findings")
    if verdict.notes:
        yield _folded("Notes", [_about(note) for note in verdict.notes], "notes")
    if verdict.excused:
        head = "| Finding | Reason | Owner | Until |\n| --- | --- | --- | --- |"
        rows = [_excused(judged.finding, judged.excuse) for judged in verdict.excused if judged.excuse]
        yield _Section(f"{_folding(TITLE, counted(verdict))}\n{head}", rows, _UNFOLD, "excused findings")


def _folded(title: str, items: list[str], noun: str) -> _Section:
    if len(items) <= FOLD:
        return _Section(f"### {title}\n", items, "", noun)
    return _Section(_folding(title, f"{len(items)} {noun}"), items, _UNFOLD, noun)


def _folding(title: str, summary: str) -> str:
    return f"### {title}\n\n<details>\n<summary>{summary}</summary>\n"


def _rows(verdict: Verdict) -> Iterator[str]:
    """A row for each rule, and for each enforcement where that differs by path; the worst first."""
    counts = Counter((enforcement, severity, finding.rule) for finding, severity, enforcement, *_ in verdict.findings)
    for (enforcement, severity, id), count in sorted(counts.items(), key=_worst_first):
        title = _text(verdict.rules[id].title if id in verdict.rules else "")
        yield f"| {severity.label} | {enforcement.label} | {count} | {_code(id)} | {title} |"


def _worst_first(row: tuple[tuple[int, int, str], int]) -> tuple[int, int, str]:
    (enforcement, severity, id), _ = row
    return -enforcement, -severity, id


def _findings(verdict: Verdict) -> Iterator[str]:
    """An item for each finding; the first one of a file brings the heading along."""
    for path, findings in groupby(verdict.findings, lambda judged: judged.finding.location.path):
        heading = f"\n#### {_code(visible_path(path) or _NO_FILE)}\n\n"
        for judged in findings:
            yield heading + _finding(judged)
            heading = ""


def _finding(judged: Judged) -> str:
    finding, severity, enforcement, blocks_from, *_ = judged
    place = f"{position} " if (position := _position(finding)) else ""
    later = f", blocks from {blocks_from}" if blocks_from else ""
    return f"- {place}**{enforcement.label}** {severity.label}: {_text(finding.message)} {_code(finding.rule)}{later}"


def _position(finding: Finding) -> str:
    _, line, column, *_ = finding.location
    return f"{line}:{column}" if line and column else f"{line}" if line else ""


def _excused(finding: Finding, excuse: Excuse) -> str:
    path, position = visible_path(finding.location.path) or _NO_FILE, _position(finding)
    text = f"{_code(f'{path}:{position}' if position else path)} {_text(finding.message)} {_code(finding.rule)}"
    reason = _text(reason_of(excuse) or WORDS[excuse.kind])
    return f"| {text} | {reason} | {_text(excuse.owner)} | {_text(excuse.expires)} |"


def _about(item: Problem | Note) -> str:
    subject = f"{_code(visible_path(item.path))}: " if item.path else ""
    return f"- {subject}{_text(item.message)}"


def _fitting(items: list[str], room: int) -> list[str]:
    """As many of the first items as fit in that many bytes."""
    for index, item in enumerate(items):
        room -= len(item.encode()) + 1
        if room < 0:
            return items[:index]
    return items


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """The text as text; the dot after ``www`` too, for GitHub makes a link of what starts like that."""
    return visible(text).translate(_REFERENCES).replace("www.", "www&#46;")
