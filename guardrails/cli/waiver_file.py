"""Edits ``.guardrails/waivers.yaml`` without touching what else stands there, and checks what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from guardrails.cli.writing import record
from guardrails.documents.yaml_scalars import resolve
from guardrails.errors import UsageError
from guardrails.governance.waivers import FIELDS, Waiver, parse
from guardrails.policy.terms import WAIVERS

_HEAD = "# Exceptions that were agreed on; `guardrails waivers add` writes them.\nwaivers:\n"
_PLAIN = re.compile(r"[A-Za-z_./][\w./-]*(?: [\w./(][\w.,/()-]*)*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "~"}


def snippet(waiver: Waiver) -> str:
    """The waiver as it stands in the file."""
    lines = [f"rule: {_scalar(waiver.selector)}"]
    if waiver.paths:
        lines.append(f"paths: [{', '.join(map(_scalar, waiver.paths))}]")
    if waiver.fingerprint:
        lines.append(f"fingerprint: {json.dumps(waiver.fingerprint)}")
    lines += [f"{name}: {_scalar(waiver.field(name))}" for name in FIELDS if waiver.field(name)]
    return "  - " + "\n    ".join(lines) + "\n"


def append(root: str, data: bytes | None, waiver: Waiver) -> None:
    """Add a waiver at the end of the file; raises UsageError where the file is not written as we write it."""
    text = _HEAD if data is None else data.decode("utf-8", "surrogateescape")
    text = re.sub(r"(?m)^waivers:[ \t]*(?:\[\]|null|~)[ \t]*$", "waivers:", text)
    text += "" if text.endswith("\n") or not text else "\n"
    old = parse(data)[0] if data is not None else ()
    new = _indented(snippet(waiver), text)
    written = (text + new).encode("utf-8", "surrogateescape")
    if list(map(_essence, parse(written)[0])) != [*map(_essence, old), _essence(waiver)]:
        raise UsageError(
            f"{WAIVERS} is written in a way that cannot be added to", hint=f"add this by hand:\n{snippet(waiver)}"
        )
    record(root, WAIVERS, written)


def remove(root: str, data: bytes, gone: Sequence[Waiver]) -> None:
    """Take waivers out, with the comments right above them; raises UsageError where that cannot be done safely."""
    if not gone:
        return
    waivers = parse(data)[0]
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    starts = [_start(lines, waiver.place.line) for waiver in waivers]
    ends = [*starts[1:], _end(lines, starts[-1])]
    places = {waiver.place for waiver in gone}
    for waiver, start, end in reversed(list(zip(waivers, starts, ends, strict=True))):
        if waiver.place in places:
            del lines[start:end]
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    kept = [_essence(waiver) for waiver in waivers if waiver.place not in places]
    left, flaws = parse(text)
    if list(map(_essence, left)) != kept or len(flaws) != len(parse(data)[1]):
        numbers = ", ".join(str(waiver.place.line) for waiver in gone)
        raise UsageError(
            f"{WAIVERS} is written in a way that cannot be taken apart",
            hint=f"take out by hand the waivers at line {numbers}",
        )
    record(root, WAIVERS, text)


def _start(lines: Sequence[str], line: int) -> int:
    """The index of the first line of the item at a line: the comments above that stand as far in belong to it."""
    start = line - 1
    margin = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    while start and lines[start - 1].startswith(margin + "#"):
        start -= 1
    return start


def _end(lines: Sequence[str], start: int) -> int:
    """The index behind the last item: where the indentation ends, or the file."""
    for index in range(start + 1, len(lines)):
        if lines[index].strip() and not lines[index].startswith((" ", "-", "\t")):
            return index
    return len(lines) - 1 if not lines[-1] else len(lines)


def _indented(item: str, text: str) -> str:
    """The item with the indentation that the items of the file have."""
    match = re.search(r"(?m)^( *)- ", text)
    margin = match[1] if match else "  "
    return "".join(margin + line[2:] for line in item.splitlines(keepends=True))


def _essence(waiver: Waiver) -> Waiver:
    return waiver._replace(place=waiver.place._replace(line=0, column=0))


def _scalar(text: str) -> str:
    """The text as YAML: bare where that is surely the same text, else in double quotes, as JSON has it."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and resolve(text) == text
    dated = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    if plain or dated:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)
