"""What a person sees: findings by file with the source line, why the rule exists and how to mend it, and a summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeVar

from guardrails.findings import Enforcement, Finding, Note, Problem, plural
from guardrails.governance.verdict import Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.excuses import TITLE, counted, told
from guardrails.reporters.terminal import PARTIAL, excerpt, visible, visible_path

FOLD = 5
"""How many findings of one rule are shown in one file, and how many paths of one note; the rest is counted."""

_INDENT = " " * 6
_WHY = 240
"""About how much of a rationale is shown, in characters; ``guardrails explain`` has the rest."""

_SOON = 30
"""How many days ahead a rule that starts to block is announced."""

_Remark = TypeVar("_Remark", Problem, Note)

_BOLD, _DIM, _RED, _YELLOW, _CYAN = "1", "2", "1;31", "1;33", "36"
_COLORS = {Enforcement.BLOCK: _RED, Enforcement.WARN: _YELLOW, Enforcement.AUDIT: _CYAN}


def report(verdict: Verdict, style: Style) -> str:
    """The verdict for a person at a terminal or reading a build log; one line when there is nothing to say."""
    remarks = "\n".join([*_remarks(verdict, style), *_soon(verdict, style)])
    excused = "\n".join(_excused(verdict, style)) if style.excused and verdict.excused else ""
    sections = [*_files(verdict, style), excused, remarks, _summary(verdict, style)]
    return "\n\n".join(section for section in sections if section) + "\n"


def _files(verdict: Verdict, style: Style) -> Iterator[str]:
    """One section for each file with findings; a rule is explained at its first finding that is shown in full."""
    explained: set[str] = set()
    for path, findings in groupby(verdict.findings, lambda judged: judged.finding.location.path):
        lines = [_paint(_subject(path), _BOLD, style)]
        shown, more = _folded(findings, path)
        for judged in shown:
            lines.append(_headline(judged, style))
            if judged.enforcement is not Enforcement.AUDIT:
                lines += _source(judged, style)
                rule = verdict.rules.get(judged.finding.rule)
                if rule and rule.id not in explained:
                    explained.add(rule.id)
                    lines += _explanation(rule, style)
        lines += (f"  {line}" for line in more)
        yield "\n".join(lines)


def _subject(path: str) -> str:
    return visible_path(path) or "(repository)"


def _folded(findings: Iterable[Judged], path: str) -> tuple[list[Judged], list[str]]:
    """The first findings of each rule, and a line for each rule that has more of them."""
    shown: list[Judged] = []
    counts: dict[str, int] = {}
    for judged in findings:
        id = judged.finding.rule
        counts[id] = counts.get(id, 0) + 1
        if counts[id] <= FOLD:
            shown.append(judged)
    where = " in this file" if path else ""
    more = [f"… and {n - FOLD} more of {visible(id)}{where}" for id, n in counts.items() if n > FOLD]
    return shown, more


def _headline(judged: Judged, style: Style) -> str:
    level = _paint(judged.enforcement.label, _COLORS[judged.enforcement], style)
    return f"  {_position(judged)}{level} {_statement(judged, style)}"


def _position(judged: Judged) -> str:
    _, line, column, *_ = judged.finding.location
    return f"{line}:{column} " if line and column else f"{line} " if line else ""


def _statement(judged: Judged, style: Style) -> str:
    rule = _paint(f"[{visible(judged.finding.rule)}]", _DIM, style)
    return f"{judged.severity.label}: {visible(judged.finding.message)} {rule}"


def _source(judged: Judged, style: Style) -> Iterator[str]:
    finding = judged.finding
    if not finding.source.strip():
        return
    bar = _INDENT + _paint("|", _DIM, style)
    start, stop = _columns(finding)
    line, carets = excerpt(finding.source, start, stop, max(style.width - len(_INDENT) - 2, 20))
    yield f"{bar} {line}".rstrip()
    if carets:
        # The spaces stay outside of the color, so that no terminal underlines or fills them.
        mark = carets.lstrip()
        yield f"{bar} {carets[: -len(mark)]}{_paint(mark, _COLORS[judged.enforcement], style)}"


def _columns(finding: Finding) -> tuple[int, int]:
    """The characters of the source line that the finding is about, from 0; negative when it does not say."""
    _, line, column, end_line, end_column = finding.location
    if end_line > line:
        return column - 1, len(finding.source)
    return column - 1, max(end_column - 1, column)


def _explanation(rule: RuleInfo, style: Style) -> Iterator[str]:
    yield from _labeled("why", _opening(rule.rationale), style)
    yield from _labeled("fix", rule.remediation, style)
    label = "more, or an exception" if rule.waivable.allowed else "more"
    yield f"{_INDENT}{_paint(label, _BOLD, style)}: guardrails explain {visible(rule.id)}"


def _labeled(label: str, prose: str, style: Style) -> Iterator[str]:
    """The prose behind its label, wrapped; indented lines in it are snippets and stay as they are."""
    margin = _INDENT + " " * (len(label) + 2)
    start = _INDENT + _paint(label, _BOLD, style) + ": "
    for snippet, lines in groupby(prose.splitlines(), key=lambda line: line.startswith("    ")):
        given = list(lines)
        shown = map(visible, given) if snippet else _wrapped(given, style.width - len(margin))
        for line in shown:
            yield (start + line).rstrip()
            start = margin


def _wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    line = ""
    for word in visible(" ".join(" ".join(lines).split())).split(" "):
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".lstrip()
    if line:
        yield line


def _opening(prose: str) -> str:
    """The first sentences, as many as fit; the start of the first one where even that is too long."""
    text = " ".join(prose.split())
    if len(text) <= _WHY:
        return text
    end = max(text.rfind(stop, 0, _WHY) for stop in (". ", "! ", "? "))
    return text[: end + 1] if end > 0 else text[:_WHY].rsplit(" ", 1)[0] + " …"


def _excused(verdict: Verdict, style: Style) -> Iterator[str]:
    """What does not count, by file and excuse; in no color, for there is nothing to do."""
    yield f"{TITLE}:"
    for path, findings in groupby(verdict.excused, lambda judged: judged.finding.location.path):
        yield f"  {_subject(path)}"
        groups: dict[Excuse, list[Judged]] = {}
        for judged in findings:
            if judged.excuse:
                groups.setdefault(judged.excuse, []).append(judged)
        for excuse, group in groups.items():
            yield "    " + "\n        ".join(_wrapped([told(excuse)], style.width - 8))
            shown, more = _folded(group, path)
            yield from (f"{_INDENT}{_position(judged)}{_statement(judged, style)}" for judged in shown)
            yield from (f"{_INDENT}{line}" for line in more)


def _remarks(verdict: Verdict, style: Style) -> Iterator[str]:
    """Problems and notes; those that say the same share one line."""
    for message, problems in _by_message(verdict.problems).items():
        yield _remark(_paint("error", _RED, style), message, [problem.path for problem in problems])
        details = dict.fromkeys(problem.detail for problem in problems if problem.detail)
        if style.debug:
            yield from (_INDENT + visible(line) for detail in details for line in detail.splitlines())
        elif details:
            yield f"{_INDENT}--debug shows the traceback"
    for message, notes in _by_message(verdict.notes).items():
        yield _remark(_paint("note", _CYAN, style), message, [note.path for note in notes])


def _by_message(items: Iterable[_Remark]) -> dict[str, list[_Remark]]:
    groups: dict[str, list[_Remark]] = {}
    for item in items:
        groups.setdefault(item.message, []).append(item)
    return groups


def _remark(label: str, message: str, paths: list[str]) -> str:
    shown = [visible_path(path) for path in paths[:FOLD] if path]
    more = f" … and {len(paths) - FOLD} more" if len(paths) > FOLD else ""
    subject = f"{', '.join(shown)}{more}: " if shown else ""
    return f"{label}: {subject}{visible(message)}{'' if shown else more}"


def _soon(verdict: Verdict, style: Style) -> Iterator[str]:
    """What starts to block within the next weeks, so that it is mended before and not after."""
    dated = [judged for judged in verdict.findings if judged.blocks_from]
    if not dated:
        return
    from collections import Counter  # noqa: PLC0415
    from datetime import date, timedelta  # noqa: PLC0415 - few rules have dates

    horizon = (date.fromisoformat(verdict.date) + timedelta(days=_SOON)).isoformat()
    counts = Counter((item.blocks_from, item.finding.rule) for item in dated if item.blocks_from <= horizon)
    for (day, rule), count in sorted(counts.items()):
        yield f"{_paint('soon', _CYAN, style)}: from {day} on, {visible(rule)} blocks: {plural(count, 'finding')}"


def _summary(verdict: Verdict, style: Style) -> str:
    parts = [_paint(plural(len(verdict.problems), "error"), _RED, style)] if verdict.problems else []
    for enforcement, color in _COLORS.items():
        if count := verdict.count(enforcement):
            parts.append(_paint(f"{count} {enforcement.label}", color, style))
    if not verdict.findings:
        parts.append("no findings" if parts else "No findings")
    excused = f"; {counted(verdict)}" if verdict.excused else ""
    left_out = "" if verdict.complete else f"; {PARTIAL}"
    return f"{', '.join(parts)} in {plural(verdict.files, 'file')}{_duration(verdict.seconds)}{excused}{left_out}"


def _duration(seconds: float) -> str:
    if not seconds:
        return ""
    return f" ({seconds:.1f} s)" if seconds >= 0.1 else f" ({seconds:.2f} s)"


def _paint(text: str, color: str, style: Style) -> str:
    return f"\033[{color}m{text}\033[0m" if style.color else text
