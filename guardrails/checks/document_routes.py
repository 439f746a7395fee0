"""The way to a node of a document in words that stay the same when lines move and other nodes come and go."""

from __future__ import annotations

from typing import Any

from guardrails.documents.document import Path

_LABELS = ("text", "name", "id", "key")  # the name of a Dockerfile's instruction is only its kind
_MAX_LABEL = 120


def route(root: Any, path: Path) -> str:
    """Keys, and list items by what names them: ``Deployment/web spec.containers[name=web].image``.

    An item is named by its ``text``, ``name``, ``id`` or ``key``, or by itself when it is a scalar, else by nothing.
    In front stand kind, namespace and name of a Kubernetes object.
    """
    parts = []
    value = root
    for step in path:
        inside_list = isinstance(value, list)
        value = value[step]
        parts.append(f"[{_label(value)}]" if inside_list else f".{step}")
    return f"{_identity(root)} {''.join(parts).removeprefix('.')}".strip()


def follow(root: Any, path: Path) -> Any:
    """The value at a path that is there."""
    for step in path:
        root = root[step]
    return root


def existing(root: Any, path: Path) -> Path:
    """The longest beginning of a path that is there."""
    value = root
    for number, step in enumerate(path):
        if isinstance(value, str):  # which has items too
            return path[:number]
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return path[:number]
    return path


def scalar(value: Any) -> str:
    """A scalar as text, cut where it is long; empty for a mapping or a list."""
    return "" if isinstance(value, dict | list) else str(value)[:_MAX_LABEL]


def _label(item: Any) -> str:
    if not isinstance(item, dict):
        return scalar(item)
    return next((f"{name}={scalar(item[name])}" for name in _LABELS if scalar(item.get(name, ""))), "")


def _identity(root: Any) -> str:
    if not isinstance(root, dict) or not isinstance(root.get("kind"), str):
        return ""
    metadata = root.get("metadata")
    names = [metadata.get("namespace"), metadata.get("name")] if isinstance(metadata, dict) else []
    return "/".join([root["kind"], *(name for name in names if isinstance(name, str))])
