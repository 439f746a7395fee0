"""The user's cache folder: entries are written whole or not at all, and ignored when they are not ours."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import suppress

from guardrails.errors import UsageError
from guardrails.findings import digest

_KEEP = 64
"""Entries of a kind that stay; the least recently written go first."""
_MEGABYTES = 200
"""Size of the folder that is kept unless ``GUARDRAILS_CACHE_MB`` says otherwise."""
_ABANDONED = 3600
"""Seconds after which what was not written to its end is taken away."""
_DIGEST = 64
_KINDS = ("plan-", "results-")


def folder() -> str:
    """The cache folder: ``GUARDRAILS_CACHE_DIR``, or the place the platform has for caches; empty for none."""
    chosen = os.environ.get("GUARDRAILS_CACHE_DIR")
    if chosen is not None:
        return os.path.abspath(chosen) if chosen else ""
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        return ""
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Caches", "guardrails")
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache"), "guardrails")


def usable_for(root: str) -> str:
    """The cache folder, or empty when it lies in the repository under judgement, which is never trusted."""
    found = folder()
    real, inside = os.path.realpath(found), os.path.realpath(root)
    return "" if not found or real == inside or real.startswith(inside.rstrip(os.sep) + os.sep) else found


def load(folder: str, name: str) -> bytes | None:
    """The entry, or None when it is not there, damaged, or writable by somebody else."""
    try:
        handle = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return None
        with open(handle, "rb", closefd=False) as file:
            content = file.read()
    except OSError:
        return None
    finally:
        os.close(handle)
    data = content[_DIGEST:]
    return data if _seal(data) == content[:_DIGEST] else None


def store(folder: str, name: str, data: bytes) -> None:
    """Write the entry; a cache that cannot be written to is no error, the next run just compiles again."""
    temporary = os.path.join(folder, f"{name}.{os.urandom(4).hex()}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(handle, "wb") as file:
                file.write(_seal(data) + data)
            os.replace(temporary, os.path.join(folder, name))
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError:
        return
    _prune(folder)


def limit() -> int:
    """Bytes that may stay in the folder; raises UsageError."""
    given = os.environ.get("GUARDRAILS_CACHE_MB") or str(_MEGABYTES)
    if not given.isdecimal():
        raise UsageError(f"GUARDRAILS_CACHE_MB is {given!r}", hint=f"write a number of megabytes, such as {_MEGABYTES}")
    return int(given) * 10**6


def entries(folder: str) -> list[tuple[str, int]]:
    """Name and size of each entry, the least recently written last."""
    found = []
    try:
        with os.scandir(folder) as files:
            for file in files:
                with suppress(OSError):
                    status = file.stat(follow_symlinks=False)
                    if file.name.startswith(_KINDS):
                        found.append((-status.st_mtime, file.name, status.st_size))
    except OSError:
        return []
    return [(name, size) for _, name, size in sorted(found)]


def clear(folder: str) -> None:
    """Take all entries away."""
    for name, _ in entries(folder):
        remove(folder, name)


def remove(folder: str, name: str) -> None:
    """Take an entry away, if it is there."""
    with suppress(OSError):  # Another run was faster.
        os.unlink(os.path.join(folder, name))


def renew(folder: str, name: str) -> None:
    """Count an entry as just written."""
    with suppress(OSError):
        os.utime(os.path.join(folder, name))


def _seal(data: bytes) -> bytes:
    return digest([data], size=_DIGEST // 2).encode()


def _prune(folder: str) -> None:
    room, kept = limit(), Counter[str]()
    for name, size in entries(folder):
        kind = name.partition("-")[0]
        if size > room or kept[kind] == _KEEP or _is_abandoned(folder, name):
            remove(folder, name)
        else:
            room -= size
            kept[kind] += 1


def _is_abandoned(folder: str, name: str) -> bool:
    try:
        return "." in name and os.stat(os.path.join(folder, name)).st_mtime < time.time() - _ABANDONED
    except OSError:
        return False
