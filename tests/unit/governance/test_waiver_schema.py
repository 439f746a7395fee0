"""The schema of waivers for editors says what the reader says."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.governance.waivers import parse

SCHEMA = json.loads(files("guardrails.governance").joinpath("schema", "waivers.json").read_text())
WORDS = st.sampled_from(["", "a/b", "2026-03-31", "x y", "src/", "*"])
VALUES = st.one_of(WORDS, st.none(), st.integers(0, 9), st.booleans(), st.lists(WORDS, max_size=2), st.just({}))
KEYS = ["rule", "paths", "fingerprint", "reason", "owner", "approver", "ticket", "created", "expires", "until"]
WAIVERS = st.dictionaries(st.sampled_from(KEYS), VALUES) | VALUES
NEARLY = st.fixed_dictionaries({"rule": st.just("a/b")}, optional={key: VALUES for key in KEYS if key != "rule"})
FILES = st.fixed_dictionaries({"waivers": st.lists(NEARLY, min_size=1, max_size=1)}) | st.fixed_dictionaries(
    {}, optional={"waivers": st.lists(WAIVERS, max_size=2) | VALUES, "other": VALUES}
)


@settings(max_examples=400)
@given(FILES | VALUES)
def test_both_take_the_same_files(value):
    _, flaws = parse(json.dumps(value).encode())
    valid = jsonschema.Draft202012Validator(SCHEMA).is_valid(value)
    assert valid == (not flaws), flaws


def test_the_example_of_the_documentation_is_right():
    text = """
waivers:
  - rule: container-images/pin-base-image
    paths: [/docker/legacy.Dockerfile]
    reason: The vendor publishes no tags
    owner: team-shop
    approver: "@example/security"
    ticket: SHOP-12
    created: 2026-01-10
    expires: 2026-03-31
"""
    (waiver,), flaws = parse(text.encode())
    assert not flaws
    assert (waiver.owner, waiver.created, waiver.expires) == ("team-shop", "2026-01-10", "2026-03-31")
