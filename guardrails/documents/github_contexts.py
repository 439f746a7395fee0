"""What expressions of GitHub's workflows read and do, and what the contexts in them stand for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from guardrails.documents.document import Path
from guardrails.documents.github_constants import UNKNOWN, constant, holds, text_of
from guardrails.documents.github_expressions import Node, fences, flows, parse, walk
from guardrails.documents.github_values import MAX_ENTRIES, is_open, mapping, matrix_values, texts

_BOUNDED = ("boolean", "choice", "environment", "number")
MAX_REMEMBERED = 1_000
"""Longest expression that is read once for all places where it stands."""


def bodies(text: str, *, condition: bool) -> Iterator[tuple[int, bool, str]]:
    """The expressions in a text: offset, whether it is the whole text, and text; a condition may do without braces."""
    if condition and "${{" not in text:
        yield 0, True, text
    for fence in fences(text):
        yield fence.start, fence.end - fence.start == len(text), fence.text


def is_never(condition: Any) -> bool:
    """Whether a condition is false, whatever happens."""
    if not isinstance(condition, str):
        return condition is not None and not condition
    return any(
        alone and expression(body)["constants"] and (node := parse(body)) and not holds(constant(node))
        for _, alone, body in bodies(condition, condition=True)
    )


def expression(body: str) -> dict[str, Any]:
    """What an expression reads and does.

    ``text``; ``valid``; ``contexts``, whose text may become part of its value; ``reads``, all contexts in it;
    ``constants``, the parts that could be written as what they give; ``indexes``, those that are computed; ``calls``
    (``name``, ``args``), ``comparisons`` (``left``, ``right``) and ``choices`` (of ``a && b || c``), made of sides:
    ``text``, ``context``, ``literal``.
    """
    return _remembered(body) if len(body) <= MAX_REMEMBERED else _analysed(body)


@lru_cache(maxsize=4096)
def _remembered(body: str) -> dict[str, Any]:
    return _analysed(body)


def _analysed(body: str) -> dict[str, Any]:
    node = parse(body)
    nodes = list(walk(node)) if node else []
    return {
        "text": " ".join(body[:MAX_REMEMBERED].split()),
        "valid": node is not None,
        "contexts": sorted(set(flows(node))) if node else [],
        "reads": sorted({part.value for part in nodes if part.kind == "context"}),
        "constants": list(_constants(node, body, whole=True)) if node else [],
        "indexes": [
            body[index.start : index.end].strip()
            for part in nodes
            if part.kind in ("context", "member")
            for index in (part.parts if part.kind == "context" else part.parts[1:])
        ],
        "calls": [
            {"name": part.value, "args": [_side(arg, body) for arg in part.parts]}
            for part in nodes
            if part.kind == "call"
        ],
        "comparisons": [
            {"operator": part.value, "left": _side(part.parts[0], body), "right": _side(part.parts[1], body)}
            for part in nodes
            if part.kind == "operator" and part.value in ("==", "!=")
        ],
        "choices": [
            {"then": _side(choice.parts[-1], body), "otherwise": _side(after, body)}
            for part in nodes
            if part.kind == "operator" and part.value == "||"
            for choice, after in zip(part.parts, part.parts[1:], strict=False)
            if choice.kind == "operator" and choice.value == "&&"
        ],
    }


def _side(node: Node, body: str) -> dict[str, Any]:
    literal = node.kind == "literal"
    return {
        "text": body[node.start : node.end].strip(),
        "kind": node.kind,
        "literal": text_of(node.value) if literal else "",
        "empty": not holds(constant(node)),
        "context": node.value if node.kind == "context" else "",
        "contexts": sorted(set(flows(node))),
    }


def _constants(node: Node, body: str, *, whole: bool = False) -> Iterator[str]:
    if whole or node.kind in ("operator", "call"):
        value = constant(node)
        if value is not UNKNOWN and not isinstance(value, list | dict):
            yield body[node.start : node.end].strip()
            return
    for part in node.parts:
        yield from _constants(part, body)


def resolved(contexts: list[str], workflow: dict[str, Any], path: Path) -> list[str]:
    """The contexts with those of a matrix or the environment replaced by what their values are made of."""
    job, step = _holders(workflow, path)
    found: set[str] = set()
    for context in contexts:
        head, _, name = context.partition(".")
        known: list[Any] | None = None
        if head == "matrix":
            known = _matrix_sources(mapping(job.get("strategy")).get("matrix"), name.partition(".")[0])
        elif head == "env" and name:
            known = next(
                (
                    [value]
                    for holder in (step, job, workflow)
                    for key, value in mapping(holder.get("env")).items()
                    if key.lower() == name
                ),
                None,
            )
        elif head == "inputs" and name and _is_bounded(workflow, name):
            known = [""]
        found |= {context} if not known else {inner for value in known for inner in _inside(value)}
    return sorted(found)


def _matrix_sources(matrix: Any, name: str) -> list[Any]:
    """What the values of a matrix are made of; all of it when it is computed, or when no name is given."""
    if not name or not isinstance(matrix, dict):
        return [matrix] if matrix else []
    values = [] if is_open(matrix) else matrix_values(matrix, name)
    return values if len(values) <= MAX_ENTRIES else []


def _is_bounded(workflow: dict[str, Any], name: str) -> bool:
    """Whether an input takes no text that others choose, by the type that each trigger declares for it."""
    triggers = mapping(workflow.get("on"))
    declared = [
        entry
        for trigger in ("workflow_call", "workflow_dispatch")
        for key, entry in mapping(mapping(triggers.get(trigger)).get("inputs")).items()
        if key.lower() == name
    ]
    return bool(declared) and all(mapping(entry).get("type") in _BOUNDED for entry in declared)


def _holders(workflow: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job and the step that a path leads into."""
    value: Any = workflow
    job: dict[str, Any] = {}
    step: dict[str, Any] = {}
    for index, part in enumerate(path[:4]):
        value = value[part]
        if index == 1 and path[0] == "jobs":
            job = mapping(value)
        if index > 1 and path[index - 1] == "steps":
            step = mapping(value)
    return job, step


def _inside(value: Any) -> Iterator[str]:
    """The contexts in a value of a matrix or the environment."""
    found = (
        [value]
        if isinstance(value, str)
        else [text for _, text in texts(value, ())]
        if isinstance(value, dict | list)
        else []
    )
    for text in found:
        for fence in fences(text):
            yield from expression(fence.text)["contexts"]
