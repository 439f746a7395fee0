"""What the errors of libyaml mean to the person who wrote the file."""

from __future__ import annotations

from guardrails.documents.document import ParseError
from guardrails.documents.libyaml import MarkedYAMLError, ReaderError
from guardrails.documents.places import error

_AT_CONTEXT = {
    "could not find expected ':'": "expected ': ' after the key that starts here",
    "found unexpected end of stream": "the quote that opens here is never closed",
    "found unexpected document indicator": "the quote that opens here is never closed",
    "did not find expected alphabetic or numeric character": "{char!r} starts {what}; put the text in quotes",
    "found undefined tag handle": "the tag has a prefix that no %TAG directive defines; put text in quotes",
}
"""Problems that are better shown where the construct begins."""

_AT_PROBLEM = {
    "mapping values are not allowed in this context": (
        "a ':' cannot stand here; put a value that contains ': ' in quotes,"
        " or mend the indentation of this line or the one above"
    ),
    "block sequence entries are not allowed in this context": "a list cannot begin here; put '- ' on a line of its own",
    "did not find expected key": (
        "expected a key of the mapping that starts at line {start}; mend the indentation, or the quotes above"
    ),
    "did not find expected '-' indicator": (
        "expected '- ' as in the list that starts at line {start}; mend the indentation"
    ),
    "did not find expected ',' or ']'": "expected ',' or ']' to go on with the list that opens at line {start}",
    "did not find expected ',' or '}'": "expected ',' or '}}' to go on with the mapping that opens at line {start}",
    "did not find expected node content": "a value cannot start with {char!r}; put it in quotes",
    "did not find expected <document start>": (
        "expected the end of the document; mend the indentation, or start another document with '---'"
    ),
    "found character that cannot start any token": "a value cannot start with {char!r}; put it in quotes",
    "found unknown escape character": (
        "unknown escape in double quotes; write '\\\\' for a backslash, or use single quotes"
    ),
    "did not find expected comment or line break": "text cannot follow '|' or '>'; put it on the next line, indented",
    "found unknown directive name": "a line that starts with '%' is a directive; put the text in quotes",
}
_MESSAGES = {**_AT_CONTEXT, **_AT_PROBLEM}
_AFTER_QUOTE = "nothing can follow the closing quote; put the whole value in quotes, and write '' for a ' in it"
_TAB = "a tab cannot indent YAML; use spaces"
_TEMPLATE = " (the line looks like a template, which is not YAML before it is rendered)"


def explain(text: str, problem: Exception) -> ParseError:
    """The ParseError for an exception of PyYAML, or of the encoding."""
    if isinstance(problem, ReaderError):
        offset = len(text.encode()[: problem.position].decode("utf-8", "ignore"))
        code = f"U+{problem.character:04X}"
        return error(text, offset, f"the character {code} is not allowed in YAML; write it as an escape")
    if not isinstance(problem, MarkedYAMLError) or problem.problem_mark is None:
        return ParseError("a character or a tag is not valid Unicode")
    mark = problem.problem_mark
    context = problem.context_mark or mark
    offset = context.index if problem.problem in _AT_CONTEXT else mark.index
    message = _message(text, offset, problem.problem or "", error(text, context.index, "").line)
    line = text[text.rfind("\n", 0, offset) + 1 :].partition("\n")[0]
    return error(text, offset, message + _TEMPLATE if "{{" in line or "{%" in line else message)


def _message(text: str, offset: int, words: str, start: int) -> str:
    char = text[offset : offset + 1]
    if char == "\t" or words.startswith("found a tab"):
        return _TAB
    if not char and words == "did not find expected node content":
        return "the file ends where a value should be"
    if words == "did not find expected key" and text[:offset].rstrip(" ").endswith(("'", '"')):
        return _AFTER_QUOTE
    if words not in _MESSAGES:
        return words
    return _MESSAGES[words].format(char=char, start=start, what="an anchor" if char == "&" else "an alias")
