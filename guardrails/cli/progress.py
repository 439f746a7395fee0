"""A progress line on a terminal, for scans that take long enough to wonder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic

_PATIENCE = 1.0
_INTERVAL = 0.1


class Progress:
    """Shows how far a scan is, on standard error, after a second; :meth:`clear` takes the line away."""

    def __init__(self, total: int, noun: str) -> None:
        self.total = total
        self.noun = noun
        self.due = monotonic() + _PATIENCE
        self.shown = False

    def __call__(self, done: int) -> None:
        """Note how many are judged."""
        now = monotonic()
        if now >= self.due:
            self.due = now + _INTERVAL
            self.shown = True
            filled = 30 * done // max(self.total, 1)
            sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done}/{self.total} {self.noun}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line off the terminal."""
        if self.shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def progress(total: int, noun: str = "files") -> tuple[Callable[[int], None] | None, Callable[[], None]]:
    """What to call on each step and at the end; nothing is shown where standard error is no terminal."""
    if not sys.stderr.isatty():
        return None, lambda: None
    bar = Progress(total, noun)
    return bar, bar.clear
