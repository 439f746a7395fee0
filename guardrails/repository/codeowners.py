"""Who owns a path, as the host of the repository reads its CODEOWNERS file.

GitLab reads the file that only it looks for, and any file with sections; every other file is GitHub's. Both know
globs much like those of gitignore. With GitHub ``docs/*`` owns no more than the files right in the folder; with GitLab
a pattern is found at any depth unless it starts with a slash, and names a folder only if it ends with one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guardrails.documents.codeowners import FORMAT
from guardrails.errors import RepositoryError
from guardrails.globs import glob_regex
from guardrails.matching import GlobSet
from guardrails.repository.entry import FILE, Snapshot
from guardrails.tuples import NamedTuple

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where hosts look for the file; the first that exists counts."""
LARGEST = 3_000_000
"""A larger file is not heeded, which is GitHub's rule."""

_OR_BELOW = rb"(?:/|\z)"


class Rule(NamedTuple):
    """Who owns what matches a pattern."""

    pattern: str
    owners: tuple[str, ...]
    """None where the paths are to have no owner."""
    section: str = ""


class Owners:
    """What a CODEOWNERS file says."""

    __slots__ = ("_globs", "path", "rules")

    def __init__(self, path: str = "", rules: Sequence[Rule] = (), *, gitlab: bool = False) -> None:
        self.path = path
        """Of the file; empty where there is none."""
        self.rules = tuple(rules)
        """In the order of the file, without those whose pattern can match nothing."""
        regexes = [_regex(rule.pattern, gitlab=gitlab) for rule in self.rules]
        self._globs = GlobSet(tuple(regexes), tuple(((number, 0),) for number in range(len(regexes))))

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a path; each section of the file may add some."""
        if not self.rules:
            return ()
        try:
            matching = self._globs.match(path)
        except ValueError as error:
            hint = "use fewer patterns, or shorter ones"
            raise RepositoryError(f"its patterns cannot be matched: {error}", path=self.path, hint=hint) from None
        deciding: dict[str, Rule] = {}
        for number in sorted(matching):
            rule = self.rules[number]
            section = rule.section.lower()
            # GitLab lets nothing take back that a section excludes a path.
            if not deciding.get(section, rule).pattern.startswith("!"):
                deciding[section] = rule
        return tuple(dict.fromkeys(owner for rule in deciding.values() for owner in rule.owners))


def owners(snapshot: Snapshot) -> Owners:
    """The owners that the repository declares; raises RepositoryError when the file cannot be read."""
    for path in PLACES:
        entry = snapshot.entry(path)
        if entry and entry.kind == FILE:
            if snapshot.size(entry) > LARGEST:
                return Owners(path)
            text = snapshot.read(entry).decode("utf-8", "surrogateescape")
            return parse(text.removeprefix("\ufeff"), path)
    return Owners()


def parse(text: str, path: str) -> Owners:
    """The owners that the text of a CODEOWNERS file declares."""
    value: Mapping[str, Any] = FORMAT.parse(text).roots[0].value
    gitlab = path.startswith(".gitlab/") or bool(value["sections"])
    rules = [Rule(rule["pattern"], tuple(rule["owners"]), rule["section"]) for rule in value["rules"]]
    return Owners(path, [rule for rule in rules if _is_valid(rule.pattern, gitlab=gitlab)], gitlab=gitlab)


def _is_valid(pattern: str, *, gitlab: bool) -> bool:
    try:
        _regex(pattern, gitlab=gitlab)
    except ValueError:
        return False
    return True


def _regex(pattern: str, *, gitlab: bool) -> bytes:
    if not gitlab:
        regex = glob_regex(pattern)
        return _exactly(regex) if pattern.endswith("/*") else regex
    pattern = pattern.removeprefix("!")
    regex = glob_regex(pattern if pattern.startswith("/") else f"**/{pattern}")
    return _exactly(regex)


def _exactly(regex: bytes) -> bytes:
    """The regular expression for the paths that a glob names, without those below them."""
    return regex.removesuffix(_OR_BELOW) + rb"\z" if regex.endswith(_OR_BELOW) else regex
