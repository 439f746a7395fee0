"""A snapshot with files as they may become, so that they can be judged before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from guardrails.fixing.edits import Draft
from guardrails.repository.entry import FILE, Entry, Snapshot, named


class Drafts:
    """What a snapshot holds, but for the files of which there is a draft."""

    def __init__(self, snapshot: Snapshot, drafts: Mapping[str, Draft]) -> None:
        self.over = snapshot
        """What is underneath."""
        self._drafts = drafts
        self.root = snapshot.root
        self.title = snapshot.title
        self.notes = snapshot.notes

    def entries(self) -> Sequence[Entry]:
        """All paths."""
        return [self._now(entry) for entry in self.over.entries()]

    def changed(self) -> Sequence[Entry]:
        """The entries that the snapshot says differ."""
        return [self._now(entry) for entry in self.over.changed()]

    def entry(self, path: str) -> Entry | None:
        """The entry at a path."""
        entry = self.over.entry(path)
        return entry and self._now(entry)

    def below(self, folder: str) -> Sequence[Entry]:
        """The entries below a folder."""
        return [self._now(entry) for entry in self.over.below(folder)]

    def named(self, names: Sequence[str], folders: Iterable[str]) -> Iterator[Entry]:
        """The files of such names in folders."""
        return named(self, names, folders)

    def size(self, entry: Entry) -> int:
        """The size of a file."""
        return entry.size if entry.path in self._drafts else self.over.size(entry)

    def read(self, entry: Entry) -> bytes:
        """The content of a file."""
        draft = self._drafts.get(entry.path)
        return draft.data if draft and entry.kind == FILE else self.over.read(entry)

    def close(self) -> None:
        """Nothing: whoever opened the snapshot closes it."""

    def _now(self, entry: Entry) -> Entry:
        draft = self._drafts.get(entry.path)
        return draft.entry(entry.path) if draft else entry
