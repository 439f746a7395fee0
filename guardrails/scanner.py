"""One pass of Hyperscan over a text finds which of hundreds of fragments are there, and where.

It is a sieve for many texts. A pass takes as long as one of RE2, which only tells what is there; so RE2 has less to
read afterwards. To make it ready takes as long as some megabytes of text. Only fragments are looked for, which are
short and begin with characters: of what may begin anywhere, the library has missed matches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Stretches = Sequence[tuple[int, int]]
"""Where in a text matches may begin: offsets, in order."""
Reach = tuple[int, int] | None
"""How many bytes there are at most from the begin of a match to the end of the fragment in it, and to its own end; None
where that is not known, but all of a match is on one line."""

_ODD = {-1: r"\xc5\xbf", -2: r"\xe2\x84\xaa"}
"""The long s and the sign for kelvin: an s and a k for RE2 where case is ignored, and only bytes for Hyperscan."""
_GRAIN = 128
"""Bytes that count as one place."""
_APART = 1024
"""Bytes between places that take longer to read than to begin anew."""
_DENSE = 8
"""Bytes for each fragment that is found, below which a text is left to another sieve."""

_LEAD, _WIDTH = 0, 1  # of a reach

_Uses = Sequence[Sequence[Sequence[int]]]


def scanner(
    fragments: Sequence[str], uses: _Uses, reaches: Mapping[int, Reach], trails: Mapping[int, str]
) -> Scanner | None:
    """A scanner for all fragments that Hyperscan takes; none where it is not installed, or takes nothing."""
    try:
        return Scanner(fragments, uses, reaches, trails)
    except ImportError:
        return None
    except Exception:  # noqa: BLE001 - the library keeps the class of its errors to itself
        taken = [fragment if _is_taken(fragment) else "" for fragment in fragments]
        trails = {number: trail for number, trail in trails.items() if _is_taken(trail)}
    try:
        return Scanner(taken, uses, reaches, trails)
    except Exception:  # noqa: BLE001 - as above
        return None


def _is_taken(fragment: str) -> bool:
    try:
        _scanning({0: (fragment, True)}, defaultdict(set))
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


class Scanner:
    """Expressions that are looked for in many texts.

    ``uses`` has for each of the ``fragments``, of which an empty one is everywhere, the expressions that it is for,
    with the other fragments of theirs. Of some expressions there are ``trails`` to be looked for in the place of their
    first fragments. Matches of an expression of which ``reaches`` say nothing may be anywhere.
    """

    def __init__(
        self, fragments: Sequence[str], uses: _Uses, reaches: Mapping[int, Reach], trails: Mapping[int, str]
    ) -> None:
        self._reaches = reaches
        self._everywhere: list[int] = []
        self._uses: defaultdict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)
        sought = {number: (odd, False) for number, odd in _ODD.items()}
        for fragment, users in enumerate(uses):
            numbers = []
            for number, *others in users:
                if number in trails:
                    place = len(fragments) + number
                    sought[place] = trails[number], number not in reaches
                elif fragments[fragment]:
                    place = fragment
                    numbers.append(number)
                else:
                    self._everywhere.append(number)
                    continue
                self._uses[place].append((number, frozenset(each for each in others if fragments[each])))
            if fragments[fragment]:
                sought[fragment] = fragments[fragment], reaches.keys().isdisjoint(numbers)
        self._found: defaultdict[int, set[int]] = defaultdict(set)
        self._scan = _scanning(sought, self._found)

    def stretches(self, text: bytes, candidates: Callable[[bytes], Iterable[int]]) -> dict[int, Stretches]:
        """Where the expressions that can occur can begin.

        Near what RE2 reads otherwise, and in a text that is full of fragments, they are the ``candidates`` that
        another sieve has.
        """
        whole = ((0, len(text) + 1),)
        found = self._found
        found.clear()
        if not self._scan(text):
            return dict.fromkeys(candidates(text), whole)
        stretches: dict[int, Stretches] = dict.fromkeys(self._everywhere, whole)
        for number, places in found.items():
            for expression, others in self._uses.get(number, ()):
                if not others or found.keys() >= others:
                    stretches[expression] = self._around(expression, text, places, _LEAD) or whole
        if odd := [place for number in _ODD for place in found.get(number, ())]:
            for expression in candidates(text):
                there, near = stretches.get(expression, ()), self._around(expression, text, odd, _WIDTH)
                stretches[expression] = sorted((*there, *near)) if near and there != whole else whole
        return stretches

    def _around(self, expression: int, text: bytes, places: Iterable[int], before: int) -> list[tuple[int, int]] | None:
        """Where matches can begin that have something at one of some places; None where that is not known.

        What they have there ends their lead or is somewhere in their width, as ``before`` says.
        """
        if expression not in self._reaches:
            return None
        reach = self._reaches[expression]
        return _before(places, reach[before]) if reach else _lines(text, places)


def _before(places: Iterable[int], lead: int) -> list[tuple[int, int]]:
    """Where matches can begin when what they lead to ends at one of some places."""
    ordered = sorted(places)
    far = (_APART + lead) // _GRAIN + 1
    stretches = []
    first = last = ordered[0]
    for place in ordered:
        if place - last > far:
            stretches.append((max(first * _GRAIN - lead, 0), (last + 1) * _GRAIN))
            first = place
        last = place
    stretches.append((max(first * _GRAIN - lead, 0), (last + 1) * _GRAIN))
    return stretches


def _lines(text: bytes, places: Iterable[int]) -> list[tuple[int, int]]:
    """The lines that hold the last byte, which is no line feed, of what ends at some places; together where close."""
    stretches = [(0, 0)]
    for place in sorted(places):
        first, last = place * _GRAIN, (place + 1) * _GRAIN - 1
        begin, end = stretches[-1]
        if last < end:
            continue
        start = max(text.rfind(b"\n", end, max(first, end)) + 1, end)
        stop = text.find(b"\n", last) + 1 or len(text)
        if start - end < _APART:
            stretches[-1] = begin, stop
        else:
            stretches.append((start, stop))
    return [stretch for stretch in stretches if stretch[1]]


def _scanning(sought: Mapping[int, tuple[str, bool]], found: defaultdict[int, set[int]]) -> Callable[[bytes], bool]:
    """What notes the places of a text where the fragments end, or once for each that it is there.

    It says whether it came to the end of the text.
    """
    import pyperscan  # noqa: PLC0415 - takes some milliseconds, and is not there on all platforms

    goes_on, stops = pyperscan.Scan.Continue, pyperscan.Scan.Terminate
    left = iter(range(0))

    def note(found: defaultdict[int, set[int]], number: int, _: int, end: int) -> Any:
        found[number].add(end // _GRAIN)
        return goes_on if next(left, None) is not None else stops

    patterns = [
        pyperscan.Pattern(fragment.encode(), *(pyperscan.Flag.SINGLEMATCH,) * once, tag=number)
        for number, (fragment, once) in sought.items()
    ]
    scan = pyperscan.BlockDatabase(*patterns).build(found, note).scan

    def scanned(text: bytes) -> bool:
        nonlocal left
        left = iter(range(len(sought) + len(text) // _DENSE))
        return scan(text) is goes_on

    return scanned
