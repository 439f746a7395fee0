"""Routes: what identifies a node when lines move."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks.document_routes import existing, follow, route, scalar

POD = {
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "containers": [
            {"name": "app", "image": "a:1", "args": ["--fast", "--x=1"], "env": [{"key": "A"}, {"id": 7}, {"other": 1}]}
        ]
    },
}


@pytest.mark.parametrize(
    ("root", "path", "text"),
    [
        (POD, (), "Pod/shop/web"),
        (POD, ("spec", "containers"), "Pod/shop/web spec.containers"),
        (POD, ("spec", "containers", 0, "image"), "Pod/shop/web spec.containers[name=app].image"),
        (POD, ("spec", "containers", 0, "args", 1), "Pod/shop/web spec.containers[name=app].args[--x=1]"),
        (POD, ("spec", "containers", 0, "env", 0), "Pod/shop/web spec.containers[name=app].env[key=A]"),
        (POD, ("spec", "containers", 0, "env", 1), "Pod/shop/web spec.containers[name=app].env[id=7]"),
        (POD, ("spec", "containers", 0, "env", 2, "other"), "Pod/shop/web spec.containers[name=app].env[].other"),
        ({"a": 1}, (), ""),
        ({"a": 1}, ("a",), "a"),
        ([1], (0,), "[1]"),
        ({"c": [{"name": "RUN", "text": "make"}]}, ("c", 0), "c[text=make]"),
        ([[{"name": ["x"]}]], (0, 0, "name"), "[][].name"),
        ({"kind": "List"}, (), "List"),
        ({"kind": "List", "metadata": []}, (), "List"),
        ({"kind": "Pod", "metadata": {"name": 5, "namespace": None}}, (), "Pod"),
        ({"kind": {"a": 1}}, ("kind",), "kind"),
        ({1: {None: 2}}, (1, None), "1.None"),
        (7, (), ""),
    ],
)
def test_route(root: Any, path: Any, text: str) -> None:
    assert route(root, path) == text


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ((), ()),
        (("spec", "containers", 0, "name"), ("spec", "containers", 0, "name")),
        (("spec", "volumes", 0), ("spec",)),
        (("spec", "containers", 3), ("spec", "containers")),
        (("spec", "containers", "name"), ("spec", "containers")),
        (("kind", "x"), ("kind",)),
        (("metadata", "name", 0), ("metadata", "name")),
        (("nothing",), ()),
    ],
)
def test_existing(path: Any, there: Any) -> None:
    assert existing(POD, path) == there
    follow(POD, there)


def test_scalar() -> None:
    assert [scalar(value) for value in ("a", 1, None, True, [], {}, "x" * 500)] == [
        "a",
        "1",
        "None",
        "True",
        "",
        "",
        "x" * 120,
    ]


items = st.lists(
    st.fixed_dictionaries({"name": st.text(max_size=3), "image": st.integers()}), unique_by=lambda item: item["name"]
)


@settings(deadline=None)
@given(items.filter(bool), st.randoms(use_true_random=False))
def test_a_route_does_not_depend_on_the_order_of_items(containers: list[Any], random: Any) -> None:
    chosen = containers[0]
    before = route({"c": containers}, ("c", 0, "image"))
    shuffled = list(containers)
    random.shuffle(shuffled)
    assert route({"c": shuffled}, ("c", shuffled.index(chosen), "image")) == before
