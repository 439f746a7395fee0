"""Which files are registries of feature flags, and which part of them."""

from __future__ import annotations

import json

import pathspec
import pytest

from guardrails.documents.feature_flags import FORMAT
from guardrails.documents.json import FORMAT as JSON


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("config/feature-flags.yaml", True),
        ("feature_flags.json", True),
        ("my-feature-flags.toml", True),
        ("demo.flagd.json", True),
        ("flags.goff.yaml", True),
        ("flags.yml", True),
        ("flag-metadata.json", True),
        ("flags.py", False),
        ("country-flags.json", False),
    ],
)
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


@pytest.mark.parametrize(
    ("value", "prefix"),
    [
        ({"flags": {"a": {"enabled": True}}}, ("flags",)),
        ({"features": [{"name": "a", "stale": False}]}, ("features",)),
        ({"a": {"variations": {}}, "b": {"defaultRule": {}}}, ()),
        ([{"name": "a", "owners": []}], ()),
        ({"flags": {"a": {"enabled": True}, "b": 1, "c": {"owner": "x"}}}, ("flags",)),
        ({"flags": {"a": {"enabled": True}, "b": 1}}, None),
        ({"flags": {}}, None),
        ({"a": True}, None),
        ({"flags": [{"name": "--verbose", "default": False, "description": "Say more"}]}, None),
        ([{"name": "France", "colours": []}], None),
        ([1, "a", None], None),
        ("enabled", None),
        (None, None),
    ],
)
def test_collections(value, prefix):
    roots = list(FORMAT.roots(JSON.parse(json.dumps(value))))
    assert [root.prefix for root in roots] == ([] if prefix is None else [prefix])
    for root in roots:
        assert root.value == (value[prefix[0]] if prefix else value)
