"""Many patterns in one pass: regular expressions as one Hyperscan database, globs as one set of patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import hyperscan

IGNORE_CASE, DOT_ALL, MULTI_LINE, ALLOW_EMPTY, UTF8 = 1, 2, 4, 16, 32
"""Flags of a pattern; the bits are Hyperscan's own. UTF8 needs data that is valid UTF-8."""

_SINGLE_MATCH = 8
_MAX_ANSWERS = 4096


class PatternError(Exception):
    """A pattern or glob is not valid; ``number`` is its index, or that of its list."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(number, message)
        self.number = number
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return PatternError, (self.number, self.message)

    def __str__(self) -> str:
        return self.message


class Pattern(NamedTuple):
    """A regular expression in Hyperscan's syntax."""

    regex: bytes
    flags: int = 0


class PatternSet:
    """Regular expressions that are all looked for in one scan."""

    __slots__ = ("_database", "_patterns", "_serialized")

    def __init__(self, patterns: tuple[Pattern, ...], serialized: bytes) -> None:
        self._patterns = patterns
        self._serialized = serialized
        self._database: hyperscan.Database | None = None

    @classmethod
    def compile(cls, patterns: Sequence[Pattern]) -> PatternSet:
        """Compile the patterns together; raises PatternError for the first that is at fault."""
        import hyperscan  # noqa: PLC0415 - costs milliseconds that a run without patterns saves

        if not patterns:
            return cls((), b"")
        for number, pattern in enumerate(patterns):
            if b"\0" in pattern.regex:
                raise PatternError(number, "a pattern cannot hold a NUL character; write \\x00")
        try:
            database = _build(patterns)
        except hyperscan.error as error:
            raise _fault(patterns, error) from None
        return cls(tuple(patterns), hyperscan.dumpb(database))

    def find(self, data: bytes) -> set[int]:
        """The numbers of the patterns that occur in ``data``."""
        found: set[int] = set()
        if self._patterns:
            (self._database or self._load()).scan(data, _add, context=found)
        return found

    def _load(self) -> hyperscan.Database:
        import hyperscan  # noqa: PLC0415

        try:
            database = hyperscan.loadb(self._serialized, mode=hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
        except hyperscan.error:
            # Made by another version of Hyperscan, or for a CPU that can more than this one.
            database = _build(self._patterns)
        self._database = database
        return database

    def __reduce__(self) -> tuple[Any, ...]:
        return PatternSet, (self._patterns, self._serialized)


def _add(number: int, _start: int, _end: int, _flags: int, found: Any) -> None:
    found.add(number)


def _build(patterns: Sequence[Pattern]) -> hyperscan.Database:
    import hyperscan  # noqa: PLC0415

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[pattern.regex for pattern in patterns],
        ids=list(range(len(patterns))),
        flags=[pattern.flags | _SINGLE_MATCH for pattern in patterns],
    )
    return database


def _fault(patterns: Sequence[Pattern], error: Exception) -> PatternError:
    """Hyperscan does not say which pattern it refuses, so each is tried alone."""
    import hyperscan  # noqa: PLC0415

    for number, pattern in enumerate(patterns):
        try:
            _build([pattern])
        except hyperscan.error as single:
            return PatternError(number, str(single).rstrip("."))
    return PatternError(len(patterns) - 1, f"the patterns are too large together: {error}")


class Regex(NamedTuple):
    """A regular expression in RE2's syntax over UTF-8 text; ``^`` and ``$`` match at lines."""

    pattern: str
    ignore_case: bool = False

    def compile(self) -> Any:
        """The expression as ``re2`` has it, for bytes; raises ValueError when RE2 does not take it."""
        return _compiled(self)


@lru_cache(maxsize=1024)
def _compiled(regex: Regex) -> Any:
    import re2  # noqa: PLC0415 - costs milliseconds that a run without matches saves

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not regex.ignore_case
    try:
        return re2.compile(b"(?m)" + regex.pattern.encode("utf-8", "surrogatepass"), options)
    except re2.error as error:
        (reason,) = error.args
        raise ValueError(reason.decode("utf-8", "replace").replace("(?m)", "", 1)) from None


# Where Hyperscan could miss what RE2 finds, RE2 is asked: Hyperscan takes the vertical tab for a space, does not
# fold the case of properties, nor that of classes with the two letters outside ASCII, and its Unicode tables are
# older. And it has no start of a line behind the last newline; so a text gets one newline more, and \\z allows it.
_FOLDED_TO_ASCII = ("\u212a".encode(), "\u017f".encode())
_PART = r"(?s)\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|."

# Hyperscan is built for patterns of modest size: its compiler takes time that doubles with each nested repetition,
# and its scanner can crash on very long patterns. So it gets long repetitions in a short form that finds no less.
_MAX_REPEAT = 64
_MAX_DEPTH = 10
_MAX_SIZE = 1000


class RegexSet:
    """RE2 expressions over UTF-8 text: one scan tells which of them can occur, and RE2 tells where."""

    __slots__ = ("_always", "_not_ascii", "_numbers", "_regexes", "_scanner", "_spaced")

    def __init__(self, regexes: tuple[Regex, ...], scanner: PatternSet, numbers: tuple[int, ...]) -> None:
        self._regexes = regexes
        self._scanner = scanner
        self._numbers = numbers  # of the regexes that the scanner holds, in its order
        self._always = frozenset(range(len(regexes))).difference(numbers)
        self._spaced = frozenset(n for n, regex in enumerate(regexes) if "\\s" in regex.pattern.lower())
        self._not_ascii = frozenset(
            n for n, regex in enumerate(regexes) if not regex.pattern.isascii() or "\\x" in regex.pattern
        )

    @classmethod
    def compile(cls, regexes: Sequence[Regex]) -> RegexSet:
        """Compile the expressions together; each must be valid RE2.

        One that Hyperscan does not take, or should not, is left to RE2 alone, which then looks into every text.
        """
        patterns = {}
        for number, regex in enumerate(regexes):
            simple = _simplified(regex)
            if simple is not None:
                flags = MULTI_LINE | UTF8 | ALLOW_EMPTY | (IGNORE_CASE * regex.ignore_case)
                patterns[number] = Pattern(simple, flags)
        while True:
            try:
                scanner = PatternSet.compile(list(patterns.values()))
            except PatternError as error:
                del patterns[list(patterns)[error.number]]
            else:
                return cls(tuple(regexes), scanner, tuple(patterns))

    def candidates(self, text: bytes) -> set[int]:
        """The numbers of the expressions that can occur in ``text``, which must be valid UTF-8; none is missed."""
        scanned = text + b"\n" if text.endswith(b"\n") else text
        found = {self._numbers[number] for number in self._scanner.find(scanned)}
        found |= self._always
        if b"\v" in text:
            found |= self._spaced
        if not text.isascii():
            found |= self._not_ascii
            if any(letter in text for letter in _FOLDED_TO_ASCII):
                found.update(range(len(self._regexes)))
        return found

    def __getitem__(self, number: int) -> Any:
        return self._regexes[number].compile()

    def __reduce__(self) -> tuple[Any, ...]:
        return RegexSet, (self._regexes, self._scanner, self._numbers)


def _simplified(regex: Regex) -> bytes | None:
    """The expression as Hyperscan may have it, so that it matches no less; None when RE2 has to do without it."""
    if "\\p" in regex.pattern.lower():
        return None
    parts = []
    depth = 0
    for part in re.findall(_PART, regex.pattern):
        depth += (part == "(") - (part == ")")
        if depth > _MAX_DEPTH:
            return None
        if part.startswith("{") and len(part) > 1:
            parts.append(_shortened(part))
        else:
            parts.append(r"\Z" if part == r"\z" else part)
    simple = "".join(parts)
    if Regex(simple.replace(r"\Z", r"\z"), regex.ignore_case).compile().programsize > _MAX_SIZE:
        return None
    return simple.encode("utf-8", "surrogatepass")


def _shortened(repetition: str) -> str:
    least, _, most = repetition[1:-1].partition(",")
    if int(most or least) <= _MAX_REPEAT:
        return repetition
    return f"{{{min(int(least), _MAX_REPEAT)},}}"


class GlobSet:
    """Lists of globs in gitignore syntax, all matched against a path in one scan.

    The last glob of a list that matches decides, and ``!glob`` decides that the path does not match. A glob
    that matches a folder matches everything below it. Unlike git, which never looks into an ignored folder,
    a later glob may so take back single files, or all files of a folder that earlier globs match one by one.
    """

    __slots__ = ("_answers", "_globs", "_uses")

    def __init__(self, globs: PatternSet, uses: tuple[tuple[tuple[int, int], ...], ...]) -> None:
        self._globs = globs
        self._uses = uses  # for each glob, the lists it is in, and its rank there: odd when it takes a match back
        self._answers: dict[frozenset[int], frozenset[int]] = {}

    @classmethod
    def compile(cls, lists: Sequence[Sequence[str]]) -> GlobSet:
        """Compile all lists together; raises PatternError with the number of the list that is at fault."""
        from guardrails.globs import glob_regex  # noqa: PLC0415 - a plan from the cache has no use for it

        uses: dict[Pattern, list[tuple[int, int]]] = {}
        for number, globs in enumerate(lists):
            for position, glob in enumerate(globs):
                taken_back = glob.startswith("!")
                try:
                    pattern = Pattern(glob_regex(glob[taken_back:]), DOT_ALL)
                except ValueError as error:
                    raise PatternError(number, f"glob {glob!r}: {error}") from None
                uses.setdefault(pattern, []).append((number, 2 * position + taken_back))
        try:
            patterns = PatternSet.compile(list(uses))
        except PatternError as error:
            ((number, _), *_) = list(uses.values())[error.number]
            raise PatternError(number, f"a glob is too complex: {error}") from None
        return cls(patterns, tuple(map(tuple, uses.values())))

    def match(self, path: str) -> frozenset[int]:
        """The numbers of the lists that match ``path``; an empty list matches nothing."""
        globs = frozenset(self._globs.find(path.encode("utf-8", "surrogateescape")))
        answer = self._answers.get(globs)
        if answer is None:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
            answer = self._answers[globs] = self._decide(globs)
        return answer

    def _decide(self, globs: frozenset[int]) -> frozenset[int]:
        last: dict[int, int] = {}
        for glob in globs:
            for number, rank in self._uses[glob]:
                if rank > last.get(number, -1):
                    last[number] = rank
        return frozenset(number for number, rank in last.items() if not rank & 1)

    def __reduce__(self) -> tuple[Any, ...]:
        return GlobSet, (self._globs, self._uses)
