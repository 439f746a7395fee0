"""Arguments that several commands share, and what they stand for."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from functools import partial
from time import strftime
from typing import Any

from guardrails.engine.options import Options
from guardrails.errors import UsageError, UserError, UserErrors
from guardrails.findings import capitalized
from guardrails.policy.terms import PROFILES, day
from guardrails.repository import snapshot as snapshots
from guardrails.repository.change import Change
from guardrails.repository.entry import Entry, Snapshot
from guardrails.tuples import NamedTuple


class Selection(NamedTuple):
    """Which entries of a snapshot are judged."""

    entries: Sequence[Entry]
    complete: bool
    """Whether they are all of the snapshot."""
    repository_rules: bool
    """Whether rules over the whole listing are judged too."""
    others: Sequence[Entry] = ()
    """The rest of the snapshot, where rules over all of it need its facts."""


def add_rule_options(parser: ArgumentParser) -> None:
    """Options that say which rules run."""
    group = parser.add_argument_group("rules")
    group.add_argument(
        "--profile",
        choices=PROFILES,
        default=os.environ.get("GUARDRAILS_PROFILE", ""),
        help="which of the rules run; wins over the settings (GUARDRAILS_PROFILE)",
    )
    group.add_argument(
        "--select", action="append", default=[], metavar="RULE", help="run only these rules or policies; globs work"
    )
    group.add_argument("--ignore", action="append", default=[], metavar="RULE", help="leave these out")
    group.add_argument(
        "--policies", action="append", default=[], metavar="PATH", help="add a policy file or a folder of them"
    )


def add_command(commands: Any, name: str, run: Callable[[Namespace], int], summary: str, more: str = "") -> Any:
    """The parser of a command below another; ``run`` does what it says."""
    command = commands.add_parser(name, help=summary, description=more or capitalized(summary) + ".")
    command.add_argument("--debug", action="store_true", help="show tracebacks")
    command.set_defaults(run=run)
    return command


def rule_options(args: Namespace) -> Options:
    """What the arguments say about rules; raises UsageError."""
    if args.profile and args.profile not in PROFILES:
        raise UsageError(f"no profile is named '{args.profile}' (GUARDRAILS_PROFILE)", hint=", ".join(PROFILES))
    for option in ("select", "ignore", "policies"):
        for value in getattr(args, option):
            _given(f"--{option}", value)
    return Options(
        profile=args.profile,
        select=tuple(split(args.select)),
        ignore=tuple(split(args.ignore)),
        policies=tuple(os.path.abspath(path) for path in args.policies),
    )


def _given(option: str, value: str) -> str:
    """The value, which must not be empty: an unset variable in a script would change what is asked for in silence."""
    if not value:
        raise UsageError(f"{option} is empty", hint="leave it out, or say what is meant; is a variable not set?")
    return value


def split(values: Sequence[str]) -> list[str]:
    """The values of an option that may be given several times, or with commas."""
    return [part for value in values for part in value.split(",") if part]


def add_snapshot_options(parser: ArgumentParser) -> None:
    """Options that say what is judged."""
    group = parser.add_argument_group("what is judged")
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--staged", action="store_true", help="the staged content of the files that differ from HEAD, from the index"
    )
    which.add_argument("--ref", metavar="REF", help="a commit, without checking it out")


def add_effort_options(parser: ArgumentParser) -> None:
    """Options that change how long a run takes, and nothing else."""
    group = parser.add_argument_group("effort")
    group.add_argument(
        "--jobs",
        type=_jobs,
        default=os.environ.get("GUARDRAILS_JOBS") or 0,
        metavar="N",
        help="processes that may judge at the same time; 0, the default, for what there is (GUARDRAILS_JOBS)",
    )
    group.add_argument(
        "--no-cache", dest="cache", action="store_false", help="judge every file, whatever is known from earlier runs"
    )


def _jobs(given: str) -> int:
    if not given.isdecimal():
        raise UsageError(f"--jobs {given}: that is no number (GUARDRAILS_JOBS)", hint="0 takes what there is")
    return int(given)


def add_change_options(parser: ArgumentParser) -> None:
    """Options that say which change is judged."""
    group = parser.add_argument_group("changes")
    group.add_argument(
        "--since",
        metavar="REF",
        default=os.environ.get("GUARDRAILS_SINCE") or None,
        help="judge what changed since the merge base with REF; 'auto' asks the CI system (GUARDRAILS_SINCE)",
    )
    group.add_argument("--new-only", action="store_true", help="with --since: only what the change is answerable for")
    group.add_argument(
        "--judge-with",
        choices=("head", "base"),
        default="head",
        help="with --since: whose policies, settings and waivers count",
    )
    group.add_argument(
        "--commit-message",
        metavar="FILE",
        help="judge the commit that is about to be made, as hooks of git are asked to",
    )


def add_history_option(parser: ArgumentParser) -> None:
    """The option to look at past commits."""
    group = parser.add_argument_group("history")
    group.add_argument(
        "--history",
        nargs="?",
        const="HEAD",
        metavar="RANGE",
        help="look at what past commits added, by the rules that declare it, as those about secrets do; all commits "
        "that lead to HEAD, or a RANGE as git rev-list has it: main..HEAD, v1.0.., or --history=--all for all branches "
        "and tags. A PATH stands in front of it",
    )


def history_range(args: Namespace) -> str:
    """The range of commits that is asked for; raises UsageError for what makes no sense along with it."""
    unset: dict[str, object] = dict.fromkeys(("staged", "new_only", "fix", "unsafe_fixes", "diff"), False)
    unset |= {"ref": None, "judge_with": "head", "commit_message": None}
    unset["since"] = os.environ.get("GUARDRAILS_SINCE") or None  # It is about the runs that ask for nothing else.
    if meant := [name for name, value in unset.items() if getattr(args, name, None) not in {None, value}]:
        others = ", ".join(f"--{name.replace('_', '-')}" for name in meant)
        hint = "it judges all that the commits of its range added: main..HEAD are those of a branch"
        raise UsageError(f"--history cannot be combined with {others}", hint=hint)
    return _given("--history", args.history)


def history_paths(args: Namespace, snapshot: Snapshot) -> list[str]:
    """The paths to which a run over history is narrowed, be they still there or not; raises UsageError."""
    return [relative(snapshot, _given("PATH", path)) for path in args.paths]


def change(args: Namespace, snapshot: Snapshot) -> Change | None:
    """The change that the arguments ask for, or None; raises UsageError and RepositoryError."""
    for option in ("new_only", "judge_with"):
        if args.since is None and getattr(args, option) not in {False, "head"}:
            hint = "add --since REF, or --since auto in CI"
            raise UsageError(f"--{option.replace('_', '-')} is about a change, and none is named", hint=hint)
    if args.commit_message is not None:
        return _pending(args, snapshot)
    if args.since is None:
        return None
    from guardrails.cli import bases  # noqa: PLC0415 - only runs about a change
    from guardrails.repository import changes  # noqa: PLC0415

    ref = bases.resolve(_given("--since", args.since), os.environ, partial(changes.exists, snapshot.root))
    found = changes.since(snapshot.root, ref, snapshot)
    return found._replace(branch=found.branch or bases.branch(os.environ))


def _pending(args: Namespace, snapshot: Snapshot) -> Change:
    """The commit that is about to be made."""
    from guardrails.cli import bases  # noqa: PLC0415 - only in the commit-msg stage
    from guardrails.repository import changes  # noqa: PLC0415

    try:
        with open(_given("--commit-message", args.commit_message), encoding="utf-8", errors="replace") as file:
            message = file.read()
    except OSError as error:
        raise UsageError(f"{args.commit_message} cannot be read: {error.strerror}") from None
    try:
        ref = bases.resolve(args.since or bases.AUTO, os.environ, partial(changes.exists, snapshot.root))
    except UsageError:
        ref = ""  # Without a remote, all there is to judge is this commit.
    return changes.pending(snapshot.root, snapshot, message, ref)


def open_snapshot(args: Namespace, path: str = ".") -> Snapshot:
    """The snapshot the arguments ask for, of the repository around here or, when it is elsewhere, around ``path``."""
    root = snapshots.find_root(".")
    if os.path.relpath(os.path.abspath(path), root).partition(os.sep)[0] == os.pardir:
        root = snapshots.find_root(path)
    if getattr(args, "commit_message", None) is not None:
        return snapshots.index(root)
    if args.ref is not None:
        return snapshots.commit(root, _given("--ref", args.ref))
    if getattr(args, "since", None) is not None and not args.staged:
        from guardrails.cli import bases  # noqa: PLC0415 - only runs about a change

        if pushed := bases.head(args.since, os.environ):
            return snapshots.commit(root, pushed)
    if args.staged:
        return snapshots.index(root)
    return snapshots.work_tree(root)


def work_tree(start: str = ".") -> Snapshot:
    """The work tree around ``start``."""
    return snapshots.work_tree(snapshots.find_root(start))


def select_changed(named: Selection, snapshot: Snapshot, change: Change) -> Selection:
    """Of the entries that are named, those that a change touched."""
    touched = change.by_path
    entries = [entry for entry in named.entries if entry.path in touched]
    others = [entry for entry in snapshot.entries() if entry.path not in touched] if named.repository_rules else ()
    return Selection(entries, complete=False, repository_rules=named.repository_rules, others=others)


def select_entries(snapshot: Snapshot, paths: Sequence[str], *, staged: bool) -> Selection:
    """The entries that the paths name; all without any. Raises UserErrors for paths that are not there."""
    if not paths:
        if staged:
            return Selection(snapshot.changed(), complete=False, repository_rules=True)
        return Selection(snapshot.entries(), complete=True, repository_rules=True)
    found: dict[str, Entry] = {}
    whole = False
    errors: list[UserError] = []
    for given in paths:
        try:
            path = relative(snapshot, _given("PATH", given))
        except UsageError as error:
            errors.append(error)
            continue
        entry = snapshot.entry(path) if path else None
        below = [entry] if entry else snapshot.below(path)
        whole = whole or not path
        if path and not below:
            hint = "paths are relative to the current folder"
            errors.append(UsageError(f"{given}: no such file or folder in the {snapshot.title}", hint=hint))
        found.update({item.path: item for item in below})
    if errors:
        raise UserErrors(errors)
    judged = found.keys() & {entry.path for entry in snapshot.changed()} if staged else found.keys()
    entries = [found[path] for path in sorted(judged, key=os.fsencode)]
    return Selection(entries, complete=whole and not staged, repository_rules=whole)


def relative(snapshot: Snapshot, path: str) -> str:
    """A path as the snapshot names it, empty for its root; raises UsageError for one outside."""
    # The last part stays as it is: a link is judged as a link, wherever it points.
    absolute = os.path.abspath(path)
    real = os.path.join(os.path.realpath(os.path.dirname(absolute)), os.path.basename(absolute))
    root = os.path.realpath(snapshot.root)
    inside = os.path.relpath(root if os.path.realpath(absolute) == root else real, root)
    if inside == ".." or inside.startswith("../"):
        raise UsageError(f"{path} is outside the repository {snapshot.root}", hint="run it in the other repository")
    return "" if inside == "." else inside


def whole(args: Namespace) -> Namespace:
    """The arguments of a check of the whole work tree by the rules that ``args`` ask for."""
    asked = {name: getattr(args, name) for name in ("profile", "select", "ignore", "policies")}
    changes = {"since": None, "new_only": False, "judge_with": "head", "commit_message": None}
    history = getattr(args, "history", None)
    return Namespace(paths=[], staged=False, ref=None, history=history, jobs=0, cache=True, **changes, **asked)


def today() -> str:
    """The ISO date of today."""
    return strftime("%Y-%m-%d")


def date(given: str) -> str:
    """The ISO date that is asked for, or today's; raises UsageError."""
    if not given:
        return today()
    if day(given) is None:
        raise UsageError(f"--as-of {given}: that is not a date", hint="write it as 2026-01-31")
    return given
