"""What has to hold of the package as a whole, also when somebody adds the hundredth module."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import guardrails
from guardrails import errors, findings, hookspecs
from guardrails.checks.base import CheckKind
from guardrails.plugins import registry

ROOT = Path(guardrails.__file__).parent
MODULES = sorted(module.name for module in pkgutil.walk_packages([str(ROOT)], "guardrails."))


@pytest.mark.parametrize("module", [name for name in MODULES if not name.endswith("__main__")])
def test_every_module_imports_alone_without_warnings(module):
    done = subprocess.run([sys.executable, "-W", "error", "-c", f"import {module}"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_every_module_says_what_it_is():
    for name in MODULES:
        if not name.endswith("__main__"):
            assert importlib.import_module(name).__doc__, name


def test_the_tables_of_built_ins_equal_the_files():
    installed = registry(plugins={})
    kinds = {path.stem for path in (ROOT / "checks").glob("[a-z]*.py")}
    assert set(installed.kinds) == {name for name in kinds if _has(f"guardrails.checks.{name}", "KIND")}
    reporters = {path.stem for path in (ROOT / "reporters").glob("[a-z]*.py")}
    assert set(installed.reporters) == {name for name in reporters if _has(f"guardrails.reporters.{name}", "report")}


def _has(module: str, attribute: str) -> bool:
    return hasattr(importlib.import_module(module), attribute)


def test_every_built_in_has_the_name_it_is_registered_by():
    installed = registry(plugins={})
    for name, reference in {**installed.kinds, **installed.formats}.items():
        assert reference.load().name == name
    for name, reference in installed.kinds.items():
        kind: CheckKind = reference.load()
        assert all("description" in schema for schema in kind.schema.get("properties", {}).values()), name


def test_every_dialect_stands_on_formats_that_exist():
    formats = registry(plugins={}).formats
    for reference in formats.values():
        for base in getattr(reference.load(), "bases", ()):
            assert base in formats


def test_every_hook_is_documented_and_tested():
    hooks = [name for name in vars(hookspecs) if name.startswith("guardrails_")]
    sample = (
        Path(__file__).parents[1] / "functional" / "sample_plugin" / "guardrails_sample" / "__init__.py"
    ).read_text()
    readme = (ROOT.parent / "docs" / "plugins.md").read_text()
    for hook in hooks:
        assert inspect.getdoc(getattr(hookspecs, hook)), hook
        assert f"def {hook}(" in sample, hook
        assert f"`{hook}`" in readme, hook


ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.UserError)]


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_survive_pickling(kind):
    error = kind("message", path="a.yaml", line=3, column=4, hint="hint")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.hint) == ("a.yaml:3:4: message", "hint")
    many = pickle.loads(pickle.dumps(errors.UserErrors([error, error])))
    assert [str(one) for one in many.errors] == ["a.yaml:3:4: message"]


def test_findings_survive_pickling():
    finding = findings.Finding("p/r", findings.Location("a\udcff", 1, 2, 3, 4), "m", "e", "s", "f")
    assert pickle.loads(pickle.dumps(finding)) == finding
    assert pickle.loads(pickle.dumps(findings.Severity.HIGH)) is findings.Severity.HIGH


def test_the_documented_exit_codes_are_those_of_the_code():
    from guardrails import cli

    readme = (ROOT.parent / "README.md").read_text()
    for code, words in {
        cli.OK: "nothing blocks",
        cli.BLOCKED: "something blocks",
        cli.BROKEN: "misuse",
        cli.INTERRUPTED: "interrupted",
    }.items():
        assert f"| {code} | {words}" in readme


def test_the_generated_page_of_rules_is_fresh():
    script = ROOT.parent / "docs" / "generate.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0, f"run {script}"
