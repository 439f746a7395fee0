"""Words of policies that a run needs when its rules are compiled already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.policy.terms import day, did_you_mean, names_of


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2026-01-31", True),
        ("2024-02-29", True),
        ("9999-12-31", True),
        *(
            (text, False)
            for text in (
                "", "2026-1-31", "20260131", "2026-W05-6", "2026-02-29", "0000-01-01", "2026-01-31T00:00", "2026-01-31Z",
                "+2026-01-31", "2026-01-31\n", "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0663\u0661", "never", "31.01.2026", "2026-13-01", "2026-01-32", "inf",
            )
        ),
    ],
)  # fmt: skip
def test_days(text, known):
    assert (day(text) is not None) is known


@given(st.text())
def test_any_other_text_is_no_day(text):
    assert day(text) is None or len(text) == 10


def test_hints_name_what_was_meant():
    names = names_of(["limits/small", "limits/large", "branches/main"])
    assert names == ["branches", "branches/main", "limits", "limits/large", "limits/small"]
    assert did_you_mean("limits/smal", names, "else") == "did you mean 'limits/small'?"
    assert did_you_mean("zzz", names, "else") == "else"
    assert did_you_mean("zzz", names) == ""
