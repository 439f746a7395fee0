from __future__ import annotations

import time

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.document import Root
from guardrails.documents.gemfile_lock import FORMAT
from tests.unit.documents.trees import source

TEXT = """\
GIT
  remote: https://example.org/own.git
  revision: 1f2e3d4c
  specs:
    own (1.0)
      rack (>= 2)

PATH
  remote: side
  specs:
    side (1.0)

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.16.0-x86_64-linux)
    rack (3.1.8)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  nokogiri
  own!
  rack (~> 3.1, >= 3.1.2)
  side (= 1.0)!

CHECKSUMS
  rack (3.1.8) sha256=5b8a

BUNDLED WITH
   2.5.22
"""


def parse(text: str) -> Root:
    (root,) = FORMAT.parse(text).roots
    return root


@pytest.mark.parametrize(
    ("path", "expected"),
    [("Gemfile.lock", True), ("gems.locked", True), ("gemfiles/rails7.gemfile.lock", True), ("Gemfile", False)],
)
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n")])
def test_values(text):
    assert parse(text).value == {
        "gems": {"own": "1.0", "side": "1.0", "nokogiri": "1.16.0-x86_64-linux", "rack": "3.1.8"},
        "dependencies": {"nokogiri": "", "own": "", "rack": "~> 3.1, >= 3.1.2", "side": "= 1.0"},
    }


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {"gems": {}}),
        ("GEM\n  specs:\n    a (1)\n", {"gems": {"a": "1"}}),
        ("DEPENDENCIES\n", {"gems": {}, "dependencies": {}}),
        ("DEPENDENCIES\n  a\n\nUNKNOWN\n  b\n", {"gems": {}, "dependencies": {"a": ""}}),
    ],
)
def test_sections(text, meant):
    assert parse(text).value == meant


def test_places():
    root = parse(TEXT)
    assert source(root, TEXT, "dependencies", "own") == "own"
    assert source(root, TEXT, "gems", "rack") == "rack"
    assert root.span(("gems", "rack")).line == 17


@given(st.text() | st.lists(st.sampled_from(["DEPENDENCIES", "GEM", "\n", "  ", "a", "!", " (1)", "("])).map("".join))
def test_any_text_is_read(text):
    assert "gems" in parse(text).value


@pytest.mark.parametrize(
    "line", ["  " + "a " * 200_000, "  a (" + "(" * 200_000, "  a" + " " * 200_000 + "b", "  " + "!" * 200_000]
)
def test_time_is_linear(line):
    start = time.process_time()
    parse(f"DEPENDENCIES\n{line}\nGEM\n  {line}\n")
    assert time.process_time() - start < 2
