"""Many patterns in one pass: regular expressions over a text, and lists of globs over a path.

RE2 does all of it: in time linear in the text, whatever the pattern.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from guardrails.scanner import Reach, Scanner, Stretches

_MAX_ANSWERS = 4096
_AT_ONCE = 400
"""Expressions that are kept compiled: a large tree needs some four hundred, which take 10 MB."""
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


@lru_cache(maxsize=_AT_ONCE)
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


_NEAR = 2048
"""Bytes that matches of an expression may take for it to be looked for near its fragments only."""


class RegexSet:
    """Regular expressions that are looked for together: one pass over a text tells where which of them can occur.

    They may be in parts, each with a pass of its own, for texts of which only some are asked.
    """

    __slots__ = ("_loose", "_parts", "_reaches", "_sources")

    def __init__(
        self,
        sources: tuple[str, ...],
        parts: tuple[_Sieve, ...],
        reaches: Mapping[int, Reach],
        loose: Mapping[int, str],
    ) -> None:
        self._sources = sources
        self._parts = parts
        self._reaches = reaches  # see Scanner
        self._loose = loose  # see Traits

    @classmethod
    def compile(cls, regexes: Iterable[Regex], parts: Sequence[int] = ()) -> RegexSet:
        """Compile expressions, each of which must be valid; ``parts`` has the number of each one's part, from 0 on."""
        from guardrails.fragments import traits  # noqa: PLC0415 - a plan from the cache has no use for it

        expressions = list(regexes)
        reaches: dict[int, Reach] = {}
        loosened: dict[int, str] = {}
        trails: dict[int, str] = {}
        divided: defaultdict[int, dict[int, tuple[str, ...]]] = defaultdict(dict)
        for number, (regex, part) in enumerate(zip(expressions, parts or [0] * len(expressions), strict=True)):
            fragments, width, lead, is_inline, loose, trail = traits(*regex)
            if width is not None and lead is not None and width <= _NEAR:
                reaches[number] = lead, width
            elif is_inline:
                reaches[number] = None
            if loose:
                loosened[number] = regex.flags + loose
            if trail:
                trails[number] = trail
            divided[part][number] = fragments or ("",)
        sources = tuple(regex.flags + regex.pattern for regex in expressions)
        sieves = (_Sieve.compile(divided[part], reaches, trails) for part in range(max(divided, default=-1) + 1))
        return cls(sources, tuple(sieves), reaches, loosened)

    def prepare(self) -> None:
        """Make ready for many texts, which takes as long as sieving some megabytes."""
        for part in self._parts:
            part.prepare()

    def stretches(self, text: bytes, parts: Iterable[int] | None = None) -> dict[int, Stretches]:
        """Where the expressions that can occur in ``text`` can begin: all that do, and few that do not."""
        found: dict[int, Stretches] = {}
        for part in self._parts if parts is None else (self._parts[number] for number in parts):
            found |= part.stretches(text)
        return found

    def find(self, number: int, text: bytes, stretches: Stretches) -> Iterator[Any]:
        """The matches of an expression that begin there, as ``re2`` has them, none of which overlap."""
        loose = _compiled(self._loose[number]) if number in self._loose else None
        reach = self._reaches.get(number, (0, len(text)))
        width = reach[1] if reach else 0  # a stretch of lines ends with a line, and so do its matches
        behind = 0
        for start, end in stretches:
            begin = max(start, behind)
            if loose:  # most stretches have no match, and no match begins before the first loose one
                likely = loose.search(text, begin, end + width)
                if not likely:
                    continue
                begin = likely.start()
            for match in self[number].finditer(text, begin, end + width):
                if match.start() >= end:
                    break
                behind = match.end()
                yield match

    def __getitem__(self, number: int) -> Any:
        """The expression as ``re2`` has it, for bytes."""
        return _compiled(self._sources[number])

    def __reduce__(self) -> tuple[Any, ...]:
        return RegexSet, (self._sources, self._parts, self._reaches, self._loose)


_FEW = 1 << 17
"""Bytes of text, up to which it takes longer to make an automaton of fragments than to do without."""


class _Sieve:
    """Tells in one pass over a text which expressions of many can occur in it, and where.

    The pass looks for fragments that a match must hold, so an expression is compiled when a text has those of its own.
    RE2 does it, for the first texts by strings of the fragments, since their automaton is ready at once; for many texts
    Hyperscan. All are but the sieve: matches are found by RE2, and they are the same whatever the sieve is.
    """

    __slots__ = ("_fragments", "_left", "_reaches", "_scanner", "_set", "_strings", "_strings_set", "_trails", "_uses")

    def __init__(
        self,
        fragments: tuple[str, ...],
        uses: tuple[tuple[tuple[int, ...], ...], ...],
        strings: Mapping[str, Sequence[int]],
        reaches: Mapping[int, Reach],
        trails: Mapping[int, str],
    ) -> None:
        self._fragments = fragments
        self._uses = uses  # for each fragment, the expressions that it is for, with the other fragments of theirs
        self._strings = strings  # with the fragments of which some matches hold them; all matches hold one
        self._reaches = reaches
        self._trails = trails  # of some expressions, see Traits
        self._set: Any = None
        self._strings_set: Any = None
        self._left = _FEW
        self._scanner: Scanner | None = None

    @classmethod
    def compile(
        cls, expressions: Mapping[int, Sequence[str]], reaches: Mapping[int, Reach], trails: Mapping[int, str]
    ) -> _Sieve:
        """A sieve for the expressions of some numbers, by the fragments of each."""
        import re2  # noqa: PLC0415

        from guardrails.fragments import strings  # noqa: PLC0415 - see above

        numbers: dict[str, int] = {}
        uses: dict[int, list[tuple[int, ...]]] = {}
        for number, fragments in expressions.items():
            first, *others = (numbers.setdefault(each, len(numbers)) for each in fragments)
            uses.setdefault(first, []).append((number, *others))
        held: defaultdict[str, list[int]] = defaultdict(list)
        for fragment, number in numbers.items():
            for string in strings(fragment):
                held[string].append(number)
        every = tuple(tuple(uses.get(number, ())) for number in range(len(numbers)))
        sieve = cls(tuple(numbers), every, dict(held), reaches, trails)
        try:
            sieve._compile()
        except re2.error:  # too many fragments
            return cls(("",), (tuple((number,) for number in expressions),), {"": [0]}, reaches, {})
        return sieve

    def prepare(self) -> None:
        """See RegexSet."""
        if self._scanner is None:
            from guardrails.scanner import scanner  # noqa: PLC0415 - most runs are small

            self._scanner = scanner(self._fragments, self._uses, self._reaches, self._trails)

    def stretches(self, text: bytes) -> dict[int, Stretches]:
        """See RegexSet."""
        if self._scanner:
            return self._scanner.stretches(text, self._candidates)
        return dict.fromkeys(self._candidates(text), ((0, len(text) + 1),))

    def _candidates(self, text: bytes) -> Iterator[int]:
        """The expressions all of whose fragments RE2 finds in a text."""
        there = frozenset(self._there(text))
        for fragment in there:
            for number, *others in self._uses[fragment]:
                if not others or there.issuperset(others):
                    yield number

    def _there(self, text: bytes) -> Iterable[int]:
        """The fragments that are in a text."""
        self._left -= len(text)
        if self._set or self._left < 0:
            return (self._set or self._compile()).Match(text) or ()
        if self._strings_set is None:
            self._strings_set = _search_set((f"(?i){string}" for string in self._strings), _MEMORY)
        held = list(self._strings.values())
        likely = {number for string in self._strings_set.Match(text) or () for number in held[string]}
        return [number for number in likely if _compiled(self._fragments[number]).search(text)]

    def _compile(self) -> Any:
        self._set = _search_set(self._fragments, _MEMORY)
        return self._set

    def __reduce__(self) -> tuple[Any, ...]:
        return _Sieve, (self._fragments, self._uses, self._strings, self._reaches, self._trails)


def _search_set(patterns: Iterable[str | bytes], memory: int, *, of_bytes: bool = False) -> Any:
    """Patterns that RE2 looks for together, in UTF-8 or in any bytes; raises an error of its own for too many."""
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    if of_bytes:
        options.encoding = re2.Options.Encoding.LATIN1
        options.dot_nl = True
    found = re2.Set.SearchSet(options)
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    return found


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

        memory = _MEMORY + _MEMORY_PER_BYTE * sum(map(len, self._regexes))
        try:
            self._set = _search_set(self._regexes, memory, of_bytes=True)  # as git has paths
        except re2.error:
            raise ValueError("the globs are too many, or too long, to be matched together") from None
        return self._set

    def __reduce__(self) -> tuple[Any, ...]:
        return GlobSet, (self._regexes, self._uses)
