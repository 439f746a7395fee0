"""Which lines of a file are new, by matching its lines with those of the version before.

The way is that of patience diff: common lines at both ends, then anchors, which are lines that are equally often on
both sides, as far as they keep their order; and the same again between the anchors. Work is O(n log n) whatever the
content, since it ends after a few rounds: what is not matched by then counts as changed. CR LF equals LF.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from guardrails.tuples import NamedTuple

_ROUNDS = 12
"""More than source code takes; each costs about as much as sorting the lines."""


class Differences(NamedTuple):
    """What became of the lines of a file."""

    added: tuple[tuple[int, int], ...]
    """First and last line, from 1, of each run of lines that are new."""
    removed: int
    """How many of the lines before are gone."""


def changed_lines(before: bytes, after: bytes) -> Differences:
    """What changed between two versions of a file."""
    if before == after:
        return Differences((), 0)
    old, new = _lines(before), _lines(after)
    origins = _match(old, new)
    added: list[tuple[int, int]] = []
    kept = 0
    for line, origin in enumerate(origins, 1):
        if origin:
            kept += 1
        elif added and added[-1][1] == line - 1:
            added[-1] = (added[-1][0], line)
        else:
            added.append((line, line))
    return Differences(tuple(added), len(old) - kept)


def origin(before: bytes, after: bytes, line: int) -> int:
    """The line that was before what now is ``line``; 0 when it is new, or there is no such line."""
    origins = _match(_lines(before), _lines(after))
    return origins[line - 1] if 0 < line <= len(origins) else 0


def _lines(data: bytes) -> list[bytes]:
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    last = lines.pop()
    # A last line that is not ended differs from the same line ended.
    return [*lines, last + b"\n"] if last else lines


def _match(old: Sequence[bytes], new: Sequence[bytes]) -> list[int]:
    """For each of the new lines the number, from 1, of the old one it is, or 0."""
    origins = [0] * len(new)
    regions = [(0, len(old), 0, len(new), _ROUNDS)]
    while regions:
        low, high, start, end, rounds = regions.pop()
        while low < high and start < end and old[low] == new[start]:
            low, start = low + 1, start + 1
            origins[start - 1] = low
        while low < high and start < end and old[high - 1] == new[end - 1]:
            high, end = high - 1, end - 1
            origins[end] = high + 1
        if low == high or start == end or not rounds:
            continue
        anchors = _anchors(old[low:high], new[start:end])
        # A region begins at its anchor, which its common lines then start with.
        corners = [(0, 0), *anchors, (high - low, end - start)] if anchors else []
        for (line, place), (next_line, next_place) in pairwise(corners):
            regions.append((low + line, low + next_line, start + place, start + next_place, rounds - 1))
    return origins


def _anchors(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """The longest run of pairs, rising on both sides, of lines that are equally often on both."""
    new_counts = Counter(new)
    places: dict[bytes, list[int]] = {line: [] for line, count in Counter(old).items() if new_counts[line] == count}
    for place in range(len(new) - 1, -1, -1):
        if new[place] in places:
            places[new[place]].append(place)
    return _rising([(number, places[line].pop()) for number, line in enumerate(old) if line in places])


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence of pairs, which rise in the first, that rise in the second too."""
    lowest: list[int] = []  # for each length, how low a subsequence of it can end, and with which pair
    last: list[int] = []
    previous: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(lowest, place)
        lowest[length : length + 1] = [place]
        last[length : length + 1] = [number]
        previous.append(last[length - 1] if length else -1)
    found: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = previous[number]
    return found[::-1]
