"""Policy files: what is accepted, and how errors read."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.errors import UserErrors
from guardrails.findings import Severity
from guardrails.policy import packs
from guardrails.policy.loading import load, match, parse_size
from guardrails.policy.model import Match
from guardrails.policy.terms import Source

RULE = """\
  - id: r
    title: T
    severity: high
    match: {paths: ["*.py"], format: yaml, max-size: 1 KB}
    check: {text: {forbid: x}}
    remediation: Mend it.
    parameters: {max: {type: integer, default: 3}}
    message: M
    examples: [{fail: {a: x}, at: "a:1"}, {pass: {a: y}}]
"""
POLICY = f"policy: p\ntitle: P\ncategory: security\nowner: o\nrationale: R.\nmatch: {{exclude: [b]}}\nrules:\n{RULE}"


def errors(*texts):
    with pytest.raises(UserErrors) as caught:
        load(Source("pack", f"{number}.yaml", text.encode()) for number, text in enumerate(texts))
    return [(str(error), error.hint) for error in caught.value.errors]


def test_a_policy_as_data():
    (policy,) = load([Source("pack", "p.yaml", POLICY.encode())])
    (rule,) = policy.rules
    assert (rule.id, rule.severity, rule.kind, rule.block) == ("p/r", Severity.HIGH, "text", {"forbid": "x"})
    assert rule.match == (Match(exclude=("b",)), Match(paths=("*.py",), formats=("yaml",), max_size=1000))
    assert (rule.profile, rule.message, rule.rationale) == ("recommended", "M", "R.")
    assert [(example.fails, example.at) for example in rule.examples] == [(True, ("a:1",)), (False, ())]
    assert rule.places[("forbid",)] == (12, 28)


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            "severity: high",
            "severity: hihg",
            "0.yaml:10:15: 'severity' is 'hihg', which is not allowed here",
            "did you mean 'high'?",
        ),
        ("    severity: high\n", "", "0.yaml:8:5: 'severity' is missing", "add 'severity:'"),
        ("message: M", "mesage: M", "0.yaml:15:5: unknown key 'mesage'", "did you mean 'message'?"),
        (
            "- id: r",
            "- id: R r",
            "0.yaml:8:9: 'id' is 'R r', which does not fit",
            "it has to match ^[a-z0-9]+(-[a-z0-9]+)*$",
        ),
        ("check: {text: {forbid: x}}", "check: {text: {}, path: {}}", "'check' has more than 1 entries", "keep 1"),
        ('paths: ["*.py"]', 'paths: "*.py"', "0.yaml:11:20: 'paths' is '*.py', not a list", ""),
        ("max-size: 1 KB", "max-size: 1 kb", "'max-size' is '1 kb'", ""),
        ("default: 3", "default: a", "the default of parameter 'max' does not fit its schema", ""),
        ("default: 3", "defualt: 3", "'default' is missing", "add 'default:'"),
        ("type: integer", "type: int", "the default of parameter 'max' has no valid schema", ""),
        ("forbid: x", "forbid: '{params.mx}'", "uses parameter 'mx', which it does not declare", "declared: max"),
        ("severity: high", "severity: high\n    enforcement: {warn: 2026-02-30}", "'2026-02-30' is not a date", ""),
        (
            "severity: high",
            "severity: high\n    enforcement: {warn: 2026-02-01, audit: 2026-03-01}",
            "cannot start before",
            "",
        ),
        ("severity: high", "severity: high\n    enforcement: blok", "'enforcement' is 'blok'", ""),
        (
            "{pass: {a: y}}",
            "{pass: {a: y}, fail: {a: x}}",
            "does not say what it wants",
            "write exactly one of fail, pass",
        ),
        (
            "rationale: R.",
            "rationale: R.\nrationale2: R.",
            "0.yaml:6:1: unknown key 'rationale2'",
            "did you mean 'rationale'?",
        ),
    ],
)
def test_errors_say_where_what_and_what_to_write(old, new, message, hint):
    assert old in POLICY
    found = errors(POLICY.replace(old, new))
    assert len(found) == 1, found
    assert message in found[0][0]
    assert hint in found[0][1]


def test_every_error_of_every_file_is_told():
    broken = POLICY.replace("severity: high", "severity: x").replace("title: T", "titel: T")
    found = errors(broken, "a: [", POLICY.replace("policy: p", "policy: q"), POLICY.replace("policy: p", "policy: q"))
    assert [text.split(":")[0] for text, _ in found] == ["0.yaml"] * 3 + ["1.yaml", "3.yaml"]
    assert "policy 'q' stands in 2.yaml too" in found[-1][0]


def test_rules_of_a_policy_have_different_ids():
    assert "a rule with this id stands above" in errors(POLICY + RULE)[0][0]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\na: 1\n---\nb: 2\n", "- 1\n", "text\n", "\xff", "1"])
def test_files_that_are_no_policy(text):
    with pytest.raises(UserErrors):
        load([Source("pack", "p.yaml", text.encode("latin-1"))])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, len(POLICY)), st.integers(1, 30), st.text(max_size=5))
def test_damaged_policies_are_loaded_or_refused_with_a_place(at, length, text):
    damaged = POLICY[:at] + text + POLICY[at + length :]
    try:
        load([Source("pack", "p.yaml", damaged.encode("utf-8", "replace"))])
    except UserErrors as found:
        assert all(error.path == "p.yaml" and error.line > 0 for error in found.errors)


@pytest.mark.parametrize(
    ("text", "size"), [(5, 5), ("5 B", 5), ("5KB", 5000), ("1.5 MB", 1_500_000), ("2 KiB", 2048), ("1GiB", 2**30)]
)
def test_sizes(text, size):
    assert parse_size(text) == size


def test_match_without_anything_narrows_nothing():
    assert match({}) == Match()


def test_a_shipped_policy_is_read_as_any_other_and_checked_only_when_it_is_broken():
    folder = packs.builtin_folder()
    path = os.path.join(folder, "operations", "governance.yaml")
    (shipped,) = load(packs.read_files("builtin", [path], base=folder))
    (checked,) = load(packs.read_files("other", [path], base=folder))

    def plain(policy):
        rules = [
            rule._replace(pack="", places={}, examples=[example._replace(line=0) for example in rule.examples])
            for rule in policy.rules
        ]
        return policy._replace(pack="", rules=rules)

    assert plain(shipped) == plain(checked)
    with pytest.raises(UserErrors, match="'rules' is missing"):
        load([Source("builtin", "x.yaml", b"policy: x\ntitle: T\ncategory: c\nowner: o\nrationale: R\n")])
