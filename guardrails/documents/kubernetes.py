"""Kubernetes: resources, and what many kinds of them have in common, so that a rule about it is written once.

A resource is judged as ``kubernetes``; below the name of its kind as ``kubernetes-kind``, where ``$.Service`` selects
it or nothing, faster than a condition; the pods that it makes as ``kubernetes-pod``, each container of these as
``kubernetes-container``, and a container that runs a program of the cluster itself as ``kubernetes-component``. All but
the first are views: trees put together from parts of the resource, whose nodes are found where they stand in it. In
pods and containers a field that is null is not there, as in the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from guardrails.documents.document import Dialect, Document, Path, Root, Span
from guardrails.documents.patterns import lazy
from guardrails.documents.resources import mapping, mappings, numbered, resources

_Mapping = dict[Any, Any]


class Resources:
    """A dialect whose trees are made of resources of a cluster, wherever the files are."""

    bases: tuple[str, ...] = ("yaml", "json")
    paths: tuple[str, ...] = ()

    def __init__(self, name: str, views: Callable[[Root], Iterable[Root]]) -> None:
        self.name = name
        self._views = views

    def roots(self, document: Document) -> Iterable[Root]:
        """What the dialect sees in each resource."""
        return (view for root in document.roots for resource in resources(root) for view in self._views(resource))


def _itself(resource: Root) -> tuple[Root]:
    return (resource,)


def _under_kind(resource: Root) -> tuple[Root]:
    """A resource as ``{kind, metadata, <its kind>: the resource}``."""
    kind = resource.value["kind"]
    view = {"kind": kind, "metadata": mapping(resource.value, "metadata"), kind: resource.value}
    return (Root(view, _Parts(resource, {(kind,): (), (): ()})),)


class _Parts:
    """The locator of a view: ``places`` says where in the resource its parts are, longer paths before shorter."""

    __slots__ = ("_places", "_resource")

    def __init__(self, resource: Root, places: Mapping[Path, Path]) -> None:
        self._resource = resource
        self._places = places

    def span(self, path: Path, *, key: bool) -> Span:
        """Where a part stands, or the nearest that does."""
        length = len(path)
        while (place := self._places.get(path[:length])) is None:
            length -= 1
        return self._resource.span(place + path[length:], key=key)


_TEMPLATE = ("spec", "template")
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "Revision": (),
    "PodTemplate": ("template",),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "ScaledJob": ("spec", "jobTargetRef", "template"),
}
"""Where in a resource the template of its pods is; in all others that have one, it is at ``spec.template``."""


def _pods(resource: Root) -> Iterator[Root]:
    """The pods of a workload as ``{kind, metadata, replicas, labels, annotations, spec}``.

    Kind, metadata and replicas are the workload's, the rest is the pods' own. Replicas and spec are there if they are.
    """
    value = resource.value
    template = _TEMPLATES.get(value["kind"], _TEMPLATE)
    pod = mapping(value, *template)
    if not pod or not ([*mappings(pod.get("spec"), "containers")] or value["kind"] in _WORKLOADS):
        return
    metadata = mapping(pod, "metadata")
    view = {
        "kind": value["kind"],
        "metadata": mapping(value, "metadata"),
        "labels": mapping(metadata, "labels"),
        "annotations": mapping(metadata, "annotations"),
    }
    if isinstance(pod.get("spec"), dict):
        view["spec"] = _present(pod["spec"])
    if "replicas" in mapping(value, "spec"):
        view["replicas"] = value["spec"]["replicas"]
    places: dict[Path, Path] = {
        (): (),
        ("spec",): (*template, "spec"),
        ("labels",): (*template, "metadata", "labels"),
        ("annotations",): (*template, "metadata", "annotations"),
        ("replicas",): ("spec", "replicas"),
    }
    yield Root(view, _Parts(resource, places))


_WORKLOADS = frozenset(
    {
        *("Pod", "PodTemplate", "Deployment", "DeploymentConfig", "StatefulSet", "DaemonSet", "ReplicaSet"),
        *("ReplicationController", "Job", "CronJob"),
    }
)
"""Kinds that are about pods, even where nothing says what runs in them."""


def _containers(resource: Root) -> Iterator[Root]:
    """The containers of a workload's pods, with what Kubernetes would fill in.

    Beside the fields of a container: ``kind`` and ``metadata`` of the workload, ``list``, where it stands in the pod,
    and ``hostUsers`` of the pod, if that says it. Its ``securityContext`` has what it inherits, its volume mounts have
    the kind of their ``volume``, and the lists and mappings that many rules ask for are there, if empty.
    """
    for written in _written(resource):
        yield _container(*written)


def _written(resource: Root) -> Iterator[tuple[Root, Mapping[str, str], str, int, _Mapping]]:
    """For each container its pod, the kinds of the pod's volumes, its list, its place in that, and what it says."""
    for pod in _pods(resource):
        spec = mapping(pod.value, "spec")
        volumes = {str(volume.get("name")): _kind(volume) for volume in mappings(spec, "volumes")}
        for name in ("containers", "initContainers", "ephemeralContainers"):
            for index, container in numbered(spec, name):
                yield pod, volumes, name, index, container


def _container(pod: Root, volumes: Mapping[str, str], name: str, index: int, container: _Mapping) -> Root:
    own = _present(mapping(container, "securityContext"))
    places: dict[Path, Path] = {(): ("spec", name, index)}
    inherited = {}
    for key, place, value in _inherited(pod.value, str(container.get("name"))):
        if key not in own:
            inherited[key] = value
            places["securityContext", key] = place
    view = _filled(_present(container), {**inherited, **own}, volumes)
    view |= {"kind": pod.value["kind"], "metadata": pod.value["metadata"], "list": name}
    if (users := mapping(pod.value, "spec").get("hostUsers")) is not None:
        view["hostUsers"] = users
    return Root(view, _Parts(pod, places))


def _inherited(pod: _Mapping, name: str) -> Iterator[tuple[str, Path, Any]]:
    """What a container takes from its pod's security context, and where that stands.

    The annotations that came before fields of the same meaning are heeded where these are not there.
    """
    shared = _present(mapping(pod, "spec", "securityContext"))
    for key in _INHERITED:
        if key in shared:
            yield key, ("spec", "securityContext", key), shared[key]
        elif key in _ANNOTATIONS:
            for annotation in (f"container.{_ANNOTATIONS[key]}/{name}", f"{_ANNOTATIONS[key]}/pod"):
                if (profile := pod["annotations"].get(annotation)) is not None:
                    value = str(profile).partition("/")[0]
                    yield key, ("annotations", annotation), {"type": _PROFILES.get(value, value)}
                    break


_INHERITED = (
    *("appArmorProfile", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions", "seccompProfile"),
    "windowsOptions",
)
_ANNOTATIONS = {
    "appArmorProfile": "apparmor.security.beta.kubernetes.io",
    "seccompProfile": "seccomp.security.alpha.kubernetes.io",
}
_PROFILES = {
    "docker": "RuntimeDefault",
    "localhost": "Localhost",
    "runtime": "RuntimeDefault",
    "unconfined": "Unconfined",
}


def _kind(volume: _Mapping) -> str:
    return next((str(key) for key in volume if key != "name"), "")


def _filled(container: _Mapping, context: _Mapping, volumes: Mapping[str, str]) -> _Mapping:
    mounts = _lists(container, "volumeMounts")["volumeMounts"]
    return {
        **container,
        **_lists(container, "command", "args", "env", "envFrom", "ports"),
        "resources": {key: _present(mapping(container, "resources", key)) for key in ("requests", "limits")},
        "securityContext": {**context, "capabilities": _lists(mapping(context, "capabilities"), "add", "drop")},
        "volumeMounts": [
            {**mount, "volume": volumes.get(str(mount.get("name")), "")} if isinstance(mount, dict) else mount
            for mount in mounts
        ],
    }


def _components(resource: Root) -> Iterator[Root]:
    """The containers that run programs of the cluster, as ``{kind, metadata, name, image, <program>: <flags>}``.

    Flags are without dashes, with their values as text; of one that stands there twice, the last counts.
    """
    for written in _written(resource):
        program = _program(written[-1])
        if not program:
            continue
        container = _container(*written)
        value = container.value
        flags: dict[str, str] = {}
        places: dict[Path, Path] = {(): ()}
        words = [(key, index, str(word)) for key in ("command", "args") for index, word in enumerate(value[key])]
        for (key, index, word), (_, _, after) in zip(words, [*words[1:], ("", 0, "-")], strict=True):
            match = _FLAG.fullmatch(word)
            if match:
                flags[match[1]] = ("true" if after.startswith("-") else after) if match[2] is None else match[2].strip()
                places[program, match[1]] = (key, index)
        view = {**{key: value.get(key) for key in ("kind", "metadata", "name", "image")}, program: flags}
        yield Root(view, _Parts(container, places))


_FLAG = lazy(r"--?([a-z][a-z0-9-]*)(?:=([\s\S]*))?")
_SETTING = lazy(r"[\w-]+=")
_PROGRAMS = frozenset({"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"})
_ARCHITECTURE = lazy(r"-(?:amd64|arm|arm64|ppc64le|s390x)$")


def _program(container: _Mapping) -> str:
    """The program of the cluster that a container runs: by its command, or where only flags are given, by its image.

    It may be the second word, after a program that starts it; settings of that one, such as A=b, do not count.
    """
    command, args = _lists(container, "command", "args").values()
    words = [str(word) for word in (*command, *args)]
    if not words or not words[0].startswith("-"):
        names = [word.rpartition("/")[2] for word in words if not _SETTING.match(word)][:2]
    else:
        image = str(container.get("image")).rpartition("/")[2].partition("@")[0].partition(":")[0]
        names = [_ARCHITECTURE.sub("", image)]
    return next((name for name in names if name in _PROGRAMS), "")


def _present(value: _Mapping) -> _Mapping:
    """What is not null."""
    return {key: item for key, item in value.items() if item is not None}


def _lists(value: _Mapping, *names: str) -> _Mapping:
    """The lists of these names in a mapping; an empty one for each that is not there."""
    found = {name: value.get(name) for name in names}
    return {name: item if isinstance(item, list) else [] for name, item in found.items()}


KUBERNETES: Dialect = Resources("kubernetes", _itself)
KUBERNETES_KIND: Dialect = Resources("kubernetes-kind", _under_kind)
KUBERNETES_POD: Dialect = Resources("kubernetes-pod", _pods)
KUBERNETES_CONTAINER: Dialect = Resources("kubernetes-container", _containers)
KUBERNETES_COMPONENT: Dialect = Resources("kubernetes-component", _components)
