"""Policies and the settings of every folder become decided rules, ready to be compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from guardrails import config
from guardrails.config import Decision, Layer, Origin
from guardrails.engine.compiler import Decided, rebase
from guardrails.engine.options import Options
from guardrails.engine.plan import UNPARSABLE, Registry, Setting
from guardrails.errors import ConfigError, UsageError, UserError, UserErrors
from guardrails.matching import GlobSet, PatternError
from guardrails.policy import loading, packs
from guardrails.policy.model import Policy, Rule
from guardrails.policy.terms import Source
from guardrails.repository.entry import FILE, Snapshot


class Settled(NamedTuple):
    """All rules that are known, and the layers of settings over them."""

    policies: tuple[Policy, ...]
    layers: tuple[Layer, ...]
    """Sorted by folder, so that an outer one stands before those inside it."""
    options: Options

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all policies."""
        return tuple(rule for policy in self.policies for rule in policy.rules)

    def layers_of(self, folder: str) -> tuple[Layer, ...]:
        """The layers that have a say in a folder, outermost first."""
        return tuple(
            layer for layer in self.layers if not layer.folder or (folder + "/").startswith(layer.folder + "/")
        )

    def decision(self, rule: Rule, folder: str) -> Decision:
        """How the rule stands in a folder; raises UserErrors where a final setting is loosened."""
        profile = (self.options.profile, Origin("the command line")) if self.options.profile else None
        decision = config.decide(rule, self.layers_of(folder), profile)
        if any(config.selects(selector, rule.id) for selector in self.options.ignore):
            return decision._replace(enabled=False, origins={**decision.origins, "enabled": Origin("--ignore")})
        if self.options.select:
            chosen = any(config.selects(selector, rule.id) for selector in self.options.select)
            return decision._replace(enabled=chosen, origins={**decision.origins, "enabled": Origin("--select")})
        return decision


def settle(
    snapshot: Snapshot, config_files: Mapping[str, bytes], options: Options, registry: Registry
) -> tuple[Settled, tuple[str, ...]]:
    """Load all policies and settings; also says which folders of the repository policies came from.

    Raises UserErrors with every error of every file.
    """
    errors: list[UserError] = []
    layers = _layers(config_files, errors)
    named = next((layer for layer in layers if not layer.folder), None)
    own = tuple(pack for pack in (named.packs if named else ()) if is_folder(pack))
    policies: tuple[Policy, ...] = ()
    try:
        policies = loading.load(_sources(snapshot, named, options, registry))
    except UserErrors as found:
        errors += found.errors
    else:
        errors += config.unknown_selectors(layers, [rule for policy in policies for rule in policy.rules])
    if errors:
        raise UserErrors(errors)
    settled = Settled(policies, layers, options)
    _check_options(settled)
    return settled, own


def decided(settled: Settled) -> list[Decided]:
    """Every rule that is on, for every folder with settings of its own; raises UserErrors."""
    found: list[Decided] = []
    errors: list[UserError] = []
    for folder in sorted({"", *(layer.folder for layer in settled.layers)}):
        for rule in settled.rules:
            try:
                decision = settled.decision(rule, folder)
            except UserErrors as broken:
                errors += broken.errors
                continue
            if decision.enabled or (rule.id == UNPARSABLE and not settled.options.select):
                setting = Setting(decision.severity, decision.enforcement)
                found.append(Decided(folder, rule, setting, decision.parameters, decision.exclude))
    if errors:
        raise UserErrors(errors)
    return found


def is_folder(pack: str) -> bool:
    """Whether a pack is named by a folder of the repository."""
    return pack.startswith(".") or "/" in pack


def pack_sources(snapshot: Snapshot, pack: str) -> Iterator[Source]:
    """The policy files of a folder of the repository, as the snapshot has them."""
    folder = "/".join(part for part in pack.split("/") if part not in {"", "."})
    for entry in snapshot.below(folder):
        if entry.kind == FILE and packs.is_policy(entry.path):
            yield Source(pack, entry.path, snapshot.read(entry))


def _layers(files: Mapping[str, bytes], errors: list[UserError]) -> tuple[Layer, ...]:
    """The settings of all folders; files that an outer layer excludes have no say."""
    layers: list[Layer] = []
    excluded: list[str] = []
    taken: set[str] = set()
    for path in sorted(files, key=lambda path: (path.count("/"), path.rpartition("/")[0], config_rank(path))):
        folder = path.rpartition("/")[0]
        if folder in taken:
            continue
        try:
            if excluded and GlobSet.compile([excluded]).match(path):
                continue
        except PatternError as error:
            errors.append(ConfigError(f"exclude: {error.message}", path=layers[-1].path))
            break
        layer = config.parse(path, files[path], errors)
        if layer is not None:
            taken.add(folder)
            layers.append(layer)
            excluded += [rebase(layer.folder, glob) for glob in layer.exclude]
    return tuple(sorted(layers, key=lambda layer: layer.folder))


def config_rank(path: str) -> int:
    """The order in which the settings files of one folder are looked at."""
    return config.FILE_NAMES.index(path.rpartition("/")[2])


def _sources(snapshot: Snapshot, named: Layer | None, options: Options, registry: Registry) -> Iterator[Source]:
    errors: list[UserError] = []
    for pack in (named.packs if named else ()) or (packs.BUILTIN,):
        if is_folder(pack):
            found = list(pack_sources(snapshot, pack))
            if not found:
                errors.append(
                    _pack_error(named, f"no policies in {pack}", "a folder of this repository that holds .yaml files")
                )
            yield from found
        elif pack == packs.BUILTIN:
            folder = packs.builtin_folder()
            yield from packs.read_files(pack, packs.policy_files(folder), base=folder)
        elif pack in registry.packs:
            folder = packs.package_folder(registry.packs[pack])
            yield from packs.read_files(pack, packs.policy_files(folder), base=folder)
        else:
            known = ", ".join([packs.BUILTIN, *registry.packs])
            errors.append(
                _pack_error(named, f"no pack is named '{pack}'", f"installed: {known}; a folder is written ./{pack}")
            )
    for path in options.policies:
        yield from packs.read_files(path, packs.policy_files(path))
    if errors:
        raise UserErrors(errors)


def _pack_error(layer: Layer | None, message: str, hint: str) -> ConfigError:
    return ConfigError(
        message, path=layer.path if layer else "", line=layer.lines.get("packs", 1) if layer else 0, hint=hint
    )


def _check_options(settled: Settled) -> None:
    """Refuse selectors that select nothing: a typing error there would switch everything off in silence."""
    options = settled.options
    wrong = [
        UsageError(f"no rule or policy is named '{selector}'", hint="`guardrails rules --profile all` lists them")
        for selector in _unique(options.select + options.ignore)
        if not any(config.selects(selector, rule.id) for rule in settled.rules)
    ]
    if wrong:
        raise UserErrors(wrong)


def _unique(values: Sequence[str]) -> Iterable[str]:
    return dict.fromkeys(values)
