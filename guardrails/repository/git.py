"""Finds repositories, and runs git: the only module that does.

Nothing that a repository says may run or lead elsewhere. So only plumbing that reads is used, its folders are
named outright (which also spares git's check of who owns them: containers and CI need no ``safe.directory``),
hooks, the file system monitor and every transport are off, and object replacements are not seen.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeVar

from guardrails.errors import RepositoryError
from guardrails.repository.entry import Entry
from guardrails.tuples import NamedTuple

_T = TypeVar("_T")

PATIENCE = 60
"""Seconds without a word after which git is taken to be stuck: on a FIFO that its settings name, for instance."""
SKIP = 1 << 20
"""Content larger than this is not read through to get past it; the reader is started afresh."""

_PIPE = 1 << 16
_SIGTERM = 15  # The signal module would cost more than the rest of this one.
_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
)
_SETTINGS = {
    "LC_ALL": "C",  # Messages are matched below.
    "GIT_ALLOW_PROTOCOL": "",  # None; unlike protocol.allow, no setting of the repository can undo it.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
EMPTY = "GIT_ALLOW_PROTOCOL"
"""A variable that git has, and that is empty."""
_GLOBAL = ("GIT_CONFIG", "GIT_EXEC_PATH", "GIT_AUTHOR_")
"""Variables, by how they begin, that hold for every repository."""
_LOCAL = (
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
)
"""Variables that hold for the repository of the current folder: hooks get them."""
_ADVICE = (
    ("promisor", "checks never fetch: if the clone is partial, check out the commit once, or clone without --filter"),
    ("not a git repository", "the git folder is damaged; for a linked worktree, try `git worktree repair`"),
    ("unknown repository extension", "use a newer git"),
    ("repo version", "use a newer git"),
    ("bad config", "mend that line of the git configuration"),
    ("", "run `git fsck` to see whether the repository is damaged"),
)


class Repository(NamedTuple):
    """Where a repository is; all paths are absolute."""

    root: str
    """Top of the work tree, or the git folder of a bare repository."""
    git_dir: str
    bare: bool = False


class Answer(NamedTuple):
    """What one git call said."""

    code: int
    output: bytes
    complaint: str


def discover(start: str) -> Repository | None:
    """The repository that holds ``start``, found without running git.

    ``GIT_DIR`` and ``GIT_WORK_TREE`` count where git would heed them, in the folder they speak of, unless
    a ``.git`` on the way up leads to the same git folder and so knows the work tree better.
    """
    start = os.path.realpath(start)
    found = _enclosing(start)
    named = os.environ.get("GIT_DIR")
    if named and not (found and _same(found.git_dir, named)):
        top = os.path.realpath(os.environ.get("GIT_WORK_TREE") or ".")
        if os.path.commonpath((start, top)) == top:
            return Repository(top, os.path.realpath(named))
    return found


def program(name: str = "git") -> str | None:
    """A program; folders of PATH that are not absolute are passed over, for they may be the repository's."""
    for folder in os.get_exec_path():
        path = os.path.join(folder, name)
        if os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def call(repository: Repository, *arguments: str | bytes) -> Answer:
    """What git says to one command, whether it succeeds or not."""
    with closing(_Child(repository, arguments)) as child:
        return child.answer()


def run(repository: Repository, *arguments: str | bytes) -> bytes:
    """The output of a git command; raises RepositoryError when it fails."""
    with running(repository, *arguments) as answer:
        return answer().output


@contextmanager
def running(repository: Repository, *arguments: str | bytes) -> Iterator[Callable[[], Answer]]:
    """A git command at work: what is given waits for its answer, and raises RepositoryError when it fails."""

    def answered() -> Answer:
        answer = child.answer()
        if answer.code:
            raise failure(str(arguments[0]), answer.complaint)
        return answer

    with closing(_Child(repository, arguments)) as child:
        yield answered


def fields(repository: Repository, *arguments: str | bytes) -> Iterator[bytes]:
    """The output of a git command that ends each field with NUL, as it comes; raises RepositoryError when it fails."""
    with closing(_Child(repository, arguments)) as child:
        rest = b""
        while data := child.read():
            *whole, rest = (rest + data).split(b"\0")
            yield from whole
        if child.wait():
            raise failure(str(arguments[0]), child.complaint)


def find_commit(repository: Repository, ref: str) -> str | None:
    """The id of the commit that ``ref`` names, or None when there is no such commit."""
    if ref.startswith(("-", "^")) or not ref.isprintable():
        return None
    answer = call(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if answer.code not in {0, 1}:
        raise failure("rev-parse", answer.complaint)
    return answer.output.decode().strip() or None


def is_shallow(repository: Repository) -> bool:
    """Whether the clone lacks part of its history."""
    return run(repository, "rev-parse", "--is-shallow-repository") == b"true\n"


class Objects:
    """The content of blobs, through one ``git cat-file --batch`` that is started when it is first needed.

    Safe to pickle and to fork: a worker starts a git of its own.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._child: _Child | None = None
        self._buffer = bytearray()
        self._next = ""
        """The blob whose header has been read, and whose content has not."""
        self._size = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return Objects, (self._repository,)

    def size(self, entry: Entry) -> int:
        """The size of a blob in bytes; its content is not read, and reading it next costs no further question."""
        return self._settled(self._ask, entry)

    def read(self, entry: Entry) -> bytes:
        """The content of a blob."""
        return self._settled(self._content, entry)

    def close(self) -> None:
        """End the git process, if there is one; reading starts another."""
        child, self._child = self._child, None
        self._buffer.clear()
        self._next = ""
        if child:
            child.close()

    def _settled(self, question: Callable[[Entry], _T], entry: Entry) -> _T:
        try:
            return question(entry)
        except BaseException:
            self.close()  # Half an answer may be on its way.
            raise

    def _content(self, entry: Entry) -> bytes:
        size = self._ask(entry)
        self._next = ""
        return self._take(size + 1, entry)[:-1]

    def _ask(self, entry: Entry) -> int:
        if self._child and self._child.parent != os.getpid():
            self.close()
        elif self._next and self._next == entry.blob:
            return self._size
        elif self._next and self._size > SKIP:
            self.close()
        elif self._next:
            self._take(self._size + 1, entry)
        if not self._child:
            self._child = _Child(self._repository, ("cat-file", "--batch"), feed=True)
        self._child.write(entry.blob.encode() + b"\n")
        header = self._line(entry).split()
        if len(header) != 3 or header[1] != b"blob":
            hint = f"{_advice('promisor')}; if it is not partial, {_advice('')}"
            raise RepositoryError("its content is not in this clone", path=entry.path, hint=hint)
        self._next, self._size = entry.blob, int(header[2])
        return self._size

    def _line(self, entry: Entry) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            self._more(entry)
        return self._take(end + 1, entry)

    def _take(self, count: int, entry: Entry) -> bytes:
        while len(self._buffer) < count:
            self._more(entry)
        with memoryview(self._buffer) as view:
            data = bytes(view[:count])
        del self._buffer[:count]
        return data

    def _more(self, entry: Entry) -> None:
        assert self._child  # noqa: S101 - started by _ask
        data = self._child.read()
        if not data:
            self._child.wait()
            complaint = self._child.complaint
            reason = complaint or "git ended without a word"
            raise RepositoryError(f"cannot be read: {reason}", path=entry.path, hint=_advice(complaint))
        self._buffer += data


class _Child:
    """A running git, whose output and complaints are drained together so that neither can block it."""

    def __init__(self, repository: Repository, arguments: tuple[str | bytes, ...], *, feed: bool = False) -> None:
        path = program()
        if path is None:
            raise RepositoryError(
                "git was not found on PATH", hint="install git; without it only the files of a work tree can be judged"
            )
        where = ("-C", repository.root, f"--git-dir={repository.git_dir}", f"--work-tree={repository.root}")
        self.parent = os.getpid()
        self._complaint = b""
        self._output, output = os.pipe()
        self._errors, errors = os.pipe()
        entrance, self._input = os.pipe() if feed else (os.open(os.devnull, os.O_RDONLY), -1)
        try:
            self._pid = os.posix_spawn(
                path,
                ("git", *_OPTIONS, *where, *arguments),
                _environment(repository),
                file_actions=[(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in enumerate((entrance, output, errors))],
            )
        except (OSError, ValueError) as error:
            self._pid = 0
            self.close()
            raise RepositoryError(f"git cannot be run: {error}", path=path) from error
        finally:
            for fd in (entrance, output, errors):
                os.close(fd)
        self._open = {self._output, self._errors}
        self._poll = select.poll()
        for fd in self._open:
            self._poll.register(fd, select.POLLIN)

    @property
    def complaint(self) -> str:
        """The line of standard error that says most, safe to print."""
        lines = self._complaint.decode("utf-8", "replace").splitlines()
        line = next((line for line in reversed(lines) if line.startswith("fatal: ")), lines[0] if lines else "")
        return "".join(char if char.isprintable() else "?" for char in line.removeprefix("fatal: "))[:400]

    def write(self, data: bytes) -> None:
        """Send a line, short enough for the pipe to take it at once."""
        with suppress(BrokenPipeError):  # The reason is in the complaint, which the next read comes upon.
            os.write(self._input, data)

    def read(self) -> bytes:
        """Some output as soon as there is some; empty at its end."""
        data = b""
        while not data and self._output in self._open:
            data = self._drain()
        return data

    def answer(self) -> Answer:
        """All that git says, once it is done."""
        output = b"".join(iter(self.read, b""))
        return Answer(self.wait(), output, self.complaint)

    def wait(self) -> int:
        """The exit code, once all output has been read."""
        while self._open:
            self._drain()
        pid, self._pid = self._pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def close(self) -> None:
        """End git if it still runs; may be called again."""
        for fd in (self._input, self._output, self._errors):
            if fd >= 0:
                os.close(fd)
        self._input = self._output = self._errors = -1
        pid, self._pid = self._pid, 0
        if pid and self.parent == os.getpid():
            os.kill(pid, _SIGTERM)
            os.waitpid(pid, 0)

    def _drain(self) -> bytes:
        ready = self._poll.poll(PATIENCE * 1000)
        if not ready:
            raise RepositoryError(
                f"git gave no answer for {PATIENCE} seconds",
                hint="see whether its settings or an ignore file name a device, a FIFO or a folder that hangs",
            )
        output = b""
        for fd, _ in ready:
            data = os.read(fd, _PIPE)
            if not data:
                self._poll.unregister(fd)
                self._open.discard(fd)
            elif fd == self._output:
                output = data
            else:
                self._complaint = (self._complaint + data)[-_PIPE:]
        return output


def _enclosing(start: str) -> Repository | None:
    folder = start
    while True:
        git_dir = _git_dir(folder)
        if git_dir:
            return Repository(folder, git_dir)
        if folder == start and _is_git_folder(start):  # Further up, it could be planted in the files of a work tree.
            return Repository(start, start, bare=True)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _git_dir(folder: str) -> str | None:
    path = os.path.join(folder, ".git")
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            return path if _is_git_folder(path) else None
        with open(path, "rb") as file:
            line = file.read(_PIPE)
    except OSError:
        return None
    target = os.path.join(folder, os.fsdecode(line.removeprefix(b"gitdir:").strip()))
    if not line.startswith(b"gitdir:") or not _is_git_folder(target):
        raise RepositoryError(
            "leads to no git folder", path=path, hint="try `git worktree repair`, or `git submodule update --init`"
        )
    return os.path.realpath(target)


def _is_git_folder(path: str) -> bool:
    """Git's own test; a linked worktree keeps its objects elsewhere."""
    has = {name for name in ("HEAD", "objects", "refs", "commondir") if os.path.lexists(os.path.join(path, name))}
    return has >= {"HEAD", "objects", "refs"} or has >= {"HEAD", "commondir"}


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _environment(repository: Repository) -> dict[str, str]:
    kept: tuple[str, ...] = _GLOBAL
    if any(name in os.environ for name in _LOCAL):
        here = discover(".")
        if here and _same(here.git_dir, repository.git_dir):
            kept += _LOCAL
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(kept)
    }
    return inherited | _SETTINGS


def _advice(complaint: str) -> str:
    return next(advice for part, advice in _ADVICE if part in complaint)


def failure(command: str, complaint: str) -> RepositoryError:
    """The error of a git command that did not succeed."""
    return RepositoryError(f"git {command} failed: {complaint or 'it gave no reason'}", hint=_advice(complaint))
