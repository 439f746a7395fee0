"""``check --fix``: the work tree is mended, carefully, and the report is about what is left."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

POLICY = """\
policy: probe
title: Probe
category: operations
owner: us
rationale: Because.
rules:
  - id: permissions
    title: Permissions are said
    severity: medium
    match: {format: github-workflow}
    check: {document: {assert: has(self.permissions)}}
    fix: {set: {permissions: {contents: read}}, before: jobs}
    remediation: Say them.
  - id: credentials
    title: Credentials do not stay
    severity: medium
    match: {format: github-workflow}
    check:
      document:
        each: $.jobs[*].steps[*]
        when: self.uses.startsWith('actions/checkout')
        assert: self.with['persist-credentials'] == false
    fix: {set: {with: {persist-credentials: false}}}
    remediation: Say no.
  - id: debug
    title: Debug is off
    severity: low
    match: {format: json}
    check: {document: {each: $.debug, assert: "!self"}}
    fix: {replace: false, safe: false}
    remediation: Switch it off.
  - id: newline
    title: Lines end
    severity: low
    match: {paths: ["*.txt", "*.sh"]}
    check: {path: {final-newline: required}}
    fix: true
    remediation: Add it.
  - id: program
    title: Programs run
    severity: low
    match: {paths: ["*.sh"]}
    check: {path: {executable: shebang}}
    fix: true
    remediation: Set the bit.
"""
SETTINGS = "packs: [./policies]\nrules: {guardrails: 'off'}\n"
WORKFLOW = """\
# what runs on a change
on: push

jobs:
  test:
    runs-on: ubuntu-24.04   # pinned
    steps:
      - uses: actions/checkout@v4 # the code
      - run: make
"""
MENDED = """\
# what runs on a change
on: push

permissions:
  contents: read

jobs:
  test:
    runs-on: ubuntu-24.04   # pinned
    steps:
      - uses: actions/checkout@v4 # the code
        with:
          persist-credentials: false
      - run: make
"""
CI = ".github/workflows/ci.yml"


@pytest.fixture
def probe(repo):
    """A repository with rules that can be mended."""
    return repo.write({"policies/probe.yaml": POLICY, ".guardrails.yaml": SETTINGS})


def test_what_is_mended_is_gone_from_the_report(probe):
    probe.write({CI: WORKFLOW, "a.txt": "one"})
    assert probe.run("check").returncode == 1
    done = probe.run("check", "--fix")
    assert done.returncode == 0, done.stdout
    assert "mended 3 findings in 2 files" in done.stdout
    assert (probe.root / CI).read_text() == MENDED
    assert (probe.root / "a.txt").read_text() == "one\n"
    again = probe.run("check", "--fix")
    assert "mended 0 findings in 0 files" in again.stdout
    assert (probe.root / CI).read_text() == MENDED


def test_line_ends_and_byte_order_marks_stay(probe):
    data = b"\xef\xbb\xbf" + WORKFLOW.replace("\n", "\r\n").encode()
    probe.write({CI: data}).run("check", "--fix")
    assert (probe.root / CI).read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()


def test_an_unsafe_fix_has_to_be_asked_for(probe):
    probe.write({"a.json": '{"debug": true} // on\n'})
    done = probe.run("check", "--fix")
    assert done.returncode == 1
    assert "--unsafe-fixes may mend 1 more" in done.stdout
    assert (probe.root / "a.json").read_text() == '{"debug": true} // on\n'
    done = probe.run("check", "--unsafe-fixes")
    assert done.returncode == 0
    assert "mended 1 finding in 1 file" in done.stdout
    assert (probe.root / "a.json").read_text() == '{"debug": false} // on\n'


def test_modes_are_mended_and_kept(probe):
    probe.write({"run.sh": "#!/bin/sh", "a.txt": "x"})
    (probe.root / "run.sh").chmod(0o640)
    (probe.root / "a.txt").chmod(0o604)
    assert "mended 3 findings in 2 files" in probe.run("check", "--fix").stdout
    assert (probe.root / "run.sh").read_text() == "#!/bin/sh\n"
    assert stat.S_IMODE((probe.root / "run.sh").stat().st_mode) == 0o750
    assert stat.S_IMODE((probe.root / "a.txt").stat().st_mode) == 0o604


def test_what_is_excused_or_only_audited_is_left_alone(probe):
    waiver = "# guardrails: waive probe/permissions until=2999-01-01 reason=later\n"
    probe.write({CI: waiver + WORKFLOW, "a.txt": "old", ".guardrails.yaml": SETTINGS + "  # none\n"})
    probe.run("baseline", "create", "--select", "probe/newline")
    probe.write({"b.txt": "new"})
    done = probe.run("check", "--fix")
    assert "permissions:" not in (probe.root / CI).read_text()
    assert "persist-credentials: false" in (probe.root / CI).read_text()
    assert (probe.root / "a.txt").read_text() == "old", done.stdout
    assert (probe.root / "b.txt").read_text() == "new\n"
    probe.write({"c.txt": "c", ".guardrails.yaml": "packs: [./policies]\nrules: {probe/newline: audit}\n"})
    probe.run("check", "--fix")
    assert (probe.root / "c.txt").read_text() == "c"


def test_only_what_is_asked_for_is_mended(probe):
    probe.write({"a.txt": "a", "b.txt": "b", "c.sh": "#!/bin/sh"})
    probe.run("check", "--fix", "a.txt")
    assert (probe.root / "a.txt").read_text() == "a\n"
    assert (probe.root / "b.txt").read_text() == "b"
    probe.run("check", "--fix", "--select", "probe/program")
    assert (probe.root / "c.sh").read_text() == "#!/bin/sh"
    assert os.access(probe.root / "c.sh", os.X_OK)
    probe.commit()
    probe.write({"d.txt": "d", "policies/more.txt": "m"}).git("add", "-A")
    done = probe.run("check", "--fix", "--since", "HEAD", "--ignore", "probe/program")
    assert done.returncode == 0, done.stderr + done.stdout
    assert (probe.root / "d.txt").read_text() == "d\n"
    assert (probe.root / "b.txt").read_text() == "b"


def test_a_diff_changes_nothing_and_git_applies_it(probe):
    files = {CI: WORKFLOW, "run.sh": "#!/bin/sh", "a.txt": "a\nb", "w.txt": "a\r\nb"}
    probe.write(files).commit()
    done = probe.run("check", "--diff")
    assert done.returncode == 1
    assert done.stdout.startswith(f"diff --git a/{CI} b/{CI}\n--- a/{CI}\n+++ b/{CI}\n@@ ")
    assert "old mode 100644\nnew mode 100755\n" in done.stdout
    assert "\\ No newline at end of file" in done.stdout
    assert probe.git("status", "--porcelain") == ""
    with (probe.root.parent / "fix.patch").open("wb") as patch:  # the line ends of a text are not those of its bytes
        subprocess.run(
            [sys.executable, "-m", "guardrails", "check", "--diff"],
            cwd=probe.root,
            env=probe.env,
            stdout=patch,
            check=False,
        )
    probe.git("-c", "core.autocrlf=false", "apply", "../fix.patch")
    patched = {path: (probe.root / path).read_bytes() for path in files}
    probe.git("checkout", ".")
    probe.run("check", "--fix")
    assert {path: (probe.root / path).read_bytes() for path in files} == patched
    assert probe.run("check", "--diff").stdout == ""


@pytest.mark.parametrize("option", [["--staged"], ["--ref", "HEAD"], ["--commit-message", "a.txt"]])
def test_only_the_work_tree_is_mended(probe, option):
    probe.write({"a.txt": "a"}).commit()
    done = probe.run("check", "--fix", *option)
    assert done.returncode == 2
    assert "only files of the work tree can be mended" in done.stderr
    assert (probe.root / "a.txt").read_text() == "a"


def test_links_and_read_only_files_stay_as_they_are(probe):
    (probe.root.parent / "outside.txt").write_text("x")
    (probe.root / "link.txt").symlink_to("../outside.txt")
    (probe.root / "folder").symlink_to("..")
    probe.write({"a.txt": "a"})
    (probe.root / "a.txt").chmod(0o444)
    done = probe.run("check", "--fix")
    assert done.returncode == 1
    assert "was not mended: it is read-only" in done.stdout
    assert (probe.root.parent / "outside.txt").read_text() == "x"
    assert (probe.root / "link.txt").is_symlink()
    assert not list(probe.root.glob("*.tmp"))


def test_a_fix_that_does_not_hold_is_taken_back_and_told(probe):
    anchored = """\
on: push
permissions: {}
jobs:
  a:
    steps:
      - &checkout
        uses: actions/checkout@v4
      - *checkout
"""
    probe.write({CI: anchored})
    done = probe.run("check", "--fix")
    assert done.returncode == 1
    assert "the fix of probe/credentials was taken back" in done.stdout
    assert (probe.root / CI).read_text() == anchored


def test_text_that_is_not_in_its_encoding_is_left_alone(probe):
    data = WORKFLOW.encode() + b"# \xe9\n"
    done = probe.write({CI: data, "a.txt": b"\xe9"}).run("check", "--fix")
    assert done.returncode == 1
    assert (probe.root / CI).read_bytes() == data
    assert (probe.root / "a.txt").read_bytes() == b"\xe9"


def test_a_folder_without_git_is_mended_too(folder):
    folder.write({"policies/probe.yaml": POLICY, ".guardrails.yaml": SETTINGS, "a.txt": "a"})
    assert folder.run("check", "--fix").returncode == 0
    assert (folder.root / "a.txt").read_text() == "a\n"


def test_reports_of_all_formats_are_about_what_is_left(probe):
    probe.write({"a.txt": "a", "a.json": '{"debug": true}'})
    done = probe.run("check", "--fix", "--format", "json")
    report = json.loads(done.stdout)
    assert [finding["rule"] for finding in report["findings"]] == ["probe/debug"]
    assert "mended 1 finding in 1 file" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("fix", "said"),
    [
        ("{set: {a: 1}, replace: 2}", "set"),
        ("{put: 1}", "unknown key 'put'"),
        ("false", "'fix' is false"),
        ("true", "cannot be mended by fix"),
        ("{rewrite: {'(?=a)': b}}", "RE2 does not take the pattern"),
        ("{before: a, replace: 1}", "before"),
    ],
)
def test_a_fix_that_cannot_be_is_an_error_of_its_policy(probe, fix, said):
    probe.write({"policies/probe.yaml": POLICY.replace("{replace: false, safe: false}", fix)})
    done = probe.run("check")
    assert done.returncode == 2
    assert said in done.stderr
    assert "policies/probe.yaml" in done.stderr


MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
    name: shop   # its name
spec:
    template:
        spec:
            hostPID: true
            containers:
            # the program
            -   name: shop
                image: "shop:1.4.2"   # version
                securityContext:
                    privileged: true # for now
                    capabilities: {drop: [NET_RAW]}
            -   {name: side, image: "side:2.0.1"}
---
apiVersion: v1
kind: Pod
metadata: {name: other}
spec:
  securityContext: &shared {runAsUser: 10001}
  containers:
  - {name: other, image: "other:1.0.0", securityContext: *shared}
"""
HARDENED = """\
apiVersion: apps/v1
kind: Deployment
metadata:
    name: shop   # its name
spec:
    template:
        spec:
            containers:
            # the program
            -   name: shop
                image: "shop:1.4.2"   # version
                securityContext:
                    privileged: false # for now
                    capabilities: {drop: [ALL]}
                    allowPrivilegeEscalation: false
            -   {securityContext: {capabilities: {drop: [ALL]}, allowPrivilegeEscalation: false}, \
name: side, image: "side:2.0.1"}
---
apiVersion: v1
kind: Pod
metadata: {name: other}
spec:
  securityContext: &shared {runAsUser: 10001}
  containers:
  - {name: other, image: "other:1.0.0", securityContext: *shared}
"""


def test_shipped_fixes_meet_in_one_mapping_and_leave_what_is_shared_alone(repo):
    names = ("privileged-container", "host-pid", "privilege-escalation")
    rules = [f"--select=kubernetes/{name}" for name in (*(f"no-{name}" for name in names), "drop-capabilities")]
    done = repo.write({"app.yaml": MANIFEST}).run("check", "--profile", "strict", "--unsafe-fixes", *rules)
    assert (repo.root / "app.yaml").read_text() == HARDENED
    assert "mended 6 findings in 1 file" in done.stdout
    assert "no-privilege-escalation" in done.stdout  # of the pod whose mapping is shared
