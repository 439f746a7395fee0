"""A verdict with a bit of everything, hostile verdicts, and snapshots to compare reports with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from guardrails.findings import Enforcement, Finding, Location, Note, Problem, Severity, fingerprint
from guardrails.governance.verdict import BASELINED, WAIVED, Excuse, Judged, Style, Verdict
from guardrails.policy.terms import ANY_WAIVER, RuleInfo, Waivable

SNAPSHOTS = Path(__file__).parent / "snapshots"

PIN = RuleInfo(
    id="container-images/pin-base-image",
    title="Base images carry a version tag or a digest",
    severity=Severity.HIGH,
    category="security",
    rationale="A tag that moves changes what runs without a commit. Two builds of one revision then differ, and nobody "
    "can say what was shipped. A tag that somebody took over reaches production unseen. Going back is a gamble as "
    "well, because the image that worked yesterday is gone.\n",
    remediation="Pin the image by digest,\nor by a tag that names a version.",
    references=("CKV_DOCKER_7", "DL3006"),
    controls=("CIS-Docker:4.2", "CWE-829"),
    owner="platform-security",
    kind="document",
    policy_path="policies/security/container-images.yaml:12",
    waivable=ANY_WAIVER,
)
README = RuleInfo(
    id="knowledge/readme",
    title="The repository has a README",
    severity=Severity.MEDIUM,
    category="knowledge",
    rationale="A reader starts at the README.",
    remediation="Add a README.md that says what this is.",
    references=(),
    controls=(),
    owner="docs",
    kind="path",
    policy_path="policies/knowledge/readme.yaml:9",
    waivable=Waivable(allowed=False),
)
TODO = RuleInfo(
    id="debt/todo-ticket",
    title="A TODO names a ticket",
    severity=Severity.LOW,
    category="debt",
    rationale="Work that nobody tracks is not done.",
    remediation="Name the ticket.",
    references=("S1135",),
    controls=(),
    owner="docs",
    kind="text",
    policy_path="policies/debt/todo.yaml:7",
    waivable=ANY_WAIVER,
)
PARSES = RuleInfo(
    id="guardrails/unparsable-file",
    title="Files can be parsed",
    severity=Severity.INFO,
    category="operations",
    rationale="A file that does not parse is not judged.",
    remediation="Mend the syntax.",
    references=(),
    controls=(),
    owner="guardrails",
    kind="parse",
    policy_path="policies/operations/guardrails.yaml:3",
    waivable=ANY_WAIVER,
)
BY_FILE = Excuse(
    WAIVED,
    ".guardrails/waivers.yaml:3",
    reason="the image is being replaced",
    owner="platform-security",
    approver="jo",
    ticket="OPS-7",
    expires="2030-02-01",
)
INLINE = Excuse(WAIVED, "src/legacy.py:6", reason="generated", owner="docs")
DEBT = Excuse(BASELINED, ".guardrails/baseline.txt")


def judged(
    rule: RuleInfo,
    path: str,
    *span: int,
    message: str = "is broken",
    source: str = "",
    enforcement: Enforcement = Enforcement.WARN,
    evidence: str = "",
    excuse: Excuse | None = None,
) -> Judged:
    """A finding of ``rule`` at line, column, end line and end column."""
    location = Location(path, *span)
    mark = fingerprint(rule.id, path, evidence or source, location.line)
    return Judged(Finding(rule.id, location, message, evidence, source, mark), rule.severity, enforcement, "", excuse)


@pytest.fixture(scope="session", name="judged")
def judged_fixture() -> Callable[..., Judged]:
    return judged


@pytest.fixture(scope="session")
def rules() -> dict[str, RuleInfo]:
    return {"pin": PIN, "readme": README, "todo": TODO, "parses": PARSES}


@pytest.fixture(scope="session")
def excuses() -> dict[str, Excuse]:
    return {"file": BY_FILE, "inline": INLINE, "debt": DEBT}


@pytest.fixture(scope="session")
def verdict_of() -> Callable[..., Verdict]:
    """A complete verdict of the given findings."""

    def make(*findings: Judged, **fields: object) -> Verdict:
        defaults = {"rules": (PIN, TODO, PARSES, README), "problems": (), "notes": (), "files": 120}
        defaults |= {"complete": True, "title": "work tree", "seconds": 0.0}
        given = defaults | fields
        given["rules"] = {rule.id: rule for rule in given["rules"]}  # type: ignore[attr-defined]
        return Verdict(findings=findings, **given)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def everything(verdict_of: Callable[..., Verdict]) -> Verdict:
    """A verdict that has something of every kind."""
    block = Enforcement.BLOCK
    findings = [
        judged(README, "", message="commit 1a2b3c4 says nothing"),
        judged(README, "README.md", message="README.md does not exist"),
        judged(PARSES, "ci/broken.yaml", 3, 7, message="cannot be parsed: ':' expected", source="on: [push"),
        judged(
            PIN, "deploy/Dockerfile", 1, 6, 1, 12, message="ubuntu has no tag", source="FROM ubuntu", enforcement=block
        ),
        judged(TODO, "deploy/Dockerfile", 4, message="TODO without a ticket", enforcement=Enforcement.AUDIT),
        judged(
            PIN, "deploy/Dockerfile", 9, 6, 9, 12, message="alpine has no tag", source="FROM\talpine", enforcement=block
        ),
        judged(
            TODO, "src/caf\udce9\x1b[31m.py", 1, 3, 2, 4, message="TODO [here](https://example.org)", source="# TODO"
        ),
    ]
    source = "price = '千円'  # TODO " + "round it up " * 12
    findings += [
        judged(TODO, "src/日本語.py", line, 17, line, 21, message="TODO without a ticket", source=source)
        for line in range(1, 43)
    ]
    excused = [
        judged(README, "", message="commit 5d6e7f8 says nothing", excuse=DEBT),
        *(
            judged(PIN, "deploy/Dockerfile", line, 6, message="debian has no tag", enforcement=block, excuse=BY_FILE)
            for line in (14, 20)
        ),
        judged(TODO, "src/legacy.py", 7, 3, message="TODO without a ticket", source="# TODO", excuse=INLINE),
        *(judged(TODO, "src/legacy.py", line, 3, message="FIXME", excuse=DEBT) for line in range(11, 18)),
    ]
    return verdict_of(
        *findings,
        excused=tuple(excused),
        problems=(
            Problem("check kind 'rego' of plugin opa broke: KeyError: 'x'", "policy.rego", "Traceback:\n  boom\n"),
            Problem("the index changed while it was read"),
        ),
        notes=tuple(Note("is larger than 10 MiB: not judged", f"big/{number}.bin") for number in range(8)),
        complete=False,
        title="index",
        seconds=0.0834,
    )


@pytest.fixture(scope="session")
def style() -> Style:
    return Style(version="1.2.3")


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """Compares a report with the file of that name, byte by byte; GUARDRAILS_UPDATE_SNAPSHOTS=1 writes it instead."""

    def check(name: str, report: str) -> None:
        file = SNAPSHOTS / name
        if os.environ.get("GUARDRAILS_UPDATE_SNAPSHOTS") == "1":
            file.write_bytes(report.encode())
        assert report == file.read_bytes().decode()

    return check


NASTY = (
    "\x1b[2J\x1b]0;owned\x07",
    "\u202edetrevni",
    "\u2066\u2069\u200b\ufeff",
    "caf\udce9",
    "\ud800",
    "\ud83d\ude00",
    "😀👩\u200d👩",
    "日本語\u0301",
    "\r\n\x0b\x85\u2028",
    "\t\ta",
    "](https://example.org)",
    'a"b\\n:1:2: block high x/y',
    "  1:2 block high: fake",
    "%41 {0} {{",
    "\U000e0041\U0001d173",
    "\x7f\x80\x9b31m",
)


@pytest.fixture(scope="session")
def hostile() -> st.SearchStrategy[Verdict]:
    """Verdicts whose every text is chosen by somebody who wants to deceive the reader or break the report."""
    text = st.lists(st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=()), max_size=12), max_size=3)
    texts = text.map("".join) | st.sampled_from(NASTY).map(lambda part: part * 200)
    numbers = st.integers(0, 300)
    severities, levels = (
        st.sampled_from(Severity),
        st.sampled_from((Enforcement.AUDIT, Enforcement.WARN, Enforcement.BLOCK)),
    )
    ids = st.sampled_from([PIN.id, README.id, PARSES.id]) | texts
    locations = st.builds(Location, st.sampled_from(["a.py", "b.py"]) | texts, numbers, numbers, numbers, numbers)
    findings = st.builds(Finding, ids, locations, texts, texts, texts.map(lambda line: line[:240]), st.just("f" * 20))
    rules = st.builds(
        RuleInfo,
        id=ids,
        title=texts,
        severity=severities,
        category=st.sampled_from(["security", "debt"]) | texts,
        rationale=texts,
        remediation=texts,
        references=st.lists(texts, max_size=2).map(tuple),
        controls=st.lists(texts, max_size=2).map(tuple),
        owner=texts,
        kind=texts,
        policy_path=texts,
        waivable=st.sampled_from([ANY_WAIVER, Waivable(allowed=False)]),
    )
    days = st.sampled_from(["", "2030-01-15", "2031-01-01"])
    several = st.builds(Judged, findings, severities, levels, days, st.none())
    short = st.just("") | st.sampled_from(NASTY)
    places = st.sampled_from(["a.py:3", "b.py:0", "c"]) | short | short.map(lambda path: path + ":1")
    kinds = st.sampled_from([WAIVED, BASELINED])
    excuses = st.builds(Excuse, kinds, places, texts, short, short, short, days | short)
    excused = st.builds(Judged, findings, severities, levels, days, excuses)
    return st.builds(
        Verdict,
        findings=(st.lists(several, max_size=6) | several.map(lambda one: [one] * 9)).map(
            lambda items: tuple(sorted(items, key=lambda one: one.finding.location))
        ),
        rules=st.lists(rules, max_size=3, unique_by=lambda rule: rule.id).map(
            lambda known: {rule.id: rule for rule in known}
        ),
        problems=st.lists(st.builds(Problem, texts, texts, texts), max_size=3).map(tuple),
        notes=st.lists(st.builds(Note, texts, texts), max_size=3).map(tuple),
        files=numbers,
        complete=st.booleans(),
        title=texts,
        seconds=st.floats(0, 1e6),
        date=st.just("2030-01-01"),
        excused=(st.lists(excused, max_size=2) | excused.map(lambda one: [one] * 9)).map(
            lambda items: tuple(sorted(items, key=lambda one: one.finding.location))
        ),
    )
