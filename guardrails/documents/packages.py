"""What package managers are told to do: the packages, which of them have no version, and what stays behind.

One entry of a table per manager, so that rules do not know options: ``apt-get -qqy -t stable install git=1:2.4`` names
the package ``git=1:2.4``, has a version and asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

_NEVER = r"(?!)"
_UNKNOWN = re.compile(r"[$`]")
_MAX_WORD = 500
"""Longer words are no packages."""
_TRUE = frozenset({"1", "on", "yes", "true", "y", "t"})
_PYTHON = re.compile(r"python[\d.]*|py")


class Manager(NamedTuple):
    """A package manager; regular expressions match whole words."""

    name: str
    programs: str
    installs: frozenset[str]
    """Verbs that take packages."""
    fetches: frozenset[str] = frozenset()
    """Further verbs that download something."""
    groups: frozenset[str] = frozenset()
    """Words that may stand before the verb."""
    valued: str = _NEVER
    """Options that take the next word."""
    fixed: str = _NEVER
    """Packages that have a version, or are files."""
    fixing: str = _NEVER
    """Options that give all packages a version."""
    assenting: str = ""
    """Options that answer its questions; empty when it asks none."""
    caches: tuple[str, ...] = ()
    """Folders that it leaves files in; none when it does not matter."""
    cleans: str = _NEVER
    """Commands, as verb and operands, that empty them."""
    cacheless: str = _NEVER
    """Options that make it leave nothing."""
    switch: str = ""
    """The variable that does so for all commands."""
    sparing: frozenset[str] = frozenset()
    """Verbs that leave nothing."""
    bare: str = ""
    """What it does without a verb."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_APT_VERBS = _words("install update upgrade dist-upgrade full-upgrade safe-upgrade build-dep remove purge autoremove")
_RPM: dict[str, Any] = {
    "installs": _words("install in localinstall"),
    "fetches": _words(
        "update up upgrade upgrade-minimal up-min update-minimal reinstall rei downgrade groupinstall swap"
    ),
    "groups": _words("module group"),
    "valued": r"-[cxdeR]|--(?:config|exclude|enablerepo|disablerepo|repo|repoid|setopt|releasever|installroot)",
    "fixed": r"@.*|.*\.rpm|.*/.*|.*[:=<>].*|.+-\d[\w.~^+*]*(?:-\d[\w.~^+*]*)?",
    "assenting": r"-[a-xz]*y[a-z]*|--assumeyes|--assume-yes",
    "caches": ("/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"),
    "cleans": r"clean (?:all|packages)",
}
_FILES = r"(?:\.{0,2}|~|[A-Za-z]:)[/\\].*|\.{1,2}"
_NPM = (
    rf"{_FILES}|.*\.t(?:ar\.)?gz|(?:git|github|gitlab|bitbucket|https?|ssh)[+:@].*#.+|[^@#:/]+/[^@#:/]+#.+"
    r"|@?[^@:/]+(?:/[^@:/]+)?@(?!latest$|next$)[^/]+"
)

MANAGERS = (
    Manager(
        "apt",
        r"apt|apt-get|aptitude",
        _words("install"),
        _APT_VERBS,
        valued=r"-[a-zA-Z]*[cot]|--(?:option|config-file|target-release|default-release|host-architecture|build-profiles)",
        fixed=r".*[=/].*|.*\.deb",
        assenting=r"-[a-xzA-Z]*y[a-zA-Z]*|--yes|--assume-(?:yes|no)|-(?:[a-pr-zA-Z]*q){2}[a-zA-Z]*|-q=[2-9]"
        r"|(?i:.*assume-yes=(?:true|1|yes))",
        caches=("/var/lib/apt/lists",),
        sparing=_APT_VERBS - {"update"},
    ),
    Manager(
        "apk",
        r"apk",
        _words("add"),
        valued=r"-[Xtp]|--(?:repository|virtual|root|keys-dir|repositories-file|wait|cache-dir|cache-max-age|arch|timeout)",
        fixed=r".*[=~<>].*|.*\.apk",
        caches=("/var/cache/apk",),
        cleans=r"cache clean",
        cacheless=r"--no-cache",
    ),
    Manager("yum", r"yum", **_RPM),
    Manager("dnf", r"dnf5?|microdnf|tdnf", **_RPM),
    Manager(
        "zypper",
        r"zypper",
        _words("install in"),
        _words("update up patch dist-upgrade dup source-install si remove rm"),
        valued=r"-[rRtC]|--(?:repo|root|type|from|config|cache-dir|reposd-dir)",
        fixed=r".*[=<>~:].*|.*\.rpm|.*/.*",
        assenting=r"-[a-mo-xzA-Z]*[ny][a-zA-Z]*|--non-interactive|--no-confirm|--auto-agree-with-licenses",
        caches=("/var/cache/zypp",),
        cleans=r"(?:clean|cc)(?: .*)?",
    ),
    Manager(
        "pip",
        r"pip[\d.]*",
        _words("install"),
        _words("wheel download"),
        valued=r"-[rctifebC]|--(?:requirement|constraint|editable|target|platform|python-version|implementation|abi|root|prefix"
        r"|src|index-url|extra-index-url|find-links|trusted-host|build|log|proxy|timeout|retries|cert|client-cert|cache-dir"
        r"|global-option|install-option|config-settings?|no-binary|only-binary|upgrade-strategy|progress-bar|report|python"
        r"|root-user-action|use-feature|use-deprecated|exists-action|keyring-provider|build-option)",
        fixed=r"(?:git|hg|svn|bzr)\+\w+://[^/]+/.*@.+|(?!(?:git|hg|svn|bzr)\+)(?:.*[=<>~].*|.*/.*|.*\.(?:whl|zip|tgz|tar\.\w+)|\.{1,2}(?:\[.*\])?)",
        fixing=r"-c.*|--constraint(?:=.*)?|--require-hashes",
        caches=("/root/.cache/pip",),
        cleans=r"cache purge",
        cacheless=r"--no-cache-dir|--no-cache",
        switch="PIP_NO_CACHE_DIR",
    ),
    Manager(
        "pipx",
        r"pipx",
        _words("install run inject"),
        valued=r"-i|--(?:python|pip-args|index-url|suffix|spec|preinstall|backend)",
        fixed=r"(?:git|hg)\+\w+://[^/]+/.*@.+|(?!(?:git|hg)\+)(?:.*[=<>~].*|.*/.*|.*\.(?:whl|tar\.\w+)|\.{1,2})",
        fixing=r"--spec(?:=.*)?",
    ),
    Manager(
        "uv",
        r"uv",
        _words("install"),
        groups=_words("pip tool"),
        valued=r"-[rcepin]|--(?:requirements?|constraints?|overrides?|editable|python|prefix|target|index|default-index|index-url"
        r"|extra-index-url|find-links|with|index-strategy|link-mode|project|directory)",
        fixed=r"(?:git|hg)\+\w+://[^/]+/.*@.+|(?!(?:git|hg)\+)(?:.*[=<>~@].*|.*/.*|.*\.(?:whl|zip|tar\.\w+)|\.{1,2}(?:\[.*\])?)",
        fixing=r"-c.*|--constraints?(?:=.*)?|--require-hashes",
        caches=("/root/.cache/uv",),
        cleans=r"cache clean.*",
        cacheless=r"--no-cache|-n",
        switch="UV_NO_CACHE",
    ),
    Manager(
        "npm",
        r"npm|pnpm",
        _words("install i in isntall add"),
        valued=r"-[CwF]|--(?:prefix|registry|loglevel|tag|userconfig|globalconfig|cache|workspace|omit|include|filter|dir|only)",
        fixed=_NPM,
    ),
    Manager(
        "yarn",
        r"yarn|yarnpkg",
        _words("add"),
        _words("install upgrade"),
        groups=_words("global"),
        valued=r"--(?:cwd|registry|modules-folder|cache-folder|network-timeout|mutex|prefix)",
        fixed=_NPM,
        caches=("/usr/local/share/.cache/yarn", "/root/.cache/yarn"),
        cleans=r"cache clean.*",
        bare="install",
    ),
    Manager(
        "gem",
        r"gem",
        _words("install i"),
        valued=r"-[viPnsgB]|--(?!no-|user-install|conservative|force|pre|local|remote|both|quiet|silent|verbose|development|"
        r"ignore-dep|minimal|lock|suggestions|wrappers|env-shebang|format-exec|vendor|default|explain|post-install)[a-z-]+",
        fixed=r".+:.+|.*\.gem",
        fixing=r"-v.*|--version(?:=.*)?|-g.*|--file(?:=.*)?",
    ),
    Manager(
        "go",
        r"go",
        _words("install get run"),
        valued=r"--?(?:C|o|p|exec|ldflags|gcflags|asmflags|tags|mod|modfile|overlay|pkgdir|toolexec|buildmode|compiler)",
        fixed=rf"{_FILES}|.*@(?!latest$|upgrade$|patch$|main$|master$|HEAD$|none$).+|[^./@]+(?:/[^@]*)?|.*\.go",
    ),
)
_NOTHING: Mapping[str, str] = {}
_CACHES = [cache for manager in MANAGERS for cache in manager.caches]
_BY_PROGRAM = [(re.compile(manager.programs), manager) for manager in MANAGERS]


def annotate(
    commands: Sequence[dict[str, Any]], mounts: Iterable[str] = (), environment: Mapping[str, str] = _NOTHING
) -> None:
    """Give each command of a package manager its ``packages``.

    ``commands`` run one after the other and leave one layer; ``mounts`` are folders that are not part of it, and
    ``environment`` has the variables that are set.
    """
    emptied = {cache for mount in mounts for cache in _emptied(mount)}
    for command in reversed(commands):
        name, args = command["name"].rpartition("/")[2], command["args"]
        if name in ("rm", "find"):
            emptied.update(cache for arg in args for cache in _emptied(arg))
            continue
        if _PYTHON.fullmatch(name) and "-m" in args[:4]:
            at = args.index("-m") + 1
            name, args = (args[at], args[at + 1 :]) if at < len(args) else ("", [])
        manager = _manager(name)
        packages = manager and _packages(manager, args, emptied, environment)
        if packages:
            command["packages"] = packages


@lru_cache(maxsize=4096)
def _manager(name: str) -> Manager | None:
    return next((manager for pattern, manager in _BY_PROGRAM if pattern.fullmatch(name)), None)


@lru_cache(maxsize=4096)
def _emptied(folder: str) -> tuple[str, ...]:
    """The caches that are empty, as far as it matters, when ``folder`` is."""
    path = re.sub(r"^(?:~|\$HOME|\$\{HOME\})(?=/|$)", "/root", folder).rstrip("/*")
    if not path.startswith("/"):
        return ()
    return tuple(cache for cache in _CACHES if f"{cache}/".startswith(f"{path}/") or path.startswith(f"{cache}/"))


def _packages(
    manager: Manager, args: list[str], emptied: set[str], environment: Mapping[str, str]
) -> dict[str, Any] | None:
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
        judged = names[:1] if verb == "run" else names
        loose = [name for name in judged if _is_loose(manager, name)]
    return {
        "manager": manager.name,
        "verb": verb,
        "names": names,
        "loose": loose,
        "asks": manager.assenting != "" and not _any(manager.assenting, options) and options.count("-q") < 2,
        "leaves": _leaves(manager, verb, options, emptied, environment),
        "options": options,
    }


def _split(manager: Manager, args: list[str]) -> tuple[list[str], list[str]]:
    """The options, each with its value behind it, and the other words."""
    options: list[str] = []
    operands: list[str] = []
    takes = False
    for arg in args:
        if takes:
            options.append(arg)
            takes = False
        elif arg == "--":
            break
        elif arg.startswith("-") and len(arg) > 1:
            options.append(arg)
            takes = re.fullmatch(manager.valued, arg) is not None
        else:
            operands.append(arg)
    return options, operands


def _any(pattern: str, options: list[str]) -> bool:
    return any(re.fullmatch(pattern, option) for option in options)


def _is_loose(manager: Manager, name: str) -> bool:
    return len(name) <= _MAX_WORD and not _UNKNOWN.search(name) and not re.fullmatch(manager.fixed, name)


def _leaves(manager: Manager, verb: str, options: list[str], emptied: set[str], environment: Mapping[str, str]) -> bool:
    if not manager.caches or verb in manager.sparing or _any(manager.cacheless, options):
        return False
    value = environment.get(manager.switch, "")
    return value.lower() not in _TRUE and "$" not in value and emptied.isdisjoint(manager.caches)
