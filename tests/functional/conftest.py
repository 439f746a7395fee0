"""The real command line on real git repositories."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRUBBED = (
    "GIT_",
    "GUARDRAILS_",
    "PRE_COMMIT",
    "CI",
    "NO_COLOR",
    "FORCE_COLOR",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "XDG_",
)


class Repo:
    """A repository in a temporary folder, and the commands that run in it."""

    def __init__(self, root: Path, home: Path, cache: Path) -> None:
        self.root = root
        env = {key: value for key, value in os.environ.items() if not key.startswith(SCRUBBED)}
        self.env = env | {
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
            "GUARDRAILS_CACHE_DIR": str(cache),
            "LC_ALL": "C.UTF-8",
        }

    def write(self, files: dict[str, str | bytes]) -> Repo:
        for path, content in files.items():
            full = self.root / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def git(self, *args: str) -> str:
        done = subprocess.run(["git", *args], cwd=self.root, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def init(self) -> Repo:
        self.git("init", "-q", "-b", "main")
        return self

    def commit(self, message: str = "change") -> Repo:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self

    def run(self, *args: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Run guardrails; its output never holds a traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "guardrails", *args],
            cwd=cwd or self.root,
            env=self.env | env,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr + done.stdout
        assert "No module named" not in done.stderr
        return done


@pytest.fixture
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A folder without git; plans are cached for all tests together, or each would compile its own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "repo").mkdir()
    return Repo(tmp_path / "repo", tmp_path / "home", tmp_path_factory.getbasetemp() / "guardrails-cache")


@pytest.fixture
def repo(folder: Repo) -> Repo:
    """An empty git repository."""
    return folder.init()
