"""The kind ``commit``: each test with what it finds, and in which words."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.checks.base import File, Rule, Where
from guardrails.checks.commit import KIND
from guardrails.errors import UserErrors
from guardrails.findings import Finding, Location
from guardrails.repository.change import Change, Commit
from guardrails.repository.entry import Entry
from guardrails.repository.memory import MemorySnapshot

EMPTY = MemorySnapshot({})


class Changed:
    """A repository of which only the change is asked."""

    date = "2026-01-15"
    entries: Sequence[Entry] = ()

    def __init__(self, change: Change | None) -> None:
        self.change = change

    def matched(self, rule: int) -> Sequence[Entry]:
        raise AssertionError("commits are of no path")


def commit(message: str, **fields: object) -> Commit:
    return Commit("0123456789abcdef", "Ann", "ann@example.org", message)._replace(**fields)


def rule(block: object, message: str = "", number: int = 0, params: Mapping[str, object] | None = None) -> Rule:
    return Rule(number, "p/r", block, message, params or {}, places={(): Where("p.yaml", 3, 5)})


def judge(block: object, *commits: Commit, branch: str = "", message: str = "") -> list[Finding]:
    assert list(Draft202012Validator(KIND.schema).iter_errors(block)) == []
    inspector = pickle.loads(pickle.dumps(KIND.compile([rule(block, message, params={"wanted": "that"})])))
    assert inspector.concluding == inspector.change_based == {0}
    assert inspector.fact_based == frozenset()
    change = Change(EMPTY, EMPTY, (), commits, branch)
    return list(inspector.conclude((), Changed(change), frozenset({0, 7})))


def words(findings: Sequence[Finding]) -> list[str]:
    return [finding.message for finding in findings]


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"merges": True},
        {"subject": ""},
        {"subject": "x", "message": "x"},
        {"subject-length": 72},
        {"subject-length": {"max": 0}},
        {"trailer": {}},
        {"trailer": {"name": "Signed off"}},
        {"trailer": {"name": "A", "from": "x"}},
        {"branch": "x", "more": 1},
        {"subject": "x", "merges": "yes"},
    ],
)
def test_blocks_that_are_none(block: object) -> None:
    assert list(Draft202012Validator(KIND.schema).iter_errors(block))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(KIND.schema)


def test_all_patterns_that_are_none_are_told_at_once() -> None:
    places = {
        (): Where("p.yaml", 3, 5),
        ("subject",): Where("p.yaml", 4, 7),
        ("trailer", "value"): Where("p.yaml", 9, 2),
    }
    blocks = [
        {"subject": "("},
        {"message": "(?=x)"},
        {"forbid": r"(x)\1"},
        {"author": "["},
        {"branch": "*"},
        {"trailer": {"name": "A", "value": "a{2"}},
        {"trailer": {"name": "A", "value": "("}},
    ]
    with pytest.raises(UserErrors) as caught:
        KIND.compile([rule(block, number=number)._replace(places=places) for number, block in enumerate(blocks)])
    errors = caught.value.errors
    assert [(error.line, error.column) for error in errors] == [(3, 5)] * 4 + [(4, 7), (9, 2)]
    assert errors[4].message == "rule p/r: '(' is not a valid regular expression: missing ): ("
    assert "RE2" in errors[4].hint


def test_nothing_is_judged_without_a_change_or_in_files() -> None:
    inspector = KIND.compile([rule({"subject": "^x"}), rule({"branch": "^x"}, number=1)])
    assert list(inspector.conclude((), Changed(None), frozenset({0, 1}))) == []
    assert list(inspector.inspect(File(Entry("a"), lambda _: b"", {}), frozenset({0, 1}))) == []


def test_only_rules_that_are_asked_for_are_judged() -> None:
    inspector = KIND.compile([rule({"subject": "^x"}), rule({"subject": "^y"}, number=1)])
    change = Change(EMPTY, EMPTY, (), (commit("Add"),))
    (finding,) = inspector.conclude((), Changed(change), frozenset({1}))
    assert finding.message == '0123456789 "Add": the subject does not match ^y'


def test_a_finding_names_its_commit_and_no_file() -> None:
    findings = judge({"subject": "^fix: "}, commit("Add x\nand y\n\nfix: z"), commit("fix: z"))
    about = '0123456789 "Add x and y"'
    assert findings == [Finding("p/r", Location(""), f"{about}: the subject does not match ^fix: ", evidence=about)]


def test_a_commit_to_be_made_has_no_id_and_a_long_subject_is_cut() -> None:
    (finding,) = judge({"subject": "^fix: "}, commit("x" * 73, id=""))
    assert finding.evidence == '"' + "x" * 69 + '..."'
    (finding,) = judge({"subject": "^fix: "}, commit("x" * 72, id=""))
    assert finding.evidence == '"' + "x" * 72 + '"'


def test_the_words_of_the_rule_stand_behind_the_commit() -> None:
    template = "{author} {email} {value} {limit} {params.wanted} {none}; {reason}"
    (finding,) = judge({"author": "@x$"}, commit("Add"), message=template)
    assert finding.message == (
        '0123456789 "Add": Ann ann@example.org ann@example.org @x$ that {none}; '
        "the author's address 'ann@example.org' does not match @x$"
    )


@pytest.mark.parametrize(
    ("block", "message", "expected"),
    [
        ({"subject": "x$"}, "Add x", ""),
        ({"subject": "^A"}, "Add x", ""),
        ({"subject": "y"}, "Add x\n\ny", "the subject does not match y"),
        ({"message": "y"}, "Add x\n\ny", ""),
        ({"message": "^y"}, "Add x\n\ny", "the message does not match ^y"),
        ({"message": "(?m)^y"}, "Add x\n\ny", ""),
        ({"forbid": "^[Ww]ip"}, "Add wip", ""),
        ({"forbid": "^[Ww]ip"}, "wip", "the message holds 'wip'"),
        ({"forbid": "b\\s"}, "a\n\nb\n", "the message holds 'b'"),
        ({"subject-length": {"max": 5}}, "Add x\n\nlonger", ""),
        ({"subject-length": {"max": 5}}, "Ädd xy", "the subject has 6 characters, 5 are allowed"),
        ({"subject-length": {"max": 5}}, "Add x\ny", "the subject has 7 characters, 5 are allowed"),
        ({"trailer": {"name": "Refs"}}, "A\n\nrefs: 1", ""),
        ({"trailer": {"name": "Refs"}}, "A\n\nRefs:", "there is no trailer Refs"),
        ({"trailer": {"name": "Refs"}}, "A\n\nRef: 1", "there is no trailer Refs"),
        ({"trailer": {"name": "Refs", "value": "^1$"}}, "A\n\nRefs: 2\nRefs: 1", ""),
        ({"trailer": {"name": "Refs", "value": "^1$"}}, "A\n\nRefs: 12", "there is no trailer Refs"),
    ],
)
def test_messages(block: object, message: str, expected: str) -> None:
    expected = (
        expected and f'0123456789 "{message.partition(chr(10) * 2)[0].replace(chr(10), " ").strip()}": {expected}'
    )
    assert words(judge(block, commit(message))) == ([expected] if expected else [])


SIGNED = {"trailer": {"name": "Signed-off-by", "value": "author"}}


@pytest.mark.parametrize(
    ("trailers", "kept"),
    [
        ("Signed-off-by: Ann <ann@example.org>", True),
        ("signed-off-by:  ann <ANN@example.org>", True),
        ("Signed-off-by: Ben <ben@example.org>\nSigned-off-by: Ann\n <ann@example.org>", True),
        ("Signed-off-by: Ann", False),
        ("Signed-off-by: ann@example.org", False),
        ("Signed-off-by: Ann <ann@example.com>", False),
        ("Signed-off-by: Anna <ann@example.org>", False),
        ("Signed-off-by: author", False),
        ("Reviewed-by: Ann <ann@example.org>", False),
        ("text", False),
    ],
)
def test_sign_off_by_the_author(trailers: str, kept: bool) -> None:
    expected = [] if kept else ['0123456789 "Add": there is no trailer Signed-off-by of the author']
    assert words(judge(SIGNED, commit(f"Add\n\n{trailers}\n"))) == expected


def test_who_has_neither_name_nor_address_cannot_sign_off_by_nothing() -> None:
    assert judge(SIGNED, commit("Add\n\nSigned-off-by:", author="", email=""))


@pytest.mark.parametrize("block", [{"subject": "^x"}, {"forbid": "."}, SIGNED, {"author": "^x"}])
def test_merges_and_bots_are_passed_over_unless_asked_for(block: dict[str, object]) -> None:
    merge, bot = commit("M", parents=2), commit("B", author="renovate[bot]")
    assert judge(block, merge, bot) == []
    assert len(judge(block | {"merges": True}, merge, bot)) == 1
    assert len(judge(block | {"bots": True}, merge, bot)) == 1
    assert len(judge(block | {"bots": True, "merges": True}, merge, bot)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "fixup! Add",
        "squash! Add",
        "amend! Add",
        'Revert "Add"',
        'Reapply "Add"',
        "Merge branch 'a'",
        "Merge branches 'a' and 'b'",
        "Merge commit '1'",
        "Merge pull request #1 from a/b",
        "Merge remote-tracking branch 'a'",
        "Merge tag 'v1'",
    ],
)
def test_the_form_of_what_git_writes_is_nobodys_choice(line: str) -> None:
    for block in ({"subject": "^x"}, {"message": "^x"}, {"subject-length": {"max": 1}}):
        assert judge(block, commit(line)) == []
    for other in ({"forbid": "."}, SIGNED, {"author": "^x"}):
        assert len(judge(other, commit(line))) == 1


@pytest.mark.parametrize("line", ["Revert the index", "Merge the readers", "fixup the index", "A fixup! B"])
def test_the_form_of_what_people_write_is(line: str) -> None:
    assert len(judge({"subject": "^x"}, commit(line))) == 1


def test_the_branch_is_judged_once_where_it_is_known() -> None:
    block = {"branch": "^feature/"}
    assert judge(block, commit("A"), commit("B")) == []
    assert judge(block, commit("A"), branch="feature/x") == []
    (finding,) = judge(block, commit("A"), commit("B"), branch="x")
    expected = "branch x: the name 'x' does not match ^feature/"
    assert finding == Finding("p/r", Location(""), expected, evidence="branch x")


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_bytes_may_stand_in_a_commit(message: str, name: str) -> None:
    strange = message.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    for block in ({"subject": "^x$"}, {"message": "^x$"}, {"forbid": "."}, SIGNED, {"author": "^x$"}):
        judge(block, commit(strange, author=name, email=strange), branch=strange)
    judge({"branch": "^x$"}, branch=strange)
