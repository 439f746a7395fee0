"""The repository as judged: the work tree, the index or a commit, each listed once and read on demand.

No snapshot has folders, files of submodules or of nested repositories, FIFOs, sockets or devices. Links are never
followed, be they files or folders. What git ignores is in no listing; asked for by name, the work tree has it.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from errno import ENAMETOOLONG, ENOENT, ENOTDIR
from struct import Struct
from typing import Self

from guardrails.errors import RepositoryError
from guardrails.repository import git
from guardrails.repository.entry import FILE, LINK, SUBMODULE, Entry, named

UNLISTED = frozenset(
    b".git .hg .svn .bzr .jj node_modules __pycache__ .venv .tox .nox .mypy_cache .pytest_cache .ruff_cache".split()
)
"""Folders that are passed over where no git says what is ignored: of version control, caches, installed packages."""

_MODES = {b"100755": (FILE, True), b"120000": (LINK, False), b"160000": (SUBMODULE, False)}
_EMPTY_TREES = (
    "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
)
"""Of SHA-1 and of SHA-256 repositories; git knows them without storing them."""
_NEVER = frozenset((b"", b".", b"..", b".git"))
"""What no part of a path can be, though a forged index may say so."""
_LONGEST = 4096
"""No path on a disk has more bytes; one in a forged index may."""
_ABSENT = (ENOENT, ENOTDIR, ENAMETOOLONG)
_UNOPENED = "could not open directory"
"""What git says of a folder that it passes over."""
_CHUNK = 1 << 24
_STAMP, _TIME = Struct("=IqQQQ"), (1 << 64) - 1
"""Mode, size, inode, time of the content and of the status in nanoseconds: of centuries away, the lower part."""
_UNSETTLED = 2_000_000_000
"""Nanoseconds after a change in which another may leave the same times: clocks tick, and some file systems slowly."""


def find_root(start: str) -> str:
    """Top of the repository that holds a file or folder; where there is none, the folder itself.

    A link is held by the repository it lies in, wherever it points.
    """
    path = os.path.abspath(start)
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    for place in (os.path.dirname(path), folder) if os.path.islink(path) else (folder,):
        repository = git.discover(place)
        if repository:
            return repository.root
    return os.path.realpath(folder)


def work_tree(root: str, *, use_git: bool | None = None) -> OpenSnapshot:
    """The files on disk of the repository that holds ``root``: tracked ones, and others that are not ignored.

    Where there is no repository or no git, a folder is walked instead, past those in ``UNLISTED``. ``use_git``
    insists: on git, or on walking ``root`` alone.
    """
    if use_git is False:
        return _Folder(os.path.realpath(root))
    repository = repository_of(root) if use_git else git.discover(root)
    if repository is None:
        return _Folder(os.path.realpath(root))
    _refuse_bare(repository)
    if use_git or git.program():
        return WorkTree(repository)
    snapshot = _Folder(repository.root)
    snapshot.notes = ("git was not found on PATH, so files that it would ignore are judged too",)
    return snapshot


def index(root: str) -> OpenSnapshot:
    """What the next commit will hold; ``GIT_INDEX_FILE`` is heeded, which ``git commit PATH`` sets for hooks.

    Paths in conflict are left out, with a note; so are, without one, paths that are only intended to be added.
    """
    repository = repository_of(root)
    _refuse_bare(repository)
    return Index(repository)


def commit(root: str, ref: str) -> OpenSnapshot:
    """What a commit holds, without checking it out; ``ref`` is resolved once, here."""
    repository = repository_of(root)
    found = git.find_commit(repository, ref)
    if found is None:
        hint = "name a branch, a tag or a commit id that is in this clone"
        if git.is_shallow(repository):
            hint = "the clone is shallow: run `git fetch --unshallow`, or have CI check out the whole history"
        raise RepositoryError(f"no commit named {ref!r}", hint=hint)
    return Commit(repository, found)


class OpenSnapshot:
    """What all snapshots share; also a context manager that closes."""

    title: str
    notes: tuple[str, ...] = ()
    """What people should know of the listing; complete once it has been made."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._entries: list[Entry] | None = None
        self._by_path: dict[str, Entry] = {}

    def __getstate__(self) -> dict[str, object]:
        # Who reads in another process needs no listing.
        return {**self.__dict__, "_entries": None, "_by_path": {}}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def entries(self) -> Sequence[Entry]:
        """All paths of the snapshot in path order; listed once."""
        if self._entries is None:
            self._entries = list(self._list())
            self._by_path = {entry.path: entry for entry in self._entries}
        return self._entries

    def changed(self) -> Sequence[Entry]:
        """For the index, the entries that differ from HEAD; else all entries."""
        return self.entries()

    def entry(self, path: str) -> Entry | None:
        """The entry at a path, or None; git needs one call for this, and no longer call for all entries."""
        self.entries()
        return self._by_path.get(path)

    def named(self, names: Sequence[str], folders: Iterable[str]) -> Iterator[Entry]:
        """The entries of such names in folders, ignored or not."""
        return named(self, names, folders)

    def below(self, folder: str) -> Sequence[Entry]:
        """The entries below a folder; the empty folder is the root."""
        return [entry for entry in self.entries() if not folder or entry.path.startswith(f"{folder}/")]

    def size(self, entry: Entry) -> int:
        """The size of a file in bytes, or of the target of a link, without reading it."""
        return entry.size if entry.size >= 0 else self._size(entry)

    def read(self, entry: Entry) -> bytes:
        """The content of a file, or the target of a link; raises RepositoryError."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what reading holds open; may be called again, and reading takes hold again."""

    def _list(self) -> Iterable[Entry]:
        raise NotImplementedError

    def _size(self, entry: Entry) -> int:
        raise NotImplementedError


class _Disk(OpenSnapshot):
    """What lies below a folder."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self._base = os.path.join(os.fsencode(root), b"")
        self._folders = {b""}
        """Those that are known to be no links, and below none."""

    def entry(self, path: str) -> Entry | None:
        """What lies at a path, ignored or not, or None."""
        name = _encode(path)
        status = self._status(name)
        if status is None or self._is_nested(name):
            return None
        if not stat.S_ISDIR(status.st_mode):
            return _from_disk(name, status, time.time_ns() - _UNSETTLED)
        try:
            inside = os.listdir(self._base + name)
        except OSError as error:
            raise _unreadable(path, error) from None
        # A submodule, if it is one, may not be checked out.
        return super().entry(path) if b".git" in inside or not inside else None

    def named(self, names: Sequence[str], folders: Iterable[str]) -> Iterator[Entry]:
        access, base = os.access, self._base
        encoded = [(name, _encode(name)) for name in names]
        for folder in folders:
            place = base + _encode(folder)
            for name, last in encoded:
                # The usual answer is no, and an exception takes longer to give it.
                if access(place + last, os.F_OK, follow_symlinks=False) and (entry := self.entry(folder + name)):
                    yield entry

    def read(self, entry: Entry) -> bytes:
        name = _encode(entry.path)
        try:
            if not self._is_inside(name):
                raise FileNotFoundError(0, "a folder above it is gone, or a link")
            return os.readlink(self._base + name) if entry.kind == LINK else self._content(name)
        except OSError as error:
            raise _unreadable(entry.path, error) from None

    def _size(self, entry: Entry) -> int:
        status = self._status(_encode(entry.path))
        if status is None:
            raise _unreadable(entry.path, FileNotFoundError(0, "it is gone"))
        return status.st_size

    def _content(self, name: bytes) -> bytes:
        # Not blocking, for a FIFO may have taken the place of the file.
        handle = os.open(self._base + name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(0, "it is no regular file")
            part = os.read(handle, min(status.st_size + 1, _CHUNK))
            if len(part) == status.st_size:  # There was room for one byte more.
                return part
            parts = []
            while part:
                parts.append(part)
                part = os.read(handle, _CHUNK)
            return b"".join(parts)
        finally:
            os.close(handle)

    def _present(self, names: Mapping[bytes, bool]) -> Iterator[Entry]:
        """The entries of names that exist, in order; a folder has to be known as a submodule."""
        settled = time.time_ns() - _UNSETTLED
        lstat, base, folders = os.lstat, self._base, self._folders
        for name in sorted(names):
            folder, _, last = name.rpartition(b"/")
            try:  # The usual case of ``_status``, without its calls: there may be a hundred thousand names.
                is_inside = folder in folders and last.lower() not in _NEVER and (folder or name[:1] != b"/")
                status = lstat(base + name) if is_inside else self._status(name)
            except OSError:
                status = self._status(name)
            if status and (entry := _from_disk(name, status, settled, submodule=names[name])):
                yield entry

    def _status(self, name: bytes) -> os.stat_result | None:
        """What lies at a path, or None for nothing; raises RepositoryError when that cannot be told."""
        try:
            return os.lstat(self._base + name) if self._is_inside(name) else None
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise _unreadable(_decode(name), error) from None

    def _is_inside(self, name: bytes) -> bool:
        """Whether a path is below the root with no link on the way to it."""
        folder, _, last = name.rpartition(b"/")
        if last.lower() in _NEVER or name.startswith(b"/") or b"\0" in name or len(name) > _LONGEST:
            return False
        if folder in self._folders:
            return True
        unknown = []
        while folder not in self._folders:
            unknown.append(folder)
            folder, _, last = folder.rpartition(b"/")
            if last.lower() in _NEVER:
                return False
        for folder in reversed(unknown):
            if not stat.S_ISDIR(os.lstat(self._base + folder).st_mode):
                return False
            self._folders.add(folder)
        return True

    def _is_nested(self, name: bytes) -> bool:
        """Whether a folder on the way to a path is a repository of its own."""
        while name := name.rpartition(b"/")[0]:
            if os.path.lexists(self._base + name + b"/.git"):
                return True
        return False


class WorkTree(_Disk):
    """The files on disk that git tracks, or does not ignore."""

    title = "work tree"

    def __init__(self, repository: git.Repository) -> None:
        super().__init__(repository.root)
        self._repository = repository
        self._untracked: frozenset[str] = frozenset()

    def untracked(self) -> Sequence[Entry]:
        """The entries that are not in the index."""
        return [entry for entry in self.entries() if entry.path in self._untracked]

    def below(self, folder: str) -> Sequence[Entry]:
        """The entries below a folder; git looks at no other, unless all are listed already."""
        if self._entries is not None or not folder or not self._status(_encode(folder)):
            found = super().below(folder)
        else:
            found = [entry for entry in self._list(_encode(folder)) if entry.path.startswith(f"{folder}/")]
        if folder and not found:
            self.entry(folder)  # Git passes over a folder that it cannot read; this raises.
        return found

    def _list(self, *within: bytes) -> Iterable[Entry]:
        paths: tuple[str | bytes, ...] = ("--", *within)
        with git.running(self._repository, "ls-files", "-z", "--others", "--exclude-standard", *paths) as others:
            staged = git.run(self._repository, "ls-files", "-z", "--stage", *paths)
            start = staged.find(b"\t") + 1  # Mode, id and stage take the same room in every record.
            names = {record[start:]: record.startswith(b"160000") for record in staged.split(b"\0")[:-1]}
            entries = list(self._present(names))  # Meanwhile, git walks through all folders.
            _, listed, complaint = others()
        untracked = {name: False for name in listed.split(b"\0")[:-1] if name not in names}
        notes = [f"git {line.removeprefix('warning: ')}" for line in complaint.splitlines() if _UNOPENED in line]
        if nested := sorted(_decode(name) for name in untracked if name.endswith(b"/")):
            shown = ", ".join(nested[:5]) + (", …" if len(nested) > 5 else "")
            notes.append(f"left out, for they are git repositories of their own: {shown}")
        self.notes = tuple(dict.fromkeys((*self.notes, *notes) if within else notes))
        if not within:
            self._untracked = frozenset(map(_decode, untracked))
        if not untracked:
            return entries
        return sorted([*entries, *self._present(untracked)], key=lambda entry: _encode(entry.path))


class _Folder(_Disk):
    title = "folder"

    def _list(self) -> Iterable[Entry]:
        names = {}
        folders = [b""]
        for folder in folders:
            try:
                with os.scandir(self._base + folder) as items:
                    for item in items:
                        if not item.is_dir(follow_symlinks=False):
                            names[folder + item.name] = False
                        elif os.path.lexists(item.path + b"/.git"):
                            names[folder + item.name] = True
                        elif item.name not in UNLISTED:
                            folders.append(folder + item.name + b"/")
            except OSError as error:
                raise _unreadable(_decode(folder) or self.root, error) from None
        return self._present(names)


class _Stored(OpenSnapshot):
    """What lies in the object store of git."""

    def __init__(self, repository: git.Repository) -> None:
        super().__init__(repository.root)
        self._repository = repository
        self._objects = git.Objects(repository)

    def read(self, entry: Entry) -> bytes:
        return self._objects.read(entry)

    def close(self) -> None:
        self._objects.close()

    def _size(self, entry: Entry) -> int:
        return self._objects.size(entry)


class Index(_Stored):
    """What the next commit will hold."""

    title = "index"

    def __init__(self, repository: git.Repository) -> None:
        super().__init__(repository)
        self._changed: list[Entry] | None = None

    def changed(self) -> Sequence[Entry]:
        """The entries that differ from HEAD."""
        if self._changed is None:
            try:
                self._changed = self._differing("HEAD")
            except RepositoryError:
                if git.find_commit(self._repository, "HEAD"):
                    raise
                return self.entries()  # There is no commit yet.
        return self._changed

    def _list(self) -> Iterable[Entry]:
        sha1, sha256 = _EMPTY_TREES
        try:
            return self._differing(sha1)
        except RepositoryError:
            return self._differing(sha256)

    def _differing(self, tree: str) -> list[Entry]:
        """What the index has and a tree has not, or has otherwise."""
        # Whatever .gitmodules says, submodules too.
        command = ("diff-index", "--cached", "--raw", "-z", "--ignore-submodules=none")
        fields = git.run(self._repository, *command, "--ita-invisible-in-index", tree, "--").split(b"\0")
        entries, conflicts = [], 0
        for meta, name in zip(fields[:-1:2], fields[1::2], strict=True):
            _, mode, _, blob, status = meta.split(b" ")
            if status == b"U":
                conflicts += 1
            elif status != b"D":
                entries.append(_from_git(name, mode, blob))
        if conflicts:
            self.notes = (f"left out of the index, for their merge conflicts are not resolved: {conflicts} paths",)
        return entries


class Commit(_Stored):
    """What a commit holds."""

    def __init__(self, repository: git.Repository, commit: str) -> None:
        super().__init__(repository)
        self.commit = commit
        self.title = f"commit {commit[:10]}"

    def _list(self) -> Iterable[Entry]:
        command = ("ls-tree", "-r", "-z", "--full-tree")
        try:
            output = git.run(self._repository, *command, "--long", self.commit)
        except RepositoryError:  # A partial clone knows the names, but not the sizes of what it lacks.
            output = git.run(self._repository, *command, self.commit)
        for record in output.split(b"\0")[:-1]:
            meta, _, name = record.partition(b"\t")
            mode, _, blob, *size = meta.split()
            yield _from_git(name, mode, blob, int(size[0]) if size and size[0].isdigit() else -1)


def repository_of(root: str) -> git.Repository:
    """The git repository that holds a folder; raises RepositoryError where there is none."""
    repository = git.discover(root)
    if not repository:
        raise RepositoryError("is in no git repository", path=root, hint="without one, only the work tree is judged")
    return repository


def _refuse_bare(repository: git.Repository) -> None:
    if repository.bare:
        raise RepositoryError(
            "is a bare repository: it has no work tree and no index", path=repository.root, hint="judge a commit of it"
        )


def _from_disk(name: bytes, status: os.stat_result, settled: int, *, submodule: bool = False) -> Entry | None:
    mode, size, changed = status.st_mode, status.st_size, status.st_ctime_ns
    stamp = b""
    if changed < settled:
        stamp = _STAMP.pack(mode, size, status.st_ino, status.st_mtime_ns & _TIME, changed & _TIME)
    path, kind = name.decode("utf-8", "surrogateescape"), mode & 0o170000
    if kind == stat.S_IFREG:
        return Entry(path, FILE, mode & stat.S_IXUSR != 0, size, "", stamp)
    if kind == stat.S_IFLNK:
        return Entry(path, LINK, False, size, "", stamp)
    return Entry(path, SUBMODULE, False, 0) if submodule and kind == stat.S_IFDIR else None


def _from_git(name: bytes, mode: bytes, blob: bytes, size: int = -1) -> Entry:
    kind, executable = _MODES.get(mode, (FILE, False))
    return Entry(_decode(name), kind, executable, 0 if kind == SUBMODULE else size, blob.decode())


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _encode(path: str) -> bytes:
    """The bytes of a path; a NUL, which is in none, for what has no bytes."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b"\0"


def _unreadable(path: str, error: OSError) -> RepositoryError:
    return RepositoryError(
        f"cannot be read: {error.strerror}", path=path, hint="make it readable, and leave it alone during the check"
    )
