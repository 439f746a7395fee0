"""How files are stored, and how that is mended."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.checks.base import File, Rule
from guardrails.checks.path import KIND
from guardrails.fixing.edits import Draft
from guardrails.fixing.rules import Fix, mistakes, repairs
from guardrails.repository.entry import Entry


def mended(block, data, *, executable=False):
    """The file after its findings are mended, and how many findings it has then."""
    inspector = KIND.compile([Rule(0, "p/r", block)])

    def found(draft):
        return list(repairs(Fix("path", block, True), 0, inspector, File(entry(draft), lambda _: draft.data, {})))

    def entry(draft):
        return Entry("a", executable=draft.executable, size=len(draft.data))

    draft = Draft(data, executable)
    after = draft.mended(found(draft))
    left = inspector.inspect(File(entry(after), lambda _: after.data, {}), frozenset({0}))
    return after, len(list(left))


@pytest.mark.parametrize(
    ("block", "data", "after"),
    [
        ({"final-newline": "required"}, b"a", b"a\n"),
        ({"final-newline": "required"}, b"a\r\nb", b"a\r\nb\r\n"),
        ({"final-newline": "required"}, b"\xff\xfea\0", b"\xff\xfea\0\n\0"),
        ({"line-endings": "lf"}, b"a\r\nb\n\r", b"a\nb\n\r"),
        ({"line-endings": "crlf"}, b"a\r\nb\nc", b"a\r\nb\r\nc"),
        ({"line-endings": "consistent"}, b"a\r\nb\r\nc\n", b"a\r\nb\r\nc\r\n"),
        ({"line-endings": "consistent"}, b"a\r\nb\n", b"a\nb\n"),
        ({"byte-order-mark": "forbid"}, b"\xef\xbb\xbfa", b"a"),
        ({"byte-order-mark": "require"}, b"a", b"\xef\xbb\xbfa"),
        ({"encoding": "utf-8"}, b"\xfe\xff\0a", b"a"),
    ],
)
def test_content(block, data, after):
    assert mended(block, data) == (Draft(after, executable=False), 0)


@pytest.mark.parametrize(
    ("block", "data"),
    [({"encoding": "utf-8"}, b"\xe9"), ({"byte-order-mark": "forbid"}, b"\xff\xfea\0"), ({"size": {"max": 0}}, b"a")],
)
def test_what_takes_a_decision_is_left_alone(block, data):
    assert mended(block, data) == (Draft(data, executable=False), 1)


@pytest.mark.parametrize(
    ("wanted", "data", "before", "after"),
    [("required", b"\0", False, True), ("forbidden", b"#!/", True, False), ("shebang", b"#!/", False, True)],
)
def test_modes(wanted, data, before, after):
    assert mended({"executable": wanted}, data, executable=before) == (Draft(data, after), 0)


@given(st.text("a\r\n", min_size=1).map(str.encode), st.sampled_from(["lf", "crlf", "consistent"]))
def test_line_ends_are_mended_for_good(data, wanted):
    after, left = mended({"line-endings": wanted}, data)
    assert left == 0
    assert mended({"line-endings": wanted}, after.data)[0] == after
    assert re.sub(rb"\r+\n", b"\n", after.data) == re.sub(rb"\r+\n", b"\n", data)


@pytest.mark.parametrize(
    ("fix", "said"),
    [
        (Fix("path", {"name": "a"}, True), "this check knows no fix"),
        (Fix("path", {"final-newline": "required"}, {"remove": True}), "cannot be mended by fix: remove"),
        (Fix("relation", {}, True), "cannot be mended by fix: true"),
        (Fix("document", {}, True), "cannot be mended by fix: true"),
        (Fix("text", {}, {"rewrite": {"(?=a)": ""}}), "RE2 does not take the pattern"),
        (Fix("text", {}, {"rewrite": {"(a)": r"\2"}}), "is no group"),
        (Fix("text", {}, {"rewrite": {"(a)": "\\"}}), "is no group"),
    ],
)
def test_mistakes(fix, said):
    assert [message for message, _ in mistakes(fix) if said in message]


@pytest.mark.parametrize(
    "fix",
    [Fix("path", {"final-newline": "required"}, True), Fix("text", {}, {"rewrite": {"(a)": r"\1"}, "safe": False})],
)
def test_no_mistake(fix):
    assert list(mistakes(fix)) == []
    assert fix.safe is (fix.kind == "path")
