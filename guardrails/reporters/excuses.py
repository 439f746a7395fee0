"""How reports speak of findings that do not count: the waived ones, and those in the baseline."""

from __future__ import annotations

from guardrails.governance.verdict import BASELINED, WAIVED, Excuse, Verdict

TITLE = "Waived and in the baseline"

WORDS = {WAIVED: "waived", BASELINED: "in the baseline"}
"""How each kind of excuse is named."""


def counted(verdict: Verdict) -> str:
    """How many findings are excused in which way; empty when there is none."""
    counts = ((verdict.count_excused(kind), words) for kind, words in WORDS.items())
    return ", ".join(f"{count} {words}" for count, words in counts if count)


def told(excuse: Excuse) -> str:
    """The whole excuse in a phrase on one line; not yet safe to print."""
    dated = f"{WORDS[excuse.kind]} until {excuse.expires}" if excuse.expires else WORDS[excuse.kind]
    people = (("owner", excuse.owner), ("approver", excuse.approver), ("ticket", excuse.ticket))
    named = ", ".join((dated, *(f"{label} {value}" for label, value in people if value)))
    reason = reason_of(excuse)
    return f"{named} ({excuse.place})" + (f": {reason}" if reason else "")


def reason_of(excuse: Excuse) -> str:
    """The reason on one line, whatever way it was wrapped."""
    return " ".join(excuse.reason.split())
