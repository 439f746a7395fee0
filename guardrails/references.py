"""References to code by name, so that naming a thing does not import it."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from guardrails.errors import PluginError


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
