"""Writes files whole or not at all."""

from __future__ import annotations

import os

from guardrails.errors import UsageError


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
