"""Findings and settings become what stands."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.engine.plan import Setting
from guardrails.engine.scan import Scan
from guardrails.findings import Enforcement, Finding, Location, Problem, Severity
from guardrails.governance.verdict import judge as verdict
from guardrails.policy.loading import schedule
from tests.unit.engine.judging import judge, plan

DATED = "{audit: 2026-01-01, warn: 2026-02-01, block: 2026-04-01}"


@pytest.mark.parametrize(
    ("date", "level", "code"),
    [
        ("2025-12-31", None, 0),
        ("2026-01-01", Enforcement.AUDIT, 0),
        ("2026-01-31", Enforcement.AUDIT, 0),
        ("2026-02-01", Enforcement.WARN, 0),
        ("2026-04-01", Enforcement.BLOCK, 1),
        ("2036-04-01", Enforcement.BLOCK, 1),
    ],
)
def test_enforcement_changes_on_its_dates(date, level, code):
    compiled = plan(f"enforcement: {DATED}\ncheck: {{text: {{forbid: bad}}}}")
    found = judge(compiled, {"a": "bad"})
    result = verdict(compiled, found, date=date, title="", complete=True)
    assert [item.enforcement for item in result.findings] == ([level] if level is not None else [])
    assert result.exit_code == code
    assert list(result.rules) == ["p/r0"], "rules without findings are known too"


LEVELS = ["off", "audit", "warn", "block"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=4), st.booleans())
def test_exit_code_follows_from_the_findings(levels, broken):
    compiled = plan(*[f"enforcement: {level!r}\ncheck: {{text: {{forbid: bad}}}}" for level in levels])
    found = judge(compiled, {"a": "bad"})
    problems = (Problem("broke"),) if broken else ()
    result = verdict(compiled, Scan(found.findings, problems, (), 1), date="2026-01-01", title="", complete=True)
    assert len(result.findings) == sum(level != "off" for level in levels)
    assert result.exit_code == (2 if broken else int("block" in levels))


class Folders:
    """A plan whose rules have other settings in each folder."""

    infos: ClassVar[dict[str, Any]] = {}
    settings: ClassVar = {
        ("a", "p/r"): Setting(Severity.HIGH, schedule("block")),
        ("b", "p/r"): Setting(Severity.LOW, schedule("warn")),
        ("a", "p/s"): Setting(Severity.MEDIUM, schedule({"audit": "2020-01-01", "block": "2036-01-01"})),
        ("b", "p/s"): Setting(Severity.INFO, schedule("off")),
    }

    def folder(self, path: str) -> str:
        return path.partition("/")[0]

    def setting(self, rule: str, path: str) -> Setting | None:
        return self.settings.get((self.folder(path), rule))


def test_what_a_finding_counts_for_is_decided_in_its_folder():
    paths = ["a/1", "a/2", "b/1", "a/3", "c/1"]
    findings = [Finding(rule, Location(path), "m") for path in paths for rule in ("p/r", "p/s")]
    result = verdict(Folders(), Scan((), (), (), 1), date="2026-01-01", title="", complete=True, findings=findings)
    assert [(at.finding.location.path, at.severity, at.enforcement, at.blocks_from) for at in result.findings] == [
        ("a/1", Severity.HIGH, Enforcement.BLOCK, ""),
        ("a/1", Severity.MEDIUM, Enforcement.AUDIT, "2036-01-01"),
        ("a/2", Severity.HIGH, Enforcement.BLOCK, ""),
        ("a/2", Severity.MEDIUM, Enforcement.AUDIT, "2036-01-01"),
        ("b/1", Severity.LOW, Enforcement.WARN, ""),
        ("a/3", Severity.HIGH, Enforcement.BLOCK, ""),
        ("a/3", Severity.MEDIUM, Enforcement.AUDIT, "2036-01-01"),
    ]


def test_a_schedule_is_off_before_its_first_date():
    dated = schedule({"block": "2026-04-01"})
    assert (dated.on("2026-03-31"), dated.on("2026-04-01")) == (Enforcement.OFF, Enforcement.BLOCK)
    assert schedule("warn").on("1900-01-01") is Enforcement.WARN
