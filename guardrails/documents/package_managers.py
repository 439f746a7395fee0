"""The package managers that rules about packages know, and how their commands are read."""

from __future__ import annotations

from typing import Any

from guardrails.tuples import NamedTuple

_NEVER = r"(?!)"


class Manager(NamedTuple):
    """A package manager; regular expressions match whole words."""

    name: str
    programs: frozenset[str]
    """Without the version that some have at the end of their names."""
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
    compiles: bool = False
    """Whether the words after ``--`` are for the compiler."""


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
    "fixed": r"@.*|.*\.rpm|.*/.*|.*[:=<>].*|.+-\d[\w.~^+*]*(?:-\d[\w.~^+*]*)?|.+-\$.*",
    "assenting": r"-[a-xz]*y[a-z]*|--assumeyes|--assume-yes",
    "caches": ("/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"),
    "cleans": r"clean (?:all|packages)",
}
_FILES = r"(?:\.{0,2}|~|[A-Za-z]:|\$\w+|\$[{(]\w+[)}])[/\\].*|\.{1,2}"
_NPM = (
    rf"{_FILES}|.*\.(?:t(?:ar\.)?gz|tar)|(?:git|github|gitlab|bitbucket|https?|ssh)[+:@].*#.+|[^@#:/]+/[^@#:/]+#.+"
    r"|(?:npm:)?@?[^@:/]+(?:/[^@:/]+)?@(?!latest$|next$)[^/]+"
)

MANAGERS = (
    Manager(
        "apt",
        _words("apt apt-get aptitude"),
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
        _words("apk"),
        _words("add"),
        _words("update upgrade"),
        sparing=_words("update upgrade"),
        valued=r"-[Xtp]|--(?:repository|virtual|root|keys-dir|repositories-file|wait|cache-dir|cache-max-age|arch|timeout)",
        fixed=r".*[=~<>].*|.*\.apk",
        caches=("/var/cache/apk",),
        cleans=r"cache clean",
        cacheless=r"--no-cache",
    ),
    Manager("yum", _words("yum"), **_RPM),
    Manager("dnf", _words("dnf microdnf tdnf"), **_RPM),
    Manager(
        "zypper",
        _words("zypper"),
        _words("install in"),
        _words("update up patch dist-upgrade dup source-install si remove rm"),
        valued=r"-[rRtC]|--(?:repo|root|type|from|config|cache-dir|reposd-dir)",
        fixed=r".*[=<>:].*|.*\.rpm|.*/.*|.+-\$.*",
        assenting=r"-[a-mo-xzA-Z]*[ny][a-zA-Z]*|--non-interactive|--no-confirm",
        caches=("/var/cache/zypp",),
        cleans=r"(?:clean|cc)(?: .*)?",
        sparing=_words("remove rm"),
    ),
    Manager(
        "pip",
        _words("pip"),
        _words("install"),
        _words("wheel download"),
        valued=r"-[rctifebC]|--(?:requirement|constraint|editable|target|platform|python-version|implementation|abi|root|prefix"
        r"|src|index-url|extra-index-url|find-links|trusted-host|build|log|proxy|timeout|retries|cert|client-cert|cache-dir"
        r"|global-option|install-option|config-settings?|no-binary|only-binary|upgrade-strategy|progress-bar|report|python"
        r"|root-user-action|use-feature|use-deprecated|exists-action|keyring-provider|build-option)",
        fixed=r"(?:git|hg|svn|bzr)\+\w+://[^/]+/.*@.+|(?!(?:git|hg|svn|bzr)\+)(?:.*(?:[=!~]=|[<>]).*|.*/.*|.*\.(?:whl|zip|tgz|tar\.\w+)|\.{1,2}(?:\[.*\])?)",
        fixing=r"-c.*|--constraint(?:=.*)?|--require-hashes",
        caches=("/root/.cache/pip",),
        cleans=r"cache purge",
        cacheless=r"--no-cache-dir|--no-cache",
        switch="PIP_NO_CACHE_DIR",
    ),
    Manager(
        "pipx",
        _words("pipx"),
        _words("install"),
        valued=r"-i|--(?:python|pip-args|index-url|suffix|spec|preinstall|backend)",
        fixed=r"(?:git|hg)\+\w+://[^/]+/.*@.+|(?!(?:git|hg)\+)(?:.*(?:[=!~]=|[<>]).*|.*/.*|.*\.(?:whl|tar\.\w+)|\.{1,2})",
        fixing=r"--spec(?:=.*)?",
    ),
    Manager(
        "uv",
        _words("uv"),
        _words("install"),
        groups=_words("pip tool"),
        valued=r"-[rcepin]|--(?:requirements?|constraints?|overrides?|editable|python|prefix|target|index|default-index|index-url"
        r"|extra-index-url|find-links|with|index-strategy|link-mode|project|directory)",
        fixed=r"(?:git|hg)\+\w+://[^/]+/.*@.+|(?!(?:git|hg)\+)(?:.*(?:[=!~]=|[<>@]).*|.*/.*|.*\.(?:whl|zip|tar\.\w+)|\.{1,2}(?:\[.*\])?)",
        fixing=r"-c.*|--constraints?(?:=.*)?|--require-hashes",
        caches=("/root/.cache/uv",),
        cleans=r"cache clean.*",
        cacheless=r"--no-cache|-n",
        switch="UV_NO_CACHE",
    ),
    Manager(
        "npm",
        _words("npm pnpm"),
        _words("install i in isntall add"),
        valued=r"-[CwF]|--(?:prefix|registry|loglevel|tag|userconfig|globalconfig|cache|workspace|omit|include|filter|dir|only)",
        fixed=_NPM,
    ),
    Manager(
        "yarn",
        _words("yarn yarnpkg"),
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
        _words("gem"),
        _words("install i"),
        valued=r"-[viPnsgB]|--(?!no-|user-install|conservative|force|pre|local|remote|both|quiet|silent|verbose|development|"
        r"clear-sources|ignore-dep|minimal|lock|suggestions|wrappers|env-shebang|format-exec|vendor|default|explain"
        r"|post-install)[a-z-]+",
        fixed=r".+:.+|.*\.gem",
        fixing=r"-v.*|--version(?:=.*)?|-g.*|--file(?:=.*)?",
        compiles=True,
    ),
    Manager(
        "go",
        _words("go"),
        _words("install get run"),
        valued=r"--?(?:C|o|p|exec|ldflags|gcflags|asmflags|tags|mod|modfile|overlay|pkgdir|toolexec|buildmode|compiler"
        r"|installsuffix)",
        fixed=rf"{_FILES}|\.\.\.|.*@(?!latest$|upgrade$|patch$|main$|master$|HEAD$|none$).+|[^./@]+(?:/[^@]*)?|.*\.go",
    ),
)
