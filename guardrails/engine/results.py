"""What files gave in earlier runs: they are judged again only when they, or the rules for them, have changed.

For each path there are records of what it gave, newest first. One holds for an entry when content and mode are the
same, the rules that apply there are, and the day is where that matters. Content is known by git's id of it, and a file
on disk has the same content for as long as its stamp is the same. See docs/adr/0014-cached-results.md.
"""

from __future__ import annotations

import marshal
import pickle
import sys
from collections.abc import Iterable, Mapping, Sequence

from guardrails import __version__
from guardrails.checks.base import RuleSet
from guardrails.engine import cache
from guardrails.engine.judge import MAX_SIZE, NOTHING, Judge, Judged, PackedFacts, git_id
from guardrails.engine.plan import Plan
from guardrails.errors import RepositoryError
from guardrails.findings import Finding, digest
from guardrails.repository.entry import SUBMODULE, Entry, Snapshot
from guardrails.tuples import NamedTuple

_VERSIONS = 4
"""Records of a path that are kept, and conclusions: of other branches, rules and ways to run."""
RECENT, _FEW = "-recent", 16
"""Where records lie that are new, until they are more than one in so many: the others need not be written again."""
_QUIET = b"."
"""Ends the record of a file that gave nothing."""
_MADE_BY = (__version__, sys.version, "layout 3")


class Record(NamedTuple):
    """What a file gave once."""

    under: bytes
    """The plan and what is asked of it, that ``signature`` was computed for."""
    stamp: bytes
    blob: str
    """Git's id of the content; empty when no rule wanted to read it."""
    trait: str
    """Kind and mode."""
    signature: bytes
    """See :meth:`Judge.signature`."""
    date: str
    """The day that it holds on; empty for any."""
    said: bytes
    """Findings, notes and marks; empty for none."""
    facts: PackedFacts


class Results:
    """The results of one repository: those of earlier runs, and of this one when they are saved."""

    def __init__(self, folder: str, root: str) -> None:
        self._folder = folder
        self._name = f"results-{digest(part.encode('utf-8', 'surrogateescape') for part in (root, *_MADE_BY))}"
        self._records, conclusions = self._load("")
        """Those of each path, packed: of most only the last bytes are ever looked at."""
        self._recent, self._conclusions = self._load(RECENT)
        """Those that were found since all were written."""
        self._records |= self._recent
        self._conclusions = conclusions | self._conclusions
        self._is_changed = False

    def find(self, judge: Judge, entries: Sequence[Entry]) -> list[Judged | None]:
        """For each entry what it gives, or None where it has to be judged."""
        found: list[Judged | None] = []
        known, end = self._records.get, judge.under + _QUIET
        for entry in entries:
            packed = known(entry.path)
            if packed is None:
                found.append(NOTHING if entry.kind == SUBMODULE else None)
            elif entry.stamp and packed.endswith(entry.stamp + end):
                found.append(NOTHING)
            else:
                found.append(self._search(judge, entry, _unpack(packed)))
        return found

    def add(self, judge: Judge, entry: Entry, judged: Judged) -> None:
        """Note what an entry gave, unless something broke."""
        blob = entry.blob or judged.blob
        if judged.problems or not (blob or entry.stamp):
            return
        said = (judged.findings, judged.notes, judged.marks)
        record = Record(
            under=judge.under,
            stamp=entry.stamp,
            blob=blob,
            trait=_trait(entry),
            signature=judged.signature,
            date=judge.date if judged.dated else "",
            said=pickle.dumps(said) if any(said) else b"",
            facts=judged.facts,
        )
        known = _unpack(self._records[entry.path]) if entry.path in self._records else []
        self._put(entry.path, [record, *(other for other in known if _situation(other) != _situation(record))])

    def key(
        self,
        plan: Plan,
        date: str,
        asked: Mapping[str, RuleSet],
        entries: Iterable[Entry],
        facts: Iterable[tuple[str, PackedFacts]],
    ) -> str:
        """A digest of all that conclusions follow from."""
        listing = "\0".join([f"{entry.path}\0{_trait(entry)}" for entry in entries])
        parts = [plan.identity.encode(), date.encode(), repr([sorted(rules) for rules in asked.values()]).encode()]
        parts.append(listing.encode("utf-8", "surrogateescape"))
        for path, packed in facts:
            parts.append(path.encode("utf-8", "surrogateescape"))
            parts += (part for kind, data in packed for part in (kind.encode(), data))
        return digest(parts)

    def conclusion(self, key: str) -> Sequence[Finding] | None:
        """What was concluded before, or None."""
        known = self._conclusions.get(key)
        return None if known is None else pickle.loads(known)  # noqa: S301 - ours, and sealed

    def conclude(self, key: str, findings: Sequence[Finding]) -> None:
        """Note what was concluded."""
        self._conclusions[key] = pickle.dumps(findings)
        while len(self._conclusions) > _VERSIONS:
            del self._conclusions[next(iter(self._conclusions))]
        self._is_changed = True

    def save(self, listed: Iterable[Entry] = ()) -> None:
        """Keep them for the next run. Of paths that are not ``listed``, if any are, not more are kept than of those."""
        if not self._is_changed:
            return
        paths = {entry.path for entry in listed}
        if paths and len(self._records) > 2 * len(paths):
            self._records = self._recent = {path: self._records[path] for path in paths & self._records.keys()}
        if len(self._recent) * _FEW >= len(self._records):
            self._store("", self._records)
            cache.remove(self._folder, self._name + RECENT)
            self._recent = {}
        else:
            self._store(RECENT, self._recent)
            cache.renew(self._folder, self._name)
        self._is_changed = False

    def _load(self, part: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Records and conclusions."""
        data = cache.load(self._folder, self._name + part)
        # Much faster than pickle, for what it knows: no class.
        return marshal.loads(data) if data else ({}, {})  # noqa: S302 - sealed, and ours

    def _store(self, part: str, records: dict[str, bytes]) -> None:
        cache.store(self._folder, self._name + part, marshal.dumps((records, self._conclusions)))

    def _search(self, judge: Judge, entry: Entry, known: list[Record]) -> Judged | None:
        """What an entry gives by any of its records."""
        trait = _trait(entry)
        newest = known[0]
        if entry.stamp:
            same = newest.stamp == entry.stamp
        else:
            same = entry.blob != "" and (newest.blob, newest.trait) == (entry.blob, trait)
        if same and newest.under == judge.under and newest.date in {"", judge.date}:
            return _judged(newest)
        stamped = [record for record in known if entry.stamp and record.stamp == entry.stamp]
        blob = entry.blob or next((record.blob for record in stamped if record.blob), "")
        if not blob and any(record.blob for record in known):
            blob = _read_id(judge.snapshot, entry)
        signature = judge.signature(entry.path, judge.plan.applied(entry.path))
        for record in known:
            if (
                (record.signature, record.trait) == (signature, trait)
                and record.date in {"", judge.date}
                and (record.blob == blob if record.blob else record in stamped)
            ):
                renewed = record._replace(under=judge.under, stamp=entry.stamp or record.stamp)
                self._put(entry.path, [renewed, *(other for other in known if other is not record)])
                return _judged(record)
        return None

    def _put(self, path: str, records: Sequence[Record]) -> None:
        """Keep the records of a path, the newest first."""
        packed = _pack(records[:_VERSIONS])
        if self._records.get(path) != packed:
            self._records[path] = self._recent[path] = packed
            self._is_changed = True


def _pack(records: Sequence[Record]) -> bytes:
    """What most runs ask for comes last: stamp and plan of the newest, where it gave nothing on any day.

    Others end with facts: an empty tuple, or a pickle, neither of which ends with a digest and ``_QUIET``.
    """
    newest = records[0]
    is_quiet = newest.stamp and not (newest.date or newest.said or newest.facts)
    tail = newest.stamp + newest.under + _QUIET if is_quiet else b""
    return marshal.dumps(tuple(map(tuple, records))) + tail


def _unpack(packed: bytes) -> list[Record]:
    return list(map(Record._make, marshal.loads(packed)))  # noqa: S302 - as above; what follows is not read


def _trait(entry: Entry) -> str:
    return f"{entry.kind}*" if entry.executable else entry.kind


def _situation(record: Record) -> tuple[object, ...]:
    """What tells a record from others that are worth keeping beside it."""
    return record.blob or record.stamp, record.trait, record.signature


def _judged(record: Record) -> Judged:
    if not (record.said or record.facts):
        return NOTHING
    findings, notes, marks = pickle.loads(record.said) if record.said else ((), (), ())  # noqa: S301 - as above
    return Judged(findings, notes, marks, facts=record.facts)


def _read_id(snapshot: Snapshot, entry: Entry) -> str:
    """The id of an entry's content as it is now; empty when it cannot be read, or is too large."""
    try:
        return "" if snapshot.size(entry) > MAX_SIZE else git_id(snapshot.read(entry))
    except RepositoryError:
        return ""
