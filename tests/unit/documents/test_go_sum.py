from __future__ import annotations

import contextlib
import time

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.document import ParseError, Root
from guardrails.documents.go_sum import FORMAT
from tests.unit.documents.trees import cut, source

HASH = "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0="


def parse(text: str) -> Root:
    (root,) = FORMAT.parse(text).roots
    return root


@pytest.mark.parametrize(("path", "expected"), [("go.sum", True), ("go.work.sum", True), ("go.mod", False)])
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        ("\n \n", {}),
        (
            f"a.org/b v1.0.0 {HASH}\na.org/b v1.0.0/go.mod h1:x=\n",
            {"a.org/b v1.0.0": HASH, "a.org/b v1.0.0/go.mod": "h1:x="},
        ),
        ("a.org/b v1.0.0 h1:x=\r\n\r\na.org/c v1.0.0 h1:y=", {"a.org/b v1.0.0": "h1:x=", "a.org/c v1.0.0": "h1:y="}),
        ("a v1 h1:x=\na v1 h2:y=", {"a v1": "h2:y="}),
    ],
)
def test_values(text, meant):
    assert parse(text).value == meant


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a v1 h1:x=\na v1", 2, 1),
        ("a v1 h1:x= more", 1, 1),
        ("a v1 h1:x=\n<<<<<<< HEAD\nb v1 h1:x=\n", 2, 1),
        ("  x\n", 1, 3),
    ],
)
def test_errors(text, line, column):
    with pytest.raises(ParseError, match="expected a module, a version and a hash") as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_places():
    text = f"a.org/b v1.0.0 {HASH}\na.org/c v2.0.0 h1:x=\n"
    root = parse(text)
    assert source(root, text, "a.org/b v1.0.0") == HASH
    assert cut(text, root.span(("a.org/c v2.0.0",), key=True)) == "a.org/c v2.0.0"


@given(st.text() | st.text("a1 \n\t\r"))
def test_any_text_is_read_or_refused(text):
    try:
        root = parse(text)
    except ParseError as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        for key, value in root.value.items():
            assert cut(text, root.span((key,))) == value


@pytest.mark.parametrize("text", ["a " * 200_000, "a" * 400_000, " \t" * 200_000, "a a\n" * 100_000])
def test_time_is_linear(text):
    start = time.process_time()
    with contextlib.suppress(ParseError):
        parse(text)
    assert time.process_time() - start < 2
