"""``guardrails check``: judge a repository and report the verdict."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import closing
from time import monotonic, strftime

from guardrails import __version__
from guardrails.cli import options, planning
from guardrails.cli.progress import progress
from guardrails.engine.scan import scan
from guardrails.errors import UsageError
from guardrails.findings import Note
from guardrails.governance.verdict import Style, Verdict, judge
from guardrails.references import Reference


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="judge only these files and folders")
    options.add_snapshot_options(parser)
    options.add_rule_options(parser)
    parser.add_argument(
        "--as-of", metavar="DATE", default="", help="the verdict of another day, where enforcement changes on dates"
    )
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format",
        default=os.environ.get("GUARDRAILS_FORMAT") or "text",
        metavar="FORMAT",
        help="text, concise, json, sarif, junit, github, gitlab, markdown, or one of a plugin (GUARDRAILS_FORMAT)",
    )
    group.add_argument(
        "--output", action="append", default=[], metavar="FORMAT:PATH", help="also write a report to a file"
    )


def run(args: Namespace) -> int:
    """Judge, report, and return the exit code of the verdict."""
    started = monotonic()
    rules = options.rule_options(args)
    date = _date(args.as_of)
    start = next(iter(args.paths), ".")
    with closing(options.open_snapshot(args, start)) as snapshot:
        selection = options.select_entries(snapshot, args.paths, staged=args.staged)
        seen = snapshot.entries() if selection.repository_rules else selection.entries
        configs = planning.config_files(snapshot, seen)
        plan = planning.obtain(snapshot, rules, configs)
        reporters = [(_reporter(plan.registry.reporters, name), path) for name, path in _outputs(args)]
        step, clear = progress(len(selection.entries))
        try:
            result = scan(
                plan,
                snapshot,
                selection.entries,
                repository_rules=selection.repository_rules,
                complete=selection.complete,
                date=date,
                progress=step,
            )
        finally:
            clear()
        title = snapshot.title
    if args.paths:  # Whoever names a file thinks that it is judged.
        unjudged = [
            Note("no rule judges it", entry.path) for entry in selection.entries if not plan.judging(entry.path)
        ]
        result = result._replace(notes=(*result.notes, *unjudged))
    verdict = judge(
        plan,
        result,
        date=date,
        title=title,
        complete=selection.complete and not (rules.select or rules.ignore),
        seconds=monotonic() - started,
    )
    for reporter, path in reporters:
        _write(reporter, verdict, path, debug=args.debug)
    return verdict.exit_code


def _date(given: str) -> str:
    """The ISO date that is asked for, or today's; raises UsageError."""
    if not given:
        return strftime("%Y-%m-%d")
    from datetime import date  # noqa: PLC0415 - only for another day than today

    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        raise UsageError(f"--as-of {given}: that is not a date", hint="write it as 2026-01-31") from None


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


def _write(reporter: Reference, verdict: Verdict, path: str, *, debug: bool) -> None:
    color = not path and wants_color()
    style = Style(color=color, width=_width(), debug=debug, version=__version__)
    report = reporter.load()
    try:
        data: bytes = report(verdict, style).encode("utf-8", "backslashreplace")
    except Exception as error:
        raise reporter.broke("reporter", error) from error
    if path:
        _replace(path, data)
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


def _replace(path: str, data: bytes) -> None:
    """Write a file whole or not at all; pipes and devices are written to as they are."""
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
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", hint="choose another path for --output"
        ) from None
