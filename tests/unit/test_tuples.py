"""Our NamedTuple is that of ``typing``, for all that we use of it."""

from __future__ import annotations

import pickle
import typing
from collections.abc import Sequence

import pytest

from guardrails import tuples


class Ours(tuples.NamedTuple):
    """A pair."""

    first: int
    second: Sequence[str] = ()
    """Documented."""

    @property
    def length(self) -> int:
        return len(self.second)

    @classmethod
    def of(cls, *words: str) -> Ours:
        return cls(len(words), words)

    def __str__(self) -> str:
        return f"{self.first}!"


class Theirs(typing.NamedTuple):
    """A pair."""

    first: int
    second: Sequence[str] = ()


class Derived(Ours):
    """Ours, and more."""


def test_it_is_like_that_of_typing() -> None:
    for name in ("_fields", "_field_defaults", "__doc__", "__module__", "__match_args__", "__slots__"):
        assert getattr(Ours, name) == getattr(Theirs, name), name
    assert Ours.__qualname__ == "Ours"
    assert set(Ours.__annotations__) == set(Theirs.__annotations__)
    ours, theirs = Ours(1, second=["a"]), Theirs(1, second=["a"])
    assert ours == theirs
    assert repr(ours).replace("Ours", "Theirs") == repr(theirs)
    assert ours._replace(first=2) == Ours._make([2, ["a"]])
    assert isinstance(ours, tuple)


def test_members_stay() -> None:
    pair = Ours.of("a", "b")
    assert (pair.length, str(pair), type(pair)) == (2, "2!", Ours)
    assert (Derived(1).length, str(Derived(1))) == (0, "1!")


def test_it_pickles() -> None:
    for pair in (Ours(1, ("a",)), Derived(2)):
        again = pickle.loads(pickle.dumps(pair))
        assert (again, type(again)) == (pair, type(pair))


def test_a_field_that_is_missing_is_an_error() -> None:
    with pytest.raises(TypeError, match="first"):
        Ours()  # type: ignore[call-arg]
