"""What a check returns: frozen values, standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from guardrails.tuples import NamedTuple

try:
    from _blake2 import blake2b  # hashlib loads OpenSSL as well, which costs as much as a third of Python's start
except ImportError:
    from hashlib import blake2b


class Severity(IntEnum):
    """How bad a finding is; a higher number is worse."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The word used in policies and reports."""
        return self.name.lower()


class Enforcement(IntEnum):
    """What happens when a rule is broken; a higher number is stricter."""

    OFF = 0
    AUDIT = 1
    WARN = 2
    BLOCK = 3

    @property
    def label(self) -> str:
        """The word used in policies and reports."""
        return self.name.lower()


class Location(NamedTuple):
    """A place in the repository.

    ``path`` is relative to the repository root with ``/`` between its parts; bytes of a name that are
    not UTF-8 are kept as surrogate escapes. Lines and columns count from 1 in code points; the end column is
    exclusive. Line 0 means the file as a whole, or a file that does not exist.
    """

    path: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


class Finding(NamedTuple):
    """A rule broken at a place."""

    rule: str
    location: Location
    message: str
    evidence: str = ""
    """What identifies the finding when lines move: the broken text itself, or the name of what is absent."""
    source: str = ""
    """The source line to show, already safe to print; empty when there is none."""
    fingerprint: str = ""
    """Filled in by the scan; see :func:`fingerprint`."""
    commit: str = ""
    """In a run over history, the id of the commit that added it."""
    authored: str = ""
    """When that commit was written: ISO date and time; empty when that is not known."""


class Fact(NamedTuple):
    """Something small that a file says and that a rule needs when it concludes."""

    rule: int
    """Index of the rule in the plan."""
    path: str
    value: object


class Problem(NamedTuple):
    """Something broke while judging, so the result is not complete: the run exits 2."""

    message: str
    """One line; names the plugin or kind, and the rule where known."""
    path: str = ""
    detail: str = ""
    """The traceback, shown with ``--debug`` only."""


class Note(NamedTuple):
    """Something a reader should know that is neither a finding nor a problem: a file left out, and why."""

    message: str
    path: str = ""


def digest(parts: Iterable[bytes], size: int = 20) -> str:
    """The hexadecimal digest of ``size`` bytes of the parts; where one ends and the next begins counts."""
    state = blake2b(digest_size=size)
    for part in parts:
        state.update(b"%d:" % len(part))
        state.update(part)
    return state.hexdigest()


def folded(text: str) -> str:
    """The text with single spaces for all white space in it, however it is wrapped and indented."""
    return " ".join(text.split())


def capitalized(text: str) -> str:
    """The text with a capital in front, and all others as they are."""
    return text[:1].upper() + text[1:]


def plural(count: int, noun: str) -> str:
    """The number with its noun, which takes an s unless it is one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def fingerprint(rule: str, path: str, evidence: str, occurrence: int) -> str:
    """A short digest of a finding that survives moved lines and re-indentation.

    ``occurrence`` counts the findings that agree in all the rest, from 0: of the file, or of the conclusion.
    """
    key = (rule, path, folded(evidence), str(occurrence))
    return digest((part.encode("utf-8", "surrogatepass") for part in key), size=10)


def order(finding: Finding) -> tuple[Location, str, str]:
    """What findings are sorted by."""
    return finding.location, finding.rule, finding.message


def identified(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of a file, or of a conclusion, in their order, each once, with fingerprints."""
    seen: dict[tuple[str, str, str], int] = {}
    identified = []
    for item in sorted(dict.fromkeys(findings), key=order):
        key = (item.rule, item.location.path, folded(item.evidence))
        occurrence = seen.get(key, 0)
        seen[key] = occurrence + 1
        identified.append(item._replace(fingerprint=fingerprint(*key, occurrence)))
    return tuple(identified)
