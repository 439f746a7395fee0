"""A policy as data: what the authors wrote, checked for shape, not yet compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guardrails.documents.document import Path
from guardrails.findings import Severity
from guardrails.policy.terms import Schedule, Waivable
from guardrails.tuples import NamedTuple


class Match(NamedTuple):
    """Which files a rule judges; an empty field does not narrow."""

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    max_size: int = 0
    """In bytes; 0 is unlimited."""


class Example(NamedTuple):
    """A file tree with the verdict that the rule gives on it."""

    fails: bool
    tree: Mapping[str, Any]
    at: tuple[str, ...]
    parameters: Mapping[str, Any]
    line: int
    date: str
    """The ISO date on which it is judged."""
    before: Mapping[str, Any] | None
    """The tree before the change that led to ``tree``; None where no change is judged."""
    commits: tuple[Mapping[str, str], ...]
    """``message`` and ``author`` of each commit of the change."""
    branch: str
    fixed: Mapping[str, Any] | None
    """The files that the fix of the rule changes, as it leaves them."""


class Rule(NamedTuple):
    """One checkable statement of a policy."""

    id: str
    """``policy/rule``."""
    title: str
    severity: Severity
    enforcement: Schedule
    profile: str
    match: tuple[Match, ...]
    """The policy's match and the rule's own; a file is judged when all of them hold."""
    kind: str
    block: Any
    message: str
    rationale: str
    remediation: str
    references: tuple[str, ...]
    controls: tuple[str, ...]
    waivable: Waivable
    fix: Any
    """How a finding is mended: True where the check kind knows, a mapping, or None for a rule without."""
    parameters: Mapping[str, Any]
    """JSON Schema of each parameter, with its default."""
    examples: tuple[Example, ...]
    category: str
    owner: str
    pack: str
    path: str
    """The policy file, as messages name it."""
    line: int
    history: int
    """The line that says that past commits are judged too; 0 where none says so."""
    places: Mapping[Path, tuple[int, int]]
    """Line and column of each node of ``block`` in the policy file, by its path in the block."""


class Policy(NamedTuple):
    """A standard with an owner and a rationale, made of rules."""

    id: str
    title: str
    category: str
    owner: str
    rationale: str
    rules: tuple[Rule, ...]
    pack: str
    path: str
