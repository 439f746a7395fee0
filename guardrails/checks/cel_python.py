"""CEL as Python: most expressions are translated when a policy is compiled, and run at a tenth of what they cost else.

A translation has to give what the binding gives, or raise. So nothing is translated that the two might see in another
way: arithmetic, timestamps and bytes are left to the binding, and so are values that have no equal in CEL. Where the
translation raises, the binding is asked, unless an error there can mean but one thing; see :class:`Piece`.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from guardrails.checks.cel_functions import FUNCTIONS
from guardrails.checks.cel_values import METHODS, NAMES, TYPES, Program
from guardrails.tuples import NamedTuple


class Piece(NamedTuple):
    """A translated part.

    In CEL ``false && x`` is false and ``true || x`` is true, whatever is wrong with x, on either side; Python sees what
    stands first. So a part with these in it may have a value where its translation raises: it is not ``strict``.
    """

    code: str
    truth: bool = False
    """Whether its value is surely true or false."""
    strict: bool = True
    decisive: bool = True
    literal: Any = None
    """The text, when it is one in quotes."""
    type: bool = False
    """Whether it is a type, or a list of types, which can only be compared."""


def translate(source: str, variables: Sequence[str], literal: Callable[[str], Any]) -> Program:
    """An expression that the binding accepts, as far as it can be translated; ``literal`` reads what is in quotes."""
    try:
        piece = _Translator(source, variables, literal).whole()
        code = compile(f"lambda self, params, scope: {piece.code}", "<cel>", "eval").co_consts[0]
    except (_UnknownError, ValueError, SyntaxError, RecursionError, MemoryError):
        return Program()
    return Program(marshal.dumps(code), piece.strict, piece.decisive)


class _UnknownError(Exception):
    """There is no translation."""


_TOKEN = re.compile(
    r"(?:\s|//[^\n]*)*(?:(?P<text>[rR]?(?:\"{3}|'{3})|[rR](?:\"[^\"\n]*\"|'[^'\n]*')"
    r"|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"|'[^'\\\n]*(?:\\.[^'\\\n]*)*')"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.]))|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>&&|\|\||[<>=!]=|[][(){}<>!?:.,+-])|(?P<end>\Z)|(?P<other>[\s\S]))"
)
_ORDERS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_SUMS = {"+": "add", "-": "subtract"}
_CONSTANTS = {"true": "True", "false": "False", "null": "None"}


class _Translator:
    """Reads an expression by descent and writes Python meanwhile."""

    def __init__(self, source: str, variables: Sequence[str], literal: Callable[[str], Any]) -> None:
        self.tokens = [(match.lastgroup, match[match.lastgroup or 0]) for match in _TOKEN.finditer(source)]
        self.at = 0
        self.variables = variables
        self.bound: list[str] = []
        self.literal = literal

    def whole(self) -> Piece:
        piece = self.choice()
        if self.kind != "end":
            raise _UnknownError
        return _valued(piece)

    @property
    def kind(self) -> str | None:
        return self.tokens[self.at][0]

    def take(self, *signs: str) -> str:
        """The next token if it is one of these, which is left behind; else nothing."""
        kind, word = self.tokens[self.at]
        if word in signs and kind in {"sign", "name"}:
            self.at += 1
            return word
        return ""

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise _UnknownError

    def name(self) -> str:
        kind, word = self.tokens[self.at]
        if kind != "name":
            raise _UnknownError
        self.at += 1
        return word

    def choice(self) -> Piece:
        condition = self.either()
        if not self.take("?"):
            return condition
        yes = _valued(self.choice())
        self.need(":")
        no = _valued(self.choice())
        return Piece(
            f"({yes.code} if {_truth(condition)} else {no.code})",
            yes.truth and no.truth,
            condition.strict and yes.strict and no.strict,
            condition.strict and yes.decisive and no.decisive,
        )

    def either(self) -> Piece:
        parts = self.several(self.both, "||")
        if len(parts) == 1:
            return parts[0]
        return Piece(f"({' or '.join(map(_truth, parts))})", truth=True, strict=False, decisive=False)

    def both(self) -> Piece:
        parts = self.several(self.relation, "&&")
        if len(parts) == 1:
            return parts[0]
        decisive = all(part.decisive for part in parts)
        return Piece(f"({' and '.join(map(_truth, parts))})", truth=True, strict=False, decisive=decisive)

    def several(self, part: Callable[[], Piece], sign: str) -> list[Piece]:
        parts = [part()]
        while self.take(sign):
            parts.append(part())
        return parts

    def relation(self) -> Piece:
        left = self.sum()
        while sign := self.take("==", "!=", "in", *_ORDERS):
            right = self.sum()
            if sign == "in":
                code = f"within({left.code}, {right.code})"
            elif sign in _ORDERS:
                code = f"{_ORDERS[sign]}({left.code}, {right.code})"
            else:
                code = _equality(left, sign, right)
            parts = [left._replace(type=False), right._replace(type=False)]
            left = _of(parts, code, truth=True)
        return left

    def sum(self) -> Piece:
        left = self.unary()
        while sign := self.take("+", "-"):
            right = self.unary()
            left = _of([left, right], f"{_SUMS[sign]}({left.code}, {right.code})")
        return left

    def unary(self) -> Piece:
        if self.take("!"):
            if self.take("!"):  # The binding takes two for none, whatever the value.
                raise _UnknownError
            inner = self.unary()
            return _of([inner], f"(not {_truth(inner)})", truth=True)
        return self.member()

    def member(self) -> Piece:
        piece = self.primary()
        while sign := self.take(".", "["):
            if sign == "[":
                index = self.choice()
                self.need("]")
                code = f"{piece.code}[{index.code}]" if index.literal is not None else f"at({piece.code}, {index.code})"
                piece = _of([piece, index], code)
                continue
            name = self.name()
            piece = self.method(piece, name) if self.take("(") else _of([piece], f"{piece.code}[{name!r}]")
        return piece

    def primary(self) -> Piece:
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "text" and not word.endswith(('"""', "'''")):
            text = self.literal(word)
            return Piece(repr(text), literal=text)
        if kind == "number":
            return Piece(repr(self.literal(word)))
        if kind == "name":
            return self.call(word) if self.take("(") else self.variable(word)
        if kind == "sign" and word == "(":
            inner = self.choice()
            self.need(")")
            return inner._replace(code=f"({inner.code})")
        if kind == "sign" and word == "[":
            items = self.several_until("]")
            code = f"[{_codes(items)}]"
            if items and all(item.type for item in items):
                return _of([item._replace(type=False) for item in items], code)._replace(type=True)
            return _of(items, code)
        if kind == "sign" and word == "{":
            return self.mapping()
        raise _UnknownError

    def several_until(self, end: str) -> list[Piece]:
        items: list[Piece] = []
        while not self.take(end):
            items.append(self.choice())
            if not self.take(","):
                self.need(end)
                break
        return items

    def mapping(self) -> Piece:
        parts = []
        entries = []
        while not self.take("}"):
            key = self.choice()
            self.need(":")
            value = self.choice()
            if key.literal is None:
                raise _UnknownError
            parts += [key, value]
            entries.append(f"{key.code}: {value.code}")
            if not self.take(","):
                self.need("}")
                break
        return _of(parts, f"{{{', '.join(entries)}}}")

    def variable(self, name: str) -> Piece:
        if name in self.bound:
            return Piece(f"v_{name}")
        if name in _CONSTANTS:
            return Piece(_CONSTANTS[name], truth=name != "null")
        if name in {"self", "params"}:
            return Piece(name)
        if name in self.variables:
            return Piece("scope.today()" if name == "today" else f"scope.values[{name!r}]")
        if name in TYPES:
            return Piece(f"type_{name}", type=True)
        raise _UnknownError

    def call(self, name: str) -> Piece:
        if name == "has":
            return self.has()
        arguments = self.several_until(")")
        if name == "type":
            return _of(arguments, f"type_of({_codes(arguments)})")._replace(type=True)
        return self.function(name, arguments)

    def function(self, name: str, arguments: list[Piece]) -> Piece:
        for known in (name, f"{name}_"):
            if known in NAMES or known in FUNCTIONS:
                prefix = "" if known in NAMES else "f_"
                return _of(arguments, f"{prefix}{known}({_codes(arguments)})", truth=known in _TRUTHS)
        raise _UnknownError

    def has(self) -> Piece:
        """The macro: its argument is a member, of which only the last step may be missing."""
        piece = self.choice()
        self.need(")")
        whole = re.fullmatch(r"([\s\S]*)\[('\w+')\]", piece.code)
        if whole is None:
            raise _UnknownError
        return Piece(f"has({whole[1]}, {whole[2]})", truth=True, strict=piece.strict, decisive=piece.strict)

    def method(self, receiver: Piece, name: str) -> Piece:
        if name in _LOOPS:
            return self.loop(receiver, name)
        arguments = self.several_until(")")
        if name in METHODS:
            return _of([receiver, *arguments], f"{METHODS[name]}({_codes([receiver, *arguments])})", truth=True)
        return self.function(name, [receiver, *arguments])

    def loop(self, receiver: Piece, name: str) -> Piece:
        variable = self.name()
        self.need(",")
        self.bound.append(variable)
        body = self.several_until(")")
        self.bound.pop()
        parts = [receiver, *body]
        truth = _truth(body[0])
        over = f"for v_{variable} in items({receiver.code}, scope)"
        match name, len(body):
            case "all", 1:
                decisive = receiver.strict and body[0].decisive
                return Piece(f"all({truth} {over})", truth=True, strict=False, decisive=decisive)
            case "exists", 1:
                return Piece(f"any({truth} {over})", truth=True, strict=False, decisive=False)
            case "filter", 1:
                return _of(parts, f"[v_{variable} {over} if {truth}]")
            case "map", 1:
                return _of(parts, f"[{body[0].code} {over}]")
        raise _UnknownError


_LOOPS = frozenset({"all", "exists", "exists_one", "existsOne", "filter", "map"})
_TRUTHS = frozenset({"glob", "grants", "isDate", "matches_", "selects"})


def _of(parts: Iterable[Piece], code: str, *, truth: bool = False) -> Piece:
    """What has no value when one of its parts has none."""
    strict = all(_valued(part).strict for part in parts)
    return Piece(code, truth, strict, strict)


def _valued(piece: Piece) -> Piece:
    """The piece, unless it is a type: Python has others, and other words for them."""
    if piece.type:
        raise _UnknownError
    return piece


def _truth(piece: Piece) -> str:
    return piece.code if piece.truth else f"truth({piece.code})"


def _codes(arguments: Iterable[Piece]) -> str:
    return ", ".join(argument.code for argument in arguments)


def _equality(left: Piece, sign: str, right: Piece) -> str:
    if left.literal is not None or right.literal is not None:  # Nothing but the same text equals a text.
        return f"({left.code} {sign} {right.code})"
    return f"{'equal' if sign == '==' else 'differ'}({left.code}, {right.code})"
