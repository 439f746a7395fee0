"""The composition root: built-ins and installed plugins come through the same hooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points

import pluggy

from guardrails import hookspecs
from guardrails.engine.plan import Registry
from guardrails.errors import PluginError
from guardrails.references import Reference

hookimpl = pluggy.HookimplMarker(hookspecs.GROUP)

BUILTIN = "guardrails"
"""The name under which the built-ins are registered."""


class Builtins:
    """What guardrails itself provides, as a plugin like any other."""

    @hookimpl
    def guardrails_check_kinds(self) -> Mapping[str, str]:
        """One module of ``guardrails.checks`` for each kind."""
        names = (
            "change",
            "commit",
            "document",
            "governance",
            "licence",
            "ownership",
            "parse",
            "path",
            "relation",
            "text",
        )
        return {name: f"guardrails.checks.{name}:KIND" for name in names}

    @hookimpl
    def guardrails_formats(self) -> Mapping[str, str]:
        """Formats, and the dialects above them."""
        formats = {name: f"guardrails.documents.{name}:FORMAT" for name in ("codeowners", "dockerfile", "markdown")}
        formats |= {name: f"guardrails.documents.{name}:FORMAT" for name in ("json", "toml", "yaml")}
        formats |= {"jsonc": "guardrails.documents.json:JSONC"}
        formats |= {"ini": "guardrails.documents.ini:INI", "env": "guardrails.documents.ini:ENV"}
        formats |= {
            name: f"guardrails.documents.{name.replace('-', '_')}:FORMAT"
            for name in ("feature-flags", "github-pipeline", "spdx-tags")
        }
        locking = ("bun-lock", "gemfile", "gemfile-lock", "go-mod", "go-sum", "yarn-lock")
        formats |= {name: f"guardrails.documents.{name.replace('-', '_')}:FORMAT" for name in locking}
        dialects = (
            "alertmanager",
            "azure-pipelines",
            "backstage",
            "bitbucket-pipelines",
            "cargo",
            "circleci",
            "compose",
            "dependabot",
            "github-action",
            "github-workflow",
            "gitlab-ci",
            "grafana-dashboard",
            "helm-chart",
            "openapi",
            "openslo",
            "package-json",
            "pre-commit-config",
            "prometheus-rules",
            "pyproject",
            "renovate",
        )
        kubernetes = (
            "kubernetes",
            "kubernetes-component",
            "kubernetes-container",
            "kubernetes-kind",
            "kubernetes-pod",
        )
        formats |= {name: f"guardrails.documents.kubernetes:{name.upper().replace('-', '_')}" for name in kubernetes}
        return formats | {name: f"guardrails.documents.dialects:{name.upper().replace('-', '_')}" for name in dialects}

    @hookimpl
    def guardrails_reporters(self) -> Mapping[str, str]:
        """One module of ``guardrails.reporters`` for each output format."""
        names = ("concise", "github", "gitlab", "json", "junit", "markdown", "sarif", "text")
        return {name: f"guardrails.reporters.{name}:report" for name in names}


def registry(plugins: Mapping[str, object] | None = None) -> Registry:
    """Everything that the built-ins and the installed plugins provide; raises PluginError.

    ``plugins`` replaces the installed ones, by name.
    """
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(Builtins(), BUILTIN)
    for name, plugin in (_installed() if plugins is None else plugins).items():
        manager.register(plugin, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(str(error), hint="it may be made for another version of guardrails") from error
    return Registry(
        kinds=_collect(manager, "guardrails_check_kinds"),
        formats=_collect(manager, "guardrails_formats"),
        reporters=_collect(manager, "guardrails_reporters"),
        packs=_collect(manager, "guardrails_packs"),
    )


def _installed() -> dict[str, object]:
    """The plugins of the installed packages, by the names of their entry points."""
    found: dict[str, object] = {}
    for point in entry_points(group=hookspecs.GROUP):
        try:
            found[point.name] = point.load()
        except Exception as error:
            package = point.dist.name if point.dist else point.value
            raise PluginError(
                f"plugin {point.name} of the package {package} cannot be loaded: {type(error).__name__}: {error}",
                hint=f"mend {package}, or remove it",
            ) from error
    return found


def _collect(manager: pluggy.PluginManager, hook: str) -> dict[str, Reference]:
    """All names that plugins give to a hook; a name that two of them give is an error, not a race."""
    found: dict[str, Reference] = {}
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        plugin = implementation.plugin_name
        for name, target in _provided(plugin, implementation.function).items():
            if name in found:
                raise PluginError(
                    f"plugins {found[name].plugin} and {plugin} both provide '{name}' ({hook})",
                    hint="uninstall one of them",
                )
            found[name] = Reference(name, target, plugin)
    return dict(sorted(found.items()))


def _provided(plugin: str, hook: object) -> Mapping[str, str]:
    try:
        provided: Mapping[str, str] = hook()  # type: ignore[operator]
        pairs: Iterable[tuple[str, str]] = provided.items()
        broken = [name for name, target in pairs if not (isinstance(target, str) and ":" in target)]
    except Exception as error:
        raise PluginError(f"plugin {plugin} broke: {type(error).__name__}: {error}") from error
    if broken:
        raise PluginError(
            f"plugin {plugin}: {broken[0]!r} is not given as 'package.module:ATTRIBUTE'",
            hint="hooks return references, see guardrails.hookspecs",
        )
    return provided
