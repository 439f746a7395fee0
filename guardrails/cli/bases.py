"""What a change starts from, where that is for the surroundings to say: ``--since auto`` in hooks and in CI.

What CI names is taken at its word: when it is not in the clone, the run has to fail, not to judge something smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guardrails.errors import UsageError

AUTO = "auto"
DEFAULTS = ("origin/HEAD", "origin/main", "origin/master")
"""Where the default branch of the remote may be; the first that exists is taken."""

_BASES = (
    "PRE_COMMIT_FROM_REF",
    "GITHUB_BASE_REF",
    "GITHUB_EVENT_PATH",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CI_COMMIT_BEFORE_SHA",
    "BITBUCKET_PR_DESTINATION_COMMIT",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
)
"""Variables that name a base, in the order they are asked; those of branches are the remote's."""
_OF_BRANCHES = ("_BASE_REF", "_BRANCH_NAME", "_BRANCH", "TARGETBRANCH")
_BRANCHES = (
    "GITHUB_HEAD_REF",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_BRANCH",
    "BITBUCKET_BRANCH",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "GITHUB_REF",
    "BUILD_SOURCEBRANCH",
)
"""Variables that name the branch that is judged. The last two may name something else, by another full ref."""


def resolve(given: str, environ: Mapping[str, str], exists: Callable[[str], bool]) -> str:
    """The ref that is meant by what was given; ``exists`` tells whether a ref is in the clone. Raises UsageError."""
    if given != AUTO:
        return given
    for name in _BASES:
        if ref := _named(name, environ):
            return ref
    default = environ.get("CI_DEFAULT_BRANCH")
    candidates = ((f"origin/{default}",) if default else ()) + DEFAULTS
    for ref in candidates:
        if exists(ref):
            return ref
    looked = f"none of {', '.join(_BASES)} names one, and none of {', '.join(candidates)} is in this clone"
    raise UsageError(f"--since auto found no base: {looked}", hint="name the base, as in --since origin/main")


def head(given: str, environ: Mapping[str, str]) -> str | None:
    """The ref to judge, where it is not what is checked out: a hook that runs before a push gets one."""
    return environ.get("PRE_COMMIT_TO_REF") or None if given == AUTO and environ.get("PRE_COMMIT_FROM_REF") else None


def branch(environ: Mapping[str, str]) -> str:
    """The branch that CI says it judges; for CI checks out commits, not branches. Empty when it says none."""
    for name in _BRANCHES:
        value = environ.get(name, "")
        if value and (not value.startswith("refs/") or value.startswith("refs/heads/")):
            return value.removeprefix("refs/heads/")
    return ""


def _named(name: str, environ: Mapping[str, str]) -> str:
    """The ref that a variable names; empty when it is not set, or stands for a branch that is new."""
    value = environ.get(name, "")
    if value and name == "GITHUB_EVENT_PATH":
        value = _of_event(value)
    if not value.strip("0"):
        return ""
    return f"origin/{value.removeprefix('refs/heads/')}" if name.endswith(_OF_BRANCHES) else value


def _of_event(path: str) -> str:
    """What GitHub says was there before a push, or what a merge queue builds on; empty for other events."""
    import json  # noqa: PLC0415 - only in GitHub Actions

    try:
        with open(path, "rb") as file:
            event = json.load(file)
    except OSError as error:
        raise _broken(path, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _broken(path, f"is not JSON: {error}") from None
    if not isinstance(event, dict):
        raise _broken(path, "is not a JSON object")
    before = _text(path, event, "before")
    if before.strip("0"):
        return before
    if before:
        default = _text(path, _object(path, event, "repository"), "default_branch")
        return f"origin/{default}" if default else ""
    return _text(path, _object(path, event, "merge_group"), "base_sha")


def _text(path: str, event: Mapping[str, Any], key: str) -> str:
    value = event.get(key) or ""
    if not isinstance(value, str):
        raise _broken(path, f"has a {key} that is not a text")
    return value


def _object(path: str, event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = event.get(key) or {}
    if not isinstance(value, dict):
        raise _broken(path, f"has a {key} that is not an object")
    return value


def _broken(path: str, message: str) -> UsageError:
    hint = "it is the file that GITHUB_EVENT_PATH names; name the base, as in --since origin/main"
    return UsageError(f"the event file {message}", path=path, hint=hint)
