"""What each commit brought, as git tells it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guardrails.errors import RepositoryError
from guardrails.repository.history import History
from tests.unit.repository.running import run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    run("init", "-q", "-b", "main", ".", cwd=tmp_path)
    return tmp_path


def commit(root: Path, **files: str) -> str:
    for name, text in files.items():
        (root / name).write_text(text)
    run("add", "-A", cwd=root)
    run("commit", "-q", "--allow-empty", "-m", "commit 0 :x", cwd=root)
    return run("rev-parse", "HEAD", cwd=root)


def brought(root: Path, wanted: str = "HEAD") -> list[tuple[str, str, list[str]]]:
    """Commit, path, and the paths of what it was made from."""
    history = History(str(root), wanted)
    found = list(history.added())
    history.close()
    assert history.started == history.commits
    return [(item.commit, item.entry.path, [entry.path for entry in item.before]) for item in found]


LONG = "".join(f"{number}\n" for number in range(30))


def test_additions_changes_renames_and_deletions_oldest_first(root: Path) -> None:
    one = commit(root, a=LONG, b="b")
    two = commit(root, a=LONG + "more")
    run("mv", "a", "c", cwd=root)
    three = commit(root, c=LONG)
    run("rm", "-q", "c", cwd=root)
    commit(root)
    assert brought(root) == [(one, "a", []), (one, "b", []), (two, "a", ["a"]), (three, "c", ["a"])]
    assert brought(root, "HEAD~2..HEAD~1") == [(three, "c", ["a"])]


def test_a_merge_brings_what_no_parent_has(root: Path) -> None:
    commit(root, a=LONG)
    run("checkout", "-q", "-b", "topic", cwd=root)
    one = commit(root, a="one\n" + LONG, only="topic")
    run("checkout", "-q", "main", cwd=root)
    run("mv", "a", "b", cwd=root)
    two = commit(root, b=LONG + "two\n")
    run("merge", "-q", "--no-commit", "topic", cwd=root)
    merge = commit(root, evil="evil")
    found = brought(root, "HEAD~1..") if one > two else brought(root, f"HEAD ^{two} ^{one}")
    assert (merge, "evil", []) in found
    assert (merge, "b", ["b", "a"]) in found
    assert not any(path == "only" for id, path, _ in found if id == merge)


def test_links_and_submodules_are_no_files(root: Path) -> None:
    os.symlink("x", root / "link")
    one = commit(root, a="a")
    (root / "a").unlink()
    os.symlink("x", root / "a")
    commit(root)
    (root / "a").unlink()
    three = commit(root, a="again")
    assert brought(root) == [(one, "a", []), (three, "a", [])]


def test_settings_of_the_repository_change_nothing(root: Path) -> None:
    one = commit(root, a=LONG)
    run("mv", "a", "b", cwd=root)
    two = commit(root)
    fifo = root / ".git/fifo"
    os.mkfifo(fifo)
    for name, value in {
        "log.showRoot": "false",
        "log.showSignature": "true",
        "log.mailmap": "true",
        "mailmap.file": str(fifo),
        "diff.renames": "false",
        "diff.orderFile": str(fifo),
        "diff.relative": "true",
        "color.ui": "always",
        "format.pretty": "raw",
        "log.diffMerges": "separate",
        "log.decorate": "full",
        "core.abbrev": "4",
        "notes.displayRef": "refs/notes/*",
        "log.date": "relative",
        "log.follow": "true",
        "diff.noPrefix": "true",
    }.items():
        run("config", name, value, cwd=root)
    run("notes", "add", "-m", "a note", cwd=root)
    assert brought(root) == [(one, "a", []), (two, "b", ["a"])]


def test_a_date_that_is_none_is_empty(root: Path) -> None:
    tree = run("rev-parse", f"{commit(root, a='a')}^{{tree}}", cwd=root)
    text = f"tree {tree}\nauthor A <a@b> x +0000\ncommitter A <a@b> 1700000000 +0000\n\nm\n"
    broken = run("hash-object", "-w", "-t", "commit", "--literally", "--stdin", cwd=root, input=text)
    history = History(str(root), broken)
    assert [item.authored for item in history.added()] == [""]
    history.close()


def test_names_that_look_like_something_else(root: Path) -> None:
    names = ["commit 0 0", ":100644", "\n:x", "caf\udce9", "-a"]
    one = commit(root, **dict.fromkeys(names, "x"))
    assert sorted(path for _, path, _ in brought(root)) == sorted(names)
    assert {id for id, *_ in brought(root)} == {one}


@pytest.mark.parametrize("wanted", ["nowhere", "--all --output=x", "^HEAD nowhere", "--exec-path", "-1"])
def test_what_is_no_range_is_an_error(root: Path, wanted: str) -> None:
    commit(root, a="a")
    with pytest.raises(RepositoryError, match="names no commits of this repository"):
        History(str(root), wanted)
    assert not (root / "x").exists()


def test_history_that_breaks_off_is_an_error(root: Path) -> None:
    commit(root, a=LONG)
    commit(root, a="other")
    tree = run("rev-parse", "HEAD~1^{tree}", cwd=root)
    history = History(str(root), "HEAD")
    (root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(RepositoryError, match="git log failed"):
        list(history.added())
    history.close()
