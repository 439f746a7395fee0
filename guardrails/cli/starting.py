"""What a repository needs to start: settings, hooks and a job of its CI, as text; pure but for reading templates."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from guardrails.errors import UsageError
from guardrails.tuples import NamedTuple

MARK = "guardrails"
"""A file that has this word has been set up."""
WORKFLOWS = ".github/workflows/"
SETTINGS = ".guardrails.yaml"
HOOKS = ".pre-commit-config.yaml"
CODE_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")

_DOMAINS = {"github": ("github",), "gitlab": ("gitlab",), "azure": ("dev.azure.com", "visualstudio.com")}
_VENDORED = frozenset(
    ("vendor", "third_party", "third-party", "thirdparty", "node_modules", "bower_components", "Pods", "Godeps")
)
"""Folders that by custom hold the code of others."""
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+~@:/=<>!,%?&#\[\]-]*")
"""A requirement that stays what it is within double quotes, of YAML and of a shell."""
_GIT = re.compile(r"git\+(?P<url>[^#]+)@(?P<rev>[^@/#]+)(#.*)?")
_PLACE = "<what pip installs>"


class Step(NamedTuple):
    """A file to be written where there is none, and what to add to the one that there is."""

    path: str
    content: str = ""
    """Empty for one that is not made when it is missing."""
    addition: str = ""
    """Empty where an existing file is fine as it is."""
    executable: bool = False


class _Job(NamedTuple):
    """How a CI comes to run a template of ``ci/``."""

    template: str
    path: str
    driver: str = ""
    """The file that the CI reads, where that is not our own one."""
    head: str = ""
    entry: str = ""


_JOBS = {
    "github": _Job("github.yml", ".github/workflows/guardrails.yml"),
    "gitlab": _Job(
        "gitlab.yml",
        ".gitlab/guardrails.yml",
        driver=".gitlab-ci.yml",
        entry="include:\n  - local: .gitlab/guardrails.yml\n",
    ),
    "azure": _Job(
        "azure-pipelines.yml",
        ".azure/guardrails.yml",
        driver="azure-pipelines.yml",
        head="# Azure Repos judges pull requests when a branch policy asks for this pipeline.\n"
        "trigger: [main, master]\npool:\n  vmImage: ubuntu-24.04\n",
        entry="steps:\n  - template: .azure/guardrails.yml\n",
    ),
    "shell": _Job("check.sh", "ci/guardrails.sh"),
}
HOSTS = tuple(_JOBS)
"""The kinds of CI that there is a template for."""
DRIVERS = {job.driver: host for host, job in _JOBS.items() if job.driver}


def checked(package: str) -> str:
    """What pip is to install, when it can be written into a template; raises UsageError."""
    if not _PACKAGE.fullmatch(package):
        hint = "for example --package git+https://git.example.org/guardrails@v1.0.0"
        raise UsageError(f"--package {package}: that is nothing pip installs", hint=hint)
    return package


def recognised(existing: Mapping[str, str], remote: str) -> str:
    """The CI of the repository, by the files it has, else by where its clone comes from; empty when neither tells."""
    for path in existing:
        if path.startswith(WORKFLOWS):
            return "github"
        if path in DRIVERS:
            return DRIVERS[path]
    domain = re.split(r"[:/]", re.sub(r"^[a-z+]+://", "", remote).rpartition("@")[2])[0].lower()
    return next((host for host, names in _DOMAINS.items() if any(name in domain for name in names)), "")


def steps(existing: Mapping[str, str], paths: Iterable[str], *, date: str, ci: str, package: str) -> list[Step]:
    """What to write, or to add, in a repository that has ``existing`` files (by path) among its ``paths``.

    ``ci`` is one of ``HOSTS`` or empty.
    """
    in_pyproject = SETTINGS not in existing and _has_table(existing.get("pyproject.toml", ""))
    settings = Step("pyproject.toml") if in_pyproject else Step(SETTINGS, _settings(paths, date))
    jobs = _ci(ci, package, existing) if ci else ()
    owners = (Step(path, addition=_OWNED) for path in CODE_OWNERS if path in existing)
    return [settings, _hooks(package), *jobs, *owners]


_OWNED = "/.guardrails.yaml  @who-sets-the-rules\n/.guardrails/      @who-sets-the-rules\n"


def _has_table(text: str) -> bool:
    import tomllib  # noqa: PLC0415 - nothing else here takes it

    try:
        return "guardrails" in tomllib.loads(text)["tool"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):  # Broken, or no table.
        return False


def _settings(paths: Iterable[str], date: str) -> str:
    excluded = "".join(f"  - {glob}\n" for glob in _vendored(paths))
    year, month = int(date[:4]), int(date[5:7])
    warn, block = (f"{year + later // 12}-{later % 12 + 1:02}-01" for later in (month, month + 3))
    return f"""\
# Settings of guardrails. `guardrails rules` lists the rules and how they are set here, `guardrails explain PATH` says
# which of them judge a file, `guardrails schema config` prints what can stand here.

# recommended; strict adds what good teams argue about, all adds opinions
profile: recommended

# Files that are not yours to mend, as globs of gitignore.
{"exclude:" if excluded else "# exclude:"}
{excluded or "#   - vendor/" + chr(10)}
# Policies, rules and globs of rules are set by name. An enforcement is off, audit, warn or block; or one from dates on,
# so that a team knows beforehand when a rule starts to stop its changes.
# rules:
#   required-files/readme: "off"
#   container-images: {{enforcement: {{audit: {date}, warn: {warn}, block: {block}}}}}
"""


def _vendored(paths: Iterable[str]) -> list[str]:
    """A glob for each name of folders that hold the code of others."""
    return sorted({f"{name}/" for path in paths for name in path.split("/")[:-1] if name in _VENDORED})


def _hooks(package: str) -> Step:
    """The hooks from the repository that pip installs from, else those of an installed guardrails."""
    source = _GIT.fullmatch(package)
    if source:
        entry = f"""\
  - repo: {source["url"]}
    rev: {source["rev"]}
    hooks:
      - id: guardrails
      - id: guardrails-commit-message
"""
    else:
        entry = """\
  - repo: local
    hooks:
      - id: guardrails
        name: guardrails (changed files)
        entry: guardrails check
        language: system
        types: [file]
        stages: [pre-commit]
      - id: guardrails-commit-message
        name: guardrails (commit message)
        entry: guardrails check --commit-message
        language: system
        stages: [commit-msg]
"""
    return Step(HOOKS, f"default_install_hook_types: [pre-commit, commit-msg]\nrepos:\n{entry}", entry)


def _ci(ci: str, package: str, existing: Mapping[str, str]) -> Iterator[Step]:
    job = _JOBS[ci]
    drivers = [path for path in existing if path == job.driver or (ci == "github" and path.startswith(WORKFLOWS))]
    if named := next((path for path in drivers if MARK in existing[path]), ""):
        yield Step(named)
        return
    yield Step(job.path, _template(job.template).replace(_PLACE, package), executable=job.path.endswith(".sh"))
    if job.driver:
        yield Step(job.driver, job.head + job.entry, job.entry)


def _template(name: str) -> str:
    """A file of ``ci/``: inside the package in a wheel, beside it in a checkout."""
    above = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(above, "_ci")
    folder = inside if os.path.isdir(inside) else os.path.join(os.path.dirname(above), "ci")
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read()
