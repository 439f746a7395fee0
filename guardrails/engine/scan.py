"""A plan and a snapshot become findings. Pure but for reading through the snapshot."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from guardrails.checks.base import MAX_SOURCE, File, RuleSet
from guardrails.documents.document import Document, ParseError, Root
from guardrails.engine.marks import SIGN, Mark, marks
from guardrails.engine.plan import UNPARSABLE, Applied, Plan
from guardrails.errors import RepositoryError, UserError
from guardrails.findings import Fact, Finding, Location, Note, Problem, fingerprint
from guardrails.references import Reference
from guardrails.repository.change import Change
from guardrails.repository.entry import FILE, SUBMODULE, Entry, Snapshot

MAX_SIZE = 20_000_000
"""Content of files larger than this is not judged; the rule ``guardrails/oversized-file`` reports them."""


class Scan(NamedTuple):
    """What judging a snapshot gave, before anything is waived."""

    findings: tuple[Finding, ...]
    """Sorted by path, line, column, rule and message; fingerprints filled in."""
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    files: int
    marks: tuple[Mark, ...] = ()
    """Inline waivers in the judged files, sorted by place."""


class _TooLargeError(Exception):
    """A rule asked for content that is over MAX_SIZE."""


def scan(
    plan: Plan,
    snapshot: Snapshot,
    entries: Sequence[Entry],
    *,
    repository_rules: bool,
    complete: bool,
    date: str,
    others: Sequence[Entry] = (),
    change: Change | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Judge ``entries`` on an ISO date; with ``repository_rules`` also what is decided over the whole listing.

    Rules that need facts from every file are judged only when ``entries`` are ``complete``, or are so with the
    ``others``, of which only facts are taken; rules about a change just when there is a ``change``. ``progress`` is
    called with the number of files judged so far.
    """
    run = _Run(plan, snapshot, date, facts=repository_rules and complete)
    for number, entry in enumerate(entries):
        if progress:
            progress(number)
        run.judge(entry)
    run.gather(others)
    run.conclude(repository_rules=repository_rules, complete=complete, change=change)
    return Scan(
        findings=identified(run.findings),
        problems=tuple(run.problems),
        notes=tuple(run.notes),
        files=len(entries),
        marks=tuple(run.marks),
    )


class _Run:
    """What one scan gathers."""

    def __init__(self, plan: Plan, snapshot: Snapshot, date: str, *, facts: bool) -> None:
        self.plan = plan
        self.uninspected = {
            kind: skipped
            for kind, each in plan.conclusions.items()
            if (skipped := each.change_based if facts else each.change_based | each.fact_based)
        }
        """Rules that need nothing of a file's content in this run: so their kind may not even be imported."""
        self.snapshot = snapshot
        self.date = date
        self.marks: list[Mark] = []
        self.marking = "governance" in plan.kinds  # Its rules are about waivers that excuse nothing, too.
        self.formats = Formats(plan)
        self.findings: list[Finding] = []
        self.facts: dict[str, list[Fact]] = {}
        self.problems: list[Problem] = []
        self.notes = [Note(text) for text in snapshot.notes]

    def judge(self, entry: Entry) -> None:
        """Let every kind that has rules for the file inspect it."""
        if entry.kind == SUBMODULE:
            return
        applied = self.plan.applied(entry.path)
        file = self._file(entry)
        oversized = self._oversized(entry, applied)
        found = len(self.findings)
        for kind, applying in applied.rules.items():
            rules = applying - oversized - self.uninspected.get(kind, frozenset())
            try:
                for item in self.plan.inspector(kind).inspect(file, rules) if rules else ():
                    self._take(kind, item)
            except ParseError as error:
                self._unparsable(file, error)
            except _TooLargeError:
                self._note(f"over {MAX_SIZE // 10**6} MB: judged by its name and size only", entry.path)
            except RepositoryError as error:
                self.problems.append(Problem(error.message, path=entry.path))
                break
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and must not pass for it
                self._crash(kind, error, entry.path)
        if entry.kind == FILE and (self.marking or file.known or len(self.findings) > found):
            self._mark(file)

    def _mark(self, file: File) -> None:
        """Take the inline waivers of a file."""
        try:
            if SIGN in file.utf8:
                self.marks += marks(file)
        except (_TooLargeError, RepositoryError):
            return  # Told already by the rules that wanted to read it.

    def gather(self, entries: Iterable[Entry]) -> None:
        """Take the facts of files that are not judged."""
        needed = {kind: each.fact_based for kind, each in self.plan.conclusions.items() if each.fact_based}
        for entry in entries if needed else ():
            applied = self.plan.applied(entry.path).rules
            asked = {kind: rules & needed[kind] for kind, rules in applied.items() if kind in needed}
            if entry.kind == SUBMODULE or not any(asked.values()):
                continue
            file = self._file(entry)
            for kind, rules in asked.items():
                try:
                    facts = [item for item in self.plan.inspector(kind).inspect(file, rules) if isinstance(item, Fact)]
                    self.facts.setdefault(kind, []).extend(facts)
                except (ParseError, _TooLargeError, RepositoryError):
                    continue  # It is told where the file is judged.
                except Exception as error:  # noqa: BLE001 - as above
                    self._crash(kind, error, entry.path)

    def _file(self, entry: Entry) -> File:
        return File(entry, self._read, self.formats, self.plan.applied(entry.path).formats, self.date)

    def _take(self, kind: str, item: Finding | Fact) -> None:
        if isinstance(item, Fact):
            self.facts.setdefault(kind, []).append(item)
        elif item.rule in self.plan.infos:
            self.findings.append(item)
        else:
            raise LookupError(f"it reports a rule that nobody asked for: {item.rule!r}")

    def conclude(self, *, repository_rules: bool, complete: bool, change: Change | None) -> None:
        """Let every kind decide what takes more than one file."""
        listing = _Listing(self.plan, self.snapshot, self.date, change)
        for kind, (rules, fact_based, change_based) in self.plan.conclusions.items():
            try:
                asked = (rules - change_based if repository_rules else frozenset()) | (
                    change_based if change else frozenset()
                )
                if not complete:
                    asked -= fact_based
                if asked:
                    for item in self.plan.inspector(kind).conclude(self.facts.get(kind, ()), listing, asked):
                        if item.rule not in self.plan.infos or self.plan.stands(item.rule, item.location.path):
                            self._take(kind, item)
            except RepositoryError:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                self._crash(kind, error)

    def _oversized(self, entry: Entry, applied: Applied) -> RuleSet:
        """The rules that do not want a file of this size."""
        return frozenset().union(*(rules for limit, rules in applied.limits if self._size(entry) > limit))

    def _size(self, entry: Entry) -> int:
        return entry.size if entry.size >= 0 else self.snapshot.size(entry)

    def _read(self, entry: Entry) -> bytes:
        if self._size(entry) > MAX_SIZE:
            raise _TooLargeError
        return self.snapshot.read(entry)

    def _unparsable(self, file: File, error: ParseError) -> None:
        if _is_template(file, error.line):
            self._note("is a template, not plain data: judged as text only", file.path)
        elif self.plan.stands(UNPARSABLE, file.path):
            lines = file.lines if not file.binary else []
            source = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
            self.findings.append(
                Finding(
                    UNPARSABLE,
                    Location(file.path, error.line, error.column),
                    f"cannot be parsed: {error.message}",
                    evidence=error.message,
                    source=source[:MAX_SOURCE],
                )
            )
        else:
            # The same words for all such files, so that reports can put them on one line.
            self._note("cannot be parsed: judged as text only", file.path)

    def _note(self, message: str, path: str) -> None:
        if (note := Note(message, path)) not in self.notes[-3:]:  # Each kind that needs the file meets the same.
            self.notes.append(note)

    def _crash(self, kind: str, error: Exception, path: str = "") -> None:
        import traceback  # noqa: PLC0415 - only when something broke

        known = error if isinstance(error, UserError) else self.plan.registry.kinds[kind].broke("check kind", error)
        self.problems.append(Problem(known.message, path=path, detail="".join(traceback.format_exception(error))))


class Formats(dict[str, "_Guarded"]):
    """Formats by name, each imported when a file first needs it."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.references = plan.registry.formats

    def __missing__(self, name: str) -> _Guarded:
        form = self[name] = _Guarded(self.references[name])
        return form


class _Guarded:
    """A format or dialect whose crashes name the plugin that it came with."""

    def __init__(self, reference: Reference) -> None:
        self._form: Any = reference.load()
        self._reference = reference
        self.name: str = self._form.name
        self.paths: tuple[str, ...] = self._form.paths
        self.bases: tuple[str, ...] = getattr(self._form, "bases", ())

    def parse(self, text: str) -> Document:
        """Parse the text of a file; raises ParseError, or PluginError for a crash."""
        parsed: Document = self._call(self._form.parse, text)
        return parsed

    def roots(self, document: Document) -> Iterable[Root]:
        """The trees of the document that are of this dialect; raises PluginError for a crash."""
        found: list[Root] = self._call(list, self._call(self._form.roots, document))
        return found

    def _call(self, function: Callable[..., Any], *arguments: object) -> Any:
        try:
            return function(*arguments)
        except ParseError:
            raise
        except Exception as error:
            raise self._reference.broke("format", error) from error


class _Listing:
    """The repository as conclusions see it."""

    def __init__(self, plan: Plan, snapshot: Snapshot, date: str, change: Change | None) -> None:
        self.plan = plan
        self.snapshot = snapshot
        self.date = date
        self.change = change
        self.rules = frozenset().union(*(each.rules for each in plan.conclusions.values()))

    @property
    def entries(self) -> Sequence[Entry]:
        """All paths; listed when a rule first asks."""
        return self.snapshot.entries()

    @cached_property
    def _matches(self) -> Mapping[int, Sequence[Entry]]:
        matches: dict[int, list[Entry]] = {}
        for entry in self.entries:
            for rules in self.plan.applied(entry.path).rules.values():
                for rule in rules & self.rules:
                    matches.setdefault(rule, []).append(entry)
        return matches

    def matched(self, rule: int) -> Sequence[Entry]:
        """The paths that the rule's ``match`` selects."""
        return self._matches.get(rule, ())


_TEMPLATE_PATH = re.compile(r"(^|/)templates/|\{\{|\.(j2|jinja2?|tmpl|tpl|gotmpl|erb|ejs|mustache|hbs)(\.|$)")
_TEMPLATE_TEXT = re.compile(r"(?<!\$)\{\{|\{%|<%")


def _is_template(file: File, line: int) -> bool:
    """Whether a file that does not parse at ``line`` is the source of one that does: Helm, Jinja, cookiecutter, ERB.

    A mark of a template elsewhere in the file excuses nothing: it may stand in a comment.
    """
    if file.binary:
        return False
    if _TEMPLATE_PATH.search(file.path) and _TEMPLATE_TEXT.search(file.text):
        return True
    around = file.lines[max(line - 2, 0) : line]
    return any(_TEMPLATE_TEXT.search(text.partition("#")[0]) for text in around)


def order(finding: Finding) -> tuple[Location, str, str]:
    """What findings are sorted by."""
    return finding.location, finding.rule, finding.message


def identified(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, each once, with fingerprints."""
    unique = sorted(dict.fromkeys(findings), key=order)
    seen: dict[tuple[str, str, str], int] = {}
    identified = []
    for item in unique:
        key = (item.rule, item.location.path, " ".join(item.evidence.split()))
        occurrence = seen.get(key, 0)
        seen[key] = occurrence + 1
        # Reports and look-ups hold few distinct ids many times.
        rule = sys.intern(item.rule)
        identified.append(item._replace(rule=rule, fingerprint=fingerprint(*key, occurrence)))
    return tuple(identified)
