"""What past commits added is judged: each version of a file once, as a whole, and what it has that its parents had not.

Memory is bounded by how many versions, and how many findings, there are: content is let go as soon as it is judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice

from guardrails.engine import pool
from guardrails.engine.judge import Judge, Judged
from guardrails.engine.marks import Mark
from guardrails.engine.plan import Plan
from guardrails.findings import Finding, Note, Problem, digest, folded
from guardrails.repository.entry import Entry
from guardrails.repository.history import Added, History
from guardrails.tuples import NamedTuple

_TOGETHER = 2000
"""Versions that are judged together, so that several processes have something to do."""
_REMEMBERED = 256
"""Versions with findings that are kept, to be compared with those that follow on them."""
_Counts = Counter[tuple[str, str]]
"""How often something is found, by rule and evidence."""
_SHOWN = 10
"""Characters of a commit's id that tell it from others."""


class Version(NamedTuple):
    """A version of a file in which something was found."""

    findings: tuple[Finding, ...]
    """All that is found in it, fingerprints filled in."""
    marks: Sequence[Mark]
    """Its inline waivers."""
    added: tuple[Finding, ...]
    """Those that its commit added, and no earlier one; each says so."""


class Tracing:
    """A pass over the history by the rules of a plan; ``files`` counts the versions that were judged."""

    def __init__(
        self, plan: Plan, history: History, date: str, wanted: Callable[[str], bool], crew: pool.Crew | None = None
    ) -> None:
        self.files = 0
        self._plan = plan
        self._history = history
        self._wanted = wanted
        self._crew = crew or pool.Crew()
        self._judge = Judge(plan, history, date, facts=False)
        self._done: set[str] = set()
        """The keys of versions that have nothing new to say."""
        self._known: set[str] = set()
        """Fingerprints of what was found so far."""
        self._standing: dict[str, _Counts] = {}
        """What was found in the last of the versions that have findings, by their keys."""
        self._problems: dict[Problem, None] = {}
        self._notes: dict[Note, None] = {Note(text): None for text in history.notes}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What broke so far, each once."""
        return tuple(self._problems)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What else is worth knowing so far, each once."""
        return tuple(self._notes)

    def versions(self) -> Iterator[Version]:
        """The versions in which something is found, in the order of their commits."""
        unjudged = self._unjudged()
        while together := list(islice(unjudged, _TOGETHER)):
            if len(together) == _TOGETHER:
                self._judge.prepare()
            yield from self._traced(together)

    def _unjudged(self) -> Iterator[tuple[str, Added]]:
        """What rules judge and has not been judged before, with its key."""
        for added in self._history.added():
            entry = added.entry
            if self._wanted(entry.path) and any(self._judge.asked(self._plan.applied(entry.path))):
                key = self._key(entry)
                if key not in self._done and _own(entry) not in self._done:
                    yield key, added

    def _traced(self, together: Sequence[tuple[str, Added]]) -> Iterator[Version]:
        first = {key: added.entry for key, added in reversed(together)}
        with closing(self._crew.run(self._judge, list(first.values()))) as answers:
            judged = dict(zip(first, answers, strict=True))
        self.files += len(first)
        for key, added in together:
            if key in self._done or _own(added.entry) in self._done:
                continue
            found = judged[key]
            if not (found.findings or found.notes or found.problems):
                self._done.add(key)
                continue
            if first[key].path != added.entry.path:
                found = self._judge(added.entry)  # What is said of a version names its path.
            self._done.add(_own(added.entry))
            self._problems.update(dict.fromkeys(found.problems))
            self._notes.update(dict.fromkeys(found.notes))
            if found.findings:
                yield self._version(added, found)

    def _version(self, added: Added, judged: Judged) -> Version:
        findings = judged.findings
        new = [finding for finding in findings if finding.fingerprint not in self._known]
        if new and added.before:
            stood = sum((self._stood(entry) for entry in added.before), _Counts())
            new = [finding for finding in _beyond(findings, stood) if finding.fingerprint not in self._known]
        self._known.update(finding.fingerprint for finding in findings)
        self._remember(_own(added.entry), findings)
        return Version(findings, judged.marks, tuple(_dated(finding, added) for finding in new))

    def _stood(self, entry: Entry) -> _Counts:
        """What a version of a parent has, wherever it stands in it."""
        if self._key(entry) in self._done:
            return _Counts()
        own = _own(entry)
        if own not in self._standing:
            self._remember(own, self._judge(entry).findings)
        return self._standing[own]

    def _remember(self, own: str, findings: Iterable[Finding]) -> None:
        self._standing[own] = _Counts(map(_alike, findings))
        if len(self._standing) > _REMEMBERED:
            del self._standing[next(iter(self._standing))]

    def _key(self, entry: Entry) -> str:
        """A digest of what decides whether anything is found in a version."""
        applied = self._plan.applied(entry.path)
        parts = [entry.blob, self._judge.signature(entry.path, applied).decode()]
        for kind in applied.rules:
            # Where a kind says by which globs paths matter to it, it does not matter which of those paths it is.
            globs = getattr(self._plan.inspector(kind), "allowed_paths", None)
            parts.append(repr(sorted(globs.match(entry.path))) if globs is not None else entry.path)
        return _digest(parts)


def _own(entry: Entry) -> str:
    """The key of a version under no path but its own."""
    return _digest([entry.blob, entry.path])


def _digest(parts: Iterable[str]) -> str:
    return digest((part.encode("utf-8", "surrogatepass") for part in parts), size=16)


def _alike(finding: Finding) -> tuple[str, str]:
    return finding.rule, folded(finding.evidence)


def _beyond(findings: Iterable[Finding], stood: _Counts) -> Iterator[Finding]:
    """The findings that are more than what stood."""
    left = _Counts(stood)
    for finding in findings:
        key = _alike(finding)
        left[key] -= 1
        if left[key] < 0:
            yield finding


def _dated(finding: Finding, added: Added) -> Finding:
    when = f"on {added.authored[:10]}" if added.authored else "at no known time"
    message = f"{finding.message} (added {when} by commit {added.commit[:_SHOWN]})"
    return finding._replace(message=message, commit=added.commit, authored=added.authored)
