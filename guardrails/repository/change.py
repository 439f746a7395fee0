"""What a change did: the files and commits between two snapshots."""

from __future__ import annotations

from collections.abc import Mapping

from guardrails.repository.entry import Snapshot
from guardrails.tuples import NamedTuple

ADDED, MODIFIED, DELETED, RENAMED = "added", "modified", "deleted", "renamed"


class ChangedFile(NamedTuple):
    """A path that a change touched."""

    path: str
    """After the change; of a deleted file, where it was."""
    status: str
    before: str = ""
    """The path before the change; empty for an added file."""


class Commit(NamedTuple):
    """A commit of a change."""

    id: str
    """Empty for one that is about to be made."""
    author: str
    email: str
    """Of the author."""
    message: str
    parents: int = 1


class Change(NamedTuple):
    """All that a branch, or the next commit, brings."""

    base: Snapshot
    """The state that it starts from."""
    head: Snapshot
    files: tuple[ChangedFile, ...]
    """Sorted by path."""
    commits: tuple[Commit, ...]
    """Oldest first; none where the change is not committed yet."""
    branch: str = ""
    """Empty when it is not known."""
    pending: bool = False
    """Whether its last commit is about to be made; then ``commits`` has no other, and nobody can have agreed to it."""

    @property
    def by_path(self) -> Mapping[str, ChangedFile]:
        """The files by their path after the change."""
        return {file.path: file for file in self.files}
