"""The dialect ``feature-flags``: registries of the switches that code asks at run time.

Each tree is a collection of flags: a mapping by name, or a list of mappings with the names inside. It stands at the
top of the file or under a key such as ``flags``; so flagd, GO Feature Flag, Flipt, Chromium and most registries that
teams keep themselves have it. A file of the same name whose entries do not look like flags is something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guardrails.documents.document import Dialect, Document, Root

_NAMES = (
    "*feature-flags",
    "*feature_flags",
    "*feature-toggles",
    "featureflags",
    "featureFlags",
    "flags",
    "*.flagd",
    "flagd",
    "*.goff",
)
_COLLECTIONS = ("flags", "features", "feature-flags", "feature_flags", "featureFlags", "toggles")
_SIGNS = frozenset(
    {
        "defaultRule",
        "defaultVariant",
        "enabled",
        "expires",
        "expires_at",
        "expiry",
        "expiry_milestone",
        "owner",
        "owners",
        "remove-by",
        "remove_by",
        "removeBy",
        "rollout",
        "state",
        "stale",
        "strategies",
        "variants",
        "variations",
    }
)
"""Keys by which an entry looks like a flag."""


class FeatureFlags:
    """The dialect."""

    name = "feature-flags"
    bases: tuple[str, ...] = ("yaml", "json", "toml")
    paths: tuple[str, ...] = (
        *(f"{name}.{suffix}" for name in _NAMES for suffix in ("yaml", "yml", "json", "toml")),
        "features.yml",
        "*.features.yml",
        "flag-metadata.json",
    )

    def roots(self, document: Document) -> Iterable[Root]:
        """The collections of flags."""
        for root in document.roots:
            value = root.value
            name = next((name for name in _COLLECTIONS if isinstance(value, dict) and name in value), None)
            collection = root.at(name) if name else root
            if _are_flags(collection.value):
                yield collection


def _are_flags(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [isinstance(item, dict) and not _SIGNS.isdisjoint(item) for item in items]
    return sum(found) * 2 > len(found)


FORMAT: Dialect = FeatureFlags()
