"""What init proposes for a repository, and that it writes all of it or nothing."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guardrails import __version__
from guardrails.cli import init, starting
from guardrails.cli.starting import Step
from guardrails.config import parse
from guardrails.errors import UsageError, UserError

PACKAGE = "git+https://git.example.org/guardrails@v1.2.3"
CI = Path(__file__).parents[3] / "ci"


def propose(existing=None, paths=(), *, date="2026-11-22", ci="", package=PACKAGE):
    return {step.path: step for step in starting.steps(existing or {}, paths, date=date, ci=ci, package=package)}


@pytest.mark.parametrize(
    ("existing", "remote", "ci"),
    [
        ({}, "", ""),
        ({}, "https://github.com/a/b.git", "github"),
        ({}, "git@github.com:a/b.git", "github"),
        ({}, "https://github.example.org/a/b", "github"),
        ({}, "ssh://git@gitlab.example.org:2222/a/b.git", "gitlab"),
        ({}, "https://user@dev.azure.com/o/p/_git/r", "azure"),
        ({}, "https://o.visualstudio.com/p/_git/r", "azure"),
        ({}, "https://git.example.org/mirrors/github.com/r", ""),
        ({}, "../gitlab/r.git", ""),
        ({}, "https://github-bot:x@git.example.org/a/b", ""),
        ({".github/workflows/a.yml": ""}, "https://gitlab.com/a/b", "github"),
        ({".gitlab-ci.yml": ""}, "https://github.com/a/b", "gitlab"),
        ({"azure-pipelines.yml": ""}, "", "azure"),
    ],
)
def test_the_ci_is_recognised_by_its_files_then_by_the_remote(existing, remote, ci):
    assert starting.recognised(existing, remote) == ci


@given(st.text())
def test_any_remote_is_some_host_or_none(remote):
    assert starting.recognised({}, remote) in {"", *starting.HOSTS}


@pytest.mark.parametrize("paths", [(), ("a/vendor/x.go", "third_party/y.c", "vendor/z.go", "src/vendor")])
@pytest.mark.parametrize("date", ["2026-01-31", "2026-09-01", "2026-10-02", "2026-12-31"])
@pytest.mark.parametrize("switched_on", [False, True])
def test_settings_are_valid_also_with_their_example_switched_on(paths, date, switched_on):
    text = propose(paths=paths, date=date)[".guardrails.yaml"].content
    if switched_on:
        text = re.sub(r"^# (rules:|exclude:|  )", r"\1", text, flags=re.MULTILINE)
    errors = []
    layer = parse(".guardrails.yaml", text.encode(), errors)
    assert errors == []
    assert layer.profile == "recommended"
    assert layer.exclude == (("third_party/", "vendor/") if paths else ("vendor/",) * switched_on)
    if switched_on:
        assert [entry.selector for entry in layer.entries] == ["container-images", "required-files/readme"]
        starts = [start for start, _ in layer.entries[0].enforcement.steps if start]
        assert starts[0] == date < starts[1] < starts[2]


@pytest.mark.parametrize(
    ("existing", "path"),
    [
        ({}, ".guardrails.yaml"),
        ({"pyproject.toml": "[tool.other]\nname = 'guardrails'\n"}, ".guardrails.yaml"),
        ({"pyproject.toml": "[tool.guardrails]\nprofile = 'strict'\n"}, "pyproject.toml"),
        ({"pyproject.toml": "[tool.guardrails]\n", ".guardrails.yaml": ""}, ".guardrails.yaml"),
        ({"pyproject.toml": "[tool.guardrails\n"}, ".guardrails.yaml"),
        ({"pyproject.toml": "tool = 3\n"}, ".guardrails.yaml"),
    ],
)
def test_settings_in_pyproject_are_settings(existing, path):
    proposed = propose(existing)
    assert path in proposed
    assert len(proposed.keys() & {".guardrails.yaml", "pyproject.toml"}) == 1


@pytest.mark.parametrize(
    ("package", "repo", "rev"),
    [
        (PACKAGE, "https://git.example.org/guardrails", "v1.2.3"),
        ("git+ssh://git@git.example.org/g.git@0a1b#egg=x", "ssh://git@git.example.org/g.git", "0a1b"),
        ("git+ssh://git@git.example.org/g.git", "local", None),
        ("repo-guardrails==1.0", "local", None),
        ("", "local", None),
    ],
)
def test_hooks_come_from_where_pip_installs_from(package, repo, rev):
    (entry,) = yaml.safe_load(propose(package=package)[".pre-commit-config.yaml"].content)["repos"]
    assert (entry["repo"], entry.get("rev")) == (repo, rev)
    shipped = yaml.safe_load((CI.parent / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in entry["hooks"]} <= {hook["id"] for hook in shipped}


def test_the_addition_to_hooks_is_a_repository_of_its_list():
    step = propose()[".pre-commit-config.yaml"]
    assert yaml.safe_load(step.addition) == yaml.safe_load(step.content)["repos"]


FILES = {
    "github": [".github/workflows/guardrails.yml"],
    "gitlab": [".gitlab/guardrails.yml", ".gitlab-ci.yml"],
    "azure": [".azure/guardrails.yml", "azure-pipelines.yml"],
    "shell": ["ci/guardrails.sh"],
    "": [],
}


@pytest.mark.parametrize("ci", [*starting.HOSTS, ""])
def test_each_ci_gets_its_files_with_what_pip_installs(ci):
    proposed = propose(ci=ci)
    assert [path for path in proposed if path not in {".guardrails.yaml", ".pre-commit-config.yaml"}] == FILES[ci]
    written = "".join(proposed[path].content for path in FILES[ci])
    assert (PACKAGE in written) == bool(ci)
    assert "<what" not in written
    assert {path for path, step in proposed.items() if step.executable} == ({"ci/guardrails.sh"} & {*FILES[ci]})
    for path in FILES[ci][:-1]:
        assert path in proposed[FILES[ci][-1]].content, "the file that the CI reads names ours"


@pytest.mark.parametrize("name", [path.name for path in CI.iterdir() if path.suffix in {".yml", ".sh"}])
def test_each_template_has_one_place_for_what_pip_installs(name):
    assert (CI / name).read_text().count("<what pip installs>") == 1


@pytest.mark.parametrize(
    ("ci", "existing"),
    [
        ("github", {".github/workflows/policies.yml": "run: guardrails check\n"}),
        ("gitlab", {".gitlab-ci.yml": "include: guardrails\n"}),
        ("azure", {"azure-pipelines.yml": "- template: guardrails\n"}),
    ],
)
def test_a_ci_that_runs_it_needs_no_job(ci, existing):
    (path,) = existing
    proposed = propose(existing, ci=ci)
    assert proposed[path] == Step(path)
    assert len(proposed) == 3


def test_code_owners_are_told_about_the_settings():
    assert "/.guardrails.yaml" in propose({"docs/CODEOWNERS": "* @a\n"})["docs/CODEOWNERS"].addition
    assert "CODEOWNERS" not in propose()


@pytest.mark.parametrize("package", ["", '"', "a$(b)", "a`b`", "a}b", "a\nb", "a\\b", "a'b", "-r x", "$HOME"])
def test_what_could_leave_its_quotes_is_no_package(package):
    with pytest.raises(UsageError):
        starting.checked(package)


@given(st.text())
def test_a_package_stays_one_string_in_yaml_and_shell(package):
    try:
        starting.checked(package)
    except UsageError:
        return
    assert yaml.safe_load(f'"{package}"') == package
    assert '"' not in package
    assert not set(package) & set("$`\\}\n")


@pytest.mark.parametrize(
    ("record", "package"),
    [
        (None, f"repo-guardrails=={__version__}"),
        ('{"url": "file:///work/guardrails", "dir_info": {"editable": true}}', ""),
        (
            '{"url": "https://git.example.org/g", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}}',
            "git+https://git.example.org/g@0a1b",
        ),
        (
            '{"url": "https://example.org/g.whl", "archive_info": {}}',
            "repo-guardrails @ https://example.org/g.whl",
        ),
    ],
)
def test_ci_installs_what_is_installed_here(monkeypatch, record, package):
    class Distribution:
        def read_text(self, name):
            assert name == "direct_url.json"
            return record

    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Distribution())
    assert init._installed_from() == package


def tree(root):
    return {str(path.relative_to(root)): path.read_text() if path.is_file() else None for path in root.rglob("*")}


def test_all_files_are_written(tmp_path):
    os.umask(mask := os.umask(0))
    init.write(str(tmp_path), [Step("a/b/c", "1\n"), Step("a/d", "2\n", executable=True)])
    assert tree(tmp_path) == {"a": None, "a/b": None, "a/b/c": "1\n", "a/d": "2\n"}
    assert (tmp_path / "a/b/c").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "a/d").stat().st_mode & 0o777 == 0o777 & ~mask


@pytest.mark.parametrize("last", ["there", "file/below", "out/x", "n" * 300])
def test_nothing_is_written_when_one_file_cannot_be(tmp_path, last):
    (tmp_path / "there").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "out").symlink_to(tmp_path.parent)
    before = tree(tmp_path)
    with pytest.raises(UserError) as caught:
        init.write(str(tmp_path), [Step("a/b", "1\n"), Step("c", "2\n"), Step(last, "3\n")])
    assert tree(tmp_path) == before
    assert "nothing was written" in caught.value.hint
    assert str(tmp_path) not in str(caught.value)
    assert "tmp-" not in str(caught.value)
    assert not list(tmp_path.parent.glob("x*"))


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        init.write(str(tmp_path), [Step("a/b", "1\n")])
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_is_one_for_any_shell(shell):
    assert subprocess.run([shell, "-n", str(CI / "check.sh")], check=False).returncode == 0
