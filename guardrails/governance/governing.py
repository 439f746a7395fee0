"""What waivers, the baseline and a change to them say about themselves."""

from __future__ import annotations

from collections.abc import Iterable

from guardrails.engine.plan import Plan
from guardrails.engine.scan import Scan
from guardrails.findings import Finding
from guardrails.repository.change import Change
from guardrails.repository.entry import Snapshot


def govern(plan: Plan, snapshot: Snapshot, scan: Scan, date: str, change: Change | None) -> Iterable[Finding]:
    """The findings of the governance policy."""
    return ()
