"""Literals that a text must hold for a regular expression to match in it.

They are a sieve: a text without any of them has no match, a text with one may have some. Whatever is not understood,
or would take too much, counts as a part that may match anything, so that the sieve only lets more through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_MANY = 32  # alternatives
_LONG = 16  # characters of one
_COPIES = 8  # of a part that is repeated
_DEEP = 40  # groups in groups


class Literal(NamedTuple):
    """A text to look for; ASCII letters are in lower case where case does not matter."""

    text: str
    ignore_case: bool = False


Literals = frozenset[Literal]
"""Alternatives: at least one of them occurs."""

_EMPTY: Literals = frozenset({Literal("")})


def required(pattern: str, ignore_case: bool = False) -> Literals:
    """Literals of which any match of a pattern holds at least one; none when that cannot be said.

    The pattern is one that RE2 takes.
    """
    reader = _Reader(pattern)
    try:
        best = reader.alternation(ignore_case, 0).best
    except _NotUnderstoodError:
        return frozenset()
    if reader.position < len(pattern) or Literal("") in best:
        return frozenset()
    return frozenset(one for one in best if not any(_holds(one, other) for other in best if other != one))


def _holds(one: Literal, other: Literal) -> bool:
    """Whether ``other`` occurs wherever ``one`` does."""
    return other.text in one.text and other.ignore_case >= one.ignore_case


class _NotUnderstoodError(Exception):
    """The pattern is beyond the reader."""


class _Part(NamedTuple):
    """What is known of the texts that a part of a pattern matches."""

    exact: Literals | None
    """All of them; None for too many."""
    needed: Literals = _EMPTY
    """Alternatives that each of them holds one of."""

    @property
    def best(self) -> Literals:
        return self.needed if self.exact is None else _rarest(self.needed, self.exact)


_ANYTHING = _Part(None)
_NOTHING = _Part(_EMPTY)


def _rarest(one: Literals, other: Literals) -> Literals:
    return min(one, other, key=_cost)


_RARE = 2.0**-24  # what is found so seldom need not be more special
_PROBABILITY = dict.fromkeys(" \n", 1 / 3) | dict.fromkeys("-=*#/", 1 / 8) | dict.fromkeys("etaoinsrlcdup._\"'(),:", 1 / 16)


def _cost(literals: Literals) -> tuple[float, int]:
    """How often one of the literals occurs by chance, roughly, and how many there are."""
    frequency = 0.0
    for literal in literals:
        chance = 1.0
        for character in literal.text:
            chance *= _PROBABILITY.get(character, 1 / 48)
        frequency += chance
    return max(frequency, _RARE), len(literals)


def _sequence(parts: Iterable[_Part]) -> _Part:
    """Parts one after the other."""
    best = run = _EMPTY  # ``run`` is all that the last parts match
    whole = True
    for exact, needed in parts:
        best = _rarest(best, needed)
        if exact is None:
            best, run, whole = _rarest(best, run), _EMPTY, False
            continue
        joined = _joined(run, exact)
        if joined is None:
            best, run, whole = _rarest(best, run), exact, False
        else:
            if len(joined) > len(run):
                best = _rarest(best, run)
            run = joined
    return _Part(run, best) if whole else _Part(None, _rarest(best, run))


def _joined(heads: Literals, tails: Literals) -> Literals | None:
    """Each of the heads before each of the tails; None if that is too much."""
    if len(heads) * len(tails) > _MANY or max(len(one.text) for one in heads) + max(len(one.text) for one in tails) > _LONG:
        return None
    return frozenset(
        _literal(head.text + tail.text, head.ignore_case or tail.ignore_case) for head in heads for tail in tails
    )


def _literal(text: str, ignore_case: bool) -> Literal:
    return Literal(text.translate(_LOWER), True) if ignore_case else Literal(text)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _either(parts: list[_Part]) -> _Part:
    """One of several parts."""
    if len(parts) == 1:
        return parts[0]
    exacts = [part.exact for part in parts if part.exact is not None]
    exact = frozenset().union(*exacts)
    needed = frozenset().union(*(part.best for part in parts))
    return _Part(
        exact if len(exacts) == len(parts) and len(exact) <= _MANY else None, needed if len(needed) <= _MANY else _EMPTY
    )


def _repeated(part: _Part, low: int, high: int | None) -> Iterator[_Part]:
    """A part so many times, as parts."""
    for _ in range(min(low, _COPIES)):
        yield part
    if low == 0 and high == 1:
        yield _either([part, _NOTHING])._replace(needed=_EMPTY)
    elif low != high or low > _COPIES:
        yield _ANYTHING


_CLASS_ESCAPES = frozenset("dDsSwWpPC")
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REPEAT = re.compile(r"(?:([*+?])|\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\})\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|([imsU]*)(-[imsU]+)?([:)])))?")
_PROPERTY = re.compile(r"[pP](?:\{[^}]*\}|.)", re.DOTALL)
_CODE = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})")
_POSIX = re.compile(r"\[:\^?[a-z]+:\]")


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
        while not self._at(")") and self.position < len(self.pattern):
            if self._take("|"):
                branches.append([])
            elif self._take("^") or self._take("$"):
                continue
            elif self._at("("):
                group = self._match(_GROUP)
                on, off, end = group.groups()
                inner = (folded or "i" in (on or "")) and "i" not in (off or "")
                if end == ")":
                    folded = inner
                else:
                    part = self.alternation(inner, depth + 1)
                    if not self._take(")"):
                        raise _NotUnderstoodError
                    branches[-1] += self._repeats(part)
            elif self.pattern.startswith("\\Q", self.position):
                quoted, _, _ = self.pattern[self.position + 2 :].partition("\\E")
                self.position += len(quoted) + 2
                self.position += 2 * self.pattern.startswith("\\E", self.position)
                for number, character in enumerate(quoted, 1):
                    part = _one_of({character}, folded)
                    branches[-1] += self._repeats(part) if number == len(quoted) else [part]
            else:
                branches[-1] += self._repeats(self._atom(folded))
        return _either([_sequence(branch) for branch in branches])

    def _repeats(self, part: _Part) -> Iterable[_Part]:
        """The part as often as the pattern says next."""
        repeat = _REPEAT.match(self.pattern, self.position)
        if not repeat:
            return [part]
        self.position = repeat.end()
        sign, low, upto, high = repeat.groups()
        if sign:
            return _repeated(part, int(sign == "+"), 1 if sign == "?" else None)
        return _repeated(part, int(low), (int(high) if high else None) if upto else int(low))

    def _atom(self, folded: bool) -> _Part:
        if self._take("."):
            return _ANYTHING
        if self._at("["):
            return self._set(folded)
        if self._take("\\") and (part := self._special()):
            return part
        self.position -= self.pattern[self.position - 1] == "\\" if False else 0
        return _one_of({self._character()}, folded)
