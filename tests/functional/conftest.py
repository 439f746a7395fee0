"""The real command line on real git repositories."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
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

    def converse(self, *args: str, answers: str = "", **env: str) -> tuple[int, str]:
        """Run guardrails on a terminal that gives answers: the exit code, and what the terminal showed."""
        ours, theirs = os.openpty()
        command = [sys.executable, "-m", "guardrails", *args]
        env = self.env | {"TERM": "xterm"} | env
        run = subprocess.Popen(command, cwd=self.root, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        os.write(ours, answers.encode() + b"\x04")  # The end of the input, so that one question too many does not hang.
        shown = b""
        with suppress(OSError):  # The other end is closed.
            while chunk := os.read(ours, 65536):
                shown += chunk
        os.close(ours)
        return run.wait(timeout=60), shown.decode()


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
