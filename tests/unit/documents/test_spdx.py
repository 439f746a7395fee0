"""SPDX expressions: what they name, what they ask for, and what is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.spdx import (
    MAX_DEPTH,
    MAX_LENGTH,
    Joined,
    Licence,
    SpdxError,
    licences,
    names,
    parse,
    satisfied,
)

MIT, ISC, ZLIB = Licence("MIT"), Licence("ISC"), Licence("Zlib")


def all_of(*parts):
    return Joined(True, parts)


def any_of(*parts):
    return Joined(False, parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", MIT),
        ("  MIT\t", MIT),
        ("(MIT)", MIT),
        ("((MIT))", MIT),
        ("LicenseRef-Shop-1.0", Licence("LicenseRef-Shop-1.0")),
        ("DocumentRef-spdx-tool:LicenseRef-Shop", Licence("DocumentRef-spdx-tool:LicenseRef-Shop")),
        ("MIT OR ISC", any_of(MIT, ISC)),
        ("MIT or ISC", any_of(MIT, ISC)),
        ("MIT AND ISC AND Zlib", all_of(MIT, ISC, ZLIB)),
        ("MIT OR ISC AND Zlib", any_of(MIT, all_of(ISC, ZLIB))),
        ("(MIT OR ISC) AND Zlib", all_of(any_of(MIT, ISC), ZLIB)),
        ("MIT/ISC", any_of(MIT, ISC)),
        ("Apache-2.0 WITH LLVM-exception", Licence("Apache-2.0", "LLVM-exception")),
        ("MIT OR Apache-2.0 WITH LLVM-exception", any_of(MIT, Licence("Apache-2.0", "LLVM-exception"))),
        ("GPL-2.0", Licence("GPL-2.0-only")),
        ("GPL-2.0+", Licence("GPL-2.0-or-later")),
        ("LGPL-2.1+", Licence("LGPL-2.1-or-later")),
        ("AGPL-3.0", Licence("AGPL-3.0-only")),
        ("GFDL-1.3", Licence("GFDL-1.3-only")),
        ("GPL-2.0-only", Licence("GPL-2.0-only")),
        ("GPL-2.0+ WITH Classpath-exception-2.0", Licence("GPL-2.0-or-later", "Classpath-exception-2.0")),
        ("GPL-2.0-with-classpath-exception", Licence("GPL-2.0-only", "Classpath-exception-2.0")),
        ("Apache-1.1+", Licence("Apache-1.1+")),
        ("SEE LICENSE IN LICENSE.md", Licence("SEE LICENSE IN")),
        ("SEE LICENSE IN", Licence("SEE LICENSE IN")),
        ("UNLICENSED", Licence("UNLICENSED")),
    ],
)
def test_an_expression(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a licence is missing at the end"),
        (" ", "a licence is missing at the end"),
        ("MIT OR", "a licence is missing at the end"),
        ("OR MIT", "a licence is missing before 'OR'"),
        ("MIT AND ()", "a licence is missing before ')'"),
        ("MIT License", "AND, OR or WITH is missing before 'License'"),
        ("Apache License 2.0", "AND, OR or WITH is missing before 'License'"),
        ("MIT)", "AND, OR or WITH is missing before ')'"),
        ("(MIT OR ISC", "a parenthesis is not closed"),
        ("(MIT ISC)", "AND, OR or WITH is missing before 'ISC'"),
        ("MIT WITH", "an exception is missing at the end"),
        ("MIT WITH (ISC)", "an exception is missing before '('"),
        ("(MIT) WITH LLVM-exception", "AND, OR or WITH is missing before 'WITH'"),
        ("MIT*", "'MIT*' is not the id of a licence"),
        ("MIT, ISC", "'MIT,' is not the id of a licence"),
        ("https://example.org/licence", "'https:' is not the id of a licence"),
        ("MIT WITH a_b", "'a_b' is not the id of an exception"),
        ("(" * (MAX_DEPTH + 1) + "MIT" + ")" * (MAX_DEPTH + 1), f"more than {MAX_DEPTH} parentheses"),
        ("A" * (MAX_LENGTH + 1), f"longer than {MAX_LENGTH:,} characters"),
    ],
)
def test_what_is_no_expression(text, message):
    with pytest.raises(SpdxError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_the_deepest_and_longest_expression_is_read_fast():
    start = time.perf_counter()
    assert parse("(" * MAX_DEPTH + "MIT" + ")" * MAX_DEPTH) == MIT
    assert len(list(licences(parse("/".join(["A"] * (MAX_LENGTH // 2)))))) == MAX_LENGTH // 2
    with pytest.raises(SpdxError):
        parse("(" * MAX_LENGTH)
    assert time.perf_counter() - start < 0.5


def test_names_are_as_written():
    assert names("(GPL-2.0+ with Classpath-exception-2.0) OR MIT") == ["GPL-2.0", "Classpath-exception-2.0", "MIT"]
    with pytest.raises(SpdxError):
        names("MIT License")


IDS = st.sampled_from(["MIT", "ISC", "Zlib", "GPL-3.0-only", "LicenseRef-a", "Apache-2.0"])
TREES = st.recursive(
    st.builds(Licence, IDS, st.sampled_from(["", "LLVM-exception"])),
    lambda parts: st.builds(Joined, st.booleans(), st.lists(parts, min_size=2, max_size=3).map(tuple)),
    max_leaves=12,
)


def written(expression):
    if isinstance(expression, Licence):
        return str(expression)
    return f" {'AND' if expression.every else 'OR'} ".join(f"({written(part)})" for part in expression.parts)


@given(TREES)
def test_what_is_written_is_read_again(tree):
    assert parse(written(tree)) == tree


def value(expression, chosen):
    """The expression as Python would judge it, by the names that are permitted."""
    if isinstance(expression, Licence):
        return expression.name in chosen
    parts = [value(part, chosen) for part in expression.parts]
    return min(parts) if expression.every else max(parts)


@given(TREES, st.sets(IDS))
def test_an_expression_is_satisfied_as_its_operators_say(tree, chosen):
    assert satisfied(tree, lambda licence: licence.name in chosen) is value(tree, chosen)


@given(TREES, st.sets(IDS), IDS)
def test_to_permit_more_never_refuses_more(tree, chosen, another):
    if satisfied(tree, lambda licence: licence.name in chosen):
        assert satisfied(tree, lambda licence: licence.name in chosen | {another})


@given(TREES)
def test_all_names_of_a_tree_are_found_in_order(tree):
    assert [name for licence in licences(tree) for name in licence if name] == names(written(tree))


@given(st.text(alphabet="MIT()/+ ANDORWITH-.\n\0é", max_size=60))
def test_any_text_is_an_expression_or_is_refused(text):
    try:
        expression = parse(text)
    except SpdxError as error:
        assert str(error)
    else:
        assert list(licences(expression))
