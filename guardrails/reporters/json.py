"""The whole verdict for programs: version 1 of the shape in ``schema/report.json``."""

from __future__ import annotations

import json
import re
from typing import Any

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import BASELINED, WAIVED, Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.terminal import visible

VERSION = 1
VERDICTS = ("pass", "fail", "error")
"""By exit code."""

_LINES = 2
"""Each member of the report has its own line, and each finding."""

_UNUSUAL = re.compile(r"[^ -~]+")
_encode = json.JSONEncoder(ensure_ascii=False).encode


def report(verdict: Verdict, style: Style) -> str:
    """The verdict as JSON in UTF-8; the same for the same verdict but for ``summary.seconds``."""
    return dumps(
        {
            "version": VERSION,
            "tool": {"name": "guardrails", "version": style.version},
            "verdict": VERDICTS[verdict.exit_code],
            "exit_code": verdict.exit_code,
            "complete": verdict.complete,
            "snapshot": verdict.title,
            "date": verdict.date,
            "summary": _summary(verdict),
            "rules": {id: _rule(rule) for id, rule in verdict.rules.items()},
            "findings": [_finding(judged) for judged in verdict.findings],
            "excused": [_finding(judged) for judged in verdict.excused],
            "problems": [_problem(problem, style) for problem in verdict.problems],
            "notes": [_note(note) for note in verdict.notes],
        },
        _LINES,
    )


def dumps(value: Any, lines: int) -> str:
    """JSON with a line for each member down to ``lines`` levels, without a character that a terminal obeys or hides.

    That is quicker than indenting all of it, and can be searched and compared by line. Surrogates, which no Unicode
    text may hold, become the visible escapes that the other reports use.
    """
    return _broken(value, lines, "\n") + "\n"


def _broken(value: Any, lines: int, end: str) -> str:
    if not lines or not value or not isinstance(value, dict | list):
        return _visible(_encode(value))
    inner = end + " "
    if isinstance(value, dict):
        members = (f"{_broken(key, 0, inner)}: {_broken(item, lines - 1, inner)}" for key, item in value.items())
        return f"{{{inner}{f',{inner}'.join(members)}{end}}}"
    return f"[{inner}{f',{inner}'.join(_broken(item, lines - 1, inner) for item in value)}{end}]"


def _visible(text: str) -> str:
    """The same JSON, with all that does not print escaped."""
    if text.isascii() and "\x7f" not in text:  # All else has been escaped.
        return text
    return _UNUSUAL.sub(lambda match: _plain(match[0]), text)


def _plain(text: str) -> str:
    """The same part of a JSON string, with all that does not print escaped."""
    return text if text.isprintable() else "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    if "\ud800" <= char <= "\udfff":
        return json.dumps(visible(char))[1:-1]
    return f"\\u{ord(char):04x}" if char <= "\uffff" else json.dumps(char)[1:-1]


def _summary(verdict: Verdict) -> dict[str, Any]:
    levels = (Enforcement.BLOCK, Enforcement.WARN, Enforcement.AUDIT)
    return {
        "findings": len(verdict.findings),
        **{level.label: verdict.count(level) for level in levels},
        **{kind: verdict.count_excused(kind) for kind in (WAIVED, BASELINED)},
        "problems": len(verdict.problems),
        "notes": len(verdict.notes),
        "rules": len(verdict.rules),
        "files": verdict.files,
        "seconds": round(verdict.seconds, 3),
    }


def _rule(rule: RuleInfo) -> dict[str, Any]:
    return {
        "title": rule.title,
        "severity": rule.severity.label,
        "category": rule.category,
        "owner": rule.owner,
        "kind": rule.kind,
        "policy": rule.policy_path,
        "waivable": rule.waivable.allowed,
        "rationale": rule.rationale,
        "remediation": rule.remediation,
        "references": rule.references,
        "controls": rule.controls,
    }


def _finding(judged: Judged) -> dict[str, Any]:
    """A finding without its evidence, which may be the very secret that was found."""
    finding = judged.finding
    path, line, column, end_line, end_column = finding.location
    return {
        "rule": finding.rule,
        "severity": judged.severity.label,
        "enforcement": judged.enforcement.label,
        **_path(path),
        "line": line or None,
        "column": column or None,
        "end_line": end_line or None,
        "end_column": end_column or None,
        "message": finding.message,
        "source": finding.source,
        "fingerprint": finding.fingerprint,
        "blocks_from": judged.blocks_from or None,
        **({"commit": finding.commit, "authored": finding.authored} if finding.commit else {}),
        **({"excuse": _excuse(judged.excuse)} if judged.excuse else {}),
    }


def _excuse(excuse: Excuse) -> dict[str, Any]:
    return {**excuse._asdict(), "expires": excuse.expires or None}


def _problem(problem: Problem, style: Style) -> dict[str, Any]:
    detail = {"detail": problem.detail} if style.debug else {}
    return {"message": problem.message, **_path(problem.path), **detail}


def _note(note: Note) -> dict[str, Any]:
    return {"message": note.message, **_path(note.path)}


def _path(path: str) -> dict[str, str]:
    try:
        path.encode()
    except UnicodeEncodeError:
        from base64 import b64encode  # noqa: PLC0415 - such names are rare

        return {"path": path, "path_bytes": b64encode(raw(path)).decode()}
    return {"path": path}


def raw(path: str) -> bytes:
    """The bytes of a name as the repository has them."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # not from a listing of files, but a finding may name any path
        return path.encode("utf-8", "surrogatepass")
