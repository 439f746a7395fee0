"""One instruction of a Dockerfile: its value, and where each part of it stands."""

from __future__ import annotations

import re
from typing import Any

from guardrails.documents.dockerfile_commands import command_span, find_commands
from guardrails.documents.dockerfile_lines import HEREDOC, Heredoc, Line
from guardrails.documents.dockerfile_variables import Environment
from guardrails.documents.document import ParseError, Path, Span
from guardrails.documents.packages import annotate
from guardrails.documents.patterns import lazy
from guardrails.documents.shell import Range, tokens, unquote, words
from guardrails.documents.shell_commands import SHELLS, seen
from guardrails.documents.shell_reader import Command
from guardrails.tuples import NamedTuple

_NEEDS = {
    "ADD": "a source and a destination",
    "ARG": "a name",
    "CMD": "",
    "COPY": "a source and a destination",
    "ENTRYPOINT": "",
    "ENV": "a name and a value",
    "EXPOSE": "a port",
    "FROM": "an image",
    "HEALTHCHECK": "CMD and a command, or NONE",
    "LABEL": "a name and a value",
    "MAINTAINER": "a name",
    "ONBUILD": "an instruction",
    "RUN": "",
    "SHELL": "a JSON array",
    "STOPSIGNAL": "a signal",
    "USER": "a user",
    "VOLUME": "a path",
    "WORKDIR": "a path",
}
_COMPOUND = frozenset({"[", "case", "for", "select"})  # the shell's own, which shell_reader takes for commands
_RUNS = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})
_ARRAYS = _RUNS | {"SHELL", "VOLUME", "COPY", "ADD"}

_HEAD = lazy(r"(?:(ONBUILD)\s+)?(\S+)\s*", re.IGNORECASE)
_HEALTH = lazy(r"(NONE|CMD)(?:\s+|$)", re.IGNORECASE)
_STRING = lazy(r'"(?:[^"\\]++|\\.)*+"')
_ARRAY = lazy(rf"\[\s*+(?:{_STRING.pattern}\s*+(?:,\s*+{_STRING.pattern}\s*+)*+)?+\]")


class Around(NamedTuple):
    """What holds where an instruction stands."""

    stage: int
    shell: list[str]
    workdir: str
    environment: Environment


class Instruction:
    """An instruction read from its logical line; raises ParseError when it is none."""

    def __init__(self, line: Line, escape: str) -> None:
        self.line = line
        self.escape = escape
        head = next(_HEAD.finditer(line.text))  # a logical line is not blank
        self.name = head[2].upper()
        self._name = head.span(2)
        self.onbuild = head[1] is not None
        if self.name not in _NEEDS:
            raise self.error(_unknown(head[2]), self._name)
        self.flags: dict[str, list[str]] = {}
        self._flags: dict[str, list[Range]] = {}
        self._start = self._read_flags(head.end())
        self._commands: list[tuple[Command, Line | Heredoc]] = []
        self._sets: list[tuple[Range, Line | Heredoc]] = []
        self._paths: list[int] = []
        self.origins = self._read_origins() if self.flags else []
        """The stages and images that ``--from`` and mounts name, and the path of the flag."""
        self.single = False
        """Whether it runs one command, as written: ``sudo make`` is one."""
        self._pairs: list[tuple[Range, Range | None]] = []
        if _NEEDS[self.name] and self._start == len(line.text):
            raise self._lacking()
        self._read_arguments()

    def error(self, message: str, place: Range) -> ParseError:
        """An error at a part of the logical line."""
        return self.line.error(message, place[0])

    def _lacking(self) -> ParseError:
        return self.error(f"{self.name} needs {_NEEDS[self.name]}", self._name)

    def _read_flags(self, start: int) -> int:
        """Read the flags at ``start``; returns where the arguments start."""
        text = self.line.text
        if not text.startswith("--", start):
            return start
        for first, end in words(text, self.escape, start):
            if not text.startswith("--", first):
                return first
            name, equals, value = unquote(text[first + 2 : end], self.escape).partition("=")
            if not name:
                return len(text) - len(text[end:].lstrip())
            self.flags.setdefault(name, []).append(value if equals else "true")
            self._flags.setdefault(name, []).append((first, end))
        return len(text)

    def _read_arguments(self) -> None:
        text, start = self.line.text, self._start
        self.form = "shell" if self.name in _RUNS else ""
        if self.name == "HEALTHCHECK":
            kind = _HEALTH.match(text, start)
            if kind is None:
                raise self._lacking()
            start = kind.end()
            self.form = "shell" if kind[1].upper() == "CMD" else ""
        if self.name in _ARRAYS and text.startswith("[", start):
            strings = _array(text[start:])
            if strings is not None:
                self.form = "exec"
                self.args = strings
                self.ranges = [match.span() for match in _STRING.finditer(text, start)]
                return
        if self.form == "shell":
            self.ranges = [(token.start, token.end) for token in tokens(text, self.escape, start)]
        else:
            self.ranges = list(words(text, self.escape, start))
        self.args = [unquote(text[start:end], self.escape) for start, end in self.ranges]

    def value(self, around: Around) -> dict[str, Any]:
        """The plain value of the instruction where it stands."""
        value: dict[str, Any] = {
            "name": self.name,
            "text": self.line.text[self._start :],
            "form": self.form,
            "args": self.args,
            "flags": self.flags,
            "heredocs": [{"name": heredoc.name, "text": heredoc.text} for heredoc in self.line.heredocs],
            "onbuild": self.onbuild,
            "stage": around.stage,
        }
        if self.name in _RUNS:
            self._read_commands(value, around)
        elif self.name in ("COPY", "ADD"):
            *value["sources"], value["target"] = map(around.environment.expand, self._read_paths())
            value["workdir"] = around.workdir
        elif self.name in ("ENV", "LABEL", "ARG"):
            value["pairs"] = [
                {"name": name, "value": set or "", "instruction": self.name} for name, set in self.pairs()
            ]
        elif self.name == "EXPOSE":
            ports = [around.environment.expand(port).partition("/") for port in self.args]
            value["ports"] = [{"port": port, "protocol": protocol.lower() or "tcp"} for port, _, protocol in ports]
        elif self.name == "USER":
            value["user"], _, value["group"] = self._expanded(around).partition(":")
        elif self.name == "WORKDIR":
            value["path"] = self._expanded(around)
        return value

    def _expanded(self, around: Around) -> str:
        return around.environment.expand(unquote(self.line.text[self._start :], self.escape))

    def _read_commands(self, value: dict[str, Any], around: Around) -> None:
        shell = around.shell
        found = find_commands(self, shell)
        self._commands = [(one, source) for one, source in found if one.words]
        value["commands"] = seen(one for one, _ in self._commands)
        ends = {one.ranges[-1] for one, _ in self._commands if one.words[0] not in _COMPOUND}
        self.single = len(ends) == 1
        value["shell"] = shell
        if self.name != "RUN":
            return
        sets = [(setting, source) for one, source in found for setting in one.sets]
        self._sets = [(place, source) for (_, _, place), source in sets]
        value["sets"] = [{"name": name, "value": text, "instruction": "RUN"} for (name, text, _), _ in sets]
        value["pipes"] = any(one.pipe for one, _ in self._commands)
        value["pipefail"] = any("pipefail" in word for word in shell) or any(
            "pipefail" in one.words for one, _ in self._commands if one.program in SHELLS or one.program == "set"
        )
        inside = Environment(around.environment)
        for (name, text, _), _ in sets:
            inside.declare(name, text)
        annotate(value["commands"], self._mounted(), inside.get)

    def _read_origins(self) -> list[tuple[str, Path]]:
        found: list[tuple[str, Path]] = [
            (name, ("flags", "from", i)) for i, name in enumerate(self.flags.get("from", ()))
        ]
        for i, mount in enumerate(self.flags.get("mount", ())):
            found += [(part[5:], ("flags", "mount", i)) for part in mount.split(",") if part.startswith("from=")]
        return found

    def _mounted(self) -> list[str]:
        """The folders that are mounted while the instruction runs, and so are not part of the layer."""
        targets = []
        for mount in self.flags.get("mount", ()):
            options = dict(part.partition("=")[::2] for part in mount.split(","))
            targets += [options[key] for key in ("target", "dst", "destination") if key in options]
        return targets

    def _read_paths(self) -> list[str]:
        """The paths of COPY and ADD, the target last; heredocs are none."""
        text = self.line.text
        if len(self.args) < 2:
            raise self._lacking()
        inline = bool(self.line.heredocs)
        self._paths = [i for i, place in enumerate(self.ranges) if not (inline and HEREDOC.fullmatch(text, *place))]
        if not self._paths:
            raise self._lacking()
        return [self.args[i] for i in self._paths]

    def pairs(self) -> list[tuple[str, str | None]]:
        """The names and values of ENV, LABEL and ARG; None for an ARG without a value."""
        text = self.line.text
        self._pairs = self._read_pairs()
        return [
            (unquote(text[slice(*name)], self.escape), unquote(text[slice(*value)], self.escape) if value else None)
            for name, value in self._pairs
        ]

    def _read_pairs(self) -> list[tuple[Range, Range | None]]:
        text = self.line.text
        start, end = self.ranges[0]
        if self.name != "ARG" and "=" not in text[start:end]:
            if len(self.ranges) == 1:
                raise self._lacking()
            return [((start, end), (self.ranges[1][0], len(text)))]
        pairs: list[tuple[Range, Range | None]] = []
        for start, end in self.ranges:
            middle = text.find("=", start, end)
            if middle >= 0:
                pairs.append(((start, middle), (middle + 1, end)))
            elif self.name == "ARG":
                pairs.append(((start, end), None))
            else:
                message = f"{self.name} takes name=value pairs, and {text[start:end]!r} has no ="
                raise self.error(message, (start, end))
        return pairs

    def span(self, path: Path) -> Span | None:
        """Where the node at ``path`` of the value stands; None for what is not a text of its own."""
        place: Range | None = None
        match path:
            case ():
                return self.line.whole
            case ("name",):
                place = self._name
            case ("text" | "user" | "group" | "path",):
                place = (self._start, len(self.line.text))
            case ("args" | "ports", int(index), *_):
                place = self.ranges[index]
            case ("sources", int(index)):
                place = self.ranges[self._paths[index]]
            case ("target",):
                place = self.ranges[self._paths[-1]]
            case ("flags", str(flag), int(index)):
                place = self._flags[flag][index]
            case ("pairs", int(index), *part):
                name, value = self._pairs[index]
                whole = name[0], (value or name)[1]
                place = name if part == ["name"] else value if part == ["value"] else whole
            case (str(kind), int(index), *part):
                return self._item_span(kind, index, part)
        return self.line.span(*place) if place else None

    def _item_span(self, kind: str, index: int, part: list[str | int]) -> Span | None:
        match kind:
            case "heredocs":
                heredoc = self.line.heredocs[index]
                return heredoc.span(0, len(heredoc.text))
            case "reads":
                return self.span(self.origins[index][1])
            case "sets":
                place, source = self._sets[index]
                return source.span(*place)
            case "commands":
                return command_span(*self._commands[index], part)
        return None


def _array(text: str) -> list[str] | None:
    """The strings of a JSON array of strings; None when it is not one, as then it is shell text."""
    if not _ARRAY.fullmatch(text):
        return None
    if "\\" not in text:
        return [string[1:-1] for string in _STRING.findall(text)]
    import json  # noqa: PLC0415 - only for the rare array with escapes

    try:
        strings: list[str] = json.loads(text)
    except ValueError:
        return None
    return strings


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for the message

    near = get_close_matches(name.upper(), _NEEDS, 1)
    return f"unknown instruction {name[:40]!r}" + (f"; did you mean {near[0]}?" if near else "")
