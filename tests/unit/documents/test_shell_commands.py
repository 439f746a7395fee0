from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.shell_commands import commands, values
from guardrails.documents.shell_reader import Command


def texts(script: str) -> list[str]:
    return [" ".join(command.words) for command in commands(script)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b && c|d;e & f || g", ["a b", "c", "d", "e", "f", "g"]),
        ("a\nb\n\n  c", ["a", "b", "c"]),
        ("a \\\n b", ["a b"]),
        ("if [ -f x ]; then a; elif b; then c; else d; fi", ["[ -f x ]", "a", "b", "c", "d"]),
        ("for x in 1 2; do a $x; done", ["for x in 1 2", "a $x"]),
        ("while read x; do a; done < y", ["read x", "a"]),
        ("case $x in a|b) c d;; *) e;; esac; f", ["c d", "e", "f"]),
        ("! a && { b; } && (c d; e)", ["a", "b", "c d", "e"]),
        ("foo() { a; }; foo", ["a", "foo"]),
        ("function foo { a; }; function bar() { b; }; foo", ["a", "b", "foo"]),
        ("a {", ["a {"]),
        ("x=(a b) c", ["c"]),
        ("a # no b && c\nd", ["a", "d"]),
        ("a#b c", ["a#b c"]),
        ("a 'b && c' \"d;e\"", ["a b && c d;e"]),
        ("a \\; b", ["a ; b"]),
        ("a $((1 + (2*3))) b", ["a $((1 + (2*3))) b"]),
        ("a ${b:-c} ${#d} $# e", ["a ${b:-c} ${#d} $# e"]),
        ("", []),
        ("# only a comment", []),
        ("it's open && a", ["it's open", "a"]),
    ],
)
def test_commands(script, expected):
    assert texts(script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a $(b c) d", ["a $(b c) d", "b c"]),
        ("a `b c` d", ["a `b c` d", "b c"]),
        ('a "x $(b "c d") y" e', ["a x $(b c d) y e", "b c d"]),
        ("a $(b $(c))", ["a $(b $(c))", "b $(c)", "c"]),
        ("a <(b | c)", ["a <(b | c)", "b", "c"]),
        ("a '$(b)'", ["a $(b)"]),
        ("A=$(b) c", ["b", "c"]),
        ('a "b', ['a "b']),
        ("a $(b", ["a $(b", "b"]),
    ],
)
def test_substitutions(script, expected):
    assert sorted(texts(script)) == sorted(expected)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a >b 2>&1 <c d", ["a d"]),
        ("a &>b 2>>c >|d <<<e f", ["a f"]),
        ("a b2>c", ["a b2"]),
        ("a <<EOF\nb; c\nEOF\nd", ["a", "d"]),
        ("a <<-'E' | b\n\tc\n\tE\nd", ["a", "b", "d"]),
        ("a <<A <<B\nx\nA\ny\nB\nd", ["a", "d"]),
        ("a <<A\nx", ["a"]),
        ("a <<A\nAB\nA B\nA\nd", ["a", "d"]),
    ],
)
def test_redirections_are_no_arguments(script, expected):
    assert texts(script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("sudo -E -u root a b", ["sudo -E -u root a b", "a b"]),
        ("env A=1 -u B a", ["env A=1 -u B a", "a"]),
        ("exec a", ["exec a", "a"]),
        ("timeout -s 9 5m a b", ["timeout -s 9 5m a b", "a b"]),
        ("gosu app a", ["gosu app a", "a"]),
        ("x | xargs -n 1 a", ["x", "xargs -n 1 a", "a"]),
        ("command -v a", ["command -v a"]),
        ("sudo -v", ["sudo -v"]),
        ("sh -c 'a && b c'", ["sh -c a && b c", "a", "b c"]),
        ("/bin/bash -o pipefail -euxc 'a | b'", ["/bin/bash -o pipefail -euxc a | b", "a", "b"]),
        ("su - app -c 'a'", ["su - app -c a", "a"]),
        ("sudo sh -c 'sudo a'", ["sudo sh -c sudo a", "sh -c sudo a", "sudo a", "a"]),
        ("sh script a", ["sh script a"]),
        ("sh -c", ["sh -c"]),
        ("echo sudo a", ["echo sudo a"]),
    ],
)
def test_commands_that_run_others(script, expected):
    assert texts(script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a | b |& c", [True, True, False]),
        ("a || b", [False, False]),
        ("(a; b) | c", [False, True, False]),
        ("for x in y; do a; done | b", [False, True, False]),
        ("case x in a|b) c;; esac", [False]),
        ("[[ $x =~ a|b || c ]] && d", [False, False]),
        ("[[ a ]] | b", [True, False]),
        ("a $(b | c)", [False, True, False]),
        ("sudo a | b", [True, True, False]),
    ],
)
def test_pipes(script, expected):
    assert [command.pipe for command in commands(script)] == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("A=1 B='2 3' a", [("A", "1"), ("B", "2 3")]),
        ("A=1", [("A", "1")]),
        ("A+=x a", [("A", "x")]),
        ("export A=1 B", [("A", "1")]),
        ("env A=1 a", [("A", "1")]),
        ("sudo -E A='1 2' a B=3", [("A", "1 2")]),
        ("a B=1", []),
        ("sh -c 'A=1 b'", [("A", "1")]),
    ],
)
def test_variables_that_are_set(script, expected):
    assert [(name, value) for command in commands(script) for name, value, _ in command.sets] == expected


def test_places():
    script = "a && b 'c d' | sh -c 'e f'"
    found = {" ".join(one.words): [script[slice(*place)] for place in one.ranges] for one in commands(script)}
    assert found["b c d"] == ["b", "'c d'"]
    assert found["e f"] == ["'e f'", "'e f'"]


def test_the_program_has_no_folder():
    assert [one.program for one in commands("/usr/bin/curl x; c:\\\\x\\\\y.exe; A=1")] == ["curl", "y", ""]


def test_values():
    assert values("A=1; x -y 'a b' | z") == [
        {"name": "x", "args": ["-y", "a b"], "text": "x -y a b", "pipe": True},
        {"name": "z", "args": [], "text": "z", "pipe": False},
    ]
    assert values("PIP_NO_CACHE_DIR=1 pip install a")[0]["packages"]["leaves"] is False


# --- properties

WORDS = st.text("abcxyz019./_-=,:@%+é", min_size=1, max_size=8).filter(
    lambda word: "=" not in word.lstrip("=") or not word[0].isalpha()
)
PLAIN = WORDS.map(lambda word: "w" + word.replace("=", "-"))
OPERATORS = st.sampled_from([" && ", " || ", ";", "\n", " | ", " & ", "|", "&&"])
QUOTES = st.sampled_from(["{}", "'{}'", '"{}"', "'{}' ", ' "{}"'])


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(st.tuples(PLAIN, QUOTES), min_size=1, max_size=4), OPERATORS), max_size=6))
def test_generated_scripts_come_back(parts):
    script = "".join(" ".join(quote.format(word) for word, quote in words) + operator for words, operator in parts)
    assert [command.words for command in commands(script)] == [[word for word, _ in words] for words, _ in parts]


MARKS = [
    "'",
    '"',
    "$(",
    ")",
    "`",
    "(",
    "{",
    "}",
    "|",
    "&&",
    ";",
    "\n",
    "#",
    "\\",
    "<<",
    "<<-",
    ">",
    "<",
    "${",
    "$((",
    "case",
    "in",
    "esac",
    "if",
    "a",
    "b=",
    "sudo",
    "sh",
    "-c",
    "EOF",
    "é",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*MARKS, " ", "\t", "\\\n"]), max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_has_commands_within_it(script):
    for command in commands(script):
        assert len(command.words) == len(command.ranges)
        assert command.words or command.sets
        for start, end in [*command.ranges, *(place for _, _, place in command.sets)]:
            assert 0 <= start < end <= len(script)


@settings(deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=5))
def test_substitution_and_quotes_hide_nothing(words):
    plain = " ".join(words)
    for frame in ('a "$({})"', "a $({}) b", "a `{}`", "({})", "if {}; then a; fi", "sudo {}", "sh -c '{}'", "x=$({})"):
        assert plain in texts(frame.format(plain)), frame


@pytest.mark.parametrize(
    "script",
    [
        "\"'" * 300_000,
        "$(" * 300_000,
        "`" * 300_000,
        "\\" * 500_001,
        "a;" * 100_000,
        "<<A\n" * 100_000,
        "<<A <<B\n" + "x\n" * 200_000,
        "# \n" * 200_000,
        "#" * 500_000,
        "sudo " * 100_000,
        "sh -c '" * 100_000,
        "(" * 300_000,
        "$((" * 200_000,
        "x)" * 200_000,
        "a | b)" * 100_000,
        "case x in a) b;; " * 30_000,
        '"$(a "' * 50_000,
        "a=(" * 200_000,
        "${" * 300_000,
        "npm i " + "a/" * 200_000,
        "apt-get -" + "q" * 200_000 + "1 install",
        "apt-get install " + " ".join("a" + "-1" * 200 for _ in range(1_000)),
        "A='" + "b " * 1_900 + "'; " + "apt-get install $A;" * 5_000,
        "[[ " + "a" * 200_000 + " |" * 100_000,
        "a" * 200_000 + " {" * 100_000,
        "rm {" + "a," * 100_000 + "}" + "b" * 200_000,
        "rm " + "${a}" * 100_000,
    ],
    ids=lambda script: script[:12],
)
def test_hostile_text_takes_bounded_time(script):
    start = time.process_time()
    values(script)
    assert time.process_time() - start < 6


def test_a_command_is_immutable_data():
    assert isinstance(commands("a")[0], Command)
