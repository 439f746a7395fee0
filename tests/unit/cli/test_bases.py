import json
from pathlib import Path
from typing import Any

import pytest

from guardrails.cli import bases
from guardrails.errors import UsageError

ZEROS = "0" * 40
SHA = "1234567890" * 4


def nothing(ref: str) -> bool:
    raise AssertionError("CI says what the base is")


@pytest.fixture
def event(tmp_path: Path) -> Any:
    def write(content: object) -> dict[str, str]:
        path = tmp_path / "event.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return {"GITHUB_EVENT_PATH": str(path)}

    return write


@pytest.mark.parametrize("given", ["main", "HEAD~3", "origin/auto", "", "AUTO"])
def test_any_other_ref_is_as_it_is(given: str) -> None:
    assert bases.resolve(given, {"GITHUB_BASE_REF": "x", "PRE_COMMIT_FROM_REF": "y"}, nothing) == given
    assert bases.head(given, {"PRE_COMMIT_FROM_REF": "y", "PRE_COMMIT_TO_REF": "z"}) is None


@pytest.mark.parametrize(
    ("environ", "ref"),
    [
        ({"PRE_COMMIT_FROM_REF": SHA}, SHA),
        ({"PRE_COMMIT_FROM_REF": "a", "GITHUB_BASE_REF": "b"}, "a"),
        ({"PRE_COMMIT_FROM_REF": "", "GITHUB_BASE_REF": "b"}, "origin/b"),
        ({"GITHUB_BASE_REF": "release/1.x"}, "origin/release/1.x"),
        ({"GITHUB_BASE_REF": "b", "GITHUB_EVENT_PATH": "/nonexistent"}, "origin/b"),
        ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": SHA, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, SHA),
        ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_COMMIT_BEFORE_SHA": ZEROS}, "origin/main"),
        ({"CI_COMMIT_BEFORE_SHA": SHA, "CI_DEFAULT_BRANCH": "main"}, SHA),
        ({"BITBUCKET_PR_DESTINATION_COMMIT": "1a2b3c4d", "BITBUCKET_PR_DESTINATION_BRANCH": "main"}, "1a2b3c4d"),
        ({"BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_BRANCH": "topic"}, "origin/main"),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/release/2"}, "origin/release/2"),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "main"}, "origin/main"),
    ],
)
def test_what_names_the_base(environ: dict[str, str], ref: str) -> None:
    assert bases.resolve("auto", environ, nothing) == ref


@pytest.mark.parametrize(
    ("content", "ref"),
    [
        ({"before": SHA, "repository": {"default_branch": "trunk"}}, SHA),
        ({"before": ZEROS, "repository": {"default_branch": "trunk"}}, "origin/trunk"),
        ({"before": ZEROS, "repository": {"default_branch": "refs"}}, "origin/refs"),
        ({"merge_group": {"base_sha": SHA, "head_sha": ZEROS}}, SHA),
    ],
)
def test_event_of_github(event: Any, content: object, ref: str) -> None:
    assert bases.resolve("auto", event(content), nothing) == ref


@pytest.mark.parametrize("content", [{}, {"before": None}, {"before": ZEROS}, {"merge_group": None}])
def test_other_events_leave_it_to_the_default_branch(event: Any, content: object) -> None:
    assert bases.resolve("auto", event(content), "origin/main".__eq__) == "origin/main"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "the event file is not JSON"),
        ("[]", "the event file is not a JSON object"),
        ('{"before": 1}', "the event file has a before that is not a text"),
        ('{"merge_group": "x"}', "the event file has a merge_group that is not an object"),
        ('{"merge_group": {"base_sha": [1]}}', "the event file has a base_sha that is not a text"),
        ('{"before": "0000", "repository": []}', None),
        ('{"before": "0000", "repository": [1]}', "the event file has a repository that is not an object"),
    ],
)
def test_malformed_event(event: Any, content: str, message: str | None) -> None:
    environ = event(content)
    if message is None:
        assert bases.resolve("auto", environ, lambda ref: True) == "origin/HEAD"
        return
    with pytest.raises(UsageError) as caught:
        bases.resolve("auto", environ, nothing)
    assert caught.value.message.startswith(message)
    assert caught.value.path == environ["GITHUB_EVENT_PATH"]
    assert "--since origin/main" in caught.value.hint


def test_event_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        bases.resolve("auto", {"GITHUB_EVENT_PATH": str(tmp_path / "nope")}, nothing)
    (tmp_path / "binary").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(UsageError, match="is not JSON"):
        bases.resolve("auto", {"GITHUB_EVENT_PATH": str(tmp_path / "binary")}, nothing)


@pytest.mark.parametrize(
    ("environ", "there", "ref"),
    [
        ({}, {"origin/HEAD", "origin/main"}, "origin/HEAD"),
        ({}, {"origin/main", "origin/master"}, "origin/main"),
        ({}, {"origin/master", "main"}, "origin/master"),
        (
            {"CI_COMMIT_BEFORE_SHA": ZEROS, "CI_DEFAULT_BRANCH": "trunk"},
            {"origin/HEAD", "origin/trunk"},
            "origin/trunk",
        ),
    ],
)
def test_first_default_branch_that_exists(environ: dict[str, str], there: set[str], ref: str) -> None:
    assert bases.resolve("auto", environ, there.__contains__) == ref


def test_nothing_there_names_what_was_looked_for() -> None:
    with pytest.raises(UsageError) as caught:
        bases.resolve("auto", {"CI_DEFAULT_BRANCH": "trunk"}, lambda ref: False)
    for name in ("PRE_COMMIT_FROM_REF", "GITHUB_BASE_REF", "CI_COMMIT_BEFORE_SHA", "origin/trunk", "origin/master"):
        assert name in caught.value.message
    assert "--since origin/main" in caught.value.hint


@pytest.mark.parametrize(
    ("environ", "ref"),
    [
        ({}, None),
        ({"PRE_COMMIT_TO_REF": "to"}, None),
        ({"PRE_COMMIT_FROM_REF": "from"}, None),
        ({"PRE_COMMIT_FROM_REF": "from", "PRE_COMMIT_TO_REF": ""}, None),
        ({"PRE_COMMIT_FROM_REF": "from", "PRE_COMMIT_TO_REF": "to"}, "to"),
    ],
)
def test_head_of_a_push(environ: dict[str, str], ref: str | None) -> None:
    assert bases.head("auto", environ) == ref


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, ""),
        ({"GITHUB_HEAD_REF": "topic", "GITHUB_REF": "refs/pull/1/merge"}, "topic"),
        ({"GITHUB_HEAD_REF": "", "GITHUB_REF": "refs/heads/fix/a"}, "fix/a"),
        ({"GITHUB_HEAD_REF": "", "GITHUB_REF": "refs/tags/v1"}, ""),
        ({"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic"}, "topic"),
        ({"CI_COMMIT_BRANCH": "main"}, "main"),
        ({"BITBUCKET_BRANCH": "feature/x"}, "feature/x"),
        ({"SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/u/x", "BUILD_SOURCEBRANCH": "refs/pull/1/merge"}, "u/x"),
        ({"BUILD_SOURCEBRANCH": "refs/heads/main"}, "main"),
    ],
)
def test_branch_that_ci_judges(environ: dict[str, str], name: str) -> None:
    assert bases.branch(environ) == name
