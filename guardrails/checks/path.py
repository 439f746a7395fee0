"""Checks of where files are and how they are stored: presence, names, sizes, modes, links, encoding, line ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, Rule, RuleSet, render
from guardrails.checks.path_listing import Listing, above, collisions, folder_of, folders_of, join, name_of
from guardrails.checks.path_storage import JUDGES, Flaw, fits, target_of
from guardrails.errors import UserError, UserErrors
from guardrails.findings import Fact, Finding, Location
from guardrails.matching import GlobSet
from guardrails.repository.entry import LINK, Entry
from guardrails.tuples import NamedTuple

_GLOBS = {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
_TESTS: dict[str, Mapping[str, Any]] = {
    "require": _GLOBS
    | {"description": "Globs; a file that matches any of them has to be there, and each message names all of them."},
    "forbid": {"enum": [True], "description": "No file that the rule's match selects may be there."},
    "name": {
        "type": "string",
        "minLength": 1,
        "description": "Regular expression (RE2) that the name has to match from its start to its end.",
    },
    "size": {
        "type": "object",
        "required": ["max"],
        "additionalProperties": False,
        "properties": {
            "max": {
                "description": "Largest size allowed, in bytes or as 500 KB, 5 MB, 1 GiB.",
                "anyOf": [
                    {"type": "integer", "minimum": 0},
                    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(B|KB|MB|GB|KiB|MiB|GiB)$"},
                ],
            }
        },
        "description": "How large a file may be.",
    },
    "executable": {
        "enum": ["required", "forbidden", "shebang"],
        "description": "The executable bit: always, never, or exactly when the content begins with #!.",
    },
    "links": {
        "enum": ["forbid", "inside", "resolve"],
        "description": "Symbolic links: none at all, none out of the repository, or each to something inside it.",
    },
    "collisions": {
        "enum": ["forbid"],
        "description": "No two paths that are one path where letter case or Unicode composition does not count.",
    },
    "encoding": {"enum": ["utf-8"], "description": "Text files decode as UTF-8."},
    "byte-order-mark": {"enum": ["forbid", "require"], "description": "A byte order mark at the start of text files."},
    "line-endings": {
        "enum": ["lf", "crlf", "consistent"],
        "description": "How the lines of text files end; consistent: all lines of a file in the same way.",
    },
    "final-newline": {"enum": ["required"], "description": "Text files that are not empty end with a line end."},
}
_OPTIONS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "in": (
        "require",
        _GLOBS | {"description": "Globs of folders; each of them needs its own file, by globs relative to the folder."},
    ),
    "beside": (
        "require",
        {
            "enum": ["folder", "ancestors"],
            "description": "Each file that the rule's match selects needs one in its folder, or there or in any above.",
        },
    ),
    "of": (
        "name",
        {
            "enum": ["name", "stem", "path", "folder"],
            "default": "name",
            "description": "What to match: the file's name, the name without its last suffix, the whole path, or the "
            "name of each folder that leads to the file.",
        },
    ),
}


SCHEMA: Mapping[str, Any] = {
    "description": f"Where files are and how they are stored. Write exactly one of: {', '.join(_TESTS)}.",
    "type": "object",
    "properties": _TESTS | {key: shape for key, (_, shape) in _OPTIONS.items()},
    "additionalProperties": False,
    "oneOf": [{"required": [test]} for test in _TESTS],
    "dependentRequired": {key: [test] for key, (test, _) in _OPTIONS.items()},
}


class Check(NamedTuple):
    """One rule, ready to judge; regular expressions stay strings, so that it pickles."""

    number: int
    rule: str
    test: str
    block: Mapping[str, Any]
    wanted: Any
    """What the test compares with; for ``require``, the number of its list of globs in the inspector."""
    folders: int
    """The number of the list of globs of ``in``; -1 without."""
    message: str
    params: Mapping[str, Any]

    def say(self, sentence: str, path: str, value: str, **more: str) -> str:
        """The message of a finding: the rule's own words, which may quote ``sentence`` as {reason}, else that."""
        values = {"path": path, "value": value, "params": self.params, **more}
        reason = render(sentence, values)
        return render(self.message, {**values, "reason": reason}) if self.message else reason

    def finding(self, file: File, flaw: Flaw) -> Finding:
        """What is wrong with a file; the evidence is not the measured value, which may change without being mended."""
        message = self.say(flaw.sentence, file.path, flaw.value, limit=flaw.limit)
        return file.finding(self.rule, message, line=flaw.line, evidence=flaw.evidence or self.test)

    def absent(self, folder: str, sentence: str, file: str = "") -> Finding:
        """A finding for a file that is not in ``folder``, at the place where the first choice would be."""
        globs = self.block["require"]
        path = join(folder, _place(globs))
        message = self.say(sentence, path, _choice(globs), folder=folder or ".", file=file)
        return Finding(self.rule, Location(path), message, evidence="require " + " ".join(globs))


_OF_CONTENT = frozenset(("executable", "encoding", "byte-order-mark", "line-endings", "final-newline"))


class PathInspector(NamedTuple):
    """All rules of the kind; ``globs`` holds the lists of all of them."""

    checks: Mapping[int, Check]
    """In the order in which they judge a file: those about content come last, so that a file that cannot be read is
    still judged by its name and size."""
    globs: GlobSet
    concluding: RuleSet
    fact_based: RuleSet

    def inspect(self, file: File, rules: RuleSet) -> Iterable[Finding | Fact]:
        """Judge one file; its content is read only for the tests that are about content."""
        for number in [number for number in self.checks if number in rules]:
            if number not in self.concluding:
                check = self.checks[number]
                if flaw := JUDGES[check.test](file, check.wanted):
                    yield check.finding(file, flaw)
            elif number in self.fact_based and file.entry.kind == LINK:
                yield Fact(number, file.path, target_of(file))

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:
        """Judge what only the listing tells: what has to be there, folders, collisions, where links lead."""
        checks = [self.checks[number] for number in sorted(rules & self.concluding)]
        yield from self._anywhere(checks, repository.entries)
        listing = Listing(repository.entries)
        for check in checks:
            if check.test == "links":
                targets = {fact.path: str(fact.value) for fact in facts if fact.rule == check.number}
                yield from _dangling(check, targets, listing)
            elif check.test == "collisions":
                yield from _collisions(check, repository.matched(check.number))
            elif check.test == "name":
                yield from _folder_names(check, repository.matched(check.number))
            elif "beside" in check.block:
                yield from self._beside(check, repository.matched(check.number), listing)
            elif "in" in check.block:
                yield from self._in(check, listing)

    def _anywhere(self, checks: Iterable[Check], entries: Sequence[Entry]) -> Iterator[Finding]:
        missing = {check.wanted: check for check in checks if check.block.keys() == {"require"}}
        for entry in entries:
            if not missing:
                return
            for number in self.globs.match(entry.path) & missing.keys():
                del missing[number]
        for check in missing.values():
            yield check.absent("", "there is no {value}")

    def _in(self, check: Check, listing: Listing) -> Iterator[Finding]:
        folders = ("", *folders_of(entry.path for entry in listing.entries))
        missing = {folder for folder in folders if check.folders in self.globs.match(join(folder, _HERE))}
        here = "/"  # no folder
        holders: list[str] = []
        for entry in listing.entries:
            if (folder := folder_of(entry.path)) != here:
                here, holders = folder, [each for each in (folder, *above(folder)) if each in missing]
            for holder in holders:
                if check.wanted in self.globs.match(entry.path[len(holder) :].lstrip("/")):
                    missing.discard(holder)
        for folder in sorted(missing):
            yield check.absent(folder, "{folder} has no {value}")

    def _beside(self, check: Check, matched: Sequence[Entry], listing: Listing) -> Iterator[Finding]:
        ancestors = check.block["beside"] == "ancestors"
        sentence = "{file} has no {value} beside it" + " or in a folder above" * ancestors
        judged: dict[str, bool] = {}

        def has(folder: str) -> bool:
            if folder not in judged:
                judged[folder] = any(check.wanted in self.globs.match(name) for name in listing.names.get(folder, ()))
            return judged[folder]

        answered = set()
        for entry in matched:
            folder = folder_of(entry.path)
            if folder not in answered:
                answered.add(folder)
                if not has(folder) and not (ancestors and any(map(has, above(folder)))):
                    yield check.absent(folder, sentence, file=entry.path)


def _dangling(check: Check, targets: Mapping[str, str], listing: Listing) -> Iterator[Finding]:
    for path in sorted(targets):
        if not listing.leads_inside(path, targets):
            message = check.say("the link points to {value}, which is not in the repository", path, targets[path])
            yield Finding(check.rule, Location(path), message, evidence=targets[path])


def _collisions(check: Check, entries: Sequence[Entry]) -> Iterator[Finding]:
    for path, other in collisions(entry.path for entry in entries):
        message = check.say("this is the same path as {value} where letter case does not count", path, other)
        yield Finding(check.rule, Location(path), message, evidence=other)


def _folder_names(check: Check, entries: Sequence[Entry]) -> Iterator[Finding]:
    pattern = check.block["name"]
    for folder in folders_of(entry.path for entry in entries):
        name = name_of(folder)
        if not fits(pattern, name):
            message = check.say("the folder's name '{value}' does not match {limit}", folder, name, limit=pattern)
            yield Finding(check.rule, Location(folder), message, evidence=name)


_HERE = "\x01"
"""A name that no file bears in earnest, to match a folder itself and not what is below it."""


def _of_folder(glob: str) -> str:
    """The glob that matches ``_HERE`` in exactly the folders that ``glob`` matches."""
    taken_back, body = glob.startswith("!"), glob.removeprefix("!").rstrip("/")
    if "/" not in body:
        body = f"**/{body}"
    return "!" * taken_back + f"{body}/{_HERE}"


def _place(globs: Sequence[str]) -> str:
    """Where the file that is asked for would be: the first plain glob, else the plain start of the first one."""
    wanted = [glob.removeprefix("/") for glob in globs if not glob.startswith("!")]
    plain = next((glob for glob in wanted if not _WILD.search(glob)), "")
    if plain:
        return plain.rstrip("/")
    start = _WILD.split(wanted[0].removeprefix("**/"), maxsplit=1)[0]
    return folder_of(start) or start or wanted[0]


_WILD = re.compile(r"[*?\[\\]")


def _choice(globs: Sequence[str]) -> str:
    *others, last = [glob.removeprefix("/") for glob in globs if not glob.startswith("!")]
    return f"{', '.join(others)} or {last}" if others else last


class PathKind:
    """Rules about the listing and the storage of files."""

    name = "path"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> PathInspector:
        """Compile all rules together; raises UserErrors with every error in them."""
        errors = [error for rule in rules for error in _errors(rule)]
        if errors:
            raise UserErrors(errors)
        lists: list[Sequence[str]] = []
        compiled = [_check(rule, lists) for rule in rules]
        checks = {check.number: check for check in sorted(compiled, key=lambda check: check.test in _OF_CONTENT)}
        fact_based = frozenset(number for number, check in checks.items() if check.block.get("links") == "resolve")
        listed = frozenset(number for number, check in checks.items() if _listed(check))
        return PathInspector(checks, GlobSet.compile(lists), listed | fact_based, fact_based)


def _listed(check: Check) -> bool:
    """Whether the listing alone answers it."""
    return check.test in {"require", "collisions"} or check.block.get("of") == "folder"


def _check(rule: Rule, lists: list[Sequence[str]]) -> Check:
    """Compile one rule; its lists of globs join those of the others."""
    block = rule.block
    test = next(key for key in block if key in _TESTS)
    wanted = block[test]
    folders = -1
    if test == "require":
        wanted = len(lists)
        lists.append(block[test])
    elif test == "name":
        wanted = block.get("of", "name"), wanted
    elif test == "size":
        from guardrails.policy.loading import parse_size  # noqa: PLC0415 - no plan from the cache needs it

        wanted = parse_size(wanted["max"])
    if "in" in block:
        folders = len(lists)
        lists.append([_of_folder(glob) for glob in block["in"]])
    return Check(rule.number, rule.id, test, block, wanted, folders, rule.message, rule.params)


def _errors(rule: Rule) -> Iterator[UserError]:
    """What the schema cannot say: names that are no RE2, globs that are no globs or only take back."""
    from guardrails.checks.pattern_errors import glob_errors, regex_errors  # noqa: PLC0415 - as above

    block = rule.block
    if "in" in block and "beside" in block:
        yield rule.error("'in' and 'beside' exclude each other", "beside", hint="write two rules, one for each")
    if "name" in block:
        yield from regex_errors(rule, block["name"], "name")
    for key in ("require", "in"):
        yield from glob_errors(rule, block.get(key, ()), key)


KIND = PathKind()
