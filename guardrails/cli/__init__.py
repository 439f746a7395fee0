"""The command line: one file per command; only this module turns errors into exit codes."""

from __future__ import annotations

import os
import sys

from guardrails import __version__
from guardrails.errors import UserError, UserErrors

TYPE_CHECKING = False  # typing.TYPE_CHECKING would import typing, which --version does without
if TYPE_CHECKING:
    import argparse

COMMANDS = {
    "check": "judge the repository, or some of its files",
    "explain": "say what a rule wants, or which rules apply to a path and why",
    "rules": "list the rules and how they are set here",
    "test": "run the examples of policies",
    "plan": "show what a check would run",
    "schema": "print a JSON Schema: policy, config or report",
    "completion": "print the completion script of a shell",
}

OK, BLOCKED, BROKEN, INTERRUPTED = 0, 1, 2, 130
"""The exit codes: nothing blocks, something blocks, something is wrong with the run, Ctrl-C."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["--version"], ["-V"]):
        sys.stdout.write(f"guardrails {__version__}\n")
        return OK
    debug = "--debug" in arguments
    try:
        args = parser(arguments[0] if arguments else "").parse_args(arguments)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has seen enough; Python would complain about it once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN
    except Exception as error:
        if debug:
            raise
        _explain(error)
        return BROKEN


def parser(only: str = "") -> argparse.ArgumentParser:
    """The argument parser; with the name of a command, only that one is filled in."""
    from argparse import ArgumentParser  # noqa: PLC0415 - --version does without
    from importlib import import_module  # noqa: PLC0415

    top = ArgumentParser(
        prog="guardrails",
        description="Judge a repository by policies. Without settings, the recommended built-in rules run.",
        epilog="exit codes: 0 nothing blocks, 1 something blocks, 2 misuse or a broken run, 130 interrupted",
    )
    top.add_argument("-V", "--version", action="version", version=f"guardrails {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
        if only in {name, "*"}:
            module = import_module(f"guardrails.cli.{name}")
            module.add_arguments(command)
            command.add_argument("--debug", action="store_true", help="show tracebacks")
            command.set_defaults(run=module.run)
    return top


def _explain(error: Exception) -> None:
    errors = error.errors if isinstance(error, UserErrors) else [error]
    for each in errors:
        if isinstance(each, UserError):
            text = f"error: {each}\n" + (f"  hint: {each.hint}\n" if each.hint else "")
        else:
            text = f"error: internal error: {type(each).__name__}: {each}\n  hint: run it again with --debug\n"
        sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
