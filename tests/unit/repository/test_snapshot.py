import os
import pickle
import shutil
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardrails.errors import RepositoryError
from guardrails.repository import git, snapshot
from guardrails.repository.entry import FILE, LINK, SUBMODULE, Entry
from guardrails.repository.snapshot import OpenSnapshot, commit, find_root, index, work_tree
from tests.unit.repository.running import run
from tests.unit.rights import unprivileged

ODD_NAMES = [
    b"-dash",
    b"--output=x",
    b" leading and trailing ",
    b"new\nline",
    b"tab\tand\rreturn",
    b"quo\"te's",
    b"back\\slash",
    b"star*?[a]",
    b":(literal)magic",
    b"latin\xe9",
    b"\xff\xfe",
    "\u00e9\u4e2d\U0001f600".encode(),
    b"\xed\xa0\x80",
    b"deep \n/fol\xe9der/-x",
    b"100644 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 0\tforged",
    b"? ",
    b"H ",
    b"~",
    b"#",
    b"!x",
]

NOWHERE = ["", ".", "..", "/", "/etc/passwd", "a\0b", "\ud800", "nope", "no/pe", "x" * 300, "x/" * 3000 + "x"]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """An empty repository."""
    top = (tmp_path / "top").resolve()
    top.mkdir()
    run("init", "-q", "-b", "main", cwd=top)
    return top


def write(top: Path, *names: str, content: str = "content\n") -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(content)


def add(top: Path, *names: str, content: str = "content\n") -> None:
    write(top, *names, content=content)
    run("add", "--", *names, cwd=top)


def save(top: Path) -> None:
    run("add", "-A", cwd=top)
    run("commit", "-q", "-m", "change", cwd=top)


def paths(entries: Sequence[Entry]) -> list[str]:
    return [entry.path for entry in entries]


def listed(opened: OpenSnapshot) -> dict[str, bytes]:
    """Every path with its content; also checks what every snapshot promises."""
    with opened:
        entries = opened.entries()
        assert entries is opened.entries()
        assert paths(entries) == sorted(paths(entries), key=os.fsencode)
        contents = {}
        for entry in entries:
            assert opened.entry(entry.path) == entry
            assert entry in opened.below(entry.path.rpartition("/")[0])
            if entry.kind == SUBMODULE:
                contents[entry.path] = b"(submodule)"
                continue
            size = opened.size(entry)
            contents[entry.path] = opened.read(entry)
            assert size == len(contents[entry.path])
        for path in NOWHERE:
            assert opened.entry(path) is None
        assert opened.below("nope") == []
        assert opened.below("\ud800") == []
        assert opened.below("") == entries
        assert len(contents) == len(entries)
        return contents


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Path]:
    """A repository that everybody may read."""
    folder = Path("/tmp", f"guardrails-{os.getpid()}-{tmp_path.name}")
    folder.mkdir(mode=0o755)
    run("init", "-q", cwd=folder)
    yield folder
    subprocess.run(("chmod", "-R", "u+rwX", folder), check=True)
    shutil.rmtree(folder)


class TestFindRoot:
    def test_files_folders_and_what_is_not_there(self, top: Path) -> None:
        write(top, "a/b/file")
        for start in ("", "a", "a/b/file", "a/b/nope"):
            assert find_root(str(top / start)) == str(top)

    def test_repository_in_a_repository(self, top: Path) -> None:
        run("init", "-q", "nested", cwd=top)
        assert find_root(str(top / "nested")) == str(top / "nested")

    def test_link_is_held_by_its_own_repository(self, top: Path, tmp_path: Path) -> None:
        (top / "out").symlink_to("/etc")
        (top / "lost").symlink_to("nowhere")
        (tmp_path / "in").symlink_to(top)
        assert find_root(str(top / "out")) == str(top)
        assert find_root(str(top / "lost")) == str(top)
        assert find_root(str(tmp_path / "in")) == str(top)

    def test_no_repository(self, tmp_path: Path) -> None:
        write(tmp_path, "a/file")
        assert find_root(str(tmp_path / "a" / "file")) == str(tmp_path.resolve() / "a")


class TestStates:
    """What the three snapshots say of the states a repository can be in."""

    def test_empty_repository(self, top: Path) -> None:
        assert listed(work_tree(str(top))) == {}
        assert listed(index(str(top))) == {}
        assert index(str(top)).changed() == []
        with pytest.raises(RepositoryError, match="no commit named 'HEAD'"):
            commit(str(top), "HEAD")

    def test_no_commit_yet(self, top: Path) -> None:
        add(top, "a", "b/c")
        write(top, "d")
        assert list(listed(work_tree(str(top)))) == ["a", "b/c", "d"]
        assert list(listed(index(str(top)))) == ["a", "b/c"]
        assert paths(index(str(top)).changed()) == ["a", "b/c"]

    def test_three_contents_of_one_file(self, top: Path) -> None:
        add(top, "a", content="committed")
        save(top)
        add(top, "a", content="staged")
        write(top, "a", content="edited")
        assert listed(work_tree(str(top))) == {"a": b"edited"}
        assert listed(index(str(top))) == {"a": b"staged"}
        assert listed(commit(str(top), "HEAD")) == {"a": b"committed"}

    def test_titles_and_roots(self, top: Path) -> None:
        add(top, "folder/a")
        save(top)
        for opened in (work_tree(str(top / "folder")), index(str(top / "folder")), commit(str(top / "folder"), "HEAD")):
            assert opened.root == str(top)
            assert listed(opened) == {"folder/a": b"content\n"}
            assert opened.notes == ()
        assert work_tree(str(top)).title == "work tree"
        assert index(str(top)).title == "index"
        assert commit(str(top), "main").title == f"commit {run('rev-parse', 'HEAD', cwd=top)[:10]}"

    def test_kinds_and_modes(self, top: Path) -> None:
        add(top, "file", "program")
        (top / "program").chmod(0o755)
        (top / "link").symlink_to("nowhere")
        save(top)
        for opened in (work_tree(str(top)), index(str(top)), commit(str(top), "HEAD")):
            assert [(entry.path, entry.kind, entry.executable) for entry in opened.entries()] == [
                ("file", FILE, False),
                ("link", LINK, False),
                ("program", FILE, True),
            ]
            assert listed(opened)["link"] == b"nowhere"

    def test_blobs_and_sizes(self, top: Path) -> None:
        add(top, "file")
        save(top)
        blob = run("rev-parse", "HEAD:file", cwd=top)
        assert [entry[:4] for entry in work_tree(str(top)).entries()] == [("file", FILE, False, 8)]
        assert index(str(top)).entries() == [Entry("file", FILE, False, -1, blob)]
        assert commit(str(top), "HEAD").entries() == [Entry("file", FILE, False, 8, blob)]

    def test_detached_head(self, top: Path) -> None:
        add(top, "a")
        save(top)
        add(top, "b")
        save(top)
        run("checkout", "-q", "--detach", "HEAD~1", cwd=top)
        add(top, "c")
        assert list(listed(work_tree(str(top)))) == ["a", "c"]
        assert paths(index(str(top)).changed()) == ["c"]
        assert list(listed(commit(str(top), "main"))) == ["a", "b"]

    def test_merge_with_conflicts(self, top: Path) -> None:
        add(top, "a", "b")
        save(top)
        run("checkout", "-q", "-b", "other", cwd=top)
        add(top, "a", "c", content="theirs\n")
        save(top)
        run("checkout", "-q", "main", cwd=top)
        add(top, "a", content="ours\n")
        save(top)
        run("merge", "other", cwd=top, code=1)
        assert list(listed(work_tree(str(top)))) == ["a", "b", "c"]
        with index(str(top)) as opened:
            assert paths(opened.changed()) == ["c"]
            assert paths(opened.entries()) == ["b", "c"]
            assert opened.notes == ("left out of the index, for their merge conflicts are not resolved: 1 paths",)
        run("add", "a", cwd=top)
        with index(str(top)) as opened:
            assert paths(opened.changed()) == ["a", "c"]
            assert not opened.notes

    def test_submodules(self, top: Path, tmp_path: Path) -> None:
        run("init", "-q", tmp_path / "part", cwd=tmp_path)
        add(tmp_path / "part", "inside")
        save(tmp_path / "part")
        run("submodule", "--quiet", "add", tmp_path / "part", "sub", cwd=top)
        run("config", "-f", ".gitmodules", "submodule.sub.ignore", "all", cwd=top)
        assert paths(index(str(top)).changed()) == [".gitmodules", "sub"]
        save(top)
        for opened in (work_tree(str(top)), index(str(top)), commit(str(top), "HEAD")):
            assert [(entry.path, entry.kind, entry.size) for entry in opened.entries()][1:] == [("sub", SUBMODULE, 0)]
            assert opened.entry("sub/inside") is None
            assert opened.below("sub") == []
            with opened, pytest.raises(RepositoryError, match=r"^sub: "):
                opened.read(opened.entries()[1])
        run("clone", "-q", top, tmp_path / "clone", cwd=tmp_path)
        assert listed(work_tree(str(tmp_path / "clone")))["sub"] == b"(submodule)"

    def test_sparse_checkout(self, top: Path) -> None:
        add(top, "in/a", "out/deep/b", "c")
        save(top)
        run("sparse-checkout", "set", "--cone", "--sparse-index", "in", cwd=top)
        assert list(listed(work_tree(str(top)))) == ["c", "in/a"]
        assert list(listed(index(str(top)))) == ["c", "in/a", "out/deep/b"]
        assert index(str(top)).changed() == []
        assert list(listed(commit(str(top), "HEAD"))) == ["c", "in/a", "out/deep/b"]

    def test_shallow_clone(self, top: Path, tmp_path: Path) -> None:
        for content in ("one", "two"):
            add(top, "a", content=content)
            save(top)
        first = run("rev-parse", "HEAD~1", cwd=top)
        run("clone", "-q", "--depth=1", f"file://{top}", tmp_path / "clone", cwd=tmp_path)
        assert listed(commit(str(tmp_path / "clone"), "HEAD")) == {"a": b"two"}
        for ref in (first, "HEAD~1"):
            with pytest.raises(RepositoryError, match="no commit named") as caught:
                commit(str(tmp_path / "clone"), ref)
            assert "--unshallow" in caught.value.hint

    def test_partial_clone_lists_but_does_not_fetch(self, top: Path, tmp_path: Path) -> None:
        run("config", "uploadpack.allowFilter", "true", cwd=top)
        add(top, "a")
        save(top)
        clone = tmp_path / "clone"
        run("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{top}", clone, cwd=tmp_path)
        with commit(str(clone), "HEAD") as opened:
            (entry,) = opened.entries()
            assert (entry.path, entry.size) == ("a", -1)
            for ask in (opened.size, opened.read):
                with pytest.raises(RepositoryError, match=r"^a: cannot be read: could not fetch") as caught:
                    ask(entry)
                assert "--filter" in caught.value.hint
        run("checkout", "-q", "main", cwd=clone)
        assert listed(commit(str(clone), "HEAD")) == {"a": b"content\n"}

    def test_clone_without_trees(self, top: Path, tmp_path: Path) -> None:
        run("config", "uploadpack.allowFilter", "true", cwd=top)
        add(top, "a")
        save(top)
        clone = tmp_path / "clone"
        run("clone", "-q", "--no-checkout", "--filter=tree:0", f"file://{top}", clone, cwd=tmp_path)
        with pytest.raises(RepositoryError, match="could not fetch") as caught:
            commit(str(clone), "HEAD").entries()
        assert "--filter" in caught.value.hint

    def test_linked_worktree(self, top: Path, tmp_path: Path) -> None:
        add(top, "a")
        save(top)
        other = tmp_path.resolve() / "other"
        run("worktree", "add", "-q", other, cwd=top)
        add(other, "b")
        write(other, "c")
        assert list(listed(work_tree(str(other)))) == ["a", "b", "c"]
        assert paths(index(str(other)).changed()) == ["b"]
        assert index(str(top)).changed() == []
        assert list(listed(commit(str(other), "other"))) == ["a"]
        assert (other / ".git").is_file()
        assert work_tree(str(other)).entry(".git") is None
        with pytest.raises(RepositoryError, match="cannot be read"):
            work_tree(str(other)).read(Entry(".git"))

    def test_bare_repository(self, top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        add(top, "a/b")
        save(top)
        bare = tmp_path.resolve() / "bare.git"
        run("clone", "-q", "--bare", top, bare, cwd=tmp_path)
        opened = commit(str(bare), "main")
        assert opened.root == str(bare)
        assert listed(opened) == {"a/b": b"content\n"}
        for path in (os.environ["PATH"], "/nonexistent"):
            monkeypatch.setenv("PATH", path)
            for judge in (work_tree, index, partial(work_tree, use_git=True)):
                with pytest.raises(RepositoryError, match="bare repository") as caught:
                    judge(str(bare))
                assert "commit" in caught.value.hint

    def test_sha256_repository(self, tmp_path: Path) -> None:
        run("init", "-q", "--object-format=sha256", cwd=tmp_path)
        add(tmp_path, "a")
        assert paths(index(str(tmp_path)).changed()) == ["a"]
        save(tmp_path)
        assert index(str(tmp_path)).changed() == []
        for opened in (work_tree(str(tmp_path)), index(str(tmp_path)), commit(str(tmp_path), "HEAD")):
            assert listed(opened) == {"a": b"content\n"}

    def test_no_repository(self, tmp_path: Path) -> None:
        for judge in (index, lambda root: commit(root, "HEAD"), lambda root: work_tree(root, use_git=True)):
            with pytest.raises(RepositoryError, match="is in no git repository"):
                judge(str(tmp_path))

    def test_nothing_in_the_repository_changes(self, top: Path) -> None:
        add(top, "a", "b")
        save(top)
        os.utime(top / "a", (1, 1))  # So that git would like to refresh its index.
        add(top, "c")

        def state() -> dict[str, tuple[int, int]]:
            found = [Path(at, name) for at, folders, files in os.walk(top) for name in (*folders, *files, ".")]
            return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}

        before = state()
        for opened in (work_tree(str(top)), index(str(top)), commit(str(top), "HEAD")):
            listed(opened)
            opened.changed()
        assert state() == before

    def test_read_only_repository(self, public: Path) -> None:
        add(public, "folder/a")
        save(public)
        subprocess.run(("chmod", "-R", "a+rX,a-w", public), check=True)
        with unprivileged():
            assert not os.access(public, os.W_OK, effective_ids=True)
            for opened in (work_tree(str(public)), index(str(public)), commit(str(public), "HEAD")):
                assert listed(opened) == {"folder/a": b"content\n"}


class TestWorkTree:
    def test_deleted_and_replaced_files(self, top: Path) -> None:
        add(top, "gone", "gone too/a", "now a folder", "now a link", "now a file/a", "now a linked folder/a")
        for name in ("gone", "now a folder", "now a link"):
            (top / name).unlink()
        for name in ("gone too", "now a file", "now a linked folder"):
            shutil.rmtree(top / name)
        write(top, "now a folder/b", "now a file", "elsewhere/a")
        (top / "now a link").symlink_to("elsewhere/a")
        (top / "now a linked folder").symlink_to("elsewhere")
        assert listed(work_tree(str(top))) == {
            "elsewhere/a": b"content\n",
            "now a file": b"content\n",
            "now a folder/b": b"content\n",
            "now a link": b"elsewhere/a",
            "now a linked folder": b"elsewhere",
        }

    def test_ignored_files_are_there_only_by_name(self, top: Path) -> None:
        write(top, ".gitignore", content="*.log\n/build/\n")
        write(top, "a.log", "build/b", "kept.log")
        write(top, ".git/info/exclude", content="excluded")
        write(top, "excluded")
        run("add", "-f", "kept.log", cwd=top)
        with work_tree(str(top)) as opened:
            assert paths(opened.entries()) == [".gitignore", "kept.log"]
            assert opened.entry("a.log")[:4] == ("a.log", FILE, False, 8)
            assert opened.entry("build") is None
            assert opened.below("build") == []

    def test_below_lists_only_what_it_is_asked(self, top: Path) -> None:
        add(top, "a/b", "a/c/d", "ab/e", "f")
        write(top, "a/c/new", "ab/new")
        opened = work_tree(str(top))
        assert paths(opened.below("a")) == ["a/b", "a/c/d", "a/c/new"]
        assert paths(opened.below("a/c")) == ["a/c/d", "a/c/new"]
        assert opened.below("f") == []
        assert opened._entries is None
        assert paths(opened.below("")) == ["a/b", "a/c/d", "a/c/new", "ab/e", "ab/new", "f"]
        assert paths(opened.below("a")) == ["a/b", "a/c/d", "a/c/new"]

    def test_nested_repositories_are_not_entered(self, top: Path) -> None:
        run("init", "-q", "nested", cwd=top)
        write(top, "nested/file", "folder/file")
        assert list(listed(work_tree(str(top)))) == ["folder/file"]
        opened = work_tree(str(top))
        assert opened.entry("nested") is None
        assert opened.entry("nested/file") is None
        assert opened.entry("nested/.git/config") is None
        assert opened.entry(".git/config") is None
        assert opened.entry(".GIT") is None

    def test_links_are_never_followed(self, top: Path) -> None:
        (top / "loop").symlink_to("loop")
        (top / "up").symlink_to("..")
        (top / "self").symlink_to(".")
        (top / "etc").symlink_to("/etc")
        (top / "passwd").symlink_to("/etc/passwd")
        (top / "binary").symlink_to(b"\xff\n")
        for use_git in (True, False):
            assert listed(work_tree(str(top), use_git=use_git)) == {
                "binary": b"\xff\n",
                "etc": b"/etc",
                "loop": b"loop",
                "passwd": b"/etc/passwd",
                "self": b".",
                "up": b"..",
            }
        opened = work_tree(str(top))
        for path in ("etc/passwd", "self/passwd", "up/top/passwd", "loop/x"):
            assert opened.entry(path) is None
            with pytest.raises(RepositoryError, match="cannot be read"):
                opened.read(Entry(path))

    @pytest.mark.parametrize("path", ["../outside", "folder/../../outside", "/etc/passwd", ".git/config", "a\0b"])
    def test_reading_stays_inside(self, top: Path, path: str) -> None:
        write(top, "../outside", "folder/file")
        for entry in (Entry(path), Entry(path, LINK)):
            with pytest.raises(RepositoryError, match="cannot be read"):
                work_tree(str(top)).read(entry)

    def test_special_files_are_left_out_and_never_opened(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        add(top, "tracked")
        (top / "tracked").unlink()
        os.mkfifo(top / "tracked")
        os.mkfifo(top / "fifo")
        monkeypatch.chdir(top)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("socket")
            assert listed(work_tree(str(top))) == {}
            assert listed(work_tree(str(top), use_git=False)) == {}
        assert work_tree(str(top)).entry("fifo") is None
        for name in ("tracked", "socket"):
            with pytest.raises(RepositoryError, match="cannot be read"):
                work_tree(str(top)).read(Entry(name))

    def test_files_that_change_while_they_are_judged(self, top: Path) -> None:
        write(top, "gone", "linked", "folder/a", "grown")
        opened = work_tree(str(top))
        entries = {entry.path: entry for entry in opened.entries()}
        shutil.rmtree(top / "folder")
        (top / "gone").unlink()
        (top / "linked").unlink()
        (top / "linked").symlink_to("/etc/passwd")
        write(top, "grown", content="much more content\n" * 1000)
        for path in ("gone", "linked", "folder/a"):
            with pytest.raises(RepositoryError, match=f"^{path}: cannot be read") as caught:
                opened.read(entries[path])
            assert caught.value.hint
        with pytest.raises(RepositoryError, match=r"^gone: "):
            opened.size(Entry("gone"))
        assert len(opened.read(entries["grown"])) == 18_000
        assert opened.size(Entry("grown")) == 18_000

    def test_unreadable_file_and_folder(self, public: Path) -> None:
        add(public, "file", "folder/file")
        (public / "file").chmod(0)
        with unprivileged(), pytest.raises(RepositoryError, match=r"^file: cannot be read: Permission denied"):
            work_tree(str(public)).read(Entry("file"))
        (public / "folder").chmod(0)
        with unprivileged():
            for use_git in (True, False):
                with pytest.raises(RepositoryError, match=r"^folder/?.*: cannot be read: Permission denied"):
                    work_tree(str(public), use_git=use_git).entries()
                with pytest.raises(RepositoryError, match=r"^folder: cannot be read: Permission denied"):
                    work_tree(str(public), use_git=use_git).entry("folder")

    def test_unreadable_folder_that_git_does_not_track(self, public: Path) -> None:
        write(public, "folder/file")
        (public / "folder").chmod(0)
        for listed_before in (False, True):
            opened = work_tree(str(public))
            with unprivileged():
                if listed_before:
                    assert opened.entries() == []
                    assert opened.notes == ("git could not open directory 'folder/': Permission denied",)
                with pytest.raises(RepositoryError, match=r"^folder: cannot be read: Permission denied"):
                    opened.below("folder")

    def test_notes_of_one_folder_outlive_the_next(self, top: Path) -> None:
        for name in ("a/own", "b/own"):
            run("init", "-q", str(top / name), cwd=top)
            write(top, f"{name}/file")
        write(top, "c/file")
        opened = work_tree(str(top))
        for folder in ("a", "b", "c", "a"):
            opened.below(folder)
        told = [f"left out, for they are git repositories of their own: {name}/own/" for name in "ab"]
        assert opened.notes == tuple(told)
        opened.entries()
        assert opened.notes == (f"{told[0]}, b/own/",)

    def test_forged_index_leads_nowhere(self, top: Path) -> None:
        write(top, "../outside", "etc/hosts", "real")
        blob = run("hash-object", "-w", "real", cwd=top)
        run("update-index", "--add", "--cacheinfo", f"100644,{blob},{'x/' * 4000}x", cwd=top)
        forged = {"yyyyy": "/real", "zzzzzzzzz0": "../outside", "zzzzzzzzz1": "/etc/hosts", "zzzzzzzzz2": ".git/index"}
        add(top, *forged)
        data = (top / ".git" / "index").read_bytes()[:-20]
        for name, replacement in forged.items():
            (top / name).unlink()
            data = data.replace(name.encode(), replacement.encode())
        (top / ".git" / "index").write_bytes(data + sha1(data).digest())
        believed = git.run(git.Repository(str(top), str(top / ".git")), "ls-files", "-z").decode().split("\0")
        assert believed[:-1] == ["x/" * 4000 + "x", *forged.values()]
        assert list(listed(work_tree(str(top)))) == ["etc/hosts", "real"]

    def test_names_in_folders(self, top: Path) -> None:
        write(top, "a", "b/a", "b/c")
        write(top, ".gitignore", content="b\n")
        (top / "d").symlink_to("gone")
        (top / "e").symlink_to("b")
        for opened in (work_tree(str(top)), work_tree(str(top), use_git=False)):
            for _ in range(2):
                found = opened.named(("a", "d"), ("", "b/", "e/", "gone/"))
                assert [(entry.path, entry.kind) for entry in found] == [("a", FILE), ("d", LINK), ("b/a", FILE)]
                opened.entries()

    def test_endless_path_takes_no_memory(self, top: Path) -> None:
        tracemalloc.start()
        try:
            assert work_tree(str(top)).entry("x/" * 5000 + "x") is None
            assert tracemalloc.get_traced_memory()[1] < 1_000_000
        finally:
            tracemalloc.stop()


class TestFolder:
    def test_version_control_and_caches_are_passed_over(self, tmp_path: Path) -> None:
        write(tmp_path, ".hg/a", "a/node_modules/b", "a/b", "build/c", ".gitignore", "a/__pycache__/x", "venv.py")
        opened = work_tree(str(tmp_path))
        assert opened.title == "folder"
        assert opened.notes == ()
        assert list(listed(opened)) == [".gitignore", "a/b", "build/c", "venv.py"]

    def test_repositories_in_it_are_not_entered(self, tmp_path: Path) -> None:
        run("init", "-q", "one", cwd=tmp_path)
        write(tmp_path, "one/file", "two/file")
        assert listed(work_tree(str(tmp_path))) == {"one": b"(submodule)", "two/file": b"content\n"}

    def test_git_is_missing(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(top, ".gitignore", content="ignored")
        write(top, "ignored", "folder/file")
        monkeypatch.setenv("PATH", "/nonexistent")
        opened = work_tree(str(top / "folder"))
        assert opened.root == str(top)
        assert list(listed(opened)) == [".gitignore", "folder/file", "ignored"]
        assert opened.notes == ("git was not found on PATH, so files that it would ignore are judged too",)
        for judge in (
            lambda: work_tree(str(top), use_git=True).entries(),
            lambda: index(str(top)).entries(),
            lambda: index(str(top)).changed(),
            lambda: commit(str(top), "HEAD"),
        ):
            with pytest.raises(RepositoryError, match="git was not found"):
                judge()

    def test_without_git_on_purpose(self, top: Path) -> None:
        write(top, ".gitignore", content="ignored")
        write(top, "folder/ignored")
        opened = work_tree(str(top / "folder"), use_git=False)
        assert opened.root == str(top / "folder")
        assert list(listed(opened)) == ["ignored"]
        write(top, "folder/.git", content="nonsense")
        assert list(listed(work_tree(str(top / "folder"), use_git=False))) == ["ignored"]

    def test_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(RepositoryError, match="cannot be read: No such file"):
            work_tree(str(tmp_path / "nope")).entries()


class TestIndex:
    def test_changed(self, top: Path) -> None:
        add(top, "same", "edited", "deleted", "mode", "renamed", "type", "reset")
        save(top)
        (top / "mode").chmod(0o755)
        (top / "type").unlink()
        (top / "type").symlink_to("same")
        run("rm", "-q", "deleted", cwd=top)
        run("mv", "renamed", "moved", cwd=top)
        shutil.copy(top / "same", top / "copied")
        write(top, "edited", "reset", content="new\n")
        run("add", "-A", cwd=top)
        run("reset", "-q", "reset", cwd=top)
        run("config", "diff.renames", "copies", cwd=top)
        opened = index(str(top))
        assert [(entry.path, entry.kind, entry.executable) for entry in opened.changed()] == [
            ("copied", FILE, False),
            ("edited", FILE, False),
            ("mode", FILE, True),
            ("moved", FILE, False),
            ("type", LINK, False),
        ]
        assert opened.changed() is opened.changed()
        with opened:
            assert opened.read(opened.changed()[1]) == b"new\n"

    def test_other_snapshots_are_all_changed(self, top: Path) -> None:
        add(top, "a")
        save(top)
        for opened in (work_tree(str(top)), commit(str(top), "HEAD")):
            assert opened.changed() == opened.entries()

    def test_intended_files_are_left_out(self, top: Path) -> None:
        add(top, "a", "empty", content="")
        write(top, "intended")
        run("add", "-N", "intended", cwd=top)
        assert paths(index(str(top)).changed()) == ["a", "empty"]
        save(top)
        run("rm", "-q", "--cached", "a", cwd=top)
        run("add", "-N", "a", cwd=top)
        opened = index(str(top))
        assert opened.changed() == []
        assert list(listed(opened)) == ["empty", "intended"]

    def test_content_is_as_stored_not_as_checked_out(self, top: Path) -> None:
        write(
            top,
            ".gitattributes",
            content="* text eol=crlf working-tree-encoding=UTF-16LE\n.git* -working-tree-encoding",
        )
        (top / "a").write_bytes("one\r\ntwo\r\n".encode("utf-16-le"))
        run("add", "-A", cwd=top)
        assert listed(index(str(top)))["a"] == b"one\ntwo\n"
        assert listed(work_tree(str(top)))["a"] == "one\r\ntwo\r\n".encode("utf-16-le")

    @pytest.mark.parametrize("arguments", [("-a",), ("b",), ()])
    def test_hook_sees_what_is_committed(self, top: Path, arguments: tuple[str, ...], tmp_path: Path) -> None:
        add(top, "a", "b", "c", content="one")
        save(top)
        add(top, "a", content="two")
        write(top, "b", content="two")
        expected = {("-a",): ["a", "b"], ("b",): ["b"], (): ["a"]}[arguments]
        assert _seen_by_hook(top, tmp_path, "commit", "-q", "-m", "x", *arguments) == expected

    def test_hook_in_a_worktree(self, top: Path, tmp_path: Path) -> None:
        add(top, "a", "b", content="one")
        save(top)
        other = tmp_path / "other"
        run("worktree", "add", "-q", other, cwd=top)
        write(other, "b", content="two")
        assert _seen_by_hook(other, tmp_path, "commit", "-q", "-m", "x", "b") == ["b"]

    def test_unknown_head_is_an_error(self, top: Path) -> None:
        add(top, "a")
        save(top)
        commit_id = run("rev-parse", "HEAD", cwd=top)
        tree = run("rev-parse", "HEAD^{tree}", cwd=top)
        (top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
        assert index(str(top)).entries()
        with pytest.raises(RepositoryError, match="diff-index failed"):
            index(str(top)).changed()
        (top / ".git" / "objects" / commit_id[:2] / commit_id[2:]).unlink()
        with pytest.raises(RepositoryError):
            commit(str(top), commit_id).entries()


def _seen_by_hook(top: Path, tmp_path: Path, *command: str) -> list[str]:
    """The paths that a pre-commit hook finds changed while git runs a command."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text(
        f"#!{shutil.which('python')}\n"
        f"import sys; sys.path.insert(0, {str(Path(git.__file__).parents[2])!r})\n"
        "from guardrails.repository.snapshot import find_root, index\n"
        "with index(find_root('.')) as opened:\n"
        f"    seen = [entry.path for entry in opened.changed() if opened.read(entry) == b'two']\n"
        f"open({str(tmp_path / 'seen')!r}, 'w').write(repr((seen, len(opened.entries()))))\n"
    )
    (hooks / "pre-commit").chmod(0o755)
    run("-c", f"core.hooksPath={hooks}", *command, cwd=top)
    seen, count = eval((tmp_path / "seen").read_text())
    assert count == len(run("ls-tree", "-r", "--name-only", "HEAD", cwd=top).splitlines())
    return list(seen)


class TestCommit:
    @pytest.mark.parametrize("ref", ["nope", "-h", "--output=x", "", "HEAD:a", "a\nb", "^HEAD"])
    def test_ref_that_names_no_commit(self, top: Path, ref: str) -> None:
        add(top, "a")
        save(top)
        with pytest.raises(RepositoryError, match="no commit named") as caught:
            commit(str(top), ref)
        assert caught.value.hint == "name a branch, a tag or a commit id that is in this clone"

    def test_ref_is_resolved_once(self, top: Path) -> None:
        add(top, "a")
        save(top)
        opened = commit(str(top), "main")
        add(top, "b")
        save(top)
        assert list(listed(opened)) == ["a"]

    def test_quarantined_push_is_seen_by_the_receiving_hook(self, top: Path, tmp_path: Path) -> None:
        bare = tmp_path / "bare.git"
        run("init", "-q", "--bare", bare, cwd=tmp_path)
        (bare / "hooks").mkdir(exist_ok=True)
        (bare / "hooks" / "pre-receive").write_text(
            f"#!{shutil.which('python')}\n"
            f"import sys; sys.path.insert(0, {str(Path(git.__file__).parents[2])!r})\n"
            "from guardrails.repository.snapshot import find_root, commit\n"
            "with commit(find_root('.'), sys.stdin.read().split()[1]) as opened:\n"
            f"    open({str(tmp_path / 'seen')!r}, 'wb').write(opened.read(opened.entries()[0]))\n"
        )
        (bare / "hooks" / "pre-receive").chmod(0o755)
        add(top, "a", content="pushed")
        save(top)
        run("push", "-q", bare, "main", cwd=top)
        assert (tmp_path / "seen").read_text() == "pushed"


class TestNames:
    @pytest.fixture
    def odd(self, top: Path) -> dict[str, bytes]:
        expected = {}
        for number, name in enumerate(ODD_NAMES):
            path = os.path.join(os.fsencode(top), name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"%d" % number)
            expected[os.fsdecode(name)] = b"%d" % number
        return expected

    def test_odd_names_untracked_and_without_git(self, top: Path, odd: dict[str, bytes]) -> None:
        assert listed(work_tree(str(top))) == odd
        assert listed(work_tree(str(top), use_git=False)) == odd

    def test_odd_names_in_git(self, top: Path, odd: dict[str, bytes]) -> None:
        run("add", "-A", cwd=top)
        assert paths(index(str(top)).changed()) == sorted(odd, key=os.fsencode)
        assert listed(index(str(top))) == odd
        save(top)
        assert listed(commit(str(top), "HEAD")) == odd
        assert listed(work_tree(str(top))) == odd

    def test_odd_folders(self, top: Path) -> None:
        for name in (b"-x", b":(magic)", b":!x", b"\xff", b"[x]", b"a\\b"):
            os.mkdir(os.path.join(os.fsencode(top), name))
            with open(os.path.join(os.fsencode(top), name, b"file"), "wb"):
                pass
        for name in ("-x", ":(magic)", ":!x", "\udcff", "[x]", "a\\b"):
            assert paths(work_tree(str(top)).below(name)) == [f"{name}/file"]

    names = st.binary(min_size=1, max_size=20).filter(lambda name: name.lower() not in {b".", b"..", b".git"})
    files = st.lists(
        st.lists(names.map(lambda name: name.translate(None, b"\0/") or b"x"), min_size=1, max_size=3),
        min_size=1,
        max_size=8,
    )

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(files=files)
    def test_any_name_comes_back(self, tmp_path_factory: pytest.TempPathFactory, files: list[list[bytes]]) -> None:
        top = tmp_path_factory.mktemp("any").resolve()
        run("init", "-q", cwd=top)
        expected = {}
        for number, parts in enumerate(files):
            path = b"/".join((os.fsencode(top), *parts))
            if any(part.lower() in {b".", b"..", b".git", b".gitignore", b".gitattributes"} for part in parts):
                continue
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(b"%d" % number)
            except OSError:  # A file and a folder of one name.
                continue
            expected[os.fsdecode(b"/".join(parts))] = b"%d" % number
        assert listed(work_tree(str(top))) == expected
        run("add", "-A", cwd=top)
        assert listed(work_tree(str(top))) == expected
        assert listed(index(str(top))) == expected
        run("commit", "-q", "--allow-empty", "-m", "x", cwd=top)
        assert listed(commit(str(top), "HEAD")) == expected

    def test_locale_does_not_matter(self, top: Path, odd: dict[str, bytes]) -> None:
        script = (
            "import sys; from guardrails.repository.snapshot import work_tree\n"
            "assert sys.getfilesystemencoding() != 'utf-8'\n"
            f"with work_tree({str(top)!r}) as opened:\n"
            "    read = {entry.path: opened.read(entry) for entry in opened.entries()}\n"
            "    assert opened.below('deep \\n/fol\\udce9der'), 'below'\n"
            "print(ascii(read))\n"
        )
        done = subprocess.run(
            [sys.executable, "-X", "utf8=0", "-c", script],
            cwd=Path(git.__file__).parents[2],
            env=os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert eval(done.stdout) == odd


class TestLifetime:
    @pytest.fixture
    def opened(self, top: Path) -> OpenSnapshot:
        add(top, "a")
        save(top)
        return index(str(top))

    def test_closing_twice_and_reading_again(self, opened: OpenSnapshot) -> None:
        (entry,) = opened.entries()
        opened.close()
        assert opened.read(entry) == b"content\n"
        opened.close()
        opened.close()

    def test_error_inside_the_block_closes(self, opened: OpenSnapshot) -> None:
        entries = opened.entries()
        with pytest.raises(ZeroDivisionError), opened:
            1 / len(opened.read(entries[0])[:0])

    def test_pickle(self, opened: OpenSnapshot, top: Path) -> None:
        for original in (opened, work_tree(str(top)), commit(str(top), "HEAD")):
            (entry,) = original.entries()
            with original:
                original.read(entry)
                copy = pickle.loads(pickle.dumps(original))
            with copy:
                assert copy.read(entry) == b"content\n"
                assert copy.title == original.title


def test_modules_that_cost_time_are_not_imported() -> None:
    script = (
        "import sys; from guardrails.repository import snapshot\n"
        "print(*{'subprocess', 'tempfile', 'pathlib', 'shutil', 'signal', 'selectors'}.intersection(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(snapshot.__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
