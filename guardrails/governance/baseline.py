"""The baseline: what stood when a rule was adopted. It may only shrink.

The file has a line for each finding, ``rule fingerprint path``, sorted, and an empty line behind each. Taking a finding
out leaves the empty line: so two branches that each take out their own never touch neighbouring lines, which git would
call a conflict. Reading passes over empty lines and comments; ``create`` writes the file anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from guardrails.findings import Finding, Location, fingerprint, folded
from guardrails.policy.terms import BASELINE
from guardrails.tuples import NamedTuple

_HEAD = (
    "# What stood when its rule was adopted: rule, fingerprint, path. It may only shrink.\n"
    "# `guardrails baseline prune` takes out what is mended; keep the empty lines, they spare you merge conflicts.\n\n"
)


class Known(NamedTuple):
    """A finding that the baseline holds."""

    rule: str
    fingerprint: str
    path: str
    line: int = 0
    """Where it stands in the file."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return self[:3]


class Flaw(NamedTuple):
    """A line that is none of a baseline."""

    line: int
    text: str


class Matched(NamedTuple):
    """Findings and the baseline side by side."""

    known: Sequence[tuple[Finding, Known]]
    new: Sequence[Finding]
    left: Sequence[Known]
    """Entries that no finding answers to."""


def parse(data: bytes) -> tuple[tuple[Known, ...], tuple[Flaw, ...]]:
    """The entries of the file, and the lines that are none; never raises."""
    entries: list[Known] = []
    flaws: list[Flaw] = []
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        text = line.strip("\r")
        if not text.strip() or text.startswith("#"):
            continue
        parts = text.split(" ", 2)
        if len(parts) == 3 and "/" in parts[0] and parts[1].isalnum():
            entries.append(Known(parts[0], parts[1], _unescaped(parts[2]), number))
        else:
            flaws.append(Flaw(number, text))
    return tuple(entries), tuple(flaws)


def write(entries: Iterable[Known]) -> bytes:
    """The file with these entries: the same bytes for the same entries."""
    lines = sorted({f"{item.rule} {item.fingerprint} {_escaped(item.path)}" for item in entries})
    return (_HEAD + "".join(f"{line}\n\n" for line in lines)).encode("utf-8", "surrogateescape")


def without(data: bytes, lines: Iterable[int]) -> bytes:
    """The file without some of its lines; all others stay where they are."""
    gone = set(lines)
    kept = (line for number, line in enumerate(data.split(b"\n"), 1) if number not in gone)
    return b"\n".join(kept)


def entry(finding: Finding) -> Known:
    """The entry for a finding."""
    return Known(finding.rule, finding.fingerprint, finding.location.path)


def match(findings: Sequence[Finding], entries: Sequence[Known], there: Callable[[str], bool]) -> Matched:
    """Find the entry of each finding; of a file that was moved, by what was found in it.

    ``there`` tells whether a path still exists.
    """
    waiting = {item.key: item for item in entries}
    known: list[tuple[Finding, Known]] = []
    new: list[Finding] = []
    for finding in findings:
        item = waiting.pop(entry(finding).key, None)
        if item:
            known.append((finding, item))
        else:
            new.append(finding)
    moved, new = _moved(new, waiting, there)
    return Matched(known + moved, new, tuple(waiting.values()))


def _moved(
    findings: list[Finding], waiting: dict[tuple[str, str, str], Known], there: Callable[[str], bool]
) -> tuple[list[tuple[Finding, Known]], list[Finding]]:
    """Match findings with entries of files that are gone; what is matched is taken out of ``waiting``."""
    gone: dict[str, list[str]] = {}
    named: dict[tuple[str, str], list[str]] = {}
    rules = {finding.rule for finding in findings}
    for rule, path in dict.fromkeys((item.rule, item.path) for item in waiting.values() if item.rule in rules):
        if not there(path):
            gone.setdefault(rule, []).append(path)
            named.setdefault((rule, path.rpartition("/")[2]), []).append(path)
    moved: list[tuple[Finding, Known]] = []
    new: list[Finding] = []
    counts: dict[tuple[str, str, str], int] = {}
    for finding in findings:
        same = (finding.rule, finding.location.path, folded(finding.evidence))
        occurrence = counts[same] = counts.get(same, -1) + 1
        item = None
        likely = named.get((finding.rule, finding.location.path.rpartition("/")[2]), ())
        for path in (*likely[:_MOST_MOVES], *gone.get(finding.rule, ())[:_MOST_MOVES]):
            was = fingerprint(finding.rule, path, finding.evidence, occurrence)
            item = waiting.pop((finding.rule, was, path), None)
            if item:
                break
        if item:
            moved.append((finding, item))
        else:
            new.append(finding)
    return moved, new


_MOST_MOVES = 200
"""Files of its own name, and of any, that a finding may have come from; more than that is no move any more."""

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def _escaped(path: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in path)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")


def place(item: Known) -> Location:
    """Where an entry stands."""
    return Location(BASELINE, item.line)
