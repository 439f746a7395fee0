"""How rules of the check kind ``text`` judge a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guardrails.checks.base import File, Repository, RuleSet, render
from guardrails.checks.text_content import Content, Place
from guardrails.findings import Fact, Finding, digest
from guardrails.matching import GlobSet, Regex, RegexSet
from guardrails.repository.entry import FILE
from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from guardrails.scanner import Stretches

MAX_MATCHES = 10_000
"""Matches of one pattern that are judged in one file; when there are more, a finding says so."""

_LINE = 1000  # bytes of a line that tell a finding from its like
_BEFORE = 200  # bytes in front of a text that tell what it is


class Target(NamedTuple):
    """A pattern of a rule."""

    regex: int
    """Its number in the inspector's set."""
    group: int
    """The group that a finding is about."""
    due: int
    """The group with the date until when there is no finding; 0 for none."""
    names: tuple[tuple[str, int], ...]
    """The named groups, for the message."""


class Allowance(NamedTuple):
    """What is no finding although it matches."""

    patterns: tuple[Regex, ...]
    lines: tuple[Regex, ...]
    before: tuple[Regex, ...]
    words: tuple[str, ...]
    entropy: float

    def covers(self, text: bytes, before: bytes) -> bool:
        """Whether the text of a match is fine, or whatever stands behind this part of its line."""
        if any(regex.compile().search(text) for regex in self.patterns):
            return True
        if any(regex.compile().search(before) for regex in self.before):
            return True
        characters = text.decode("utf-8", "ignore")
        folded = characters.casefold()
        return any(word in folded for word in self.words) or (self.entropy > 0 and _entropy(characters) < self.entropy)

    def covers_line(self, line: bytes) -> bool:
        """Whether whatever stands in the line is fine."""
        return any(regex.compile().search(line) for regex in self.lines)


def _waits(group: bytes, today: str) -> bool:
    """Whether what is due on a date is not yet."""
    from guardrails.checks.dates import is_date  # noqa: PLC0415 - few rules are about dates

    due = group.decode("utf-8", "replace")
    return due >= today and is_date(due)


def _entropy(text: str) -> float:
    from math import log2  # noqa: PLC0415 - few rules ask for it

    return sum(count / len(text) * log2(len(text) / count) for count in Counter(text).values())


class Check(NamedTuple):
    """One rule, ready to judge."""

    rule: str
    message: str
    params: Mapping[str, Any]
    test: str
    """``forbid``, ``require`` or ``header``."""
    targets: tuple[Target, ...]
    allow: Allowance
    paths: int
    """The number of its list of allowed paths in the inspector."""
    redact: bool
    within: int

    def say(self, file: File, values: Mapping[str, Any]) -> str:
        """The message of a finding."""
        return render(self.message, {**values, "path": file.path, "params": self.params})

    def absent(self, file: File) -> Finding:
        """The finding that no pattern matches."""
        return file.finding(self.rule, self.say(file, {}), line=1, evidence=self.test, source="")

    def found(self, file: File, content: Content, place: Place, match: Any, target: Target) -> Finding:
        """The finding that a pattern matches at a place."""
        values = {}
        for name, group in target.names:
            start, end = match.span(group)
            if start >= 0:
                values[name] = content.shown(start, end, place.line)
        if target.due:
            start, end = match.span(target.due)
            values["due"] = content.shown(start, end, place.line) if start < end else "(no date)"
        values["match"] = content.shown(place.start, place.end, place.line)
        return self._at(file, content, place, self.say(file, values), self._evidence(content.data, place))

    def unjudged(self, file: File, content: Content, place: Place) -> Finding:
        """The finding that there are more matches than are judged."""
        message = f"a pattern matches more than {MAX_MATCHES:,} times; what comes after this is not judged"
        return self._at(file, content, place, message, "more")

    def _at(self, file: File, content: Content, place: Place, message: str, evidence: str) -> Finding:
        end_line, end_column = content.end(place)
        return file.finding(
            self.rule,
            message,
            line=place.line.number,
            column=place.column,
            end_line=end_line,
            end_column=end_column,
            evidence=evidence,
            source=content.source(place.line),
        )

    def _evidence(self, data: bytes, place: Place) -> str:
        # A digest, since the line may hold what another rule takes for a secret. A secret is the same wherever it
        # stands; any other text is told from its like by the line around it.
        parts = data[place.start : place.end].split()
        if not self.redact:
            parts += data[place.line.start : min(place.line.end, place.line.start + _LINE)].split()
        return digest(parts, size=10)


class Hit(NamedTuple):
    """A match that is a finding."""

    place: Place
    match: Any
    target: Target


class TextInspector(NamedTuple):
    """All rules of the kind."""

    checks: Mapping[int, Check]
    regexes: RegexSet
    parts: tuple[RuleSet, ...]
    """For each part of the regexes, the rules that it is for: they are for the same files, for the most part."""
    forbidding: tuple[RuleSet, ...]
    """For each regex, the rules that forbid it."""
    demanding: RuleSet
    """The rules that want a match."""
    allowed_paths: GlobSet
    concluding: RuleSet = frozenset()
    fact_based: RuleSet = frozenset()

    def prepare(self) -> None:
        """Make ready for many files."""
        self.regexes.prepare()

    def inspect(self, file: File, rules: RuleSet) -> Iterable[Finding | Fact]:
        """Judge a file that is text; each pattern is looked for at most once."""
        if file.entry.kind != FILE or file.binary:
            return
        content = Content(file)
        parts = [part for part, users in enumerate(self.parts) if not users.isdisjoint(rules)]
        stretches = self.regexes.stretches(content.data, parts)
        concerned = self.demanding.union(*(self.forbidding[regex] for regex in stretches))
        judged: list[tuple[Check, list[Hit], list[Place]]] = []
        for number in sorted(rules & concerned):
            check = self.checks[number]
            if check.test != "forbid":
                if not self._holds(check, content, stretches):
                    yield check.absent(file)
                continue
            hits, rest = self._hits(check, content, stretches, file)
            # Whether the path is allowed is asked last, for most files have no hits.
            if (hits or rest) and check.paths not in self.allowed_paths.match(file.path):
                judged.append((check, hits, rest))
        content.hide(
            place for check, hits, rest in judged if check.redact for place in (*(hit.place for hit in hits), *rest)
        )
        for check, hits, rest in judged:
            for hit in hits:
                yield check.found(file, content, *hit)
            for place in rest[:1]:
                yield check.unjudged(file, content, place)

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing: every rule is judged file by file."""
        return ()

    def _holds(self, check: Check, content: Content, stretches: Mapping[int, Stretches]) -> bool:
        text = content.head(check.within) if check.test == "header" else content.data
        return any(
            target.regex in stretches and self.regexes[target.regex].search(text) is not None
            for target in check.targets
        )

    def _hits(
        self, check: Check, content: Content, stretches: Mapping[int, Stretches], file: File
    ) -> tuple[list[Hit], list[Place]]:
        """What the rule finds, and the places where it stopped looking because there is too much."""
        spans: dict[tuple[int, int], tuple[Any, Target]] = {}
        rest: list[tuple[int, int]] = []
        for target in check.targets:
            if target.regex not in stretches:
                continue
            for count, match in enumerate(self.regexes.find(target.regex, content.data, stretches[target.regex])):
                if count == MAX_MATCHES:
                    rest.append(match.span())
                    break
                if target.due and _waits(match[target.due] or b"", file.date):
                    continue
                start, end = match.span(target.group)
                if start == end:  # the group is empty, or took no part
                    start, end = match.span()
                if start < end:
                    spans.setdefault((start, end), (match, target))
        if not spans:
            return [], []
        hits = []
        line, fine = 0, False
        for place in content.places(sorted(spans)):
            if place.line.number != line:
                line, fine = place.line.number, check.allow.covers_line(content.data[place.line.start : place.line.end])
            before = content.data[max(place.line.start, place.start - _BEFORE) : place.start]
            if not fine and not check.allow.covers(content.data[place.start : place.end], before):
                hits.append(Hit(place, *spans[place.start, place.end]))
        return hits, list(content.places(sorted(rest)))
