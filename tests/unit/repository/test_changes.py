import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails.errors import RepositoryError
from guardrails.repository import changes, snapshot
from guardrails.repository.change import ADDED, DELETED, MODIFIED, RENAMED, Change, ChangedFile, Commit
from guardrails.repository.snapshot import OpenSnapshot
from tests.unit.repository.running import run

LINES = "".join(f"line {number}\n" for number in range(40))
ODD_NAMES = [b"new\nline", b"tab\tx", b"latin\xe9", b"\xff\xfe", b"-dash", b":(top)x", b" blank ", b"R100", b"? x"]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository whose ``main`` has a commit, with ``topic`` checked out."""
    top = (tmp_path / "top").resolve()
    top.mkdir()
    run("init", "-q", "-b", "main", cwd=top)
    for name in ("kept", "edited", "gone", "folder/moved"):
        write(top, name, f"{name}\n{LINES}")
    commit(top, "one")
    run("checkout", "-q", "-b", "topic", cwd=top)
    return top


def write(top: Path, name: str, content: str | bytes = "content\n") -> None:
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_bytes(content.encode() if isinstance(content, str) else content)


def commit(top: Path, message: str, *options: str) -> str:
    run("add", "-A", cwd=top)
    run("commit", "-q", "--allow-empty", "-m", message, *options, cwd=top)
    return run("rev-parse", "HEAD", cwd=top)


def since(top: Path, ref: str = "main", head: OpenSnapshot | None = None) -> Change:
    with head or snapshot.work_tree(str(top)) as opened:
        return changes.since(str(top), ref, opened)


def told(change: Change) -> list[tuple[str, ...]]:
    return [tuple(part for part in (file.path, file.status, file.before) if part) for file in change.files]


def each_way(top: Path) -> list[list[tuple[str, ...]]]:
    """What is told of the work tree, the index and the last commit."""
    heads = (snapshot.work_tree(str(top)), snapshot.index(str(top)), snapshot.commit(str(top), "HEAD"))
    return [told(since(top, "main", head)) for head in heads]


class TestFiles:
    def test_nothing_changed(self, top: Path) -> None:
        assert each_way(top) == [[], [], []]

    def test_all_kinds_of_change_wherever_they_are(self, top: Path) -> None:
        write(top, "new")
        write(top, "edited", "edited\n")
        (top / "gone").unlink()
        (top / "other").mkdir()
        (top / "folder" / "moved").rename(top / "other" / "place")
        write(top, "other/place", f"folder/moved\n{LINES}more\n")
        run("add", "-A", cwd=top)
        expected = [
            ("edited", MODIFIED, "edited"),
            ("gone", DELETED, "gone"),
            ("new", ADDED),
            ("other/place", RENAMED, "folder/moved"),
        ]
        assert each_way(top) == [expected, expected, []]
        commit(top, "two")
        assert each_way(top) == [expected] * 3

    def test_files_of_a_change_know_their_path(self, top: Path) -> None:
        write(top, "new")
        assert since(top).by_path == {"new": ChangedFile("new", ADDED)}

    def test_unstaged_and_untracked_files_are_of_the_work_tree_only(self, top: Path) -> None:
        write(top, "edited", "edited\n")
        (top / "gone").unlink()
        write(top, "untracked")
        write(top, ".gitignore", "ignored\n")
        write(top, "ignored")
        expected = [
            (".gitignore", ADDED),
            ("edited", MODIFIED, "edited"),
            ("gone", DELETED, "gone"),
            ("untracked", ADDED),
        ]
        assert each_way(top) == [expected, [], []]

    def test_the_base_is_where_the_histories_parted(self, top: Path) -> None:
        write(top, "ours")
        commit(top, "ours")
        run("checkout", "-q", "main", cwd=top)
        write(top, "theirs")
        write(top, "edited", "theirs\n")
        commit(top, "theirs")
        run("checkout", "-q", "topic", cwd=top)
        change = since(top)
        assert told(change) == [("ours", ADDED)]
        assert change.base.title == f"commit {run('rev-parse', 'main~1', cwd=top)[:10]}"
        with snapshot.work_tree(str(top)) as opened:
            base = changes.since(str(top), "main", opened).base
            entry = base.entry("edited")
            assert entry
            assert base.read(entry) == f"edited\n{LINES}".encode()
            base.close()

    def test_merging_the_base_brings_nothing(self, top: Path) -> None:
        write(top, "ours")
        commit(top, "ours")
        run("checkout", "-q", "main", cwd=top)
        write(top, "theirs")
        commit(top, "theirs")
        run("checkout", "-q", "topic", cwd=top)
        run("merge", "-q", "--no-edit", "main", cwd=top)
        change = since(top)
        assert told(change) == [("ours", ADDED)]
        assert [(made.message, made.parents) for made in change.commits] == [
            ("ours", 1),
            ("Merge branch 'main' into topic", 2),
        ]

    def test_work_tree_may_undo_what_is_staged(self, top: Path) -> None:
        original = (top / "edited").read_bytes()
        write(top, "edited", "staged\n")
        write(top, "added")
        run("mv", "folder/moved", "elsewhere", cwd=top)
        run("rm", "-q", "--cached", "gone", "kept", cwd=top)
        run("add", "edited", "added", cwd=top)
        write(top, "edited", original)
        write(top, "kept", "changed and no longer tracked\n")
        (top / "added").unlink()
        write(top, "folder/moved", "something new\n")
        assert each_way(top)[0] == [
            ("elsewhere", ADDED),
            ("folder/moved", MODIFIED, "folder/moved"),
            ("kept", MODIFIED, "kept"),
        ]
        assert [file[:2] for file in each_way(top)[1]] == [
            ("added", ADDED),
            ("edited", MODIFIED),
            ("elsewhere", RENAMED),
            ("gone", DELETED),
            ("kept", DELETED),
        ]
        (top / "elsewhere").unlink()
        assert ("elsewhere", ADDED) not in each_way(top)[0]

    def test_touched_files_are_not_changed(self, top: Path) -> None:
        for name in ("kept", "edited"):
            os.utime(top / name, (1, 1))
        content = (top / "kept").read_bytes()
        (top / "kept").unlink()
        write(top, "kept", content)
        assert each_way(top)[0] == []
        (top / "kept").chmod(0o755)
        (top / "edited").unlink()
        (top / "edited").symlink_to("kept")
        expected = [("edited", MODIFIED, "edited"), ("kept", MODIFIED, "kept")]
        assert each_way(top)[0] == expected
        commit(top, "two")
        assert each_way(top) == [expected] * 3

    @pytest.mark.parametrize("mode", [0o644, 0o755])
    def test_files_that_are_no_longer_tracked_are_not_changed(self, top: Path, mode: int) -> None:
        (top / "kept").chmod(mode)
        (top / "link").symlink_to("kept")
        commit(top, "two")
        run("rm", "-q", "--cached", "kept", "link", cwd=top)
        assert told(since(top, "HEAD")) == []

    def test_change_of_the_same_size_in_the_same_second(self, top: Path) -> None:
        write(top, "racy", "one\n")
        commit(top, "two")
        write(top, "racy", "two\n")
        assert told(since(top, "HEAD")) == [("racy", MODIFIED, "racy")]

    def test_large_file_is_not_read_to_be_compared(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("guardrails.repository.differences._COMPARED", 10)
        os.utime(top / "kept", (1, 1))
        assert told(since(top)) == [("kept", MODIFIED, "kept")]

    def test_plain_move_is_told_as_two_changes(self, top: Path) -> None:
        (top / "kept").rename(top / "else")
        assert told(since(top)) == [("else", ADDED), ("kept", DELETED, "kept")]

    def test_odd_names_in_order(self, top: Path) -> None:
        base = os.fsencode(top)
        for name in ODD_NAMES:
            Path(os.fsdecode(os.path.join(base, name))).write_bytes(b"x\n" + name)
        expected = [(os.fsdecode(name), ADDED) for name in sorted(ODD_NAMES)]
        assert told(since(top)) == expected
        run("add", "-A", cwd=top)
        assert each_way(top)[:2] == [expected, expected]
        commit(top, "two")
        for name in ODD_NAMES:
            path = os.path.join(base, name)
            os.rename(path, path + b".moved")
        run("add", "-A", cwd=top)
        change = since(top, "HEAD")
        assert change.files == tuple(
            ChangedFile(os.fsdecode(name) + ".moved", RENAMED, os.fsdecode(name)) for name in sorted(ODD_NAMES)
        )

    def test_submodules_are_paths(self, top: Path, tmp_path: Path) -> None:
        run("clone", "-q", top, tmp_path / "part", cwd=tmp_path)
        run("submodule", "--quiet", "add", tmp_path / "part", "sub", cwd=top)
        assert told(since(top)) == [(".gitmodules", ADDED), ("sub", ADDED)]
        commit(top, "two")
        write(top / "sub", "kept", "dirty\n")
        assert told(since(top, "HEAD")) == []
        commit(top / "sub", "inside")
        assert told(since(top, "HEAD")) == [("sub", MODIFIED, "sub")]

    def test_conflicts(self, top: Path) -> None:
        write(top, "edited", "ours\n")
        write(top, "both", "ours\n")
        commit(top, "ours")
        run("checkout", "-q", "main", cwd=top)
        write(top, "edited", "theirs\n")
        write(top, "both", "theirs\n")
        commit(top, "theirs")
        run("checkout", "-q", "topic", cwd=top)
        run("merge", "-q", "main", cwd=top, code=1)
        tree = told(since(top, "HEAD"))
        assert tree == [("both", MODIFIED, "both"), ("edited", MODIFIED, "edited")]
        assert told(since(top, "HEAD", snapshot.index(str(top)))) == []

    def test_files_that_are_only_intended_to_be_added(self, top: Path) -> None:
        write(top, "intended")
        run("add", "-N", "intended", cwd=top)
        assert each_way(top) == [[("intended", ADDED)], [], []]

    def test_sparse_checkout_deletes_nothing(self, top: Path) -> None:
        run("sparse-checkout", "set", "--no-cone", "/edited", cwd=top)
        assert not (top / "kept").exists()
        assert each_way(top)[0] == []

    def test_linked_work_tree(self, top: Path, tmp_path: Path) -> None:
        run("worktree", "add", "-q", "-b", "linked", tmp_path / "other", cwd=top)
        write(tmp_path / "other", "there")
        write(top, "here")
        change = since(tmp_path / "other")
        assert (told(change), change.branch) == ([("there", ADDED)], "linked")

    def test_bare_repository_with_a_commit(self, top: Path, tmp_path: Path) -> None:
        write(top, "new")
        commit(top, "two")
        run("clone", "-q", "--bare", top, tmp_path / "bare", cwd=tmp_path)
        bare = tmp_path / "bare"
        assert told(since(bare, "main", snapshot.commit(str(bare), "topic"))) == [("new", ADDED)]

    def test_sha256(self, tmp_path: Path) -> None:
        run("init", "-q", "-b", "main", "--object-format=sha256", cwd=tmp_path)
        write(tmp_path, "kept")
        write(tmp_path, "edited")
        commit(tmp_path, "one")
        os.utime(tmp_path / "kept", (1, 1))
        write(tmp_path, "edited", "changed\n")
        assert told(since(tmp_path)) == [("edited", MODIFIED, "edited")]
        with snapshot.index(str(tmp_path)) as index:
            assert changes.pending(str(tmp_path), index, "x").files == ()

    @pytest.mark.parametrize("kind", ["clean", "process"])
    @pytest.mark.parametrize("name", ["evil", "a=b", "E.vi'l"])
    def test_nothing_of_the_repository_runs(self, top: Path, tmp_path: Path, kind: str, name: str) -> None:
        trap = tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\nexec cat\n")
        trap.chmod(0o755)
        write(top, "racy", "one\n")
        write(top, "renamed", LINES)
        commit(top, "two")
        (top / ".git" / "info").mkdir(exist_ok=True)
        (top / ".git" / "info" / "attributes").write_text(f"* filter={name} diff=evil\n")
        for setting in (
            f"filter.{name}.{kind}",
            "diff.evil.textconv",
            "diff.evil.command",
            "diff.external",
            "core.fsmonitor",
            "gpg.program",
        ):
            run("config", setting, str(trap), cwd=top)
        run("config", f"filter.{name}.required", "true", cwd=top)
        run("config", "log.showSignature", "true", cwd=top)
        write(top, "racy", "two\n")
        (top / "renamed").rename(top / "other")
        index = top / ".git" / "index"
        os.utime(index, (1, 1))  # Older than all files: git has to look at every one.
        change = since(top)
        assert [file[:2] for file in change.files] == [("other", ADDED), ("racy", ADDED)]
        with snapshot.work_tree(str(top)) as head:
            assert changes.brought(str(top), changes.since(str(top), "main", head), "racy", 1) is None
            assert changes.brought(str(top), changes.since(str(top), "main", head), "kept", 1) is None
        assert not (tmp_path / "sprung").exists()
        run("-c", "core.fsmonitor=false", "diff-files", "--raw", cwd=top, code=128 if kind == "process" else 0)
        assert (tmp_path / "sprung").exists(), "the trap does not work"


class TestCommits:
    def test_oldest_first_with_author_and_message(self, top: Path) -> None:
        first = commit(top, "feat: one\n\nbody\n\n  indented\nSigned-off-by: x", "--author=B <b@example.org>")
        second = commit(top, "fix: two")
        assert since(top).commits == (
            Commit(first, "B", "b@example.org", "feat: one\n\nbody\n\n  indented\nSigned-off-by: x", 1),
            Commit(second, "A", "a@example.org", "fix: two", 1),
        )

    def test_no_setting_tells_another_author(self, top: Path) -> None:
        write(top, ".mailmap", "Other <other@example.org> <a@example.org>\n")
        commit(top, "caf\u00e9")
        for setting, value in {
            "log.mailmap": "true",
            "i18n.logOutputEncoding": "latin1",
            "format.pretty": "oneline",
            "log.showSignature": "true",
            "color.ui": "always",
            "core.quotePath": "true",
            "diff.renames": "false",
            "diff.noprefix": "true",
        }.items():
            run("config", setting, value, cwd=top)
        (made,) = since(top).commits
        assert made[1:] == ("A", "a@example.org", "caf\u00e9", 1)

    def test_messages_in_other_encodings(self, top: Path) -> None:
        run("-c", "i18n.commitEncoding=latin1", "commit", "-q", "--allow-empty", "-F", "-", cwd=top, input="caf")
        (top / "message").write_bytes(b"caf\xe9\n")
        run("-c", "i18n.commitEncoding=latin1", "commit", "-q", "--allow-empty", "-F", "message", cwd=top)
        assert [made.message for made in since(top).commits] == ["caf", "caf\u00e9"]

    def test_odd_commit_objects(self, top: Path) -> None:
        tree, parent = run("rev-parse", "HEAD^{tree}", "HEAD", cwd=top).split()
        raw = f"tree {tree}\nparent {parent}\nauthor <> 0 +0000\ncommitter C <c@example.org> 0 +0000\n\nx\0forged\0y\n"
        id = run("hash-object", "-t", "commit", "-w", "--literally", "--stdin", cwd=top, input=raw)
        run("update-ref", "HEAD", id, cwd=top)
        (made,) = since(top).commits
        assert made == Commit(id, "", "", "x", 1)

    def test_empty_message(self, top: Path) -> None:
        commit(top, "", "--allow-empty-message")
        commit(top, "x")
        assert [made.message for made in since(top).commits] == ["", "x"]

    def test_side_branches_are_part_of_the_change(self, top: Path) -> None:
        run("checkout", "-q", "-b", "side", cwd=top)
        commit(top, "side")
        run("checkout", "-q", "topic", cwd=top)
        commit(top, "topic")
        run("merge", "-q", "--no-ff", "-m", "both", "side", cwd=top)
        made = since(top).commits
        assert {each.message for each in made[:2]} == {"side", "topic"}
        assert (made[2].message, made[2].parents) == ("both", 2)

    @pytest.mark.parametrize("name", ["topic", "feature/x-1", "caf\u00e9"])
    def test_branch(self, top: Path, name: str) -> None:
        run("branch", "-m", name, cwd=top)
        run("tag", name, cwd=top)
        for head in (snapshot.work_tree(str(top)), snapshot.index(str(top)), snapshot.commit(str(top), "HEAD")):
            assert since(top, "main", head).branch == name

    def test_no_branch(self, top: Path) -> None:
        commit(top, "two")
        assert since(top, "main", snapshot.commit(str(top), "main")).branch == ""
        run("checkout", "-q", "--detach", cwd=top)
        assert since(top).branch == ""


class TestRefused:
    def refused(self, top: Path, ref: str = "main", head: OpenSnapshot | None = None) -> RepositoryError:
        with pytest.raises(RepositoryError) as caught:
            since(top, ref, head)
        return caught.value

    @pytest.mark.parametrize("ref", ["nope", "", "-x", "main\n", "HEAD:kept", "^main", "a..b"])
    def test_unknown_ref(self, top: Path, ref: str) -> None:
        error = self.refused(top, ref)
        assert error.message == f"no commit named {ref!r}"
        assert "git fetch" in error.hint
        assert "unshallow" not in error.hint

    def test_unborn(self, tmp_path: Path) -> None:
        run("init", "-q", cwd=tmp_path)
        error = self.refused(tmp_path)
        assert "there is no commit yet to compare with 'main'" in str(error)
        assert "first commit" in error.hint

    def test_unrelated_histories(self, top: Path) -> None:
        run("checkout", "-q", "--orphan", "alone", cwd=top)
        id = commit(top, "alone")
        error = self.refused(top)
        assert error.message == f"'main' and commit {id[:10]} have no commit in common"
        assert "descends from" in error.hint

    def test_root_commit_is_a_base(self, top: Path) -> None:
        write(top, "new")
        commit(top, "two")
        change = since(top, run("rev-list", "--max-parents=0", "HEAD", cwd=top))
        assert (told(change), len(change.commits)) == ([("new", ADDED)], 1)

    def test_no_repository(self, tmp_path: Path) -> None:
        assert "is in no git repository" in self.refused(tmp_path).message

    def test_folder_that_is_walked(self, top: Path) -> None:
        assert "git is needed" in self.refused(top, "main", snapshot.work_tree(str(top), use_git=False)).message

    def test_missing_objects(self, top: Path) -> None:
        write(top, "new")
        commit(top, "two")
        base = run("rev-parse", "main", cwd=top)
        (top / ".git" / "objects" / base[:2] / base[2:]).unlink()
        assert "git " in self.refused(top, "HEAD~1").hint

    @pytest.mark.parametrize("ref", ["origin/main", "HEAD~1", "origin/base"])
    def test_shallow_clone(self, top: Path, tmp_path: Path, ref: str) -> None:
        run("branch", "base", "main", cwd=top)
        commit(top, "two")
        commit(top, "three")
        run("checkout", "-q", "main", cwd=top)
        commit(top, "main goes on")
        run("checkout", "-q", "topic", cwd=top)
        clone = tmp_path / "clone"
        run("clone", "-q", "--depth=1", f"file://{top}", clone, cwd=tmp_path)
        if ref == "origin/main":
            run("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main", cwd=clone)
        error = self.refused(clone, ref)
        assert ("have no commit in common" if ref == "origin/main" else "no commit named") in error.message
        remedies = ("git fetch --unshallow", "fetch-depth: 0", "GIT_DEPTH: 0", "fetchDepth: 0", "clone: depth: full")
        for remedy in remedies:
            assert remedy in error.hint

    def test_shallow_clone_that_is_deep_enough(self, top: Path, tmp_path: Path) -> None:
        write(top, "new")
        commit(top, "two")
        run("clone", "-q", "--depth=2", f"file://{top}", tmp_path / "clone", cwd=tmp_path)
        change = since(tmp_path / "clone", "HEAD~1")
        assert (told(change), [made.message for made in change.commits]) == ([("new", ADDED)], ["two"])


def test_exists(top: Path) -> None:
    assert changes.exists(str(top), "main")
    assert not changes.exists(str(top), "origin/main")


class TestPending:
    def pending(self, top: Path, message: str = "x\n") -> Change:
        with snapshot.index(str(top)) as index:
            return changes.pending(str(top), index, message)

    def test_next_commit(self, top: Path) -> None:
        write(top, "ours")
        commit(top, "ours")
        write(top, "staged")
        run("mv", "kept", "moved", cwd=top)
        run("add", "staged", cwd=top)
        write(top, "untracked")
        write(top, "edited", "unstaged\n")
        change = self.pending(top, "feat: x\n\nbody\n")
        assert told(change) == [("moved", RENAMED, "kept"), ("staged", ADDED)]
        assert change.commits == (Commit("", "A", "a@example.org", "feat: x\n\nbody", 1),)
        assert change.branch == "topic"
        assert change.base.title.startswith("commit ")

    def test_first_commit(self, tmp_path: Path) -> None:
        run("init", "-q", "-b", "trunk", cwd=tmp_path)
        write(tmp_path, "first")
        run("add", "-A", cwd=tmp_path)
        change = self.pending(tmp_path)
        assert (told(change), change.branch) == ([("first", ADDED)], "trunk")
        assert change.commits[0].parents == 0
        assert list(change.base.entries()) == []

    def test_merge(self, top: Path) -> None:
        write(top, "ours")
        commit(top, "ours")
        run("checkout", "-q", "-b", "side", "main", cwd=top)
        write(top, "theirs")
        commit(top, "theirs")
        run("merge", "-q", "--no-commit", "topic", cwd=top)
        change = self.pending(top)
        assert (told(change), change.commits[0].parents) == ([("ours", ADDED)], 2)

    def test_author_is_who_git_takes(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GIT_CONFIG_COUNT")
        run("config", "user.name", "A", cwd=top)
        run("config", "user.email", "local@example.org", cwd=top)
        assert self.pending(top).commits[0][1:3] == ("A", "local@example.org")
        monkeypatch.setenv("GIT_AUTHOR_NAME", "B C")
        monkeypatch.setenv("GIT_AUTHOR_EMAIL", "b@example.org")
        assert self.pending(top).commits[0][1:3] == ("B C", "b@example.org")
        monkeypatch.setenv("GIT_AUTHOR_DATE", "nonsense")
        assert self.pending(top).commits[0][1:3] == ("", "")

    @pytest.mark.parametrize(
        ("message", "committed"),
        [
            ("one\n# comment\ntwo\n#\n", "one\ntwo"),
            ("\n\n one  \n\n\nbody\t\n\n", " one\n\nbody"),
            ("one\x0b#two\u2028#\n", "one\x0b#two\u2028#"),
            ("one\n# ------------------------ >8 ------------------------\ndiff --git a b\n+x\n", "one"),
            (
                "one\n ------------------------ >8 ------------------------\nx\n",
                "one\n ------------------------ >8 ------------------------\nx",
            ),
            ("# only\n", ""),
            ("", ""),
            ("one\r\ntwo\r\n", "one\ntwo"),
        ],
    )
    def test_message_without_what_git_strips(self, top: Path, message: str, committed: str) -> None:
        assert self.pending(top, message).commits[0].message == committed

    @pytest.mark.parametrize(("mark", "committed"), [(";", "#1\n# two"), ("auto", "; x"), ("//", "#1\n# two\n; x")])
    def test_comment_character(self, top: Path, mark: str, committed: str) -> None:
        run("config", "core.commentString" if len(mark) == 2 else "core.commentChar", mark, cwd=top)
        scissors = f"{'#' if mark == 'auto' else mark} ------------------------ >8 ------------------------"
        assert self.pending(top, f"#1\n# two\n; x\n{scissors}\nrest\n").commits[0].message == committed

    def test_what_git_commits_is_what_is_told(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        hook = top / ".git" / "hooks" / "commit-msg"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\nprintf %s "$GIT_EDITOR" > .git/editor\ncp "$1" .git/seen\n')
        hook.chmod(0o755)
        text = "one\n\n#2 two\n"
        run("commit", "-q", "--allow-empty", "-m", text, cwd=top)
        monkeypatch.setenv("GIT_EDITOR", (top / ".git" / "editor").read_text())
        seen = (top / ".git" / "seen").read_text()
        assert self.pending(top, seen).commits[0].message == run("log", "-1", "--format=%B", cwd=top)
        assert "#2" in seen


class TestBrought:
    def by(self, top: Path, path: str, line: int, ref: str = "main", head: OpenSnapshot | None = None) -> str | None:
        with head or snapshot.work_tree(str(top)) as opened:
            change = changes.since(str(top), ref, opened)
            found = changes.brought(str(top), change, path, line)
            change.base.close()
        return found.message if found else None

    def test_last_commit_of_the_change_that_touched_the_line(self, top: Path) -> None:
        write(top, "edited", f"first\n{LINES}")
        commit(top, "one of ours")
        write(top, "edited", f"zeroth\nfirst\n{LINES}last\n")
        commit(top, "two of ours", "--author=B <b@example.org>")
        assert self.by(top, "edited", 1) == "two of ours"
        assert self.by(top, "edited", 2) == "one of ours"
        assert self.by(top, "edited", 3) is None
        assert self.by(top, "edited", 42) is None
        assert self.by(top, "edited", 43) == "two of ours"
        assert self.by(top, "edited", 44) is None
        assert self.by(top, "edited", 0) is None
        assert self.by(top, "nope", 1) is None
        assert self.by(top, "kept", 1) is None
        assert self.by(top, "edited", 2, "HEAD") is None
        assert self.by(top, "edited", 2, "HEAD~1") is None

    def test_lines_of_a_work_tree_that_has_moved_on(self, top: Path) -> None:
        write(top, "edited", f"edited\nours\n{LINES}")
        commit(top, "ours")
        write(top, "edited", f"uncommitted\nedited\nours\n{LINES}")
        assert self.by(top, "edited", 1) is None
        assert self.by(top, "edited", 2) is None
        assert self.by(top, "edited", 3) == "ours"
        index = snapshot.index(str(top))
        assert self.by(top, "edited", 2, head=index) == "ours"
        assert self.by(top, "edited", 2, head=snapshot.commit(str(top), "HEAD")) == "ours"

    def test_through_merges_and_renames(self, top: Path) -> None:
        run("checkout", "-q", "-b", "side", cwd=top)
        write(top, "folder/moved", f"folder/moved\n{LINES}side\n")
        commit(top, "side")
        run("checkout", "-q", "topic", cwd=top)
        write(top, "folder/moved", f"topic\nfolder/moved\n{LINES}")
        commit(top, "topic")
        run("mv", "folder/moved", "odd:na\nme", cwd=top)
        commit(top, "rename")
        run("merge", "-q", "--no-ff", "-m", "both", "side", cwd=top)
        write(top, "folder/x")
        commit(top, "after")
        assert self.by(top, "odd:na\nme", 1) == "topic"
        assert self.by(top, "odd:na\nme", 2) is None
        assert self.by(top, "odd:na\nme", 20) is None
        assert self.by(top, "odd:na\nme", 43) == "side"

    def test_deleting_a_neighbour_is_not_bringing(self, top: Path) -> None:
        write(top, "edited", LINES)
        commit(top, "deleted the line above")
        assert self.by(top, "edited", 1) is None

    def test_merge_that_brings_a_line_of_its_own(self, top: Path) -> None:
        run("checkout", "-q", "-b", "side", cwd=top)
        commit(top, "side")
        run("checkout", "-q", "topic", cwd=top)
        commit(top, "topic")
        run("merge", "-q", "--no-ff", "--no-commit", "side", cwd=top)
        write(top, "edited", f"evil\n{LINES}")
        commit(top, "evil merge")
        assert self.by(top, "edited", 1) == "evil merge"

    def test_settings_do_not_matter(self, top: Path) -> None:
        write(top, "edited", f"edited\nours\n{LINES}")
        id = commit(top, "ours")
        (top / ".git" / "ignored").write_text(id)
        for setting, value in {
            "blame.ignoreRevsFile": ".git/ignored",
            "log.showSignature": "true",
            "log.decorate": "full",
            "log.follow": "true",
            "color.ui": "always",
            "diff.renames": "false",
            "format.pretty": "email",
            "log.graphColors": "red",
            "log.diffMerges": "combined",
            "diff.external": "false",
            "notes.displayRef": "*",
        }.items():
            run("config", setting, value, cwd=top)
        run("notes", "add", "-m", "a note", cwd=top)
        assert self.by(top, "edited", 2) == "ours"

    def test_pending_commit_is_not_committed(self, top: Path) -> None:
        write(top, "staged")
        run("add", "-A", cwd=top)
        with snapshot.index(str(top)) as index:
            change = changes.pending(str(top), index, "x")
            assert changes.brought(str(top), change, "staged", 1) is None


class TestSignature:
    @pytest.fixture
    def signed(self, top: Path, tmp_path: Path) -> Callable[[str], str]:
        if not shutil.which("ssh-keygen"):
            pytest.skip("there is no ssh-keygen")
        for name in ("key", "other"):
            subprocess.run(
                ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name), check=True, capture_output=True
            )

        def make(key: str) -> str:
            settings = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={tmp_path / key}")
            run(*settings, "commit", "-q", "--allow-empty", "-S", "-m", "signed", cwd=top)
            return run("rev-parse", "HEAD", cwd=top)

        return make

    def trust(self, home: Path, tmp_path: Path) -> None:
        (tmp_path / "signers").write_text(f"a@example.org {(tmp_path / 'key.pub').read_text()}")
        with (home / ".gitconfig").open("a") as file:
            file.write(f'[gpg "ssh"]\nallowedSignersFile = {tmp_path}/signers\n')

    def test_none(self, top: Path) -> None:
        id = commit(top, "gpgsig forged\n\ngpgsig x", "--author=gpgsig <gpgsig@example.org>")
        assert changes.signature(str(top), id) == "none"

    def test_good(self, top: Path, home: Path, tmp_path: Path, signed: Callable[[str], str]) -> None:
        self.trust(home, tmp_path)
        assert changes.signature(str(top), signed("key")) == "good"
        assert changes.signature(str(top), signed("other")) == "unknown"

    def test_forged(self, top: Path, home: Path, tmp_path: Path, signed: Callable[[str], str]) -> None:
        self.trust(home, tmp_path)
        raw = run("cat-file", "commit", signed("key"), cwd=top).replace("\n\nsigned", "\n\nforged")
        id = run("hash-object", "-t", "commit", "-w", "--stdin", cwd=top, input=raw)
        assert changes.signature(str(top), id) == "bad"

    def test_the_repository_has_no_say(self, top: Path, tmp_path: Path, signed: Callable[[str], str]) -> None:
        id = signed("other")
        (top / "signers").write_text(f"a@example.org {(tmp_path / 'other.pub').read_text()}")
        trap = tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\necho Good '\"git\"' signature for x with x key x\n")
        trap.chmod(0o755)
        run("config", "gpg.ssh.allowedSignersFile", str(top / "signers"), cwd=top)
        assert run("log", "-1", "--format=%G?", cwd=top) == "G"
        for setting in ("gpg.program", "gpg.openpgp.program", "gpg.ssh.program", "gpg.x509.program"):
            run("config", setting, str(trap), cwd=top)
        assert changes.signature(str(top), id) == "unknown"
        assert not (tmp_path / "sprung").exists()

    def test_asking_who_brought_a_line_verifies_nothing(
        self, top: Path, home: Path, tmp_path: Path, signed: Callable[[str], str]
    ) -> None:
        self.trust(home, tmp_path)
        write(top, "new")
        run("add", "-A", cwd=top)
        id = signed("key")
        trap = tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
        trap.chmod(0o755)
        run("config", "gpg.ssh.program", str(trap), cwd=top)
        run("config", "log.showSignature", "true", cwd=top)
        with snapshot.work_tree(str(top)) as head:
            found = changes.brought(str(top), changes.since(str(top), "main", head), "new", 1)
        assert found
        assert found.id == id
        assert not (tmp_path / "sprung").exists()
        run("log", "-1", cwd=top)
        assert (tmp_path / "sprung").exists(), "the trap does not work"

    def test_relative_signers_of_the_user_lead_nowhere(
        self, top: Path, home: Path, tmp_path: Path, signed: Callable[[str], str]
    ) -> None:
        id = signed("other")
        (top / "signers").write_text(f"a@example.org {(tmp_path / 'other.pub').read_text()}")
        run("config", "--global", "gpg.ssh.allowedSignersFile", "signers", cwd=top)
        assert changes.signature(str(top), id) == "unknown"

    def test_no_program(
        self, top: Path, home: Path, tmp_path: Path, signed: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.trust(home, tmp_path)
        id = signed("key")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").symlink_to(shutil.which("git") or "")
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        assert changes.signature(str(top), id) in {"unknown", "bad"}
