from __future__ import annotations

import pathspec
import pytest

from guardrails.documents.bun_lock import FORMAT
from tests.unit.documents.trees import source

TEXT = """{
  "lockfileVersion": 1,
  "workspaces": {
    "": {"dependencies": {"hono": "^4.6.0",}, },
  },
  "packages": {
    "hono": ["hono@4.6.14", "", {}, "sha512-…"],
  }
}
"""


@pytest.mark.parametrize(("path", "expected"), [("bun.lock", True), ("web/bun.lock", True), ("bun.lockb", False)])
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


def test_trailing_commas():
    assert FORMAT.name == "bun-lock"
    (root,) = FORMAT.parse(TEXT).roots
    assert root.value["workspaces"] == {"": {"dependencies": {"hono": "^4.6.0"}}}
    assert source(root, TEXT, "workspaces", "", "dependencies", "hono") == '"^4.6.0"'
