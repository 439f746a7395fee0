from __future__ import annotations

import time

import pathspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.document import ParseError, Root, Span
from guardrails.documents.markdown import FORMAT
from tests.unit.documents.trees import source


def parse(text: str) -> Root:
    (root,) = FORMAT.parse(text).roots
    return root


def headings(text: str) -> list[tuple[int, str]]:
    return [(heading["level"], heading["text"]) for heading in parse(text).value["headings"]]


def links(text: str) -> list[tuple[str, str]]:
    return [(link["text"], link["target"]) for link in parse(text).value["links"]]


def paragraphs(text: str) -> list[tuple[str, int]]:
    return [(paragraph["text"], paragraph["item"]) for paragraph in parse(text).value["paragraphs"]]


def rows(text: str) -> list[dict[str, str]]:
    return [row["cells"] for row in parse(text).value["rows"]]


def code(text: str) -> list[tuple[str, str]]:
    return [(block["language"], block["text"]) for block in parse(text).value["code"]]


@pytest.mark.parametrize(
    ("path", "expected"), [("README.md", True), ("docs/a.markdown", True), ("a.mdx", False), ("md", False)]
)
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


def test_an_empty_page():
    empty = {"front-matter": None, "headings": [], "links": [], "code": [], "paragraphs": [], "rows": []}
    assert parse("").value == empty


# --- headings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a", [(1, "a")]),
        ("###### a ######", [(6, "a")]),
        ("   ## a #  ", [(2, "a")]),
        ("# a#", [(1, "a#")]),
        ("#\ta", [(1, "a")]),
        ("#", [(1, "")]),
        ("## ##", [(2, "")]),
        ("####### a", []),
        ("#a", []),
        ("\\# a", []),
        ("    # a", []),
        ("text\n# a\ntext", [(1, "a")]),
        ("a\n===", [(1, "a")]),
        ("a\nb\n  ---  ", [(2, "a b")]),
        ("a\n\n---", []),
        ("---\n", []),
        ("* * *\n- - -", []),
        ("- a\n---", []),
        ("- a\n  ---", [(2, "a")]),
        ("> a\n---", []),
        ("> # a\n> b\n> ===", [(1, "a"), (1, "b")]),
        ("a\n1. # b\n2. # c", [(1, "b"), (1, "c")]),
        ("a\n2. # b", []),
        ("a\n*\n===", [(1, "a *")]),
        ("- # a\n\n  ## b\n1. ### c", [(1, "a"), (2, "b"), (3, "c")]),
        ("[a]: b\n===", []),
        ("| a |\n|---|", []),
        ("a\r\n===\r\n# b\r\n", [(1, "a"), (1, "b")]),
        ("# a\u2028b", [(1, "a b")]),
    ],
)
def test_headings(text, expected):
    assert headings(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*a* **b** _c_ ~~d~~", "a b c d"),
        ("`a_b` a_b __c__", "a_b a_b c"),
        ("`__init__` ``a`b``", "__init__ a`b"),
        ("[a](b) [c][d] ![e](f)", "a c"),
        ("[![e](f)](g) h", "h"),
        ("a <b>c</b> <!-- d --> e", "a c e"),
        ("<https://a.b> &amp; \\*c\\*", "https://a.b & *c*"),
        ("2 * 3", "2 * 3"),
    ],
)
def test_plain_text_of_headings(text, expected):
    assert headings(f"# {text}") == [(1, expected)]


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("# Hello World", ["hello-world"]),
        ("# What's new in 2.0?", ["whats-new-in-20"]),
        ("# `snake_case` & Über-Maß", ["snake_case--über-maß"]),
        ("# a\n# a\n# A", ["a", "a-1", "a-2"]),
        ("# a\n# a-1\n# a", ["a", "a-1", "a-2"]),
        ("# !\n# ?", ["", "-1"]),
    ],
)
def test_slugs(text, slugs):
    assert [heading["slug"] for heading in parse(text).value["headings"]] == slugs


# --- links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](b)", [("a", "b")]),
        ("[a]( <b c> )", [("a", "b c")]),
        ("[a]()", [("a", "")]),
        ("[a](b(c(d)))", [("a", "b(c(d))")]),
        ("[a](b\\)c)", [("a", "b)c")]),
        ("[a](b c)", []),
        ("[a](b\\)", []),
        ("[a](b\\\\)", [("a", "b\\")]),
        ("[a] (b)", []),
        ("[a\nb](c)", [("a b", "c")]),
        ("[a[b]c](d)", [("a[b]c", "d")]),
        ("[a [b](c) d](e)", [("b", "c")]),
        ("[![a](b)](c)", [("", "c"), ("a", "b")]),
        ("![a [b](c)](d)", [("a b", "d"), ("b", "c")]),
        ("\\[a](b)", []),
        ("[a\\](b)", []),
        ("`[a](b)`", []),
        ("``[a](`b)``", []),
        ("`[a](b)", [("a", "b")]),
        ("[a`](b)`", []),
        ("<!-- [a](b) --> [c](d)", []),
        ("x <!-- [a](b) --> [c](d)", [("c", "d")]),
        ("x <!-- [a](b)\n--> [c](d)", [("c", "d")]),
        ('<a title="[x](y)">[c](d)</a>', [("c", "d")]),
        ("<https://a.b/c>", [("https://a.b/c", "https://a.b/c")]),
        ("a\n<i>\n[b](c)", [("b", "c")]),
        ("<a@b.c>", [("a@b.c", "mailto:a@b.c")]),
        ("see https://a.b/c_(d). And", [("https://a.b/c_(d)", "https://a.b/c_(d)")]),
        ("(https://a.b/c)", [("https://a.b/c", "https://a.b/c")]),
        ("[https://a.b](c)", [("https://a.b", "c")]),
        ("[a](b) [c](d)", [("a", "b"), ("c", "d")]),
        ("# [a](b)", [("a", "b")]),
        ("[a](b)\n===", [("a", "b")]),
        ("- [a](b)\n  > [c](d)", [("a", "b"), ("c", "d")]),
        ("- [ ] todo\n- [x] done", []),
        ("| [a](b) | [c](d) |\n|---|---|", [("a", "b"), ("c", "d")]),
    ],
)
def test_links(text, expected):
    assert links(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]\n\n[a]: b", [("a", "b")]),
        ("[a][]\n\n[A]: b", [("a", "b")]),
        ("[x][a  B]\n\n[A\tb]: <c d> 'title'", [("x", "c d")]),
        ("![x][a]\n\n[a]:\n  b\n  'title'", [("x", "b")]),
        ("[a]: b\n[c]: d\n[a] [c]", [("a", "b"), ("c", "d")]),
        ("[a]: first\n[a]: second\n\n[a]", [("a", "first")]),
        ("> [a]: b\n\n[a]", [("a", "b")]),
        ("[a][b]\n\n[a]: c", []),
        ("[a]", []),
        ("text\n[a]: b\n\n[a]", []),
        ("[a]: b c\n\n[a]", []),
        ("[a]: b\\\n\n[a]", [("a", "b\\")]),
        ("[^1]: note\n\n[^1]", []),
        ("```\n[a]: b\n```\n[a]", []),
    ],
)
def test_references(text, expected):
    assert [link for link in links(text) if link[0] != "[a]: b"] == expected


def test_titles_and_images():
    assert parse("[a](b \"c 'd'\") ![e](f 'g') [h](i (j)) [k]\n\n[k]: l\n  \"m\"").value["links"] == [
        {"text": "a", "target": "b", "title": "c 'd'", "image": False},
        {"text": "e", "target": "f", "title": "g", "image": True},
        {"text": "h", "target": "i", "title": "j", "image": False},
        {"text": "k", "target": "l", "title": "m", "image": False},
    ]


# --- code and HTML


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```\na\n\n# b\n```", [("", "a\n\n# b\n")]),
        ("~~~ py title=x\na\n~~~~", [("py", "a\n")]),
        ("````\n```\n````", [("", "```\n")]),
        ("```\n~~~\n```", [("", "~~~\n")]),
        ("```\na", [("", "a\n")]),
        ("```\n", [("", "")]),
        ("  ```\n    a\n  b\n ```", [("", "  a\nb\n")]),
        ("``` a`b\nc", []),
        ("- ```sh\n  a\n  ```\n- b", [("sh", "a\n")]),
        ("- ```\n  a\nb", [("", "a\n")]),
        ("> ```\n> a\nb", [("", "a\n")]),
        ("    a\n\n      b\n\nc", [("", "a\n\n  b\n")]),
        ("\ta\n", [("", "a\n")]),
        ("a\n    b", []),
        ("- a\n\n      b\n", [("", "b\n")]),
        ("- a\n\n  b\n", []),
        ("-      a\n", [("", " a\n")]),
        ("-\ta\n\n\tb\n\n\t\tc\n", [("", "c\n")]),
        ("10.\ta\n\n    b\n\n\t    c\n", [("", "c\n")]),
        ("1. a\n\n   b\n\n        c", [("", " c\n")]),
        ("-\n\n      a", [("", "  a\n")]),
        (">     a\n\n     b", [("", "a\n"), ("", " b\n")]),
        ("> -\n\n    a", [("", "a\n")]),
        ("> -\n>\n>     a", [("", "a\n")]),
    ],
)
def test_code(text, expected):
    assert code(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "```\n{}\n```",
        "    {}",
        "<!-- x\n{}\n-->",
        "<div>\n{}\n</div>",
        "<img src='x'>\n{}",
        "</i>\n{}",
        "<pre>\n\n{}\n</pre>",
        "<script>\n\n{}\n</script>",
        "<?php\n\n{}\n?>",
        "- <!--\n  {}\n  -->",
    ],
)
@pytest.mark.parametrize("content", ["# a", "[a](b)", "[a]: b", "> ## c"])
def test_what_is_not_markdown(text, content):
    value = parse(text.format(content) + "\n\n[a]\n\n[end](x)").value
    assert value["headings"] == []
    assert [link["target"] for link in value["links"]] == ["x"]


def test_markdown_goes_on_after_html():
    assert headings("<!-- a -->\n# b\n<div>\n\n# c\n</div>\n# no\n\n# d") == [(1, "b"), (1, "c"), (1, "d")]


# --- front matter


def test_yaml_front_matter():
    text = "---\n# comment\ntitle: a\ntags: [b, c]\n---\n# h\n"
    root = parse(text)
    assert root.value["front-matter"] == {"title": "a", "tags": ["b", "c"]}
    assert headings(text) == [(1, "h")]
    assert source(root, text, "front-matter", "title") == "a"
    assert source(root, text, "front-matter", "tags", 1) == "c"
    assert root.span(("front-matter", "title"), key=True) == Span(3, 1, 3, 6)
    assert source(root, text, "headings", 0) == "# h"


def test_toml_front_matter():
    text = '+++\ntitle = "a"\n[x]\ny = 1\n+++\n# h\n'
    root = parse(text)
    assert root.value["front-matter"] == {"title": "a", "x": {"y": 1}}
    assert source(root, text, "front-matter", "x", "y") == "1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\n# a\n---\n", [(1, "a")]),
        ("---\n\n---\n# a", [(1, "a")]),
        ("---\n- a\n---\n", []),
        ("---\nNote that: is prose\n---\n", [(2, "Note that: is prose")]),
        ("---\na: b\n", []),
        ("\n---\na: b\n---\n", [(2, "a: b")]),
    ],
)
def test_what_is_no_front_matter(text, expected):
    assert parse(text).value["front-matter"] is None
    assert headings(text) == expected


@pytest.mark.parametrize("text", ["---\na: [b\n---\n", "+++\na = = 1\n+++\n"])
def test_broken_front_matter(text):
    with pytest.raises(ParseError) as error:
        parse(text)
    assert error.value.line in {2, 3}


# --- positions


def test_positions():
    text = (
        "# One [a](b)\n\nTwo\nlines\n-----\n\n> text [c\n> d](e) ![f](g)\n\n- item\n  <https://h.i>\n"
        "  ```x\n  y\n  ```\n\n    - deep [r]\n\n[r]: s\n"
    )
    root = parse(text)
    assert source(root, text, "headings", 0) == "# One [a](b)"
    assert source(root, text, "headings", 0, "text") == "# One [a](b)"
    assert source(root, text, "headings", 1) == "Two\nlines\n-----"
    assert [source(root, text, "links", index) for index in range(5)] == [
        "[a](b)",
        "[c\n> d](e)",
        "![f](g)",
        "<https://h.i>",
        "[r]",
    ]
    assert source(root, text, "code", 0) == "```x\n  y\n  ```"
    assert root.span(("links", 99)) == Span(1, 1, 1, 1)


# --- paragraphs and tables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", [("a", 0)]),
        ("*a* `b`\n  c  \n\nd", [("*a* `b`\nc", 0), ("d", 0)]),
        ("# a\nb\n***\nc", [("b", 0), ("c", 0)]),
        ("a\n===\nb\n---", []),
        ("    a", []),
        ("```\na\n```", []),
        ("<div>\na\n</div>", []),
        ("[a]: b", []),
        ("[a]: b\nc", [("c", 0)]),
        ("- a\n- b\n\nc", [("a", 1), ("b", 1), ("c", 0)]),
        ("- a\nb", [("a\nb", 1)]),
        ("- a\n\n  b", [("a", 1), ("b", 0)]),
        ("- a\n  - b\n    1. c\n- d", [("a", 1), ("b", 2), ("c", 3), ("d", 1)]),
        ("1. [ ] a\n2. [x] b", [("[ ] a", 1), ("[x] b", 1)]),
        ("- # a\n  b", [("b", 1)]),
        ("- ```\n  a\n  ```\nb", [("b", 0)]),
        ("> - # a\n> b", [("b", 0)]),
        ("- - # a\n  b\n\n  c", [("b", 1), ("c", 0)]),
        ("-\n  a", [("a", 1)]),
        ("- a\n\n> b", [("a", 1), ("b", 0)]),
        ("> a\n> - b", [("a", 0), ("b", 1)]),
        ("- > a", [("a", 0)]),
        ("a\r\nb", [("a\nb", 0)]),
    ],
)
def test_paragraphs(text, expected):
    assert paragraphs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a | b\n:- | -:\n1 | 2", [{"a": "1", "b": "2"}]),
        ("|a|\n|-|\n|1|", [{"a": "1"}]),
        ("|a|b|\n|-|-|\n|1|\n|1|2|3|\n||2|", [{"a": "1"}, {"a": "1", "b": "2"}, {"a": "", "b": "2"}]),
        ("|**a**|`b`|\n|-|-|\n|**1**|`2`|", [{"a": "**1**", "b": "`2`"}]),
        ("|a|b|\n|-|-|\n|1\\|2|3|", [{"a": "1|2", "b": "3"}]),
        ("|a|a|\n|-|-|\n|1|2|", [{"a": "1"}]),
        ("|a|b|\n|-|-|\n1", [{"a": "1"}]),
        ("|a|b|\n|-|-|\n|1|2|\n\n|3|4|", [{"a": "1", "b": "2"}]),
        ("|a|b|\n|-|-|\n# c\n|1|2|", []),
        ("|a|b|\n|-|-|", []),
        ("|a|b|\n|-|\n|1|2|", []),
        ("|a|b|\n|1|2|", []),
        ("a\n-\n1", []),
        ("a\n:-\n1|2", []),
        ("```\n|a|\n|-|\n|1|\n```", []),
        ("- |a|\n  |-|\n  |1|", [{"a": "1"}]),
        ("|a|\r\n|-|\r\n|1|\r\n", [{"a": "1"}]),
    ],
)
def test_tables(text, expected):
    assert rows(text) == expected


def test_text_before_a_table_is_a_paragraph():
    text = "be\nfore\n|a|\n|-|\n|1|"
    assert paragraphs(text) == [("be\nfore", 0)]
    assert rows(text) == [{"a": "1"}]
    assert parse(text).span(("paragraphs", 0)) == Span(1, 1, 2, 5)


def test_a_table_is_no_paragraph_and_keeps_its_links():
    text = "|a|\n|-|\n|[b](c)|"
    assert paragraphs(text) == []
    assert links(text) == [("b", "c")]


def test_sections_are_the_headings_above_outermost_first():
    value = parse("a\n# B\nc\n### `D`\n- e\n\n## F\n|g|\n|-|\n|h|\n\ni\n# J\nk").value
    assert [(p["text"], p["sections"]) for p in value["paragraphs"]] == [
        ("a", []),
        ("c", ["B"]),
        ("e", ["B", "D"]),
        ("i", ["B", "F"]),
        ("k", ["J"]),
    ]
    assert [row["sections"] for row in value["rows"]] == [["B", "F"]]


def test_places_of_paragraphs_rows_and_cells():
    text = "---\na: 1\n---\n> - b *c*\n>   d\n\n[e]: f\ng\n\n  | h | i |\n  |---|---|\n  | 1 |  2 3 |\n  | | 4 |\n"
    root = parse(text)
    assert source(root, text, "paragraphs", 0) == "b *c*\n>   d"
    assert source(root, text, "paragraphs", 1) == "g"
    assert source(root, text, "rows", 0) == "| 1 |  2 3 |"
    assert source(root, text, "rows", 0, "cells", "h") == "1"
    assert source(root, text, "rows", 0, "cells", "i") == "2 3"
    assert source(root, text, "rows", 1, "cells", "i") == "4"
    assert root.span(("rows", 1, "cells", "h"))[:2] == (13, 5)


# --- properties

INLINE = [
    "a",
    "b c",
    "*",
    "_",
    "`",
    "``",
    "[",
    "]",
    "](",
    ")",
    "![",
    "[a](b)",
    "<",
    ">",
    "<!--",
    "-->",
    "https://a.b",
    "\\",
    "&amp;",
]
BLOCK = [
    "# ",
    "## ",
    "- ",
    "1. ",
    "> ",
    "    ",
    "\t",
    "```",
    "~~~",
    "---",
    "===",
    "[a]: b",
    "<div>",
    "\n",
    "\n\n",
    "\r\n",
    "\u2028",
    " ",
    "|",
    "\n|-|\n",
]
TEXTS = st.lists(st.sampled_from(INLINE) | st.sampled_from(BLOCK), max_size=40).map("".join) | st.text(max_size=60)


@settings(deadline=None)
@given(TEXTS)
def test_any_text_parses(text):
    try:
        root = parse(text)
    except ParseError:
        assert text.startswith(("---", "+++"))
        return
    lines = text.split("\n")
    for kind in ("headings", "links", "code", "paragraphs", "rows"):
        last = (0, 0)
        for index in range(len(root.value[kind])):
            span = root.span((kind, index))
            assert last <= (span.line, span.column) <= (span.end_line, span.end_column)
            assert span.end_line <= len(lines)
            assert span.end_column <= len(lines[span.end_line - 1]) + 1
            last = (span.line, span.column)


NAMES = st.text("abcdef ghi", min_size=1, max_size=10).map(str.strip).filter(bool)
BLOCKS = st.one_of(
    st.tuples(st.just("heading"), st.integers(1, 6), NAMES),
    st.tuples(st.just("link"), NAMES, NAMES.map(lambda name: name.replace(" ", "/"))),
    st.tuples(st.just("paragraph"), st.sampled_from(["", "- "]), NAMES),
    st.tuples(st.just("row"), NAMES, NAMES),
    st.tuples(st.just("code"), st.sampled_from(["", "py"]), st.lists(NAMES.map("# ".__add__), max_size=3)),
)


@settings(deadline=None)
@given(st.lists(BLOCKS, max_size=8), st.sampled_from(["", "> ", ">>", "- > "]))
def test_a_generated_page_comes_back(blocks, prefix):
    lines: list[str] = []
    expected: dict[str, list] = {"heading": [], "link": [], "code": [], "paragraph": [], "row": []}
    for kind, first, second in blocks:
        line = len(lines) + 1
        if kind == "heading":
            lines += [f"{'#' * first} {second}", ""]
            expected[kind].append((first, " ".join(second.split()), line))
        elif kind == "link":
            lines += [f"[{first}]({second})", ""]
            expected[kind].append((" ".join(first.split()), second, line))
            expected["paragraph"].append((lines[-2], line))
        elif kind == "paragraph":
            lines += [f"{first}{second}", "", "<!-- -->", ""]
            expected[kind].append((second, line))
        elif kind == "row":
            lines += [f"| {first} |", "|---|", f"| {second} |", ""]
            expected[kind].append(({" ".join(first.split()): second}, line + 2))
        else:
            lines += [f"```{first}", *second, "```", ""]
            expected[kind].append((first, "".join(row + "\n" for row in second), line))
    follow = prefix.replace("-", " ")
    root = parse("\n".join((follow if number else prefix) + line for number, line in enumerate(lines)))
    value = root.value
    assert [
        (h["level"], h["text"], root.span(("headings", i)).line) for i, h in enumerate(value["headings"])
    ] == expected["heading"]
    assert [(k["text"], k["target"], root.span(("links", i)).line) for i, k in enumerate(value["links"])] == expected[
        "link"
    ]
    assert [(c["language"], c["text"], root.span(("code", i)).line) for i, c in enumerate(value["code"])] == expected[
        "code"
    ]
    assert [(p["text"], root.span(("paragraphs", i)).line) for i, p in enumerate(value["paragraphs"])] == expected[
        "paragraph"
    ]
    assert [(r["cells"], root.span(("rows", i)).line) for i, r in enumerate(value["rows"])] == expected["row"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "[a](" * 60_000,
        "![" * 60_000 + "](b)" * 60_000,
        "[a][" * 60_000,
        "`" * 300_000,
        "".join("`" * n + " " for n in range(700)),
        "<" * 200_000,
        "<!--" * 60_000,
        "<a " * 60_000,
        "> " * 100_000 + "a",
        ("- " * 300 + "a\n") * 300,
        "- " * 300 + "a\n" + "\n" * 30_000,
        "# a\n" * 50_000,
        "# " + "a`" * 100_000,
        "# " + "[" * 100_000,
        "# " + "<!--" * 60_000,
        "[a]: b\n" * 50_000,
        "[a]: b 'c\n" * 50_000,
        "a\n" * 200_000,
        "https://a" * 30_000,
        "https://a/" + ")" * 100_000,
        "https://" + "." * 100_000,
        "---\n" + "# a\n" * 50_000,
        "* " * 150_000,
        "_" * 300_000,
        "[a](" + "(" * 200_000,
        "[a](b '" * 50_000,
        "\\" * 300_001,
        "|" * 300_000,
        "|a\n" + "|-" * 100_000 + "\n|1" * 100_000,
        "|a" * 500 + "\n" + "|-" * 500 + "\n|1" * 100_000,
        "|-|\n" * 60_000,
        "|a|\n|-" + " " * 200_000 + "x",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_takes_bounded_time(text):
    start = time.perf_counter()
    parse(text)
    assert time.perf_counter() - start < 8
