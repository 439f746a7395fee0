"""The words of shell text and their quotes; :mod:`guardrails.documents.shell_commands` finds the commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from guardrails.documents.patterns import lazy
from guardrails.tuples import NamedTuple

Range = tuple[int, int]
"""Where a piece of the text starts and ends."""


class Token(NamedTuple):
    """A word of shell text, or an operator that ends a command."""

    start: int
    end: int
    operator: bool


class _Patterns(NamedTuple):
    word: re.Pattern[str]
    token: re.Pattern[str]
    quoted: re.Pattern[str]
    escaped: re.Pattern[str]


@cache
def _patterns(escape: str) -> _Patterns:
    """The patterns for an escape character; possessive, so that they never go back over what they matched."""
    e = re.escape(escape)
    tick = "" if escape == "`" else "`"
    quoted = rf'"(?:[^"{e}]++|{e}.)*+"|\'[^\']*+\'|{e}.'
    operator = rf"&&|&(?!>)|\|[|&]?|;;?|\n|\$?\(|[){tick}]"
    plain = rf'[^\s"\'{e};|&()<>${tick}]++|[<>]++[&|]?|&>|\$(?!\()'
    return _Patterns(
        word=lazy(rf'(?:[^\s"\'{e}]++|{quoted}|["\'].*+|{e})++', re.DOTALL),
        token=lazy(rf"(?:[ \t\r\f\v]|{e}\n)++|#[^\n]*+|({operator})|((?:{plain}|{quoted}|[\"'{e}])++)", re.DOTALL),
        quoted=lazy(rf'"((?:[^"{e}]++|{e}.)*+)"|\'([^\']*+)\'|{e}(.)', re.DOTALL),
        escaped=lazy(rf'{e}(?:\n|(["$`{e}]))'),
    )


def words(text: str, escape: str = "\\", start: int = 0) -> Iterator[Range]:
    """The words of ``text`` as white space parts them; an open quote runs to the end."""
    for match in _patterns(escape).word.finditer(text, start):
        yield match.span()


def tokens(text: str, escape: str = "\\", start: int = 0) -> list[Token]:
    """The words and operators of shell text without its comments; an open quote is a character like others."""
    return [
        Token(*match.span(), match.lastindex == 1)
        for match in _patterns(escape).token.finditer(text, start)
        if match.lastindex is not None
    ]


def unquote(word: str, escape: str = "\\") -> str:
    """The word as the program gets it: without its quotes and escapes; variables stay as they are written."""
    if '"' not in word and "'" not in word and escape not in word:
        return word

    patterns = _patterns(escape)

    def bare(match: re.Match[str]) -> str:
        double, single, escaped = match.groups()
        if double is not None:
            return patterns.escaped.sub(lambda found: found[1] or "", double)
        return single if single is not None else escaped.strip("\n")

    return patterns.quoted.sub(bare, word)
