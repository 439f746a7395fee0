"""The ``codeowners`` format: who owns which paths, in the syntax of GitHub and of GitLab.

The value of the document::

    {"sections": [{"name", "optional": bool, "approvals": int, "owners": [owner]}],
     "rules": [{"pattern", "owners": [owner], "inherited": bool, "section"}],
     "problems": [{"message", "text"}]}

The owners of a rule are its own, else the default owners of its section, which it has ``inherited``; none means that
nobody owns the paths.
``approvals`` is 1 unless the heading says more. ``pattern`` is as written, with escaped spaces unescaped; a rule of
GitLab that excludes paths keeps its ``!``. ``section`` is "" outside of sections.

What the host would skip is a problem and does not stop the rest of the file: an owner that is none, a broken section
heading, and in a file without sections, which is read as GitHub reads it, what GitHub has no support for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from guardrails.documents.document import Document, Format, Root, Span
from guardrails.documents.pieces import Spans

_WORD = re.compile(r"(?:[^\s\\]++|\\.?)++")
_SECTION = re.compile(r"(\^?)\[([^\]]*)\](?:\[([^\]]*)\])?(?=\s|$)")
_OWNER = re.compile(r"@@?\w[\w.-]*+(?:/[\w.-]++)*+|[^@\s]++@[^@\s]++")
_GITHUB_LACKS = (
    (re.compile(r"!"), "GitHub has no negation; leave the ! out and give the paths a rule without owners"),
    (re.compile(r"\\#"), "GitHub cannot escape a # at the start of a pattern; match the file by a wildcard"),
    (re.compile(r".*(?<!\\)\["), "GitHub has no character ranges; write a rule for each of the paths"),
)

Word = tuple[str, int]
"""A word of a line and the column it starts at."""


class CodeOwners:
    """The format."""

    name = "codeowners"
    paths: tuple[str, ...] = ("CODEOWNERS",)

    def parse(self, text: str) -> Document:
        """Parse a CODEOWNERS file; it never raises, as the hosts skip what they cannot read."""
        lines = text.split("\n")
        owners = _Owners(github=not any(_SECTION.match(line.strip()) for line in lines))
        for number, line in enumerate(lines, 1):
            owners.read(number, line)
        return Document((Root(owners.value, owners.places),))


FORMAT: Format = CodeOwners()


class _Owners:
    """What a CODEOWNERS file says, as its lines come."""

    def __init__(self, *, github: bool) -> None:
        self._github = github
        self._sections: list[dict[str, Any]] = []
        self._rules: list[dict[str, Any]] = []
        self._problems: list[dict[str, str]] = []
        self.value = {"sections": self._sections, "rules": self._rules, "problems": self._problems}
        self.places = Spans()
        self._line = 0

    def read(self, number: int, line: str) -> None:
        """Take the next line of the file."""
        self._line = number
        column = len(line) - len(line.lstrip()) + 1
        line = line.strip()
        if not line or line[0] == "#":
            return
        heading = _SECTION.match(line)
        start = heading.end() if heading else 0
        words: list[Word] = []
        for match in _WORD.finditer(line, start):
            if match[0][0] == "#":
                break
            words.append((match[0], column + match.start()))
        if heading:
            self._open_section(heading, column, words)
        elif line.startswith(("[", "^[")) and "]" not in line:
            self._problem("the section heading is not closed; write [Name]", (line, column))
        else:
            self._add_rule(words[0], words[1:])

    def _open_section(self, heading: re.Match[str], column: int, words: Sequence[Word]) -> None:
        optional, name, approvals = heading.groups()
        index = len(self._sections)
        if not name.strip():
            self._problem("the section has no name; write [Name]", (heading[0], column))
        number = int(approvals) if approvals and approvals.isdecimal() and len(approvals) < 4 else 0
        if approvals is not None and number < 1:
            message = "the number of approvals must be 1 or more; write [Name][2]"
            self._problem(message, (approvals, column + heading.start(3)))
        owners = self._read_owners(words, ("sections", index))
        section = {
            "name": name.strip(),
            "optional": bool(optional),
            "approvals": max(number, 1),
            "owners": owners,
        }
        self._sections.append(section)
        self._place(("sections", index), (heading[0], column), words)
        self._place(("sections", index, "name"), (name, column + heading.start(2)))

    def _add_rule(self, pattern: Word, words: Sequence[Word]) -> None:
        for unsupported, message in _GITHUB_LACKS if self._github else ():
            if unsupported.match(pattern[0]):
                self._problem(message, pattern)
                return
        index = len(self._rules)
        section: dict[str, Any] = self._sections[-1] if self._sections else {"name": "", "owners": []}
        owners = self._read_owners(words, ("rules", index))
        inherited = not words and not pattern[0].startswith("!") and bool(section["owners"])
        rule = {
            "pattern": pattern[0].replace("\\ ", " "),
            "owners": section["owners"] if inherited else owners,
            "inherited": inherited,
            "section": section["name"],
        }
        self._rules.append(rule)
        self._place(("rules", index), pattern, words)
        self._place(("rules", index, "pattern"), pattern)

    def _read_owners(self, words: Sequence[Word], path: tuple[str, int]) -> list[str]:
        owners: list[str] = []
        for word in words:
            text = word[0]
            if _OWNER.fullmatch(text):
                self._place((*path, "owners", len(owners)), word)
                owners.append(text)
            else:
                hint = f"write @{text}, @org/team or an e-mail address" if text.isidentifier() else "remove it"
                self._problem(f"{text} is not an owner; {hint}", word)
        return owners

    def _problem(self, message: str, word: Word) -> None:
        self._place(("problems", len(self._problems)), word)
        self._problems.append({"message": message, "text": word[0]})

    def _place(self, path: tuple[str | int, ...], first: Word, rest: Sequence[Word] = ()) -> None:
        last, column = rest[-1] if rest else first
        self.places[path] = Span(self._line, first[1], self._line, column + len(last))
