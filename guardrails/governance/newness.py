"""New code only: what a change is answerable for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from guardrails.findings import Finding, folded, identified
from guardrails.governance.baseline import entry

Lines = Callable[[str], Sequence[tuple[int, int]]]
"""The ranges of lines that a change brought to a path, first and last, counting from 1."""


def new(
    findings: Sequence[Finding], before: Sequence[Finding], moved: Mapping[str, str], lines: Lines
) -> list[Finding]:
    """The findings on lines that a change brought, and those that were not there before it, wherever they stand.

    ``moved`` gives the path before the change for each path that it renamed.
    """
    stood: dict[tuple[str, str, str], int] = {}
    for finding in before:
        key = (finding.rule, finding.location.path, folded(finding.evidence))
        stood[key] = stood.get(key, 0) + 1
    found = []
    for finding in findings:
        if not on(finding, lines):  # Only these use up what stood: else a copy above would make them look new.
            path = finding.location.path
            key = (finding.rule, moved.get(path, path), folded(finding.evidence))
            if stood.get(key, 0):
                stood[key] -= 1
                continue
        found.append(finding)
    return found


def keys(findings: Sequence[Finding], moved: Mapping[str, str]) -> frozenset[tuple[str, str, str]]:
    """Rule, fingerprint and path of findings before a change, as a baseline after it has them."""
    after = {old: path for path, old in moved.items()}
    places = ((finding, finding.location) for finding in findings)
    renamed = (finding._replace(location=at._replace(path=after.get(at.path, at.path))) for finding, at in places)
    return frozenset(entry(finding).key for finding in identified(renamed))


def on(finding: Finding, lines: Lines) -> bool:
    """Whether a finding stands on a line that the change brought."""
    path, line, *_ = finding.location
    return any(first <= line <= last for first, last in lines(path))
