"""``guardrails completion``: the completion script of a shell."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("shell", choices=("bash", "zsh"))
    parser.epilog = 'bash: eval "$(guardrails completion bash)" in ~/.bashrc'


def run(args: Namespace) -> int:
    """Print the script."""
    import shtab  # noqa: PLC0415 - no other command needs it

    from guardrails.cli import parser  # noqa: PLC0415 - it imports this module

    sys.stdout.write(shtab.complete(parser(), shell=args.shell) + "\n")
    return 0
