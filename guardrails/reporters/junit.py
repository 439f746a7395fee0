"""JUnit XML, for the test reports of GitLab, Jenkins and others.

A test case is a finding, or a rule that ran and found nothing. What blocks is a failure. What only warns is skipped:
viewers show skipped cases with their message and fail nothing for them, while output of a passing case is seen by
nobody. A problem is an error. What is waived or in the baseline is skipped as well, with the excuse as its message.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.excuses import told
from guardrails.reporters.terminal import PARTIAL, visible, visible_path

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def report(verdict: Verdict, style: Style) -> str:
    """One suite: problems, findings, what is excused, then the rules that found nothing; notes are its output."""
    found = verdict.findings + verdict.excused
    broken = {judged.finding.rule for judged in found}
    rules = verdict.rules
    kept = [rule for id, rule in rules.items() if id not in broken]
    failures = verdict.count(Enforcement.BLOCK)
    counts = _attributes(
        name="guardrails",
        tests=len(verdict.problems) + len(found) + len(kept),
        failures=failures,
        errors=len(verdict.problems),
        skipped=len(found) - failures,
        time=f"{verdict.seconds:.3f}",
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{counts}>",
        f"<testsuite{counts}>",
        *(_problem(problem, style) for problem in verdict.problems),
        *(_finding(judged, rules.get(judged.finding.rule)) for judged in found),
        *(_case(rule.id, rule.title or rule.id) + "/>" for rule in kept),
    ]
    if remarks := "\n".join(_remarks(verdict)):
        lines.append(f"<system-out>{_escaped(remarks)}</system-out>")
    return "\n".join((*lines, "</testsuite>", "</testsuites>", ""))


def _finding(judged: Judged, rule: RuleInfo | None) -> str:
    finding, severity, enforcement, blocks_from, excuse = judged
    path, line, column, *_ = finding.location
    place = ":".join(str(part) for part in (visible_path(path) or ".", line, column if line else 0) if part)
    file = {"file": path} if path else {}
    case = _case(finding.rule, f"{place}: {finding.message}", **file, **({"line": line} if line else {}))
    tag = "failure" if enforcement is Enforcement.BLOCK and not excuse else "skipped"
    message = told(excuse) if excuse else finding.message
    level = excuse.kind if excuse else enforcement.label
    outcome = _attributes(message=message, type=f"{level} {severity.label}")
    later = [f"blocks from {blocks_from}"] if blocks_from else []
    source = [finding.source] if finding.source.strip() else []
    text = "\n".join((place, *source, *later, *_explanation(rule)))
    return f"{case}><{tag}{outcome}>{_escaped(text)}</{tag}></testcase>"


def _explanation(rule: RuleInfo | None) -> Iterator[str]:
    if rule:
        for label, prose in (("why", rule.rationale), ("fix", rule.remediation)):
            if prose.strip():
                yield f"{label}: {prose.strip()}"
        yield f"more: guardrails explain {rule.id}"


def _problem(problem: Problem, style: Style) -> str:
    outcome = _attributes(message=problem.message, type="problem")
    detail = _escaped(problem.detail) if style.debug else ""
    return f"{_case('guardrails', _about(problem))}><error{outcome}>{detail}</error></testcase>"


def _remarks(verdict: Verdict) -> Iterator[str]:
    yield from map(_about, verdict.notes)
    if not verdict.complete:
        yield PARTIAL


def _about(item: Problem | Note) -> str:
    return f"{visible_path(item.path)}: {visible(item.message)}" if item.path else visible(item.message)


def _case(rule: str, name: str, **more: object) -> str:
    """The start of a test case, not yet closed; its time is there because some readers insist on one."""
    return f"<testcase{_attributes(classname=rule, name=name, **more, time='0')}"


def _attributes(**values: object) -> str:
    return "".join(f' {name}="{_escaped(visible(str(value)))}"' for name, value in values.items())


def _escaped(text: str) -> str:
    r"""The text with its lines; what XML 1.0 forbids does not print either, so that ``\x1b`` stands in its place."""
    return "\n".join(map(visible, text.split("\n"))).translate(_ENTITIES)
