"""Edits of nodes: the values become what was meant, and the text around them stays."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.checks.base import File
from guardrails.documents.json import FORMAT as JSON
from guardrails.documents.toml import FORMAT as TOML
from guardrails.documents.yaml import FORMAT as YAML
from guardrails.fixing.edits import Edit, edited, expected, same
from guardrails.fixing.nodes import Nodes
from guardrails.fixing.source import paths
from guardrails.repository.entry import Entry

FORMATS = {"yaml": YAML, "json": JSON, "toml": TOML}


def nodes_of(base, text):
    """The first root of a text, and its nodes."""
    file = File(Entry(f"a.{base}"), lambda _: text.encode(), FORMATS, frozenset((base,)))
    return file.roots(base)[0], Nodes(file)


def changed(base, text, action):
    """The text after ``action``, which gets the root and the nodes; None where there is no safe edit."""
    root, nodes = nodes_of(base, text)
    meant = action(root, nodes)
    if meant is None or not meant[0]:
        return None
    edits, changes = meant
    after = edited(text, edits)
    now = [root.value for root in FORMATS[base].parse(after).roots]
    was = [root.value for root in FORMATS[base].parse(text).roots]
    assert same(expected(was, changes, now), now), after
    return after


@pytest.mark.parametrize(
    ("base", "text", "wanted", "after"),
    [
        ("yaml", "a: 1 # one\n# end\n", {"b": 2}, "a: 1 # one\nb: 2\n# end\n"),
        ("yaml", "a: 1", {"b": "x"}, "a: 1\nb: x"),
        ("yaml", "a: |\n  x\n", {"b": {"c": "on"}}, 'a: |\n  x\nb:\n  c: "on"\n'),
        ("yaml", "a:\n    b: 1\n", {"c": {"d": {"e": [1, "x y"]}}}, "a:\n    b: 1\nc:\n    d:\n        e: [1, x y]\n"),
        ("yaml", "a:\n", {"a": {"b": None}}, "a:\n  b: null\n"),
        ("yaml", "a: 1 # c\nz: 2\n", {"a": {"b": 3}}, "a: # c\n  b: 3\nz: 2\n"),
        ("yaml", "{a: 1}\n", {"b": True}, "{b: true, a: 1}\n"),
        ("yaml", "a: [\n  1, # c\n]\n", {"a": []}, "a: []\n"),
        ("yaml", "a:\n- 1\nb: 2\n", {"a": "x"}, "a: x\nb: 2\n"),
        ("yaml", "a: 'x' # c\n", {"a": "y"}, "a: 'y' # c\n"),
        ("yaml", 'a: "x"\n', {"a": "y"}, 'a: "y"\n'),
        ("yaml", "a: &x 1\nb: 2\n", {"a": 3}, "a: 3\nb: 2\n"),
        ("yaml", "- 1\n", {"a": 3}, None),
        ("yaml", "a:\n  # c\n  - 1\n", {"a": 3}, None),
        ("yaml", "a:\n  # c\n  - 1\n", {"a": 3, "b": 1}, None),
        ("yaml", "a: 1\r\n", {"b": {"c": 1}}, "a: 1\r\nb:\r\n  c: 1\r\n"),
        ("json", '{\n  "a": 1 // c\n}\n', {"b": [1, {"c": None}]}, '{\n  "b": [1, {"c": null}],\n  "a": 1 // c\n}\n'),
        ("json", '{"a": {"b": 1}}', {"a": {"b": 2, "c": 3}}, '{"a": {"c": 3, "b": 2}}'),
        ("json", "{ }", {"b": "é\n"}, '{ "b": "é\\n"}'),
        (
            "toml",
            "# t\n[a]\nx = 1 # c\n\n[a.b]\ny = 1\n",
            {"a": {"z": 2}},
            "# t\n[a]\nx = 1 # c\nz = 2\n\n[a.b]\ny = 1\n",
        ),
        ("toml", "x = 1", {"t": {"y": "z"}}, 'x = 1\n\n[t]\ny = "z"\n'),
        ("toml", "x = {a = 1}\n", {"x": {"b": [1]}}, "x = {b = [1], a = 1}\n"),
        ("toml", "x = 'a' # c\n", {"x": "b"}, "x = 'b' # c\n"),
    ],
)
def test_set(base, text, wanted, after):
    assert changed(base, text, lambda root, nodes: nodes.set(root, (), wanted, "")) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a: 1\n\n# of c\n# too\nc: 1\n", "a: 1\n\nb: 2\n\n# of c\n# too\nc: 1\n"),
        ("a: 1\nc: 1\n", "a: 1\nb: 2\nc: 1\n"),
        ("c: 1\n", "b: 2\nc: 1\n"),
        ("# c\nc: 1\n", "b: 2\n# c\nc: 1\n"),
        ("x: 1\n", "x: 1\nb: 2\n"),
        ("{x: 1, c: 2}\n", "{x: 1, b: 2, c: 2}\n"),
    ],
)
def test_set_before_a_key(text, after):
    assert changed("yaml", text, lambda root, nodes: nodes.set(root, (), {"b": 2}, "c")) == after


@pytest.mark.parametrize(
    ("base", "text", "path", "after"),
    [
        ("yaml", "a: 1 # c\nb: 2 # d\n", ("a",), "b: 2 # d\n"),
        ("yaml", "a: 1\nb:\n  - 2\n\nc: 3\n", ("b",), "a: 1\n\nc: 3\n"),
        ("yaml", "a: 1\nb: |\n  x\n\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
        ("yaml", "a:\n  b: 1\nc: 2\n", ("a", "b"), "a: {}\nc: 2\n"),
        ("yaml", "- a: 1\n  b: 2\n", (0, "a"), "- b: 2\n"),
        ("yaml", "- a: 1\n  b: 2\n", (0, "b"), "- a: 1\n"),
        ("yaml", "- a\n# of b\n- b # c\n- c\n", (1,), "- a\n# of b\n- c\n"),
        ("yaml", "a:\n- b\n", ("a", 0), "a: []\n"),
        ("yaml", "[a, b, c]\n", (1,), "[a, c]\n"),
        ("yaml", "{a: 1, b: 2}\n", ("b",), "{a: 1}\n"),
        ("yaml", "a: 1\n", (), None),
        ("json", '{"a": 1, // x\n "b": 2}', ("b",), '{"a": 1 // x\n }'),
        ("json", '{\n "a": 1, // x\n "b": 2\n}', ("b",), '{\n "a": 1 // x\n}'),
        ("yaml", "- - a\n  - b\n", (0, 0), None),
        ("json", '{"a": 1, /* x */ "b": 2}', ("a",), '{"b": 2}'),
        ("json", '{"a": 1 /* x */, "b": 2}', ("b",), None),
        ("json", "[1]", (0,), "[]"),
        ("toml", "a = 1 # c\nb = 2\n", ("a",), "b = 2\n"),
        ("toml", "a = [1, 2]\n", ("a", 1), "a = [1]\n"),
        ("toml", "a = {b = 1, c = 2}\n", ("a", "b"), "a = {c = 2}\n"),
    ],
)
def test_remove(base, text, path, after):
    assert changed(base, text, lambda root, nodes: nodes.remove(root, path)) == after


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &x {b: 1}\nc: *x\n", ("c", "b")),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", ("c", "b")),
        ("a: &x {b: 1}\nc: *x\n", ("a", "b")),
        ("- &x {b: 1}\n- *x\n", (1, "b")),
    ],
)
def test_what_an_alias_stands_for_is_never_meant(text, path):
    with pytest.raises(AssertionError):
        changed("yaml", text, lambda root, nodes: nodes.replace(root, path, 2))


KEYS = st.text("abcyN-_. ", min_size=1, max_size=4).map(str.strip).filter(bool)
TEXTS = st.text("abyn1.:-#'\"\\{}[],&*!|>%@` \n\té\x7f\u2028", max_size=6)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | FLOATS | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
MAPPINGS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


def space(random):
    return random.choice(["", "", " ", "\n", " // x\n", "/* y */", "\r\n  "])


def as_json(value, random):
    """JSON with blanks and comments wherever they may be."""
    if isinstance(value, dict):
        items = [
            f"{space(random)}{json.dumps(key)}{space(random)}:{space(random)}{as_json(item, random)}"
            for key, item in value.items()
        ]
        return "{" + ",".join(items) + space(random) + "}"
    if isinstance(value, list):
        return "[" + ",".join(space(random) + as_json(item, random) for item in value) + space(random) + "]"
    return json.dumps(value, ensure_ascii=False)


def comment(random):
    return random.choice(["", "", " # x", "  # 'y: {"])


def as_yaml(value, random, indent=""):
    """Lines of YAML in block and flow style with comments; what stands behind a key or a dash begins with its blank."""
    if random.random() < 0.2 or not value or not isinstance(value, dict | list):
        return " " + json.dumps(value) + comment(random)
    between = random.choice(["", "", f"\n{indent}# z", "\n", "\n\n"])
    deeper = indent + " " * random.choice([2, 4])
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}:{as_yaml(item, random, deeper)}" for key, item in value.items()]
    else:
        items = ["-" + as_yaml(item, random, deeper) for item in value]
    return comment(random) + "".join(f"{between}\n{indent}{item}" for item in items)


def writes(base, value, random):
    return as_json(value, random) if base == "json" else as_yaml(value, random).lstrip() + random.choice(["", "\n"])


@pytest.mark.parametrize("base", ["json", "yaml"])
@given(mapping=MAPPINGS, value=VALUES, data=st.data())
def test_whatever_is_edited_becomes_what_was_meant(base, mapping, value, data):
    text = writes(base, mapping, Random(data.draw(st.integers(0, 10**6))))
    root, _ = nodes_of(base, text)
    assert same(root.value, mapping)
    ways = [path for path in paths(mapping) if path]
    path = data.draw(st.sampled_from(ways))
    act = data.draw(st.sampled_from(["remove", "replace", "set"]))
    if act == "set":
        holders = [way for way in paths(mapping) if isinstance(root.at(*way).value, dict)]
        path, wanted = data.draw(st.sampled_from(holders)), data.draw(MAPPINGS)
        changed(base, text, lambda root, nodes: nodes.set(root, path, wanted, data.draw(KEYS)))
    elif act == "replace":
        changed(base, text, lambda root, nodes: nodes.replace(root, path, value))
    else:
        changed(base, text, lambda root, nodes: nodes.remove(root, path))


@given(st.text("ab\r\n", max_size=20), st.lists(st.tuples(st.integers(0, 20), st.text("xy", max_size=2)), max_size=4))
def test_what_no_edit_names_stays(text, insertions):
    edits = [Edit(min(at, len(text)), min(at, len(text)), new) for at, new in insertions]
    after = edited(text, edits)
    assert "".join(char for char in after if char not in "xy") == text
    assert len(after) == len(text) + sum(len(edit.text) for edit in dict.fromkeys(edits))
