"""What a Dockerfile builds: its stages, and what holds in each, gathered instruction by instruction."""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.dockerfile_instructions import Around, Instruction
from guardrails.documents.dockerfile_variables import Environment, names
from guardrails.documents.document import Path
from guardrails.documents.images import split_image
from guardrails.documents.patterns import lazy
from guardrails.documents.shell_reader import program

_ONE_COUNTS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "USER"})
_SETTINGS = frozenset({"HEALTHCHECK", "SHELL", "USER", "WORKDIR"})
"""What a stage passes on to those that build on it, and is said by one instruction."""
_INDEXED = ("steps", "programs", "packages", "images", "strays")
_MAX_LABELS = 200
"""Most labels that a stage inherits."""
_ARCHIVE = lazy(r"(?i).+\.(?:tar|tar\.[a-z0-9]+|t[a-z]?z2?|tb2|tzst|lz|gz|bz2|xz|zst|lzma|z)")
_UNPACKERS = frozenset(["bunzip2", "gunzip", "gzcat", "tar", "uncompress", "unlzma", "untar", "unxz", "unzstd", "zcat"])
_MINOR = lazy(r"\.[0-9]+$")
"""The end of the name of a program that is there in several versions, such as pip3.12."""
_EXTRACTS = lazy(r"\S+ [a-wyzA-Z]*x[a-zA-Z]* .*|.* (?:-[a-wyzA-Z]*x[a-zA-Z]*|--extract|--get)(?: .*)?", re.DOTALL)
"""The text of a tar that takes an archive apart."""


class Stage:
    """The stage that is open; at first one that is in no list."""

    __slots__ = ("archives", "environment", "last", "programs", "triggered", "value")

    def __init__(self, value: dict[str, Any], environment: Environment) -> None:
        self.value = value
        self.environment = environment
        self.last: dict[str, dict[str, Any]] = {}
        """The last of the instructions of which only one counts."""
        self.archives: dict[str, dict[str, Any]] = {}
        """The COPY of each archive, by the archive's name."""
        self.programs: set[str] = set()
        self.triggered = ""
        """What an ONBUILD WORKDIR has set."""


class Build:
    """What a Dockerfile builds, as its instructions come."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.values: list[dict[str, Any]] = []
        self.args: list[tuple[dict[str, str], Path]] = []
        self.stages: list[dict[str, Any]] = []
        self.froms: list[int] = []
        """Index of the FROM instruction of each stage."""
        self.settings: list[dict[str, int]] = []
        """For each stage the indices of the instructions that say how it ends, by their names, inherited or its own."""
        self.index: dict[str, dict[str, list[Path]]] = {kind: {} for kind in _INDEXED}
        """Paths of the same values, by where else they stand."""
        self._found: dict[str, dict[str, list[Any]]] = {kind: {} for kind in _INDEXED}
        self._names: dict[str, int] = {}
        self._globals = Environment()
        self._environments: list[Environment] = []
        self._stage = Stage(
            {"instructions": [], "shell": [], "workdir": "", "labels": [], "programs": []}, Environment()
        )

    def add(self, instruction: Instruction) -> None:
        """Take the next instruction of the file."""
        if instruction.name == "FROM" and not instruction.onbuild:
            self._open_stage(instruction)
        stage = self._stage
        workdir = (instruction.onbuild and stage.triggered) or stage.value["workdir"]
        value = instruction.value(Around(len(self.stages) - 1, stage.value["shell"], workdir, stage.environment))
        stage.value["instructions"].append(value)
        self._note("steps", instruction.name, value, ("instructions", len(self.values)))
        if instruction.name in ("COPY", "RUN"):
            self._read(instruction, value)
        if instruction.name == "RUN":
            self._run(instruction, value)
        if instruction.onbuild:
            stage.triggered = value.get("path", stage.triggered)
        else:
            self._act(instruction, value)
        self.instructions.append(instruction)
        self.values.append(value)

    def finish(self) -> dict[str, Any]:
        """The values by name, when all instructions have come."""
        at = len(self.stages) - 1
        while at >= 0:
            self.stages[at]["shipped"] = True
            at = self.stages[at]["from"]["stage"]
        for manager, found in self._found["packages"].items():
            for packages, path in zip(found, self.index["packages"][manager], strict=True):
                stage = self.values[int(path[1])]["stage"]
                packages["leaves"] &= stage < 0 or self.stages[stage]["shipped"]
        for at in range(self.froms[0] if self.froms else 0):
            if self.values[at]["name"] != "ARG":
                self._note("strays", "", self.values[at], ("instructions", at))
        return {**self._found, **{kind: self._found[kind].get("", []) for kind in ("images", "strays")}}

    def _note(self, kind: str, name: str, value: Any, path: Path) -> None:
        self._found[kind].setdefault(name, []).append(value)
        self.index[kind].setdefault(name, []).append(path)

    def _act(self, instruction: Instruction, value: dict[str, Any]) -> None:
        """What the instruction changes for those after it."""
        name, stage = instruction.name, self._stage
        if name in _SETTINGS and self.stages:
            self.settings[-1][name] = len(self.instructions)
        if name in _ONE_COUNTS:
            value["overridden"] = False
            if name in stage.last:
                stage.last[name]["overridden"] = True
            stage.last[name] = value
        if name == "ARG":
            self._declare(instruction, value)
        elif name == "ENV":
            self._set(instruction, value)
        elif name == "LABEL":
            stage.value["labels"] += [pair["name"] for pair in value["pairs"]]
        elif name == "USER":
            stage.value["user"] = value["user"]
        elif name == "WORKDIR":
            stage.value["workdir"] = value["path"]
        elif name == "HEALTHCHECK":
            stage.value["health"] = "CMD" if instruction.form else "NONE"
        elif name == "SHELL":
            stage.value["shell"] = instruction.args
        elif name == "COPY":
            self._copy(value)

    def _declare(self, instruction: Instruction, value: dict[str, Any]) -> None:
        outside = not self.stages
        for index, (name, default) in enumerate(instruction.pairs()):
            if outside:
                self.args.append((value["pairs"][index], (len(self.instructions), "pairs", index)))
                self._globals.declare(name, None if default is None else self._globals.expand(default))
            given = self._globals.get(name) if default is None else self._stage.environment.expand(default)
            self._stage.environment.declare(name, given)

    def _set(self, instruction: Instruction, value: dict[str, Any]) -> None:
        environment = self._stage.environment
        pairs = [(name, text or "") for name, text in instruction.pairs()]
        counts: dict[str, int] = {}
        for name, _ in pairs:
            counts[name] = counts.get(name, 0) + 1
        uses = [(name, used) for name, text in pairs for used in names(text)]
        early = (used for name, used in uses if counts.get(used, 0) > (used == name) and used not in environment)
        value["early"] = list(dict.fromkeys(early))
        for name, text in [(name, environment.expand(text)) for name, text in pairs]:
            environment.declare(name, text)

    def _copy(self, value: dict[str, Any]) -> None:
        """Note the archives that are copied from the context: ADD could unpack them at once."""
        value["unpacked"] = False
        if "from" not in value["flags"]:
            archives = [program(source) for source in value["sources"] if _ARCHIVE.fullmatch(source)]
            for name in [*archives, *([program(value["target"])] if archives else ())]:
                self._stage.archives[name] = value

    def _run(self, instruction: Instruction, value: dict[str, Any]) -> None:
        stage = self._stage
        value["joins"] = bool(self.instructions) and _are_one(self.instructions[-1], instruction)
        at = len(self.values)
        for index, command in enumerate(value["commands"]):
            name = _MINOR.sub("", program(command["name"]))
            self._note("programs", name, command, ("instructions", at, "commands", index))
            if name not in stage.programs:
                stage.programs.add(name)
                stage.value["programs"].append(name)
            if "packages" in command:
                packages = command["packages"]
                self._note("packages", packages["manager"], packages, ("instructions", at, "commands", index))
            if stage.archives and name in _UNPACKERS and (name != "tar" or _EXTRACTS.fullmatch(command["text"])):
                for arg in command["args"]:
                    archive = program(stage.environment.expand(arg.removeprefix("--file=")))
                    if archive in stage.archives:
                        stage.archives[archive]["unpacked"] = True

    def _read(self, instruction: Instruction, value: dict[str, Any]) -> None:
        """Note what stages and images a COPY or RUN takes files from."""
        value["reads"] = []
        for raw, path in instruction.origins:
            source = self._source(raw, "")
            value["reads"].append(source)
            self._note_image(source, ("instructions", len(self.values), *path))

    def _note_image(self, source: dict[str, Any], path: Path) -> None:
        if source["stage"] < 0 and not source["scratch"]:
            self._note("images", "", source, path)

    def _open_stage(self, instruction: Instruction) -> None:
        words = instruction.args
        if len(words) != 1 and not (len(words) == 3 and words[1].upper() == "AS"):
            raise instruction.error("FROM takes an image, or: image AS name", instruction.ranges[1])
        source = self._source(words[0], instruction.flags.get("platform", [""])[-1], number=False)
        parent = self.stages[source["stage"]] if source["stage"] >= 0 else {}
        index = len(self.stages)
        name = words[2].lower() if len(words) == 3 else ""
        stage = {
            "index": index,
            "name": name,
            "twin": self._names.get(name, -1),
            "from": source,
            "user": parent.get("user", ""),
            "workdir": parent.get("workdir", ""),
            "health": parent.get("health", ""),
            "shell": parent.get("shell", []),
            "labels": parent.get("labels", [])[:_MAX_LABELS],
            "programs": [],
            "shipped": False,
            "instructions": [],
        }
        environment = Environment(self._environments[source["stage"]] if parent else None)
        self._stage = Stage(stage, environment)
        self._environments.append(environment)
        self.stages.append(stage)
        self.froms.append(len(self.instructions))
        self.settings.append(dict(self.settings[source["stage"]]) if parent else {})
        self._note_image(source, ("instructions", len(self.values), "args", 0))
        if name:
            self._names[name] = index

    def _source(self, raw: str, platform: str, *, number: bool = True) -> dict[str, Any]:
        """What FROM, ``--from`` or a mount names: an earlier stage, by name or number, or an image."""
        image = self._globals.expand(raw) or raw
        stage = self._names.get(image.lower(), -1)
        if number and stage < 0 and re.fullmatch("[0-9]{1,6}", image) and int(image) < len(self.stages):
            stage = int(image)
        return {
            "raw": raw,
            "image": image,
            "resolved": "$" not in image,
            **split_image(image),
            "platform": self._globals.expand(platform),
            "stage": stage,
            "scratch": image == "scratch",
        }


def _are_one(before: Instruction, run: Instruction) -> bool:
    """Whether a RUN could be written as one with the instruction before it, where each is a single command."""
    return (
        before.name == "RUN"
        and before.flags == run.flags
        and not (before.onbuild or run.onbuild)
        and before.single
        and run.single
    )
