"""Questions about paths that the listing of a repository answers without reading a file.

A hostile repository nests folders by the thousand, so nothing here keeps a string for each level of each path.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count

from guardrails.repository.entry import FILE, LINK, Entry

MAX_TARGET = 4096
"""Longest target of a symbolic link that is followed, in bytes, and most steps on the way: no system goes further."""
MAX_HOPS = 40
"""Most links that are followed one after the other, as systems do it."""


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def folder_of(path: str) -> str:
    """A path without its last part; empty at the root."""
    return path.rpartition("/")[0]


def join(folder: str, name: str) -> str:
    """The path of a name in a folder, the root being the empty folder."""
    return f"{folder}/{name}" if folder else name


def above(path: str) -> Iterator[str]:
    """The folders that lead to a path, the nearest first and the root last."""
    while path:
        path = folder_of(path)
        yield path


class Listing:
    """Views of all entries, each made when it is first asked for."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The names of the entries in each folder."""
        names: dict[str, list[str]] = {}
        for entry in self.entries:
            folder, _, name = entry.path.rpartition("/")
            names.setdefault(folder, []).append(name)
        return names

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {path: kind for path, kind, *_ in self.entries}

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self._kinds)

    def has_folder(self, path: str) -> bool:
        """Whether there is something below ``path``."""
        start = f"{path}/"
        position = bisect_left(self._paths, start)
        return position < len(self._paths) and self._paths[position].startswith(start)

    def leads_inside(self, path: str, targets: Mapping[str, str]) -> bool:
        """Whether the link at ``path`` leads to something in the repository, given the targets of links.

        Where that cannot be known, in a submodule or behind a link without a target, it is believed.
        """
        here = ""
        todo = path.split("/")[::-1]
        hops = steps = 0
        while todo:
            part = todo.pop()
            steps += 1
            if steps > MAX_TARGET or (part == ".." and not here):
                return False
            if part == "..":
                here = folder_of(here)
            elif part not in {"", "."}:
                there = join(here, part)
                kind = self._kinds.get(there)
                if kind is None:
                    if not self.has_folder(there):
                        return False
                    here = there
                elif kind == LINK and there in targets:
                    hops += 1
                    target = targets[there]
                    if hops > MAX_HOPS or len(target) > MAX_TARGET or target.startswith("/"):
                        return False
                    todo += target.split("/")[::-1]
                else:
                    return kind != FILE or not todo
        return True


def escapes(path: str, target: str) -> bool:
    """Whether the target of the link at ``path`` is absolute or climbs above the root, by its letters alone."""
    depth = path.count("/")
    for part in target.split("/"):
        depth += -1 if part == ".." else part not in {"", "."}
        if depth < 0:
            return True
    return target.startswith("/")


def folders_of(paths: Iterable[str]) -> Iterator[str]:
    """Each folder below the root that leads to one of the paths, once and in order."""
    previous: list[str] = []
    for folder in sorted({path[: path.rfind("/") + 1] for path in paths}):
        parts = folder.split("/")[:-1]
        for depth in range(_shared(previous, parts), len(parts)):
            yield "/".join(parts[: depth + 1])
        previous = parts


def collisions(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each path or folder with the earlier one beside it that is the same where letter case does not count."""
    first: dict[tuple[int, str], str] = {}
    folders = [0]  # the numbers of the folders that lead to the previous path
    previous: list[str] = []
    numbers = count(1)
    for path in sorted(set(paths)):
        parts = path.split("/")
        last = len(parts) - 1
        shared = last if parts[:-1] == previous[:-1] else _shared(previous, parts)
        del folders[shared + 1 :]
        for depth in range(shared, last + 1):
            name = parts[depth]
            other = first.setdefault((folders[depth], _folded(name)), name)
            if other != name:
                yield "/".join((*parts[:depth], name)), "/".join((*parts[:depth], other))
            if depth < last:
                folders.append(next(numbers))
        previous = parts


def _shared(previous: Sequence[str], parts: Sequence[str]) -> int:
    """How many leading parts are the same; as paths come sorted, the rest was not seen before."""
    for shared, (old, new) in enumerate(zip(previous, parts, strict=False)):
        if old != new:
            return shared
    return min(len(previous), len(parts))


def _folded(name: str) -> str:
    """The name as file systems compare it that ignore letter case and Unicode composition."""
    if not name.isascii():
        from unicodedata import normalize  # noqa: PLC0415 - its tables are large, and such names rare

        name = normalize("NFC", name)
    return name.lower()
