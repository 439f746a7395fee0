"""Settings of a repository and of the folders in it."""

from __future__ import annotations

import json

import pytest

from tests.functional.test_check import CONFIG, POLICY

PARAMETERS = """\
policy: limits
title: Limits
category: architecture
owner: us
rationale: Small is beautiful.
rules:
  - id: small
    title: Files are small
    severity: medium
    match: {paths: ["*.dat"]}
    check: {path: {size: {max: "{params.max}"}}}
    parameters:
      max: {type: integer, minimum: 1, default: 10}
    remediation: Split it.
    examples:
      - fail: {a.dat: "12345678901"}
      - pass: {a.dat: "1"}
"""


@pytest.fixture
def house(repo):
    return repo.write({"rules/house.yaml": POLICY, "rules/limits.yaml": PARAMETERS, "NOTES.md": ""})


def levels(done):
    report = json.loads(done.stdout)
    return {(item["path"], item["severity"], item["enforcement"]) for item in report["findings"]}


def test_pyproject_table(house):
    house.write(
        {"pyproject.toml": '[tool.guardrails]\npacks = ["./rules"]\nrules = {house = "warn"}\n', "a.txt": "foo"}
    )
    assert levels(house.run("check", "--format", "json")) == {("a.txt", "high", "warn")}


def test_the_yaml_file_wins_over_pyproject(house):
    house.write({".guardrails.yaml": CONFIG, "pyproject.toml": "[tool.guardrails]\nprofile = 3\n", "a.txt": "foo"})
    assert house.run("check").returncode == 1


def test_nearest_folder_wins(house):
    house.write(
        {
            ".guardrails.yaml": CONFIG + "rules: {house/no-foo: {severity: low, enforcement: warn}}\n",
            "a.txt": "foo",
            "svc/a.txt": "foo",
            "svc/pay/.guardrails.yaml": "rules: {house/no-foo: {enforcement: block}}\n",
            "svc/pay/a.txt": "foo",
            "svc/pay/deep/a.txt": "foo",
            "lib/pyproject.toml": '[tool.guardrails.rules]\n"house/no-foo" = "off"\n',
            "lib/a.txt": "foo",
        }
    )
    assert levels(house.run("check", "--format", "json")) == {
        ("a.txt", "low", "warn"),
        ("svc/a.txt", "low", "warn"),
        ("svc/pay/a.txt", "low", "block"),
        ("svc/pay/deep/a.txt", "low", "block"),
    }


def test_named_file_sees_the_settings_above_it(house):
    house.write({".guardrails.yaml": CONFIG, "svc/.guardrails.yaml": "rules: {house: warn}\n", "svc/x/a.txt": "foo"})
    assert levels(house.run("check", "svc/x/a.txt", "--format", "json")) == {("svc/x/a.txt", "high", "warn")}


def test_parameters_by_folder(house):
    house.write(
        {
            ".guardrails.yaml": CONFIG,
            "a.dat": "x" * 11,
            "big/a.dat": "x" * 15,
            "big/b.dat": "x" * 25,
            "big/.guardrails.yaml": "rules: {limits/small: {parameters: {max: 20}}}\n",
        }
    )
    done = house.run("check", "--format", "json")
    assert {path for path, _, _ in levels(done)} == {"a.dat", "big/b.dat"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("rules: {limits/small: {parameters: {max: 0}}}", "does not fit its schema"),
        ("rules: {limits/small: {parameters: {min: 1}}}", "limits/small: parameter 'min' is not one it has"),
        ("rules: {limits: {parameters: {min: 1}}}", "limits: parameter 'min' is not one it has"),
        ("rules: {limits/small: {enforcement: {block: '20260101'}}}", "which does not fit"),
        ("rules: {limits/small: {exclude: ['[a']}}", ".guardrails.yaml:2:34: glob '[a'"),
        ("exclude: [a, '[a']", ".guardrails.yaml:2:14: glob '[a'"),
        ("profile: strict\nprofile: all", "the key 'profile' stands twice"),
        ("rules: {limits/smal: warn}", "did you mean 'limits/small'?"),
        ("rules: {limits/small: {enforcement: {block: 2026-13-01}}}", "is not a date"),
        ("rules: {limits/small: {enforcement: {block: 2026-01-01, warn: 2026-02-01}}}", "cannot start before"),
        ("exclude: vendor", "not a list"),
        ("packs: [nowhere]", "no pack is named 'nowhere'"),
        ("packs: [./nowhere]", "no policies in ./nowhere"),
    ],
)
def test_wrong_settings(house, settings, message):
    house.write({".guardrails.yaml": (CONFIG if "packs" not in settings else "") + settings + "\n"})
    done = house.run("check")
    assert done.returncode == 2
    assert message in done.stderr
    assert ".guardrails.yaml:" in done.stderr


def test_packs_in_a_folder_are_refused(house):
    house.write({".guardrails.yaml": CONFIG, "svc/.guardrails.yaml": CONFIG})
    done = house.run("check")
    assert done.returncode == 2
    assert "svc/.guardrails.yaml:1:1: packs cannot be set in a folder" in done.stderr


def test_excludes_are_relative_to_their_file(house):
    house.write(
        {
            ".guardrails.yaml": CONFIG + "exclude: [/gen/]\n",
            "gen/a.txt": "foo",
            "svc/gen/a.txt": "foo",
            "svc/.guardrails.yaml": 'exclude: [/out/, "*.skip.txt"]\nrules: {house/no-foo: {exclude: [one.txt]}}\n',
            "svc/out/a.txt": "foo",
            "svc/in/out/a.txt": "foo",
            "svc/in/x.skip.txt": "foo",
            "svc/in/one.txt": "foo",
            "x.skip.txt": "foo",
        }
    )
    done = house.run("check", "--format", "json")
    assert {path for path, _, _ in levels(done)} == {"svc/gen/a.txt", "svc/in/out/a.txt", "x.skip.txt"}


def test_settings_in_excluded_folders_have_no_say(house):
    house.write({".guardrails.yaml": CONFIG + "exclude: [vendor/]\n", "vendor/.guardrails.yaml": "nonsense: [\n"})
    assert house.run("check").returncode == 0


FINAL = "rules: {house/no-foo: {severity: high, enforcement: warn, final: true}, limits/small: {final: true, severity: low}}\n"


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("rules: {house/no-foo: audit}", "its enforcement is final"),
        ("rules: {house: 'off'}", "its enforcement is final"),
        ("rules: {house/no-foo: {enforcement: {block: 2026-01-01}}}", "its enforcement is final"),
        ("rules: {house/no-foo: {severity: low}}", "severity high is final"),
        ("rules: {house/no-foo: {exclude: ['*']}}", "its exclude is final"),
        ("rules: {limits/small: {parameters: {max: 99}}}", "parameter 'max' is final"),
    ],
)
def test_final_cannot_be_loosened_inside(house, inner, message):
    house.write({".guardrails.yaml": CONFIG + FINAL, "svc/.guardrails.yaml": inner + "\n", "svc/a.txt": "foo"})
    done = house.run("check")
    assert done.returncode == 2
    assert f"{message}, set in .guardrails.yaml:2, and cannot be loosened here" in done.stderr
    assert "svc/.guardrails.yaml:1" in done.stderr


def test_final_can_be_tightened_inside(house):
    inner = (
        "exclude: ['*.txt']\nprofile: recommended\nrules: {house/no-foo: {severity: critical, enforcement: block}}\n"
    )
    house.write({".guardrails.yaml": CONFIG + FINAL, "svc/.guardrails.yaml": inner, "svc/a.txt": "foo"})
    assert levels(house.run("check", "--format", "json")) == {("svc/a.txt", "critical", "block")}


def test_final_profile(house):
    house.write({".guardrails.yaml": CONFIG + "profile: strict\nfinal: [profile, exclude]\n"})
    house.write({"svc/.guardrails.yaml": "profile: recommended\nexclude: [a]\n"})
    done = house.run("check")
    assert done.returncode == 2
    assert "profile strict is final, set in .guardrails.yaml:3" in done.stderr
    assert "svc/.guardrails.yaml:2" in done.stderr
    house.write({"svc/.guardrails.yaml": "profile: all\n"})
    assert house.run("check").returncode == 0


def test_environment_and_command_line_win(house):
    house.write({".guardrails.yaml": "profile: recommended\n"})
    few = len(json.loads(house.run("rules", "--format", "json").stdout))
    more = len(json.loads(house.run("rules", "--format", "json", GUARDRAILS_PROFILE="strict").stdout))
    back = len(
        json.loads(house.run("rules", "--format", "json", "--profile", "recommended", GUARDRAILS_PROFILE="all").stdout)
    )
    assert few == back < more
    assert house.run("check", GUARDRAILS_PROFILE="lax").returncode == 2


ROUNDABOUT = [
    "rules: {'*': {final: true}, house/no-foo: 'off'}",
    "rules: {house: {final: true}, house/no-foo: {severity: info}}",
    "rules: {house: {final: true, severity: high}, house/no-foo: {exclude: ['*']}}",
]


@pytest.mark.parametrize("inner", ROUNDABOUT)
def test_final_cannot_be_got_round_by_saying_final_again(house, inner):
    house.write({".guardrails.yaml": CONFIG + FINAL, "svc/.guardrails.yaml": inner + "\n", "svc/a.txt": "foo"})
    done = house.run("check")
    assert done.returncode == 2
    assert "set in .guardrails.yaml:2, and cannot be loosened here" in done.stderr


def test_a_smaller_profile_inside_does_not_switch_a_final_rule_off(house):
    strict = POLICY.replace("severity: high", "severity: high\n    profile: strict")
    house.write(
        {
            "rules/house.yaml": strict,
            ".guardrails.yaml": CONFIG + "profile: strict\nrules: {house/no-foo: {final: true}}\n",
            "svc/.guardrails.yaml": "profile: recommended\nrules: {'*': {final: true}}\n",
            "svc/a.txt": "foo",
        }
    )
    assert levels(house.run("check", "--format", "json")) == {("svc/a.txt", "high", "block")}


def test_inside_a_final_a_step_back_to_its_own_level_is_fine(house):
    outer = "rules: {house/no-foo: {enforcement: warn, final: true}}\n"
    inner = "rules: {house: block, house/no-foo: warn}\n"
    house.write({".guardrails.yaml": CONFIG + outer, "svc/.guardrails.yaml": inner, "svc/a.txt": "foo"})
    assert levels(house.run("check", "--format", "json")) == {("svc/a.txt", "high", "warn")}


def test_final_exclude_holds_for_excludes_of_rules_too(house):
    inner = "rules: {house/no-foo: {exclude: ['*']}}\n"
    house.write({".guardrails.yaml": CONFIG + "final: [exclude]\n", "svc/.guardrails.yaml": inner, "svc/a.txt": "foo"})
    assert house.run("check").returncode == 2


def test_a_folder_that_switches_every_rule_off(house):
    house.write({".guardrails.yaml": CONFIG, "svc/.guardrails.yaml": "rules: {'*': 'off'}\n", "svc/a.txt": "foo"})
    assert levels(house.run("check", "--format", "json")) == set()


def test_staged_runs_see_the_settings_of_every_folder(house):
    every_folder = POLICY.replace("require: [NOTES.md]", "require: [NOTES.md], in: ['/*/']").replace("warn", "block")
    house.write({"rules/house.yaml": every_folder, ".guardrails.yaml": CONFIG, "rules/NOTES.md": ""})
    house.write({"svc/.guardrails.yaml": "rules: {'*': 'off'}\n", "svc/a.txt": ""}).commit()
    house.write({"top.txt": "x"})
    house.git("add", "-A")
    assert house.run("check", "--staged").returncode == 0
    house.git("rm", "-q", "-f", "svc/.guardrails.yaml")
    assert house.run("check", "--staged").returncode == 1


def test_settings_that_git_ignores_count_in_every_run(house):
    house.write({".gitignore": ".guardrails.yaml\n", ".guardrails.yaml": CONFIG, "a.txt": "foo"})
    assert house.run("check").returncode == house.run("check", "a.txt").returncode == 1


def test_settings_behind_a_link_are_refused(house):
    house.write({"real.yaml": CONFIG})
    (house.root / ".guardrails.yaml").symlink_to("real.yaml")
    done = house.run("check")
    assert done.returncode == 2
    assert ".guardrails.yaml: settings have to be a regular file" in done.stderr


DATED = "rules: {house/no-foo: {enforcement: {audit: 2030-01-01, warn: 2030-02-01, block: 2030-03-01}}}\n"


@pytest.mark.parametrize(
    ("day", "level", "announced"),
    [
        ("2029-12-31", None, False),
        ("2030-01-01", "audit", False),
        ("2030-01-29", "audit", False),
        ("2030-01-30", "audit", True),
        ("2030-02-01", "warn", True),
        ("2030-03-01", "block", False),
    ],
)
def test_the_verdict_of_another_day(house, day, level, announced):
    house.write({".guardrails.yaml": CONFIG + DATED, "a.txt": "foo"})
    done = house.run("check", "--as-of", day, "--format", "json")
    assert levels(done) == ({("a.txt", "high", level)} if level else set())
    assert done.returncode == (level == "block")
    text = house.run("check", "--as-of", day).stdout
    assert ("soon: from 2030-03-01 on, house/no-foo blocks: 1 finding" in text) is announced


def test_dates_by_folder(house):
    inner = "rules: {house/no-foo: {enforcement: {block: 2030-01-15}}}\n"
    house.write({".guardrails.yaml": CONFIG + DATED, "a.txt": "foo", "svc/.guardrails.yaml": inner, "svc/a.txt": "foo"})
    done = house.run("check", "--as-of", "2030-01-20", "--format", "json")
    assert levels(done) == {("a.txt", "high", "audit"), ("svc/a.txt", "high", "block")}


def test_a_day_that_is_none(house):
    done = house.run("check", "--as-of", "2030-02-30")
    assert done.returncode == 2
    assert "write it as 2026-01-31" in done.stderr
