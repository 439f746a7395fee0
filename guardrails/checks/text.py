"""The check kind ``text``: regular expressions that a file must not, or must, hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from guardrails.checks import text_near
from guardrails.checks.base import Rule
from guardrails.checks.text_common import COMMON
from guardrails.checks.text_inspector import Allowance, Check, Target, TextInspector
from guardrails.documents.document import Path
from guardrails.errors import UserError, UserErrors
from guardrails.matching import GlobSet, PatternError, Regex, RegexSet
from guardrails.references import Packed

_WITHIN = 20
_MAX_PARTS = 32
"""So often a text is read at most, to see which patterns can match."""

_LIST = {"type": "array", "items": {"type": "string", "minLength": 1}}
_PATTERN = {"type": "string", "minLength": 1, "maxLength": 4000}
_PATTERNS = {"anyOf": [_PATTERN, {"type": "array", "items": _PATTERN, "minItems": 1}]}
_ALTERNATIVES = [_PATTERN, text_near.SCHEMA]
SCHEMA: Mapping[str, Any] = {
    "description": "RE2 regular expressions over the text of a file. ^ and $ match at lines; CR LF counts as LF.",
    "type": "object",
    "properties": {
        "forbid": {
            "description": "Every match is a finding.",
            "anyOf": [*_ALTERNATIVES, {"type": "array", "items": {"anyOf": _ALTERNATIVES}, "minItems": 1}],
        },
        "require": {**_PATTERNS, "description": "At least one of the patterns must match somewhere in the file."},
        "header": {**_PATTERNS, "description": "At least one of the patterns must match in the first lines."},
        "within": {
            "description": "How many lines the header may take.",
            "type": "integer",
            "minimum": 1,
            "default": _WITHIN,
        },
        "ignore-case": {
            "description": "Whether forbid, require and header ignore case.",
            "type": "boolean",
            "default": False,
        },
        "group": {
            "description": "Name or number of the group that a finding is about; without it, the whole match.",
            "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}],
        },
        "due": {
            "description": "Name of the group that holds an ISO date, until when a match is no finding. A text that is "
            "no date, or none at all, is due at once.",
            "type": "string",
            "minLength": 1,
        },
        "entropy": {
            "description": "Least Shannon entropy, in bits per character, of a text that is a finding.",
            "type": "number",
            "exclusiveMinimum": 0,
        },
        "redact": {
            "description": "The text is a secret: findings show its first 4 characters at most.",
            "type": "boolean",
            "default": False,
        },
        "allow": {
            "description": "Matches that are no findings.",
            "type": "object",
            "properties": {
                "patterns": {**_LIST, "description": "RE2 patterns that match in the text of the finding."},
                "lines": {**_LIST, "description": "RE2 patterns that match in the line where the text begins."},
                "before": {
                    **_LIST,
                    "description": "RE2 patterns that match in front of the text of the finding, in its line; $ is "
                    "where the text begins.",
                },
                "words": {**_LIST, "description": "Words, in any case, that are part of the text of the finding."},
                "paths": {**_LIST, "description": "Globs of files, in gitignore syntax."},
                "common": {
                    "description": "What is known of any repository: "
                    + "; ".join(f"{name}, {common.description}" for name, common in COMMON.items()),
                    "type": "array",
                    "items": {"enum": list(COMMON)},
                },
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
    "oneOf": [{"required": ["forbid"]}, {"required": ["require"]}, {"required": ["header"]}],
    "dependentRequired": {
        "within": ["header"],
        "group": ["forbid"],
        "due": ["forbid"],
        "entropy": ["forbid"],
        "redact": ["forbid"],
        "allow": ["forbid"],
    },
}


class TextKind:
    """The check kind ``text``."""

    name = "text"
    schema = SCHEMA

    def compile(self, rules: Sequence[Rule]) -> TextInspector:
        """Compile all rules together; raises UserErrors with every error in them."""
        errors: list[UserError] = []
        regexes: dict[tuple[int, Regex], int] = {}
        parts = _parts(rules)
        checks = {
            rule.number: _check(rule, index, parts[rule.scope], regexes, errors) for index, rule in enumerate(rules)
        }
        allowed_paths = _globs(rules, errors)
        if errors:
            raise UserErrors(errors)
        forbidding: list[set[int]] = [set() for _ in regexes]
        for number, check in checks.items():
            if check.test == "forbid":
                for target in check.targets:
                    forbidding[target.regex].add(number)
        return TextInspector(
            Packed(checks),
            RegexSet.compile((regex for _, regex in regexes), [part for part, _ in regexes]),
            tuple(
                frozenset(rule.number for rule in rules if parts[rule.scope] == part)
                for part in sorted(set(parts.values()))
            ),
            tuple(map(frozenset, forbidding)),
            frozenset(number for number, check in checks.items() if check.test != "forbid"),
            allowed_paths,
        )


KIND = TextKind()


def _parts(rules: Sequence[Rule]) -> dict[Hashable, int]:
    """In which part of the set the patterns of each scope are looked for: not each can have one of its own."""
    scopes = Counter(rule.scope for rule in rules).most_common()
    return {scope: min(number, _MAX_PARTS - 1) for number, (scope, _) in enumerate(scopes)}


def _check(rule: Rule, index: int, part: int, regexes: dict[tuple[int, Regex], int], errors: list[UserError]) -> Check:
    block = rule.block
    test = next(test for test in _MESSAGES if test in block)
    patterns: dict[Path, Any] = {(test,): block[test]}
    if isinstance(block[test], list):
        patterns = {(test, position): pattern for position, pattern in enumerate(block[test])}
    within = block.get("within", _WITHIN)
    targets = []
    for path, pattern in patterns.items():
        regex = _regex(rule, pattern, path, errors)
        if regex is not None:
            number = regexes.setdefault((part, regex), len(regexes))
            group = text_near.GROUP if isinstance(pattern, dict) else block.get("group", 0)
            targets.append(_target(rule, number, regex.compile(), group, path, errors))
    return Check(
        rule.id,
        rule.message or _MESSAGES[test].format(within=within, patterns=" or ".join(map(str, patterns.values()))[:200]),
        rule.params,
        test,
        tuple(targets),
        _allowance(rule, errors),
        index,
        block.get("redact", False),
        within,
    )


_MESSAGES = {
    "forbid": "{{match}} is forbidden here",
    "require": "the file has no match of {patterns}",
    "header": "the first {within} lines have no match of {patterns}",
}


def _regex(rule: Rule, pattern: Any, path: Path, errors: list[UserError]) -> Regex | None:
    """The regular expression of a pattern, or None when it is wrong."""
    if isinstance(pattern, dict):
        parts: list[tuple[Path, str]] = [((key,), pattern[key]) for key in ("near", "value")]
        parts += [(("words", number), word) for number, word in enumerate(pattern.get("words", ()))]
        known = len(errors)
        for place, part in parts:
            compiled = _compiled(rule, Regex(part), (*path, *place), errors)
            if compiled and compiled.fullmatch(b""):
                errors.append(rule.error("the pattern matches the empty text", *path, *place, hint=_NOT_EMPTY))
        if len(errors) > known:
            return None
        pattern = text_near.pattern(**pattern)
    regex = Regex(pattern, rule.block.get("ignore-case", False))
    return None if _compiled(rule, regex, path, errors) is None else regex


def _target(rule: Rule, regex: int, compiled: Any, wanted: str | int, path: Path, errors: list[UserError]) -> Target:
    names = {name.decode(): group for name, group in compiled.groupindex.items()}

    def number(wanted: str | int) -> int:
        group = wanted if isinstance(wanted, int) else names.get(wanted, -1)
        if not 0 <= group <= compiled.groups:
            there = f"groups of the pattern: {compiled.groups}" + f" ({', '.join(names)})" * bool(names)
            errors.append(rule.error(f"there is no group {wanted!r} in the pattern", *path, hint=there))
        return group

    group, due = number(wanted), number(rule.block.get("due", 0))
    if path[0] == "forbid" and any(compiled.fullmatch(text, len(text)) for text in (b"", b"a", b" ")):
        errors.append(rule.error("the pattern matches the empty text, and so everywhere", *path, hint=_NOT_EMPTY))
    return Target(regex, group, due, tuple(names.items()))


def _allowance(rule: Rule, errors: list[UserError]) -> Allowance:
    keys = ("patterns", "lines", "before")
    patterns, lines, before = (tuple(map(Regex, _allowed(rule, key))) for key in keys)
    for key, regexes in zip(keys, (patterns, lines, before), strict=True):
        for position, regex in enumerate(regexes):
            _compiled(rule, regex, ("allow", key, position), errors)
    words = tuple(word.casefold() for word in _allowed(rule, "words"))
    return Allowance(patterns, lines, before, words, rule.block.get("entropy", 0))


def _allowed(rule: Rule, key: str) -> Sequence[str]:
    """What a rule allows by one of the options, and by what is common."""
    allow = rule.block.get("allow", {})
    return [*allow.get(key, ()), *(each for name in allow.get("common", ()) for each in getattr(COMMON[name], key))]


def _compiled(rule: Rule, regex: Regex, path: Path, errors: list[UserError]) -> Any:
    try:
        return regex.compile()
    except ValueError as error:
        reason = str(error)
        hint = next((hint for part, hint in _HINTS.items() if part in reason), _SYNTAX)
        errors.append(rule.error(f"RE2 does not take the pattern: {reason}", *path, hint=hint))
        return None


_NOT_EMPTY = "write + for *, or add what has to stand before or behind it"
_AROUND = "RE2 looks neither ahead nor behind: name the part to report with group, and exceptions with allow"
_BACK = "RE2 cannot refer to what a group matched; write the pattern out"
_HINTS = {
    "(?=": _AROUND,
    "(?!": _AROUND,
    "(?<": _AROUND,
    "(?P": _BACK,
    "(?>": "RE2 never backtracks, so write (?:...) for (?>...)",
    "bad repetition operator": "RE2 never backtracks, so write a* for a*+, and (?:a*)* for a**",
    "invalid repetition size": "a repetition may count to 1000 at most, nested ones multiplied",
    r"\Z": r"write \z for the end of the text",
    r"\u": r"write \x{1F600} for a character by its number",
    **{rf"\{digit}": _BACK for digit in range(1, 10)},
}
_SYNTAX = "see https://github.com/google/re2/wiki/Syntax"


def _globs(rules: Sequence[Rule], errors: list[UserError]) -> GlobSet:
    lists: list[Sequence[str]] = [_allowed(rule, "paths") for rule in rules]
    while True:
        try:
            return GlobSet.compile(lists)
        except PatternError as error:
            errors.append(rules[error.number].error(error.message, "allow", "paths"))
            lists[error.number] = ()
