"""What a run imports is pinned: each heavy module costs every developer on every commit."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = {
    *("asyncio", "dataclasses", "email", "http", "importlib.metadata", "inspect", "jsonpath_rfc9535", "jsonschema"),
    *("logging", "pathlib", "pathspec", "pluggy", "rstr", "shtab", "shutil", "socket", "ssl", "subprocess"),
    *("tempfile", "traceback", "typer", "unittest", "urllib", "zipfile"),
}
PROBE = """
import sys
from guardrails.cli import main
main({args!r})
sys.stderr.write(" ".join(sys.modules))
"""


@pytest.fixture
def loaded(tmp_path):
    """The modules a command loads beyond those of Python's own start, with the plan already compiled."""
    (tmp_path / "repo").mkdir()
    env = os.environ | {"GUARDRAILS_CACHE_DIR": str(tmp_path / "cache")}

    def run(*args: str, **files: str) -> set[str]:
        for name, content in files.items():
            (tmp_path / "repo" / name.replace("__", ".")).write_text(content)
        command = [sys.executable, "-c", PROBE.format(args=list(args))]
        for _ in range(2):
            done = subprocess.run(command, cwd=tmp_path / "repo", env=env, capture_output=True, text=True, check=True)
        start = subprocess.run(
            [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
        )
        return set(done.stderr.split()) - set(start.stdout.split())

    return run


def outsiders(modules: set[str]) -> set[str]:
    """Top-level packages from outside the standard library."""
    return {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"guardrails"}


def test_version(loaded):
    modules = loaded("--version")
    assert {name for name in modules if name.startswith("guardrails")} == {
        "guardrails",
        "guardrails.cli",
        "guardrails.errors",
    }
    assert outsiders(modules) == set()
    assert not modules & {"argparse", "re", "typing"}


def test_check_on_a_python_file(loaded):
    modules = loaded("check", "--profile", "all", "a.py", a__py="x = 1\n")
    assert outsiders(modules) <= {"re2"}
    assert not modules & (HEAVY | {"yaml", "datetime", "json"})


def test_check_on_a_yaml_file(loaded):
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"
    modules = loaded("check", "--profile", "all", "a.yaml", a__yaml=manifest)
    assert outsiders(modules) <= {"re2", "yaml", "_yaml", "cel"} | {
        name
        for name in outsiders(modules)
        if name.startswith(("_cython", "cython"))  # of PyYAML's extension
    }
    assert not modules & HEAVY
    assert "cel.cli" not in modules


def test_a_pack_of_the_repository_costs_no_yaml_once_its_plan_is_cached(loaded, tmp_path):
    policy = "policy: p\ntitle: P\ncategory: c\nowner: o\nrationale: R.\nrules:\n"
    policy += "- {id: r, title: T, severity: low, remediation: M., check: {text: {forbid: zzz}}}\n"
    (tmp_path / "repo" / "rules").mkdir()
    (tmp_path / "repo" / "rules" / "p.yaml").write_text(policy)
    (tmp_path / "repo" / ".guardrails.yaml").write_text("packs: [./rules]\n")
    modules = loaded("check", "a.py", a__py="x = 1\n")
    assert outsiders(modules) <= {"re2"}
    assert "guardrails.config" not in modules
