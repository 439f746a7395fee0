"""What a change brings, and what it weakens, on real repositories with real branches and merges."""

from __future__ import annotations

import json

import pytest

RULE = "container-images/pin-base-image"
WAIVERS, BASELINE, SETTINGS = ".guardrails/waivers.yaml", ".guardrails/baseline", ".guardrails.yaml"
HEALTHY = {"LICENSE": "MIT\n", "README.md": "A shop\n"}
BAD, GOOD = "FROM debian\n", "FROM debian:12\n"
POLICY = """\
policy: local
title: Local
category: security
owner: security
rationale: R.
rules:
  - id: no-eval
    title: Nothing is evaluated
    severity: high
    enforcement: block
    check: {text: {forbid: EVAL}}
    match: {paths: ["*.sh"]}
    remediation: Take it out.
    parameters: {most: {description: D., type: integer, default: 3, looser: higher}}
    waivable: {require: [reason], max-days: 400}
"""
LOCAL = {**HEALTHY, SETTINGS: "packs: [builtin, ./policies]\n", "policies/local.yaml": POLICY}


def waiver(**more):
    fields = {"rule": RULE, "paths": ["/Dockerfile"], "reason": "R", "owner": "shop", "expires": "2026-12-31"} | more
    return {key: value for key, value in fields.items() if value is not None}


def waivers(*items):
    """One field on each line, as people write it."""
    text = "waivers:\n"
    for item in items:
        text += "  - " + "\n    ".join(f"{key}: {json.dumps(value)}" for key, value in item.items()) + "\n"
    return text


def start(repo, files):
    repo.write({**HEALTHY, **files}).commit("start")
    repo.git("checkout", "-q", "-b", "topic")
    return repo


def judged(repo, *args):
    """Everything that is found in the change: rule, path and line."""
    done = repo.run("check", "--since", "main", "--as-of", "2026-06-01", "--format", "json", *args)
    assert done.returncode in {0, 1}, done.stderr
    report = json.loads(done.stdout)
    return [(item["rule"], item["path"], item["line"] or 0) for item in report["findings"]]


def told(repo, *args):
    """What the governance policy says of the change: state and line."""
    return [
        (rule.removeprefix("governance/"), line)
        for rule, _, line in judged(repo, *args)
        if rule.startswith("governance/")
    ]


# What a change weakens


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [waiver()], [("change-adds-waiver", 2)]),
        ([waiver()], [waiver(paths=["/Dockerfile", "b.Dockerfile"])], [("change-widens-waiver", 2)]),
        ([waiver()], [waiver(rule="container-images")], [("change-widens-waiver", 2)]),
        ([waiver()], [waiver(rule="container-images/pin-base-imag?")], []),
        ([waiver()], [waiver(expires="2027-01-01")], [("change-widens-waiver", 2)]),
        ([waiver(expires="soon")], [waiver()], [("change-widens-waiver", 2)]),
        ([waiver()], [waiver(reason="")], [("change-widens-waiver", 2), ("waiver-incomplete", 2)]),
        ([waiver()], [waiver(owner=None)], [("change-widens-waiver", 2), ("waiver-without-owner", 2)]),
        ([waiver(created="2026-01-01")], [waiver(created="2026-05-01")], [("change-widens-waiver", 2)]),
        ([waiver()], [waiver(approver="lead")], [("change-widens-waiver", 2)]),
        ([waiver(approver="boss")], [waiver(approver="lead")], [("change-widens-waiver", 2)]),
        ([waiver(fingerprint="0123456789abcdef0123")], [waiver()], [("change-widens-waiver", 2)]),
        (
            [waiver(paths=["/Dockerfile", "b.Dockerfile"])],
            [waiver(), waiver(paths=["b.Dockerfile"])],
            [("change-adds-waiver", 7)],
        ),
        # What is no weakening.
        ([waiver(), waiver(paths=["*.x"])], [waiver(paths=["*.x"]), waiver()], []),
        ([waiver()], [waiver(expires="2026-11-30")], []),
        ([waiver()], [waiver(reason="A better one")], []),
        ([waiver(paths=["/Dockerfile", "b"])], [waiver()], []),
        ([waiver(paths=["/Dockerfile", "b"])], [waiver(paths=["b", "/Dockerfile"])], []),
        ([waiver(), waiver(rule="kubernetes", paths=["x"])], [waiver()], []),
    ],
)
def test_waivers_in_the_file(repo, before, after, expected):
    start(repo, {"Dockerfile": BAD, "b.Dockerfile": GOOD, WAIVERS: waivers(*before)})
    repo.write({WAIVERS: waivers(*after)}).commit()
    assert [item for item in told(repo) if item[0] != "waiver-unused"] == expected


def test_reformatting_is_no_weakening(repo):
    start(repo, {"Dockerfile": BAD, WAIVERS: waivers(waiver(), waiver(paths=["b"]))})
    text = json.dumps({"waivers": [waiver(paths=["b"]), waiver()]}, indent=3)
    repo.write({WAIVERS: "# ours\r\n" + text.replace("\n", "\r\n")}).commit()
    assert [state for state, _ in told(repo) if state.startswith("change-")] == []


MARK = '# guardrails: waive local/no-eval until=2026-12-31 reason="R"\n'


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("EVAL\n", f"{MARK}EVAL\n", [("change-adds-waiver", 1)]),
        (f"{MARK}EVAL\n", f"{MARK}EVAL\n{MARK}EVAL 2\n", [("change-adds-waiver", 3)]),
        (f"{MARK}EVAL\n", f"EVAL\n{MARK}EVAL 2\n", [("change-widens-waiver", 2)]),
        (f"{MARK}EVAL\n", MARK.replace("12-31", "12-30") + "EVAL\n", []),
        (f"{MARK}EVAL\n", MARK.replace("2026-12", "2027-01") + "EVAL\n", [("change-widens-waiver", 1)]),
        (f"{MARK}EVAL\n", f"\n# moved\nif true\n  {MARK}  EVAL\nfi\n", []),
        (f"{MARK}EVAL 1\n{MARK}EVAL 2\n", f"{MARK}EVAL 2\n{MARK}EVAL 1\n", []),
        (f"{MARK}EVAL\n", "true\n", []),
    ],
)
def test_waivers_in_comments(repo, before, after, expected):
    start(repo, {**LOCAL, "a.sh": before})
    repo.write({"a.sh": after}).commit()
    assert told(repo) == expected


def test_a_waiver_that_moves_between_file_and_comment_is_told(repo):
    start(repo, {**LOCAL, "a.sh": "EVAL\n", WAIVERS: waivers(waiver(rule="local/no-eval", paths=["/a.sh"]))})
    repo.write({"a.sh": f"{MARK}EVAL\n", WAIVERS: "waivers: []\n"}).commit()
    assert told(repo) == [("change-adds-waiver", 1)]


def test_a_renamed_file_keeps_its_waivers(repo):
    start(repo, {**LOCAL, "a.sh": f"# A long file\ntrue 1\ntrue 2\n{MARK}EVAL\n"})
    repo.git("mv", "a.sh", "b.sh")
    repo.commit()
    assert judged(repo) == judged(repo, "--judge-with", "base") == []


def edited(*pairs):
    text = POLICY
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return {"policies/local.yaml": text}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({SETTINGS: "packs: [builtin]\n"}, ("change-weakens-rule", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "rules: {local/no-eval: warn}\n"}, ("change-weakens-rule", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "rules: {local: 'off'}\n"}, ("change-weakens-rule", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "rules: {'loc*': {severity: low}}\n"}, ("change-weakens-rule", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "rules: {local: {parameters: {most: 4}}}\n"}, ("change-weakens-rule", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "exclude: [a.sh]\n"}, ("change-excludes-paths", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "exclude: ['**']\n"}, ("change-excludes-paths", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "rules: {governance: 'off'}\n"}, ("change-weakens-rule", SETTINGS)),
        ({SETTINGS: LOCAL[SETTINGS] + "rules: {local: {exclude: [a.sh]}}\n"}, ("change-excludes-paths", SETTINGS)),
        ({"sub/.guardrails.yaml": "rules: {local: audit}\n"}, ("change-weakens-rule", "sub/.guardrails.yaml")),
        ({"sub/.guardrails.yaml": "exclude: [x]\n"}, ("change-excludes-paths", "sub/.guardrails.yaml")),
        (edited(("high", "medium")), ("change-weakens-rule", "policies/local.yaml")),
        (edited(("block", "{block: 2027-01-01}")), ("change-weakens-rule", "policies/local.yaml")),
        (edited(("default: 3", "default: 4")), ("change-weakens-rule", "policies/local.yaml")),
        (edited(("default: 3, looser: higher", "default: 4")), ("change-weakens-rule", "policies/local.yaml")),
        (edited(("EVAL", "EVALUATE")), ("change-weakens-rule", "policies/local.yaml")),
        (edited(("[reason], max-days: 400", "[], max-days: 400")), ("change-weakens-rule", "policies/local.yaml")),
        (edited((", max-days: 400", "")), ("change-weakens-rule", "policies/local.yaml")),
        (edited(("no-eval", "no-evil")), ("change-weakens-rule", "policies/local.yaml")),
        (edited(('["*.sh"]', '["b.sh"]')), ("change-excludes-paths", "policies/local.yaml")),
        (edited(('["*.sh"]', '["*.sh", "!a.sh"]')), ("change-excludes-paths", "policies/local.yaml")),
        (edited(('["*.sh"]', '["*.sh"], exclude: [a.sh]')), ("change-excludes-paths", "policies/local.yaml")),
        (edited(('["*.sh"]', '["*.sh"], max-size: 1 KB')), ("change-excludes-paths", "policies/local.yaml")),
        (edited(("rules:", "match: {paths: [/bin/]}\nrules:")), ("change-excludes-paths", "policies/local.yaml")),
    ],
)
def test_rules(repo, change, expected):
    start(repo, {**LOCAL, "sub/a.sh": "true\n"})
    repo.write(change).commit()
    found = [(rule.removeprefix("governance/"), path) for rule, path, _ in judged(repo)]
    assert expected in found
    assert len(found) == 1


def test_a_rule_that_judges_past_commits_no_more(repo):
    start(repo, {**LOCAL, **edited(("rules:", "history: true\nrules:"))})
    repo.write({"policies/local.yaml": POLICY}).commit()
    assert [(rule, path) for rule, path, _ in judged(repo)] == [
        ("governance/change-weakens-rule", "policies/local.yaml")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LOCAL[SETTINGS], "# ours\npacks:\n  - builtin\n  - ./policies\n"),
        ("packs: [builtin, ./policies]\nexclude: [a, b]\n", "exclude: [b, a]\npacks: [./policies, builtin]\n"),
        ("packs: [builtin, ./policies]\nexclude: [a, b]\n", "packs: [builtin, ./policies]\nexclude: [a]\n"),
        ("packs: [builtin, ./policies]\nrules: {local: warn}\n", "packs: [builtin, ./policies]\n"),
        ("packs: [builtin, ./policies]\n", "packs: [builtin, ./policies]\nprofile: strict\n"),
        ("packs: [builtin, ./policies]\n", "packs: [builtin, ./policies]\nrules: {local: {final: true}}\n"),
    ],
)
def test_what_weakens_no_rule(repo, before, after):
    start(repo, {**LOCAL, SETTINGS: before})
    repo.write({SETTINGS: after}).commit()
    assert told(repo) == []


def test_a_policy_file_that_is_renamed_weakens_nothing(repo):
    start(repo, LOCAL)
    repo.git("mv", "policies/local.yaml", "policies/other.yaml")
    repo.commit()
    assert told(repo) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("profile: strict\n", "profile: recommended\n"),
        ("profile: strict\n", "{}\n"),
        ("rules: {container-images: {final: true}}\n", "{}\n"),
        ("final: [exclude]\n", "{}\n"),
        ("exclude: ['vendor/*', '!vendor/own']\n", "exclude: ['vendor/*']\n"),
    ],
)
def test_settings_that_are_taken_away(repo, before, after):
    start(repo, {SETTINGS: before})
    repo.write({SETTINGS: after}).commit()
    assert {path for _, path, _ in judged(repo)} == {SETTINGS}


def test_a_file_of_settings_that_is_deleted(repo):
    start(repo, {SETTINGS: "profile: strict\n"})
    repo.git("rm", "-q", SETTINGS)
    repo.commit()
    assert [(rule, path) for rule, path, _ in judged(repo)] == [("governance/change-weakens-rule", SETTINGS)]


# Judged by what it started from


def test_a_change_cannot_switch_off_what_tells_of_it(repo):
    start(repo, {SETTINGS: "profile: recommended\n"})
    repo.write({SETTINGS: "exclude: ['**']\nrules: {governance: 'off', required-files: 'off'}\n"}).commit()
    done = repo.run("check", "--since", "main")
    assert "switches off" in done.stdout
    assert "takes '**' out of what" in done.stdout


@pytest.mark.parametrize(
    ("files", "head", "base"),
    [
        ({SETTINGS: LOCAL[SETTINGS] + "rules: {local: 'off'}\n"}, 0, 1),
        ({SETTINGS: "packs: [builtin]\n"}, 0, 1),
        ({SETTINGS: LOCAL[SETTINGS] + "exclude: ['*.sh']\n"}, 0, 1),
        ({"sub/.guardrails.yaml": "rules: {local: 'off'}\n"}, 0, 1),
        ({"sub/pyproject.toml": "[tool.guardrails]\nexclude = ['*']\n"}, 0, 1),
        (edited(("EVAL", "EVALUATE")), 0, 1),
        ({WAIVERS: waivers(waiver(rule="local/no-eval", paths=["sub/"]))}, 0, 1),
        ({"sub/a.sh": f"{MARK}EVAL\n"}, 0, 1),
        ({"sub/a.sh": "true\n"}, 0, 0),
        # What it makes stricter does not count either.
        ({SETTINGS: LOCAL[SETTINGS] + "profile: all\n", "sub/a.sh": "true\n"}, 0, 0),
    ],
)
def test_nothing_of_the_change_counts(repo, files, head, base):
    start(repo, LOCAL)
    repo.write({"sub/a.sh": "EVAL\n", **files}).commit()
    blocked = {
        by: ("local/no-eval", "sub/a.sh") in [item[:2] for item in judged(repo, "--judge-with", by)]
        for by in ("head", "base")
    }
    assert blocked == {"head": bool(head), "base": bool(base)}


@pytest.mark.parametrize(
    ("before", "after", "stands"),
    [
        (f"{MARK}EVAL\n", f"true\n{MARK}EVAL\n", []),
        (f"{MARK}EVAL\n", f"if true\n  {MARK}  EVAL\n", []),
        (f"{MARK}EVAL\n", f"{MARK}EVAL\n{MARK}EVAL 2\n", [4]),
        (f"{MARK}EVAL\n", f"{MARK}EVAL 2\n", [2]),
        (f"{MARK}true\nEVAL\n", f"true\n{MARK}EVAL\n", [3]),
        ("EVAL\n", f"{MARK}EVAL\n", [2]),
    ],
)
def test_an_old_comment_excuses_what_it_did(repo, before, after, stands):
    start(repo, {**LOCAL, "a.sh": before})
    repo.write({"a.sh": after}).commit()
    found = judged(repo, "--judge-with", "base")
    assert [line for rule, _, line in found if rule == "local/no-eval"] == stands


def test_the_baseline_of_the_base_counts_also_in_files_that_moved(repo):
    repo.write({**HEALTHY, **{f"{name}.Dockerfile": BAD for name in "ab"}}).commit()
    repo.run("baseline", "create")
    repo.commit()
    repo.git("checkout", "-q", "-b", "topic")
    (repo.root / "docker").mkdir()
    repo.git("mv", "a.Dockerfile", "docker/a.Dockerfile")
    repo.commit()
    assert judged(repo) == judged(repo, "--judge-with", "base") == []
    repo.write({"new.Dockerfile": BAD})
    (repo.root / BASELINE).unlink()
    repo.run("baseline", "create")
    repo.commit()
    assert judged(repo, "--judge-with", "base")[0] == (RULE, "new.Dockerfile", 1)


# New code only


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("EVAL\ntrue\n", "EVAL\ntrue 2\n", []),
        ("EVAL\ntrue\n", "EVAL\nEVAL 2\n", [2]),
        ("EVAL\ntrue\n", "EVAL\ntrue\nEVAL\n", [3]),
        ("true\nEVAL\n", "EVAL\ntrue\nEVAL\n", [1]),
        ("EVAL\nEVAL\n", "EVAL\n", []),
        ("EVAL", "EVAL\n", [1]),
        ("true\nEVAL", "true 2\nEVAL", []),
        ("EVAL\r\ntrue\r\n", "EVAL\ntrue\n", []),
        ("EVAL\ntrue\ntrue\n", "true\ntrue\nEVAL\n", [3]),
    ],
)
def test_changed_lines(repo, before, after, new):
    start(repo, {**LOCAL, "a.sh": before})
    repo.write({"a.sh": after}).commit()
    assert [line for rule, _, line in judged(repo, "--new-only") if rule == "local/no-eval"] == new
    assert len(judged(repo)) == after.count("EVAL")


def test_renamed_and_edited(repo):
    lines = [f"true {number}\n" for number in range(20)]
    start(repo, {**LOCAL, "a.sh": "".join(["EVAL\n", *lines])})
    repo.git("mv", "a.sh", "b.sh")
    repo.write({"b.sh": "".join(["EVAL\n", *lines, "EVAL 2\n"])}).commit()
    assert judged(repo) == [("local/no-eval", "b.sh", 1), ("local/no-eval", "b.sh", 22)]
    assert judged(repo, "--new-only") == [("local/no-eval", "b.sh", 22)]


def test_a_mode_and_a_submodule_bring_no_lines(repo):
    start(repo, {**LOCAL, "a.sh": "EVAL\n"})
    (repo.root / "a.sh").chmod(0o755)
    commit = repo.git("rev-parse", "HEAD").strip()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module")
    repo.git("commit", "-q", "-am", "mode")
    assert "local/no-eval" in [rule for rule, _, _ in judged(repo, "--ref", "HEAD")]
    assert "local/no-eval" not in [rule for rule, _, _ in judged(repo, "--ref", "HEAD", "--new-only")]


def test_what_a_deletion_breaks_is_new(repo):
    start(repo, {"README.md": "A shop\n", "Dockerfile": BAD})
    repo.git("rm", "-q", "LICENSE")
    repo.commit()
    assert judged(repo, "--new-only") == [("required-files/licence", "LICENSE", 0)]


def test_what_was_broken_before_is_not_new(repo):
    repo.write({"README.md": "A shop\n"}).commit()
    repo.git("checkout", "-q", "-b", "topic")
    repo.write({"a.txt": "x\n"}).commit()
    assert [rule for rule, _, _ in judged(repo)] == ["required-files/licence"]
    assert judged(repo, "--new-only") == []


def test_the_merge_base_counts_and_not_the_tip(repo):
    start(repo, LOCAL)
    repo.write({"a.sh": "true\n"}).commit()
    repo.git("checkout", "-q", "main")
    repo.write({"b.sh": "EVAL\n"}).commit()
    repo.git("checkout", "-q", "topic")
    assert judged(repo) == []
    repo.git("merge", "-q", "--no-edit", "main")
    assert judged(repo) == [], "what came by a merge from the base is not of the change"


def test_a_shallow_clone_fails_with_the_remedy(repo, tmp_path):
    start(repo, LOCAL)
    repo.write({"a.sh": "EVAL\n"}).commit()
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", str(tmp_path / "clone"))
    for ref in ("main", "origin/main"):
        done = repo.run("check", "--since", ref, cwd=tmp_path / "clone")
        assert (done.returncode, done.stdout) == (2, "")
        assert "git fetch --unshallow" in done.stderr


# Evidence of approval

ALICE = ("--author", "Alice <alice@example.org>")


def approved(repo, evidence, message="wip", *options):
    repo.write({SETTINGS: f"rules: {{governance: {{parameters: {{evidence: {evidence}}}}}}}\n"})
    start(repo, {"Dockerfile": BAD})
    repo.write({WAIVERS: waivers(waiver(approver="bob"))})
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", message, *options)
    return "waiver-unapproved" in dict(told(repo))


@pytest.mark.parametrize(
    ("evidence", "message", "author", "missing"),
    [
        ("none", "wip", "Bob <bob@example.org>", False),
        ("author", "wip", "Bob <b@example.org>", True),
        ("author", "wip", "B. <bob@example.org>", True),
        ("author", "wip", "Alice <alice@example.org>", False),
        ("trailer", "wip", "Alice <alice@example.org>", True),
        ("trailer", "wip\n\nApproved-by: Bob <b@example.org>", "Alice <alice@example.org>", False),
        ("trailer", "wip\n\nreviewed-by: B. <bob@example.org>", "Alice <alice@example.org>", False),
        ("trailer", "wip\n\nReviewed-by: Carol <c@example.org>", "Alice <alice@example.org>", True),
        ("trailer", "wip\n\nApproved-by: Bob <b@example.org>\n\nmore", "Alice <alice@example.org>", True),
        ("trailer", "wip\n\nApproved-by: Bob <b@example.org>", "Bob <b@example.org>", True),
        ("signature", "wip", "Alice <alice@example.org>", True),
    ],
)
def test_the_commit_that_brings_a_waiver(repo, evidence, message, author, missing):
    assert approved(repo, evidence, message, "--author", author) is missing


def test_every_commit_that_had_a_hand_in_it_counts(repo):
    assert not approved(repo, "author", "wip", *ALICE)
    repo.write({WAIVERS: waivers(waiver(approver="bob", paths=["*Dockerfile"]))})
    repo.git("commit", "-q", "-am", "wider", "--author", "Bob <bob@example.org>")
    assert ("waiver-unapproved", 2) in told(repo)


def test_longer_is_to_be_approved_again(repo):
    repo.write({SETTINGS: "rules: {governance: {parameters: {evidence: trailer}}}\n"})
    start(repo, {"Dockerfile": BAD, WAIVERS: waivers(waiver(approver="bob"))})
    repo.write({WAIVERS: waivers(waiver(approver="bob", expires="2027-01-31"))}).commit("longer")
    assert told(repo) == [("change-widens-waiver", 2), ("waiver-unapproved", 2)]
    repo.git("commit", "-q", "--amend", "-m", "longer\n\nApproved-by: Bob <bob@example.org>")
    assert told(repo) == [("change-widens-waiver", 2)]


def test_a_merge_that_brings_a_waiver_is_looked_at_too(repo):
    repo.write({SETTINGS: "rules: {governance: {parameters: {evidence: trailer}}}\n"})
    start(repo, {"Dockerfile": BAD})
    repo.git("checkout", "-q", "-b", "other")
    repo.write({"x": "x"}).commit()
    repo.git("checkout", "-q", "topic")
    repo.write({"y": "y"}).commit()
    repo.git("merge", "-q", "--no-ff", "--no-commit", "other")
    repo.write({WAIVERS: waivers(waiver(approver="bob"))}).commit("Merge other")
    assert ("waiver-unapproved", 2) in told(repo)


def test_a_comment_is_to_be_approved_as_well(repo):
    repo.write({SETTINGS: LOCAL[SETTINGS] + "rules: {governance: {parameters: {evidence: trailer}}}\n"})
    start(repo, {key: value for key, value in LOCAL.items() if key != SETTINGS} | {"a.sh": "EVAL\n"})
    repo.write({"a.sh": MARK.strip() + " approver=bob\nEVAL\n"}).commit()
    assert ("waiver-unapproved", 1) in told(repo)
