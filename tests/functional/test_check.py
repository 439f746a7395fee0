"""`guardrails check` as people run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

POLICY = """\
policy: house
title: House rules
category: architecture
owner: us
rationale: We agreed on it.
rules:
  - id: no-foo
    title: Nothing says foo
    severity: high
    match: {paths: ["*.txt"]}
    check: {text: {forbid: foo}}
    remediation: Say bar.
    examples:
      - fail: {a.txt: "foo\\n"}
        at: a.txt:1
      - pass: {a.txt: "bar\\n"}
  - id: has-notes
    title: There are notes
    severity: low
    enforcement: warn
    check: {path: {require: [NOTES.md]}}
    remediation: Write NOTES.md.
    examples:
      - fail: {a.txt: ""}
      - pass: {NOTES.md: ""}
"""
CONFIG = "packs: [./rules]\n"


@pytest.fixture
def house(repo):
    return repo.write({"rules/house.yaml": POLICY, ".guardrails.yaml": CONFIG})


def findings(done):
    report = json.loads(done.stdout)
    return [(item["rule"], item["path"], item.get("line")) for item in report["findings"]]


def test_first_run_without_settings_is_useful_and_writes_nothing(repo):
    repo.write({"main.py": "print(1)\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"}).commit()
    done = repo.run("check")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "main.py" in done.stdout
    assert repo.git("status", "--porcelain", "--ignored") == ""


def test_exit_0_when_nothing_blocks(house):
    house.write({"a.txt": "bar\n"})
    done = house.run("check")
    assert done.returncode == 0
    assert "house/has-notes" in done.stdout


FORMATS = ["text", "concise", "json", "sarif", "junit", "github", "gitlab", "markdown"]


@pytest.mark.parametrize("format", FORMATS)
def test_exit_codes_are_the_same_in_every_format(house, format):
    house.write({"a.txt": "bar\n", "NOTES.md": ""})
    assert house.run("check", "--format", format).returncode == 0
    house.write({"a.txt": "foo\n"})
    assert house.run("check", "--format", format).returncode == 1
    house.write({".guardrails.yaml": "profil: x\n"})
    assert house.run("check", "--format", format).returncode == 2


def test_text_says_what_where_why_and_how_to_mend(house):
    house.write({"a.txt": "one\n  foo bar\n", "NOTES.md": ""})
    out = house.run("check").stdout
    for part in ("a.txt", "house/no-foo", "foo bar", "^^^", "We agreed on it", "Say bar."):
        assert part in out


def test_untracked_files_are_judged_and_ignored_ones_are_not(house):
    house.write({".gitignore": "skip.txt\n", "skip.txt": "foo\n", "new.txt": "foo\n", "NOTES.md": ""})
    assert findings(house.run("check", "--format", "json")) == [("house/no-foo", "new.txt", 1)]


def test_a_folder_without_git_is_judged(folder):
    folder.write({"rules/house.yaml": POLICY, ".guardrails.yaml": CONFIG, "a.txt": "foo\n", "NOTES.md": ""})
    done = folder.run("check", "--format", "json")
    assert findings(done) == [("house/no-foo", "a.txt", 1)]


def test_staged_judges_the_staged_content(house):
    house.write({"a.txt": "bar\n", "old.txt": "foo\n", "NOTES.md": ""}).commit()
    house.write({"a.txt": "foo\n"})
    house.git("add", "a.txt")
    house.write({"a.txt": "bar\n", "b.txt": "foo\n"})
    done = house.run("check", "--staged", "--format", "json")
    assert findings(done) == [("house/no-foo", "a.txt", 1)]
    assert json.loads(done.stdout)["complete"] is False


def test_staged_judges_what_must_exist(house):
    house.write({"NOTES.md": ""}).commit()
    house.git("rm", "-q", "NOTES.md")
    assert findings(house.run("check", "--staged", "--format", "json")) == [("house/has-notes", "NOTES.md", None)]


def test_staged_takes_settings_from_the_index(house):
    house.write({"NOTES.md": "", "a.txt": "foo\n"})
    house.git("add", "-A")
    house.write({".guardrails.yaml": "packs: [./rules]\nrules: {house: 'off'}\n"})
    assert house.run("check", "--staged").returncode == 1
    assert house.run("check").returncode == 0


def test_a_commit_is_judged_without_a_checkout(house, tmp_path):
    house.write({"a.txt": "foo\n", "NOTES.md": ""}).commit()
    house.write({"a.txt": "bar\n"}).commit()
    assert house.run("check", "--ref", "HEAD").returncode == 0
    assert findings(house.run("check", "--ref", "HEAD~1", "--format", "json")) == [("house/no-foo", "a.txt", 1)]
    bare = tmp_path / "bare.git"
    house.git("clone", "-q", "--bare", str(house.root), str(bare))
    done = house.run("check", "--ref", "HEAD~1", "--format", "json", cwd=bare)
    assert findings(done) == [("house/no-foo", "a.txt", 1)]


def test_named_files_are_judged_alone_and_from_any_folder(house):
    house.write({"sub/a.txt": "foo\n", "b.txt": "foo\n"})
    done = house.run("check", "a.txt", "--format", "json", cwd=house.root / "sub")
    assert findings(done) == [("house/no-foo", "sub/a.txt", 1)]
    done = house.run("check", "sub", "--format", "json")
    assert findings(done) == [("house/no-foo", "sub/a.txt", 1)]


def test_paths_that_are_not_there_are_all_named(house):
    done = house.run("check", "nope.txt", "neither", "/etc/passwd")
    assert done.returncode == 2
    assert "nope.txt" in done.stderr


def test_select_and_ignore(house):
    house.write({"a.txt": "foo\n"})
    only = house.run("check", "--select", "house/has-notes", "--format", "json")
    assert findings(only) == [("house/has-notes", "NOTES.md", None)]
    rest = house.run("check", "--ignore", "house/has-notes", "--format", "json")
    assert findings(rest) == [("house/no-foo", "a.txt", 1)]
    wrong = house.run("check", "--select", "house/no-fo")
    assert wrong.returncode == 2
    assert "house/no-fo" in wrong.stderr


def test_policies_can_be_added_on_the_command_line(repo, tmp_path):
    (tmp_path / "p.yaml").write_text(POLICY)
    repo.write({"a.txt": "foo\n"})
    done = repo.run("check", "--policies", str(tmp_path / "p.yaml"), "--select", "house/no-foo")
    assert done.returncode == 1
    (tmp_path / "p.yaml").write_text(POLICY.replace("forbid: foo", "forbid: fop"))
    done = repo.run("check", "--policies", str(tmp_path / "p.yaml"), "--select", "house/no-foo")
    assert done.returncode == 0


def test_reports_go_to_files_too(house, tmp_path):
    house.write({"a.txt": "foo\n"})
    done = house.run("check", "--output", f"sarif:{tmp_path}/o.sarif", "--output", f"json:{tmp_path}/o.json")
    assert done.returncode == 1
    assert json.loads((tmp_path / "o.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((tmp_path / "o.json").read_text())["version"] == 1
    assert "house/no-foo" in done.stdout
    done = house.run("check", "--output", f"sarif:{tmp_path}/no/such/folder")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_sarif_describes_every_rule_that_ran(house):
    house.write({"a.txt": "bar\n", "NOTES.md": ""})
    run = json.loads(house.run("check", "--format", "sarif").stdout)["runs"][0]
    assert {"house/no-foo", "house/has-notes"} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["results"] == []


def test_unknown_format_is_misuse(house):
    done = house.run("check", "--format", "xml")
    assert done.returncode == 2
    assert "formats: " in done.stderr


def test_all_errors_of_all_files_come_at_once(house):
    house.write(
        {
            ".guardrails.yaml": "packs: [./rules]\nprofile: lax\nrules:\n  house/no-foo: blok\n",
            "rules/house.yaml": POLICY.replace("severity: high", "severity: hi").replace(
                "title: There", "titel: There"
            ),
            "rules/two.yaml": "policy: [\n",
        }
    )
    done = house.run("check")
    assert done.returncode == 2
    for place in (
        ".guardrails.yaml:2:10",
        ".guardrails.yaml:4:17",
        "rules/house.yaml:9:15",
        "rules/house.yaml:18:5: unknown key 'titel'",
        "rules/two.yaml:",
    ):
        assert place in done.stderr, done.stderr


def test_bad_patterns_are_errors_at_their_line(house):
    house.write({"rules/house.yaml": POLICY.replace("forbid: foo", "forbid: 'fo(?=o)'")})
    done = house.run("check")
    assert done.returncode == 2
    assert "rules/house.yaml:11:" in done.stderr


def test_files_that_do_not_parse_are_findings(repo):
    repo.write({"a.yaml": "a: [1\nb: 2\n", "b.json": '{"a": }\n', "c.toml": "a = \n"})
    done = repo.run("check", "--select", "guardrails/unparsable-file", "--format", "json")
    assert {path for _, path, _ in findings(done)} == {"a.yaml", "b.json", "c.toml"}


def test_second_run_uses_the_cached_plan_and_sees_changed_policies(house, tmp_path):
    own = {"GUARDRAILS_CACHE_DIR": str(tmp_path / "own")}
    house.write({"a.txt": "foo\n", "NOTES.md": ""})
    assert house.run("check", **own).returncode == 1
    assert list((tmp_path / "own").glob("plan-*"))
    assert house.run("check", **own).returncode == 1
    house.write({"rules/house.yaml": POLICY.replace("forbid: foo", "forbid: fop")})
    assert house.run("check", **own).returncode == 0


def test_damaged_cache_entries_are_ignored(house, tmp_path):
    own = {"GUARDRAILS_CACHE_DIR": str(tmp_path / "own")}
    house.write({"a.txt": "foo\n", "NOTES.md": ""})
    house.run("check", **own)
    (entry,) = (tmp_path / "own").glob("plan-*")
    for content in (b"", b"x" * 1000, entry.read_bytes()[:-1]):
        entry.write_bytes(content)
        assert house.run("check", **own).returncode == 1


def test_a_cache_inside_the_repository_is_never_trusted(house):
    house.write({"a.txt": "foo\n", "NOTES.md": ""})
    done = house.run("check", GUARDRAILS_CACHE_DIR=str(house.root / "cache"))
    assert done.returncode == 1
    assert not (house.root / "cache").exists()


def test_runs_at_the_same_time_share_a_cache(house):
    house.write({"a.txt": "foo\n", "NOTES.md": ""})
    command = [sys.executable, "-m", "guardrails", "check"]
    runs = [
        subprocess.Popen(command, cwd=house.root, env=house.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    for run in runs:
        _, stderr = run.communicate(timeout=120)
        assert run.returncode == 1, stderr


def test_an_unusable_cache_folder_is_no_error(house):
    house.write({"a.txt": "foo\n"})
    assert house.run("check", GUARDRAILS_CACHE_DIR="/proc/nowhere").returncode == 1
    assert house.run("check", GUARDRAILS_CACHE_DIR="").returncode == 1


def test_ctrl_c_ends_with_130(repo):
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n---\n"
    repo.write({f"d/{number}.yaml": pod * 20 for number in range(1000)})
    run = subprocess.Popen(
        [sys.executable, "-m", "guardrails", "check", "--profile", "all"],
        cwd=repo.root,
        env=repo.env | {"GUARDRAILS_CACHE_DIR": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(2)
    run.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, stderr = run.communicate(timeout=30)
    assert run.returncode == 130
    assert stderr == b"interrupted\n"
    assert time.monotonic() - started < 10


def test_a_reader_that_leaves_is_no_error(house):
    house.write({f"{number}.txt": "foo\n" * 200 for number in range(50)})
    command = f"{sys.executable} -m guardrails check --format concise | head -1"
    done = subprocess.run(
        command, shell=True, cwd=house.root, env=house.env, capture_output=True, text=True, check=True
    )
    assert "BrokenPipe" not in done.stderr


def test_odd_file_names(house):
    names = [b"new\nline.txt", b'quo"te.txt', b"\xff\xfe.txt", b" space .txt", "ümlaut.txt".encode(), b"-dash.txt"]
    for name in names:
        with open(os.path.join(os.fsencode(house.root), name), "wb") as file:
            file.write(b"foo\n")
    done = house.run("check", "--format", "json", "--select", "house/no-foo")
    assert len(json.loads(done.stdout)["findings"]) == len(names)
    for format in FORMATS:
        assert house.run("check", "--format", format, "--select", "house/no-foo").returncode == 1


def test_version_and_help(repo):
    assert repo.run("--version").stdout.startswith("guardrails ")
    for command in ("check", "explain", "rules", "test", "plan", "schema", "completion"):
        done = repo.run(command, "--help")
        assert done.returncode == 0
        assert "usage: guardrails" in done.stdout
    assert "Print a JSON Schema: " in repo.run("schema", "--help").stdout
    assert repo.run().returncode == 2
    assert repo.run("chekc").returncode == 2


def test_debug_shows_the_traceback_and_keeps_the_exit_code(house):
    command = [sys.executable, "-m", "guardrails", "check", "--debug", "--ref", "nosuch"]
    done = subprocess.run(command, cwd=house.root, env=house.env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("args", [["--ref", ""], ["--select", ""], ["--ignore", ""], ["--policies", ""], [""]])
def test_empty_arguments_are_misuse(house, args):
    done = house.run("check", *args)
    assert done.returncode == 2
    assert "is empty" in done.stderr


def test_outputs_that_would_be_lost_are_misuse(house, tmp_path):
    assert house.run("check", "--output", f"json:{tmp_path}/a", "--output", f"sarif:{tmp_path}/x/../a").returncode == 2
    assert house.run("check", "--output", "json:-").returncode == 2
    assert not (house.root / "-").exists()


def test_a_full_or_closed_standard_output_is_told_plainly(house):
    for redirection in (">/dev/full", ">&-"):
        command = f"{sys.executable} -m guardrails check {redirection}"
        done = subprocess.run(
            command, shell=True, cwd=house.root, env=house.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert "internal error" not in done.stderr


def test_errors_cannot_command_the_terminal(house):
    house.write({"x\x1b[31m/.guardrails.yaml": "nonsense: 1\n"})
    done = house.run("check")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "\\x1b[31m/.guardrails.yaml:1:1" in done.stderr


def test_marks_of_a_template_in_a_comment_excuse_nothing(repo):
    repo.write({"a.yaml": "# {{ x }}\na: [1\nb: 2\n", "b.yml": "on: push\njobs: [{run: '${{ x }}'}\nx: y\n"})
    done = repo.run("check", "--select", "guardrails/unparsable-file", "--format", "json")
    assert {path for _, path, _ in findings(done)} == {"a.yaml", "b.yml"}


def test_what_a_selected_rule_could_not_judge_is_told(repo):
    repo.write({"a.yaml": "a: [1\nb: 2\n"})
    done = repo.run("check", "--select", "kubernetes", "--format", "json")
    assert [rule for rule, _, _ in findings(done)] == ["guardrails/unparsable-file"]
    done = repo.run("check", "--select", "kubernetes", "--ignore", "guardrails/unparsable-file", "--format", "json")
    assert findings(done) == []
    assert "cannot be parsed" in json.loads(done.stdout)["notes"][0]["message"]


def test_one_nul_does_not_hide_a_file(house):
    house.write({"a.txt": b"\0 foo " + b"text " * 20, "NOTES.md": ""})
    assert findings(house.run("check", "--format", "json")) == [("house/no-foo", "a.txt", 1)]


def test_errors_in_packs_settings_policies_and_rules_come_together(house):
    house.write(
        {
            ".guardrails.yaml": "packs: [./rules, nosuch]\n",
            "rules/house.yaml": POLICY.replace("forbid: foo", "forbid: '('"),
            "rules/two.yaml": POLICY.replace("policy: house", "policy: two").replace("severity: high", "severity: x"),
        }
    )
    done = house.run("check", "--policies", "nowhere")
    for part in (
        "no pack is named 'nosuch'",
        "rules/house.yaml:11:",
        "rules/two.yaml:9:15",
        "no policy file or folder",
    ):
        assert part in done.stderr, done.stderr


def test_a_named_file_that_no_rule_judges_is_told(house):
    house.write({".guardrails.yaml": CONFIG + "exclude: [v/]\n", "v/a.txt": "foo\n"})
    done = house.run("check", "v/a.txt")
    assert done.returncode == 0
    assert "v/a.txt: no rule judges it" in done.stdout


def test_a_repository_inside_the_repository_is_left_out_and_told(house):
    house.write({"NOTES.md": "", "inner/a.txt": "foo\n"})
    house.git("init", "-q", "inner")
    done = house.run("check")
    assert done.returncode == 0
    assert "left out, for they are git repositories of their own: inner/" in done.stdout
