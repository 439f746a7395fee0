"""The view ``github-pipeline``: what a workflow or a composite action runs, uses and evaluates, with what surrounds it.

It is one mapping; each item of it stands where it is written in the file:

- ``jobs``, by their ids: as they are written, with ``rights`` (of its token by scope; ``*`` is for all, ``?`` when
  nobody says) and ``labels`` of its runner;
- ``steps``: as they are written, with ``action`` (see ``uses``), ``shell`` and ``job`` (its ``id``, ``rights``,
  ``environment``);
- ``triggers``: the names of the events that start it;
- ``grants``: the rights that are given to tokens, one by one: ``scope``, ``level``, ``comment``, which stands behind
  or above it;
- ``shells``: the names of those that scripts ask for, where they do;
- ``uses``: what others run: ``text``, ``kind`` (``repository``, ``docker``, ``local``, ``self``), ``repository``
  (``owner/name`` in lower case), ``path``, ``ref``, ``comment``;
- ``images``: of containers, services, docker steps and docker actions: ``text``, ``role``;
- ``commands`` of scripts for a POSIX shell or PowerShell: see :mod:`guardrails.documents.shell_commands`;
- ``expressions``: see :func:`guardrails.documents.github_contexts.expression`; those of a job with steps say its
  ``environment``.

Jobs and steps that never run, for their condition is false, are left out, but for that condition.
Beside them stand ``kind`` (``workflow`` or ``action``), ``name``, ``on`` and ``permissions``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import compress
from typing import Any

from guardrails.documents import github_contexts as contexts
from guardrails.documents import github_values as values
from guardrails.documents.document import Dialect, Document, Path, Root, Span

_LISTS = ("triggers", "grants", "shells", "steps", "uses", "images", "commands", "expressions")
_USES = re.compile(
    r"""^[ \t]*(?:-[ \t]+)?["']?uses["']?[ \t]*:[ \t]*[^\s#]*+[ \t]*(?:\#[ \t]*([^\n]*))?""", re.MULTILINE
)
_GRANT = re.compile(
    r"""^(?:[ \t]*\#[ \t]*([^\n]*)\n)?"""
    r"""[ \t]+["']?([a-z-]+)["']?[ \t]*:[ \t]*["']?(?:read|write|none)["']?[ \t]*(?:\#[ \t]*([^\n]*))?$""",
    re.MULTILINE,
)
_COMMENT = re.compile(r"[ \t]#(.*)")
Origin = tuple[Path, int]
"""Where an item is written, and how far into the text there; -1 for all of it."""


class GithubPipeline:
    """The dialect."""

    name = "github-pipeline"
    bases: tuple[str, ...] = ("yaml",)
    paths: tuple[str, ...] = (
        ".github/workflows/*.yml",
        ".github/workflows/*.yaml",
        "action.yml",
        "action.yaml",
    )

    def roots(self, document: Document) -> Iterable[Root]:
        """One view for each workflow or composite action."""
        for root in document.roots:
            if isinstance(root.value, dict) and not {"jobs", "runs"}.isdisjoint(root.value):
                yield _Builder(root, document.text).view()


class _Places:
    """The locator of a view."""

    def __init__(self, root: Root, text: str, origins: dict[str, list[Origin]]) -> None:
        self._root = root
        self._text = text
        self._origins = origins
        self._lines: list[str] = []
        self._words: dict[Path, tuple[list[int], list[int]]] = {}

    def span(self, path: Path, *, key: bool) -> Span | None:
        """The span of the node where it is written."""
        if len(path) < 2 or path[0] not in self._origins:
            return self._root.span(path, key=key)
        origin, offset = self._origins[str(path[0])][int(path[1])]
        if offset < 0:
            return self._root.span(origin + path[2:], key=key or path[0] == "triggers")
        lines = self._lines = self._lines or self._text.split("\n")
        number = self._line(origin, offset)
        line = lines[number - 1]
        return Span(number, len(line) - len(line.lstrip()) + 1, number, len(line) + 1)

    def _line(self, origin: Path, offset: int) -> int:
        """The line of the word at an offset into a text, which is folded between words, if at all."""
        starts, numbers = self._words.get(origin) or self._words.setdefault(origin, self._read(origin))
        return numbers[min(bisect_right(starts, offset), len(numbers)) - 1]

    def _read(self, origin: Path) -> tuple[list[int], list[int]]:
        """Where the words of a text begin, and the lines that they are written in."""
        span = self._root.span(origin)
        lines = self._lines[span.line - 1 : span.end_line]
        head = lines[0][span.column - 1 :]
        lines[0] = "" if head[:1] in ("|", ">") else head.lstrip("\"'")
        numbers = [number for number, line in enumerate(lines, span.line) for _ in line.split()]
        starts = [match.start() for match in re.finditer(r"\S+", str(self._root.at(*origin).value))]
        return starts, numbers or [span.line]


class _Builder:
    """Collects the items of one view."""

    def __init__(self, root: Root, text: str) -> None:
        self._root = root
        self._text = text
        self._workflow: dict[str, Any] = root.value
        self._jobs: dict[str, Any] = {}
        self._lists: dict[str, list[Any]] = {name: [] for name in _LISTS}
        self._origins: dict[str, list[Origin]] = {name: [] for name in _LISTS}
        self._never: set[Path] = set()

    def view(self) -> Root:
        """The view, complete."""
        workflow = self._workflow
        self._grants(workflow, ())
        for key, name in values.triggers(workflow.get("on")):
            self._add("triggers", name, ("on", *key))
        for name, job in values.mapping(workflow.get("jobs")).items():
            if isinstance(job, dict):
                self._job(name, job)
        runs = values.mapping(workflow.get("runs"))
        self._image(runs.get("image"), ("runs", "image"), "action")
        self._steps(("runs",), runs, {})
        for path, text in values.texts(workflow, ()):
            self._expressions(path, text)
        self._comment()
        if self._never:
            self._leave_out()
        head: dict[str, Any] = {
            name: workflow[name] for name in ("name", "on", "permissions", "concurrency", "env") if name in workflow
        }
        kind = "workflow" if "jobs" in workflow else "action"
        value: dict[str, Any] = {**head, "kind": kind, "jobs": self._jobs, **self._lists}
        return Root(value, _Places(self._root, self._text, self._origins))

    def _add(self, name: str, item: Any, path: Path, offset: int = -1) -> None:
        self._lists[name].append(item)
        self._origins[name].append((path, offset))

    def _leave_out(self) -> None:
        for name, origins in self._origins.items():
            runs = [
                not any(path[:depth] in self._never and path[depth:] != ("if",) for depth in (2, 3, 4))
                for path, _ in origins
            ]
            self._lists[name] = list(compress(self._lists[name], runs))
            self._origins[name] = list(compress(origins, runs))
        self._jobs = {name: job for name, job in self._jobs.items() if ("jobs", name) not in self._never}

    def _condition(self, holder: dict[str, Any], path: Path) -> None:
        if "if" in holder and contexts.is_never(holder["if"]):
            self._never.add(path)

    def _job(self, name: str, job: dict[str, Any]) -> None:
        path: Path = ("jobs", name)
        self._condition(job, path)
        rights = values.rights(job.get("permissions", self._workflow.get("permissions")))
        around = {"id": name, "rights": rights, "environment": job.get("environment", "")}
        self._jobs[name] = {**job, "rights": rights, "labels": values.labels(job)}
        self._grants(job, path)
        self._use(job, path)
        for role in ("container", "services"):
            for below, image in values.images(job, role):
                self._add("images", {"text": image, "role": role}, path + below)
        self._steps(path, job, around)

    def _steps(self, path: Path, job: dict[str, Any], around: dict[str, Any]) -> None:
        steps = job.get("steps")
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            if isinstance(step, dict):
                self._step((*path, "steps", index), step, job, around)

    def _step(self, path: Path, step: dict[str, Any], job: dict[str, Any], around: dict[str, Any]) -> None:
        self._condition(step, path)
        shell, place = values.shell(path, step, job, self._workflow)
        action = self._use(step, path)
        script = step.get("run")
        item = {**step, "job": around, "shell": shell}
        if action:
            item["action"] = action
        self._add("steps", item, path)
        if not isinstance(script, str):
            return
        if shell and (place, -1) not in self._origins["shells"][-1:]:
            self._add("shells", shell, place)
        if escape := values.escape(shell):
            for command, offset in values.commands(script, escape):
                self._add("commands", {**command, "job": around, "env": step.get("env", {})}, (*path, "run"), offset)

    def _use(self, holder: dict[str, Any], path: Path) -> dict[str, Any]:
        text = holder.get("uses")
        if not isinstance(text, str):
            return {}
        use = values.use(text)
        self._add("uses", use, (*path, "uses"))
        self._image(text, (*path, "uses"), "step")
        return use

    def _image(self, text: Any, path: Path, role: str) -> None:
        if isinstance(text, str) and text.startswith("docker://"):
            self._add("images", {"text": text.removeprefix("docker://"), "role": role}, path)

    def _grants(self, holder: dict[str, Any], path: Path) -> None:
        for scope, level in values.mapping(holder.get("permissions")).items():
            self._add("grants", {"scope": scope, "level": level, "comment": ""}, (*path, "permissions", scope))

    def _comment(self) -> None:
        """Note what stands beside each right and each ``uses``."""
        grants = sorted(self._lists["grants"], key=lambda grant: str(grant["scope"]))
        lines = sorted(_GRANT.findall(self._text), key=lambda found: str(found[1])) if grants else []
        if [found[1] for found in lines] == [grant["scope"] for grant in grants]:
            for grant, (above, _, behind) in zip(grants, lines, strict=True):
                grant["comment"] = (behind or above).strip()
        else:
            self._look_for_comments("grants")
        uses = self._lists["uses"]
        found = _USES.findall(self._text) if uses else []
        if len(found) == len(uses):
            for use, comment in zip(uses, found, strict=True):
                use["comment"] = comment.strip()
        else:
            self._look_for_comments("uses")

    def _look_for_comments(self, name: str) -> None:
        """As above, where the lines do not tell which is which; to ask for places takes as long as to parse."""
        if "#" not in self._text:
            return
        lines = self._text.split("\n")
        for item, (path, _) in zip(self._lists[name], self._origins[name], strict=True):
            span = self._root.span(path)
            behind = _COMMENT.search(lines[span.end_line - 1], span.end_column - 1)
            item["comment"] = behind[1].strip() if behind else ""

    def _expressions(self, path: Path, text: str) -> None:
        sink = values.sink(path)
        job = values.mapping(self._workflow.get("jobs")).get(str(path[1])) if path[0] == "jobs" else None
        around = {"environment": job.get("environment") or ""} if isinstance(job, dict) and "steps" in job else {}
        for offset, alone, body in contexts.bodies(text, condition=sink == "condition"):
            item = {**contexts.expression(body), "sink": sink, "alone": alone, **around}
            if sink == "script":
                item["contexts"] = contexts.resolved(item["contexts"], self._workflow, path)
            self._add("expressions", item, path, offset)


FORMAT: Dialect = GithubPipeline()
