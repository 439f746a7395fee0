"""Each version of a file is judged once, and each finding is told once, where it was added."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.engine import history as histories
from guardrails.engine import judge
from guardrails.engine.history import Tracing
from guardrails.engine.pool import Crew
from guardrails.engine.scan import scan
from guardrails.repository import snapshot as snapshots
from guardrails.repository.history import History
from tests.unit.engine.judging import plan

TEXT = "check: {text: {forbid: 'bad[0-9]', allow: {paths: [docs/]}}}"
REDACTED = "check: {text: {forbid: 'bad[0-9]', redact: true}}"
YAML = "match: {format: yaml}\ncheck: {document: {each: $.a, assert: 'self > 2'}}"


def store(root, *commits):
    """Commits one after the other, each with all of its files."""
    text = ""
    for number, files in enumerate(commits):
        text += f"commit refs/heads/main\ncommitter A <a@example.org> {1_700_000_000 + number} +0000\n"
        text += "data 1\nm\ndeleteall\n"
        text += "".join(f"M 100644 inline {path}\ndata {len(data)}\n{data}\n" for path, data in files.items())
    subprocess.run(["git", "init", "-q", "-b", "main", root], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, input=text, text=True, check=True)
    return str(root)


@pytest.fixture
def judged(monkeypatch):
    """Path and blob of everything that is judged."""
    calls = []
    call = judge.Judge.__call__
    monkeypatch.setattr(
        judge.Judge, "__call__", lambda self, entry: calls.append((entry.path, entry.blob)) or call(self, entry)
    )
    return calls


def trace(root, rules, wanted="HEAD", paths=lambda _: True, crew=None):
    history = History(root, wanted)
    try:
        tracing = Tracing(rules, history, "2026-01-15", paths, crew)
        versions = list(tracing.versions())
    finally:
        history.close()
    return tracing, versions


def told(versions):
    return [(item.location.path, item.location.line, item.rule) for version in versions for item in version.added]


def test_equal_content_is_judged_once_wherever_and_however_often_it_is(tmp_path, judged):
    fine, other = "fine\n", "other\n"
    root = store(
        tmp_path / "r",
        {"a.txt": fine, "b.txt": fine},
        {"a.txt": other, "c.txt": fine},
        {"a.txt": fine, "sub/d.txt": other, "e.txt": "new\n"},
    )
    tracing, versions = trace(root, plan(TEXT))
    assert versions == []
    assert len(judged) == len({blob for _, blob in judged}) == tracing.files == 3


def test_a_path_that_matters_to_a_rule_does_not_hide_the_content_elsewhere(tmp_path, judged):
    root = store(tmp_path / "r", {"docs/a.txt": "bad1\n"}, {"docs/a.txt": "bad1\n", "src/a.txt": "bad1\n"})
    _, versions = trace(root, plan(TEXT))
    assert told(versions) == [("src/a.txt", 1, "p/r0")]
    assert len(judged) == 2


def test_content_with_findings_is_judged_once_for_each_path(tmp_path, judged):
    root = store(tmp_path / "r", {"a.txt": "bad1\n", "b.txt": "bad1\n"}, {}, {"a.txt": "bad1\n", "b.txt": "bad1\n"})
    _, versions = trace(root, plan(TEXT))
    assert told(versions) == [("a.txt", 1, "p/r0"), ("b.txt", 1, "p/r0")]
    assert [path for path, _ in judged] == ["a.txt", "b.txt"]


def test_what_it_is_compared_with_is_not_judged_again(tmp_path, judged):
    texts = ["fine\n", "fine\nbad1\n", "bad2\nfine\nbad1\n", "bad2\nbad3\n"]
    root = store(tmp_path / "r", *({"a.txt": text} for text in texts))
    _, versions = trace(root, plan(TEXT))
    assert told(versions) == [("a.txt", 2, "p/r0"), ("a.txt", 1, "p/r0"), ("a.txt", 2, "p/r0")]
    assert len(judged) == len(texts)


def test_what_stood_before_the_range_is_not_told(tmp_path):
    texts = ["bad1\n", "x\nbad1\n", "x\nbad1\nbad1\n"]
    root = store(tmp_path / "r", *({"a.txt": text} for text in texts))
    _, versions = trace(root, plan(REDACTED), "HEAD~2..")
    assert told(versions) == [("a.txt", 3, "p/r0")]
    _, versions = trace(root, plan(REDACTED), "HEAD~2..HEAD~1")
    assert told(versions) == []


def test_files_that_do_not_parse_are_noted_once(tmp_path):
    root = store(tmp_path / "r", {"a.yaml": "a: [\n"}, {"a.yaml": "a: [[\n"}, {"a.yaml": "a: 1\n"})
    tracing, versions = trace(root, plan(YAML))
    assert told(versions) == [("a.yaml", 1, "p/r0")]
    assert [(note.path, note.message) for note in tracing.notes] == [
        ("a.yaml", "cannot be parsed: judged as text only")
    ]


def test_only_what_is_wanted_is_judged(tmp_path, judged):
    root = store(tmp_path / "r", {"a.txt": "bad1\n", "b.txt": "bad2\n"})
    _, versions = trace(root, plan(TEXT), paths=lambda path: path == "b.txt")
    assert told(versions) == [("b.txt", 1, "p/r0")]
    assert [path for path, _ in judged] == ["b.txt"]


def test_a_blob_that_is_not_there_is_a_problem(tmp_path):
    root = store(tmp_path / "r", {"a.txt": "bad1\n"})
    subprocess.run(["git", "unpack-objects", "-q"], cwd=root, stdin=subprocess.DEVNULL, check=False)
    blob = subprocess.run(
        ["git", "rev-parse", "HEAD:a.txt"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()
    packs = list((tmp_path / "r/.git/objects/pack").glob("*.pack"))
    for pack in packs:
        moved = pack.rename(tmp_path / pack.name)
        pack.with_suffix(".idx").unlink()
        subprocess.run(["git", "unpack-objects", "-q"], cwd=root, stdin=moved.open("rb"), check=True)
    (tmp_path / "r/.git/objects" / blob[:2] / blob[2:]).unlink()
    tracing, versions = trace(root, plan(TEXT))
    assert versions == []
    assert [problem.path for problem in tracing.problems] == ["a.txt"]


def test_processes_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(histories, "_TOGETHER", 7)
    monkeypatch.setattr("guardrails.engine.pool.TRIAL", 0)
    monkeypatch.setattr("guardrails.engine.pool.WORTH", 0)
    root = store(tmp_path / "r", *({f"{n % 5}.txt": f"x {n}\nbad{n % 9}\n", "b.txt": f"{n}"} for n in range(40)))
    alone, several = (trace(root, plan(TEXT), crew=Crew(jobs)) for jobs in (1, 3))
    assert alone[1] == several[1] != []
    assert alone[0].files == several[0].files


LINES = st.lists(st.sampled_from(["bad1", "bad2", "x", "y"]), max_size=6).map("\n".join)
TREES = st.lists(st.dictionaries(st.sampled_from(["a.txt", "b.txt", "docs/c.txt"]), LINES), min_size=1, max_size=5)


@settings(max_examples=15, deadline=None)
@given(trees=TREES)
def test_everything_that_any_commit_holds_is_told_once_and_nothing_else(tmp_path_factory, trees):
    root = store(tmp_path_factory.mktemp("r") / "r", *trees)
    rules = plan(REDACTED)
    _, versions = trace(root, rules)
    prints = [finding.fingerprint for version in versions for finding in version.added]
    expected = set()
    for number in range(len(trees)):
        with snapshots.commit(root, f"HEAD~{number}") as snapshot:
            found = scan(rules, snapshot, snapshot.entries(), repository_rules=True, complete=True, date="2026-01-15")
        expected |= {(finding.rule, finding.evidence) for finding in found.findings}
    assert len(prints) == len(set(prints))
    assert {(item.rule, item.evidence) for version in versions for item in version.findings} == expected
    assert {(item.rule, item.evidence) for version in versions for item in version.added} == expected
