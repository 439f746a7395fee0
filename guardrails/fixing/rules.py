"""What a rule says about mending its findings, and the repairs that this makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from guardrails.checks.base import File, Inspector
from guardrails.findings import Finding
from guardrails.fixing import storage
from guardrails.fixing.edits import Edit, Repair
from guardrails.matching import Regex
from guardrails.tuples import NamedTuple


class Fix(NamedTuple):
    """The ``fix`` of a rule, with parameters put in."""

    kind: str
    """The check kind of the rule."""
    block: Mapping[str, Any]
    """Its check."""
    wanted: Any
    """True, or a mapping as the schema of policies says."""

    @property
    def safe(self) -> bool:
        """Whether it may be applied without being asked for by name."""
        return self.wanted is True or bool(self.wanted.get("safe", True))


def mistakes(fix: Fix) -> Iterator[tuple[str, str]]:
    """What the schema cannot say of a fix that is wrong, and what to write instead."""
    written = sorted(_fields(fix))
    able = _ABLE.get(fix.kind, ())
    if not set(able) & set(written):
        can = f"a rule of this kind may have: {' or '.join(able)}" if able else "leave it out"
        yield f"rules of the kind '{fix.kind}' cannot be mended by fix: {', '.join(written)}", can
    elif fix.wanted is True and not storage.mends(fix.block):
        yield "this check knows no fix", f"those that do: {', '.join(storage.TESTS)}"
    for pattern, replacement in _fields(fix).get("rewrite", {}).items():
        try:
            known = ["\\", *map(str, range(1, Regex(pattern).compile().groups + 1))]
            for escape in _ESCAPE.findall(replacement):
                if escape not in known:
                    hint = f"what may follow on \\ here: {' '.join(known)}"
                    yield f"\\{escape} is no group of the pattern {pattern!r} of the fix", hint
        except ValueError as reason:
            yield (
                f"RE2 does not take the pattern {pattern!r} of the fix: {reason}",
                "see https://github.com/google/re2/wiki/Syntax",
            )


_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


def _fields(fix: Fix) -> Mapping[str, Any]:
    return {"true": True} if fix.wanted is True else fix.wanted


_ABLE: Mapping[str, tuple[str, ...]] = {
    "path": ("true",),
    "text": ("rewrite",),
    "document": ("set", "replace", "remove", "rewrite"),
}


def repairs(fix: Fix, number: int, inspector: Inspector, file: File) -> Iterator[Repair]:
    """How each finding of the rule with this number in a file is mended, where it can be."""
    makers: Mapping[str, Callable[..., Iterator[Repair]]] = {"path": _stored, "text": _texts, "document": _nodes}
    return makers[fix.kind](fix, number, inspector, file)


def _findings(number: int, inspector: Inspector, file: File) -> Iterable[Finding]:
    return (item for item in inspector.inspect(file, frozenset((number,))) if isinstance(item, Finding))


def _stored(fix: Fix, number: int, inspector: Inspector, file: File) -> Iterator[Repair]:
    for finding in _findings(number, inspector, file):
        if repair := storage.repair(fix.block, finding, file):
            yield repair


def _texts(fix: Fix, number: int, inspector: Inspector, file: File) -> Iterator[Repair]:
    from guardrails.fixing.source import Text  # noqa: PLC0415 - storage does without

    text = Text(file.text)
    for finding in _findings(number, inspector, file):
        _, line, column, end_line, end_column = finding.location
        start, end = text.offset(line, column), text.offset(end_line, end_column)
        old = text.text[start:end]
        new = rewritten(fix.wanted["rewrite"], old)
        if new != old:
            yield Repair(finding, (Edit(start, end, new),))


def rewritten(patterns: Mapping[str, str], text: str) -> str:
    r"""The text with every match of each pattern replaced; ``\1`` stands for a group."""
    for pattern, replacement in patterns.items():
        text = Regex(pattern).compile().sub(replacement.encode(), text.encode()).decode()
    return text


def _nodes(fix: Fix, number: int, inspector: Any, file: File) -> Iterator[Repair]:
    from guardrails.fixing.nodes import Nodes  # noqa: PLC0415 - few rules are about nodes

    nodes = None
    for finding, root, node, place in inspector.found(file, frozenset((number,))):
        nodes = nodes or Nodes(file)
        match fix.wanted:
            case {"set": wanted}:
                meant = nodes.set(root, node, wanted, fix.wanted.get("before", ""))
            case {"replace": value}:
                meant = nodes.replace(root, place, value)
            case {"rewrite": patterns}:
                meant = nodes.rewrite(root, place, partial(rewritten, patterns))
            case _:
                meant = nodes.remove(root, place)
        if meant and meant[0]:
            edits, changes = meant
            yield Repair(finding, tuple(sorted(edits, key=lambda edit: edit[:2])), tuple(changes))
