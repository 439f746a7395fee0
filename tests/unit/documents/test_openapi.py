"""Which files are descriptions of interfaces, and which are settings of Renovate."""

from __future__ import annotations

import pytest

from guardrails.documents.dialects import OPENAPI, RENOVATE
from guardrails.documents.json import FORMAT as JSON
from guardrails.documents.yaml import FORMAT as YAML


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("openapi: 3.0.0\npaths: {}", 1),
        ('swagger: "2.0"\npaths: {}', 1),
        ("openapi: 3.0.0\ninfo: {}", 1),
        ("openapi: 3.0.0\ninfo: x", 0),
        ("openapi: 3.0.0", 0),
        ("paths: {}", 0),
        ("openapi: 3.0.0\npaths: []", 0),
        ("- openapi", 0),
    ],
)
def test_descriptions_of_interfaces(text: str, number: int) -> None:
    assert len(list(OPENAPI.roots(YAML.parse(text)))) == number
    assert OPENAPI.bases == ("yaml", "json")


def test_settings_of_renovate() -> None:
    assert [root.value for root in RENOVATE.roots(JSON.parse('{"extends": []}'))] == [{"extends": []}]
    assert "renovate.json" in RENOVATE.paths
