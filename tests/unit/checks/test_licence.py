"""Licence rules: what is found, where, in which words, and what a policy author is told."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.checks.base import File, Rule, Where
from guardrails.checks.licence import KIND, SCHEMA
from guardrails.documents.json import FORMAT
from guardrails.errors import UserErrors
from guardrails.repository.entry import Entry


def rule(block, **fields):
    return Rule(0, "licences/known", block, formats=("json",), **fields)


def inspect(block, value, **fields):
    """Judge a file that holds ``value``, by a rule that was compiled and pickled."""
    text = value if isinstance(value, str) else json.dumps(value)
    inspector = pickle.loads(pickle.dumps(KIND.compile([rule(block, **fields)])))
    file = File(Entry("a.json"), lambda entry: text.encode(), {"json": FORMAT}, frozenset({"json"}))
    assert not list(inspector.conclude([], None, frozenset({0})))
    return list(inspector.inspect(file, frozenset({0})))


def allowed(licence, *allow):
    return not inspect({"allow": list(allow)}, json.dumps(licence))


def denied(licence, *deny):
    return bool(inspect({"deny": list(deny)}, json.dumps(licence)))


@pytest.mark.parametrize(
    ("licence", "allow", "expected"),
    [
        ("MIT", ["MIT"], True),
        ("mit", ["MIT"], True),
        ("MIT", ["mit"], True),
        ("ISC", ["MIT"], False),
        ("MIT", [], False),
        ("MIT OR GPL-3.0-only", ["MIT"], True),
        ("MIT AND GPL-3.0-only", ["MIT"], False),
        ("MIT AND (GPL-3.0-only OR ISC)", ["MIT", "ISC"], True),
        ("LGPL-3.0-only", ["LGPL-*"], True),
        ("GPL-3.0-only", ["LGPL-*"], False),
        ("LicenseRef-Shop-2", ["LicenseRef-Shop-*"], True),
        ("anything", ["*"], True),
        ("GPL-2.0", ["GPL-2.0-only"], True),
        ("GPL-2.0-only", ["GPL-2.0"], True),
        ("GPL-2.0-or-later", ["GPL-2.0-only"], True),
        ("GPL-2.0+", ["GPL-2.0-only"], True),
        ("Apache-2.0+", ["Apache-2.0"], True),
        ("GPL-2.0-only", ["GPL-2.0-or-later"], False),
        ("Apache-2.0 WITH LLVM-exception", ["Apache-2.0"], True),
        ("Apache-2.0 WITH LLVM-exception", ["Apache-*"], True),
        ("GPL-2.0 WITH Classpath-exception-2.0", ["GPL-2.0-only WITH Classpath-exception-2.0"], True),
        ("GPL-2.0+ WITH Classpath-exception-2.0", ["GPL-2.0-only WITH Classpath-exception-2.0"], True),
        ("GPL-2.0", ["GPL-2.0-only WITH Classpath-exception-2.0"], False),
        ("GPL-2.0 WITH Bison-exception-2.2", ["GPL-2.0-only WITH Classpath-exception-2.0"], False),
        ("SEE LICENSE IN x", ["MIT"], False),
        ("SEE LICENSE IN x", ["SEE LICENSE IN"], True),
        ("UNLICENSED", ["MIT"], False),
        ("BSD like", ["*"], False),
        ("", ["*"], False),
        (["GPL-2.0", "MIT"], ["MIT"], True),
        (["GPL-2.0", "MIT OR ISC"], ["Zlib"], False),
        (["MIT"], ["MIT"], True),
        ([], ["*"], False),
        ({"type": "MIT", "url": "x"}, ["MIT"], True),
        ([{"type": "MIT"}, {"type": "GPL-2.0"}], ["MIT"], True),
        ({"url": "x"}, ["*"], False),
        (None, ["*"], False),
        (3, ["*"], False),
    ],
)
def test_allow(licence, allow, expected):
    assert allowed(licence, *allow) is expected


@pytest.mark.parametrize(
    ("licence", "deny", "expected"),
    [
        ("AGPL-3.0-only", ["AGPL-*"], True),
        ("agpl-3.0", ["AGPL-*"], True),
        ("MIT", ["AGPL-*"], False),
        ("MIT", [], False),
        ("MIT OR AGPL-3.0", ["AGPL-*"], False),
        ("MIT AND AGPL-3.0", ["AGPL-*"], True),
        ("GPL-2.0-or-later", ["GPL-2.0-or-later"], True),
        ("GPL-2.0-or-later", ["GPL-2.0-only"], False),
        ("GPL-2.0 WITH Classpath-exception-2.0", ["GPL-2.0"], False),
        ("GPL-2.0 WITH Classpath-exception-2.0", ["GPL-*"], False),
        ("GPL-2.0 WITH Linux-syscall-note", ["GPL-2.0 WITH Linux-syscall-note"], True),
        ("BSD like", ["*"], False),
        (None, ["*"], False),
    ],
)
def test_deny(licence, deny, expected):
    assert denied(licence, *deny) is expected


IDS = st.sampled_from(["MIT", "ISC", "AGPL-3.0-only", "Apache-2.0 WITH LLVM-exception"])
EXPRESSIONS = st.recursive(IDS, lambda part: st.builds("({} {} {})".format, part, st.sampled_from(["AND", "OR"]), part))


@given(EXPRESSIONS, st.lists(IDS), IDS)
def test_longer_lists_allow_more_and_deny_more(expression, entries, another):
    assert allowed(expression, *entries) <= allowed(expression, *entries, another)
    assert denied(expression, *entries) <= denied(expression, *entries, another)


LOCK = """{"packages": {
  "a": {"license": "MIT"},
  "b": {"license": "GPL-3.0 AND AGPL-3.0 AND MIT", "version": "1.2"},
  "c": {},
  "d": {"license":
    ["GPL-3.0",
     "Apache 2"]}
}}"""


def test_findings():
    block = {"each": "$.packages[*]", "expression": "$.license", "allow": ["MIT"]}
    first, second = inspect(
        block, LOCK, message="{key} {self.version} in {path}: '{licence}', {reason} ({params.x})", params={"x": 1}
    )
    assert first.message == (
        "b 1.2 in a.json: 'GPL-3.0 AND AGPL-3.0 AND MIT', GPL-3.0-only, AGPL-3.0-only is not allowed (1)"
    )
    assert first.location[:] == ("a.json", 3, 20, 3, 50)
    assert first.evidence == "packages.b.license GPL-3.0 AND AGPL-3.0 AND MIT"
    assert (second.location.line, second.location.end_line) == (6, 6)
    assert second.message.startswith("d {self.version} in a.json: '(GPL-3.0) OR (Apache 2)'")


def test_a_list_is_shown_as_a_choice():
    block = {"each": "$.packages.d", "expression": "$.license", "allow": ["MIT"]}
    (finding,) = inspect(block, LOCK)
    assert finding.message == "'(GPL-3.0) OR (Apache 2)': AND, OR or WITH is missing before '2'"


def test_when_narrows():
    block = {
        "each": "$.packages[*]",
        "expression": "$.license",
        "allow": [],
        "when": "self.version == params.version && key == 'b'",
    }
    assert len(inspect(block, LOCK, params={"version": "1.2"})) == 1
    assert not inspect(block, LOCK, params={"version": "1.3"})


def test_a_file_of_another_format_is_left_alone():
    inspector = KIND.compile([rule({"allow": []})])
    file = File(Entry("a.txt"), lambda entry: b"MIT", {"json": FORMAT}, frozenset())
    assert not list(inspector.inspect(file, frozenset({0})))


def test_rules_that_do_not_apply_are_not_judged():
    inspector = KIND.compile([rule({"allow": []})])
    file = File(Entry("a.json"), lambda entry: b'"MIT"', {"json": FORMAT}, frozenset({"json"}))
    assert not list(inspector.inspect(file, frozenset({1})))


@pytest.mark.parametrize(
    ("block", "message", "line"),
    [
        ({"allow": ["MIT", "MIT License"]}, "allow: 'MIT License' is not a licence: AND, OR or WITH is missing", 7),
        ({"deny": ["MIT OR ISC"]}, "deny: 'MIT OR ISC' is not a licence: it joins several licences", 1),
        ({"allow": [], "each": "x"}, "each: ", 1),
        ({"allow": [], "expression": "x"}, "expression: ", 1),
        ({"allow": [], "when": "self = 1"}, "when: not valid CEL", 1),
    ],
)
def test_mistakes_are_told_with_their_place(block, message, line):
    places = {(): Where("p.yaml", 1, 1), ("allow", 1): Where("p.yaml", 7, 3)}
    with pytest.raises(UserErrors) as caught:
        KIND.compile([rule(block, places=places)])
    (error,) = caught.value.errors
    assert message in str(error)
    assert error.hint
    assert error.line == line


def test_a_rule_needs_a_format():
    with pytest.raises(UserErrors, match=r"need match\.format"):
        KIND.compile([Rule(0, "a/b", {"allow": []})])


@pytest.mark.parametrize(
    ("block", "valid"),
    [
        ({"allow": ["MIT"]}, True),
        ({"deny": ["MIT"], "each": "$", "when": "true", "expression": "$"}, True),
        ({}, False),
        ({"allow": [], "deny": []}, False),
        ({"allow": "MIT"}, False),
        ({"allow": [""]}, False),
        ({"allow": [], "at": "$"}, False),
    ],
)
def test_schema(block, valid):
    assert Draft202012Validator(SCHEMA).is_valid(block) is valid
