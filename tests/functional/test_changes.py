"""What a change brings, and what it weakens, on real repositories with real branches and merges."""

from __future__ import annotations

import json
import os

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
        ([waiver()], [waiver(rule="container-images/pin-*")], []),
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
        (edited(('["*.sh"]', '["*.sh"], max-size: 1kB')), ("change-excludes-paths", "policies/local.yaml")),
        (edited(("rules:", "match: {paths: [/bin/]}\nrules:")), ("change-excludes-paths", "policies/local.yaml")),
    ],
)
def test_rules(repo, change, expected):
    start(repo, {**LOCAL, "sub/a.sh": "true\n"})
    repo.write(change).commit()
    found = [(rule.removeprefix("governance/"), path) for rule, path, _ in judged(repo)]
    assert expected in found
    assert len(found) == 1


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
        ("rules: {secrets: {final: true}}\n", "{}\n"),
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
