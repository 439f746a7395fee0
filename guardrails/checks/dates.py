"""ISO dates in the files that are judged."""

from __future__ import annotations


def ordinal(text: str) -> int:
    """The number of a day written as YYYY-MM-DD; raises ValueError when it is no such day."""
    from datetime import date  # noqa: PLC0415 - few rules are about dates

    # The library takes 20260401 and 2026-W14-3 too.
    if len(text) == 10 and text[4] == text[7] == "-":
        try:
            return date.fromisoformat(text).toordinal()
        except ValueError:
            pass
    raise ValueError(f"{text[:40]!r} is not a date, which is written YYYY-MM-DD")


def is_date(text: str) -> bool:
    """Whether a text is a day written as YYYY-MM-DD."""
    try:
        ordinal(text)
    except ValueError:
        return False
    return True
