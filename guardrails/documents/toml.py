"""TOML, read by tomli: compiled in its wheels, linear where the standard library is not, and it says where an error is.

Dates and times become strings as ISO 8601 writes them; an offset of ``Z`` is ``+00:00``.
"""

from __future__ import annotations

import re
from typing import Any

from tomli import TOMLDecodeError, loads

from guardrails.documents.document import MAX_DEPTH, Document, ParseError
from guardrails.documents.places import MAX_DIGITS, TOO_DEEP, document, error
from guardrails.documents.toml_places import KEY, places


class Toml:
    """The format ``toml``."""

    name = "toml"
    paths = ("*.toml", "Cargo.lock", "Gopkg.lock", "Pipfile", "pdm.lock", "poetry.lock", "uv.lock")

    def parse(self, text: str) -> Document:
        """Parse the table of a file; raises ParseError."""
        if match := _DEEP_KEY.search(text):  # tomli walks such a key again for each line below it
            raise error(text, match.start(), TOO_DEEP)
        try:
            value = loads(text)
            _settle(value, 1)
        except TOMLDecodeError as problem:
            raise ParseError(_explain(problem.msg), problem.lineno, problem.colno) from None
        except RecursionError:
            places(text)  # raises at the place
            raise ParseError(TOO_DEEP) from None
        except ValueError:
            match = _LONG_NUMBER.search(text)
            raise error(text, match.start() if match else 0, "an integer with too many digits") from None
        return document(text, [value], places)


FORMAT = Toml()

_DEEP_KEY = re.compile(rf"^[ \t\[]*+(?:{KEY}[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}", re.MULTILINE)
_LONG_NUMBER = re.compile(rf"[0-9A-Fa-f_]{{{MAX_DIGITS}}}")
_MAX_BITS = 4 * MAX_DIGITS
_PLAIN = (str, float, bool)

_WORDS = {
    "Invalid value": "not a TOML value; put text in quotes, and write booleans as true and false",
    "Invalid statement": "expected a key, a [table] or a comment; put a key with other characters in quotes",
    "Cannot overwrite a value": "the key that ends here, or before, has a value already; a key can stand once",
    "Unterminated string": "the string that ends here is never closed",
    "Unescaped '\\' in a string": "unknown escape in a string; write \\\\ for a backslash, or use single quotes",
}


def _explain(message: str) -> str:
    return _WORDS.get(message, message[:1].lower() + message[1:])


def _settle(node: Any, depth: int) -> None:
    """Turn dates into text, in place, and check the bounds."""
    if depth > MAX_DEPTH:
        raise RecursionError
    for key, value in node.items() if type(node) is dict else enumerate(node):
        kind = type(value)
        if kind is dict or kind is list:
            _settle(value, depth + 1)
        elif kind is int:
            if value.bit_length() > _MAX_BITS:
                raise ValueError(value)
        elif kind not in _PLAIN:
            node[key] = value.isoformat()
