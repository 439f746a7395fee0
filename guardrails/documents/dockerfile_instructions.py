"""One instruction of a Dockerfile: its value, and where each part of it stands."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from guardrails.documents.dockerfile_lines import HEREDOC, Heredoc, Line
from guardrails.documents.document import ParseError, Path, Span
from guardrails.documents.shell import Range, Token, commands, tokens, unquote, words

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
_RUNS = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"})
_ARRAYS = _RUNS | {"SHELL", "VOLUME", "COPY", "ADD"}
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"})

_HEAD = re.compile(r"(?:(ONBUILD)\s+)?(\S+)\s*", re.IGNORECASE)
_HEALTH = re.compile(r"(NONE|CMD)(?:\s+|$)", re.IGNORECASE)
_RUN_STRING = re.compile(r"-[a-z]*c")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"')
_ARRAY = re.compile(rf"\[\s*+(?:{_STRING.pattern}\s*+(?:,\s*+{_STRING.pattern}\s*+)*+)?+\]")


class Command(NamedTuple):
    """A simple command: its words, and where they stand."""

    words: list[str]
    ranges: list[Range]
    source: Line | Heredoc


class Instruction:
    """An instruction read from its logical line; raises ParseError when it is none."""

    def __init__(self, line: Line, escape: str) -> None:
        self.line = line
        self._escape = escape
        head = next(_HEAD.finditer(line.text))  # a logical line is not blank
        self.name = head[2].upper()
        self._name = head.span(2)
        self.onbuild = head[1] is not None
        if self.name not in _NEEDS:
            raise self.error(_unknown(head[2]), self._name)
        self.flags: dict[str, list[str]] = {}
        self._flags: dict[str, list[Range]] = {}
        self._start = self._read_flags(head.end())
        self._commands: list[Command] = []
        self._paths: list[int] = []
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
        for first, end in words(text, self._escape, start):
            if not text.startswith("--", first):
                return first
            name, equals, value = unquote(text[first + 2 : end], self._escape).partition("=")
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
            self._tokens = tokens(text, self._escape, start)
            self.ranges = [(token.start, token.end) for token in self._tokens]
        else:
            self.ranges = list(words(text, self._escape, start))
        self.args = [unquote(text[start:end], self._escape) for start, end in self.ranges]

    def value(self, stage: int, shell: list[str]) -> dict[str, Any]:
        """The plain value; ``shell`` is what SHELL has set before it in the stage."""
        value: dict[str, Any] = {
            "name": self.name,
            "text": self.line.text[self._start :],
            "form": self.form,
            "args": self.args,
            "flags": self.flags,
            "heredocs": [{"name": heredoc.name, "text": heredoc.text} for heredoc in self.line.heredocs],
            "onbuild": self.onbuild,
            "stage": stage,
        }
        if self.name in _RUNS:
            self._commands = self._find_commands(shell)
            value["commands"] = [{"name": words[0], "args": words[1:]} for words, _, _ in self._commands]
            value["shell"] = shell
        elif self.name in ("COPY", "ADD"):
            *value["sources"], value["target"] = self._read_paths()
        elif self.name in ("ENV", "LABEL", "ARG"):
            value["pairs"] = [{"name": name, "value": set or ""} for name, set in self.pairs()]
        elif self.name == "EXPOSE":
            parts = [port.partition("/") for port in self.args]
            value["ports"] = [{"port": port, "protocol": protocol.lower() or "tcp"} for port, _, protocol in parts]
        elif self.name == "USER":
            value["user"], _, value["group"] = self._unquoted().partition(":")
        elif self.name == "WORKDIR":
            value["path"] = self._unquoted()
        return value

    def _unquoted(self) -> str:
        return unquote(self.line.text[self._start :], self._escape)

    def _find_commands(self, shell: list[str]) -> list[Command]:
        if self.form == "exec":
            return self._exec_commands()
        if self.form != "shell" or (shell and _program(shell[0]) not in _SHELLS):
            return []
        heredocs = self.line.heredocs
        if not heredocs or len(self.ranges) > 1:
            return _simple_commands(self.line, self._tokens, self._escape)
        script = heredocs[0]
        return _simple_commands(script, tokens(script.text), "\\") if _is_shell_script(script.text) else []

    def _exec_commands(self) -> list[Command]:
        args = self.args
        if len(args) < 3 or _program(args[0]) not in _SHELLS or not _RUN_STRING.fullmatch(args[1]):
            return [Command(args, self.ranges, self.line)] if args else []
        script = args[2]
        return [
            Command([unquote(script[start:end]) for start, end in found], [self.ranges[2]] * len(found), self.line)
            for found in commands(script, tokens(script))
        ]

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
            (unquote(text[slice(*name)], self._escape), unquote(text[slice(*value)], self._escape) if value else None)
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
            case ("heredocs", int(index), *_):
                heredoc = self.line.heredocs[index]
                return heredoc.span(0, len(heredoc.text))
            case ("commands", int(index), *part):
                return _command_span(self._commands[index], part)
        return self.line.span(*place) if place else None


def _command_span(command: Command, part: list[str | int]) -> Span:
    ranges = command.ranges
    match part:
        case ["name"]:
            ranges = ranges[:1]
        case ["args", int(index)]:
            ranges = [ranges[index + 1]]
        case ["args"]:
            ranges = ranges[1:] or ranges
    return command.source.span(ranges[0][0], ranges[-1][1])


def _simple_commands(source: Line | Heredoc, found: list[Token], escape: str) -> list[Command]:
    text = source.text
    return [
        Command([unquote(text[start:end], escape) for start, end in ranges], ranges, source)
        for ranges in commands(text, found)
    ]


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


def _program(command: str) -> str:
    return command.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")


def _is_shell_script(text: str) -> bool:
    """Whether a POSIX shell runs the script: its first line does not name another interpreter."""
    if not text.startswith("#!"):
        return True
    names = [_program(word) for word in text[2:].partition("\n")[0].split()]
    return any(name in _SHELLS for name in names[:2])


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for the message

    near = get_close_matches(name.upper(), _NEEDS, 1)
    return f"unknown instruction {name[:40]!r}" + (f"; did you mean {near[0]}?" if near else "")
