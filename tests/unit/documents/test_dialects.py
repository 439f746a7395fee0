from __future__ import annotations

import pickle
import subprocess
import sys

import pathspec
import pytest

from guardrails.documents import dialects
from guardrails.documents.document import Document, Root, Span

ALL = {name: value for name, value in vars(dialects).items() if name.isupper() and hasattr(value, "bases")}


class Echo:
    """A locator that answers with the length of the path, so that prefixes can be seen."""

    def span(self, path, *, key):
        return Span(len(path) + 1, 1, len(path) + 1, 1)


def document(*values) -> Document:
    return Document(tuple(Root(value, Echo()) for value in values))


def values(dialect, *trees) -> list:
    return [root.value for root in dialect.roots(document(*trees))]


@pytest.mark.parametrize(
    ("attribute", "name", "bases"),
    [
        ("KUBERNETES", "kubernetes", ("yaml", "json")),
        ("HELM_CHART", "helm-chart", ("yaml",)),
        ("GITHUB_WORKFLOW", "github-workflow", ("yaml",)),
        ("GITHUB_ACTION", "github-action", ("yaml",)),
        ("DEPENDABOT", "dependabot", ("yaml",)),
        ("GITLAB_CI", "gitlab-ci", ("yaml",)),
        ("COMPOSE", "compose", ("yaml",)),
        ("PACKAGE_JSON", "package-json", ("json",)),
        ("PYPROJECT", "pyproject", ("toml",)),
        ("CARGO", "cargo", ("toml",)),
        ("PRE_COMMIT_CONFIG", "pre-commit-config", ("yaml",)),
    ],
)
def test_names_and_bases(attribute, name, bases):
    assert (ALL[attribute].name, ALL[attribute].bases) == (name, bases)


def test_no_dialect_is_untested():
    assert len(ALL) == 11


@pytest.mark.parametrize(
    ("attribute", "yes", "no"),
    [
        ("HELM_CHART", ["Chart.yaml", "charts/a/Chart.yaml"], ["chart.yaml", "Chart.lock"]),
        (
            "GITHUB_WORKFLOW",
            [".github/workflows/ci.yml", ".github/workflows/ci.yaml"],
            [
                ".github/workflows/sub/ci.yml",
                "x/.github/workflows/ci.yml",
                ".github/workflows/ci.json",
                ".github/a.yml",
            ],
        ),
        ("GITHUB_ACTION", ["action.yml", ".github/actions/x/action.yaml"], ["reaction.yml"]),
        ("DEPENDABOT", [".github/dependabot.yml", ".github/dependabot.yaml"], ["dependabot.yml"]),
        (
            "GITLAB_CI",
            [".gitlab-ci.yml", "sub/.gitlab-ci.yml", "build.gitlab-ci.yml", ".gitlab/ci/a.yml", ".gitlab/ci/b/a.yml"],
            ["gitlab-ci.yml", ".gitlab/a.yml"],
        ),
        (
            "COMPOSE",
            ["compose.yml", "compose.yaml", "compose.override.yml", "a/docker-compose.yml", "docker-compose-dev.yaml"],
            ["mycompose.yml", "compose.json"],
        ),
        ("PACKAGE_JSON", ["package.json", "web/package.json"], ["package-lock.json"]),
        ("PYPROJECT", ["pyproject.toml"], ["pyproject.toml.bak"]),
        ("CARGO", ["Cargo.toml", "crates/a/Cargo.toml"], ["Cargo.lock"]),
        ("PRE_COMMIT_CONFIG", [".pre-commit-config.yaml"], [".pre-commit-hooks.yaml"]),
    ],
)
def test_paths(attribute, yes, no):
    spec = pathspec.GitIgnoreSpec.from_lines(ALL[attribute].paths)
    assert [path for path in yes + no if spec.match_file(path)] == yes


@pytest.mark.parametrize("attribute", sorted(ALL.keys() - {"KUBERNETES"}))
def test_only_mappings_are_roots(attribute):
    tree = {"runs": {}, "services": {}, "stages": []}
    assert values(ALL[attribute], tree, ["list"], "text", None, tree) == [tree, tree]


def test_files_of_the_same_name_that_are_something_else():
    assert values(dialects.GITHUB_ACTION, {"name": "x"}) == []
    assert values(dialects.COMPOSE, {"require": {}}) == []
    assert values(dialects.COMPOSE, {"include": []}) == [{"include": []}]
    assert values(dialects.GITLAB_CI, {"spec": {"inputs": {}}}, {"job": {}}) == [{"job": {}}]


# --- kubernetes


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
    assert values(dialects.KUBERNETES, tree) == [tree]


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
    assert values(dialects.KUBERNETES, tree) == []


def pod(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}


def test_lists_are_expanded_where_they_stand():
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [pod("b")]}
    tree = {"apiVersion": "v1", "kind": "List", "items": [pod("a"), {"kind": "no"}, inner, None]}
    found = list(dialects.KUBERNETES.roots(document(pod("first"), tree)))
    assert [(root.value["metadata"]["name"], root.prefix) for root in found] == [
        ("first", ()),
        ("a", ("items", 0)),
        ("b", ("items", 2, "items", 0)),
    ]
    assert found[2].span(("metadata",)) == Span(6, 1, 6, 1)


def test_a_kind_that_ends_in_list_without_items_is_a_resource():
    tree = {"apiVersion": "example.com/v1", "kind": "AllowList", "spec": {"items": []}}
    assert values(dialects.KUBERNETES, tree) == [tree]


def test_positions_in_yaml():
    from guardrails.documents import yaml

    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n"
    (root,) = dialects.KUBERNETES.roots(yaml.FORMAT.parse(text))
    assert root.span(("metadata", "name")) == Span(7, 11, 7, 12)


# --- weight


@pytest.mark.parametrize("attribute", sorted(ALL))
def test_dialects_travel_to_workers(attribute):
    copy = pickle.loads(pickle.dumps(ALL[attribute]))
    tree = {"apiVersion": "v1", "kind": "Pod", "runs": {}, "services": {}}
    assert (copy.name, copy.paths, copy.bases) == (ALL[attribute].name, ALL[attribute].paths, ALL[attribute].bases)
    assert values(copy, tree) == [tree]


def test_importing_the_dialects_imports_no_parser():
    code = "import sys, guardrails.documents.dialects; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"yaml", "tomli", "json", "dataclasses", "guardrails.documents.yaml"}.isdisjoint(loaded)
