"""The check-kind protocol: compile many rules together, inspect one file, conclude over all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from guardrails.documents.document import Dialect, Document, Format, ParseError, Path, Root
from guardrails.errors import PolicyError
from guardrails.findings import Fact, Finding, Location
from guardrails.repository.change import Change
from guardrails.repository.entry import Entry
from guardrails.tuples import NamedTuple

RuleSet = frozenset[int]
"""Indices of the rules that apply to a file."""

MAX_SOURCE = 240
"""Longest source line that a finding carries, in characters."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_BEGINNINGS = frozenset(bom[:1] for bom, _ in _BOMS)


_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r\x1b")


class Where(NamedTuple):
    """A place in a policy file, counting from 1."""

    path: str
    line: int
    column: int


class Rule(NamedTuple):
    """A rule as its kind compiles it: parameters are already put into ``block`` and ``message``."""

    number: int
    """Index of the rule in the plan."""
    id: str
    block: Any
    """What stands under ``check: {<kind>: …}``; valid by the kind's schema."""
    message: str = ""
    """Template for :func:`render`; empty when the rule leaves the words to the kind."""
    params: Mapping[str, Any] = {}
    formats: tuple[str, ...] = ()
    """Formats and dialects the rule is written for; empty when it does not say."""
    scope: Hashable = ()
    """Rules of one scope are for the same files, but for exclusions; the empty one is for all."""
    places: Mapping[Path, Where] = {}
    """Where the nodes of ``block`` stand in the policy file."""

    def error(self, message: str, *path: str | int, hint: str = "") -> PolicyError:
        """An error at the node ``path`` of the block, or at its nearest ancestor whose place is known."""
        while path and path not in self.places:
            path = path[:-1]
        where = self.places.get(path, Where("", 0, 0))
        return PolicyError(
            f"rule {self.id}: {message}", path=where.path, line=where.line, column=where.column, hint=hint
        )


class File:
    """One file under judgement: bytes, text and documents are each made at most once, when asked for."""

    def __init__(
        self,
        entry: Entry,
        read: Callable[[Entry], bytes],
        formats: Mapping[str, Format | Dialect],
        names: frozenset[str] = frozenset(),
        date: str = "",
    ) -> None:
        self.entry = entry
        self.path = entry.path
        self.dated = False
        """Whether the date has been asked for: then what is found today may not be so tomorrow."""
        self.formats = names
        """Names of the formats and dialects that a file of this name is written in."""
        self._date = date
        self._read = read
        self._registry = formats
        self._data: bytes | None = None
        self._binary: bool | None = None
        self._text: str | None = None
        self._lines: list[str] | None = None
        self._documents: dict[str, Document | ParseError] = {}
        self._roots: dict[str, tuple[Root, ...]] = {}

    @property
    def date(self) -> str:
        """The ISO date of the run, for rules about what is due; ask only where something is."""
        self.dated = True
        return self._date

    @property
    def data(self) -> bytes:
        """The content as stored; for a link, its target."""
        if self._data is None:
            self._data = self._read(self.entry)
        return self._data

    @property
    def known(self) -> bool:
        """Whether the content has been read."""
        return self._data is not None

    @property
    def encoding(self) -> str:
        """The Unicode encoding that the byte order mark names; UTF-8 without one."""
        data = self.data
        if data[:1] not in _BEGINNINGS:
            return "utf-8"
        return next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")

    @property
    def binary(self) -> bool:
        """Whether the content is not text: NULs near the start among many control characters, and no byte order mark.

        A single NUL does not make a file binary, or it would hide whatever else stands there.
        """
        if self._binary is None:
            start = self.data[:8192]
            if b"\0" not in start or self.encoding != "utf-8":
                self._binary = False
            else:
                self._binary = len(start.translate(None, _CONTROLS)) < len(start) * 0.95
        return self._binary

    @property
    def text(self) -> str:
        """The content without byte order mark; bytes that do not decode become U+FFFD."""
        if self._text is None:
            text = self.data.decode(self.encoding, "replace")
            self._text = text.removeprefix("\ufeff")
        return self._text

    @property
    def utf8(self) -> bytes:
        """The content as UTF-8 without byte order mark, for matchers that work on bytes."""
        if self.encoding == "utf-8":
            return self.data.removeprefix(_BOMS[0][0])
        return self.text.encode()

    @property
    def lines(self) -> list[str]:
        """The lines of the text without their ends; a line ends with LF, or CR LF."""
        if self._lines is None:
            self._lines = self.text.replace("\r\n", "\n").split("\n")
        return self._lines

    def document(self, name: str) -> Document:
        """The file parsed as format ``name``; raises ParseError, each time it is asked."""
        found = self._documents.get(name)
        if found is None:
            format = self._registry[name]
            try:
                if self.binary:
                    raise ParseError("the file is binary, not text")
                found = format.parse(self.text)  # type: ignore[union-attr]
            except ParseError as error:
                found = error
            self._documents[name] = found
        if isinstance(found, ParseError):
            raise found
        return found

    def roots(self, name: str) -> tuple[Root, ...]:
        """The trees of the file in a format or dialect; none when the file is not of it. Raises ParseError."""
        if name not in self.formats:
            return ()
        roots = self._roots.get(name)
        if roots is None:
            form = self._registry[name]
            bases = getattr(form, "bases", ())
            if not bases:
                roots = self.document(name).roots
            else:
                roots = tuple(
                    root
                    for base in bases
                    if base in self.formats
                    for root in form.roots(self.document(base))  # type: ignore[union-attr]
                )
            self._roots[name] = roots
        return roots

    def finding(
        self,
        rule: str,
        message: str,
        *,
        line: int = 0,
        column: int = 0,
        end_line: int = 0,
        end_column: int = 0,
        evidence: str | None = None,
        source: str | None = None,
    ) -> Finding:
        """A finding in this file; evidence and source are the line itself unless given."""
        if source is None:
            source = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Finding(
            rule=rule,
            location=Location(self.path, line, column, end_line, end_column),
            message=message,
            evidence=source if evidence is None else evidence,
            source=source[:MAX_SOURCE],
        )


class Repository(Protocol):
    """What a conclusion may look at besides facts: the paths of the snapshot, unread, and what changed."""

    date: str
    """The ISO date of the run."""
    change: Change | None
    """What is judged as a change; None where a state is judged alone."""

    @property
    def entries(self) -> Sequence[Entry]:
        """Every path of the snapshot, in path order; conclusions may depend on paths, kinds and modes, not on sizes."""

    def matched(self, rule: int) -> Sequence[Entry]:
        """The paths that the rule's ``match`` selects."""


class Inspector(Protocol):
    """The rules of one kind, compiled together; picklable, and never changed by inspecting."""

    concluding: RuleSet
    """Rules that are judged over the whole repository, in :meth:`conclude`."""
    fact_based: RuleSet
    """Those of ``concluding`` that need facts from every file, and so cannot be judged in a partial run.

    A kind about changes has ``change_based`` as well: those of ``concluding`` that are judged only when a change is.
    One that judges many files faster after some work has ``prepare()``, which is called before there are many.
    """

    def inspect(self, file: File, rules: RuleSet) -> Iterable[Finding | Fact]:
        """Judge one file by those of the rules that apply to it; depends on its path, content and date only.

        May raise ParseError when a document it needs does not parse.
        """

    def conclude(self, facts: Sequence[Fact], repository: Repository, rules: RuleSet) -> Iterable[Finding]:
        """Judge the repository by ``rules``, a part of ``concluding``, from its paths and the facts."""


class CheckKind(Protocol):
    """How a rule checks."""

    name: str
    schema: Mapping[str, Any]
    """JSON Schema of the block under ``check: {<name>: …}``."""

    def compile(self, rules: Sequence[Rule]) -> Inspector:
        """Compile all rules of the kind together; raises UserErrors with every error in them."""


_FIELD = re.compile(r"\{([A-Za-z_][\w-]*(?:\.[\w-]+)*)\}")


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill ``{name}`` and ``{name.key}`` from ``values``; what is not there stays as it is written."""

    def fill(match: re.Match[str]) -> str:
        value: Any = values
        for key in match[1].split("."):
            if isinstance(value, Mapping) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                return match[0]
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        text = as_text(value)
        return text if len(text) <= 120 else text[:117] + "..."

    return _FIELD.sub(fill, template)


def as_text(value: Any) -> str:
    """A plain value as people write it: strings bare, the rest as in YAML."""
    if isinstance(value, list):
        return ", ".join(map(as_text, value))
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
