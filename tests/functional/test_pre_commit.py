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


def test_a_commit_message_is_judged(house):
    house.write({".guardrails.yaml": "rules: {commits/conventional-form: block}\n", "a.py": "a = 1\n"})
    house.git("add", "-A")
    assert pre_commit(house, "install", "--hook-type", "commit-msg").returncode == 0
    environment = house.env | {"PRE_COMMIT_HOME": str(house.root.parent / "home" / "pre-commit")}
    before = house.git("rev-parse", "HEAD")
    for message, code in (("Changes of all sorts", 1), ("feat: count from one", 0)):
        command = ["git", "commit", "-m", message]
        done = subprocess.run(command, cwd=house.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert ("commits/conventional-form" in done.stderr + done.stdout) == bool(code)
        assert (house.git("rev-parse", "HEAD") == before) == bool(code)


def test_with_the_message_only_the_message_is_judged(house):
    message = house.root.parent / "message"
    message.write_text("A change\n")
    house.write({"bad.py": CONFLICT})
    house.git("add", "-A")
    done = pre_commit(house, "run", "--hook-stage", "commit-msg", "--commit-msg-filename", str(message))
    assert [line.partition("...")[0] for line in done.stdout.splitlines() if "..." in line] == [
        "guardrails (commit message)"
    ], done.stdout


def test_what_lies_between_two_commits(house):
    house.write({"old.py": CONFLICT}).commit()
    house.write({"bad.py": CONFLICT}).commit()
    between = ("--from-ref", "HEAD~1", "--to-ref", "HEAD")
    for hook in (["guardrails"], ["guardrails-change", "--hook-stage", "pre-push"]):
        done = pre_commit(house, "run", *hook, *between)
        assert done.returncode == 1, done.stdout
        assert "exit code: 1" in done.stdout
        assert "bad.py" in done.stdout
        assert "old.py" not in done.stdout
    house.write({"bad.py": "a = 1\n"}).commit()
    for hook in (["guardrails"], ["guardrails-change", "--hook-stage", "pre-push"]):
        assert pre_commit(house, "run", *hook, *between).returncode == 0
