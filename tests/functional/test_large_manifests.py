"""Twice the bytes of a manifest take twice the steps, whatever its shape: counted, not timed."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails.cli import main

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: pod-{n}, namespace: shop}}
spec:
  hostNetwork: true
  containers:
    - name: web
      image: nginx
      ports: [{{containerPort: 80}}]
      securityContext: {{privileged: true}}
"""
HEAD = "apiVersion: v1\nkind: {}\nmetadata: {{name: x}}\n"


def documents(count: int) -> str:
    return "---\n".join(POD.format(n=n) for n in range(count))


def items(count: int) -> str:
    return HEAD.format("List") + "items:\n" + "".join(f"- {_indented(POD.format(n=n))}\n" for n in range(count))


def keys(count: int) -> str:
    return HEAD.format("ConfigMap") + "data:\n" + "".join(f"  key-{n}: value {n}\n" for n in range(20 * count))


def deep(count: int) -> str:
    levels = "".join(f"{' ' * level}level:\n" for level in range(1, 150))
    return (
        HEAD.format("ConfigMap") + f"data:\n{levels}" + "".join(f"{' ' * 150}leaf{n}: 1\n" for n in range(20 * count))
    )


def containers(count: int) -> str:
    head, _, one = POD.format(n=0).partition("  containers:\n")
    return f"{head}  containers:\n" + "".join(one.replace("name: web", f"name: web-{n}") for n in range(count))


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n  ")


def steps(function: Callable[[], object]) -> int:
    """How many functions are called, those of the interpreter too."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("shape", [documents, items, keys, deep, containers])
def test_steps_are_linear_in_the_size(
    shape: Callable[[int], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    monkeypatch.chdir(root)
    monkeypatch.setenv("GUARDRAILS_CACHE_DIR", str(tmp_path / "cache"))
    threshold = gc.get_threshold()

    def check() -> None:
        options = ["--profile", "all", "--select", "kubernetes*", "--jobs", "1", "--no-cache", "--format", "json"]
        assert main(["check", *options, "large.yaml"]) in {0, 1}

    counts = []
    for count in (10, 40, 80, 120):  # the first compiles the plan, and imports
        (root / "large.yaml").write_text(shape(count))
        counts.append(steps(check))
    gc.set_threshold(*threshold)
    capsys.readouterr()
    assert counts[3] - counts[2] <= 1.1 * (counts[2] - counts[1])
    assert counts[3] > counts[2] > counts[1]
