"""A repository that is not on any disk: the file tree of an example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from guardrails.repository.entry import Entry, named
from guardrails.tuples import NamedTuple


class Content(NamedTuple):
    """A file of the tree."""

    entry: Entry
    data: bytes


class MemorySnapshot:
    """A snapshot of files that are given."""

    root = "/nonexistent"
    title = "example"
    notes: tuple[str, ...] = ()

    def __init__(self, contents: Mapping[str, Content]) -> None:
        self._contents = {path: contents[path] for path in sorted(contents)}

    def entries(self) -> Sequence[Entry]:
        """All files."""
        return [content.entry for content in self._contents.values()]

    changed = entries

    def below(self, folder: str) -> Sequence[Entry]:
        """The files below a folder."""
        return [entry for entry in self.entries() if not folder or entry.path.startswith(folder + "/")]

    def entry(self, path: str) -> Entry | None:
        """The file at a path, or None."""
        content = self._contents.get(path)
        return content.entry if content else None

    def named(self, names: Sequence[str], folders: Iterable[str]) -> Iterator[Entry]:
        """The files of such names in folders."""
        return named(self, names, folders)

    def size(self, entry: Entry) -> int:
        """The size in bytes."""
        return entry.size

    def read(self, entry: Entry) -> bytes:
        """The content."""
        return self._contents[entry.path].data

    def close(self) -> None:
        """Nothing is held open."""
