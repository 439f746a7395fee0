"""Print what text rules cost: every figure is a ratio to something measured in the same run.

    python benchmarks/text.py [--quick] [FOLDER ...]

The folders are trees to judge; without any, real source distributions are fetched. Times are processor time, system
calls included, at the lower quartile of whole processes.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import corpus

HEAD = """\
policy: tokens
title: Tokens of made-up vendors
category: security
owner: benchmarks
rationale: To be measured.
rules:
"""
RULE = """\
  - id: vendor-{n}
    title: Tokens of vendor {n}
    severity: high
    enforcement: warn
    check: {{text: {{forbid: '{pattern}', group: secret, redact: true}}}}
    message: "{{match}} is a token"
    remediation: Revoke it.
"""
PATTERNS = (  # a token that begins with its vendor, and one that stands behind the name of its vendor
    r"\b(?P<secret>v{n}_[A-Za-z0-9]{{36}})\b",
    r"(?i)vendor[ _-]?{n}[\w .-]{{0,20}}(?:key|token|secret)[\s\x22:=]{{1,5}}(?P<secret>[a-z0-9]{{32}})\b",
)
READ = "import sys\nfor path in sys.stdin.buffer.read().split(b'\\0')[:-1]:\n    open(path, 'rb').read()"


def measure(command: Sequence[str], cwd: Path, env: dict[str, str], rounds: int) -> float:
    """Seconds of processor time of one process and its children, at the lower quartile."""
    times = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if done.returncode not in {0, 1}:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    return sorted(times)[len(times) // 4]


def row(what: str, seconds: float, ratio: float, unit: str) -> None:
    print(f"| {what} | {seconds * 1000:,.0f} ms | {ratio:.1f} | {unit} |", flush=True)


def policy(folder: Path, rules: int) -> str:
    """A file with so many rules of a pattern each."""
    texts = (RULE.format(n=f"{n:03}", pattern=PATTERNS[n % 2].format(n=f"{n:03}")) for n in range(rules))
    path = folder / f"tokens-{rules}.yaml"
    path.write_text(HEAD + "".join(texts))
    return str(path)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="*", type=Path, help="trees to judge")
    options.add_argument("--quick", action="store_true", help="fewer rounds, and no trees but those that are named")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        env = os.environ | {"GUARDRAILS_CACHE_DIR": str(work / "cache")}
        print("| what | time | ratio | to |\n|---|---:|---:|---|")
        commit(work, env, 7 if given.quick else 25)
        trees = given.folders or ([] if given.quick else fetched())
        for root in trees:
            tree(root.resolve(), work, env)


def check(work: Path, rules: int) -> list[str]:
    """The command that judges by so many text rules, and no others."""
    tool = str(Path(sys.executable).with_name("guardrails"))
    return [tool, "check", "--policies", policy(work, rules), "--select", "tokens", "--format", "json"]


def commit(work: Path, env: dict[str, str], rounds: int) -> None:
    """Ten files in a new process, which has everything yet to compile."""
    root = work / "commit"
    root.mkdir()
    paths = corpus.commit_of_ten(root)
    base = 0.0
    for rules in (1, 100, 400):
        command = [*check(work, rules), *paths]
        measure(command, root, env, 1)  # compiles the plan
        seconds = measure(command, root, env, rounds)
        base = base or seconds
        row(f"commit of 10 files, {rules} text rules", seconds, seconds / base, "one rule")


def tree(root: Path, work: Path, env: dict[str, str]) -> None:
    """All files of a tree, against listing and reading them, and against looking for one literal."""
    base = measure(["sh", "-c", f'find . -type f -print0 | "{sys.executable}" -c "{READ}"'], root, env, 3)
    row(f"{root.name}, read", base, 1, "reading it")
    if searcher := shutil.which("rg"):
        seconds = measure([searcher, "-uu", "-j1", "-c", "vendor_012_token"], root, env, 3)
        row(f"{root.name}, rg for one literal", seconds, seconds / base, "reading it")
    for rules in (1, 100, 400):
        seconds = measure(check(work, rules), root, env, 2)
        row(f"{root.name}, {rules} text rules", seconds, seconds / base, "reading it")


def fetched() -> list[Path]:
    """Source distributions, those that can be had."""
    work = Path(__file__).parent / ".work"
    roots = (corpus.source_distribution(work, requirement) for requirement in corpus.SDISTS)
    return [root for root in roots if root is not None]


if __name__ == "__main__":
    main()
