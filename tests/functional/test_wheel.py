"""What users install: the wheel, with the policies that lie outside the package in a checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel, installed into a folder of its own."""
    target = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(target),
    ]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_wheel_carries_policies_schemas_and_types(wheel):
    names = {str(path.relative_to(wheel)) for path in wheel.rglob("*") if path.is_file()}
    policies = {str(path.relative_to(ROOT / "policies")) for path in (ROOT / "policies").rglob("*.yaml")}
    assert {f"guardrails/_policies/{name}" for name in policies} <= names
    assert {
        "guardrails/py.typed",
        "guardrails/policy/schema/policy.json",
        "guardrails/reporters/schema/report.json",
    } <= names
    assert not any(name.startswith(("tests/", "policies/", "benchmarks/")) for name in names)


def test_the_wheel_runs_away_from_the_checkout(wheel, repo):
    repo.write({"a.py": "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"})
    done = repo.run("check", "--format", "json", PYTHONPATH=str(wheel))
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert all(str(ROOT) not in rule["policy"] for rule in report["rules"].values())
    probe = "import guardrails.policy.packs as packs; print(packs.builtin_folder())"
    where = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=repo.root,
        env=repo.env | {"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.strip() == str(wheel / "guardrails" / "_policies")
