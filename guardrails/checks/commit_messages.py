"""What a commit message says: its subject, and the trailers at its end, read as git reads them.

A trailer is text that the author of a commit wrote, or somebody who made the commit anew: it proves that somebody
claims a sign-off or a review, and not that there was one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from guardrails.repository.change import Commit

_SPACES = " \t\r"
_TRAILER = re.compile(r"([A-Za-z0-9-]+)[ \t]*:(.*)", re.DOTALL)
_OF_GIT = ("Signed-off-by: ", "(cherry picked from commit ")
"""Lines that git writes itself: beside one of them it takes a paragraph for trailers that also holds other text."""

_HANDLE = re.compile(r"(?<![\w.+@/-])@[\w-]+(?:/[\w.-]+)?")


def subject(message: str) -> str:
    """The first paragraph on one line."""
    paragraph: list[str] = []
    for line in message.split("\n"):
        if line.strip(_SPACES):
            paragraph.append(line.strip(_SPACES))
        elif paragraph:
            break
    return " ".join(paragraph)


def trailers(message: str) -> list[tuple[str, str]]:
    """Names and values as they stand in the last paragraph, if that is one of trailers; a folded value on one line."""
    found: list[tuple[str, list[str]]] = []
    value: list[str] | None = None
    for line in _last_paragraph(message.split("\n")):
        if value is not None and line[0] in _SPACES:
            value.append(line)
        elif match := _TRAILER.match(line):
            value = [match[2]]
            found.append((match[1], value))
        else:
            value = None
    return [(name, " ".join(" ".join(parts).split())) for name, parts in found]


def values(message: str, name: str) -> list[str]:
    """The values of the trailers of a name, whose letter case does not count."""
    return [value for other, value in trailers(message) if other.lower() == name.lower()]


def people(text: str) -> frozenset[str]:
    """The name, the address and the handles in ``Name <address> @handle``, as far as they are there; without case."""
    name, _, rest = text.partition("<")
    address = rest.partition(">")[0]
    words = _HANDLE.sub("", name).replace("()", "").split()
    return frozenset(part.casefold() for part in (" ".join(words), address.strip(), *_HANDLE.findall(text)) if part)


def agreement(commits: Iterable[Commit], name: str) -> list[frozenset[str]]:
    """The people whom trailers of a name give, without those who wrote one of the commits; merging is not writing."""
    commits = tuple(commits)
    authors: set[str] = set()
    authors.update(*(people(f"{commit.author} <{commit.email}>") for commit in commits if commit.parents < 2))
    given = [people(value) for commit in commits for value in values(commit.message, name)]
    return [person for person in given if person and person.isdisjoint(authors)]


def _last_paragraph(lines: Sequence[str]) -> Sequence[str]:
    """The lines of the last paragraph if git takes it for trailers, else none; the title is never one."""
    end = len(lines)
    while end and (_blank(lines[end - 1]) or lines[end - 1][0] == "#"):
        end -= 1
    start = end
    while start and not _blank(lines[start - 1]):
        start -= 1
    title = next((number for number, line in enumerate(lines) if _blank(line)), end)
    return lines[start:end] if start > title and _of_trailers(lines[start:end]) else ()


def _blank(line: str) -> bool:
    return not line.strip(_SPACES)


def _of_trailers(lines: Iterable[str]) -> bool:
    """Whether all lines are trailers, or some are of git's own and a quarter are trailers; folded ones count once."""
    trailers = others = 0
    of_git = continues = False
    for line in lines:
        if line[0] in _SPACES:
            others += not continues
            continue
        continues = False
        if line[0] != "#":
            of_git = of_git or line.startswith(_OF_GIT)
            continues = bool(_TRAILER.match(line)) or line.startswith(_OF_GIT)
            trailers += continues
            others += not continues
    return trailers * 3 >= others if of_git else trailers > 0 and not others
