from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.document import MAX_DEPTH, ParseError, Path, Span
from guardrails.documents.json import FORMAT, JSONC
from tests.unit.documents.trees import cut, nodes


def value(text: str) -> Any:
    (root,) = FORMAT.parse(text).roots
    return root.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("null", None),
        (' {"a": [1, 2.5, "x", true, false, null]} \r\n', {"a": [1, 2.5, "x", True, False, None]}),
        ('{"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2}),
        ('"\\ud83d\\ude00 \\u00e9"', "😀 é"),
        ("[1e2, -0.5E-1, -0]", [100.0, -0.05, 0]),
        ('// why\n{"a": 1, /* b */ "c": [1, 2,],} // end', {"a": 1, "c": [1, 2]}),
        ('{"a": "// text", "b": "/* text */",}', {"a": "// text", "b": "/* text */"}),
        ("/***/ [ /* ** / */ ]\n//", []),
        ("[-1.5e3, 0, 10, true, false, null, {},]", [-1500.0, 0, 10, True, False, None, {}]),
    ],
)
def test_values(text: str, meant: Any) -> None:
    assert repr(value(text)) == repr(meant)


def test_both_formats_read_the_same_language() -> None:
    assert (FORMAT.name, JSONC.name) == ("json", "jsonc")
    assert JSONC.parse('{"a": 1, /* b */}').roots[0].value == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        (" // nothing\n", 1, 1, "empty"),
        ("[1,\n 2", 2, 3, "the file ends where ',' or ']' (opened at line 1) should be"),
        ('{"a": [1}', 1, 9, "expected ',' or ']' (opened at line 1), not '}'"),
        ('{"a": 1 "b": 2}', 1, 9, "expected ',' or '}'"),
        ('{"a" 1}', 1, 6, "expected ':', not '1'"),
        ('{"a":}', 1, 6, "expected a value, not '}'"),
        ("{a: 1}", 1, 2, "expected a key in double quotes, not 'a'"),
        ("{'a': 1}", 1, 2, "use double quotes"),
        ("{,}", 1, 2, "expected a key"),
        ("[,]", 1, 2, "expected a value, not ','"),
        ("[1,,2]", 1, 4, "expected a value, not ','"),
        ("[1] 2", 1, 5, "one value in a file"),
        ("[NaN]", 1, 2, "not 'NaN'; write null, or a string"),
        ("[1, -Infinity]", 1, 5, "not '-Infinity'; write null"),
        ("[None]", 1, 2, "write null"),
        ("[True]", 1, 2, "write true"),
        ("[nulll]", 1, 2, "put text in double quotes"),
        ("# c\n1", 1, 1, "a comment starts with //"),
        ("[1] /* c", 1, 5, "one value"),
        ("/* c\n1", 1, 1, "ends with */"),
        ("[01]", 1, 2, "not '01'; a number has no leading zero"),
        ("[+1]", 1, 2, "a number has no"),
        ("[.5]", 1, 2, "a number has no"),
        ("[1.]", 1, 2, "a number has no"),
        ("[\u0663]", 1, 2, "expected a value"),
        ('["a\nb"]', 1, 4, "line break or control character"),
        ('["a]', 1, 2, "never closed"),
        ('["\\x"]', 1, 3, "unknown escape"),
        ('["\\ud800"]', 1, 2, "half a character"),
        ('{"\\udc00": 1}', 1, 2, "half a character"),
        ("[" + "9" * 5000 + "]", 1, 2, "too many digits"),
        ('{"é😀": 1}\n x', 2, 2, "goes on after its value"),
    ],
)
def test_errors_say_where_and_what(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        FORMAT.parse(text)
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


SETTINGS = '{\n  // é😀\n  "a": {"b": [1, "x\\n"],},\r\n  "c": {},\n  "a": [true, /* t */ null]\n}\n'


@pytest.mark.parametrize(
    ("path", "key", "node"),
    [
        (("a",), '"a"', "[true, /* t */ null]"),
        (("a", 1), "null", "null"),
        (("c",), '"c"', "{}"),
        (("c", "gone"), "{}", "{}"),
    ],
)
def test_positions(path: Path, key: str, node: str) -> None:
    (root,) = JSONC.parse(SETTINGS).roots
    assert cut(SETTINGS, root.span(path)) == node
    assert cut(SETTINGS, root.span(path, key=True)) == key


def test_positions_count_code_points() -> None:
    (root,) = FORMAT.parse('["😀", {"é": 1}]').roots
    assert root.at(1).span(("é",), key=True) == Span(1, 8, 1, 11)
    assert root.span((1, "é")) == Span(1, 13, 1, 14)


DEEP = [
    lambda levels: "[" * levels + "]" * levels,
    lambda levels: '{"a": ' * levels + "1" + "}" * levels,
    lambda levels: '{"a": [' * (levels // 2) + "[" * (levels % 2) + "]" * (levels % 2) + "]}" * (levels // 2),
    lambda levels: "// c\n" + "[" * levels + "]" * levels,
]


@pytest.mark.parametrize("text", [make(MAX_DEPTH) for make in DEEP] + ["[" * 199 + '"[[{{"' + "]" * 199])
def test_the_deepest_document(text: str) -> None:
    (root,) = FORMAT.parse(text).roots
    for path, _ in nodes(root.value):
        root.span(path)


@pytest.mark.parametrize(
    "text",
    [
        *(make(levels) for make in DEEP for levels in (MAX_DEPTH + 1, 3000)),
        "[" * 1_000_000,
        '{"a": %s, "a": 1}' % ("[" * 300 + "]" * 300),
    ],
)
def test_deeper_documents_are_refused(text: str) -> None:
    with pytest.raises(ParseError, match="nested deeper than 200 levels"):
        FORMAT.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "/*" * 500_000,
        "[" + "//\n" * 500_000,
        '["' + "\\n" * 500_000,
        "[" * 200 + "[]," * 500_000,
        "[1" * 199 + "0" * 1_000_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ParseError):
        FORMAT.parse(text)
    assert time.perf_counter() - started < 5


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TREES = st.recursive(SCALARS, lambda tree: st.lists(tree) | st.dictionaries(st.text(), tree), max_leaves=20)


@given(TREES, st.sampled_from([None, 0, 2, "\t"]), st.booleans(), st.sampled_from(["", "// c\n", "/* c */ "]))
def test_what_is_dumped_is_read_and_every_node_is_found(
    tree: Any, indent: int | str | None, ascii: bool, comment: str
) -> None:
    text = comment + json.dumps(tree, indent=indent, ensure_ascii=ascii)
    (root,) = FORMAT.parse(text).roots
    assert repr(root.value) == repr(tree)
    for path, node in nodes(tree):
        assert repr(json.loads(cut(text, root.span(path)))) == repr(node)
        if path and isinstance(path[-1], str):
            assert json.loads(cut(text, root.span(path, key=True))) == path[-1]


PIECES = st.sampled_from(
    ["[", "]", "{", "}", ",", ":", '"', '"a"', '"b":', "1", "-", "0", ".5", "e9", "true", "null", "NaN", "//", "/*",
     "*/", "\n", "\r\n", " ", "\\", "\\u", "d8", "00", "'", "é", "\ufeff", "\x00", "{}", "[1,", "#"]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=lambda constant: 1 / 0)
    except (ValueError, ZeroDivisionError):
        expected = ParseError
    try:
        (root,) = FORMAT.parse(text).roots
    except ParseError as error:
        message, line, column = error.args
        assert message and 0 < line <= text.count("\n") + 1 and column > 0  # noqa: PT018
        assert expected is ParseError or "half a character" in message
    else:
        assert expected in (ParseError, root.value)
        for path, node in nodes(root.value):
            assert value(cut(text, root.span(path))) == node
