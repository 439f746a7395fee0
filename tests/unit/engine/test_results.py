"""What is known is not judged again; what may be otherwise is."""

from __future__ import annotations

import os
import random
import subprocess
import time

import pytest

from guardrails.checks.relation_inspector import RelationInspector
from guardrails.engine import cache, judge
from guardrails.engine.compiler import compile_plan
from guardrails.engine.results import Results, _unpack
from guardrails.engine.scan import scan
from guardrails.repository import snapshot as snapshots
from tests.unit.engine.judging import plan

TEXT = "check: {text: {forbid: 'bad[0-9]'}}"
DUE = "check: {text: {forbid: 'until (?P<day>[0-9-]+)', due: day}}"
YAML = "match: {format: yaml}\ncheck: {document: {each: $.a, assert: 'self > 2'}}"
LINKS = (
    "match: {format: markdown}\n"
    "check: {relation: {each: {format: markdown, nodes: '$.links[*]', key: self.target}, in: {paths: ['*'], key: path}}}"
)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder, and what judging it took."""
    monkeypatch.setattr(snapshots, "_UNSETTLED", -(10**18))  # or nothing written by a test is old enough
    return House(tmp_path, monkeypatch)


class House:
    def __init__(self, top, monkeypatch):
        self.root = top / "root"
        self.root.mkdir()
        self.cache = str(top / "cache")
        self.judged = []
        self.read = []
        call = judge.Judge.__call__

        def told(self_, entry):
            self.judged.append(entry.path)
            return call(self_, entry)

        monkeypatch.setattr(judge.Judge, "__call__", told)
        read = snapshots._Disk.read
        monkeypatch.setattr(
            snapshots._Disk, "read", lambda self_, entry: self.read.append(entry.path) or read(self_, entry)
        )

    def write(self, **files):
        for name, text in files.items():
            (self.root / name.replace("_", ".")).write_text(text)
        return self

    def scan(self, rules, date="2026-01-15", *, cached=True, opened=None, **more):
        """What judging gives, which has to be what it gives without the cache."""
        options = {"repository_rules": True, "complete": True, **more}
        with opened or snapshots.work_tree(str(self.root)) as snapshot:
            entries = snapshot.entries()
            fresh = scan(rules, snapshot, entries, date=date, **options)
            self.judged.clear()
            self.read.clear()
            results = Results(self.cache, str(self.root))
            found = scan(rules, snapshot, entries, date=date, results=results, **options)
            results.save(entries)
        assert found == fresh
        return found


def test_what_did_not_change_is_neither_judged_nor_read(house):
    house.write(a_txt="bad1", b_md="[x](gone)", c_yaml="a: [", d_yaml="a: 1")
    rules = plan(TEXT, YAML, LINKS)
    found = house.scan(rules)
    assert (len(found.findings), house.judged) == (3, ["a.txt", "b.md", "c.yaml", "d.yaml"])
    house.scan(rules)
    assert (house.judged, house.read) == ([], [])


def test_what_changed_is_judged_again_and_nothing_else(house):
    rules = plan(TEXT, LINKS)
    house.write(a_txt="bad1", b_txt="fine", c_md="[x](b.txt)").scan(rules)
    house.write(b_txt="bad2").scan(rules)
    assert house.judged == ["b.txt"]
    (house.root / "b.txt").unlink()
    assert [finding.location.path for finding in house.scan(rules).findings] == ["a.txt", "c.md"]
    assert house.judged == []


def test_what_is_only_touched_is_read_but_not_judged(house):
    rules = plan(TEXT)
    house.write(a_txt="bad1", b_txt="fine").scan(rules)
    os.utime(house.root / "a.txt", (1, 1))
    house.scan(rules)
    assert (house.judged, house.read) == ([], ["a.txt"])
    house.scan(rules)
    assert house.read == []


def test_content_of_the_same_size_and_time_is_seen(house):
    rules = plan(TEXT)
    house.write(a_txt="bad1").scan(rules)
    status = os.stat(house.root / "a.txt")
    time.sleep(0.02)  # a tick of the clock
    house.write(a_txt="fine")
    os.utime(house.root / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert house.scan(rules).findings == ()


def test_a_file_that_was_changed_just_now_is_not_known_by_its_stamp(house, monkeypatch):
    monkeypatch.setattr(snapshots, "_UNSETTLED", 2_000_000_000)
    rules = plan(TEXT)
    house.write(a_txt="bad1").scan(rules)
    house.scan(rules)
    assert (house.judged, house.read) == ([], ["a.txt"])


def test_content_that_comes_back_is_known(house):
    rules = plan(TEXT)
    for text in ("bad1", "bad2", "fine"):
        house.write(a_txt=text).scan(rules)
    house.write(a_txt="bad1").scan(rules)
    assert house.judged == []


def test_a_mode_counts(house):
    rules = plan("check: {path: {executable: shebang}}", TEXT)
    house.write(a_txt="bad1").scan(rules)
    os.chmod(house.root / "a.txt", 0o755)
    house.scan(rules)
    assert house.judged == ["a.txt"]


def test_a_changed_rule_judges_only_what_it_applies_to(house):
    house.write(a_txt="bad1", b_yaml="a: 1")
    house.scan(plan(TEXT, YAML))
    house.scan(plan(TEXT, YAML.replace("2", "0")))
    assert house.judged == ["b.yaml"]
    house.scan(plan(TEXT, YAML))
    assert house.judged == []


def test_a_new_rule_does_not_renumber_what_is_known(house):
    house.write(a_md="[x](gone)\n[y](b.yaml)", b_yaml="a: 1")
    house.scan(plan(LINKS, TEXT.replace("check", "match: {paths: [z]}\ncheck")))
    found = house.scan(plan(YAML, LINKS, TEXT.replace("check", "match: {paths: [z]}\ncheck")))
    assert [finding.location.path for finding in found.findings] == ["a.md", "b.yaml"]


def test_only_what_is_due_depends_on_the_day(house):
    rules = plan(TEXT, DUE)
    house.write(a_txt="bad1", b_txt="until 2026-02-01")
    for day, findings, judged in (("2026-01-31", 1, ["a.txt", "b.txt"]), ("2026-02-02", 2, ["b.txt"])):
        assert len(house.scan(rules, day).findings) == findings
        assert house.judged == judged
    house.scan(rules, "2026-02-02")
    assert house.judged == []


def test_what_breaks_is_tried_again(house):
    house.write(a_txt="bad1")
    rules = plan(TEXT)
    inspector = rules.inspector("text")

    class Crash:
        def inspect(self, file, numbers):
            raise ValueError("boom")

    rules._loaded["text"] = Crash()
    assert house.scan(rules).problems
    rules._loaded["text"] = inspector
    assert house.scan(rules).findings


def test_partial_runs_and_whole_ones_do_not_mix(house):
    rules = plan(LINKS, TEXT)
    house.write(a_md="[x](gone) bad1")
    assert len(house.scan(rules, complete=False).findings) == 1
    assert len(house.scan(rules).findings) == 2
    assert len(house.scan(rules, complete=False).findings) == 1
    assert house.judged == []


def test_work_tree_index_and_commit_share_what_they_have_in_common(house):
    def git(*args):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *args], cwd=house.root, check=True, capture_output=True)

    rules = plan(TEXT, LINKS)
    house.write(a_txt="bad1", b_md="[x](gone)")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    root = str(house.root)
    house.scan(rules)
    assert house.judged == ["a.txt", "b.md"]
    house.scan(rules, opened=snapshots.index(root))
    assert house.judged == []
    house.write(a_txt="bad2")
    house.scan(rules)
    house.scan(rules, opened=snapshots.commit(root, "HEAD"))
    assert house.judged == []
    house.scan(rules)
    assert house.judged == []


@pytest.mark.parametrize("seed", range(6))
def test_any_history_of_edits_gives_what_judging_anew_gives(house, seed):
    some = random.Random(seed)
    parts = ("bad1\n", "fine\n", "until 2026-02-01\n", "[x](f1.md)\n", "[x](gone)\n", "a: 1\n", "a: [\n")
    rules = [TEXT, DUE, YAML, LINKS, "check: {path: {executable: shebang}}"]
    for _ in range(8):
        for _ in range(some.randrange(4)):
            path = house.root / f"f{some.randrange(6)}.{some.choice(('md', 'yaml', 'txt'))}"
            path.unlink(missing_ok=True)
            if some.random() < 0.8:
                path.write_text("".join(some.choices(parts, k=some.randrange(4))))
                os.chmod(path, some.choice((0o644, 0o755)))
        chosen = plan(*some.sample(rules, some.randrange(1, 6)))
        house.scan(chosen, some.choice(("2026-01-15", "2026-03-01")), complete=some.random() < 0.8)


def test_secrets_are_not_kept(house):
    secret = "bad" + "".join(random.Random(1).choices("0123456789", k=30))
    house.write(a_txt=f"x = {secret}")
    assert house.scan(plan("check: {text: {forbid: 'bad[0-9]+', redact: true}}")).findings
    (name,) = (name for name, _ in cache.entries(house.cache))
    assert secret.encode() not in cache.load(house.cache, name)


def test_records_do_not_grow_for_ever(house):
    rules = plan(TEXT)
    for number in range(60):
        (house.root / f"f{number}.txt").write_text(f"bad{number}")
    house.scan(rules)
    for number in range(59):
        (house.root / f"f{number}.txt").unlink()
    for number in range(10):
        house.write(f59_txt=f"bad1 {number}").scan(rules)
    results = Results(house.cache, str(house.root))
    assert {path: len(_unpack(packed)) for path, packed in results._records.items()} == {"f59.txt": 4}


def test_the_code_that_judges_counts(house):
    compiled = [compile_plan([], plan(TEXT).registry, code=code).identity for code in ("", "a", "b")]
    assert len(set(compiled)) == 3


def test_what_was_never_read_is_known_by_its_stamp_alone(house, monkeypatch):
    rules = plan("match: {max-size: 1 KB}\ncheck: {text: {forbid: 'bad[0-9]'}}")
    house.write(a_txt="x" * 5000).scan(rules)
    monkeypatch.setattr(snapshots, "_UNSETTLED", 10**18)
    assert house.write(a_txt="bad1").scan(rules).findings


def test_times_of_other_centuries(house):
    house.write(a_txt="bad1", b_txt="bad2")
    os.utime(house.root / "a.txt", (-(10**9), -(10**9)))
    os.utime(house.root / "b.txt", (2 * 10**10, 2 * 10**10))
    house.scan(plan(TEXT))
    assert len(house.scan(plan(TEXT)).findings) == 2
    assert (house.judged, house.read) == ([], [])


def test_conclusions_are_kept_as_well(house, monkeypatch):
    concluded = []
    conclude = RelationInspector.conclude
    monkeypatch.setattr(RelationInspector, "conclude", lambda *given: concluded.append(given) or conclude(*given))
    for number in range(40):
        (house.root / f"f{number}.md").write_text("[x](gone)")
    rules = plan(LINKS)
    for path, added in ((None, 2), (None, 1), ("f1.md", 2), (None, 1)):
        concluded.clear()
        if path:
            (house.root / path).write_text("[x](f2.md) ")
        house.scan(rules)
        assert len(concluded) == added


def test_few_new_records_are_written_beside_the_others(house):
    rules = plan(TEXT)
    for number in range(40):
        (house.root / f"f{number}.txt").write_text(f"bad{number}")
    house.scan(rules)
    (whole,) = cache.entries(house.cache)
    for number in range(2):
        house.write(f1_txt=f"bad2{number}").scan(rules)
        assert house.judged == ["f1.txt"]
    kept, added = cache.entries(house.cache)
    assert (kept, added[0]) == (whole, f"{whole[0]}-recent")
    assert added[1] < whole[1] / 4
    house.scan(rules)
    assert (house.judged, house.read) == ([], [])
    cache.remove(house.cache, kept[0])
    house.scan(rules)
    assert len(house.judged) == 39
    assert [name for name, _ in cache.entries(house.cache)] == [whole[0]]


def test_paths_that_are_gone_leave_the_disk_too(house):
    rules = plan(TEXT)
    for number in range(120):
        (house.root / f"f{number}.txt").write_text(f"bad{number}")
    house.scan(rules)
    ((_, before),) = cache.entries(house.cache)
    for number in range(80):
        (house.root / f"f{number}.txt").unlink()
    house.write(f100_txt="fine").scan(rules)
    ((_, after),) = cache.entries(house.cache)
    assert after < before / 2
