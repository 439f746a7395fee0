"""Policies and the settings of every folder become decided rules, ready to be compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from guardrails import config
from guardrails.config import Layer, Origin
from guardrails.decisions import Decision, decide
from guardrails.engine.compiler import Decided, compile_plan, rebase
from guardrails.engine.options import Options
from guardrails.engine.plan import UNPARSABLE, Registry, Setting
from guardrails.errors import ConfigError, UsageError, UserError, UserErrors
from guardrails.matching import GlobSet
from guardrails.policy import loading, packs
from guardrails.policy.model import Policy, Rule
from guardrails.policy.terms import BUILTIN, SETTINGS, Source, selects
from guardrails.repository.entry import Snapshot
from guardrails.tuples import NamedTuple


class Settled(NamedTuple):
    """All rules that are known, and the layers of settings over them."""

    policies: tuple[Policy, ...]
    layers: tuple[Layer, ...]
    """Sorted by folder, so that an outer one stands before those inside it."""
    options: Options
    packs: tuple[str, ...]
    """The packs that the policies come from, by the names that settings have for them."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all policies."""
        return tuple(rule for policy in self.policies for rule in policy.rules)

    @property
    def folders(self) -> tuple[str, ...]:
        """The root, and the folders with settings of their own."""
        return tuple(sorted({"", *(layer.folder for layer in self.layers)}))

    def layers_of(self, folder: str) -> tuple[Layer, ...]:
        """The layers that have a say in a folder, outermost first."""
        return tuple(
            layer for layer in self.layers if not layer.folder or (folder + "/").startswith(layer.folder + "/")
        )

    def decision(self, rule: Rule, folder: str) -> Decision:
        """How the rule stands in a folder; raises UserErrors where a final setting is loosened."""
        profile = (self.options.profile, Origin("the command line")) if self.options.profile else None
        decision = decide(rule, self.layers_of(folder), profile)
        if self.options.history and not rule.history:
            return decision._replace(enabled=False, origins={**decision.origins, "enabled": Origin("--history")})
        if any(selects(selector, rule.id) for selector in self.options.ignore):
            return decision._replace(enabled=False, origins={**decision.origins, "enabled": Origin("--ignore")})
        if self.options.select:
            # What a selected rule could not judge has to be told, so the engine's own rule is always among them.
            chosen = rule.id == UNPARSABLE or any(selects(selector, rule.id) for selector in self.options.select)
            return decision._replace(enabled=chosen, origins={**decision.origins, "enabled": Origin("--select")})
        return decision


def settle(snapshot: Snapshot, config_files: Mapping[str, bytes], options: Options, registry: Registry) -> Settled:
    """Load all policies and settings; raises UserErrors with every error of every file."""
    errors: list[UserError] = []
    layers = _layers(config_files, errors)
    named = next((layer for layer in layers if not layer.folder), None)
    chosen = (named.packs if named else ()) or (BUILTIN,)
    sources = _sources(snapshot, named, chosen, options, registry, errors)
    policies, broken = loading.load_valid(sources)
    settled = Settled(policies, layers, options, chosen)
    if not (errors or broken):  # What is missing because of them would be told as unknown.
        errors += config.selector_errors(layers, settled.rules)
        errors += _option_errors(settled)
    errors += broken
    for folder in settled.folders:
        for rule in settled.rules:
            try:
                settled.decision(rule, folder)
            except UserErrors as found:
                errors += found.errors
    if errors:
        errors += _compile_errors(settled, registry)
        raise UserErrors(errors)
    return settled


def _sources(
    snapshot: Snapshot,
    named: Layer | None,
    chosen: Sequence[str],
    options: Options,
    registry: Registry,
    errors: list[UserError],
) -> list[Source]:
    """The policy files of all packs and of the command line; what is not there is added to ``errors``."""
    readers = [partial(_pack, snapshot, pack, named, registry) for pack in chosen]
    readers += [partial(_given, path) for path in options.policies]
    sources: list[Source] = []
    for read in readers:
        try:
            sources += read()
        except UserError as error:
            errors.append(error)
    if BUILTIN not in chosen:
        sources += packs.engine_policies()
    return sources


def _given(path: str) -> list[Source]:
    return list(packs.read_files(path, packs.policy_files(path)))


def _compile_errors(settled: Settled, registry: Registry) -> list[UserError]:
    """What is wrong inside the rules that did load, so that it is told along with the rest."""
    defaults = [
        Decided("", rule, Setting(rule.severity, rule.enforcement), default_parameters(rule), ())
        for rule in settled.rules
    ]
    try:
        compile_plan(defaults, registry)
    except UserErrors as found:
        return found.errors
    return []


def default_parameters(rule: Rule) -> dict[str, object]:
    """The parameters of a rule that nobody has set."""
    return {name: shape["default"] for name, shape in rule.parameters.items()}


def decided(settled: Settled) -> list[Decided]:
    """Every rule that is on, for every folder with settings of its own."""
    found: list[Decided] = []
    for folder in settled.folders:
        for rule in settled.rules:
            decision = settled.decision(rule, folder)
            if decision.enabled:
                setting = Setting(decision.severity, decision.enforcement)
                found.append(Decided(folder, rule, setting, decision.parameters, decision.exclude))
    return found


def _layers(files: Mapping[str, bytes], errors: list[UserError]) -> tuple[Layer, ...]:
    """The settings of all folders; files that an outer layer excludes have no say."""
    layers: list[Layer] = []
    excluded: list[str] = []
    taken: set[str] = set()
    for path in sorted(files, key=lambda path: (path.count("/"), path.rpartition("/")[0], _rank(path))):
        folder = path.rpartition("/")[0]
        if folder in taken:
            continue
        if excluded and GlobSet.compile([excluded]).match(path):
            continue
        layer = config.parse(path, files[path], errors)
        if layer is not None:
            taken.add(folder)
            layers.append(layer)
            excluded += [rebase(layer.folder, glob) for glob in layer.exclude]
    return tuple(sorted(layers, key=lambda layer: layer.folder))


def _rank(path: str) -> int:
    """The order in which the settings files of one folder are looked at."""
    return SETTINGS.index(path.rpartition("/")[2])


def _pack(snapshot: Snapshot, pack: str, named: Layer | None, registry: Registry) -> list[Source]:
    """The policy files of a pack; raises ConfigError for one that is not there."""
    if packs.is_folder(pack):
        found = list(packs.folder_sources(snapshot, pack))
        if not found:
            hint = "a pack is a folder of this repository that holds .yaml files"
            raise _pack_error(named, f"no policies in {pack}", hint)
        return found
    if pack == BUILTIN:
        folder = packs.builtin_folder()
    elif pack in registry.packs:
        folder = packs.package_folder(registry.packs[pack])
    else:
        known = ", ".join([BUILTIN, *registry.packs])
        raise _pack_error(named, f"no pack is named '{pack}'", f"installed: {known}; a folder is written ./{pack}")
    return list(packs.read_files(pack, packs.policy_files(folder), base=folder))


def _pack_error(layer: Layer | None, message: str, hint: str) -> ConfigError:
    return ConfigError(
        message, path=layer.path if layer else "", line=layer.lines.get("packs", 1) if layer else 0, hint=hint
    )


def _option_errors(settled: Settled) -> list[UserError]:
    """An error for each selector that selects nothing: a slip there would switch everything off in silence."""
    options = settled.options
    return [
        UsageError(f"no rule or policy is named '{selector}'", hint="`guardrails rules --off` lists them")
        for selector in dict.fromkeys(options.select + options.ignore)
        if not any(selects(selector, rule.id) for rule in settled.rules)
    ]
