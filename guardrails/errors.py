"""Errors that are the user's to mend: each says where it is, what is wrong and what to write instead."""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING would import typing, which --version does without
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class UserError(Exception):
    """A mistake in the input of a run; it ends the run with exit code 2 and no traceback.

    ``line`` and ``column`` count from 1; 0 means unknown.
    """

    def __init__(self, message: str, *, path: str = "", line: int = 0, column: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions with keyword arguments do not survive pickling on their own.
        return _rebuild, (type(self), self.message, self.path, self.line, self.column, self.hint)

    @property
    def place(self) -> str:
        """``file:line:column`` as far as it is known."""
        parts = [self.path] + [str(number) for number in (self.line, self.column) if number]
        return ":".join(parts) if self.path else ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


def _rebuild(kind: type[UserError], message: str, path: str, line: int, column: int, hint: str) -> UserError:
    return kind(message, path=path, line=line, column=column, hint=hint)


class UsageError(UserError):
    """The command line asks for something that cannot be done."""


class PolicyError(UserError):
    """A policy file, or a rule in it, is not valid."""


class ConfigError(UserError):
    """The repository's settings are not valid."""


class RepositoryError(UserError):
    """The repository cannot be read as asked."""


class PluginError(UserError):
    """An installed plugin cannot be loaded, or broke while it ran."""


class UserErrors(Exception):
    """Several user errors found in one go, so that they can be mended in one round."""

    def __init__(self, errors: Iterable[UserError]) -> None:
        unique = {(error.path, error.line, error.column, error.message): error for error in errors}
        self.errors = [unique[key] for key in sorted(unique)]
        super().__init__("; ".join(map(str, self.errors)))

    def __reduce__(self) -> tuple[Any, ...]:
        return UserErrors, (self.errors,)
