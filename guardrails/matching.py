"""Many patterns in one pass: regular expressions over a text, and lists of globs over a path.

RE2 does all of it: in time linear in the text, whatever the pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

_MAX_ANSWERS = 4096
_MEMORY, _MEMORY_PER_BYTE = 32 << 20, 256  # a limit: RE2 takes what the paths need


class PatternError(Exception):
    """A list of globs is not valid; ``number`` is its index."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(number, message)
        self.number = number
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return PatternError, (self.number, self.message)

    def __str__(self) -> str:
        return self.message


@lru_cache(maxsize=1024)
def regex(pattern: str) -> Any:
    """A regular expression in RE2's syntax, for a text as a whole; raises ValueError with the reason."""
    import re2  # noqa: PLC0415 - costs milliseconds that a run without patterns saves

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None


class Regex(NamedTuple):
    """A regular expression in RE2's syntax over UTF-8 text; ``^`` and ``$`` match at lines."""

    pattern: str
    ignore_case: bool = False

    def compile(self) -> Any:
        """The expression as ``re2`` has it, for bytes; raises ValueError when RE2 does not take it."""
        return _compiled(self.flags + self.pattern)

    @property
    def flags(self) -> str:
        """What stands before the pattern where it has to stand alone."""
        return "(?mi)" if self.ignore_case else "(?m)"


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Any:
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(source.encode("utf-8", "surrogatepass"), options)
    except re2.error as error:
        (reason,) = error.args
        flags = source[: source.index(")") + 1]
        raise ValueError(reason.decode("utf-8", "replace").replace(flags, "", 1)) from None


class RegexSet:
    """Regular expressions that are looked for together: one pass over a text tells which of them can occur.

    The pass looks for literals that a match must hold, so an expression is compiled when a text has one of its own.
    Those without literals can always occur: as one automaton they would take longer than each for itself.
    """

    __slots__ = ("_always", "_literals", "_set", "_sources", "_uses")

    def __init__(
        self,
        sources: tuple[str, ...],
        literals: tuple[str, ...],
        uses: tuple[tuple[tuple[int, tuple[frozenset[int], ...]], ...], ...],
        always: frozenset[int],
    ) -> None:
        self._sources = sources
        self._literals = literals  # as expressions
        self._uses = uses  # for each literal, the expressions that it is one for, and of what else they need one
        self._always = always
        self._set: Any = None

    @classmethod
    def compile(cls, regexes: Iterable[Regex]) -> RegexSet:
        """Compile expressions together, each of which must be valid."""
        import re2  # noqa: PLC0415

        from guardrails.literals import required  # noqa: PLC0415 - a plan from the cache has no use for it

        sources: list[str] = []
        numbers: dict[str, int] = {}
        uses: list[list[tuple[int, tuple[frozenset[int], ...]]]] = []
        always: list[int] = []
        for regex in regexes:
            needed = [
                frozenset(numbers.setdefault(_searched(*each), len(numbers)) for each in sorted(alternatives))
                for alternatives in required(*regex)
            ]
            uses += ([] for _ in range(len(uses), len(numbers)))
            if needed:
                for literal in needed[0]:
                    uses[literal].append((len(sources), tuple(needed[1:])))
            else:
                always.append(len(sources))
            sources.append(regex.flags + regex.pattern)
        together = cls(tuple(sources), tuple(numbers), tuple(map(tuple, uses)), frozenset(always))
        try:
            together._compile()
        except re2.error:  # too many literals
            return cls(tuple(sources), (), (), frozenset(range(len(sources))))
        return together

    def candidates(self, text: bytes) -> set[int]:
        """The numbers of the expressions that can occur in ``text``: all that do, and few that do not."""
        found = (self._set or self._compile()).Match(text) or ()
        there = frozenset(found)
        candidates = set(self._always)
        for literal in found:
            for number, others in self._uses[literal]:
                if not any(map(there.isdisjoint, others)):
                    candidates.add(number)
        return candidates

    def __getitem__(self, number: int) -> Any:
        """The expression as ``re2`` has it, for bytes."""
        return _compiled(self._sources[number])

    def _compile(self) -> Any:
        import re2  # noqa: PLC0415

        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for literal in self._literals:
            self._set.Add(literal)
        self._set.Compile()
        return self._set

    def __reduce__(self) -> tuple[Any, ...]:
        return RegexSet, (self._sources, self._literals, self._uses, self._always)


def _searched(text: str, ignore_case: bool) -> str:
    import re2  # noqa: PLC0415

    escaped: str = re2.escape(text)
    return f"(?i:{escaped})" if ignore_case else escaped


class GlobSet:
    """Lists of globs in gitignore syntax, all matched against a path in one pass.

    The last glob of a list that matches decides, and ``!glob`` decides that the path does not match. A glob
    that matches a folder matches everything below it. Unlike git, which never looks into an ignored folder,
    a later glob may so take back single files, or all files of a folder that earlier globs match one by one.
    """

    __slots__ = ("_answers", "_regexes", "_set", "_uses")

    def __init__(self, regexes: tuple[bytes, ...], uses: tuple[tuple[tuple[int, int], ...], ...]) -> None:
        self._regexes = regexes
        self._uses = uses  # for each regex, the lists it is in, and its rank there: odd when it takes a match back
        self._set: Any = None
        self._answers: dict[tuple[int, ...], frozenset[int]] = {}

    @classmethod
    def compile(cls, lists: Sequence[Sequence[str]]) -> GlobSet:
        """Compile all lists together; raises PatternError with the number of the list that is at fault."""
        from guardrails.globs import glob_regex  # noqa: PLC0415 - a plan from the cache has no use for it

        uses: dict[bytes, list[tuple[int, int]]] = {}
        for number, globs in enumerate(lists):
            for position, glob in enumerate(globs):
                taken_back = glob.startswith("!")
                try:
                    regex = glob_regex(glob[taken_back:])
                except ValueError as error:
                    raise PatternError(number, f"glob {glob!r}: {error}") from None
                uses.setdefault(regex, []).append((number, 2 * position + taken_back))
        globset = cls(tuple(uses), tuple(map(tuple, uses.values())))
        try:
            globset._compile()
        except ValueError as error:
            raise PatternError(len(lists) - 1, str(error)) from None
        return globset

    def match(self, path: str) -> frozenset[int]:
        """The numbers of the lists that match ``path``; an empty list matches nothing."""
        found = (self._set or self._compile()).Match(path.encode("utf-8", "surrogateescape"))
        if found is None:
            return frozenset()
        key = tuple(found)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
            answer = self._answers[key] = self._decide(key)
        return answer

    def _decide(self, found: tuple[int, ...]) -> frozenset[int]:
        last: dict[int, int] = {}
        for regex in found:
            for number, rank in self._uses[regex]:
                if rank > last.get(number, -1):
                    last[number] = rank
        return frozenset(number for number, rank in last.items() if not rank & 1)

    def _compile(self) -> Any:
        import re2  # noqa: PLC0415

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes, as git has it
        options.dot_nl = True
        options.max_mem = _MEMORY + _MEMORY_PER_BYTE * sum(map(len, self._regexes))
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        try:
            for regex in self._regexes:
                self._set.Add(regex)
            self._set.Compile()
        except re2.error:
            raise ValueError("the globs are too many, or too long, to be matched together") from None
        return self._set

    def __reduce__(self) -> tuple[Any, ...]:
        return GlobSet, (self._regexes, self._uses)
