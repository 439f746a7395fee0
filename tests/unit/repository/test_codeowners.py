import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.errors import RepositoryError
from guardrails.repository import codeowners
from guardrails.repository.codeowners import LARGEST, parse
from guardrails.repository.entry import LINK, Entry
from guardrails.repository.memory import Content, MemorySnapshot


def snapshot(files: dict[str, bytes], kind: str = "file") -> MemorySnapshot:
    return MemorySnapshot({path: Content(Entry(path, kind, size=len(data)), data) for path, data in files.items()})


GITHUB = """\
# what nothing else matches
*       @org/all @second
*.js    @js-owner #inline
*.go docs@example.com
*.txt @org/writers
/build/logs/ @logs
docs/* docs@example.com
apps/ @apps
/scripts/ @one @two
**/journal @journal
/apps/ @top
/apps/github
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ["@org/all", "@second"]),
        ("a/b/c", ["@org/all", "@second"]),
        ("x.js", ["@js-owner"]),
        ("deep/er/x.js", ["@js-owner"]),
        ("x.jsx", ["@org/all", "@second"]),
        ("main.go", ["docs@example.com"]),
        ("a.txt", ["@org/writers"]),
        ("build/logs/x/y.txt", ["@logs"]),
        ("other/build/logs/x", ["@org/all", "@second"]),
        ("docs/start.md", ["docs@example.com"]),
        ("docs/build-app/trouble.md", ["@org/all", "@second"]),
        ("sub/docs/start.md", ["@org/all", "@second"]),
        ("sub/apps/x", ["@apps"]),
        ("sub/apps", ["@org/all", "@second"]),
        ("scripts/a/b", ["@one", "@two"]),
        ("journal/x", ["@journal"]),
        ("build/journal/x", ["@journal"]),
        ("deeply/nested/journal", ["@journal"]),
        ("apps/x.js", ["@top"]),
        ("apps/github", []),
        ("apps/github/x", []),
    ],
)
def test_github(path: str, owners: list[str]) -> None:
    assert parse(GITHUB, "CODEOWNERS").of(path) == tuple(owners)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("/*", ["a", "CODEOWNERS"], ["a/b"]),
        ("**/docs/*", ["docs/x", "docs/docs/x", "a/docs/x"], ["docs/a/x", "x"]),
        ("/docs/**", ["docs/x", "docs/a/x"], ["docs", "a/docs/x"]),
        ("/docs", ["docs", "docs/x/y"], ["a/docs", "docsx"]),
        ("docs", ["docs/x", "a/docs/x", "a/docs"], ["docs.md"]),
        ("a/b", ["a/b", "a/b/c"], ["x/a/b"]),
        ("src/**/x.py", ["src/x.py", "src/a/b/x.py"], ["x.py", "src/x.pyc"]),
        ("with\\ space.md", ["with space.md", "a/with space.md"], ["with", "space.md"]),
        ("*.MD", ["x.MD"], ["x.md"]),
        ("caf\u00e9/", ["caf\u00e9/x"], ["cafe/x"]),
        ("?.c", ["x.c", "a/\u00e9.c"], ["xx.c", "/.c"]),
        ("!x", [], ["x", "!x"]),
        ("[ab].c", [], ["a.c", "[ab].c"]),
        ("a//b", [], ["a/b"]),
        ("x\\", [], ["x", "x\\"]),
    ],
)
def test_patterns_of_github(pattern: str, matching: list[str], other: list[str]) -> None:
    owners = parse(f"# the file\n{pattern} @me\n", ".github/CODEOWNERS")
    assert [path for path in matching + other if owners.of(path)] == matching


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("README.md", ["README.md", "internal/README.md"], ["README.md/x", "xREADME.md"]),
        ("internal/README.md", ["internal/README.md", "docs/internal/README.md"], ["README.md"]),
        ("/README.md", ["README.md"], ["a/README.md"]),
        ("/docs/", ["docs/x", "docs/a/b"], ["docs", "a/docs/x"]),
        ("docs/", ["docs/x", "a/docs/b/c"], ["docs"]),
        ("/docs", ["docs"], ["docs/x"]),
        ("/docs/*", ["docs/x.md"], ["docs/a/x.md"]),
        ("/docs/*.md", ["docs/x.md"], ["docs/a/x.md", "docs/x.txt"]),
        ("/docs/**/*.md", ["docs/x.md", "docs/a/b/x.md"], ["x.md"]),
        ("docs/index.*", ["docs/index.md", "api/docs/index.html"], ["docs/a/index.md"]),
        ("*", ["x", "a/b/c"], []),
        ("*.rb", ["x.rb", "a/b/x.rb"], ["x.rbs", "x.rb/y"]),
        ("with\\ space/x", ["with space/x"], ["with", "x"]),
    ],
)
def test_patterns_of_gitlab(pattern: str, matching: list[str], other: list[str]) -> None:
    for text, path in ((f"{pattern} @me\n", ".gitlab/CODEOWNERS"), (f"[Part]\n{pattern} @me\n", "CODEOWNERS")):
        owners = parse(text, path)
        assert [name for name in matching + other if owners.of(name)] == matching


SECTIONS = """\
* @all
[Documentation] @docs
docs/
README.md @readme
^[Database][2]
model/db/ @dba @all
docs/db.md @dba
[DOCUMENTATION]
docs/special.md @special
[Ruby] @ruby
*.rb
!/config/*.rb
/config/extra.rb @late
[Ranges]
/[ab].c @c
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("x", ["@all"]),
        ("docs/x", ["@all", "@docs"]),
        ("README.md", ["@all", "@readme"]),
        ("docs/README.md", ["@all", "@readme"]),
        ("docs/db.md", ["@all", "@docs", "@dba"]),
        ("docs/special.md", ["@all", "@special"]),
        ("model/db/x", ["@all", "@dba"]),
        ("lib/x.rb", ["@all", "@ruby"]),
        ("config/x.rb", ["@all"]),
        ("config/extra.rb", ["@all"]),
        ("b.c", ["@all", "@c"]),
        ("c.c", ["@all"]),
    ],
)
def test_each_section_of_gitlab_has_a_say(path: str, owners: list[str]) -> None:
    assert set(parse(SECTIONS, "docs/CODEOWNERS").of(path)) == set(owners)
    assert len(parse(SECTIONS, "docs/CODEOWNERS").of(path)) == len(owners)


def test_first_place_counts() -> None:
    files = {path: f"* @{number}\n".encode() for number, path in enumerate(codeowners.PLACES)}
    for number, path in enumerate(codeowners.PLACES):
        found = codeowners.owners(snapshot(files))
        assert (found.path, found.of("x")) == (path, (f"@{number}",))
        del files[path]
    assert codeowners.owners(snapshot(files)).path == ""
    assert codeowners.owners(snapshot({"sub/CODEOWNERS": b"* @x\n"})).of("x") == ()


def test_rules_are_told() -> None:
    found = codeowners.owners(snapshot({"CODEOWNERS": b"\xef\xbb\xbf* @a b@c.d\nnobody\n"}))
    assert found.rules == (codeowners.Rule("*", ("@a", "b@c.d")), codeowners.Rule("nobody", ()))


def test_what_hosts_do_not_heed() -> None:
    assert codeowners.owners(snapshot({"CODEOWNERS": b"../x"}, LINK)).path == ""
    filler = b"#" * LARGEST
    assert codeowners.owners(snapshot({"CODEOWNERS": b"* @x\n" + filler})).of("x") == ()
    assert codeowners.owners(snapshot({"CODEOWNERS": (b"* @x\n" + filler)[:LARGEST]})).of("x") == ("@x",)


def test_odd_bytes() -> None:
    found = codeowners.owners(snapshot({"CODEOWNERS": b"caf\xe9 @x\n\xff\0\n"}))
    assert found.of("caf\udce9") == ("@x",)
    assert found.of("cafe") == ()


def test_too_many_patterns_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("too many")

    monkeypatch.setattr("guardrails.matching.GlobSet._compile", refuse)
    with pytest.raises(RepositoryError, match="CODEOWNERS: its patterns cannot be matched: too many"):
        parse("* @x\n", "CODEOWNERS").of("x")


@given(
    st.text(alphabet="ab*/?[]!\\# @\n^.\u00e9", max_size=60), st.text(alphabet="ab/.\u00e9", min_size=1, max_size=12)
)
def test_no_file_is_refused(text: str, path: str) -> None:
    for place in ("CODEOWNERS", ".gitlab/CODEOWNERS"):
        found = parse(text, place)
        owners = {owner for rule in found.rules for owner in rule.owners}
        assert set(found.of(path)) <= owners
