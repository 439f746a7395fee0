"""Judges of one file by how it is named and stored: one function for each test of the kind ``path``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from guardrails.checks.base import File
from guardrails.checks.path_listing import MAX_TARGET, escapes, name_of
from guardrails.matching import regex
from guardrails.repository.entry import FILE, LINK
from guardrails.tuples import NamedTuple


class Flaw(NamedTuple):
    """What is wrong with a file: a sentence, and what fills the fields of a rule's message."""

    sentence: str
    value: str = ""
    limit: str = ""
    line: int = 0
    evidence: str = ""


def forbidden(file: File, _wanted: bool) -> Flaw | None:
    """The file is there."""
    return Flaw("{value} does not belong in the repository", name_of(file.path))


def misnamed(file: File, wanted: tuple[str, str]) -> Flaw | None:
    """The name, or another part of the path, does not match a pattern."""
    of, pattern = wanted
    value = file.path if of == "path" else name_of(file.path)
    if of == "stem":
        dot = value.rfind(".")
        value = value[:dot] if dot > 0 else value
    if not fits(pattern, value):
        return Flaw("'{value}' does not match {limit}", value, pattern)
    return None


def too_large(file: File, wanted: int) -> Flaw | None:
    """The file has more bytes than allowed."""
    if file.entry.kind == FILE:
        size = file.entry.size if file.entry.size >= 0 else len(file.data)
        if size > wanted:
            return Flaw("the file has {value}; at most {limit} is allowed", _human(size), _human(wanted))
    return None


def _human(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"


def wrong_mode(file: File, wanted: str) -> Flaw | None:
    """The executable bit is set or missing where it should not be."""
    if file.entry.kind != FILE:
        return None
    name, executable = name_of(file.path), file.entry.executable
    if wanted == "required" and not executable:
        return Flaw("the file is not executable", name)
    if wanted == "forbidden" and executable:
        return Flaw("the file is executable", name)
    if wanted == "shebang" and not file.binary:
        shebang = file.utf8.startswith(b"#!") and not file.utf8.startswith(b"#![")  # an attribute in Rust
        if shebang and not executable:
            return Flaw("the file begins with #! but is not executable", name, line=1)
        if executable and not shebang:
            return Flaw("the file is executable but does not begin with #!", name)
    return None


def stray_link(file: File, wanted: str) -> Flaw | None:
    """The file is a symbolic link, or one that leads out of the repository."""
    if file.entry.kind == LINK:
        target = target_of(file)
        if wanted == "forbid":
            return Flaw("this is a symbolic link to {value}; links are not allowed", target, evidence=target)
        if escapes(file.path, target):
            return Flaw("the link points to {value}, outside the repository", target, evidence=target)
    return None


def not_utf8(file: File, wanted: str) -> Flaw | None:
    """The text is in another encoding, or broken."""
    if not _is_text(file):
        return None
    if file.encoding != wanted:
        return Flaw("the file is encoded as {value}, not UTF-8", file.encoding.upper(), line=1)
    data = file.utf8
    if data.isascii():
        return None
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Flaw("the file is not UTF-8: the byte {value} is out of place", f"0x{data[error.start]:02x}", line=line)
    return None


_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def wrong_mark(file: File, wanted: str) -> Flaw | None:
    """The text starts with a byte order mark, or lacks it."""
    if _is_text(file):
        marked = file.data.startswith(_MARKS)
        if marked and wanted == "forbid":
            return Flaw("the file starts with a byte order mark", line=1)
        if not marked and wanted == "require":
            return Flaw("the file does not start with a byte order mark", line=1)
    return None


_LONE_LF = re.compile(rb"(?<!\r)\n")


def wrong_line_end(file: File, wanted: str) -> Flaw | None:
    """A line ends in another way than the rest, or than is wanted; the first such line stands for all."""
    if not _is_text(file):
        return None
    data = file.utf8
    if wanted != "crlf" and b"\r" not in data:  # nearly all files
        return None
    crlf = data.count(b"\r\n")
    lf = data.count(b"\n") - crlf
    if wanted == "consistent":
        wanted = "crlf" if crlf > lf > 0 else "lf" if lf and crlf else ""
    if wanted == "lf" and crlf:
        position, value = data.find(b"\r\n"), "CRLF"
    elif wanted == "crlf" and (lone := _LONE_LF.search(data)):
        position, value = lone.start(), "LF"
    else:
        return None
    line = data.count(b"\n", 0, position) + 1
    return Flaw("the line ends with {value}, not {limit}", value, wanted.upper(), line=line)


def no_final_newline(file: File, _wanted: str) -> Flaw | None:
    """The last line has no end."""
    if _is_text(file) and file.utf8 and not file.utf8.endswith(b"\n"):
        return Flaw("the last line has no line end", line=len(file.lines))
    return None


JUDGES: Mapping[str, Callable[[File, Any], Flaw | None]] = {
    "forbid": forbidden,
    "name": misnamed,
    "size": too_large,
    "executable": wrong_mode,
    "links": stray_link,
    "encoding": not_utf8,
    "byte-order-mark": wrong_mark,
    "line-endings": wrong_line_end,
    "final-newline": no_final_newline,
}


def _is_text(file: File) -> bool:
    return file.entry.kind == FILE and not file.binary


def target_of(file: File) -> str:
    """What a link points to, cut where no system could follow it."""
    return file.data.decode("utf-8", "surrogateescape")[: MAX_TARGET + 1]


def fits(pattern: str, text: str) -> bool:
    """Whether a regular expression matches the whole text."""
    return regex(pattern).fullmatch(text.encode("utf-8", "surrogateescape")) is not None
