"""One pass of Hyperscan over a text finds which of hundreds of expressions can match there, and where.

It is a sieve for many texts: to make it ready takes as long as some megabytes of text do with RE2, and then a text
takes a tenth of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_ODD = {-1: r"\x0b", -2: r"\xc5\xbf", -3: r"\xe2\x84\xaa"}
"""White space for Hyperscan only, and the long s and the sign for kelvin, which are an s and a k for RE2 only."""

Stretches = Sequence[tuple[int, int]]
"""Where in a text matches may begin: offsets, in order and apart."""
_ANYWHERE = (0, 0)
_GRAIN = 32
"""Bytes that count as one place, lest a text with nothing but fragments takes much memory."""


def scanner(
    fragments: Sequence[str],
    uses: Sequence[Sequence[Sequence[int]]],
    outlines: Mapping[int, str],
    reaches: Mapping[int, tuple[int, int]],
) -> Scanner | None:
    """A scanner for all that Hyperscan takes; none where it is not installed, or takes nothing."""
    try:
        return Scanner(fragments, uses, outlines, reaches)
    except ImportError:
        return None
    except Exception:  # noqa: BLE001 - the library keeps the class of its errors to itself
        taken = {number: outline for number, outline in outlines.items() if _is_taken(outline)}
        known = [fragment if _is_taken(fragment) else "" for fragment in fragments]
    try:
        return Scanner(known, uses, taken, reaches)
    except Exception:  # noqa: BLE001 - as above
        return None


def _is_taken(expression: str) -> bool:
    try:
        _compiled({0: (expression, True)}, {})
    except Exception:  # noqa: BLE001 - as above
        return False
    return True


class Scanner:
    """Expressions that are looked for in many texts.

    ``uses`` has for each of the ``fragments``, of which an empty one is everywhere, the expressions that it is for,
    with the other fragments of theirs; ``outlines`` are looked for in place of them. ``reaches`` say how many bytes
    there are at most from the begin of a match to the end of what is found, and to its own end; where that is not
    known, or many, a match may be anywhere.
    """

    def __init__(
        self,
        fragments: Sequence[str],
        uses: Sequence[Sequence[Sequence[int]]],
        outlines: Mapping[int, str],
        reaches: Mapping[int, tuple[int, int]],
    ) -> None:
        self._reaches = reaches
        self._everywhere: list[int] = []
        self._uses: dict[int, Sequence[Sequence[int]]] = {len(fragments) + number: ((number,),) for number in outlines}
        sought = {len(fragments) + number: (outline, number not in reaches) for number, outline in outlines.items()}
        sought |= {number: (odd, False) for number, odd in _ODD.items()}
        for fragment, expressions in enumerate(uses):
            users = [
                (number, *(other for other in others if fragments[other]))
                for number, *others in expressions
                if number not in outlines
            ]
            if not fragments[fragment]:
                self._everywhere += [number for number, *_ in users]
            elif users:
                self._uses[fragment] = users
                sought[fragment] = fragments[fragment], reaches.keys().isdisjoint(number for number, *_ in users)
                for other in {other for _, *others in users for other in others}:
                    sought.setdefault(other, (fragments[other], True))
        self._found: dict[int, dict[int, None]] = {}
        self._scan = _compiled(sought, self._found)

    def stretches(self, text: bytes, candidates: Callable[[bytes], Iterable[int]]) -> dict[int, Stretches]:
        """Where the expressions that can occur can begin.

        Where the text has what RE2 reads otherwise, that are also the ``candidates`` that another sieve has.
        """
        found = self._found
        found.clear()
        self._scan(text)
        whole = ((0, len(text) + 1),)
        stretches: dict[int, Stretches] = dict.fromkeys(self._everywhere, whole)
        for number, places in found.items():
            for expression, *others in self._uses.get(number, ()):
                if all(other in found for other in others):
                    lead, width = self._reaches.get(expression, _ANYWHERE)
                    stretches[expression] = _before(places, lead, width) if width else whole
        if odd := [place for number in _ODD for place in found.get(number, ())]:
            for expression in candidates(text):
                _, width = self._reaches.get(expression, _ANYWHERE)
                near = (*stretches.get(expression, ()), *_before(odd, width, width))
                stretches[expression] = _joined(sorted(near), width) if width else whole
        return stretches


def _before(places: Iterable[int], lead: int, width: int) -> Stretches:
    """Where matches can begin when what they lead to ends at one of some places."""
    ends = sorted(place * _GRAIN for place in places)
    return _joined([(end - lead if end > lead else 0, end + _GRAIN) for end in ends], width)


def _joined(stretches: Sequence[tuple[int, int]], width: int) -> Stretches:
    """The same stretches, together where matches of some width would overlap."""
    joined = [stretches[0]]
    for start, end in stretches[1:]:
        first, last = joined[-1]
        if start > last + width:
            joined.append((start, end))
        else:
            joined[-1] = first, max(last, end)
    return joined


def _compiled(sought: Mapping[int, tuple[str, bool]], found: dict[int, dict[int, None]]) -> Callable[[bytes], object]:
    """What notes the places of a text where the expressions end, or once for each that they are there."""
    import pyperscan  # noqa: PLC0415 - takes some milliseconds, and is not there on all platforms

    goes_on = pyperscan.Scan.Continue

    def note(found: dict[int, dict[int, None]], number: int, _: int, end: int) -> Any:
        found.setdefault(number, {})[end // _GRAIN] = None
        return goes_on

    patterns = [
        pyperscan.Pattern(text.encode(), pyperscan.Flag.MULTILINE, *(pyperscan.Flag.SINGLEMATCH,) * once, tag=number)
        for number, (text, once) in sought.items()
    ]
    return pyperscan.BlockDatabase(*patterns).build(found, note).scan
