"""Waivers as people write them: in one file of the repository, or in a comment before what they are about.

The file is ``.guardrails/waivers.yaml``::

    waivers:
      - rule: container-images/pin-base-image     # a rule, a policy, or a glob of rules
        paths: [docker/legacy.Dockerfile]         # gitignore globs; or fingerprint: 3f2a…; or both
        reason: The vendor publishes no tags
        owner: team-shop
        approver: "@sec-lead"
        ticket: SHOP-12
        created: 2026-01-10
        expires: 2026-03-31                       # the last day on which it counts

A comment says ``guardrails: waive RULE until=DATE reason="…"``, with owner, approver, ticket and created likewise;
so does the annotation ``guardrails/waive`` of a Kubernetes resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from guardrails.documents.document import ParseError, Root, Span
from guardrails.engine.marks import Mark
from guardrails.findings import Location
from guardrails.policy.terms import WAIVERS
from guardrails.tuples import NamedTuple

FIELDS = ("reason", "owner", "approver", "ticket", "created", "expires")


class Waiver(NamedTuple):
    """An exception that somebody asks for; whether it counts is decided by :mod:`guardrails.governance.standing`."""

    selector: str
    """A rule, a policy, or a glob of rules."""
    place: Location
    """Where it is written."""
    paths: tuple[str, ...] = ()
    """Gitignore globs; of an inline waiver, none."""
    fingerprint: str = ""
    reason: str = ""
    owner: str = ""
    approver: str = ""
    ticket: str = ""
    created: str = ""
    """ISO dates, as written; they may be none."""
    expires: str = ""
    mark: Mark | None = None
    """The comment or annotation of an inline waiver."""

    def field(self, name: str) -> str:
        """The value of one of ``FIELDS``."""
        value: str = getattr(self, name)
        return value

    @property
    def subject(self) -> tuple[str, frozenset[str], str]:
        """What it is about; two waivers with the same subject in the same place are one too many."""
        return self.selector, frozenset(self.paths), self.fingerprint


class Flaw(NamedTuple):
    """Something that is not written as a waiver has to be."""

    place: Location
    message: str
    evidence: str


def parse(data: bytes) -> tuple[tuple[Waiver, ...], tuple[Flaw, ...]]:
    """The waivers of the file, and what in it is none; never raises."""
    from guardrails.documents.yaml import STRICT  # noqa: PLC0415 - only repositories with waivers need it

    try:
        roots = STRICT.parse(data.decode("utf-8-sig", "replace")).roots
    except ParseError as error:
        return (), (
            Flaw(Location(WAIVERS, error.line, error.column), f"cannot be read: {error.message}", error.message),
        )
    waivers: list[Waiver] = []
    flaws: list[Flaw] = []
    for root in roots:
        for item in _items(root, flaws):
            waiver = _waiver(item, flaws)
            if waiver:
                waivers.append(waiver)
    return tuple(waivers), tuple(flaws)


def inline(marks: Iterable[Mark]) -> tuple[tuple[Waiver, ...], tuple[Flaw, ...]]:
    """The inline waivers, and what is none; never raises."""
    waivers: list[Waiver] = []
    flaws: list[Flaw] = []
    for mark in marks:
        place = Location(mark.path, mark.line)
        try:
            waivers += _from_mark(mark, place)
        except ValueError as error:
            flaws.append(Flaw(place, f"no waiver: {error}", mark.text))
    return tuple(waivers), tuple(flaws)


_PAIR = re.compile(r'\s*(?:([\w-]+)=)?("(?:[^"\\]|\\.)*"|[^\s"]+)')
_ALIAS = {"until": "expires"}


def _from_mark(mark: Mark, place: Location) -> Iterator[Waiver]:
    """A waiver for each rule that a comment or annotation names; raises ValueError."""
    if not mark.first:
        raise ValueError("write it on a line of its own, before what it is about")
    selectors: list[str] = []
    fields: dict[str, Any] = {}
    position = 0
    while position < len(mark.text):
        match = _PAIR.match(mark.text, position)
        if not match:
            raise ValueError(f'cannot read {mark.text[position:].strip()[:40]!r}; write RULE until=DATE reason="…"')
        position = match.end()
        name: str | None = match[1]
        value = re.sub(r"\\(.)", r"\1", match[2][1:-1]) if match[2][0] == '"' else match[2]
        name = _ALIAS.get(name, name) if name else None
        if name is None and not fields:
            selectors += [part for part in value.split(",") if part]
        elif name not in FIELDS:
            raise ValueError(f"'{name or value}' is not one of {', '.join(('until', *FIELDS[:-1]))}")
        elif name in fields:
            raise ValueError(f"'{name}' stands twice")
        else:
            fields[name] = value
    if not selectors:
        raise ValueError('it names no rule; write RULE until=DATE reason="…"')
    for selector in selectors:
        yield Waiver(selector, place, mark=mark)._replace(**fields)


def _items(root: Root, flaws: list[Flaw]) -> Iterator[Root]:
    """The items of the list ``waivers``."""
    value = root.value
    if not isinstance(value, dict) or not isinstance(value.get("waivers"), list | None):
        flaws.append(_flaw(root, (), "the file is a mapping with a list of `waivers`"))
        return
    flaws += (
        _flaw(root, (key,), f"'{key}' has no meaning here; the file has a list of `waivers`", key=True)
        for key in value
        if key != "waivers"
    )
    for number in range(len(value.get("waivers") or ())):
        yield root.at("waivers", number)


def _waiver(item: Root, flaws: list[Flaw]) -> Waiver | None:
    """The waiver at a node; None, with all that is wrong added to ``flaws``, when it is not written as one."""
    value = item.value
    if not isinstance(value, dict):
        flaws.append(_flaw(item, (), "a waiver is a mapping with rule, paths, reason, owner and expires"))
        return None
    wrong = [*_mistakes(item)]
    flaws += wrong
    if wrong:
        return None
    fields: dict[str, Any] = {name: _text(value.get(name)) for name in FIELDS}
    return Waiver(
        selector=value["rule"],
        place=_location(item.span()),
        paths=tuple(value.get("paths", ())),
        fingerprint=value.get("fingerprint", ""),
    )._replace(**fields)


def _mistakes(item: Root) -> Iterator[Flaw]:
    value: dict[str, Any] = item.value
    known = ("rule", "paths", "fingerprint", *FIELDS)
    for key in value:
        if key not in known:
            yield _flaw(item, (key,), f"a waiver has no '{key}'; it has {', '.join(known)}", key=True)
    if not isinstance(value.get("rule"), str) or not value["rule"]:
        yield _flaw(item, ("rule",), "`rule` names the rule, the policy or the glob of rules that is waived")
    if "paths" not in value and "fingerprint" not in value:
        yield _flaw(item, (), "it says not where: give `paths`, or the `fingerprint` of a finding")
    if "fingerprint" in value and not (isinstance(value["fingerprint"], str) and value["fingerprint"]):
        yield _flaw(item, ("fingerprint",), "`fingerprint` is a text; put it in quotes when it is all digits")
    paths = value.get("paths", ["x"])
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
        yield _flaw(item, ("paths",), "`paths` is a list of globs, as in .gitignore")
    else:
        from guardrails.globs import glob_error  # noqa: PLC0415 - with the rest of reading waivers

        for number, path in enumerate(paths):
            if error := glob_error(path):
                yield _flaw(item, ("paths", number), f"glob {path!r}: {error}")
    for name in FIELDS:
        if isinstance(value.get(name), dict | list):
            yield _flaw(item, (name,), f"`{name}` is a text")


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _flaw(root: Root, path: tuple[str | int, ...], message: str, *, key: bool = False) -> Flaw:
    return Flaw(_location(root.span(path, key=key)), message, message)


def _location(span: Span) -> Location:
    return Location(WAIVERS, span.line, span.column)
