"""Waivers in annotations: ``guardrails/waive: RULE until=DATE reason="…"`` in the metadata of a Kubernetes resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.checks.base import MAX_SOURCE, File
from guardrails.documents import json, yaml
from guardrails.documents.document import ParseError, Root
from guardrails.documents.kubernetes import resources
from guardrails.engine.marks import NAME, Mark

_PLACE = ("metadata", "annotations")


def annotated(file: File) -> Iterator[Mark]:
    """The waivers of the resources in a file, each about the whole of its resource; none where it does not parse."""
    form = json.FORMAT if file.path.endswith(".json") else yaml.FORMAT
    try:
        roots = form.parse(file.text).roots
    except ParseError:
        return  # The comments in a template count all the same.
    for root in roots:
        for resource in resources(root):
            yield from _of(file.path, resource)


def _of(path: str, resource: Root) -> Iterator[Mark]:
    whole = resource.span()
    last = whole.end_line - (whole.end_column == 1)
    for key, text in _annotations(resource.value).items():
        if key == NAME or key.startswith(f"{NAME}-"):
            line = resource.span((*_PLACE, key), key=True).line
            said = text.strip() if isinstance(text, str) else ""
            yield Mark(path, line, whole.line, last, False, said, _name(resource.value))


def _annotations(resource: dict[str, Any]) -> dict[str, Any]:
    metadata = resource.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _name(resource: dict[str, Any]) -> str:
    """What a resource is known by, wherever it stands in its file."""
    metadata = resource["metadata"]
    names = [resource["kind"], metadata.get("namespace"), metadata.get("name")]
    return "/".join(name for name in names if isinstance(name, str))[:MAX_SOURCE]
