"""How a rule stands in a folder: of the settings above it the nearest win, but for what an outer one made ``final``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guardrails.config import Entry, Layer, Origin
from guardrails.errors import ConfigError, UserError, UserErrors
from guardrails.findings import Enforcement, Severity
from guardrails.policy.loading import parameter_errors
from guardrails.policy.model import Rule
from guardrails.policy.terms import PROFILES, Schedule, selects
from guardrails.tuples import NamedTuple


class Decision(NamedTuple):
    """How a rule stands in a folder, and which layer decided each part."""

    enabled: bool
    severity: Severity
    enforcement: Schedule
    parameters: Mapping[str, Any]
    exclude: tuple[tuple[str, str], ...]
    """``(folder, glob)``: globs relative to folders."""
    origins: Mapping[str, Origin]
    """By ``enabled``, ``severity``, ``enforcement``, and each parameter's name."""


def decide(rule: Rule, layers: Sequence[Layer], profile: tuple[str, Origin] | None) -> Decision:
    """How the rule stands under ``layers``, outermost first; raises UserErrors where a final setting is loosened.

    ``profile`` overrides the layers' own, for one that comes from the command line or the environment.
    """
    state = _State(rule)
    for layer in layers:
        state.apply_layer(layer, overridden=profile is not None)
    if state.errors:
        raise UserErrors(state.errors)
    return state.decision(profile)


class _State:
    """A decision while layers are put over each other."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.severity = rule.severity
        self.enforcement = rule.enforcement
        self.named = False
        self.profile, self.profile_origin = PROFILES[0], Origin("profile recommended, the default")
        self.parameters = {name: shape["default"] for name, shape in rule.parameters.items()}
        self.exclude: list[tuple[str, str]] = []
        own = Origin(rule.path, rule.line)
        self.origins: dict[str, Origin] = dict.fromkeys(("severity", "enforcement", *rule.parameters), own)
        self.locked: Origin | None = None
        self.locked_profile = PROFILES[0]
        self.floor = (self.severity, self.enforcement, self.parameters)
        self.final: dict[str, Origin] = {}
        self.errors: list[UserError] = []

    def apply_layer(self, layer: Layer, *, overridden: bool) -> None:
        if layer.profile and not overridden:
            origin = Origin(layer.path, layer.lines["profile"])
            loosened = PROFILES.index(layer.profile) < PROFILES.index(self.profile)
            if "profile" in self.final and loosened:
                self._refuse(f"profile {self.profile} is final", self.final["profile"], origin)
            else:
                self.profile, self.profile_origin = layer.profile, origin
        if layer.exclude and "exclude" in self.final:
            origin = Origin(layer.path, layer.lines["exclude"])
            self._refuse("exclude is final", self.final["exclude"], origin)
        elif not self.locked:
            self.exclude += [(layer.folder, glob) for glob in layer.exclude]
        meant = [entry for entry in layer.entries if selects(entry.selector, self.rule.id)]
        for entry in meant:
            self._apply(entry, layer.folder)
        # Only now: what a file marks final binds those inside it, and not the rest of its own settings.
        if finals := [entry.origin for entry in meant if entry.final]:
            self.locked = self.locked or finals[-1]
            self.floor = (self.severity, self.enforcement, dict(self.parameters))
            self.locked_profile = max(self.locked_profile, self.profile, key=PROFILES.index)
        for key in layer.final:
            self.final.setdefault(key, Origin(layer.path, layer.lines["final"]))

    def _apply(self, entry: Entry, folder: str) -> None:
        locked = self.locked
        severity, enforcement, parameters = self.floor

        def refuse(what: str, by: Origin) -> None:
            self._refuse(f"{self.rule.id}: {what}", by, entry.origin, entry.column)

        if entry.severity is not None:
            if locked and entry.severity < severity:
                refuse(f"severity {severity.label} is final", locked)
            else:
                self.severity, self.origins["severity"] = entry.severity, entry.origin
        if entry.enforcement is not None:
            if locked and looser(entry.enforcement, enforcement):
                refuse("its enforcement is final", locked)
            else:
                self.enforcement, self.origins["enforcement"] = entry.enforcement, entry.origin
                self.named = True
        if entry.exclude:
            if by := locked or self.final.get("exclude"):
                refuse("its exclude is final", by)
            else:
                self.exclude += [(folder, glob) for glob in entry.exclude]
        for name, value in entry.parameters.items():
            if locked and name in parameters and value != parameters[name]:
                refuse(f"parameter '{name}' is final", locked)
            else:
                self._set_parameter(entry, name, value)

    def _set_parameter(self, entry: Entry, name: str, value: Any) -> None:
        shape = self.rule.parameters.get(name)
        if shape is None:
            return  # Some other rule of the selector has it, see selector_errors().
        for message in parameter_errors(shape, value):
            self._complain(f"{self.rule.id}: parameter '{name}' {message}", entry.origin, entry.column)
        self.parameters[name] = value
        self.origins[name] = entry.origin

    def _refuse(self, what: str, by: Origin, at: Origin, column: int = 1) -> None:
        hint = f"take the setting out, or ask the owner of {by.text}"
        self._complain(f"{what}, set in {by}, and cannot be loosened here", at, column, hint)

    def _complain(self, message: str, at: Origin, column: int, hint: str = "") -> None:
        self.errors.append(ConfigError(message, path=at.text, line=at.line, column=column, hint=hint))

    def decision(self, profile: tuple[str, Origin] | None) -> Decision:
        name, origin = profile or (self.profile, self.profile_origin)
        # A folder cannot switch a final rule off by choosing a smaller profile.
        widest = max(name, self.locked_profile, key=PROFILES.index)
        in_profile = PROFILES.index(self.rule.profile) <= PROFILES.index(widest)
        off = all(level is Enforcement.OFF for _, level in self.enforcement.steps)
        if off or (self.named and not in_profile):
            origin = self.origins["enforcement"]
        return Decision(
            enabled=not off and (in_profile or self.named),
            severity=self.severity,
            enforcement=self.enforcement,
            parameters=self.parameters,
            exclude=tuple(self.exclude),
            origins={**self.origins, "enabled": origin},
        )


def looser(new: Schedule, old: Schedule) -> bool:
    """Whether ``new`` is milder than ``old`` on any day."""
    dates = {start for start, _ in (*new.steps, *old.steps)}
    return any(new.on(date) < old.on(date) for date in dates)
