"""ISO dates in the files that are judged."""

from __future__ import annotations

from guardrails.policy.terms import day


def ordinal(text: str) -> int:
    """The number of a day written as YYYY-MM-DD; raises ValueError when it is no such day."""
    number = day(text)
    if number is None:
        raise ValueError(f"{text[:40]!r} is not a date, which is written YYYY-MM-DD")
    return number


def is_date(text: str) -> bool:
    """Whether a text is a day written as YYYY-MM-DD."""
    return day(text) is not None
