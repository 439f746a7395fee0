"""The baseline on real repositories, with real branches and merges."""

from __future__ import annotations

import json

PINNED = "FROM debian:12\n"
FILES = {f"{name}.Dockerfile": "FROM debian\n" for name in "abcdef"}
BASELINE = ".guardrails/baseline"
RULE = "container-images/pin-base-image"


def settle(repo):
    repo.write({"LICENSE": "MIT\n", "README.md": "A shop\n", **FILES}).commit("start")
    assert repo.run("baseline", "create").returncode == 0
    return repo.commit("known debt")


def entries(repo):
    text = (repo.root / BASELINE).read_text()
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_what_stood_does_not_block_and_what_is_new_does(repo):
    settle(repo)
    done = repo.run("check")
    assert (done.returncode, done.stdout.split(" (")[0]) == (0, "No findings in 9 files")
    assert "6 in the baseline" in done.stdout
    repo.write({"new.Dockerfile": "FROM debian\n"})
    done = repo.run("check", "--format", "concise")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [f"new.Dockerfile:1:6: block medium {RULE} debian names no version"]


def test_moved_and_reindented_code_stays_matched(repo):
    repo.write({"LICENSE": "MIT\n", "README.md": "A shop\n"})
    compose = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"
    repo.write({"compose.yaml": compose}).commit()
    assert "1 warn" in repo.run("check").stdout
    repo.run("baseline", "create")
    moved = "# a comment\n\nservices:\n    db: {image: 'postgres:17.2'}\n    web:\n        image: nginx:1.27\n        privileged: true\n"
    repo.write({"compose.yaml": moved})
    done = repo.run("check", "--format", "concise")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_file_that_is_moved_takes_its_entries_along(repo):
    settle(repo)
    (repo.root / "docker").mkdir()
    repo.git("mv", "a.Dockerfile", "docker/a.Dockerfile")
    done = repo.run("check", "--format", "concise")
    assert (done.returncode, done.stdout) == (0, "")
    repo.write({"a.Dockerfile": "FROM debian\n"})  # A copy is no move: one of the two is new.
    done = repo.run("check", "--format", "concise")
    assert done.returncode == 1
    assert done.stdout.startswith("docker/a.Dockerfile:1:6: block")


def test_two_branches_that_each_mend_something_merge(repo):
    settle(repo)
    lines = entries(repo)
    for one, other in zip("abcde", "bcdef", strict=True):
        repo.git("checkout", "-q", "-B", "left", "main")
        repo.write({f"{one}.Dockerfile": PINNED})
        assert "1 taken out" in repo.run("baseline", "prune").stdout
        repo.commit("left")
        repo.git("checkout", "-q", "-B", "right", "main")
        repo.write({f"{other}.Dockerfile": PINNED})
        repo.run("baseline", "prune")
        repo.commit("right")
        repo.git("merge", "-q", "--no-edit", "left")
        assert entries(repo) == [
            line for line in lines if not line.endswith((f"{one}.Dockerfile", f"{other}.Dockerfile"))
        ]
        done = repo.run("check", "--format", "concise")
        assert (done.returncode, done.stdout) == (0, "")


def test_it_is_the_same_file_for_the_same_findings(repo):
    settle(repo)
    first = (repo.root / BASELINE).read_bytes()
    (repo.root / BASELINE).unlink()
    repo.run("baseline", "create")
    assert (repo.root / BASELINE).read_bytes() == first
    assert entries(repo) == sorted(entries(repo))


def test_what_is_mended_is_told_and_pruned(repo):
    settle(repo).write({"a.Dockerfile": PINNED})
    done = repo.run("check", "--format", "json")
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["rule"], found["path"]) == ("governance/baseline-stale", BASELINE)
    assert "a.Dockerfile" in (repo.root / BASELINE).read_text().splitlines()[found["line"] - 1]
    # A run on some files cannot know.
    assert "stale" not in repo.run("check", "b.Dockerfile", BASELINE, "--format", "concise").stdout
    done = repo.run("baseline", "status")
    assert done.stdout.splitlines()[-2] == "6 findings known, 1 of them mended"
    assert repo.run("baseline", "prune").stdout.splitlines() == [
        f"mended: {RULE} in a.Dockerfile",
        "5 left, 1 taken out",
    ]
    assert repo.run("check", "--format", "concise").stdout == ""
    assert repo.run("baseline", "prune").stdout == "5 left, 0 taken out\n"


def test_it_may_only_shrink(repo):
    settle(repo).write({"new.Dockerfile": "FROM debian\n"})
    done = repo.run("baseline", "create")
    assert (done.returncode, done.stdout) == (2, "")
    assert "it may only shrink" in done.stderr
    done = repo.run("baseline", "create", "--select", RULE)
    assert done.returncode == 2
    assert f"guardrails waivers add {RULE}" in done.stderr
    repo.write({"compose.yaml": "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"})
    done = repo.run("baseline", "create", "--select", "compose/no-privileged-service")
    assert done.returncode == 0
    assert len(entries(repo)) == 7
    assert repo.run("check", "--format", "concise").stdout.startswith("new.Dockerfile:1:6: block")


def test_a_change_cannot_add_what_it_brings(repo):
    settle(repo)
    repo.git("checkout", "-q", "-b", "feature")
    repo.write({"new.Dockerfile": "FROM debian\n"}).commit()
    (repo.root / BASELINE).unlink()
    repo.run("baseline", "create")
    repo.commit("hide it")
    assert repo.run("check").returncode == 0
    done = repo.run("check", "--since", "main", "--format", "concise")
    assert done.returncode == 1
    rules = [line.split()[3] for line in done.stdout.splitlines()[:-1]]
    assert rules == ["governance/baseline-grown", RULE]
    assert "did not stand before this change" in done.stdout


def test_a_change_may_adopt_a_rule(repo):
    repo.write({"LICENSE": "MIT\n", "README.md": "A shop\n", **FILES}).commit("start")
    repo.git("checkout", "-q", "-b", "adopt")
    repo.run("baseline", "create")
    repo.commit("adopt")
    done = repo.run("check", "--since", "main", "--format", "concise")
    assert done.returncode == 0
    (line, _) = done.stdout.splitlines()
    assert line.split(" ", 3)[3] == f"governance/baseline-grown This change adds 6 entries, of {RULE}"


def test_what_is_no_baseline_is_told(repo):
    repo.write({"LICENSE": "MIT\n", "README.md": "A shop\n", BASELINE: "# ok\nsome rule\nnonsense\n"})
    done = repo.run("check", "--format", "concise")
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == [f"{BASELINE}:2:1", f"{BASELINE}:3:1"]
    done = repo.run("baseline", "create")
    assert (done.returncode, "mend line 2" in done.stderr) == (2, True)
