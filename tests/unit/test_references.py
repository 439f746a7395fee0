"""Mappings that are unpickled in parts."""

from __future__ import annotations

import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from guardrails.references import Packed

LOADED: list[str] = []


class Value:
    """Tells when it is unpickled."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        LOADED.append(self.name)


@given(st.dictionaries(st.integers() | st.text(), st.integers(), max_size=40))
def test_it_is_the_same_mapping_after_pickling_however_often(values: dict[Any, int]) -> None:
    packed = Packed(values)
    for _ in range(2):
        assert dict(packed) == values
        packed = pickle.loads(pickle.dumps(packed))
        assert len(packed) == len(values)
        assert list(packed) == list(values)
        assert all(key in packed for key in values)
        assert object() not in packed
        assert packed.get("nothing of the kind" * 3) is None
    assert dict(packed) == values


def test_only_neighbours_of_what_is_asked_for_are_unpickled() -> None:
    packed = pickle.loads(pickle.dumps(Packed({number: Value(str(number)) for number in range(100)})))
    LOADED.clear()
    assert len(packed) == 100
    assert LOADED == []
    assert packed[50].name == "50"
    assert packed[50] is packed[50]
    assert "50" in LOADED
    assert len(LOADED) < 20


def test_what_neighbours_share_is_stored_once() -> None:
    text = "rationale " * 1000
    values = {number: [text, number] for number in range(16)}
    assert len(pickle.dumps(Packed(values))) < 4 * len(text)
