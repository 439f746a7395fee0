"""libyaml by way of PyYAML's extension, without the package around it.

The package brings its own parser, resolver, constructor and emitter: most of the time that a commit spends on importing
YAML, and none of it is used here. The extension only wants the classes of the errors that these would raise; so it
gets stand-ins, that are errors of PyYAML like any other. Whoever imports ``yaml`` afterwards gets all of it, with the
same extension.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

_ERRORS = {
    "reader": "ReaderError",
    "scanner": "ScannerError",
    "parser": "ParserError",
    "composer": "ComposerError",
    "constructor": "ConstructorError",
    "emitter": "EmitterError",
    "serializer": "SerializerError",
    "representer": "RepresenterError",
}
"""The errors that the extension raises, by the modules that it takes them from."""


def _extension() -> ModuleType:
    if "yaml" in sys.modules or "yaml._yaml" in sys.modules:
        return import_module("yaml._yaml")  # Somebody has paid for the package already.
    from importlib.machinery import PathFinder  # noqa: PLC0415 - as above
    from types import ModuleType  # noqa: PLC0415

    spec = PathFinder.find_spec("yaml")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("the package PyYAML is not installed")
    package = sys.modules["yaml"] = ModuleType("yaml")
    package.__path__ = spec.submodule_search_locations
    try:
        return _with_stand_ins(package)
    finally:
        del sys.modules["yaml"]


def _with_stand_ins(package: ModuleType) -> ModuleType:
    """The extension, loaded while ``package`` stands in the place of PyYAML."""
    for module in ("error", "events", "nodes", "tokens"):  # What the extension makes its results of.
        import_module(f"yaml.{module}")
    errors: Any = sys.modules["yaml.error"]
    for module, name in _ERRORS.items():
        base: Any = _ReaderError if module == "reader" else errors.MarkedYAMLError
        bases = (base, errors.YAMLError) if module == "reader" else (base,)
        setattr(package, module, type("Errors", (), {name: type(name, bases, {})}))
    return import_module("yaml._yaml")


class _ReaderError:
    """Says which character cannot stand in YAML, with the attributes of PyYAML's own."""

    def __init__(self, name: str, position: int, character: Any, encoding: str, reason: str) -> None:
        self.name = name
        self.position = position
        self.character = character
        self.encoding = encoding
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}: {self.character!r} at {self.position}"


_LOADED: Any = _extension()
_EVENTS: Any = sys.modules["yaml.events"]
_ERRORS_OF_ALL: Any = sys.modules["yaml.error"]

CParser: Any = _LOADED.CParser
ReaderError: Any = _LOADED.ReaderError
YAMLError: type[Exception] = _ERRORS_OF_ALL.YAMLError
MarkedYAMLError: Any = _ERRORS_OF_ALL.MarkedYAMLError
AliasEvent: Any = _EVENTS.AliasEvent
DocumentStartEvent: Any = _EVENTS.DocumentStartEvent
MappingEndEvent: Any = _EVENTS.MappingEndEvent
MappingStartEvent: Any = _EVENTS.MappingStartEvent
ScalarEvent: Any = _EVENTS.ScalarEvent
SequenceEndEvent: Any = _EVENTS.SequenceEndEvent
