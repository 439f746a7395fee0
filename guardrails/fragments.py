"""What is known of the matches of a regular expression: fragments that each of them holds, and how long they are.

Fragments are a sieve: a text without them has no match, a text with them may have some. Each begins with characters
that are not found everywhere, so that an automaton can look for hundreds of them at once. Whatever is not understood,
or would take too much, counts as a part that may match anything, so that the sieve only lets more through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, groupby
from math import inf, prod
from operator import attrgetter

from guardrails.frequencies import ALL, WORDS, frequency
from guardrails.tuples import NamedTuple

_MANY = 48  # alternatives
_LONG = 16  # pieces of a fragment
_COPIES = 6  # of a part that is repeated
_FEW = 4  # copies that may be there or not
_DEEP = 40  # groups in groups
_TOGETHER = 2  # fragments of one expression
_COUNTED = 8  # repetitions that are counted when an expression is loosened

_COMMON, _RARE, _UNIQUE = 1 / 100, 3e-5, 1e-8
"""How often fragments occur that are no use, that need no other beside them, and that need not be longer."""
_OFTEN = 3e-4
"""How often fragments occur of which it pays to ask what follows them."""
_SOME = 1 / 100
"""How often the begin of a fragment may occur that goes on with any of a class: each is followed for a while."""
_AGAIN = 1 / 4
"""How often a character comes again."""
_SHARP = 4
"""The characters that a fragment may begin with: of large classes, runs would begin everywhere."""


class Traits(NamedTuple):
    """What is known of the matches of a regular expression."""

    fragments: tuple[str, ...]
    """Expressions for RE2; each match holds a match of each of them, the rarest is the first."""
    width: int | None
    """How many bytes a match takes at most, if that is known."""
    lead: int | None = None
    """How many bytes from its begin to the end of the first fragment, or of its trail, if that is known."""
    is_inline: bool = False
    """Whether no match has a line feed."""
    loose: str = ""
    """An expression that matches wherever this one does, and is read sooner: it counts to no high number. Empty where
    there is none."""
    trail: str = ""
    """The first fragment with what comes after it, where that fragment is common: an expression for Hyperscan, which
    each match holds too. Empty where there is none."""


UNKNOWN = Traits((), None)


def strings(fragment: str) -> tuple[str, ...]:
    """Strings, as expressions, of which each match of a fragment holds one in some case; an empty one is everywhere."""
    try:
        found = _strings(_Reader(fragment).alternation(False, 0))
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
    useful = _useful(_fragments(pieces))
    lead = useful[0].lead if useful else width
    texts = tuple(f"(?m){fragment.text}" for fragment in useful)
    trail, upto = _trail(pieces, useful[0]) if useful and useful[0].chance > _OFTEN else ("", 0)
    if trail:
        lead = upto
    return Traits(texts, _bytes(width), _bytes(lead), reader.is_inline, _loose(pattern, reader.limits), trail)


def _trail(pieces: Sequence[_Piece], fragment: _Fragment) -> tuple[str, float]:
    """See Traits, and how many bytes from the begin of a match to its end; nothing where nothing is known."""
    text, trail, upto = fragment.text, "", 0.0
    width = sum(piece.width for piece in pieces[: fragment.end])
    chance = fragment.chance
    for piece in pieces[fragment.end : fragment.end + _LONG] if fragment.end else ():
        width += piece.width
        if piece.is_again:
            continue
        if piece.loosely is None:
            break
        text += piece.loosely
        chance *= piece.chance
        if not piece.is_gap and not piece.is_anchor:
            trail, upto = f"(?m){text}", width
        if chance < _UNIQUE:
            break
    return trail, upto


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


class _Fragment(NamedTuple):
    chance: float
    """Roughly how often it matches at a place of a text by chance."""
    text: str
    lead: float = 0
    """How many bytes from the begin of a match to the end of the fragment in it, at most."""
    end: int = 0
    """The number of the piece after it, among those that it was made of; 0 where it is within one."""


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
    strings: tuple[_Fragment, ...] = ()
    """See :func:`strings`; none where there are too many."""
    loose: str | None = None
    """How a gap may be written without limits, if that is known."""
    is_again: bool = False
    """Whether it is what stands before the gap in front of it, which may be the same."""

    @property
    def loosely(self) -> str | None:
        """An expression of bytes without limits for it, if that is known."""
        return self.loose if self.is_gap else _written([self])

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


def _before(pieces: Sequence[_Piece], start: int) -> int:
    """Where a fragment begins: with the anchors before its first character."""
    while start and pieces[start - 1].is_anchor:
        start -= 1
    return start


def _beginning(pieces: Sequence[_Piece], start: int) -> _Fragment:
    """The fragment that begins with a piece, and is no longer than it takes to be seldom."""
    best, chance = _Fragment(2, ""), 1.0
    word = ""
    for end, piece in enumerate(pieces[start:], start + 1):
        if chance > _SOME and not (piece.is_sharp or piece.is_anchor):
            break
        chance *= max(piece.chance, _AGAIN * (pieces[start:end][-2:] == [piece, piece]))
        word += piece.text.lower()
        chance = WORDS.get(word, chance)
        if piece.chance < 1:
            best = _Fragment(chance, _written(pieces[start:end]), end=end)
        if chance < _UNIQUE:
            break
    return best


def _chance(pieces: Sequence[_Piece]) -> float:
    """Roughly how often pieces that stand one after the other match at a place."""
    return WORDS.get("".join(piece.text for piece in pieces).lower()) or prod(piece.chance for piece in pieces)


def _written(pieces: Iterable[_Piece]) -> str:
    """One expression for pieces that stand one after the other."""
    texts = ((folded, "".join(piece.text for piece in run)) for folded, run in groupby(pieces, attrgetter("is_folded")))
    return "".join(f"(?i:{text})" if folded else text for folded, text in texts)


def _strings(pieces: Iterable[_Piece]) -> tuple[_Fragment, ...]:
    """The strings of that run of pieces with but one each, or of that piece with some, which are the most seldom."""
    choices: list[tuple[_Fragment, ...]] = []
    for is_one, run in groupby((piece.strings for piece in pieces), lambda strings: len(strings) == 1):
        if is_one:
            ones = list(chain.from_iterable(run))
            choices.append((_Fragment(prod(one.chance for one in ones), "".join(one.text for one in ones)),))
        else:
            choices += filter(None, run)
    return min(choices, key=lambda choice: sum(string.chance for string in choice), default=())


def _loosely(pieces: Iterable[_Piece]) -> str | None:
    """See _Piece."""
    texts = [piece.loosely for piece in pieces if not piece.is_again]
    return None if None in texts else "".join(filter(None, texts))


def _gap(pieces: Sequence[_Piece], width: float, loose: str | None = None) -> _Piece:
    """A gap of some width that holds what pieces hold."""
    return _Piece("", 1, width, is_gap=True, needed=tuple(_useful(_fragments(pieces))), loose=loose)


def _either(branches: Sequence[Sequence[_Piece]]) -> list[_Piece]:
    """One of several sequences."""
    if len(branches) == 1:
        return list(branches[0])
    width = max(sum(piece.width for piece in branch) for branch in branches)
    if len(branches) <= _MANY and not any(piece.is_gap for branch in branches for piece in branch):
        chance = sum(_chance(branch) for branch in branches)
        text = f"(?:{'|'.join(map(_written, branches))})"
        held = [_strings(branch) for branch in branches]
        firsts = (next((piece for piece in branch if not piece.is_anchor), None) for branch in branches)
        return [
            _Piece(
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
    gap = _gap((), width, f"(?:{'|'.join(ways)})" if len(ways) == len(branches) <= _MANY else None)
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
    text = _loosely(pieces)
    loose = None if text is None else f"(?:{text})*"
    if len(pieces) != 1 or pieces[0].is_gap:
        return [_gap(pieces if low else (), width, loose)]
    piece = pieces[0]
    one = piece.text if piece.is_atom else f"(?:{piece.text})"
    copies = min(low, _COPIES if piece.is_atom else 1)
    some = piece._replace(
        text=f"{one}{{{copies}}}",
        chance=piece.chance**copies,
        width=copies * piece.width,
        is_atom=False,
        strings=_strings([piece] * copies),
    )
    if low == high == copies:
        return [some]
    if not low and high <= (_FEW if piece.is_atom else 1):
        return [piece._replace(text=f"{one}{{0,{high}}}", chance=1, width=width, is_atom=False, strings=())]
    # What stands before a gap, and after it, may be the same.
    if not copies:
        return [_gap((), width, loose)]
    return [some, _gap((), width - 2 * some.width, loose), some._replace(is_again=True)]


_REPEAT = re.compile(r"(?:([*+?])|\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\})\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|([imsU]*)(?:-([imsU]+))?([:)])))?")
_PLAIN = re.compile(r"\w+", re.ASCII)
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_ANCHOR = re.compile(r"[$^]|\\[AbBz]")
_CLASS = re.compile(r"\\(?:[dDsSwW]|[pP](?:\{[^}]*\}|.))|\[:\^?[a-z]+:\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WIDE = 4
"""Bytes of a character at most."""
_ANCHORS = {"^": 1 / 30, r"\A": 1 / 1000, r"\b": 1 / 4}  # the others may hold where a part of the text ends
_OTHERS = re.compile(r"\^|\\[DSWpP]|\[:\^")
_INLINE = {
    r"\d",
    r"\w",
    r"\S",
    *(f"[:{name}:]" for name in ("alnum", "alpha", "digit", "lower", "upper", "word", "xdigit")),
}
"""Classes that are known to have no line feed."""
_CLASSES = {r"\d": "0123456789", r"\s": "\t\n\f\r "}


class _Reader:
    """Reads a pattern from its beginning to its end, once."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.is_inline = True
        """Whether nothing that was read so far takes a line feed."""
        self.limits: list[tuple[int, int]] = []
        """Where numbers stand up to which something is repeated, if they are high."""

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
        if high and int(high) > _COUNTED:
            self.limits.append(repeat.span(4))
        return _repeated(pieces, int(low), (int(high) if high else inf) if upto else int(low))

    def _atom(self, folded: bool) -> _Piece:
        if self._take("."):
            return _gap((), _WIDE)
        if self._take(r"\C"):  # a byte, which may be a part of a character
            self.is_inline = False
            return _gap((), 1)
        if known := self._match(_CLASS):
            self.is_inline &= known[0] in _INLINE
            return _any_of(known[0], {known[0]}, set(), folded)
        if self._match(_REPEAT):  # what it repeats is not what stands before it
            raise _NotUnderstoodError
        if not self._take("["):
            return self._one_of(self._character(), folded)
        text, named, members, negated = self._set()
        if negated:
            self.is_inline &= "\n" in members or r"\s" in named
            return _none_of(text, named, members, folded)
        self.is_inline &= "\n" not in members and named <= _INLINE
        return _any_of(text, named, members, folded)

    def _one_of(self, character: str, folded: bool) -> _Piece:
        self.is_inline &= character != "\n"
        return _one_of(character, folded)

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
            text += _literal(low) if low == high else f"{_literal(low)}-{_literal(high)}"
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


@lru_cache(maxsize=512)
def _one_of(character: str, folded: bool) -> _Piece:
    """A character."""
    return _any_of(_literal(character), set(), {character}, folded)


def _literal(character: str) -> str:
    """Letters and digits as they are, all others by their number."""
    return character if character.isascii() and character.isalnum() else f"\\x{{{ord(character):x}}}"


def _any_of(text: str, named: set[str], members: set[str], folded: bool) -> _Piece:
    """A character of a class that is written so; a gap when it may be none of ASCII, for engines that read bytes."""
    if not "".join(members).isascii() or any(_OTHERS.match(name) for name in named):
        return _gap((), _WIDE)
    members = members.union(*(_CLASSES.get(name, ()) for name in named))
    chance = sum(map(frequency, sorted(members))) / (ALL if len(members) > 1 else 1)
    width = max((_width(character, folded) for character in members), default=1)
    if unknown := named - _CLASSES.keys():
        chance, width = 1, max(width, _width("k", folded))
    is_sharp = not unknown and len(members) <= _SHARP
    letters = sorted({member.lower() for member in members}) if is_sharp else ()
    strings = tuple(_Fragment(frequency(letter), _literal(letter)) for letter in letters)
    return _Piece(text, min(chance, 1), width, folded, is_sharp, is_atom=True, strings=strings)


def _none_of(text: str, named: set[str], members: set[str], folded: bool) -> _Piece:
    """A character that is none of a class that is written so."""
    loose = None
    if "".join(members).isascii() and not any(_OTHERS.match(name) for name in named):
        # It has some bytes; and to Hyperscan, \s is one more than to RE2.
        text = text.replace(r"\s", "".join(map(_literal, _CLASSES[r"\s"])))
        loose = f"(?i:{text}+)" if folded else f"{text}+"
    return _gap((), _WIDE, loose)


def _width(character: str, folded: bool) -> int:
    return 3 if folded and character.lower() in "ks" else 1  # RE2 takes the long s and the sign for kelvin for them
