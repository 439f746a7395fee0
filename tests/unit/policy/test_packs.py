from __future__ import annotations

import pytest

from guardrails.errors import UsageError
from guardrails.policy.packs import policy_files
from tests.unit.rights import unprivileged


def test_files_of_folders_are_sorted(tmp_path):
    for name in ("b.yml", "a.yaml", "in/c.yaml", ".hidden/d.yaml", ".e.yaml", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert policy_files(str(tmp_path)) == [str(tmp_path / name) for name in ("a.yaml", "b.yml", "in/c.yaml")]
    assert policy_files(str(tmp_path / "b.yml")) == [str(tmp_path / "b.yml")]


def test_what_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=f"^no policy file or folder at {tmp_path}/gone$"):
        policy_files(str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=f"^no policies in {tmp_path}$"):
        policy_files(str(tmp_path))


@pytest.mark.parametrize("asked", ["", "locked", "locked/in"])
def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path, asked):
    (tmp_path / "a.yaml").touch()
    (tmp_path / "locked/in").mkdir(parents=True)
    (tmp_path / "locked").chmod(0)
    try:
        with unprivileged(), pytest.raises(UsageError, match=r"^/.* cannot be read: Permission denied$"):
            policy_files(str(tmp_path / asked))
    finally:
        (tmp_path / "locked").chmod(0o700)
