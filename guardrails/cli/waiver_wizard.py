"""``guardrails waivers add``: fills in what is known, asks for the rest, and writes only what will count."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta

from guardrails.cli import options, records, waiver_file
from guardrails.cli.history import HistoryRun
from guardrails.cli.judging import Run
from guardrails.engine.plan import Plan
from guardrails.errors import UsageError, UserError, UserErrors
from guardrails.findings import Finding, Location, plural
from guardrails.globs import glob_error, literal
from guardrails.governance.governing import Records
from guardrails.governance.standing import settle
from guardrails.governance.waivers import Waiver
from guardrails.policy.terms import ANY_WAIVER, WAIVERS, Waivable, day, selects
from guardrails.reporters.terminal import visible
from guardrails.repository.entry import Snapshot

USUAL_DAYS = 90
"""How long a waiver lasts when nobody says, in days."""


def add(args: Namespace) -> int:
    """Write a waiver; raises UsageError for what is missing, or would not count."""
    asking = sys.stdin.isatty() and sys.stdout.isatty()
    with closing(Run(options.whole(args), options.today())) as run:
        held = records.read(run.snapshot)
        args.paths = [from_root(run.snapshot, given) for given in args.paths]
        written, _ = held.read(())
        findings = _standing(args, run, held) if _from_finding(args) else ()
        waiver = _about(args, findings, run.plan, asking=asking)
        asked = _asked(run.plan, waiver.selector)
        waiver = _completed(args, waiver, asked, held, asking=asking)
        _check(run.plan, waiver, findings, held)
        waiver_file.append(run.snapshot.root, held.waivers, waiver)
    sys.stdout.write(f"{WAIVERS}:\n{waiver_file.snippet(waiver)}")
    sys.stdout.write(f"{plural(len(written) + 1, 'waiver')}; commit it, and have it reviewed\n")
    return 0


def _from_finding(args: Namespace) -> bool:
    """Whether the waiver is made from what is found: nothing is named, or a line, a fingerprint or the past is."""
    named = args.fingerprint or any(_line(path)[1] for path in args.paths)
    return not args.rule or bool(named) or args.history is not None


def _standing(args: Namespace, run: Run, held: Records) -> Sequence[Finding]:
    """What is found and not waived: now, or in past commits."""
    if args.history is None:
        return held.settle(run.plan, run.scan, options.today()).stands
    with closing(HistoryRun(options.whole(args), options.today())) as past:
        return held.settle(past.plan, past.scan, options.today()).stands


def _about(args: Namespace, findings: Sequence[Finding], plan: Plan, *, asking: bool) -> Waiver:
    """The waiver with its rule and place; raises UsageError."""
    place = Location(WAIVERS)
    if not args.rule:
        finding = _by_fingerprint(args, findings) if args.fingerprint else _chosen(findings, asking=asking)
        # In a file that is still there, only the fingerprint tells what is gone from what may come.
        about = args.fingerprint if args.history is None else finding.fingerprint
        return Waiver(finding.rule, place, paths=(literal(finding.location.path),), fingerprint=about)
    meant = plan.meant(args.rule)
    if not meant:
        raise UsageError(f"no rule or policy is named '{args.rule}'", hint="`guardrails rules --off` lists them")
    if all(rule.startswith("governance/") for rule in meant):
        raise UsageError("what is said of waivers cannot be waived", hint="mend the waiver, or narrow it")
    lines = [(path, line) for path, line in map(_line, args.paths) if line]
    if lines and (len(args.paths) > 1 or args.fingerprint):
        raise UsageError("PATH:LINE names one finding, alone", hint="give several paths, or one line of one path")
    if lines:
        finding = _at(args.rule, *lines[0], findings)
        return Waiver(finding.rule, place, paths=(literal(finding.location.path),), fingerprint=finding.fingerprint)
    if not args.paths and not args.fingerprint:
        raise UsageError("say what the waiver is about", hint=f"guardrails waivers add {args.rule} PATH")
    if args.fingerprint:
        _by_fingerprint(args, findings)
    return Waiver(args.rule, place, paths=tuple(args.paths), fingerprint=args.fingerprint)


def from_root(snapshot: Snapshot, given: str) -> str:
    """What was given, as a glob or PATH:LINE from the root; a path that is there means itself, not others so named."""
    path, line = _line(given)
    # PATH:LINE is no glob, and in history the file may be gone.
    inside = options.relative(snapshot, path) if line or os.path.lexists(path) else ""
    if not inside:
        return given
    return f"{inside}:{line}" if line else literal(inside) + ("/" if os.path.isdir(path) else "")


def _line(given: str) -> tuple[str, int]:
    path, colon, line = given.rpartition(":")
    return (path, int(line)) if colon and line.isdecimal() else (given, 0)


def _by_fingerprint(args: Namespace, findings: Sequence[Finding]) -> Finding:
    found = [finding for finding in findings if finding.fingerprint == args.fingerprint]
    if not found:
        hint = "`guardrails check --format json` has the fingerprints; add --history for one of past commits"
        raise UsageError(f"no finding has the fingerprint {args.fingerprint}", hint=hint)
    return found[0]


def _at(selector: str, path: str, line: int, findings: Sequence[Finding]) -> Finding:
    for finding in findings:
        if finding.location[:2] == (path, line) and selects(selector, finding.rule):
            return finding
    raise UsageError(f"{selector} finds nothing at {path}:{line} that is not waived", hint="see `guardrails check`")


def _chosen(findings: Sequence[Finding], *, asking: bool) -> Finding:
    """The finding that somebody chooses on the terminal."""
    if not asking:
        raise UsageError("say what the waiver is about", hint="guardrails waivers add RULE PATH --reason … --owner …")
    if not findings:
        raise UsageError("nothing is found that could be waived")
    for number, finding in enumerate(findings, 1):
        path, line, *_ = finding.location
        sys.stdout.write(visible(f"{number:4} {path}:{line or ''} {finding.rule}: {finding.message}") + "\n")
    while True:
        answer = _ask("which finding (number)", "")
        if answer.isdecimal() and 0 < int(answer) <= len(findings):
            return findings[int(answer) - 1]


def _asked(plan: Plan, selector: str) -> Waivable:
    """What the rules that are meant ask of a waiver, all together."""
    asked = [plan.infos[rule].waivable for rule in plan.infos if selects(selector, rule)] or [ANY_WAIVER]
    if len(asked) == 1:
        return asked[0]
    days = [each.max_days for each in asked if each.max_days]
    require = tuple(dict.fromkeys(name for each in asked for name in each.require))
    return ANY_WAIVER._replace(max_days=min(days, default=0), require=require)


def _completed(args: Namespace, waiver: Waiver, asked: Waivable, held: Records, *, asking: bool) -> Waiver:
    """The waiver with all its fields; raises UserErrors with all that are missing."""
    today = date.today()
    last = today + timedelta(days=min(asked.max_days or USUAL_DAYS, USUAL_DAYS))
    owner = next((name for path in waiver.paths for name in held.owners(path)), "")
    usual = {"owner": owner, "expires": last.isoformat()}
    fields: dict[str, str] = {"created": today.isoformat()}
    missing: list[UserError] = []
    for name in ("reason", "owner", "approver", "ticket", "expires"):
        wanted = name in {"reason", "owner", "expires", *asked.require} or (
            name == "approver" and bool(asked.approvers)
        )
        value = getattr(args, name) or (usual.get(name, "") if not asking else "")
        while asking and wanted and not value:
            value = _ask(name, usual.get(name, "")) or usual.get(name, "")
        if wanted and not value:
            missing.append(UsageError(f"the waiver needs --{name}", hint=_HINTS[name]))
        fields[name] = value
    if missing:
        raise UserErrors(missing)
    if day(fields["expires"]) is None:
        raise UsageError(f"--expires {fields['expires']}: that is not a date", hint="write it as 2026-01-31")
    return waiver._replace(
        reason=fields["reason"],
        owner=fields["owner"],
        approver=fields["approver"],
        ticket=fields["ticket"],
        created=fields["created"],
        expires=fields["expires"],
    )


_HINTS = {
    "reason": "say what stands in the way, and what will be different on the day it expires",
    "owner": "a team or person who will still be there on that day",
    "approver": "who agreed to it",
    "ticket": "where the work on it is planned",
    "expires": "its last day, as 2026-01-31",
}


def _ask(name: str, usual: str) -> str:
    sys.stdout.write(f"{name}{f' [{visible(usual)}]' if usual else ''}: ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise KeyboardInterrupt
    return answer.strip()


def _check(plan: Plan, waiver: Waiver, findings: Sequence[Finding], held: Records) -> None:
    """Raise UserErrors where the waiver would not count."""
    if wrong := [(path, error) for path in waiver.paths if (error := glob_error(path))]:
        hint = "paths are globs as in .gitignore, from the top of the repository"
        raise UserErrors(UsageError(f"{path}: {error}", hint=hint) for path, error in wrong)
    (case,) = settle(plan, findings, [waiver], options.today(), held.owners).cases
    if case.expired:
        raise UsageError(f"the waiver would not count: it {case.expired}")
    refusals = [refusal for found in case.refusals.values() for refusal in found]
    if refusals:
        raise UserErrors(UsageError(f"the waiver would not count: {refusal.message}") for refusal in refusals)
