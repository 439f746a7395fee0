"""The commands beside `check`."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from tests.functional.test_check import CONFIG, POLICY


@pytest.fixture
def house(repo):
    return repo.write({"rules/house.yaml": POLICY, ".guardrails.yaml": CONFIG})


def test_rules_lists_what_runs_here(house):
    out = house.run("rules").stdout
    assert "house/no-foo" in out
    assert "governance/waiver-expired" in out, "those of the engine itself are always there"
    rows = json.loads(house.run("rules", "--format", "json").stdout)
    ids = [row["id"] for row in rows]
    assert [id for id in ids if not id.startswith(("governance/", "guardrails/"))] == [
        "house/no-foo",
        "house/has-notes",
    ]


def test_explain_rule(house):
    out = house.run("explain", "house/no-foo").stdout
    for part in ("Nothing says foo", "high", "rules/house.yaml:7", "We agreed on it.", "Say bar.", "| foo"):
        assert part in out


def test_explain_path_names_the_layer_that_decided(house):
    house.write(
        {
            "svc/.guardrails.yaml": "rules:\n  house/no-foo:\n    enforcement: warn\n    severity: low\n",
            "svc/a.txt": "foo\n",
        }
    )
    out = house.run("explain", "svc/a.txt").stdout
    assert "house/no-foo" in out
    assert "warn      svc/.guardrails.yaml:2" in out
    assert "low       svc/.guardrails.yaml:2" in out
    assert "house/has-notes" not in out, "it judges the repository, not this file"
    out = house.run("explain", ".guardrails.yaml").stdout
    assert "house/no-foo" not in out


def test_explain_says_who_switched_a_rule_off(house):
    house.write({".guardrails.yaml": "packs: [./rules]\nrules:\n  house/no-foo: 'off'\n", "a.txt": ""})
    assert ".guardrails.yaml:3" in house.run("explain", "a.txt").stdout


def test_explain_says_how_to_ask_for_an_exception(house):
    out = house.run("explain", "house/no-foo").stdout
    assert "Agree it with us" in out
    assert "guardrails waivers add house/no-foo PATH" in out


def test_explain_something_unknown(house):
    assert house.run("explain", "no/such").returncode == 2


def test_test_runs_the_examples(house):
    done = house.run("test", "rules")
    assert (done.returncode, done.stdout) == (0, "0 failures in 4 examples of 2 rules\n")
    assert "0 failures" in house.run("test").stdout
    assert house.run("test", "svc").returncode == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("forbid: foo", "forbid: fop", "should fail, but nothing is found"),
        ("at: a.txt:1", "at: a.txt:2", "should fail at a.txt:2, but is found at a.txt:1"),
        ('pass: {a.txt: "bar', 'pass: {a.txt: "foo', "should pass"),
        ('      - pass: {NOTES.md: ""}\n', "", "has no passing example"),
    ],
)
def test_test_tells_what_an_example_does_not_show(house, old, new, message):
    assert old in POLICY
    house.write({"rules/house.yaml": POLICY.replace(old, new)})
    done = house.run("test", "rules")
    assert done.returncode == 1
    assert message in done.stdout
    assert done.stdout.startswith("rules/house.yaml:")


def test_plan_counts_what_would_run(house):
    house.write({"a.txt": "", "b.txt": ""})
    out = house.run("plan").stdout
    assert "house/no-foo" in out
    assert "2 files" in out
    assert "repository" in out.partition("house/has-notes")[2].splitlines()[0]


@pytest.mark.parametrize("name", ["policy", "config", "waivers", "report"])
def test_schemas_are_valid(repo, name):
    schema = json.loads(repo.run("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)


def test_policy_schema_accepts_a_policy_and_report_schema_a_report(house):
    jsonschema.validate(yaml.safe_load(POLICY), json.loads(house.run("schema", "policy").stdout))
    report = json.loads(house.run("check", "--format", "json").stdout)
    jsonschema.validate(report, json.loads(house.run("schema", "report").stdout))


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion(repo, shell):
    out = repo.run("completion", shell).stdout
    assert "explain" in out
    assert "--staged" in out
