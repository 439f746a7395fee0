"""Checks of the commits of a change, one by one, and of the name of its branch.

All that they judge is what the author of a commit wrote, the author's own name and address included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.checks.base import File, Repository, Rule, RuleSet, render
from guardrails.checks.commit_messages import people, subject, values
from guardrails.checks.pattern_errors import regex_errors
from guardrails.errors import UserError, UserErrors
from guardrails.findings import Fact, Finding, Location
from guardrails.matching import regex
from guardrails.repository.change import Commit
from guardrails.tuples import NamedTuple

_PATTERN = {"type": "string", "minLength": 1}
_TESTS: dict[str, Mapping[str, Any]] = {
    "subject": _PATTERN | {"description": "Regular expression (RE2) that has to occur in the subject."},
    "message": _PATTERN | {"description": "Regular expression (RE2) that has to occur in the message as a whole."},
    "forbid": _PATTERN | {"description": "Regular expression (RE2) that may not occur in the message."},
    "subject-length": {
        "type": "object",
        "required": ["max"],
        "additionalProperties": False,
        "properties": {"max": {"type": "integer", "minimum": 1, "description": "In characters."}},
        "description": "How long a subject may be.",
    },
    "trailer": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z0-9-]+$", "description": "Letter case does not count."},
            "value": _PATTERN
            | {"description": "author: the author's name and address; else a regular expression (RE2) to occur in it."},
        },
        "description": "A line such as Signed-off-by: Ann <ann@example.org> in the last paragraph of the message.",
    },
    "author": _PATTERN | {"description": "Regular expression (RE2) that has to occur in the author's address."},
    "branch": _PATTERN
    | {"description": "Regular expression (RE2) that has to occur in the name of the branch, where that is known."},
}
_OPTIONS: dict[str, Mapping[str, Any]] = {
    "merges": {"type": "boolean", "default": False, "description": "Whether merge commits are judged as well."},
    "bots": {"type": "boolean", "default": False, "description": "Whether authors named …[bot] are judged as well."},
}
_SENTENCES = {
    "subject": "the subject does not match {limit}",
    "message": "the message does not match {limit}",
    "forbid": "the message holds '{value}'",
    "subject-length": "the subject has {value} characters, {limit} are allowed",
    "trailer": "there is no trailer {limit}",
    "author": "the author's address '{value}' does not match {limit}",
    "branch": "the name '{value}' does not match {limit}",
}

SCHEMA: Mapping[str, Any] = {
    "description": f"What commits say. Write exactly one of: {', '.join(_TESTS)}.",
    "type": "object",
    "properties": _TESTS | _OPTIONS,
    "additionalProperties": False,
    "oneOf": [{"required": [test]} for test in _TESTS],
}

_BY_GIT = re.compile(
    r"(?:fixup|squash|amend)! |(?:Revert|Reapply) \"|Merge (?:branch|commit|pull request|remote-tracking branch|tag)"
)
"""Subjects that git and its hosts write: nobody chose their form."""
_OF_FORM = frozenset(("subject", "message", "subject-length"))


class Check(NamedTuple):
    """One rule, ready to judge; regular expressions stay strings, so that it pickles."""

    rule: str
    test: str
    wanted: Any
    merges: bool
    bots: bool
    message: str
    params: Mapping[str, Any]

    def judges(self, commit: Commit) -> bool:
        """Whether the rule is about the commit at all."""
        if (commit.parents > 1 and not self.merges) or (commit.author.endswith("[bot]") and not self.bots):
            return False
        return self.test not in _OF_FORM or not _BY_GIT.match(subject(commit.message))

    def finding(self, about: str, value: str, limit: object, **more: str) -> Finding:
        """A finding of no file; as only ``about`` says what it is of, that stands in front of the rule's words."""
        values = {"value": value, "limit": limit, "params": self.params, **more}
        reason = render(_SENTENCES[self.test], values)
        message = render(self.message, {**values, "reason": reason}) if self.message else reason
        return Finding(self.rule, Location(""), f"{about}: {message}", evidence=about)


class CommitInspector(NamedTuple):
    """All rules of the kind."""

    checks: Mapping[int, Check]
    concluding: RuleSet
    fact_based: RuleSet
    change_based: RuleSet

    def inspect(self, file: File, rules: RuleSet) -> Iterable[Finding]:  # noqa: ARG002
        """Nothing: no rule is about a file."""
        return ()

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterator[Finding]:  # noqa: ARG002
        """Judge each commit of the change, and the name of its branch; nothing where there is no change."""
        change = repository.change
        if change is None:
            return
        for number in sorted(rules & self.concluding):
            check = self.checks[number]
            if check.test == "branch":
                if change.branch and not _occurs(check.wanted, change.branch):
                    yield check.finding(f"branch {change.branch}", change.branch, check.wanted)
                continue
            for commit in filter(check.judges, change.commits):
                value = _FLAWS[check.test](check.wanted, commit)
                if value is not None:
                    limit = _asked(check.wanted)
                    yield check.finding(_name(commit), value, limit, author=commit.author, email=commit.email)


def _name(commit: Commit) -> str:
    """The commit for people, by its id so far as it has one; long subjects are cut."""
    line = subject(commit.message)
    quoted = f'"{line if len(line) <= 72 else line[:69] + "..."}"'
    return f"{commit.id[:10]} {quoted}" if commit.id else quoted


def _asked(wanted: Any) -> object:
    """What was wanted, for people."""
    if isinstance(wanted, str):
        return wanted
    if "max" in wanted:
        return wanted["max"]
    return f"{wanted['name']} of the author" if wanted.get("value") == "author" else wanted["name"]


def _occurs(pattern: str, text: str) -> bool:
    return regex(pattern).search(text.encode("utf-8", "surrogateescape")) is not None


def _of_subject(wanted: str, commit: Commit) -> str | None:
    line = subject(commit.message)
    return None if _occurs(wanted, line) else line


def _of_message(wanted: str, commit: Commit) -> str | None:
    return None if _occurs(wanted, commit.message) else subject(commit.message)


def _forbidden(wanted: str, commit: Commit) -> str | None:
    match = regex(wanted).search(commit.message.encode("utf-8", "surrogateescape"))
    return match[0].decode("utf-8", "surrogateescape").strip() if match else None


def _length(wanted: Mapping[str, int], commit: Commit) -> str | None:
    length = len(subject(commit.message))
    return str(length) if length > wanted["max"] else None


def _trailer(wanted: Mapping[str, str], commit: Commit) -> str | None:
    pattern = wanted.get("value", "")
    given = values(commit.message, wanted["name"])
    if pattern == "author":
        author = people(f"{commit.author} <{commit.email}>")
        kept = bool(author) and any(people(value) == author for value in given)
    else:
        kept = any(value and _occurs(pattern, value) for value in given)
    return None if kept else ", ".join(given)


def _author(wanted: str, commit: Commit) -> str | None:
    return None if _occurs(wanted, commit.email) else commit.email


_FLAWS: Mapping[str, Callable[[Any, Commit], str | None]] = {
    "subject": _of_subject,
    "message": _of_message,
    "forbid": _forbidden,
    "subject-length": _length,
    "trailer": _trailer,
    "author": _author,
}
"""By test: what breaks the rule in a commit, None where nothing does."""


class CommitKind:
    """Rules about the commits of a change."""

    name = "commit"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> CommitInspector:
        """Compile all rules together; raises UserErrors with every error in them."""
        if errors := [error for rule in rules for error in _errors(rule)]:
            raise UserErrors(errors)
        numbers = frozenset(rule.number for rule in rules)
        return CommitInspector(
            {rule.number: _check(rule) for rule in rules}, numbers, frozenset(), change_based=numbers
        )


def _check(rule: Rule) -> Check:
    block = rule.block
    test = next(key for key in block if key in _TESTS)
    merges, bots = block.get("merges", False), block.get("bots", False)
    return Check(rule.id, test, block[test], merges, bots, rule.message, rule.params)


def _errors(rule: Rule) -> Iterator[UserError]:
    """Regular expressions that are none."""
    patterns = [((key,), value) for key, value in rule.block.items() if isinstance(value, str)]
    trailer = rule.block.get("trailer", {})
    for path, pattern in [*patterns, (("trailer", "value"), trailer.get("value", ""))]:
        yield from regex_errors(rule, pattern, *path)


KIND = CommitKind()
