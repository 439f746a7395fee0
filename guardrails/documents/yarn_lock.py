"""The format ``yarn-lock``: the lock files of Yarn, classic and modern ("berry").

The value of the document::

    {"version": int,
     "packages": [{"descriptors": [descriptor], "version", "dependencies": {name: range}, …}],
     "descriptors": {descriptor: version}}

The ``version`` of the file is 1 for classic, and more for modern ones, which are YAML. A descriptor is what something
asks for: ``left-pad@^1.3.0``, and in modern files ``left-pad@npm:^1.3.0``. What else a package has stays as written;
``resolution`` of a modern one is ``name@workspace:folder`` where it is part of the project.
"""

from __future__ import annotations

import re
from typing import Any, cast

from guardrails.documents.document import Document, Format, ParseError, Path, Root, Span
from guardrails.documents.places import Entry, Place, document, error

_MODERN = re.compile(r"^__metadata:", re.MULTILINE)
_LINE = re.compile(r"^(?P<indent> *+)(?P<line>[^ #\r\n][^\n]*)", re.MULTILINE)
_WORD = r'"(?:[^"\\]++|\\.)*+"|[^\s,:"][^\s,:]*+'
_KEYS = re.compile(rf"(?P<keys>(?:{_WORD})(?:, *+(?:{_WORD}))*+):\s*+$")
_PAIR = re.compile(rf"(?P<key>{_WORD}) (?P<value>[^\n]*)$")
_ONE = re.compile(_WORD)
_ESCAPE = re.compile(r"\\(.)")


class YarnLock:
    """The format."""

    name = "yarn-lock"
    paths: tuple[str, ...] = ("yarn.lock",)

    def parse(self, text: str) -> Document:
        """Parse a lock file of any version of Yarn; raises ParseError."""
        root = _modern(text) if _MODERN.search(text) else _classic(text)
        metadata = root.value.get("__metadata")
        keys = [key for key, entry in root.value.items() if isinstance(entry, dict) and key != "__metadata"]
        packages = [root.value[key] | {"descriptors": key.split(", ")} for key in keys]
        value = {
            "version": metadata.get("version", 0) if isinstance(metadata, dict) else 1,
            "packages": packages,
            "descriptors": {
                descriptor: package.get("version") for package in packages for descriptor in package["descriptors"]
            },
        }
        return Document((Root(value, _Locator(root, keys)),), text)


FORMAT: Format = YarnLock()


class _Locator:
    """Finds packages where the file has them: each below the descriptors that lead to it."""

    def __init__(self, root: Root, keys: list[str]) -> None:
        self._root = root
        self._keys = keys

    def span(self, path: Path, *, key: bool) -> Span | None:
        if len(path) < 2 or path[0] != "packages":
            return self._root.span()
        entry, fields = self._keys[cast("int", path[1])], path[2:]
        if not fields or fields[0] == "descriptors":
            return self._root.span((entry,), key=True)
        return self._root.span((entry, *fields), key=key)


def _modern(text: str) -> Root:
    from guardrails.documents.yaml import FORMAT as YAML  # noqa: PLC0415 - classic files do without

    root, *more = YAML.parse(text).roots
    if more or not isinstance(root.value, dict):
        raise ParseError("expected one mapping of packages; `yarn install` writes the file anew")
    return root


def _classic(text: str) -> Root:
    """The file as a mapping of the shape that modern ones have."""
    value, place = _read(text)
    return document(text, [value], lambda _: [place]).roots[0]


def _read(text: str) -> tuple[dict[str, Any], Place]:
    value: dict[str, Any] = {}
    entries: dict[str, Entry] = {}
    levels: list[tuple[dict[str, Any], dict[str, Entry]]] = [(value, entries)]
    for match in _LINE.finditer(text):
        depth, start = len(match["indent"]) // 2, match.start("line")
        if depth >= len(levels):
            raise error(text, start, "it is deeper than what it could belong to")
        del levels[depth + 1 :]
        values, places = levels[depth]
        if depth < 2 and (keys := _KEYS.match(match["line"])):
            key, end = ", ".join(map(_plain, _ONE.findall(keys["keys"]))), start + keys.end("keys")
            levels.append(({}, {}))
            values[key], children = levels[-1]
            places[key] = Entry(start, end, Place(end + 1, match.end(), children))
        elif depth and (pair := _PAIR.match(match["line"])):
            key, end = _plain(pair["key"]), start + pair.end("key")
            values[key] = _plain(pair["value"].rstrip())
            places[key] = Entry(start, end, Place(start + pair.start("value"), match.end()))
        else:
            raise error(text, start, "expected 'name@range:' or 'name value'; `yarn install` writes the file anew")
    return value, Place(0, len(text), entries)


def _plain(word: str) -> str:
    return _ESCAPE.sub(r"\1", word[1:-1]) if word.startswith('"') else word
