"""The parts of GitHub's workflows that :mod:`guardrails.documents.github_pipeline` shows to rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

from guardrails.documents.document import Path
from guardrails.documents.github_constants import UNKNOWN, constant
from guardrails.documents.github_expressions import fences, parse, results
from guardrails.documents.shell_commands import commands as shell_commands
from guardrails.documents.shell_commands import values_of

_SCRIPTS = frozenset(
    {"run", "script", "inlinescript", "cmd", "command", "commands", "azcliscript", "code", "expression"}
)
"""Inputs of actions that run what they are given."""
MAX_ENTRIES = 1_000
"""Larger environments and matrices are not looked through for what a context stands for."""
_POSIX = re.compile(r"(?:.*/)?(?:ba|da|z|k|a)?sh\b")
_POWERSHELL = re.compile(r"(?:pwsh|powershell)\b")


def mapping(value: Any) -> dict[str, Any]:
    """The value, if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def names(value: Any) -> list[str]:
    """The names in a value that may be one, a list of them, or a mapping by name."""
    if isinstance(value, str):
        return [value]
    return [name for name in value if isinstance(name, str)] if isinstance(value, dict | list) else []


def triggers(on: Any) -> Iterator[tuple[Path, str]]:
    """The names of the events that start a workflow, and where below ``on`` each stands."""
    if isinstance(on, str):
        yield (), on
    elif isinstance(on, dict | list):
        for key, name in zip(on, on, strict=True) if isinstance(on, dict) else enumerate(on):
            if isinstance(name, str):
                yield (key,), name


def rights(permissions: Any) -> dict[str, str]:
    """What a token may do, by scope; ``*`` stands for all scopes and ``?`` for what nobody says."""
    if isinstance(permissions, dict):
        return {scope: str(level) for scope, level in permissions.items()}
    if permissions in ("write-all", "read-all"):
        return {"*": permissions.removesuffix("-all")}
    return {"?": "default"}


def labels(job: dict[str, Any]) -> list[str]:
    """The labels that a job's runner may have, in lower case; a group is one too: ``group:`` and its name."""
    asked = job.get("runs-on")
    group = [f"group:{asked['group']}"] if isinstance(asked, dict) and "group" in asked else []
    written = names(asked.get("labels") if isinstance(asked, dict) else asked)
    return [*group, *(label.lower() for text in written for value in _choices(text, job) for label in names(value))]


def images(job: dict[str, Any], role: str) -> Iterator[tuple[Path, str]]:
    """The images of a job's container or services, and where they stand; what an expression may give, one by one."""
    holder = job.get(role)
    entries = (
        [((role,), holder)]
        if role == "container"
        else [((role, name), mapping(holder)[name]) for name in mapping(holder)]
    )
    for path, entry in entries:
        image = mapping(entry).get("image") if isinstance(entry, dict) else entry
        place: Path = (*path, "image") if isinstance(entry, dict) else path
        for value in _choices(image, job) if isinstance(image, str) else ():
            text = mapping(value).get("image") if isinstance(value, dict) else value
            if isinstance(text, str):
                yield place, text


def _choices(text: str, job: dict[str, Any]) -> Iterator[Any]:
    """What a text may stand for that is one expression: what that spells out, and the text itself for all others."""
    found = next(fences(text), None)
    node = parse(found.text) if found and text.strip() == text[found.start : found.end] else None
    for part in results(node) if node else ():
        fixed = constant(part)
        name = part.value.removeprefix("matrix.") if part.kind == "context" else ""
        if fixed is not UNKNOWN:
            yield fixed
        elif name and name != part.value:
            yield from _matrix_choices(name.split("."), job, text)
        else:
            yield text
    if node is None:
        yield text


def _matrix_choices(names: list[str], job: dict[str, Any], otherwise: str) -> Iterator[Any]:
    """The values that a matrix spells out for a name, and the names below it; ``otherwise`` for those it does not."""
    matrix = mapping(mapping(job.get("strategy")).get("matrix"))
    if is_open(matrix):
        yield otherwise
    for value in matrix_values(matrix, names[0]):
        if not _excluded(matrix, names[0], value):
            yield reduce(lambda found, name: mapping(found).get(name), names[1:], value)


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
    kind = "self" if text.startswith("$/") else "local" if text.startswith("./") else "repository"
    parts = target.split("/", 2)
    repository = "/".join(parts[:2]).lower() if kind == "repository" else ""
    path = parts[2] if kind == "repository" and len(parts) == 3 else ""
    return {"text": text, "kind": kind, "repository": repository, "path": path, "ref": ref, "comment": ""}


def shell(path: Path, step: dict[str, Any], job: dict[str, Any], workflow: dict[str, Any]) -> tuple[str, Path]:
    """The shell that the step at a path says it wants, or its job, or its workflow, and where; empty when none does."""
    wanted: list[tuple[Any, Path]] = [(step.get("shell"), (*path, "shell"))]
    for holder, place in ((job, path[:2]), (workflow, ())):
        wanted.append(
            (mapping(mapping(holder.get("defaults")).get("run")).get("shell"), (*place, "defaults", "run", "shell"))
        )
    return next(((name, place) for name, place in wanted if isinstance(name, str)), ("", ()))


def escape(shell: str) -> str:
    """The character that escapes others in a shell whose commands can be told apart; empty for the other shells."""
    if not shell or "${{" in shell or _POSIX.match(shell):
        return "\\"
    return "`" if _POWERSHELL.match(shell) else ""


def commands(script: str, escape: str) -> list[tuple[dict[str, Any], int]]:
    """The commands of a script, and the offset of each."""
    text = _without_expressions(script)
    found = shell_commands(text, escape)
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
    match path:
        case (*_, "steps", int(), "run") | ("jobs", _, "run"):  # The latter misses its step, and is meant the same.
            return "script"
        case (*_, "steps", int(), "with", str(name)) if name.lower() in _SCRIPTS:
            return "script"
        case (*_, "steps", int(), "if") | ("jobs", _, "if"):
            return "condition"
    return ""
