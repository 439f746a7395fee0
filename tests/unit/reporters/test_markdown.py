from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from guardrails.findings import Enforcement, Note, Problem
from guardrails.governance.verdict import BASELINED, WAIVED, Excuse, Judged, Style, Verdict
from guardrails.policy.terms import RuleInfo
from guardrails.reporters.markdown import FOLD, MAX_BYTES, report
from guardrails.reporters.terminal import visible

Rules = dict[str, RuleInfo]
MakeJudged = Callable[..., Judged]
MakeVerdict = Callable[..., Verdict]

OURS = {"h2", "h3", "h4", "p", "ul", "li", "strong", "code", "details", "summary"}
OURS |= {"table", "thead", "tbody", "tr", "th", "td"}


class Page(HTMLParser):
    """The rendered report: its elements, and the text of each that a test asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, list[str]] = {
            "li": [],
            "td": [],
            "th": [],
            "h2": [],
            "h3": [],
            "h4": [],
            "p": [],
            "summary": [],
        }
        self._open: list[str] = []
        self.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert all(name == "style" for name, _ in attrs)
        self.tags.append(tag)
        self._open.append(tag)
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            if tag in self.texts:
                self.texts[tag][-1] += data


def test_everything(everything: Verdict, style: Style, snapshot: Callable[[str, str], None]) -> None:
    text = report(everything, style)
    page = Page(text)
    assert page.texts["h2"] == ["guardrails: error"]
    assert len(page.texts["li"]) == 2 + 49 + 8
    snapshot("everything.md", text)


@pytest.mark.parametrize(
    ("enforcement", "problems", "fields", "heading", "line"),
    [
        (None, 0, {}, "pass", "No findings in 120 files of the work tree"),
        (None, 0, {"title": "", "files": 1}, "pass", "No findings in 1 file"),
        ("warn", 0, {}, "pass", "1 warn in 120 files of the work tree"),
        ("block", 0, {}, "fail", "1 block in 120 files of the work tree"),
        ("audit", 2, {"title": "index"}, "error", "2 errors, 1 audit in 120 files of the index"),
        (
            None,
            0,
            {"complete": False},
            "pass",
            "No findings in 120 files of the work tree; partial run: not every file was judged by every rule",
        ),
    ],
)
def test_the_verdict_comes_first(
    judged: MakeJudged,
    verdict_of: MakeVerdict,
    rules: Rules,
    style: Style,
    enforcement: str | None,
    problems: int,
    fields: dict[str, object],
    heading: str,
    line: str,
) -> None:
    items = [judged(rules["pin"], "a", 1, enforcement=Enforcement[enforcement.upper()])] if enforcement else []
    text = report(verdict_of(*items, problems=(Problem("odd"),) * problems, **fields), style)
    assert text.splitlines()[:3] == [f"## guardrails: {heading}", "", line]


def test_the_table_counts_by_rule_and_level(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    block = Enforcement.BLOCK
    items = [
        judged(rules["todo"], "a", 1),
        judged(rules["pin"], "a", 2),
        judged(rules["pin"], "b", 1, enforcement=block),
    ]
    items.append(judged(rules["todo"], "c", 1))
    cells = Page(report(verdict_of(*items), style)).texts["td"]
    assert [cells[start : start + 4] for start in range(0, len(cells), 5)] == [
        ["high", "block", "1", rules["pin"].id],
        ["high", "warn", "1", rules["pin"].id],
        ["low", "warn", "2", rules["todo"].id],
    ]
    assert cells[4::5] == [rules["pin"].title, rules["pin"].title, rules["todo"].title]


def test_what_does_not_count_is_folded_away(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, excuses: dict[str, Excuse], style: Style
) -> None:
    items = (
        judged(rules["readme"], "", message="odd", excuse=excuses["debt"]),
        judged(rules["pin"], "a", 3, 7, enforcement=Enforcement.BLOCK, excuse=excuses["file"]),
        judged(rules["pin"], "b", 3, excuse=excuses["inline"]),
    )
    text = report(verdict_of(excused=items), style)
    assert text.splitlines()[:3] == [
        "## guardrails: pass",
        "",
        "No findings in 120 files of the work tree; 2 waived, 1 in the baseline",
    ]
    page = Page(text)
    assert page.texts["h3"] == ["Waived and in the baseline"]
    assert page.texts["summary"] == ["2 waived, 1 in the baseline"]
    assert page.tags.index("details") < page.tags.index("table")
    assert page.texts["th"] == ["Finding", "Reason", "Owner", "Until"]
    cells = page.texts["td"]
    assert [cells[start : start + 4] for start in range(0, len(cells), 4)] == [
        ["(repository) odd knowledge/readme", "in the baseline", "", ""],
        [f"a:3:7 is broken {rules['pin'].id}", "the image is being replaced", "platform-security", "2030-02-01"],
        [f"b:3 is broken {rules['pin'].id}", "generated", "docs", ""],
    ]


def test_a_reason_is_on_one_line(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    item = judged(rules["pin"], "a", excuse=Excuse(WAIVED, "w:1", reason="two\n  lines\n"))
    assert Page(report(verdict_of(excused=(item,)), style)).texts["td"][1] == "two lines"


def test_a_finding_of_no_file_is_of_the_repository(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    page = Page(report(verdict_of(judged(rules["todo"], "", message="commit 1a2b3c4 says nothing")), style))
    assert page.texts["h4"] == ["(repository)"]
    assert page.texts["li"] == ["warn low: commit 1a2b3c4 says nothing debt/todo-ticket"]


@pytest.mark.parametrize(
    "text",
    [
        "a|b",
        "a\\|b",
        "`code`",
        "``` fence",
        "<script>alert(1)</script>",
        "</details>",
        "<!-- -->",
        "[here](https://example.org)",
        "![x](https://example.org/x.png)",
        "https://example.org",
        "*a* _b_ ~~c~~ **d**",
        "&lt; &amp; &#35;",
        "\\",
        "# heading",
        "$x$ :tada: @user #1",
        "1. - + > =",
    ],
)
def test_text_stays_text(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, text: str) -> None:
    rule = rules["todo"]._replace(title=text)
    verdict = verdict_of(
        judged(rule, text, 4, 2, message=text),
        rules=(rule,),
        problems=(Problem(text, text),),
        notes=(Note(text, text),),
        title=text,
        excused=(judged(rule, text, message=text, excuse=Excuse(WAIVED, text, text, text, text, text, text)),),
    )
    page = Page(report(verdict, style))
    assert set(page.tags) <= OURS
    assert page.texts["h4"] == [text]
    assert page.texts["td"] == [
        *("low", "warn", "1", "debt/todo-ticket", text),
        *(f"{text} {text} debt/todo-ticket", text, text, text),
    ]
    about = f"{text}: {text}"
    assert page.texts["li"] == [about, f"4:2 warn low: {text} debt/todo-ticket", about]


def test_what_github_would_make_a_link_of(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style
) -> None:
    text = report(verdict_of(judged(rules["todo"], "a", message="see www.example.org, http://example.org")), style)
    assert "www." not in text
    assert "://" not in text


def test_a_new_line_is_shown_as_one(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    page = Page(report(verdict_of(judged(rules["todo"], "a\nb", message="c\r\n\n# d")), style))
    assert page.texts["h4"] == ["a\\nb"]
    assert page.texts["li"] == ["warn low: c\\r\\n\\n# d debt/todo-ticket"]


def test_the_day_is_told(judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style) -> None:
    item = judged(rules["todo"], "", 2)._replace(blocks_from="2027-01-01")
    page = Page(report(verdict_of(item), style))
    assert page.texts["h4"] == ["(repository)"]
    assert page.texts["li"] == ["2 warn low: is broken debt/todo-ticket, blocks from 2027-01-01"]


@pytest.mark.parametrize(("count", "folded"), [(FOLD, False), (FOLD + 1, True)])
def test_many_are_folded_away(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, count: int, folded: bool
) -> None:
    text = report(verdict_of(*(judged(rules["todo"], "a", line) for line in range(1, count + 1))), style)
    assert ("details" in Page(text).tags) is folded
    assert len(Page(text).texts["li"]) == count


@pytest.mark.parametrize("what", ["findings", "problems", "notes", "rows", "excused findings"])
def test_the_summary_is_never_too_large(
    judged: MakeJudged, verdict_of: MakeVerdict, rules: Rules, style: Style, what: str
) -> None:
    count, text = 3000, "é|" * 150
    rule = rules["todo"]
    items = [judged(rule, "a", line, message=text) for line in range(1, count + 1)]
    fields: dict[str, dict[str, object]] = {
        "problems": {"problems": (Problem(text),) * count},
        "notes": {"notes": (Note(text),) * count},
        "excused findings": {"excused": (judged(rule, "a", 1, message=text, excuse=Excuse(BASELINED, "b")),) * count},
    }
    if what == "rows":
        items = [judged(rule._replace(id=f"{text}{number}"), "a", 1) for number in range(count)]
    elif what != "findings":
        items = []
    markdown = report(verdict_of(*items, **fields.get(what, {})), style)
    assert MAX_BYTES - 8192 < len(markdown.encode()) <= MAX_BYTES
    page = Page(markdown)
    noun = {"problems": "errors"}.get(what, what)
    (cut,) = re.findall(rf"\n… and (\d+) more {noun}: a summary has at most 1 MiB\n", markdown)
    wide = {"rows": 5, "excused findings": 4}.get(what)
    shown = len(page.texts["td"]) // wide if wide else sum("é|" in item for item in page.texts["li"])
    assert shown + int(cut) == count


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(data=st.data())
def test_no_text_can_break_the_page(hostile: st.SearchStrategy[Verdict], data: st.DataObject) -> None:
    verdict = data.draw(hostile)
    text = report(verdict, Style())
    text.encode()
    assert text.endswith("\n")
    assert all(line.isprintable() for line in text.split("\n"))
    page = Page(text)
    assert set(page.tags) <= OURS
    assert len(page.texts["li"]) == len(verdict.findings) + len(verdict.problems) + len(verdict.notes)
    rows = len({(one.enforcement, one.severity, one.finding.rule) for one in verdict.findings})
    excused = page.texts["td"][5 * rows :]
    assert len(excused) == 4 * len(verdict.excused)
    for one, cell in zip(verdict.excused, excused[::4], strict=True):
        assert visible(one.finding.message).strip() in cell
    shown = page.texts["li"][len(verdict.problems) :]
    for one, item in zip(verdict.findings, shown, strict=False):
        assert visible(one.finding.message).strip() in item
