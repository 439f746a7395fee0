"""Hyperscan is a sieve for RE2: it lets through all that matches, wherever that is, and whatever it refuses."""

import sys
import time
import tracemalloc

import pytest

from guardrails import scanner as scanning
from guardrails.matching import Regex, RegexSet
from guardrails.scanner import Scanner, scanner

TOKEN = Regex(r"tok_[a-z]{4}")


def prepared(*regexes: Regex) -> RegexSet:
    regexset = RegexSet.compile(regexes)
    regexset.prepare()
    assert regexset._parts[0]._scanner
    return regexset


def spans(regexset: RegexSet, number: int, text: bytes) -> list[tuple[int, int]]:
    return [match.span() for match in regexset.find(number, text, regexset.stretches(text).get(number, ()))]


def test_only_what_is_near_is_looked_at() -> None:
    text = b"-" * 5000 + b"tok_abcd" + b"-" * 5000
    (stretch,) = prepared(TOKEN).stretches(text)[0]
    assert stretch[0] <= 5000 < stretch[1] < 5300
    assert stretch[0] > 4700


def test_a_common_word_is_looked_at_only_before_what_has_to_follow() -> None:
    regexset = prepared(Regex(r"(?:key|token)[\w.-]{0,20}=[a-z0-9]{10,20}"))
    text = b"key " * 500 + b"-" * 3000 + b"token_x=abcdefghij12"
    ((start, _),) = regexset.stretches(text)[0]
    assert start > 4000
    assert spans(regexset, 0, text) == [(5000, 5020)]


def test_what_is_far_apart_is_looked_at_apart() -> None:
    regexset = prepared(TOKEN)
    text = (b"tok_abcd" + b"-" * 1992) * 4
    assert len(regexset.stretches(text)[0]) == 4
    assert spans(regexset, 0, text) == [(start, start + 8) for start in range(0, 8000, 2000)]


def test_a_match_of_any_length_may_begin_anywhere() -> None:
    regexset = prepared(Regex("begin_it[^!]*end_it"))
    text = b"begin_it" + b"-" * 5000 + b"end_it"
    assert spans(regexset, 0, text) == [(0, len(text))]


def test_a_match_on_one_line_begins_there() -> None:
    regexset = prepared(Regex(r"begin_it.*end_it"))
    lines = b"-\n" * 2000
    text = lines + b"begin_it" + b"-" * 5000 + b"end_it\n" + lines + b"begin_it end_it"
    (begin, end), (again, last) = regexset.stretches(text)[0]
    assert 4000 - 200 < begin <= 4000
    assert 9015 <= end < 9015 + 200
    assert last == len(text)
    assert again > last - 200
    assert spans(regexset, 0, text) == [(4000, 9014), (last - 15, last)]


def test_a_long_line_is_read_once() -> None:
    regexset = prepared(Regex(r"x=tok_.*end"))
    text = (b"x=tok_" + b"-" * 500) * 20_000
    started = time.process_time()
    assert regexset.stretches(text)[0] == [(0, len(text))]
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        (Regex("(?i)secret_key"), "\u017fecret_\u212aey"),
        (Regex("(?i)secret_key"), "SECRET_\u212aEY, and then one \u017fECRET_key"),
        (Regex(r"begin\S{3}token_x"), "begin\v\v\vtoken_x"),
        (Regex("begin[^a]{3,9}token_x"), "begin\u20ac\u20ac\U0001f600token_x"),
        (Regex("(?i:key|token)[^=]{0,4}=[^=]{3,5}!"), "key\u20ac\u20ac\u20ac=\U0001f600\U0001f600\U0001f600!"),
        (Regex("straße_nr"), "straße_nr"),
        (Regex(r"(?i)xz=[^\n]{0,150}uk="), f"XZ={'.' * 140}u\u212a="),
        (Regex("(?i)secret_key.*"), "SE\u212aret a \u017fECRET_key and more"),
    ],
)
def test_characters_that_it_reads_otherwise_are_found(regex: Regex, text: str) -> None:
    padded = f"{'-' * 3000}{text}{'-' * 3000}".encode()
    expected = [match.span() for match in regex.compile().finditer(padded)]
    assert expected
    assert spans(prepared(TOKEN, regex), 1, padded) == expected


@pytest.mark.parametrize("pattern", [r"begin$\nmiddle_x^[a-z]", r"(?:key|id)$\n[0-9]{4}", r"a\bb_impossible"])
def test_what_it_refuses_takes_nothing_from_the_others(pattern: str) -> None:
    regexset = prepared(Regex(pattern), TOKEN)
    assert regexset.stretches(b"nothing of the kind").get(1) is None
    text = b"begin\nmiddle_x\nkey\n1234\ntok_abcd"
    assert spans(regexset, 1, text) == [(24, 32)]
    assert spans(regexset, 0, text) == [match.span() for match in Regex(pattern).compile().finditer(text)]


def test_without_the_library_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyperscan", None)
    assert scanner(["tok"], [[(0,)]], {0: (3, 8)}, {}) is None
    regexset = RegexSet.compile([TOKEN])
    regexset.prepare()
    assert regexset._parts[0]._scanner is None
    assert spans(regexset, 0, b"a tok_abcd") == [(2, 10)]


def test_it_is_made_ready_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(scanning, "scanner", lambda *sieve: calls.append(sieve) or scanner(*sieve))
    regexset = RegexSet.compile([TOKEN])
    regexset.prepare()
    regexset.prepare()
    assert len(calls) == 1


@pytest.mark.parametrize("piece", [b"tok_-------", "\u017f--------".encode()])
def test_a_text_full_of_fragments_takes_bounded_memory(piece: bytes) -> None:
    text = piece * 1_000_000
    regexset = prepared(TOKEN)
    tracemalloc.start()
    try:
        regexset.stretches(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


def test_a_text_full_of_fragments_is_left_to_the_other_sieve() -> None:
    regexset = prepared(TOKEN, Regex("tok_ab"))
    full = b"tok_abcd" * 10_000
    whole = ((0, len(full) + 1),)
    assert regexset.stretches(full) == {0: whole, 1: whole}
    assert len(spans(regexset, 0, full)) == 10_000
    assert regexset.stretches(b"tok_abcd" + b"-" * 2000)[0] != ((0, 2009),)


def test_an_error_says_nothing_to_the_user_for_re2_finds_the_same() -> None:
    with pytest.raises(Exception, match="Embedded"):
        Scanner(["a$b"], [[(0,)]], {}, {})
    known = scanner(["a$b", "tok"], [[(0,)], [(1, 0)]], {}, {})
    assert known is not None
    assert set(known.stretches(b"a tok", lambda _: ())) == {0, 1}
