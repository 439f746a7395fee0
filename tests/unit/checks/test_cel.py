"""Expressions when files are judged: values, errors in words and hostile values, translated and by the binding."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks import cel, cel_functions, cel_source
from guardrails.checks.cel import EvaluationError, Expression, Scope
from guardrails.checks.cel_values import Program
from guardrails.documents.document import MAX_DEPTH

NODE = {
    "number": 1,
    "text": "Grüße, Wörld",
    "list": ["a", "b"],
    "map": {"a": 1},
    "yes": True,
    "none": None,
    "pattern": "a(",
    "wide": "a" * 5_000,
}


def scope(node: Any = None, key: str | int = "", path: str = "") -> Scope:
    made = Scope(node, path, lambda: "2026-03-01")
    made.enter(node, key)
    return made


def evaluate(source: str, node: Any, **params: Any) -> Any:
    """What the translation gives, which the binding has to give too."""
    expression = cel_source.compile(source)
    translated, bound = (
        outcome(scope(node, "k", "dir/file.yaml"), each, params) for each in (expression, by_binding(expression))
    )
    assert translated == bound
    if isinstance(translated, EvaluationError):
        raise translated
    return translated.value


class Value(NamedTuple):
    value: Any
    kind: type


class Words(EvaluationError):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and self.args == other.args

    __hash__ = EvaluationError.__hash__


def outcome(judged: Scope, expression: Expression, params: dict[str, Any]) -> Value | Words:
    try:
        value = judged.value(expression, params)
    except EvaluationError as error:
        return Words(str(error))
    return Value(value, type(value))


def by_binding(expression: Expression) -> Expression:
    return expression._replace(program=Program())


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("self.number + 1 == 2 && self.map.a == 1.0", True),
        ("root.number", 1),
        ("key + ' ' + path", "k dir/file.yaml"),
        ("params.limit", 3),
        ("has(self.nothing)", False),
        ("has(self.nothing) || true", True),
        ("self.list.exists(item, item == 'b')", True),
        ("self.map.exists(name, self.map[name] == 1)", True),
        ("size(self.text)", 12),
        ("self.text.size() + size(self.list) + self.map.size()", 15),
        ("self.text.matches('^G.*d$') && !self.text.matches('x')", True),
        ("matches(self.text, r'\\w+')", True),
        ("self.text.matches('xyz'+'|Gr')", True),
        ("self.text.lowerAscii()", "grüße, wörld"),
        ("'äbc'.upperAscii() + 'ÄBC'.lowerAscii()", "äBCÄbc"),
        ("self.text.split(', ')", ["Grüße", "Wörld"]),
        ("'abc'.split('')", ["a", "b", "c"]),
        ("self.list.join('-') + self.list.join()", "a-bab"),
        ("self.text.replace('ü', 'ue')", "Grueße, Wörld"),
        ("self.text.indexOf('ß') == 3 && self.text.indexOf('z') == -1", True),
        ("self.text.substring(2, 4) + self.text.substring(11)", "üßd"),
        ("'\t a \\n'.trim()", "a"),
        ("string(self.yes) + string(false) + string(1)", "truefalse1"),
        ("image('ghcr.io/shop/web:1.2').tag", "1.2"),
        ("commands('curl -k x | sudo sh').map(command, command.name)", ["curl", "sudo", "sh"]),
        ("today", "2026-03-01"),
        ("days('2026-02-27', today) == 2 && days(today, '2024-02-29') == -731", True),
        ("today.isDate() && isDate('2024-02-29') && !isDate('2025-02-29')", True),
        (
            "isDate('20260301') || isDate('2026-W09-7') || isDate('2026-03-01T00:00:00Z') || isDate(' 2026-03-01')",
            False,
        ),
        (
            "isDate(self.number) || isDate(self.none) || isDate(self.map) || isDate('') || isDate('2026-03-0\u0661')",
            False,
        ),
        ("type(self.list) == list && type(self.none) == null_type", True),
        ("duration('1h') > duration('59m')", True),
    ],
)
def test_values(source: str, value: Any) -> None:
    assert evaluate(source, NODE, limit=3) == value


@pytest.mark.parametrize(
    ("folder", "target", "path"),
    [
        ("docs", "a.md", "docs/a.md"),
        ("docs", "./b/./a.md", "docs/b/a.md"),
        ("docs/adr", "../../a.md#top", "a.md"),
        ("docs", "a.md?plain=1#L3", "docs/a.md"),
        ("", "a.md", "a.md"),
        ("docs", "/src/a.py", "src/a.py"),
        ("docs", "../img/", "img"),
        ("docs", ".", "docs"),
        ("docs", "a%20b%2fc.md", "docs/a b/c.md"),
        ("docs", "gr%C3%BC%C3%9Fe.md", "docs/grüße.md"),
        ("docs", "100%.md", "docs/100%.md"),
        ("docs", "%ff.md", "docs/\ufffd.md"),
        ("docs", "%2e%2e/a.md", "a.md"),
        ("docs", "../../a.md", ""),
        ("docs", "/../a.md", ""),
        ("docs", "", ""),
        ("docs", "#top", ""),
        ("docs", "?q", ""),
        ("docs", "https://example.org/a.md", ""),
        ("docs", "//example.org/a.md", ""),
        ("docs", "mailto:ann@example.org", ""),
        ("docs", "x-scheme+1.0:a", ""),
        ("docs", "2026:a.md", "docs/2026:a.md"),
        ("", "..", ""),
    ],
)
def test_where_links_lead(folder: str, target: str, path: str) -> None:
    source = cel_source.compile("resolve(self[0], self[1])")
    assert scope([folder, target]).value(source, {}) == path
    assert scope([folder, target]).value(cel_source.compile("self[0].resolve(self[1])"), {}) == path


@given(st.text(alphabet="ab/.%2f#?:", max_size=20), st.sampled_from(["", "a", "a/b"]))
def test_links_never_leave_the_repository(target: str, folder: str) -> None:
    parts = cel_functions.FUNCTIONS["resolve"](folder, target).split("/")
    assert parts == [""] or not {"", ".", ".."}.intersection(parts)


@given(st.dates(), st.dates())
def test_days_are_those_of_the_calendar(start: date, until: date) -> None:
    assert cel_functions.FUNCTIONS["days"](start.isoformat(), until.isoformat()) == (until - start).days


def test_a_variable_may_be_put_beside_the_others() -> None:
    file = cel_source.compile("file.name == self && file.name == path", ("self", "path", "file"))
    there = scope("a", path="a")
    there.put("file", {"name": "a"})
    assert there.holds(file, {})
    there.put("file", {"name": "b"})
    assert not there.holds(file, {})
    there.put("file", {})
    assert not there.holds(file, {})
    assert scope(1).holds(cel_source.compile("self"), {}) is False


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a/*.py", "a/b.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/**.py", "a/b/c.py", True),
        ("?", "ü", True),
        ("?", "/", False),
        ("a.c", "abc", False),
        ("[a]{1}\\", "[a]{1}\\", True),
        ("*.example.org", "web.example.org", True),
        ("*.example.org", "web.example.organic", False),
        ("**", "a\nb", True),
    ],
)
def test_glob(pattern: str, text: str, fits: bool) -> None:
    assert scope([text, pattern]).value(cel_source.compile("self[0].glob(self[1])"), {}) is fits


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("self.nothing", "no such key: nothing"),
        ("self.map.deep.deeper", "no such key: deep"),
        ("self.map['x y']", "no such key: x y"),
        ("self.number.x", "a value has the wrong type"),
        ("self.number > 'a'", "a value has the wrong type"),
        ("self.list.all(item, item.x)", "a value has the wrong type"),
        ("self.list[9]", "index out of bounds: 9"),
        ("self.number / 0", "division by zero in CEL expression"),
        ("self.text.startsWith(1)", "startsWith() does not take a value of this type"),
        ("self.list.contains('a')", "contains() does not take a value of this type"),
        ("self.number.matches('a')", "matches() does not take a value of this type"),
        ("self.text.matches(self.pattern)", "matches(): missing ): a("),
        ("size(self.number)", "size() does not take a value of this type"),
        ("self.text.split(1)", "split() does not take a value of this type"),
        ("self.number.lowerAscii()", "lowerAscii() does not take a value of this type"),
        ("self.map.join(',', 1)", "join() does not take a value of this type"),
        ("[1].join(',')", "join() does not take a value of this type"),
        ("string(self.list)", "string() does not take a value of this type"),
        ("days(self.text, today)", "days(): 'Grüße, Wörld' is not a date, which is written YYYY-MM-DD"),
        ("days(today, self.number)", "days() does not take a value of this type"),
        ("resolve(self.text, self.none)", "resolve() does not take a value of this type"),
        ("image(1)", "image() does not take a value of this type"),
        ("self.text.substring(5, 3)", "substring(): out of range"),
        ("self.text.substring(50)", "substring(): out of range"),
        ("self.wide.replace('a', self.wide)", "replace(): the text would be too long"),
        ("self.wide.split('').join(self.wide)", "join(): the text would be too long"),
        ("int(self.text)", "int(): string parse error: invalid digit found in string"),
        ("params.nothing", "no such key: nothing"),
    ],
)
def test_errors_in_words(source: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(source, NODE)
    assert str(caught.value) == words
    assert capfd.readouterr() == ("", "")


def test_long_words_are_cut() -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate("duration(self)", "x y\n" * 100)
    assert len(str(caught.value)) <= 160
    assert "\n" not in str(caught.value)


def test_too_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cel_functions, "MAX_PARTS", 3)
    assert evaluate("self.split(',')", "1,2,3,4") == ["1", "2", "3", "4"]
    for source in ("self.split('')", "(self + ',').split(',')"):
        with pytest.raises(EvaluationError, match="too many parts"):
            evaluate(source, "1,2,3,4")


def test_a_scope_follows_its_node() -> None:
    judged = Scope({"a": 1}, "f")
    whole = cel_source.compile("[self, key, root.a, path, params.p]")
    results = []
    for node, key, params in (("x", "k", {"p": 1}), ("y", 0, {"p": 2}), ("y", 0, {"p": 3})):
        judged.enter(node, key)
        results.append(judged.value(whole, params))
    assert results == [["x", "k", 1, "f", 1], ["y", 0, 1, "f", 2], ["y", 0, 1, "f", 3]]


def test_a_path_that_is_not_unicode() -> None:
    assert scope(None, "", "caf\udce9.yaml").value(cel_source.compile("path.endsWith('.yaml')"), {}) is True


def test_deepest_values() -> None:
    node: Any = 1
    for level in range(MAX_DEPTH):
        node = [node] if level % 2 else {"a": node}
    assert evaluate("self == root && size(self) == 1", node) is True
    assert evaluate("self", node) == node


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**320)
    | st.floats()
    | st.text(st.characters(), max_size=5)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3),
    max_leaves=12,
)
EXPRESSIONS = [
    cel_source.compile(source)
    for source in (
        "self == root",
        "self.a.b > 1 || size(self) > 2",
        "self.all(x, x == self)",
        "self.exists(x, x.matches(x))",
        "self.map(x, x + x) == self",
        "self[0] - self[1] == -self[2] * 2",
        "self.split(self).join(self).replace(self, self).trim() == image(self).name",
        "int(self) + 1 > 0 && duration(self) > duration('1s')",
        "timestamp(self) - duration('1h') == timestamp(self)",
        "key in self && self.substring(self, self).glob(self)",
        "double(self) / 0.0 > 1.0 && string(self) == string(self)",
    )
]


@settings(deadline=None)
@given(anything, st.sampled_from(EXPRESSIONS))
def test_any_value_gives_a_value_or_an_error(node: Any, expression: cel.Expression) -> None:
    found = outcome(scope(node, "k", "f"), by_binding(expression), {})
    if isinstance(found, Value):
        assert found.kind is bool
    else:
        assert str(found)
