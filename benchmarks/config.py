"""Print what rules about structured configuration cost, beside the tools that judge nothing else.

    python benchmarks/config.py [--quick] [--rounds N] [--checkov PATH] [--hadolint PATH] [--zizmor PATH]
                                [--tree KIND=FOLDER ...]

Both sides judge the same files one after the other, round by round, and report what they find as JSON to nobody. Times
are lower quartiles of whole processes: elapsed, and of all processors together. ``--tree`` measures a folder of your
own as ``kubernetes``, ``dockerfile`` or ``workflow`` instead of a generated one.
"""

from __future__ import annotations

import argparse
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


class Cost(NamedTuple):
    """Seconds, and the number of findings."""

    elapsed: float
    processor: float
    findings: int


class Side(NamedTuple):
    """A tool that judges a tree."""

    name: str
    command: Sequence[str]
    count: Callable[[str], int]
    """The findings in what it prints."""


SELECTED = {"kubernetes": "kubernetes*", "dockerfile": "container-*", "workflow": "github-*"}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one round, a tenth of the files")
    options.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each side runs")
    options.add_argument("--tree", action="append", default=[], metavar="KIND=FOLDER", help="a tree of your own")
    for peer in ("checkov", "hadolint", "zizmor"):
        options.add_argument(f"--{peer}", default=shutil.which(peer), metavar="PATH", help="by default that on PATH")
    given = options.parse_args()
    rounds, shrink = (1, 10) if given.quick else (given.rounds, 1)
    trees = dict(tree.split("=", 1) for tree in given.tree)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        os.environ["GUARDRAILS_CACHE_DIR"] = str(work / "cache")
        print("| what | by | elapsed | processor | findings | guardrails takes | of budget |")
        print("|---|---|---:|---:|---:|---:|---|")
        one_manifest(work, 5 * rounds)
        large(work, 5_000_000 // shrink)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # before the peers have children, too
        for kind, files, make, peers in (
            ("kubernetes", 2500, lambda root, count: corpus.generated(root, count, 0), {"checkov": "1/25"}),
            ("dockerfile", 200, corpus.dockerfiles, {"hadolint": "3", "checkov": "1/40"}),
            ("workflow", 260, corpus.workflows, {"zizmor": "1"}),
        ):
            root = Path(trees[kind]).resolve() if kind in trees else made(work, kind, make, files // shrink)
            compare(kind, root, {peer: (getattr(given, peer), budget) for peer, budget in peers.items()}, rounds)
    print(f"\nPeak memory of one of our processes: {peak:.0f} MB. Ratios are of elapsed · processor time.")


def made(work: Path, kind: str, make: Callable[[Path, int], None], count: int) -> Path:
    root = work / kind
    root.mkdir()
    make(root, count)
    return root


def compare(kind: str, root: Path, peers: dict[str, tuple[str | None, str]], rounds: int) -> None:
    """The rows of one kind of file; a whole run of ours first, that compiles the plan."""
    ours = Side("guardrails", check("--select", SELECTED[kind]), counted(lambda found: len(found["findings"])))
    there = {name: peer(name, path, kind, root) for name, (path, _) in peers.items() if path}
    measure(ours, root)
    costs: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for side in (ours, *there.values()):
            costs.setdefault(side.name, []).append(measure(side, root))
    quartiles = {name: quartile(found) for name, found in costs.items()}
    mine = quartiles["guardrails"]
    files = len(listed(root, kind))
    row(f"{files:,} {kind} files", "guardrails", mine, "", "")
    for name, (_, budget) in peers.items():
        if name not in quartiles:
            print(f"| | {name} is not here: name it by --{name} | | | | | {budget} |")
            continue
        his = quartiles[name]
        ratios = [fraction(mine.elapsed / his.elapsed), fraction(mine.processor / his.processor)]
        row("", name, his, " · ".join(ratios), budget)


def peer(name: str, path: str, kind: str, root: Path) -> Side:
    """How a tool is asked for the same."""
    if name == "checkov":
        framework = "kubernetes" if kind == "kubernetes" else "dockerfile"
        command = [path, "-d", ".", "--framework", framework, "--skip-download", "--compact", "--quiet", "-o", "json"]
        return Side(name, command, counted(lambda found: found["summary"]["failed"]))
    if name == "hadolint":
        return Side(name, [path, "-f", "json", *listed(root, kind)], counted(len))
    return Side(name, [path, "--offline", "--no-progress", "--quiet", "--format", "json", "."], counted(len))


def counted(findings: Callable[[object], int]) -> Callable[[str], int]:
    return lambda text: findings(json.loads(text)) if text.strip() else 0


def listed(root: Path, kind: str) -> list[str]:
    patterns = {"kubernetes": ("*.yaml", "*.yml", "*.json"), "dockerfile": ("*Dockerfile*",), "workflow": ("*.y*ml",)}
    paths = (path for pattern in patterns[kind] for path in root.rglob(pattern) if ".git" not in path.parts)
    return sorted(str(path.relative_to(root)) for path in paths)


def check(*arguments: str) -> list[str]:
    tool = str(Path(sys.executable).with_name("guardrails"))
    return [tool, "check", "--no-cache", "--profile", "all", "--format", "json", *arguments]


def measure(side: Side, root: Path) -> Cost:
    """What one run costs."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(side.command, cwd=root, capture_output=True, text=True, check=False)
    elapsed, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 1} and side.name != "zizmor":  # which tells the worst severity by its code
        raise SystemExit(f"{' '.join(side.command)[:200]} ended with {done.returncode}: {done.stderr[-2000:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(elapsed, processor, side.count(done.stdout))


def quartile(costs: Sequence[Cost]) -> Cost:
    return Cost(*(sorted(part)[len(part) // 4] for part in zip(*costs, strict=True)))


def row(what: str, name: str, cost: Cost, ratio: str, budget: str) -> None:
    seconds = f"{cost.elapsed:,.2f} s | {cost.processor:,.2f} s"
    print(f"| {what} | {name} | {seconds} | {cost.findings:,} | {ratio} | {budget} |", flush=True)


def fraction(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio > 0.5 else f"1/{1 / ratio:.0f}"


def one_manifest(work: Path, rounds: int) -> None:
    """A commit of one manifest, against starting Python and doing nothing."""
    root = work / "commit"
    root.mkdir()
    path = next(path for path in corpus.commit_of_ten(root) if path.startswith("deploy"))
    python = Side("python3 -c pass", [sys.executable, "-c", "pass"], lambda _: 0)
    tool = str(Path(sys.executable).with_name("guardrails"))
    command = [tool, "check", "--profile", "all", "--format", "concise", path]
    ours = Side("guardrails", command, lambda text: sum(line.startswith(path) for line in text.splitlines()))
    measure(ours, root)
    sides: dict[str, list[Cost]] = {"python": [], "ours": []}
    for _ in range(rounds):
        sides["python"].append(measure(python, root))
        sides["ours"].append(measure(ours, root))
    base, mine = map(quartile, sides.values())
    ratio = f"{mine.elapsed / base.elapsed:.1f} · {mine.processor / base.processor:.1f} times python3 -c pass"
    row("commit of one manifest, all rules", "guardrails", mine, ratio, "10")


def large(work: Path, size: int) -> None:
    """Large manifests, against those of half the size: twice the bytes may take twice the time, ratio 1."""
    shapes = {half: corpus.large_manifests(size // half) for half in (2, 1)}
    for shape in shapes[1]:
        each = 0.0
        for half, texts in shapes.items():
            root = work / f"large-{shape}-{half}".replace(" ", "-")
            root.mkdir()
            corpus.write(root, {"deploy/large.yaml": texts[shape]})
            side = Side("guardrails", check("--select", SELECTED["kubernetes"]), counted(lambda f: len(f["findings"])))
            measure(side, root)
            cost = measure(side, root)
            before, each = each, cost.processor / len(texts[shape])
        row(f"{len(texts[shape]) / 1e6:.1f} MB, {shape}", "guardrails", cost, f"{each / before:.2f} per byte", "1")


if __name__ == "__main__":
    main()
