"""References to code by name, so that naming a thing does not import it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

from guardrails.errors import PluginError

_K = TypeVar("_K")
_V = TypeVar("_V")


class Packed(Mapping[_K, _V]):
    """A mapping that pickles each value by itself, and takes it out when it is first asked for.

    A plan holds more than a thousand rules, of which a commit needs few.
    """

    __slots__ = ("_packed", "_values")

    def __init__(self, values: Mapping[_K, _V]) -> None:
        self._values = dict(values)
        self._packed: dict[_K, bytes] = {}

    def __getstate__(self) -> dict[_K, bytes]:
        return {key: pickle.dumps(self[key], pickle.HIGHEST_PROTOCOL) for key in self}

    def __setstate__(self, packed: dict[_K, bytes]) -> None:
        self._values = {}
        self._packed = packed

    def __getitem__(self, key: _K) -> _V:
        if key not in self._values and key in self._packed:
            self._values[key] = pickle.loads(self._packed[key])  # noqa: S301 - whoever unpickled us trusts the rest
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values or key in self._packed

    def __iter__(self) -> Iterator[_K]:
        return iter(self._packed or self._values)

    def __len__(self) -> int:
        return len(self._packed or self._values)


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
