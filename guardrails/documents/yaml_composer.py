"""Nodes of a YAML text, composed from the events of libyaml.

Events rather than PyYAML's own nodes: those outlive the parse, which costs four times the time (most of it in the
garbage collector), and composing them overruns the C stack on deep documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from guardrails.documents.document import MAX_DEPTH, ParseError
from guardrails.documents.libyaml import (
    AliasEvent,
    CParser,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from guardrails.documents.places import TOO_DEEP, Entry, Place, error
from guardrails.documents.yaml_scalars import CORE_TAGS, MERGE_TAGS, resolve, resolve_tagged

MIN_EXPANSION, MAX_EXPANSION = 1_000_000, 4
"""Aliases may add so many characters to a document, or so many times its own length: whichever is more."""
MAX_KEY = 1000
"""Longest text of a key that is a collection."""


class _Anchor(NamedTuple):
    node: Any
    event: Any
    """What the node begins with."""
    end: int
    size: int
    """How many characters the node stands for, those of the aliases in it too."""
    height: int


class Composer:
    """Composes plain values."""

    def __init__(self, text: str, *, unique_keys: bool = False) -> None:
        self._text = text
        self._unique_keys = unique_keys
        self._next: Callable[[], Any] = CParser(text).get_event
        self._anchors: dict[str, _Anchor | None] = {}  # None until the node of the anchor is complete
        self._added = 0
        self._limit = max(MIN_EXPANSION, MAX_EXPANSION * len(text))
        self._deepest = 0
        self._last: Any = None  # the event that completed a node

    def documents(self) -> list[Any]:
        """The nodes of all documents that are not empty."""
        nodes = []
        while (event := self._next()) is not None:
            if event.__class__ is DocumentStartEvent:
                event = self._next()
                node = self._node(event, 0)
                self._anchors.clear()
                if event.__class__ is not ScalarEvent or event.value or event.style or event.tag or event.anchor:
                    nodes.append(node)
        return nodes

    def _node(self, event: Any, depth: int) -> Any:
        """The node that begins with ``event``, inside of ``depth`` collections."""
        kind = event.__class__
        if kind is AliasEvent:
            return self._alias(event, depth).node
        before = None if event.anchor is None else self._open(event, depth)
        if kind is ScalarEvent:
            self._last = event
            node = self._scalar(event)
        elif depth == MAX_DEPTH:
            raise self._error(event, TOO_DEEP)
        else:
            self._deepest = max(self._deepest, depth + 1)
            node = self._mapping(event, depth + 1) if kind is MappingStartEvent else self._sequence(event, depth + 1)
        if before is not None:
            self._close(event, depth, node, before)
        return node

    def _sequence(self, start: Any, depth: int) -> Any:
        items = []
        while (event := self._next()).__class__ is not SequenceEndEvent:
            if event.__class__ is ScalarEvent and event.anchor is None:
                self._last = event
                items.append(self._scalar(event))
            else:
                items.append(self._node(event, depth))
        self._last = event
        return self._collection(items, start)

    def _mapping(self, start: Any, depth: int) -> Any:
        entries: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while (key := self._next()).__class__ is not MappingEndEvent:
            scalar = key.__class__ is ScalarEvent
            if scalar and key.anchor is None:
                name, end = key.value, key
            else:
                name, end = self._key(key, depth)
            event = self._next()
            if event.__class__ is ScalarEvent and event.anchor is None:
                self._last = event
                node = self._scalar(event)
            else:
                node = self._node(event, depth)
            if name == "<<" and scalar and not key.style and key.tag in MERGE_TAGS:
                merged.update(self._merge(event, node))
            else:
                if self._unique_keys and name in entries:
                    raise self._error(key, f"the key '{name}' stands twice in this mapping; keep one of them")
                entries[name] = self._entry(key, end, node)
        self._last = key
        return self._collection({**merged, **entries} if merged else entries, start)

    def _key(self, key: Any, depth: int) -> tuple[str, Any]:
        """The name that an alias, a collection or an anchored scalar makes, and the event that completes the key."""
        if key.__class__ is AliasEvent:
            anchor = self._alias(key, depth)
            return self._name(anchor.event, anchor.end), key
        self._node(key, depth)
        return self._name(key, self._last.end_mark.index), self._last

    def _name(self, event: Any, end: int) -> str:
        """A node as the name of a key: the text as it is written."""
        if event.__class__ is ScalarEvent:
            return str(event.value)
        if end - event.start_mark.index > MAX_KEY:
            raise self._error(event, f"a key that is a collection can have {MAX_KEY} characters at most")
        return self._text[event.start_mark.index : end].strip()

    def _merge(self, event: Any, node: Any) -> dict[str, Any]:
        """The entries that ``<<`` merges; the first of several mappings wins."""
        inside = self._inside(node)
        merged: dict[str, Any] = {}
        for entries in reversed([self._inside(item) for item in inside] if isinstance(inside, list) else [inside]):
            if not isinstance(entries, dict):
                raise self._error(event, "'<<' merges a mapping or a list of mappings; put the key in quotes otherwise")
            merged.update(entries)
        return merged

    def _open(self, event: Any, depth: int) -> tuple[int, int]:
        """Note that the node of an anchor begins; returns what :meth:`_close` needs."""
        before = (self._added, self._deepest)
        self._anchors[event.anchor] = None
        self._deepest = depth
        return before

    def _close(self, event: Any, depth: int, node: Any, before: tuple[int, int]) -> None:
        """Note that the node of an anchor is complete."""
        added, deepest = before
        end = self._last.end_mark.index
        size = end - event.start_mark.index + self._added - added
        self._anchors[event.anchor] = _Anchor(node, event, end, size, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)

    def _alias(self, event: Any, depth: int) -> _Anchor:
        """What an alias stands for, charged to the bounds of the document."""
        name = event.anchor
        if name not in self._anchors:
            raise self._error(event, f"*{name} has no anchor before it; put text that starts with '*' in quotes")
        anchor = self._anchors[name]
        if anchor is None:
            raise self._error(event, f"*{name} stands inside of the node that it stands for, which so has no end")
        self._added += anchor.size
        if self._added > self._limit:
            raise self._error(event, f"aliases add more than {self._limit} characters to the document")
        self._deepest = max(self._deepest, depth + anchor.height)
        if self._deepest > MAX_DEPTH:
            raise self._error(event, TOO_DEEP)
        return anchor

    def _error(self, event: Any, message: str) -> ParseError:
        return error(self._text, event.start_mark.index, message)

    def _scalar(self, event: Any) -> Any:
        try:
            if event.tag in CORE_TAGS:
                return resolve_tagged(event.value, event.tag)
            return event.value if event.style else resolve(event.value)
        except (ValueError, OverflowError) as problem:
            raise self._error(event, str(problem)) from None

    def _collection(self, content: dict[str, Any] | list[Any], _start: Any) -> Any:
        return content

    def _entry(self, _key: Any, _end: Any, node: Any) -> Any:
        return node

    def _inside(self, node: Any) -> Any:
        return node


class Places(Composer):
    """Composes places: a node that an alias gives, or a merge, stands where it is written out."""

    _end = 0  # of the last token that is written out: the end of a block is where the next thing begins

    def _scalar(self, event: Any) -> Place:
        self._end = event.end_mark.index
        return Place(event.start_mark.index, self._end)

    def _alias(self, event: Any, depth: int) -> _Anchor:
        self._end = event.end_mark.index
        return super()._alias(event, depth)

    def _collection(self, content: dict[str, Any] | list[Any], start: Any) -> Place:
        if start.flow_style:
            self._end = self._last.end_mark.index
        return Place(start.start_mark.index, self._end, content)

    def _entry(self, key: Any, end: Any, node: Place) -> Entry:
        return Entry(key.start_mark.index, end.end_mark.index, node)

    def _inside(self, node: Place) -> Any:
        return node.children
