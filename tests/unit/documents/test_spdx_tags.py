"""The licences that files name in tags, and where."""

from __future__ import annotations

import time

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.spdx_tags import FORMAT

TAG = "SPDX-License-" + "Identifier"


def parse(text):
    (root,) = FORMAT.parse(text).roots
    return root


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/main.py", True),
        ("main.c", True),
        ("a/b.tsx", True),
        ("logo.png.license", True),
        ("REUSE.toml", True),
        (".reuse/dep5", True),
        ("Dockerfile", True),
        ("logo.png", False),
        ("data.json", False),
    ],
)
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


@pytest.mark.parametrize(
    ("text", "expressions", "licences"),
    [
        (f"# {TAG}: MIT\n", ["MIT"], ["MIT"]),
        (f"#{TAG}:MIT", ["MIT"], ["MIT"]),
        (f"// {TAG}: MIT\r\nint x;\r\n", ["MIT"], ["MIT"]),
        (f"/* {TAG}: MIT */", ["MIT"], ["MIT"]),
        (f"<!-- {TAG}: CC-BY-4.0 -->", ["CC-BY-4.0"], ["CC-BY-4.0"]),
        (f"<!--{TAG}: CC-BY-4.0-->", ["CC-BY-4.0"], ["CC-BY-4.0"]),
        (f"{{# {TAG}: MIT-0 #}}", ["MIT-0"], ["MIT-0"]),
        (f".. {TAG}: MIT", ["MIT"], ["MIT"]),
        (f"REM {TAG}: MIT", ["MIT"], ["MIT"]),
        (f"dnl {TAG}: MIT", ["MIT"], ["MIT"]),
        (f"@c {TAG}: MIT", ["MIT"], ["MIT"]),
        (
            f"/* {TAG}: (MIT OR GPL-2.0+ WITH Linux-syscall-note) */",
            ["(MIT OR GPL-2.0+ WITH Linux-syscall-note)"],
            ["MIT", "GPL-2.0", "Linux-syscall-note"],
        ),
        (f"# {TAG}: MIT\n# {TAG}: MIT OR ISC\n", ["MIT", "MIT OR ISC"], ["MIT", "ISC"]),
        (f"# {TAG}: MIT License\n", ["MIT License"], []),
        (f"# {TAG}:\n", [], []),
        (f"# {TAG}: {{licence}}\n", [], []),
        (f"print('{TAG}: MIT')\n", [], []),
        (f"Each file has an {TAG}: MIT\n", [], []),
        (f"# REUSE-IgnoreStart\n# {TAG}: MIT\n# REUSE-IgnoreEnd\n# {TAG}: ISC\n", ["ISC"], ["ISC"]),
        (f'{TAG} = "MIT OR ISC"\npath = "Zlib"\n', ["MIT OR ISC"], ["MIT", "ISC"]),
        (f'Write this:\n\n    {TAG} = "MIT"\n', [], []),
        (f'# (c) Ann\n\nversion = 1\n\n[[annotations]]\n  {TAG} = "MIT"\n', ["MIT"], ["MIT"]),
        (f'[[annotations]]\n{TAG} = "MIT"\n', ["MIT"], ["MIT"]),
        (f"{TAG} = 'MIT'\n", ["MIT"], ["MIT"]),
        (f'"{TAG}" = ["MIT", "ISC"]\npath = "Zlib"\n', ["MIT", "ISC"], ["MIT", "ISC"]),
        (f'{TAG} = [\n  "MIT",\n  "ISC",\n]\npath = "Zlib"\n', ["MIT", "ISC"], ["MIT", "ISC"]),
        ("License: MIT\n", [], []),
        (
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nLicense: MIT\n",
            ["MIT"],
            ["MIT"],
        ),
    ],
)
def test_tags(text, expressions, licences):
    assert parse(text).value == {"expressions": expressions, "licences": licences}


def test_places():
    root = parse(f"#!/bin/sh\n# {TAG}: MIT OR ISC\n{TAG} = ['Zlib']\n")
    assert [root.span(("expressions", 0))[:], root.span(("licences", 1))[:]] == [(2, 28, 2, 38)] * 2
    assert root.span(("licences", 2))[:] == (3, 29, 3, 33)


@given(
    st.lists(
        st.sampled_from([f"{TAG}: ", f"{TAG} = [", "]", '"MIT"', "\n", "# ", "-->", "REUSE-IgnoreStart", "é\0"]),
        max_size=30,
    )
)
def test_every_expression_stands_where_it_is_said_to(parts):
    text = "".join(parts)
    root = parse(text)
    lines = text.split("\n")
    for number, expression in enumerate(root.value["expressions"]):
        span = root.span(("expressions", number))
        assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == expression
    assert len(set(root.value["licences"])) == len(root.value["licences"])


@pytest.mark.parametrize("part", ["#", "# " + TAG + ": ", " ", "MIT OR (", TAG + " = [", "-", '"'])
def test_a_long_line_takes_time_by_its_length(part):
    text = f"# {TAG}: " + part * (500_000 // len(part)) + "\n" + part * (500_000 // len(part))
    start = time.perf_counter()
    parse(text)
    assert time.perf_counter() - start < 1
