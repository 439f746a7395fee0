"""SARIF 2.1.0 as GitHub code scanning takes it; any other reader of SARIF is served as well.

Identity over runs: ``upload-sarif`` computes ``primaryLocationLineHash`` from the source line and complains about any
other value, so it is supplied only where a line cannot tell findings apart: for a finding without a line, for the
second and later findings of a rule on one line, and for one of a past commit, whose line may be gone.
``guardrailsFingerprint/v1`` is always there.

What is waived or in the baseline is a suppressed result, and there only if asked for: GitHub does not read suppressions
and would open an alert. Every result has a place, for GitHub refuses the whole report otherwise: that of a finding
without a file is the root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.engine.plan import UNPARSABLE
from guardrails.findings import Enforcement, Severity, capitalized
from guardrails.governance.verdict import WAIVED, Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.excuses import reason_of, told
from guardrails.reporters.json import dumps, raw
from guardrails.reporters.terminal import PARTIAL

MAX_RESULTS = 25_000
"""GitHub refuses a run with more results, of which it stores the 5,000 most serious ones."""
MAX_TAGS = 20
"""GitHub refuses a rule with more tags."""
MAX_DESCRIPTION = 1024
"""Longest description in characters; the help of the rule is not limited."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LINES = 4
"""Each result has its own line."""
_ROOT = "%SRCROOT%"

_LEVELS = {Enforcement.BLOCK: "error", Enforcement.WARN: "warning", Enforcement.AUDIT: "note"}
_SEVERITIES = {
    Severity.CRITICAL: ("error", "error", "9.5"),
    Severity.HIGH: ("error", "error", "8.0"),
    Severity.MEDIUM: ("warning", "warning", "5.5"),
    Severity.LOW: ("warning", "warning", "3.0"),
    Severity.INFO: ("note", "recommendation", "1.0"),
}
"""Level, problem.severity and security-severity of a rule; the enforcement decides on the level of a result."""
_URI_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def report(verdict: Verdict, style: Style) -> str:
    """One run with every rule that ran, the findings as results, and all else as notifications.

    What is more than a run can hold is in runs of their own, the least serious findings last.
    """
    first, *others = _parts(verdict.findings + (verdict.excused if style.excused else ()))
    invocation = {
        "executionSuccessful": not verdict.problems,
        "exitCode": verdict.exit_code,
        "toolExecutionNotifications": list(_notifications(verdict, style)),
    }
    runs = [_run("guardrails/", first, verdict.rules, style, {"invocations": [invocation]})]
    for number, part in enumerate(others, 2):
        used = {judged.finding.rule for judged in part}
        rules = {id: rule for id, rule in verdict.rules.items() if id in used}
        runs.append(_run(f"guardrails/{number}/", part, rules, style, {}))
    return dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, _LINES)


def _run(
    category: str, findings: Iterable[Judged], rules: Mapping[str, RuleInfo], style: Style, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        "tool": {
            "driver": {"name": "guardrails", **_version(style), "rules": [_rule(rule) for rule in rules.values()]}
        },
        "automationDetails": {"id": category},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        **more,
        "results": list(_results(findings, rules, suppressions=style.excused)),
    }


def _version(style: Style) -> dict[str, str]:
    """The version, as a semantic one where it has that form; GitHub takes no empty one."""
    numbers = style.version.split(".")
    if len(numbers) == 3 and all(number.isdecimal() for number in numbers):
        return {"version": style.version, "semanticVersion": style.version}
    return {"version": style.version} if style.version else {}


def _rule(rule: RuleInfo) -> dict[str, Any]:
    title = rule.title or rule.id
    level, problem_severity, security_severity = _SEVERITIES[rule.severity]
    properties: dict[str, Any] = {
        # Whatever does not fit stands under controls still.
        "tags": list(dict.fromkeys((rule.category, *rule.controls)))[:MAX_TAGS],
        "problem.severity": problem_severity,
        "category": rule.category,
        "owner": rule.owner,
        "references": rule.references,
        "controls": rule.controls,
    }
    if rule.category == "security":
        properties["security-severity"] = security_severity
    return {
        "id": rule.id,
        "name": "".join(map(capitalized, rule.id.replace("/", "-").split("-"))),
        "shortDescription": {"text": _shortened(title)},
        "fullDescription": {"text": _shortened(rule.rationale or title)},
        "help": {"text": _help(rule, "", ""), "markdown": _help(rule, "**", "`")},
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }


def _help(rule: RuleInfo, strong: str, code: str) -> str:
    """The whole of what the policy says, as plain text or with the given marks as Markdown."""
    parts = [
        ("Why", rule.rationale),
        ("Fix", rule.remediation),
        ("Equivalent checks", ", ".join(f"{code}{name}{code}" for name in rule.references)),
        ("Controls", ", ".join(f"{code}{name}{code}" for name in rule.controls)),
        ("Owner", rule.owner),
        ("More", f"{code}guardrails explain {rule.id}{code}"),
    ]
    return "\n\n".join(f"{strong}{label}:{strong} {text}" for label, text in parts if text)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 1] + "…"


def _parts(findings: Sequence[Judged]) -> Iterable[Sequence[Judged]]:
    """The findings in runs that GitHub takes, each in order: what stands and is the most serious comes first."""
    if len(findings) <= MAX_RESULTS:
        return [findings]
    ranks = sorted(range(len(findings)), key=lambda index: _rank(findings[index]))
    parts = (sorted(ranks[first : first + MAX_RESULTS]) for first in range(0, len(ranks), MAX_RESULTS))
    return ([findings[index] for index in part] for part in parts)


def _rank(judged: Judged) -> tuple[bool, int, int]:
    return judged.excuse is not None, -judged.enforcement, -judged.severity


def _results(findings: Iterable[Judged], rules: Iterable[str], *, suppressions: bool) -> Iterator[dict[str, Any]]:
    """The results; SARIF wants suppressions in all of them, if only empty ones, or in none."""
    indices = {id: index for index, id in enumerate(rules)}
    taken: set[tuple[str, str, int]] = set()
    for finding, severity, enforcement, _, excuse in findings:
        path, line = finding.location[:2]
        index = {"ruleIndex": indices[finding.rule]} if finding.rule in indices else {}
        fingerprints = {"guardrailsFingerprint/v1": finding.fingerprint}
        if not line or finding.commit or (finding.rule, path, line) in taken:
            fingerprints = {"primaryLocationLineHash": finding.fingerprint, **fingerprints}
        taken.add((finding.rule, path, line))
        yield {
            "ruleId": finding.rule,
            **index,
            "level": _LEVELS[enforcement],
            "message": {"text": _message(finding.message or finding.rule)},
            "locations": [_location(*finding.location)],
            "partialFingerprints": fingerprints,
            **({"suppressions": [_suppression(excuse, path)] if excuse else []} if suppressions else {}),
            "properties": {
                "severity": severity.label,
                "enforcement": enforcement.label,
                **({"commit": finding.commit, "authored": finding.authored} if finding.commit else {}),
            },
        }


def _suppression(excuse: Excuse, path: str) -> dict[str, Any]:
    """An excuse for a finding in ``path``."""
    place, line = _placed(excuse.place)
    people = {"owner": excuse.owner, "approver": excuse.approver, "ticket": excuse.ticket, "expires": excuse.expires}
    return {
        "kind": "inSource" if excuse.kind == WAIVED and path == place else "external",
        "status": "accepted",
        "justification": _message(reason_of(excuse) or told(excuse)),
        "location": _location(place, line),
        "properties": {"excuse": excuse.kind, **{name: value for name, value in people.items() if value}},
    }


def _placed(place: str) -> tuple[str, int]:
    """The path and the line of a place; line 0 where it has none."""
    path, _, line = place.rpartition(":")
    return (path, int(line)) if path and line.isascii() and line.isdecimal() else (place, 0)


def _message(text: str) -> str:
    """The text, where ``[…](…)`` is no link: a message quotes files, and a report must not link where they like."""
    return text.replace("](", "] (")


def _location(path: str, line: int = 0, column: int = 0, end_line: int = 0, end_column: int = 0) -> dict[str, Any]:
    """A place; GitHub wants a line, so that the file as a whole is its first line."""
    region = {"startLine": line or 1}
    if line and column:
        region["startColumn"] = column
        if end_line >= line:
            region["endLine"] = end_line
        if end_column:
            region["endColumn"] = end_column
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(path), "uriBaseId": _ROOT}, "region": region}}


def _uri(path: str) -> str:
    """A path as a relative reference of RFC 3986, byte by byte."""
    return "".join(chr(byte) if byte in _URI_SAFE else f"%{byte:02X}" for byte in raw(path)) or "."


def _notifications(verdict: Verdict, style: Style) -> Iterator[dict[str, Any]]:
    for problem in verdict.problems:
        detail = f"\n{problem.detail}" if style.debug and problem.detail else ""
        yield _notification("error", problem.message + detail, problem.path)
    for judged in verdict.findings:
        if judged.finding.rule == UNPARSABLE:
            yield _notification("warning", judged.finding.message, *judged.finding.location)
    if not verdict.complete:
        yield _notification("note", PARTIAL)
    for note in verdict.notes:
        yield _notification("note", note.message, note.path)


def _notification(level: str, text: str, path: str = "", *place: int) -> dict[str, Any]:
    locations = {"locations": [_location(path, *place)]} if path else {}
    return {"level": level, "message": {"text": _message(text)}, **locations}
