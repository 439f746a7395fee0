"""The simple commands of shell text, wherever they stand: in pipes, lists, substitutions, ``if`` and ``sh -c``.

This is no shell: nothing is expanded and nothing is run. It tells commands from text that only looks like one, which is
what rules about commands need, for a ``RUN`` of a Dockerfile as well as for the script of a pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from guardrails.documents.packages import annotate
from guardrails.documents.shell_reader import ASSIGNMENT, Command, Reader, setting

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"})
_MAX_WRAPPERS = 4
"""``sudo env sh -c …``: how often a command is looked into."""

_RUN_STRING = re.compile(r"-[a-zA-Z]*c")
_WRAPPERS = {
    "chroot": (r"--\w+=?", 1),
    "command": (r"", 0),
    "doas": (r"-[uC]", 0),
    "env": (r"-[uC]", 0),
    "exec": (r"-a", 0),
    "gosu": (r"", 1),
    "nice": (r"-n", 0),
    "nohup": (r"", 0),
    "stdbuf": (r"", 0),
    "su-exec": (r"", 1),
    "sudo": (r"-[ugpCrtThUD]|--(?:user|group|host|chdir|prompt)", 0),
    "time": (r"-[of]", 0),
    "timeout": (r"-[sk]", 1),
    "xargs": (r"-[IPnLsdaE]", 0),
}
"""Programs that run another: options that take the next word, and how many words stand before the command."""
_RUN_OTHERS = frozenset({*_WRAPPERS, *SHELLS, "su"})


def commands(text: str, escape: str = "\\", start: int = 0) -> list[Command]:
    """The commands of ``text``, in the order of their beginnings as far as it is clear."""
    return list(expanded(Reader(text, escape).read(start)))


def seen(found: Iterable[Command]) -> list[dict[str, Any]]:
    """What rules see of commands: ``name``, ``args``, ``text`` and ``pipe``."""
    return [
        {"name": one.words[0], "args": one.words[1:], "text": " ".join(one.words), "pipe": one.pipe}
        for one in found
        if one.words
    ]


def values(text: str) -> list[dict[str, Any]]:
    """What rules see of the commands of a script; those of package managers have ``packages`` too."""
    return values_of(commands(text))


def values_of(found: Sequence[Command]) -> list[dict[str, Any]]:
    """As :func:`values`, for all commands of a script that are known already."""
    values = seen(found)
    annotate(values, lookup={name: value for one in found for name, value, _ in one.sets}.get)
    return values


def expanded(found: Iterable[Command], depth: int = 0) -> Iterator[Command]:
    """The commands, each followed by those that it runs."""
    for command in found:
        yield command
        if depth < _MAX_WRAPPERS and command.program in _RUN_OTHERS:
            yield from expanded(_inner(command), depth + 1)


def _inner(command: Command) -> list[Command]:
    name, words = command.program, command.words
    if name in SHELLS or name == "su":
        at = next((i for i, word in enumerate(words) if i and _RUN_STRING.fullmatch(word)), 0)
        if not at or at + 1 >= len(words):
            return []
        place = command.ranges[at + 1]
        return [
            one._replace(ranges=[place] * len(one.words), sets=[(key, value, place) for key, value, _ in one.sets])
            for one in Reader(words[at + 1], "\\").read()
        ]
    if words[1:2] in (["-v"], ["-V"]):  # `command -v` only asks where a program is
        return []
    valued, skipped = _WRAPPERS[name]
    at, sets = 1, []
    while at < len(words):
        if words[at].startswith("-"):
            at += 1 + bool(re.fullmatch(valued, words[at]))
        elif ASSIGNMENT.match(words[at]):
            sets.append(setting(words[at], command.ranges[at]))
            at += 1
        elif skipped:
            at, skipped = at + 1, skipped - 1
        else:
            break
    return [Command(words[at:], command.ranges[at:], sets, command.pipe)] if at < len(words) else []
