"""``guardrails init`` on real repositories, and on a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PACKAGE = "git+https://git.example.org/guardrails@v1.2.3"


def files(repo):
    """Everything in the work tree, with mode and content."""
    found = (path for path in repo.root.rglob("*") if ".git" not in path.relative_to(repo.root).parts)
    return {str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"") for path in found}


HEALTHY = {"README.md": "# A\n", "LICENSE": "Apache-2.0\n", "SECURITY.md": "Write to us.\n", ".gitignore": "*.pyc\n"}


@pytest.mark.parametrize("ci", ["github", "gitlab", "azure", "shell", "none"])
def test_what_it_writes_passes_our_own_check_and_a_second_run_changes_nothing(repo, ci):
    repo.write({**HEALTHY, "vendor/lib/a.py": "a = 1\n"}).commit()
    done = repo.run("init", "--ci", ci, "--package", PACKAGE)
    assert done.returncode == 0, done.stderr
    written = repo.git("ls-files", "--others", "--exclude-standard").splitlines()
    assert len(written) == {"github": 3, "shell": 3, "none": 2}.get(ci, 4)
    assert all(f"write  {path}\n" in done.stdout for path in written)
    check = repo.run("check", "--profile", "all", "--ignore", "licence-headers", "--format", "concise", *written)
    assert check.returncode == 0, check.stdout
    assert not [line for line in check.stdout.splitlines() if line.startswith(tuple(written))], check.stdout
    assert "vendor" in repo.run("explain", "vendor/lib/a.py").stdout
    before = files(repo)
    again = repo.run("init", "--ci", ci, "--package", PACKAGE)
    assert again.returncode == 0
    assert "  write  " not in again.stdout
    assert "  add  " not in again.stdout
    assert files(repo) == before


def test_a_dry_run_shows_everything_and_writes_nothing(repo):
    repo.git("remote", "add", "origin", "git@gitlab.com:a/b.git")
    done = repo.run("init", "--dry-run", "--package", PACKAGE)
    assert done.returncode == 0
    assert files(repo) == {}
    shown = "".join(line[11:] for line in done.stdout.splitlines(keepends=True) if line.startswith(" " * 9 + "|"))
    repo.run("init", "--package", PACKAGE)
    assert {*files(repo)} > {str(repo.root / name) for name in (".guardrails.yaml", ".gitlab-ci.yml")}
    for name in (".guardrails.yaml", ".gitlab/guardrails.yml"):
        assert (repo.root / name).read_text() in shown


def test_existing_files_stay_and_the_addition_is_shown(repo):
    mine = {
        ".guardrails.yaml": "profile: strict\n",
        ".pre-commit-config.yaml": "repos: []\n",
        ".gitlab-ci.yml": "test: {script: make}\n",
        "CODEOWNERS": "* @a\n",
    }
    repo.write(mine)
    done = repo.run("init", "--package", PACKAGE)
    assert done.returncode == 0, done.stderr
    assert {name: (repo.root / name).read_text() for name in mine} == mine
    assert "keep   .guardrails.yaml" in done.stdout
    for name in [*mine][1:]:
        assert f"add    {name} is yours" in done.stdout
    lines = done.stdout.splitlines()
    hooks = [
        line[11:] for line in lines[lines.index("  add    .pre-commit-config.yaml is yours: add this to it") + 1 :]
    ]
    assert yaml.safe_load("\n".join(hooks[:5]))[0]["rev"] == "v1.2.3"
    assert (repo.root / ".gitlab" / "guardrails.yml").is_file()
    assert "local: .gitlab/guardrails.yml" in done.stdout


def test_settings_in_pyproject_are_kept(repo):
    repo.write({"pyproject.toml": "[tool.guardrails]\nprofile = 'strict'\n"})
    assert "keep   pyproject.toml" in repo.run("init", "--ci", "none").stdout
    assert not (repo.root / ".guardrails.yaml").exists()


def test_it_writes_at_the_root_from_any_folder(repo):
    repo.write({"src/deep/a.py": "a = 1\n"})
    repo.run("init", "--ci", "none", cwd=repo.root / "src" / "deep")
    assert (repo.root / ".guardrails.yaml").is_file()
    assert len(files(repo)) == 5


def test_a_folder_without_git_can_start_too(folder):
    done = folder.run("init")
    assert done.returncode == 0, done.stderr
    assert (folder.root / ".guardrails.yaml").is_file()


@pytest.mark.parametrize("obstacle", ["file", "link", "package", "ref"])
def test_what_stands_in_the_way_is_named_and_nothing_is_written(repo, obstacle, tmp_path):
    args = ["init", "--ci", "github", "--package", PACKAGE]
    if obstacle == "file":
        repo.write({".github": "not a folder\n"})
    elif obstacle == "link":
        (tmp_path / "outside").mkdir()
        (repo.root / ".github").symlink_to(tmp_path / "outside")
    elif obstacle == "package":
        args[-1] = "a b; rm -rf $HOME"
    else:
        repo.write({"azure-pipelines.yml": "steps: []\n", ".azure/guardrails.yml/x": ""})
        args[2] = "azure"
        (repo.root / ".guardrails.yaml").symlink_to("nowhere")
        (repo.root / ".pre-commit-config.yaml").mkdir()
    before = files(repo)
    done = repo.run(*args)
    assert files(repo) == before
    if obstacle == "ref":  # All of them are there, as whatever they are.
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "hint: " in done.stderr
    assert not any((tmp_path / "outside").glob("*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_exit_2(repo):
    repo.root.chmod(0o500)
    try:
        done = repo.run("init", "--ci", "none")
    finally:
        repo.root.chmod(0o700)
    assert done.returncode == 2
    assert "cannot be written: Permission denied" in done.stderr


def test_a_full_disk_leaves_nothing(repo):
    """A limit on the size of files stands in for it: root may write everywhere, but not past that."""
    limited = "import resource, signal, sys, runpy; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700)); "
    limited += "sys.argv = ['guardrails', 'init', '--ci', 'none']; runpy.run_module('guardrails', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-B", "-c", limited], cwd=repo.root, env=repo.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "cannot be written: File too large" in done.stderr
    assert files(repo) == {}


@pytest.mark.parametrize(("answers", "written"), [("n\n", False), ("\n\n", True), ("yes\nno\n", True), ("\x04", False)])
def test_a_terminal_is_asked_before_anything_is_written(repo, answers, written):
    code, shown = repo.converse("init", "--ci", "none", answers=answers)
    assert code == 0, shown
    assert "write them? [Y/n]" in shown
    assert ("as known debt? [y/N]" in shown) == written
    assert bool(files(repo)) == written


def test_yes_asks_nothing(repo):
    code, shown = repo.converse("init", "--ci", "none", "--yes")
    assert code == 0
    assert "?" not in shown
    assert (repo.root / ".guardrails.yaml").is_file()


CONFLICT = "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> other\n"


def test_the_baseline_makes_the_first_check_pass(repo):
    repo.write({**HEALTHY, "old.py": CONFLICT}).commit()
    done = repo.run("init", "--ci", "none", "--baseline")
    assert done.returncode == 0, done.stderr
    assert repo.run("check").returncode == 0
    repo.write({"new.py": CONFLICT})
    assert repo.run("check").returncode == 1
    before = files(repo)
    assert repo.run("init", "--ci", "none", "--baseline").returncode == 0
    assert files(repo) == before, "what came later is no known debt"


def test_the_baseline_is_offered_on_a_terminal(repo):
    repo.write({**HEALTHY, "old.py": CONFLICT}).commit()
    code, shown = repo.converse("init", "--ci", "none", answers="\ny\n")
    assert code == 0, shown
    assert (repo.root / ".guardrails" / "baseline").is_file()


def test_an_unknown_origin_leaves_the_job_out_and_says_so(repo, tmp_path):
    """Installed from a folder, as in a checkout, there is nothing that CI could install."""
    site = tmp_path / "site" / "repo_guardrails-0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: repo-guardrails\nVersion: 0\n")
    (site / "direct_url.json").write_text('{"url": "file:///somewhere", "dir_info": {}}')
    repo.write({".github/workflows/ci.yml": "on: push\njobs: {}\n"})
    where = os.pathsep.join([str(site.parent), str(Path(__file__).parents[2])])
    done = repo.run("init", PYTHONPATH=where)
    assert done.returncode == 0, done.stderr
    assert "no job for github" in done.stdout
    assert not (repo.root / ".github" / "workflows" / "guardrails.yml").exists()
    done = repo.run("init", "--ci", "github", PYTHONPATH=where)
    assert done.returncode == 2
    assert "--package" in done.stderr
    (site / "direct_url.json").unlink()
    assert repo.run("init", PYTHONPATH=where).returncode == 0
    assert "repo-guardrails==" in (repo.root / ".github" / "workflows" / "guardrails.yml").read_text()


def test_an_installed_wheel_has_the_templates(repo, tmp_path):
    options = ("-q", "--no-deps", "--no-build-isolation", "--target", str(tmp_path / "wheel"))
    command = [sys.executable, "-m", "pip", "install", *options, str(Path(__file__).parents[2])]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    for ci in ("github", "gitlab", "azure", "shell"):
        args = ("init", "--ci", ci, "--package", PACKAGE)
        done = repo.run(*args, PYTHONPATH=str(tmp_path / "wheel"))
        assert done.returncode == 0, done.stderr
    text = (repo.root / "ci" / "guardrails.sh").read_text()
    assert text == (Path(__file__).parents[2] / "ci" / "check.sh").read_text().replace("<what pip installs>", PACKAGE)
