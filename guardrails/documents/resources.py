"""What a resource of Kubernetes is, and how to look into one without knowing whether it is well made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from guardrails.documents.document import Root
from guardrails.documents.patterns import lazy

_API_VERSION = lazy(r"(?:([a-z0-9.-]+)/)?v\d+(?:(?:alpha|beta)\d+)?")
_GROUPS = frozenset({None, "apps", "autoscaling", "batch", "extensions", "policy"})
"""The groups without a dot in their names; those of custom resources have one."""
_TOOLS = (
    ".config.k8s.io",
    ".audit.k8s.io",
    ".backstage.io",
    ".client.authentication.k8s.io",
    ".config.kubernetes.io",
    ".ctlptl.dev",
    ".eksctl.io",
    ".k3d.io",
    ".kind.x-k8s.io",
    ".krew.googlecontainertools.github.io",
    ".kubeadm.k8s.io",
)


def resources(root: Root) -> Iterator[Root]:
    """The resource that a tree is, or those that it lists.

    Files that look alike and are read by a tool, not by a cluster, are left out: those of kustomize, skaffold, kind,
    kubeadm and backstage, kubeconfigs and the settings of the cluster's own programs.
    """
    value = root.value
    if not isinstance(value, dict) or not _is_resource(value.get("apiVersion"), value.get("kind")):
        return
    items = value.get("items")
    if value["kind"].endswith("List") and isinstance(items, list):
        for index in range(len(items)):
            yield from resources(root.at("items", index))
    else:
        yield root


def _is_resource(version: Any, kind: Any) -> bool:
    if not isinstance(version, str) or not isinstance(kind, str):
        return False
    match = _API_VERSION.fullmatch(version)
    if match is None or (match[1] is None and kind == "Config"):
        return False
    group = match[1]
    return group in _GROUPS or ("." in group and not f".{group}".endswith(_TOOLS))


def mapping(value: Any, *path: str) -> dict[Any, Any]:
    """The mapping at a path; an empty one where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def numbered(value: Any, key: str) -> Iterator[tuple[int, dict[Any, Any]]]:
    """The mappings in the list below a key, where there is one, with their places in it."""
    items = value.get(key) if isinstance(value, dict) else None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield index, item


def mappings(value: Any, key: str) -> Iterator[dict[Any, Any]]:
    """As :func:`numbered`, without the places."""
    return (item for _, item in numbered(value, key))
