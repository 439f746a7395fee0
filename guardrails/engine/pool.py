"""Files are judged one after the other, and by several processes when that pays: the answers are the same.

This process begins alone. Once it has judged for ``TRIAL`` seconds, and the rest would take longer than ``WORTH`` at
that pace, it starts workers, which on Linux inherit all that it has loaded. A commit never gets there. When the
rest would take longer than ``LONG``, kinds make ready for it, which costs them some tenths of a second.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from guardrails.engine.judge import Judged
from guardrails.errors import UserError
from guardrails.findings import Problem
from guardrails.repository.entry import Entry
from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from typing import Protocol

    class Work(Protocol):
        """What is done with each entry; can be pickled, and stays ready then."""

        def __call__(self, entry: Entry) -> Judged:
            """Judge an entry."""

        def prepare(self) -> None:
            """Make ready for many entries; to ask again is free."""


TRIAL, WORTH, LONG = 0.1, 0.4, 2
"""Seconds."""
MAX_JOBS = 8
"""Processes that are started unless more are asked for: each needs memory of its own."""
MAX_DEATHS = 20
"""Workers that may die before the run is given up."""

_BATCH = 1 << 20
"""About how much a worker gets at a time, in bytes."""
_LARGE = 4 << 20
"""Bytes of a block of memory that goes back to the system at once."""
_MMAP_THRESHOLD = -3  # as malloc.h has it
_OVERHEAD = 4000
"""What a file costs however small it is, in bytes that could be judged meanwhile."""


def automatic() -> int:
    """How many processes can work at the same time here."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_JOBS)


class Crew(NamedTuple):
    """How files are judged."""

    jobs: int = 1
    """The number of processes that may work; 0 for what the machine has."""
    progress: Callable[[int], None] | None = None
    """Called with the number of files judged so far."""

    def run(self, work: Work, entries: Sequence[Entry]) -> Generator[Judged]:
        """What work gives for each entry, in order; to be closed, lest workers outlive an interruption."""
        jobs = self.jobs or automatic()
        started, due = monotonic(), TRIAL
        for number, entry in enumerate(entries):
            if number and (spent := monotonic() - started) > due:
                due = 2 * spent
                rest = spent * _weight(entries[number:]) / _weight(entries[:number])
                if rest > LONG:
                    work.prepare()
                if rest > WORTH and jobs > 1:
                    yield from self._share(work, entries, number, jobs)
                    return
            if self.progress:
                self.progress(number)
            yield work(entry)

    def _share(self, work: Work, entries: Sequence[Entry], first: int, jobs: int) -> Iterator[Judged]:
        team = _Team(work, entries, first, jobs)
        try:
            for number, judged in enumerate(team.answers(), first):
                if self.progress:
                    self.progress(number)
                yield judged
        finally:
            team.close()


def _weight(entries: Sequence[Entry]) -> int:
    return sum(max(entry.size, 0) + _OVERHEAD for entry in entries)


class _Batch(NamedTuple):
    """Entries that a worker judges together, by their numbers."""

    first: int
    end: int


def _batches(entries: Sequence[Entry], first: int) -> Iterator[_Batch]:
    weight = 0
    for number in range(first, len(entries)):
        weight += max(entries[number].size, 0) + _OVERHEAD
        if weight >= _BATCH:
            yield _Batch(first, number + 1)
            first, weight = number + 1, 0
    if first < len(entries):
        yield _Batch(first, len(entries))


class _Worker(NamedTuple):
    process: BaseProcess
    batch: _Batch


class _Team:
    """The workers of one run.

    Each has one batch at a time, so neither side ever waits for the other to read. When one dies, the files of its
    batch are handed out one by one, and so the one that kills is known.
    """

    def __init__(self, work: Work, entries: Sequence[Entry], first: int, jobs: int) -> None:
        import multiprocessing  # noqa: PLC0415 - few runs are large enough

        self._work = work
        self._entries = entries
        self._next = first
        self._waiting = deque(_batches(entries, first))
        self._context = multiprocessing.get_context("fork" if _can_fork() else "spawn")
        self._workers: dict[Connection, _Worker] = {}
        self._done: dict[int, Sequence[Judged]] = {}
        self._deaths = 0
        self._jobs = min(jobs, len(self._waiting))

    def answers(self) -> Iterator[Judged]:
        """What the workers give, in the order of the entries."""
        from multiprocessing.connection import wait  # noqa: PLC0415 - as above

        while self._next < len(self._entries):
            while self._waiting and len(self._workers) < self._jobs:
                self._hire()
            for connection in wait(list(self._workers)):
                self._hear(connection)  # type: ignore[arg-type]
            while self._next in self._done:
                answers = self._done.pop(self._next)
                self._next += len(answers)
                yield from answers

    def close(self) -> None:
        """End all workers at once."""
        for worker in self._workers.values():
            worker.process.terminate()
        for connection, worker in self._workers.items():
            connection.close()
            worker.process.join()
        self._workers.clear()

    def _hire(self) -> None:
        ours, theirs = self._context.Pipe()
        forked = self._context.get_start_method() == "fork"
        inherited = (*self._workers, ours) if forked else ()
        process = self._context.Process(target=_serve, args=(self._work, theirs, inherited), daemon=True)  # type: ignore[attr-defined]
        with _Undisturbed():  # until it is known as one to be ended
            process.start()
            theirs.close()
            self._hand_out(ours, process)

    def _hand_out(self, connection: Connection, process: BaseProcess) -> None:
        """Give a worker its next batch, or let it go."""
        if self._waiting:
            batch = self._waiting.popleft()
            self._workers[connection] = _Worker(process, batch)
            with suppress(OSError):  # If it died, reading from it tells.
                connection.send(self._entries[batch.first : batch.end])
        else:
            self._workers.pop(connection, None)
            connection.close()
            process.join()

    def _hear(self, connection: Connection) -> None:
        process, batch = self._workers[connection]
        try:
            self._done[batch.first] = connection.recv()
        except (EOFError, OSError):
            del self._workers[connection]
            connection.close()
            process.join()
            self._bury(batch, process.exitcode)
        else:
            self._hand_out(connection, process)

    def _bury(self, batch: _Batch, code: int | None) -> None:
        self._deaths += 1
        if self._deaths > MAX_DEATHS:
            raise UserError(
                f"judging was given up after {self._deaths} of its processes died",
                hint="is there enough memory? --jobs 1 takes the least, and shows what breaks",
            )
        if batch.end - batch.first > 1:
            self._waiting.extendleft(_Batch(number, number + 1) for number in reversed(range(*batch)))
        else:
            how = f"signal {-code}" if code and code < 0 else f"exit code {code}"
            problem = Problem(f"the process that judged it died ({how})", path=self._entries[batch.first].path)
            self._done[batch.first] = [Judged(problems=(problem,))]


def _can_fork() -> bool:
    """Whether a fork is safe: no other thread may hold a lock that nobody will release in the child."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


class _Undisturbed:
    """While a worker starts, Ctrl-C waits; and it imports from installed packages, not from the folder it is in."""

    def __enter__(self) -> None:
        import signal  # noqa: PLC0415 - as above

        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._safe = os.environ.get("PYTHONSAFEPATH")
        os.environ["PYTHONSAFEPATH"] = "1"

    def __exit__(self, *_: object) -> None:
        import signal  # noqa: PLC0415 - as above

        if self._safe is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = self._safe
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)


def _return_large_blocks() -> None:
    """Have glibc give back what large files took, which it keeps otherwise once there was one: 30 MB a process."""
    with suppress(ImportError, OSError, AttributeError, TypeError):  # another C library, or Python without ctypes
        import ctypes  # noqa: PLC0415 - as above

        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)


def _serve(work: Work, connection: Connection, inherited: Sequence[Connection]) -> None:
    """Judge batch after batch until the other end is closed, as it is when the main process is gone."""
    import signal  # noqa: PLC0415 - as above

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The main process hears it too, and ends us.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _return_large_blocks()
    for each in inherited:  # Held open here, they would keep the other workers waiting for a main process that is gone.
        each.close()
    try:
        while True:
            connection.send([work(entry) for entry in connection.recv()])
    except (EOFError, OSError):
        return
