"""Parts of patterns put together: how often they match by chance, how long they are, and which fragments they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, groupby
from math import prod
from operator import attrgetter

from guardrails.frequencies import ALL, WORDS, frequency
from guardrails.tuples import NamedTuple

_MANY = 48  # alternatives
_LONG = 16  # pieces of a fragment
_COPIES = 6  # of a part that is repeated
_FEW = 4  # copies that may be there or not
_TOGETHER = 2  # fragments of one expression

_COMMON, _RARE, _UNIQUE = 1 / 100, 3e-5, 1e-8
"""How often fragments occur that are no use, that need no other beside them, and that need not be longer."""
_SOME = 1 / 100
"""How often the begin of a fragment may occur that goes on with any of a class: each is followed for a while."""
_AGAIN = 1 / 4
"""How often a character comes again."""
_SHARP = 4
"""The characters that a fragment may begin with: of large classes, runs would begin everywhere."""
WIDE = 4
"""Bytes of a character at most."""
ANCHORS = {"^": 1 / 30, r"\A": 1 / 1000, r"\b": 1 / 4}  # the others may hold where a part of the text ends
_OTHERS = re.compile(r"\\[DSWpP]|\[:\^")
_CLASSES = {r"\d": "0123456789", r"\s": "\t\n\f\r "}


class Fragment(NamedTuple):
    """An expression that a match holds."""

    chance: float
    """Roughly how often it matches at a place of a text by chance."""
    text: str
    lead: float = 0
    """How many bytes from the begin of a match to the end of the fragment in it, at most."""
    end: int = 0
    """The number of the piece behind it, among those that it was made of; 0 where it is in a gap."""


class Piece(NamedTuple):
    """A part of a pattern."""

    text: str
    """As an expression to which a repetition may be added."""
    chance: float
    width: float
    is_folded: bool = False
    """Whether the text is to be read without regard to case."""
    is_sharp: bool = False
    """Whether a fragment may begin with it."""
    is_atom: bool = False
    is_gap: bool = False
    """Whether it is no part of a fragment, but may match anything of its width."""
    needed: tuple[Fragment, ...] = ()
    """The fragments in a gap."""
    strings: tuple[Fragment, ...] = ()
    """See :func:`strings_of`; none where there are too many."""
    loose: str | None = None
    """A gap as an expression of bytes that has no limits, if what it matches is known."""
    is_again: bool = False
    """Whether it is what stands before the gap in front of it, which may be the same."""

    @property
    def is_anchor(self) -> bool:
        """Whether it is about a place, and takes no character."""
        return self.text in ANCHORS


def useful_fragments(pieces: Iterable[Piece]) -> list[Fragment]:
    """The fragments of pieces that stand one after the other, as far as they are worth to be looked for."""
    useful: list[Fragment] = []
    for fragment in sorted(_fragments(pieces)):
        if fragment.chance > _COMMON or len(useful) == _TOGETHER or (useful and useful[-1].chance < _RARE):
            break
        if fragment.text not in {each.text for each in useful}:
            useful.append(fragment)
    return useful


def with_trail(fragment: Fragment, pieces: Sequence[Piece]) -> tuple[float, str]:
    """A fragment of pieces with what comes after it, as far as that is known and needed, and its lead.

    The expression is one of bytes, and empty where nothing is known.
    """
    lead, trail = fragment.lead, ""
    text, chance = fragment.text, fragment.chance
    width = sum(piece.width for piece in pieces[: fragment.end])
    for piece in pieces[fragment.end : fragment.end + _LONG] if fragment.end else ():
        width += piece.width
        if piece.is_again:
            continue
        more = _loosely([piece])
        if more is None or chance < _UNIQUE:
            break
        text += more
        chance *= piece.chance
        if not piece.is_gap and not piece.is_anchor:
            lead, trail = width, text
    return lead, trail


def _fragments(pieces: Iterable[Piece]) -> Iterator[Fragment]:
    """The fragments of pieces that stand one after the other."""
    lead = 0.0
    number = 0
    for is_gap, run in groupby(pieces, attrgetter("is_gap")):
        together = list(run)
        if is_gap:
            for piece in together:
                lead += piece.width
                yield from (fragment._replace(lead=lead, end=0) for fragment in piece.needed)
        else:
            lead += sum(piece.width for piece in together)
            starts = [start for start, piece in enumerate(together) if piece.is_sharp and piece.chance < 1]
            if starts:
                least = min(_beginning(together[: start + _LONG], _before(together, start)) for start in starts)
                yield least._replace(lead=lead, end=number + least.end)
        number += len(together)


def _before(pieces: Sequence[Piece], start: int) -> int:
    """Where a fragment begins: with the anchors before its first character."""
    while start and pieces[start - 1].is_anchor:
        start -= 1
    return start


def _beginning(pieces: Sequence[Piece], start: int) -> Fragment:
    """The fragment that begins with a piece, and is no longer than it takes to be seldom."""
    best, chance = Fragment(2, ""), 1.0
    word = ""
    for end, piece in enumerate(pieces[start:], start + 1):
        if chance > _SOME and not (piece.is_sharp or piece.is_anchor):
            break
        chance *= max(piece.chance, _AGAIN * (pieces[start:end][-2:] == [piece, piece]))
        word += piece.text.lower()
        chance = WORDS.get(word, chance)
        if piece.chance < 1:
            best = Fragment(chance, _written(pieces[start:end]), end=end)
        if chance < _UNIQUE:
            break
    return best


def _chance(pieces: Sequence[Piece]) -> float:
    """Roughly how often pieces that stand one after the other match at a place."""
    return WORDS.get("".join(piece.text for piece in pieces).lower()) or prod(piece.chance for piece in pieces)


def _written(pieces: Iterable[Piece]) -> str:
    """One expression for pieces that stand one after the other."""
    texts = ((folded, "".join(piece.text for piece in run)) for folded, run in groupby(pieces, attrgetter("is_folded")))
    return "".join(f"(?i:{text})" if folded else text for folded, text in texts)


def strings_of(pieces: Iterable[Piece]) -> tuple[Fragment, ...]:
    """The strings of that run of pieces with but one each, or of that piece with some, which are the most seldom."""
    choices: list[tuple[Fragment, ...]] = []
    for is_one, run in groupby((piece.strings for piece in pieces), lambda strings: len(strings) == 1):
        if is_one:
            ones = list(chain.from_iterable(run))
            choices.append((Fragment(prod(one.chance for one in ones), "".join(one.text for one in ones)),))
        else:
            choices += filter(None, run)
    return min(choices, key=lambda choice: sum(string.chance for string in choice), default=())


def _loosely(pieces: Iterable[Piece]) -> str | None:
    """An expression of bytes without limits for pieces that stand one after the other, if what they match is known."""
    texts = [piece.loose if piece.is_gap else _written([piece]) for piece in pieces if not piece.is_again]
    return None if None in texts else "".join(filter(None, texts))


def gap(pieces: Sequence[Piece], width: float, loose: str | None = None) -> Piece:
    """A gap of some width that holds what pieces hold."""
    return Piece("", 1, width, is_gap=True, needed=tuple(useful_fragments(pieces)), loose=loose)


def either(branches: Sequence[Sequence[Piece]]) -> list[Piece]:
    """One of several sequences."""
    if len(branches) == 1:
        return list(branches[0])
    width = max(sum(piece.width for piece in branch) for branch in branches)
    if len(branches) <= _MANY and not any(piece.is_gap for branch in branches for piece in branch):
        chance = sum(_chance(branch) for branch in branches)
        text = f"(?:{'|'.join(map(_written, branches))})"
        held = [strings_of(branch) for branch in branches]
        firsts = (next((piece for piece in branch if not piece.is_anchor), None) for branch in branches)
        return [
            Piece(
                text,
                min(chance, 1),
                width,
                is_sharp=all(first and first.is_sharp and first.chance < 1 for first in firsts),
                strings=tuple(chain(*held)) if all(held) else (),
            )
        ]
    each = [min(_fragments(branch), default=None) for branch in branches]
    known = [fragment for fragment in each if fragment]
    ways = [way for way in map(_loosely, branches) if way is not None]
    between = gap((), width, f"(?:{'|'.join(ways)})" if len(ways) == len(branches) <= _MANY else None)
    if len(known) < len(each) or len(known) > _MANY:
        return [between]
    any_of = Fragment(sum(each.chance for each in known), f"(?:{'|'.join(each.text for each in known)})")
    return [between._replace(needed=(any_of,))]


def repeated(pieces: Sequence[Piece], low: int, high: float) -> list[Piece]:
    """A part so many times."""
    if not high:
        return []
    once = sum(piece.width for piece in pieces)
    width = high * once if once else 0
    text = _loosely(pieces)
    loose = None if text is None else f"(?:{text})*"
    if len(pieces) != 1 or pieces[0].is_gap:
        return [gap(pieces if low else (), width, loose)]
    piece = pieces[0]
    one = piece.text if piece.is_atom else f"(?:{piece.text})"
    copies = min(low, _COPIES if piece.is_atom else 1)
    some = piece._replace(
        text=f"{one}{{{copies}}}",
        chance=piece.chance**copies,
        width=copies * piece.width,
        is_atom=False,
        strings=strings_of([piece] * copies),
    )
    if low == high == copies:
        return [some]
    if not low and high <= (_FEW if piece.is_atom else 1):
        return [piece._replace(text=f"{one}{{0,{high}}}", chance=1, width=width, is_atom=False, strings=())]
    if not copies:
        return [gap((), width, loose)]
    # What stands before a gap, and after it, may be the same.
    return [some, gap((), width - 2 * some.width, loose), some._replace(is_again=True)]


@lru_cache(maxsize=512)
def one_of(character: str, folded: bool) -> Piece:
    """A character."""
    return any_of(literal(character), set(), {character}, folded)


def literal(character: str) -> str:
    """Letters and digits as they are, all others by their number."""
    return character if character.isascii() and character.isalnum() else f"\\x{{{ord(character):x}}}"


def any_of(text: str, named: set[str], members: set[str], folded: bool) -> Piece:
    """A character of a class that is written so; a gap when it may be none of ASCII, for engines that read bytes."""
    if not _is_ascii(named, members):
        return gap((), WIDE)
    members = members.union(*(_CLASSES.get(name, ()) for name in named))
    chance = sum(map(frequency, sorted(members))) / (ALL if len(members) > 1 else 1)
    width = max((_width(character, folded) for character in members), default=1)
    if unknown := named - _CLASSES.keys():
        chance, width = 1, max(width, _width("k", folded))
    is_sharp = not unknown and len(members) <= _SHARP
    letters = sorted({member.lower() for member in members}) if is_sharp else ()
    strings = tuple(Fragment(frequency(letter), literal(letter)) for letter in letters)
    return Piece(text, min(chance, 1), width, folded, is_sharp, is_atom=True, strings=strings)


def none_of(text: str, named: set[str], members: set[str], folded: bool) -> Piece:
    """A character that is not of a class; the text has all of it."""
    if not _is_ascii(named, members):
        return gap((), WIDE)
    # A character has some bytes; and what is a space to Hyperscan is not to RE2.
    text = text.replace(r"\s", "".join(map(literal, _CLASSES[r"\s"])))
    return gap((), WIDE, f"(?i:{text}+)" if folded else f"{text}+")


def _is_ascii(named: set[str], members: set[str]) -> bool:
    return "".join(members).isascii() and not any(_OTHERS.match(name) for name in named)


def _width(character: str, folded: bool) -> int:
    return 3 if folded and character.lower() in "ks" else 1  # RE2 takes the long s and the sign for kelvin for them
