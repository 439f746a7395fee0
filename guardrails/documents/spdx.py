"""SPDX licence expressions: which licences a text names, and how AND, OR and WITH join them.

Read as registries and manifests write them: operators in any case, ``/`` for OR as old crates have it, npm's ``SEE
LICENSE IN <file>`` as one licence of that name, and the deprecated ids of the GNU licences as those that replaced them
(``GPL-2.0`` is ``GPL-2.0-only``, ``GPL-2.0+`` is ``GPL-2.0-or-later``). That an id is on the SPDX list is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from guardrails.documents.patterns import lazy
from guardrails.tuples import NamedTuple

MAX_LENGTH = 2_000
"""Longest expression, in characters."""
MAX_DEPTH = 20
"""Most parentheses inside each other."""


class SpdxError(ValueError):
    """The text is not a licence expression."""


class Licence(NamedTuple):
    """A licence by its id, and the exception that adds to what it permits."""

    name: str
    exception: str = ""

    def __str__(self) -> str:
        return f"{self.name} WITH {self.exception}" if self.exception else self.name


class Joined(NamedTuple):
    """Expressions of which all have to be kept, or one that the user chooses."""

    every: bool
    parts: tuple[Expression, ...]


Expression = Licence | Joined


def parse(text: str) -> Expression:
    """Read a licence expression; raises SpdxError."""
    if len(text) > MAX_LENGTH:
        raise SpdxError(f"it is longer than {MAX_LENGTH:,} characters")
    if _ELSEWHERE.match(text):
        return Licence("SEE LICENSE IN")
    return _Reader(text).read()


def licences(expression: Expression) -> Iterator[Licence]:
    """Every licence that an expression names, in the order of the text."""
    if isinstance(expression, Licence):
        yield expression
    else:
        for part in expression.parts:
            yield from licences(part)


def names(text: str) -> list[str]:
    """The ids of licences and exceptions in an expression, as they are written, without ``+``; raises SpdxError."""
    parse(text)
    tokens = [match[2] or "" for match in _TOKEN.finditer(text)]
    return [token.removesuffix("+") for token in tokens if token and token.upper() not in _OPERATORS]


def satisfied(expression: Expression, permitted: Callable[[Licence], bool]) -> bool:
    """Whether a user who may use the permitted licences alone can keep to the expression."""
    if isinstance(expression, Licence):
        return permitted(expression)
    results = (satisfied(part, permitted) for part in expression.parts)
    return all(results) if expression.every else any(results)


_ELSEWHERE = lazy(r"\s*SEE LICEN[SC]E IN\b")
_TOKEN = lazy(r"\s*(?:([()/])|([^\s()/]+))")
_NAME = lazy(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?[A-Za-z0-9][A-Za-z0-9.-]*\+?")
_SIGNS = {"/": "OR"}
_OPERATORS = frozenset({"AND", "OR", "WITH"})

_GNU = lazy(r"((?:A|L)?GPL-[0-9]\.[0-9]|GFDL-[0-9]\.[0-9])(\+?)", re.IGNORECASE)
_REPLACED = {
    "bsd-2-clause-freebsd": Licence("BSD-2-Clause-Views"),
    "bsd-2-clause-netbsd": Licence("BSD-2-Clause"),
    "bzip2-1.0.5": Licence("bzip2-1.0.6"),
    "ecos-2.0": Licence("GPL-2.0-or-later", "eCos-exception-2.0"),
    "gpl-2.0-with-autoconf-exception": Licence("GPL-2.0-only", "Autoconf-exception-2.0"),
    "gpl-2.0-with-bison-exception": Licence("GPL-2.0-or-later", "Bison-exception-2.2"),
    "gpl-2.0-with-classpath-exception": Licence("GPL-2.0-only", "Classpath-exception-2.0"),
    "gpl-2.0-with-font-exception": Licence("GPL-2.0-only", "Font-exception-2.0"),
    "gpl-2.0-with-gcc-exception": Licence("GPL-2.0-or-later", "GCC-exception-2.0"),
    "gpl-3.0-with-autoconf-exception": Licence("GPL-3.0-only", "Autoconf-exception-3.0"),
    "gpl-3.0-with-gcc-exception": Licence("GPL-3.0-or-later", "GCC-exception-3.1"),
    "standardml-nj": Licence("SMLNJ"),
    "wxwindows": Licence("LGPL-2.0-or-later", "WxWindows-exception-3.1"),
}


def _current(name: str) -> Licence:
    """The licence of an id; a deprecated one stands for what replaced it."""
    if match := _GNU.fullmatch(name):
        return Licence(f"{match[1]}-{'or-later' if match[2] else 'only'}")
    return _REPLACED.get(name.lower(), Licence(name))


class _Reader:
    def __init__(self, text: str) -> None:
        tokens = [match[1] or match[2] for match in _TOKEN.finditer(text)]
        self._tokens = [_SIGNS.get(token, token) for token in tokens]
        self._at = 0

    def read(self) -> Expression:
        expression = self._joined("OR", 0)
        if self._at < len(self._tokens):
            raise self._unexpected()
        return expression

    def _joined(self, operator: str, depth: int) -> Expression:
        """Operands of OR, each of operands of AND, which binds more tightly."""
        parts = [self._operand(operator, depth)]
        while self._take(operator):
            parts.append(self._operand(operator, depth))
        return parts[0] if len(parts) == 1 else Joined(operator == "AND", tuple(parts))

    def _operand(self, operator: str, depth: int) -> Expression:
        if operator == "OR":
            return self._joined("AND", depth)
        if not self._take("("):
            return self._licence()
        if depth == MAX_DEPTH:
            raise SpdxError(f"more than {MAX_DEPTH} parentheses stand inside each other")
        expression = self._joined("OR", depth + 1)
        if not self._take(")"):
            raise self._unexpected() if self._at < len(self._tokens) else SpdxError("a parenthesis is not closed")
        return expression

    def _licence(self) -> Licence:
        licence = _current(self._name("a licence"))
        return Licence(licence.name, self._name("an exception")) if self._take("WITH") else licence

    def _name(self, what: str) -> str:
        if self._at == len(self._tokens):
            raise SpdxError(f"{what} is missing at the end")
        word = self._tokens[self._at]
        if word in {"(", ")"} or word.upper() in _OPERATORS:
            raise SpdxError(f"{what} is missing before '{word}'")
        if not _NAME.fullmatch(word):
            raise SpdxError(f"'{word[:40]}' is not the id of {what}")
        self._at += 1
        return word

    def _unexpected(self) -> SpdxError:
        return SpdxError(f"AND, OR or WITH is missing before '{self._tokens[self._at][:40]}'")

    def _take(self, token: str) -> bool:
        there = self._at < len(self._tokens) and self._tokens[self._at].upper() == token
        self._at += there
        return there
