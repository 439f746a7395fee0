"""The parse kind: it parses, and says nothing itself."""

from __future__ import annotations

import pickle

import pytest

from guardrails.checks.base import File, Rule, Where
from guardrails.checks.parse import KIND
from guardrails.documents.document import Document, ParseError, Root
from guardrails.errors import UserErrors
from guardrails.repository.entry import Entry


class Format:
    paths = ("*",)

    def __init__(self, name: str) -> None:
        self.name = name
        self.parsed = 0

    def parse(self, text: str) -> Document:
        self.parsed += 1
        if text == "broken":
            raise ParseError(f"not {self.name}", 3, 4)
        return Document(())


class Dialect:
    name = "pods"
    paths = ()
    bases = ("yaml",)

    def roots(self, document: Document) -> list[Root]:
        return []


def inspect(text: str, rules: dict[int, tuple[str, ...]], applied: set[int], names: set[str]) -> list[int]:
    """Judge a file; returns how often it was parsed as YAML and as JSON."""
    compiled = KIND.compile([Rule(number, f"p/r{number}", {}, formats=formats) for number, formats in rules.items()])
    inspector = pickle.loads(pickle.dumps(compiled))
    assert (inspector.concluding, inspector.fact_based, list(inspector.conclude([], None, frozenset()))) == (
        set(),
        set(),
        [],
    )
    formats = [Format("yaml"), Format("json")]
    registry = {form.name: form for form in [*formats, Dialect()]}
    file = File(Entry("a"), lambda _: text.encode(), registry, frozenset(names))
    assert list(inspector.inspect(file, frozenset(applied))) == []
    return [form.parsed for form in formats]


@pytest.mark.parametrize(
    ("formats", "names", "parsed"),
    [
        (("yaml",), {"yaml"}, [1, 0]),
        (("yaml", "json"), {"yaml"}, [1, 0]),
        (("yaml", "json"), {"yaml", "json"}, [1, 1]),
        (("pods",), {"yaml", "pods"}, [1, 0]),
        (("pods",), {"yaml"}, [0, 0]),
        (("yaml",), set(), [0, 0]),
    ],
)
def test_valid_files(formats: tuple[str, ...], names: set[str], parsed: list[int]) -> None:
    assert inspect("fine", {3: formats, 4: formats}, {3, 4}, names) == parsed
    assert inspect("broken", {3: formats}, {4}, names) == [0, 0]


@pytest.mark.parametrize("formats", [("yaml",), ("pods",), ("json", "yaml")])
def test_broken_files(formats: tuple[str, ...]) -> None:
    with pytest.raises(ParseError, match="not yaml") as caught:
        inspect("broken", {0: formats}, {0}, {"yaml", "pods"})
    assert (caught.value.line, caught.value.column) == (3, 4)


def test_a_rule_without_a_format() -> None:
    places = {(): Where("p.yaml", 7, 5)}
    with pytest.raises(UserErrors) as caught:
        KIND.compile([Rule(0, "p/r", {}, places=places), Rule(1, "p/s", {}), Rule(2, "p/t", {}, formats=("yaml",))])
    assert [error.message for error in caught.value.errors] == [
        "rule p/s: parse rules need match.format",
        "rule p/r: parse rules need match.format",
    ]
    assert caught.value.errors[1].place == "p.yaml:7:5"
    assert "format: yaml" in caught.value.errors[1].hint


def test_the_block_is_empty() -> None:
    assert KIND.schema["type"] == "object"
    assert KIND.schema["additionalProperties"] is False
