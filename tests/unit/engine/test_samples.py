"""Samples match what they are sampled from."""

import re
from random import Random

import pytest

from guardrails.engine.samples import sample


@pytest.mark.parametrize(
    "pattern", ["[A-Z]{3}", "key-[0-9a-f]{100}", "key-[0-9a-f]{101}", "[ab]{250}", "(?:ab?){120,300}", "x{99,}", "a*"]
)
def test_it_matches(pattern: str) -> None:
    assert re.fullmatch(pattern, sample(pattern, Random(pattern)))


def test_it_is_the_same_for_the_same_seed() -> None:
    assert sample("[A-Za-z]{40}", Random("a")) == sample("[A-Za-z]{40}", Random("a"))
    assert sample("[A-Za-z]{40}", Random("a")) != sample("[A-Za-z]{40}", Random("b"))
