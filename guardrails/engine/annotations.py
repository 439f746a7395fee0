"""Waivers in annotations: ``guardrails/waive: RULE until=DATE reason="…"`` in the metadata of a Kubernetes resource.

In the metadata of a template, of pods or of jobs, it is about what stands in the template.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.checks.base import MAX_SOURCE, File
from guardrails.documents import json, yaml
from guardrails.documents.document import ParseError, Root
from guardrails.documents.resources import mapping, resources
from guardrails.engine.marks import ANNOTATION, NAME, Mark

_PLACE = ("metadata", "annotations")
_BEARERS: tuple[tuple[str, ...], ...] = (
    (),
    ("template",),
    ("spec", "template"),
    ("spec", "jobTemplate"),
    ("spec", "jobTemplate", "spec", "template"),
)
"""Where in a resource metadata may stand: its own, and that of its templates, whatever kind it is of."""


def annotated(file: File) -> Iterator[Mark]:
    """The waivers of the resources in a file, and of their templates; none where it does not parse."""
    form = json.FORMAT if file.path.endswith(".json") else yaml.FORMAT
    try:
        roots = form.parse(file.text).roots
    except ParseError:
        return  # The comments in a template count all the same.
    for root in roots:
        for resource in resources(root):
            for place in _BEARERS:
                yield from _of(file.path, resource, place)


def _of(path: str, resource: Root, place: tuple[str, ...]) -> Iterator[Mark]:
    """The waivers at a place in a resource, each about the whole of what stands there."""
    found = mapping(resource.value, *place, *_PLACE)
    if not any(map(_is_waiver, found)):
        return
    whole = resource.span(place)
    last = whole.end_line - (whole.end_column == 1)
    about = " ".join((_name(resource.value), ".".join(place))).rstrip()
    for key in filter(_is_waiver, found):
        line = resource.span((*place, *_PLACE, key), key=True).line
        said = found[key].strip() if isinstance(found[key], str) else ""
        yield Mark(path, line, whole.line, last, False, said, about, ANNOTATION)


def _is_waiver(key: str) -> bool:
    return key == NAME or key.startswith(f"{NAME}-")


def _name(resource: dict[str, Any]) -> str:
    """What a resource is known by, wherever it stands in its file."""
    metadata = mapping(resource, "metadata")
    names = [resource["kind"], metadata.get("namespace"), metadata.get("name")]
    return "/".join(name for name in names if isinstance(name, str))[:MAX_SOURCE]
