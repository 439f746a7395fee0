"""The check kind ``text``: what it finds and where, what it keeps to itself, and what it refuses."""

import pickle
import random
import re
import time
from datetime import date
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.checks import text_inspector
from guardrails.checks.base import MAX_SOURCE, File, Rule, Where
from guardrails.checks.text import KIND
from guardrails.errors import UserErrors
from guardrails.findings import Finding, fingerprint
from guardrails.repository.entry import LINK, SUBMODULE, Entry

Block = dict[str, Any]


def a_file(data: bytes | str, path: str = "a.txt", kind: str = "file", date: str = "") -> File:
    content = data.encode() if isinstance(data, str) else data
    return File(Entry(path, kind), lambda entry: content, {}, date=date)


def inspect(data: bytes | str, *blocks: Block, message: str = "", path: str = "a.txt", **params: Any) -> list[Finding]:
    """The findings of rules ``p/0``, ``p/1``… made of the blocks, from an inspector that went through a pickle."""
    rules = [Rule(number, f"p/{number}", block, message, params) for number, block in enumerate(blocks)]
    inspector = pickle.loads(pickle.dumps(KIND.compile(rules)))
    return list(inspector.inspect(a_file(data, path), frozenset(range(len(blocks)))))


def spans(findings: list[Finding]) -> list[tuple[int, ...]]:
    return [tuple(finding.location[1:]) for finding in findings]


def secret(length: int = 20) -> str:
    return "".join(random.Random(length).choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=length))


# ------------------------------------------------------------------------------------------------ what is found


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("a TODO b", r"TODO", [(1, 3, 1, 7)]),
        ("x\nTODO TODO\n", r"TODO", [(2, 1, 2, 5), (2, 6, 2, 10)]),
        ("ü漢😀 x\né x", r"x", [(1, 5, 1, 6), (2, 3, 2, 4)]),
        ("x = é漢y", r"é.y", [(1, 5, 1, 8)]),
        ("ab\ncé\nd", r"(?s)b.c.", [(1, 2, 2, 3)]),
        ("a\n\nb", r"a\n", [(1, 1, 2, 1)]),
        ("ab\ncd\ne", r"\n", [(1, 3, 2, 1), (2, 3, 3, 1)]),
        ("ab\nc\n", r"c|\n", [(1, 3, 2, 1), (2, 1, 2, 2), (2, 2, 3, 1)]),
        ("ab", r"^\b", []),
        ("foo\r\nfoo\r\n", r"foo$", [(1, 1, 1, 4), (2, 1, 2, 4)]),
        ("a\r\nb", r"a\nb", [(1, 1, 2, 2)]),
        ("a \r\nb", r"[ \t]+$", [(1, 2, 1, 3)]),
        ("a\rb\nb", r"b", [(1, 3, 1, 4), (2, 1, 2, 2)]),
        ("a\nab\n", r"^a$", [(1, 1, 1, 2)]),
        ("ab\nb", r"\Ab|b\z", [(2, 1, 2, 2)]),
        ("\ufeffab", r"^a", [(1, 1, 1, 2)]),
        ("A a", r"a", [(1, 3, 1, 4)]),
        ("word words", r"\bword\b", [(1, 1, 1, 5)]),
        ("\n\n\n", r"x", []),
        ("", r"x", []),
        ("xéy\n", r"x[^a]y", [(1, 1, 1, 4)]),
        ("a\vb", r"a\Sb", [(1, 1, 1, 4)]),
    ],
)
def test_places(text: str, pattern: str, expected: list[tuple[int, ...]]) -> None:
    assert spans(inspect(text, {"forbid": pattern})) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_have_the_same_places(encoding: str) -> None:
    data = "é\r\nx = 漢y\r\n".encode(encoding)
    assert spans(inspect(data, {"forbid": "漢."})) == [(2, 5, 2, 7)]


def test_what_is_not_utf_8_counts_as_one_character() -> None:
    (finding,) = inspect("naïve café key".encode("latin-1"), {"forbid": "caf.? key"})
    assert finding.location[1:] == (1, 7, 1, 15)
    assert finding.source == "na\ufffdve caf\ufffd key"


@pytest.mark.parametrize(
    "file",
    [
        a_file(b"TODO\0"),
        a_file(b"TODO", kind=LINK),
        a_file(b"TODO", kind=SUBMODULE),
    ],
)
def test_what_is_no_text_is_not_judged(file: File) -> None:
    inspector = KIND.compile([Rule(0, "p/0", {"forbid": "TODO"}), Rule(1, "p/1", {"require": "x"})])
    assert list(inspector.inspect(file, frozenset({0, 1}))) == []


def test_only_the_rules_that_apply_are_judged() -> None:
    inspector = KIND.compile([Rule(number, f"p/{number}", {"forbid": "x"}) for number in (3, 7, 9)])
    findings = list(inspector.inspect(a_file("x"), frozenset({7, 100})))
    assert [finding.rule for finding in findings] == ["p/7"]


def test_patterns_of_a_rule_do_not_report_a_text_twice() -> None:
    findings = inspect("foo bar", {"forbid": ["foo", "f..", "ba", "bar"]})
    assert spans(findings) == [(1, 1, 1, 4), (1, 5, 1, 7), (1, 5, 1, 8)]


def test_ignore_case() -> None:
    assert len(inspect("Todo todo", {"forbid": "TODO", "ignore-case": True}, {"forbid": "TODO"})) == 2


@pytest.mark.parametrize("group", ["key", 1])
def test_a_finding_is_about_its_group(group: str | int) -> None:
    findings = inspect("key: abc", {"forbid": r"key: (?P<key>\w+)", "group": group}, message="no {match}")
    assert [(finding.location.column, finding.message) for finding in findings] == [(6, "no abc")]


@pytest.mark.parametrize("text", ["key=", "key"])
def test_a_group_without_text_is_no_way_out(text: str) -> None:
    (finding,) = inspect(text, {"forbid": r"key(?:=(\w*))?", "group": 1})
    assert finding.location.column == 1
    assert finding.message == f"{text} is forbidden here"


NEAR: Block = {"near": "acme|emca[ _-]?corp", "value": "[0-9a-f]{8}"}


@pytest.mark.parametrize(
    "text",
    [
        "ACME_API_KEY=0123abcd\n",
        "acme:\n  key: 0123abcd\n",
        'emca-corp.setToken("0123abcd");',
        '{"acme": {"secret": "0123abcd"}}',
        "# acme pat 0123abcd.\n",
        '<add key="AcmeToken" value="0123abcd"/>',
        "<acme><token>0123abcd</token></acme>",
        'os.environ["ACME_TOKEN"] = str("0123abcd")',
        "$ curl -H 'Authorization: Acme-Token 0123abcd'",
        "| acme key | `0123abcd` |",
        "acme_private = Bearer 0123abcd",
        "acme-key - 0123abcd",
        "call --acme-key 0123abcd",
    ],
)
def test_a_value_near_a_name_is_found_however_it_is_written(text: str) -> None:
    findings = inspect(text, {"forbid": NEAR}, message="{match}")
    assert [finding.message for finding in findings] == ["0123abcd"]


@pytest.mark.parametrize(
    "text",
    [
        "acme 0123abcd",
        "acme = 0123abcd",
        "acme_key = 0123abcde",
        "acme_key = 0123abcd-ef",
        "acme_key = 0123ABCD",
        "acme" + "-" * 41 + "key = 0123abcd",
        "other_key = 0123abcd",
        "key of acme: 0123abcd",
        "acme_patch = 0123abcd",
        "acme-key-0123abcd",
        "acme.key.0123abcd = other",
        "acme_key = 0123abcd(other)",
        "acme_key = 0123abcd[0]",
    ],
)
def test_what_is_not_near_a_name(text: str) -> None:
    assert inspect(text, {"forbid": NEAR}) == []


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"directly": True}, "acme = '0123abcd'"),
        ({"directly": True}, "<acme>0123abcd</acme>"),
        ({"directly": True}, "acme_key: 0123abcd"),
        ({"words": ["client", r"id\b"]}, "acme client: 0123abcd"),
        ({"words": ["client", r"id\b"]}, "ACME-ID: 0123abcd"),
        ({"words": ["client"]}, "acme_key: 0123abcd"),
    ],
)
def test_names_may_have_other_words_or_the_value_itself_behind_them(more: Block, text: str) -> None:
    block = {"forbid": [{**NEAR, **more}, "(?P<own>mark_([0-9]{4}))"], "group": 2}
    found = [finding.message for finding in inspect(f"{text}\nmark_1234", block, message="{match}")]
    assert found == ["0123abcd", "1234"]


@pytest.mark.parametrize(
    ("text", "block", "count"),
    [
        ("a\nb", {"require": "b"}, 0),
        ("a\nb", {"require": "^c"}, 1),
        ("a\nb", {"require": ["c", "b$"]}, 0),
        ("", {"require": "a"}, 1),
        ("", {"require": r"a|\A\s*\z"}, 0),
        ("a\n", {"require": r"\n^\z"}, 0),
        ("a\nb\nc", {"header": "b", "within": 2}, 0),
        ("a\nb\nc", {"header": "b", "within": 1}, 1),
        ("a\nb\nc", {"header": r"b\n\z", "within": 2}, 0),
        ("a\nb", {"header": "b", "within": 1_000_000_000}, 0),
        ("\n" * 19 + "a", {"header": "a"}, 0),
        ("\n" * 20 + "a", {"header": "a"}, 1),
        ("A", {"header": "a", "ignore-case": True}, 0),
    ],
)
def test_what_must_be_there(text: str, block: Block, count: int) -> None:
    findings = inspect(text, block)
    assert len(findings) == count
    assert all(finding.location.line == 1 and finding.source == "" for finding in findings)


def test_entropy_tells_a_key_from_a_word() -> None:
    block = {"forbid": r"key=(\w+)", "group": 1, "entropy": 3.5}
    assert spans(inspect("key=aaaabbbbccccdddd\nkey=k3v9Q2xT7mZp4LwB", block)) == [(2, 5, 2, 21)]


@pytest.mark.parametrize(
    ("allow", "allowed"),
    [
        ({"patterns": ["^EX"]}, True),
        ({"patterns": ["^ex"]}, False),
        ({"patterns": ["key"]}, False),
        ({"lines": ["# fine$"]}, True),
        ({"lines": ["^EXAMPLE"]}, False),
        ({"before": ["^key=$"]}, True),
        ({"before": ["ey$", "key=$"]}, True),
        ({"before": ["ey$", "E"]}, False),
        ({"words": ["none", "aMp"]}, True),
        ({"words": ["key"]}, False),
        ({"paths": ["docs/", "!a.txt"]}, False),
        ({"paths": ["*.txt"]}, True),
        ({"words": [], "lines": [], "before": [], "paths": [], "patterns": []}, False),
        ({}, False),
    ],
)
def test_what_is_allowed(allow: Block, allowed: bool) -> None:
    block = {"forbid": r"key=(\w+)", "group": 1, "allow": allow}
    assert inspect("key=EXAMPLE # fine\n", block, {"forbid": "nothing"}) == [] or not allowed
    assert len(inspect("key=EXAMPLE # fine\n", block)) == (not allowed)


@pytest.mark.parametrize(
    ("name", "text", "path", "allowed"),
    [
        ("placeholders", "key: 3xXxXXxf", "a.txt", True),
        ("placeholders", "key: 3xXxXXf", "a.txt", False),
        ("placeholders", "key: your-key-4711", "a.txt", True),
        ("placeholders", "key: 4711YourKey", "a.txt", True),
        ("placeholders", "key: yours4711", "a.txt", False),
        ("placeholders", "key: fake-4711", "a.txt", True),
        ("placeholders", "key: FAKE_4711", "a.txt", True),
        ("placeholders", "key: fake4711", "a.txt", False),
        ("placeholders", "key: 12345678-1234-4711", "a.txt", True),
        ("placeholders", "key: 12345678-90ab-cdef", "a.txt", True),
        ("placeholders", "key: 12345678-4711-cdef", "a.txt", False),
        ("placeholders", "key: 01234567-89AB-4711", "a.txt", True),
        ("placeholders", "key: 01234567-4711-89ab", "a.txt", False),
        ("placeholders", "key: abcdef01-2345-4711", "a.txt", True),
        ("placeholders", "key: abcdef01-4711-2345", "a.txt", False),
        ("placeholders", "key: 123e4567-e89b-12d3-a456-4711", "a.txt", True),
        ("placeholders", "key: 550E8400-e29b-41d4-a716-4711", "a.txt", True),
        ("placeholders", "key: 550e8400-12d3-41d4-a716-4711", "a.txt", False),
        ("placeholders", "key: abcdefgh-ijkl-4711", "a.txt", True),
        ("placeholders", "key: abcdefgh-4711-ijkl", "a.txt", False),
        ("placeholders", "key: 0123-4567-4711", "a.txt", True),
        ("placeholders", "key: 1234-5678-4711", "a.txt", True),
        ("placeholders", "key: 1234-4711-5678", "a.txt", False),
        ("placeholders", "key: my-key-k3v9Q2xT", "a.txt", True),
        ("placeholders", "key: my-k3v9Q2xT", "a.txt", False),
        ("placeholders", "key: k3v9-my-key-Q2xT", "a.txt", False),
        ("placeholders", "key: useAllWords", "a.txt", False),
        ("words", "key: " + "az" * 14 + "0", "a.txt", True),
        ("words", "key: " + "az" * 13 + "a0", "a.txt", False),
        ("words", "key: " + "BZ" * 14 + "0", "a.txt", True),
        ("words", "key: " + "BA" * 14 + "0", "a.txt", False),
        ("words", "key: 0" + "az-" * 8, "a.txt", True),
        ("words", "key: 0" + "AZ_" * 8, "a.txt", True),
        ("words", "key: 0" + "az-" * 7 + "az", "a.txt", False),
        ("words", "key: " + "az-" * 8 + "0", "a.txt", False),
        ("names", "key: useV2", "a.txt", True),
        ("names", "key: useV12", "a.txt", True),
        ("names", "key: useV123", "a.txt", False),
        ("names", "key: LoginAuth0", "a.txt", True),
        ("names", "key: LoginAuth1", "a.txt", False),
        ("names", "key: OAUTH_V2", "a.txt", True),
        ("names", "key: some-12-parts.v3", "a.txt", True),
        ("names", "key: backup-20260115-of.v3", "a.txt", True),
        ("names", "key: backup-202601151-of.v3", "a.txt", False),
        ("names", "key: acme-access-token1-eu-west-1a", "a.txt", True),
        ("names", "key: acme_token2_name10", "a.txt", True),
        ("names", "key: acme_token2", "a.txt", False),
        ("names", "key: acme-t2k-name10", "a.txt", False),
        ("names", "key: ACME_TOKEN2_NAME_10", "a.txt", True),
        ("names", "key: ACME-TOKEN2-NAME-10", "a.txt", False),
        ("names", "key: acmeKey1ProviderV2Impl1", "a.txt", True),
        ("names", "key: AcmeToken256Provider", "a.txt", False),
        ("names", "key: acmeKey1", "a.txt", False),
        ("names", "key: 0x" + "a1" * 20, "a.txt", True),
        ("names", "key: 0x" + "a1" * 21, "a.txt", False),
        ("names", "trace_id, key: a1B2c3D4e5", "a.txt", False),
        ("names", "key: a1B2c3D4e5", "a.txt", False),
        ("marked", "key: " + "ghp" + "_" + "a1" * 18, "a.txt", True),
        ("marked", "key: " + "ghp" + "_" + "a1" * 17, "a.txt", False),
        ("marked", "key: " + "acme_ghp" + "_" + "a1" * 18, "a.txt", False),
        ("marked", "key: " + "AKIA" + "A2" * 8, "a.txt", True),
        ("marked", "key: " + "AKIA" + "A2" * 9, "a.txt", False),
        ("marked", "key: " + "a1" * 16 + "-us12", "a.txt", True),
        ("marked", "key: " + "a1" * 16 + "-eu12", "a.txt", False),
        ("checksums", "sha256 key: a1B2c3D4e5", "a.txt", True),
        ("checksums", "file_sha1sum, key: a1B2c3D4e5", "a.txt", True),
        ("checksums", "MD5SUM key: a1B2c3D4e5", "a.txt", True),
        ("checksums", "sha257 key: a1B2c3D4e5", "a.txt", False),
        ("checksums", "commit key: a1B2c3D4e5", "a.txt", True),
        ("checksums", "committed key: a1B2c3D4e5", "a.txt", False),
        ("checksums", "uses: acme key: a1B2c3D4e5", "a.txt", True),
        ("checksums", "used: acme key: a1B2c3D4e5", "a.txt", False),
        ("checksums", "acme-1.0.tar.gz key: a1B2c3D4e5", "a.txt", True),
        ("checksums", "acme_1.0_amd64.deb key: a1B2c3D4e5", "a.txt", True),
        ("checksums", "acme.debug key: a1B2c3D4e5", "a.txt", False),
        ("checksums", "key: a1B2c3D4e5", "web/yarn.lock", True),
        ("checksums", "key: a1B2c3D4e5", "a.js", False),
        ("generated", "key: a1B2c3D4e5", "web/i18n/de.json", True),
        ("generated", "key: a1B2c3D4e5", "web/i18n.json", False),
        ("generated", "sha256 key: a1B2c3D4e5", "web/yarn.lock", False),
    ],
)
def test_what_is_common_is_allowed_by_name(name: str, text: str, path: str, allowed: bool) -> None:
    block = {"forbid": r"key: (\S+)", "group": 1, "allow": {"common": [name], "words": ["other"]}}
    assert (inspect(text, block, path=path) == []) is allowed


@pytest.mark.parametrize(
    ("name", "before", "allowed"),
    [
        ("names", "tenantId: ", True),
        ("names", '"api-request_id" => "', True),
        ("names", "team id | ", True),
        ("names", "trace_id = 1, key = ", False),
        ("names", "client_id = ", False),
        ("names", "request_ident = ", False),
        ("names", "acmePublicKey: ", True),
        ("names", "acme_republic = ", False),
        ("checksums", "api_etag = '", True),
        ("checksums", "<tokenHash>", True),
        ("checksums", "tokenHash := ", True),
        ("checksums", "acme_key_ref: ", True),
        ("checksums", "<a href='", False),
        ("checksums", "rev = 1, key = ", False),
        ("checksums", "api-cache-key: ", True),
        ("checksums", "pip install git+https://acme.example/key@", True),
        ("checksums", "see https://acme.example/key@", False),
        ("checksums", "    image: registry.example/acme-key:", True),
        ("checksums", "    images: registry.example/acme-key:", False),
    ],
)
def test_what_a_name_says_is_no_secret(name: str, before: str, allowed: bool) -> None:
    block = {"forbid": "k3v9Q2xT", "allow": {"common": [name]}}
    assert (inspect(f"{before}k3v9Q2xT", block) == []) is allowed


def test_what_is_common_adds_to_what_the_rule_allows() -> None:
    block = {"forbid": r"key: (\S+)", "group": 1, "allow": {"common": ["names", "placeholders"], "words": ["4711"]}}
    findings = inspect("key: your-4\nkey: useWords\nkey: ab4711\nkey: ab4712\n", block, message="{match}")
    assert [finding.message for finding in findings] == ["ab4712"]


def test_a_line_is_allowed_for_itself_alone() -> None:
    block = {"forbid": "x", "allow": {"lines": ["# fine$"]}}
    assert spans(inspect("x x # fine\nx x\nx # fine\nx", block)) == [(2, 1, 2, 2), (2, 3, 2, 4), (4, 1, 4, 2)]


def test_what_stands_before_is_in_the_same_line_and_near() -> None:
    block = {"forbid": "x", "allow": {"before": [r"^\s*sum=$", "z{9}"]}}
    text = f"sum=x x\nsum=\nx\n{'z' * 9 + ' ' * 191}x{'z' * 9}{' ' * 192}x\n"
    assert spans(inspect(text, block)) == [(1, 7, 1, 8), (3, 1, 3, 2), (4, 403, 4, 404)]


def test_each_rule_allows_its_own_paths() -> None:
    findings = inspect(
        "x", {"forbid": "x", "allow": {"paths": ["b.txt"]}}, {"forbid": "x", "allow": {"paths": ["a.*"]}}
    )
    assert [finding.rule for finding in findings] == ["p/0"]


# --------------------------------------------------------------------------------------------- what is said


DUE = {"forbid": [r"TODO(?:\((?P<until>[^)]*)\))?", r"until (?P<until>\S+)"], "due": "until"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TODO(2026-03-02)", None),
        ("TODO(2026-03-01)", None),
        ("until 9999-12-31", None),
        ("TODO(2026-02-28)", "2026-02-28"),
        ("until 2025-12-31", "2025-12-31"),
        ("TODO(2026-02-30)", "2026-02-30"),
        ("TODO(20260302)", "20260302"),
        ("TODO(2026-W10-1)", "2026-W10-1"),
        ("TODO(3026-03-02 )", "3026-03-02 "),
        ("TODO(someday)", "someday"),
        ("TODO(2026-03-0\u0662)", "2026-03-0\u0662"),
        ("TODO()", "(no date)"),
        ("TODO", "(no date)"),
    ],
)
def test_what_is_due(text: str, said: str | None) -> None:
    inspector = pickle.loads(pickle.dumps(KIND.compile([Rule(0, "p/0", DUE, "due on {due}")])))
    (*found,) = inspector.inspect(a_file(text, date="2026-03-01"), frozenset({0}))
    assert [finding.message for finding in found] == ([] if said is None else [f"due on {said}"])
    assert spans(found) == ([] if said is None else [(1, 1, 1, len(text) + 1)])


@given(st.dates(), st.dates())
def test_it_is_due_from_the_next_day_on(due: date, today: date) -> None:
    found = KIND.compile([Rule(0, "p/0", DUE)]).inspect(a_file(f"until {due}", date=str(today)), frozenset({0}))
    assert bool(list(found)) == (due < today)


def test_messages() -> None:
    text = "from requests import get"
    block = {"forbid": r"from (?P<module>\w+) import (?P<name>\w+)(?P<rest>, .*)?"}
    message = "{path}: {match}: {module} {name} {rest} {params.instead} {other}"
    (finding,) = inspect(text, block, message=message, path="caf\udce9.py", instead="httpx")
    assert finding.message == f"caf\udce9.py: {text}: requests get {{rest}} httpx {{other}}"


def test_a_group_does_not_hide_the_path() -> None:
    (finding,) = inspect("x", {"forbid": "(?P<path>x)"}, message="{path}")
    assert finding.message == "a.txt"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"forbid": "T.DO"}, "TODO is forbidden here"),
        ({"require": [r"\p{Lu}{9}", "b"]}, r"the file has no match of \p{Lu}{9} or b"),
        ({"header": "{x}", "within": 3}, "the first 3 lines have no match of {x}"),
        ({"require": "x" * 500}, "the file has no match of " + "x" * 200),
    ],
)
def test_messages_of_rules_that_say_nothing(block: Block, message: str) -> None:
    assert [finding.message for finding in inspect("TODO", block)] == [message]


def test_a_long_match_is_cut() -> None:
    (finding,) = inspect("x" * 5000, {"forbid": "x+"})
    assert len(finding.message) < 150
    assert len(finding.source) == MAX_SOURCE


# ------------------------------------------------------------------------------------------ what identifies it


def evidence(text: str, block: Block) -> list[str]:
    return [finding.evidence for finding in inspect(text, block)]


def test_findings_keep_their_identity_when_they_move_or_are_indented() -> None:
    block = {"forbid": r"(?s)run\(.*?\)"}
    before = evidence("run(\n  a,\n  b)\nx = run(c)\n", block)
    after = evidence("import os\n\n\tx  =  run(c)\r\n\trun(\r\n\t  a,\r\n\t  b)\n", block)
    assert before == after[::-1]
    assert len(set(before)) == 2


def test_texts_in_equal_lines_and_equal_texts_in_other_lines_differ() -> None:
    found = evidence("# TODO one, TODO: two\n# TODO three\n", {"forbid": r"TODO:?"})
    assert len(set(found)) == 3


def test_a_secret_is_the_same_in_any_line() -> None:
    one, two = secret(20), secret(21)
    block = {"forbid": r"=(\w+)", "group": 1, "redact": True}
    first, second, third = evidence(f"a={one}\nbbb ={one} #\na={two}", block)
    assert first == second != third


def test_the_order_of_the_rules_does_not_count_for_the_identity() -> None:
    key = secret()
    hidden = {"forbid": r"key=(\w+)", "group": 1, "redact": True}
    todo = {"forbid": "TODO"}
    text = f"key={key} TODO"
    assert evidence(text, todo)[0] == inspect(text, hidden, todo)[1].evidence


# ------------------------------------------------------------------------------------------- what stays secret


def leaks(finding: Finding, text: str, most: int = 4) -> bool:
    shown = f"{finding.message}\n{finding.source}\n{finding.evidence}"
    return any(text[start : start + most + 1] in shown for start in range(len(text) - most))


def test_a_secret_is_masked_wherever_it_stands_in_the_line() -> None:
    key = secret()
    (finding,) = inspect(
        f"key={key} # was {key}, not {key[:4]}",
        {"forbid": r"key=(?P<key>(?P<start>\w{8})\w+)", "group": "key", "redact": True},
        message="{match} {key} {start}",
    )
    mask = key[:4] + "****"
    assert finding.source == f"key={mask} # was {mask}, not {key[:4]}"
    assert finding.message == f"{mask} {mask} {mask}"


@pytest.mark.parametrize(("length", "shown"), [(3, 0), (4, 1), (8, 2), (15, 3), (16, 4), (40, 4)])
def test_a_quarter_of_a_short_secret_is_shown_at_most(length: int, shown: int) -> None:
    key = secret(length)
    (finding,) = inspect(f"({key})", {"forbid": "[A-Z]+", "redact": True})
    assert finding.source == f"({key[:shown]}****)"


def test_a_rule_does_not_show_the_secret_of_another() -> None:
    key = secret()
    text = f"TODO key={key} x"
    findings = inspect(text, {"forbid": r"TODO.*"}, {"forbid": r"[A-Z]{10,}", "redact": True})
    assert [finding.rule for finding in findings] == ["p/0", "p/1"]
    assert not any(leaks(finding, key) for finding in findings)


def test_secrets_that_overlap_are_masked_as_one() -> None:
    key = secret(30)
    rules = [{"forbid": pattern, "redact": True} for pattern in (key[:20], key[8:], key[12:16])]
    findings = inspect(f"key={key};", *rules)
    assert len(findings) == 3
    assert {finding.source for finding in findings} == {f"key={key[:4]}****;"}
    assert not any(leaks(finding, key) for finding in findings)


def test_a_secret_that_begins_like_another() -> None:
    key = secret(30)
    findings = inspect(f"a={key[:10]} a={key} # {key}", {"forbid": r"a=(\w+)", "group": 1, "redact": True})
    assert findings[0].source == f"a={key[:2]}**** a={key[:4]}**** # {key[:4]}****"


def test_a_text_too_short_for_a_secret_is_not_looked_for_elsewhere() -> None:
    (finding,) = inspect("x=ab cab", {"forbid": r"x=(\w+)", "group": 1, "redact": True})
    assert finding.source == "x=**** cab"


def test_a_secret_that_begins_with_a_newline() -> None:
    (finding,) = inspect(f"a=\n{secret()}", {"forbid": r"(?s)a=(.+)", "group": 1, "redact": True})
    assert finding.source == "a="
    assert finding.message == "**** is forbidden here"


def test_a_secret_of_many_lines() -> None:
    body = "\n".join(secret(length) for length in (60, 61, 62))
    block = {"forbid": r"(?s)BEGIN\n(.*?)\nEND", "group": 1, "redact": True}
    findings = inspect(f"BEGIN\n{body}\nEND # {body[-62:]}\n", block, {"forbid": "END.*"}, {"forbid": "^[A-Z]{61}$"})
    assert len(findings) == 3
    assert not any(leaks(finding, line) for finding in findings[:1] for line in body.split("\n"))
    assert findings[2].source == "****"


def test_a_secret_is_not_shown_by_its_beginning_at_the_end_of_a_long_line() -> None:
    key = secret(900)
    (finding,) = inspect(f"new={key} old={key}", {"forbid": r"new=(\w+)", "group": 1, "redact": True})
    assert finding.source == f"new={key[:4]}****"


def test_what_is_not_judged_any_more_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_inspector, "MAX_MATCHES", 2)
    keys = [secret(length) for length in (20, 21, 22)]
    findings = inspect("\n".join(keys), {"forbid": "[A-Z]+", "redact": True})
    assert len(findings) == 3
    assert not any(leaks(finding, key) for finding in findings for key in keys)


@pytest.mark.parametrize(("count", "source"), [(2, "AABB**** AABB****"), (5000, "****")])
def test_a_line_full_of_secrets(count: int, source: str) -> None:
    keys = ["AA" + "".join("BCDEFGHJKL"[int(digit)] for digit in f"{number:04}") * 4 for number in range(count)]
    start = time.process_time()
    findings = inspect(" ".join(keys), {"forbid": r"\w+", "redact": True})
    assert time.process_time() - start < 5
    assert {finding.source for finding in findings} == {source}


words = st.text("abc =:'\"#é漢\r\n", max_size=12)
keys = st.text("ABCDEFGH", min_size=5, max_size=40)


@given(st.lists(st.tuples(words, keys), min_size=1, max_size=8), words, st.booleans(), st.data())
def test_no_finding_shows_a_secret(pairs: list[tuple[str, str]], end: str, repeat: bool, data: st.DataObject) -> None:
    text = "".join(before + key for before, key in pairs) + end
    if repeat:
        text += data.draw(st.sampled_from(pairs))[1]
    patterns = ["[A-H]{5,}", "(?P<all>[a-z =]?([A-H]{5,}))", "(?P<part>[A-H]{3})[A-H]{2,}", "(?s)[A-H]{5,}.{0,3}[A-H]+"]
    blocks: list[Block] = [
        {"forbid": "[A-H]{5,}", "redact": True},
        {"forbid": data.draw(st.sampled_from(patterns)), "redact": True},
        {"forbid": data.draw(st.sampled_from(patterns))},
        {"forbid": r"(?s)[abc].*"},
    ]
    secrets = {match.group() for match in re.finditer("[A-H]{5,}", text.replace("\r\n", "\n"))}
    for finding in inspect(text, *blocks, message="{match} {all} {part}"):
        assert not any(leaks(finding, key) for key in secrets)


# ------------------------------------------------------------------------------------------------- properties

POOL: list[str] = [
    "a",
    "ab",
    "a+",
    "^a",
    "b$",
    "^ab$",
    "a.b",
    "(?s)a.*?b",
    "(?i)é",
    "[^a]b",
    r"\w+",
    r"\s+b",
    r"\S\S",
    r"\Aa+",
    r"b+\z",
    "a|é漢",
    r"\pL{3}",
    r"(?P<one>a)(?P<two>b)?",
    r"\bb",
    "a\\n+b",
    "[[:^alpha:]]+",
]
texts = st.text("aabbé漢 \t\n\n\v\r", max_size=60)


@given(texts, st.lists(st.tuples(st.sampled_from(POOL), st.booleans()), min_size=1, max_size=6))
def test_findings_are_what_re2_finds(text: str, patterns: list[tuple[str, bool]]) -> None:
    blocks: list[Block] = [{"forbid": pattern, "ignore-case": folded} for pattern, folded in patterns]
    expected = []
    text = text.replace("\r\n", "\n")
    for number, (pattern, folded) in enumerate(patterns):
        for match in re2.finditer(f"(?{'i' * folded}m){pattern}", text):
            place = []
            for offset in match.span():
                line = text.count("\n", 0, offset)
                place += [line + 1, offset - text.rfind("\n", 0, offset)]
            expected.append((f"p/{number}", tuple(place)))
    findings = inspect(text, *blocks)
    assert [(finding.rule, finding.location[1:]) for finding in findings] == expected


@given(texts)
def test_a_place_holds_what_is_found(text: str) -> None:
    file = a_file(text)
    for finding in inspect(text, {"forbid": r"[^\n]+"}, message="{match}"):
        _, line, column, end_line, end_column = finding.location
        assert (line, file.lines[line - 1][column - 1 : end_column - 1]) == (end_line, finding.message)
        assert finding.source == file.lines[line - 1]


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-16")))
def test_any_bytes_give_findings_in_the_file(data: bytes) -> None:
    file = a_file(data)
    blocks: list[Block] = [{"forbid": r"(?s)."}, {"forbid": r"\C", "redact": True}, {"header": "x"}, {"require": "é"}]
    for finding in inspect(data, *blocks):
        assert isinstance(finding, Finding)
        _, line, column, end_line, _ = finding.location
        assert 1 <= line <= len(file.lines)
        assert line <= end_line <= len(file.lines) or end_line == 0
        assert column <= len(file.lines[line - 1]) + 1
        assert fingerprint(finding.rule, "a", finding.evidence, 0)


# ---------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("unit", ["TODO x\n", "é TODO ", "TODO"])
def test_many_matches_take_linear_time_and_are_not_lost_silently(unit: str) -> None:
    key = {"forbid": "TODO", "redact": True, "allow": {"lines": ["never"], "words": ["never"]}}
    start = time.process_time()
    findings = inspect(unit * 100_000, {"forbid": "TODO"}, key)
    assert time.process_time() - start < 10
    assert len(findings) == 2 * (text_inspector.MAX_MATCHES + 1)
    assert findings[10_000].message == "a pattern matches more than 10,000 times; what comes after this is not judged"
    assert findings[10_000].location.line == (10_001 if "\n" in unit else 1)


def test_allowed_matches_count_for_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_inspector, "MAX_MATCHES", 3)
    block = {"forbid": r"\w+", "allow": {"words": ["x"]}}
    assert spans(inspect("x x x", block)) == []
    assert spans(inspect("x x x y", block)) == [(1, 7, 1, 8)]


# ------------------------------------------------------------------------------------------------- bad policies


def errors(*blocks: Block) -> list[tuple[str, str]]:
    with pytest.raises(UserErrors) as caught:
        KIND.compile([Rule(number, f"p/{number}", block) for number, block in enumerate(blocks)])
    return [(error.message, error.hint) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("block", "message", "hint"),
    [
        ({"forbid": "a(?!b)"}, r"invalid perl operator: \(\?!", "neither ahead nor behind"),
        ({"forbid": "(?<=a)b"}, r"invalid perl operator: \(\?<", "neither ahead nor behind"),
        ({"forbid": r"(a)\1"}, r"invalid escape sequence: \\1", "write the pattern out"),
        ({"forbid": "(?P<a>a)(?P=a)"}, r"\(\?P", "write the pattern out"),
        ({"forbid": "(?>a)"}, r"\(\?>", r"write \(\?:"),
        ({"forbid": "a++"}, r"bad repetition operator: \+\+", r"a\* for a\*\+"),
        ({"forbid": "a{2000}"}, "invalid repetition size", "1000 at most"),
        ({"require": r"a\Z"}, r"\\Z", r"write \\z"),
        ({"header": r"\u0041"}, r"\\u", r"write \\x"),
        ({"require": "["}, "missing ]", "google/re2/wiki/Syntax"),
        ({"forbid": "x*"}, "matches the empty text", "write \\+ for \\*"),
        ({"forbid": ["a", "^"]}, "matches the empty text", ""),
        ({"forbid": r"\b|a"}, "matches the empty text", ""),
        ({"forbid": r"a|\B$"}, "matches the empty text", ""),
        ({"forbid": "(a)(?P<b>b)", "group": "c"}, "there is no group 'c'", r"groups of the pattern: 2 \(b\)$"),
        ({"forbid": "(a)", "group": 2}, "there is no group 2", "groups of the pattern: 1$"),
        ({"forbid": ["(?P<b>b)", "(?P<c>c)"], "due": "b"}, "there is no group 'b'", r"groups of the pattern: 1 \(c\)$"),
        ({"forbid": {"near": "a", "value": "b*"}}, "the pattern matches the empty text$", "write \\+ for \\*"),
        ({"forbid": {"near": "a)(b", "value": "c"}}, r"unexpected \)", "Syntax"),
        ({"forbid": ["a", {"near": "a", "value": "b", "words": ["c", "("]}]}, "missing ", "Syntax"),
        ({"forbid": "a", "allow": {"patterns": ["a", "("]}}, "missing ", "Syntax"),
        ({"forbid": "a", "allow": {"lines": ["(?=a)"]}}, r"\(\?=", "allow"),
        ({"forbid": "a", "allow": {"before": ["a$", "("]}}, "missing ", "Syntax"),
        ({"forbid": "a", "allow": {"paths": ["ok", "[z-a]"]}}, r"glob '\[z-a\]'", "^$"),
    ],
)
def test_policies_that_are_wrong(block: Block, message: str, hint: str) -> None:
    ((said, hinted),) = errors(block)
    assert re.search(message, said)
    assert re.search(hint, hinted)


def test_all_errors_are_reported_at_once_and_in_place() -> None:
    blocks: list[Block] = [
        {"forbid": ["(", "ok", "x*"], "group": 1, "allow": {"paths": ["["], "lines": [")"]}},
        {"require": "("},
        {"forbid": "a", "allow": {"paths": ["/"]}},
    ]
    blocks.append({"forbid": {"near": "[", "value": "x?", "words": ["y*"]}})
    places = {("forbid",): Where("p.yaml", 5, 9), ("forbid", 2): Where("p.yaml", 7, 11)}
    places |= {("forbid", "value"): Where("p.yaml", 8, 1), ("forbid", "words", 0): Where("p.yaml", 9, 1)}
    places |= {("forbid", "near"): Where("p.yaml", 6, 1)}
    with pytest.raises(UserErrors) as caught:
        KIND.compile([Rule(number, f"p/{number}", block, places=places) for number, block in enumerate(blocks)])
    assert len(caught.value.errors) == 11
    empty = {error.place for error in caught.value.errors if "empty text" in error.message}
    assert empty == {"p.yaml:7:11", "p.yaml:8:1", "p.yaml:9:1"}
    assert [error.place for error in caught.value.errors if "missing ]:" in error.message] == ["p.yaml:6:1"]
    assert {error.place for error in caught.value.errors if "missing )" in error.message} == {"p.yaml:5:9", ""}


@pytest.mark.parametrize(
    ("block", "valid"),
    [
        ({"forbid": "a"}, True),
        ({"forbid": ["a", "b"], "group": 1, "entropy": 3.5, "redact": True, "allow": {"words": []}}, True),
        ({"require": "a", "ignore-case": True}, True),
        ({"header": ["a"], "within": 5}, True),
        ({}, False),
        ({"forbid": "a", "require": "b"}, False),
        ({"forbid": []}, False),
        ({"forbid": ""}, False),
        ({"forbid": "a", "within": 5}, False),
        ({"require": "a", "group": 1}, False),
        ({"forbid": "(?P<d>a)", "due": "d"}, True),
        ({"require": "(?P<d>a)", "due": "d"}, False),
        ({"forbid": "(?P<d>a)", "due": 1}, False),
        ({"header": "a", "redact": True}, False),
        ({"header": "a", "within": 0}, False),
        ({"forbid": "a", "group": 0}, False),
        ({"forbid": "a", "entropy": 0}, False),
        ({"forbid": "a", "allow": {"names": ["a"]}}, False),
        ({"forbid": "a", "allow": {"before": ["a"]}}, True),
        ({"forbid": "a", "allow": {"before": "a"}}, False),
        ({"forbid": "a", "other": 1}, False),
        ({"forbid": "a", "allow": {"common": ["names", "words"]}}, True),
        ({"forbid": "a", "allow": {"common": ["nouns"]}}, False),
        ({"forbid": NEAR, "redact": True}, True),
        ({"forbid": ["a", {**NEAR, "words": ["b"], "directly": True}]}, True),
        ({"forbid": {"near": "a"}}, False),
        ({"forbid": {"value": "a"}}, False),
        ({"forbid": {**NEAR, "far": "a"}}, False),
        ({"require": NEAR}, False),
    ],
)
def test_schema(block: Block, valid: bool) -> None:
    Draft202012Validator.check_schema(KIND.schema)
    assert Draft202012Validator(KIND.schema).is_valid(block) is valid


def test_every_option_is_described() -> None:
    assert all("description" in shape for shape in KIND.schema["properties"].values())


def test_nothing_is_left_to_conclude() -> None:
    inspector = KIND.compile([])
    assert inspector.concluding == inspector.fact_based == frozenset()
    assert list(inspector.conclude([], None, frozenset())) == []
    assert list(inspector.inspect(a_file("x"), frozenset())) == []
