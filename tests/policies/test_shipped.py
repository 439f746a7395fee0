"""The shipped policies, over the set of all of them."""

from __future__ import annotations

import pytest
import re2

from guardrails.cli import records
from guardrails.engine.examples import failures
from guardrails.plugins import registry
from guardrails.policy import loading, packs

FOLDER = packs.builtin_folder()
POLICIES = loading.load(packs.read_files("shipped", packs.policy_files(FOLDER), base=FOLDER))
RULES = [rule for policy in POLICIES for rule in policy.rules]
HEXADECIMAL = "0123456789abcdef" * 3


def test_there_are_enough():
    assert len(RULES) >= 40
    assert {"security", "compliance", "architecture"} <= {policy.category for policy in POLICIES}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
def test_a_policy_lies_in_the_folder_of_its_category(policy):
    assert policy.path.split("/")[0] == policy.category
    assert policy.path.rpartition("/")[2] == f"{policy.id}.yaml"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_examples_show_what_they_should(rule):
    assert [failure.message for failure in failures([rule], registry(plugins={}), records.odd)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_reads_well(rule):
    assert rule.rationale.endswith(".")
    assert not rule.title.endswith(".")
    assert rule.title[0].isupper() or rule.title.startswith(("npm ", "pip ", "apt-get ")), "a tool keeps its name"
    assert len(rule.title) <= 90
    assert rule.remediation.partition("\n\n")[0].rstrip().endswith((".", ":")), "prose first, snippets after it"
    assert rule.remediation[0].isupper() or rule.remediation[0] == "`"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_that_judges_content_says_of_which_files(rule):
    assert rule.kind in {"change", "commit", "governance", "ownership", "path", "text"} or any(
        match.formats for match in rule.match
    )


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.kind == "text"], ids=lambda rule: rule.id)
def test_a_key_of_32_letters_and_digits_may_be_hexadecimal(rule):
    """Many vendors' keys are digests; of such, each fifth has an entropy below 3.5, and hardly one below 3.1."""
    forbidden = rule.block.get("forbid", [])
    for pattern in forbidden if isinstance(forbidden, list) else [forbidden]:
        lengths = [number for number in (31, 32, 33) if re2.fullmatch(_value(pattern), HEXADECIMAL[:number])]
        assert lengths != [32] or rule.block.get("entropy", 0) <= 3.1


def _value(pattern):
    return pattern["value"] if isinstance(pattern, dict) else ""
