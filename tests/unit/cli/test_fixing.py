"""Files are replaced whole, where they still are what was judged, or not at all."""

from __future__ import annotations

import stat

from guardrails.cli.fixing import _written
from guardrails.fixing.edits import Draft

OLD, NEW = Draft(b"old", executable=False), Draft(b"new", executable=True)


def written(root, path="folder/a"):
    """Why a file was not written, or nothing."""
    notes = []
    done = _written(str(root), path, OLD, NEW, notes)
    assert done is not bool(notes)
    assert not list(root.rglob("*.tmp"))
    return notes[0].message.removeprefix("was not mended: ") if notes else ""


def test_content_and_mode(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a").write_bytes(b"old")
    (tmp_path / "folder/a").chmod(0o640)
    assert written(tmp_path) == ""
    assert (tmp_path / "folder/a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "folder/a").stat().st_mode) == 0o750


def test_what_was_changed_meanwhile_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a").write_bytes(b"mine")
    assert written(tmp_path) == "it was changed meanwhile"
    assert (tmp_path / "folder/a").read_bytes() == b"mine"


def test_links_that_took_the_place_of_files_and_folders_are_not_followed(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/a").write_bytes(b"old")
    (tmp_path / "repo/folder").mkdir(parents=True)
    (tmp_path / "repo/folder/a").symlink_to("../../other/a")
    assert written(tmp_path / "repo") == "it is no regular file any more"
    (tmp_path / "repo/linked").symlink_to("../other")
    assert written(tmp_path / "repo", "linked/a") == "Not a directory"
    assert written(tmp_path / "repo", "gone/a") == "No such file or directory"
    assert (tmp_path / "other/a").read_bytes() == b"old"
