"""Print what the cache and several processes save on a real tree, against ``git status`` there.

    python benchmarks/cached.py TREE

TREE is copied, and made a repository; the copy is what is judged and touched. Times are the best of some processes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import corpus

TOUCHED = 10


def measure(command: Sequence[str], cwd: Path, env: dict[str, str], rounds: int) -> tuple[float, float]:
    """Seconds on the clock and of the processors."""
    best = (float("inf"), float("inf"))
    for _ in range(rounds):
        started, before = time.perf_counter(), os.times()
        subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        after = os.times()
        spent = after.children_user - before.children_user + after.children_system - before.children_system
        best = min(best[0], time.perf_counter() - started), min(best[1], spent)
    return best


def memory(command: Sequence[str], cwd: Path, env: dict[str, str]) -> float:
    """The most megabytes that a run and its processes held at once; what they share counts once."""
    run = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    most = 0
    while run.poll() is None:
        most = max(most, sum(map(_proportional, _family(run.pid))))
        time.sleep(0.1)
    return most / 1024


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [pid, *(each for child in children.split() for each in _family(int(child)))]


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        shutil.copytree(sys.argv[1], root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        corpus.git_init(root)
        time.sleep(3)  # what was changed just now is not known by its stamp
        env = os.environ | {"GUARDRAILS_CACHE_DIR": str(Path(folder) / "cache")}
        check = [str(Path(sys.executable).with_name("guardrails")), "check", "--format", "json"]
        measure([*check, "README.md"], root, env, 1)  # reads the package once
        status = measure(["git", "status"], root, env, 7)
        print(
            "| what | wall | processors | times `git status`, wall | processors |\n|---|---:|---:|---:|---:|",
            flush=True,
        )

        def row(what: str, seconds: tuple[float, float]) -> None:
            ratios = [mine / theirs for mine, theirs in zip(seconds, status, strict=True)]
            print(
                f"| {what} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | {ratios[0]:.1f} | {ratios[1]:.1f} |", flush=True
            )

        row("`git status`", status)
        row("one process, no cache", measure([*check, "--no-cache", "--jobs", "1"], root, env, 1))
        row("several processes, no cache", measure([*check, "--no-cache"], root, env, 1))
        row("first run", measure(check, root, env, 1))
        row("second run", measure(check, root, env, 7))
        files = sorted(path for path in root.rglob("*.py") if path.is_file())[
            :: len(list(root.rglob("*.py"))) // TOUCHED
        ]
        for path in files[:TOUCHED]:
            path.write_text(path.read_text(errors="replace") + "\n# touched\n")
        row(f"after {TOUCHED} files changed", measure(check, root, env, 1))
        print(f"\nAt most {memory([*check, '--no-cache'], root, env):.0f} MB in all processes together.")


if __name__ == "__main__":
    main()
