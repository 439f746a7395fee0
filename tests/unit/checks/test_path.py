"""The kind ``path``: each test with what it finds, where, and in which words."""

import pickle
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.checks.base import File, Rule, Where
from guardrails.checks.path import KIND
from guardrails.errors import UserErrors
from guardrails.findings import Fact, Finding, Location
from guardrails.repository.entry import FILE, LINK, SUBMODULE, Entry

MARK = b"\xef\xbb\xbf"


class Listed:
    """A repository whose rule number 0 selects what a shell pattern selects."""

    def __init__(self, entries: Sequence[Entry], selects: str = "*") -> None:
        self.entries = sorted(entries)
        self._selects = selects

    def matched(self, rule: int) -> Sequence[Entry]:
        assert rule == 0
        return [entry for entry in self.entries if fnmatchcase(entry.path, self._selects)]


def plain(*paths: str) -> list[Entry]:
    return [Entry(path, size=0) for path in paths]


def unread(entry: Entry) -> bytes:
    raise AssertionError(f"{entry.path} was read")


def rule(block: object, message: str = "", number: int = 0, params: Mapping[str, object] | None = None) -> Rule:
    assert list(Draft202012Validator(KIND.schema).iter_errors(block)) == []
    return Rule(number, "p/r", block, message, params or {})


def inspect(block: object, entry: Entry, data: bytes | None = None, message: str = "") -> list[Finding | Fact]:
    inspector = pickle.loads(pickle.dumps(KIND.compile([rule(block, message, params={"wanted": "that"})])))
    file = File(entry, unread if data is None else lambda _: data, {})
    return list(inspector.inspect(file, frozenset({0, 7})))


def conclude(
    block: object, entries: Sequence[Entry], selects: str = "*", facts: Sequence[Fact] = (), message: str = ""
) -> list[Finding]:
    inspector = pickle.loads(pickle.dumps(KIND.compile([rule(block, message)])))
    assert inspector.concluding == {0}
    for entry in entries if block != {"links": "resolve"} else ():
        assert list(inspector.inspect(File(entry, unread, {}), frozenset({0}))) == []
    return list(inspector.conclude(facts, Listed(entries, selects), frozenset({0})))


def places(findings: Sequence[Finding]) -> list[str]:
    return [finding.location.path for finding in findings]


# --- the block ---


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"forbid": False},
        {"forbid": True, "name": "x"},
        {"require": []},
        {"require": ["a"], "beside": "above"},
        {"in": ["b"], "forbid": True},
        {"of": "stem", "forbid": True},
        {"size": {"max": "5 megabytes"}},
        {"size": {}},
        {"encoding": "latin-1"},
        {"final-newline": "forbidden"},
        {"requires": ["a"]},
    ],
)
def test_schema_refuses(block: object) -> None:
    assert not Draft202012Validator(KIND.schema).is_valid(block)


def test_schema_describes_every_key() -> None:
    Draft202012Validator.check_schema(KIND.schema)
    assert all(shape["description"].endswith(".") for shape in KIND.schema["properties"].values())


def test_all_errors_of_all_rules_are_reported_at_their_places() -> None:
    rules = [
        Rule(0, "p/a", {"name": "(?<=x)y"}, places={("name",): Where("p.yaml", 3, 7)}),
        Rule(1, "p/b", {"require": ["ok", "[x"], "in": ["!a"]}, places={("require", 1): Where("p.yaml", 9, 5)}),
        Rule(2, "p/c", {"require": ["!x", "!y"]}),
        Rule(3, "p/d", {"require": ["a"], "in": ["b"], "beside": "folder"}),
    ]
    with pytest.raises(UserErrors) as caught:
        KIND.compile(rules)
    errors = caught.value.errors
    assert [(error.line, error.message.split(":")[0]) for error in errors] == [
        (0, "rule p/b"),
        (0, "rule p/c"),
        (0, "rule p/d"),
        (3, "rule p/a"),
        (9, "rule p/b"),
    ]
    assert "look-around" in errors[3].hint
    assert "invalid perl operator" in errors[3].message
    assert "[" in errors[4].message


def test_rules_of_one_inspector_do_not_mix() -> None:
    blocks: list[object] = [
        {"require": ["/a"]},
        {"require": ["/b"]},
        {"forbid": True},
        {"require": ["x"], "in": ["/b"]},
    ]
    inspector = KIND.compile([rule(block, number=number) for number, block in enumerate(blocks)])
    assert inspector.concluding == {0, 1, 3}
    assert inspector.fact_based == frozenset()
    listed = Listed(plain("a", "b/y"))
    assert places(list(inspector.conclude([], listed, frozenset({0, 1, 3})))) == ["b/x"]
    assert places(list(inspector.conclude([], Listed(plain("c")), frozenset({1})))) == ["b"]
    found = list(inspector.inspect(File(Entry("a"), unread, {}), frozenset({0, 1, 2, 3})))
    assert [finding.message for finding in found] == ["a does not belong in the repository"]
    assert list(inspector.inspect(File(Entry("a"), unread, {}), frozenset({0, 1}))) == []


# --- require ---


@pytest.mark.parametrize(
    ("globs", "paths", "absent"),
    [
        (["/LICENSE"], ["LICENSE"], []),
        (["/LICENSE"], ["license", "vendor/LICENSE"], ["LICENSE"]),
        (["LICENSE"], ["vendor/LICENSE"], []),
        (["/LICENSE*", "/COPYING"], ["COPYING"], []),
        (["/LICENSE*", "/COPYING"], ["README"], ["COPYING"]),
        (["/LICENSE*"], [], ["LICENSE"]),
        (["/docs/adr/*.md"], ["docs/adr/x.txt"], ["docs/adr"]),
        (["/docs/adr-*.md"], [], ["docs"]),
        (["**/CODEOWNERS"], [], ["CODEOWNERS"]),
        (["*.md"], [], ["*.md"]),
        (["/docs/"], ["docs/a/b"], []),
        (["/docs/"], ["docs"], ["docs"]),
        (["/*.md", "!/README.md"], ["README.md"], ["*.md"]),
    ],
)
def test_require_anywhere(globs: list[str], paths: list[str], absent: list[str]) -> None:
    assert places(conclude({"require": globs}, plain(*paths))) == absent


def test_an_absent_file_has_a_place_words_and_stable_evidence() -> None:
    (finding,) = conclude({"require": ["/LICENSE", "/LICENSE.*", "/COPYING", "!/LICENSE.py"]}, [])
    assert finding == Finding(
        "p/r",
        Location("LICENSE"),
        "there is no LICENSE, LICENSE.* or COPYING",
        "require /LICENSE /LICENSE.* /COPYING !/LICENSE.py",
    )
    (finding,) = conclude({"require": ["/LICENSE"]}, [], message="add {path}, that is {value}; not {other}")
    assert finding.message == "add LICENSE, that is LICENSE; not {other}"


@pytest.mark.parametrize(
    ("folders", "paths", "absent"),
    [
        (["/packages/*"], ["packages/a/README.md", "packages/b/x", "packages/b/src/y"], ["packages/b/README.md"]),
        (["/packages/*/"], ["packages/b/docs/README.md"], ["packages/b/README.md"]),
        (["packages/*"], ["x/packages/b/y"], []),
        (["charts"], ["a/charts/x", "charts/y"], ["a/charts/README.md", "charts/README.md"]),
        (["/**"], ["README.md", "a/b"], ["a/README.md"]),
        (["/*", "!/vendor"], ["vendor/x", "src/x"], ["src/README.md"]),
        (["/none"], ["some/x"], []),
    ],
)
def test_require_in_folders(folders: list[str], paths: list[str], absent: list[str]) -> None:
    assert places(conclude({"require": ["/README.md"], "in": folders}, plain(*paths))) == absent


def test_require_in_folders_takes_globs_relative_to_each() -> None:
    block = {"require": ["templates/*.txt"], "in": ["charts/*"]}
    (finding,) = conclude(block, plain("charts/a/templates/N.txt", "charts/b/templates/deep/N.txt"))
    assert finding.location.path == "charts/b/templates"
    assert finding.message == "charts/b has no templates/*.txt"


@pytest.mark.parametrize(
    ("beside", "paths", "absent"),
    [
        ("folder", ["package.json", "package-lock.json"], []),
        ("folder", ["package.json", "a/package-lock.json"], ["package-lock.json"]),
        ("folder", ["a/package.json", "package-lock.json", "yarn.lock"], ["a/package-lock.json"]),
        ("ancestors", ["a/b/package.json", "yarn.lock"], []),
        ("ancestors", ["a/b/package.json", "a/c/yarn.lock"], ["a/b/package-lock.json"]),
        ("ancestors", ["yarn.lock"], []),
    ],
)
def test_require_beside(beside: str, paths: list[str], absent: list[str]) -> None:
    block = {"require": ["package-lock.json", "yarn.lock"], "beside": beside}
    assert places(conclude(block, plain(*paths), selects="*package.json")) == absent


def test_require_beside_reports_each_folder_once_and_names_the_file() -> None:
    block = {"require": ["__init__.py"], "beside": "folder"}
    (finding,) = conclude(block, plain("p/a.py", "p/b.py"), selects="*.py")
    assert finding.message == "p/a.py has no __init__.py beside it"
    (finding,) = conclude({**block, "beside": "ancestors"}, plain("p/a.py"), message="{file} {folder} {value} {path}")
    assert finding.message == "p/a.py p __init__.py p/__init__.py"


# --- one file, unread ---


@pytest.mark.parametrize("kind", [FILE, LINK, SUBMODULE])
def test_forbid_is_for_every_kind_of_entry(kind: str) -> None:
    (finding,) = inspect({"forbid": True}, Entry("a/.DS_Store", kind))
    assert finding == Finding("p/r", Location("a/.DS_Store"), ".DS_Store does not belong in the repository", "forbid")


@pytest.mark.parametrize(
    ("of", "path", "value"),
    [
        ("name", "A/b/c.py", "c.py"),
        ("stem", "A/b/c.test.py", "c.test"),
        ("stem", "A/.env", ".env"),
        ("stem", "A/Makefile", "Makefile"),
        ("path", "A/b/c.py", "A/b/c.py"),
    ],
)
def test_name(of: str, path: str, value: str) -> None:
    (finding,) = inspect({"name": "[x]{3}", "of": of}, Entry(path))
    assert isinstance(finding, Finding)
    assert finding.message == f"'{value}' does not match [x]{{3}}"
    assert inspect({"name": value.replace(".", r"\."), "of": of}, Entry(path)) == []


def test_name_has_to_match_in_full_and_may_be_any_bytes() -> None:
    assert inspect({"name": "[a-z]+"}, Entry("ab")) == []
    assert inspect({"name": "[a-z]+|x"}, Entry("ab.c"))
    assert inspect({"name": "a|ab"}, Entry("ab")) == []
    assert inspect({"name": ".*"}, Entry("é\n\udcff"))
    assert inspect({"name": "(?s).."}, Entry("é\n")) == []


def test_folder_names_are_judged_once_each() -> None:
    block = {"name": "[a-z]+", "of": "folder"}
    findings = conclude(block, plain("src/My App/a", "src/My App/b", "src/My App/sub/c", "TOP", "x/y"))
    assert [(finding.location, finding.evidence) for finding in findings] == [(Location("src/My App"), "My App")]
    assert findings[0].message == "the folder's name 'My App' does not match [a-z]+"
    assert conclude(block, plain("A/x.md"), selects="*.py") == []


@pytest.mark.parametrize(
    ("maximum", "size", "message"),
    [
        ("5 MB", 5_000_000, ""),
        ("5 MB", 7_340_000, "the file has 7.3 MB; at most 5 MB is allowed"),
        ("1KiB", 1025, "the file has 1 KB; at most 1 KB is allowed"),
        (999, 1000, "the file has 1 KB; at most 999 bytes is allowed"),
        ("1.5 KB", 2_000_000_000, "the file has 2 GB; at most 1.5 KB is allowed"),
    ],
)
def test_size(maximum: object, size: int, message: str) -> None:
    findings = inspect({"size": {"max": maximum}}, Entry("a", size=size))
    assert [getattr(finding, "message", None) for finding in findings] == ([message] if message else [])


def test_size_is_read_only_where_the_listing_does_not_tell() -> None:
    assert inspect({"size": {"max": 3}}, Entry("a"), b"abcd")
    assert inspect({"size": {"max": 3}}, Entry("a"), b"abc") == []
    assert inspect({"size": {"max": 3}}, Entry("a", LINK, size=9)) == []
    (small,), (large,) = (inspect({"size": {"max": 3}}, Entry("a", size=size)) for size in (4, 5))
    assert isinstance(small, Finding)
    assert isinstance(large, Finding)
    assert small.evidence == large.evidence


@pytest.mark.parametrize(
    ("wanted", "executable", "data", "message"),
    [
        ("required", True, None, ""),
        ("required", False, None, "the file is not executable"),
        ("forbidden", False, None, ""),
        ("forbidden", True, None, "the file is executable"),
        ("shebang", True, b"#!/bin/sh\n", ""),
        ("shebang", True, MARK + b"#!/bin/sh\n", ""),
        ("shebang", False, b"#!/bin/sh\n", "the file begins with #! but is not executable"),
        ("shebang", True, b"", "the file is executable but does not begin with #!"),
        ("shebang", True, b"\x7fELF\0", ""),
        ("shebang", False, b"#![allow(unused)]\n", ""),
        ("shebang", False, b"text", ""),
    ],
)
def test_executable(wanted: str, executable: bool, data: bytes | None, message: str) -> None:
    findings = inspect({"executable": wanted}, Entry("x", executable=executable), data)
    assert [getattr(finding, "message", None) for finding in findings] == ([message] if message else [])
    assert inspect({"executable": wanted}, Entry("x", LINK, executable=executable)) == []


# --- symbolic links ---


@pytest.mark.parametrize(
    ("path", "target", "outside"),
    [
        ("a", "b", False),
        ("a", ".", False),
        ("d/a", "../b", False),
        ("d/a", "../d/../x//y/./z", False),
        ("a", "../a", True),
        ("d/a", "../../x", True),
        ("d/a", "b/../../../x", True),
        ("a", "/etc/passwd", True),
        ("a", "/", True),
    ],
)
def test_links_inside(path: str, target: str, outside: bool) -> None:
    findings = inspect({"links": "inside"}, Entry(path, LINK), target.encode())
    expected = Finding("p/r", Location(path), f"the link points to {target}, outside the repository", evidence=target)
    assert findings == ([expected] if outside else [])


def test_links_forbid() -> None:
    (finding,) = inspect({"links": "forbid"}, Entry("a", LINK), b"b\xff")
    assert isinstance(finding, Finding)
    assert finding.message == "this is a symbolic link to b\udcff; links are not allowed"
    assert inspect({"links": "forbid"}, Entry("a")) == []


def resolve(links: Mapping[str, str], *others: Entry) -> list[str]:
    inspector = KIND.compile([rule({"links": "resolve"})])
    assert inspector.concluding == inspector.fact_based == {0}
    entries = [*others, *(Entry(path, LINK) for path in links)]
    facts = [
        fact
        for entry in entries
        for fact in inspector.inspect(File(entry, lambda entry: links[entry.path].encode(), {}), frozenset({0}))
    ]
    return places(conclude({"links": "resolve"}, entries, facts=[fact for fact in facts if isinstance(fact, Fact)]))


@pytest.mark.parametrize(
    ("links", "dangling"),
    [
        ({"a": "file"}, []),
        ({"a": "folder"}, []),
        ({"a": "folder/"}, []),
        ({"a": "fold"}, ["a"]),
        ({"a": "."}, []),
        ({"a": "file/x"}, ["a"]),
        ({"a": "none"}, ["a"]),
        ({"folder/a": "../file"}, []),
        ({"folder/a": "../../file"}, ["folder/a"]),
        ({"a": "/file"}, ["a"]),
        ({"a": "module/inner/x"}, []),
        ({"a": "b", "b": "file"}, []),
        ({"a": "b/deep/leaf", "b": "folder"}, []),
        ({"a": "b/none", "b": "folder"}, ["a"]),
        ({"a": "b", "b": "a", "c": "c"}, ["a", "b", "c"]),
        ({"x/a": "b/../deep/leaf", "x/b": "../folder/deep"}, []),
        ({"a": "b" * 5000}, ["a"]),
        ({"a": "./" * 4000 + "file"}, ["a"]),
        ({"a": "./" * 2040 + "file"}, []),
        ({"a": "./" * 2040 + "b", "b": "./" * 2040 + "c", "c": "./" * 2040 + "file"}, ["a"]),
    ],
)
def test_links_resolve(links: dict[str, str], dangling: list[str]) -> None:
    assert resolve(links, *plain("file", "folder/deep/leaf", "folder!"), Entry("module", SUBMODULE)) == dangling


def test_links_resolve_through_forty_links_and_no_more() -> None:
    chain = {f"link{number:02}": f"link{number + 1:02}" for number in range(41)}
    assert resolve(chain, *plain("link41")) == ["link00"]


def test_facts_of_another_rule_do_not_count() -> None:
    assert conclude({"links": "resolve"}, [Entry("a", LINK)], facts=[Fact(1, "a", "none")]) == []


def test_a_link_through_one_that_the_rule_does_not_select_is_believed() -> None:
    assert conclude({"links": "resolve"}, [Entry("a", LINK), Entry("b", LINK)], facts=[Fact(0, "a", "b/x")]) == []


# --- collisions ---


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a/b", "a/c", "b"], []),
        (["README", "readme"], [("readme", "README")]),
        (["A/x", "A/y", "a/x", "a/z"], [("a", "A")]),
        (["A/x", "b/a/x"], []),
        (["caf\u00e9", "cafe\u0301"], [("caf\u00e9", "cafe\u0301")]),
        (["a-/x", "a/b", "a/B", "a0"], [("a/b", "a/B")]),
        (["stra\u00dfe", "strasse"], []),
        (["Makefile", "makefile/x"], [("makefile", "Makefile")]),
    ],
)
def test_collisions(paths: list[str], expected: list[tuple[str, str]]) -> None:
    findings = conclude({"collisions": "forbid"}, plain(*paths))
    assert [(finding.location.path, finding.evidence) for finding in findings] == expected


# --- text ---


@pytest.mark.parametrize(
    ("block", "data", "line", "message"),
    [
        ({"encoding": "utf-8"}, MARK + "é\n".encode(), None, ""),
        ({"encoding": "utf-8"}, b"ok\nna\xefve\n", 2, "the file is not UTF-8: the byte 0xef is out of place"),
        ({"encoding": "utf-8"}, "\ufeffx".encode("utf-16-le"), 1, "the file is encoded as UTF-16-LE, not UTF-8"),
        ({"encoding": "utf-8"}, b"\0\xff", None, ""),
        ({"encoding": "utf-8"}, b"", None, ""),
        ({"byte-order-mark": "forbid"}, b"x", None, ""),
        ({"byte-order-mark": "forbid"}, MARK + b"x", 1, "the file starts with a byte order mark"),
        ({"byte-order-mark": "forbid"}, MARK + b"\0", None, ""),
        ({"byte-order-mark": "require"}, MARK + b"x", None, ""),
        ({"byte-order-mark": "require"}, b"x", 1, "the file does not start with a byte order mark"),
        ({"line-endings": "lf"}, b"a\nb\n", None, ""),
        ({"line-endings": "lf"}, b"a\nb\r\n", 2, "the line ends with CRLF, not LF"),
        ({"line-endings": "crlf"}, b"a\r\nb\nc", 2, "the line ends with LF, not CRLF"),
        ({"line-endings": "crlf"}, b"\n", 1, "the line ends with LF, not CRLF"),
        ({"line-endings": "crlf"}, b"a\r\n", None, ""),
        ({"line-endings": "consistent"}, b"a\r\nb\r\n", None, ""),
        ({"line-endings": "consistent"}, b"a\nb", None, ""),
        ({"line-endings": "consistent"}, b"a\r\nb\r\nc\n", 3, "the line ends with LF, not CRLF"),
        ({"line-endings": "consistent"}, b"a\nb\r\n", 2, "the line ends with CRLF, not LF"),
        ({"line-endings": "consistent"}, b"a\r\n\0\n", None, ""),
        ({"line-endings": "lf"}, "\ufeffa\r\n".encode("utf-16-be"), 1, "the line ends with CRLF, not LF"),
        ({"final-newline": "required"}, b"", None, ""),
        ({"final-newline": "required"}, MARK, None, ""),
        ({"final-newline": "required"}, b"a\nb\n", None, ""),
        ({"final-newline": "required"}, b"a\nb", 2, "the last line has no line end"),
        ({"final-newline": "required"}, b"a\0b", None, ""),
    ],
)
def test_text(block: dict[str, str], data: bytes, line: int | None, message: str) -> None:
    findings = inspect(block, Entry("x", size=len(data)), data)
    assert [(finding.location.line, finding.message) for finding in findings if isinstance(finding, Finding)] == (
        [] if line is None else [(line, message)]
    )
    assert inspect(block, Entry("x", LINK), data) == []
    assert inspect(block, Entry("x", SUBMODULE)) == []


def test_messages_take_the_fields_of_the_rule() -> None:
    (finding,) = inspect({"forbid": True}, Entry("d/x"), message="{path} {value} {params.wanted} {unknown}: {reason}")
    assert isinstance(finding, Finding)
    assert finding.message == "d/x x that {unknown}: x does not belong in the repository"


@given(st.binary(max_size=40), st.sampled_from(["lf", "crlf", "consistent"]))
def test_line_endings_name_a_line_that_ends_so(data: bytes, wanted: str) -> None:
    for finding in inspect({"line-endings": wanted}, Entry("x"), data):
        assert isinstance(finding, Finding)
        line = File(Entry("x"), lambda _: data, {}).utf8.split(b"\n")[finding.location.line - 1]
        assert line.endswith(b"\r") == ("ends with CRLF" in finding.message)


_names = st.lists(st.sampled_from(["a", "A", "b", "É"]), min_size=1, max_size=4).map("/".join)
_parts = st.lists(st.sampled_from(["a", "b", "link", "leaf", "..", "."]), min_size=1, max_size=6).map("/".join)


@settings(deadline=None)
@given(
    st.dictionaries(_names.map("{}/link".format), st.one_of(_parts, st.just("/")), max_size=6),
    st.sets(_names.map("{}/leaf".format), max_size=6),
)
def test_links_resolve_as_the_operating_system_does(links: dict[str, str], files: set[str]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for path in [*links, *files]:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
        for path in files:
            (root / path).touch()
        for path, target in links.items():
            (root / path).symlink_to(target)
        dangling = []
        for path in sorted(links):
            try:
                (root / path).stat()  # unlike resolve(), the system knows that a file has no ".."
                inside = (root / path).resolve(strict=True).is_relative_to(root)
            except (OSError, RuntimeError):  # RuntimeError tells of a loop, before Python 3.13.
                inside = False
            dangling += [] if inside else [path]
    assert resolve(links, *plain(*files)) == dangling


@given(st.sets(_names.map("{}/leaf".format), max_size=8))
def test_collisions_are_those_of_the_lower_case_paths(paths: set[str]) -> None:
    found = places(conclude({"collisions": "forbid"}, plain(*paths)))
    everything = {"/".join(path.split("/")[:depth]) for path in paths for depth in range(1, 9)}
    assert len(found) == len(set(found))
    assert bool(found) == (len({path.lower() for path in everything}) < len(everything))
