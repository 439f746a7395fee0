"""What package managers are told to do: the packages, which of them have no version, and what stays behind.

A table says how each manager is spoken to, so that rules do not know options: ``apt-get -qqy -t stable install git``
names the package ``git``, gives it no version, and asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from guardrails.documents.package_managers import MANAGERS, Manager
from guardrails.documents.patterns import lazy

_VARIABLE = lazy(r"\$(?:(\w+)|\{(\w+)\})")
_BRACES = lazy(r"((?:[^{}]|\$\{\w+\})*)(?<!\$)\{([^{},]*,[^{}]*)\}([^{}]*)")
_MAX_WORD = 500
"""Longer words are no packages, and no folders that anybody lists."""
_MAX_LIST = 4000
"""Longer values are not looked into: a hostile file would use one again and again."""
_TRUE = frozenset({"1", "on", "yes", "true", "y", "t"})
_VERSION = "0123456789."


Lookup = Callable[[str], str | None]
"""What the value of a variable is."""
_LISTED = ("apt", "apk")
"""Those that keep lists of packages, which an own command updates."""
_CACHES = [cache for manager in MANAGERS for cache in manager.caches]
_BY_PROGRAM = {program: manager for manager in MANAGERS for program in manager.programs}


def _nothing(name: str) -> str | None:  # noqa: ARG001
    return None


def annotate(commands: Sequence[dict[str, Any]], mounts: Iterable[str] = (), lookup: Lookup = _nothing) -> None:
    """Give each command of a package manager its ``packages``.

    ``commands`` run one after the other and leave one layer; ``mounts`` are folders that are not part of it.
    """
    emptied = {cache for mount in mounts for cache in _emptied(mount)}
    for command in reversed(commands):
        name, args = command["name"].rpartition("/")[2].rstrip(_VERSION), command["args"]
        if name in ("rm", "find"):
            emptied.update(cache for arg in args for cache in _emptied(arg))
            continue
        if name in ("python", "py") and "-m" in args[:4]:
            at = args.index("-m") + 1
            name, args = (args[at], args[at + 1 :]) if at < len(args) else ("", [])
        manager = _BY_PROGRAM.get(name)
        packages = manager and _packages(manager, args, emptied, lookup)
        if packages:
            command["packages"] = packages
    installing = any(
        one["packages"]["verb"] != "update" if "packages" in one else "/" in one["name"] for one in commands
    )
    for command in commands:
        if "packages" in command:
            packages = command["packages"]
            packages["alone"] = packages["manager"] in _LISTED and packages["verb"] == "update" and not installing


@lru_cache(maxsize=4096)
def _emptied(folder: str) -> tuple[str, ...]:
    """The caches that are empty, as far as it matters, when ``folder`` is."""
    braces = _BRACES.fullmatch(folder) if len(folder) <= _MAX_WORD else None
    if braces:
        return tuple(cache for one in braces[2].split(",") for cache in _emptied(f"{braces[1]}{one}{braces[3]}"))
    path = re.sub(r"^(?:~|\$HOME|\$\{HOME\}|/home/[^/]+)(?=/|$)", "/root", folder).rstrip("/*")
    if not path.startswith("/"):
        return ()
    return tuple(cache for cache in _CACHES if f"{cache}/".startswith(f"{path}/") or path.startswith(f"{cache}/"))


def _packages(manager: Manager, args: list[str], emptied: set[str], lookup: Lookup) -> dict[str, Any] | None:
    """What a command asks of a manager; None when it is about something else."""
    options, operands = _split(manager, args)
    while operands and operands[0] in manager.groups:
        operands = operands[1:]
    verb, names = (operands[0], operands[1:]) if operands else (manager.bare, [])
    if re.fullmatch(manager.cleans, " ".join([verb, *names[:3]])):
        emptied.update(manager.caches)
    if verb not in manager.installs and verb not in manager.fetches:
        return None
    loose: list[str] = []
    if verb in manager.installs and not _any(manager.fixing, options):
        judged = dict.fromkeys(names[:1] if verb == "run" else names)
        loose = [name for word in judged for name in _known(word, lookup) if _is_loose(manager.fixed, name)]
    return {
        "manager": manager.name,
        "verb": verb,
        "names": names,
        "loose": loose,
        "asks": not (verb == "update" and manager.name in _LISTED)
        and manager.assenting != ""
        and not _any(manager.assenting, options)
        and options.count("-q") + options.count("--quiet") < 2,
        "leaves": _leaves(manager, verb, options, emptied, lookup),
        "options": options,
    }


def _split(manager: Manager, args: list[str]) -> tuple[list[str], list[str]]:
    """The options, each with its value behind it, and the other words."""
    options: list[str] = []
    operands: list[str] = []
    takes = False
    for at, arg in enumerate(args):
        if takes:
            options.append(arg)
            takes = False
        elif arg == "--":
            operands += [] if manager.compiles else args[at + 1 :]
            break
        elif arg.startswith("-") and len(arg) > 1:
            options.append(arg)
            takes = re.fullmatch(manager.valued, arg) is not None
        else:
            operands.append(arg)
    return options, operands


def _any(pattern: str, options: list[str]) -> bool:
    return any(re.fullmatch(pattern, option) for option in options)


def _known(word: str, lookup: Lookup) -> list[str]:
    """The packages that a word names, which may be a variable with a list of them."""
    variable = _VARIABLE.fullmatch(word)
    value = (variable and lookup(variable[1] or variable[2])) or word
    if value is word or len(value) > _MAX_LIST or "$(" in value or "`" in value:
        return [word]
    return [part for part in value.split() if not part.startswith("-")]


@lru_cache(maxsize=4096)
def _is_loose(fixed: str, name: str) -> bool:
    return len(name) <= _MAX_WORD and not re.fullmatch(fixed, name)


def _leaves(manager: Manager, verb: str, options: list[str], emptied: set[str], lookup: Lookup) -> bool:
    if not manager.caches or verb in manager.sparing or _any(manager.cacheless, options):
        return False
    value = lookup(manager.switch) or "" if manager.switch else ""
    return value.lower() not in _TRUE and "$" not in value and emptied.isdisjoint(manager.caches)
