"""Checking a CEL expression when a policy is compiled: syntax, names and regular expressions.

The binding tells which names an expression uses, but neither where they stand nor which of them a loop binds; that
is read from the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from guardrails.checks.cel import VARIABLES, Expression, Fields
from guardrails.checks.cel_binding import binding
from guardrails.checks.cel_functions import FUNCTIONS
from guardrails.checks.cel_python import translate
from guardrails.checks.pattern_errors import RE2_HINT
from guardrails.matching import regex

MAX_SOURCE = 4_000
MAX_LOOPS = 3
"""Longest expression, in characters; the binding recurses over what it has parsed."""


class ExpressionError(ValueError):
    """The text is not an expression that can run; ``hint`` says what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def compile(source: str, variables: Sequence[str] = VARIABLES) -> Expression:
    """Check an expression over some variables and make it ready to run; raises ExpressionError."""
    if len(source) > MAX_SOURCE:
        raise ExpressionError(f"the expression is longer than {MAX_SOURCE:,} characters")
    try:
        names = binding().compile(source).references()
    except ValueError as error:
        raise _syntax_error(source, str(error)) from None
    plain = _UNREAD.sub(_blanks, source)
    if _loops(plain) > MAX_LOOPS:
        hint = "each loop inside a loop multiplies the time it takes; select the nodes with `each` instead"
        raise ExpressionError(f"more than {MAX_LOOPS} loops stand inside each other", hint)
    functions = {name for name in names["functions"] if name.isidentifier()}
    bound = set(_BOUND.findall(plain))
    for name in sorted(bound.intersection(variables)):
        raise ExpressionError(f"a loop cannot call its variable '{name}'", "choose another name for it")
    used = set(names["variables"]) - bound
    _refuse_others("function", functions, _FUNCTION_NAMES, plain)
    _refuse_others("variable", used - _TYPES, set(variables), plain)
    _check_patterns(source)
    needs = tuple((name, _fields(name, plain)) for name in variables if name in used)
    called = tuple(name for name in FUNCTIONS if name.removesuffix("_") in functions)
    return Expression(_translated(source, plain), needs, called, translate(source, variables, _literal))


def _literal(text: str) -> Any:
    """The value of a literal."""
    return binding().compile(text).execute()


_TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"})
_CEL_FUNCTIONS = """
bytes contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours
getMilliseconds getMinutes getMonth getSeconds int matches size startsWith string timestamp type uint
"""
_FUNCTION_NAMES = {*_CEL_FUNCTIONS.split(), *(name for name in FUNCTIONS if not name.endswith("_"))}

_LITERAL = (
    r"""(?:\b(?i:b?r)(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"[^"\n]*"|'[^'\n]*')"""
    r"""|\"{3}(?:\\[\s\S]|[^\\])*?\"{3}|'{3}(?:\\[\s\S]|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
)
_UNREAD = re.compile(_LITERAL + r"|//[^\n]*")
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(\s*(\w+)\s*,")
_REPLACED = re.compile(r"\b(?:matches|size)(?=\s*\()")
_PATTERN = re.compile(rf"\.\s*matches\s*\(\s*({_LITERAL})\s*\)")


def _loops(plain: str) -> int:
    """How deep loops (all, exists, map, …) stand inside each other."""
    starts = {match.end(1) for match in _LOOP.finditer(plain)}
    open_: list[bool] = []
    deepest = 0
    for at, char in enumerate(plain, 1):
        if char == "(":
            open_.append(at in starts)
            deepest = max(deepest, sum(open_))
        elif char == ")" and open_:
            open_.pop()
    return deepest


_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*(\()")


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _translated(source: str, plain: str) -> str:
    """The expression with our own ``matches`` and ``size``; see FUNCTIONS."""
    for match in reversed(list(_REPLACED.finditer(plain))):
        source = f"{source[: match.end()]}_{source[match.end() :]}"
    return source


def _fields(variable: str, plain: str) -> Fields:
    """The members of a variable that an expression uses, when it uses nothing else of it."""
    uses = [match[1] for match in re.finditer(rf"(?<![\w.]){variable}\b(?:\s*\.\s*(\w+)\b(?!\s*\())?", plain)]
    return None if None in uses else frozenset(uses)


def _refuse_others(noun: str, names: Iterable[str], known: set[str], plain: str) -> None:
    unknown = set(names) - known
    for match in re.finditer(r"[A-Za-z_]\w*", plain):
        name = match[0]
        if name in unknown:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"{noun}s: {', '.join(sorted(known))}"
            message = f"there is no {noun} '{name}' (column {match.start() + 1} of the expression)"
            raise ExpressionError(message, _HINTS.get(name, hint))


def _check_patterns(source: str) -> None:
    for match in _PATTERN.finditer(source):
        pattern = _literal(match[1])
        try:
            regex(pattern)
        except ValueError as error:
            raise ExpressionError(f"'{pattern}' is not a valid regular expression: {error}", RE2_HINT) from None


_HINTS = {
    **dict.fromkeys(
        ("all", "exists", "exists_one", "map", "filter"), "a loop has one variable: list.all(x, …), map.exists(key, …)"
    ),
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "len": "write size()",
    "lower": "write lowerAscii()",
    "upper": "write upperAscii()",
    "strip": "write trim()",
}
_MISTAKES = (
    (r"\band\b", "write && for and"),
    (r"\bor\b", "write || for or"),
    (r"\bnot\b", "write ! for not"),
    (r"\.\?|\[\?", "there is no optional syntax: test with has(a.b)"),
    (r"(?<![=!<>])=(?!=)", "compare with =="),
    (r"(?<!&)&(?!&)", "write && for and"),
    (r"(?<!\|)\|(?!\|)", "write || for or"),
    (r"argument to has\(\)", "has() takes a field: has(self.name)"),
    (r"recognition error at: .*\\", r"in a text, write a backslash twice, or put r before the text: r'\d'"),
)


def _syntax_error(source: str, report: str) -> ExpressionError:
    """The first error that the binding reports, in one line."""
    match = re.search(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)", report)
    line, column, reason = match.groups() if match else ("1", "1", "it cannot be read")
    reason = reason.partition(" expecting ")[0].replace("'<EOF>'", "the end")
    place = f"line {line}, column {column}" if "\n" in source.strip() else f"column {column}"
    text = re.sub(_LITERAL, _blanks, source) + "\n" + reason
    hint = next((hint for pattern, hint in _MISTAKES if re.search(pattern, text)), "")
    return ExpressionError(f"not valid CEL: {reason} ({place} of the expression)", hint)
