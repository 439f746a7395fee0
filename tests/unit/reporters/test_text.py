from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.text import report

Rules = dict[str, RuleInfo]
MakeJudged = Callable[..., Judged]
MakeVerdict = Callable[..., Verdict]

HEADLINE = re.compile(r"  (?:\d+(?::\d+)? )?(block|warn|audit) (?:critical|high|medium|low|info): ")
FOLDED = re.compile(r"  … and (\d+) more of ")


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    snapshot("everything.txt", report(everything, style))


def test_everything_in_color(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    snapshot("everything.color.txt", report(everything, style._replace(color=True)))


def test_everything_for_a_narrow_terminal(
    everything: Verdict, style: Style, snapshot: Callable[[str, str], None]
) -> None:
    snapshot("everything.narrow.txt", report(everything, style._replace(width=60, debug=True)))


def test_everything_for_those_who_ask(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    snapshot("everything.excused.txt", report(everything, style._replace(excused=True)))


def test_what_does_not_count_is_listed_by_file_and_excuse(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, excuses: dict[str, Excuse], style: Style
) -> None:
    block = Enforcement.BLOCK
    verdict = verdict_of(
        excused=(
            judged(rules["readme"], "", message="odd", excuse=excuses["debt"]),
            judged(rules["pin"], "a", 3, 7, source="FROM x", enforcement=block, excuse=excuses["file"]),
            judged(rules["todo"], "a", 4, excuse=excuses["inline"]),
            judged(rules["pin"], "a", 9, enforcement=block, excuse=excuses["file"]),
            *(judged(rules["todo"], "b", line, excuse=excuses["debt"]) for line in range(1, 8)),
        )
    )
    assert report(verdict, style) == "No findings in 120 files; 3 waived, 8 in the baseline\n"
    assert report(verdict, style._replace(excused=True)).splitlines() == [
        "Waived and in the baseline:",
        "  (repository)",
        "    in the baseline (.guardrails/baseline.txt)",
        "      medium: odd [knowledge/readme]",
        "  a",
        "    waived until 2030-02-01, owner platform-security, approver jo, ticket OPS-7",
        "        (.guardrails/waivers.yaml:3): the image is being replaced",
        f"      3:7 high: is broken [{rules['pin'].id}]",
        f"      9 high: is broken [{rules['pin'].id}]",
        "    waived, owner docs (src/legacy.py:6): generated",
        "      4 low: is broken [debt/todo-ticket]",
        "  b",
        "    in the baseline (.guardrails/baseline.txt)",
        *(f"      {line} low: is broken [debt/todo-ticket]" for line in range(1, 6)),
        "      … and 2 more of debt/todo-ticket in this file",
        "",
        "No findings in 120 files; 3 waived, 8 in the baseline",
    ]


def test_what_does_not_count_raises_no_alarm(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, excuses: dict[str, Excuse]
) -> None:
    item = judged(rules["pin"], "a", 3, enforcement=Enforcement.BLOCK, excuse=excuses["file"])
    text = report(verdict_of(excused=(item,)), Style(color=True, excused=True))
    assert set(re.findall(r"\x1b\[([0-9;]+)m", text)) == {"2", "0"}


@pytest.mark.parametrize(
    ("kinds", "tail"),
    [
        (["debt"], "; 1 in the baseline"),
        (["inline", "file"], "; 2 waived"),
        (["debt", "file"], "; 1 waived, 1 in the baseline; partial run: not every file was judged by every rule"),
    ],
)
def test_the_last_line_counts_what_does_not_count(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    excuses: dict[str, Excuse],
    style: Style,
    kinds: list[str],
    tail: str,
) -> None:
    excused = tuple(judged(rules["todo"], "a", 1, excuse=excuses[kind]) for kind in kinds)
    verdict = verdict_of(excused=excused, complete="partial" not in tail, seconds=0.1)
    assert report(verdict, style) == f"No findings in 120 files (0.1 s){tail}\n"


def test_findings_of_no_file_are_of_the_repository(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    items = [judged(rules["todo"], "", message=f"commit {number}") for number in range(7)]
    lines = report(verdict_of(*items, rules=()), style).splitlines()
    assert lines[:2] == ["(repository)", "  warn low: commit 0 [debt/todo-ticket]"]
    assert "  … and 2 more of debt/todo-ticket" in lines


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "No findings in 120 files\n"),
        ({"files": 1}, "No findings in 1 file\n"),
        ({"files": 0, "seconds": 0.004}, "No findings in 0 files (0.00 s)\n"),
        ({"seconds": 0.0834}, "No findings in 120 files (0.08 s)\n"),
        ({"seconds": 0.1}, "No findings in 120 files (0.1 s)\n"),
        ({"seconds": 12.345}, "No findings in 120 files (12.3 s)\n"),
        (
            {"complete": False},
            "No findings in 120 files; partial run: not every file was judged by every rule\n",
        ),
    ],
)
def test_nothing_to_say_is_said_in_one_line(
    verdict_of: MakeVerdict, style: Style, fields: dict[str, object], line: str
) -> None:
    assert report(verdict_of(**fields), style) == line


@pytest.mark.parametrize(
    ("levels", "problems", "summary"),
    [
        ("B", 0, "1 block in 120 files"),
        ("WAB", 0, "1 block, 1 warn, 1 audit in 120 files"),
        ("WWA", 0, "2 warn, 1 audit in 120 files"),
        ("W", 1, "1 error, 1 warn in 120 files"),
        ("", 2, "2 errors, no findings in 120 files"),
    ],
)
def test_the_last_line_counts(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, levels: str, problems: int, summary: str
) -> None:
    enforcements = {"B": Enforcement.BLOCK, "W": Enforcement.WARN, "A": Enforcement.AUDIT}
    findings = [judged(rules["todo"], "a.py", 1, enforcement=enforcements[level]) for level in levels]
    verdict = verdict_of(*findings, problems=(Problem("it broke"),) * problems)
    assert report(verdict, style).splitlines()[-1] == summary


def test_a_rule_is_explained_once_in_a_run(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    findings = [judged(rules[rule], path, 1) for path in ("a.py", "b.py") for rule in ("pin", "todo")]
    lines = report(verdict_of(*findings), style).splitlines()
    assert [line.split(": ")[1] for line in lines if "guardrails explain" in line] == [
        f"guardrails explain {rules['pin'].id}",
        f"guardrails explain {rules['todo'].id}",
    ]
    assert sum("why: " in line for line in lines) == sum("fix: " in line for line in lines) == 2


def test_audit_is_one_line_and_leaves_the_explanation_to_the_next_finding(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    audit = judged(rules["todo"], "a.py", 1, 2, source="# TODO", enforcement=Enforcement.AUDIT)
    assert report(verdict_of(audit), style).splitlines()[:3] == [
        "a.py",
        "  1:2 audit low: is broken [debt/todo-ticket]",
        "",
    ]
    assert "why: " in report(verdict_of(audit, judged(rules["todo"], "b.py", 1)), style)


@pytest.mark.parametrize(("rule", "label"), [("pin", "more, or an exception: "), ("readme", "more: ")])
def test_a_waiver_is_offered_where_there_can_be_one(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, rule: str, label: str
) -> None:
    text = report(verdict_of(judged(rules[rule], "a", 1)), style)
    assert f"\n      {label}guardrails explain {rules[rule].id}\n" in text


def test_a_rule_that_is_not_described_is_still_reported(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    text = report(verdict_of(judged(rules["pin"], "a", 1), rules=()), style)
    assert text == f"a\n  1 warn high: is broken [{rules['pin'].id}]\n\n1 warn in 120 files\n"


@pytest.mark.parametrize(("count", "folded"), [(5, None), (6, 1), (42, 37)])
def test_findings_of_one_rule_in_one_file_are_folded_and_counted(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, count: int, folded: int | None
) -> None:
    findings = [judged(rules["todo"], "a.py", line) for line in range(1, count + 1)]
    findings.append(judged(rules["pin"], "a.py", 99))
    lines = report(verdict_of(*findings), style).splitlines()
    assert sum(bool(HEADLINE.match(line)) for line in lines) == 6
    assert [line for line in lines if "more of" in line] == (
        [f"  … and {folded} more of debt/todo-ticket in this file"] if folded else []
    )
    assert lines[-1] == f"{count + 1} warn in 120 files"


@pytest.mark.parametrize(
    ("span", "source", "shown"),
    [
        ((4,), "x = 1", ["      | x = 1"]),
        ((4, 5), "x = 1", ["      | x = 1", "      |     ^"]),
        ((4, 1, 4, 6), "x = 1", ["      | x = 1", "      | ^^^^^"]),
        ((4, 3, 6, 1), "x = (", ["      | x = (", "      |   ^^^"]),
        ((4, 3, 0, 0), "x = 1  ", ["      | x = 1", "      |   ^"]),
        ((4, 300, 4, 310), "x = 1", ["      | x = 1"]),
        ((4, 1), "   ", []),
        ((0,), "", []),
    ],
)
def test_the_source_line_is_shown_with_carets(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    span: tuple[int, ...],
    source: str,
    shown: list[str],
) -> None:
    text = report(verdict_of(judged(rules["todo"], "a.py", *span, source=source), rules=()), style)
    assert text.splitlines()[2:-2] == shown


@pytest.mark.parametrize(
    ("rationale", "shown"),
    [
        ("Short.", "Short."),
        ("  Two\n  lines.\n", "Two lines."),
        ("One. " + "Two is long " * 30 + ".", "One."),
        ("One! Two? " + "three " * 60, "One! Two?"),
        ("One! " + "two " * 80, "One!"),
        ("1234. " * 39 + "123456", "1234. " * 39 + "123456"),
        ("1234. " * 39 + "1234567", ("1234. " * 39).strip()),
        ("word " * 80, " ".join(["word"] * 48) + " …"),
        ("x" * 500, "x" * 240 + " …"),
    ],
)
def test_why_is_the_first_sentences(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, rationale: str, shown: str
) -> None:
    rule = rules["todo"]._replace(rationale=rationale)
    text = report(verdict_of(judged(rule, "a", 1), rules=(rule,)), style._replace(width=1000))
    assert text.splitlines()[2] == f"      why: {shown}"


def test_prose_that_is_missing_has_no_label(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    rule = rules["readme"]._replace(rationale=" ", remediation="")
    text = report(verdict_of(judged(rule, "a", 1), rules=(rule,)), style)
    assert text.splitlines()[2:-2] == ["      more: guardrails explain knowledge/readme"]


def test_problems_and_notes_that_say_the_same_share_a_line(verdict_of: MakeVerdict, style: Style) -> None:
    verdict = verdict_of(
        problems=(Problem("kind broke", "a", "Traceback A"), Problem("kind broke", "b", "Traceback B"), Problem("odd")),
        notes=(*(Note("is large", f"{number}.bin") for number in range(7)), Note("is large too", "x")),
    )
    assert report(verdict, style).splitlines() == [
        "error: a, b: kind broke",
        "      --debug shows the traceback",
        "error: odd",
        "note: 0.bin, 1.bin, 2.bin, 3.bin, 4.bin … and 2 more: is large",
        "note: x: is large too",
        "",
        "3 errors, no findings in 120 files",
    ]
    assert report(verdict, style._replace(debug=True)).splitlines()[1:3] == ["      Traceback A", "      Traceback B"]


def test_as_many_paths_as_fit_are_not_folded(verdict_of: MakeVerdict, style: Style) -> None:
    text = report(verdict_of(notes=tuple(Note("is odd", path) for path in "abcde")), style)
    assert text.startswith("note: a, b, c, d, e: is odd\n")


@pytest.mark.parametrize(("path", "header"), [("", "(repository)"), (" a\n", r"\x20a\n")])
def test_names_of_files(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, path: str, header: str
) -> None:
    assert report(verdict_of(judged(rules["todo"], path)), style).startswith(f"{header}\n  warn low: ")


def test_messages_without_a_path_are_counted_too(verdict_of: MakeVerdict, style: Style) -> None:
    assert report(verdict_of(notes=(Note("odd"),) * 8), style).startswith("note: odd … and 3 more\n")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data(), width=st.integers(0, 120), debug=st.booleans())
def test_no_text_can_deceive_the_reader(
    hostile: st.SearchStrategy[Verdict], data: st.DataObject, width: int, debug: bool
) -> None:
    verdict = data.draw(hostile)
    style = Style(width=width, debug=debug, excused=data.draw(st.booleans()))
    plain = report(verdict, style)
    plain.encode()
    assert plain.endswith("\n")
    lines = plain[:-1].split("\n")
    assert all(line.isprintable() for line in lines)
    folded = sum(int(match[1]) for line in lines if (match := FOLDED.match(line)))
    assert sum(bool(HEADLINE.match(line)) for line in lines) + folded == len(verdict.findings)
    for enforcement in (Enforcement.BLOCK, Enforcement.WARN, Enforcement.AUDIT):
        match = re.search(rf"(\d+) {enforcement.label}\b", lines[-1])
        assert (int(match[1]) if match else 0) == verdict.count(enforcement)
    for kind, word in (("waived", "waived"), ("baselined", "in the baseline")):
        match = re.search(rf"(\d+) {word}\b", lines[-1])
        assert (int(match[1]) if match else 0) == verdict.count_excused(kind)
    colored = report(verdict, style._replace(color=True))
    assert re.sub(r"\x1b\[[0-9;]+m", "", colored) == plain


def test_snippets_in_a_remediation_stay_as_they_are(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    rule = rules["pin"]._replace(
        remediation="Say what is\nallowed:\n    permissions:\n      contents: read\n\nThen go on."
    )
    lines = report(verdict_of(judged(rule, "a.yml", 1), rules=(rule,)), style).splitlines()
    start = next(number for number, line in enumerate(lines) if "fix: " in line)
    indent = " " * lines[start].index("Say")
    assert lines[start].endswith("fix: Say what is allowed:")
    assert lines[start + 1 : start + 4] == [
        indent + "    permissions:",
        indent + "      contents: read",
        indent + "Then go on.",
    ]
