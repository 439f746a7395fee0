from __future__ import annotations

import configparser
import contextlib
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.document import ParseError, Path, Root
from guardrails.documents.ini import ENV, INI, Env, Ini
from tests.unit.documents.trees import cut


def root(text: str, format: Env | Ini = INI) -> Root:
    (only,) = format.parse(text).roots
    return only


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        ("# c\n; d\n\n", {}),
        ("root = true\n\n[*.{js,py}]\nindent_size = 2\n", {"": {"root": "true"}, "*.{js,py}": {"indent_size": "2"}}),
        ("[a]\nKey = 1\nb: c = d\ne=f:g\nh =\n", {"a": {"Key": "1", "b": "c = d", "e": "f:g", "h": ""}}),
        ("[a]\nx = 1\n  2\n\n  # c\n  3 ; d\n\ny = z\n", {"a": {"x": "1\n2\n\n3 ; d", "y": "z"}}),
        ("[a]\nx =\n    one\n    two\n[b]", {"a": {"x": "\none\ntwo"}, "b": {}}),
        ("[a]\r\nx = 1\r\n  2\r\ny = 3\r\n", {"a": {"x": "1\n2", "y": "3"}}),
        ("[a]\nx = 1\n[b]\n[a]\nx = 2\ny = 3", {"a": {"x": "2", "y": "3"}, "b": {}}),
        ("[DEFAULT]\nx = %(y)s\n[a]", {"DEFAULT": {"x": "%(y)s"}, "a": {}}),
        ("[core]\n\tbare = false\n\tfsmonitor\n\tx = 1", {"core": {"bare": "false", "fsmonitor": None, "x": "1"}}),
        ("[core]\nflag\n  indented = 1", {"core": {"flag": None, "indented": "1"}}),
        ('[remote "origin"]\n\turl = https://h:1/?a=b', {'remote "origin"': {"url": "https://h:1/?a=b"}}),
        ("[*.[ch]]\nx = 1", {"*.[ch]": {"x": "1"}}),
        ("//r.example/:_password=x\n@s:registry=y", {"": {"//r.example/:_password": "x", "@s:registry": "y"}}),
    ],
)
def test_ini_values(text: str, meant: Any) -> None:
    assert root(text).value == meant


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("[a]\n [b\nx = 1", 2, 2, "the header of a section is [name]"),
        ("[]", 1, 1, "the header of a section is [name]"),
        ("[a]\n= 1", 2, 1, "expected a key before '='"),
        ("[a]\n  : 1", 2, 3, "expected a key before ':'"),
    ],
)
def test_ini_errors(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        INI.parse(text)
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


SETUP = "top = 1\n[é😀]\nx = 1 \n  2\r\n\n# c\n  3\nflag\ny:\n[b]\n[é😀]\nx = 4\n"


@pytest.mark.parametrize(
    ("path", "key", "node"),
    [
        (("", "top"), "top", "1"),
        (("",), "", "top = 1"),
        (("é😀",), "é😀", SETUP[SETUP.index("[") : -1]),
        (("é😀", "flag"), "flag", ""),
        (("é😀", "y"), "y", ""),
        (("b",), "b", "[b]"),
        (("é😀", "x"), "x", "4"),
    ],
)
def test_ini_positions(path: Path, key: str, node: str) -> None:
    found = root(SETUP)
    assert cut(SETUP, found.span(path)) == node
    assert cut(SETUP, found.span(path, key=True)) == key


def test_a_value_of_several_lines_reaches_to_its_last() -> None:
    text = "[a]\nx = 1 \n  2\r\n\n# c\n  3 \n\n[b]"
    found = root(text)
    assert found.value == {"a": {"x": "1\n2\n\n3"}, "b": {}}
    assert cut(text, found.span(("a", "x"))) == "1 \n  2\r\n\n# c\n  3"


INI_PIECES = st.sampled_from(
    ["[s]", "[t] x", "k", "key two", " ", "\t", "=", ":", "\n", "\n  ", "\r\n", "#", ";", "é", "]"]
)


@settings(max_examples=600)
@given(st.lists(INI_PIECES, max_size=30).map("".join))
def test_sections_are_read_as_configparser_does(text: str) -> None:
    text = "[s]\n" + text
    oracle = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="")
    oracle.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        oracle.read_string(text)
    except (configparser.Error, AttributeError):  # 3.11 fails so on a continuation of a key without a value
        return
    assert root(text).value == {section: dict(oracle[section]) for section in oracle.sections()}


@settings(max_examples=300)
@given(st.lists(INI_PIECES, max_size=30).map("".join) | st.text())
def test_any_text_is_ini_or_refused(text: str) -> None:
    try:
        found = root(text)
    except ParseError as error:
        message, line, column = error.args
        assert message and 0 < line <= text.count("\n") + 1 and column > 0  # noqa: PT018
        return
    for section, options in found.value.items():
        for key, value in options.items():
            assert cut(text, found.span((section, key), key=True)) == key
            if value is not None:
                again = root(f"[s]\nk = {cut(text, found.span((section, key)))}")
                assert again.value == {"s": {"k": value}}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        ("# c\n\nA=1\n  B = two words  \nexport C=3\r\n", {"A": "1", "B": "two words", "C": "3"}),
        ("A=1 # c\nB=#fff\nC= # c\nD=x#y\nE=", {"A": "1", "B": "#fff", "C": "", "D": "x#y", "E": ""}),
        ('A=\'$x \\n #y\' # c\nB="$x \\n \\"q\\" \\$y \\d"\n', {"A": "$x \\n #y", "B": '$x \n "q" $y \\d'}),
        ("A='one\ntwo'\nB=\"three\nfour\"", {"A": "one\ntwo", "B": "three\nfour"}),
        ("A=it's\nB=a'b'\nC=a=b", {"A": "it's", "B": "a'b'", "C": "a=b"}),
        ("A\nexport B # c\nC", {"A": None, "B": None, "C": None}),
        ("A=1\nA=2", {"A": "2"}),
        ("my.key-1=x\nexport=y", {"my.key-1": "x", "export": "y"}),
        ("A=''\nB=\"\"", {"A": "", "B": ""}),
    ],
)
def test_env_values(text: str, meant: Any) -> None:
    assert root(text, ENV).value == meant


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("A=1\nB='x\nC=1", 2, 3, "never closed"),
        ('A="x\\"', 1, 3, "never closed"),
        ('A="x"y', 1, 6, "put the whole value in quotes"),
        ("A=1\nnot a name", 2, 5, "expected '='"),
        ("A: b", 1, 1, "expected NAME=value"),
        ("1=2", 1, 1, "expected NAME=value"),
        ("{", 1, 1, "expected NAME=value"),
    ],
)
def test_env_errors(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        ENV.parse(text)
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "path", "key", "node"),
    [
        ("# é\nexport AB = 'x\ny' # c", "AB", "AB", "'x\ny'"),
        ("A=1\nB= two # c", "B", "B", "two"),
        ("A=\nB", "A", "A", ""),
        ("A=\nB", "B", "B", ""),
    ],
)
def test_env_positions(text: str, path: str, key: str, node: str) -> None:
    found = root(text, ENV)
    assert cut(text, found.span((path,))) == node
    assert cut(text, found.span((path,), key=True)) == key


ENV_PIECES = st.sampled_from(
    ["A", "B2", "=", " = ", "x y", "'", '"', "\\", "\\n", "#", " #", "\n", "\r\n", "export ", "$", "é"]
)


@settings(max_examples=500)
@given(st.lists(ENV_PIECES, max_size=30).map("".join) | st.text())
def test_any_text_is_env_or_refused(text: str) -> None:
    try:
        found = root(text, ENV)
    except ParseError as error:
        message, line, column = error.args
        assert message and 0 < line <= text.count("\n") + 1 and column > 0  # noqa: PT018
        return
    for key, value in found.value.items():
        assert cut(text, found.span((key,), key=True)) == key
        if value is not None:
            assert root(f"K={cut(text, found.span((key,)))}", ENV).value == {"K": value}


@pytest.mark.parametrize("format", [INI, ENV])
@pytest.mark.parametrize(
    "text",
    [
        "a = b\n" * 200_000,
        "a =" + "\n  b" * 200_000,
        "a = " + " " * 1_000_000 + "b",
        "a = " + " #" * 500_000,
        "a = '" + "\n" * 1_000_000,
        "#" * 1_000_000 + "\n" * 500_000,
        "a" * 1_000_000,
        "a = '" + "'\na = '" * 200_000,
    ],
)
def test_hostile_text_takes_linear_time(format: Env | Ini, text: str) -> None:
    started = time.perf_counter()
    with contextlib.nullcontext() if format is INI else contextlib.suppress(ParseError):
        format.parse(text)
    assert time.perf_counter() - started < 5
