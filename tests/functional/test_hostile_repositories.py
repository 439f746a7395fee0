"""Repositories whose settings try to run something, to lead elsewhere, or to stall whoever reads them."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from guardrails.errors import RepositoryError
from guardrails.repository import git
from guardrails.repository.entry import SUBMODULE
from guardrails.repository.snapshot import commit, index, work_tree

HOOKS = (
    "post-index-change",
    "pre-commit",
    "reference-transaction",
    "post-checkout",
    "pre-auto-gc",
    "fsmonitor-watchman",
)
COMMITTED = {".gitattributes": "* filter=evil diff=evil ident\n", "a": "one $Id$\n", "b": "one\n"}


class Trap(NamedTuple):
    """Settings that run EVIL, and an ordinary command that falls for them."""

    settings: dict[str, str]
    bait: tuple[str, ...]


TRAPS = {
    "file system monitor": Trap({"core.fsmonitor": "EVIL"}, ("status",)),
    "hooks elsewhere": Trap({"core.hooksPath": "HOOKS"}, ("add", "b")),
    "clean filter": Trap({"filter.evil.clean": "EVIL"}, ("add", "b")),
    "smudge filter": Trap({"filter.evil.smudge": "EVIL"}, ("checkout", "HEAD", "--", "b")),
    "filter process": Trap({"filter.evil.process": "EVIL", "filter.evil.required": "true"}, ("add", "b")),
    "external diff": Trap({"diff.external": "EVIL"}, ("diff", "HEAD")),
    "diff command": Trap({"diff.evil.command": "EVIL"}, ("diff", "HEAD")),
    "textconv": Trap({"diff.evil.textconv": "EVIL"}, ("diff", "HEAD")),
    "aliases": Trap(
        {f"alias.{name}": "!EVIL" for name in ("evil", "ls-files", "ls-tree", "cat-file", "diff-index", "rev-parse")},
        ("evil",),
    ),
    "included settings": Trap({"include.path": "INCLUDED"}, ("status",)),
    "settings included on a condition": Trap({"includeIf.gitdir:/.path": "INCLUDED"}, ("status",)),
    "pager": Trap({"core.pager": "EVIL", "pager.ls-files": "EVIL", "pager.ls-tree": "EVIL"}, ("ls-files",)),
    "ssh": Trap({"core.sshCommand": "EVIL", "remote.origin.url": "ssh://localhost/x"}, ("fetch", "origin")),
    "remote helper": Trap({"remote.origin.url": "ext::EVIL", "protocol.ext.allow": "always"}, ("fetch", "origin")),
}

FETCHES = {
    "remote helper": {"remote.origin.url": "ext::EVIL", "protocol.ext.allow": "always"},
    "upload-pack": {"remote.origin.url": "file:///", "remote.origin.uploadpack": "EVIL"},
    "ssh": {"core.sshCommand": "EVIL", "remote.origin.url": "localhost:x"},
    "proxy": {"core.gitProxy": "EVIL", "remote.origin.url": "git://localhost/x"},
}


class Hostile:
    """A repository with a commit, staged, edited and untracked files; EVIL is a program that leaves a trace."""

    def __init__(self, repo: Any, folder: Path) -> None:
        self.repo = repo
        self.root: Path = repo.root
        self.trace = folder / "trace"
        self.evil = folder / "evil"
        self.script(self.evil)
        hooks = folder / "hooks"
        hooks.mkdir()
        for name in HOOKS:
            self.script(hooks / name)
        included = folder / "included"
        included.write_text(f"[core]\n\tfsmonitor = {self.evil}\n")
        self.places = {"EVIL": str(self.evil), "HOOKS": str(hooks), "INCLUDED": str(included)}

    def script(self, path: Path) -> None:
        path.write_text(f"#!/bin/sh\n: > {shlex.quote(str(self.trace))}\n")
        path.chmod(0o755)

    def set(self, settings: dict[str, str], *where: str) -> None:
        for name, value in settings.items():
            for word, place in self.places.items():
                value = value.replace(word, place)  # noqa: PLW2901
            self.repo.git("config", *where, name, value)

    def fall_for(self, *bait: str) -> bool:
        """Whether an ordinary git command, on a terminal, leaves the trace."""
        self.trace.unlink(missing_ok=True)
        terminal, output = os.openpty()
        try:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            subprocess.run(("git", *bait), cwd=self.root, env=self.repo.env, timeout=20, check=False, **streams)
        finally:
            os.close(terminal)
            os.close(output)
        return self.trace.exists()

    def judge(self) -> list[dict[str, bytes]]:
        """The content of all three snapshots, seen through everything they offer; nothing may have run."""
        self.trace.unlink(missing_ok=True)
        seen = []
        for opened in (work_tree(str(self.root)), index(str(self.root)), commit(str(self.root), "HEAD")):
            with opened:
                opened.below("folder")
                opened.changed()
                entries = [entry for entry in opened.entries() if opened.entry(entry.path) and entry.kind != SUBMODULE]
                assert all(opened.size(entry) >= 0 for entry in entries)
                seen.append({entry.path: opened.read(entry) for entry in entries})
        assert not self.trace.exists(), "something of the repository has run"
        return seen


@pytest.fixture
def hostile(repo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hostile:
    for name in set(os.environ) - set(repo.env):
        monkeypatch.delenv(name)
    for name, value in repo.env.items():
        monkeypatch.setenv(name, value)
    repo.write(COMMITTED).commit()
    repo.write({"a": "two $Id$\n"}).git("add", "a")
    repo.write({"a": "three $Id$\n", "b": "two\n", "folder/new": "new\n"})
    return Hostile(repo, tmp_path)


EXPECTED = [
    {**COMMITTED, "a": "three $Id$\n", "b": "two\n", "folder/new": "new\n"},
    {**COMMITTED, "a": "two $Id$\n"},
    COMMITTED,
]
EXPECTED_BYTES = [{path: content.encode() for path, content in tree.items()} for tree in EXPECTED]


@pytest.mark.parametrize("name", TRAPS)
def test_no_setting_runs_anything(hostile: Hostile, name: str) -> None:
    hostile.set(TRAPS[name].settings)
    assert hostile.judge() == EXPECTED_BYTES
    assert hostile.fall_for(*TRAPS[name].bait), "the trap does not work"


def test_all_settings_together(hostile: Hostile) -> None:
    for trap in TRAPS.values():
        hostile.set(trap.settings)
    assert hostile.judge() == EXPECTED_BYTES


def test_hooks_in_their_usual_place(hostile: Hostile) -> None:
    for name in HOOKS:
        hostile.script(hostile.root / ".git" / "hooks" / name)
    assert hostile.judge() == EXPECTED_BYTES
    assert hostile.fall_for("add", "b")


def test_settings_of_the_worktree(hostile: Hostile) -> None:
    hostile.set({"extensions.worktreeConfig": "true"})
    hostile.set({"core.fsmonitor": "EVIL", "core.worktree": "/nonexistent"}, "--worktree")
    assert hostile.judge() == EXPECTED_BYTES


def test_settings_of_a_submodule(hostile: Hostile, tmp_path: Path) -> None:
    hostile.repo.git("clone", "-q", ".", str(tmp_path / "part"))
    hostile.repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "part"), "sub")
    hostile.set({"core.fsmonitor": "EVIL"}, "-f", ".git/modules/sub/config")
    hostile.set({"submodule.recurse": "true"})
    seen = hostile.judge()
    assert "sub/a" not in seen[0]
    assert hostile.fall_for("status")


def test_settings_of_a_nested_repository(hostile: Hostile) -> None:
    hostile.repo.git("init", "-q", "nested")
    hostile.repo.git("-C", "nested", "commit", "-q", "--allow-empty", "-m", "x")
    hostile.set({"core.fsmonitor": "EVIL"}, "-f", "nested/.git/config")
    assert hostile.judge() == EXPECTED_BYTES


def test_work_tree_elsewhere(hostile: Hostile, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("")
    hostile.set({"core.worktree": str(tmp_path / "elsewhere")})
    assert hostile.repo.git("ls-files", "--others") == "secret\n"
    assert hostile.judge() == EXPECTED_BYTES


def test_repository_that_says_it_is_bare(hostile: Hostile) -> None:
    hostile.set({"core.bare": "true"})
    assert hostile.judge() == EXPECTED_BYTES


@pytest.mark.parametrize("name", FETCHES)
def test_missing_content_is_not_fetched(hostile: Hostile, name: str) -> None:
    hostile.set({"core.repositoryFormatVersion": "1", "extensions.partialClone": "origin"})
    hostile.set({"remote.origin.promisor": "true", "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*"})
    hostile.set(FETCHES[name])
    blob = hostile.repo.git("rev-parse", "HEAD:b").strip()
    path = hostile.root / ".git" / "objects" / blob[:2] / blob[2:]
    path.unlink()
    for opened in (index(str(hostile.root)), commit(str(hostile.root), "HEAD")):
        with opened:
            entry = opened.entry("b")
            assert entry
            with pytest.raises(RepositoryError, match=r"could not fetch|not in this clone") as caught:
                opened.read(entry)
            assert "checks never fetch" in caught.value.hint
    assert not hostile.trace.exists()
    assert hostile.fall_for("cat-file", "-p", blob), "the trap does not work"


def test_git_in_the_repository(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.script(hostile.root / "git")
    monkeypatch.chdir(hostile.root)
    monkeypatch.setenv("PATH", f".::{os.environ['PATH']}")
    expected = (hostile.root / "git").read_bytes()
    assert hostile.judge() == [{**EXPECTED_BYTES[0], "git": expected}, *EXPECTED_BYTES[1:]]
    subprocess.run("git ls-files", shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    assert hostile.trace.exists(), "the trap does not work"


@pytest.mark.parametrize("place", ["core.excludesFile", "include.path", ".git/info/exclude", ".gitignore"])
def test_fifo_in_the_place_of_settings(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    fifo = hostile.root / place if place.startswith(".") else tmp_path / "fifo"
    fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    if not place.startswith("."):
        hostile.set({place: str(fifo)})
    monkeypatch.setattr(git, "PATIENCE", 0.2)
    started = time.monotonic()
    with pytest.raises(RepositoryError, match="no answer"):
        work_tree(str(hostile.root)).entries()
    assert time.monotonic() - started < 5


def test_fifo_in_the_place_of_the_git_folder(repo: Any, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    os.mkfifo(tmp_path / "plain" / ".git")
    assert git.discover(str(tmp_path / "plain")) is None
