"""What a change does to waivers."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.engine.marks import ANNOTATION, COMMENT, Mark
from guardrails.findings import Location
from guardrails.governance.waivers import Waiver
from guardrails.governance.weakened_waivers import touched, unapproved, weakenings
from guardrails.policy.terms import WAIVERS
from guardrails.repository.change import Commit

KNOWN = ("p/r", "p/s", "q/r")
DATES = ["", "soon", "2026-01-31", "2026-02-28", "2027-01-31"]
TEXTS = st.sampled_from(["", "R", "S"])
MARKS = st.one_of(
    st.none(),
    st.none(),
    st.builds(
        Mark, st.sampled_from(["x.sh", "y.sh"]), st.integers(1, 9), st.just(2), st.just(3), st.booleans(), TEXTS, TEXTS
    ),
)


def built(selector, line, paths, reason, owner, approver, created, expires, mark):
    place = Location(mark.path, mark.line) if mark else Location(WAIVERS, line)
    return Waiver(
        selector, place, () if mark else tuple(paths), "", reason, owner, approver, "", created, expires, mark
    )


WAIVER = st.builds(
    built,
    st.sampled_from(["p/r", "p/s", "p", "*", "q/*"]),
    st.integers(1, 9),
    st.lists(st.sampled_from(["a", "b", "c/"]), min_size=1, unique=True),
    TEXTS,
    TEXTS,
    TEXTS,
    st.sampled_from(DATES),
    st.sampled_from(DATES),
    MARKS,
)
LISTS = st.lists(WAIVER, max_size=6)


def told(old, new):
    return list(touched(old, new, KNOWN))


@given(LISTS, st.randoms(use_true_random=False))
def test_moving_waivers_about_is_nothing(waivers, random):
    moved = [
        item._replace(
            place=item.place._replace(line=item.place.line + 3),
            mark=item.mark and item.mark._replace(line=item.mark.line + 3, first=9, last=12),
        )
        for item in waivers
    ]
    random.shuffle(moved)
    assert told(waivers, moved) == []


@given(LISTS, LISTS)
def test_taking_out_is_nothing_and_bringing_back_is_told(kept, more):
    assert told([*kept, *more], kept) == []
    added = told(kept, [*kept, *more])
    assert len(added) == len(more)
    assert all(item.what == () for item in added)


@given(LISTS, LISTS)
def test_each_is_told_at_its_own_place(old, new):
    found = told(old, new)
    assert all(item.waiver in new for item in found)
    assert len(found) + len(old) >= len(new) or not old
    assert [item.place for item in weakenings(found)] == [item.waiver.place for item in found]


@given(WAIVER.filter(lambda item: len(item.paths) > 1))
def test_tightening_is_nothing(waiver):
    assert told([waiver], [waiver._replace(paths=waiver.paths[:1])]) == []
    assert told([waiver], [waiver._replace(paths=waiver.paths[::-1])]) == []
    later = waiver._replace(expires="2026-02-28")
    assert told([later], [later._replace(expires="2026-01-31")]) == []
    assert told([later._replace(selector="p")], [later._replace(selector="p/r")]) == []


@given(
    WAIVER.filter(lambda item: not item.mark), st.sampled_from(["expires", "created", "approver", "paths", "selector"])
)
def test_loosening_is_told(waiver, what):
    tight = waiver._replace(selector="p/r", expires="2026-01-31", created="2025-01-31", approver="bob", paths=("a",))
    loose = {
        "expires": "2026-02-28",
        "created": "2025-02-28",
        "approver": "eve",
        "paths": ("a", "b"),
        "selector": "p",
    }
    (found,) = told([tight], [tight._replace(**{what: loose[what]})])
    assert len(found.what) == 1


@pytest.mark.parametrize(("form", "what"), [(COMMENT, "line"), (ANNOTATION, "resource")])
def test_what_an_inline_waiver_is_about_is_told_in_its_own_words(form, what):
    mark = Mark("x.yaml", 1, 1, 9, False, "p/r", "Pod/a", form)
    waiver = Waiver("p/r", Location("x.yaml", 1), expires="2026-01-31", mark=mark)
    (found,) = told([waiver], [waiver._replace(mark=mark._replace(about="Pod/b"))])
    assert found.what == (f"be about another {what}",)


def test_work_is_linear_in_the_number_of_waivers():
    waivers = [Waiver(f"p/{number}", Location(WAIVERS, number), ("a",), expires="2026-01-31") for number in range(4000)]
    changed = [item._replace(expires="2027-01-31") for item in reversed(waivers)]
    start = process_time()
    assert told(waivers, waivers[::-1]) == []
    assert len(told(waivers, changed)) == 4000
    assert process_time() - start < 4


def test_an_approver_without_a_name_approves_nothing():
    waiver = Waiver("p/r", Location(WAIVERS, 1), ("a",), approver="@")
    commit = Commit("1", "Alice", "alice@example.org", "x\n\nApproved-by: <bob@example.org>")
    assert list(unapproved(waiver, commit, "trailer", ""))
