"""Several processes find what one finds, whatever happens to them."""

from __future__ import annotations

import os
import random
import signal
import time
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

from guardrails.engine import pool
from guardrails.engine.judge import Judged
from guardrails.engine.scan import scan
from guardrails.errors import UserError
from guardrails.findings import Note
from guardrails.repository.entry import Entry
from guardrails.repository.memory import MemorySnapshot
from tests.unit.engine.judging import plan, tree


class Work:
    """Says its name, and whether it is ready for many; some names do more."""

    def __init__(self, seconds: float = 0, ready: bool = False) -> None:
        self.seconds = seconds
        self.ready = ready

    def __call__(self, entry: Entry) -> Judged:
        time.sleep(self.seconds)
        if "kill" in entry.path:
            os.kill(os.getpid(), signal.SIGKILL)
        if "exit" in entry.path:
            os._exit(3)
        return Judged(notes=[Note(f"by {os.getpid()}", entry.path)], dated=self.ready)

    def prepare(self) -> None:
        self.ready = True

    def __reduce__(self) -> tuple[type[Work], tuple[float, bool]]:
        return Work, (self.seconds, self.ready)


def entries(*paths: str, size: int = 0) -> list[Entry]:
    return [Entry(path, size=size) for path in paths]


@pytest.fixture
def always(monkeypatch):
    """Processes are used from the second file on, and get few files at a time."""
    monkeypatch.setattr(pool, "TRIAL", -1)
    monkeypatch.setattr(pool, "WORTH", -1)
    monkeypatch.setattr(pool, "LONG", -1)
    monkeypatch.setattr(pool, "_BATCH", 5 * pool._OVERHEAD)


@pytest.fixture(params=["fork", "spawn"])
def way(request, monkeypatch, always):
    monkeypatch.setattr(pool, "_can_fork", lambda: request.param == "fork")
    yield
    if request.param == "spawn":
        resource_tracker._resource_tracker._stop()  # Spawning starts a process that else stays until the tests end.


def names(answers):
    return [judged.notes[0].path if judged.notes else judged.problems[0] for judged in answers]


def processes(answers):
    return {judged.notes[0].message for judged in answers}


def test_the_answers_are_in_order_and_from_several_processes(way):
    given = entries(*(f"{number:03}" for number in range(100)))
    seen = []
    answers = list(pool.Crew(3, seen.append).run(Work(), given))
    assert names(answers) == [entry.path for entry in given]
    assert len(processes(answers)) > 2
    assert f"by {os.getpid()}" in processes(answers[:1])
    assert seen == list(range(100))


def test_little_work_is_done_by_one_process():
    given = entries(*(f"{number}" for number in range(1000)))
    assert processes(pool.Crew(4).run(Work(), given)) == {f"by {os.getpid()}"}


def test_one_job_is_one_process(always):
    assert processes(pool.Crew(1).run(Work(), entries(*"abcdef"))) == {f"by {os.getpid()}"}


def test_long_work_is_shared(monkeypatch):
    monkeypatch.setattr(pool, "TRIAL", 0.01)
    monkeypatch.setattr(pool, "WORTH", 0.02)
    answers = list(pool.Crew(2).run(Work(0.005), entries(*map(str, range(60)), size=1 << 19)))
    assert 2 < len(processes(answers)) <= 3


def test_it_is_made_ready_for_many_files_in_each_process(way):
    first, *others = pool.Crew(2).run(Work(), entries(*map(str, range(50))))
    assert not first.dated
    assert {judged.dated for judged in others} == {True}


def test_for_a_short_time_nothing_is_made_ready(monkeypatch, way):
    monkeypatch.setattr(pool, "LONG", 60)
    answers = list(pool.Crew(2).run(Work(), entries(*map(str, range(50)))))
    assert len(processes(answers)) > 1
    assert not any(judged.dated for judged in answers)


def test_it_is_made_ready_for_many_files_in_one_process(always):
    assert [judged.dated for judged in pool.Crew(1).run(Work(), entries("a", "b", "c"))] == [False, True, True]
    assert not any(judged.dated for judged in pool.Crew(1).run(Work(), entries("a")))


def test_work_is_split_by_bytes():
    given = [Entry("big", size=10 * pool._BATCH), *entries(*map(str, range(50)), size=100), Entry("big", size=1 << 30)]
    batches = list(pool._batches(given, 0))
    assert [batch.end - batch.first for batch in batches[:1]] == [1]
    assert [batches[0].first, *(batch.end for batch in batches)] == [0, *(batch.first for batch in batches[1:]), 52]
    assert len(batches) < 5


@pytest.mark.parametrize(("name", "how"), [("kill", "signal 9"), ("exit", "exit code 3")])
def test_a_file_that_kills_its_process_is_named_and_the_rest_is_judged(way, name, how):
    given = entries(*(f"{number:02}" for number in range(30)))
    given[17] = Entry(f"17{name}")
    answers = list(pool.Crew(2).run(Work(), given))
    (problem,) = answers[17].problems
    assert (problem.path, how in problem.message) == (f"17{name}", True)
    del answers[17], given[17]
    assert names(answers) == [entry.path for entry in given]


def test_when_all_processes_die_the_run_is_given_up(always):
    with pytest.raises(UserError, match="given up after"):
        list(pool.Crew(2).run(Work(), entries("first", *(f"kill{number}" for number in range(100)))))


def children() -> set[str]:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return set(file.read().split())


def test_no_process_outlives_an_interruption(way):
    before = children()
    answers = pool.Crew(3).run(Work(), entries(*map(str, range(200))))
    for _ in range(10):
        next(answers)
    started = time.monotonic()
    answers.close()
    assert time.monotonic() - started < 1
    assert [pid for pid in children() - before if "tracker" not in Path(f"/proc/{pid}/cmdline").read_text()] == []


def test_a_process_ends_when_the_main_one_is_gone(always):
    ready, tell = os.pipe()
    pid = os.fork()
    if not pid:
        answers = pool.Crew(2).run(Work(), entries(*map(str, range(500))))
        found = {next(answers).notes[0].message[3:] for _ in range(60)}
        os.write(tell, " ".join(found - {str(os.getpid())}).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(tell)
    workers = os.read(ready, 1000).decode().split()
    os.close(ready)
    os.waitpid(pid, 0)
    assert workers
    due = time.monotonic() + 5
    while left := [worker for worker in workers if _runs(worker)]:
        assert time.monotonic() < due, left
        time.sleep(0.01)


def _runs(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


RULES = plan(
    "check: {text: {forbid: 'bad[0-9]'}}",
    "match: {format: yaml}\ncheck: {document: {each: $.a, assert: 'self > 2'}}",
    "match: {format: markdown}\n"
    "check: {relation: {each: {format: markdown, nodes: '$.links[*]', key: self.target}, in: {paths: ['*'], key: path}}}",
    "check: {path: {name: '[a-z0-9.]+'}}",
)
PARTS = ("bad1\n", "bad2 bad3\n", "fine\n", "a: 1\n", "a: [\n", "[x](f1.txt)\n", "[x](gone)\n", "é\n", "\r\n")


def generated(seed: int) -> MemorySnapshot:
    some = random.Random(seed)
    suffixes = (".txt", ".md", ".yaml", "", ".TXT")
    files = {
        f"f{number}{some.choice(suffixes)}": "".join(some.choices(PARTS, k=some.randrange(6)))
        for number in range(some.randrange(1, 60))
    }
    return MemorySnapshot(tree(files, seed="test"))


@pytest.mark.parametrize("seed", range(12))
def test_it_finds_what_one_process_finds(always, seed):
    snapshot = generated(seed)
    given = {"repository_rules": True, "complete": True, "date": "2026-01-15"}
    alone = scan(RULES, snapshot, snapshot.entries(), **given)
    assert scan(RULES, snapshot, snapshot.entries(), jobs=3, **given) == alone
    assert seed > 0 or alone.findings
