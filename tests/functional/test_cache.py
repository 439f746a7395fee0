"""Results that are kept between runs, and runs of several processes: never anything but the same verdict, sooner."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECK = ("check", "--format", "json", "--profile", "all")


@pytest.fixture
def house(repo, tmp_path):
    """A repository with something to find in most files, and a cache of its own."""
    repo.env["GUARDRAILS_CACHE_DIR"] = str(tmp_path / "cache")
    files = {f"src/{number}.md": f"# Page\n\n[gone](gone{number}.md)\n<<<<<<< HEAD\n" for number in range(30)}
    return repo.write(files | {"Dockerfile": "FROM ubuntu:latest\n", "a.yaml": "a: [\n"}).commit()


def verdict(done: subprocess.CompletedProcess[str]) -> object:
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(re.sub(r'"seconds": [0-9.e-]+', '"seconds": 0', done.stdout))


def kept(house) -> list[Path]:
    return sorted(Path(house.env["GUARDRAILS_CACHE_DIR"]).glob("results-*"))


def test_the_verdict_is_the_same_from_the_cache(house):
    without = verdict(house.run(*CHECK, "--no-cache"))
    assert kept(house) == []
    assert verdict(house.run(*CHECK)) == without
    (stored,) = kept(house)
    assert stored.stat().st_mode & 0o777 == 0o600
    was = stored.read_bytes()
    assert verdict(house.run(*CHECK)) == without
    house.write({"src/1.md": "# Page\n"})
    changed = verdict(house.run(*CHECK))
    assert changed == verdict(house.run(*CHECK, "--no-cache"))
    assert changed != without
    # Beside the others where they were older than a moment, or with them: that hangs on the machine's speed.
    assert [path.read_bytes() for path in kept(house)] != [was]


def test_a_commit_of_few_files_does_without(house):
    house.write({"src/1.md": "# Page\n"})
    house.git("add", "-A")
    house.run("check", "--staged")
    house.run("check", "src/1.md")
    assert kept(house) == []


def test_no_folder_means_no_cache(house):
    assert verdict(house.run(*CHECK, GUARDRAILS_CACHE_DIR="")) == verdict(house.run(*CHECK))
    assert house.run("cache", GUARDRAILS_CACHE_DIR="").stdout.startswith("nothing is kept")


def test_a_cache_in_the_repository_is_not_used(house):
    inside = str(house.root / "cache")
    house.run(*CHECK, GUARDRAILS_CACHE_DIR=inside)
    assert not os.path.exists(inside)


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:80] + b"x" + data[81:]]
)
def test_what_is_damaged_is_made_anew(house, damage):
    without = verdict(house.run(*CHECK))
    (stored,) = kept(house)
    stored.write_bytes(damage(stored.read_bytes()))
    assert verdict(house.run(*CHECK)) == without
    assert len(stored.read_bytes()) > 100


def test_what_others_can_write_is_not_trusted(house):
    house.run(*CHECK)
    (stored,) = kept(house)
    stored.chmod(0o666)
    house.run(*CHECK)
    assert stored.stat().st_mode & 0o777 == 0o600


def test_show_and_clear(house):
    house.run(*CHECK)
    folder = Path(house.env["GUARDRAILS_CACHE_DIR"])
    (folder / "mine").write_text("stays")
    (stored,) = kept(house)
    stored.with_name(f"{stored.name}-recent").write_bytes(stored.read_bytes())  # As after a change of few files.
    shown = house.run("cache").stdout
    assert re.search(r"results of files: +1 entry", shown)
    assert re.search(r"compiled rules: +1 entry", shown)
    assert "0.0 MB" in house.run("cache", "clear").stdout.splitlines()[0]
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_it_is_bounded(house):
    house.run(*CHECK)
    assert kept(house)
    house.write({"new.md": "x\n"})
    house.run(*CHECK, GUARDRAILS_CACHE_MB="0")
    assert kept(house) == []
    done = house.run("cache", GUARDRAILS_CACHE_MB="much")
    assert (done.returncode, "GUARDRAILS_CACHE_MB is 'much'" in done.stderr) == (2, True)


@pytest.mark.parametrize("jobs", ["x", "-1", "1.5"])
def test_jobs_are_a_number(house, jobs):
    done = house.run("check", GUARDRAILS_JOBS=jobs)
    assert (done.returncode, f"--jobs {jobs}" in done.stderr) == (2, True)


def start(house, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "guardrails", *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=house.root, env=house.env, start_new_session=True, **quiet)


def test_runs_that_are_killed_and_runs_at_the_same_time_leave_nothing_wrong(house):
    some = random.Random(7)
    started = time.monotonic()
    house.run(*CHECK)
    whole = time.monotonic() - started
    for number in range(8):
        house.write({f"src/{some.randrange(30)}.md": f"# Page {number}\n" + "[x](gone.md)\n" * some.randrange(3)})
        runs = [start(house, *CHECK) for _ in range(3)]
        time.sleep(some.uniform(0.3, 1.2) * whole)
        for run in runs[1:]:
            run.kill()
        for run in runs:
            run.wait(60)
            run.stderr.close()
        assert verdict(house.run(*CHECK)) == verdict(house.run(*CHECK, "--no-cache"))


def large(repo) -> None:
    line = "".join(f"value_{number} = compute({number}, 'text', key={number})\n" for number in range(400))
    repo.write({f"src/{number // 50}/module_{number}.py": f"# {number}\n{line}" for number in range(1500)}).commit()


def in_session(leader: int) -> list[str]:
    """The processes of a session that are not dead, but for the first."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(leader) and fields[0] != "Z" and pid != str(leader):
            found.append(pid)
    return found


def test_processes_find_the_same_and_stop_at_once(repo):
    large(repo)
    alone = verdict(repo.run(*CHECK, "--no-cache", "--jobs", "1"))
    assert verdict(repo.run(*CHECK, "--no-cache", "--jobs", "3")) == alone
    run = start(repo, *CHECK, "--no-cache", "--jobs", "3")
    due = time.monotonic() + 30
    while len(in_session(run.pid)) < 3:
        assert run.poll() is None, "it was over before it used several processes"
        assert time.monotonic() < due
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    interrupted = time.monotonic()
    assert run.wait(30) == 130
    assert time.monotonic() - interrupted < 2
    assert run.stderr.read() == b"interrupted\n"
    run.stderr.close()
    assert in_session(run.pid) == []
