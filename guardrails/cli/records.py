"""Reads what a repository says about exceptions: its waivers, its baseline, and who owns what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from guardrails.engine.options import Options
from guardrails.engine.plan import Plan
from guardrails.engine.scan import Scan
from guardrails.errors import RepositoryError
from guardrails.findings import Finding
from guardrails.policy.terms import BASELINE, MISNAMED, WAIVERS
from guardrails.repository.change import Change
from guardrails.repository.entry import FILE, SUBMODULE, Entry, Snapshot

if TYPE_CHECKING:
    from guardrails.engine.marks import Mark
    from guardrails.governance.governing import Records


def content(snapshot: Snapshot, path: str) -> bytes | None:
    """The content of a file, or None when there is nothing at the path; of a link its target, which is no record."""
    entry = snapshot.entry(path)
    return snapshot.read(entry) if entry is not None and entry.kind != SUBMODULE else None


def are_in(snapshot: Snapshot) -> bool:
    """Whether a snapshot holds any file of exceptions, or what looks like one."""
    return any(snapshot.entry(path) is not None for path in (WAIVERS, MISNAMED, BASELINE))


def read(snapshot: Snapshot) -> Records:
    """The exceptions that a snapshot holds."""
    from guardrails.governance.governing import Records  # noqa: PLC0415 - few runs meet exceptions

    return Records(
        waivers=content(snapshot, WAIVERS),
        baseline=content(snapshot, BASELINE),
        owners=_Owners(snapshot),
        there=there(snapshot),
    )


def there(snapshot: Snapshot) -> Callable[[str], bool]:
    """Whether a path exists in a snapshot."""
    return lambda path: snapshot.entry(path) is not None


class _Owners:
    """The code owners of paths; their file is read when somebody asks."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __call__(self, path: str) -> Sequence[str]:
        from guardrails.repository.codeowners import owners  # noqa: PLC0415 - few rules ask for approvers

        inside = f"{path}_" if path.endswith("/") else path  # Whoever owns what lies in a folder owns the folder.
        return owners(self._snapshot).of(inside.removeprefix("/"))


def marks_of(snapshot: Snapshot, path: str) -> Sequence[Mark]:
    """The inline waivers of a file; none where there is no regular file."""
    entry = snapshot.entry(path)
    return _marks(snapshot, entry) if entry else ()


def all_marks(snapshot: Snapshot) -> Iterator[Mark]:
    """The inline waivers of all files that can be read."""
    for entry in snapshot.entries():
        with suppress(RepositoryError):
            yield from _marks(snapshot, entry)


def _marks(snapshot: Snapshot, entry: Entry) -> Sequence[Mark]:
    from guardrails.checks.base import File  # noqa: PLC0415 - only runs about a change, or about waivers
    from guardrails.engine.judge import MAX_SIZE  # noqa: PLC0415
    from guardrails.engine.marks import marks  # noqa: PLC0415

    if entry.kind != FILE or snapshot.size(entry) > MAX_SIZE:
        return ()
    return tuple(marks(File(entry, snapshot.read, {})))


def marks_kept(marks: Iterable[Mark], change: Change) -> list[Mark]:
    """The inline waivers that a change did not bring: with the same words about the same line, and no more of them."""
    touched = change.by_path
    left = Counter(
        (file.path, mark.text, mark.about)
        for file in change.files
        if file.before
        for mark in marks_of(change.base, file.before)
    )
    kept = []
    for mark in marks:
        key = (mark.path, mark.text, mark.about)
        if mark.path not in touched or left[key] > 0:
            left[key] -= 1
            kept.append(mark)
    return kept


def odd(plan: Plan, snapshot: Snapshot, scan: Scan, date: str, change: Change | None) -> Iterable[Finding]:
    """What the governance policy finds in a tree, or in a change: what its examples are judged by."""
    from guardrails.cli.comparison import Comparison  # noqa: PLC0415
    from guardrails.governance.governing import govern  # noqa: PLC0415
    from guardrails.governance.states import Scope  # noqa: PLC0415

    comparison = Comparison(change, plan, lambda: plan, Options(), date) if change else None
    before = comparison.before if comparison else None
    found = govern(plan, scan, read(snapshot), scope=Scope(), date=date, before=before).odd
    told = comparison.weakenings()[0] if comparison else ()
    return (*found, *(finding for _, findings in told for finding in findings))
