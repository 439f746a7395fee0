"""How rules of the check kind ``relation`` judge: each file gives its things, and when all have, they are related."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, RuleSet, render
from guardrails.checks.cel import Scope
from guardrails.checks.relation_things import Check, Thing, Things, about, thing_of
from guardrails.documents.document import ParseError
from guardrails.errors import PolicyError
from guardrails.findings import Fact, Finding, Location
from guardrails.matching import GlobSet
from guardrails.repository.entry import FILE, Entry

TESTS = ("in", "not-in", "unique")
MAX_PAIRS = 2_000_000
"""Most pairs of things whose facts a rule compares."""


class RelationInspector:
    """All rules of the kind."""

    def __init__(self, checks: Mapping[int, Check], globs: GlobSet) -> None:
        self.checks = checks
        self.globs = globs
        self.concluding = self.fact_based = frozenset(checks)
        self._things: dict[tuple[RuleSet, frozenset[int]], Mapping[str, Things]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return RelationInspector, (self.checks, self.globs)

    def inspect(self, file: File, rules: RuleSet) -> Iterator[Fact]:
        """The things in one file; raises ParseError when it is not valid in its format."""
        if file.entry.kind != FILE:
            return
        lists = self.globs.match(file.path)
        things = self._things.get((rules, lists))
        if things is None:
            things = self._things[rules, lists] = self._asked(rules, lists)
        for format, those in things.items():
            if format in file.formats:
                for number, thing in those.inside(file, format):
                    yield Fact(number, file.path, thing)

    def _asked(self, rules: RuleSet, lists: frozenset[int]) -> Mapping[str, Things]:
        """The things of rules by their formats, in files that these lists of globs match."""
        things: dict[str, Things] = {}
        for number in sorted(rules & self.checks.keys()):
            check = self.checks[number]
            for index, side in enumerate(check.sides):
                if side.covers(lists):
                    things.setdefault(side.format, Things()).add(check, index)
        return things

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterator[Finding]:
        """Relate the things; raises PolicyError when a rule compares too many."""
        numbers = sorted(rules & self.checks.keys())
        found: dict[int, tuple[list[Thing], list[Thing]]] = {number: ([], []) for number in numbers}
        for fact in facts:
            if fact.rule in found:
                thing: Any = fact.value
                found[fact.rule][thing.side].append(thing)
        excessive = []
        lists: dict[str, frozenset[int]] = {}
        for number in numbers:
            check, sides = self.checks[number], found[number]
            for index, side in enumerate(check.sides):
                if not side.format and (sides[0] or not index):
                    # Only where nothing is there at all, an optional comparison is none.
                    wanted = frozenset(key for thing in sides[0] if not check.optional for key in thing.keys)
                    sides[index].extend(self._files(check, index, repository, lists, wanted))
                sides[index].sort(key=_order)
            try:
                yield from list(_related(check, *sides, repository.date))
            except _TooManyError:
                excessive.append(check.rule)
        if excessive:
            raise PolicyError(
                f"{', '.join(excessive)}: over {MAX_PAIRS:,} pairs to compare; give both sides a 'key', or narrow them"
            )

    def _files(
        self,
        check: Check,
        index: int,
        repository: Repository,
        lists: dict[str, frozenset[int]],
        wanted: frozenset[str],
    ) -> Iterator[Thing]:
        """The things that are files; what others are compared with may be anywhere in the repository.

        ``lists`` has what globs match a path, where a rule has asked that before. Where keys are ``wanted``, things
        with other keys may be left out.
        """
        side = check.sides[index]
        anywhere = index > 0 and side.paths >= 0
        entries: Sequence[Entry] = repository.entries if anywhere else repository.matched(check.number)
        for entry in entries:
            path = entry.path
            if (known := lists.get(path)) is None:
                known = lists[path] = self.globs.match(path)
            if side.covers(known):
                thing = thing_of(path, check, index, repository.date, wanted)
                if thing:
                    yield thing


def _order(thing: Thing) -> tuple[str, int]:
    return thing.path, thing.number


def _related(check: Check, each: Sequence[Thing], others: Sequence[Thing], today: str) -> Iterator[Finding]:
    """The findings of one rule; raises _TooManyError."""
    if check.test == "unique":
        yield from _repeated(check, each)
        return
    if check.optional and not others:
        return
    by_key: dict[str, list[Thing]] = {}
    for other in others:
        for key in other.keys or _KEYLESS:
            by_key.setdefault(key, []).append(other)
    comparison = _Comparison(check, today)
    for thing in each:
        matches = ((key, comparison.first(thing, by_key.get(key, ()))) for key in thing.keys or _KEYLESS)
        if check.any_key:
            if all(match is None for _, match in matches):
                yield _finding(check, thing, "", None)
            continue
        for key, match in matches:
            if (match is None) == (check.test == "in"):
                yield _finding(check, thing, key, match)


def _repeated(check: Check, each: Sequence[Thing]) -> Iterator[Finding]:
    first: dict[str, Thing] = {}
    for thing in each:
        for key in thing.keys:
            if (other := first.setdefault(key, thing)) is not thing:
                yield _finding(check, thing, key, other)


_KEYLESS = ("",)
"""What things without keys are put under, together."""


def _finding(check: Check, thing: Thing, key: str, other: Thing | None) -> Finding:
    values = {
        "key": key,
        "path": thing.path,
        "file": about(thing.path),
        "self": list(thing.shown),
        "other": {"path": other.path} if other else {},
        "params": check.params,
    }
    return Finding(
        check.rule,
        Location(thing.path, *thing.place),
        render(check.message, values),
        evidence=f"{thing.route} {key}".strip(),
        source=thing.source,
    )


class _TooManyError(Exception):
    """A rule compares more pairs than is good for anybody."""


class _Comparison:
    """Looks for what fits a thing; bounds what this takes over a whole rule."""

    def __init__(self, check: Check, today: str) -> None:
        self.where = check.where
        self.params = check.params
        self.scope = Scope(None, "", lambda: today)
        self.pairs = 0

    def first(self, thing: Thing, others: Sequence[Thing]) -> Thing | None:
        """The first of the others that fits."""
        if self.where is None:
            return others[0] if others else None
        self.scope.enter(thing.fact, "")
        for other in others:
            self.pairs += 1
            if self.pairs > MAX_PAIRS:
                raise _TooManyError
            self.scope.put("other", other.fact)
            try:
                if self.scope.holds(self.where, self.params):
                    return other
            except ParseError:  # so much was converted already
                raise _TooManyError from None
        return None
