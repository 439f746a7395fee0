"""Annotations of resources that are waivers, and what they are about."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.checks.base import File
from guardrails.engine.marks import Mark, marks
from guardrails.repository.entry import Entry

SAID = 'p/r until=2026-12-31 reason="a node agent"'
POD = f"""\
apiVersion: v1
kind: Pod
metadata:
  name: shop
  namespace: web
  annotations:
    other: x
    guardrails/waive: {SAID}
spec:
  hostPID: true
"""


def found(text: str, path: str = "pod.yaml") -> list[Mark]:
    return list(marks(File(Entry(path), lambda _: text.encode(), {})))


def test_it_is_about_the_whole_resource_and_no_other():
    before = "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n---\n"
    after = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: shop}\n"
    assert found(before + POD + after) == [Mark("pod.yaml", 12, 5, 14, False, SAID, "Pod/web/shop")]


@pytest.mark.parametrize(
    ("end", "last"), [("", 10), ("\n", 10), ("\n\n# the end\n", 10), ("\n  note: |\n    text\n---\nkind: x\n", 12)]
)
def test_the_last_line_of_the_resource(end, last):
    (mark,) = found(POD.rstrip("\n") + end)
    assert mark[1:4] == (8, 1, last)


def test_one_for_each_annotation():
    text = POD.replace("    other: x\n", "    guardrails/waive-port: >-\n      q/s\n      until=2026-12-31\n")
    assert [(mark.line, mark.text) for mark in found(text)] == [(7, "q/s until=2026-12-31"), (10, SAID)]


def test_the_resources_of_a_list_and_of_json():
    resource = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": {"guardrails/waive": SAID}}}
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [{**resource, "kind": "Job"}, resource]}, indent=1)
    first, second = found(text, "pods.json")
    assert (first.about, second.about) == ("Job/a", "Pod/a")
    assert first.first <= first.line <= first.last < second.first <= second.line <= second.last


@pytest.mark.parametrize("said", ["3", "[a]", "{a: b}", "~"])
def test_what_is_no_text_is_a_waiver_that_says_nothing(said):
    (mark,) = found(POD.replace(SAID, said))
    assert mark.text == ""


@pytest.mark.parametrize(
    "text",
    [
        POD.replace("apiVersion: v1\n", ""),
        POD.replace("    guardrails/waive", "    guardrails/waived"),
        POD.replace("  annotations:", "  labels:"),
        POD.replace("metadata:", "template:"),
        POD + "  broken: [\n",
        f"text: |\n  {POD.replace(chr(10), chr(10) + '  ')}\n",
    ],
)
def test_what_is_none(text):
    assert found(text) == []


def test_only_manifests_have_any():
    assert found(POD, "pod.txt") == []


def test_comments_in_the_same_file_count_too():
    lines = POD.replace("spec:", "# guardrails: waive p/q until=2026-12-31\nspec:")
    assert [mark.text for mark in found(lines)] == ["p/q until=2026-12-31", SAID]


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.integers(0, 3))
def test_each_lies_in_its_own_resource(waived, blank):
    parts = [POD if yes else POD.replace("guardrails/waive", "else") for yes in waived]
    starts = [1 + sum(part.count("\n") + 1 + blank for part in parts[:number]) for number in range(len(parts))]
    text = ("---\n" + "\n" * blank).join(parts)
    expected = [(start + 7, start, start + 9) for start, yes in zip(starts, waived, strict=True) if yes]
    assert [(mark.line, mark.first, mark.last) for mark in found(text)] == expected
