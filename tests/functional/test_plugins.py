"""A third-party package, installed for real."""

from __future__ import annotations

import json
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "sample_plugin"


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A folder with the sample plugin, installed by pip."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    subprocess.run(["cp", "-r", str(SAMPLE), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--target", str(target), str(source / "sample_plugin")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return str(target)


@pytest.fixture
def house(repo):
    return repo.write({".guardrails.yaml": "packs: [builtin, sample]\n"})


def test_a_plugin_adds_a_kind_a_format_a_reporter_and_a_pack(house, installed):
    house.write({"notes.txt": "one two three four five six\n", "prices.csv": "name,price\ntea,-3\n"})
    done = house.run("check", "--select", "sample", "--format", "json", PYTHONPATH=installed)
    places = {
        (item["rule"], item["path"], item["line"], item["message"]) for item in json.loads(done.stdout)["findings"]
    }
    assert places == {
        ("sample/short-notes", "notes.txt", 1, "6 words, more than 5"),
        ("sample/no-negative-prices", "prices.csv", 2, "tea costs -3"),
    }
    done = house.run("check", "--select", "sample", "--format", "count", PYTHONPATH=installed)
    assert (done.returncode, done.stdout) == (1, "2 findings\n")
    assert "0 failures in 4 examples of 2 rules" in house.run("test", "sample", PYTHONPATH=installed).stdout


def test_a_file_of_a_plugins_format_that_does_not_parse_is_a_finding(house, installed):
    house.write({"prices.csv": "name,price\ntea\n"})
    done = house.run("check", "--select", "sample,guardrails", "--format", "json", PYTHONPATH=installed)
    rules = {item["rule"] for item in json.loads(done.stdout)["findings"]}
    assert "guardrails/unparsable-file" in rules


def test_a_kind_that_crashes_is_named_and_the_run_is_broken(house, installed):
    house.write({"notes.txt": "crash-please\n", "prices.csv": "name,price\ntea,-3\n"})
    for format in ("text", "concise", "json", "sarif", "junit", "github", "gitlab", "markdown"):
        done = house.run("check", "--select", "sample", "--format", format, PYTHONPATH=installed)
        assert done.returncode == 2
        assert "plugin sample broke: RuntimeError: asked to crash" in unescape(done.stdout)
        assert "no-negative-prices" in done.stdout


def test_a_format_that_crashes_is_named_and_the_run_is_broken(house, installed):
    house.write({"prices.csv": "crash-please\n"})
    done = house.run("check", "--select", "sample", PYTHONPATH=installed)
    assert done.returncode == 2
    assert "format 'csv' of plugin sample broke: RuntimeError: asked to crash" in done.stdout


def test_installing_and_removing_a_plugin_is_noticed_despite_the_cache(house, installed):
    assert house.run("check").returncode == 2
    assert house.run("check", "--select", "sample", PYTHONPATH=installed).returncode == 0
    done = house.run("check")
    assert done.returncode == 2
    assert "no pack is named 'sample'" in done.stderr


BROKEN = {
    "import": (
        "raise RuntimeError('no luck')\n",
        "plugin broken of the package broken cannot be loaded: RuntimeError: no luck",
    ),
    "hook": (
        (
            "from pluggy import HookimplMarker\nhookimpl = HookimplMarker('guardrails')\n"
            "@hookimpl\ndef guardrails_formats():\n    raise RuntimeError('no luck')\n"
        ),
        "plugin broken broke: RuntimeError: no luck",
    ),
    "unknown hook": (
        (
            "from pluggy import HookimplMarker\nhookimpl = HookimplMarker('guardrails')\n"
            "@hookimpl\ndef guardrails_formatz():\n    return {}\n"
        ),
        "guardrails_formatz",
    ),
    "object instead of a reference": (
        (
            "from pluggy import HookimplMarker\nhookimpl = HookimplMarker('guardrails')\n"
            "@hookimpl\ndef guardrails_formats():\n    return {'x': object()}\n"
        ),
        "plugin broken: 'x' is not given as 'package.module:ATTRIBUTE'",
    ),
    "taken name": (
        (
            "from pluggy import HookimplMarker\nhookimpl = HookimplMarker('guardrails')\n"
            "@hookimpl\ndef guardrails_formats():\n    return {'yaml': 'a:B'}\n"
        ),
        "both provide 'yaml'",
    ),
    "missing attribute": (
        (
            "from pluggy import HookimplMarker\nhookimpl = HookimplMarker('guardrails')\n"
            "@hookimpl\ndef guardrails_reporters():\n    return {'x': 'os:nothing'}\n"
        ),
        "plugin broken: x (os:nothing) cannot be loaded",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_named(house, tmp_path, case):
    code, message = BROKEN[case]
    (tmp_path / "broken.py").write_text(code)
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[guardrails]\nbroken = broken\n")
    house.write({".guardrails.yaml": "profile: recommended\n"})
    done = house.run("check", "--format", "x" if case == "missing attribute" else "text", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert message in done.stderr


def test_an_edited_pack_of_a_plugin_is_noticed_despite_the_cache(house, installed, tmp_path):
    subprocess.run(["cp", "-r", installed, str(tmp_path / "copy")], check=True)
    house.write({"notes.txt": "one two three\n"})
    run = ("check", "--select", "sample")
    assert house.run(*run, PYTHONPATH=str(tmp_path / "copy")).returncode == 0
    policy = tmp_path / "copy" / "guardrails_sample" / "policies" / "sample.yaml"
    policy.write_text(policy.read_text().replace("max: 5", "max: 2"))
    assert house.run(*run, PYTHONPATH=str(tmp_path / "copy")).returncode == 1


def test_a_kind_that_reports_a_rule_nobody_asked_for_is_broken(house, installed, tmp_path):
    subprocess.run(["cp", "-r", installed, str(tmp_path / "copy")], check=True)
    module = tmp_path / "copy" / "guardrails_sample" / "word_limit.py"
    module.write_text(module.read_text().replace("yield file.finding(rule,", "yield file.finding('other/rule',"))
    house.write({"notes.txt": "one two three four five six\n"})
    done = house.run("check", "--select", "sample", PYTHONPATH=str(tmp_path / "copy"))
    assert done.returncode == 2
    assert "check kind 'word-limit' of plugin sample broke" in done.stdout


def test_a_kind_that_cannot_compile_is_named(house, installed, tmp_path):
    subprocess.run(["cp", "-r", installed, str(tmp_path / "copy")], check=True)
    module = tmp_path / "copy" / "guardrails_sample" / "word_limit.py"
    module.write_text(module.read_text().replace("return WordLimit(", "raise KeyError('x')\n        return WordLimit("))
    done = house.run("check", "--select", "sample", PYTHONPATH=str(tmp_path / "copy"))
    assert done.returncode == 2
    assert "check kind 'word-limit' of plugin sample broke: KeyError: 'x'" in done.stderr
