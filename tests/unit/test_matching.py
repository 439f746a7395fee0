"""Globs agree with git, sets of patterns with each pattern alone."""

import os
import pickle
import subprocess
import time

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails import matching
from guardrails.matching import GlobSet, PatternError, Regex, RegexSet


def matches(globs: list[str], path: str) -> bool:
    return GlobSet.compile([globs]).match(path) == {0}


AS_GIT = [
    (["a"], "a", True),
    (["a"], "x/a", True),
    (["a"], "a/b/c", True),
    (["a"], "ab", False),
    (["/a"], "a/b", True),
    (["/a"], "x/a", False),
    (["a/"], "a", False),
    (["a/"], "x/a/b", True),
    (["a/b"], "a/b/c", True),
    (["a/b"], "x/a/b", False),
    (["a/b/"], "a/b", False),
    (["a/b/"], "a/b/c", True),
    (["*.py"], "x/y.py", True),
    (["*.py"], "x.py/y", True),
    (["*.py"], "y.pyc", False),
    (["/*.py"], "x/y.py", False),
    (["*"], "a/b", True),
    (["*/"], "a", False),
    (["*/"], "a/b", True),
    (["a/*"], "a/b/c", True),
    (["a/*"], "a", False),
    (["a/*/c"], "a/b/c", True),
    (["a/*/c"], "a/b/b/c", False),
    (["**"], "a/b", True),
    (["**/"], "a", False),
    (["**/a"], "x/y/a", True),
    (["**/a/b"], "a/b", True),
    (["**/a/b"], "x/a/b", True),
    (["**/*foo/bar"], "x/afoo/bar/z", True),
    (["a/**"], "a", False),
    (["a/**"], "a/b/c", True),
    (["a/**/"], "a/b", False),
    (["a/**/"], "a/b/c", True),
    (["a/**/b"], "a/b", True),
    (["a/**/b"], "a/x/y/b", True),
    (["a/**/b"], "ax/b", False),
    (["x/**/**/y"], "x/y", True),
    (["a/***/b"], "a/x/y/b", True),
    (["a**b"], "a/b", False),
    (["a**b"], "axb", True),
    (["x/**b"], "x/y/b", False),
    (["a?c"], "abc", True),
    (["a?c"], "a/c", False),
    (["[a-c]x"], "bx", True),
    (["[a-c]x"], "dx", False),
    (["[!a-c]x"], "dx", True),
    (["[^a-c]x"], "bx", False),
    (["a[!b]c"], "a/c", False),
    (["a[+-9]c"], "a/c", False),
    (["a[+-9]c"], "a0c", True),
    (["[]a]"], "]", True),
    (["[!]a]"], "]", False),
    (["[]-a]"], "^", True),
    (["[a-]"], "-", True),
    (["[a-c-e]"], "d", False),
    ([r"[\]]"], "]", True),
    ([r"[\d]"], "d", True),
    (["[[]"], "[", True),
    (["x[[:alpha:]_]"], "xq", True),
    (["x[[:alpha:]_]"], "x1", False),
    (["x[![:digit:]]"], "x1", False),
    (["x[[:punct:]]y"], "x/y", False),
    (["x[[:punct:]]y"], "x-y", True),
    ([r"\*"], "*", True),
    ([r"\*"], "a", False),
    ([r"\!a"], "!a", True),
    ([r"\#a"], "#a", True),
    ([r"a\ "], "a ", True),
    (["a  "], "a", True),
    ([" a"], " a", True),
    (["{a,b}"], "a", False),
    (["a.b"], "axb", False),
    (["a+(b|c)"], "a+(b|c)", True),
    (["A"], "a", False),
    (["ä*"], "x/äé", True),
    (["a*c"], "a\nb\nc", True),
    (["a/**/c"], "a/x\ny/c", True),
    (["*.py"], "caf\udce9.py", True),
    (["caf\udce9.*"], "x/caf\udce9.py", True),
    (["caf*"], "caf\udce9.py", True),
    (["*", "!*.py"], "x.py", False),
    (["*", "!*.py", "x.*"], "x.py", True),
    (["a/*", "!a/b"], "a/b/c", False),
    (["a/*", "!a/b"], "a/c", True),
    (["!a", "a"], "a", True),
    (["!a"], "a", False),
]
OUR_OWN = [
    (["a/", "!a/b"], "a/b", False),
    (["a", "!b"], "a/b", False),
    (["*.py", "!tests/"], "tests/a.py", False),
    (["*.py", "!tests/"], "a.py", True),
    (["?.txt"], "é.txt", True),
    (["??.txt"], "é.txt", False),
    (["?.txt"], "\udce9.txt", True),
    (["[!a].txt"], "é.txt", True),
    ([], "a", False),
]


@pytest.mark.parametrize(("globs", "path", "expected"), AS_GIT + OUR_OWN)
def test_globs(globs: list[str], path: str, expected: bool) -> None:
    assert matches(globs, path) is expected


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("ignore")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*arguments: str, given: bytes = b"") -> bytes:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, input=given, env=environment, capture_output=True, check=False).stdout

    git("init", "--quiet")
    return folder, git


@pytest.mark.parametrize(("globs", "path", "expected"), AS_GIT)
def test_git_agrees(repository, globs: list[str], path: str, expected: bool) -> None:
    folder, git = repository
    (folder / ".gitignore").write_bytes("".join(f"{glob}\n" for glob in globs).encode("utf-8", "surrogateescape"))
    ignored = git("check-ignore", "--no-index", "-z", "--stdin", given=path.encode("utf-8", "surrogateescape") + b"\0")
    assert bool(ignored) is expected


segments = st.one_of(
    st.lists(st.sampled_from(["a", "b", ".", "é", "*", "?", "[ab]", r"\*", r"\a"]), min_size=1, max_size=4)
    .map("".join)
    .filter(lambda segment: segment not in {".", ".."} and "**" not in segment),
    st.just("**"),
)
globs = (
    st.tuples(
        st.sampled_from(["", "/"]), st.lists(segments, min_size=1, max_size=4).map("/".join), st.sampled_from(["", "/"])
    )
    .map("".join)
    .filter(lambda glob: not glob.endswith("**/"))  # where pathspec does not agree with git
)
paths = st.lists(
    st.text("ab.é*", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4
).map("/".join)


@given(globs, paths)
def test_a_glob_agrees_with_pathspec(glob: str, path: str) -> None:
    assert matches([glob], path) is pathspec.GitIgnoreSpec.from_lines([glob]).match_file(path)


@given(st.lists(st.lists(st.tuples(st.booleans(), globs), max_size=4), max_size=5), st.lists(paths, max_size=5))
def test_lists_do_not_disturb_each_other_and_the_last_match_decides(lists, paths: list[str]) -> None:
    globset = GlobSet.compile([["!" * negated + glob for negated, glob in globs] for globs in lists])
    for path in paths:
        expected = set()
        for number, globs in enumerate(lists):
            verdicts = [not negated for negated, glob in globs if matches([glob], path)]
            if verdicts and verdicts[-1]:
                expected.add(number)
        assert globset.match(path) == expected


@pytest.mark.parametrize(
    ("glob", "message"),
    [
        ("", "never match"),
        ("/", "never match"),
        ("!", "never match"),
        ("   ", "never match"),
        ("a//b", "never match"),
        ("./a", "never match"),
        ("a/../b", "never match"),
        ("#a", r"write \\#"),
        ("a[", r"a \[ without its \]; write \\\["),
        ("[!]", r"a \[ without its \]"),
        ("[]", r"a \[ without its \]"),
        ("a\\", r"a backslash at the end; write \\\\"),
        ("[z-a]", "the range z-a is empty"),
        ("[é]", "only ASCII"),
        ("[[:foo:]]", r"no character class \[:foo:\]; there are alnum, "),
    ],
)
def test_globs_that_are_wrong(glob: str, message: str) -> None:
    with pytest.raises(PatternError, match=message) as caught:
        GlobSet.compile([["a"], ["b", glob]])
    assert caught.value.number == 1
    assert repr(glob) in str(caught.value)


@given(st.text(), st.text(min_size=1))
def test_any_text_is_a_glob_or_an_error(glob: str, path: str) -> None:
    try:
        globset = GlobSet.compile([[glob]])
    except PatternError:
        return
    assert globset.match(path.encode("utf-8", "replace").decode()) <= {0}


def test_too_many_globs_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MEMORY", 1000)
    monkeypatch.setattr(matching, "_MEMORY_PER_BYTE", 0)
    with pytest.raises(PatternError, match="too many") as caught:
        GlobSet.compile([["a"], ["abcdefghijklmnop" * 8]])
    assert caught.value.number == 1


def test_a_glob_set_pickles() -> None:
    globset = GlobSet.compile([["*.py", "!b.py"], ["b.*"]])
    assert globset.match("b.py") == {1}
    again = pickle.loads(pickle.dumps(globset))
    assert [again.match(path) for path in ("a.py", "b.py", "c")] == [{0}, {1}, set()]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MAX_ANSWERS", 3)
    globset = GlobSet.compile([[f"*{letter}*"] for letter in "abcdef"])
    for number in range(64):
        path = "x" + "".join(letter for bit, letter in enumerate("abcdef") if number >> bit & 1)
        assert len(globset.match(path)) == number.bit_count()
        assert len(globset._answers) <= 3


def test_hostile_globs_and_paths_take_linear_time() -> None:
    globset = GlobSet.compile([["*a*" * 40 + "b", "**/a/" * 40 + "b", "[!b]*?" * 40 + "b"]])
    start = time.process_time()
    globset.match("a" * 4000)
    globset.match("a/" * 2000)
    assert time.process_time() - start < 1


def test_a_pattern_error_pickles() -> None:
    error = pickle.loads(pickle.dumps(PatternError(3, "no")))
    assert (error.number, error.message, str(error)) == (3, "no", "no")


REGEXES = [
    Regex(pattern, ignore_case)
    for pattern in (
        "a",
        "ab+c",
        "^a$",
        r"^\s*$",
        r"\Aa",
        r"b\z",
        r"\n^\z",
        "[^a]b",
        "a.*b",
        "(?s)a.*b",
        "é",
        r"\pL+x",
        r"\bk\b",
        r"\S{3}",
        "s|x",
        "(?i)straße",
        r"\x{212a}",
        "",
        "x*",
        "a{3,5}",
        r"\C",
        "(?U)a+b",
    )
    for ignore_case in (False, True)
]


def test_regexes_match_at_lines_and_may_ignore_case() -> None:
    assert Regex("^b$", ignore_case=True).compile().search(b"a\nB\n").span() == (2, 3)
    assert Regex("^b$").compile().search(b"a\nB\n") is None


@given(st.lists(st.sampled_from(REGEXES), unique=True), st.text("abckKsSéÉßẞ\u212a\u017fx \t\v\r\n", max_size=20))
def test_no_regex_that_occurs_is_missed(regexes: list[Regex], text: str) -> None:
    regexset = RegexSet.compile(regexes)
    data = text.encode()
    candidates = regexset.stretches(data)
    for number, regex in enumerate(regexes):
        found = regex.compile().search(data)
        assert found is None or number in candidates
        again = regexset[number].search(data)
        assert (found and found.span()) == (again and again.span())


def test_few_regexes_that_do_not_occur_are_candidates() -> None:
    regexset = RegexSet.compile([Regex("needle_[0-9]+"), Regex("THREAD", ignore_case=True), Regex(r"\bother\b")])
    assert list(regexset.stretches(b"a haystack with a thread in it")) == [1]


def test_only_the_parts_that_are_asked_for_are_looked_at() -> None:
    regexset = RegexSet.compile(map(Regex, ("some", "thing", "[a-z]+", "some")), (1, 0, 1, 2))
    assert sorted(regexset.stretches(b"something")) == [0, 1, 2, 3]
    assert sorted(regexset.stretches(b"something", [1])) == [0, 2]
    assert sorted(regexset.stretches(b"something", [0, 2])) == [1, 3]
    assert list(regexset.stretches(b"something", [])) == []


def test_a_regex_set_pickles() -> None:
    regexset = RegexSet.compile(Regex(pattern) for pattern in ("alpha", "beta"))
    assert list(regexset.stretches(b"beta")) == [1]
    again = pickle.loads(pickle.dumps(regexset))
    assert list(again.stretches(b"beta")) == [1]
    assert again[1].search(b"a beta").span() == (2, 6)


def test_more_fragments_than_fit_together_are_each_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MEMORY", 40_000)
    words = [f"{number:04}qzjxkqzjxk" for number in range(500)]
    regexset = pickle.loads(pickle.dumps(RegexSet.compile(map(Regex, words))))
    assert set(regexset.stretches(b"")) == set(range(500))
    assert regexset[123].search(words[123].encode()) is not None


def test_a_regex_is_compiled_when_a_text_has_fragments_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    regexset = RegexSet.compile([Regex("one thing"), Regex("(another)"), Regex("[a-z]+")])
    compiled = []
    monkeypatch.setattr(matching, "_compiled", compiled.append)
    for number in regexset.stretches(b"some other thing, or another"):
        regexset[number]
    assert sorted(compiled) == ["(?m)(another)", "(?m)[a-z]+"]


def test_after_some_text_fragments_are_looked_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    regexset = pickle.loads(pickle.dumps(RegexSet.compile([Regex("one_[a-z]"), Regex("other_[0-9]")])))
    monkeypatch.setattr(matching, "_compiled", lambda source: pytest.fail(f"{source} is looked for alone"))
    regexset.stretches(b"nothing")
    with pytest.raises(pytest.fail.Exception, match="alone"):
        regexset.stretches(b"one_")
    assert not regexset.stretches(b"one_" + b" " * matching._FEW)
    assert list(regexset.stretches(b"other_1, not one_")) == [1]


def test_hundreds_of_regexes_stay_small_and_start_at_once() -> None:
    regexset = RegexSet.compile(Regex(rf"\bword{number:03}_[A-Za-z0-9]{{40}}\b") for number in range(400))
    pickled = pickle.dumps(regexset)
    assert len(pickled) < 40_000
    again = pickle.loads(pickled)
    start = time.process_time()
    assert set(again.stretches(b"some word123_ of these " * 100)) == {123}
    assert time.process_time() - start < 0.1


def test_hostile_fragments_take_bounded_time() -> None:
    regexset = RegexSet.compile(Regex("a" * length + "b", ignore_case=True) for length in range(1, 400))
    start = time.process_time()
    regexset.stretches(b"a" * 1_000_000)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(?=a)", r"\(\?="), ("a)", r"unexpected \): a\)"), ("[", "missing ]")],
)
def test_regexes_that_are_wrong(pattern: str, reason: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=reason):
        Regex(pattern).compile()
    assert capfd.readouterr() == ("", "")
