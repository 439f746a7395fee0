"""Print the speed table of the README: every figure is a ratio to something measured in the same run.

    python benchmarks/run.py [--quick]

Times are lower quartiles of whole processes, which machines with noisy neighbours disturb least.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import corpus


def measure(command: Sequence[str], cwd: Path, env: dict[str, str], rounds: int) -> float:
    """Seconds of one process, at the lower quartile."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        times.append(time.perf_counter() - started)
        if done.returncode not in {0, 1}:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    return sorted(times)[len(times) // 4]


def row(what: str, seconds: float, ratio: float, budget: str) -> None:
    print(f"| {what} | {seconds * 1000:,.0f} ms | {ratio:.1f} | {budget} |", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds, a tenth of the corpus, no downloads")
    quick = options.parse_args().quick
    rounds = 7 if quick else 25
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        env = os.environ | {"GUARDRAILS_CACHE_DIR": str(work / "cache")}
        python, tool = [sys.executable, "-c", "pass"], [str(Path(sys.executable).with_name("guardrails"))]
        print("| what | time | ratio | budget |\n|---|---:|---:|---|")
        commit(work, env, python, tool, rounds)
        linear(work, env, tool, 10 if quick else 1)
        if not quick:
            real(env, tool)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nPeak memory of one process: {peak:.0f} MB.")


def commit(work: Path, env: dict[str, str], python: list[str], tool: list[str], rounds: int) -> None:
    """The costs a developer feels, against starting Python and doing nothing."""
    root = work / "commit"
    root.mkdir()
    paths = corpus.commit_of_ten(root)
    check = [*tool, "check", "--profile", "all", *paths]
    measure(check, root, env, 1)  # compiles the plan
    base = measure(python, root, env, rounds)
    row("`python3 -c pass`", base, 1, "the unit of the next rows")
    seconds = measure([*tool, "--version"], root, env, rounds)
    row("`guardrails --version`", seconds, seconds / base, "at most 3")
    for profile in ("recommended", "strict"):
        some = [*tool, "check", "--profile", profile, *paths]
        measure(some, root, env, 1)
        seconds = measure(some, root, env, rounds)
        row(f"commit of 10 files, profile {profile}", seconds, seconds / base, "")
    seconds = measure(check, root, env, rounds)
    row("commit of 10 files, all rules", seconds, seconds / base, "at most 10")
    files = {"4 YAML": "deploy", "4 Python": "src"}
    for what, folder in files.items():
        some = [path for path in paths if path.startswith(folder)]
        seconds = measure([*tool, "check", "--profile", "all", *some], root, env, rounds)
        row(f"commit of {what} files, all rules", seconds, seconds / base, "")


def linear(work: Path, env: dict[str, str], tool: list[str], shrink: int) -> None:
    """Twice the files may cost twice the time: the ratio is the cost of a file against that in the smallest tree."""
    for what, sizes in {
        "manifests": [(625, 0), (1250, 0), (2500, 0)],
        "source files": [(0, 2500), (0, 5000), (0, 10000)],
    }.items():
        unit = 0.0
        for manifests, modules in sizes:
            root = work / f"{what}-{manifests}-{modules}"
            root.mkdir()
            corpus.generated(root, manifests // shrink, modules // shrink)
            check = [*tool, "check", "--profile", "all", "--format", "json"]
            measure(check, root, env, 1)
            seconds = measure(check, root, env, 3)
            each = seconds / ((manifests + modules) // shrink)
            unit = unit or each
            row(f"{(manifests + modules) // shrink:,} {what}, all rules", seconds, each / unit, "per file, at most 1")


def real(env: dict[str, str], tool: list[str]) -> None:
    """Real trees, against listing and reading every file of them once."""
    work = Path(__file__).parent / ".work"
    reader = "import sys\nfor path in sys.stdin.buffer.read().split(b'\\0')[:-1]:\n    open(path, 'rb').read()"
    for requirement in corpus.SDISTS:
        root = corpus.source_distribution(work, requirement)
        if root is None:
            print(f"| {requirement} | not to be had | | |")
            continue
        check = [*tool, "check", "--profile", "all", "--format", "json"]
        measure(check, root, env, 1)
        read = ["sh", "-c", f'git ls-files -z | "{sys.executable}" -c "{reader}"']
        base, seconds = measure(read, root, env, 3), measure(check, root, env, 3)
        row(f"{requirement}, all rules", seconds, seconds / base, "times reading it")


if __name__ == "__main__":
    main()
