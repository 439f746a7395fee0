"""What is known of the matches of a regular expression: fragments that each of them holds, and how long they are.

Fragments are a sieve: a text without them has no match, a text with them may have some. Each begins with characters
that are not found everywhere, so that an automaton can look for hundreds of them at once. Whatever is not understood,
or would take too much, counts as a part that may match anything, so that the sieve only lets more through. Where the
fragments of an expression are common words, an outline of all of it is the finer sieve.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from math import inf, prod
from operator import attrgetter
from typing import NamedTuple

_MANY = 48  # alternatives
_LONG = 16  # pieces of a fragment
_COPIES = 6  # of a part that is repeated
_FEW = 4  # copies that may be there or not
_DEEP = 40  # groups in groups
_TOGETHER = 2  # fragments of one expression
_COUNTED = 32  # copies in an outline
_MOST = 1000  # characters of an outline

_COMMON, _RARE, _UNIQUE = 1 / 100, 3e-5, 1e-8
"""How often fragments occur that are no use, that need no other beside them, and that need not be longer."""
_SOME = 1 / 100
"""How often the begin of a fragment may occur that goes on with any of a class: each is followed for a while."""
_SHARP = 4
"""The characters that a fragment may begin with: of large classes, runs would begin everywhere."""
_FREQUENCIES = {  # of characters in source code; letters make words, so that they are no surprise after each other
    " ": 1 / 5,
    **dict.fromkeys("etsroainl", 1 / 6),
    **dict.fromkeys("cdupmfhgbvwy\n-=#*/", 1 / 12),
    **dict.fromkeys("xkqjz0123456789._,\"'():", 1 / 36),
    **dict.fromkeys("@|+~$%&!?^`", 1 / 200),
}
_OTHER = 1 / 64
_ALL = 4
"""What the frequencies come to, taken together."""


NEAR = 1024
"""How many bytes a match may take at most for it to be looked for near its fragments only."""


class Traits(NamedTuple):
    """What is known of the matches of a regular expression."""

    fragments: tuple[str, ...]
    """Expressions for RE2; each match holds a match of each of them, the rarest is the first."""
    width: int | None
    """How many bytes a match takes at most, if that is known."""
    lead: int | None = None
    """How many bytes from its begin to the end of the first fragment, or to one of the ends of the outline."""
    outline: str = ""
    """An expression over bytes, in the syntax of Hyperscan, that matches where the expression does, and elsewhere.

    Given only where fragments say little. It holds for text without a vertical tab, a long s and a sign for kelvin.
    """


UNKNOWN = Traits((), None)


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
    useful = _useful(_fragments(pieces))
    chance = useful[0].chance if useful else 1
    outline = _outline(pieces) if width <= NEAR and _chance(pieces) <= _RARE < chance else ""
    if len(outline) > _MOST:
        outline = ""
    lead = useful[0].lead if useful and not outline else width
    return Traits(tuple(f"(?m){fragment.text}" for fragment in useful), _bytes(width), _bytes(lead), outline)


def _bytes(width: float) -> int | None:
    return None if width == inf else int(width)


class _Fragment(NamedTuple):
    chance: float
    """Roughly how often it matches at a place of a text by chance."""
    text: str
    lead: float = 0
    """How many bytes from the begin of a match to the end of the fragment in it, at most."""


class _NotUnderstoodError(Exception):
    """The pattern is beyond the reader."""


class _Piece(NamedTuple):
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
    needed: tuple[_Fragment, ...] = ()
    """The fragments in a gap."""
    outline: str | None = None
    """The outline; without it, the text is."""

    @property
    def is_anchor(self) -> bool:
        """Whether it is about a place, and takes no character."""
        return self.text in _ANCHORS


def _useful(fragments: Iterable[_Fragment]) -> list[_Fragment]:
    """Those that are worth to be looked for."""
    useful: list[_Fragment] = []
    for fragment in sorted(fragments):
        if fragment.chance > _COMMON or len(useful) == _TOGETHER or (useful and useful[-1].chance < _RARE):
            break
        if fragment.text not in {each.text for each in useful}:
            useful.append(fragment)
    return useful


def _fragments(pieces: Iterable[_Piece]) -> Iterator[_Fragment]:
    """The fragments of pieces that stand one after the other."""
    lead = 0.0
    for is_gap, run in groupby(pieces, attrgetter("is_gap")):
        together = list(run)
        if is_gap:
            for piece in together:
                lead += piece.width
                yield from (fragment._replace(lead=lead) for fragment in piece.needed)
        else:
            lead += sum(piece.width for piece in together)
            starts = [number for number, piece in enumerate(together) if piece.is_sharp]
            if starts:
                least = min(_beginning(together[_before(together, start) : start + _LONG]) for start in starts)
                yield least._replace(lead=lead)


def _before(pieces: Sequence[_Piece], start: int) -> int:
    """Where a fragment begins: with the anchors before its first character."""
    while start and pieces[start - 1].is_anchor:
        start -= 1
    return start


def _beginning(pieces: Sequence[_Piece]) -> _Fragment:
    """The fragment that begins with the first piece, and is no longer than it takes to be seldom."""
    best, chance = _Fragment(2, ""), 1.0
    for number, piece in enumerate(pieces, 1):
        if chance > _SOME and not (piece.is_sharp or piece.is_anchor):
            break
        chance *= piece.chance
        if piece.chance < 1:
            best = _Fragment(chance, _written(pieces[:number]))
        if chance < _UNIQUE:
            break
    return best


def _written(pieces: Iterable[_Piece]) -> str:
    """One expression for pieces that stand one after the other."""
    texts = ((folded, "".join(piece.text for piece in run)) for folded, run in groupby(pieces, attrgetter("is_folded")))
    return "".join(f"(?i:{text})" if folded else text for folded, text in texts)


def _outline(pieces: Iterable[_Piece]) -> str:
    """The outline of pieces that stand one after the other."""
    runs = groupby(pieces, attrgetter("outline"))
    return "".join(_written(run) if outline is None else outline * len(list(run)) for outline, run in runs)


def _copies(pieces: Sequence[_Piece], low: int, high: float) -> str:
    """The outline of pieces so many times, or more often: to count takes large automata."""
    size = 1
    if len(pieces) == 1 and pieces[0].is_atom:
        outline, size = _written(pieces), _BYTES if pieces[0].is_gap else 1
    elif outline := _outline(pieces):
        outline = f"(?:{outline})"
    return outline and f"{outline}{{{min(low, _COUNTED)},{int(high) * size if high <= _FEW else ''}}}"


def _gap(pieces: Sequence[_Piece], width: float, outline: str) -> _Piece:
    """A gap of some width that holds what pieces hold."""
    needed = tuple(_useful(_fragments(pieces)))
    return _Piece("", _chance(pieces), width, is_gap=True, needed=needed, outline=outline)


def _chance(pieces: Iterable[_Piece]) -> float:
    return prod(piece.chance for piece in pieces)


def _either(branches: Sequence[Sequence[_Piece]]) -> list[_Piece]:
    """One of several sequences."""
    if len(branches) == 1:
        return list(branches[0])
    width = max(sum(piece.width for piece in branch) for branch in branches)
    chance = min(sum(map(_chance, branches)), 1)
    if len(branches) <= _MANY and not any(piece.is_gap for branch in branches for piece in branch):
        text = f"(?:{'|'.join(map(_written, branches))})"
        firsts = (next((piece for piece in branch if not piece.is_anchor), None) for branch in branches)
        return [_Piece(text, chance, width, is_sharp=all(first and first.is_sharp for first in firsts))]
    gap = _gap((), width, f"(?:{'|'.join(map(_outline, branches))})")._replace(chance=chance)
    each = [min(_fragments(branch), default=None) for branch in branches]
    known = [fragment for fragment in each if fragment]
    if len(known) < len(each) or len(known) > _MANY:
        return [gap]
    any_of = _Fragment(sum(each.chance for each in known), f"(?:{'|'.join(each.text for each in known)})")
    return [gap._replace(needed=(any_of,))]


def _repeated(pieces: Sequence[_Piece], low: int, high: float) -> list[_Piece]:
    """A part so many times."""
    if not high:
        return []
    once = sum(piece.width for piece in pieces)
    width = high * once if once else 0
    outline = _copies(pieces, low, high)
    if len(pieces) != 1 or pieces[0].is_gap:
        return [_gap(pieces if low else (), width, outline)]
    piece = pieces[0]
    one = piece.text if piece.is_atom else f"(?:{piece.text})"
    copies = min(low, _COPIES if piece.is_atom else 1)
    some = piece._replace(
        text=f"{one}{{{copies}}}", chance=piece.chance**copies, width=copies * piece.width, is_atom=False
    )
    if low == high == copies:
        return [some]
    if not low and high <= (_FEW if piece.is_atom else 1):
        return [piece._replace(text=f"{one}{{0,{high}}}", chance=1, width=width, is_sharp=False, is_atom=False)]
    if not copies:
        return [_gap((), width, outline)]
    # What stands before a gap, and after it, may be the same.
    some = some._replace(outline="")
    return [some, _gap((), width - 2 * some.width, outline), some]


_REPEAT = re.compile(r"(?:([*+?])|\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\})\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|([imsU]*)(?:-([imsU]+))?([:)])))?")
_PLAIN = re.compile(r"\w+", re.ASCII)
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_DOT_ALL = re.compile(r"\(\?\w*s")
_ANCHOR = re.compile(r"[$^]|\\[AbBz]")
_CLASS = re.compile(r"\\(?:[dDsSwW]|[pP](?:\{[^}]*\}|.))|\[:\^?[a-z]+:\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ANY = "(?s:.)"
_BYTES = 4
"""What a character takes at most."""
_ANCHORS = {"^": 1 / 30, r"\A": 1 / 1000, r"\b": 1 / 4}  # the others may hold where a part of the text ends
_NEGATIONS = {"^", r"\D", r"\S", r"\W"}
_CLASSES = {r"\d": "0123456789", r"\s": "\t\n\f\r "}


class _Reader:
    """Reads a pattern from its beginning to its end, once."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.dot = _ANY if _DOT_ALL.search(pattern) else "."

    def alternation(self, folded: bool, depth: int) -> list[_Piece]:
        """What stands in a group, up to its end."""
        if depth > _DEEP:
            raise _NotUnderstoodError
        branches: list[list[_Piece]] = [[]]
        while self.position < len(self.pattern) and self.pattern[self.position] != ")":
            if self._take("|"):
                branches.append([])
            elif group := self._match(_GROUP):
                on, off, end = group.groups("")
                inner = (folded or "i" in on) and "i" not in off
                if end == ")":
                    folded = inner
                    continue
                pieces = self.alternation(inner, depth + 1)
                if not self._take(")"):
                    raise _NotUnderstoodError
                branches[-1] += self._repeats(pieces)
            elif plain := self._match(_PLAIN) or self._match(_QUOTED):
                pieces = [_one_of(character, folded) for character in plain[plain.lastindex or 0]]
                branches[-1] += [*pieces[:-1], *(self._repeats(pieces[-1:]) if pieces else ())]
            elif anchor := self._match(_ANCHOR):
                chance = _ANCHORS.get(anchor[0], 1)
                branches[-1] += self._repeats([_Piece(anchor[0], chance, 0, is_gap=chance == 1)])
            else:
                branches[-1] += self._repeats([self._atom(folded)])
        return _either(branches)

    def _repeats(self, pieces: list[_Piece]) -> list[_Piece]:
        """The pieces as often as the pattern says next."""
        repeat = self._match(_REPEAT)
        if not repeat:
            return pieces
        sign, low, upto, high = repeat.groups()
        if sign:
            return _repeated(pieces, int(sign == "+"), 1 if sign == "?" else inf)
        return _repeated(pieces, int(low), (int(high) if high else inf) if upto else int(low))

    def _atom(self, folded: bool) -> _Piece:
        if self._take("."):
            return _wide(self.dot, folded)
        if self._take(r"\C"):  # a byte, which may be a part of a character
            return _gap((), 1, _ANY)
        begin = self.position
        if known := self._match(_CLASS):
            return _any_of(known[0], {known[0]}, set(), folded)
        if self._match(_REPEAT):  # what it repeats is not what stands before it
            raise _NotUnderstoodError
        if not self._take("["):
            return _one_of(self._character(), folded)
        named, members, negated = self._set()
        return _any_of(self.pattern[begin : self.position], {*named, "^"} if negated else named, members, folded)

    def _set(self) -> tuple[set[str], set[str], bool]:
        """The named classes and the characters of a set, and whether all but them are meant."""
        negated = self._take("^")
        named: set[str] = set()
        members: set[str] = set()
        begin = self.position
        while self.position == begin or not self._take("]"):
            if name := self._match(_CLASS):
                named.add(name[0])
                continue
            low = high = self._character()
            if self.pattern[self.position : self.position + 1] == "-" and self.pattern[self.position + 1 :][:1] != "]":
                self.position += 1
                high = self._character()
            members.update(map(chr, range(ord(low), min(ord(high), ord(low) + 128) + 1)), high)
        return named, members, negated

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


@lru_cache(maxsize=512)
def _one_of(character: str, folded: bool) -> _Piece:
    """A character; letters and digits as they are, all others by their number."""
    text = character if character.isascii() and character.isalnum() else f"\\x{{{ord(character):x}}}"
    return _any_of(text, set(), {character}, folded)


def _any_of(text: str, named: set[str], members: set[str], folded: bool) -> _Piece:
    """A character of a class that is written so."""
    if not "".join(members).isascii() or any(name[:2] in {r"\p", r"\P"} for name in named) or r"\v" in text:
        return _wide(_ANY, folded)
    if any(name in _NEGATIONS or name.startswith("[:^") for name in named):
        return _wide(text, folded)
    members = members.union(*(_CLASSES.get(name, ()) for name in named))
    chance = sum(map(_frequency, sorted(members))) / (_ALL if len(members) > 1 else 1)
    width = max((_width(character, folded) for character in members), default=1)
    if unknown := named - _CLASSES.keys():
        chance, width = 1, max(width, _width("k", folded))
    return _Piece(text, min(chance, 1), width, folded, not unknown and len(members) <= _SHARP, is_atom=True)


def _wide(text: str, folded: bool) -> _Piece:
    """A character of a class that holds others than those of ASCII, so that it may take some bytes."""
    gap = _Piece(text, 1, _BYTES, folded, is_atom=True, is_gap=True)
    return gap._replace(outline=f"{_written([gap])}{{1,{_BYTES}}}")


def _frequency(character: str) -> float:
    return _FREQUENCIES.get(character) or _FREQUENCIES.get(character.lower(), _OTHER) / 4


def _width(character: str, folded: bool) -> int:
    return 3 if folded and character.lower() in "ks" else 1  # RE2 takes the long s and the sign for kelvin for them
