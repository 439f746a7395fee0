"""Waivers on real repositories, from finding to expiry."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest

from tests.functional.test_changes import POLICY

RULE = "container-images/pin-base-image"
WAIVERS = ".guardrails/waivers.yaml"
SOON = (date.today() + timedelta(days=60)).isoformat()
BASE = {"LICENSE": "MIT\n", "README.md": "A shop\n"}


def waiver(**more):
    fields = {"rule": RULE, "paths": ["/Dockerfile"], "reason": "R", "owner": "shop", "expires": "2026-12-31"} | more
    return json.dumps({"waivers": [{key: value for key, value in fields.items() if value is not None}]})


def found(repo, *args, date="2026-06-01"):
    """The findings that stand, as rule and line, and the rules that are excused."""
    done = repo.run("check", "--format", "json", "--as-of", date, *args)
    report = json.loads(done.stdout)
    return [(item["rule"], item["line"]) for item in report["findings"]], [item["rule"] for item in report["excused"]]


def odd(repo, *args, date="2026-06-01"):
    """The states of waivers, as the governance policy names them."""
    findings, _ = found(repo, *args, date=date)
    return [rule.partition("/")[2] for rule, _ in findings if rule.startswith("governance/")]


@pytest.fixture
def shop(repo):
    return repo.write({**BASE, "Dockerfile": "FROM debian\n"}).commit()


def test_the_life_of_a_waiver(shop):
    assert shop.run("check").returncode == 1
    done = shop.run(
        "waivers", "add", RULE, "Dockerfile", "--reason", "No tags yet", "--owner", "shop", "--expires", "2027-01-31"
    )
    assert done.returncode == 0, done.stderr
    done = shop.run("check", "--as-of", "2026-12-31")
    assert done.returncode == 0
    assert "1 waived" in done.stdout
    assert odd(shop, date="2027-01-20") == ["waiver-expiring"]
    assert shop.run("check", "--as-of", "2027-01-31").returncode == 0
    assert found(shop, date="2027-02-01") == ([("governance/waiver-expired", 3), (RULE, 1)], [])
    shop.write({"Dockerfile": "FROM debian:12\n"})
    assert odd(shop, date="2026-12-31") == ["waiver-unused"]
    assert "1 taken out of 1 waiver\n" in shop.run("waivers", "prune").stdout
    assert odd(shop) == []
    assert "waivers:" in (shop.root / WAIVERS).read_text()


@pytest.mark.parametrize(
    ("fields", "states", "stands"),
    [
        ({}, [], False),
        ({"rule": "container-images"}, [], False),
        ({"rule": "container-images/pin-*"}, [], False),
        ({"paths": ["*.Dockerfile", "Dockerfile"]}, [], False),
        ({"expires": "2026-05-31"}, ["waiver-expired"], True),
        ({"expires": "2026-06-01"}, ["waiver-expiring"], False),
        ({"expires": "soon"}, ["waiver-expired"], True),
        ({"expires": "2026-02-30"}, ["waiver-expired"], True),
        ({"expires": "20261231"}, ["waiver-expired"], True),
        ({"expires": None}, ["waiver-expired"], True),
        ({"created": "yesterday"}, ["waiver-expired"], True),
        ({"expires": "2027-06-02"}, ["waiver-too-long"], False),
        ({"created": "2026-01-01", "expires": "2027-01-02"}, ["waiver-too-long"], False),
        ({"created": "2030-01-01", "expires": "2027-06-02"}, ["waiver-too-long"], False),
        ({"owner": None}, ["waiver-without-owner"], False),
        ({"reason": None}, ["waiver-incomplete"], False),
        ({"paths": ["**"]}, ["waiver-too-broad"], False),
        ({"paths": ["[a-z]*", "[A-Z]*", "[._0-9]*", "?"]}, ["waiver-too-broad"], False),
        ({"rule": "*"}, ["waiver-too-broad"], False),
        ({"rule": "no/such-rule"}, ["waiver-unknown-rule"], True),
        ({"paths": ["other/"]}, ["waiver-unused"], True),
        ({"paths": ["!Dockerfile"]}, ["waiver-unused"], True),
        ({"paths": None}, ["waiver-malformed"], True),
        ({"paths": ["["]}, ["waiver-malformed"], True),
        ({"until": "2026-12-31"}, ["waiver-malformed"], True),
        ({"rule": ["a/b"]}, ["waiver-malformed"], True),
        ({"owner": {"team": "shop"}}, ["waiver-malformed"], True),
    ],
)
def test_states(shop, fields, states, stands):
    shop.write({WAIVERS: waiver(**fields)})
    findings, excused = found(shop)
    assert odd(shop) == states
    assert ((RULE, 1) in findings, excused) == (stands, [] if stands else [RULE])


def test_two_about_the_same_are_one_too_many(shop):
    one = json.loads(waiver())["waivers"][0]
    shop.write({WAIVERS: json.dumps({"waivers": [one, one | {"reason": "S"}]}, indent=1)})
    assert odd(shop) == ["waiver-duplicate"]


@pytest.mark.parametrize(
    "text", ["waivers: [", "- a", "waivers: a", "waivers: []\nwaivers: []", "other: 1", "\x00", "waivers: [1]"]
)
def test_what_is_no_waivers_file_is_told_at_its_place(shop, text):
    shop.write({WAIVERS: text})
    done = shop.run("check", "--format", "concise")
    assert done.returncode == 1
    assert f"{WAIVERS}:" in done.stdout
    assert "governance/waiver-malformed" in done.stdout


def test_a_link_is_no_waivers_file(shop):
    shop.write({"elsewhere.yaml": waiver(), ".guardrails/baseline": "# nothing\n"})
    (shop.root / WAIVERS).symlink_to("../elsewhere.yaml")
    findings, excused = found(shop)
    assert (findings, excused) == ([("governance/waiver-malformed", 1), (RULE, 1)], [])
    done = shop.run("waivers", "add", RULE, "Dockerfile", "--reason", "R", "--owner", "o")
    assert (done.returncode, (shop.root / "elsewhere.yaml").read_text()) == (2, waiver())


def test_a_linked_folder_is_not_written_through(shop, tmp_path):
    (tmp_path / "outside").mkdir()
    (shop.root / ".guardrails").symlink_to(tmp_path / "outside")
    for args in (("waivers", "add", RULE, "Dockerfile", "--reason", "R", "--owner", "o"), ("baseline", "create")):
        done = shop.run(*args)
        assert (done.returncode, "is a link, or lies behind one" in done.stderr) == (2, True)
    assert not list((tmp_path / "outside").iterdir())


def test_inline_in_utf_16(shop):
    text = f"# guardrails: waive {RULE} until=2026-12-31 reason=R\nFROM debian\n"
    (shop.root / "Dockerfile").write_bytes(text.encode("utf-16"))
    assert found(shop)[1] == [RULE]


def test_absent_things_can_be_waived(repo):
    repo.write({"README.md": "A shop\n"})
    assert found(repo) == ([("required-files/licence", None)], [])
    repo.write({WAIVERS: waiver(rule="required-files/licence", paths=["/LICENSE"])})
    assert found(repo) == ([], ["required-files/licence"])


def test_a_fingerprint_is_one_finding(shop):
    shop.write({"Dockerfile": "FROM debian\nFROM ubuntu\n"})
    report = json.loads(shop.run("check", "--format", "json").stdout)
    first, _ = report["findings"]
    shop.write({WAIVERS: waiver(paths=None, fingerprint=first["fingerprint"])})
    assert found(shop) == ([(RULE, 2)], [RULE])
    shop.write({"Dockerfile": "# moved\n\nFROM debian\nFROM ubuntu\n"})
    assert found(shop) == ([(RULE, 4)], [RULE])


def test_unused_is_told_only_by_runs_that_judged(shop):
    shop.write({WAIVERS: waiver(paths=["/other"]), "other": "x"})
    assert odd(shop) == ["waiver-unused"]
    assert odd(shop, "Dockerfile", WAIVERS) == []
    assert odd(shop, "--select", "required-files,governance") == []
    assert odd(shop, "--select", "container-images/pin-base-image,governance") == ["waiver-unused"]
    shop.write({WAIVERS: waiver(paths=["/sub/other"]), "sub/other": "x"})
    assert odd(shop, "sub/other", WAIVERS) == ["waiver-unused"]
    shop.write({WAIVERS: waiver(paths=["/sub/"])})
    assert odd(shop, "sub/other", WAIVERS) == []
    shop.write({".guardrails.yaml": "exclude: [sub/]\n", WAIVERS: waiver(paths=["/sub/other"])})
    assert odd(shop) == []


def policy(waivable):
    return re.sub("waivable: .*", f"waivable: {waivable}", POLICY)


def local(repo, waivable, files, **fields):
    repo.write(
        {
            **BASE,
            ".guardrails.yaml": "packs: [builtin, ./policies]\n",
            "policies/local.yaml": policy(waivable),
            "a.sh": "EVAL\n",
            WAIVERS: waiver(rule="local/no-eval", paths=["/a.sh"], **fields),
            **files,
        }
    )
    findings, excused = found(repo)
    return [rule.partition("/")[2] for rule, _ in findings], [rule.partition("/")[2] for rule in excused]


@pytest.mark.parametrize(
    ("waivable", "fields", "expected"),
    [
        ("true", {}, ([], ["no-eval"])),
        ("false", {}, (["waiver-not-allowed", "no-eval"], [])),
        ("{max-days: 90}", {"created": "2026-05-01", "expires": "2026-07-30"}, ([], ["no-eval"])),
        ("{max-days: 90}", {"created": "2026-05-01", "expires": "2026-07-31"}, (["waiver-too-long", "no-eval"], [])),
        ("{max-days: 90}", {"created": "2026-08-01", "expires": "2026-08-31"}, (["waiver-too-long", "no-eval"], [])),
        ("{require: [ticket]}", {}, (["waiver-incomplete", "no-eval"], [])),
        ("{require: [ticket]}", {"ticket": "A-1"}, ([], ["no-eval"])),
        ("{require: [owner]}", {"owner": None}, (["waiver-without-owner", "no-eval"], [])),
        ("{approvers: ['@Sec', lead]}", {}, (["waiver-unapproved", "no-eval"], [])),
        ("{approvers: ['@Sec', lead]}", {"approver": "somebody"}, (["waiver-unapproved", "no-eval"], [])),
        ("{approvers: ['@Sec', lead]}", {"approver": "sec"}, ([], ["no-eval"])),
        ("{approvers: ['codeowners:src/']}", {"approver": "@org/src"}, ([], ["no-eval"])),
        ("{approvers: ['codeowners:src/']}", {"approver": "@org/all"}, (["waiver-unapproved", "no-eval"], [])),
        ("{max-active: 0}", {}, (["waiver-not-allowed", "no-eval"], [])),
        ("{max-active: 1}", {}, ([], ["no-eval"])),
    ],
)
def test_rules_say_what_they_allow(repo, waivable, fields, expected):
    files = {".github/CODEOWNERS": "* @org/all\n/src/ @org/src\n", "src/main.c": "int x;\n"}
    assert local(repo, waivable, files, **fields) == expected


COMMENTS = {
    "a.sh": "# {}\nEVAL\n",
    "yaml.sh": "  # {}\n  # because of this\n\n  EVAL\n",
    "c.sh": "// {}\nEVAL\n",
    "block.sh": "/* {} */\nEVAL\n",
    "star.sh": "/*\n * {}\n */\nEVAL\n",
    "sql.sh": "-- {}\nEVAL\n",
    "ini.sh": "; {}\nEVAL\n",
    "tex.sh": "% {}\nEVAL\n",
    "xml.sh": "<!-- {} -->\nEVAL\n",
    "jinja.sh": "{{# {} #}}\nEVAL\n",
    "helm.sh": "{{{{- /* {} */}}}}\nEVAL\n",
    "justified.sh": "# it is needed\n# {}\n# for the vendor's tool\nEVAL\n",
}


@pytest.mark.parametrize("path", COMMENTS)
def test_inline_in_every_comment_syntax(repo, path):
    text = COMMENTS[path].format('guardrails: waive local/no-eval until=2026-12-31 reason="Vendor \\"x\\""')
    assert local(repo, "true", {"a.sh": "true\n", path: text, WAIVERS: "waivers: []\n"}) == ([], ["no-eval"])
    assert local(repo, "{inline: false}", {"a.sh": "true\n", path: text, WAIVERS: "waivers: []\n"}) == (
        ["waiver-not-allowed", "no-eval"]
        if path == "a.sh"
        else sorted(["no-eval", "waiver-not-allowed"], reverse=True),
        [],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# guardrails: waive local/no-eval until=2026-12-31 reason=R\ntrue\nEVAL\n",
            (["waiver-unused", "no-eval"], []),
        ),
        ("EVAL  # guardrails: waive local/no-eval until=2026-12-31 reason=R\n", (["waiver-malformed", "no-eval"], [])),
        ("# guardrails: waive local/no-eval reason=R\nEVAL\n", (["waiver-expired", "no-eval"], [])),
        ("# guardrails: waive local/no-eval until=2026-05-01 reason=R\nEVAL\n", (["waiver-expired", "no-eval"], [])),
        ("# guardrails: waive local/no-eval until=2026-12-31\nEVAL\n", (["waiver-incomplete"], ["no-eval"])),
        ("# guardrails: waive until=2026-12-31 reason=R\nEVAL\n", (["waiver-malformed", "no-eval"], [])),
        ("# guardrails: waive local/no-eval till=2026-12-31\nEVAL\n", (["waiver-malformed", "no-eval"], [])),
        (
            "# guardrails: waive x/y,local/no-eval until=2026-12-31 reason=R\nEVAL\n",
            (["waiver-unknown-rule"], ["no-eval"]),
        ),
        ("echo '# guardrails: waive local/no-eval until=2026-12-31 reason=R'\nEVAL\n", (["no-eval"], [])),
    ],
)
def test_inline_states(repo, text, expected):
    assert local(repo, "true", {"a.sh": text, WAIVERS: "waivers: []\n"}) == expected


def test_inline_on_top_is_about_the_file_as_a_whole(repo):
    rule = policy("true").replace("text: {forbid: EVAL}", "path: {executable: required}")
    text = "#!/bin/sh\n# guardrails: waive local/no-eval until=2026-12-31 reason=R\ntrue\n"
    findings, excused = local(repo, "true", {"policies/local.yaml": rule, "a.sh": text, WAIVERS: "waivers: []\n"})
    assert (findings, excused) == ([], ["no-eval"])
    text = "#!/bin/sh\ntrue\n# guardrails: waive local/no-eval until=2026-12-31 reason=R\ntrue\n"
    findings, excused = local(repo, "true", {"policies/local.yaml": rule, "a.sh": text, WAIVERS: "waivers: []\n"})
    assert sorted(findings) == ["no-eval", "waiver-unused"]


def test_prose_about_waivers_is_none(repo):
    text = "Write `# guardrails: waive RULE until=DATE`:\n\n    # guardrails: waive RULE\n"
    repo.write({**BASE, "docs/a.md": text})
    assert found(repo) == ([], [])


def test_a_hook_on_some_files_says_nothing_of_old_waivers(shop):
    shop.write({WAIVERS: waiver(expires="2026-01-01", paths=["/other"])})
    assert found(shop, "Dockerfile") == ([(RULE, 1)], [])


# Commands


def test_add_fills_in_what_it_knows(shop):
    shop.write({".github/CODEOWNERS": "* @org/all\nDockerfile @org/images\n", "sub/Dockerfile": "FROM debian\n"})
    done = shop.run("waivers", "add", RULE, "Dockerfile", "--reason", "No: tags # yet")
    assert done.returncode == 0, done.stderr
    assert found(shop, date=today(shop)) == ([(RULE, 1)], [RULE])  # of sub/Dockerfile
    (item,) = json.loads(shop.run("waivers", "list", "--format", "json").stdout)
    assert (item["owner"], item["reason"], item["created"]) == ("@org/images", "No: tags # yet", today(shop))
    done = shop.run("waivers", "add", RULE, "sub/Dockerfile:1", "--reason", "R", "--owner", "null")
    assert done.returncode == 0, done.stderr
    assert found(shop, date=today(shop)) == ([], [RULE, RULE])
    items = json.loads(shop.run("waivers", "list", "--format", "json", "--by", "owner").stdout)
    assert [item["owner"] for item in items] == ["@org/images", "null"]
    assert items[1]["fingerprint"]


def today(repo):
    done = repo.run("check", "--format", "json")
    return json.loads(done.stdout)["date"]


def test_add_keeps_what_stands_in_the_file(shop):
    text = "# ours\nwaivers:\n# the first\n- rule: required-files\n  paths: [a]\n  owner: x\n  reason: y\n  expires: 2027-01-01\n"
    shop.write({WAIVERS: text})
    assert shop.run("waivers", "add", RULE, "Dockerfile", "--reason", "R", "--owner", "o").returncode == 0
    assert (shop.root / WAIVERS).read_text().startswith(text + "- rule: ")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((RULE,), "say what the waiver is about"),
        ((), "say what the waiver is about"),
        (("no/such", "Dockerfile", "--reason", "R"), "no rule or policy is named 'no/such'"),
        ((RULE, "Dockerfile", "--owner", "o"), "the waiver needs --reason"),
        ((RULE, "Dockerfile", "--reason", "R"), "the waiver needs --owner"),
        ((RULE, "Dockerfile:7", "--reason", "R"), "finds nothing at Dockerfile:7"),
        ((RULE, "Dockerfile", "--reason", "R", "--owner", "o", "--expires", "soon"), "that is not a date"),
        ((RULE, "Dockerfile", "--reason", "R", "--owner", "o", "--expires", "2020-01-01"), "expired on 2020-01-01"),
        (
            ("governance/waiver-expired", "x", "--reason", "R", "--owner", "o"),
            "what is said of waivers cannot be waived",
        ),
        (("guardrails/unparsable-file", "x", "--reason", "R"), "the waiver needs --owner"),
        (("--fingerprint", "abc", "--reason", "R"), "no finding has the fingerprint abc"),
        ((RULE, "[", "--reason", "R", "--owner", "o"), "error: [: "),
    ],
)
def test_add_writes_only_what_would_count(shop, args, message):
    done = shop.run("waivers", "add", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not (shop.root / WAIVERS).exists()


def test_add_asks_on_a_terminal(shop):
    code, shown = shop.converse("waivers", "add", answers="1\nNo tags yet\n\nshop\n\n")
    assert code == 0, shown
    (item,) = json.loads(shop.run("waivers", "list", "--format", "json").stdout)
    assert (item["rule"], item["paths"], item["reason"], item["owner"]) == (
        RULE,
        ["/Dockerfile"],
        "No tags yet",
        "shop",
    )
    assert shop.run("check").returncode == 0


def test_a_file_by_another_name_is_not_passed_over(shop):
    other = ".guardrails/waivers.yml"
    shop.write({other: waiver()})
    assert found(shop) == ([("governance/waiver-malformed", None), (RULE, 1)], [])
    assert odd(shop, other) == ["waiver-malformed"]
    assert odd(shop, "Dockerfile") == []
    assert "waivers.yml: block: waivers are read from .guardrails/waivers.yaml" in shop.run("waivers", "lint").stdout
    assert shop.run("waivers", "list").stdout == "0 waivers, and 1 that cannot be read (guardrails waivers lint)\n"


def test_list_takes_no_rules_to_read_what_is_written(shop):
    text = "# guardrails: waive local/no-eval until=2026-12-31 reason=R\nEVAL\n"
    shop.write({WAIVERS: waiver(), "a.sh": text, ".guardrails.yaml": "no: setting\n"})
    items = json.loads(shop.run("waivers", "list", "--format", "json").stdout)
    assert [(item["rule"], item["path"]) for item in items] == [(RULE, WAIVERS), ("local/no-eval", "a.sh")]


def test_lint_judges_no_file(shop):
    shop.write({WAIVERS: waiver(paths=["/other"])})
    done = shop.run("waivers", "lint")
    assert (done.returncode, done.stdout) == (0, "1 waiver, 0 block\n")
    shop.write({WAIVERS: waiver(owner=None, rule="x/y")})
    done = shop.run("waivers", "lint")
    assert done.returncode == 1
    assert "governance/waiver-unknown-rule" in done.stdout


def test_prune_takes_out_only_what_is_of_no_use(shop):
    text = (
        "# head\nwaivers:\n"
        f"  # first\n  - rule: {RULE}\n    paths: [/Dockerfile]\n    reason: R\n    owner: o\n    expires: {SOON}\n"
        "  # second\n  - {rule: kubernetes, paths: [x/], reason: R, owner: o, expires: 2020-01-01}\n\n"
        f"  # third\n  - rule: {RULE}\n    paths: [/gone/Dockerfile]\n    reason: R\n    owner: o\n    expires: {SOON}\n"
        "# tail\n"
    )
    shop.write({WAIVERS: text})
    done = shop.run("waivers", "prune", "--dry-run")
    assert done.stdout.splitlines()[-1] == "2 would be taken out of 3 waivers"
    assert (shop.root / WAIVERS).read_text() == text
    done = shop.run("waivers", "prune")
    assert done.stdout.splitlines()[-1] == "2 taken out of 3 waivers"
    assert (shop.root / WAIVERS).read_text() == text[: text.index("  # second")] + "# tail\n"
    assert shop.run("check").returncode == 0


def test_explain_says_how_to_ask(shop):
    done = shop.run("explain", RULE)
    assert f"guardrails waivers add {RULE} PATH" in done.stdout
    assert "guardrails: waive" in done.stdout
    assert "There are none to this rule." in shop.run("explain", "governance/waiver-expired").stdout


POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  annotations:
    guardrails/waive: {said}
spec:
  hostPID: true
  containers: [{{name: shop, image: "shop:1.4.2"}}]
"""
HOST_PID = "kubernetes/no-host-pid"


@pytest.mark.parametrize(
    ("said", "odd", "excused"),
    [
        (f"{HOST_PID} until=2026-12-31 reason=R", [], True),
        ("kubernetes until=2026-12-31 reason=R owner=shop ticket=S-1", [], True),
        (f"{HOST_PID} until=2026-05-01 reason=R", ["governance/waiver-expired"], False),
        (f"{HOST_PID} reason=R", ["governance/waiver-expired"], False),
        (f"{HOST_PID} until=2026-12-31", ["governance/waiver-incomplete"], True),
        (f"{HOST_PID} till=2026-12-31", ["governance/waiver-malformed"], False),
        ("kubernetes/no-host-ipc until=2026-12-31 reason=R", ["governance/waiver-unused"], False),
        ("[a, b]", ["governance/waiver-malformed"], False),
    ],
)
def test_annotations_of_a_resource_waive_what_is_found_in_it(repo, said, odd, excused):
    other = POD.format(name="other", said="x").replace("    guardrails/waive: x\n", "    a: b\n")
    repo.write({**BASE, "pods.yaml": POD.format(name="shop", said=said) + "---\n" + other})
    findings, waived = found(repo)
    assert [rule for rule, _ in findings if rule.startswith("governance/")] == odd
    assert [line for rule, line in findings if rule == HOST_PID] == ([18] if excused else [8, 18])
    assert waived == ([HOST_PID] if excused else [])


CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {{name: shop{resource}}}
spec:
  schedule: "1 1 * * *"
  jobTemplate:
    metadata: {{labels: {{a: b}}{job}}}
    spec:
      template:
        metadata: {{labels: {{a: b}}{pod}}}
        spec:
          hostPID: true
          containers: [{{name: shop, image: "shop:1.4.2"}}]
"""
ANNOTATIONS = f", annotations: {{guardrails/waive: {HOST_PID} until=2026-12-31 reason=R}}"


@pytest.mark.parametrize("place", ["resource", "job", "pod"])
def test_annotations_of_templates_waive_what_is_found_in_them(repo, place):
    text = CRON_JOB.format(**({"resource": "", "job": "", "pod": ""} | {place: ANNOTATIONS}))
    repo.write({**BASE, "jobs.yaml": text + "---\n" + CRON_JOB.format(resource="", job="", pod="")})
    findings, waived = found(repo)
    assert [line for rule, line in findings if rule == HOST_PID] == [26]
    assert waived == [HOST_PID]
    assert [rule for rule, _ in findings if rule.startswith("governance/")] == []


def test_an_annotation_of_a_template_reaches_no_further(repo):
    said = ANNOTATIONS.replace(HOST_PID, "kubernetes/own-namespace")
    text = CRON_JOB.format(resource=", namespace: default", job="", pod=said)
    repo.write({**BASE, "jobs.yaml": text})
    findings, waived = found(repo, "--profile", "all")
    assert ("kubernetes/own-namespace", 3) in findings
    assert ("governance/waiver-unused", 10) in findings
    assert waived == []


def test_messages_say_which_of_comments_and_annotations_it_is(repo):
    rule = POLICY.replace("waivable: ", "waivable: {inline: false} # ").replace("EVAL", "hostPID")
    rule = rule.replace("*.sh", "*")
    repo.write({**BASE, ".guardrails.yaml": "packs: [builtin, ./policies]\n", "policies/local.yaml": rule})
    comment = "# guardrails: waive local/no-eval until=2026-12-31 reason=R\nhostPID\n"
    repo.write({"pods.yaml": POD.format(name="shop", said="local/no-eval until=2026-12-31 reason=R"), "a.sh": comment})
    told = repo.run("check", "--as-of", "2026-06-01", "--format", "concise").stdout
    message = (
        "The waiver of local/no-eval does not count: local/no-eval is waived in .guardrails/waivers.yaml only, not by"
    )
    assert f"a.sh:1:1: block high governance/waiver-not-allowed {message} comments\n" in told
    assert f"pods.yaml:6:1: block high governance/waiver-not-allowed {message} annotations\n" in told
    repo.write(
        {"a.sh": comment.replace("2026-", "2020-"), "pods.yaml": POD.format(name="a", said="x until=2020-01-01")}
    )
    told = repo.run("waivers", "prune").stdout
    assert "a.sh:1: the waiver of local/no-eval expired on 2020-12-31: take the comment out" in told
    assert "pods.yaml:6: the waiver of x expired on 2020-01-01: take the annotation out" in told


def test_an_annotation_that_a_change_brings_is_told(repo):
    plain = POD.format(name="shop", said="x").replace("guardrails/waive", "else")
    repo.write({**BASE, "pods.yaml": plain}).commit()
    repo.write({"pods.yaml": POD.format(name="shop", said=f"{HOST_PID} until=2026-12-31 reason=R")})
    told, waived = found(repo, "--since", "HEAD")
    assert ("governance/change-adds-waiver", 6) in told
    assert waived == [HOST_PID]
    told, waived = found(repo, "--since", "HEAD", "--judge-with", "base")
    assert (HOST_PID, 8) in told
    assert waived == []
