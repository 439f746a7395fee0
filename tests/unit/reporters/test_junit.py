from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.excuses import told
from guardrails.reporters.junit import report
from guardrails.reporters.terminal import PARTIAL, visible

Rules = dict[str, RuleInfo]
MakeJudged = Callable[..., Judged]
MakeVerdict = Callable[..., Verdict]


def load(text: str) -> tuple[TestSuite, list[TestCase]]:
    """The only suite and its cases, when all the counts in the report are right."""
    assert text.endswith("\n")
    xml = JUnitXml.fromstring(text.encode())
    (suite,) = xml
    cases = list(suite)
    told = [(level.tests, level.failures, level.errors, level.skipped) for level in (xml, suite)]
    counted = [
        sum(isinstance(one, kind) for case in cases for one in case.result) for kind in (Failure, Error, Skipped)
    ]
    assert told == [(len(cases), *counted)] * 2
    return suite, cases


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    text = report(everything, style)
    suite, cases = load(text)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (62, 2, 2, 58)
    assert len({(case.classname, case.name) for case in cases}) == 62
    snapshot("everything.junit.xml", text)


def test_rules_that_found_nothing_pass(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    described = (rules["pin"], rules["todo"], rules["readme"]._replace(title=""))
    _, cases = load(report(verdict_of(judged(rules["pin"], "a", 1), rules=described), style))
    assert [(case.classname, case.name) for case in cases if case.is_passed] == [
        ("debt/todo-ticket", "A TODO names a ticket"),
        ("knowledge/readme", "knowledge/readme"),
    ]


@pytest.mark.parametrize(
    ("enforcement", "kind"),
    [(Enforcement.BLOCK, Failure), (Enforcement.WARN, Skipped), (Enforcement.AUDIT, Skipped)],
)
def test_only_what_blocks_fails(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    enforcement: Enforcement,
    kind: type[Failure | Skipped],
) -> None:
    item = judged(rules["todo"], "a.py", 3, 7, source="\t# TODO <x>", enforcement=enforcement)
    _, (case,) = load(report(verdict_of(item._replace(blocks_from="2027-01-01"), rules=(rules["todo"],)), style))
    (result,) = case.result
    assert type(result) is kind
    assert (case.classname, case.name) == ("debt/todo-ticket", "a.py:3:7: is broken")
    assert (result.message, result.type) == ("is broken", f"{enforcement.label} low")
    assert result.text.split("\n") == [
        "a.py:3:7",
        "\\t# TODO <x>",
        "blocks from 2027-01-01",
        "why: Work that nobody tracks is not done.",
        "fix: Name the ticket.",
        "more: guardrails explain debt/todo-ticket",
    ]


@pytest.mark.parametrize(
    ("excuse", "message", "type"),
    [
        (
            "file",
            (
                "waived until 2030-02-01, owner platform-security, approver jo, ticket OPS-7 "
                "(.guardrails/waivers.yaml:3): the image is being replaced"
            ),
            "waived high",
        ),
        ("inline", "waived, owner docs (src/legacy.py:6): generated", "waived high"),
        ("debt", "in the baseline (.guardrails/baseline.txt)", "baselined high"),
    ],
)
def test_what_does_not_count_is_skipped_with_its_excuse(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    excuses: dict[str, Excuse],
    style: Style,
    excuse: str,
    message: str,
    type: str,
) -> None:
    item = judged(rules["pin"], "a", 3, source="FROM x", enforcement=Enforcement.BLOCK, excuse=excuses[excuse])
    suite, (case,) = load(report(verdict_of(excused=(item,), rules=(rules["pin"],)), style))
    assert (suite.tests, suite.failures, suite.skipped) == (1, 0, 1)
    (result,) = case.result
    assert isinstance(result, Skipped)
    assert (case.name, result.message, result.type) == ("a:3: is broken", message, type)
    assert result.text.split("\n")[:2] == ["a:3", "FROM x"]


@pytest.mark.parametrize(
    ("path", "span", "name", "attributes"),
    [
        ("a.py", (3,), "a.py:3: m", {"file": "a.py", "line": "3"}),
        ("a.py", (), "a.py: m", {"file": "a.py"}),
        ("", (), ".: m", {}),
        ("<\"&'>", (1,), "<\"&'>:1: m", {"file": "<\"&'>", "line": "1"}),
        (
            "caf\udce9\x1b\x00\ufffe\ud800",
            (),
            r"caf\xe9\x1b\x00\ufffe\ud800: m",
            {"file": r"caf\xe9\x1b\x00\ufffe\ud800"},
        ),
        ("a\nb", (), r"a\nb: m", {"file": r"a\nb"}),
        ("]]>", (), "]]>: m", {"file": "]]>"}),
    ],
)
def test_names(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    path: str,
    span: tuple[int, ...],
    name: str,
    attributes: dict[str, str],
) -> None:
    text = report(verdict_of(judged(rules["todo"], path, *span, message="m"), rules=()), style)
    load(text)
    (case,) = ElementTree.fromstring(text.encode()).iter("testcase")
    assert case.attrib == {"classname": "debt/todo-ticket", "name": name, "time": "0", **attributes}


def test_problems_are_errors(verdict_of: MakeVerdict) -> None:
    verdict = verdict_of(rules=(), problems=(Problem("kind broke", "a", "Traceback:\n  <boom>"), Problem("odd")))
    for debug, text in ((False, None), (True, "Traceback:\n  <boom>")):
        _, cases = load(report(verdict, Style(debug=debug)))
        assert [(case.classname, case.name) for case in cases] == [
            ("guardrails", "a: kind broke"),
            ("guardrails", "odd"),
        ]
        assert [one.message for case in cases for one in case.result] == ["kind broke", "odd"]
        assert cases[0].result[0].text == text


def test_notes_are_the_output_of_the_suite(verdict_of: MakeVerdict, style: Style) -> None:
    def output(verdict: Verdict) -> str | None:
        text = report(verdict, style)
        load(text)
        return ElementTree.fromstring(text.encode()).findtext("testsuite/system-out")

    assert output(verdict_of(notes=(Note("is large", "b"), Note("odd")))) == "b: is large\nodd"
    assert output(verdict_of(complete=False)) == PARTIAL
    assert output(verdict_of()) is None


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(data=st.data(), debug=st.booleans())
def test_hostile_texts_make_valid_xml(hostile: st.SearchStrategy[Verdict], data: st.DataObject, debug: bool) -> None:
    verdict = data.draw(hostile)
    markup = data.draw(st.sampled_from(["", "<!--", "]]></failure>", '"/><x a="', "&lol;", "<![CDATA["]))
    verdict = verdict._replace(
        findings=tuple(
            one._replace(finding=one.finding._replace(message=markup + one.finding.message)) for one in verdict.findings
        )
    )
    text = report(verdict, Style(debug=debug))
    assert all(line.isprintable() for line in text.split("\n"))
    _, cases = load(text)
    judged = verdict.findings + verdict.excused
    broken = {one.finding.rule for one in judged}
    passed = [id for id in verdict.rules if id not in broken]
    assert len(cases) == len(verdict.problems) + len(judged) + len(passed)
    found = cases[len(verdict.problems) :]
    for one, case in zip(judged, found, strict=False):
        assert case.classname == visible(one.finding.rule)
        assert case.result[0].message == visible(told(one.excuse) if one.excuse else one.finding.message)
        assert isinstance(case.result[0], Failure) == (one.enforcement is Enforcement.BLOCK and not one.excuse)
    assert [case.classname for case in cases if case.is_passed] == [visible(id) for id in passed]
