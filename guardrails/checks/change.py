"""Checks of a change as a whole: what has to change together, what may not change, who has to agree, how large it is.

Who agrees says so by a trailer of a commit, such as ``Reviewed-by: Ann <ann@example.org>``: the claim of whoever wrote
the commit, and no proof. It stops a change that nobody was asked about; a host's branch protection stops the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, Rule, RuleSet, render
from guardrails.checks.commit_messages import agreement
from guardrails.checks.path_listing import folder_of, name_of
from guardrails.checks.pattern_errors import glob_errors
from guardrails.errors import UserError, UserErrors
from guardrails.findings import Fact, Finding, Location
from guardrails.matching import GlobSet
from guardrails.repository.change import ADDED, DELETED, MODIFIED, RENAMED, Change, ChangedFile
from guardrails.repository.entry import Snapshot
from guardrails.tuples import NamedTuple

_GLOBS = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
_LIMIT = {"type": "integer", "minimum": 1}
_TESTS: dict[str, Mapping[str, Any]] = {
    "touch": _GLOBS
    | {
        "description": "Globs; the change has to add, modify or rename a file that they match. {folder}, {name}, "
        "{stem} (the name without its last suffix) and {start} (that up to its first dot) are of the file at hand.",
    },
    "forbid": {"enum": [True], "description": "No such change is allowed."},
    "trailer": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z0-9-]+$", "description": "Letter case does not count."},
            "from": _GLOBS
            | {"description": "Whose counts: names, addresses or handles as @ann. Anybody's, if not said."},
            "codeowners": {
                "enum": [True],
                "description": "For each file one of its owners, by the CODEOWNERS file that the change starts from.",
            },
        },
        "not": {"required": ["from", "codeowners"]},
        "description": "A commit of the change carries the trailer, from somebody who wrote none of its commits.",
    },
    "max-files": _LIMIT | {"description": "How many files a change may touch."},
    "max-lines": _LIMIT | {"description": "How many lines a change may add and remove."},
}
_STATUSES = (ADDED, MODIFIED, DELETED, RENAMED)
_OPTIONS: dict[str, Mapping[str, Any]] = {
    "when": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "paths": _GLOBS,
            "exclude": _GLOBS,
            "status": {"type": "array", "minItems": 1, "items": {"enum": list(_STATUSES)}},
        },
        "description": "The touched files that the rule is about; all, if not said. One that is renamed into them "
        "counts as added, and out of them as deleted.",
    },
    "present": {
        "enum": [True],
        "description": "Only where the change starts from a repository that has a file that touch matches.",
    },
}
_SENTENCES = {
    "touch": "{path} is {status}, but no {value} changes with it",
    "forbid": "{path} is {status}",
    "trailer": "no {value} says that {limit} agrees to this change of {path}",
    "max-files": "the change touches {value} files, {limit} are allowed",
    "max-lines": "the change adds and removes {value} lines, {limit} are allowed",
}

SCHEMA: Mapping[str, Any] = {
    "description": f"What a change does. Write exactly one of: {', '.join(_TESTS)}.",
    "type": "object",
    "properties": _TESTS | _OPTIONS,
    "additionalProperties": False,
    "oneOf": [{"required": [test]} for test in _TESTS],
    "dependentRequired": {"present": ["touch"]},
}


class Check(NamedTuple):
    """One rule, ready to judge."""

    number: int
    rule: str
    test: str
    wanted: Any
    paths: int
    """The number of the list of globs of ``when.paths`` in the inspector; -1 without."""
    exclude: int
    """The same of ``when.exclude``."""
    statuses: frozenset[str]
    present: bool
    message: str
    params: Mapping[str, Any]

    def seen(self, file: ChangedFile, lists: Mapping[str, frozenset[int]]) -> ChangedFile | None:
        """The file as the rule sees it, by the lists of globs that match each path; None if it is not about it."""
        after, before = (bool(path) and self._selects(lists[path]) for path in (file.path, file.before))
        if file.status == RENAMED and after != before:
            file = ChangedFile(file.path, ADDED) if after else ChangedFile(file.before, DELETED, file.before)
            after = True
        return file if after and file.status in self.statuses else None

    def _selects(self, lists: frozenset[int]) -> bool:
        return (self.paths < 0 or self.paths in lists) and self.exclude not in lists

    def finding(self, file: ChangedFile, value: object, limit: object = "", evidence: str = "") -> Finding:
        """A finding at a file as a whole; its evidence is nothing that may change without being mended."""
        values = {"path": file.path, "status": file.status, "value": value, "limit": limit, "params": self.params}
        reason = render(_SENTENCES[self.test], values)
        message = render(self.message, {**values, "reason": reason}) if self.message else reason
        return Finding(self.rule, Location(file.path), message, evidence=evidence or self.test)


class ChangeInspector(NamedTuple):
    """All rules of the kind; ``globs`` holds the lists of ``when`` of all of them."""

    checks: Mapping[int, Check]
    globs: GlobSet
    concluding: RuleSet
    fact_based: RuleSet
    change_based: RuleSet

    def inspect(self, file: File, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing: no rule is about a file alone."""
        return ()

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterator[Finding]:  # noqa: ARG002
        """Judge the change by the files that it touches; nothing where there is no change."""
        change = repository.change
        if change is None:
            return
        lists = {path: self.globs.match(path) for file in change.files for path in (file.path, file.before)}
        for number in sorted(rules & self.concluding):
            check = self.checks[number]
            touched = [seen for file in change.files if (seen := check.seen(file, lists))]
            if touched:
                # What is deleted is not listed any more, so that match cannot speak of it.
                matched = {entry.path for entry in repository.matched(number)}
                touched = [file for file in touched if file.status == DELETED or file.path in matched]
            if touched:
                yield from _JUDGES[check.test](check, touched, change)


def _untouched(check: Check, touched: Sequence[ChangedFile], change: Change) -> Iterator[Finding]:
    """A finding for each thing that should have changed too, at the first file that needs it."""
    wanted: dict[tuple[str, ...], ChangedFile] = {}
    for file in touched:
        wanted.setdefault(_filled(check.wanted, file.path), file)
    globs = GlobSet.compile(list(wanted))
    paths = [file.path for file in change.files if file.status != DELETED]
    met = frozenset[int]().union(*map(globs.match, paths))
    asked = frozenset(range(len(wanted)))
    if check.present and met != asked:
        asked = frozenset().union(*(globs.match(entry.path) for entry in change.base.entries()))
    for number, (choice, file) in enumerate(wanted.items()):
        if number in asked - met:
            names = [glob.removeprefix("/").replace("\\", "") for glob in choice if not glob.startswith("!")]
            yield check.finding(file, " or ".join(names), evidence=f"touch {' '.join(check.wanted)}")


_FIELD = re.compile(r"\{(folder|name|stem|start)\}")


def _filled(globs: Iterable[str], path: str) -> tuple[str, ...]:
    """The globs with the parts of a path in the place of their fields."""
    from guardrails.globs import escaped  # noqa: PLC0415 - with the rest of compiling globs

    name = name_of(path)
    fields = {
        "folder": folder_of(path),
        "name": name,
        "stem": name.rpartition(".")[0] or name,
        "start": name[:1] + name[1:].partition(".")[0],
    }
    plain = {field: escaped(text) for field, text in fields.items()}
    return tuple(_FIELD.sub(lambda match: plain[match[1]], glob) for glob in globs)


def _forbidden(check: Check, touched: Sequence[ChangedFile], change: Change) -> Iterator[Finding]:  # noqa: ARG001
    for file in touched:
        yield check.finding(file, file.status)


def _unagreed(check: Check, touched: Sequence[ChangedFile], change: Change) -> Iterator[Finding]:
    """A finding for each group of people none of whom agrees; a commit that is not made yet has no place to say it."""
    if not change.commits or change.pending:
        return
    name = check.wanted["name"]
    agreed = agreement(change.commits, name)
    for group, file in _groups(check, touched, change.base).items():
        wanted = {one.casefold() for one in group}
        if not any(not wanted or wanted & person for person in agreed):
            who = " or ".join(group) or "anybody else"
            yield check.finding(file, name, who, evidence=" ".join(("trailer", name, *group)))


def _groups(check: Check, touched: Sequence[ChangedFile], base: Snapshot) -> Mapping[tuple[str, ...], ChangedFile]:
    """Who has to agree, one of each group, and the first file because of which; the empty group is anybody.

    What nobody owns needs no owner. A file that moves needs those of both places.
    """
    if "codeowners" not in check.wanted:
        return {tuple(check.wanted.get("from", ())): touched[0]}
    from guardrails.repository.codeowners import owners  # noqa: PLC0415 - only for such rules, when they apply

    owned = owners(base)
    groups: dict[tuple[str, ...], ChangedFile] = {}
    for file in touched:
        for path in filter(None, (file.before, file.path)):
            if group := owned.of(path):
                groups.setdefault(group, file)
    return groups


def _too_many_files(check: Check, touched: Sequence[ChangedFile], change: Change) -> Iterator[Finding]:  # noqa: ARG001
    if len(touched) > check.wanted:
        yield check.finding(touched[0], len(touched), check.wanted)


def _too_many_lines(check: Check, touched: Sequence[ChangedFile], change: Change) -> Iterator[Finding]:
    from guardrails.checks.change_size import changed_lines  # noqa: PLC0415 - only for rules about size

    lines = {file: changed_lines(file, change) for file in touched}
    if sum(lines.values()) > check.wanted:
        yield check.finding(max(touched, key=lambda file: lines[file]), sum(lines.values()), check.wanted)


_JUDGES: Mapping[str, Callable[[Check, Sequence[ChangedFile], Change], Iterator[Finding]]] = {
    "touch": _untouched,
    "forbid": _forbidden,
    "trailer": _unagreed,
    "max-files": _too_many_files,
    "max-lines": _too_many_lines,
}


class ChangeKind:
    """Rules about what changes together, and with whose agreement."""

    name = "change"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> ChangeInspector:
        """Compile all rules together; raises UserErrors with every error in them."""
        if errors := [error for rule in rules for error in _errors(rule)]:
            raise UserErrors(errors)
        lists: list[Sequence[str]] = []
        checks = {rule.number: _check(rule, lists) for rule in rules}
        numbers = frozenset(checks)
        return ChangeInspector(checks, GlobSet.compile(lists), numbers, frozenset(), change_based=numbers)


def _check(rule: Rule, lists: list[Sequence[str]]) -> Check:
    """Compile one rule; its lists of globs join those of the others."""
    block = rule.block
    test = next(key for key in block if key in _TESTS)
    when = block.get("when", {})
    numbers = {}
    for key in when.keys() & {"paths", "exclude"}:
        numbers[key] = len(lists)
        lists.append(when[key])
    return Check(
        number=rule.number,
        rule=rule.id,
        test=test,
        wanted=block[test],
        paths=numbers.get("paths", -1),
        exclude=numbers.get("exclude", -1),
        statuses=frozenset(when.get("status", _STATUSES)),
        present="present" in block,
        message=rule.message,
        params=rule.params,
    )


def _errors(rule: Rule) -> Iterator[UserError]:
    """What the schema cannot say: globs that are none, or only take back."""
    places: dict[tuple[str, ...], Sequence[str]] = {}
    places |= {("when", key): globs for key, globs in rule.block.get("when", {}).items() if key != "status"}
    # Filled with a name that no brackets take: where they hold a field, each name would make another pattern.
    places["touch",] = _filled(rule.block.get("touch", ()), "é/é.é")
    for place, globs in places.items():
        yield from glob_errors(rule, globs, *place)


KIND = ChangeKind()
