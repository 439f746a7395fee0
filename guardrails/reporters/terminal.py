"""What may be shown on a terminal: no name, message or source line can move the cursor, hide text or fake a line."""

from __future__ import annotations

PARTIAL = "partial run: not every file was judged by every rule"
"""What reports say when a run did not judge the whole snapshot by all rules."""

_TAB = "    "


def visible(text: str) -> str:
    r"""The text on one line, with all that does not print as itself escaped.

    ``\xNN`` above 7f is a byte of a name that is not UTF-8; code points are ``\uNNNN`` from there on.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def visible_path(path: str) -> str:
    """A path as it is shown alone: spaces at its ends are escaped too, for they would hide or look like indentation."""
    inner = path.strip(" ")
    start = len(path) - len(path.lstrip(" "))
    return "\\x20" * start + visible(inner) + "\\x20" * (len(path) - len(inner) - start)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if 0x80 <= code <= 0xFF:
        return f"\\u{code:04x}"
    return char.encode("unicode_escape").decode()


def excerpt(source: str, start: int, stop: int, width: int) -> tuple[str, str]:
    """A source line as shown, cut to ``width`` columns around its characters ``start`` to ``stop``, and their carets.

    Positions count from 0 and ``stop`` is exclusive. There are no carets when ``start`` is outside of the line.
    """
    cells = [_TAB if char == "\t" else visible(char) for char in source]
    widths = _widths(cells)
    marked = 0 <= start <= len(cells)
    anchor = start if marked else 0
    first, last = _window(widths, anchor, width)
    before = "…" if first else ""
    after = "…" if last < len(cells) else ""
    shown = before + "".join(cells[first:last]) + after
    if not marked:
        return shown, ""
    indent = len(before) + sum(widths[first:anchor])
    return shown, " " * indent + "^" * max(1, sum(widths[anchor : min(stop, last)]))


def _window(widths: list[int], anchor: int, width: int) -> tuple[int, int]:
    """The range of cells to show: all if they fit, else those around the anchor, more of them behind than before."""
    if sum(widths) <= width:
        return 0, len(widths)
    room = width - 2
    first = last = anchor
    used = 0
    while first > 0 and used + widths[first - 1] <= room // 3:
        first -= 1
        used += widths[first]
    while last < len(widths) and used + widths[last] <= room:
        used += widths[last]
        last += 1
    while first > 0 and used + widths[first - 1] <= room:
        first -= 1
        used += widths[first]
    return first, last


def _widths(cells: list[str]) -> list[int]:
    """How many columns of a terminal each cell takes."""
    if "".join(cells).isascii():
        return [len(cell) for cell in cells]
    from unicodedata import category, east_asian_width  # noqa: PLC0415 - most lines are ASCII

    def columns(char: str) -> int:
        if category(char) in {"Mn", "Me"}:
            return 0
        return 2 if east_asian_width(char) in "WF" else 1

    return [sum(map(columns, cell)) for cell in cells]
