"""References to container images, by docker's reference grammar."""

from __future__ import annotations

import re

_TAG = re.compile(r"(?<=.):((?:\$\{[^{}]*+\}|[^:/{}])*+)$")


def split_image(reference: str) -> dict[str, str]:
    """The parts of an image reference: registry, repository, name, tag and digest; those not written are empty.

    Defaults are not filled in: ``ubuntu`` has no registry and no tag. ``name`` is the last part of the repository.
    A variable such as ``${TAG:-1}`` is kept as it is, in whichever part it stands.
    """
    rest, _, digest = reference.partition("@")
    tag = _TAG.search(rest)
    path = rest[: tag.start()] if tag else rest
    registry, _, repository = path.partition("/")
    named = "." in registry or ":" in registry or registry == "localhost"
    if not repository or not named or "${" in registry:
        registry, repository = "", path
    return {
        "registry": registry,
        "repository": repository,
        "name": repository.rpartition("/")[2],
        "tag": tag[1] if tag else "",
        "digest": digest,
    }
