"""References to container images, by docker's reference grammar."""

from __future__ import annotations


def split_image(reference: str) -> dict[str, str]:
    """The parts of an image reference: registry, repository, name, tag and digest; those not written are empty.

    Defaults are not filled in: ``ubuntu`` has no registry and no tag. ``name`` is the last part of the repository.
    A variable such as ``${TAG:-1}`` is kept as it is, in whichever part it stands.
    """
    rest, _, digest = reference.partition("@")
    repository, _, tag = rest.rpartition(":")
    within_variable = "}" in tag.partition("{")[0]
    if not repository or "/" in tag or within_variable:
        repository, tag = rest, ""
    registry, _, path = repository.partition("/")
    named = "." in registry or ":" in registry or registry == "localhost"
    if not path or not named or "${" in registry:
        registry, path = "", repository
    name = path.rpartition("/")[2]
    return {"registry": registry, "repository": path, "name": name, "tag": tag, "digest": digest}
