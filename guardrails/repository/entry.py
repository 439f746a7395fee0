"""What a snapshot lists: the files of the repository, before any is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from guardrails.tuples import NamedTuple

FILE, LINK, SUBMODULE = "file", "link", "submodule"


class Entry(NamedTuple):
    """One path of a snapshot.

    ``path`` is relative to the root with ``/`` between its parts; bytes that are not UTF-8 are surrogate
    escapes. ``size`` is in bytes, -1 when only reading would tell. ``blob`` is git's object id where the
    listing gives it for free, else empty. ``stamp`` is what the disk says of a file unread: while it is the same, so
    are content and mode; it is empty where that is no promise.
    """

    path: str
    kind: str = FILE
    executable: bool = False
    size: int = -1
    blob: str = ""
    stamp: bytes = b""


class Snapshot(Protocol):
    """The repository as judged."""

    root: str
    """Absolute path of the work tree, or of the git folder of a bare repository."""
    title: str
    """What is judged, for people: ``work tree``, ``index``, ``commit 1a2b3c``."""

    notes: tuple[str, ...]
    """What the snapshot had to leave out, for people; complete once it is listed."""

    def entries(self) -> Sequence[Entry]:
        """All paths of the snapshot in path order; listed once."""

    def changed(self) -> Sequence[Entry]:
        """For the index: the entries that differ from HEAD; else all entries."""

    def entry(self, path: str) -> Entry | None:
        """The entry at a path without listing the whole tree, or None."""

    def named(self, names: Sequence[str], folders: Iterable[str]) -> Iterable[Entry]:
        """The entries of such names in folders, ignored or not; a slash ends a folder, and the root is empty."""

    def below(self, folder: str) -> Sequence[Entry]:
        """The entries below a folder (empty for the root), without listing the rest where that is cheaper."""

    def size(self, entry: Entry) -> int:
        """The size of a file in bytes, without reading it."""

    def read(self, entry: Entry) -> bytes:
        """The content of a file, or the target of a link; raises RepositoryError."""

    def close(self) -> None:
        """Release what reading holds open."""


def named(snapshot: Snapshot, names: Sequence[str], folders: Iterable[str]) -> Iterator[Entry]:
    """The entries of such names in folders of a snapshot, asked for one by one."""
    paths = (f"{folder}{name}" for folder in folders for name in names)
    return (entry for path in paths if (entry := snapshot.entry(path)) is not None)
