"""Before many files, each kind that can makes ready for them; nothing that goes wrong there is lost, or in the way."""

import pickle

from guardrails.engine.judge import Judge
from guardrails.matching import RegexSet
from guardrails.repository.memory import MemorySnapshot
from tests.unit.engine.judging import plan, tree

RULE = "check: {text: {forbid: 'token_[a-z]{4}'}}"


def test_kinds_make_ready_and_find_the_same():
    given = plan(RULE, "check: {path: {name: '[a-z.]+'}}")
    snapshot = MemorySnapshot(tree({"a.txt": "x\n" * 5000 + "token_abcd\n"}, seed="test"))
    judge = Judge(given, snapshot, "2026-01-15", facts=False)
    (entry,) = snapshot.entries()
    before = judge(entry)
    judge.prepare()
    assert given.inspector("text").regexes._parts[0]._scanner
    assert judge(entry) == before
    again = pickle.loads(pickle.dumps(judge))
    assert again.plan.inspector("text").regexes._parts[0]._scanner
    assert again(entry) == before
    assert len(before.findings) == 1


def test_patterns_for_some_files_are_sought_in_no_other(monkeypatch):
    given = plan(RULE, "match: {paths: ['*.md']}\ncheck: {text: {forbid: 'token_[a-z]{4}'}}")
    judge = Judge(
        given,
        MemorySnapshot(tree({"a.txt": "token_abcd", "b.md": "token_abcd"}, seed="test")),
        "2026-01-15",
        facts=False,
    )
    asked = []
    stretches = RegexSet.stretches
    monkeypatch.setattr(
        RegexSet, "stretches", lambda self, text, parts: asked.append(parts) or stretches(self, text, parts)
    )
    found = [len(judge(entry).findings) for entry in judge.snapshot.entries()]
    assert (found, asked) == ([1, 2], [[0], [0, 1]])


def test_what_is_not_asked_does_not_make_ready():
    given = plan(RULE)
    judge = Judge(given, MemorySnapshot(tree({"a.txt": "x\n"}, seed="test")), "2026-01-15", facts=True, only_facts=True)
    judge.prepare()
    assert not given.inspector("text").regexes._parts[0]._scanner


def test_what_breaks_is_told_where_it_matters(monkeypatch):
    given = plan(RULE)

    def broken(kind):
        raise RuntimeError(kind)

    judge = Judge(given, MemorySnapshot(tree({"a.txt": "x\n"}, seed="test")), "2026-01-15", facts=False)
    monkeypatch.setattr(type(given), "inspector", lambda _, kind: broken(kind))
    judge.prepare()
    (problem,) = judge(judge.snapshot.entries()[0]).problems
    assert "text" in problem.message
