"""Functions of expressions about Kubernetes: quantities, labels and their selectors, rules of roles."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.checks import cel_source
from guardrails.checks.cel import EvaluationError, Scope


def evaluate(source: str, node: Any = None) -> Any:
    scope = Scope(node, "k8s.yaml", "2026-03-01")
    scope.enter(node, "")
    return scope.value(cel_source.compile(source), {})


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("1", 1),
        ("500m", 0.5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("2k", 2_000),
        ("1Ki", 1_024),
        ("1.5Gi", 1.5 * 2**30),
        ("2Ei", 2 * 2**60),
        ("3E", 3e18),
        ("1e3", 1_000),
        ("1E3", 1_000),
        ("-1M", -1_000_000),
        ("250u", 0.00025),
        (" 7 ", 7),
        (2, 2),
        (0.25, 0.25),
    ],
)
def test_quantities(quantity, number):
    assert evaluate("quantity(self)", quantity) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "m", "1mi", "1KI", "1 Gi", "0x10", "1Gi2", "1e9999", "none", True, None, [1], {}])
def test_what_is_no_quantity(text):
    with pytest.raises(EvaluationError, match=r"quantity\(\): that is no quantity"):
        evaluate("quantity(self)", text)


@given(st.text(max_size=40))
def test_a_text_is_a_quantity_or_not(text):
    with suppress(EvaluationError):
        assert isinstance(evaluate("quantity(self)", text), float)


def test_quantities_are_compared_by_their_amount():
    assert evaluate("quantity('1024Mi') == quantity('1Gi') && quantity('1100m') > quantity(1)") is True


@pytest.mark.parametrize(
    ("labels", "pairs"),
    [
        ({"b": "x", "a": "y"}, ["a=y", "b=x"]),
        ({"a": True, "b": 1}, ["a=true", "b=1"]),
        ({}, []),
    ],
)
def test_pairs(labels, pairs):
    assert evaluate("pairs(self)", labels) == pairs


LABELS = {"app": "shop", "tier": "web", "version": 2, "live": True}


def expression(key: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ({"app": "shop"}, True),
        ({"app": "shop", "tier": "web"}, True),
        ({"app": "shop", "tier": "db"}, False),
        ({"other": "shop"}, False),
        ({"version": "2", "live": "true"}, True),
        ({}, True),
        ({"matchLabels": {"app": "shop"}}, True),
        ({"matchLabels": {"app": "store"}}, False),
        ({"matchLabels": None}, True),
        (expression("app", "In", "store", "shop"), True),
        (expression("app", "In", "store"), False),
        (expression("none", "In", "store"), False),
        (expression("app", "NotIn", "store"), True),
        (expression("app", "NotIn", "shop"), False),
        (expression("none", "NotIn", "shop"), True),
        (expression("version", "In", 2), True),
        (expression("app", "Exists"), True),
        (expression("none", "Exists"), False),
        (expression("none", "DoesNotExist"), True),
        (expression("app", "DoesNotExist"), False),
        ({"matchLabels": {"app": "shop"}, **expression("tier", "In", "db")}, False),
        ({"matchLabels": {"app": "store"}, **expression("tier", "In", "web")}, False),
        ({"matchLabels": "shop", "app": "shop"}, False),
    ],
)
def test_selectors(selector, selects):
    assert evaluate("selects(self.selector, self.labels)", {"selector": selector, "labels": LABELS}) is selects


@pytest.mark.parametrize("selector", [expression("app", "Like", "shop"), {"matchExpressions": [{}]}, "app=shop", None])
def test_what_is_no_selector(selector):
    with pytest.raises(EvaluationError):
        evaluate("selects(self.selector, self.labels)", {"selector": selector, "labels": LABELS})


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4))
def test_labels_select_themselves(labels):
    assert evaluate("selects(self, self)", labels) is True


@pytest.mark.parametrize(
    ("groups", "resources", "verbs", "granted"),
    [
        ([""], ["pods/exec"], ["create"], True),
        (["*"], ["*"], ["*"], True),
        ([""], ["pods", "*/exec"], ["get", "create"], True),
        (["apps"], ["pods/exec"], ["create"], False),
        ([""], ["pods"], ["create"], False),
        ([""], ["*/log"], ["create"], False),
        ([""], ["pods/exec"], ["list"], False),
        ([""], None, ["create"], False),
        (None, ["pods/exec"], ["create"], False),
    ],
)
def test_rules_of_roles(groups, resources, verbs, granted):
    rule = {"apiGroups": groups, "resources": resources, "verbs": verbs}
    assert evaluate("grants(self, '', ['pods/exec', 'nodes/proxy'], ['create', 'get'])", rule) is granted


def test_a_rule_about_urls_grants_no_resources():
    assert evaluate("grants(self, '', ['pods'], ['get'])", {"nonResourceURLs": ["/"], "verbs": ["get"]}) is False


@pytest.mark.parametrize(
    ("items", "duplicates"),
    [
        ([{"name": "b"}, {"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": "c"}], ["b", "a"]),
        ([{"name": 1}, {"name": 1}, {"other": "a"}, {"other": "a"}, {}, {}], []),
        ([], []),
    ],
)
def test_duplicates(items, duplicates):
    assert evaluate("duplicates(self, 'name')", items) == duplicates


def test_duplicates_of_what_is_no_mapping():
    with pytest.raises(EvaluationError, match="type"):
        evaluate("duplicates(self, 'name')", ["a", "a"])
