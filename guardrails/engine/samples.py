"""Texts that match a regular expression, for examples of what must not be committed, such as secrets."""

from __future__ import annotations

from random import Random
from typing import Any

import rstr

_AT_ONCE = 100
"""Most repetitions that rstr makes."""


def sample(pattern: str, random: Random) -> str:
    """A text that matches the expression, the same one for the same state of ``random``."""
    return str(_Sampler(random).xeger(pattern))


class _Sampler(rstr.Rstr):  # type: ignore[misc, unused-ignore]
    """Repeats as often as is asked for: rstr itself fails from 101 times on."""

    def _handle_repeat(self, start_range: int, end_range: int, value: Any) -> str:
        text = ""
        while start_range > _AT_ONCE:
            text += super()._handle_repeat(_AT_ONCE, _AT_ONCE, value)
            start_range, end_range = start_range - _AT_ONCE, end_range - _AT_ONCE
        return text + super()._handle_repeat(start_range, end_range, value)
