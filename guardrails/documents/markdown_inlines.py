"""What stands inside the paragraphs and headings of Markdown: links, and their plain text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping

from guardrails.documents.patterns import lazy
from guardrails.tuples import NamedTuple

_MAX_LABEL = 999
_MAX_PLAIN = 500
"""Longest text whose markup is taken out, as that looks ahead more than once."""
_MAX_OPEN = 50
"""Most brackets that are kept open: of a thousand images in each other, the inner ones are enough."""

_PLAIN = r"\\[()\\]|[^\s()]"
_TARGET = rf"<(?:[^<>\n\\]|\\.)*+>|(?!<)(?:{_PLAIN}|\((?:{_PLAIN}|\((?:{_PLAIN})*+\))*+\))*+"
_TITLE = r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'|\((?:[^()\\]|\\.)*+\)'
_TOKEN = lazy(r"\\[\s\S]|`+|<|!?\[|\]|\bhttps?://")
_INLINE = lazy(rf"\(\s*+({_TARGET})(?:\s++({_TITLE}))?+\s*+\)", re.DOTALL)
_LABEL = lazy(r"\[((?:[^\[\]\\]|\\.)*+)\]", re.DOTALL)
_DEFINITION = lazy(
    rf" {{0,3}}\[(?!\^)((?:[^\[\]\\]|\\.)++)\]:\s*+({_TARGET})(?:[ \t]*\n?[ \t]*(?<=\s)({_TITLE}))?[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
_AUTOLINK = lazy(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*+|[^\s<>@]++@[^\s<>@]++)>")
_TAG = lazy(r"</?[A-Za-z][^<>]*+>")
_BARE = lazy(r"https?://[^\s<>\[\]`\"|]++")
_SENTENCE = "?!.,:;*_~'"
"""Marks after a plain address that belong to the text around it."""
_TICKS = lazy(r"`+")
_PUNCTUATION = r"[!-/:-@\[-`{-~]"
_ESCAPED = lazy(rf"\\({_PUNCTUATION})")
_LABELLED = lazy(r"(!?)\[([^\[\]]*+)\](?:\([^()]*+\)|\[[^\[\]]*+\])")
_MARKUP = lazy(
    rf"(`++)(?!`)(.+?)(?<!`)\1(?!`)|\\({_PUNCTUATION})|<([A-Za-z][A-Za-z0-9+.-]+:[^\s<>]*)>|</?[A-Za-z][^<>]*>|<!--.*?-->"
    r"|(?<=\S)(?:\*+|~~+)|(?:\*+|~~+)(?=\S)|(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])",
    re.DOTALL,
)


class Link(NamedTuple):
    """A link or image, and where it starts and ends in its text."""

    start: int
    end: int
    text: str
    target: str
    title: str
    image: bool
    bare: bool = False
    """Whether it is a plain address, which is none inside the text of another link."""


class Definition(NamedTuple):
    """Where a reference leads."""

    target: str
    title: str


class _Opener(NamedTuple):
    start: int
    content: int
    image: bool


def label(text: str) -> str:
    """The form in which the labels of references are compared."""
    return " ".join(text.casefold().split())


def take_definitions(text: str, definitions: dict[str, Definition]) -> int:
    """Note the definitions at the start of a paragraph, the first of a label wins; returns where the rest starts."""
    start = 0
    while match := _DEFINITION.match(text, start):
        name, target, title = match.groups()
        if not target or len(name) > _MAX_LABEL or not label(name):
            break
        definitions.setdefault(label(name), _definition(target, title))
        start = match.end()
    return start


def _definition(target: str, title: str | None) -> Definition:
    target = target[1:-1] if target.startswith("<") else target
    return Definition(_ESCAPED.sub(r"\1", target), _ESCAPED.sub(r"\1", title[1:-1]) if title else "")


def find_links(text: str, definitions: Mapping[str, Definition], start: int = 0) -> list[Link]:
    """The links and images of a paragraph or heading, in the order in which they start."""
    search = _Search(text, definitions)
    position = start
    while match := _TOKEN.search(text, position):
        position = search.take(match)
    return sorted(search.links)


class _Search:
    """The brackets that are open, and the links found, while a text is read once from its start."""

    def __init__(self, text: str, definitions: Mapping[str, Definition]) -> None:
        self.links: list[Link] = []
        self._text = text
        self._definitions = definitions
        self._open: list[_Opener] = []
        self._dead = 0
        """How many of the open brackets stand before a link, and so cannot open one around it."""
        self._runs: dict[int, list[int]] | None = None
        self._commented = True
        """Whether a comment that starts here may still end."""

    def take(self, match: re.Match[str]) -> int:
        """Take the next token; returns where to go on."""
        start, end = match.span()
        match "" if match[0][0] == "\\" else match[0][-1]:
            case "`":
                return self._after_code(start, end)
            case "<":
                return self._after_angle(start)
            case "]":
                return self._close(start, end)
            case "[":
                self._open_bracket(_Opener(start, end, image=end - start == 2))
            case "/":
                return self._after_bare(start)
        return end

    def _open_bracket(self, opener: _Opener) -> None:
        self._open.append(opener)
        if len(self._open) > _MAX_OPEN:
            del self._open[0]
            self._dead = max(0, self._dead - 1)

    def _after_code(self, start: int, end: int) -> int:
        if self._runs is None:
            self._runs = {}
            for run in _TICKS.finditer(self._text):
                self._runs.setdefault(len(run[0]), []).append(run.start())
        runs = self._runs.get(end - start, [])
        index = bisect_left(runs, end)
        return runs[index] + end - start if index < len(runs) else end

    def _after_angle(self, start: int) -> int:
        text = self._text
        link = _AUTOLINK.match(text, start)
        if link:
            target = link[1] if ":" in link[1] else f"mailto:{link[1]}"
            self.links.append(Link(start, link.end(), link[1], target, "", image=False))
            return link.end()
        if self._commented and text.startswith("<!--", start):
            end = text.find("-->", start)
            self._commented = end >= 0
            return end + 3 if self._commented else start + 1
        tag = _TAG.match(text, start)
        return tag.end() if tag else start + 1

    def _after_bare(self, start: int) -> int:
        match = _BARE.match(self._text, start)
        if match is None:
            return start + 4
        target = match[0].rstrip(_SENTENCE)
        unopened = target.count(")") - target.count("(")
        closing = len(target) - len(target.rstrip(")"))
        target = target[: len(target) - max(min(unopened, closing), 0)].rstrip(_SENTENCE)
        self.links.append(Link(start, start + len(target), target, target, "", image=False, bare=True))
        return start + len(target)

    def _close(self, start: int, end: int) -> int:
        if not self._open:
            return end
        opener = self._open.pop()
        dead = len(self._open) < self._dead and not opener.image
        self._dead = min(self._dead, len(self._open))
        found = None if dead else self._destination(opener, start, end)
        if found is None:
            return end
        definition, after = found
        if not opener.image:
            self._dead = len(self._open)
        while self.links and self.links[-1].bare and self.links[-1].start > opener.start:
            self.links.pop()
        content = plain(self._text[opener.content : start])
        self.links.append(Link(opener.start, after, content, definition.target, definition.title, opener.image))
        return after

    def _destination(self, opener: _Opener, start: int, end: int) -> tuple[Definition, int] | None:
        """Where the link leads whose text ends at ``start``, and where the link itself ends."""
        text = self._text
        inline = _INLINE.match(text, end) if text.startswith("(", end) else None
        if inline:
            return _definition(inline[1], inline[2]), inline.end()
        reference = _LABEL.match(text, end) if text.startswith("[", end) else None
        name = reference[1] if reference else ""
        if not name and start - opener.content <= _MAX_LABEL:
            name = text[opener.content : start]
        definition = self._definitions.get(label(name)) if len(name) <= _MAX_LABEL else None
        if definition is None:
            return None
        return definition, reference.end() if reference else end


def plain(text: str) -> str:
    """The text as it is read: without emphasis, code marks, tags and images; of links, their text."""
    if len(text) > _MAX_PLAIN:
        return text
    for _ in range(3):
        reduced = _LABELLED.sub(lambda match: "" if match[1] else match[2], text)
        if reduced == text:
            break
        text = reduced
    text = _MARKUP.sub(lambda match: (match[2] or "").strip() or match[3] or match[4] or "", text)
    if "&" in text:
        from html import unescape  # noqa: PLC0415 - its table of names is large

        text = unescape(text)
    return " ".join(text.split())
