"""Expressions when a policy is compiled: what they use, and messages that say what to write instead."""

from __future__ import annotations

import contextlib
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks import cel_source
from guardrails.checks.cel import EvaluationError, Scope
from guardrails.checks.cel_source import ExpressionError


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("true", {}),
        ("self.x == 1 && key != 'root'", {"self": {"x"}, "key": None}),
        ("root.a in params.list || path.endsWith('.yaml')", {"root": {"a"}, "path": None, "params": {"list"}}),
        ("has(self.a) && self . b.c[0].size() > self\n.d ?self.e:self.f", {"self": {"a", "b", "d", "e", "f"}}),
        ("self.all(x, x.y > 1) && self.map(k, k + 1).exists(v, v == 2)", {"self": None}),
        ("self . filter ( item , item.a ) == []", {"self": None}),
        ("self.a.self && [self].exists(pod, pod.self.key == 1)", {"self": None}),
        ("self.a == 1 && self['b'] == 2", {"self": None}),
        ("size(self) == 1 || self.a", {"self": None}),
        ("self.a.exists(x, x.self.b == 'self')", {"self": {"a"}}),
        ("type(self) == map || type(self) == list || type(self) == null_type", {"self": None}),
        ("self.a == 'root' // not self", {"self": {"a"}}),
        ("self.size == 1", {"self": {"size"}}),
        ("days(self.due, today) > 0", {"self": {"due"}, "today": None}),
        ("self.all(file, file.other == 1)", {"self": None}),
    ],
)
def test_needs(source: str, needs: dict[str, Any]) -> None:
    expression = pickle.loads(pickle.dumps(cel_source.compile(source)))
    assert dict(expression.needs) == needs


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("", "the end (column 1 of the expression)", ""),
        ("self.x ==", "the end (column 10 of the expression)", ""),
        ("self.x = 1", "column 8", "compare with =="),
        ("self.x == 1 and self.y == 'a = b'", "column 13", "write && for and"),
        ("self.x == 1 or self.y", "column 13", "write || for or"),
        ("not self.x", "column 5", "write ! for not"),
        ("self.x & self.y", "column 8", "write && for and"),
        ("self.x | self.y", "column 8", "write || for or"),
        ("self.?x", "column 5", "test with has(a.b)"),
        ("self[?'x']", "column 5", "test with has(a.b)"),
        ("has(self)", "has() macro", "has(self.name)"),
        (r"self.matches('\d')", "column 14", r"r'\d'"),
        ("self.x\n  == 'a", "line 2, column 6", ""),
        ("slef.x", "no variable 'slef' (column 1", "did you mean 'self'?"),
        ("'image' == image", "no variable 'image' (column 12", "variables: key, params, path, root, self, today"),
        ("self.a.all(self, self.b)", "a loop cannot call its variable 'self'", "another name"),
        ("self.all(today, today == 1)", "a loop cannot call its variable 'today'", "another name"),
        ("file.name == other", "no variable 'file' (column 1", ""),
        ("self.all(x, y > x)", "no variable 'y' (column 13", ""),
        ("True", "no variable 'True'", "write true"),
        ("self == None", "no variable 'None'", "write null"),
        ("len(self)", "no function 'len'", "write size()"),
        ("self.lower()", "no function 'lower' (column 6", "write lowerAscii()"),
        ("self.startswith('a')", "no function 'startswith'", "did you mean 'startsWith'?"),
        ("math.abs(1)", "no function 'abs'", "functions: "),
        ("self.all(k, v, v == 1)", "no function 'all'", "a loop has one variable"),
        ("self.matches('a(')", "'a(' is not a valid regular expression: missing )", "RE2"),
        (r"self.matches(r'(?=a)') && self.matches('b')", "'(?=a)' is not a valid regular expression", "RE2"),
        ("'a' == " + "'" + "x" * 4000 + "'", "longer than 4,000 characters", ""),
        ("(" * 200 + "1" + ")" * 200, "not valid CEL", ""),
    ],
)
def test_wrong_expressions(source: str, message: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        cel_source.compile(source)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint
    assert not hint or caught.value.hint


@pytest.mark.parametrize(
    ("source", "functions"),
    [
        ("self == 'size(self)'", set()),
        ("size(self) == 1 && self.a.matches('b') && self.contains('c')", {"size_", "matches_"}),
        (
            "self.split('/').map(x, x.trim()).exists(x, isDate(x) && days(x, today) > 1)",
            {"split", "trim", "isDate", "days"},
        ),
        ("string(self) == 'true'", {"string"}),
    ],
)
def test_functions(source: str, functions: set[str]) -> None:
    assert set(cel_source.compile(source).functions) == functions


def test_other_variables() -> None:
    expression = cel_source.compile("self.all(root, root == other.a)", ("self", "other"))
    assert dict(expression.needs) == {"self": None, "other": {"a"}}
    with pytest.raises(ExpressionError, match="no variable 'root'"):
        cel_source.compile("root == self", ("self", "other"))
    with pytest.raises(ExpressionError, match="a loop cannot call its variable 'other'"):
        cel_source.compile("self.all(other, true)", ("self", "other"))


@pytest.mark.parametrize("part", ["!", "1+", "self.a.", "self[0]==", "- -", "true?1:", "[", "[1].all(x,"])
def test_longest_expressions_do_not_break_the_process(part: str) -> None:
    source = part * ((cel_source.MAX_SOURCE - 4) // len(part)) + "self"
    try:
        expression = cel_source.compile(source)
    except ExpressionError:
        return
    scope = Scope(None, "")
    scope.enter(None, "")
    with contextlib.suppress(EvaluationError):
        scope.value(expression, {})


QUOTES = ["'", '"', "'''", '"""']


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("'\"\\/"), max_size=12),
    st.sampled_from(QUOTES),
)
def test_literals_are_left_alone(text: str, quote: str) -> None:
    tricky = f"// {text} size(self) matches('"
    literal = quote + tricky.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0]) + quote
    expression = cel_source.compile(f"size({literal}) == {len(tricky)} && {literal} == self // size('")
    scope = Scope(None, "")
    scope.enter(tricky, "")
    assert scope.value(expression, {}) is True


@pytest.mark.parametrize("source", [r"r'\' + 'size(a)'", r'br"\" == BR"""size(a)"""', r"R'''matches(' \''' == ''"])
def test_raw_literals_are_left_alone(source: str) -> None:
    assert cel_source.compile(source).source == source


@settings(deadline=None)
@given(st.text(alphabet="self.x()[]'\"=&|!?:, \\ab1+-\n/", max_size=20) | st.text(max_size=10))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    try:
        expression = cel_source.compile(text)
    except ExpressionError as error:
        message = str(error)
    else:
        message = expression.source
    assert message
