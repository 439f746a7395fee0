"""Annotations of resources that are waivers, and what they are about."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.checks.base import File
from guardrails.engine.marks import ANNOTATION, Mark, marks
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
    assert found(before + POD + after) == [Mark("pod.yaml", 12, 5, 14, False, SAID, "Pod/web/shop", ANNOTATION)]


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


ANNOTATED = "metadata: {annotations: {guardrails/waive: x}}"


def template_in(places: list[str], bearer: str) -> str:
    """A resource with templates at the places, each below the one before; the annotation is that of one of them."""
    lines = ["apiVersion: batch/v1", "kind: CronJob", "metadata: {name: shop}"]
    for depth, place in enumerate(places):
        lines.append(f"{'  ' * depth}{place}:")
        lines.append(f"{'  ' * (depth + 1)}{ANNOTATED if place == bearer else 'other: x'}")
    lines += [f"{'  ' * depth}more: {depth}" for depth in range(len(places), -1, -1)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("places", "bearer", "first", "last", "about"),
    [
        (["spec", "template"], "template", 7, 8, "CronJob/shop spec.template"),
        (["template"], "template", 5, 6, "CronJob/shop template"),
        (["spec", "jobTemplate"], "jobTemplate", 7, 8, "CronJob/shop spec.jobTemplate"),
        (["spec", "jobTemplate", "x", "template"], "jobTemplate", 7, 14, "CronJob/shop spec.jobTemplate"),
    ],
)
def test_those_of_a_template_are_about_what_stands_in_it(places, bearer, first, last, about):
    assert found(template_in(places, bearer)) == [Mark("pod.yaml", first, first, last, False, "x", about, ANNOTATION)]


def test_the_template_of_the_pods_of_a_cron_job():
    text = f"apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate:\n    {ANNOTATED}\n    spec:\n      template:\n"
    text += f"        {ANNOTATED}\n        spec: {{}}\n      backoffLimit: 1\n  schedule: x\n"
    assert [(mark.line, mark.first, mark.last, mark.about) for mark in found(text)] == [
        (5, 5, 10, "CronJob spec.jobTemplate"),
        (8, 8, 9, "CronJob spec.jobTemplate.spec.template"),
    ]


@pytest.mark.parametrize("places", [["spec"], ["jobTemplate"], ["spec", "spec", "template"], ["spec", "x"]])
def test_places_that_bear_none(places):
    assert found(template_in(places, places[-1])) == []


def test_the_templates_of_the_items_of_a_list():
    item = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    template = {"metadata": {"annotations": {"guardrails/waive": SAID}}, "spec": {"hostPID": True}}
    value = {"apiVersion": "v1", "kind": "List", "items": [item, {**item, "spec": {"template": template}}]}
    (mark,) = found(json.dumps(value, indent=1), "list.json")
    lines = json.dumps(value, indent=1).splitlines()
    assert lines[mark.first - 1].strip() == '"template": {'
    assert '"guardrails/waive"' in lines[mark.line - 1]
    assert (lines[mark.last - 1], mark.about) == ("    }", "Deployment/a spec.template")


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
