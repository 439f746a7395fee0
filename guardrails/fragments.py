"""What is known of the matches of a regular expression: fragments that each of them holds, and how long they are.

Fragments are a sieve: a text without them has no match, a text with them may have some. Each begins with characters
that are not found everywhere, so that an automaton can look for hundreds of them at once. Whatever is not understood,
or would take too much, counts as a part that may match anything, so that the sieve only lets more through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import inf

from guardrails.fragment_pieces import (
    ANCHORS,
    WIDE,
    Piece,
    any_of,
    either,
    gap,
    literal,
    none_of,
    one_of,
    repeated,
    strings_of,
    useful_fragments,
    with_trail,
)
from guardrails.tuples import NamedTuple

_DEEP = 40  # groups in groups
_COUNTED = 8  # repetitions that are counted when an expression is loosened
_OFTEN = 3e-4
"""How often fragments occur of which it is asked what comes after them."""


class Traits(NamedTuple):
    """What is known of the matches of a regular expression."""

    fragments: tuple[str, ...]
    """Expressions for RE2; each match holds a match of each of them, the rarest is the first."""
    width: int | None
    """How many bytes a match takes at most, if that is known."""
    lead: int | None = None
    """How many bytes from its begin to the end of the first fragment, or of the trail, if that is known."""
    is_inline: bool = False
    """Whether no match has a line feed."""
    loose: str = ""
    """An expression that matches wherever this one does, and is read sooner: it counts to no high number. Empty where
    there is none."""
    trail: str = ""
    """The first fragment with what comes after it, for Hyperscan, which reads bytes; each match holds that too. Empty
    where the fragment is seldom, or nothing is known of what comes after it."""


UNKNOWN = Traits((), None)


def strings(fragment: str) -> tuple[str, ...]:
    """Strings, as expressions, of which each match of a fragment holds one in some case; an empty one is everywhere."""
    try:
        found = strings_of(_Reader(fragment).alternation(False, 0))
    except _NotUnderstoodError:
        return ("",)
    return tuple(string.text for string in found) or ("",)


def traits(pattern: str, ignore_case: bool = False) -> Traits:
    """The traits of an expression that RE2 takes, where ``^`` and ``$`` match at lines."""
    reader = _Reader(pattern)
    try:
        pieces = reader.alternation(ignore_case, 0)
    except _NotUnderstoodError:
        return UNKNOWN
    if reader.position < len(pattern):
        return UNKNOWN
    width = sum(piece.width for piece in pieces)
    useful = useful_fragments(pieces)
    lead, trail = useful[0].lead if useful else width, ""
    if useful and useful[0].chance > _OFTEN:
        lead, trail = with_trail(useful[0], pieces)
    texts = tuple(f"(?m){fragment.text}" for fragment in useful)
    loose = _loose(pattern, reader.limits)
    return Traits(texts, _bytes(width), _bytes(lead), reader.is_inline, loose, trail and f"(?m){trail}")


def _loose(pattern: str, limits: Iterable[tuple[int, int]]) -> str:
    """A pattern without the limits that stand at some places; empty where there are none."""
    parts = []
    behind = 0
    for start, end in limits:
        parts.append(pattern[behind:start])
        behind = end
    return "".join([*parts, pattern[behind:]]) if parts else ""


def _bytes(width: float) -> int | None:
    return None if width == inf else int(width)


class _NotUnderstoodError(Exception):
    """The pattern is beyond the reader."""


_REPEAT = re.compile(r"(?:([*+?])|\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\})\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|([imsU]*)(?:-([imsU]+))?([:)])))?")
_PLAIN = re.compile(r"\w+", re.ASCII)
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_ANCHOR = re.compile(r"[$^]|\\[AbBz]")
_CLASS = re.compile(r"\\(?:[dDsSwW]|[pP](?:\{[^}]*\}|.))|\[:\^?[a-z]+:\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_INLINE = {
    r"\d",
    r"\w",
    r"\S",
    *(f"[:{name}:]" for name in ("alnum", "alpha", "digit", "lower", "upper", "word", "xdigit")),
}
"""Classes that are known to have no line feed."""


class _Reader:
    """Reads a pattern from its beginning to its end, once."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.is_inline = True
        """Whether nothing that was read so far takes a line feed."""
        self.limits: list[tuple[int, int]] = []
        """Where numbers stand up to which something is repeated, if they are high."""

    def alternation(self, folded: bool, depth: int) -> list[Piece]:
        """What stands in a group, up to its end."""
        if depth > _DEEP:
            raise _NotUnderstoodError
        branches: list[list[Piece]] = [[]]
        while self.position < len(self.pattern) and self.pattern[self.position] != ")":
            if self._take("|"):
                branches.append([])
            elif group := self._match(_GROUP):
                on, off, end = group.groups("")
                inner = (folded or "i" in on) and "i" not in off
                self.is_inline &= "s" not in on
                if end == ")":
                    folded = inner
                    continue
                pieces = self.alternation(inner, depth + 1)
                if not self._take(")"):
                    raise _NotUnderstoodError
                branches[-1] += self._repeats(pieces)
            elif plain := self._match(_PLAIN) or self._match(_QUOTED):
                pieces = [self._one_of(character, folded) for character in plain[plain.lastindex or 0]]
                branches[-1] += [*pieces[:-1], *(self._repeats(pieces[-1:]) if pieces else ())]
            elif anchor := self._match(_ANCHOR):
                chance = ANCHORS.get(anchor[0], 1)
                branches[-1] += self._repeats([Piece(anchor[0], chance, 0, is_gap=chance == 1)])
            else:
                branches[-1] += self._repeats([self._atom(folded)])
        return either(branches)

    def _repeats(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces as often as the pattern says next."""
        repeat = self._match(_REPEAT)
        if not repeat:
            return pieces
        sign, low, upto, high = repeat.groups()
        if sign:
            return repeated(pieces, int(sign == "+"), 1 if sign == "?" else inf)
        if high and int(high) > _COUNTED:
            self.limits.append(repeat.span(4))
        return repeated(pieces, int(low), (int(high) if high else inf) if upto else int(low))

    def _atom(self, folded: bool) -> Piece:
        if self._take("."):
            return gap((), WIDE)
        if self._take(r"\C"):  # a byte, which may be a part of a character
            self.is_inline = False
            return gap((), 1)
        if known := self._match(_CLASS):
            self.is_inline &= known[0] in _INLINE
            return any_of(known[0], {known[0]}, set(), folded)
        if self._match(_REPEAT):  # what it repeats is not what stands before it
            raise _NotUnderstoodError
        if not self._take("["):
            return self._one_of(self._character(), folded)
        text, named, members, negated = self._set()
        if negated:
            self.is_inline &= "\n" in members or r"\s" in named
            return none_of(text, named, members, folded)
        self.is_inline &= "\n" not in members and named <= _INLINE
        return any_of(text, named, members, folded)

    def _one_of(self, character: str, folded: bool) -> Piece:
        self.is_inline &= character != "\n"
        return one_of(character, folded)

    def _set(self) -> tuple[str, set[str], set[str], bool]:
        """A set, written so that all engines read it alike; its named classes and characters; whether it is negated."""
        negated = self._take("^")
        text = ""
        named: set[str] = set()
        members: set[str] = set()
        begin = self.position
        while self.position == begin or not self._take("]"):
            if name := self._match(_CLASS):
                named.add(name[0])
                text += name[0]
                continue
            low = high = self._character()
            if self.pattern[self.position : self.position + 1] == "-" and self.pattern[self.position + 1 :][:1] != "]":
                self.position += 1
                high = self._character()
            text += literal(low) if low == high else f"{literal(low)}-{literal(high)}"
            members.update(map(chr, range(ord(low), min(ord(high), ord(low) + 128) + 1)), high)
        return f"[{'^' * negated}{text}]", named, members, negated

    def _character(self) -> str:
        """The next character, that may be written as an escape."""
        escape = self._match(_ESCAPE)
        if not escape:
            if self.position >= len(self.pattern):
                raise _NotUnderstoodError
            self.position += 1
            return self.pattern[self.position - 1]
        code, short, octal, itself = escape.groups()
        if not itself:
            return chr(int(octal, 8) if octal else int(code or short, 16))
        if not itself.isascii() or (itself.isalnum() and itself not in _CONTROLS):
            raise _NotUnderstoodError
        return _CONTROLS.get(itself, itself)

    def _take(self, text: str) -> bool:
        taken = self.pattern.startswith(text, self.position)
        self.position += len(text) * taken
        return taken

    def _match(self, regex: re.Pattern[str]) -> re.Match[str] | None:
        match = regex.match(self.pattern, self.position)
        if match:
            self.position = match.end()
        return match
