"""The expressions of GitHub's workflows: ``${{ … }}`` in texts, and what may become of them.

Reading takes time linear in the text, and recursion is bounded: what is nested deeper, or is no expression at all,
has no nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guardrails.tuples import NamedTuple

MAX_LENGTH = 21_000
"""Longest expression, in characters; GitHub refuses longer ones too."""
MAX_NESTING = 40

_BODY = re.compile(r"(?:[^'}]|'[^']*+'|\}(?!\}))*+")
_TOKEN = re.compile(
    r"\s*+(?:(?P<string>'(?:[^']|'')*+')|(?P<number>[-+]?(?:0[xX][0-9a-fA-F]++|(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?))"
    r"|(?P<name>[A-Za-z_][\w-]*+)|(?P<mark>&&|\|\||[=!<>]=|[][().,!<>*]))"
)
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))
_CONSTANTS = {"true": True, "false": False, "null": None}
_PASS_ON = frozenset({"format", "join", "tojson", "fromjson", "case"})
"""Functions whose value holds the text of their arguments; that of the others is a truth value or a digest."""


class Node(NamedTuple):
    """A part of an expression."""

    kind: str
    """``literal``, ``context``, ``call``, ``operator`` or ``member`` (of what a call gives)."""
    value: Any
    """The literal; the name of the context (``github.event.issue.title``), function or member, in lower case."""
    parts: tuple[Node, ...] = ()
    start: int = 0
    end: int = 0


class Fence(NamedTuple):
    """An expression in a text."""

    start: int
    """Where ``${{`` stands."""
    end: int
    """Where the text goes on."""
    text: str
    """What is between the braces."""


def fences(text: str) -> Iterator[Fence]:
    """The expressions in a text; one that is not closed ends the search."""
    at = text.find("${{")
    while at >= 0:
        body = _BODY.match(text, at + 3)
        end = body.end() if body else at + 3
        if not text.startswith("}}", end):
            return
        yield Fence(at, end + 2, text[at + 3 : end])
        at = text.find("${{", end + 2)


def parse(text: str) -> Node | None:
    """The expression that a text is, without braces; None when it is none."""
    if len(text) > MAX_LENGTH:
        return None
    reader = _Reader(text)
    try:
        node = reader.level(0, 0)
    except _Unreadable:
        return None
    return node if reader.kind == "end" else None


class _Unreadable(Exception):
    pass


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.kind = self.lexeme = ""
        self.at = self.start = self.before = 0
        self.advance()

    def advance(self) -> str:
        """Go on to the next lexeme; returns the one before."""
        lexeme, self.before = self.lexeme, self.at
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            self.kind, self.lexeme = ("end" if not self.text[self.at :].strip() else "error"), ""
        else:
            self.kind = str(match.lastgroup)
            self.start, self.at = match.span(self.kind)
            self.lexeme = match[self.kind]
        return lexeme

    def expect(self, lexeme: str) -> None:
        if self.kind != "mark" or self.lexeme != lexeme:
            raise _Unreadable
        self.advance()

    def level(self, level: int, depth: int) -> Node:
        """Operands that operators of one precedence join."""
        if level == len(_LEVELS):
            return self.unary(depth)
        start = self.start
        parts = [self.level(level + 1, depth)]
        while self.kind == "mark" and self.lexeme in _LEVELS[level]:
            mark = self.advance()
            parts.append(self.level(level + 1, depth))
            if level > 1:  # comparisons take two; `&&` and `||` as many as there are
                depth += 1
                self.bound(depth)
                parts = [Node("operator", mark, tuple(parts), start, self.before)]
        return Node("operator", _LEVELS[level][0], tuple(parts), start, self.before) if len(parts) > 1 else parts[0]

    def bound(self, depth: int) -> None:
        if depth > MAX_NESTING:
            raise _Unreadable

    def unary(self, depth: int) -> Node:
        self.bound(depth)
        start = self.start
        if self.kind == "mark" and self.lexeme == "!":
            self.advance()
            return Node("operator", "!", (self.unary(depth + 1),), start, self.before)
        return self.members(self.primary(depth), start, depth)

    def primary(self, depth: int) -> Node:
        start, kind, lexeme = self.start, self.kind, self.advance()
        if kind == "string":
            return Node("literal", lexeme[1:-1].replace("''", "'"), (), start, self.before)
        if kind == "number":
            return Node("literal", _number(lexeme), (), start, self.before)
        if kind == "mark" and lexeme == "(":
            node = self.level(0, depth + 1)
            self.expect(")")
            return node
        if kind != "name":
            raise _Unreadable
        name = lexeme.lower()
        if self.kind == "mark" and self.lexeme == "(":
            return Node("call", name, self.arguments(depth + 1), start, self.before)
        if name in _CONSTANTS:
            return Node("literal", _CONSTANTS[name], (), start, self.before)
        return Node("context", name, (), start, self.before)

    def arguments(self, depth: int) -> tuple[Node, ...]:
        self.expect("(")
        parts: list[Node] = []
        while not (self.kind == "mark" and self.lexeme == ")"):
            if parts:
                self.expect(",")
            parts.append(self.level(0, depth))
        self.advance()
        return tuple(parts)

    def members(self, node: Node, start: int, depth: int) -> Node:
        """A value with the members that are taken of it."""
        names: list[str] = []
        computed: list[Node] = []
        while self.kind == "mark" and self.lexeme in (".", "["):
            if self.advance() == ".":
                if self.kind != "name" and self.lexeme != "*":
                    raise _Unreadable
                names.append(self.advance().lower())
                continue
            if self.kind == "mark" and self.lexeme == "*":
                self.advance()
                names.append("*")
            else:
                index = self.level(0, depth + 1)
                literal = index.kind == "literal"
                names.append(index.value.lower() if isinstance(index.value, str) and literal else "*")
                computed += [] if literal else [index]
            self.expect("]")
        if not names:
            return node
        if node.kind == "context":
            return Node("context", ".".join((node.value, *names)), tuple(computed), start, self.before)
        return Node("member", ".".join(names), (node, *computed), start, self.before)


def _number(lexeme: str) -> float:
    return float(int(lexeme, 16)) if "x" in lexeme.lower() else float(lexeme)


def walk(node: Node) -> Iterator[Node]:
    """A node and all that are in it."""
    yield node
    for part in node.parts:
        yield from walk(part)


def flows(node: Node) -> Iterator[str]:
    """The contexts whose text may become part of the value: of ``a && b || c``, ``b`` and ``c``."""
    if node.kind == "context":
        yield node.value
    elif node.kind == "member":
        yield from flows(node.parts[0])
    elif node.kind == "operator" and node.value == "&&":
        yield from flows(node.parts[-1])
    elif (node.kind == "operator" and node.value == "||") or (node.kind == "call" and node.value in _PASS_ON):
        for part in node.parts:
            yield from flows(part)


def results(node: Node) -> Iterator[Node]:
    """The parts that the value may be: of ``a && b || c``, ``b`` and ``c``."""
    if node.kind == "operator" and node.value in ("&&", "||"):
        for part in node.parts if node.value == "||" else node.parts[-1:]:
            yield from results(part)
    else:
        yield node
