from __future__ import annotations

import contextlib
import time
from typing import Any

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.document import ParseError, Root
from guardrails.documents.go_mod import FORMAT
from tests.unit.documents.trees import source

EMPTY = {"module": "", "go": "", "toolchain": "", "require": [], "replace": [], "exclude": []}


def parse(text: str) -> Root:
    (root,) = FORMAT.parse(text).roots
    return root


def required(path: str, version: str, *, indirect: bool = False, **more: Any) -> dict[str, Any]:
    return {"path": path, "version": version, "indirect": indirect, **more}


@pytest.mark.parametrize(("path", "expected"), [("go.mod", True), ("a/go.mod", True), ("go.sum", False)])
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        ("// nothing\n\n", {}),
        (
            "module example.org/a // why\n\ngo 1.24\ntoolchain go1.24.1\n",
            {"module": "example.org/a", "go": "1.24", "toolchain": "go1.24.1"},
        ),
        ("module (\n  example.org/a\n)\n", {"module": "example.org/a"}),
        ('module "example.org/a"\nmodule `example.org/b`', {"module": "example.org/b"}),
        ("require a.org/b v1.0.0", {"require": [required("a.org/b", "v1.0.0")]}),
        ("require a.org/b v1.0.0// indirect", {"require": [required("a.org/b", "v1.0.0", indirect=True)]}),
        (
            "require (\r\n\ta.org/b v1.0.0 // indirect\r\n\ta.org/c v2.0.0+incompatible // indirect; for d\r\n\ta.org/e v0.1.0 // indirectly\r\n)\r\n",
            {
                "require": [
                    required("a.org/b", "v1.0.0", indirect=True),
                    required("a.org/c", "v2.0.0+incompatible", indirect=True),
                    required("a.org/e", "v0.1.0"),
                ]
            },
        ),
        ("require ()\nrequire(\n)\ngo 1.24", {"go": "1.24"}),
        ("exclude a.org/b v1.0.1", {"exclude": [{"path": "a.org/b", "version": "v1.0.1"}]}),
        (
            "retract [v1.0.0, v1.0.5] // broken\ntool a.org/lint",
            {"retract": ["[v1.0.0 , v1.0.5]"], "tool": ["a.org/lint"]},
        ),
    ],
)
def test_values(text, meant):
    assert parse(text).value == EMPTY | meant


def test_what_is_built_in_the_place_of_a_requirement():
    text = """
require (
    a.org/all v1.0.0
    a.org/one v1.0.0
    a.org/other v1.1.0
    a.org/both v1.0.0
    a.org/none v1.0.0
)
replace (
    a.org/all => ../all
    a.org/one v1.0.0 => a.org/fork v1.0.1
    a.org/other v1.0.0=>a.org/fork v1.0.1
    a.org/both => ./both
)
replace a.org/both v1.0.0 => a.org/fork v1.0.2
"""
    value = parse(text).value
    assert [module.get("replace") for module in value["require"]] == [
        {"path": "../all", "version": ""},
        {"path": "a.org/fork", "version": "v1.0.1"},
        None,
        {"path": "a.org/fork", "version": "v1.0.2"},
        None,
    ]
    assert value["replace"][2] == {
        "path": "a.org/other",
        "version": "v1.0.0",
        "by": {"path": "a.org/fork", "version": "v1.0.1"},
    }


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("go 1.24\nrequire (\n  a.org/b v1.0.0\n", 2, 1, "the block 'require (' is never closed"),
        ("require a.org/b", 1, 9, "expected a module and its version"),
        ("go 1.24\nreplace " + "x =>" * 3000, 2, 1, "10,000 characters at most"),
        ("require (\n  a.org/b v1 v2\n)", 2, 3, "expected a module and its version"),
        ("exclude a.org/b", 1, 9, "expected a module and its version: exclude"),
        ("replace a.org/b ../b", 1, 9, "expected: replace"),
        ("replace a.org/b v1 v2 => ../b", 1, 9, "expected: replace"),
        ("replace a.org/b =>", 1, 9, "expected: replace"),
        ("replace => ../b", 1, 9, "expected: replace"),
        ("go 1.24\n)", 2, 1, "expected a directive"),
        ("( a.org/b", 1, 1, "expected a directive"),
        ("\nrequire", 2, 1, "expected a directive"),
    ],
)
def test_errors(text, line, column, words):
    with pytest.raises(ParseError) as caught:
        FORMAT.parse(text)
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


def test_places():
    text = "module a.org/x\nrequire (\n\ta.org/b v1.0.0 // indirect\n)\nreplace a.org/b => ../b\n"
    root = parse(text)
    assert source(root, text, "module") == "a.org/x"
    assert source(root, text, "require", 0) == "a.org/b v1.0.0"
    assert source(root, text, "require", 0, "version") == "a.org/b v1.0.0"
    assert source(root, text, "replace", 0) == "a.org/b => ../b"


WORDS = st.sampled_from(
    [
        "module",
        "go",
        "require",
        "replace",
        "retract",
        "(",
        ")",
        "=>",
        "a.org/b",
        "v1.0.0",
        "//",
        '"',
        "`",
        ",",
        " ",
        "\n",
        "\r\n",
        "é",
    ]
)


@given(st.lists(WORDS).map("".join) | st.text())
def test_any_text_is_read_or_refused(text):
    try:
        root = parse(text)
    except ParseError as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        assert root.value.keys() >= EMPTY.keys()


MODULES = st.lists(
    st.tuples(
        st.from_regex(r"[a-z]{1,5}\.org/[a-z]{1,5}", fullmatch=True),
        st.from_regex(r"v[0-9]\.[0-9]\.[0-9]", fullmatch=True),
        st.booleans(),
    )
)


@given(MODULES)
def test_blocks_and_lines_say_the_same(modules):
    lines = [f"{path} {version}" + " // indirect" * indirect for path, version, indirect in modules]
    block = parse("\n".join(["require (", *lines, ")"])).value
    assert block == parse("\n".join(f"require {line}" for line in lines)).value
    assert block["require"] == [required(path, version, indirect=indirect) for path, version, indirect in modules]


@pytest.mark.parametrize(
    "text", ["(" * 200_000, '"' * 200_001, "require a => " * 50_000, "//" * 100_000, "a\n" * 100_000]
)
def test_time_is_linear(text):
    start = time.process_time()
    with contextlib.suppress(ParseError):
        parse(text)
    assert time.process_time() - start < 2
