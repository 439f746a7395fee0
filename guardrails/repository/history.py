"""What past commits brought: one pass of git over them, oldest first, with the versions of files that each added.

A merge brings what is in none of its parents, so that nothing is told of it that they have brought already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from guardrails.errors import RepositoryError
from guardrails.repository import git
from guardrails.repository import snapshot as snapshots
from guardrails.repository.changes import SHALLOW
from guardrails.repository.entry import Entry
from guardrails.tuples import NamedTuple

_WORDS = ("--all", "--branches", "--tags", "--remotes")
"""Options of git rev-list that name commits."""
_DATE = "%aI"
"""What git puts the date for, or leaves as it is where the commit has none that can be read."""
_LISTING = (
    *("log", "--reverse", "--date-order", f"--format=tformat:commit %H {_DATE}"),
    *("--raw", "-z", "--no-abbrev", "--root", "-c", "--combined-all-paths", "-M", "-l400"),
    # Settings could add to the output, leave something out, or name files to read.
    *("--no-show-signature", "--no-mailmap", "--no-notes", "--no-color", "--no-relative", "-O/dev/null"),
)
_REGULAR = b"100"


class Added(NamedTuple):
    """A version of a file that a commit brought."""

    commit: str
    authored: str
    """ISO date and time of the author; empty where the commit has none that can be read."""
    entry: Entry
    before: tuple[Entry, ...]
    """What it was made from, in each parent that had it; for a rename, under the name there."""


class History(snapshots.OpenSnapshot):
    """The commits of a range, and the content of all that they brought; it lists no files."""

    def __init__(self, root: str, wanted: str) -> None:
        repository = snapshots.repository_of(root)
        super().__init__(repository.root)
        self.wanted = wanted
        self.title = f"history of {wanted}"
        self.started = 0
        """How many commits have been begun to be listed."""
        self._repository = repository
        self._objects = git.Objects(repository)
        self._revisions = _revisions(wanted)
        self.commits = self._count()
        """How many commits there are."""
        if git.is_shallow(repository):
            self.notes = (
                f"older commits are not judged, and what they added is told at the first there is: {SHALLOW}",
            )

    def _count(self) -> int:
        answer = git.call(self._repository, "rev-list", "--count", *self._revisions)
        if answer.code:
            hint = (
                "write it as for git rev-list: main..HEAD, v1.0.., or --history=--all; a PATH stands before --history"
            )
            raise RepositoryError(
                f"--history {self.wanted}: names no commits of this repository: {answer.complaint}",
                hint=SHALLOW if git.is_shallow(self._repository) else hint,
            )
        return int(answer.output)

    def added(self) -> Iterator[Added]:
        """The versions of regular files that the commits brought; a parent comes before its children."""
        commit = authored = ""
        fields = git.fields(self._repository, *_LISTING, *self._revisions)
        for field in fields:
            record = field.lstrip(b"\n")
            if record.startswith(b"commit "):
                commit, authored = record.decode().split(" ")[1:]
                authored = "" if authored == _DATE else authored
                self.started += 1
            elif record:
                parents = len(record) - len(record.lstrip(b":"))
                modes, blobs, status = _split(record, parents)
                names = [next(fields) for _ in range(_names(parents, status))]
                if modes[-1].startswith(_REGULAR):
                    *before, entry = _entries(names, modes, blobs)
                    known = (old for old, mode in zip(before, modes, strict=False) if mode.startswith(_REGULAR))
                    yield Added(commit, authored, entry, tuple(known))

    def read(self, entry: Entry) -> bytes:
        """The content of a version of a file."""
        return self._objects.read(entry)

    def close(self) -> None:
        """End the git that reads, if there is one."""
        self._objects.close()

    def _list(self) -> Iterable[Entry]:
        return ()

    def _size(self, entry: Entry) -> int:
        return self._objects.size(entry)


def _revisions(wanted: str) -> tuple[str, ...]:
    """Arguments for git that name commits, and can be nothing else."""
    words = wanted.split()
    options = [word for word in words if word in _WORDS]
    return (*options, "--end-of-options", *(word for word in words if word not in _WORDS), "--")


def _split(record: bytes, parents: int) -> tuple[Sequence[bytes], Sequence[bytes], bytes]:
    """Modes and blobs, those of the parents first, and the status."""
    *states, status = record[parents:].split(b" ")
    return states[: parents + 1], states[parents + 1 :], status


def _names(parents: int, status: bytes) -> int:
    """How many names follow on a record."""
    return parents + 1 if parents > 1 or status[:1] == b"R" else 1


def _entries(names: list[bytes], modes: Sequence[bytes], blobs: Sequence[bytes]) -> Iterator[Entry]:
    """The entries of all sides; a single name is that of both."""
    for name, mode, blob in zip(names * (len(modes) // len(names)), modes, blobs, strict=True):
        yield Entry(name.decode("utf-8", "surrogateescape"), executable=mode == b"100755", blob=blob.decode())
