from __future__ import annotations

import pickle
import subprocess
import sys

import pathspec
import pytest

from guardrails.documents import dialects
from tests.unit.documents.trees import document, values

ALL = {name: value for name, value in vars(dialects).items() if name.isupper() and hasattr(value, "bases")}


@pytest.mark.parametrize(
    ("attribute", "name", "bases"),
    [
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
        ("ALERTMANAGER", "alertmanager", ("yaml",)),
        ("AZURE_PIPELINES", "azure-pipelines", ("yaml",)),
        ("BACKSTAGE", "backstage", ("yaml",)),
        ("BITBUCKET_PIPELINES", "bitbucket-pipelines", ("yaml",)),
        ("CIRCLECI", "circleci", ("yaml",)),
        ("GRAFANA_DASHBOARD", "grafana-dashboard", ("json",)),
        ("OPENAPI", "openapi", ("yaml", "json")),
        ("OPENSLO", "openslo", ("yaml",)),
        ("RENOVATE", "renovate", ("json",)),
        ("PROMETHEUS_RULES", "prometheus-rules", ("yaml", "json")),
    ],
)
def test_names_and_bases(attribute, name, bases):
    assert (ALL[attribute].name, ALL[attribute].bases) == (name, bases)


def test_no_dialect_is_untested():
    assert len(ALL) == 20


@pytest.mark.parametrize(
    ("attribute", "yes", "no"),
    [
        (
            "RENOVATE",
            ["renovate.json", ".github/renovate.json", ".renovaterc.json"],
            ["renovate.yaml", "my-renovate.json"],
        ),
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
        (
            "AZURE_PIPELINES",
            ["azure-pipelines.yml", "ci/azure-pipelines-release.yaml", ".azure-pipelines/jobs/test.yml"],
            ["azure.yml", ".azure-pipelines/a.json", "a/.azure-pipelines/b.yml"],
        ),
        ("BITBUCKET_PIPELINES", ["bitbucket-pipelines.yml"], ["bitbucket.yml"]),
        ("CIRCLECI", [".circleci/config.yml", ".circleci/deploy.yaml"], [".circleci/a/b.yml", "circleci.yml"]),
    ],
)
def test_paths(attribute, yes, no):
    spec = pathspec.GitIgnoreSpec.from_lines(ALL[attribute].paths)
    assert [path for path in yes + no if spec.match_file(path)] == yes


ANYWHERE = {"ALERTMANAGER", "BACKSTAGE", "GRAFANA_DASHBOARD", "OPENAPI", "OPENSLO", "PROMETHEUS_RULES"}
"""Dialects that are known by what is in the file."""


def test_dialects_that_are_known_by_content_look_at_all_files():
    assert {name for name, dialect in ALL.items() if not dialect.paths} == ANYWHERE


@pytest.mark.parametrize("attribute", sorted(ALL.keys() - ANYWHERE))
def test_only_mappings_are_roots(attribute):
    tree = {"runs": {}, "services": {}, "stages": [], "jobs": {}, "pipelines": {}}
    assert values(ALL[attribute], tree, ["list"], "text", None, tree) == [tree, tree]


def test_files_of_the_same_name_that_are_something_else():
    assert values(dialects.GITHUB_ACTION, {"name": "x"}) == []
    assert values(dialects.COMPOSE, {"require": {}}) == []
    assert values(dialects.COMPOSE, {"include": []}) == [{"include": []}]
    assert values(dialects.CIRCLECI, {"commands": {}}) == []
    assert values(dialects.AZURE_PIPELINES, {"trigger": []}, {"steps": []}) == [{"steps": []}]
    assert values(dialects.BITBUCKET_PIPELINES, {"image": "x"}) == []
    assert values(dialects.GITLAB_CI, {"spec": {"inputs": {}}}, {"job": {}}) == [{"job": {}}]


# --- other objects that are known by what is in them


ENTRY = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "shop"}}
NOTHING = ({}, [], "text", None, ["apiVersion", "kind"])


@pytest.mark.parametrize(
    "tree",
    [
        ENTRY,
        {**ENTRY, "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template"},
        {**ENTRY, "metadata": None},
        {**ENTRY, "metadata": {"name": 7}},
    ],
)
def test_entries_of_the_catalogue(tree):
    assert values(dialects.BACKSTAGE, *NOTHING, tree) == [tree]


@pytest.mark.parametrize(
    "tree",
    [
        {**ENTRY, "apiVersion": "notbackstage.io/v1"},
        {**ENTRY, "apiVersion": "example.com/backstage.io"},
        {**ENTRY, "apiVersion": 1},
        {"apiVersion": "backstage.io/v1alpha1", "metadata": {"name": "shop"}},
        {**ENTRY, "metadata": {"name": "${{ values.name }}"}},
    ],
)
def test_what_is_no_entry_of_the_catalogue(tree):
    assert values(dialects.BACKSTAGE, tree) == []


def test_objects_of_openslo():
    slo = {"apiVersion": "openslo/v1", "kind": "SLO"}
    others = [{"apiVersion": "openslos/v1"}, {"apiVersion": None}, {"apiVersion": ["openslo/v1"]}, {"kind": "SLO"}]
    assert values(dialects.OPENSLO, *NOTHING, *others, slo) == [slo]


RULES = {"groups": [{"name": "a", "rules": [{"alert": "A", "expr": "up == 0"}]}]}


@pytest.mark.parametrize(
    "tree",
    [
        RULES,
        {"groups": [None, {"name": "b"}, {"rules": [7, {"record": "a:b:c"}]}]},
        {"namespace": "x", **RULES},
    ],
)
def test_files_of_rules(tree):
    assert values(dialects.PROMETHEUS_RULES, *NOTHING, tree) == [tree]


@pytest.mark.parametrize(
    "tree",
    [
        {"groups": 7},
        {"groups": [{"rules": 7}]},
        {"groups": {}},
        {"groups": ["alert"]},
        {"groups": [{"rules": {"alert": "A"}}]},
        {"groups": [{"rules": ["alert", "record"]}]},
        {"groups": [{"name": "x", "rules": [{"uid": "a", "title": "Grafana's own"}]}]},
        {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": {"groups": []}},
        {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule"},
        {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "spec": RULES},
    ],
)
def test_what_are_no_rules(tree):
    assert values(dialects.PROMETHEUS_RULES, tree) == []


def test_rules_in_kubernetes_are_what_is_below_spec():
    rule = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": RULES}
    tree = {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod"}, rule]}
    found = list(dialects.PROMETHEUS_RULES.roots(document(rule, tree)))
    assert [(root.value, root.prefix) for root in found] == [(RULES, ("spec",)), (RULES, ("items", 1, "spec"))]


BOARD = {"title": "Shop", "schemaVersion": 39, "panels": []}


@pytest.mark.parametrize(
    ("tree", "prefix"),
    [
        (BOARD, ()),
        ({"schemaVersion": 14, "rows": []}, ()),
        ({"dashboard": BOARD, "overwrite": True}, ("dashboard",)),
        ({"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard", "spec": BOARD}, ("spec",)),
    ],
)
def test_dashboards(tree, prefix):
    (root,) = dialects.GRAFANA_DASHBOARD.roots(document(*NOTHING, tree))
    assert root.prefix == prefix
    assert "schemaVersion" in root.value


@pytest.mark.parametrize(
    "tree",
    [{"panels": []}, {"schemaVersion": 1}, {"schemaVersion": 1, "panels": {}}, {"dashboard": "shop"}, {"spec": {}}],
)
def test_what_are_no_dashboards(tree):
    assert values(dialects.GRAFANA_DASHBOARD, tree) == []


def test_settings_of_alertmanager():
    settings = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}]}
    others = [{"route": "/", "receivers": []}, {"route": {}}, {"receivers": []}, {"route": {}, "receivers": {}}]
    assert values(dialects.ALERTMANAGER, *NOTHING, *others, settings) == [settings]


# --- weight


@pytest.mark.parametrize("attribute", sorted(ALL))
def test_dialects_travel_to_workers(attribute):
    copy = pickle.loads(pickle.dumps(ALL[attribute]))
    tree = {"apiVersion": "v1", "kind": "Pod", "runs": {}, "services": {}, "jobs": {}, "pipelines": {}} | RULES
    tree |= {"route": {}, "receivers": [], "schemaVersion": 1, "panels": []}
    tree |= {
        "BACKSTAGE": ENTRY,
        "OPENSLO": {"apiVersion": "openslo/v1"},
        "OPENAPI": {"openapi": "3.1.0", "paths": {}},
    }.get(attribute, {})
    assert (copy.name, copy.paths, copy.bases) == (ALL[attribute].name, ALL[attribute].paths, ALL[attribute].bases)
    assert values(copy, tree) == [tree]


def test_importing_the_dialects_imports_no_parser():
    code = "import sys, guardrails.documents.dialects; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"yaml", "tomli", "json", "dataclasses", "guardrails.documents.yaml"}.isdisjoint(loaded)
