from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.document import MAX_DEPTH, ParseError, Path, Root, Span
from guardrails.documents.yaml import FORMAT
from guardrails.documents.yaml_scalars import resolve
from tests.unit.documents.trees import cut, nodes


def roots(text: str) -> list[Root]:
    return list(FORMAT.parse(text).roots)


def values(text: str) -> list[Any]:
    return [root.value for root in roots(text)]


def value(text: str) -> Any:
    (only,) = values(text)
    return only


CORE_SCHEMA = [
    ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"), ("none", "none"),
    ("true", True), ("True", True), ("TRUE", True), ("tRUE", "tRUE"),
    ("false", False), ("False", False), ("FALSE", False),
    ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("n", "n"), ("NO", "NO"),
    ("0", 0), ("-0", 0), ("+12", 12), ("-12", -12), ("017", 17), ("0777", 777), ("08", 8),
    ("0o17", 15), ("0o18", "0o18"), ("0x1F", 31), ("0xg", "0xg"), ("-0x1F", "-0x1F"), ("0b101", "0b101"),
    ("1_000", "1_000"), ("12:30", "12:30"), ("12:30:45", "12:30:45"), ("190:20:30", "190:20:30"),
    ("1.0", 1.0), ("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("1e3", 1000.0), ("1E-2", 0.01), ("+1.5e+3", 1500.0),
    (".", "."), ("-", ["-"]), ("+", "+"), ("1.2.3", "1.2.3"), ("1e", "1e"), ("e1", "e1"), ("0.1.0", "0.1.0"),
    (".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf), ("inf", "inf"), (".iNF", ".iNF"),
    ("nan", "nan"), ("2001-12-14", "2001-12-14"), ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
    ("=", "="), ("10.0.0.0/8", "10.0.0.0/8"), ("100m", "100m"), ("1Gi", "1Gi"), ("\u0663", "\u0663"),
    ("'1'", "1"), ('"true"', "true"), ("|\n  1", "1"), (">\n  1\n", "1\n"), ("'null'", "null"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), CORE_SCHEMA)
def test_scalars_mean_what_yaml_1_2_says(written: str, meant: Any) -> None:
    found = value(f"- {written}")[0]
    expected = [None] if meant == ["-"] else meant
    assert (type(found), found) == (type(expected), expected)


def test_not_a_number() -> None:
    assert all(math.isnan(found) for found in value("[.nan, .NaN, .NAN]"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("!!str 12", "12"),
        ("!!str null", "null"),
        ("!!str", ""),
        ('!!int "12"', 12),
        ("!!int 0x1F", 31),
        ("!!float 3", 3.0),
        ("!!float -.inf", -math.inf),
        ('!!bool "true"', True),
        ("!!null ''", None),
        ("!Ref Name", "Name"),
        ("!Ref 12", 12),
        ("!Ref '12'", "12"),
        ("!reference [.a, script]", [".a", "script"]),
        ("!vault |\n  abc\n", "abc\n"),
        ("!GetAtt {a: 1}", {"a": 1}),
        ("!!python/object/apply:os.system [ls]", ["ls"]),
        ("!!set {a, b}", {"a": None, "b": None}),
        ("!!binary aGk=", "aGk="),
        ("!!timestamp 2001-01-01", "2001-01-01"),
        ("!!map {a: 1}", {"a": 1}),
    ],
)
def test_tags(written: str, meant: Any) -> None:
    found = value(f"- {written}")[0]
    assert (type(found), found) == (type(meant), meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1: a", {"1": "a"}),
        ("0x1F: a\ntrue: b\n~: c", {"0x1F": "a", "true": "b", "~": "c"}),
        ("2001-01-01: a\n1.0: b", {"2001-01-01": "a", "1.0": "b"}),
        ("on: {push: }", {"on": {"push": None}}),
        ("?\n: a", {"": "a"}),
        ("'a b': 1\n\"c\\td\": 2", {"a b": 1, "c\td": 2}),
        ("? [a, b]\n: 1", {"[a, b]": 1}),
        ("? - a\n  - b\n: 1", {"- a\n  - b": 1}),
        ("{{ x }}: 1", {"{{ x }}": 1}),
        ("&k a: 1\n*k : 2", {"a": 2}),
        ("x: &k [1]\n? *k\n: 2", {"x": [1], "&k [1]": 2}),
        ("&a a: &a b\nc: *a", {"a": "b", "c": "b"}),
        ("a: 1\nb: 2\na: 3", {"a": 3, "b": 2}),
    ],
)  # fmt: skip
def test_keys_are_strings_as_written_and_the_last_one_counts(written: str, meant: Any) -> None:
    assert value(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("- &b {a: 1, b: 2}\n- {<<: *b, b: 3}", {"a": 1, "b": 3}),
        ("- &b {a: 1, b: 2}\n- {b: 3, <<: *b}", {"a": 1, "b": 3}),
        ("- [&b {a: 1}, &c {a: 2, c: 3}]\n- {<<: [*b, *c]}", {"a": 1, "c": 3}),
        ("- [&b {a: 1}, &c {a: 2, c: 3}]\n- {<<: *b, <<: *c}", {"a": 2, "c": 3}),
        ("-\n- <<: {a: 1}", {"a": 1}),
        ("- &b {a: 1}\n- {!!merge <<: *b}", {"a": 1}),
        ("- &b {a: 1}\n- {'<<': *b}", {"<<": {"a": 1}}),
        ("- &b {<<: {a: 1}, c: 2}\n- {<<: *b}", {"a": 1, "c": 2}),
        ("-\n- <<: []", {}),
    ],
)
def test_merge_keys(written: str, meant: Any) -> None:
    assert value(written)[1] == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", []),
        ("# only a comment\n", []),
        ("---\n---\n# c\n...\n", []),
        ("---\na: 1\n---\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("%YAML 1.2\n---\na\n...\n%YAML 1.1\n---\nb\n", ["a", "b"]),
        ("--- ~", [None]),
        ("--- ''", [""]),
        ("- &a 1\n- *a\n---\n- &a 2\n- *a", [[1, 1], [2, 2]]),
        ("&a [1, 2]", [[1, 2]]),
        ("a: &x 1\nb: &x 2\nc: *x", [{"a": 1, "b": 2, "c": 2}]),
    ],
)
def test_documents_of_a_file(written: str, meant: list[Any]) -> None:
    assert values(written) == meant


def test_integers_of_any_length_are_bounded() -> None:
    assert value("9" * 1000) == 10**1000 - 1
    assert str(value("0x" + "f" * 998))
    for text in ("- " + "9" * 5000, "- -" + "9" * 5000, "- 0x" + "f" * 5000, "- !!int " + "9" * 5000):
        with pytest.raises(ParseError, match="too long; put it in quotes"):
            values(text)
    assert value("1." + "9" * 100_000) == 2.0
    with pytest.raises(ParseError, match="too large to convert to float"):
        value("!!float " + "9" * 900)


POSITIONS = """\
# café
name: web
on: [push, "pull 😀 request"]   # why
steps:
  - run: |
      make
      test

  - uses: *never
"""


@pytest.mark.parametrize(
    ("text", "path", "key", "node"),
    [
        ("é: 😀x\nb: [1, '2']\n", ("é",), "é", "😀x"),
        ("é: 😀x\nb: [1, '2']\n", ("b", 1), "'2'", "'2'"),
        ("a:\r\n  b: c\r\n  d:\r\n", ("a", "b"), "b", "c"),
        ("a:\r\n  b: c\r\n  d:\r\n", ("a", "d"), "d", ""),
        ("a:\u2028  b: c", ("a", "b"), "b", "c"),
        ("a:\n  b: 1\n\n# comment\nc: 2", ("a",), "a", "b: 1"),
        ("a:\n- b: 1 # x\n\n# comment\n", ("a",), "a", "- b: 1"),
        ("a: {b: 1, c: [x, y]} # z", ("a",), "a", "{b: 1, c: [x, y]}"),
        ("a: {b: 1, c: [x, y]} # z", ("a", "c", 1), "y", "y"),
        ("a: !Ref &x b", ("a",), "a", "!Ref &x b"),
        ("a: |\n  x\n  y\nb: 1", ("a",), "a", "|\n  x\n  y\n"),
        ("a: one\n  two\nb: 1", ("a",), "a", "one\n  two"),
        ("? [k]\n: v", ("[k]",), "[k]", "v"),
        ("a: 1\na: 2", ("a",), "a", "2"),
        ("x: &b {p: 1}\ny: *b\nz: 3", ("y",), "y", "&b {p: 1}"),
        ("x: &b {p: 1}\ny: *b\nz: 3", ("y", "p"), "p", "1"),
        ("- x: &b {p: 1}\n- y: *b\n- 3", (1,), "y: *b", "y: *b"),
        ("x: &b {p: 1, q: 2}\ny: {<<: *b, q: 3}", ("y", "p"), "p", "1"),
        ("x: &b {p: 1, q: 2}\ny: {<<: *b, q: 3}", ("y", "q"), "q", "3"),
        ("x: &b {p: 1, q: 2}\ny:\n  <<: *b\n", ("y",), "y", "<<: *b"),
        ("x: &b {p: 1}\ny:\n- *b\nz: 3", ("y",), "y", "- *b"),
        ("x: &b {p: 1}\ny:\n  q: *b\nz: 3", ("y",), "y", "q: *b"),
        ("a: 1", ("a", "missing"), "1", "1"),
        ("a: 1", ("missing", 0), "a: 1", "a: 1"),
        ("- a", ("0",), "- a", "- a"),
        ("- a", (-1,), "- a", "- a"),
    ],
)
def test_positions(text: str, path: Path, key: str, node: str) -> None:
    (root,) = roots(text)
    assert cut(text, root.span(path)) == node
    if "missing" not in path:
        assert cut(text, root.span(path, key=True)).replace("&b ", "") == key.replace("&b ", "")


def test_positions_in_several_documents_and_below_a_root() -> None:
    first, second = roots("a: 1\n---\n---\nb:\n  - c: 2\n")
    assert first.span(("a",)) == Span(1, 4, 1, 5)
    assert second.span(("b", 0, "c"), key=True) == Span(5, 5, 5, 6)
    assert second.at("b", 0).span(("c",)) == Span(5, 8, 5, 9)


BROKEN = [
    ("a:\n\t- b", 2, 1, "tab cannot indent"),
    ("a: |\n\tb", 2, 1, "tab cannot indent"),
    ("x: 1\na: 'b\nc: d\n", 2, 4, "quote that opens here is never closed"),
    ("a: b: c", 1, 5, "put a value that contains ': ' in quotes"),
    ("a: @x", 1, 4, "cannot start with '@'"),
    ("a: *.txt", 1, 4, "'*' starts an alias; put the text in quotes"),
    ("a: &", 1, 4, "'&' starts an anchor"),
    ("a: *x", 1, 4, "*x has no anchor before it"),
    ("- &a 1\n---\n- *a", 3, 3, "*a has no anchor before it"),
    ("b: &x [1, *x]", 1, 11, "stands inside of the node"),
    ("- a\nb: c", 2, 1, "the list that starts at line 1"),
    ("k:\n  - a\n  b: c", 3, 3, "the list that starts at line 2"),
    ("a: [1, 2\nb: 3", 2, 2, "list that opens at line 1"),
    ("a: {b: 1\nc: 2", 2, 2, "expected ',' or '}' to go on with the mapping that opens at line 1"),
    ("a: 'it's'", 1, 8, "nothing can follow the closing quote"),
    ('a: "\\d"', 1, 5, "unknown escape"),
    ("a: - b", 1, 4, "list cannot begin here"),
    ("a\x07b", 1, 2, "U+0007"),
    ("é: 1\nb: \x00", 2, 4, "U+0000"),
    ("{{- if x }}\na: b", 1, 3, "looks like a template"),
    ("a: [", 1, 5, "the file ends where a value should be"),
    ("<<: 1", 1, 5, "'<<' merges"),
    ("<<: [{}, 1]", 1, 5, "'<<' merges"),
    ("a: !!int x", 1, 4, "!!int cannot be 'x'"),
    ("a: !!bool yes", 1, 4, "!!bool cannot be 'yes'"),
    ("? {a: " + "b" * 2000 + "}\n: 1", 1, 3, "a key that is a collection"),
    ("a: !<%C0%80> b", 1, 1, "not valid Unicode"),
    ("a: \ud800", 1, 1, "not valid Unicode"),
    ("  a: 1\nb: 2", 2, 1, "end of the document"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), BROKEN)
def test_errors_say_where_and_what(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        FORMAT.parse(text)
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


def nested(levels: int) -> list[str]:
    return [
        "[" * levels + "]" * levels,
        "{a: " * levels + "}" * levels,
        "- " * levels + "a",
        "? " * levels + "a",
        "".join(" " * level + "a:\n" for level in range(levels)),
        "- &a0 []\n" + "".join(f"- &a{level} [*a{level - 1}]\n" for level in range(1, levels - 1)),
    ]


@pytest.mark.parametrize("text", nested(MAX_DEPTH))
def test_the_deepest_document(text: str) -> None:
    (root,) = roots(text)
    assert root.span().line == 1
    for path, _ in nodes(root.value)[:500]:
        root.span(path)


@pytest.mark.parametrize("text", [*nested(MAX_DEPTH + 1), *nested(5000)[:2], "- " * 100_000, "[" * 1_000_000])
def test_deeper_documents_are_refused(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ParseError, match="nested deeper than 200 levels"):
        FORMAT.parse(text)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
        "- &m0 {k: v}\n" + "".join(f"- &m{i} {{<<: [*m{i - 1}, *m{i - 1}], k{i}: v}}\n" for i in range(1, 100)),
        f"- &big '{'x' * 100_000}'\n" + "- *big\n" * 11,
    ],
)
def test_aliases_cannot_blow_a_document_up(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ParseError, match="aliases add more than"):
        FORMAT.parse(text)
    assert time.perf_counter() - started < 5


def test_aliases_in_numbers_are_fine() -> None:
    assert len(value(f"- &big '{'x' * 100_000}'\n" + "- *big\n" * 9)) == 10
    text = "base: &base {image: alpine, command: [sh, -c, exec]}\n" + "".join(
        f"s{i}: {{<<: *base, name: s{i}}}\n" for i in range(5000)
    )
    assert len(value(text)) == 5001


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"%TAG !a{i}! b\n" for i in range(100_000)) + "---\na",
        f"%TAG !a! {'b' * 1_000_000}\n---\n" + "- !a!x y\n" * 100_000,
    ],
)
def test_tag_directives_are_bounded(text: str) -> None:
    with pytest.raises(ParseError, match="%TAG"):
        FORMAT.parse(text)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=40)  # 1.1 folds those
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
TREES = st.recursive(SCALARS, lambda tree: st.lists(tree) | st.dictionaries(TEXTS, tree), max_leaves=15)


def old_and_new_agree(tree: Any) -> bool:
    """Whether PyYAML, which writes for YAML 1.1, writes no string that is something else in YAML 1.2."""
    return all(not isinstance(node, str) or type(resolve(node)) is str for _, node in nodes(tree))


@settings(max_examples=150)
@given(
    TREES, st.sampled_from([None, True, False]), st.booleans(), st.sampled_from([None, '"', "'"]), st.integers(20, 90)
)
def test_what_is_dumped_is_read_and_every_node_is_found(
    tree: Any, flow: bool | None, unicode: bool, style: str | None, width: int
) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=unicode, default_style=style, width=width)
    if style is None and not old_and_new_agree(tree):
        return
    (root,) = roots(text)
    assert root.value == tree
    for path, node in nodes(tree):
        span = root.span(path)
        assert value(f"--- # c\n{' ' * (span.column - 1)}{cut(text, span)}") == node
        if path and isinstance(path[-1], str):
            key = cut(text, root.span(path, key=True))
            assert value(f"? {key}\n") == {path[-1]: None}


@given(TREES)
def test_json_is_yaml(tree: Any) -> None:
    if all(text.isprintable() for _, text in nodes(tree) if isinstance(text, str)):
        text = json.dumps([tree], ensure_ascii=False, allow_nan=False) if "inf" not in repr(tree) else "[1]"
        if text.isprintable():
            assert value(text) == json.loads(text)


PIECES = st.sampled_from(
    ["- ", "? ", ": ", "a", "&a ", "*a ", "<<: ", "!!int ", "!x ", "[", "]", "{", "}", ",", "'", '"', "|\n", ">-\n",
     "\n", "\n  ", "\r\n", "---\n", "...\n", "%TAG ", "#", " ", "\t", "\\", "1", "~", "\u2028", "\x85", "\ufeff", "é"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=30).map("".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = roots(text)
    except ParseError as error:
        found = []
        message, line, column = error.args
        assert message and 0 < line <= text.count("\n") + 1 and column > 0  # noqa: PT018
    for root in found:
        for path, _ in nodes(root.value):
            for key in (False, True):
                span = root.span(path, key=key)
                assert (span.line, span.column) <= (span.end_line, span.end_column)
                assert span.end_line <= text.count("\n") + 1
