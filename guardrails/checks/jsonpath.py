"""JSONPath (RFC 9535): parsed by a library when a policy is compiled, evaluated here when files are judged.

Names, indices, slices, wildcards, descendants and plain filters, of which nearly all paths are made, need no library to
run. Other filters (``[?@.a > 1]``) do, which costs its import in each process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile
from typing import Any

from guardrails.checks.jsonpath_filters import PlainFilter, plain
from guardrails.documents.document import MAX_DEPTH, ParseError, Path
from guardrails.tuples import NamedTuple

MAX_SOURCE = 1_000
"""Longest path, in characters."""
MAX_NODES = 1_000_000
"""Most nodes that one segment of a path may select in one tree."""
_CONTAINERS = (dict, list)


class PathError(ValueError):
    """The text is not a JSONPath; ``hint`` says what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Filter(NamedTuple):
    """A filter, by the path it stands in: the library's own object does not pickle."""

    source: str
    segment: int
    selector: int

    def children(self, node: Node, root: Any) -> list[Node]:
        """The children of a node for which the filter holds."""
        from jsonpath_rfc9535 import JSONPathNode  # noqa: PLC0415 - few paths have a filter

        path, value = node
        selector = _query(self.source).segments[self.segment].selectors[self.selector]
        found = selector.resolve(JSONPathNode(value=value, location=path, parent=None, root=root))
        return [(child.location, child.value) for child in found]


Node = tuple[Path, Any]
Selector = str | int | slice | Filter | PlainFilter | None
"""A name, an index, a slice, a filter, or None for the wildcard."""
Segment = tuple[bool, tuple[Selector, ...]]
"""Whether the descendants are searched too, and what is selected of the children of each node."""


class JSONPath(NamedTuple):
    """A compiled path; picklable."""

    source: str
    stem: Path
    """The names, and indices from the front, that the path begins with."""
    segments: tuple[Segment, ...]
    """What follows."""


class Paths:
    """Many paths, by the names that they begin with: those whose names are not there cost nothing."""

    def __init__(self) -> None:
        self._trunk = _Branch()
        self._count = 0

    def add(self, path: JSONPath, about: Any) -> None:
        """Add a path, with what it is for."""
        for start in _starts(path):
            branch = self._trunk
            for name in start.stem:
                branch = branch.below.setdefault(str(name), _Branch())
            branch.ends.append((self._count, about, start))
            self._count += 1

    def reached(self, value: Any) -> list[_Reached]:
        """The paths whose names are in a value, in the order of adding, with the nodes that these lead to."""
        reached: list[_Reached] = []
        self._trunk.reach(((), value), reached)
        reached.sort(key=_rank)
        return reached


_End = tuple[int, Any, JSONPath]
"""The rank of a path, what it is for, and the path with those names as its stem."""
_Reached = tuple[_End, Node]


class _Branch:
    """The paths that begin with the same names."""

    __slots__ = ("below", "ends")

    def __init__(self) -> None:
        self.ends: list[_End] = []
        self.below: dict[str, _Branch] = {}

    def reach(self, node: Node, reached: list[_Reached]) -> None:
        """Add what is reached at a node and below."""
        reached += [(end, node) for end in self.ends]
        path, value = node
        if self.below and isinstance(value, dict):
            for name, branch in self.below.items():
                if name in value:
                    branch.reach(((*path, name), value[name]), reached)


def _rank(reached: _Reached) -> int:
    return reached[0][0]


def _starts(path: JSONPath) -> list[JSONPath]:
    """The path with only names in its stem; one for each name where these first leave a choice."""
    names = tuple(takewhile(lambda step: isinstance(step, str), path.stem))
    segments = (*((False, (step,)) for step in path.stem[len(names) :]), *path.segments)
    descend, choice = segments[0] if segments else (True, ())
    if descend or not all(isinstance(selector, str) for selector in choice):
        return [JSONPath(path.source, names, segments)]
    more = tuple(takewhile(lambda step: isinstance(step, str), _stem(segments[1:])))
    return [JSONPath(path.source, (*names, str(name), *more), segments[1 + len(more) :]) for name in choice]


class Tree:
    """A value to select from; many paths that search all descendants share one walk over them."""

    __slots__ = ("_containers", "_holders", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._containers: list[Node] = []
        self._holders: dict[Any, list[int]] = {}

    def select(self, path: JSONPath) -> Iterator[Node]:
        """The selected nodes in the order of RFC 9535; raises ParseError when there are too many."""
        value = self.value
        for step in path.stem:
            if isinstance(step, str):
                if not isinstance(value, dict) or step not in value:
                    return iter(())
            elif not isinstance(value, list) or step >= len(value):
                return iter(())
            value = value[step]
        return iter(self._below((path.stem, value), path))

    def select_all(self, paths: Paths) -> Iterator[tuple[Any, Iterable[Node]]]:
        """What was added with each path whose names are there, with the nodes it selects, in the order of adding.

        A path that leaves a choice of names comes once for each that is there, and raises as :meth:`select`.
        """
        for (_, about, path), node in paths.reached(self.value):
            yield about, self._below(node, path)

    def _below(self, node: Node, path: JSONPath) -> Iterable[Node]:
        """What a path selects below its stem."""
        nodes: Iterable[Node] = (node,)
        for number, (descend, selectors) in enumerate(path.segments):
            if descend:
                nodes = _descendants(nodes) if number or path.stem else self._holding(selectors)
            nodes = self._bounded(nodes, selectors, path)
        return nodes

    def _holding(self, selectors: tuple[Selector, ...]) -> Iterable[Node]:
        """The nodes of the whole tree that may have a child to select, each before what it holds."""
        if not self._containers:
            self._containers = list(_descendants([((), self.value)]))
            for number, (_, value) in enumerate(self._containers):
                if isinstance(value, dict):
                    for key in value:
                        self._holders.setdefault(key, []).append(number)
        if not all(isinstance(selector, str) for selector in selectors):
            return self._containers
        holders = [self._holders.get(selector, ()) for selector in selectors]
        numbers = holders[0] if len(holders) == 1 else sorted(set().union(*holders))
        return (self._containers[number] for number in numbers)

    def _bounded(self, nodes: Iterable[Node], selectors: tuple[Selector, ...], path: JSONPath) -> Iterator[Node]:
        count = 0
        for node in nodes:
            for selector in selectors:
                found = _children(node, selector, self.value)
                count += len(found)
                if count > MAX_NODES:
                    raise ParseError(f"{path.source} selects more than {MAX_NODES:,} nodes")
                yield from found


def _children(node: Node, selector: Selector, root: Any) -> list[Node]:
    path, value = node
    if isinstance(selector, tuple):
        return selector.children(node, root)
    if isinstance(value, dict):
        if selector is None:
            return [((*path, key), child) for key, child in value.items()]
        if isinstance(selector, str) and selector in value:
            return [((*path, selector), value[selector])]
    elif isinstance(value, list):
        size = len(value)
        if selector is None:
            return [((*path, index), child) for index, child in enumerate(value)]
        if isinstance(selector, int) and -size <= selector < size:
            return [((*path, selector % size), value[selector])]
        if isinstance(selector, slice) and selector.step != 0:
            return [((*path, index), value[index]) for index in range(*selector.indices(size))]
    return []


def _descendants(nodes: Iterable[Node]) -> Iterator[Node]:
    """Each node and all containers below it, before what they hold; nothing else has children to select."""
    for start in nodes:
        stack = [start]
        while stack:
            node = stack.pop()
            yield node
            path, value = node
            if isinstance(value, _CONTAINERS):
                items = value.items() if isinstance(value, dict) else enumerate(value)
                below = [((*path, key), child) for key, child in items if isinstance(child, _CONTAINERS)]
                stack += reversed(below)


def compile(source: str) -> JSONPath:
    """Check a path and make it ready to run; raises PathError."""
    from jsonpath_rfc9535 import JSONPathError  # noqa: PLC0415 - a cached plan never gets here

    if len(source) > MAX_SOURCE:
        raise PathError(f"the path is longer than {MAX_SOURCE} characters")
    try:
        query = _query(source)
    except JSONPathError as error:
        column = f" at column {error.token.index + 1}" if error.token else ""
        raise PathError(f"{error.args[0]}{column}", _hint(source, error.args[0])) from None
    except RecursionError:
        raise PathError("the path is nested too deep") from None
    segments = _segments(query, source)
    stem = _stem(segments)
    return JSONPath(source, stem, segments[len(stem) :])


def _stem(segments: Iterable[Segment]) -> Path:
    stem: list[str | int] = []
    for descend, (first, *others) in segments:
        if descend or others or not isinstance(first, str | int) or (isinstance(first, int) and first < 0):
            break
        stem.append(first)
    return tuple(stem)


def _segments(query: Any, source: str) -> tuple[Segment, ...]:
    """The library's query as plain data."""
    from jsonpath_rfc9535 import segments, selectors  # noqa: PLC0415

    def compiled(selector: Any, segment: int, number: int) -> Selector:
        match selector:
            case selectors.NameSelector(name=name):
                return str(name)
            case selectors.IndexSelector(index=index):
                return int(index)
            case selectors.SliceSelector(slice=span):
                return slice(span.start, span.stop, span.step)
            case selectors.FilterSelector(expression=filter):
                test = plain(filter.expression)
                return PlainFilter(test) if test else Filter(source, segment, number)
        return None

    return tuple(
        (
            isinstance(part, segments.JSONPathRecursiveDescentSegment),
            tuple(compiled(selector, segment, number) for number, selector in enumerate(part.selectors)),
        )
        for segment, part in enumerate(query.segments)
    )


def _hint(source: str, message: str) -> str:
    if not source.startswith("$"):
        return "a path begins with $, the root: $.spec.containers[*]"
    if "found '-'" in message:
        return "put a name that has other characters than letters, digits and _ in brackets: $['app-name']"
    if "token '='" in message:
        return "compare with =="
    return ""


@lru_cache(maxsize=1024)
def _query(source: str) -> Any:
    return _environment().compile(source)


@lru_cache(maxsize=1)
def _environment() -> Any:
    """The library, with regular expressions that take linear time."""
    from jsonpath_rfc9535 import JSONPathEnvironment  # noqa: PLC0415
    from jsonpath_rfc9535.function_extensions import Match, Search  # noqa: PLC0415

    class WholeMatch(Match):
        def __call__(self, string: object, pattern: object) -> bool:
            return _matches("fullmatch", string, pattern)

    class AnyMatch(Search):
        def __call__(self, string: object, pattern: object) -> bool:
            return _matches("search", string, pattern)

    environment = JSONPathEnvironment()
    environment.max_recursion_depth = MAX_DEPTH + 1
    environment.function_extensions |= {"match": WholeMatch(), "search": AnyMatch()}
    return environment


def _matches(how: str, string: object, pattern: object) -> bool:
    from guardrails.matching import regex  # noqa: PLC0415 - few paths match text

    if not isinstance(string, str) or not isinstance(pattern, str):
        return False
    try:
        return getattr(regex(pattern), how)(string) is not None
    except ValueError:  # not a regular expression, or text that is not Unicode: RFC 9535 says no match
        return False
