"""On a terminal: colour, and a progress line for long runs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest


def on_terminal(repo, *args, **env):
    """What a run writes to a terminal, standard output and error together."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "guardrails", *args]
    environment = {key: value for key, value in repo.env.items() if key != "TERM"} | {"TERM": "xterm"} | env
    run = subprocess.Popen(command, cwd=repo.root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # The other end is closed.
            break
        if not chunk:
            break
        written += chunk
    os.close(ours)
    run.wait(timeout=60)
    return written.decode()


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n---\n"


def test_a_long_run_shows_its_progress_and_takes_it_away(repo):
    repo.write({f"{number}.yaml": POD * 20 for number in range(400)})
    written = on_terminal(repo, "check", "--format", "concise")
    assert "/400 files" in written
    assert "\r\x1b[2K" in written.rpartition("/400 files")[2]


def test_a_short_run_shows_none(repo):
    repo.write({"a.py": "x = 1\n"})
    assert "/" not in on_terminal(repo, "check", "--select", "large-files").partition("\n")[0]


@pytest.mark.parametrize(
    ("env", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"TERM": "dumb", "FORCE_COLOR": "1"}, True)],
)
def test_colour(repo, env, colored):
    repo.write({"a.py": "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"})
    assert ("\x1b[1;31m" in on_terminal(repo, "check", **env)) is colored
    assert "\x1b" not in repo.run("check").stdout
    assert "\x1b" in repo.run("check", FORCE_COLOR="1").stdout
