"""Nodes of a YAML text, composed from the events of libyaml.

Events rather than PyYAML's own nodes: those outlive the parse, which costs four times the time (most of it in the
garbage collector), and composing them overruns the C stack on deep documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from guardrails.documents.places import TOO_DEEP, error
from guardrails.documents.yaml_scalars import CORE_TAGS, MERGE_TAGS, resolve, resolve_tagged
from guardrails.tuples import NamedTuple

MIN_EXPANSION, MAX_EXPANSION = 1_000_000, 4
"""Aliases may add so many characters to a document, or so many times its own length: whichever is more."""
MAX_KEY = 1000
"""Longest text of a key that is a collection."""


_Place = tuple[int, int, Any]
"""As :class:`guardrails.documents.places.Place`, and its entries, but quicker to make: each node needs one."""


class _Node(NamedTuple):
    """What an anchor names."""

    value: Any
    place: _Place
    event: Any
    """What the node begins with."""
    end: int
    size: int
    """How many characters the node stands for, those of the aliases in it too."""
    height: int


class Composer:
    """Composes plain values, and where they stand: what an alias gives, or a merge, stands where it is written out."""

    def __init__(self, text: str, *, unique_keys: bool = False) -> None:
        self._text = text
        self._unique_keys = unique_keys
        self._next: Callable[[], Any] = CParser(text).get_event
        self._anchors: dict[str, _Node | None] = {}  # None until the node of the anchor is complete
        self._added = 0
        self._limit = max(MIN_EXPANSION, MAX_EXPANSION * len(text))
        self._deepest = 0
        self._end = 0  # of the last node

    def documents(self) -> tuple[list[Any], list[_Place]]:
        """The nodes of all documents that are not empty."""
        values: list[Any] = []
        places: list[_Place] = []
        while (event := self._next()) is not None:
            if event.__class__ is DocumentStartEvent:
                event = self._next()
                value, place = self._node(event, 0)
                self._anchors.clear()
                if event.__class__ is not ScalarEvent or event.value or event.style or event.tag or event.anchor:
                    values.append(value)
                    places.append(place)
        return values, places

    def _node(self, event: Any, depth: int) -> tuple[Any, _Place]:
        """The node that begins with ``event``, inside of ``depth`` collections."""
        value: Any
        place: _Place
        kind = event.__class__
        if kind is AliasEvent:
            node = self._alias(event, depth)
            return node.value, node.place
        before = None if event.anchor is None else self._open(event, depth)
        if kind is ScalarEvent:
            self._end = event.end_mark.index
            value, place = self._scalar(event), (event.start_mark.index, self._end, None)
        elif depth == MAX_DEPTH:
            raise self._error(event, TOO_DEEP)
        else:
            self._deepest = max(self._deepest, depth + 1)
            collect = self._mapping if kind is MappingStartEvent else self._sequence
            value, place = collect(event, depth + 1)
        if before is not None:
            self._close(event, depth, value, place, before)
        return value, place

    def _sequence(self, start: Any, depth: int) -> tuple[list[Any], _Place]:
        values: list[Any] = []
        places: list[_Place] = []
        place: _Place
        next = self._next
        end = 0
        while (event := next()).__class__ is not SequenceEndEvent:
            if event.__class__ is ScalarEvent and event.anchor is None:
                end = event.end_mark.index
                values.append(event.value if event.style and event.tag is None else self._scalar(event))
                places.append((event.start_mark.index, end, None))
            else:
                value, place = self._node(event, depth)
                end = event.end_mark.index if event.__class__ is AliasEvent else place[1]
                values.append(value)
                places.append(place)
        self._end = event.end_mark.index
        return values, (start.start_mark.index, self._end if start.flow_style else end, places)

    def _mapping(self, start: Any, depth: int) -> tuple[dict[str, Any], _Place]:
        values: dict[str, Any] = {}
        places: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        place: _Place
        next = self._next
        end = 0
        while (key := next()).__class__ is not MappingEndEvent:
            scalar = key.__class__ is ScalarEvent
            if scalar and key.anchor is None:
                name, key_end = key.value, key.end_mark.index
            else:
                name, key_end = self._key(key, depth)
            event = next()
            if event.__class__ is ScalarEvent and event.anchor is None:
                value = event.value if event.style and event.tag is None else self._scalar(event)
                end = event.end_mark.index
                place = (event.start_mark.index, end, None)
            else:
                value, place = self._node(event, depth)
                end = event.end_mark.index if event.__class__ is AliasEvent else place[1]
            if name == "<<" and scalar and not key.style and key.tag in MERGE_TAGS:
                merged.update(self._merge(event, value, place))
            else:
                if self._unique_keys and name in values:
                    raise self._error(key, f"the key '{name}' stands twice in this mapping; keep one of them")
                values[name] = value
                places[name] = (key.start_mark.index, key_end, place)
        self._end = key.end_mark.index
        if merged:
            values = {**{name: value for name, (value, _) in merged.items()}, **values}
            places = {**{name: entry for name, (_, entry) in merged.items()}, **places}
        return values, (start.start_mark.index, self._end if start.flow_style else end, places)

    def _key(self, key: Any, depth: int) -> tuple[str, int]:
        """The name that an alias, a collection or an anchored scalar makes, and where the key ends."""
        if key.__class__ is AliasEvent:
            node = self._alias(key, depth)
            return self._name(node.event, node.end), key.end_mark.index
        self._node(key, depth)
        return self._name(key, self._end), self._end

    def _name(self, event: Any, end: int) -> str:
        """A node as the name of a key: the text as it is written."""
        if event.__class__ is ScalarEvent:
            return str(event.value)
        if end - event.start_mark.index > MAX_KEY:
            raise self._error(event, f"a key that is a collection can have {MAX_KEY} characters at most")
        return self._text[event.start_mark.index : end].strip()

    def _merge(self, event: Any, value: Any, place: _Place) -> dict[str, Any]:
        """The values, with their entries, that ``<<`` merges; the first of several mappings wins."""
        merged: dict[str, Any] = {}
        nodes = list(zip(value, place[2], strict=True)) if isinstance(value, list) else [(value, place)]
        for values, (_, _, places) in reversed(nodes):
            if not isinstance(values, dict):
                raise self._error(event, "'<<' merges a mapping or a list of mappings; put the key in quotes otherwise")
            merged.update({name: (item, places[name]) for name, item in values.items()})
        return merged

    def _open(self, event: Any, depth: int) -> tuple[int, int]:
        """Note that the node of an anchor begins; returns what :meth:`_close` needs."""
        before = (self._added, self._deepest)
        self._anchors[event.anchor] = None
        self._deepest = depth
        return before

    def _close(self, event: Any, depth: int, value: Any, place: _Place, before: tuple[int, int]) -> None:
        """Note that the node of an anchor is complete."""
        added, deepest = before
        size = self._end - event.start_mark.index + self._added - added
        self._anchors[event.anchor] = _Node(value, place, event, self._end, size, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)

    def _alias(self, event: Any, depth: int) -> _Node:
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
