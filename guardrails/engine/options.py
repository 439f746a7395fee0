"""What the command line and the environment say about rules."""

from __future__ import annotations

from guardrails.tuples import NamedTuple


class Options(NamedTuple):
    """Choices that win over every settings file."""

    profile: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    """Files and folders of policies beside those of the packs."""
    history: bool = False
    """Whether only rules that judge past commits too are wanted."""
