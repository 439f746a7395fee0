"""What a run has to know of a policy when its rules are compiled already."""

from __future__ import annotations

from collections.abc import Iterable

from guardrails.findings import Enforcement, Severity
from guardrails.tuples import NamedTuple

PROFILES = ("recommended", "strict", "all")
"""Each profile holds the ones before it."""


BUILTIN = "builtin"
"""The name of the pack that is shipped."""

SETTINGS = (".guardrails.yaml", "pyproject.toml")
"""The files that may hold settings; in one folder the first that has any counts."""

WAIVERS, BASELINE = ".guardrails/waivers.yaml", ".guardrails/baseline"
"""The files that hold exceptions."""

MISNAMED = ".guardrails/waivers.yml"
"""A file that looks as if it did."""


class Schedule(NamedTuple):
    """Enforcement that may change on dates: ``(ISO date, level)`` in date order, from the empty date on."""

    steps: tuple[tuple[str, Enforcement], ...]

    def on(self, date: str) -> Enforcement:
        """The level on an ISO date."""
        return [level for start, level in self.steps if start <= date][-1]

    def blocks_from(self, date: str) -> str:
        """The first day after an ISO date on which it starts to block; empty when it does already, or never."""
        if self.on(date) is Enforcement.BLOCK:
            return ""
        return next((start for start, level in self.steps if start > date and level is Enforcement.BLOCK), "")


class Waivable(NamedTuple):
    """What a rule asks of a waiver; one that does not give it does not count."""

    allowed: bool = True
    inline: bool = True
    """Whether a comment or an annotation in the file will do."""
    max_days: int = 0
    """Longest time from the day it was created to the day it expires; 0 leaves that to the governance policy."""
    max_active: int = -1
    """How many may count at a time; -1 is any number."""
    require: tuple[str, ...] = ()
    """Of ``reason``, ``owner``, ``approver`` and ``ticket``."""
    approvers: tuple[str, ...] = ()
    """Who may approve: names, or ``codeowners:PATH`` for the owners of a path; anybody when it is empty."""


ANY_WAIVER = Waivable()
"""What rules that say nothing of waivers ask."""


class RuleInfo(NamedTuple):
    """What reports say about a rule."""

    id: str
    title: str
    severity: Severity
    category: str
    rationale: str
    remediation: str
    references: tuple[str, ...]
    controls: tuple[str, ...]
    owner: str
    kind: str
    policy_path: str
    waivable: Waivable
    history: bool = False
    """Whether it judges past commits, too."""


class Source(NamedTuple):
    """The text of one policy file."""

    pack: str
    path: str
    """As messages name it."""
    data: bytes


def selects(selector: str, rule: str) -> bool:
    """Whether a selector (rule id, policy id, or glob of rule ids) means the rule."""
    if selector in {rule, rule.partition("/")[0]}:
        return True
    from fnmatch import fnmatchcase  # noqa: PLC0415 - a run without settings and waivers selects nothing

    return fnmatchcase(rule, selector)


def did_you_mean(written: str, names: Iterable[str], otherwise: str = "") -> str:
    """The hint that names what was probably meant; where no name is close, the other hint."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for messages

    close = get_close_matches(written, list(names), n=1)
    return f"did you mean '{close[0]}'?" if close else otherwise


def names_of(rules: Iterable[str]) -> list[str]:
    """What rules may be called by: their ids and those of their policies, sorted."""
    return sorted({name for rule in rules for name in (rule, rule.partition("/")[0])})


def day(text: str) -> int | None:
    """The number of the day that an ISO date names, YYYY-MM-DD and no other form; None when it names none."""
    from datetime import date  # noqa: PLC0415 - a run without waivers and dated rules needs none

    # The library takes 20260401 and 2026-W14-3 too.
    if len(text) == 10 and text[4] == text[7] == "-":
        try:
            return date.fromisoformat(text).toordinal()
        except ValueError:
            pass
    return None
