"""The commands that an instruction of a Dockerfile runs, and where they stand."""

from __future__ import annotations

from typing import Protocol

from guardrails.documents.dockerfile_lines import Heredoc, Line
from guardrails.documents.document import Span
from guardrails.documents.shell import Range
from guardrails.documents.shell_commands import SHELLS, commands, expanded
from guardrails.documents.shell_reader import Command, program

Found = tuple[Command, Line | Heredoc]
"""A command, and the text that its ranges are about."""


class Arguments(Protocol):
    """An instruction whose arguments are read."""

    line: Line
    escape: str
    form: str
    args: list[str]
    ranges: list[Range]


def find_commands(instruction: Arguments, shell: list[str]) -> list[Found]:
    """The commands of RUN, CMD, ENTRYPOINT or HEALTHCHECK; ``shell`` is what SHELL has set."""
    args, ranges, line = instruction.args, instruction.ranges, instruction.line
    if instruction.form == "exec":
        return [(one, line) for one in expanded([Command(args, ranges, [], pipe=False)])] if args else []
    if instruction.form != "shell" or (shell and program(shell[0]).lower() not in SHELLS):
        return []
    if line.heredocs and len(ranges) == 1:
        return _script(line.heredocs[0]) if _is_shell_script(line.heredocs[0].text) else []
    start = ranges[0][0] if ranges else len(line.text)
    found: list[Found] = [(one, line) for one in commands(line.text, instruction.escape, start)]
    if line.heredocs and found and found[0][0].program in SHELLS:
        found += _script(line.heredocs[0])
    return found


def command_span(command: Command, source: Line | Heredoc, part: list[str | int]) -> Span:
    """Where a command stands, or a part of it."""
    ranges = command.ranges
    match part:
        case ["name"]:
            ranges = ranges[:1]
        case ["args", int(index)]:
            ranges = [ranges[index + 1]]
        case ["args"]:
            ranges = ranges[1:] or ranges
    return source.span(ranges[0][0], ranges[-1][1])


def _script(heredoc: Heredoc) -> list[Found]:
    return [(one, heredoc) for one in commands(heredoc.text)]


def _is_shell_script(text: str) -> bool:
    """Whether a POSIX shell runs the script: its first line does not name another interpreter."""
    if not text.startswith("#!"):
        return True
    names = [program(word) for word in text[2:].partition("\n")[0].split()]
    return any(name in SHELLS for name in names[:2])
