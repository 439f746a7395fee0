"""Compiling rules, and looking them up by path."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guardrails.engine.compiler import Decided, compile_plan, rebase
from guardrails.engine.plan import Setting
from guardrails.errors import UserErrors
from guardrails.findings import Severity
from guardrails.matching import GlobSet
from guardrails.plugins import registry
from tests.unit.engine.judging import judge, plan, policy


def rules_at(compiled, path):
    return {compiled.ids[number] for numbers in compiled.applied(path).rules.values() for number in numbers}


def test_matching_by_paths_exclusion_and_format():
    compiled = plan(
        "match: {paths: ['*.py', '!gen_*']}\ncheck: {text: {forbid: x}}",
        "match: {exclude: [docs/]}\ncheck: {text: {forbid: x}}",
        "match: {format: [dockerfile, kubernetes]}\ncheck: {parse: {}}",
        "match: {format: yaml, paths: [deploy/]}\ncheck: {parse: {}}",
    )
    assert rules_at(compiled, "a.py") == {"p/r0", "p/r1"}
    assert rules_at(compiled, "gen_a.py") == {"p/r1"}
    assert rules_at(compiled, "docs/a.py") == {"p/r0"}
    assert rules_at(compiled, "Dockerfile") == {"p/r1", "p/r2"}
    assert rules_at(compiled, "a.yaml") == {"p/r1", "p/r2"}
    assert rules_at(compiled, "deploy/a.yml") == {"p/r1", "p/r2", "p/r3"}
    assert compiled.applied("deploy/a.yml").formats == {"yaml", "kubernetes"}


def test_a_plan_survives_pickling():
    compiled = plan("match: {paths: ['*.txt']}\ncheck: {text: {forbid: bad}}")
    again = pickle.loads(pickle.dumps(compiled))
    assert judge(again, {"a.txt": "bad"}) == judge(compiled, {"a.txt": "bad"})


PARAMETERS = """\
check: {text: {forbid: ['{params.word}', 'x{params.n}y'], allow: {paths: ['{params.skip}', 'c.txt']}}}
message: "{match} is {params.word}"
parameters:
  word: {type: string, default: bad}
  n: {type: integer, default: 3}
  skip: {type: array, items: {type: string}, default: [a.txt, b.txt]}
"""


def test_parameters_are_put_in_with_their_type_and_lists_are_spliced():
    found = judge(plan(PARAMETERS), {"a.txt": "bad", "b.txt": "bad", "c.txt": "bad", "d.txt": "bad x3y"}).findings
    assert [(item.location.path, item.message) for item in found] == [
        ("d.txt", "bad is bad"),
        ("d.txt", "x3y is bad"),
    ]


def test_folders_with_settings_of_their_own():
    (rule,) = policy(PARAMETERS).rules
    outer = {"word": "bad", "n": 1, "skip": []}
    decided = [
        Decided("", rule, Setting(Severity.HIGH, rule.enforcement), outer, ()),
        Decided("a", rule, Setting(Severity.LOW, rule.enforcement), outer | {"word": "foo"}, (("a", "skip/"),)),
        Decided("a/b", rule, Setting(Severity.INFO, rule.enforcement), outer, ()),
    ]
    compiled = compile_plan(decided, registry(plugins={}), ["", "a", "a/b"])
    files = dict.fromkeys(("x", "a/x", "a/skip/x", "a/b/x", "ab/x"), "foo bad")
    found = judge(compiled, files).findings
    assert {(item.location.path, item.location.column) for item in found} == {
        ("x", 5),
        ("a/x", 1),
        ("a/b/x", 5),
        ("ab/x", 5),
    }
    assert compiled.setting("p/r0", "a/x") == Setting(Severity.LOW, rule.enforcement)
    assert compiled.setting("p/r0", "a/b/x") == Setting(Severity.INFO, rule.enforcement)
    assert not compiled.stands("p/r0", "a/skip/x")
    assert len(compiled.ids) == 2, "equal rules of two folders share a number"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("check: {nope: {}}", "p.yaml:7: rule p/r0: no check kind is named 'nope'"),
        ("match: {format: nope}\ncheck: {parse: {}}", "no format is named 'nope'"),
        ("match: {paths: ['a[']}\ncheck: {text: {forbid: x}}", "'a['"),
        ("check: {text: {forbid: '('}}", "p.yaml:11:26"),
        ("check: {text: {forbidd: x}}", "p.yaml:11:27: rule p/r0: unknown key 'forbidd'"),
        ("match: {format: yaml}\ncheck: {document: {assert: 'self ='}}", "p.yaml:12:30"),
        ("match: {format: yaml}\ncheck: {document: {each: '$[', assert: 'true'}}", "p.yaml:12:28"),
    ],
)
def test_errors_of_rules_name_their_place(rule, message):
    with pytest.raises(UserErrors) as caught:
        plan(rule)
    assert message in str(caught.value)


def test_errors_of_all_rules_come_together():
    with pytest.raises(UserErrors) as caught:
        plan("check: {text: {forbid: '('}}", "check: {text: {forbid: ')'}}", "check: {nope: {}}", "check: {path: {}}")
    assert len(caught.value.errors) >= 4


@pytest.mark.parametrize(
    ("folder", "glob", "path", "matches"),
    [
        ("", "*.py", "a/b.py", True),
        ("a", "*.py", "a/b.py", True),
        ("a", "*.py", "b/a/b.py", False),
        ("a", "/b", "a/b/c", True),
        ("a", "/b", "a/c/b", False),
        ("a", "b/", "a/c/b/d", True),
        ("a", "b/c", "a/b/c", True),
        ("a", "b/c", "a/x/b/c", False),
        ("a*b", "x", "a*b/x", True),
        ("a*b", "x", "aXb/x", False),
    ],
)
def test_rebased_globs(folder, glob, path, matches):
    assert bool(GlobSet.compile([[rebase(folder, glob)]]).match(path)) is matches


NAMES = st.text("ab*?[! \\#é.", min_size=1, max_size=5).filter(lambda name: name not in {".", ".."})


@given(NAMES, NAMES)
def test_a_rebased_name_matches_below_its_folder_only(folder, other):
    assume(not folder.endswith(" "))
    globs = GlobSet.compile([[rebase(folder, "x")]])
    assert globs.match(f"{folder}/x")
    assert globs.match(f"{folder}/{other}/x")
    assert bool(globs.match(f"{other}/x")) is (other == folder)
