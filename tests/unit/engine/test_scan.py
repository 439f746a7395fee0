"""From a plan and a snapshot to findings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks.base import File
from guardrails.engine import judge as judging
from guardrails.engine.scan import scan
from guardrails.errors import RepositoryError
from guardrails.plugins import registry
from guardrails.references import Reference
from guardrails.repository.memory import MemorySnapshot
from tests.unit.engine.judging import judge, plan, tree

FORBID = plan("check: {text: {forbid: 'bad[0-9]'}}")
LINES = st.lists(st.sampled_from(["bad1", "bad2", "  bad1", "good", "x = bad3", ""]), max_size=12)


@settings(deadline=None)
@given(LINES, st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["", "   ", "new line"])), max_size=5))
def test_fingerprints_survive_inserted_lines(lines, inserted):
    before = judge(FORBID, {"a.txt": "\n".join(lines)})
    moved = list(lines)
    for at, text in inserted:
        moved.insert(min(at, len(moved)), text)
    after = judge(FORBID, {"a.txt": "\n".join(moved)})
    assert [item.fingerprint for item in before.findings] == [item.fingerprint for item in after.findings]


@settings(deadline=None)
@given(LINES, st.sampled_from(["  ", "\t", "    "]))
def test_fingerprints_survive_indentation_and_are_unique(lines, indent):
    before = judge(FORBID, {"a.txt": "\n".join(lines)})
    after = judge(FORBID, {"a.txt": "\n".join(indent + line for line in lines)})
    prints = [item.fingerprint for item in before.findings]
    assert prints == [item.fingerprint for item in after.findings]
    assert len(set(prints)) == len(prints)


def test_findings_are_sorted_and_counted():
    result = judge(FORBID, {"b.txt": "bad1", "a.txt": "x\nbad2 bad1\n", "c.txt": ""})
    assert [(item.location.path, item.location.line, item.location.column) for item in result.findings] == [
        ("a.txt", 2, 1),
        ("a.txt", 2, 6),
        ("b.txt", 1, 1),
    ]
    assert result.files == 3


def test_a_file_is_read_and_parsed_once(monkeypatch):
    rules = [f"match: {{format: yaml}}\ncheck: {{document: {{each: $.a, assert: 'self != {n}'}}}}" for n in range(5)]
    rules += ["check: {text: {forbid: zzz}}", "match: {format: kubernetes}\ncheck: {document: {assert: 'true'}}"]
    compiled = plan(*rules)
    reads, parses = [], []
    read = MemorySnapshot.read
    monkeypatch.setattr(MemorySnapshot, "read", lambda self, entry: reads.append(entry.path) or read(self, entry))
    form = registry(plugins={}).formats["yaml"].load()
    parse = type(form).parse
    monkeypatch.setattr(type(form), "parse", lambda self, text: parses.append(text) or parse(self, text))
    assert len(judge(compiled, {"a.yaml": "a: 1\n"}).findings) == 1
    assert (reads, parses) == (["a.yaml"], ["a: 1\n"])


def test_content_over_the_limit_is_not_read(monkeypatch):
    monkeypatch.setattr(judging, "MAX_SIZE", 10)
    monkeypatch.setattr(MemorySnapshot, "read", lambda self, entry: pytest.fail("was read"))
    result = judge(FORBID, {"a.txt": "bad1 bad1 bad1"})
    assert result.findings == ()
    assert [(note.path, note.message.partition(":")[0]) for note in result.notes] == [("a.txt", "over 0 MB")]


def test_content_over_the_limit_is_judged_by_name_and_size(monkeypatch):
    monkeypatch.setattr(judging, "MAX_SIZE", 10)
    rules = [f"check: {{path: {{{block}}}}}" for block in ("encoding: utf-8", "size: {max: 5}", "executable: shebang")]
    result = judge(plan(*rules, *rules), {"a.txt": {"text": "x" * 20, "executable": True}})
    assert [item.rule for item in result.findings] == ["p/r1", "p/r4"]


def test_max_size_of_a_rule():
    small = plan("match: {max-size: 5}\ncheck: {text: {forbid: bad}}")
    assert [item.location.path for item in judge(small, {"a": "bad", "b": "bad bad"}).findings] == ["a"]


def test_a_file_that_cannot_be_read_is_a_problem(monkeypatch):
    def read(self, entry):
        raise RepositoryError("cannot be read: permission denied", path=entry.path)

    monkeypatch.setattr(MemorySnapshot, "read", read)
    result = judge(FORBID, {"a.txt": "bad1"})
    assert [(problem.path, problem.message) for problem in result.problems] == [
        ("a.txt", "cannot be read: permission denied")
    ]


def test_a_crash_is_a_problem_that_names_kind_and_plugin_and_the_rest_goes_on():
    broken = plan("check: {text: {forbid: 'bad'}}", "check: {path: {forbid: true}}")
    broken.registry.kinds["text"]  # the kind is there
    inspector = broken.inspector("text")

    class Crash:
        concluding = fact_based = frozenset()

        def inspect(self, file: File, rules: frozenset[int]):
            if file.path == "a":
                raise ValueError("boom")
            return inspector.inspect(file, rules)

    broken._loaded["text"] = Crash()
    result = judge(broken, {"a": "bad", "b": "bad"})
    assert [(problem.path, problem.message) for problem in result.problems] == [
        ("a", "check kind 'text' of plugin guardrails broke: ValueError: boom")
    ]
    assert {(item.rule, item.location.path) for item in result.findings} == {
        ("p/r0", "b"),
        ("p/r1", "a"),
        ("p/r1", "b"),
    }


def test_templates_that_do_not_parse_are_left_alone_with_a_note():
    rule = plan("match: {format: yaml}\ncheck: {document: {assert: 'true'}}")
    result = judge(rule, {"chart/templates/a.yaml": "a: {{ .Values.a }}\n{{- if .b }}\nb: 1\n{{- end }}\n"})
    assert (result.findings, result.problems) == ((), ())
    assert "template" in result.notes[0].message


def test_what_does_not_parse_is_noted_where_its_rule_is_off():
    rule = plan("match: {format: yaml}\ncheck: {document: {assert: 'true'}}")
    result = judge(rule, {"a.yaml": "a: [\n"})
    assert result.findings == ()
    assert "cannot be parsed" in result.notes[0].message


def test_submodules_are_not_inspected():
    class WithSubmodule(MemorySnapshot):
        def entries(self):
            return [entry._replace(kind="submodule") for entry in super().entries()]

    snapshot = WithSubmodule(tree({"sub": "bad1"}, seed=""))
    assert (
        scan(FORBID, snapshot, snapshot.entries(), repository_rules=True, complete=True, date="2026-01-15").findings
        == ()
    )


def test_reference_errors_name_the_plugin():
    with pytest.raises(Exception, match=r"plugin acme: x .nowhere:X. cannot be loaded"):
        Reference("x", "nowhere:X", "acme").load()
