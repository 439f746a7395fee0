"""The ``dockerfile`` format: a Dockerfile as the instructions and stages that a build would run.

The value of the document, for JSONPath and CEL (keys in brackets stand only where they say)::

    {"escape": "\\\\",                    the escape character
     "directives": {"syntax": "docker/dockerfile:1"},
     "args": [{"name", "value"}],        ARGs before the first FROM
     "stages": [stage],
     "instructions": [instruction]}      all of them, in file order

    stage = {
        "index": 0, "name": "build",     the name in lower case, as docker compares it; "" without AS
        "twin": -1,                      index of an earlier stage of the same name, or -1
        "from": source,                  what FROM names
        "user": "app",                   who the stage ends as, "" when no USER says so
        "workdir": "/app",               the folder it ends in, "" when no WORKDIR says so
        "health": "CMD",                 "CMD" or "NONE" as HEALTHCHECK says, "" without one
        "shell": [],                     what SHELL has set
        "labels": ["maintainer"],        names of its labels
        "programs": ["apt-get", "rm"],   names of what its RUNs run, without folders
        "shipped": true,                 whether its layers are part of the image: in the last, and those it builds on
        "instructions": [instruction]}   FROM is the first of them

    source = {
        "raw": "${BASE}:24.04",          as written
        "image": "ubuntu:24.04",         with ARGs of the file put in
        "resolved": true,                false when a variable is left in "image"
        "registry", "repository", "name", "tag", "digest",     parts of the image, "" when not written
        "platform": "",                  value of --platform
        "stage": -1,                     index of the earlier stage that it names, or -1
        "scratch": false}

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
        ["commands"]: [command],                                       RUN, CMD, ENTRYPOINT, HEALTHCHECK
        ["shell"]: ["/bin/bash", "-c"],  same four: what SHELL set, [] for the default
        ["sets"]: [{"name", "value", "instruction"}],                  RUN: variables that its commands set
        ["pipes"], ["pipefail"]: true,                                 RUN: there is a pipe; its failures count
        ["joins"]: false,                                              RUN: one command, right after a RUN like it
        ["reads"]: [source],                                           COPY --from, RUN --mount=from=
        ["sources"]: ["a", "b"], ["target"]: "/app/", ["workdir"]: "", COPY, ADD
        ["unpacked"]: false,                                           COPY: a later RUN unpacks what it copies
        ["pairs"]: [{"name": "A", "value": "1", "instruction": "ENV"}], ENV, LABEL, ARG ("" without a value)
        ["early"]: ["A"],                                              ENV: variables used here that it sets only now
        ["ports"]: [{"port": "8080", "protocol": "tcp"}],              EXPOSE
        ["user"]: "app", ["group"]: "",                                USER
        ["path"]: "/app",                                              WORKDIR
        ["overridden"]: false}           CMD, ENTRYPOINT, HEALTHCHECK, USER: the stage has a later one, which counts

    command = {"name": "pip", "args": ["install", "x"], "text": "pip install x", "pipe": false, ["packages"]: packages}

    packages = {                         of a package manager, see guardrails.documents.packages
        "manager": "pip", "verb": "install", "names": ["x"], "options": [],
        "loose": ["x"],                  those without a version
        "asks": false,                   whether it waits for an answer
        "alone": false,                  whether it only updates lists, and nothing is installed in the same step
        "leaves": true}                  whether a cache or package lists stay in the image

``commands`` are the simple commands of the shell text, wherever they stand in pipes, lists, ``if``, ``$(...)``,
``sh -c`` and behind ``sudo``; of the script when a RUN is a heredoc; none for a shell that is not a POSIX one.
Variables are put into images, the paths of COPY and ADD, USER, WORKDIR and EXPOSE. A stage inherits from the stage
that its FROM names.

The same values stand once more where rules that are about few of them find them at once::

    {"steps": {"RUN": [instruction]},
     "programs": {"curl": [command]},    of RUN; pip3.12 stands with pip3
     "packages": {"apt": [packages]},    of RUN
     "images": [source],                 sources that are no stage and not scratch
     "strays": [instruction]}            what stands before the first FROM and is no ARG; none without a FROM

What docker would not build and is clear all the same is kept for rules to judge: an instruction before the first
FROM, with ``stage`` -1 (a file without any FROM is a fragment that others include), or an ONBUILD that holds a FROM.
"""

from __future__ import annotations

from guardrails.documents.dockerfile_build import Build
from guardrails.documents.dockerfile_instructions import Instruction
from guardrails.documents.dockerfile_lines import directives, logical_lines
from guardrails.documents.document import Document, Format, ParseError, Path, Root, Span


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
        build = Build()
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
            **build.finish(),
        }
        return Document((Root(value, _Places(build)),))


FORMAT: Format = Dockerfile()


class _Places:
    """Where the nodes of a Dockerfile stand."""

    def __init__(self, build: Build) -> None:
        self._instructions = build.instructions
        self._froms = build.froms
        self._settings = build.settings
        self._args = [path for _, path in build.args]
        self._index = build.index

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
            case ("images", int(index), *_):
                return self._find(self._index["images"][""][index])
            case ("strays", int(index), *rest):
                return self._find((*self._index["strays"][""][index], *rest))
            case ("steps" | "programs" | "packages" as kind, str(name), int(index), *rest):
                return self._find((*self._index[kind][name][index], *rest))
        return None

    def _in_stage(self, stage: int, path: list[str | int]) -> Span | None:
        start = self._froms[stage]
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
            case ["user" | "workdir" | "health" | "shell" as name, *_]:
                at = self._settings[stage]["HEALTHCHECK" if name == "health" else name.upper()]
                return self._instructions[at].span(())
        return None
