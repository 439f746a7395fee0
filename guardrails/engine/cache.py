"""The user's cache folder: entries are written whole or not at all, and ignored when they are not ours."""

from __future__ import annotations

import os
import sys

from guardrails.findings import digest

_KEEP = 64
"""Entries of a kind that stay; the least recently written go first."""
_DIGEST = 64


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
        _prune(folder, name.partition("-")[0] + "-")
    except OSError:
        return


def _seal(data: bytes) -> bytes:
    return digest([data], size=_DIGEST // 2).encode()


def _prune(folder: str, prefix: str) -> None:
    with os.scandir(folder) as found:
        entries = sorted((-entry.stat().st_mtime, entry.path) for entry in found if entry.name.startswith(prefix))
    for _, path in entries[_KEEP:]:
        os.unlink(path)
