"""Cache entries are whole and ours, or they are nothing."""

from __future__ import annotations

import os
import stat
import time

import pytest

from guardrails.engine import cache
from guardrails.errors import UsageError


def test_what_is_stored_is_loaded(tmp_path):
    folder = str(tmp_path / "new" / "folder")
    assert cache.load(folder, "plan-1") is None
    cache.store(folder, "plan-1", b"data")
    assert cache.load(folder, "plan-1") == b"data"
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(os.path.join(folder, "plan-1")).st_mode) == 0o600


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data + b"x", lambda data: b"x" + data]
)
def test_damaged_entries_are_nothing(tmp_path, damage):
    cache.store(str(tmp_path), "plan-1", b"data" * 100)
    path = tmp_path / "plan-1"
    path.write_bytes(damage(path.read_bytes()))
    assert cache.load(str(tmp_path), "plan-1") is None


def test_entries_others_can_write_and_links_are_nothing(tmp_path):
    cache.store(str(tmp_path), "plan-1", b"data")
    (tmp_path / "plan-2").symlink_to(tmp_path / "plan-1")
    assert cache.load(str(tmp_path), "plan-2") is None
    os.chmod(tmp_path / "plan-1", 0o620)
    assert cache.load(str(tmp_path), "plan-1") is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    cache.store(str(tmp_path / "file"), "plan-1", b"data")
    assert cache.load(str(tmp_path / "file"), "plan-1") is None


def test_old_entries_of_a_kind_go(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_KEEP", 3)
    for number in range(6):
        cache.store(str(tmp_path), f"plan-{number}", b"data")
        os.utime(tmp_path / f"plan-{number}", (number, number))
    (tmp_path / "other-1").write_text("")
    cache.store(str(tmp_path), "plan-6", b"data")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other-1", "plan-4", "plan-5", "plan-6"]


def test_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GUARDRAILS_CACHE_DIR", str(tmp_path / "c"))
    assert cache.folder() == str(tmp_path / "c")
    assert cache.usable_for(str(tmp_path / "repo")) == str(tmp_path / "c")
    assert cache.usable_for(str(tmp_path)) == ""
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    monkeypatch.setenv("GUARDRAILS_CACHE_DIR", str(tmp_path / "link" / "c"))
    assert cache.usable_for(str(tmp_path / "repo")) == ""
    monkeypatch.setenv("GUARDRAILS_CACHE_DIR", "")
    assert cache.folder() == ""
    monkeypatch.delenv("GUARDRAILS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache.folder() == str(tmp_path / "x" / "guardrails")


def test_the_oldest_go_when_there_is_too_much(tmp_path, monkeypatch):
    monkeypatch.setenv("GUARDRAILS_CACHE_MB", "1")
    for number in range(4):
        cache.store(str(tmp_path), f"results-{number}", b"x" * 400_000)
        os.utime(tmp_path / f"results-{number}", (number, number))
    cache.store(str(tmp_path), "plan-1", b"data")
    assert [name for name, _ in cache.entries(str(tmp_path))] == ["plan-1", "results-3", "results-2"]


def test_what_was_not_written_to_its_end_goes(tmp_path):
    for name, age in (("results-1.0a1b", 2 * cache._ABANDONED), ("results-2.0a1b", 1)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    cache.store(str(tmp_path), "plan-1", b"data")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan-1", "results-2.0a1b"]


@pytest.mark.parametrize("given", ["much", "-1", "1.5"])
def test_the_bound_is_a_number(monkeypatch, given):
    monkeypatch.setenv("GUARDRAILS_CACHE_MB", given)
    with pytest.raises(UsageError, match=given):
        cache.limit()
