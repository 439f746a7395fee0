from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.findings import Enforcement, Problem
from guardrails.governance.verdict import Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.json import dumps, report

SCHEMA = json.loads((files("guardrails") / "reporters" / "schema" / "report.json").read_bytes())
VALIDATOR = Draft202012Validator(SCHEMA)
MakeVerdict = Callable[..., Verdict]


def load(text: str) -> dict[str, Any]:
    """The report, held against its schema."""
    document: dict[str, Any] = json.loads(text)
    VALIDATOR.validate(document)
    return document


def bytes_of(item: dict[str, str]) -> bytes:
    """The path of a finding, a problem or a note as the repository has it."""
    return b64decode(item["path_bytes"]) if "path_bytes" in item else item["path"].encode()


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    text = report(everything, style)
    load(text)
    snapshot("everything.json", text)


def test_the_schema_is_valid_and_strict() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert len(list(objects(SCHEMA))) == 9
    for schema in objects(SCHEMA):
        assert "additionalProperties" in schema
        optional = {"path_bytes", "detail", "excuse", "commit", "authored"}
        assert set(schema.get("required", ())) == set(schema.get("properties", ())) - optional


@pytest.mark.parametrize("key", ["", "summary", "rules", "findings", "excused", "notes", "problems"])
def test_the_schema_refuses_what_it_does_not_know(everything: Verdict, style: Style, key: str) -> None:
    document = load(report(everything, style))
    part = document[key] if key else document
    (part[0] if isinstance(part, list) else part)["surprise"] = 1
    assert not VALIDATOR.is_valid(document)


def test_an_excuse_is_told_in_full(
    judged: Callable[..., Judged],
    verdict_of: MakeVerdict,
    rules: dict[str, RuleInfo],
    excuses: dict[str, Excuse],
    style: Style,
) -> None:
    block = Enforcement.BLOCK
    items = [
        judged(rules["pin"], "a", line, enforcement=block, excuse=one) for line, one in enumerate(excuses.values())
    ]
    document = load(report(verdict_of(excused=tuple(items)), style))
    assert (document["verdict"], document["findings"]) == ("pass", [])
    assert {key: document["summary"][key] for key in ("findings", "block", "waived", "baselined")} == {
        "findings": 0,
        "block": 0,
        "waived": 2,
        "baselined": 1,
    }
    assert [item["enforcement"] for item in document["excused"]] == ["block"] * 3
    assert [item["excuse"] for item in document["excused"]] == [
        {
            "kind": "waived",
            "place": ".guardrails/waivers.yaml:3",
            "reason": "the image is being replaced",
            "owner": "platform-security",
            "approver": "jo",
            "ticket": "OPS-7",
            "expires": "2030-02-01",
        },
        {
            "kind": "waived",
            "place": "src/legacy.py:6",
            "reason": "generated",
            "owner": "docs",
            "approver": "",
            "ticket": "",
            "expires": None,
        },
        {
            "kind": "baselined",
            "place": ".guardrails/baseline.txt",
            "reason": "",
            "owner": "",
            "approver": "",
            "ticket": "",
            "expires": None,
        },
    ]


def test_the_schema_wants_an_excuse_where_there_must_be_one(everything: Verdict, style: Style) -> None:
    document = load(report(everything, style))
    document["excused"][0].pop("excuse")
    assert not VALIDATOR.is_valid(document)


def test_a_finding_of_no_file_has_an_empty_path(
    judged: Callable[..., Judged], verdict_of: MakeVerdict, rules: dict[str, RuleInfo], style: Style
) -> None:
    (finding,) = load(report(verdict_of(judged(rules["todo"], "")), style))["findings"]
    assert (finding["path"], finding["line"]) == ("", None)


@pytest.mark.parametrize(
    ("level", "problems", "verdict", "code"),
    [
        (None, 0, "pass", 0),
        (Enforcement.WARN, 0, "pass", 0),
        (Enforcement.BLOCK, 0, "fail", 1),
        (Enforcement.BLOCK, 1, "error", 2),
        (None, 1, "error", 2),
    ],
)
def test_the_verdict_goes_with_the_exit_code(
    judged: Callable[..., Judged],
    verdict_of: MakeVerdict,
    rules: dict[str, RuleInfo],
    style: Style,
    level: Enforcement | None,
    problems: int,
    verdict: str,
    code: int,
) -> None:
    findings = [judged(rules["pin"], "a", enforcement=level)] if level else []
    document = load(report(verdict_of(*findings, problems=(Problem("odd"),) * problems), style))
    assert (document["verdict"], document["exit_code"]) == (verdict, code)


def test_evidence_is_never_told(
    judged: Callable[..., Judged], verdict_of: MakeVerdict, rules: dict[str, RuleInfo], style: Style
) -> None:
    assert "hunter2" not in report(verdict_of(judged(rules["pin"], "a", 1, evidence="hunter2")), style)


def test_the_traceback_is_for_debugging(verdict_of: MakeVerdict, style: Style) -> None:
    verdict = verdict_of(problems=(Problem("odd", "", "Traceback"),))
    assert load(report(verdict, style))["problems"] == [{"message": "odd", "path": ""}]
    assert load(report(verdict, style._replace(debug=True)))["problems"][0]["detail"] == "Traceback"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("a/ż.py", {"path": "a/ż.py"}),
        ("caf\udce9.py", {"path": r"caf\xe9.py", "path_bytes": "Y2Fm6S5weQ=="}),
        ("\ud800", {"path": r"\ud800", "path_bytes": "7aCA"}),
    ],
)
def test_a_path_that_is_not_utf8_has_its_bytes_beside_it(
    judged: Callable[..., Judged],
    verdict_of: MakeVerdict,
    rules: dict[str, RuleInfo],
    style: Style,
    path: str,
    fields: dict[str, str],
) -> None:
    finding = load(report(verdict_of(judged(rules["pin"], path)), style))["findings"][0]
    assert {key: finding[key] for key in finding if key.startswith("path")} == fields


def test_only_the_duration_differs_between_equal_runs(everything: Verdict, style: Style) -> None:
    one, other = (load(report(everything._replace(seconds=seconds), style)) for seconds in (1.0, 2.0))
    assert one != other
    one["summary"].pop("seconds")
    other["summary"].pop("seconds")
    assert one == other


def test_each_finding_is_one_line(everything: Verdict, style: Style) -> None:
    lines = report(everything, style).splitlines()
    assert sum(line.startswith('  {"rule": ') for line in lines) == len(everything.findings + everything.excused)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.integers(0, 5))
def test_dumps_keeps_every_value(value: Any, lines: int) -> None:
    text = dumps(value, lines)
    assert json.loads(text) == value
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ż日😀", '"ż日😀"'),
        ("\x00\n\x7f\x9b", r'"\u0000\n\u007f\u009b"'),
        ("a\x7f", r'"a\u007f"'),
        ("\u202e\ufeff\uffff", r'"\u202e\ufeff\uffff"'),
        ("\U000e0041", r'"\udb40\udc41"'),
        ("\ud800\udbff\udfff\ue000", r'"\\ud800\\udbff\\udfff\ue000"'),
        ("\udc80\udcff", r'"\\x80\\xff"'),
    ],
)
def test_what_a_terminal_may_obey_is_escaped(text: str, shown: str) -> None:
    assert dumps(text, 0) == shown + "\n"


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data(), debug=st.booleans())
def test_hostile_texts_come_back_whole(hostile: st.SearchStrategy[Verdict], data: st.DataObject, debug: bool) -> None:
    verdict = data.draw(hostile)
    text = report(verdict, Style(debug=debug))
    text.encode()
    assert all(line.isprintable() for line in text.split("\n"))
    document = load(text)
    assert len(document["rules"]) == len(verdict.rules)
    assert document["summary"]["findings"] == len(document["findings"]) == len(verdict.findings)
    assert len(document["findings"]) == len(verdict.findings)
    told = document["findings"] + document["excused"]
    for judged, finding in zip(verdict.findings + verdict.excused, told, strict=True):
        path, line, column, *_ = judged.finding.location
        assert bytes_of(finding) == as_bytes(path)
        assert (finding["line"], finding["column"]) == (line or None, column or None)
        if is_unicode(judged.finding.message):
            assert finding["message"] == judged.finding.message
        assert finding["enforcement"] == judged.enforcement.label
        assert ("excuse" in finding) == (judged.excuse is not None)
        if judged.excuse and all(map(is_unicode, judged.excuse)):
            assert finding["excuse"] == {**judged.excuse._asdict(), "expires": judged.excuse.expires or None}
    for key, items in (("problems", verdict.problems), ("notes", verdict.notes)):
        assert [bytes_of(item) for item in document[key]] == [as_bytes(item.path) for item in items]


def as_bytes(path: str) -> bytes:
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
