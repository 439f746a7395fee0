"""Hostile and broken input: a clear answer, in bounded time and memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest


def deep(open_: str, close: str, levels: int) -> str:
    return open_ * levels + close * levels


BROKEN = {
    "a.yaml": "a: [1, 2\nb: 3\n",
    "tab.yaml": "a:\n\tb: 1\n",
    "quote.yaml": "a: 'b\n",
    "a.json": '{"a": 1,, }',
    "a.toml": "a = [1\n",
    "Dockerfile": "FORM ubuntu\n",
    "bomb.yaml": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{c}: &{c} [{','.join([f'*{p}'] * 9)}]\n" for p, c in zip("abcdefghi", "bcdefghij", strict=True)),
    "loop.yaml": "a: &a [*a]\n",
    "deep-flow.yaml": deep("[", "]", 10_000),
    "deep-map.yaml": deep("{a: ", "}", 10_000),
    "deep-block.yaml": "\n".join(" " * n + "a:" for n in range(4_000)),
    "deep-list.yaml": "- " * 10_000 + "x",
    "deep.json": deep("[", "]", 100_000),
    "deep-object.json": deep('{"a":', "}", 100_000).replace("}", "1}", 1),
    "deep.toml": "a = " + deep("[", "]", 10_000),
    "control.yaml": "a: \x01\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_finding(repo, name):
    repo.write({name: BROKEN[name]})
    done = repo.run("check", "--profile", "all", "--format", "json")
    report = json.loads(done.stdout)
    assert report["problems"] == []
    found = [item for item in report["findings"] if item["rule"] == "guardrails/unparsable-file"]
    assert [item["path"] for item in found] == [name]
    assert found[0]["line"] >= 1


def test_a_file_of_a_gigabyte_is_not_read(repo):
    with open(repo.root / "huge.yaml", "wb") as file:
        file.truncate(10**9)
    command = [sys.executable, "-m", "guardrails", "check", "--profile", "all", "--format", "json"]
    done = subprocess.run(
        command,
        cwd=repo.root,
        env=repo.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000)),
    )
    report = json.loads(done.stdout)
    assert report["problems"] == []
    assert "huge.yaml" in {item["path"] for item in report["notes"]}
    assert "guardrails/oversized-file" in {item["rule"] for item in report["findings"]}


def test_binary_and_utf16_files(repo):
    repo.write(
        {
            "a.bin": bytes(range(256)) * 100,
            "a.py": "x = 1\n<<<<<<< HEAD\n".encode("utf-16"),
            "b.py": b"\xff\xfe\x00",
            "c.py": b"\x80\x81\x82",
            "empty.yaml": "",
        }
    )
    done = repo.run("check", "--profile", "all", "--format", "json")
    assert done.returncode in {0, 1}
    assert json.loads(done.stdout)["problems"] == []


def test_links_are_judged_as_links(repo):
    (repo.root / "etc.yaml").symlink_to("/etc/passwd")
    (repo.root / "folder").symlink_to("/etc")
    (repo.root / "a.yaml").symlink_to("b.yaml")
    (repo.root / "b.yaml").symlink_to("a.yaml")
    (repo.root / "self").symlink_to(".")
    done = repo.run("check", "--profile", "all", "--format", "json")
    assert done.returncode in {0, 1}
    assert json.loads(done.stdout)["problems"] == []
    assert "root:" not in done.stdout
    assert repo.run("check", "folder/passwd").returncode == 2


HOSTILE = """\
[core]
\tfsmonitor = touch {marker}
\thooksPath = {folder}
\tsshCommand = touch {marker}
\tpager = touch {marker}
[diff]
\texternal = touch {marker}
[filter "x"]
\tclean = touch {marker}
\tsmudge = touch {marker}
\tprocess = touch {marker}
[alias]
\tls-files = !touch {marker}
"""


def test_a_hostile_git_config_runs_nothing(repo, tmp_path):
    marker = tmp_path / "marker"
    repo.write({"a.py": "x = 1\n"}).commit()
    repo.write({".gitattributes": "* filter=x diff=x\n", "a.py": "x = 2\n"})
    with open(repo.root / ".git" / "config", "a") as file:
        file.write(HOSTILE.format(marker=marker, folder=tmp_path))
    for args in (("check",), ("check", "--staged"), ("check", "--ref", "HEAD"), ("check", "a.py"), ("plan",)):
        assert repo.run(*args).returncode in {0, 1}
    assert not marker.exists()


def test_nothing_in_the_repository_is_run(repo):
    repo.write(
        {
            "sitecustomize.py": "open('ran', 'w')\n",
            "guardrails.py": "open('ran', 'w')\n",
            "yaml.py": "open('ran', 'w')\n",
            "conftest.py": "open('ran', 'w')\n",
            ".guardrails.yaml": "profile: strict\n",
        }
    )
    tool = os.path.join(os.path.dirname(sys.executable), "guardrails")
    subprocess.run([tool, "check"], cwd=repo.root, env=repo.env, capture_output=True, check=False)
    assert not (repo.root / "ran").exists()


STATES = {
    "empty": [],
    "no commit yet": ["add -A"],
    "detached": ["add -A", "commit -qm x", "checkout -q --detach"],
    "merge in progress": [
        *("add -A", "commit -qm x", "checkout -qb other", "rm -q a.py", "commit -qm y", "checkout -q main"),
        *("commit -q --allow-empty -m z", "merge -q --no-commit --no-ff other"),
    ],
}


@pytest.mark.parametrize("state", STATES)
def test_states_of_a_repository(repo, state):
    if state != "empty":
        repo.write({"a.py": "x = 1\n", "b.py": "y = 1\n"})
    for command in STATES[state]:
        repo.git(*command.split())
    for args in (("check",), ("check", "--staged")):
        done = repo.run(*args)
        assert done.returncode in {0, 1}, done.stderr


def test_submodules_sparse_and_shallow_clones(repo, tmp_path):
    repo.write({"a/x.py": "<<<<<<< HEAD\n", "b/y.py": "y = 1\n"}).commit().commit()
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", str(tmp_path / "shallow"))
    assert repo.run("check", cwd=tmp_path / "shallow").returncode in {0, 1}
    done = repo.run("check", "--ref", "HEAD~1", cwd=tmp_path / "shallow")
    assert done.returncode == 2
    assert "shallow" in done.stderr
    repo.git("clone", "-q", "--sparse", str(repo.root), str(tmp_path / "sparse"))
    assert repo.run("check", cwd=tmp_path / "sparse").returncode in {0, 1}
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "sparse"), "sub")
    assert repo.run("check").returncode in {0, 1}


def test_a_read_only_folder(repo):
    repo.write({"a.py": "x = 1\n"}).commit()
    for folder, _, _ in os.walk(repo.root):
        os.chmod(folder, 0o555)
    try:
        assert repo.run("check").returncode in {0, 1}
    finally:
        for folder, _, _ in os.walk(repo.root):
            os.chmod(folder, 0o755)


def test_without_git(repo):
    repo.write({"a.py": "x = 1\n"}).commit()
    done = repo.run("check", PATH="/nonexistent")
    assert done.returncode in {0, 1}
    done = repo.run("check", "--staged", PATH="/nonexistent")
    assert done.returncode == 2
    assert "git" in done.stderr
    assert "hint:" in done.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"\x00",
        b"a: &a [*a]\n",
        b"[" * 100_000,
        b"- 1\n",
        b"rules: 3\n",
        b"---\na: 1\n---\nb: 1\n",
        b"!!python/object:os.system x\n",
    ],
)
@pytest.mark.parametrize("name", [".guardrails.yaml", "rules/p.yaml", "pyproject.toml"])
def test_broken_settings_and_policies(repo, name, content):
    repo.write({".guardrails.yaml": "packs: [./rules]\n"} if name != "pyproject.toml" else {})
    repo.write({name: b"# guardrails\n" + content})
    done = repo.run("check")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {name}:")
