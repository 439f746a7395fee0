from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.repository.line_diff import Differences, changed_lines, origin

few = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"}"]), max_size=40)
unique = st.lists(st.integers(0, 10**6), unique=True, max_size=60).map(lambda numbers: [b"%d" % n for n in numbers])


def text(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def split(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").splitlines(keepends=True)


def kept(after: bytes, differences: Differences) -> list[bytes]:
    added = {line for first, last in differences.added for line in range(first, last + 1)}
    return [line for number, line in enumerate(split(after), 1) if number not in added]


def is_subsequence(short: list[bytes], long: list[bytes]) -> bool:
    rest = iter(long)
    return all(line in rest for line in short)


@pytest.mark.parametrize(
    ("before", "after", "added", "removed"),
    [
        (b"", b"", (), 0),
        (b"", b"a\nb\n", ((1, 2),), 0),
        (b"a\nb\n", b"", (), 2),
        (b"a\nb\nc\n", b"a\nX\nc\n", ((2, 2),), 1),
        (b"a\nb\nc\nd\n", b"a\nX\nb\nc\nY\nZ\nd\n", ((2, 2), (5, 6)), 0),
        (b"a\nb\nc\n", b"c\na\nb\n", ((1, 1),), 1),
        (b"a\n\nb\n\nc\n\n", b"a\n\nX\n\nb\n\nc\n\n", ((3, 4),), 0),
        (b"{\n}\n{\n}\n{\n}\n", b"{\n}\n{\nx\n}\n{\n}\n", ((4, 4),), 0),
        (b"{\n}\nx\n{\n}\n", b"{\ny\n}\n{\nz\n}\n", ((2, 2), (5, 5)), 1),
        (b"x\na\na\ny\n", b"p\na\nq\na\nr\n", ((1, 1), (3, 3), (5, 5)), 2),
        (b"a\r\nb\r\n", b"a\nb\n", (), 0),
        (b"a\nb\n", b"a\r\nX\r\nb\r\n", ((2, 2),), 0),
        (b"a\nb", b"a\nb\n", ((2, 2),), 1),
        (b"a\rb\n", b"a\rc\n", ((1, 1),), 1),
        (b"\xff\0\n", b"\xff\0\n\n", ((2, 2),), 0),
    ],
)
def test_known_changes(before: bytes, after: bytes, added: tuple[tuple[int, int], ...], removed: int) -> None:
    assert changed_lines(before, after) == (added, removed)


@given(st.binary())
def test_unchanged_content_has_no_changes(data: bytes) -> None:
    assert changed_lines(data, data) == ((), 0)
    assert changed_lines(data, bytes(bytearray(data))) == ((), 0)
    assert changed_lines(data.replace(b"\r", b"").replace(b"\n", b"\r\n"), data.replace(b"\r", b"")) == ((), 0)


@given(few, few)
def test_lines_that_are_neither_new_nor_gone_are_the_same_on_both_sides(old: list[bytes], new: list[bytes]) -> None:
    before, after = text(old), text(new)
    differences = changed_lines(before, after)
    common = kept(after, differences)
    assert len(common) == len(old) - differences.removed
    assert is_subsequence(common, split(before))
    ends = [end for span in differences.added for end in span]
    assert ends == sorted(ends)
    assert all(
        later[0] - earlier[1] > 1 for earlier, later in zip(differences.added, differences.added[1:], strict=False)
    )


@given(few, few)
def test_origins_tell_the_same_as_changed_lines(old: list[bytes], new: list[bytes]) -> None:
    before, after = text(old), text(new)
    origins = [origin(before, after, line) for line in range(1, len(new) + 1)]
    added = {line for first, last in changed_lines(before, after).added for line in range(first, last + 1)}
    assert {line for line, found in enumerate(origins, 1) if not found} == added
    found = [number for number in origins if number]
    assert found == sorted(set(found))
    assert all(old[number - 1] == new[line - 1] for line, number in enumerate(origins, 1) if number)


@given(unique, st.data())
def test_inserted_and_deleted_lines_among_unique_ones_are_exact(lines: list[bytes], data: st.DataObject) -> None:
    marks = [data.draw(st.sampled_from(["keep", "delete", "insert"])) for _ in lines]
    after: list[bytes] = []
    expected: list[int] = []
    for line, mark in zip(lines, marks, strict=True):
        if mark == "insert":
            after.append(b"new " + line)
            expected.append(len(after))
        if mark != "delete":
            after.append(line)
    differences = changed_lines(text(lines), text(after))
    assert [n for first, last in differences.added for n in range(first, last + 1)] == expected
    assert differences.removed == marks.count("delete")


@pytest.mark.parametrize("line", [-1, 0, 3, 10**9])
def test_a_line_that_is_not_there_has_no_origin(line: int) -> None:
    assert origin(b"a\nb\n", b"a\nb\n", line) == 0


def test_hostile_content_takes_little_time() -> None:
    count = 20_000
    # Each round of anchors makes but one more line equally often on both sides.
    old = [part for n in range(count) for part in (b"old %d" % n, b"%d" % n)]
    new = [part for n in range(count) for part in (b"%d" % (n + 1), b"%d" % n, b"new %d" % n)]
    cases = [
        ([b"x"] * count, [b"y", *[b"x"] * (count + 7), b"z"]),
        ([b"x", b"y"] * count, [b"y", b"y", b"x"] * count),
        ([b"%d" % n for n in range(count)], [b"%d" % n for n in reversed(range(count))]),
        (old, new),
    ]
    started = process_time()
    for before, after in cases:
        changed_lines(text(before), text(after))
    assert process_time() - started < 5
