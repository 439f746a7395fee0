"""References to code by name, so that naming a thing does not import it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

from guardrails.errors import PluginError
from guardrails.tuples import NamedTuple

_K = TypeVar("_K")
_V = TypeVar("_V")


class Packed(Mapping[_K, _V]):
    """A mapping that pickles a few neighbouring values together, and takes them out when one is first asked for.

    A plan holds more than a thousand rules, of which a commit needs few; neighbours are mostly of one policy, need each
    other, and say the same things.
    """

    __slots__ = ("_keys", "_packed", "_places", "_values")

    def __init__(self, values: Mapping[_K, _V]) -> None:
        self._values = dict(values)
        self._keys = list(values)
        self._places: dict[_K, int] = {}
        self._packed: list[bytes] = []

    def __getstate__(self) -> tuple[list[_K], list[bytes]]:
        groups = [[self[key] for key in self._group(start)] for start in range(0, len(self._keys), _TOGETHER)]
        return self._keys, [pickle.dumps(group, pickle.HIGHEST_PROTOCOL) for group in groups]

    def __setstate__(self, state: tuple[list[_K], list[bytes]]) -> None:
        self._keys, self._packed = state
        self._values = {}
        self._places = {key: number for number, key in enumerate(self._keys)}

    def __getitem__(self, key: _K) -> _V:
        if key not in self._values and key in self._places:
            place = self._places[key] // _TOGETHER
            values = pickle.loads(self._packed[place])  # noqa: S301 - whoever unpickled us trusts the rest
            self._values.update(zip(self._group(place * _TOGETHER), values, strict=True))
        return self._values[key]

    def _group(self, start: int) -> list[_K]:
        return self._keys[start : start + _TOGETHER]

    def __contains__(self, key: object) -> bool:
        return key in self._values or key in self._places

    def __iter__(self) -> Iterator[_K]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


_TOGETHER = 8
"""Values that are pickled together."""


class Reference(NamedTuple):
    """``package.module:ATTRIBUTE`` and the plugin that provides it."""

    name: str
    target: str
    plugin: str

    def load(self) -> Any:
        """Import what is referred to; raises PluginError that names the plugin."""
        module, _, attribute = self.target.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except Exception as error:
            raise PluginError(
                f"plugin {self.plugin}: {self.name} ({self.target}) cannot be loaded: {type(error).__name__}: {error}",
                hint=f"reinstall or remove the package that provides {self.plugin}",
            ) from error

    def broke(self, what: str, error: Exception) -> PluginError:
        """The error to raise when the code that was referred to crashed."""
        return PluginError(f"{what} '{self.name}' of plugin {self.plugin} broke: {type(error).__name__}: {error}")
