"""``resembles``: names that are one slip of the pen away from others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.checks.cel_functions import FUNCTIONS

resembles = FUNCTIONS["resembles"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("action", "actions"),
        ("acttions", "actions"),
        ("actionz", "actions"),
        ("xctions", "actions"),
        ("actoins", "actions"),
        ("ations", "actions"),
        ("ctions", "actions"),
        ("caations", ""),
        ("actio", ""),
        ("actions", ""),
        ("", ""),
        ("b", "a"),
    ],
)
def test_one_slip(text: str, found: str) -> None:
    assert resembles(text, ["actions", "a" * (text == "b")]) == found


_NAMES = st.text(alphabet="abc", max_size=6)


@given(_NAMES, _NAMES)
def test_it_is_the_distance_of_one_edit(text: str, other: str) -> None:
    near = {text[:i] + text[i + 1 :] for i in range(len(text))}
    near |= {text[:i] + char + text[i + cut :] for i in range(len(text) + 1) for char in "abc" for cut in (0, 1)}
    near |= {text[:i] + text[i : i + 2][::-1] + text[i + 2 :] for i in range(len(text))}
    assert (resembles(text, [other]) == other != "") == (other in near - {text} and other != "")
