"""``guardrails init``: write what a repository needs to start, where it is missing; no existing file is touched."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from errno import EEXIST
from textwrap import indent
from time import strftime

from guardrails import __version__
from guardrails.cli import options, starting
from guardrails.cli.starting import Step
from guardrails.errors import UserError
from guardrails.policy.terms import BASELINE
from guardrails.reporters.terminal import visible
from guardrails.repository import git
from guardrails.repository.entry import FILE, Snapshot

_TEMPORARY = ".tmp-"
"""Comes between the name that a file will have and what makes it one of its own until then."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--ci",
        choices=(*starting.HOSTS, "none"),
        default="",
        help="the CI to write a job for; recognised when left out",
    )
    parser.add_argument(
        "--package",
        default="",
        metavar="REQUIREMENT",
        help="what pip installs in CI, such as git+https://git.example.org/guardrails@v1.0.0; as it was installed here "
        "when left out",
    )
    parser.add_argument("--baseline", action="store_true", help="also accept the findings of today as known debt")
    parser.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    parser.add_argument("--yes", action="store_true", help="ask nothing")


def run(args: Namespace) -> int:
    """Look, propose, and write."""
    with closing(options.work_tree()) as snapshot:
        root, paths = snapshot.root, [entry.path for entry in snapshot.entries()]
        existing = _existing(snapshot, paths)
    ci, package = _job(args, existing, root)
    steps = starting.steps(existing, paths, date=strftime("%Y-%m-%d"), ci=ci, package=package)
    missing = [step for step in steps if step.content and not os.path.lexists(os.path.join(root, step.path))]
    _say(f"{root}: {_summary(paths)}\n")
    for step in steps:
        _say(_told(step, existing.get(step.path, ""), write=step in missing, show=args.dry_run))
    if args.dry_run:
        return 0
    asking = not args.yes and sys.stdin.isatty() and sys.stdout.isatty()
    if missing and asking and not _agreed("write them?", default=True):
        return 0
    write(root, missing)
    if os.path.lexists(os.path.join(root, BASELINE)):
        _say(f"  keep   {BASELINE}\n")
    elif args.baseline or (asking and _agreed("accept the findings of today as known debt?", default=False)):
        _baseline()
    _say(f"{len(missing)} files written; see `guardrails check`, and run `pre-commit install`\n" if missing else "")
    return 0


def write(root: str, steps: Sequence[Step]) -> None:
    """Make the files of all steps, or none of them; raises UserError, also when one of them exists by now."""
    made: list[str] = []
    """Files and folders, in the order that they came to be."""
    try:
        for step, path in [(step, _temporary(root, step, made)) for step in steps]:
            target = os.path.join(root, step.path)
            if os.path.lexists(target):
                raise FileExistsError(EEXIST, "it is there by now", target)
            os.rename(path, target)  # Not a link, which would be stricter: not every disk has them.
            made[made.index(path)] = target
    except BaseException as error:
        _undo(made)
        if isinstance(error, OSError):
            what = os.path.relpath(error.filename, root).partition(_TEMPORARY)[0] if error.filename else root
            hint = "nothing was written; mend that, and run it again"
            raise UserError(f"cannot be written: {error.strerror}", path=what, hint=hint) from None
        raise


def _temporary(root: str, step: Step, made: list[str]) -> str:
    folder = root
    for part in step.path.split("/")[:-1]:
        folder = os.path.join(folder, part)
        if os.path.islink(folder):
            hint = "nothing was written; a link may lead out of the repository: make it a folder"
            raise UserError("is a link", path=os.path.relpath(folder, root), hint=hint)
        if not os.path.isdir(folder):
            os.mkdir(folder)
            made.append(folder)
    path = os.path.join(root, f"{step.path}{_TEMPORARY}{os.urandom(4).hex()}")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o777 if step.executable else 0o666)
    made.append(path)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(step.content)
    return path


def _undo(made: Sequence[str]) -> None:
    for path in reversed(made):
        with suppress(OSError):  # A folder in which somebody has put something meanwhile stays.
            if os.path.isdir(path):
                os.rmdir(path)
            else:
                os.unlink(path)


def _existing(snapshot: Snapshot, paths: Sequence[str]) -> dict[str, str]:
    """The text of the files that say what is set up already."""
    names = ["pyproject.toml", starting.SETTINGS, starting.HOOKS, *starting.CODE_OWNERS, *starting.DRIVERS]
    names += [path for path in paths if path.startswith(starting.WORKFLOWS)]
    entries = [entry for name in names if (entry := snapshot.entry(name))]
    return {
        entry.path: snapshot.read(entry).decode("utf-8", "replace") if entry.kind == FILE else "" for entry in entries
    }


def _job(args: Namespace, existing: Mapping[str, str], root: str) -> tuple[str, str]:
    """The CI to write a job for, or none, and what pip installs there."""
    package = starting.checked(args.package) if args.package else _installed_from()
    if args.ci == "none":
        return "", package
    ci = args.ci or starting.recognised(existing, _remote(root))
    if ci and not package:
        hint = "say it with --package, such as git+https://git.example.org/guardrails@v1.0.0"
        if args.ci:
            raise UserError("this guardrails was installed from a folder, which CI does not have", hint=hint)
        _say(f"no job for {ci}: this guardrails was installed from a folder, which CI does not have; {hint}\n")
        return "", package
    if not ci:
        _say(f"no job: no CI was recognised; name it with --ci, {', '.join(starting.HOSTS)}\n")
    return ci, package


def _installed_from() -> str:
    """What pip was told to install when this program was installed, empty for a folder."""
    import json  # noqa: PLC0415
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415

    name = "repo-guardrails"
    try:
        record = distribution(name).read_text("direct_url.json")  # PEP 610
    except PackageNotFoundError:
        return ""
    origin = json.loads(record) if record else {}
    url = origin.get("url", "")
    if "vcs_info" in origin:
        return f"{origin['vcs_info']['vcs']}+{url}@{origin['vcs_info']['commit_id']}"
    if url.startswith("file:"):
        return ""
    return f"{name} @ {url}" if url else f"{name}=={__version__}"


def _remote(root: str) -> str:
    """Where the repository was cloned from, as git's settings say; empty when it was not."""
    repository = git.discover(root)
    if not repository or not git.program():
        return ""
    return git.call(repository, "config", "--get", "remote.origin.url").output.decode("utf-8", "replace").strip()


def _summary(paths: Sequence[str]) -> str:
    """How many files there are, and of which kinds most."""
    kinds = Counter(os.path.splitext(path)[1] or os.path.basename(path) for path in paths)
    most = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
    return f"{len(paths)} files" + (f" ({most})" if most else "")


def _told(step: Step, text: str, *, write: bool, show: bool) -> str:
    """What becomes of a file."""
    if write:
        return f"  write  {step.path}\n" + (indent(step.content, "         | ", bool) if show else "")
    if step.addition and starting.MARK not in text:
        return f"  add    {step.path} is yours: add this to it\n" + indent(step.addition, "         | ", bool)
    return f"  keep   {step.path}\n"


def _agreed(question: str, *, default: bool) -> bool:
    _say(f"{question} [{'Y/n' if default else 'y/N'}] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    return default if answer == "\n" else answer.strip().lower() in {"y", "yes"}


def _baseline() -> None:
    """Do what ``guardrails baseline create`` does."""
    from guardrails.cli import parser  # noqa: PLC0415 - it imports this module in its turn

    args = parser("baseline").parse_args(["create"])
    args.run(args)


def _say(text: str) -> None:
    sys.stdout.write("".join(f"{visible(line)}\n" for line in text.split("\n"))[:-1])
