"""Dialects: uses of yaml, json and toml that have a name, a place in the repository and rules of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from guardrails.documents.document import Dialect, Document, Root
from guardrails.documents.resources import mappings, resources


class Mappings:
    """A dialect whose trees are the mappings in files of certain names.

    ``needs`` are keys of which a mapping must have one; files of the same name that have none are something else.
    """

    def __init__(self, name: str, base: str, *paths: str, needs: Iterable[str] = ()) -> None:
        self.name = name
        self.bases: tuple[str, ...] = (base,)
        self.paths: tuple[str, ...] = paths
        self._needs = frozenset(needs)

    def roots(self, document: Document) -> Iterable[Root]:
        """The mappings among the trees."""
        for root in document.roots:
            value = root.value
            if isinstance(value, dict) and not (self._needs and self._needs.isdisjoint(value)):
                yield root


class GitlabCi(Mappings):
    """Pipelines of GitLab; the header of a component, which only declares its inputs, is left out."""

    def roots(self, document: Document) -> Iterable[Root]:
        """The trees with jobs."""
        return (root for root in super().roots(document) if root.value.keys() != {"spec"})


class Objects:
    """A dialect whose trees are known by what is in them, wherever the files are."""

    paths: tuple[str, ...] = ()

    def __init__(self, name: str, base: str, is_one: Callable[[Any], bool], *more: str) -> None:
        self.name = name
        self.bases: tuple[str, ...] = (base, *more)
        self._is_one = is_one

    def roots(self, document: Document) -> Iterable[Root]:
        """The trees that are of the dialect."""
        return (root for root in document.roots if isinstance(root.value, dict) and self._is_one(root.value))


def _is_backstage(value: Any) -> bool:
    """Whether it is an entry of the catalogue; templates of entries, with names to fill in, are left out."""
    group = str(value.get("apiVersion")).partition("/")[0]
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return "kind" in value and f".{group}".endswith(".backstage.io") and "{{" not in str(name)


def _is_openapi(value: Any) -> bool:
    described = isinstance(value.get("paths"), dict) or isinstance(value.get("info"), dict)
    return described and not {"openapi", "swagger"}.isdisjoint(value)


def _is_openslo(value: Any) -> bool:
    return str(value.get("apiVersion")).startswith("openslo/")


def _is_alertmanager(value: Any) -> bool:
    return isinstance(value.get("route"), dict) and isinstance(value.get("receivers"), list)


class PrometheusRules:
    """Alerting and recording rules: files of groups, and what is below ``spec`` of a PrometheusRule of Kubernetes.

    Rules of Loki, Mimir and Thanos have the same shape.
    """

    name = "prometheus-rules"
    bases: tuple[str, ...] = ("yaml", "json")
    paths: tuple[str, ...] = ()

    def roots(self, document: Document) -> Iterable[Root]:
        """The mappings that have groups of rules."""
        for root in document.roots:
            if _has_rules(root.value):
                yield root
            for resource in resources(root):
                if resource.value["kind"] == "PrometheusRule" and _has_rules(resource.value.get("spec")):
                    yield resource.at("spec")


def _has_rules(value: Any) -> bool:
    return any(
        not {"alert", "record"}.isdisjoint(rule)
        for group in mappings(value, "groups")
        for rule in mappings(group, "rules")
    )


class GrafanaDashboard:
    """Dashboards: as they are exported, as the interface takes them, and as resources of Grafana."""

    name = "grafana-dashboard"
    bases: tuple[str, ...] = ("json",)
    paths: tuple[str, ...] = ()

    def roots(self, document: Document) -> Iterable[Root]:
        """The dashboards, without what is wrapped around them."""
        for root in document.roots:
            if _is_dashboard(root.value):
                yield root
            elif isinstance(root.value, dict):
                yield from (root.at(key) for key in ("dashboard", "spec") if _is_dashboard(root.value.get(key)))


def _is_dashboard(value: Any) -> bool:
    if not isinstance(value, dict) or "schemaVersion" not in value:
        return False
    return isinstance(value.get("panels"), list) or isinstance(value.get("rows"), list)


ALERTMANAGER: Dialect = Objects("alertmanager", "yaml", _is_alertmanager)
BACKSTAGE: Dialect = Objects("backstage", "yaml", _is_backstage)
GRAFANA_DASHBOARD: Dialect = GrafanaDashboard()
OPENAPI: Dialect = Objects("openapi", "yaml", _is_openapi, "json")
OPENSLO: Dialect = Objects("openslo", "yaml", _is_openslo)
PROMETHEUS_RULES: Dialect = PrometheusRules()
HELM_CHART: Dialect = Mappings("helm-chart", "yaml", "Chart.yaml")
GITHUB_WORKFLOW: Dialect = Mappings("github-workflow", "yaml", ".github/workflows/*.yml", ".github/workflows/*.yaml")
GITHUB_ACTION: Dialect = Mappings("github-action", "yaml", "action.yml", "action.yaml", needs=["runs"])
DEPENDABOT: Dialect = Mappings("dependabot", "yaml", ".github/dependabot.yml", ".github/dependabot.yaml")
RENOVATE: Dialect = Mappings("renovate", "json", "renovate.json", ".renovaterc.json", "renovate-config.json")
GITLAB_CI: Dialect = GitlabCi("gitlab-ci", "yaml", ".gitlab-ci.yml", "*.gitlab-ci.yml", ".gitlab/ci/**/*.yml")
COMPOSE: Dialect = Mappings(
    "compose",
    "yaml",
    "compose*.yml",
    "compose*.yaml",
    "docker-compose*.yml",
    "docker-compose*.yaml",
    needs=["services", "include"],
)
PACKAGE_JSON: Dialect = Mappings("package-json", "json", "package.json")
PYPROJECT: Dialect = Mappings("pyproject", "toml", "pyproject.toml")
CARGO: Dialect = Mappings("cargo", "toml", "Cargo.toml")
PRE_COMMIT_CONFIG: Dialect = Mappings("pre-commit-config", "yaml", ".pre-commit-config.yaml")
CIRCLECI: Dialect = Mappings("circleci", "yaml", ".circleci/*.yml", ".circleci/*.yaml", needs=["workflows", "jobs"])
AZURE_PIPELINES: Dialect = Mappings(
    "azure-pipelines",
    "yaml",
    "azure-pipelines*.yml",
    "azure-pipelines*.yaml",
    ".azure-pipelines/**/*.yml",
    ".azure-pipelines/**/*.yaml",
    needs=["stages", "jobs", "steps", "extends"],
)
BITBUCKET_PIPELINES: Dialect = Mappings("bitbucket-pipelines", "yaml", "bitbucket-pipelines.yml", needs=["pipelines"])
