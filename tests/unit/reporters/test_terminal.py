from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.reporters.terminal import excerpt, visible, visible_path

ANY = st.text(st.characters(exclude_categories=()), max_size=240)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("żółć 日本語 😀", "żółć 日本語 😀"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x7f\x9b", r"\x7f\u009b"),
        ("caf\udce9", r"caf\xe9"),
        ("\udc7f\udc80\udcff\udd00", r"\udc7f\x80\xff\udd00"),
        ("\ud800", r"\ud800"),
        ("\u202eevil\u2069", r"\u202eevil\u2069"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("no\xa0break", r"no\u00a0break"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_does_not_print_as_itself_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY)
def test_visible_text_is_one_printable_line_of_unicode(text: str) -> None:
    assert visible(text).isprintable()
    visible(text).encode()


@pytest.mark.parametrize(
    ("path", "shown"),
    [("a b.py", "a b.py"), (" a ", r"\x20a\x20"), ("  ", r"\x20\x20"), ("\n", r"\n"), ("", "")],
)
def test_spaces_at_the_ends_of_a_path_are_seen(path: str, shown: str) -> None:
    assert visible_path(path) == shown


@pytest.mark.parametrize(
    ("source", "start", "stop", "shown", "carets"),
    [
        ("FROM ubuntu", 5, 11, "FROM ubuntu", "     ^^^^^^"),
        ("FROM ubuntu", 0, 4, "FROM ubuntu", "^^^^"),
        ("FROM ubuntu", 11, 12, "FROM ubuntu", "           ^"),
        ("FROM ubuntu", 12, 13, "FROM ubuntu", ""),
        ("FROM ubuntu", -1, 0, "FROM ubuntu", ""),
        ("FROM ubuntu", 5, 5, "FROM ubuntu", "     ^"),
        ("FROM ubuntu", 5, 99, "FROM ubuntu", "     ^^^^^^"),
        ("\tx = 1", 1, 2, "    x = 1", "    ^"),
        ("a\tb\tc", 4, 5, "a    b    c", "          ^"),
        ("\t", 0, 1, "    ", "^^^^"),
        ("日本 x", 3, 4, "日本 x", "     ^"),
        ("日本 x", 1, 2, "日本 x", "  ^^"),
        ("e\u0301 x", 3, 4, "e\u0301 x", "  ^"),
        ("a\x1bb", 2, 3, r"a\x1bb", "     ^"),
        ("a\x1bb", 1, 2, r"a\x1bb", " ^^^^"),
        ("日\u202ex", 2, 3, r"日\u202ex", "        ^"),
        ("\uff21\uff22 x", 3, 4, "\uff21\uff22 x", "     ^"),
        ("1\u20dd x", 3, 4, "1\u20dd x", "  ^"),
        ("", 0, 1, "", "^"),
    ],
)
def test_carets_stand_under_the_characters(source: str, start: int, stop: int, shown: str, carets: str) -> None:
    assert excerpt(source, start, stop, 80) == (shown, carets)


LONG = "".join(f"<{number:03}>" for number in range(40))


@pytest.mark.parametrize(
    ("start", "shown", "carets"),
    [
        (0, "<000><001><002><003><004><00…", "^^^"),
        (100, "…018><019><020><021><022><023…", "          ^^^"),
        (197, "…34><035><036><037><038><039>", "                          ^^^"),
        (-1, "<000><001><002><003><004><00…", ""),
        (999, "<000><001><002><003><004><00…", ""),
    ],
)
def test_a_long_line_is_cut_around_the_place(start: int, shown: str, carets: str) -> None:
    assert excerpt(LONG, start, start + 3, 30) == (shown, carets)


@pytest.mark.parametrize(
    ("width", "shown", "carets"),
    [
        (19, "abcdefghié日本語xyz", "         ^"),
        (18, "…defghié日本語xyz", "       ^"),
        (13, "…ghié日本語x…", "    ^"),
        (12, "…ghié日本語…", "    ^"),
        (11, "…fghié日本…", "     ^"),
    ],
)
def test_cutting_goes_by_columns(width: int, shown: str, carets: str) -> None:
    line = "abcdefghié日本語xyz"
    assert excerpt(line, 9, 10, width) == (shown, carets)


def columns(text: str) -> int:
    from unicodedata import category, east_asian_width

    return sum(0 if category(char) in {"Mn", "Me"} else 1 + (east_asian_width(char) in "WF") for char in text)


@given(ANY, st.integers(-2, 250), st.integers(0, 250), st.integers(20, 120))
def test_an_excerpt_fits_whatever_the_line(source: str, start: int, length: int, width: int) -> None:
    shown, carets = excerpt(source, start, start + length, width)
    assert shown.isprintable()
    assert columns(shown) <= width
    assert set(carets) <= {" ", "^"}
    assert bool(carets) == (0 <= start <= len(source))
    assert len(carets) <= width


@given(st.text(st.characters(exclude_categories=()), max_size=100), st.data())
def test_carets_stand_under_exactly_the_marked_characters(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source)))
    stop = data.draw(st.integers(start, len(source)))
    shown, carets = excerpt(source, start, stop, 10_000)
    marked = "".join(visible(char) if char != "\t" else "    " for char in source[start:stop])
    before = "".join(visible(char) if char != "\t" else "    " for char in source[:start])
    assert shown.startswith(before + marked)
    assert len(carets) - len(carets.lstrip()) == columns(before)
    assert carets.count("^") == max(1, columns(marked))
