"""The binding of CEL: what is converted for it, values that CEL does not have, and what loading it costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks import cel_binding, cel_source
from guardrails.checks.cel import EvaluationError, Expression, Scope
from guardrails.checks.cel_values import Program
from guardrails.documents.document import ParseError


def compiled(source: str) -> Expression:
    """An expression that only the binding runs."""
    return cel_source.compile(source)._replace(program=Program())


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is converted for the binding."""
    values: list[Any] = []
    count = cel_binding.count_values
    monkeypatch.setattr(cel_binding, "count_values", lambda value: values.append(value) or count(value))
    return values


def test_values_are_converted_once_and_only_when_used(converted: list[Any]) -> None:
    judged = Scope({"whole": 1}, "f")
    judged.enter("node", "k")
    for _ in range(3):
        judged.value(compiled("self == 'node'"), {})
    assert converted == ["node"]


def test_only_what_expressions_name_is_converted(converted: list[Any]) -> None:
    node = {"a": 1, "b": 2, "c": 3, "d": 4}
    sources = ["self.a == 1", "has(self.x)", "self.a == 1", "root.a == 1", "size(self) == 4", "has(self.d)"]
    judged = Scope(node, "f")
    judged.enter(node, "k")
    assert [judged.value(compiled(source), {}) for source in sources] == [True, False, True, True, True, True]
    assert [value for value in converted if isinstance(value, dict)] == [{"a": 1}, {"a": 1}, {"a": 1}, node]


def test_too_much_to_convert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cel_binding, "MAX_VALUES", 9)
    judged = Scope(None, "f")
    expression = compiled("size(self) > 0")
    judged.enter([1, {"a": [2, 3]}], "")
    assert judged.value(expression, {}) is True
    judged.enter([4, 5, 6], "")
    with pytest.raises(ParseError, match="too large"):
        judged.value(expression, {})


SURROGATE = "\ud800"


@pytest.mark.parametrize(
    ("node", "source"),
    [
        ({"kind": "Pod", "odd": SURROGATE}, "self.kind == 'Pod' && self.odd == '?'"),
        ({"kind": "Pod", SURROGATE: 1}, "self.kind == 'Pod' && self['?'] == 1"),
        ({"kind": "Pod", None: 1, 1.5: 2, 10**40: 3}, "self['null'] == 1 && self['1.5'] == 2 && size(self) == 4"),
        ({2: [{None: 3}]}, "self[2][0]['null'] == 3"),
        ({"n": 10**400, "m": [-(10**400)]}, "self.n > 9 && self.m[0] < 9"),
        ({"n": 2**70}, "self.n > 9223372036854775807"),
        ({"n": float("nan")}, "self.n != self.n"),
        ({"n": float("inf")}, "self.n > 1.0"),
        ("a\0b", "size(self) == 3"),
    ],
)
def test_values_that_cel_does_not_have(node: Any, source: str) -> None:
    judged = Scope(node, "f")
    judged.enter(node, "")
    assert judged.value(compiled(source), {}) is True


members = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 2) | st.just({"a": 1}), max_size=3)
MEMBER_EXPRESSIONS = [
    compiled(source)
    for source in (
        "self.a == 1",
        "has(self.b) && has(self.c)",
        "self.a.a == root.a.a",
        "self == root",
        "size(self) == size(root)",
        "self.a == root.b || self.c == 1",
        "['a', 'b'].all(name, name in self)",
        "root.c == 0",
    )
]


@settings(deadline=None)
@given(
    st.lists(members | st.integers(), min_size=1, max_size=3), st.permutations(MEMBER_EXPRESSIONS), st.integers(1, 8)
)
def test_converting_less_changes_nothing(nodes: list[Any], expressions: list[Expression], size: int) -> None:
    expressions = expressions[:size]

    def results(used: list[Expression]) -> list[Any]:
        judged = Scope(nodes[0], "f")
        found = []
        for node in nodes:
            judged.enter(node, "k")
            for expression in used:
                try:
                    found.append(judged.value(expression, {}))
                except EvaluationError as error:
                    found.append(str(error))
        return found

    whole = [expression._replace(needs=(("self", None), ("root", None))) for expression in expressions]
    assert results(expressions) == results(whole)


def run(code: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=sys.path[0] or None)


def test_loading_costs_no_command_line_and_no_logging() -> None:
    run(
        "import sys\n"
        "from guardrails.checks.cel import Expression, Scope\n"
        "assert 'cel.cel' not in sys.modules\n"
        "scope = Scope(1, '')\n"
        "scope.enter(1, '')\n"
        "assert scope.value(Expression('self == 1', (('self', None),), ()), {})\n"
        "assert 'cel.cel' in sys.modules\n"
        "assert not {'logging', 'traceback', 'typer', 'rich', 'cel', 're2', 'dataclasses'} & sys.modules.keys()\n"
    )


def test_a_large_root_is_kept_out_of_expressions_that_do_not_name_it() -> None:
    scope = Scope({"items": [1, 2]}, "x")
    scope.enter(1, 0)
    assert scope.value(compiled("root.items.size() == 2"), {}) is True
    assert scope.value(compiled("self == 1 && path == 'x'"), {}) is True
    kept = [set(bench.converted) for bench in scope._bound._benches.values()]
    assert kept == [{"root"}, {"self", "path"}]
    scope.enter(2, 1)
    assert scope.value(compiled("root.items.size() == self"), {}) is True


@pytest.mark.parametrize(
    "first", ["import cel", "import logging", "from guardrails.checks.cel_binding import binding; binding()"]
)
def test_binding_and_package_live_in_one_process(first: str) -> None:
    run(
        f"{first}\n"
        "import logging\n"
        "from guardrails.checks.cel_binding import binding\n"
        "module = binding()\n"
        "import cel\n"
        "assert cel.Context is module.Context and cel.evaluate('1 + 1') == 2\n"
        "assert logging.getLogger('x').name == 'x'\n"
    )


def test_a_missing_binding_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "cel.cel")
    with pytest.raises(ImportError, match="common-expression-language is not installed"):
        cel_binding.binding.__wrapped__()
