"""What past commits added, on real repositories: the command line, its reports, and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from random import Random

import pytest

RULE = "secrets-cloud/aws-access-key-id"
ADDED = "2024-03-05T10:00:00+02:00"


def key(seed=1):
    """What looks like a key id; generated, so that it stands in no file of ours."""
    return "AKI" + "A" + "".join(Random(seed).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))


def line(seed=1):
    return f"export AWS_ACCESS_KEY_ID={key(seed)}\n"


def save(repo, message, files=None, *, gone=(), date=""):
    """A commit that writes and removes files; its id."""
    if gone:
        repo.git("rm", "-q", *gone)
    repo.write(files or {})
    repo.git("add", "-A")
    repo.git("commit", "-q", "--allow-empty", "-m", message, *([f"--date={date}"] if date else []))
    return repo.git("rev-parse", "HEAD").strip()


def report(repo, *args, history=("--history",), **env):
    done = repo.run("check", *args, *history, "--format", "json", **env)
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def told(repo, *args, history=("--history",)):
    """Path, line and commit of each finding."""
    return [(item["path"], item["line"], item["commit"]) for item in report(repo, *args, history=history)["findings"]]


@pytest.fixture
def leaked(repo):
    """A secret that was added, changed around, and deleted."""
    save(repo, "start", {"a.py": "x = 1\n"})
    commit = save(repo, "leak", {"deploy.sh": "set -e\n" + line()}, date=ADDED)
    save(repo, "around", {"deploy.sh": "set -eu\n\n" + line() + "run\n"})
    save(repo, "mend", gone=["deploy.sh"])
    return repo, commit


def test_a_secret_that_was_deleted_is_told_where_it_was_added(leaked):
    repo, commit = leaked
    assert RULE not in {item["rule"] for item in report(repo, history=())["findings"]}
    done = repo.run("check", "--history")
    assert done.returncode == 1
    assert "deploy.sh\n  2:26 block critical: AWS access key id AKIA****" in done.stdout
    assert f"(added on 2024-03-05 by commit {commit[:10]})" in done.stdout
    assert "history of HEAD: 4 commits, judged by the" in done.stdout
    assert key() not in done.stdout
    (found,) = report(repo)["findings"]
    assert (found["rule"], found["path"], found["line"]) == (RULE, "deploy.sh", 2)
    assert (found["commit"], found["authored"]) == (commit, ADDED)


@pytest.mark.parametrize("format", ["text", "concise", "json", "sarif", "junit", "github", "gitlab", "markdown"])
def test_every_report_names_commit_and_date_and_not_the_secret(leaked, format):
    repo, commit = leaked
    done = repo.run("check", "--history", "--format", format)
    assert done.returncode == 1
    assert commit[:10] in done.stdout
    assert "2024-03-05" in done.stdout
    assert key() not in done.stdout


def test_sarif_has_them_as_properties_and_a_hash_of_its_own(leaked):
    repo, commit = leaked
    (result,) = json.loads(repo.run("check", "--history", "--format", "sarif").stdout)["runs"][0]["results"]
    assert result["properties"]["commit"] == commit
    assert result["properties"]["authored"] == ADDED
    assert "primaryLocationLineHash" in result["partialFingerprints"]


def test_the_fingerprint_is_that_of_a_usual_run(repo):
    save(repo, "leak", {"deploy.sh": line()})
    now = [item["fingerprint"] for item in report(repo, history=())["findings"] if item["rule"] == RULE]
    assert [item["fingerprint"] for item in report(repo)["findings"]] == now != []


def test_a_rename_does_not_report_again_but_a_copy_does(repo):
    text = line() + "".join(f"echo {number}\n" for number in range(30))
    commit = save(repo, "leak", {"deploy.sh": text})
    repo.git("mv", "deploy.sh", "run.sh")
    save(repo, "rename", {"run.sh": text + "exit\n"})
    assert told(repo) == [("deploy.sh", 1, commit)]
    copy = save(repo, "copy", {"copy.sh": text})
    assert told(repo) == [("copy.sh", 1, copy), ("deploy.sh", 1, commit)]


def test_a_rename_out_of_what_is_excluded_reports(repo):
    save(repo, "settings", {".guardrails.yaml": "exclude: [samples/]\n"})
    save(repo, "leak", {"samples/deploy.sh": line()})
    assert told(repo) == []
    repo.git("mv", "samples/deploy.sh", "deploy.sh")
    moved = save(repo, "move")
    assert told(repo) == [("deploy.sh", 1, moved)]


def test_a_second_secret_in_the_same_file_and_a_second_place_of_the_same(repo):
    first = save(repo, "one", {"deploy.sh": line(1)})
    second = save(repo, "two", {"deploy.sh": line(1) + line(2)})
    third = save(repo, "again", {"deploy.sh": line(1) + line(2) + line(1)})
    assert told(repo) == [("deploy.sh", 1, first), ("deploy.sh", 2, second), ("deploy.sh", 3, third)]


def test_reverts_do_not_report_again(repo):
    commit = save(repo, "leak", {"deploy.sh": line()})
    save(repo, "mend", {"deploy.sh": "set -e\n"})
    repo.git("revert", "--no-edit", "HEAD")
    repo.git("revert", "--no-edit", "HEAD")
    repo.git("revert", "--no-edit", "HEAD")
    assert told(repo) == [("deploy.sh", 1, commit)]


def merged(repo, files=None):
    """A merge of two branches that both change a file, each with a secret; the ids of both and of the merge."""
    middle = "".join(f"echo {number}\n" for number in range(20))
    save(repo, "start", {"deploy.sh": middle})
    repo.git("checkout", "-q", "-b", "topic")
    one = save(repo, "one", {"deploy.sh": line(1) + middle})
    repo.git("checkout", "-q", "main")
    two = save(repo, "two", {"deploy.sh": middle + line(2)})
    repo.git("merge", "-q", "--no-commit", "--no-ff", "topic")
    return one, two, save(repo, "merge", files)


def test_a_merge_does_not_report_what_its_parents_brought(repo):
    one, two, _ = merged(repo)
    assert told(repo) == [("deploy.sh", 1, one), ("deploy.sh", 21, two)]


def test_an_evil_merge_reports_what_only_it_brings(repo):
    middle = "".join(f"echo {number}\n" for number in range(20))
    one, two, merge = merged(repo, {"deploy.sh": line(1) + middle + line(3) + line(2), "new.sh": line(4)})
    assert told(repo) == [
        ("deploy.sh", 1, one),
        ("deploy.sh", 21, two),
        ("deploy.sh", 22, merge),
        ("new.sh", 1, merge),
    ]


@pytest.mark.parametrize("days", ["12", "21"])
def test_of_two_branches_that_add_the_same_the_older_is_told(repo, days):
    repo.env["GIT_COMMITTER_DATE"] = "2024-05-01T00:00:00+00:00"
    save(repo, "start", {"a.py": "x = 1\n"})
    repo.git("branch", "topic")
    commits = {}
    for day, branch in zip(days, ("main", "topic"), strict=True):
        repo.git("checkout", "-q", branch)
        repo.env["GIT_COMMITTER_DATE"] = f"2024-06-0{day}T00:00:00+00:00"
        commits[day] = save(repo, branch, {"deploy.sh": line(), branch: ""})
    repo.git("merge", "-q", "--no-edit", "main")
    assert told(repo) == [("deploy.sh", 1, commits["1"])]


def test_a_range_judges_only_what_it_adds(repo):
    save(repo, "old", {"old.sh": line(1)})
    repo.git("tag", "v1")
    repo.git("checkout", "-q", "-b", "topic")
    new = save(repo, "new", {"old.sh": "# moved\n" + line(1), "new.sh": line(2)})
    assert told(repo, history=("--history", "main..HEAD")) == [("new.sh", 1, new)]
    assert told(repo, history=("--history", "v1..")) == [("new.sh", 1, new)]
    assert told(repo, history=("--history", "HEAD ^v1")) == [("new.sh", 1, new)]
    assert told(repo, history=("--history", "HEAD..main")) == []
    repo.git("checkout", "-q", "main")
    assert [path for path, *_ in told(repo)] == ["old.sh"]
    assert [path for path, *_ in told(repo, history=("--history=--all",))] == ["new.sh", "old.sh"]


@pytest.mark.parametrize("wanted", ["nowhere", "nowhere..HEAD", "--output=x", "--exec=id", ":/nothing like this", "  "])
def test_a_range_that_is_none_is_misuse(leaked, wanted):
    repo, _ = leaked
    done = repo.run("check", f"--history={wanted}")
    assert done.returncode == 2
    assert f"--history {wanted}: names no commits of this repository" in done.stderr
    assert "main..HEAD" in done.stderr
    assert not (repo.root / "x").exists()


def test_an_empty_range_and_path_are_misuse(leaked):
    repo, _ = leaked
    assert "--history is empty" in repo.run("check", "--history=").stderr
    assert "PATH is empty" in repo.run("check", "", "--history").stderr


@pytest.mark.parametrize(
    "other",
    [
        *(["--staged"], ["--ref", "HEAD"], ["--since", "HEAD"], ["--commit-message", "x"], ["--fix"], ["--diff"]),
        *(["--unsafe-fixes"], ["--new-only"], ["--judge-with", "base"]),
    ],
)
def test_what_makes_no_sense_along_with_it_is_misuse(leaked, other):
    repo, _ = leaked
    done = repo.run("check", *other, "--history")
    assert done.returncode == 2
    assert f"--history cannot be combined with {other[0]}" in done.stderr


def test_a_variable_that_asks_for_a_change_is_no_contradiction(leaked):
    repo, commit = leaked
    assert [item["commit"] for item in report(repo, GUARDRAILS_SINCE="HEAD")["findings"]] == [commit]


def test_without_commits_and_without_git_it_is_an_error(repo, folder, tmp_path):
    done = repo.run("check", "--history")
    assert (done.returncode, "names no commits" in done.stderr) == (2, True)
    (tmp_path / "plain").mkdir()
    done = repo.run("check", "--history", cwd=tmp_path / "plain")
    assert (done.returncode, "is in no git repository" in done.stderr) == (2, True)


def test_paths_narrow_it_though_they_are_gone(leaked):
    repo, commit = leaked
    assert told(repo, "deploy.sh") == [("deploy.sh", 2, commit)]
    other = save(repo, "other", {"sub/x.sh": line(2), "sub2/y.sh": line(3)})
    assert told(repo, "sub") == [("sub/x.sh", 1, other)]
    found = report(repo, "nowhere.sh")
    assert found["findings"] == []
    assert {"message": "no commit of the range brought a file there", "path": "nowhere.sh"} in found["notes"]


def test_a_shallow_clone_says_so(leaked, tmp_path):
    repo, _ = leaked
    save(repo, "more", {"b.sh": line(2)})
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", str(tmp_path / "shallow"))
    done = repo.run("check", "--history", cwd=tmp_path / "shallow")
    assert done.returncode == 1
    assert "b.sh" in done.stdout
    assert "older commits are not judged" in done.stdout
    assert "git fetch --unshallow" in done.stdout


def test_a_bare_repository_is_judged_by_the_settings_of_its_head(leaked, tmp_path):
    repo, _ = leaked
    save(repo, "settings", {".guardrails.yaml": "rules: {secrets-cloud: warn}\n"})
    repo.git("clone", "-q", "--bare", str(repo.root), str(tmp_path / "bare.git"))
    done = repo.run("check", "--history", cwd=tmp_path / "bare.git")
    assert done.returncode == 0, done.stderr
    assert "2:26 warn critical: AWS access key id" in done.stdout


def test_the_settings_of_today_count(leaked):
    repo, _ = leaked
    repo.write({".guardrails.yaml": "exclude: ['*.sh']\n"})
    assert told(repo) == []
    repo.write({".guardrails.yaml": f'rules: {{"{RULE}": "off"}}\n'})
    assert told(repo) == []


def waiver(**more):
    fields = {"rule": RULE, "reason": "revoked in March", "owner": "shop", "created": "2026-01-01"}
    fields |= {"expires": "2026-01-20"} | more
    return "waivers:\n  - " + "\n    ".join(f"{name}: {json.dumps(value)}" for name, value in fields.items()) + "\n"


def rules_of(repo):
    """The rules of the governance policy that a usual run reports."""
    done = repo.run(
        "check", "--profile", "strict", "--select", "governance,secrets-*", "--as-of", "2026-01-10", "--format", "json"
    )
    return [finding["rule"] for finding in json.loads(done.stdout)["findings"]]


def test_waivers_excuse_by_path_and_by_fingerprint(leaked):
    repo, _ = leaked
    (found,) = report(repo)["findings"]
    for about in ({"paths": ["/deploy.sh"]}, {"fingerprint": found["fingerprint"]}):
        repo.write({".guardrails/waivers.yaml": waiver(**about)})
        done = report(repo, "--as-of", "2026-01-10")
        assert done["exit_code"] == 0
        assert [item["excuse"]["reason"] for item in done["excused"]] == ["revoked in March"]
        assert len(report(repo, "--as-of", "2026-02-01")["findings"]) == 1
        assert rules_of(repo) == ["governance/waiver-expiring"]


def test_the_baseline_excuses(leaked):
    repo, _ = leaked
    (found,) = report(repo)["findings"]
    repo.write({".guardrails/baseline": f"{RULE} {found['fingerprint']} deploy.sh\n"})
    done = report(repo)
    assert (done["exit_code"], [item["excuse"]["kind"] for item in done["excused"]]) == (0, ["baselined"])
    assert rules_of(repo) == []
    repo.write({".guardrails/baseline": f"{RULE} {found['fingerprint']} a.py\nno/rule 12 deploy.sh\n"})
    assert rules_of(repo) == ["governance/baseline-stale"]


BASELINE = ".guardrails/baseline"


def known(repo):
    """Path of each entry of the baseline, sorted."""
    lines = (repo.root / BASELINE).read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert entries == sorted(entries)
    return sorted(entry.split(" ", 2)[2] for entry in entries)


def baseline(repo, *args, **env):
    done = repo.run("baseline", *args, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(repo, *args):
    done = repo.run(*args)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.fixture
def old(repo):
    """A secret in a file that is gone, one that was taken out of a file, and one that stands."""
    save(repo, "start", {"LICENSE": "MIT\n", "README.md": "A shop\n"})
    save(repo, "leak", {"gone.sh": line(1), "mended.sh": line(2), "stands.sh": line(3)})
    save(repo, "mend", {"mended.sh": "set -e\n"}, gone=["gone.sh"])
    return repo


def test_the_baseline_takes_what_history_finds(old):
    assert baseline(old, "create", "--history") == f"{BASELINE}: 3 findings written down, 3 in all\n"
    assert known(old) == ["gone.sh", "mended.sh", "stands.sh"]
    done = report(old)
    assert (done["exit_code"], done["findings"]) == (0, [])
    assert [item["path"] for item in done["excused"]] == ["gone.sh", "mended.sh", "stands.sh"]
    assert old.run("check", "--format", "concise").stdout == ""
    first = (old.root / BASELINE).read_bytes()
    assert baseline(old, "prune") == "3 left, 0 taken out\n"
    assert baseline(old, "prune", "--history") == "3 left, 0 taken out\n"
    (old.root / BASELINE).unlink()
    baseline(old, "create", "--history", GUARDRAILS_SINCE="HEAD")
    assert (old.root / BASELINE).read_bytes() == first


def test_the_baseline_takes_a_range_and_rules(old):
    old.git("checkout", "-q", "-b", "topic")
    save(old, "more", {"more.sh": line(4)})
    assert "1 finding written down" in baseline(old, "create", "--history", "main..")
    assert known(old) == ["more.sh"]
    (old.root / BASELINE).unlink()
    old.git("checkout", "-q", "main")
    assert "0 findings written down" in baseline(old, "create", "--history", "--select", "secrets-chat")
    assert "4 findings written down" in baseline(old, "create", "--history=--all", "--select", "secrets-cloud")
    assert report(old, history=("--history=--all",))["exit_code"] == 0


@pytest.mark.parametrize("orders", [((), ("--history",)), (("--history",), ())])
def test_what_stands_and_what_is_gone_are_adopted_in_any_order(old, orders):
    old.write({"Dockerfile": "FROM debian\n"})
    for args in orders:
        baseline(old, "create", *args)
    assert known(old) == ["Dockerfile", "gone.sh", "mended.sh", "stands.sh"]
    assert (report(old)["exit_code"], old.run("check").returncode) == (0, 0)
    assert "it may only shrink" in refused(old, "baseline", "create")
    assert "`baseline create --history --select RULE`" in refused(old, "baseline", "create", "--history")
    assert baseline(old, "status").splitlines()[-1] == "4 findings known, 0 of them mended"


def test_what_is_gone_may_only_shrink(old):
    baseline(old, "create", "--history")
    save(old, "leak", {"mended.sh": line(5)})
    save(old, "mend", {"mended.sh": "set -e\n"})
    (found,) = report(old)["findings"]
    assert "already, of 2 findings, and it may only shrink" in refused(old, "baseline", "create", "--history")
    message = refused(old, "baseline", "create", "--history", "--select", RULE)
    assert f"{RULE} is in the baseline already" in message
    assert f"guardrails waivers add --fingerprint {found['fingerprint']} --history" in message
    assert known(old) == ["gone.sh", "mended.sh", "stands.sh"]


def test_what_came_to_stand_since_is_not_adopted_as_past(old):
    baseline(old, "create")
    assert known(old) == ["stands.sh"]
    save(old, "leak", {"stands.sh": line(3) + line(5)})
    message = refused(old, "baseline", "create", "--history")
    assert f"guardrails waivers add {RULE} PATH" in message
    save(old, "mend", {"stands.sh": line(3)})
    assert "3 findings written down, 4 in all" in baseline(old, "create", "--history")


def test_what_comes_to_stand_is_not_adopted_when_all_else_is_mended(repo):
    save(repo, "start", {"LICENSE": "MIT\n", "README.md": "A shop\n", "old.sh": line(1)})
    baseline(repo, "create")
    save(repo, "mend one, leak another", {"new.sh": line(2)}, gone=["old.sh"])
    for option in ([], ["--history"], ["--history", "--select", RULE]):
        assert "may only shrink" in refused(repo, "baseline", "create", *option)
    assert known(repo) == ["old.sh"]


def test_only_what_neither_stands_nor_stood_is_pruned(old):
    old.write({"uncommitted.sh": line(6)})
    baseline(old, "create")
    baseline(old, "create", "--history")
    assert known(old) == ["gone.sh", "mended.sh", "stands.sh", "uncommitted.sh"]
    assert baseline(old, "prune", "--history") == "4 left, 0 taken out\n"
    old.git("checkout", "-q", "--orphan", "rewritten")
    old.git("rm", "-q", "--cached", "uncommitted.sh", BASELINE, "--ignore-unmatch")
    old.git("commit", "-q", "-m", "all anew")
    assert baseline(old, "status").splitlines()[-1] == "4 findings known, 0 of them mended"
    assert "4 findings known, 2 of them mended" in baseline(old, "status", "--history")
    assert baseline(old, "prune", "--history").splitlines() == [
        *sorted(f"mended: {RULE} in {path}" for path in ("gone.sh", "mended.sh")),
        "2 left, 2 taken out",
    ]
    assert known(old) == ["stands.sh", "uncommitted.sh"]


def test_what_is_waived_is_not_written_down_and_not_pruned(old):
    today, soon = date.today().isoformat(), (date.today() + timedelta(days=20)).isoformat()
    comment = f'# guardrails: waive {RULE} until={soon} reason="a sample" owner=shop\n'
    save(old, "waive", {"inline.sh": comment + line(7)})
    save(old, "mend", gone=["inline.sh"])
    old.write({".guardrails/waivers.yaml": waiver(paths=["/gone.sh"], created=today, expires=soon)})
    baseline(old, "create", "--history")
    assert known(old) == ["mended.sh", "stands.sh"]
    entries = "".join(
        f"{RULE} {item['fingerprint']} {item['path']}\n" for item in report(old)["excused"] if item["path"] != "gone.sh"
    )
    old.write({BASELINE: entries})
    assert baseline(old, "prune", "--history") == "3 left, 0 taken out\n"


def test_the_baseline_wants_the_whole_history(old, tmp_path):
    old.git("clone", "-q", "--depth", "1", f"file://{old.root}", str(tmp_path / "shallow"))
    for command in ("create", "status", "prune"):
        done = old.run("baseline", command, "--history", cwd=tmp_path / "shallow")
        assert (done.returncode, "git fetch --unshallow" in done.stderr) == (2, True)


def test_a_change_may_adopt_what_is_gone_and_not_what_it_brings(old):
    old.git("checkout", "-q", "-b", "adopt")
    baseline(old, "create", "--history")
    save(old, "adopt")
    grown = [item for item in report(old, "--since", "main", history=())["findings"] if "grown" in item["rule"]]
    assert [item["message"] for item in grown] == [f"This change adds 3 entries, of {RULE}"]
    (old.root / BASELINE).unlink()
    save(old, "leak", {"new.sh": line(8), "moved.sh": line(1)})
    baseline(old, "create")
    baseline(old, "create", "--history")
    save(old, "hide it")
    found = report(old, "--since", "main", history=())["findings"]
    assert [item["path"] for item in found if item["rule"] == RULE] == ["moved.sh", "new.sh"]
    messages = {item["message"].partition(" did not stand")[0] for item in found if "grown" in item["rule"]}
    assert {f"{RULE} in new.sh", f"{RULE} in moved.sh"} < messages


def add(repo, *args, **env):
    return repo.run("waivers", "add", *args, "--reason", "revoked", "--owner", "shop", **env)


def test_a_place_that_is_gone_is_named_from_where_one_is(repo):
    save(repo, "leak", {"sub/gone.sh": line(1), "sub/kept": "\n"})
    save(repo, "mend", gone=["sub/gone.sh"])
    done = add(repo, RULE, "gone.sh:1", "--history", cwd=repo.root / "sub")
    assert done.returncode == 0, done.stderr
    assert report(repo)["findings"] == []


def test_a_waiver_of_what_history_finds(old):
    found = {item["path"]: item["fingerprint"] for item in report(old)["findings"]}
    done = add(old, "--fingerprint", found["gone.sh"])
    assert (done.returncode, "add --history for one of past commits" in done.stderr) == (2, True)
    assert "no finding has the fingerprint 12" in add(old, "--fingerprint", "12", "--history").stderr
    assert add(old, "--fingerprint", found["gone.sh"], "--history", GUARDRAILS_SINCE="HEAD").returncode == 0
    assert add(old, RULE, "mended.sh:1", "--history=--all").returncode == 0
    assert f"{RULE} finds nothing at stands.sh:2" in add(old, RULE, "stands.sh:2", "--history").stderr
    assert [item["path"] for item in report(old)["findings"]] == ["stands.sh"]
    items = json.loads(old.run("waivers", "list", "--format", "json").stdout)
    assert [(item["rule"], item["paths"], item["fingerprint"]) for item in items] == [
        (RULE, [f"/{path}"], found[path]) for path in ("gone.sh", "mended.sh")
    ]
    assert "0 taken out of 2 waivers\n" in old.run("waivers", "prune").stdout
    assert [item["rule"] for item in report(old, history=())["findings"]] == [RULE]


def test_a_waiver_of_what_history_finds_would_have_to_count(old):
    local(old, check="{text: {forbid: 's[e]t -e'}}", policy="history: true", rule="waivable: false")
    save(old, "mend", gone=["mended.sh"])
    (found,) = report(old)["findings"]
    done = add(old, "--fingerprint", found["fingerprint"], "--history")
    assert (done.returncode, "would not count: local/no-eval cannot be waived" in done.stderr) == (2, True)


def test_what_history_finds_is_chosen_on_a_terminal(old):
    code, shown = old.converse("waivers", "add", "--history", answers="2\nrevoked\n\nshop\n\n")
    assert code == 0, shown
    assert "1 gone.sh:1" in shown
    assert [item["path"] for item in report(old)["findings"]] == ["gone.sh", "stands.sh"]
    assert "governance/waiver-unused" not in {item["rule"] for item in report(old, history=())["findings"]}


def test_inline_waivers_of_any_version_hold_as_long_as_they_last(repo):
    comment = f'# guardrails: waive {RULE} until=2026-01-20 reason="a sample" owner=shop\n'
    save(repo, "leak", {"deploy.sh": line(1), "other.sh": line(2)})
    save(repo, "waive", {"deploy.sh": "\n\n" + comment + line(1), "other.sh": comment + "x\n" + line(2)})
    save(repo, "mend", gone=["deploy.sh", "other.sh"])
    done = report(repo, "--as-of", "2026-01-10")
    assert [(item["path"], item["line"]) for item in done["findings"]] == [("other.sh", 1)]
    assert [(item["path"], item["excuse"]["kind"]) for item in done["excused"]] == [("deploy.sh", "waived")]
    assert len(report(repo, "--as-of", "2026-02-01")["findings"]) == 2


def test_binary_huge_and_oddly_named_files_and_links(repo):
    secret = line().encode()
    (repo.root / "link").symlink_to(key())
    (repo.root.joinpath("huge.txt")).write_bytes(secret + b"x" * 20_000_001)
    with open(bytes(repo.root) + b"/caf\xe9.sh", "wb") as file:
        file.write(secret)
    commit = save(repo, "odd", {"image.bin": b"\0\1\2\3\0\0\5\6" * 99 + secret, "new\nline.sh": secret})
    found = report(repo)
    assert [(item["path"], item["commit"]) for item in found["findings"]] == [
        ("caf\\xe9.sh", commit),
        ("new\nline.sh", commit),
    ]
    assert [note["path"] for note in found["notes"] if note["message"].startswith("over 20 MB")] == ["huge.txt"]


POLICY = """\
policy: local
title: Local
category: security
owner: security
rationale: R.
{policy}
rules:
  - id: no-eval
    title: Nothing is evaluated
    severity: high
    {rule}
    check: {check}
    remediation: Take it out.
"""


def local(repo, check="{text: {forbid: EVAL}}", policy="", rule="profile: recommended"):
    text = POLICY.format(check=check, policy=policy or "match: {paths: ['*']}", rule=rule)
    repo.write({".guardrails.yaml": "packs: [./policies]\n", "policies/local.yaml": text})


def test_any_rule_about_text_can_declare_it_itself_or_by_its_policy(repo):
    commit = save(repo, "bad", {"a.sh": "EVAL\n"})
    save(repo, "mend", {"a.sh": "x\n"})
    for where in ({"rule": "history: true"}, {"policy": "history: true"}):
        local(repo, **where)
        assert told(repo) == [("a.sh", 1, commit)]
    local(
        repo, check='{document: {each: "$.a", assert: self == 1}}', policy="history: true", rule="match: {format: yaml}"
    )
    worse = save(repo, "worse", {"b.yaml": "a: 2\n"})
    assert ("b.yaml", 1, worse) in told(repo)


def test_when_no_rule_declares_it_it_says_so(repo):
    save(repo, "bad", {"a.sh": "EVAL\n"})
    for where in ({}, {"policy": "history: true", "rule": "history: false"}):
        local(repo, **where)
        done = repo.run("check", "--history")
        assert done.returncode == 2
        assert "no rule that is on judges past commits" in done.stderr


@pytest.mark.parametrize(
    "check", ["{path: {require: [README.md]}}", "{path: {executable: forbidden}}", "{commit: {subject-length: 72}}"]
)
def test_kinds_that_cannot_are_an_error_at_the_line(repo, check):
    for where, at in (({"rule": "history: true"}, 11), ({"policy": "history: true"}, 6)):
        local(repo, check=check, **where)
        done = repo.run("check")
        assert done.returncode == 2
        assert f"policies/local.yaml:{at}: rule local/no-eval: the check kind" in done.stderr
        assert "cannot judge past commits" in done.stderr
        assert "history: false" in done.stderr


def test_a_long_history_is_judged_within_bounded_memory(repo):
    lines = [f"{number} {Random(number).random()}" for number in range(4000)]
    stream = []
    for number in range(600):
        lines[number] = line(number).strip() if number in {100, 300} else f"other {number}"
        data = "\n".join(lines)
        time = 1_700_000_000 + number
        stream.append(f"commit refs/heads/main\nauthor A <a@b> {time} +0000\ncommitter A <a@b> {time} +0000\n")
        stream.append(f"data 1\nm\nM 100644 inline a.txt\ndata {len(data)}\n{data}\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo.root, input="".join(stream), text=True, check=True)
    repo.git("reset", "-q", "--hard", "main")
    probe = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=False); "
    probe += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    command = [
        sys.executable,
        "-c",
        probe,
        sys.executable,
        "-m",
        "guardrails",
        "check",
        "--history",
        "--format",
        "concise",
    ]
    out = subprocess.run(command, cwd=repo.root, env=repo.env, capture_output=True, text=True, check=True).stdout
    *found, peak = out.splitlines()
    assert [text.split(":")[1] for text in found if RULE in text] == ["101", "301"]
    assert int(peak) < 150_000  # kilobytes; all versions together have 60 MB
