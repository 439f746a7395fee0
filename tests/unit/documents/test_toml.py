from __future__ import annotations

import json
import math
import time
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.document import MAX_DEPTH, ParseError, Path, Root
from guardrails.documents.toml import FORMAT
from tests.unit.documents.trees import cut, nodes


def root(text: str) -> Root:
    (only,) = FORMAT.parse(text).roots
    return only


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        ("# c\n", {}),
        ("a = 1\nb = 0x1F\nc = 1_000\nd = 1.5\ne = true", {"a": 1, "b": 31, "c": 1000, "d": 1.5, "e": True}),
        ("a = 1979-05-27T07:32:00Z", {"a": "1979-05-27T07:32:00+00:00"}),
        ("a = 1979-05-27 07:32:00.5", {"a": "1979-05-27T07:32:00.500000"}),
        ("a = [1979-05-27, {b = 07:32:00}]", {"a": ["1979-05-27", {"b": "07:32:00"}]}),
        ("[[p]]\nn = 1979-05-27\n[p.q]\n[[p]]", {"p": [{"n": "1979-05-27", "q": {}}, {}]}),
        ("a.b.c = 1\r\na.'d e' = 2\r\n[f.\"g.h\"]\r\ni = 3", {"a": {"b": {"c": 1}, "d e": 2}, "f": {"g.h": {"i": 3}}}),
    ],
)
def test_values(text: str, meant: Any) -> None:
    assert repr(root(text).value) == repr(meant)


LINES = [
    "# é😀",
    'title = "x" # why',
    "[a.b]",
    "c.d = 1",
    'c.e = [1, {x = 2, "y\\u0041".z = 1979-05-27 07:32:00}, # hi',
    '  """m',
    '""""", ' + "'''w\"''', 'l#',",
    "] # end",
    "",
    "[[p]]",
    "n = 'l'\r",
    "[[p.q]]",
    'k = ["]", ' + "'[', {}, []]",
    "[[p]]",
    "n = 07:32:00",
    "[a]",
    "z = +inf",
    '"é" = -1.5e3#',
]
POETRY = "\n".join(LINES)


@pytest.mark.parametrize(
    ("path", "key", "node"),
    [
        (("title",), "title", '"x"'),
        (("a",), "a", '[a]\nz = +inf\n"é" = -1.5e3'),
        (("a", "b"), "b", POETRY[POETRY.index("[a.b]") : POETRY.index(" # end")]),
        (("a", "b", "c", "d"), "d", "1"),
        (("a", "b", "c"), "c", POETRY[POETRY.index("c.d") : POETRY.index(" # end")]),
        (("a", "b", "c", "e", 1), None, '{x = 2, "y\\u0041".z = 1979-05-27 07:32:00}'),
        (("a", "b", "c", "e", 1, "x"), "x", "2"),
        (("a", "b", "c", "e", 1, "yA"), '"y\\u0041"', '"y\\u0041".z = 1979-05-27 07:32:00'),
        (("a", "b", "c", "e", 1, "yA", "z"), "z", "1979-05-27 07:32:00"),
        (("a", "b", "c", "e", 2), None, '"""m\n"""""'),
        (("a", "b", "c", "e", 3), None, "'''w\"'''"),
        (("a", "b", "c", "e", 4), None, "'l#'"),
        (("p", 0), None, "[[p]]\nn = 'l'"),
        (("p", 0, "n"), "n", "'l'"),
        (("p", 0, "q", 0, "k", 3), None, "[]"),
        (("p", 1), None, "[[p]]\nn = 07:32:00"),
        (("p", 1, "n"), "n", "07:32:00"),
        (("a", "z"), "z", "+inf"),
        (("a", "é"), '"é"', "-1.5e3"),
        (("a", "gone"), '[a]\nz = +inf\n"é" = -1.5e3', '[a]\nz = +inf\n"é" = -1.5e3'),
    ],
)
def test_positions(path: Path, key: str | None, node: str) -> None:
    found = root(POETRY)
    assert cut(POETRY, found.span(path)) == node
    assert cut(POETRY, found.span(path, key=True)) == (node if key is None else key)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a", 1, 2, "expected '='"),
        ("\na = yes", 2, 5, "put text in quotes, and write booleans as true and false"),
        ("= 1", 1, 1, "expected a key, a [table] or a comment"),
        ("a = 1\na = 2", 2, 6, "a key can stand once"),
        ("[a]\n[a]", 2, 3, "twice"),
        ('a = "x', 1, 7, "never closed"),
        ('a = "\\d"', 1, 8, "unknown escape"),
        ("a = 1 b = 2", 1, 7, "expected newline"),
        ("é = 1", 1, 1, "quotes"),
        ("a = [1\n", 2, 1, "unclosed array"),
        ("\na = " + "9" * 5000, 2, 5, "too many digits"),
        ("\na = 0x" + "f" * 5000, 2, 7, "too many digits"),
    ],
)
def test_errors_say_where_and_what(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        FORMAT.parse(text)
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


def dots(levels: int) -> str:
    return ".".join("a" * levels)


def deep(levels: int) -> list[str]:
    return [
        "a = " + "[" * (levels - 1) + "]" * (levels - 1),
        "a = " + "{a = " * (levels - 1) + "1" + "}" * (levels - 1),
        f"{dots(levels)} = 1",
        f"[{dots(levels - 1)}]\nb = 1",
        f"[[{dots(levels - 2)}]]\nb = 1",
        f"[{dots(100)}]\n{dots(levels - 150)} = " + "[" * 50 + "]" * 50,
    ]


@pytest.mark.parametrize("text", deep(MAX_DEPTH))
def test_the_deepest_document(text: str) -> None:
    found = root(text)
    for path, _ in nodes(found.value):
        found.span(path)


DEEPER = [*deep(MAX_DEPTH + 1), *deep(5000), "a = " + "[" * 1_000_000, f"a = {{{dots(9000)} = 1}}"]


@pytest.mark.parametrize("text", DEEPER)
def test_deeper_documents_are_refused(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ParseError, match="nested deeper than 200 levels"):
        FORMAT.parse(text)
    assert time.perf_counter() - started < 5


def test_the_error_stands_where_the_document_becomes_too_deep() -> None:
    with pytest.raises(ParseError) as caught:
        FORMAT.parse(f"[{dots(150)}]\nb = [[]]\n{dots(60)} = 1")
    assert (caught.value.line, caught.value.column) == (3, 99)


@pytest.mark.parametrize(
    "text",
    [
        "[" + dots(900) + "]\n" + "".join(f"b{i} = 1\n" for i in range(100_000)),
        "".join(f"{dots(900)}.b{i} = 1\n" for i in range(1000)),
        'a = """' + '""b' * 300_000,
        "a = " + " " * 1_000_000,
        "a = [" + "#\n" * 500_000,
        "a = '" + "'\na = '" * 100_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ParseError):
        FORMAT.parse(text)
    assert time.perf_counter() - started < 5


def write(node: Any) -> str:
    """A value in the syntax of TOML."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{name(key)} = {write(item)}" for key, item in node.items()) + "}"
    if isinstance(node, list):
        return "[ # c\n" + "".join(f"  {write(item)}, # d\n" for item in node) + "]"
    if isinstance(node, bool):
        return str(node).lower()
    if isinstance(node, str) and "'" not in node and node.isprintable() and len(node) % 2:
        return f"'''{node}'''" if len(node) % 3 else f"'{node}'"
    return quote(node) if isinstance(node, str) else repr(node)


def name(key: str) -> str:
    bare = key.isascii() and key.replace("-", "a").replace("_", "a").isalnum()
    return key if bare else quote(key)


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_file(tree: dict[str, Any], header: tuple[str, ...] = ()) -> str:
    """A table with its values first, then its tables and arrays of tables."""
    values, tables = "", ""
    for key, node in tree.items():
        path = (*header, name(key))
        if isinstance(node, dict) and len(key) % 2:
            tables += f"[ {' . '.join(path)} ] # t\n" + write_file(node, path)
        elif isinstance(node, list) and node and all(isinstance(item, dict) for item in node) and len(key) % 2:
            tables += "".join(f"[[{'.'.join(path)}]]\n" + write_file(item, path) for item in node)
        elif isinstance(node, dict) and len(node) == 1 and len(key) % 3:
            ((inner, item),) = node.items()
            values += f"\t{name(key)} . {name(inner)} = {write(item)} # v\r\n"
        else:
            values += f"{name(key)} = {write(node)}\n\n"
    return values + tables


SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
TREES = st.recursive(SCALARS, lambda tree: st.lists(tree) | st.dictionaries(st.text(max_size=9), tree), max_leaves=20)


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=9), TREES))
def test_what_is_written_is_read_and_every_node_is_found(tree: dict[str, Any]) -> None:
    text = write_file(tree)
    found = root(text)
    assert found.value == tree
    for path, node in nodes(tree):
        piece = cut(text, found.span(path))
        if not isinstance(node, dict | list) or piece.startswith(("{", "[ #")):
            assert tomllib.loads(f"k = {piece}") == {"k": node}
        if path and isinstance(path[-1], str):
            assert tomllib.loads(f"{cut(text, found.span(path, key=True))} = 1") == {path[-1]: 1}


PIECES = st.sampled_from(
    ["a", "b.c", '"d"', "=", " = ", "1", "[", "]", "[[", "]]", "[a]\n", "[[a]]\n", "\n", "\r\n", ",", "{", "}", '"',
     "'", '"""', "'''", "\\", "#", "1979-05-27", " 07:32:00", "true", ".", "inf", "é", "\x00", "a=1\n", "b=[", "c={"]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=20).map("".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = root(text)
    except ParseError as error:
        message, line, column = error.args
        assert message and 0 < line <= text.count("\n") + 1 and column > 0  # noqa: PT018
        return
    for path, node in nodes(found.value):
        piece = cut(text, found.span(path))
        if isinstance(node, str | int | float):
            assert root(f"k = {piece}").value["k"] == node or math.isnan(node)
