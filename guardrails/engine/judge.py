"""What one file gives: every kind that has rules for it inspects it. Pure but for reading through the snapshot."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from guardrails.checks.base import MAX_SOURCE, File, RuleSet
from guardrails.documents.document import Document, ParseError, Root
from guardrails.engine.marks import Mark, marks
from guardrails.engine.plan import UNPARSABLE, Applied, Plan
from guardrails.errors import RepositoryError, UserError
from guardrails.findings import Fact, Finding, Location, Note, Problem, digest, identified
from guardrails.references import Reference
from guardrails.repository.entry import FILE, SUBMODULE, Entry, Snapshot
from guardrails.tuples import NamedTuple

MAX_SIZE = 20_000_000
"""Content of files larger than this is not judged; the rule ``guardrails/oversized-file`` reports them."""

PackedFacts = tuple[tuple[str, bytes], ...]
"""The facts of a file by check kind; mostly they are only looked at to see that they are the same as before."""


class Judged(NamedTuple):
    """What one file gave."""

    findings: tuple[Finding, ...] = ()
    """In their order, with fingerprints."""
    notes: Sequence[Note] = ()
    marks: Sequence[Mark] = ()
    problems: Sequence[Problem] = ()
    facts: PackedFacts = ()
    """See :func:`unpack`."""
    blob: str = ""
    """Git's id of the content as it was read, where it was."""
    dated: bool = False
    """Whether it may be otherwise on another day."""
    signature: bytes = b""
    """See :meth:`Judge.signature`; given with the blob."""


NOTHING = Judged()


class Judge:
    """Judges the files of a snapshot one by one; picklable.

    With ``facts`` also for the rules that need some of every file; with ``only_facts`` for nothing else: what is wrong
    with such a file is told where it is judged. With ``identify`` it says what content it has read.
    """

    def __init__(
        self,
        plan: Plan,
        snapshot: Snapshot,
        date: str,
        *,
        facts: bool,
        only_facts: bool = False,
        identify: bool = False,
    ) -> None:
        self.plan = plan
        self.snapshot = snapshot
        self.date = date
        self.mode = {"facts": facts, "only_facts": only_facts, "identify": identify}
        self.only_facts = only_facts
        self.identify = identify
        self._uninspected = {
            kind: numbers - plan.conclusions[kind].fact_based
            if only_facts
            else plan.conclusions[kind].change_based | (frozenset() if facts else plan.conclusions[kind].fact_based)
            for kind, numbers in plan.kinds.items()
            if kind in plan.conclusions
        }
        """Rules that need nothing of a file's content in this run: so their kind may not even be imported."""
        self.under = digest([plan.identity.encode(), repr(self.mode).encode()], size=8).encode()
        """A digest of the plan and of what is asked of it."""
        self._marking = "governance" in plan.kinds  # Its rules are about waivers that excuse nothing, too.
        self._formats = Formats(plan)
        self._asked: dict[int, Sequence[tuple[str, RuleSet]]] = {}
        self._signatures: dict[int, bytes] = {}
        self._is_ready = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.plan, self.snapshot, self.date, self.mode, self._is_ready)

    def __call__(self, entry: Entry) -> Judged:
        """Let every kind that has rules for the file inspect it; whatever breaks is in what is returned."""
        if entry.kind == SUBMODULE:
            return NOTHING
        applied = self.plan.applied(entry.path)
        file = File(entry, self._read, self._formats, applied.formats, self.date)
        inspection = _Inspection(self.plan, file)
        try:
            oversized = frozenset().union(*(rules for limit, rules in applied.limits if self._size(entry) > limit))
            for kind, rules in self.asked(applied):
                if wanted := rules - oversized if oversized else rules:
                    inspection.ask(kind, wanted)
        except RepositoryError as error:
            if not self.only_facts:
                inspection.problems.append(Problem(error.message, path=entry.path))
        if entry.kind == FILE and not self.only_facts and (self._marking or file.known or inspection.findings):
            inspection.mark()
        if inspection.is_empty and not self.identify:
            return NOTHING
        judged = Judged(
            facts=tuple(inspection.packed()),
            problems=inspection.problems,
            blob=git_id(file.data) if self.identify and file.known else "",
            dated=file.dated,
            signature=self.signature(entry.path, applied) if self.identify else b"",
        )
        if self.only_facts:
            return judged
        findings = identified(inspection.findings)
        return judged._replace(findings=findings, notes=inspection.notes, marks=inspection.marks)

    def prepare(self) -> None:
        """Let every kind make ready for many files."""
        if self._is_ready:
            return
        self._is_ready = True
        for kind, rules in self.plan.kinds.items():
            with suppress(Exception):  # What is broken breaks when a file is judged, too, which is told.
                asked = rules - self._uninspected.get(kind, frozenset())
                if asked and (prepare := getattr(self.plan.inspector(kind), "prepare", None)):
                    prepare()

    def asked(self, applied: Applied) -> Sequence[tuple[str, RuleSet]]:
        """The rules that have to inspect a file, by kind."""
        known = self._asked.get(id(applied))  # The plan keeps it for as long as it lives.
        if known is None:
            nothing: RuleSet = frozenset()
            wanted = ((kind, rules - self._uninspected.get(kind, nothing)) for kind, rules in applied.rules.items())
            known = self._asked[id(applied)] = [(kind, rules) for kind, rules in wanted if rules]
        return known

    def signature(self, path: str, applied: Applied) -> bytes:
        """A digest of all that decides what a file gives, but for the file itself and the date."""
        known = self._signatures.get(id(applied))
        if known is None:
            known = self._signatures[id(applied)] = self._sign(path, applied)
        return known

    def _sign(self, path: str, applied: Applied) -> bytes:
        digests = self.plan.digests
        parts: list[object] = [sorted(digests[number] for _, rules in self.asked(applied) for number in rules)]
        parts += [(limit, sorted(digests[number] for number in rules)) for limit, rules in applied.limits]
        parts += [sorted(applied.formats), self.plan.stands(UNPARSABLE, path), self._marking, self.only_facts]
        return digest([repr(parts).encode()], size=8).encode()

    def _size(self, entry: Entry) -> int:
        return entry.size if entry.size >= 0 else self.snapshot.size(entry)

    def _read(self, entry: Entry) -> bytes:
        if self._size(entry) > MAX_SIZE:
            raise _TooLargeError
        return self.snapshot.read(entry)


class _TooLargeError(Exception):
    """A rule asked for content that is over MAX_SIZE."""


class _Inspection:
    """What the kinds say of one file."""

    def __init__(self, plan: Plan, file: File) -> None:
        self.plan = plan
        self.file = file
        self.findings: list[Finding] = []
        self.facts: dict[str, list[tuple[str, object]]] = {}
        self.notes: list[Note] = []
        self.marks: list[Mark] = []
        self.problems: list[Problem] = []

    def ask(self, kind: str, rules: RuleSet) -> None:
        """Take what a kind says by some of its rules; raises RepositoryError for a file that cannot be read."""
        try:
            for item in self.plan.inspector(kind).inspect(self.file, rules):
                if isinstance(item, Fact) and item.rule in rules:
                    self.facts.setdefault(kind, []).append((self.plan.ids[item.rule], item.value))
                elif isinstance(item, Finding) and item.rule in self.plan.infos:
                    self.findings.append(item)
                else:
                    raise LookupError(f"it reports a rule that nobody asked for: {item.rule!r}")
        except ParseError as error:
            self._unparsable(error)
        except _TooLargeError:
            self._note(f"over {MAX_SIZE // 10**6} MB: judged by its name and size only")
        except RepositoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and must not pass for it
            self.problems.append(crash(self.plan, kind, error, self.file.path))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return not (self.findings or self.facts or self.notes or self.marks or self.problems)

    def packed(self) -> Iterator[tuple[str, bytes]]:
        """The facts; those that cannot be packed become a problem."""
        for kind, facts in self.facts.items():
            try:
                yield kind, pickle.dumps(facts)
            except Exception as error:  # noqa: BLE001 - as above
                self.problems.append(crash(self.plan, kind, error, self.file.path))

    def mark(self) -> None:
        """Take the inline waivers of the file."""
        try:
            self.marks += marks(self.file)
        except (_TooLargeError, RepositoryError):
            return  # Told already by the rules that wanted to read it.

    def _unparsable(self, error: ParseError) -> None:
        file = self.file
        if _is_template(file, error.line):
            self._note("is a template, not plain data: judged as text only")
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
            self._note("cannot be parsed: judged as text only")

    def _note(self, message: str) -> None:
        if (note := Note(message, self.file.path)) not in self.notes:  # Each kind that needs the file meets the same.
            self.notes.append(note)


def crash(plan: Plan, kind: str, error: Exception, path: str = "") -> Problem:
    """The problem that a kind broke."""
    import traceback  # noqa: PLC0415 - only when something broke

    known = error if isinstance(error, UserError) else plan.registry.kinds[kind].broke("check kind", error)
    return Problem(known.message, path=path, detail="".join(traceback.format_exception(error)))


def git_id(data: bytes) -> str:
    """The id that git gives to content when it is stored as it is."""
    from hashlib import sha1  # noqa: PLC0415 - loads OpenSSL, which small runs do without

    state = sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    state.update(data)
    return state.hexdigest()


def _again(plan: Plan, snapshot: Snapshot, date: str, mode: Mapping[str, bool], is_ready: bool) -> Judge:
    judge = Judge(plan, snapshot, date, **mode)
    if is_ready:
        judge.prepare()
    return judge


def unpack(plan: Plan, path: str, facts: PackedFacts) -> Iterator[tuple[str, Fact]]:
    """The facts of a file and their kinds; rules may have other numbers than in the plan by which they were found."""
    for kind, packed in facts:
        numbers = {plan.ids[number]: number for number in plan.applied(path).rules[kind]}
        for rule, value in pickle.loads(packed):  # noqa: S301 - packed below, and sealed where it is stored
            yield kind, Fact(numbers[rule], path, value)


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
