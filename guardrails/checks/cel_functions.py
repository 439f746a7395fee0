r"""The functions that policies have in CEL besides its own; each takes its receiver first.

They are public: a function, or a method of its first argument::

    text.lowerAscii()               text.upperAscii()              text.trim()
    text.split(separator)           list.join([separator])         text.replace(old, new)
    duplicates(list, key)           the texts that stand under a key in several mappings of a list
    text.indexOf(part)              -1 when it is not there
    text.substring(start[, end])    an error when it is out of range
    text.glob(pattern)              * any text but /, ** any text, ? one character but /
    commands(text)                  the shell commands of a script: [{name, args, text, pipe, packages}]
    image(text)                     {registry, repository, name, tag, digest} of a container image
    days(from, until)               whole days between two ISO dates; an error when one is none
    isDate(text)                    whether it is a day written as YYYY-MM-DD
    quantity(value)                 an amount of Kubernetes, such as 500m or 1.5Gi, as a number
    pairs(labels)                   the entries of a mapping as a sorted list of texts, such as app=shop
    selects(selector, labels)       whether a selector of Kubernetes, or one that is labels itself, selects labels
    grants(rule, group, resources, verbs)  whether a rule of a role grants one of the verbs on one of the resources
    resembles(text, list)           the text of the list that is one slip of the pen away; empty when none is
    resolve(folder, target)         the path in the repository that a link leads to; empty when it leads elsewhere

Each takes linear time, and refuses to make what is much larger than what it was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from guardrails.documents.patterns import lazy
from guardrails.matching import regex

MAX_TEXT = 20_000_000
"""Longest text that a function makes, in characters."""
MAX_PARTS = 1_000_000
"""Most parts that a text is split into."""


def _matches(text: str, pattern: str) -> bool:
    return regex(pattern).search(text.encode()) is not None  # RE2 would convert each position back for a text


def _glob(text: str, pattern: str) -> bool:
    return _glob_regex(pattern).fullmatch(text.encode()) is not None


@lru_cache(maxsize=1024)
def _glob_regex(pattern: str) -> Any:
    import re2  # noqa: PLC0415

    translated = re2.escape(pattern)
    for wildcard, meaning in ((r"\*\*", r"[\s\S]*"), (r"\*", "[^/]*"), (r"\?", "[^/]")):
        translated = translated.replace(wildcard, meaning)
    return regex(translated)


def _string(value: bool) -> str:
    if not isinstance(value, bool):
        raise TypeError
    return "true" if value else "false"


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_UPPER = {lower: upper for upper, lower in _LOWER.items()}


def _lower_ascii(text: str) -> str:
    return text.translate(_LOWER)


def _upper_ascii(text: str) -> str:
    return text.translate(_UPPER)


def _trim(text: str) -> str:
    return text.strip()


def _split(text: str, separator: str) -> list[str]:
    if (text.count(separator) if separator else len(text)) > MAX_PARTS:
        raise ValueError("too many parts")
    return text.split(separator) if separator else list(text)


def _join(parts: list[str], separator: str = "") -> str:
    _bound(sum(map(len, parts)) + len(parts) * len(separator))
    return separator.join(parts)


def _duplicates(items: list[dict[Any, Any]], key: str) -> list[str]:
    counts = Counter(item[key] for item in items if isinstance(item.get(key), str))
    return [text for text, count in counts.items() if count > 1]


def _replace(text: str, old: str, new: str) -> str:
    _bound(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _bound(size: int) -> None:
    if size > MAX_TEXT:
        raise ValueError("the text would be too long")


def _index_of(text: str, part: str) -> int:
    return text.find(part)


def _substring(text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    if not 0 <= start <= end <= len(text):
        raise ValueError("out of range")
    return text[start:end]


def _commands(text: str) -> list[dict[str, Any]]:
    from guardrails.documents.shell_commands import values  # noqa: PLC0415 - few policies ask for it

    return values(text)


@lru_cache(maxsize=1024)
def _image(reference: str) -> dict[str, str]:
    from guardrails.documents.images import split_image  # noqa: PLC0415 - few policies ask for it

    return split_image(reference)


def _days(start: str, until: str) -> int:
    from guardrails.checks.dates import ordinal  # noqa: PLC0415 - few policies ask for it

    return ordinal(until) - ordinal(start)


def _is_date(value: Any) -> bool:
    from guardrails.checks.dates import is_date  # noqa: PLC0415 - as above

    return isinstance(value, str) and is_date(value)


_ELSEWHERE = lazy(r"//|[A-Za-z][A-Za-z0-9+.-]*:")
_ENCODED = lazy(r"(?:%[0-9A-Fa-f]{2})+")


def _resolve(folder: str, target: str) -> str:
    path = target.partition("#")[0].partition("?")[0]
    if not path or _ELSEWHERE.match(path):
        return ""
    path = _ENCODED.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"), path)
    parts = folder.split("/") if folder and not path.startswith("/") else []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


_QUANTITY = lazy(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)([numkKMGTPE]?i?)")
_SCALES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_SCALES |= {f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)}


def _quantity(value: Any) -> float:
    match = _QUANTITY.fullmatch(str(value).strip())
    scale = _SCALES.get(match[2]) if match else None
    if match is None or scale is None:
        raise ValueError("that is no quantity")
    return float(match[1]) * scale


def _pairs(labels: dict[Any, Any]) -> list[str]:
    return sorted(f"{key}={_word(value)}" for key, value in labels.items())


def _selects(selector: dict[Any, Any], labels: dict[Any, Any]) -> bool:
    if selector.keys() <= {"matchLabels", "matchExpressions"}:
        wanted, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    else:
        wanted, expressions = selector, []
    known = {str(key): _word(value) for key, value in labels.items()}
    return all(known.get(str(key)) == _word(value) for key, value in wanted.items()) and all(
        _holds(expression, known) for expression in expressions
    )


def _holds(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    value = labels.get(str(expression["key"]))
    match expression["operator"]:
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "In":
            return value in [_word(other) for other in expression["values"]]
        case "NotIn":
            return value not in [_word(other) for other in expression["values"]]
    raise ValueError(f"there is no operator {expression['operator']}")


def _grants(rule: dict[str, list[str]], group: str, resources: list[str], verbs: list[str]) -> bool:
    granted = rule.get("resources") or []
    wanted = {
        "*",
        *resources,
        *(f"*/{part}" for _, slash, part in (name.partition("/") for name in resources) if slash),
    }
    return (
        not {"*", group}.isdisjoint(rule.get("apiGroups") or [])
        and not wanted.isdisjoint(granted)
        and not {"*", *verbs}.isdisjoint(rule.get("verbs") or [])
    )


def _word(value: Any) -> str:
    """A label's value as Kubernetes sees it; files have numbers and booleans that should be quoted."""
    return _string(value) if isinstance(value, bool) else str(value)


def _resembles(text: str, others: list[str]) -> str:
    """The first of the others that one inserted, left out, changed or swapped character makes of the text."""
    return next((other for other in others if other != text and _is_near(text, other)), "")


def _is_near(text: str, other: str) -> bool:
    if abs(len(text) - len(other)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    swapped = text[at : at + 2] == other[at : at + 2][::-1] and text[at + 2 :] == other[at + 2 :]
    return swapped or any(text[at + a :] == other[at + b :] for a, b in ((1, 1), (1, 0), (0, 1)))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "commands": _commands,
    "days": _days,
    "duplicates": _duplicates,
    "glob": _glob,
    "grants": _grants,
    "image": _image,
    "indexOf": _index_of,
    "isDate": _is_date,
    "join": _join,
    "lowerAscii": _lower_ascii,
    "pairs": _pairs,
    "quantity": _quantity,
    "replace": _replace,
    "resembles": _resembles,
    "resolve": _resolve,
    "selects": _selects,
    "split": _split,
    "string": _string,
    "substring": _substring,
    "trim": _trim,
    "upperAscii": _upper_ascii,
    # In place of the binding's own, which compiles the pattern in each call, and counts bytes.
    "matches_": _matches,
    "size_": len,
}
"""By the name that the binding calls; it asks ``string`` only for what its own does not take, such as booleans."""
