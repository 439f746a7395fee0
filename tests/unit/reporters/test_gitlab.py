from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.findings import Enforcement, Problem, Severity
from guardrails.governance.verdict import Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.gitlab import report

Rules = dict[str, RuleInfo]
MakeJudged = Callable[..., Judged]
MakeVerdict = Callable[..., Verdict]

# What GitLab documents under "Code Quality report format"; all these members are required.
TEXT = {"type": "string", "minLength": 1}
SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string"},
            "fingerprint": TEXT,
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {**TEXT, "not": {"pattern": "^\\./"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def load(text: str) -> list[dict[str, Any]]:
    assert text.endswith("\n")
    issues: list[dict[str, Any]] = json.loads(text)
    Draft202012Validator(SCHEMA).validate(issues)
    return issues


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    text = report(everything, style)
    issues = load(text)
    assert len(issues) == len({issue["fingerprint"] for issue in issues}) == 51
    snapshot("everything.gitlab.json", text)


def test_what_does_not_count_is_no_issue(everything: Verdict, style: Style) -> None:
    assert everything.excused
    assert report(everything, style._replace(excused=True)) == report(everything._replace(excused=()), style)


def test_nothing_found_is_an_empty_array(verdict_of: MakeVerdict, style: Style) -> None:
    assert report(verdict_of(), style) == "[]\n"


@pytest.mark.parametrize(
    ("severity", "enforcement", "expected"),
    [
        (Severity.CRITICAL, Enforcement.BLOCK, "blocker"),
        (Severity.CRITICAL, Enforcement.WARN, "critical"),
        (Severity.HIGH, Enforcement.BLOCK, "critical"),
        (Severity.HIGH, Enforcement.AUDIT, "critical"),
        (Severity.MEDIUM, Enforcement.BLOCK, "major"),
        (Severity.LOW, Enforcement.BLOCK, "minor"),
        (Severity.INFO, Enforcement.BLOCK, "info"),
    ],
)
def test_severity(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    severity: Severity,
    enforcement: Enforcement,
    expected: str,
) -> None:
    item = judged(rules["pin"]._replace(severity=severity), "a", 1, enforcement=enforcement)
    (issue,) = load(report(verdict_of(item), style))
    assert issue["severity"] == expected


@pytest.mark.parametrize(
    ("path", "span", "location"),
    [
        ("a/b.py", (7, 3), {"path": "a/b.py", "lines": {"begin": 7}}),
        ("README.md", (), {"path": "README.md", "lines": {"begin": 1}}),
        ("", (), {"path": ".", "lines": {"begin": 1}}),
        ("caf\udce9", (1,), {"path": "caf\\xe9", "lines": {"begin": 1}}),
    ],
)
def test_a_place_is_always_there(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    path: str,
    span: tuple[int, ...],
    location: dict[str, Any],
) -> None:
    (issue,) = load(report(verdict_of(judged(rules["pin"], path, *span)), style))
    assert issue["location"] == location


def test_a_broken_run_does_not_look_clean(verdict_of: MakeVerdict, style: Style) -> None:
    problems = (Problem("kind broke", "a"), Problem("odd"), Problem("odd"), Problem("kind broke", "b"))
    issues = load(report(verdict_of(problems=problems), style))
    assert [(issue["location"]["path"], issue["description"]) for issue in issues] == [
        ("a", "kind broke"),
        (".", "odd"),
        ("b", "kind broke"),
    ]
    assert {issue["severity"] for issue in issues} == {"blocker"}
    assert len({issue["fingerprint"] for issue in issues}) == 3


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(data=st.data())
def test_hostile_texts_make_a_valid_report(hostile: st.SearchStrategy[Verdict], data: st.DataObject) -> None:
    verdict = data.draw(hostile)
    text = report(verdict, Style(excused=True))
    text.encode()
    assert all(line.isprintable() for line in text.split("\n"))
    issues = load(text)
    told = len({problem[:2] for problem in verdict.problems})
    assert len(issues) == told + len(verdict.findings)
    for one, issue in zip(verdict.findings, issues[told:], strict=True):
        assert issue["location"]["lines"]["begin"] == (one.finding.location.line or 1)
        assert issue["fingerprint"] == one.finding.fingerprint
