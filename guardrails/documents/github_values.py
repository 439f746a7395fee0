"""The parts of GitHub's workflows that :mod:`guardrails.documents.github_pipeline` shows to rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from guardrails.documents.document import Path
from guardrails.documents.github_expressions import fences, parse, walk
from guardrails.documents.shell_commands import commands as shell_commands
from guardrails.documents.shell_commands import values_of

_SCRIPTS = frozenset(
    {"run", "script", "inlinescript", "cmd", "command", "commands", "azcliscript", "code", "expression"}
)
"""Keys whose text is code: scripts of steps, and the inputs of actions that run what they are given."""
MAX_ENTRIES = 1_000
"""Larger environments and matrices are not looked through for what a context stands for."""
_POSIX = re.compile(r"(?:.*/)?(?:ba|da|z|k|a)?sh\b")


def mapping(value: Any) -> dict[str, Any]:
    """The value, if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def names(value: Any) -> list[str]:
    """The names in a value that may be one, a list of them, or a mapping by name."""
    if isinstance(value, str):
        return [value]
    return [name for name in value if isinstance(name, str)] if isinstance(value, dict | list) else []


def rights(permissions: Any) -> dict[str, str]:
    """What a token may do, by scope; ``*`` stands for all scopes and ``?`` for what nobody says."""
    if isinstance(permissions, dict):
        return {scope: str(level) for scope, level in permissions.items()}
    if permissions in ("write-all", "read-all"):
        return {"*": permissions.removesuffix("-all")}
    return {"?": "default"}


def labels(job: dict[str, Any]) -> list[str]:
    """The labels that a job's runner may have; those of a matrix in place of the expression that names it."""
    asked = job.get("runs-on")
    if isinstance(asked, dict):
        return ["group:" + str(asked.get("group", "")), *names(asked.get("labels"))]
    found: list[str] = []
    for label in names(asked):
        values = list(_of_matrix(label, job))
        found += [text for value in values for text in ([value] if isinstance(value, str) else names(value))]
        found += [] if values else [label]
    return found


def images(job: dict[str, Any], role: str) -> Iterator[tuple[Path, str]]:
    """The images of a job's container or services, and where they stand; those of a matrix at the expression."""
    holder = job.get(role)
    entries = (
        [((role,), holder)]
        if role == "container"
        else [((role, name), mapping(holder)[name]) for name in mapping(holder)]
    )
    for path, entry in entries:
        image = mapping(entry).get("image") if isinstance(entry, dict) else entry
        place: Path = (*path, "image") if isinstance(entry, dict) else path
        for value in (list(_of_matrix(image, job)) or [image]) if isinstance(image, str) else ():
            text = mapping(value).get("image") if isinstance(value, dict) else value
            if isinstance(text, str):
                yield place, text


def _of_matrix(text: str, job: dict[str, Any]) -> Iterable[Any]:
    """The values of the matrix that a text stands for, which is an expression that names one."""
    found = next(fences(text), None)
    node = parse(found.text) if found and text.strip() == text[found.start : found.end] else None
    if node is None:
        return ()
    reads = [part.value for part in walk(node) if part.kind == "context"]
    if len(reads) != 1 or not reads[0].startswith("matrix.") or reads[0].count(".") > 1:
        return ()
    matrix = mapping(mapping(job.get("strategy")).get("matrix"))
    return (
        ()
        if is_open(matrix)
        else [value for value in matrix_values(matrix, reads[0][7:]) if not _excluded(matrix, reads[0][7:], value)]
    )


def is_open(matrix: dict[str, Any]) -> bool:
    """Whether a matrix may have values that are not written out."""
    return isinstance(matrix.get("include"), str) or not matrix


def matrix_values(matrix: dict[str, Any], name: str) -> list[Any]:
    """The values that are written out for a name of a matrix, in lower case."""
    axis = next((value for key, value in matrix.items() if key.lower() == name), None)
    found = list(axis) if isinstance(axis, list) else [] if axis is None else [axis]
    include = matrix.get("include")
    for entry in include[:MAX_ENTRIES] if isinstance(include, list) else ():
        found += [value for key, value in mapping(entry).items() if key.lower() == name]
    return found


def _excluded(matrix: dict[str, Any], name: str, value: Any) -> bool:
    """Whether an exclusion names this value, and nothing else."""
    excluded = matrix.get("exclude")
    entries = [mapping(entry) for entry in excluded[:MAX_ENTRIES]] if isinstance(excluded, list) else []
    return any(len(entry) == 1 and key.lower() == name and entry[key] == value for entry in entries for key in entry)


def use(text: str) -> dict[str, Any]:
    """The parts of what a step or job uses."""
    if text.startswith("docker://"):
        return {"text": text, "kind": "docker", "repository": "", "path": "", "ref": "", "comment": ""}
    target, _, ref = text.partition("@")
    kind = "self" if text.startswith("$/") else "local" if text.startswith(".") else "repository"
    parts = target.split("/", 2)
    repository = "/".join(parts[:2]).lower() if kind == "repository" else ""
    path = parts[2] if kind == "repository" and len(parts) == 3 else ""
    return {"text": text, "kind": kind, "repository": repository, "path": path, "ref": ref, "comment": ""}


def shell(step: dict[str, Any], job: dict[str, Any], workflow: dict[str, Any]) -> str:
    """The shell that a step says it wants, or its job, or its workflow; empty when none does."""
    for holder in (step, _run_defaults(job), _run_defaults(workflow)):
        if isinstance(holder.get("shell"), str):
            return str(holder["shell"])
    return ""


def _run_defaults(holder: dict[str, Any]) -> dict[str, Any]:
    return mapping(mapping(holder.get("defaults")).get("run"))


def is_posix(name: str) -> bool:
    """Whether a shell is one like that of POSIX; that of a runner is, unless it says otherwise."""
    return not name or "${{" in name or _POSIX.match(name) is not None


def commands(script: str) -> list[tuple[dict[str, Any], int]]:
    """The commands of a script, and the offset of each."""
    text = _without_expressions(script)
    found = shell_commands(text)
    places = [command.ranges[0][0] for command in found if command.words]
    return list(zip(values_of(found), places, strict=True))


def _without_expressions(script: str) -> str:
    """The script with words in place of its expressions, so that they do not look like what a shell reads."""
    pieces, at = [], 0
    for fence in fences(script):
        pieces += [script[at : fence.start], "$", _NO_WORD.sub("_", script[fence.start + 1 : fence.end])]
        at = fence.end
    return "".join((*pieces, script[at:]))


_NO_WORD = re.compile(r"\W")


def texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The texts below a value that may hold expressions."""
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, dict | list):
            yield from texts(item, (*path, key))
        elif isinstance(item, str) and ("${{" in item or key == "if"):
            yield (*path, key), item


def sink(path: Path) -> str:
    """What becomes of the text at a path: ``script``, ``condition`` or nothing in particular."""
    key = path[-1]
    if key == "if":
        return "condition"
    return "script" if isinstance(key, str) and key.lower() in _SCRIPTS else ""
