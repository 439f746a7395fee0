"""Writes files whole or not at all."""

from __future__ import annotations

import os

from guardrails.errors import UsageError


def record(root: str, path: str, data: bytes) -> None:
    """Put a file of the repository in place, and its folder if need be; raises UsageError, also for linked folders."""
    full = os.path.join(root, path)
    folder = os.path.dirname(full)
    if os.path.islink(folder) or os.path.islink(full):
        raise UsageError(f"{path} is a link, or lies behind one", hint="put a regular file and folder in its place")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from None
    replace(full, data)


def replace(path: str, data: bytes) -> None:
    """Put a file in the place of another at once; pipes and devices are written to as they are. Raises UsageError."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(data)
            return
        temporary = f"{path}.{os.urandom(4).hex()}.tmp"
        try:
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="choose a place that can be") from None
