"""What a change does to waivers: brings them, widens them, lets them last longer, or takes their reasons away."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice

from guardrails.engine.marks import COMMENT
from guardrails.findings import Location
from guardrails.governance.standing import name_of
from guardrails.governance.waivers import Waiver
from guardrails.policy.terms import day, selects
from guardrails.repository.change import Commit
from guardrails.tuples import NamedTuple

ADDED, WIDENED, UNAPPROVED = "change-adds-waiver", "change-widens-waiver", "waiver-unapproved"


class Weakening(NamedTuple):
    """Something that a change makes laxer."""

    state: str
    """The state of the governance policy that it is."""
    place: Location
    message: str
    evidence: str


class Touched(NamedTuple):
    """A waiver that a change brings, or changes for the laxer."""

    waiver: Waiver
    what: tuple[str, ...]
    """What became laxer; empty for a new one."""


def touched(old: Sequence[Waiver], new: Sequence[Waiver], known: Sequence[str]) -> Iterator[Touched]:
    """The waivers in ``new`` that excuse more than those in ``old``; ``known`` are the ids of all rules."""
    left: dict[Waiver, list[int]] = {}
    for number, waiver in enumerate(old):
        left.setdefault(essence(waiver), []).append(number)
    changed: list[Waiver] = []
    for waiver in new:
        if same := left.get(essence(waiver)):
            same.pop()
        else:
            changed.append(waiver)
    like = _Like([old[number] for numbers in left.values() for number in numbers])
    for waiver in changed:
        was = like.take(waiver)
        if was is None:
            yield Touched(waiver, ())
        elif what := tuple(_laxer(was, waiver, known)):
            yield Touched(waiver, what)


class _Like:
    """Waivers that are gone, or were changed into others."""

    def __init__(self, waivers: Sequence[Waiver]) -> None:
        self._waivers = waivers
        self._by_trait: dict[Hashable, dict[int, None]] = {}
        for number, waiver in enumerate(waivers):
            for trait in _traits(waiver):
                self._by_trait.setdefault(trait, {})[number] = None

    def take(self, waiver: Waiver) -> Waiver | None:
        """The one that a waiver was most likely made from, which it then is for no other."""
        candidates: dict[int, None] = {}
        for trait in _traits(waiver):
            candidates.update(islice(self._by_trait.get(trait, {}).items(), _MOST_LIKE))
        number = max(candidates, key=lambda item: _likeness(self._waivers[item], waiver), default=None)
        if number is None:
            return None
        was = self._waivers[number]
        for trait in _traits(was):
            self._by_trait[trait].pop(number, None)
        return was


_MOST_LIKE = 50
"""How many waivers that share a trait are compared; with more, looking would cost the square of their number."""


def _traits(waiver: Waiver) -> Iterator[Hashable]:
    """What two waivers that were one may have in common, the rarer first; a comment is like none in another place."""
    if waiver.mark:
        yield "comment", waiver.mark.path, waiver.selector
        yield "comment", waiver.mark.path
        return
    yield from (("path", path) for path in waiver.paths)
    if waiver.fingerprint:
        yield "fingerprint", waiver.fingerprint
    yield "rule", waiver.selector


def weakenings(items: Iterable[Touched]) -> Iterator[Weakening]:
    """What is to be told of them."""
    for waiver, what in items:
        evidence = " ".join(
            (waiver.selector, *waiver.paths, waiver.fingerprint, waiver.mark.text if waiver.mark else "")
        )
        if what:
            text = f"This change lets the waiver of {waiver.selector} {', '.join(what)}"
            yield Weakening(WIDENED, waiver.place, text, evidence)
        else:
            until = f" until {waiver.expires}" if waiver.expires else ""
            who = f", approved by {waiver.approver}" if waiver.approver else ""
            text = f"This change waives {waiver.selector}{until}{who}: {waiver.reason or 'no reason given'}"
            yield Weakening(ADDED, waiver.place, text, evidence)


def unapproved(waiver: Waiver, commit: Commit, asked: str, signature: str) -> Iterator[Weakening]:
    """What the commit that brought a waiver lacks as evidence of its approval.

    ``asked`` is ``author`` (the author is not the approver), ``trailer`` (and a trailer names the approver) or
    ``signature`` (and the commit has a good one, of which ``signature`` tells). A trailer proves only that somebody
    wrote it, and an author only what somebody set: see docs/governance.md.
    """
    problem = ""
    if not name_of(waiver.approver):
        problem = "" if asked == "author" else "it names no approver"
    elif name_of(waiver.approver) in _names(commit):
        problem = f"its author {commit.author} is the approver as well"
    elif asked == "trailer" and not any(name_of(waiver.approver) in _parts(who) for who in _approvals(commit.message)):
        problem = f"its commit has no trailer `Approved-by: {waiver.approver}`"
    elif asked == "signature" and signature != "good":
        problem = f"its commit has {'no' if signature == 'none' else 'no good'} signature"
    if problem:
        text = f"There is no evidence that the waiver of {waiver.selector} was approved: {problem}"
        yield Weakening(UNAPPROVED, waiver.place, text, f"{waiver.selector} {problem}")


def essence(waiver: Waiver) -> Waiver:
    """The waiver without the place where it stands."""
    mark = waiver.mark and waiver.mark._replace(line=0, first=0, last=0, top=False)
    return waiver._replace(place=Location(waiver.place.path if waiver.mark else ""), mark=mark)


def _likeness(one: Waiver, other: Waiver) -> int:
    """How much two waivers that have a trait in common seem to be one that was changed."""
    about = bool(set(one.paths) & set(other.paths)) or bool(one.fingerprint and one.fingerprint == other.fingerprint)
    alike = about or (one.mark is not None and other.mark is not None and one.mark.about == other.mark.about)
    return 4 * ((one.selector == other.selector) + alike) + sum(
        bool(one.field(name)) and one.field(name) == other.field(name) for name in ("reason", "ticket")
    )


def _laxer(old: Waiver, new: Waiver, known: Sequence[str]) -> Iterator[str]:
    more = [rule for rule in known if selects(new.selector, rule) and not selects(old.selector, rule)]
    if more:
        yield f"excuse {more[0]}{f' and {len(more) - 1} more rules' if len(more) > 1 else ''} too"
    if wider := [path for path in new.paths if path not in old.paths]:
        yield f"be about {', '.join(wider)} too"
    if old.paths and not new.paths:
        yield "be about any path"
    if old.fingerprint and new.fingerprint != old.fingerprint:
        yield "be about more than one finding" if not new.fingerprint else "be about another finding"
    if old.mark and new.mark and new.mark.about != old.mark.about:
        yield f"be about another {'line' if new.mark.form == COMMENT else 'resource'}"
    last, was = day(new.expires), day(old.expires)
    if last is not None and (was is None or last > was):
        yield f"last until {new.expires}" + (f", not {old.expires}" if old.expires else "")
    begins, began = day(new.created), day(old.created)
    if old.created != new.created and old.created and (begins is None or began is None or begins > began):
        yield f"be counted from {new.created or 'today'} on, not from {old.created}"
    if new.approver and name_of(new.approver) != name_of(old.approver):
        yield f"name {new.approver} as its approver" + (f", not {old.approver}" if old.approver else "")
    for name in ("reason", "owner", "approver", "ticket"):
        if old.field(name) and not new.field(name):
            yield f"do without its {name}"


def _approvals(message: str) -> Iterator[str]:
    """The values of the trailers that approve."""
    paragraph = message.rstrip().rpartition("\n\n")[2]
    for line in paragraph.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip().casefold() in {"approved-by", "reviewed-by"}:
            yield value


def _names(commit: Commit) -> set[str]:
    return {name_of(commit.author), *_addresses(commit.email)}


def _parts(who: str) -> set[str]:
    """The names under which ``Name <address>`` may mean somebody."""
    name, _, address = who.partition("<")
    return {name_of(name), *_addresses(address.rstrip("> "))}


def _addresses(address: str) -> set[str]:
    return {name_of(address), name_of(address.partition("@")[0])} - {""}
