"""Expressions as Python: what is translated, and that it gives what the binding gives, values and errors alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guardrails.checks import cel_source, cel_values
from guardrails.checks.cel import EvaluationError, Expression, Scope
from guardrails.checks.cel_values import Program, TooLargeError


def scope(node: Any, root: Any = None) -> Scope:
    judged = Scope(node if root is None else root, "dir/f.yaml", lambda: "2026-03-01")
    judged.enter(node, "k")
    return judged


def outcome(expression: Expression, node: Any) -> tuple[Any, ...]:
    try:
        value = scope(node).value(expression, {"p": "a", "q": ["a", 1]})
    except EvaluationError:
        return ("error",)  # of several things that are wrong either may be told
    return "value", type(value), value


def by_binding(expression: Expression) -> Expression:
    return expression._replace(program=Program())


def settled(value: Any) -> str:
    """A value in words that are the same for mappings in any order, in which the binding goes through them."""
    if isinstance(value, dict):
        return f"{{{sorted((key, settled(item)) for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"{type(value)}{sorted(map(settled, value))}"
    return repr(value)


NODE = {"a": 1, "b": "text", "c": [1, "a", {"a": "b"}], "d": {"a": {"b": True}}, "n": None, "t": True, "f": 1.5}
ATOMS = """\
self self.a self.b self.c self.d self.d.a self.n self.t self.f self.missing self.d.missing.deep self['b'] self.c[0] self.c[9]
self.c[self.a] root.a key path params.p params.q params.none today 1 2.0 'a' "text" r'\\d' '\\n' '' true false null [] [1,'a'] {}
{'a':1} has(self.a) has(self.missing) has(self.d.a) has(self.missing.a) has(self.b.a) type(self.a) type(self.missing)
""".split()  # noqa: SIM905 - easier to read
UNARY = """
!{0}
!({0})
size({0})
{0}.size()
({0}).a
({0})[0]
type({0}) == string
type({0}) in [map, list]
string({0})
int({0})
{0}.all(x, x == 1)
{0}.exists(x, has(x.a))
{0}.exists(x, x.a == 'b' || x == 1)
{0}.map(x, x)
{0}.filter(x, x == 'a')
{0}.lowerAscii()
pairs({0})
{0} - 1
""".strip().splitlines()
BINARY = """
{0} && {1}
{0} || {1}
{0} == {1}
{0} != {1}
{0} in {1}
{0} + {1}
{0} < {1}
{0} >= {1}
({0} || {1})
{0}.contains({1})
{0}.startsWith({1})
{0}.endsWith({1})
{0}.matches({1})
{0}.split({1})
[{0}, {1}]
{{'x': {0}, 'y': {1}}}
{0} ? {1} : 'other'
self.t ? {0} : {1}
""".strip().splitlines()
sources = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: (
        st.builds(lambda form, part: form.format(part), st.sampled_from(UNARY), inner)
        | st.builds(lambda form, one, other: form.format(one, other), st.sampled_from(BINARY), inner, inner)
    ),
    max_leaves=6,
)
scalars = st.sampled_from(["", "a", "b", "text", 0, 1, 1.0, 1.5, True, False, None, 2**63, -(2**63), float("nan")])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdnt"), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(sources, values | st.just(NODE))
@example("has(self.missing.a) && false", NODE)
@example("!!self == self", NODE)
@example("self.missing == 1 || self.a == 1", NODE)
@example("!(self.missing == 1 && false)", NODE)
@example("self.c.exists(x, x.a == 'b')", NODE)
@example("[1, 2].all(x, self.missing || false)", NODE)
@example("self.t == 1 || 1 == self.t || self.a == true", NODE)
@example("self.f == 1.5 && self.a < self.f && self.a == 1.0", NODE)
@example("self.missing.contains(self.neither)", NODE)
@example("[true] == [1] || {'a': 1} == {'a': true}", NODE)
def test_a_translation_gives_what_the_binding_gives(source: str, node: Any) -> None:
    try:
        expression = cel_source.compile(source)
    except cel_source.ExpressionError:
        return
    translated, bound = outcome(expression, node), outcome(by_binding(expression), node)
    assert settled(translated) == settled(bound)
    assert scope(node).holds(expression, {}) is scope(node).holds(by_binding(expression), {})


@pytest.mark.parametrize(
    ("source", "strict", "decisive"),
    [
        ("self.a == 1", True, True),
        ("self.a == 1 && self.b == 2", False, True),
        ("self.a == 1 || self.b == 2", False, False),
        ("!(self.a == 1 && self.b == 2)", False, False),
        ("self.t ? self.a : self.b", True, True),
        ("self.t ? self.a && self.b : self.c", False, True),
        ("(self.a && self.b) ? self.a : self.b", False, False),
        ("self.c.all(x, x.a == 1)", False, True),
        ("self.c.exists(x, x.a == 1)", False, False),
        ("self.c.map(x, x.a) == [1]", True, True),
        ("(self.a && self.b) == false", False, False),
    ],
)
def test_what_an_error_of_a_translation_means(source: str, strict: bool, decisive: bool) -> None:
    assert cel_source.compile(source).program[1:] == (strict, decisive)


@pytest.mark.parametrize(
    "source",
    [
        "self.a / 2 == 1",
        "-self.a == 1",
        "1u == 1u",
        "1e3 > 1.0",
        "b'a' == b'a'",
        "'''a''' == 'a'",
        "timestamp(self) > timestamp(self)",
        "duration('1h') > duration('59m')",
        "double(self) > 1.0",
        "dyn(self) == 1",
        "self.exists_one(x, x == 1)",
        "self.map(x, x == 1, x)",
        "{self.b: 1}.size() == 1",
    ],
)
def test_the_rest_is_left_to_the_binding(source: str) -> None:
    expression = cel_source.compile(source)
    assert expression.program == Program()
    for node in (NODE, 1, "5", [1]):
        assert outcome(expression, node) == outcome(by_binding(expression), node)


def test_loops_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cel_values, "MAX_STEPS", 10)
    expression = cel_source.compile("self.all(x, self.all(y, y >= x || true))")
    assert scope([1, 2]).value(expression, {}) is True
    for judge in (Scope.value, Scope.holds):
        with pytest.raises(TooLargeError, match="too large"):
            judge(scope([1, 2, 3]), expression, {})
    judged = scope(list(range(6)))
    once = cel_source.compile("self.all(x, x >= 0)")
    assert judged.holds(once, {})
    with pytest.raises(TooLargeError):  # all that is asked of one tree counts together
        judged.holds(once, {})


def test_the_day_is_asked_for_only_where_it_counts() -> None:
    asked: list[str] = []
    judged = Scope({"due": "2026-01-01"}, "f", lambda: asked.append("today") or "2026-03-01")
    judged.enter({"due": "2026-01-01"}, "")
    assert judged.holds(cel_source.compile("has(self.due) && path == 'f' && key == '' && root.due == self.due"), {})
    late = cel_source.compile("self.due < today")
    assert asked == []
    assert judged.holds(late, {})
    assert judged.holds(by_binding(late), {})
    assert asked == ["today", "today"]
