"""Which files differ between a commit and a snapshot.

The work tree is compared as git does, by what the index remembers of its files. Where this leaves a doubt, git would
pass content through filters that the repository configures; so they are turned off by name, and what git then takes
to be changed is compared here, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardrails.errors import RepositoryError
from guardrails.repository import git
from guardrails.repository import snapshot as snapshots
from guardrails.repository.change import ADDED, DELETED, MODIFIED, RENAMED, ChangedFile
from guardrails.repository.entry import LINK, SUBMODULE, Entry, Snapshot
from guardrails.tuples import NamedTuple

_DIFFERENCES = ("--raw", "-z", "-M", "-l400", "--no-relative", "--ignore-submodules=none")
"""Renames are looked for among so many files that it takes seconds at worst."""
_COMPARED = 1 << 26
"""A file with more bytes is taken to be changed when git takes it to be."""
_NOWHERE = b"000000"
_UNKNOWN = b""


def differing(repository: git.Repository, base: str, head: Snapshot) -> tuple[ChangedFile, ...]:
    """The paths at which a snapshot is not what a commit, or a tree, is."""
    difference = _Difference()
    if isinstance(head, snapshots.Commit):
        command: tuple[str, ...] = ("diff-tree", "-r", *_DIFFERENCES, base, head.commit)
    elif isinstance(head, snapshots.Index | snapshots.WorkTree):
        command = ("diff-index", "--cached", "--ita-invisible-in-index", *_DIFFERENCES, base)
    else:
        raise RepositoryError("git is needed to tell what changed, and is not used here", path=head.root)
    for record in _records(git.run(repository, *command, "--")):
        if record.status != b"U" or isinstance(head, snapshots.WorkTree):  # The index holds no side of a conflict.
            difference.add(record)
    if isinstance(head, snapshots.WorkTree):
        _add_work_tree(repository, head, difference, sha256=len(base) > 40)
    return difference.files()


class _State(NamedTuple):
    """What is at a path."""

    mode: bytes = _NOWHERE
    blob: bytes = _UNKNOWN


class _Record(NamedTuple):
    """A line of ``--raw`` output."""

    before: _State
    after: _State
    status: bytes
    name: bytes
    source: bytes
    """The name before; differs for a rename."""


class _Difference:
    """What is at the paths that may differ, before and after."""

    def __init__(self) -> None:
        self.before: dict[bytes, _State] = {}
        self.after: dict[bytes, _State] = {}
        self.sources: dict[bytes, bytes] = {}

    def add(self, record: _Record) -> None:
        """Take what git says of one path, or of both paths of a rename."""
        if record.name != record.source:
            self.sources[record.name] = record.source
            self.before[record.name], self.after[record.source] = _State(), _State()
        self.before[record.source] = record.before
        self.after[record.name] = record.after

    def files(self) -> tuple[ChangedFile, ...]:
        """The paths that do differ."""
        status = {name: _status(self.before[name], after) for name, after in self.after.items()}
        for name, source in self.sources.items():
            if status[name] == ADDED and status[source] == DELETED:
                status[name], status[source] = RENAMED, ""
        return tuple(
            ChangedFile(_decode(name), what, "" if what == ADDED else _decode(self.sources.get(name, name)))
            for name, what in sorted(status.items())
            if what
        )


def _add_work_tree(repository: git.Repository, head: snapshots.WorkTree, index: _Difference, *, sha256: bool) -> None:
    """Go on from the index to the work tree."""
    # Inside submodules git would run a git of its own, with their settings.
    command = ("diff-files", "--raw", "-z", "--ita-invisible-in-index", "--no-relative", "--ignore-submodules=dirty")
    for record in _records(git.run(repository, *_without_filters(repository), *command)):
        index.before.setdefault(record.name, record.before)
        entry = head.entry(_decode(record.name)) if record.after.mode != _NOWHERE else None
        blob = _blob(head, entry, sha256=sha256) if entry else _UNKNOWN
        index.after[record.name] = _State(record.after.mode, blob) if entry else _State()
    for entry in head.untracked():
        name = entry.path.encode("utf-8", "surrogateescape")
        index.before.setdefault(name, _State())
        mode = b"120000" if entry.kind == LINK else b"100755" if entry.executable else b"100644"
        known = index.before[name].mode != _NOWHERE
        index.after[name] = _State(mode, _blob(head, entry, sha256=sha256) if known else _UNKNOWN)


def _blob(head: Snapshot, entry: Entry, *, sha256: bool) -> bytes:
    """The id that git would give to the bytes on disk."""
    if entry.kind == SUBMODULE or entry.size > _COMPARED:
        return _UNKNOWN
    import hashlib  # noqa: PLC0415 - only for files that were touched

    data = head.read(entry)
    data = b"blob %d\0%b" % (len(data), data)
    made = hashlib.sha256(data) if sha256 else hashlib.sha1(data, usedforsecurity=False)
    return made.hexdigest().encode()


def _records(output: bytes) -> Iterator[_Record]:
    fields = iter(output.split(b"\0")[:-1])
    for meta in fields:
        old_mode, mode, old_blob, blob, status = meta.removeprefix(b":").split(b" ")
        source = next(fields)
        name = next(fields) if status[:1] == b"R" else source
        yield _Record(_state(old_mode, old_blob), _state(mode, blob), status[:1], name, source)


def _state(mode: bytes, blob: bytes) -> _State:
    return _State() if mode == _NOWHERE else _State(mode, blob)


def _status(before: _State, after: _State) -> str:
    if before == after:
        return ""
    if before.mode == _NOWHERE:
        return ADDED
    return DELETED if after.mode == _NOWHERE else MODIFIED


def _without_filters(repository: git.Repository) -> Iterator[str]:
    """Options for git that let no filter, which any program can be, see content."""
    command = ("config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$")
    for name in dict.fromkeys(
        git.call(repository, *command).output.decode("utf-8", "surrogateescape").split("\0")[:-1]
    ):
        # Empty, by way of a variable that is: -c takes no name with a = in it.
        yield f"--config-env={name}={git.EMPTY}"


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
