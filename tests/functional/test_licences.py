"""Licences and flags in a repository, as people meet them: findings, settings and waivers of the check kinds."""

from __future__ import annotations

LOCK = """\
{
  "lockfileVersion": 3,
  "packages": {
    "": {"name": "shop", "license": "UNLICENSED"},
    "node_modules/fine": {"version": "1.0.0", "license": "MIT OR GPL-3.0"},
    "node_modules/theirs": {
      "version": "1.0.0",
      "license": "GPL-3.0"
    }
  }
}
"""
ALLOW = "rules:\n  dependency-licences/npm-allowed: {parameters: {allow: [MIT, GPL-3.0-only]}}\n"


def check(repo, *select, **env):
    options = [word for rule in select for word in ("--select", rule)]
    return repo.run("check", "--profile", "all", "--format", "concise", *options, **env)


def test_a_licence_that_is_not_allowed_is_found_where_it_stands(repo):
    repo.init().write({"package-lock.json": LOCK}).commit()
    done = check(repo, "dependency-licences")
    assert "package-lock.json:8:18" in done.stdout
    assert "node_modules/theirs is under 'GPL-3.0': GPL-3.0-only is not allowed" in done.stdout
    assert "fine" not in done.stdout
    assert check(repo, "dependency-licences").stdout == done.stdout, "the plan comes from the cache"


def test_a_repository_allows_licences_of_its_own(repo):
    repo.init().write({"package-lock.json": LOCK, ".guardrails.yaml": ALLOW}).commit()
    assert "package-lock.json" not in check(repo, "dependency-licences").stdout


def test_a_mistake_in_the_list_of_a_repository_is_an_error(repo):
    repo.init().write({"package-lock.json": LOCK, ".guardrails.yaml": ALLOW.replace("MIT", '"MIT License"')}).commit()
    done = check(repo, "dependency-licences")
    assert done.returncode == 2
    assert "'MIT License' is not a licence" in done.stderr


def test_a_missing_licence_text_is_found_across_files(repo):
    tag = "SPDX-License-" + "Identifier"
    repo.init().write({"LICENSES/MIT.txt": "MIT\n", "a.py": f"# {tag}: MIT\n", "b.py": f"\n# {tag}: ISC\n"}).commit()
    done = check(repo, "reuse/licence-text", "reuse/unused-licence-text")
    assert "b.py:2" in done.stdout
    assert "LICENSES has no text of ISC" in done.stdout
    assert "a.py" not in done.stdout


def test_a_flag_is_due_on_its_day(repo):
    repo.init().write({"flags.yaml": "flags:\n  new-checkout:\n    expires: 2026-03-01\n"}).commit()
    options = ("check", "--select", "feature-flags/not-expired", "--format", "concise", "--as-of")
    assert "flags.yaml" not in repo.run(*options, "2026-03-01").stdout
    assert "flags.yaml:3" in repo.run(*options, "2026-03-02").stdout
