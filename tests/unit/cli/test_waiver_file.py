"""Edits of the waivers file keep what stands there, or are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardrails.cli.waiver_file import append, remove
from guardrails.cli.waiver_wizard import from_root
from guardrails.errors import UsageError
from guardrails.findings import Location
from guardrails.governance.waivers import Waiver, parse
from guardrails.policy.terms import WAIVERS
from guardrails.repository import snapshot

TEXT = st.one_of(
    st.sampled_from(
        [
            "R",
            "yes",
            "null",
            "1",
            ".0",
            ".inf",
            "2026-01-31",
            "- a",
            "a: b",
            "a #b",
            '"q"',
            "'q'",
            "*a",
            "&a",
            "!a",
            "@x",
            "{",
            "é",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=8),
)
WAIVER = st.builds(
    Waiver,
    st.sampled_from(["p/r", "p", "p/*", "*", "[!x]*"]),
    st.just(Location(WAIVERS)),
    st.lists(st.sampled_from(["/a", "b/", "*.py", "\\!x", "/with\\ space", "!/c"]), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["", "0123456789", "1e5", "abc"]),
    *[st.one_of(st.just(""), TEXT)] * 6,
    mark=st.none(),
)
SLOW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def essence(waivers):
    return [waiver._replace(place=Location("")) for waiver in waivers]


def read(root: Path) -> bytes | None:
    path = root / WAIVERS
    return path.read_bytes() if path.exists() else None


def filled(root: Path, waivers) -> bytes:
    if (root / WAIVERS).exists():
        os.unlink(root / WAIVERS)
    for waiver in waivers:
        append(str(root), read(root), waiver)
    return read(root) or b"waivers:\n"


@SLOW
@given(st.lists(WAIVER, min_size=1, max_size=4))
def test_what_is_appended_is_read(tmp_path, waivers):
    found, flaws = parse(filled(tmp_path, waivers))
    assert (essence(found), flaws) == (essence(waivers), ())


@SLOW
@given(st.lists(WAIVER, min_size=1, max_size=4), st.data())
def test_what_is_not_removed_is_left_as_it_was(tmp_path, waivers, data):
    text = filled(tmp_path, waivers)
    found, _ = parse(text)
    gone = data.draw(st.lists(st.sampled_from(found), unique=True))
    remove(str(tmp_path), text, gone)
    left = read(tmp_path) or b""
    assert essence(parse(left)[0]) == essence(item for item in found if item not in gone)
    lines = iter(text.split(b"\n"))
    assert all(line in lines for line in left.split(b"\n")), "lines are only taken out"


ITEM = "{indent}- rule: {rule}\n{indent}  paths: [a]\n{indent}  owner: o\n{indent}  reason: r\n{indent}  expires: 2026-01-31\n"


def items(*rules, indent="  ", comment=True):
    return "waivers:\n" + "".join(
        (f"{indent}# about {rule}\n" if comment else "") + ITEM.format(indent=indent, rule=rule) for rule in rules
    )


def pruned(root: Path, text: str | bytes, *rules: str) -> str:
    data = text.encode() if isinstance(text, str) else text
    path = root / WAIVERS
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    remove(str(root), data, [waiver for waiver in parse(data)[0] if waiver.selector in rules])
    return path.read_bytes().decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("indent", ["", "  ", "    "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_comments_go_with_what_they_are_about(tmp_path, indent, end):
    text = items("a", "b", "c", indent=indent).replace("\n", end)
    expected = items("a", "c", indent=indent).replace("\n", end)
    assert pruned(tmp_path, text, "b") == expected
    assert pruned(tmp_path, text, "a", "b", "c") == f"waivers:{end}"


@pytest.mark.parametrize(
    "text",
    [
        "waivers: [{rule: a, paths: [x], expires: 2026-01-31}, {rule: b, paths: [x]}]\n",
        "waivers: [\n  {rule: a, paths: [x]}, {rule: b, paths: [x]}]\n",
        "waivers:\n  - {rule: a, paths: &p [x]}\n  - {rule: b, paths: *p}\n",
        "waivers:\n  - {rule: a, paths: [x]}\n---\nwaivers:\n  - {rule: b, paths: [x]}\n",
        # What is not written as a waiver is not ours to take out.
        "waivers:\n  - {rule: a, paths: [x]}\n  - {rule: c, pathes: [x]}\n  - {rule: b, paths: [x]}\n",
        "waivers:\n  - rule: a\n    paths: [x]\n  - rule: b\n    paths: [x]\nother: 1\n  - c\n",
    ],
)
def test_what_cannot_be_done_safely_is_refused(tmp_path, text):
    try:
        left = pruned(tmp_path, text, "a")
    except UsageError as error:
        assert "by hand" in (error.hint or "")
        left = (tmp_path / WAIVERS).read_text()
        assert left == text
    before, after = parse(text.encode()), parse(left.encode())
    assert len(after[1]) == len(before[1])
    assert "b" in [item.selector for item in after[0]] or left == text


def test_bytes_that_are_no_text_stay(tmp_path):
    text = b"# caf\xe9\n" + items("a", "b").encode()
    assert pruned(tmp_path, text, "a").startswith("# caf\udce9\n")
    append(str(tmp_path), text, Waiver("c", Location(WAIVERS), ("/c",)))
    assert (read(tmp_path) or b"").startswith(text)


@pytest.mark.parametrize(
    "text",
    ["waivers: []\n", "waivers:\n", "waivers: null", "# x\nwaivers: ~\n", items("a", indent="")],
)
def test_an_empty_list_takes_more(tmp_path, text):
    waiver = Waiver("c", Location(WAIVERS), ("/c",))
    append(str(tmp_path), text.encode(), waiver)
    assert essence(parse(read(tmp_path) or b"")[0])[-1] == essence([waiver])[0]


@pytest.mark.parametrize(
    "text",
    ["waivers: {}\n", "\ufeffwaivers: []\n", "- a\n", "waivers: [", "waivers:\n  - {rule: a, paths: [x]}\n---\na: 1\n"],
)
def test_a_file_of_another_shape_is_not_touched(tmp_path, text):
    with pytest.raises(UsageError, match="cannot be added to"):
        append(str(tmp_path), text.encode(), Waiver("c", Location(WAIVERS), ("/c",)))
    assert read(tmp_path) is None


@pytest.mark.parametrize(
    ("folder", "given", "expected"),
    [
        (".", "Dockerfile", "/Dockerfile"),
        ("sub", "Dockerfile", "/sub/Dockerfile"),
        ("sub", "./Dockerfile", "/sub/Dockerfile"),
        ("sub", "../Dockerfile", "/Dockerfile"),
        ("sub", "Dockerfile:7", "sub/Dockerfile:7"),
        (".", "sub/", "/sub/"),
        (".", "sub", "/sub/"),
        (".", "*.py", "*.py"),
        ("sub", "vendor/", "vendor/"),
        (".", ".", "."),
        (".", "a*b", "/a\\*b"),
    ],
)
def test_paths_are_meant_from_where_one_is(tmp_path, monkeypatch, folder, given, expected):
    (tmp_path / "sub").mkdir()
    for path in ("Dockerfile", "sub/Dockerfile", "a*b"):
        (tmp_path / path).touch()
    monkeypatch.chdir(tmp_path / folder)
    with snapshot.work_tree(str(tmp_path)) as tree:
        assert from_root(tree, given) == expected
