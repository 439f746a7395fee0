"""Literals that a text must hold for a regular expression to match in it.

They are a sieve: a text without any of them has no match, a text with one may have some. Whatever is not understood,
or would take too much, counts as a part that may match anything, so that the sieve only lets more through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_MANY = 48  # alternatives
_LONG = 16  # characters of one
_COPIES = 8  # of a part that is repeated
_DEEP = 40  # groups in groups
_SETS = 2  # of alternatives

_COMMON, _RARE = 1 / 100, 3e-5  # how often literals occur that are no use, and that need not be more special
_FREQUENCIES = {  # of characters in source code; letters make words, so that they are no surprise after each other
    " ": 1 / 5,
    **dict.fromkeys("etsroainl", 1 / 6),
    **dict.fromkeys("cdupmfhgbvwy\n-=#*/", 1 / 12),
    **dict.fromkeys("xkqjz0123456789._,\"'():", 1 / 36),
    **dict.fromkeys("@|+~$%&!?^`", 1 / 200),
}
_OTHER, _NOT_ASCII = 1 / 64, 1 / 1000


class Literal(NamedTuple):
    """A text to look for; ASCII letters are in lower case where case does not matter."""

    text: str
    ignore_case: bool = False


Literals = frozenset[Literal]
"""Alternatives: at least one of them occurs."""

_EMPTY: Literals = frozenset({Literal("")})


def required(pattern: str, ignore_case: bool = False) -> tuple[Literals, ...]:
    """Alternatives of which any match of a pattern holds one, and one of the next, the rarest first; may be none.

    The pattern must be one that RE2 takes, and the literals are to be looked for by RE2, which folds case as it does.
    """
    reader = _Reader(pattern)
    try:
        part = reader.alternation(ignore_case, 0)
    except _NotUnderstoodError:
        return ()
    if reader.position < len(pattern):
        return ()
    return tuple(map(_without_longer, _useful(part.needed)))


def _useful(needed: Iterable[Literals]) -> list[Literals]:
    """Those that are worth to be looked for."""
    useful: list[Literals] = []
    for literals in sorted(dict.fromkeys(needed), key=_cost):
        if _frequency(literals) > _COMMON or len(useful) == _SETS or (useful and _frequency(useful[-1]) < _RARE):
            break
        useful.append(literals)
    return useful


def _without_longer(literals: Literals) -> Literals:
    return frozenset(one for one in literals if not any(_holds(one, other) for other in literals if other != one))


def _holds(one: Literal, other: Literal) -> bool:
    """Whether ``other`` occurs wherever ``one`` does."""
    return other.text in one.text and other.ignore_case >= one.ignore_case


class _NotUnderstoodError(Exception):
    """The pattern is beyond the reader."""


class _Part(NamedTuple):
    """What is known of the texts that a part of a pattern matches."""

    exact: Literals | None
    """All of them; None for too many."""
    needed: tuple[Literals, ...] = ()
    """Alternatives that each of them holds one of."""

    @property
    def best(self) -> Literals:
        return min(self.needed, key=_cost, default=self.exact or _EMPTY)


_ANYTHING = _Part(None)
_NOTHING = _Part(_EMPTY)


@lru_cache(maxsize=1024)
def _cost(literals: Literals) -> tuple[float, int]:
    """What it costs to look for the literals, and for what they let through; of equals, longer ones are better."""
    frequency = max(_frequency(literals), _RARE)
    return frequency * (len(literals) + 2), -min(len(literal.text) for literal in literals)


def _frequency(literals: Literals) -> float:
    """How often one of the literals begins at a place of a text, roughly, by chance."""
    frequency = 0.0
    for literal in sorted(literals):  # so that the sum is the same in each process
        chance = 1.0
        for character in literal.text:
            chance *= _FREQUENCIES.get(character) or (_OTHER if character.isascii() else _NOT_ASCII)
        frequency += chance
    return frequency


def _sequence(parts: Iterable[_Part]) -> _Part:
    """Parts one after the other."""
    needed: list[Literals] = []
    run = best = _EMPTY  # all that the last parts match, and what is best to look for in it
    whole = True
    for part in parts:
        joined = None if part.exact is None else _joined(run, part.exact)
        if joined is None:
            needed.append(min(best, run, key=_cost))
            if part.exact is None:
                needed += part.needed
                run = best = _EMPTY
            else:
                run, best = part.exact, part.best
            whole = False
        else:
            if len(joined) > len(run):
                best = min(best, run, part.best, key=_cost)
            run = joined
    best = min(best, run, key=_cost)
    return _Part(run, (best,)) if whole else _Part(None, tuple(_useful([*needed, best])))


def _joined(heads: Literals, tails: Literals) -> Literals | None:
    """Each of the heads before each of the tails; None if that is too much."""
    if len(heads) * len(tails) > _MANY or _longest(heads) + _longest(tails) > _LONG:
        return None
    return frozenset(
        _literal(head.text + tail.text, head.ignore_case or tail.ignore_case) for head in heads for tail in tails
    )


def _longest(literals: Literals) -> int:
    return max(len(literal.text) for literal in literals)


def _literal(text: str, ignore_case: bool) -> Literal:
    return Literal(text.translate(_LOWER), True) if ignore_case else Literal(text)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _either(parts: list[_Part]) -> _Part:
    """One of several parts."""
    if len(parts) == 1:
        return parts[0]
    exacts = [part.exact for part in parts if part.exact is not None]
    exact = frozenset[Literal]().union(*exacts)
    needed = frozenset[Literal]().union(*(part.best for part in parts))
    known = len(exacts) == len(parts) and len(exact) <= _MANY
    return _Part(exact if known else None, (needed,) if len(needed) <= _MANY else ())


def _repeated(part: _Part, low: int, high: int | None) -> list[_Part]:
    """A part so many times, as parts."""
    copies = [part] * min(low, _COPIES)
    if low == high == len(copies):
        return copies
    if (low, high) == (0, 1):
        return [_either([part, _NOTHING])]
    return [*copies, _ANYTHING, *copies]  # these stand before what follows, and may be the same ones


_REPEAT = re.compile(r"(?:([*+?])|\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\})\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|([imsU]*)(?:-([imsU]+))?([:)])))?")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_ANCHOR = re.compile(r"[$^]|\\[AbBz]")
_CLASS = re.compile(r"\\(?:[dDsSwWC]|[pP](?:\{[^}]*\}|.))|\[:\^?[a-z]+:\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class _Reader:
    """Reads a pattern from its beginning to its end, once."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def alternation(self, folded: bool, depth: int) -> _Part:
        """What stands in a group, up to its end."""
        if depth > _DEEP:
            raise _NotUnderstoodError
        branches: list[list[_Part]] = [[]]
        while self.position < len(self.pattern) and self.pattern[self.position] != ")":
            if self._take("|"):
                branches.append([])
            elif group := self._match(_GROUP):
                on, off, end = group.groups("")
                inner = (folded or "i" in on) and "i" not in off
                if end == ")":
                    folded = inner
                    continue
                part = self.alternation(inner, depth + 1)
                if not self._take(")"):
                    raise _NotUnderstoodError
                branches[-1] += self._repeats(part)
            elif quoted := self._match(_QUOTED):
                parts = [_one_of({character}, folded) for character in quoted[1]]
                branches[-1] += [*parts[:-1], *(self._repeats(parts[-1]) if parts else ())]
            else:
                branches[-1] += self._repeats(self._atom(folded))
        return _either([_sequence(branch) for branch in branches])

    def _repeats(self, part: _Part) -> list[_Part]:
        """The part as often as the pattern says next."""
        repeat = self._match(_REPEAT)
        if not repeat:
            return [part]
        sign, low, upto, high = repeat.groups()
        if sign:
            return _repeated(part, int(sign == "+"), 1 if sign == "?" else None)
        return _repeated(part, int(low), (int(high) if high else None) if upto else int(low))

    def _atom(self, folded: bool) -> _Part:
        if self._match(_ANCHOR):
            return _NOTHING
        if self._take(".") or self._match(_CLASS):
            return _ANYTHING
        if self._match(_REPEAT):  # what it repeats is not what stands before it
            raise _NotUnderstoodError
        return self._set(folded) if self._take("[") else _one_of({self._character()}, folded)

    def _set(self, folded: bool) -> _Part:
        anything = self._take("^")
        members: set[str] = set()
        begin = self.position
        while self.position == begin or not self._take("]"):
            if self._match(_CLASS):
                anything = True
                continue
            low = high = self._character()
            if self.pattern[self.position : self.position + 1] == "-" and self.pattern[self.position + 1 :][:1] != "]":
                self.position += 1
                high = self._character()
            members.update(map(chr, range(ord(low), min(ord(high), ord(low) + _MANY) + 1)))
        return _ANYTHING if anything else _one_of(members, folded)

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


def _one_of(characters: set[str], folded: bool) -> _Part:
    """One of a few characters."""
    folded = folded or any(one.swapcase() in characters for one in characters if one.isascii() and one.isalpha())
    if len(characters) > _MANY or any("\ud800" <= one <= "\udfff" for one in characters):
        return _ANYTHING
    return _Part(frozenset(_literal(one, folded and (one.isalpha() or not one.isascii())) for one in characters))
