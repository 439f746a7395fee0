"""The ``dockerfile`` format: a Dockerfile as the instructions and stages that a build would run.

The value of the document, for JSONPath and CEL (keys in brackets stand only where they say)::

    {"escape": "\\\\",                    the escape character
     "directives": {"syntax": "docker/dockerfile:1"},
     "args": [{"name", "value"}],        ARGs before the first FROM
     "stages": [stage],
     "instructions": [instruction]}      all of them, in file order

    stage = {
        "index": 0, "name": "build",     the name in lower case, as docker compares it; "" without AS
        "from": {
            "raw": "${BASE}:24.04",      as written
            "image": "ubuntu:24.04",     with ARGs of the file put in
            "resolved": true,            false when a variable is left in "image"
            "registry", "repository", "name", "tag", "digest",     parts of the image, "" when not written
            "platform": "",              value of --platform
            "stage": -1,                 index of the earlier stage that the image names, or -1
            "scratch": false},
        "user": "app",                   who the stage ends as, "" when no USER says so
        "healthcheck": true,
        "shell": [],                     what SHELL has set
        "instructions": [instruction]}   FROM is the first of them

    instruction = {
        "name": "RUN",                   upper case; for ONBUILD, of the instruction it holds back
        "text": "pip install x",         the arguments as one line, without flags
        "form": "shell",                 "exec" for a JSON array; "shell" for other RUN, CMD, ENTRYPOINT and
                                         HEALTHCHECK CMD; else ""
        "args": ["pip", "install", "x"], the array, or the words without quotes; shell operators are words
        "flags": {"mount": ["type=cache,target=/x"], "link": ["true"]},
        "heredocs": [{"name": "EOF", "text": "..."}],
        "onbuild": false,
        "stage": 0,                      index of its stage; -1 before the first FROM
        ["commands"]: [{"name": "pip", "args": ["install", "x"]}],     RUN, CMD, ENTRYPOINT, HEALTHCHECK
        ["shell"]: ["/bin/bash", "-c"],  same four: what SHELL set, [] for the default
        ["sources"]: ["a", "b"], ["target"]: "/app/",                  COPY, ADD
        ["pairs"]: [{"name": "A", "value": "1"}],                      ENV, LABEL, ARG ("" without a value)
        ["ports"]: [{"port": "8080", "protocol": "tcp"}],              EXPOSE
        ["user"]: "app", ["group"]: "",                                USER
        ["path"]: "/app"}                                              WORKDIR

``commands`` are the simple commands of the shell text, wherever they stand in pipes, lists, ``if`` and ``$(...)``;
of the script when a RUN is a heredoc; none for a shell that is not a POSIX one. Variables are put in only in
``from``. A stage inherits ``user``, ``healthcheck`` and ``shell`` from the stage that its FROM names.

What docker would not build and is clear all the same is kept for rules to judge: an instruction before the first
FROM, with ``stage`` -1 (a file without any FROM is a fragment that others include), or an ONBUILD that holds a FROM.
"""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.dockerfile_instructions import Instruction
from guardrails.documents.dockerfile_lines import directives, logical_lines
from guardrails.documents.document import Document, Format, ParseError, Path, Root, Span
from guardrails.documents.images import split_image

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^${}]*+))?\})")
_MAX_ROUNDS = 10
_MAX_REFERENCE = 1024
"""Longest text that variables are put into or come out of: thirty ARGs that double each other would fill the memory."""


class Dockerfile:
    """The format."""

    name = "dockerfile"
    paths: tuple[str, ...] = (
        "Dockerfile",
        "Dockerfile.*",
        "*.Dockerfile",
        "*.dockerfile",
        "Containerfile",
        "Containerfile.*",
        "!*.dockerignore",
        *(f"!*.{template}" for template in ("erb", "j2", "jinja", "jinja2", "md", "template", "tmpl", "tpl")),
    )

    def parse(self, text: str) -> Document:
        """Parse a Dockerfile; the document has one root."""
        lines = text.replace("\r\n", "\n").split("\n")
        found = directives(lines)
        build = _Build()
        escape = found.get("escape", "\\")
        for line in logical_lines(lines, escape):
            build.add(Instruction(line, escape))
        if not build.instructions:
            raise ParseError("the file has no instructions; a Dockerfile starts with FROM")
        value = {
            "escape": escape,
            "directives": found,
            "args": [pair for pair, _ in build.args],
            "stages": build.stages,
            "instructions": build.values,
        }
        return Document((Root(value, _Places(build)),))


FORMAT: Format = Dockerfile()


class _Build:
    """What a Dockerfile builds, as its instructions come."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.values: list[dict[str, Any]] = []
        self.args: list[tuple[dict[str, str], Path]] = []
        self.stages: list[dict[str, Any]] = []
        self.froms: list[int] = []
        """Index of the FROM instruction of each stage."""
        self._names: dict[str, int] = {}
        self._variables: dict[str, str] = {}
        self._stage: dict[str, Any] = {"instructions": [], "shell": []}
        """The stage that is open; at first one that is in no list."""

    def add(self, instruction: Instruction) -> None:
        """Take the next instruction of the file."""
        acts = not instruction.onbuild
        if acts and instruction.name == "FROM":
            self._open_stage(instruction)
        stage = self._stage
        value = instruction.value(len(self.stages) - 1, stage["shell"])
        stage["instructions"].append(value)
        if acts and instruction.name == "ARG" and not self.stages:
            self._declare(instruction, value)
        elif acts and instruction.name == "USER":
            stage["user"] = value["user"]
        elif acts and instruction.name == "HEALTHCHECK":
            stage["healthcheck"] = instruction.form != ""
        elif acts and instruction.name == "SHELL":
            stage["shell"] = instruction.args
        self.instructions.append(instruction)
        self.values.append(value)

    def _declare(self, instruction: Instruction, value: dict[str, Any]) -> None:
        for index, (name, default) in enumerate(instruction.pairs()):
            self.args.append((value["pairs"][index], (len(self.instructions), "pairs", index)))
            if default is not None:
                self._variables[name] = _expand(default, self._variables)

    def _open_stage(self, instruction: Instruction) -> None:
        words = instruction.args
        if len(words) != 1 and not (len(words) == 3 and words[1].upper() == "AS"):
            raise instruction.error("FROM takes an image, or: image AS name", instruction.ranges[1])
        platform = instruction.flags.get("platform", [""])[-1]
        source = _source(words[0], _expand(words[0], self._variables), _expand(platform, self._variables))
        source["stage"] = self._names.get(source["image"].lower(), -1)
        parent = self.stages[source["stage"]] if source["stage"] >= 0 else {}
        index = len(self.stages)
        name = words[2].lower() if len(words) == 3 else ""
        self._stage = {
            "index": index,
            "name": name,
            "from": source,
            "user": parent.get("user", ""),
            "healthcheck": parent.get("healthcheck", False),
            "shell": parent.get("shell", []),
            "instructions": [],
        }
        self.stages.append(self._stage)
        self.froms.append(len(self.instructions))
        if name:
            self._names[name] = index


def _source(raw: str, image: str, platform: str) -> dict[str, Any]:
    """The ``from`` of a stage; the stage it may name is not yet known."""
    image = image or raw
    return {
        "raw": raw,
        "image": image,
        "resolved": "$" not in image,
        **split_image(image),
        "platform": platform,
        "stage": -1,
        "scratch": image == "scratch",
    }


def _expand(text: str, variables: dict[str, str]) -> str:
    """Put variables into ``text``, from the innermost outwards; what is not known stays as it is written."""

    def put(match: re.Match[str]) -> str:
        name, operator, word = match[1] or match[2], match[3] or "", match[4] or ""
        known = name in variables and (variables[name] != "" or ":" not in operator)
        if "+" in operator:
            return word if known else ""
        if known:
            return variables[name]
        return word if operator else match[0]

    for _ in range(_MAX_ROUNDS):
        expanded = _VARIABLE.sub(put, text) if len(text) <= _MAX_REFERENCE else text
        if expanded == text or len(expanded) > _MAX_REFERENCE:
            break
        text = expanded
    return text


class _Places:
    """Where the nodes of a Dockerfile stand."""

    def __init__(self, build: _Build) -> None:
        self._instructions = build.instructions
        self._froms = build.froms
        self._args = [path for _, path in build.args]

    def span(self, path: Path, *, key: bool) -> Span | None:  # noqa: ARG002 - the keys are not in the text
        """The span of the node; instructions from their first line to their last, heredocs included."""
        try:
            return self._find(path)
        except (IndexError, KeyError):
            return None

    def _find(self, path: Path) -> Span | None:
        match path:
            case ("instructions", int(index), *rest):
                return self._instructions[index].span(tuple(rest))
            case ("args", int(index), *rest):
                return self._find(("instructions", *self._args[index], *rest))
            case ("stages", int(index), *rest):
                return self._in_stage(index, rest)
        return None

    def _in_stage(self, stage: int, path: list[str | int]) -> Span | None:
        start, *after = self._froms[stage : stage + 2]
        end = after[0] if after else len(self._instructions)
        source = self._instructions[start]
        match path:
            case []:
                return source.span(())
            case ["instructions", int(index), *rest]:
                return self._instructions[start + index].span(tuple(rest))
            case ["name"]:
                return source.span(("args", 2)) if len(source.args) == 3 else None
            case ["from", "platform"]:
                return source.span(("flags", "platform", 0))
            case ["from", *_]:
                return source.span(("args", 0))
            case ["user" | "healthcheck" | "shell" as name, *_]:
                setting = [i for i in self._instructions[start:end] if i.name == name.upper() and not i.onbuild]
                return setting[-1].span(()) if setting else None
        return None
