"""Resources of a cluster, and the views of what many kinds of them have in common."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents import kubernetes, yaml
from guardrails.documents.document import Root, Span
from tests.unit.documents.trees import document, values

ALL = (
    kubernetes.KUBERNETES,
    kubernetes.KUBERNETES_KIND,
    kubernetes.KUBERNETES_POD,
    kubernetes.KUBERNETES_CONTAINER,
    kubernetes.KUBERNETES_COMPONENT,
)


def parsed(dialect, text: str) -> list[Root]:
    return list(dialect.roots(yaml.FORMAT.parse(text)))


# --- resources


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("v1", "Pod"),
        ("v1", "List"),
        ("apps/v1", "Deployment"),
        ("batch/v1beta1", "CronJob"),
        ("networking.k8s.io/v1", "Ingress"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("argoproj.io/v1alpha1", "Application"),
        ("config.openshift.io/v1", "OAuth"),
        ("policy/v1", "PodDisruptionBudget"),
        ("example.com/v1", "Config"),
    ],
)
def test_resources(version, kind):
    tree = {"apiVersion": version, "kind": kind}
    assert values(kubernetes.KUBERNETES, tree) == [tree]


@pytest.mark.parametrize(
    "tree",
    [
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"},
        {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"},
        {"apiVersion": "skaffold/v2beta1", "kind": "Config"},
        {"apiVersion": "v1", "kind": "Config", "clusters": []},
        {"apiVersion": "v2", "name": "chart"},
        {"apiVersion": "kind.x-k8s.io/v1alpha4", "kind": "Cluster"},
        {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"},
        {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"},
        {"apiVersion": "backstage.io/v1alpha1", "kind": "Component"},
        {"apiVersion": 1, "kind": "Pod"},
        {"apiVersion": "v1", "kind": None},
        {"apiVersion": "v1"},
        {"kind": "Pod"},
        {"apiVersion": "latest", "kind": "Pod"},
        {"apiVersion": "apps/v1 ", "kind": "Pod"},
        {},
        [],
        ["apiVersion", "kind"],
        "apiVersion",
        None,
    ],
)
def test_what_is_no_resource(tree):
    assert values(kubernetes.KUBERNETES, tree) == []


def pod(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}


def test_lists_are_expanded_where_they_stand():
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [pod("b")]}
    tree = {"apiVersion": "v1", "kind": "List", "items": [pod("a"), {"kind": "no"}, inner, None]}
    found = list(kubernetes.KUBERNETES.roots(document(pod("first"), tree)))
    assert [(root.value["metadata"]["name"], root.prefix) for root in found] == [
        ("first", ()),
        ("a", ("items", 0)),
        ("b", ("items", 2, "items", 0)),
    ]
    assert found[2].span(("metadata",)) == Span(6, 1, 6, 1)


def test_a_kind_that_ends_in_list_without_items_is_a_resource():
    tree = {"apiVersion": "example.com/v1", "kind": "AllowList", "spec": {"items": []}}
    assert values(kubernetes.KUBERNETES, tree) == [tree]


def test_positions_in_yaml():
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n"
    (root,) = kubernetes.KUBERNETES.roots(yaml.FORMAT.parse(text))
    assert root.span(("metadata", "name")) == Span(7, 11, 7, 12)


def test_a_resource_stands_under_its_kind():
    text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  type: NodePort\n"
    (root,) = parsed(kubernetes.KUBERNETES_KIND, text)
    assert root.value["Service"] == yaml.FORMAT.parse(text).roots[0].value
    assert (root.value["kind"], root.value["metadata"]) == ("Service", {"name": "a"})
    assert root.span(("Service", "spec", "type")) == Span(6, 9, 6, 17)
    assert root.span(("Service",)).line == root.span().line == 1
    assert root.span(("metadata", "name")).line == 4


# --- pods

SPEC = {"containers": [{"name": "a"}]}
TEMPLATE = {"metadata": {"labels": {"app": "a"}, "annotations": {"note": "b"}}, "spec": SPEC}


def resource(kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "shop"}, **fields}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("PodTemplate", {"template": TEMPLATE}),
        ("CronJob", {"spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}}}),
        ("ScaledJob", {"spec": {"jobTargetRef": {"template": TEMPLATE}}}),
        *(
            (kind, {"spec": {"template": TEMPLATE}})
            for kind in (
                *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
                *("DeploymentConfig", "Rollout", "Service", "SomethingNew"),
            )
        ),
    ],
)
def test_pods_of_each_kind_of_workload(kind, fields):
    (found,) = values(kubernetes.KUBERNETES_POD, resource(kind, **fields))
    assert found == {
        "kind": kind,
        "metadata": {"name": "shop"},
        "labels": {"app": "a"},
        "annotations": {"note": "b"},
        "spec": SPEC,
    }


@pytest.mark.parametrize("kind", ["Pod", "Revision"])
def test_a_pod_is_its_own_template(kind):
    tree = {**resource(kind), "metadata": {"name": "shop", "labels": {"app": "a"}}, "spec": SPEC}
    (found,) = values(kubernetes.KUBERNETES_POD, tree)
    assert (found["labels"], found["metadata"]["name"], found["spec"]) == ({"app": "a"}, "shop", SPEC)


@pytest.mark.parametrize(
    "tree",
    [
        resource("ConfigMap"),
        resource("Service", spec={"selector": {"app": "a"}}),
        resource("Prometheus", spec=SPEC),
        resource("Thing", spec={"template": {"spec": {"steps": []}}}),
        resource("Thing", spec={"template": {"spec": {"containers": ["a"]}}}),
        resource("Thing", spec={"template": {"metadata": {}}}),
        resource("Deployment"),
        resource("Deployment", spec={"template": None}),
        resource("Deployment", spec=[{"template": TEMPLATE}]),
        resource("CronJob", spec={"template": TEMPLATE}),
    ],
)
def test_what_makes_no_pods(tree):
    assert values(kubernetes.KUBERNETES_POD, tree) == []


def test_a_known_workload_needs_no_containers_and_no_specification():
    (bare,) = values(kubernetes.KUBERNETES_POD, resource("Deployment", spec={"template": {"spec": {}}}))
    assert bare["spec"] == {}
    (labelled,) = values(
        kubernetes.KUBERNETES_POD, resource("Job", spec={"template": {"metadata": {"labels": {"a": 1}}}})
    )
    assert labelled["labels"] == {"a": 1}
    assert "spec" not in labelled


def test_replicas_are_those_of_the_workload():
    tree = resource("Deployment", spec={"replicas": 3, "template": TEMPLATE})
    (root,) = kubernetes.KUBERNETES_POD.roots(document(tree))
    assert root.value["replicas"] == 3
    assert root.span(("replicas",)) == Span(3, 1, 3, 1)


DEPLOYMENT = """\
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop, namespace: web}
    spec:
      template:
        metadata:
          labels: {app: shop}
          annotations:
            seccomp.security.alpha.kubernetes.io/pod: runtime/default
            container.apparmor.security.beta.kubernetes.io/main: unconfined
        spec:
          securityContext:
            runAsUser: 0
            fsGroup: 7
          initContainers:
            - name: first
              securityContext: {runAsUser: 5}
          containers:
            - name: main
              command: [/usr/local/bin/kube-apiserver]
              args:
                - --anonymous-auth=false
                - --bind-address
                - 127.0.0.1
                - -v=2
                - --profiling
              volumeMounts:
                - name: data
          volumes:
            - name: data
              hostPath: {path: /data}
"""


def test_parts_of_pods_are_found_where_they_stand():
    (root,) = parsed(kubernetes.KUBERNETES_POD, DEPLOYMENT)
    lines = {
        (): 4,
        ("metadata", "name"): 6,
        ("labels", "app"): 10,
        ("annotations", "seccomp.security.alpha.kubernetes.io/pod"): 12,
        ("spec", "volumes", 0, "hostPath", "path"): 34,
        ("spec", "nothing"): 15,
    }
    assert {path: root.span(path).line for path in lines} == lines
    assert root.span(("spec",), key=True).line == 14


# --- containers


def test_containers_of_all_lists():
    containers = parsed(kubernetes.KUBERNETES_CONTAINER, DEPLOYMENT)
    assert [(root.value["list"], root.value["name"], root.span().line) for root in containers] == [
        ("containers", "main", 22),
        ("initContainers", "first", 19),
    ]
    assert {(root.value["kind"], root.value["metadata"]["name"]) for root in containers} == {("Deployment", "shop")}


def test_containers_are_found_where_they_stand():
    text = """\
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: a
    - name: b
  ephemeralContainers:
    - name: c
    - name: d
"""
    containers = parsed(kubernetes.KUBERNETES_CONTAINER, text)
    assert [(root.value["name"], root.span().line, root.span(key=True).line) for root in containers] == [
        ("a", 5, 5),
        ("b", 6, 6),
        ("c", 8, 8),
        ("d", 9, 9),
    ]


def test_containers_inherit_what_their_pod_says():
    main, first = parsed(kubernetes.KUBERNETES_CONTAINER, DEPLOYMENT)
    assert main.value["securityContext"] == {
        "runAsUser": 0,
        "seccompProfile": {"type": "RuntimeDefault"},
        "appArmorProfile": {"type": "Unconfined"},
        "capabilities": {"add": [], "drop": []},
    }
    assert first.value["securityContext"] == {
        "runAsUser": 5,
        "seccompProfile": {"type": "RuntimeDefault"},
        "capabilities": {"add": [], "drop": []},
    }
    lines = [main.span(("securityContext", key)).line for key in ("runAsUser", "seccompProfile", "appArmorProfile")]
    assert lines == [16, 12, 13]
    assert first.span(("securityContext", "runAsUser")).line == 20
    assert main.span(("securityContext", "privileged")).line == 22


@pytest.mark.parametrize(
    ("annotation", "profile"),
    [
        ("runtime/default", {"type": "RuntimeDefault"}),
        ("localhost/shop", {"type": "Localhost"}),
        ("complain", {"type": "complain"}),
        ("", {"type": ""}),
        ("null", None),
    ],
)
def test_profiles_of_annotations(annotation: str, profile: dict[str, str] | None):
    text = f"""\
apiVersion: v1
kind: Pod
metadata: {{annotations: {{container.apparmor.security.beta.kubernetes.io/a: {annotation or "''"}}}}}
spec: {{containers: [{{name: a}}]}}
"""
    (container,) = parsed(kubernetes.KUBERNETES_CONTAINER, text)
    assert container.value["securityContext"].get("appArmorProfile") == profile


def test_a_field_counts_before_an_annotation():
    template = copy.deepcopy(TEMPLATE)
    template["metadata"]["annotations"] = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    template["spec"]["securityContext"] = {"seccompProfile": {"type": "Localhost"}}
    (found,) = values(kubernetes.KUBERNETES_CONTAINER, resource("Job", spec={"template": template}))
    assert found["securityContext"]["seccompProfile"] == {"type": "Localhost"}


def test_volume_mounts_have_the_kind_of_their_volume():
    main, _ = parsed(kubernetes.KUBERNETES_CONTAINER, DEPLOYMENT)
    (mount,) = main.value["volumeMounts"]
    assert mount == {"name": "data", "volume": "hostPath"}
    assert main.span(("volumeMounts", 0, "volume")).line == main.span(("volumeMounts", 0)).line == 31


def test_a_mount_without_a_volume_is_of_no_kind():
    pod = {"containers": [{"volumeMounts": [{"name": "a"}, {}, "b", {"name": "c"}]}], "volumes": [{"name": "c"}, "a"]}
    (found,) = values(kubernetes.KUBERNETES_CONTAINER, resource("Pod", spec=pod))
    assert found["volumeMounts"] == [{"name": "a", "volume": ""}, {"volume": ""}, "b", {"name": "c", "volume": ""}]


def test_a_container_that_says_nothing_is_one():
    text = "apiVersion: example.org/v1\nkind: Own\nspec: {template: {spec: {containers: [{}]}}}\n"
    assert len(parsed(kubernetes.KUBERNETES_POD, text)) == 1
    assert parsed(kubernetes.KUBERNETES_POD, text.replace("{}", "")) == []


@pytest.mark.parametrize("odd", [None, "text", 7, [], {}])
def test_what_rules_ask_for_is_there(odd):
    names = ("command", "args", "env", "envFrom", "ports", "resources", "securityContext", "volumeMounts")
    pod = {"containers": [{"name": "a", **dict.fromkeys(names, odd)}, odd]}
    found = values(kubernetes.KUBERNETES_CONTAINER, resource("Pod", spec=pod))[0]
    assert found["resources"] == {"requests": {}, "limits": {}}
    assert found["securityContext"] == {"capabilities": {"add": [], "drop": []}}
    assert {name: found[name] for name in names[:5]} == {name: [] for name in names[:5]}


def test_what_is_null_is_not_there():
    container = {
        "name": "a",
        "image": None,
        "resources": {"limits": {"cpu": None}},
        "securityContext": {"runAsUser": None, "privileged": None},
    }
    pod = {"hostPID": None, "securityContext": {"runAsUser": 7, "runAsGroup": None}, "containers": [container]}
    (found,) = values(kubernetes.KUBERNETES_CONTAINER, resource("Pod", spec=pod))
    assert "image" not in found
    assert found["resources"]["limits"] == {}
    assert found["securityContext"] == {"runAsUser": 7, "capabilities": {"add": [], "drop": []}}
    assert "hostPID" not in values(kubernetes.KUBERNETES_POD, resource("Pod", spec=pod))[0]["spec"]


@pytest.mark.parametrize("said", [{"hostUsers": False}, {"hostUsers": None}, {}])
def test_containers_know_whose_users_their_pod_has(said):
    (found,) = values(kubernetes.KUBERNETES_CONTAINER, resource("Pod", spec={**said, "containers": [{"name": "a"}]}))
    assert found.get("hostUsers") == said.get("hostUsers")
    assert ("hostUsers" in found) == (said == {"hostUsers": False})


# --- programs of the cluster


def test_flags_of_a_program():
    (root,) = parsed(kubernetes.KUBERNETES_COMPONENT, DEPLOYMENT)
    assert root.value == {
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "web"},
        "name": "main",
        "image": None,
        "kube-apiserver": {"anonymous-auth": "false", "bind-address": "127.0.0.1", "v": "2", "profiling": "true"},
    }
    assert root.span(("kube-apiserver", "bind-address")).line == 26
    assert root.span(("kube-apiserver", "nothing")).line == root.span(("kube-apiserver",), key=True).line == 22


@pytest.mark.parametrize(
    ("container", "program"),
    [
        ({"command": ["kubelet", "--v=1"]}, "kubelet"),
        ({"command": ["/hyperkube", "kubelet"]}, "kubelet"),
        ({"command": [], "args": ["etcd"]}, "etcd"),
        ({"command": ["env", "GOGC=50", "kube-apiserver", "--v=1"]}, "kube-apiserver"),
        ({"command": ["/go-runner", "--also-stdout=false", "/usr/local/bin/kube-scheduler"]}, "kube-scheduler"),
        ({"command": ["kubectl", "--namespace=etcd", "logs", "etcd"]}, ""),
        ({"image": "quay.io/coreos/etcd:v3.5", "args": ["--name=a"]}, "etcd"),
        ({"image": "registry.k8s.io:5000/kube-scheduler-arm64@sha256:00", "args": ["--v=1"]}, "kube-scheduler"),
        ({"image": "etcd"}, ""),
        ({"image": "etcd", "args": ["run"]}, ""),
        ({"image": "etcd", "command": ["sh", "-c", "etcd"]}, ""),
        ({"command": ["nginx"]}, ""),
        ({"command": [None]}, ""),
        ({}, ""),
    ],
)
def test_programs_by_command_or_image(container, program):
    found = values(kubernetes.KUBERNETES_COMPONENT, resource("Pod", spec={"containers": [container]}))
    assert [program] * bool(program) == [
        key for tree in found for key in tree if key not in {"kind", "metadata", "name", "image"}
    ]


def test_the_last_of_two_flags_counts():
    command = ["etcd", "--auto-tls=true", "--auto-tls=false"]
    (found,) = values(kubernetes.KUBERNETES_COMPONENT, resource("Pod", spec={"containers": [{"command": command}]}))
    assert found["etcd"] == {"auto-tls": "false"}


# --- all of them

_KEYS = st.sampled_from(
    [
        *("spec", "template", "jobTemplate", "metadata", "labels", "annotations", "containers", "initContainers"),
        *("securityContext", "volumes", "volumeMounts", "name", "command", "args", "env", "resources", "items"),
    ]
)
_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["etcd", "--a=b", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.sampled_from(["Pod", "Deployment", "CronJob", "PodList", "PodTemplate"]), st.dictionaries(_KEYS, _TREES))
def test_no_tree_breaks_or_changes(kind, fields):
    tree = {**fields, "apiVersion": "v1", "kind": kind}
    before = copy.deepcopy(tree)
    for dialect in ALL:
        for root in dialect.roots(document(tree)):
            for path in _paths(root.value):
                assert root.span(path).line > 0
                assert root.span(path, key=True).line > 0
    assert tree == before


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in _paths(item, (*path, key)))]


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_dialects_travel_to_workers(dialect):
    copied = pickle.loads(pickle.dumps(dialect))
    tree = resource("Pod", spec={"containers": [{"command": ["etcd"]}]})
    assert (copied.name, copied.bases, copied.paths) == (dialect.name, ("yaml", "json"), ())
    assert values(copied, tree) == values(dialect, tree) != []
