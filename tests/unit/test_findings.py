"""Fingerprints identify a finding and survive moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from guardrails.findings import Enforcement, Severity, fingerprint


def test_order_of_severities_and_enforcements():
    assert Severity.CRITICAL > Severity.HIGH > Severity.MEDIUM > Severity.LOW > Severity.INFO
    assert Enforcement.BLOCK > Enforcement.WARN > Enforcement.AUDIT > Enforcement.OFF
    assert (Severity.HIGH.label, Enforcement.BLOCK.label) == ("high", "block")


@given(st.text(), st.sampled_from([" ", "\t", "  ", "\r\n", "\n\n"]))
def test_white_space_does_not_count(evidence, space):
    spaced = space + space.join(evidence.split()) + space
    assert fingerprint("p/r", "a", evidence, 0) == fingerprint("p/r", "a", spaced, 0)


KEYS = st.tuples(st.text(), st.text(), st.text().map(lambda text: " ".join(text.split())), st.integers(0, 5))


@given(KEYS, KEYS)
def test_different_findings_differ(one, other):
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


def test_paths_that_are_not_utf8_have_fingerprints():
    assert len(fingerprint("p/r", "a\udcff", "", 0)) == 20
