"""Repositories of git that no setting of this machine has a say in, and nothing that is left open behind them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of the test, which is empty; the environment has the settings of its git."""
    for name in os.environ:
        if name.startswith("GIT_") or name in {"EMAIL", "XDG_CONFIG_HOME"}:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    options = {"user.name": "A", "user.email": "a@example.org", "protocol.file.allow": "always", "gc.auto": "0"}
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(options)))
    for number, (name, value) in enumerate(options.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    return home


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    before = sorted(os.listdir("/dev/fd"))
    yield
    assert sorted(os.listdir("/dev/fd")) == before, "open files"
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
