"""On a terminal: colour, and a progress line for long runs."""

from __future__ import annotations

import pytest

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n---\n"


def test_a_long_run_shows_its_progress_and_takes_it_away(repo):
    repo.write({f"{number}.yaml": POD * 80 for number in range(400)})
    written = repo.converse("check", "--format", "concise")[1]
    assert "/400 files" in written
    assert "\r\x1b[2K" in written.rpartition("/400 files")[2]


def test_a_short_run_shows_none(repo):
    repo.write({"a.py": "x = 1\n"})
    assert "/" not in repo.converse("check", "--select", "large-files")[1].partition("\n")[0]


@pytest.mark.parametrize(
    ("env", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"TERM": "dumb", "FORCE_COLOR": "1"}, True)],
)
def test_colour(repo, env, colored):
    repo.write({"a.py": "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"})
    assert ("\x1b[1;31m" in repo.converse("check", **env)[1]) is colored
    assert "\x1b" not in repo.run("check").stdout
    assert "\x1b" in repo.run("check", FORCE_COLOR="1").stdout
