from __future__ import annotations

from collections.abc import Callable

import pytest

from guardrails.governance.verdict import BASELINED, WAIVED, Excuse, Judged, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.excuses import counted, told


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ((), ""),
        ((WAIVED,), "1 waived"),
        ((BASELINED, BASELINED), "2 in the baseline"),
        ((BASELINED, WAIVED, BASELINED), "1 waived, 2 in the baseline"),
    ],
)
def test_counts(
    judged: Callable[..., Judged],
    verdict_of: Callable[..., Verdict],
    rules: dict[str, RuleInfo],
    kinds: tuple[str, ...],
    words: str,
) -> None:
    excused = tuple(judged(rules["pin"], "a", excuse=Excuse(kind, "b")) for kind in kinds)
    assert counted(verdict_of(excused=excused)) == words


@pytest.mark.parametrize(
    ("excuse", "words"),
    [
        (Excuse(WAIVED, "w:1"), "waived (w:1)"),
        (Excuse(BASELINED, "b"), "in the baseline (b)"),
        (Excuse(WAIVED, "w:1", expires="2030-01-01"), "waived until 2030-01-01 (w:1)"),
        (Excuse(WAIVED, "w:1", approver="jo"), "waived, approver jo (w:1)"),
        (Excuse(WAIVED, "w:1", reason="  two\n  lines\n"), "waived (w:1): two lines"),
        (
            Excuse(WAIVED, "w:1", "why", "o", "a", "t", "2030-01-01"),
            "waived until 2030-01-01, owner o, approver a, ticket t (w:1): why",
        ),
    ],
)
def test_phrases(excuse: Excuse, words: str) -> None:
    assert told(excuse) == words
