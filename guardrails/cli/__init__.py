"""The command line: one file per command; only this module turns errors into exit codes."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from guardrails import __version__
from guardrails.errors import UserError, UserErrors

TYPE_CHECKING = False  # typing.TYPE_CHECKING would import typing, which --version does without
if TYPE_CHECKING:
    import argparse
    from typing import NoReturn

COMMANDS = {
    "check": "judge the repository, or some of its files",
    "init": "write what a repository needs to start: settings, hooks, a job of its CI",
    "explain": "say what a rule wants, or which rules apply to a path and why",
    "waivers": "ask for an exception, and look after those there are",
    "baseline": "write down what stood when a rule was adopted, and let it shrink",
    "rules": "list the rules and how they are set here",
    "test": "run the examples of policies",
    "plan": "show what a check would run",
    "schema": "print a JSON Schema: policy, config, waivers or report",
    "cache": "show what is kept between runs, or clear it",
    "completion": "print the completion script of a shell",
}

OK, BLOCKED, BROKEN, INTERRUPTED = 0, 1, 2, 130
"""The exit codes: nothing blocks, something blocks, something is wrong with the run, Ctrl-C."""


def entry() -> NoReturn:
    """Run as a program: like :func:`main`, and end the process at once with its exit code.

    Taking every module and object apart first, as Python does, costs as much as starting it, and nothing is left to do
    by then: files are closed where they were opened.
    """
    code = main()
    with suppress(OSError, AttributeError):  # Of a stream that was closed, or never there.
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["--version"], ["-V"]):
        sys.stdout.write(f"guardrails {__version__}\n")
        return OK
    if sys.stdout is None:  # Python leaves it out when the stream was closed before we started.
        _explain(UserError("standard output is closed"), debug=False)
        return BROKEN
    gc.set_threshold(50_000, 20, 20)  # starting makes many objects and hardly any garbage
    try:
        command = arguments[0] if arguments else ""
        args = parser(command).parse_args(arguments[command in COMMANDS :])
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
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else f"cannot write: {error.strerror}"
        _explain(UserError(reason), debug="--debug" in arguments)
        return BROKEN
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets a sentence, and an exit code that tells
        _explain(error, debug="--debug" in arguments)
        return BROKEN


def parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of all commands; with the name of one, only its own, which is much faster to make."""
    from argparse import ArgumentParser  # noqa: PLC0415 - --version does without

    if command in COMMANDS:
        alone = ArgumentParser(prog=f"guardrails {command}", formatter_class=_formatter)
        _fill(alone, command)
        return alone
    top = ArgumentParser(
        prog="guardrails",
        description="Judge a repository by policies. Without settings, the recommended built-in rules run.",
        epilog="exit codes: 0 nothing blocks, 1 something blocks, 2 misuse or a broken run, 130 interrupted",
    )
    top.add_argument("-V", "--version", action="version", version=f"guardrails {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        _fill(commands.add_parser(name, help=summary), name)
    return top


def _fill(parser: argparse.ArgumentParser, command: str) -> None:
    from importlib import import_module  # noqa: PLC0415

    from guardrails.findings import capitalized  # noqa: PLC0415

    module = import_module(f"guardrails.cli.{command}")
    parser.description = capitalized(COMMANDS[command]) + "."
    module.add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.set_defaults(run=getattr(module, "run", None))  # Commands below a command say what they run.


def _formatter(prog: str) -> argparse.HelpFormatter:
    """A formatter that knows its width: left to itself it imports shutil, even when no help is shown."""
    from argparse import HelpFormatter  # noqa: PLC0415

    try:
        width = os.get_terminal_size(sys.stdout.fileno()).columns - 2
    except (OSError, ValueError):
        width = 98
    return HelpFormatter(prog, width=width)


def _explain(error: Exception, *, debug: bool) -> None:
    """Say what is wrong, on standard error; names and texts of a repository cannot command the terminal."""
    from guardrails.reporters.terminal import visible  # noqa: PLC0415 - only when something is wrong

    if debug:
        import traceback  # noqa: PLC0415

        sys.stderr.write("".join(traceback.format_exception(error)))
    told: dict[str, int] = {}
    for each in error.errors if isinstance(error, UserErrors) else [error]:
        if isinstance(each, UserError):
            message, hint = str(each), each.hint
            told[each.place] = told.get(each.place, 0) + bool(each.place)
            if told[each.place] > _SAME_PLACE:
                continue
        else:
            message, hint = f"internal error: {type(each).__name__}: {each}", "run it again with --debug"
        sys.stderr.write(f"error: {visible(message)}\n" + (f"  hint: {visible(hint)}\n" if hint else ""))
    for place, count in told.items():
        if count > _SAME_PLACE:
            sys.stderr.write(f"error: {visible(place)}: and {count - _SAME_PLACE} more like these\n")


_SAME_PLACE = 5
"""One slip in a setting for many rules is an error for each of them; more than this many say nothing new."""
