"""The hooks of a plugin package, registered under the entry point group ``guardrails``.

Each hook maps names to references of the form ``package.module:ATTRIBUTE``. Only references cross the hook, so
that a plugin costs nothing until something it provides is used. The built-ins come through the same hooks.
"""

from __future__ import annotations

from collections.abc import Mapping

import pluggy

GROUP = "guardrails"
hookspec = pluggy.HookspecMarker(GROUP)


@hookspec
def guardrails_check_kinds() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Check kinds by name; each reference leads to a :class:`guardrails.checks.base.CheckKind`."""


@hookspec
def guardrails_formats() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Formats and dialects by name; each reference leads to a Format or Dialect of ``documents.document``."""


@hookspec
def guardrails_reporters() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Reporters by name; each reference leads to a function ``(Verdict, Style) -> str``."""


@hookspec
def guardrails_packs() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Packs by name; each value is ``package.module:folder``, a folder of policies inside a package."""
