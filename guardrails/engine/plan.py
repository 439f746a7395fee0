"""Policies, settings and check kinds become a plan: everything a scan needs, compiled, frozen and picklable."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guardrails.checks.base import Inspector, RuleSet
from guardrails.findings import Severity
from guardrails.matching import GlobSet
from guardrails.policy.terms import RuleInfo, Schedule, selects
from guardrails.references import Reference
from guardrails.tuples import NamedTuple

if TYPE_CHECKING:
    from guardrails.fixing.rules import Fix

UNPARSABLE = "guardrails/unparsable-file"
"""The rule under which the engine itself reports files that do not parse."""


class Registry(NamedTuple):
    """What the installed plugins provide, by name."""

    kinds: Mapping[str, Reference]
    formats: Mapping[str, Reference]
    reporters: Mapping[str, Reference]
    packs: Mapping[str, Reference]


class Setting(NamedTuple):
    """How bad a rule's findings are in a folder, and what happens because of them."""

    severity: Severity
    enforcement: Schedule


class Conclusions(NamedTuple):
    """Which rules of a kind are judged over the whole repository."""

    rules: RuleSet
    fact_based: RuleSet
    """Those that need facts from every file."""
    change_based: RuleSet
    """Those that judge a change."""


class Gate(NamedTuple):
    """What has to hold of a path for a rule to judge it: numbers of glob lists."""

    folder: str
    all_of: tuple[int, ...]
    none_of: tuple[int, ...]
    formats: tuple[tuple[str, ...], ...]
    max_size: int


class Applied(NamedTuple):
    """What applies to a path."""

    rules: Mapping[str, RuleSet]
    """By check kind."""
    formats: frozenset[str]
    limits: tuple[tuple[int, RuleSet], ...]
    """Rules that apply only up to a size."""


class Plan:
    """Rules compiled for a repository; look-ups by path cost one scan of the path."""

    def __init__(
        self,
        *,
        infos: Mapping[str, RuleInfo],
        ids: Sequence[str],
        kinds: Mapping[str, RuleSet],
        inspectors: Mapping[str, bytes],
        conclusions: Mapping[str, Conclusions],
        settings: Mapping[tuple[str, str], Setting],
        gates: Mapping[Gate, RuleSet],
        globs: GlobSet,
        formats: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]],
        fixes: bytes,
        registry: Registry,
        folders: Iterable[str],
        known: Iterable[str] = (),
        digests: Sequence[bytes] = (),
    ) -> None:
        self.identity = ""
        """A digest of everything in it, and of the code that judges by it; set by the compiler."""
        self.digests = digests
        """For each rule, of all that decides what it finds in a file that it applies to."""
        self.infos = infos
        self.ids = ids
        self.kinds = kinds
        self.registry = registry
        self.conclusions = conclusions
        self._inspectors = inspectors
        self._settings = settings
        self._gates = gates
        self._globs = globs
        self._formats = formats
        self._fixes = fixes
        self._known = "\n".join(known)  # one text pickles faster than hundreds
        self._folders = sorted({"", *folders}, key=len, reverse=True)
        self._loaded: dict[str, Inspector] = {}
        self._applied: dict[tuple[str, frozenset[int]], Applied] = {}
        self._stood: dict[tuple[str, str, frozenset[int]], bool] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": {}, "_applied": {}, "_stood": {}}

    def inspector(self, kind: str) -> Inspector:
        """The compiled rules of a kind; their code is imported when first asked for."""
        inspector = self._loaded.get(kind)
        if inspector is None:
            inspector = self._loaded[kind] = pickle.loads(self._inspectors[kind])  # noqa: S301 - our own bytes
        return inspector

    def fixes(self) -> dict[int, Fix]:
        """How findings are mended, by the numbers of the rules that say so."""
        fixes: dict[int, Fix] = pickle.loads(self._fixes)  # noqa: S301 - our own bytes
        return fixes

    @property
    def known(self) -> tuple[str, ...]:
        """The ids of all rules of the chosen packs, also of those that are off."""
        return tuple(self._known.split("\n")) if self._known else tuple(self.infos)

    def meant(self, selector: str) -> list[str]:
        """The rules that a selector means, of all that are known."""
        return [rule for rule in self.known if selects(selector, rule)]

    def concluding(self) -> frozenset[str]:
        """The rules that are judged over the whole repository."""
        return frozenset(self.ids[number] for each in self.conclusions.values() for number in each.rules)

    def folder(self, path: str) -> str:
        """The nearest folder above ``path`` that has settings of its own."""
        return next(folder for folder in self._folders if not folder or path.startswith(folder + "/"))

    def setting(self, rule: str, path: str) -> Setting | None:
        """How a finding of the rule counts at ``path``; None where the rule is off."""
        return self._settings.get((self.folder(path), rule))

    def stands(self, rule: str, path: str) -> bool:
        """Whether a finding of the rule at ``path`` counts there: the rule is on and the path not excluded."""
        folder, lists = self.folder(path), self._globs.match(path)
        stands = self._stood.get((rule, folder, lists))
        if stands is None:
            stands = self._stood[rule, folder, lists] = (folder, rule) in self._settings and any(
                gate.folder == folder and lists.isdisjoint(gate.none_of)
                for gate, numbers in self._gates.items()
                if any(self.ids[number] == rule for number in numbers)
            )
        return stands

    def judging(self, path: str) -> RuleSet:
        """The rules that judge the file at ``path`` by itself, not the repository as a whole."""
        applied = self.applied(path).rules.items()
        return frozenset().union(*(rules - self.conclusions[kind].rules for kind, rules in applied))

    def applied(self, path: str) -> Applied:
        """The rules and formats of a path."""
        folder, lists = self.folder(path), self._globs.match(path)
        applied = self._applied.get((folder, lists))
        if applied is None:
            applied = self._applied[folder, lists] = self._apply(folder, lists)
        return applied

    def _apply(self, folder: str, lists: frozenset[int]) -> Applied:
        formats: set[str] = set()
        for name, (numbers, bases) in self._formats.items():  # Bases stand before their dialects.
            if lists.issuperset(numbers) and (not bases or formats.intersection(bases)):
                formats.add(name)
        rules: set[int] = set()
        limits = []
        for gate, numbers_of_gate in self._gates.items():
            if (
                gate.folder == folder
                and lists.issuperset(gate.all_of)
                and lists.isdisjoint(gate.none_of)
                and all(formats.intersection(names) for names in gate.formats)
            ):
                rules |= numbers_of_gate
                if gate.max_size:
                    limits.append((gate.max_size, numbers_of_gate))
        by_kind = {kind: numbers & rules for kind, numbers in self.kinds.items()}
        return Applied(
            rules={kind: numbers for kind, numbers in by_kind.items() if numbers},
            formats=frozenset(formats),
            limits=tuple(limits),
        )
