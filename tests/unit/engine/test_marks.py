"""Inline waivers are found in comments, and are about what follows them."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.checks.base import File
from guardrails.engine.marks import Mark, marks
from guardrails.repository.entry import Entry

WAIVE = "guardrails: waive p/r until=2026-12-31"


def found(text: str | bytes, path: str = "a.sh") -> list[Mark]:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return list(marks(File(Entry(path), lambda _: data, {})))


def about(text: str, path: str = "a.sh") -> list[tuple[int, int]]:
    return [(mark.first, mark.last) for mark in found(text, path)]


@pytest.mark.parametrize(
    ("opener", "closer"),
    [
        ("#", ""),
        ("##", ""),
        ("//", ""),
        ("///", ""),
        ("/*", " */"),
        ("/**", "*/"),
        (" *", ""),
        ("--", ""),
        ("--[[", "]]"),
        (";;", ""),
        ("%", ""),
        ("<!--", " -->"),
        ("<%#", "%>"),
        ("<%--", "--%>"),
        ("{#", " #}"),
        ("{{/*", " */}}"),
        ("{{- /*", " */ -}}"),
        ("(*", " *)"),
        ("{-", " -}"),
        ("..", ""),
        ("'", ""),
        ('"', ""),
        ("!", ""),
        ("REM", ""),
        ("@rem", ""),
        ("dnl", ""),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_comment_syntax(opener, closer, end):
    (mark,) = found(f"code{end}  {opener} {WAIVE} {closer}{end}{end}code{end}more{end}")
    assert mark == Mark("a.sh", 2, 3, 4, False, "p/r until=2026-12-31", "code")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"# {WAIVE}\ncode\ncode\n", [(2, 2)]),
        (f"# why\n# {WAIVE}\n# and more\n\n# still\ncode\ncode\n", [(3, 6)]),
        (f"// {WAIVE}\n/*\n * why\n */\n*pointer = 1;\nmore();\n", [(2, 5)]),
        # What starts a comment in one language is code in another.
        (f'# {WAIVE}\n"a": 1\n"b": 2\n', [(2, 2)]),
        (f"// {WAIVE}\n'use strict'\n!call()\n", [(2, 2)]),
        (f"// {WAIVE}\n#define A\n#define B\n", [(2, 2)]),
        (f"# {WAIVE}\n--flag\n--other\n", [(2, 2)]),
        (f"{WAIVE}\ncode\n", []),
        (f"code  # {WAIVE}\n", [(0, 0)]),
        (f"code #{WAIVE}\n", [(0, 0)]),
        (f"'code#{WAIVE}'\n", []),
        (f"echo '# {WAIVE}'\n", []),
        ("# guardrails: waived\n", []),
        ("# guardrails waive p/r\n", []),
        (f"# {WAIVE}", [(2, 1)]),
    ],
)
def test_it_is_about_the_next_line_that_is_no_comment(text, lines):
    assert about(text) == lines


@pytest.mark.parametrize(
    ("above", "top"),
    [
        ("", True),
        ("\n\n", True),
        ("#!/bin/sh\n# why\n", True),
        ("---\n", True),
        ("code\n", False),
        ("'code': 1\n", False),
        ("# why\ncode\n# why\n", False),
    ],
)
def test_on_top_it_is_about_the_file(above, top):
    (mark,) = found(f"{above}# {WAIVE}\ncode\n")
    assert mark.top is top


@pytest.mark.parametrize("name", ["a.md", "README.MD", "a.html", "b.svg"])
def test_in_markup_only_its_own_comments_count(name):
    assert about(f"    # {WAIVE}\n\nText `# {WAIVE}`\n\n<!-- {WAIVE} -->\nText\n", name) == [(6, 6)]


def test_what_it_is_about_does_not_hang_on_indentation():
    (one,) = found(f"# {WAIVE}\na  b\n")
    (other,) = found(f"x\n  # {WAIVE}\n    a b\n")
    assert one.about == other.about == "a b"


def test_binary_content_holds_none():
    assert found(b"\0\1\2\3\4\5\6\7" * 40 + f"\n# {WAIVE}\n".encode()) == []


def test_utf_16_is_read():
    assert about(f"# {WAIVE}\ncode\n".encode("utf-16")) == [(2, 2)]


@pytest.mark.parametrize(
    "text",
    [
        f"# {WAIVE}\n" * 20_000,
        f"# {WAIVE}\n\n\n" * 10_000,
        f"# {WAIVE}\n// {WAIVE}\n" * 10_000,
        f"# {WAIVE}{' ' * 50_000}x\n",
        f"# {WAIVE} {'*/ ' * 50_000}x\n",
        f"{'# ' * 50_000}{WAIVE}\n",
        f"x{' #' * 50_000} {WAIVE}\n",
        f"{' ' * 50_000}x {WAIVE}\n",
        f"# {WAIVE} {'-' * 50_000}x\n",
    ],
    ids=range(9),
)
def test_work_is_linear(text):
    start = process_time()
    found(text)
    assert process_time() - start < 2


LINE = st.one_of(
    st.sampled_from(
        ["", "  ", "code", "# why", "// why", "/*", " * x", "*/", "'x'", '"y": 1', "---", "-- x", "<!-- x -->"]
    ),
    st.sampled_from([f"{opener} {WAIVE}" for opener in ("#", "//", "/*", " *", "--", "'", "<!--")]),
    st.text(max_size=20),
)


@given(st.lists(LINE, max_size=12), st.sampled_from(["a.sh", "a.md"]))
def test_it_never_raises_and_reaches_one_line_of_code(lines, path):
    text = "\n".join(lines)
    total = text.replace("\r\n", "\n").split("\n")
    for mark in found(text, path):
        assert "guardrails:" in total[mark.line - 1]
        if mark.first:
            assert mark.first == mark.line + 1
            assert mark.last <= len(total)
            assert "code" not in [line.strip() for line in total[mark.line : mark.last - 1]]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_content_raises(before, behind):
    found(before + f"\n# {WAIVE}\n".encode() + behind)
