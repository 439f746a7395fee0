"""Checks of the CODEOWNERS file against the paths that are there: what nobody owns, and patterns that own nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guardrails.checks.base import MAX_SOURCE, File, Repository, Rule, RuleSet, render
from guardrails.errors import RepositoryError
from guardrails.findings import Fact, Finding, Location
from guardrails.repository.entry import FILE
from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from guardrails.repository.codeowners import Owners

SCHEMA: Mapping[str, Any] = {
    "description": "What the CODEOWNERS file says about the paths of the repository; nothing is judged without one.",
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "every": {"enum": ["path"], "description": "Each path that the rule's match selects has an owner."},
        "pattern": {
            "enum": ["used", "heeded"],
            "description": "used: each pattern matches a path. heeded: no later pattern overrules it for every path "
            "that it matches.",
        },
    },
}


class Line(NamedTuple):
    """A rule of the CODEOWNERS file that can match something."""

    pattern: str
    section: str
    number: int
    column: int
    source: str


class Check(NamedTuple):
    """One rule, ready to judge."""

    rule: str
    test: str
    message: str
    params: Mapping[str, Any]

    def finding(self, location: Location, evidence: str, source: str = "", **values: object) -> Finding:
        """A finding in the rule's words, which may name ``values``."""
        message = render(self.message, {"params": self.params, **values})
        return Finding(self.rule, location, message, evidence=evidence, source=source[:MAX_SOURCE])


class OwnershipInspector(NamedTuple):
    """All rules of the kind; the text of the CODEOWNERS file is their fact."""

    checks: Mapping[int, Check]
    concluding: RuleSet
    fact_based: RuleSet

    def inspect(self, file: File, rules: RuleSet) -> Iterator[Fact]:
        """The text of the file, where it is a CODEOWNERS file that a host may read."""
        if file.path.rpartition("/")[2] != "CODEOWNERS" or file.entry.kind != FILE:
            return
        from guardrails.repository.codeowners import LARGEST, PLACES  # noqa: PLC0415 - for one file of a repository

        if file.path in PLACES:
            text = file.text if len(file.data) <= LARGEST else ""
            for number in sorted(rules & self.checks.keys()):
                yield Fact(number, file.path, text)

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterator[Finding]:
        """Judge the paths by the file that counts, and its patterns by the paths."""
        if not facts:
            return
        from guardrails.repository.codeowners import PLACES, parse  # noqa: PLC0415

        path, text = min(((fact.path, str(fact.value)) for fact in facts), key=lambda found: PLACES.index(found[0]))
        owners = parse(text, path)
        matched = None
        for number in sorted(rules & self.checks.keys()):
            check = self.checks[number]
            if check.test == "path":
                yield from _unowned(check, owners, repository.matched(number))
                continue
            if matched is None:
                matched = _matched(owners, repository)
            yield from _JUDGES[check.test](check, path, _lines(text, owners), matched)


def _unowned(check: Check, owners: Owners, entries: Sequence[Any]) -> Iterator[Finding]:
    for entry in entries:
        if not owners.of(entry.path):
            yield check.finding(Location(entry.path), "no owner", path=entry.path)


def _matched(owners: Owners, repository: Repository) -> set[frozenset[int]]:
    """The sets of patterns that match one path; paths share few of them."""
    try:
        return {owners._globs.match(entry.path) for entry in repository.entries}  # noqa: SLF001
    except ValueError as error:
        hint = "use fewer patterns, or shorter ones"
        raise RepositoryError(f"its patterns cannot be matched: {error}", path=owners.path, hint=hint) from None


def _lines(text: str, owners: Owners) -> list[Line]:
    """Where the rules stand; those that can match nothing are not among the rules of ``owners``."""
    from guardrails.documents.codeowners import FORMAT  # noqa: PLC0415

    root = FORMAT.parse(text).roots[0]
    sources = text.split("\n")
    rest = iter(enumerate(root.value["rules"]))
    lines = []
    for rule in owners.rules:
        index = next(index for index, written in rest if written["pattern"] == rule.pattern)
        span = root.span(("rules", index, "pattern"))
        lines.append(Line(rule.pattern, rule.section.lower(), span.line, span.column, sources[span.line - 1].rstrip()))
    return lines


def _used(check: Check, path: str, lines: Sequence[Line], matched: set[frozenset[int]]) -> Iterator[Finding]:
    used = frozenset().union(*matched)
    for number, line in enumerate(lines):
        if number not in used:
            yield _at(check, path, line)


def _heeded(check: Check, path: str, lines: Sequence[Line], matched: set[frozenset[int]]) -> Iterator[Finding]:
    overruling: dict[int, set[int]] = {}
    for matching in matched:
        # What excludes paths, with a !, stays in force whatever comes later.
        numbers = sorted(number for number in matching if not lines[number].pattern.startswith("!"))
        deciding = {lines[number].section: number for number in numbers}
        for number in numbers:
            others = overruling.setdefault(number, set())
            if len(others) < 2:
                others.add(deciding[lines[number].section])
    for number, others in sorted(overruling.items()):
        if len(others) == 1 and number not in others:
            other = lines[min(others)]
            yield _at(check, path, lines[number], other=other.pattern, line=other.number)


_JUDGES = {"used": _used, "heeded": _heeded}


def _at(check: Check, path: str, place: Line, **values: object) -> Finding:
    end = place.column + len(place.pattern)
    location = Location(path, place.number, place.column, place.number, end)
    return check.finding(location, place.pattern, place.source, path=path, pattern=place.pattern, **values)


class OwnershipKind:
    """The check kind ``ownership``."""

    name = "ownership"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> OwnershipInspector:
        """Compile all rules of the kind together."""
        checks = {
            rule.number: Check(rule.id, next(iter(rule.block.values())), rule.message, rule.params) for rule in rules
        }
        return OwnershipInspector(checks, frozenset(checks), frozenset(checks))


KIND = OwnershipKind()
