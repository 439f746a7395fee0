"""Findings are mended in rounds, and a draft counts only when it is better in every way that shows."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.engine.examples import failures, tree
from guardrails.engine.fixes import MAX_ROUNDS, Judgement, mend
from guardrails.engine.scan import scan
from guardrails.fixing.drafts import Drafts
from guardrails.plugins import registry
from guardrails.policy import loading
from guardrails.policy.terms import Source
from guardrails.repository.memory import MemorySnapshot
from tests.unit.engine.judging import plan

DATE = "2026-01-15"


def mended(rules, files, *, unsafe=False, want=lambda _: True):
    """What becomes of files by rules, and how often they were judged."""
    judged = []
    compiled = plan(*rules)

    def judge(now, paths):
        judged.append(paths)
        entries = [entry for entry in now.entries() if paths is None or entry.path in paths]
        found = scan(compiled, now, entries, repository_rules=False, complete=False, date=DATE).findings
        return Judgement(compiled, [finding for finding in found if want(finding)])

    snapshot = MemorySnapshot(tree(files, seed="test"))
    result = mend(snapshot, judge, date=DATE, unsafe=unsafe)
    drafts = Drafts(snapshot, result.drafts)
    contents = {entry.path: drafts.read(entry).decode(errors="replace") for entry in drafts.entries()}
    return contents, result, judged


def forbid(pattern, fix, more=""):
    return f"check: {{text: {{forbid: '{pattern}'}}}}\nfix: {fix}\n{more}"


def test_one_fix_may_make_room_for_another():
    require = "match: {format: json}\ncheck: {document: {require: [%s]}}\nfix: {set: {%s: 1}}"
    rules = [require % ("a", "a"), require % ("b", "b")]
    contents, result, judged = mended(rules, {"x.json": "{}", "y": "z\n"})
    assert contents == {"x.json": '{"b": 1, "a": 1}', "y": "z\n"}
    assert [finding.rule for finding in result.findings] == ["p/r0", "p/r1"]
    assert judged == [None, ["x.json"], ["x.json"]]
    assert result.undone == ()


def test_what_is_missing_is_set_from_the_root():
    rule = "match: {format: json}\ncheck: {document: {each: $.a.b, require: true}}\nfix: {set: {a: {b: 1}}}"
    assert mended([rule], {"x.json": '{"a": {}}', "y.json": "{}"})[0] == {
        "x.json": '{"a": {"b": 1}}',
        "y.json": '{"a": {"b": 1}}',
    }


def test_views_are_mended_where_they_are_written():
    container = "match: {format: kubernetes-container}\ncheck: {document: {assert: %s}}\nfix: {set: %s}"
    rules = [
        container % ("self.securityContext.readOnly == true", "{securityContext: {readOnly: true}}"),
        container % ("self.securityContext.escalate == false", "{securityContext: {escalate: false}}"),
        "match: {format: kubernetes-pod}\ncheck: {document: {each: $.spec, require: [host]}}\nfix: {set: {host: no}}",
    ]
    manifest = """\
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: a # first
            image: b
---
apiVersion: v1
kind: Pod
spec:
  containers: [{name: a}]
"""
    mended_manifest = """\
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: a # first
            image: b
            securityContext:
              readOnly: true
              escalate: false
          host: "no"
---
apiVersion: v1
kind: Pod
spec:
  containers: [{securityContext: {escalate: false, readOnly: true}, name: a}]
  host: "no"
"""
    assert mended(rules, {"a.yaml": manifest})[0] == {"a.yaml": mended_manifest}


def test_rounds_come_to_an_end():
    rules = [forbid("a+", "{rewrite: {a: b}}"), forbid("b+", "{rewrite: {b: a}, safe: true}")]
    contents, result, judged = mended(rules, {"x": "a\n"})
    # Each would bring the other back, which is worse for it: so nothing is done at all.
    assert contents == {"x": "a\n"}
    assert [finding.rule for finding in result.undone] == ["p/r0"]
    growing = [forbid("a+b", "{rewrite: {'a+b': ''}}"), "match: {paths: [y]}\n" + forbid("q", "{rewrite: {q: ''}}")]
    contents, result, judged = mended(growing, {"x": "a" * 20 + "b" * 20, "y": "q"})
    assert contents == {"x": "b", "y": ""} or len(judged) <= MAX_ROUNDS


@pytest.mark.parametrize("rewritten", ["'a: ['", '"a: 1\\nb: bad"', "'bad: 1'"])
def test_what_breaks_the_file_or_helps_nothing_is_taken_back(rewritten):
    parsing = "match: {format: yaml}\ncheck: {parse: {}}"
    rules = [
        forbid("^bad.*", f"{{rewrite: {{'bad.*': {rewritten}}}}}"),
        parsing,
        forbid("b: bad", "{rewrite: {zz: z}}"),
    ]
    contents, result, _ = mended(rules, {"a.yaml": "bad: 1\n"})
    assert contents == {"a.yaml": "bad: 1\n"}
    assert len(result.undone) == (rewritten != "'bad: 1'")
    assert not result.drafts


def test_one_bad_fix_does_not_keep_the_others_back():
    parsing = "match: {format: json}\ncheck: {parse: {}}"
    rules = [forbid("[xy]", "{rewrite: {x: '1', y: '['}}"), parsing]
    contents, result, _ = mended(rules, {"a.json": '["x", "y", "x", "x", "y", "x"]'})
    assert contents == {"a.json": '["1", "[", "1", "1", "[", "1"]'}
    contents, result, _ = mended(rules, {"a.json": '["x", 1, "x"]'.replace("1", '"]", "y"')})
    assert not result.undone
    rules = [forbid("[xy]", "{rewrite: {x: '1', y: '\"'}}"), parsing]
    contents, result, _ = mended(rules, {"a.json": '["x", "y", "x", "x", "y", "x"]'})
    assert contents == {"a.json": '["1", "y", "1", "1", "y", "1"]'}
    assert len(result.undone) == 2


def test_only_what_is_wanted_and_safe_is_mended():
    rules = [forbid("a", "{rewrite: {a: b}}"), forbid("x", "{rewrite: {x: y}, safe: false}")]
    files = {"one": "a x\na\n"}
    assert mended(rules, files)[0] == {"one": "b x\nb\n"}
    assert mended(rules, files, unsafe=True)[0] == {"one": "b y\nb\n"}
    assert mended(rules, files, want=lambda finding: finding.location.line == 2)[0] == {"one": "a x\nb\n"}
    assert mended(rules, files, want=lambda _: False)[1].drafts == {}


def test_links_binary_and_broken_text_stay():
    rules = [forbid("a", "{rewrite: {a: b}}"), "check: {path: {executable: forbidden}}\nfix: true"]
    files = {"link": {"link": "a"}, "latin": {"base64": "YekK"}, "tool": {"base64": "AAECA/8=", "executable": True}}
    _, result, _ = mended(rules, files)
    assert {path: draft.executable for path, draft in result.drafts.items()} == {"tool": False}
    assert result.drafts["tool"].data == b"\0\1\2\3\xff"


SET = [
    "match: {format: yaml}\ncheck: {document: {each: '$..[?@.name]', assert: self.on == false}}\nfix: {set: {on: false}}",
    "match: {format: yaml}\ncheck: {document: {each: '$..[?@.name]', forbid: [old]}}\nfix: {remove: true}",
    "check: {path: {final-newline: required}}\nfix: true",
]
ITEMS = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b c", "#"])},
    optional={"on": st.booleans(), "old": st.sampled_from([1, [1, 2], {"x": "y"}]), "z": st.none()},
)


def written(item, random):
    text = "\n".join(f"  {key}: {str(value).lower() if value is not None else ''}" for key, value in item.items())
    text = text.replace("'", '"').replace(": #", ": '#'")
    return "-" + text[1:] + random.choice(["", " # end", "\n  # after"])


@given(st.lists(ITEMS, min_size=1, max_size=5), st.integers(0, 10**6), st.sampled_from(["\n", "\r\n"]))
def test_to_mend_twice_is_to_mend_once(items, seed, newline):
    text = "\n".join(written(item, Random(seed)) for item in items).replace("\n", newline)
    once, result, _ = mended(SET, {"a.yaml": text})
    assert result.undone == ()
    assert once["a.yaml"].count("# after") == text.count("# after")  # Those on lines that go, go along.
    assert newline not in text or once["a.yaml"].count("\n") == once["a.yaml"].count(newline)
    twice, again, _ = mended(SET, once)
    assert (twice, again.drafts, again.findings) == (once, {}, ())


RULE = """\
policy: p
title: P
category: c
owner: o
rationale: R.
rules:
- id: r
  title: T
  severity: low
  remediation: M.
  check: {text: {forbid: bad}}
  examples:
  - pass: {a: fine}
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("  - {fail: {a: bad}, fixed: {a: good}}\n  fix: {rewrite: {bad: good}}\n", []),
        ("  - {fail: {a: bad}}\n  fix: {rewrite: {bad: good}}\n", ["has a fix, and no failing example says"]),
        ("  - {fail: {a: bad}, fixed: {a: good}}\n", ["the rule has no fix"]),
        ("  - {fail: {a: bad}, fixed: {a: well}}\n  fix: {rewrite: {bad: good}}\n", ["a is 'good'"]),
        ("  - {fail: {a: bad}, fixed: {a: good}}\n  fix: {rewrite: {bat: good}}\n", ["a stays as it was"]),
        ("  - {fail: {a: bad, b: bad}, fixed: {a: good}}\n  fix: {rewrite: {bad: good}}\n", ["b is 'good'"]),
        (
            "  - {fail: {a: bad bad}, fixed: {a: bad bad, b: ''}}\n  fix: {rewrite: {bad: badly}}\n",
            ["a stays as it was"],
        ),
    ],
)
def test_examples_say_what_a_fix_does(lines, said):
    loaded = loading.load([Source("test", "p.yaml", (RULE + lines).encode())])
    found = list(failures(loaded[0].rules, registry(plugins={}), lambda *_: ()))
    assert len(found) == len(said)
    assert all(words in failure.message for words, failure in zip(said, found, strict=True))
