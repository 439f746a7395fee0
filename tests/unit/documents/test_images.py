from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.images import split_image

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "registry", "repository", "name", "tag", "digest"),
    [
        ("ubuntu", "", "ubuntu", "ubuntu", "", ""),
        ("ubuntu:24.04", "", "ubuntu", "ubuntu", "24.04", ""),
        ("library/ubuntu", "", "library/ubuntu", "ubuntu", "", ""),
        ("ghcr.io/a/b/c:1", "ghcr.io", "a/b/c", "c", "1", ""),
        ("localhost/a", "localhost", "a", "a", "", ""),
        ("host:5000/a", "host:5000", "a", "a", "", ""),
        ("host:5000/a:1", "host:5000", "a", "a", "1", ""),
        (f"a@{DIGEST}", "", "a", "a", "", DIGEST),
        (f"a.b/c:1@{DIGEST}", "a.b", "c", "c", "1", DIGEST),
        ("${IMAGE}", "", "${IMAGE}", "${IMAGE}", "", ""),
        ("a:${TAG}", "", "a", "a", "${TAG}", ""),
        ("a:${TAG:-1}", "", "a", "a", "${TAG:-1}", ""),
        ("${IMAGE:-a}", "", "${IMAGE:-a}", "${IMAGE:-a}", "", ""),
        ("${HOST:-ghcr.io}/a:1", "", "${HOST:-ghcr.io}/a", "a", "1", ""),
        ("${HOST}/a:1", "", "${HOST}/a", "a", "1", ""),
        ("", "", "", "", "", ""),
        ("a:", "", "a", "a", "", ""),
    ],
)
def test_split_image(reference, registry, repository, name, tag, digest):
    expected = {"registry": registry, "repository": repository, "name": name, "tag": tag, "digest": digest}
    assert split_image(reference) == expected


PART = st.from_regex(r"[a-z0-9]{1,6}(?:[._-][a-z0-9]{1,3})?", fullmatch=True)


@given(
    registry=st.sampled_from(["", "localhost", "ghcr.io", "host:5000"]),
    path=st.lists(PART, min_size=1, max_size=3).filter(lambda parts: len(parts) == 1 or "." not in parts[0]),
    tag=st.just("") | st.from_regex(r"[A-Za-z0-9_][\w.-]{0,8}", fullmatch=True),
    digest=st.sampled_from(["", DIGEST]),
)
def test_parts_come_back(registry, path, tag, digest):
    reference = "/".join([registry, *path] if registry else path) + (tag and f":{tag}") + (digest and f"@{digest}")
    found = split_image(reference)
    assert (found["registry"], found["repository"], found["tag"], found["digest"]) == (
        registry,
        "/".join(path),
        tag,
        digest,
    )


@given(st.text(max_size=30))
def test_any_text_has_parts(text):
    assert all(isinstance(part, str) for part in split_image(text).values())
