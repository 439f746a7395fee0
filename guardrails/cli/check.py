"""``guardrails check``: judge a repository and report the verdict."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from guardrails import __version__
from guardrails.cli import options
from guardrails.cli.judging import Run
from guardrails.cli.writing import replace
from guardrails.errors import UsageError
from guardrails.governance.verdict import Style, Verdict
from guardrails.references import Reference

if TYPE_CHECKING:
    from guardrails.cli.history import HistoryRun


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="judge only these files and folders")
    options.add_snapshot_options(parser)
    options.add_change_options(parser)
    options.add_history_option(parser)
    options.add_rule_options(parser)
    options.add_effort_options(parser)
    parser.add_argument(
        "--as-of", metavar="DATE", default="", help="the verdict of another day, where enforcement changes on dates"
    )
    group = parser.add_argument_group("fixes")
    group.add_argument("--fix", action="store_true", help="mend in the work tree what can be mended without a decision")
    group.add_argument("--unsafe-fixes", action="store_true", help="as --fix, also where it may change what is done")
    group.add_argument("--diff", action="store_true", help="only show what --fix, or --unsafe-fixes, would change")
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format",
        default=os.environ.get("GUARDRAILS_FORMAT") or "text",
        metavar="FORMAT",
        help="text, concise, json, sarif, junit, github, gitlab, markdown, or one of a plugin (GUARDRAILS_FORMAT)",
    )
    group.add_argument(
        "--excused", action="store_true", help="also show what is waived or in the baseline, in SARIF as suppressed"
    )
    group.add_argument(
        "--output", action="append", default=[], metavar="FORMAT:PATH", help="also write a report to a file"
    )


def run(args: Namespace) -> int:
    """Judge, report, and return the exit code of the verdict."""
    date = options.date(args.as_of)
    with closing(_opened(args, date)) as run:
        reporters = [(_reporter(run.plan.registry.reporters, name), path) for name, path in _outputs(args)]
        if args.fix or args.unsafe_fixes or args.diff:
            from guardrails.cli import fixing  # noqa: PLC0415 - few runs change anything

            if args.diff:
                return fixing.show(args, date, run.snapshot)
            verdict = fixing.verdict(args, date, run.snapshot)
        else:
            verdict = run.verdict()
    for reporter, path in reporters:
        _write(reporter, verdict, path, args)
    return verdict.exit_code


def _opened(args: Namespace, date: str) -> Run | HistoryRun:
    if args.history is None:
        return Run(args, date)
    from guardrails.cli.history import HistoryRun  # noqa: PLC0415 - few runs look back

    return HistoryRun(args, date)


def _outputs(args: Namespace) -> list[tuple[str, str]]:
    """Format and path of each report; the empty path is standard output. Raises UsageError."""
    outputs = [(args.format, "")]
    for given in args.output:
        name, colon, path = given.partition(":")
        if not (name and colon and path):
            raise UsageError(f"--output {given}: write it as FORMAT:PATH", hint="for example --output sarif:out.sarif")
        if path == "-":
            raise UsageError(f"--output {given}: standard output is where --format goes", hint=f"--format {name}")
        outputs.append((name, path))
    paths = [os.path.realpath(path) for _, path in outputs if path]
    if twice := next((path for path in paths if paths.count(path) > 1), ""):
        raise UsageError(f"two reports are to be written to {twice}", hint="give each --output a path of its own")
    return outputs


def _reporter(reporters: Mapping[str, Reference], name: str) -> Reference:
    if name not in reporters:
        raise UsageError(f"no format is named '{name}'", hint=f"formats: {', '.join(reporters)}")
    return reporters[name]


def _write(reporter: Reference, verdict: Verdict, path: str, args: Namespace) -> None:
    color = not path and wants_color()
    style = Style(color=color, width=_width(), debug=args.debug, excused=args.excused, version=__version__)
    report = reporter.load()
    try:
        data: bytes = report(verdict, style).encode("utf-8", "backslashreplace")
    except Exception as error:
        raise reporter.broke("reporter", error) from error
    if path:
        replace(path, data)
    else:
        # A terminal gets what it can show; whatever else reads us is owed UTF-8, as JSON is.
        if sys.stdout.isatty():
            data = data.decode().encode(sys.stdout.encoding, "backslashreplace")
        sys.stdout.buffer.write(data)


def wants_color() -> bool:
    """Whether standard output is to be coloured: NO_COLOR and FORCE_COLOR win over what it is."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 100
