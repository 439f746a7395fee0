"""What is wrong with globs and regular expressions in rules, told where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guardrails.checks.base import Rule
from guardrails.errors import UserError
from guardrails.matching import GlobSet, PatternError, regex

RE2_HINT = "write it in RE2 syntax, which has no look-around and no back-references"


def glob_errors(rule: Rule, globs: Sequence[str], *place: str | int) -> Iterator[UserError]:
    """The globs of a list that are none, and a list that only takes back."""
    for position, glob in enumerate(globs):
        try:
            GlobSet.compile([[glob]])
        except PatternError as error:
            yield rule.error(str(error), *place, position)
    if globs and all(glob.startswith("!") for glob in globs):
        yield rule.error(f"all globs of '{place[-1]}' take back", *place, hint="write at least one glob without !")


def regex_errors(rule: Rule, pattern: str, *place: str | int) -> Iterator[UserError]:
    """The error that RE2 does not take an expression, if it does not."""
    try:
        regex(pattern)
    except ValueError as reason:
        yield rule.error(f"'{pattern}' is not a valid regular expression: {reason}", *place, hint=RE2_HINT)
