"""Globs in gitignore syntax as regular expressions over the bytes of a path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\t\x20",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x2e\x30-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x2e\x30-\x7e",
    "punct": r"\x21-\x2e\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r"\t-\r\x20",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
"""Named classes of bracket expressions; none holds the slash."""


def glob_regex(glob: str) -> bytes:
    """The regular expression over the bytes of a path, with DOT_ALL, of a glob without its ``!``; raises ValueError."""
    while glob.endswith(" ") and not glob.endswith("\\ "):
        glob = glob[:-1]
    if glob.startswith("#"):
        raise ValueError("this is a comment in gitignore syntax; write \\# for a name that starts with #")
    below = b"/" if glob.endswith("/") else rb"(?:/|\z)"
    body = glob.removesuffix("/")
    anchored = "/" in body
    segments = body.removeprefix("/").split("/")
    if not {"", ".", ".."}.isdisjoint(segments):
        raise ValueError("it can never match; write a path from the root, without empty parts, . or ..")
    while len(segments) > 1 and _spans_folders(segments[0]):
        del segments[0]
        anchored = False
    regex = b"".join(_segments(segments))
    if anchored:
        return b"^" + regex + below
    if regex.startswith(b"[^/]*"):
        # "*.py" at any depth: what stands before ".py" is free, whichever folders it crosses.
        return regex[5:] + below
    return b"(?:^|/)" + regex + below


def glob_error(glob: str) -> str:
    """What is wrong with a glob, which may start with ``!``; empty where nothing is."""
    try:
        glob_regex(glob.removeprefix("!"))
    except ValueError as error:
        return str(error)
    return ""


def escaped(text: str) -> str:
    """A part of a glob that stands for the text itself."""
    return "".join("\\" + char if char in "*?[]\\!# " else char for char in text)


def literal(path: str) -> str:
    """The glob that matches one path and what lies below it, and nothing else."""
    return "/" + escaped(path)


def _spans_folders(segment: str) -> bool:
    return len(segment) > 1 and not segment.strip("*")


def _segments(segments: Sequence[str]) -> Iterator[bytes]:
    for segment in segments[:-1]:
        yield b"(?:.*/)?" if _spans_folders(segment) else _segment(segment) + b"/"
    yield _segment(segments[-1])


_TOKEN = re.compile(
    r"""(?P<stars>\*+) | (?P<any>\?) | \\(?P<escaped>.)
      | \[ (?P<negated>(?>[!^]?)) (?P<members> (?:\]|\[:\w*:\]|\\.|[^\]\\])  (?:\[:\w*:\]|\\.|[^\]\\])* ) \]
      | (?P<plain>[^\[\\])""",
    re.VERBOSE | re.DOTALL,
)
_MEMBER = re.compile(r"\[:(?P<name>\w*):\]|(?P<low>\\.|[^\\])(?:-(?P<high>\\.|[^\\]))?", re.DOTALL)


def _segment(segment: str) -> bytes:
    parts: list[bytes] = []
    position = 0
    while position < len(segment):
        token = _TOKEN.match(segment, position)
        if token is None:
            what = "a [ without its ]" if segment[position] == "[" else "a backslash at the end"
            raise ValueError(f"{what}; write \\{segment[position]} for the character itself")
        parts.append(_token(token))
        position = token.end()
    return b"".join(parts)


def _token(token: re.Match[str]) -> bytes:
    # A character is one byte that does not continue another in UTF-8, and the bytes that do continue it.
    character = rb"[^/\x80-\xbf%s][\x80-\xbf]*"
    match token.lastgroup:
        case "stars":
            return b"[^/]*"
        case "any":
            return character % b""
        case "members":
            members = "".join(map(_member, _MEMBER.finditer(token["members"]))).encode()
            return character % members if token["negated"] else b"[%s]" % members
    return re.escape(token[token.lastgroup or 0].encode("utf-8", "surrogateescape"))


def _member(member: re.Match[str]) -> str:
    """An entry of a bracket expression: a named class, a character, or a range; never the slash."""
    name = member["name"]
    if name is not None:
        if name not in _CLASSES:
            raise ValueError(f"there is no character class [:{name}:]; there are {', '.join(_CLASSES)}")
        return _CLASSES[name]
    low, high = (bound[-1] for bound in (member["low"], member["high"] or member["low"]))
    if not (low + high).isascii():
        raise ValueError("only ASCII characters may stand in [ ]; write one glob for each of the others")
    if low > high:
        raise ValueError(f"the range {low}-{high} is empty; write the lower character first")
    spans = ((low, "."), ("0", high)) if low < "/" < high else ((low, high),)
    return "".join(rf"\x{ord(first):02x}-\x{ord(last):02x}" for first, last in spans)
