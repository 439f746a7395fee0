"""The real pre-commit, with the hooks of this repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


@pytest.fixture
def house(repo):
    """A repository whose local hooks are ours, run from this environment rather than installed again."""
    hooks = yaml.safe_load(HOOKS.read_text())
    for hook in hooks:
        hook["language"] = "system"
        hook["entry"] = f"{sys.executable} -m {hook['entry']}"
    repo.write({".pre-commit-config.yaml": yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]})})
    return repo.commit()


def pre_commit(repo, *args):
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *args],
        cwd=repo.root,
        env=repo.env | {"PRE_COMMIT_HOME": str(repo.root.parent / "home" / "pre-commit")},
        capture_output=True,
        text=True,
        check=False,
    )


CONFLICT = "a = 1\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> other\n"


def test_changed_files_block_a_commit(house):
    house.write({"good.py": "a = 1\n"})
    house.git("add", "-A")
    done = pre_commit(house, "run", "guardrails")
    assert done.returncode == 0, done.stdout
    house.write({"bad.py": CONFLICT})
    house.git("add", "-A")
    done = pre_commit(house, "run", "guardrails")
    assert done.returncode == 1
    assert "bad.py" in done.stdout
    assert "exit code: 1" in done.stdout


def test_a_long_file_list_split_over_processes_gives_every_finding_once(house):
    names = [f"{'d' * 100}/{'f' * 120}-{number}.py" for number in range(1500)]
    house.write({name: CONFLICT if index % 300 == 0 else "a = 1\n" for index, name in enumerate(names)})
    house.git("add", "-A")
    done = pre_commit(house, "run", "guardrails", "--verbose")
    assert done.returncode == 1
    assert done.stdout.count("in 1500 files") == 0, "the list was not split"
    for name in names[::300]:
        assert done.stdout.count(name) == 1


def test_broken_settings_are_exit_2(house):
    house.write({".guardrails.yaml": "profile: lax\n", "a.py": "a = 1\n"})
    house.git("add", "-A")
    done = pre_commit(house, "run", "guardrails")
    assert "exit code: 2" in done.stdout


def test_whole_repository_and_manual_hooks(house):
    house.write({"old.py": CONFLICT}).commit()
    house.write({"new.py": "a = 1\n"})
    house.git("add", "-A")
    assert pre_commit(house, "run", "guardrails").returncode == 0
    done = pre_commit(house, "run", "guardrails-repository")
    assert done.returncode == 1
    assert "old.py" in done.stdout
    done = pre_commit(house, "run", "guardrails-manual", "--hook-stage", "manual")
    assert done.returncode == 1


def test_a_commit_is_stopped_and_unstaged_changes_survive(house):
    assert pre_commit(house, "install").returncode == 0
    house.write({"a.py": CONFLICT})
    house.git("add", "a.py")
    house.write({"a.py": "a = 2\n"})
    done = subprocess.run(
        ["git", "commit", "-m", "x"],
        cwd=house.root,
        env=house.env | {"PRE_COMMIT_HOME": str(house.root.parent / "home" / "pre-commit")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "a.py" in done.stdout + done.stderr
    assert (house.root / "a.py").read_text() == "a = 2\n"
