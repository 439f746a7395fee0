"""Subjects and trailers, with git itself as the judge of what is a trailer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guardrails.checks.commit_messages import agreement, people, subject, trailers, values
from guardrails.repository.change import Commit


def by_git(message: str) -> list[tuple[str, str]]:
    """The trailers that git reads in a message, folded ones on one line."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "interpret-trailers", "--parse", "--no-divider"]
    run = subprocess.run(command, input=message.encode(), capture_output=True, env=environment, cwd="/", check=True)
    pairs = (line.partition(":") for line in run.stdout.decode().split("\n") if line)
    return [(name.strip(), " ".join(value.split())) for name, _, value in pairs]


# --- subject ---


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ""),
        ("\n \n", ""),
        ("Add x", "Add x"),
        ("Add x\n", "Add x"),
        ("\n\nAdd x\n\nBody\n", "Add x"),
        ("Add x\nand y\n\nBody\n", "Add x and y"),
        ("Add x\r\n\r\nBody\r\n", "Add x"),
        ("Add x\n  \nBody\n", "Add x"),
    ],
)
def test_subject(message: str, expected: str) -> None:
    assert subject(message) == expected


# --- trailers ---

TITLE = "Title\n\n"

CASES: Sequence[tuple[str, list[tuple[str, str]]]] = [
    ("A: b\n", []),
    ("A: b\nC: d\n", []),
    (TITLE, []),
    (TITLE + "A: b\n", [("A", "b")]),
    (TITLE + "A: b", [("A", "b")]),
    (TITLE + "A:b\nA: c\nB-2 : d\n", [("A", "b"), ("A", "c"), ("B-2", "d")]),
    (TITLE + "A:\n", [("A", "")]),
    (TITLE + ": b\n", []),
    (TITLE + "A b: c\n", []),
    (TITLE + "A_b: c\n", []),
    (TITLE + "Á: c\n", []),
    (TITLE + "A: b\n\nText\n", []),
    (TITLE + "Text\nA: b\n", []),
    (TITLE + "A: b\nText\n", []),
    (TITLE + "Text\n\nA: b\n\n \n", [("A", "b")]),
    (TITLE + "A: b\n c\n\td\nB: e\n", [("A", "b c d"), ("B", "e")]),
    (TITLE + " A: b\nB: c\n", []),
    (TITLE + " Signed-off-by: b\n", []),
    (TITLE + "text\nSigned-off-by: b\n", [("Signed-off-by", "b")]),
    (TITLE + "a\nb\nc\nSigned-off-by: b\n", [("Signed-off-by", "b")]),
    (TITLE + "a\nb\nc\nd\nSigned-off-by: b\n", []),
    (TITLE + "a\n b\n c\n d\nSigned-off-by: b\n", []),
    (TITLE + "text\nsigned-off-by: b\n", []),
    (TITLE + "text\nA: c\n(cherry picked from commit 1)\n continued\n", [("A", "c")]),
    (TITLE + "A: b\n# a comment\n c\nB: d\n", []),
    (TITLE + "A: b\n# a comment\nB: d\n", [("A", "b"), ("B", "d")]),
    (TITLE + "A: b\n\n# a comment\n\n", [("A", "b")]),
    ("# comment\n\nA: b\n", [("A", "b")]),
    (TITLE + "A: b\r\nB: c\r\n", [("A", "b"), ("B", "c")]),
    (TITLE + "A: b: c\n", [("A", "b: c")]),
    ("\nA: b\n", [("A", "b")]),
]


@pytest.mark.parametrize(("message", "expected"), CASES)
def test_trailers(message: str, expected: list[tuple[str, str]]) -> None:
    assert trailers(message) == expected
    assert by_git(message) == expected


LINES = st.sampled_from(
    (
        "Title",
        "",
        " ",
        "A: b",
        "Reviewed-by: Ann <ann@example.org>",
        "B-2 \t:c",
        "C:",
        " folded",
        "\tfolded: too",
        "# comment",
        "text",
        "text: with more: colons",
        "two words: text",
        "Signed-off-by: Ann",
        "Signed-off-by:Ann",
        "(cherry picked from commit 1)",
        ":",
        "-",
        "A: b\r",
        "\r",
    )
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=12), st.booleans())
@example(["Title", "", "A: b"], True)
def test_trailers_are_those_that_git_reads(lines: list[str], ended: bool) -> None:
    message = "\n".join(["Title", "", *lines]) + "\n" * ended
    assert trailers(message) == by_git(message)


@given(st.text(alphabet=st.sampled_from("ab:# \n\t\r-\u00a0é\x0b")))
def test_any_text_is_a_message(text: str) -> None:
    subject(text)
    for name, value in trailers(text):
        assert name.isascii()
        assert "\n" not in value


@pytest.mark.parametrize(
    "unit", ["A: b\n", "A: b\n c\n", " c\n", "A: b\n\n", "# x\n", "x\n", " \n", "Signed-off-by: <", "@a" * 9, "()" * 9]
)
def test_a_long_message_takes_a_short_time(unit: str) -> None:
    message = TITLE + unit * (1_000_000 // len(unit))
    started = perf_counter()
    subject(message)
    trailers(message)
    people(message)
    assert perf_counter() - started < 4


def test_values_heed_no_letter_case_of_the_name() -> None:
    message = TITLE + "Reviewed-by: Ann\nreviewed-BY: Ben\nReviewed: Cem\n"
    assert values(message, "Reviewed-By") == ["Ann", "Ben"]


# --- people ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set()),
        ("Ann Lee <Ann@Example.org>", {"ann lee", "ann@example.org"}),
        ("Ann", {"ann"}),
        ("ann@example.org", {"ann@example.org"}),
        ("<ann@example.org>", {"ann@example.org"}),
        ("@Ann", {"@ann"}),
        ("@acme/platform", {"@acme/platform"}),
        ("Ann (@ann) <ann@example.org>", {"ann", "@ann", "ann@example.org"}),
        ("Ann <ann@example.org> @ann @acme/a", {"ann", "@ann", "@acme/a", "ann@example.org"}),
        ("Ann <ann@example.org", {"ann", "ann@example.org"}),
        ("Ann (Berlin) <>", {"ann (berlin)"}),
    ],
)
def test_people(text: str, expected: set[str]) -> None:
    assert people(text) == expected


def commit(message: str, author: str = "Ann", parents: int = 1) -> Commit:
    return Commit("1", author, f"{author.lower()}@example.org", message, parents)


def test_who_agrees_did_not_write() -> None:
    by = TITLE + "Reviewed-by: {}\n"
    ben = people("Ben <ben@example.org>")
    written = commit(by.format("Ben <ben@example.org>"))
    assert agreement([written], "reviewed-by") == [ben]
    assert agreement([written], "Acked-by") == []
    assert agreement([written, commit("X", "Ben")], "Reviewed-by") == []
    assert agreement([commit("X", "Ben"), written], "Reviewed-by") == []
    assert agreement([written, commit("X", "Ben", parents=2)], "Reviewed-by") == [ben]
    for own in ("Ann", "Ann <ann@home.example>", "A. Lee <ANN@example.org>", "ann@example.org"):
        assert agreement([commit(by.format(own))], "Reviewed-by") == []
    assert agreement([commit(by.format(""))], "Reviewed-by") == []
