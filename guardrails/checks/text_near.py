"""The pattern of a value that has no mark of its own, and is known by a name in front of it: most credentials are.

The name and the value are what is special about each; how people write one behind the other, in settings and code of
any language, markup, tables and prose, is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_WORDS = ("key", "token", "secret", "access", "api", "auth", "pass", "pwd", "cred", "private", r"pat\b")
_TO_WORD = r"""[\s\w.:"'{=(),/?&\[\]\\<>#*$@|-]{0,40}"""
_TO_VALUE = r"""[\w.-]{0,40}[\s"'`\])\\:=>,|?+({\[&;<@][\s"'`\])\\.:=>,|?+({\[&;<@-]{0,39}"""
"""Hyphens and full stops alone are parts of a name that goes on."""
_AROUND = (
    r"""(?:(?:value|default|string|str|bearer|token|basic|apikey|key|is)[\s"':=>]{1,20}|[\w.]{1,30}\(\s{0,3}["'`])?"""
)
"""A tag, a type, an authentication scheme, or a call that the value is an argument of."""
_DIRECTLY = r"""["'`\])]{0,3}\s{0,3}[=:,|>?(]{1,3}[\s"'`=]{0,5}"""
_END = r"(?:[^\w.+/=(\[-]|\.?(?:\s|$))"
"""A value that goes on is another one, and what is called or indexed is code; a full stop may end the sentence."""

GROUP = "value"
SCHEMA: Mapping[str, Any] = {
    "description": "A value that is known by a name in front of it.",
    "type": "object",
    "properties": {
        "near": {
            "description": "RE2 pattern of the name, in any case.",
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
        },
        "value": {
            "description": "RE2 pattern of the value, which is what the finding is about.",
            "type": "string",
            "minLength": 1,
            "maxLength": 1000,
        },
        "words": {
            "description": "RE2 patterns of words between the two, besides the usual ones such as key, token, secret.",
            "type": "array",
            "items": {"type": "string", "minLength": 1},
        },
        "directly": {
            "description": "Whether the value may be assigned to the name itself, with no such word between them.",
            "type": "boolean",
            "default": False,
        },
    },
    "required": ["near", "value"],
    "additionalProperties": False,
}


def pattern(near: str, value: str, words: Sequence[str] = (), directly: bool = False) -> str:
    """The RE2 pattern, in which ``GROUP`` is the value; of bounded width where ``near`` and ``value`` are."""
    way = f"{_TO_WORD}(?:{'|'.join([*words, *_WORDS])}){_TO_VALUE}{_AROUND}"
    ways = f"(?:{way}|{_DIRECTLY})" if directly else way
    return f"(?i:(?:{near}){ways})(?P<{GROUP}>{value}){_END}"
