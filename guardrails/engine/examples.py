"""Every rule carries its own tests: file trees on which it has to find something, or nothing."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from guardrails.engine.compiler import Decided, compile_plan
from guardrails.engine.plan import Plan, Registry, Setting
from guardrails.engine.scan import Scan, scan
from guardrails.engine.settle import default_parameters
from guardrails.findings import Finding, Location
from guardrails.fixing.drafts import Drafts
from guardrails.fixing.edits import Draft
from guardrails.policy.loading import parse_size
from guardrails.policy.model import Example, Rule
from guardrails.repository.change import ADDED, DELETED, MODIFIED, Change, ChangedFile, Commit
from guardrails.repository.entry import FILE, LINK, Entry
from guardrails.repository.memory import Content, MemorySnapshot
from guardrails.tuples import NamedTuple


class Failure(NamedTuple):
    """An example that does not show what it should."""

    rule: str
    path: str
    line: int
    message: str


Govern = Callable[[Plan, MemorySnapshot, Scan, str, Change | None], Iterable[Finding]]
"""What is found in the waivers and the baseline of a tree, and in what a change does to them, on an ISO date."""


def failures(rules: Iterable[Rule], registry: Registry, govern: Govern) -> Iterator[Failure]:
    """What is wrong with the examples of the rules; raises UserErrors when a rule does not compile."""
    for rule in rules:
        kinds = {example.fails for example in rule.examples}
        for fails, word in ((True, "failing"), (False, "passing")):
            if fails not in kinds:
                yield Failure(rule.id, rule.path, rule.line, f"has no {word} example")
        if rule.fix is not None and not any(example.fixed for example in rule.examples):
            yield Failure(rule.id, rule.path, rule.line, "has a fix, and no failing example says what is 'fixed' by it")
        plans: dict[str, Plan] = {}
        for example in rule.examples:
            parameters = default_parameters(rule) | dict(example.parameters)
            key = repr(parameters)
            if key not in plans:
                setting = Setting(rule.severity, rule.enforcement)
                plans[key] = compile_plan([Decided("", rule, setting, parameters, ())], registry)
            try:
                snapshot = MemorySnapshot(tree(example.tree, seed=rule.id))
            except Exception as error:  # noqa: BLE001 - of base64 and of expressions to sample from
                message = f"cannot be made: {type(error).__name__}: {error}"
            else:
                message = _judge(rule, example, plans[key], snapshot, govern)
                message = message or _mend(rule, example, plans[key], snapshot)
            if message:
                yield Failure(rule.id, rule.path, example.line, message)


def _judge(rule: Rule, example: Example, plan: Plan, snapshot: MemorySnapshot, govern: Govern) -> str:
    """What is wrong with one example, or nothing."""
    change = _change(example, snapshot, seed=rule.id)
    entries = snapshot.entries()
    result = scan(plan, snapshot, entries, repository_rules=True, complete=True, date=example.date, change=change)
    if result.problems:
        return result.problems[0].message
    findings = (*result.findings, *govern(plan, snapshot, result, example.date, change))
    places = [item.location for item in findings if item.rule == rule.id]
    if not example.fails:
        return f"is found at {_list(places)}, but should pass" if places else _unread(result)
    if not places:
        return _unread(result) or "should fail, but nothing is found"
    if example.at and sorted(example.at) != sorted(_name(place, example.at) for place in places):
        return f"should fail at {', '.join(example.at)}, but is found at {_list(places)}"
    return ""


def _mend(rule: Rule, example: Example, plan: Plan, snapshot: MemorySnapshot) -> str:
    """What is wrong with the fix of the rule where an example says what it does, or nothing."""
    if example.fixed is None:
        return ""
    if rule.fix is None:
        return "says what is fixed, but the rule has no fix"
    from guardrails.engine.fixes import Judgement, mend  # noqa: PLC0415 - only few rules have one

    def judge(now: Drafts, paths: Sequence[str] | None) -> Judgement:
        entries = [entry for entry in now.entries() if paths is None or entry.path in paths]
        found = scan(plan, now, entries, repository_rules=True, complete=paths is None, date=example.date)
        return Judgement(plan, found.findings)

    drafts = mend(snapshot, judge, date=example.date, unsafe=True).drafts
    wanted = {path: Draft(data, entry.executable) for path, (entry, data) in tree(example.fixed, seed=rule.id).items()}
    for path in sorted(drafts.keys() | wanted.keys()):
        if drafts.get(path) != wanted.get(path):
            became = f"is {drafts[path].data.decode(errors='replace')!r}" if path in drafts else "stays as it was"
            return f"the fix gives something else: {path} {became}"
    left = judge(Drafts(snapshot, drafts), None).findings
    return f"the fix leaves a finding at {_list(item.location for item in left)}" if left else ""


def _change(example: Example, head: MemorySnapshot, *, seed: str) -> Change | None:
    """The change that an example describes, if it does: one that says nothing of files changes none."""
    if example.before is None and not example.commits and not example.branch:
        return None
    base = head if example.before is None else MemorySnapshot(tree(example.before, seed=seed))
    old, new = ({entry.path: side.read(entry) for entry in side.entries()} for side in (base, head))
    files = [
        ChangedFile(
            path, DELETED if path not in new else MODIFIED if path in old else ADDED, path if path in old else ""
        )
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]
    return Change(base, head, tuple(files), tuple(map(_commit, example.commits)), example.branch)


def _commit(value: Mapping[str, str]) -> Commit:
    name, _, address = value.get("author", "Ann <ann@example.org>").partition("<")
    return Commit("", name.strip(), address.rstrip("> "), value["message"])


def _unread(result: Scan) -> str:
    """An example with a file that could not be judged shows nothing."""
    return f"{result.notes[0].path} {result.notes[0].message}" if result.notes else ""


def _name(place: Location, expected: Iterable[str]) -> str:
    """The place as ``path:line``, or as ``path`` where that is all that is expected of it."""
    return place.path if place.path in expected or not place.line else f"{place.path}:{place.line}"


def _list(places: Iterable[Location]) -> str:
    return ", ".join(f"{place.path}:{place.line}" if place.line else place.path for place in places)


def tree(files: Mapping[str, Any], *, seed: str) -> dict[str, Content]:
    """The files of an example; samples are generated, the same ones for the same seed."""
    contents = {}
    for path, given in files.items():
        value: Mapping[str, Any] = {"text": given} if isinstance(given, str) else given
        data: bytes = value["link"].encode() if "link" in value else _data(value, Random(seed + path))  # noqa: S311
        size = parse_size(value.get("size", len(data)))
        kind = LINK if "link" in value else FILE
        entry = Entry(path, kind, executable=value.get("executable", False), size=max(size, len(data)))
        contents[path] = Content(entry, data.ljust(min(size, 1_000_000), b"\0"))
    return contents


def _data(value: Mapping[str, Any], random: Random) -> bytes:
    if "base64" in value:
        return b64decode(str(value["base64"]), validate=True)
    text: str = value.get("before", "") + value.get("text", "")
    if "sample" in value:
        from guardrails.engine.samples import sample  # noqa: PLC0415 - only few examples have one

        text += sample(value["sample"], random)
    text += value.get("after", "")
    return text.encode()
