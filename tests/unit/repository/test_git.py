import os
import pickle
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guardrails.errors import RepositoryError
from guardrails.repository import git
from guardrails.repository.entry import Entry
from tests.unit.repository.running import run

BINARY = b"\0\xff\n\r\n missing\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with one commit."""
    top = (tmp_path / "top").resolve()
    top.mkdir()
    run("init", "-q", "-b", "main", cwd=top)
    (top / "folder" / "deep").mkdir(parents=True)
    (top / "folder" / "file").write_bytes(b"content\n")
    (top / "binary").write_bytes(BINARY)
    (top / "empty").write_bytes(b"")
    run("add", ".", cwd=top)
    run("commit", "-q", "-m", "one", cwd=top)
    return top


@pytest.fixture
def repository(top: Path) -> git.Repository:
    return git.Repository(str(top), str(top / ".git"))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of git."""

    def replace(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "git").write_text("#!/bin/sh\n" + script)
        (folder / "git").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    return replace


def blob(top: Path, path: str) -> Entry:
    return Entry(path, blob=run("rev-parse", f"HEAD:{path}", cwd=top))


def store(top: Path, content: bytes) -> Entry:
    (top / "large").write_bytes(content)
    return Entry("large", blob=run("hash-object", "-w", "large", cwd=top))


def plant_bare(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in ("objects", "refs"):
        (folder / name).mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/main\n")


class TestDiscover:
    @pytest.mark.parametrize("start", ["", "folder", "folder/deep", "folder/not/there"])
    def test_top_is_found_from_anywhere_below(self, top: Path, start: str) -> None:
        assert git.discover(str(top / start)) == git.Repository(str(top), str(top / ".git"))

    def test_no_repository(self, tmp_path: Path) -> None:
        assert git.discover(str(tmp_path)) is None

    def test_start_may_be_relative_and_a_link(self, top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "link").symlink_to(top / "folder")
        monkeypatch.chdir(tmp_path)
        found = git.discover("link")
        assert found
        assert found.root == str(top)

    def test_linked_worktree(self, top: Path, tmp_path: Path) -> None:
        run("worktree", "add", "-q", tmp_path / "other", cwd=top)
        found = git.discover(str(tmp_path / "other" / "folder"))
        assert found == git.Repository(str(tmp_path.resolve() / "other"), str(top / ".git" / "worktrees" / "other"))

    def test_submodule(self, top: Path, tmp_path: Path) -> None:
        run("clone", "-q", top, tmp_path / "part", cwd=tmp_path)
        run("submodule", "--quiet", "add", tmp_path / "part", "sub", cwd=top)
        found = git.discover(str(top / "sub" / "folder"))
        assert found == git.Repository(str(top / "sub"), str(top / ".git" / "modules" / "sub"))

    def test_bare_repository_is_found_at_its_top_only(self, top: Path, tmp_path: Path) -> None:
        bare = tmp_path.resolve() / "bare.git"
        run("clone", "-q", "--bare", top, bare, cwd=tmp_path)
        assert git.discover(str(bare)) == git.Repository(str(bare), str(bare), bare=True)
        assert git.discover(str(bare / "refs")) is None

    def test_planted_bare_repository_takes_over_neither_the_top_nor_what_is_below_it(self, top: Path) -> None:
        plant_bare(top)
        plant_bare(top / "folder")
        for start in (top, top / "folder" / "deep"):
            found = git.discover(str(start))
            assert found
            assert found.git_dir == str(top / ".git")

    def test_git_folder_that_is_none_is_passed_over(self, top: Path) -> None:
        (top / "folder" / ".git").mkdir()
        os.mkfifo(top / "folder" / "deep" / ".git")
        found = git.discover(str(top / "folder" / "deep"))
        assert found
        assert found.root == str(top)

    @pytest.mark.parametrize("content", [b"", b"gitdir: /nowhere\n", b"gitdir: a\0b", b"nonsense", b"gitdir:"])
    def test_git_file_that_leads_nowhere(self, top: Path, content: bytes) -> None:
        (top / "folder" / ".git").write_bytes(content)
        with pytest.raises(RepositoryError, match="leads to no git folder") as caught:
            git.discover(str(top / "folder"))
        assert caught.value.path == str(top / "folder" / ".git")

    def test_variables_name_a_repository_without_dot_git(
        self, top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        home = tmp_path.resolve() / "home"
        (home / "below").mkdir(parents=True)
        monkeypatch.chdir(home)
        monkeypatch.setenv("GIT_DIR", str(top / ".git"))
        assert git.discover("below") == git.Repository(str(home), str(top / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(home / "below"))
        assert git.discover("below") == git.Repository(str(home / "below"), str(top / ".git"))
        assert git.discover(str(home)) is None

    def test_variables_say_nothing_of_other_folders(
        self, top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = tmp_path.resolve() / "other"
        run("clone", "-q", top, other, cwd=tmp_path)
        monkeypatch.chdir(other)
        monkeypatch.setenv("GIT_DIR", ".git")
        assert git.discover(str(top)) == git.Repository(str(top), str(top / ".git"))

    def test_hook_of_a_worktree_may_change_its_folder(
        self, top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = tmp_path.resolve() / "other"
        run("worktree", "add", "-q", other, cwd=top)
        monkeypatch.setenv("GIT_DIR", str(top / ".git" / "worktrees" / "other"))
        monkeypatch.chdir(other / "folder")
        found = git.discover(".")
        assert found
        assert found.root == str(other)


class TestRun:
    def test_output(self, repository: git.Repository) -> None:
        assert git.run(repository, "ls-files", "-z") == b"binary\0empty\0folder/file\0"

    def test_failure_says_what_git_said(self, repository: git.Repository) -> None:
        with pytest.raises(RepositoryError, match=r"^git ls-tree failed: Not a valid object name nope$"):
            git.run(repository, "ls-tree", "nope")

    def test_failure_without_a_word(self, repository: git.Repository, fake: Callable[[str], None]) -> None:
        fake("exit 3")
        with pytest.raises(RepositoryError, match="gave no reason"):
            git.run(repository, "ls-tree", "nope")

    def test_message_is_one_line_that_is_safe_to_print(
        self, repository: git.Repository, fake: Callable[[str], None]
    ) -> None:
        fake(r"""printf 'hint: no\nfatal: \033[31mred\377%01000d\nfatal: the last\033 word\n' 1 >&2; exit 128""")
        assert git.call(repository, "ls-files").complaint == "the last? word"

    @pytest.mark.parametrize(
        ("damage", "hint"),
        [
            (lambda folder: (folder / "index").write_bytes(b"nonsense" * 99), "git fsck"),
            (lambda folder: (folder / "HEAD").unlink(), "damaged"),
            (lambda folder: (folder / "config").write_text("[core\n"), "mend that line"),
            (lambda folder: (folder / "config").write_text("[core]\nrepositoryFormatVersion = 99\n"), "newer git"),
            (
                lambda folder: (folder / "config").write_text(
                    "[core]\nrepositoryFormatVersion = 1\n[extensions]\nnovel = 1\n"
                ),
                "newer git",
            ),
        ],
    )
    def test_damage_gets_advice(
        self, top: Path, repository: git.Repository, damage: Callable[[Path], object], hint: str
    ) -> None:
        damage(top / ".git")
        with pytest.raises(RepositoryError) as caught:
            git.run(repository, "ls-files")
        assert hint in caught.value.hint

    def test_git_is_missing(self, repository: git.Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nonexistent")
        assert git.program() is None
        with pytest.raises(RepositoryError, match="not found on PATH") as caught:
            git.run(repository, "ls-files")
        assert "install git" in caught.value.hint

    def test_git_in_a_relative_folder_of_path_is_passed_over(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (top / "git").write_text("#!/bin/sh\n")
        (top / "git").chmod(0o755)
        monkeypatch.chdir(top)
        monkeypatch.setenv("PATH", ".::folder")
        assert git.program() is None
        monkeypatch.setenv("PATH", f".:{top}")
        assert git.program() == str(top / "git")

    def test_program_that_cannot_run(self, repository: git.Repository, fake: Callable[[str], None]) -> None:
        fake("")
        Path(git.program() or "").write_bytes(b"\x7fELF nonsense")
        with pytest.raises(RepositoryError, match="cannot be run"):
            git.run(repository, "ls-files")

    def test_argument_that_no_program_can_be_given(self, repository: git.Repository) -> None:
        with pytest.raises(RepositoryError, match="cannot be run"):
            git.run(repository, "ls-files", "a\0b")

    def test_much_on_both_outputs_does_not_block(self, repository: git.Repository, fake: Callable[[str], None]) -> None:
        fake("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 1")
        answer = git.call(repository, "ls-files")
        assert len(answer.output) == 3_000_000
        assert answer.code == 1
        assert len(answer.complaint) == 400

    def test_stuck_git_is_given_up(
        self, repository: git.Repository, fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake("exec sleep 600")
        monkeypatch.setattr(git, "PATIENCE", 0.05)
        with pytest.raises(RepositoryError, match="no answer"):
            git.run(repository, "ls-files")

    def test_interrupt_ends_git(self, repository: git.Repository, fake: Callable[[str], None]) -> None:
        fake("exec sleep 600")

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        previous = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            with pytest.raises(KeyboardInterrupt):
                git.run(repository, "ls-files")
        finally:
            signal.signal(signal.SIGALRM, previous)


class TestEnvironment:
    def test_hooks_index_is_heeded(
        self, top: Path, repository: git.Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (top / "more").write_text("")
        run("add", "more", cwd=top, env=os.environ | {"GIT_INDEX_FILE": ".git/next"})
        monkeypatch.setenv("GIT_INDEX_FILE", ".git/next")
        monkeypatch.chdir(top)
        assert git.run(repository, "ls-files", "-z") == b"more\0"

    def test_index_of_another_repository_is_not(
        self, top: Path, repository: git.Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run("clone", "-q", top, tmp_path / "other", cwd=tmp_path)
        monkeypatch.chdir(tmp_path / "other")
        monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent")
        assert git.run(repository, "ls-files", "-z") == b"binary\0empty\0folder/file\0"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("GIT_DIR", "/nonexistent"),
            ("GIT_WORK_TREE", "/nonexistent"),
            ("GIT_OBJECT_DIRECTORY", "/nonexistent"),
            ("GIT_ICASE_PATHSPECS", "1"),
            ("GIT_TRACE", "1"),
            ("LC_ALL", "de_DE.UTF-8"),
        ],
    )
    def test_other_variables_do_not_matter(
        self, repository: git.Repository, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)
        assert git.run(repository, "ls-tree", "--name-only", "HEAD", "--", "BINARY", "empty") == b"empty\n"
        assert git.call(repository, "ls-tree", "nope").complaint == "Not a valid object name nope"

    def test_every_layer_of_protection_is_on(
        self, repository: git.Repository, fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_EDITOR", "vi")
        fake('echo "$@"; env')
        said = git.run(repository, "ls-files").decode()
        for part in (
            *("--no-pager ", "--no-optional-locks ", "-c core.hooksPath=/dev/null ", "-c core.fsmonitor=false "),
            *("GIT_ALLOW_PROTOCOL=\n", "GIT_NO_LAZY_FETCH=1\n", "GIT_TERMINAL_PROMPT=0\n", "LC_ALL=C\n"),
        ):
            assert part in said
        assert "GIT_EDITOR" not in said

    def test_settings_of_the_user_are_kept(self, repository: git.Repository) -> None:
        assert git.run(repository, "config", "user.name") == b"A\n"

    def test_replaced_objects_are_seen_as_they_are_pushed(self, top: Path, repository: git.Repository) -> None:
        run("replace", "HEAD:binary", "HEAD:empty", cwd=top)
        assert git.run(repository, "cat-file", "blob", "HEAD:binary") == BINARY

    def test_folder_of_another_owner_needs_no_exception(self, top: Path, repository: git.Repository) -> None:
        if os.geteuid():
            pytest.skip("only root can give files away")
        for path in (top, top / ".git"):
            os.chown(path, 65534, 65534)
        assert subprocess.run(("git", "ls-files"), cwd=top, capture_output=True, check=False).returncode == 128
        assert git.run(repository, "ls-files", "-z") == b"binary\0empty\0folder/file\0"


class TestFindCommit:
    @pytest.mark.parametrize("ref", ["HEAD", "main", "annotated", "HEAD~0"])
    def test_found(self, top: Path, repository: git.Repository, ref: str) -> None:
        run("tag", "-a", "-m", "", "annotated", cwd=top)
        assert git.find_commit(repository, ref) == run("rev-parse", "HEAD", cwd=top)

    @pytest.mark.parametrize(
        "ref",
        [
            "picture",
            "nope",
            "",
            "HEAD~5",
            "a..b",
            "HEAD:folder",
            "-h",
            "--all",
            "--output=x",
            "a\nb",
            "a\0b",
            "é",
            "^HEAD",
        ],
    )
    def test_not_found(self, top: Path, repository: git.Repository, ref: str) -> None:
        run("tag", "picture", "HEAD:binary", cwd=top)
        assert git.find_commit(repository, ref) is None

    def test_no_commit_yet(self, tmp_path: Path) -> None:
        run("init", "-q", cwd=tmp_path)
        repository = git.discover(str(tmp_path))
        assert repository
        assert git.find_commit(repository, "HEAD") is None

    def test_damage_is_not_taken_for_absence(self, top: Path, repository: git.Repository) -> None:
        (top / ".git" / "config").write_text("[core\n")
        with pytest.raises(RepositoryError, match="bad config"):
            git.find_commit(repository, "HEAD")

    def test_shallow(self, top: Path, repository: git.Repository, tmp_path: Path) -> None:
        run("clone", "-q", "--depth=1", f"file://{top}", tmp_path / "shallow", cwd=tmp_path)
        shallow = git.discover(str(tmp_path / "shallow"))
        assert shallow
        assert git.is_shallow(shallow)
        assert not git.is_shallow(repository)


class TestObjects:
    @pytest.fixture
    def objects(self, repository: git.Repository) -> Any:
        objects = git.Objects(repository)
        yield objects
        objects.close()
        objects.close()

    def test_read_and_size_in_any_order(self, top: Path, objects: git.Objects) -> None:
        binary, empty, file = (blob(top, path) for path in ("binary", "empty", "folder/file"))
        assert objects.read(file) == b"content\n"
        assert objects.size(binary) == len(BINARY)
        assert objects.size(binary) == len(BINARY)
        assert objects.read(binary) == BINARY
        assert objects.read(binary) == BINARY
        assert objects.size(file) == 8
        assert objects.size(empty) == 0
        assert objects.size(file) == 8
        assert objects.read(empty) == b""
        assert objects.size(empty) == 0
        assert objects.read(file) == b"content\n"

    def test_one_process_serves_all(self, top: Path, objects: git.Objects, monkeypatch: pytest.MonkeyPatch) -> None:
        objects.read(blob(top, "binary"))
        monkeypatch.setenv("PATH", "/nonexistent")
        assert objects.read(Entry("empty", blob="e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")) == b""

    def test_large_content_is_read_whole(self, top: Path, objects: git.Objects) -> None:
        content = os.urandom(5_000_000)
        large = store(top, content)
        assert objects.size(large) == len(content)
        assert objects.read(large) == content

    def test_large_content_is_not_read_to_get_past_it(
        self, top: Path, objects: git.Objects, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        large = store(top, bytes(30_000_000))
        read = 0

        def count(fd: int, size: int, /, _read: Callable[[int, int], bytes] = os.read) -> bytes:
            nonlocal read
            data = _read(fd, size)
            read += len(data)
            return data

        monkeypatch.setattr(os, "read", count)
        assert objects.size(large) == 30_000_000
        assert objects.read(blob(top, "folder/file")) == b"content\n"
        assert read < 1_000_000

    def test_missing_object(self, top: Path, objects: git.Objects) -> None:
        with pytest.raises(RepositoryError, match=r"^a/b: its content is not in this clone$") as caught:
            objects.read(Entry("a/b", blob="1" * 40))
        assert "--filter" in caught.value.hint
        assert "git fsck" in caught.value.hint
        assert objects.read(blob(top, "folder/file")) == b"content\n"

    def test_entry_without_a_blob(self, top: Path, objects: git.Objects) -> None:
        assert objects.read(blob(top, "folder/file")) == b"content\n"
        for ask in (objects.size, objects.read):
            with pytest.raises(RepositoryError):
                ask(Entry("folder/file"))

    def test_object_that_is_no_blob(self, top: Path, objects: git.Objects) -> None:
        with pytest.raises(RepositoryError):
            objects.read(Entry("folder", blob=run("rev-parse", "HEAD:folder", cwd=top)))
        assert objects.read(blob(top, "folder/file")) == b"content\n"

    def test_damaged_object(self, top: Path, objects: git.Objects) -> None:
        entry = blob(top, "folder/file")
        path = top / ".git" / "objects" / entry.blob[:2] / entry.blob[2:]
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:12])
        with pytest.raises(RepositoryError) as caught:
            objects.read(entry)
        assert caught.value.path == "folder/file"
        assert "git fsck" in caught.value.hint

    def test_interrupt_leaves_no_half_answer(
        self, top: Path, objects: git.Objects, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = blob(top, "folder/file")
        objects.size(blob(top, "binary"))

        def interrupt(*_: object) -> bytes:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(os, "read", interrupt)
            with pytest.raises(KeyboardInterrupt):
                objects.read(file)
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        assert objects.read(file) == b"content\n"

    def test_git_that_dies_is_an_error(
        self, top: Path, objects: git.Objects, fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = blob(top, "folder/file")
        fake("echo 'fatal: out of luck' >&2; exit 128")
        with pytest.raises(RepositoryError, match="out of luck"):
            objects.read(entry)

    def test_git_that_is_already_dead_is_an_error(self, top: Path, objects: git.Objects) -> None:
        entry = blob(top, "folder/file")
        objects.read(blob(top, "empty"))
        assert objects._child
        os.kill(objects._child._pid, signal.SIGKILL)
        os.waitid(os.P_PID, objects._child._pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(RepositoryError, match="cannot be read: git ended"):
            objects.read(entry)
        assert objects.read(entry) == b"content\n"

    def test_pickled_and_forked_readers_start_their_own_git(self, top: Path, objects: git.Objects) -> None:
        file, binary = blob(top, "folder/file"), blob(top, "binary")
        assert objects.size(file) == 8
        copy = pickle.loads(pickle.dumps(objects))
        assert copy.read(binary) == BINARY
        copy.close()
        worker = os.fork()
        if not worker:
            try:
                alike = objects.read(file) == b"content\n" and objects.read(binary) == BINARY
                objects.close()
                os._exit(0 if alike else 1)
            finally:
                os._exit(2)
        assert os.waitpid(worker, 0)[1] == 0
        assert objects.read(file) == b"content\n"
