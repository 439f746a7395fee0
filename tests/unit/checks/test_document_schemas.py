"""JSON Schema: what is refused when a policy is compiled, and how values are judged."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks.document_schemas import Schema
from guardrails.documents.document import MAX_DEPTH


@pytest.mark.parametrize(
    ("schema", "path", "message", "hint"),
    [
        ({"type": "strin"}, ("type",), 'not valid JSON Schema: it is none of ["array", "boolean"', ""),
        ({"properties": {"a": {"minimum": "1"}}}, ("properties", "a", "minimum"), "it is not of type 'number'", ""),
        ({"$schema": "https://example.org/mine"}, ("$schema",), "dialect", "2020-12"),
        ({"pattern": "a("}, ("pattern",), "'a(' is not a valid regular expression: missing )", "RE2"),
        (
            {"items": [{"pattern": "(?=a)"}], "$schema": "http://json-schema.org/draft-07/schema#"},
            ("items", 0, "pattern"),
            "'(?=a)'",
            "RE2",
        ),
        ({"patternProperties": {"a(": {}}}, ("patternProperties",), "'a('", "RE2"),
        ({"$ref": "https://example.org/x.json"}, ("$ref",), "is not in this schema", "#/$defs/name"),
        ({"$ref": "#/$defs/a", "$defs": {"b": {}}}, ("$ref",), "'#/$defs/a' is not in this schema", "#/$defs/name"),
        ({"$ref": "#anchor"}, ("$ref",), "'#anchor' is not in this schema", ""),
        (
            {"patternProperties": {"a": {}}, "items": {"unevaluatedProperties": False}},
            ("items", "unevaluatedProperties"),
            "does not go together",
            "additionalProperties",
        ),
    ],
)
def test_mistakes(schema: Any, path: Any, message: str, hint: str) -> None:
    found = list(Schema(schema).mistakes())
    assert [mistake.path for mistake in found] == [path]
    assert message in found[0].message
    assert hint in found[0].hint


def test_all_mistakes_at_once() -> None:
    schema = {"properties": {"a": {"type": 1}, "b": {"minLength": -1}}}
    assert len(list(Schema(schema).mistakes())) == 2


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"$ref": "#"},
        {"$defs": {"a/b": {"anyOf": [{}]}}, "allOf": [{"$ref": "#/$defs/a~1b/anyOf/0"}]},
        {"properties": {"pattern": {"type": "string"}, "$ref": {"const": {"pattern": "a("}}}},
        {"enum": [{"pattern": "a("}], "default": {"$ref": "x"}},
        {"$schema": "http://json-schema.org/draft-04/schema#", "definitions": {"x": {"type": "string"}}},
    ],
)
def test_no_mistakes(schema: Any) -> None:
    assert list(Schema(schema).mistakes()) == []


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        ({"type": "object"}, {}, []),
        (False, 1, [((), "None", "False schema does not allow 1")]),
        ({"type": "string"}, 1, [((), "type", "it is not of type 'string'")]),
        ({"type": "string"}, {"a": 1}, [((), "type", "it is not of type 'string'")]),
        ({"type": "object"}, [{"a": 1}], [((), "type", "it is not of type 'object'")]),
        (
            {"required": ["a", "b"]},
            {},
            [((), "required", "'a' is missing"), ((), "required", "'b' is missing")],
        ),
        (
            {"properties": {"a": {"items": {"minimum": 2}}}},
            {"a": [1, 2]},
            [(("a", 0), "minimum", "it is less than the minimum of 2")],
        ),
        ({"pattern": "^a+$"}, "ab", [((), "pattern", "it does not match '^a+$'")]),
        ({"pattern": "^é$"}, "é", []),
        ({"pattern": "a"}, 1, []),
        ({"const": {"a": None}}, 1, [((), "const", 'it is not {"a": null}')]),
        ({"enum": [True, "ü"]}, 1, [((), "enum", 'it is none of [true, "ü"]')]),
        ({"type": ["string", "null"]}, 1, [((), "type", "it is not of type 'string', 'null'")]),
        ({"anyOf": [{"type": "string"}, {"required": ["a"]}]}, {}, [((), "required", "'a' is missing")]),
        ({"maxItems": 1}, [1, 2], [((), "maxItems", "it is too long")]),
        (
            {"patternProperties": {"^x-": {"type": "string"}}},
            {"x-a": 1, "y": 1, 2: 3},
            [(("x-a",), "type", "it is not of type 'string'")],
        ),
        (
            {"properties": {"a": {}}, "patternProperties": {"^x-": {}}, "additionalProperties": False},
            {"a": 1, "x-b": 2, "c": 3, 4: 5},
            [
                (("c",), "additionalProperties", "'c' is not an allowed key"),
                ((4,), "additionalProperties", "4 is not an allowed key"),
            ],
        ),
        ({"additionalProperties": {"type": "string"}}, {"a": 1}, [(("a",), "type", "it is not of type 'string'")]),
        ({"additionalProperties": False}, [1], []),
        ({"uniqueItems": True}, [1, [1], [True], True, {"a": 1}, {"a": True}, "1"], []),
        (
            {"uniqueItems": True},
            [{"a": [1]}, 2, {"a": [1.0]}],
            [((2,), "uniqueItems", "the item is in the list twice")],
        ),
        ({"uniqueItems": False}, [1, 1], []),
        ({"uniqueItems": True}, "aa", []),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, 1, [((), "type", "it is not of type 'string'")]),
        ({"multipleOf": 0.5}, 10**400, [((), "", "a number cannot be judged by the schema")]),
        ({"multipleOf": 0.5}, float("nan"), [((), "", "a number cannot be judged by the schema")]),
        ({"$ref": "#"}, 1, [((), "", "nested too deep for the schema")]),
    ],
)
def test_errors(schema: Any, value: Any, found: Any) -> None:
    judged = pickle.loads(pickle.dumps(Schema(schema)))
    for _ in range(2):
        assert [(error.path, str(error.keyword), error.message) for error in judged.errors(value)] == found
    assert Schema(schema).__reduce__() == pickle.loads(pickle.dumps(judged)).__reduce__() == (Schema, (schema,))


def test_long_words_are_cut() -> None:
    (error,) = Schema({"const": "b" * 1000}).errors("a")
    assert len(error.message) == 200


def test_deepest_documents() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = {"a": value}
    schema = {"type": "object", "properties": {"a": {"$ref": "#"}}}
    assert [error.message for error in Schema(schema).errors(value)] in (
        ["it is not of type 'object'"],
        ["nested too deep for the schema"],
    )


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "(x+x+)+y"}, "x" * 50_000),
        ({"patternProperties": {"(x+x+)+y": {}}, "additionalProperties": False}, {"x" * 50_000: 1}),
        ({"uniqueItems": True}, [[number, "a"] if number % 2 else {"a": number} for number in range(20_000)]),
    ],
)
def test_linear_time(schema: Any, value: Any) -> None:
    started = time.perf_counter()
    list(Schema(schema).errors(value))
    assert time.perf_counter() - started < 5


names = st.sampled_from(["a", "b", "ab"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 0.5]) | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)
schemas = st.recursive(
    st.sampled_from([True, False, {"type": "string"}, {"pattern": "^a"}, {"uniqueItems": True}, {"minimum": 1}]),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(names, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "not": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(schemas, values)
def test_agrees_with_the_library(schema: Any, value: Any) -> None:
    assert list(Schema(schema).mistakes()) == []
    assert (not list(Schema(schema).errors(value))) == jsonschema.Draft202012Validator(schema).is_valid(value)


def test_the_library_is_imported_when_a_value_is_judged() -> None:
    code = (
        "import pickle, sys\n"
        f"schema = pickle.loads({pickle.dumps(Schema({'type': 'string'}))!r})\n"
        "assert 'jsonschema' not in sys.modules\n"
        "assert len(list(schema.errors(1))) == 1\n"
        "assert 'jsonschema' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
