"""Fragments are in each match of a pattern, and no match is longer than is said."""

import pickle
import random
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import re2
import rstr
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails import fragments, matching, scanner
from guardrails.checks import text_near
from guardrails.fragments import UNKNOWN, strings, traits
from guardrails.matching import Regex, RegexSet

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("pattern", "expected", "width"),
    [
        ("secret", ["secret"], 6),
        ("(?i)Secret", ["(?i:Secret)"], 8),
        ("(?i:Sec)Ret", ["(?i:Sec)Ret"], 8),
        ("(?i)sec(?-i:RET)", ["(?i:sec)RET"], 8),
        ("ab|(?i)cdef|ghij", [], 4),
        ("abcd|(?i)efgh|ijkl", ["(?:abcd|(?i:efgh)|(?i:ijkl))"], 6),
        ("(abcd|(?i)efgh)IJKL", ["(?:abcd|(?i:efgh))IJK"], 8),
        ("(?P<a>sec)(?<b>ret)(!)", [r"secret\x{21}"], 7),
        ("[sS]ecret", ["[sS]ecret"], 6),
        ("gh[op]_[A-Z]{36}", [r"gh[op]\x{5f}[A-Z]{6}"], 40),
        ("token_[a-z]", [r"token\x{5f}[a-z]"], 7),
        ("colou?rful", ["colou{0,1}rful"], 9),
        ("secret(?:_key)?=", ["secret"], 11),
        ("[_-]?secret", ["secret"], 7),
        ("qe+t_key", [r"e{1}t\x{5f}key"], None),
        ("some.*thing_special", [r"hing\x{5f}spec"], None),
        ("(?:alpha.|beta.)*gamma_delta", [r"gamma\x{5f}del"], None),
        ("(?:alpha.|beta.)+", ["(?:alpha|beta)"], None),
        ("<{7} x", [r"\x{3c}{6}"], 9),
        ("a{3}b{0}c{2,2}d_", [r"a{3}c{2}d\x{5f}"], 7),
        ("Wq{2,}Xa", ["q{2}Xa"], None),
        ("abcd{,5}", [r"cd\x{7b}\x{2c}5\x{7d}"], 8),
        ("ab{x}cd{", [r"\x{7b}x\x{7d}cd"], 8),
        (r"^\bsecret\b$", [r"^\bsecret\b"], 6),
        (r"\bqq\B*_key", [r"\x{5f}key"], 6),
        (r"a\.b\-c\_d", [r"a\x{2e}b\x{2d}c\x{5f}d"], 7),
        (r"\x41\x{42}\103\t\Q.*+\E{2}D", [r"C\x{9}\x{2e}\x{2a}\x{2b}{2}"], 9),
        (r"abcd\Q\E", ["abcd"], 4),
        (r"\Qab|cd", [r"ab\x{7c}cd"], 5),
        ("xyz[]]q[^]]", [r"xyz[\x{5d}]q"], 9),
        ("xyz[a-c[%]q", [r"xyz[a-c\x{5b}\x{25}]q"], 5),
        ("key.{9}00[0-9a-zA-Z_]{9}", ["key", r"00[0-9a-zA-Z\x{5f}]{6}"], 50),
        (r"xyz[\dq]XYZW", [r"yz[\dq]XYZ"], 8),
        ("xyz[[:alpha:]]XYZW", ["yz[[:alpha:]]XYZ"], 8),
        (r"xyz\pL\p{^Greek}\PNXYZW", ["XYZW"], 19),
        (r"xyz\CXYZW", ["XYZW"], 8),
        ("©|copyright", [], 9),
        ("(?i)straße", ["(?i:stra)"], 11),
        ("(?U)abcd+?efghi", ["d{1}efghi"], None),
        ("secret|secret_key", [r"(?:secret|secret\x{5f}key)"], 10),
        ("a|bcde", [], 4),
        ("", [], 0),
        ("[a-z]+", [], None),
        (r"\d{3}-\d{2}", [], 6),
        ("(?:secret)?", [], 6),
        ("(?:secret)*", [], None),
        ("(?:secret){2}", ["secret"], 12),
        ("(?:secret){0,3}", [], 18),
        ("secret|", [], 6),
        ("abcdefghijklmnopqrstuvwxyz", ["jklmnopq"], 26),
        ("(?i:az|ado)[a-z]*(?i:key|token)", ["(?:(?i:key)|(?i:token))", "(?:(?i:az)|(?i:ado))"], None),
        ("(?i:azure)_long[a-z]*(?i:key|token)", [r"(?i:azure)\x{5f}lo"], None),
        ("[0-9a-f]{40}", [], 40),
        ("-[0-9a-f]{4}-[0-9a-f]{4}", [], 10),
        (r"\bpat[a-z]{14}\.[0-9a-f]{9}", [r"\bpat[a-z]{6}"], 27),
        ("(?s)abc.def", ["abc", "def"], 10),
        (r"(?:ab|c\b)xyz_", [r"(?:ab|c\b)xyz\x{5f}"], 6),
        ("(?i)k{3}_Q", [r"(?i:k{3}\x{5f}Q)"], 11),
        ("é{2,5}Q_", [r"Q\x{5f}"], 22),
        (r"secret\w\s\W", [r"secret\w\s"], 12),
    ],
)
def test_traits(pattern: str, expected: list[str], width: int | None) -> None:
    Regex(pattern).compile()
    known = traits(pattern)
    assert [fragment.removeprefix("(?m)") for fragment in known.fragments] == expected
    assert known.width == width


@pytest.mark.parametrize(
    "pattern",
    [
        "secret)",
        "(secret",
        "secret[",
        "secret[a-",
        r"secret\y",
        # RE2 lets a repetition reach over flags and empty quotes.
        "secret(?i)*",
        r"secret\Q\E*",
        "(?:" * 60 + "secret" + ")" * 60,
    ],
)
def test_nothing_is_known_of_what_is_not_understood(pattern: str) -> None:
    assert traits(pattern) == UNKNOWN


def test_of_many_alternatives_none_is_a_fragment() -> None:
    assert traits("|".join(f"word{number:02}" for number in range(60))).fragments == ()


def test_what_is_common_has_to_be_there_together() -> None:
    regexset = RegexSet.compile([Regex("az[a-z]*key"), Regex("az[a-z]*pat")])
    assert set(regexset.stretches(b"az, a key, no p.a.t.")) == {0}
    assert regexset.stretches(b"only p-a-t and key") == {}


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("(?i:column)[a-z ]{0,40}(?:live|test)_[A-Z]{20}", r"(?:live|test)\x{5f}[A-Z]{6}"),
        ("(?i:ibm)[a-z ]{0,40}(?i:key|token|secret|private)", "(?i:ibm)"),
        ("password[a-z ]{0,40}(?:qwer|zwert)", "(?:qwer|zwert)"),
        ("ip[_ -]?info", r"ip[\x{5f}\x{20}\x{2d}]{0,1}info"),
        ("(?:[_-]?x|y)key_file", r"key\x{5f}file"),
    ],
)
def test_words_of_code_are_more_common_than_they_look(pattern: str, first: str) -> None:
    assert traits(pattern).fragments[0] == f"(?m){first}"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("key{3,40}", "key{3,}"),
        ("key{0,9}?x{9}y{3,}z{1,8}", "key{0,}?x{9}y{3,}z{1,8}"),
        (r"(?:k{2,10}[x{1,20}]){1,12}\{3,40}\Q{1,50}\E", r"(?:k{2,}[x{1,20}]){1,}\{3,40}\Q{1,50}\E"),
        ("key{8}", ""),
        (r"key{2,40}\y", ""),
    ],
)
def test_a_loose_expression_counts_to_no_high_number(pattern: str, expected: str) -> None:
    assert traits(pattern).loose == expected


def test_where_nothing_loose_is_the_expression_is_not_compiled() -> None:
    regexset = RegexSet.compile([Regex("key[a-z]{0,20}=[0-9]{9,12}!")])
    matching._compiled.cache_clear()
    for text, expected in ((b"keys=12345678 key=123456789", []), (b"key=123456789 key=123456789!", [(14, 28)])):
        found = regexset.find(0, text, regexset.stretches(text).get(0, ()))
        assert [match.span() for match in found] == expected
        assert matching._compiled.cache_info().currsize == 1 + bool(expected)


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("secret", ["secret"]),
        ("(?m)(?i:Status[ _-]?Page)", ["status"]),
        (r"\bAC[0-9a-f]{6}", ["ac"]),
        (r"x[sS]q", ["xsq"]),
        (r"[ps]k\x{5f}", [r"k\x{5f}"]),
        (r"[ps][0-9]", ["p", "s"]),
        ("e[qz][0-9]", ["q", "z"]),
        ("(?:alpha|(?i:beta))_[0-9]", ["alpha", "beta"]),
        ("(?:alpha|[0-9a-f])q", ["q"]),
        ("(?:al|be)(?:qx|zj)", ["qx", "zj"]),
        (r"\x{3c}{6}", [r"\x{3c}" * 6]),
        ("a{3}c{2}d", ["aaaccd"]),
        ("colou{0,1}rful", ["rful"]),
        ("(?:qx){0,1}abc", ["abc"]),
        ("(?:qx){2}", [""]),
        ("[0-9]{4}", [""]),
        ("", [""]),
        ("é", [""]),
        ("a**", [""]),
    ],
)
def test_a_fragment_holds_strings(fragment: str, expected: list[str]) -> None:
    assert list(strings(fragment)) == expected


@pytest.mark.parametrize(
    ("pattern", "trail", "lead"),
    [
        (
            r"(?:key|token)[\w.]{0,20}[:=](?P<secret>[\w-]{9,90})",
            r"(?:key|token)(?:[\w\x{2e}])*[\x{3a}\x{3d}][\w\x{2d}]{6}",
            32,
        ),
        (r"key\s?(?:=|:{1,3})[a-f]{10,90}", r"key\s{0,1}(?:\x{3d}|\x{3a}{1}(?:\x{3a})*)[a-f]{6}", 13),
        (r"key[^\s=]{3,9}=x", r"key(?:[^\x{9}\x{a}\x{c}\x{d}\x{20}\x{3d}]+)*\x{3d}x", 41),
        (r"(?i)key[_-]{0,9}ID", r"(?i:key)(?:(?i:[\x{5f}\x{2d}]))*(?i:I)(?i:D)", 16),
        (r"key\d{0,9}(?:a\d{2,9})?=", r"key(?:\d)*(?:a\d{2}(?:\d)*)*\x{3d}", 23),
        # What may be other than ASCII, and what is about a place, is not known; and a seldom fragment needs none.
        (r"key[a-zé]{2,9}=", "", 3),
        (r"key.{2,9}=", "", 3),
        (r"key\W=", "", 3),
        (r"key$\n=", "", 3),
        (r"qxz_key_[a-z]{9}=", "", 14),
    ],
)
def test_what_comes_after_a_common_fragment(pattern: str, trail: str, lead: int) -> None:
    Regex(pattern).compile()
    assert traits(pattern).trail.removeprefix("(?m)") == trail
    assert traits(pattern).lead == lead


def test_case_is_ignored_when_told_so() -> None:
    assert traits("SeCret", ignore_case=True).fragments == ("(?m)(?i:SeCret)",)
    assert traits("(?-i)SeCret", ignore_case=True).fragments == ("(?m)SeCret",)


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


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"key: .*", True),
        (r"^[ \t]*TODO[^\n]*$", True),
        (r"\bkey\b[^\s]+\w\d\S[[:alpha:]]", True),
        (r"\Qa.b\E(?i:x|y){2,}", True),
        (r"key\s*=", False),
        (r"key[\s=]*", False),
        (r"key[^=]*=", False),
        (r"key[^\S]*=", False),
        (r"key\D", False),
        (r"key\pN", False),
        (r"key[[:space:]]", False),
        (r"key[\x00-\x1f]", False),
        (r"key(?s:.)", False),
        (r"(?s)key.", False),
        (r"key\C", False),
        (r"key\n", False),
        ("key\n", False),
        ("\\Qkey\n\\E", False),
    ],
)
def test_what_stays_on_a_line(pattern: str, expected: bool) -> None:
    assert Regex(pattern).compile()
    assert traits(pattern).is_inline is expected


def prepared(regexes: Iterable[Regex]) -> RegexSet:
    """With Hyperscan as the sieve."""
    regexset = RegexSet.compile(regexes)
    regexset.prepare()
    return regexset


def unpickled(regexes: Iterable[Regex]) -> RegexSet:
    """With strings of fragments as the sieve."""
    return pickle.loads(pickle.dumps(RegexSet.compile(regexes)))


def check(regex: Regex, text: bytes) -> None:
    """What is said of the expression is true for its matches in the text."""
    longest = traits(*regex).width
    for match in regex.compile().finditer(text):
        assert RegexSet.compile([regex]).stretches(text)
        assert unpickled([regex]).stretches(text)
        assert prepared([regex]).stretches(text)
        assert longest is None or match.end() - match.start() <= longest
        assert not traits(*regex).is_inline or b"\n" not in match[0]
        if loose := traits(*regex).loose:
            begin = Regex(loose, regex.ignore_case).compile().search(text, match.start(), match.end())
            assert begin
            assert begin.start() == match.start()


@settings(max_examples=600)
@given(trees(), st.booleans(), st.data())
def test_no_match_is_missed(tree: tuple[Any, ...], ignore_case: bool, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fragments, "_COUNTED", 1)
        patch.setattr(fragments, "_OFTEN", 0)
        look_for_matches(tree, ignore_case, data)


def look_for_matches(tree: tuple[Any, ...], ignore_case: bool, data: st.DataObject) -> None:
    regex = Regex(written(tree), ignore_case)
    try:
        regex.compile()
    except ValueError:
        return
    for _ in range(4):
        text = drawn(tree, data.draw)
        check(regex, text.encode())
        check(regex, text.swapcase().encode("utf-8", "replace"))


@settings(max_examples=600)
@given(st.text("abk(|)[]*+?{,2}^$.\\QEdx4-:iP<>", max_size=14), st.text("abkAK(|)[]*+?{,2}^$.\\QEdx4-:i", max_size=20))
def test_no_match_is_missed_whatever_the_syntax(pattern: str, text: str) -> None:
    regex = Regex(pattern)
    try:
        regex.compile()
    except ValueError:
        return
    check(regex, text.encode())


@settings(max_examples=400)
@given(
    st.lists(trees(), min_size=1, max_size=3),
    st.sampled_from([0, 12, 1024]),
    st.sampled_from([(2, 0), (8, 8), (128, 1024)]),
    st.sampled_from([0, 2, 8]),
    st.sampled_from([0, 1]),
    st.data(),
)
def test_whatever_the_sieve_the_same_is_found(
    patterns: list[tuple[Any, ...]],
    near: int,
    coarse: tuple[int, int],
    counted: int,
    often: float,
    data: st.DataObject,
) -> None:
    regexes = []
    for tree in patterns:
        try:
            Regex(written(tree)).compile()
        except ValueError:
            continue
        regexes.append(Regex(written(tree)))
    pieces = [drawn(data.draw(st.sampled_from(patterns)), data.draw) for _ in range(data.draw(st.integers(0, 6)))]
    filler = data.draw(st.sampled_from(["", "\n", "----\n" * 9, "-" * 300]))
    text = (filler + data.draw(st.text(CHARACTERS, max_size=6)) + filler).join(["", *pieces, ""]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_NEAR", near)
        patch.setattr(scanner, "_GRAIN", coarse[0])
        patch.setattr(scanner, "_APART", coarse[1])
        patch.setattr(fragments, "_COUNTED", counted)
        patch.setattr(fragments, "_OFTEN", often)
        assert unpickled(regexes).stretches(text) == RegexSet.compile(regexes).stretches(text)
        regexset = prepared(regexes)
        stretches = regexset.stretches(text)
        for number, regex in enumerate(regexes):
            expected = [match.span() for match in regex.compile().finditer(text) if match.end() > match.start()]
            found = regexset.find(number, text, stretches.get(number, ()))
            assert [match.span() for match in found if match.end() > match.start()] == expected


def shipped() -> Iterator[tuple[str, Regex]]:
    for path in sorted(ROOT.glob("policies/**/*.yaml")):
        policy = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for rule in policy["rules"]:
            block = rule["check"].get("text", {}) if isinstance(rule["check"], dict) else {}
            patterns = block.get("forbid") or block.get("require") or block.get("header") or []
            for each in patterns if isinstance(patterns, list) else [patterns]:
                pattern = text_near.pattern(**each) if isinstance(each, dict) else each
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
    scanned = prepared(regex for _, regex in rules)
    matching = 0
    for number, (rule, regex) in enumerate(rules):
        for text in samples(regex):
            if regex.compile().search(text):
                matching += 1
                assert number in regexset.stretches(text), (rule, regex.pattern, text)
                assert number in scanned.stretches(text), (rule, regex.pattern, text)
    assert matching > len(rules)


def test_most_shipped_patterns_have_fragments() -> None:
    without = [rule for rule, regex in SHIPPED if not traits(*regex).fragments]
    assert len(without) < len(SHIPPED) / 50, without


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
    traits(pattern)
    assert time.process_time() - start < 1
