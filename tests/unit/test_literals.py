"""Literals of a pattern are those that any match holds, and no text that matches is without them."""

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import re2
import rstr
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.literals import Literal, required
from guardrails.matching import Regex, RegexSet

ROOT = Path(__file__).parents[2]


def shown(pattern: str) -> list[set[str]]:
    return [{("i:" if each.ignore_case else "") + each.text for each in literals} for literals in required(pattern)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("secret", {"secret"}),
        ("(?i)Secret", {"i:secret"}),
        ("(?i:Sec)Ret", {"i:secret"}),
        ("(?i)sec(?-i:RET)", {"i:secret"}),
        ("(?i)sec(?-i)RETURNED_", {"i:secreturned_"}),
        ("ab|(?i)cdef|ghij", set()),
        ("abcd|(?i)efgh|ijkl", {"abcd", "i:efgh", "i:ijkl"}),
        ("(abcd|(?i)efgh)IJKL", {"abcdIJKL", "i:efghijkl"}),
        ("(?:abcd(?i))efghIJKL", {"abcdefghIJKL"}),
        ("(?P<a>sec)(?<b>ret)(!)", {"secret!"}),
        ("[sS]ecret", {"i:secret"}),
        ("[tT][oO][kK][eE][nN]", {"i:token"}),
        ("gh[op]_[A-Z]{36}", {"gho_", "ghp_"}),
        ("token_[a-z]", {"token_"}),
        ("colou?rful", {"colorful", "colourful"}),
        ("xK(?:_q)?=", {"xK=", "xK_q="}),
        ("secret(?:_key)?=", {"secret"}),  # rare enough
        ("qe+t_key", {"et_key"}),
        ("some.*thing_special", {"thing_special"}),
        ("(?:alpha.|beta.)*gamma_delta", {"gamma_delta"}),
        ("(?:alpha.|beta.)+", {"alpha", "beta"}),
        ("<{7} x", {"<<<<<<< x"}),
        ("a{3}b{0}c{2,2}d_", {"aaaccd_"}),
        ("Wq{2,}Xa", {"qqXa"}),
        ("abcd{,5}", {"abcd{,5}"}),
        ("abcd{05}", {"abcd{05}"}),
        ("ab{x}cd{", {"ab{x}cd{"}),
        (r"^\bsecret\b$", {"secret"}),
        (r"\bqq\B*_key", {"_key"}),
        (r"a\.b\-c\_d", {"a.b-c_d"}),
        (r"\x41\x{42}\103\t\Q.*+\E{2}D", {"ABC\t.*++D"}),
        (r"abcd\Q\E", {"abcd"}),
        (r"\Qab|cd", {"ab|cd"}),
        ("xyz[]]q[^]]", {"xyz]q"}),
        ("xyz[a-]q", {"xyzaq", "xyz-q"}),
        (r"xyz[\]\-]q", {"xyz]q", "xyz-q"}),
        (r"xyz[\dq]XYZW", {"XYZW"}),
        (r"xyz[[:alpha:]]XYZW", {"XYZW"}),
        (r"xyz\pL\p{^Greek}\PNXYZW", {"XYZW"}),
        ("xyz\\CXYZW", {"XYZW"}),
        ("©|copyright", {"©", "copyright"}),
        ("(?i)straße", {"i:straße"}),
        ("(?U)abcd+?efghi", {"defghi"}),
        ("secret|secret_key|my_secret", {"secret"}),
        ("(?i:secret)|secret_key", {"i:secret"}),
        ("secret|(?i:secret_key)", {"secret", "i:secret_key"}),
        ("a|bcde", set()),
        ("", set()),
        ("[a-z]+", set()),
        (r"\d{3}-\d{2}", set()),
        ("(?:secret)?", set()),
        ("(?:secret)*", set()),
        ("(?:secret){0,3}", set()),
        ("secret|", set()),
        # RE2 lets a repetition reach over flags and empty quotes.
        ("secret(?i)*", set()),
        (r"secret\Q\E*", set()),
        ("(?:" * 60 + "secret" + ")" * 60, set()),
        ("|".join(f"word{number:02}" for number in range(60)), set()),
        ("abcdefghijklmnopqrstuvwxyz", {"abcdefghijklmnop"}),
    ],
)
def test_literals(pattern: str, expected: set[str]) -> None:
    Regex(pattern).compile()
    assert shown(pattern) == ([expected] if expected else [])


def test_of_parts_that_are_common_each_has_to_be_there() -> None:
    assert shown("(?i:az|ado)[a-z]*(?i:key|token)") == [{"i:key", "i:token"}, {"i:az", "i:ado"}]
    assert shown("(?i:azure)_long[a-z]*(?i:key|token)") == [{"i:azure_long"}]
    regexset = RegexSet.compile([Regex("az[a-z]*key"), Regex("az[a-z]*pat")])
    assert regexset.candidates(b"az, a key, no p.a.t.") == {0}
    assert regexset.candidates(b"only p-a-t and key") == set()


@pytest.mark.parametrize("text", ["secret)", "(secret", "secret[", "secret[a-", r"secret\y"])
def test_what_is_no_pattern_has_no_literals(text: str) -> None:
    assert shown(text) == []


def test_case_is_ignored_when_told_so() -> None:
    assert required("SeCret", ignore_case=True) == ({Literal("secret", ignore_case=True)},)
    assert required("(?-i)SeCret", ignore_case=True) == ({Literal("SeCret")},)


CHARACTERS = "abkKsSxéÉßẞ\u212a\u017f©𐐀 \n0-]^{}(,"
FLAGS = ["", "(?i)", "(?-i)", "(?s)", "(?U)"]


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> tuple[Any, ...]:
    """A pattern as a tree, from which its text is written, and texts are drawn that match it."""
    kinds = ["text"] * 4 + ["set", "any", "anchor", "escape", "quote", "digit"]
    kind = draw(st.sampled_from(kinds + ["sequence", "either", "group", "repeat"] * 2 * (depth > 0)))
    if kind in {"text", "quote"}:
        return kind, draw(st.text(CHARACTERS, min_size=1, max_size=5))
    if kind == "set":
        return kind, draw(st.text(CHARACTERS, min_size=1, max_size=4))
    if kind == "anchor":
        return kind, draw(st.sampled_from(["^", "$", r"\b", r"\B"]))
    if kind == "escape":
        return kind, draw(st.sampled_from(CHARACTERS)), draw(st.sampled_from([r"\x{%x}", r"\x%02x", r"\%03o"]))
    if kind in {"any", "digit"}:
        return (kind,)
    inner = trees(depth=depth - 1)
    if kind == "group":
        return kind, draw(st.sampled_from(["(", "(?:", "(?i:", "(?-i:", "(?P<n>", "(?s-i:"])), draw(inner)
    if kind == "repeat":
        low = draw(st.integers(0, 3))
        high = draw(st.one_of(st.none(), st.integers(low, 4)))
        return kind, draw(inner), low, high, draw(st.booleans())
    return kind, draw(st.lists(inner, min_size=1, max_size=3)), draw(st.sampled_from(FLAGS))


def written(tree: tuple[Any, ...]) -> str:
    match tree:
        case "text", text:
            return "".join(re2.escape(character) for character in text)
        case "quote", text:
            return rf"\Q{text}\E"
        case "set", text:
            return "[" + "".join("\\" + each if each in r"]^-\[" else each for each in text) + "]"
        case "anchor", text:
            return text
        case "escape", character, form:
            return (form if ord(character) < 256 else r"\x{%x}") % ord(character)
        case ("any",):
            return "."
        case ("digit",):
            return r"\d"
        case "group", opening, inner:
            return opening + written(inner) + ")"
        case "repeat", inner, low, high, lazy:
            signs = {(0, None): "*", (1, None): "+", (0, 1): "?"}
            sign = signs.get((low, high)) or f"{{{low},{'' if high is None else high}}}"
            return f"(?:{written(inner)}){sign}" + "?" * lazy
        case "sequence", inner, flags:
            return flags.join(map(written, inner))
        case "either", inner, flags:
            return f"(?:{('|' + flags).join(map(written, inner))})"
    raise AssertionError(tree)


def drawn(tree: tuple[Any, ...], draw: st.DrawFn) -> str:
    """A text that the tree is likely to match."""
    match tree:
        case ("text" | "quote", text):
            return "".join(draw(st.sampled_from(sorted({one, one.lower(), one.upper()}))) for one in text)
        case "set", text:
            return draw(st.sampled_from(text))
        case "anchor", _:
            return ""
        case "escape", character, _:
            return character
        case ("any",):
            return draw(st.sampled_from(CHARACTERS))
        case ("digit",):
            return draw(st.sampled_from("0123456789"))
        case "group", _, inner:
            return drawn(inner, draw)
        case "repeat", inner, low, high, _:
            return "".join(drawn(inner, draw) for _ in range(draw(st.integers(low, low + 2 if high is None else high))))
        case "sequence", inner, _:
            return "".join(drawn(each, draw) for each in inner)
        case "either", inner, _:
            return drawn(draw(st.sampled_from(inner)), draw)
    raise AssertionError(tree)


def missed(regex: Regex, text: bytes) -> bool:
    """Whether the expression occurs in the text and the sieve says that it cannot."""
    return regex.compile().search(text) is not None and not RegexSet.compile([regex]).candidates(text)


@settings(max_examples=600)
@given(trees(), st.booleans(), st.data())
def test_no_match_is_missed(tree: tuple[Any, ...], ignore_case: bool, data: st.DataObject) -> None:
    regex = Regex(written(tree), ignore_case)
    try:
        regex.compile()
    except ValueError:
        return
    for _ in range(4):
        text = drawn(tree, data.draw)
        assert not missed(regex, text.encode())
        assert not missed(regex, text.swapcase().encode("utf-8", "replace"))


@settings(max_examples=600)
@given(st.text("abk(|)[]*+?{,2}^$.\\QEdx4-:iP<>", max_size=14), st.text("abkAK(|)[]*+?{,2}^$.\\QEdx4-:i", max_size=20))
def test_no_match_is_missed_whatever_the_syntax(pattern: str, text: str) -> None:
    regex = Regex(pattern)
    try:
        regex.compile()
    except ValueError:
        return
    assert not missed(regex, text.encode())


def shipped() -> Iterator[tuple[str, Regex]]:
    for path in sorted(ROOT.glob("policies/**/*.yaml")):
        policy = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for rule in policy["rules"]:
            block = rule["check"].get("text", {}) if isinstance(rule["check"], dict) else {}
            patterns = block.get("forbid") or block.get("require") or block.get("header") or []
            for pattern in [patterns] if isinstance(patterns, str) else patterns:
                yield f"{policy['policy']}/{rule['id']}", Regex(pattern, block.get("ignore-case", False))


SHIPPED = sorted(set(shipped()))


def python_syntax(pattern: str) -> str:
    """The pattern as ``re`` writes it, roughly: the samples are checked by RE2 anyway."""
    pattern = re.sub(r"\\p\{\w+\}|\\p[A-Z]", "a", pattern.replace(r"\z", r"\Z"))
    flags = "".join(sorted(set(re.findall(r"\(\?([ims]+)\)", pattern)) | {"m"}))
    return f"(?{flags})" + re.sub(r"\(\?[ims]+\)", "", pattern)


class Generator(rstr.Rstr):
    """Repeats no more than has to be."""

    def _handle_repeat(self, start_range: int, end_range: int, value: Any) -> str:
        times = self._random.randint(start_range, min(end_range, start_range + 2))
        return "".join(self._handle_state(state) for _ in range(times) for state in value)


def samples(regex: Regex) -> Iterator[bytes]:
    generator = Generator(random.Random(regex.pattern))
    try:
        parsed = re.compile(python_syntax(regex.pattern))
    except re.error:
        return
    for _ in range(3):
        text = generator.xeger(parsed.pattern)
        yield from (text.encode(), text.lower().encode(), text.upper().encode(), f"x {text}\n".encode())


@pytest.mark.parametrize("rules", [SHIPPED[start::8] for start in range(8)], ids=range(8))
def test_no_match_of_a_shipped_pattern_is_missed(rules: list[tuple[str, Regex]]) -> None:
    regexset = RegexSet.compile(regex for _, regex in rules)
    matching = 0
    for number, (rule, regex) in enumerate(rules):
        for text in samples(regex):
            if regex.compile().search(text):
                matching += 1
                assert number in regexset.candidates(text), (rule, regex.pattern, text)
    assert matching > len(rules)


def test_most_shipped_patterns_have_literals() -> None:
    without = [rule for rule, regex in SHIPPED if not required(*regex)]
    assert len(without) < len(SHIPPED) / 5, without


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:" * 1000 + "a" + ")" * 1000,
        "(?:" * 900 + "ab" + "|c){1}" * 39 + ")" * 861,
        "[a-p]" * 800,
        "[a-f][g-m]?x{8}" * 260,
        "a{9}" * 1000,
        "(?:abc|de?f|[gh]i){8}" * 190,
        "|".join("abcd" for _ in range(800)),
        "|".join(f"w{number:03}" for number in range(800)),
        "(a|b)?" * 660,
        "[" + "a-z" * 1300 + "]",
        "{" * 4000,
    ],
)
def test_hostile_patterns_take_bounded_time(pattern: str) -> None:
    start = time.process_time()
    required(pattern)
    assert time.process_time() - start < 1
