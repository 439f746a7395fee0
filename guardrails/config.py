"""The repository's own settings as they are written: one file per folder that wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrails.documents.document import ParseError, Root
from guardrails.errors import ConfigError, UserError, UserErrors
from guardrails.findings import Severity
from guardrails.policy.loading import (
    GLOB_HINT,
    glob_error,
    parse_yaml,
    schedule,
    schedule_errors,
    schema,
)
from guardrails.policy.model import Rule
from guardrails.policy.terms import Schedule, did_you_mean, names_of, selects
from guardrails.policy.validation import validate
from guardrails.tuples import NamedTuple


class Origin(NamedTuple):
    """The layer that decided something: a file and line, or words such as ``profile recommended``."""

    text: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.text}:{self.line}" if self.line else self.text


class Entry(NamedTuple):
    """What one file says under one key of ``rules``."""

    selector: str
    severity: Severity | None
    enforcement: Schedule | None
    parameters: Mapping[str, Any]
    exclude: tuple[str, ...]
    final: bool
    origin: Origin
    column: int


class Layer(NamedTuple):
    """The settings of one folder."""

    folder: str
    """Path of the folder, empty for the root."""
    path: str
    profile: str = ""
    packs: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    """From the least to the most specific selector."""
    final: frozenset[str] = frozenset()
    lines: Mapping[str, int] = {}


def parse(path: str, data: bytes, errors: list[UserError]) -> Layer | None:
    """The settings in a file, or None when it has none; what is wrong with them is added to ``errors``.

    Of a file with errors only the packs are kept, so that the errors in their policies are found as well.
    """
    folder = path.rpartition("/")[0]
    try:
        root = _root(path, data)
    except UserErrors as found:
        errors += found.errors
        return Layer(folder, path)
    if root is None:
        return None
    found_here = validate(root, schema("config"), path, ConfigError)
    if not found_here:
        found_here = list(_semantic_errors(root, path, folder))
    errors += found_here
    return _layer(root, path, folder) if not found_here else Layer(folder, path, packs=_packs(root), lines=_lines(root))


def _root(path: str, data: bytes) -> Root | None:
    return _toml_root(path, data) if path.endswith(".toml") else parse_yaml(data, path, ConfigError)


def _semantic_errors(root: Root, path: str, folder: str) -> Iterator[UserError]:
    """What the schema cannot say."""

    def error(message: str, *at: str | int, hint: str = "") -> ConfigError:
        span = root.span(at, key=isinstance(at[-1], str))
        return ConfigError(message, path=path, line=span.line, column=span.column, hint=hint)

    for selector, value in root.value.get("rules", {}).items():
        for message in schedule_errors(_mapping(value).get("enforcement", "off")):
            yield error(f"{selector}: {message}", "rules", selector)
    for at, globs in _globs(root.value):
        for position, glob in enumerate(globs):
            if message := glob_error(glob):
                yield error(message, *at, position, hint=GLOB_HINT)
    if folder and "packs" in root.value:
        hint = "name packs in the file at the root of the repository"
        yield error("packs cannot be set in a folder", "packs", hint=hint)


def _globs(value: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Sequence[str]]]:
    """Every list of globs in a file, by its path."""
    yield ("exclude",), value.get("exclude", ())
    for selector, setting in value.get("rules", {}).items():
        yield ("rules", selector, "exclude"), _mapping(setting).get("exclude", ())


def _lines(root: Root) -> dict[str, int]:
    keys = root.value if isinstance(root.value, dict) else ()
    return {key: root.span((key,), key=True).line for key in keys}


def _packs(root: Root) -> tuple[str, ...]:
    packs = root.value.get("packs") if isinstance(root.value, dict) else None
    return tuple(pack for pack in packs if isinstance(pack, str)) if isinstance(packs, list) else ()


def _layer(root: Root, path: str, folder: str) -> Layer:
    value = root.value
    entries = (_entry(root, path, selector) for selector in value.get("rules", {}))
    return Layer(
        folder=folder,
        path=path,
        profile=value.get("profile", ""),
        packs=_packs(root),
        exclude=tuple(value.get("exclude", ())),
        entries=tuple(sorted(entries, key=lambda entry: _specificity(entry.selector))),
        final=frozenset(value.get("final", ())),
        lines=_lines(root),
    )


def _toml_root(path: str, data: bytes) -> Root | None:
    from guardrails.documents.toml import FORMAT as TOML  # noqa: PLC0415 - not every repository has one

    try:
        (root,) = TOML.parse(data.decode("utf-8-sig", "replace")).roots
    except ParseError as error:
        raise UserErrors([ConfigError(error.message, path=path, line=error.line, column=error.column)]) from None
    tool = root.value.get("tool")
    if not isinstance(tool, dict) or "guardrails" not in tool:
        return None
    return root.at("tool", "guardrails")


def _mapping(value: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"enforcement": value} if isinstance(value, str) else value


def _entry(root: Root, path: str, selector: str) -> Entry:
    value = _mapping(root.value["rules"][selector])
    span = root.span(("rules", selector), key=True)
    return Entry(
        selector=selector,
        severity=Severity[value["severity"].upper()] if "severity" in value else None,
        enforcement=schedule(value["enforcement"]) if "enforcement" in value else None,
        parameters=value.get("parameters", {}),
        exclude=tuple(value.get("exclude", ())),
        final=value.get("final", False),
        origin=Origin(path, span.line),
        column=span.column,
    )


def _specificity(selector: str) -> tuple[int, int]:
    wild = any(char in selector for char in "*?[")
    return (0 if wild else 1 + ("/" in selector), len(selector))


def selector_errors(layers: Iterable[Layer], rules: Sequence[Rule]) -> list[UserError]:
    """An error for each key of ``rules`` that means no rule, and each parameter that none of its rules has."""
    errors: list[UserError] = []
    names = names_of(rule.id for rule in rules)
    for layer in layers:
        for entry in layer.entries:
            meant = [rule for rule in rules if selects(entry.selector, rule.id)]
            known = sorted({name for rule in meant for name in rule.parameters})
            wrong = [
                (f"{entry.selector}: parameter '{name}' is not one it has", f"it has: {', '.join(known) or 'none'}")
                for name in entry.parameters
                if meant and name not in known
            ]
            if not meant:
                hint = did_you_mean(entry.selector, names, "`guardrails rules --off` lists them")
                wrong = [(f"no rule or policy is named '{entry.selector}'", hint)]
            errors += [
                ConfigError(message, path=layer.path, line=entry.origin.line, column=entry.column, hint=hint)
                for message, hint in wrong
            ]
    return errors
