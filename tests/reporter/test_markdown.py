"""Markdown: the order of the text report in fewer lines, and nothing a host says is interpreted."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from reporter.archive import load
from reporter.locale import catalogue
from reporter.messages import text
from reporter.render.markdown import render
from reporter.render.markdown_text import code, in_cell, shown_in
from reporter.render.terminal import safe
from reporter.report import Report, build
from tests.hostile import EVIL, GOLDEN, hidden_in, hostile_report

HARMLESS = {
    *("h1", "h2", "h3", "p", "ul", "ol", "li", "strong", "code"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """What GitHub's own parser makes of Markdown, with raw HTML let through."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: dict[str, list[dict[str, str | None]]] = {}
        self.outside_code = ""
        self.codes: list[str] = []
        self.rows: list[int] = []
        self.cells: list[str] = []
        self._deep = 0
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.setdefault(tag, []).append(dict(attrs))
        if tag == "code":
            self._deep += 1
            self.codes.append("")
        elif tag == "tr":
            self.rows.append(0)
        elif tag in {"td", "th"}:
            self.rows[-1] += 1
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._deep -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self.cells and data != "\n":
            self.cells[-1] += data
        if self._deep:
            self.codes[-1] += data
        else:
            self.outside_code += data


@pytest.fixture(scope="module")
def reference() -> Report:
    return build(load([GOLDEN]))


@pytest.mark.parametrize("language", ["en", "nb"])
def test_nothing_a_host_says_is_read_as_markdown(language: str) -> None:
    """No HTML, link, image or reference comes of it; what it says stands in code spans alone."""
    markdown = render(hostile_report(), catalogue(language))
    assert hidden_in(markdown) == set()
    page = Page(markdown)
    assert set(page.tags) == HARMLESS
    assert {key for many in page.tags.values() for one in many for key in one} <= {"start"}
    for words in ("evil", "octocat", "GH-1", "alert", "bold", "smile", "x^2", "=2+2"):
        assert words not in page.outside_code, words
        assert words in "".join(page.codes), words


def test_a_name_keeps_its_row_and_its_letters() -> None:
    """A `|` ends no cell, whatever stands before it, and a reader sees the name that is there."""
    page = Page(render(hostile_report()))
    truth, evidence = set(page.rows[:-1]), set(page.rows[-5:])
    assert truth <= {3, 5, 6}
    assert evidence == {3}
    said = EVIL["stream"].replace("\x1b", "\\x1b")
    assert said.replace("|", "") in "".join(page.codes)


@pytest.mark.parametrize("said", [*EVIL.values(), "`", "``a`", " a ", "  ", "\\", "a\\", "|", "||"])
def test_a_code_span_holds_anything(said: str) -> None:
    """Of prose and of a table's cell: one paragraph, one cell, and in them what was said."""
    page = Page(f"- {code(said)} .\n\n| a | b |\n| --- | --- |\n| {in_cell(said)} | end |\n")
    assert set(page.tags) <= {"ul", "li", "p", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.codes[0] == safe(said)
    assert page.cells == ["a", "b", safe(said), "end"]


def test_own_words_are_no_markup_either() -> None:
    """A sentence with a star, a bar or a bracket reads as it is written; numbers need no span."""
    shown = shown_in(catalogue("en"))
    sentence = text("a *b* | [c] <d> {name}: {count} of {size}, {inner}", name="x_y", count=3,
                    size="26.1 GiB", inner=text("e_f {g}", g="1. h"))  # fmt: skip
    page = Page(shown(sentence))
    assert set(page.tags) == {"p", "code"}
    assert page.outside_code.strip() == "a *b* | [c] <d> : 3 of 26.1 GiB, e_f"
    assert page.codes == ["x_y", "1. h"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("4 d 22 h", "4 d 22 h"),
        ("2026-11-25T17:16:47Z", "2026-11-25T17:16:47Z"),
        ("P1", "P1"),
        ("95 %", "95 %"),
        ("1. one", "`1. one`"),
        ("12:100:3", "`12:100:3`"),
        ("", ""),
        ("x" * 500, f"`{'x' * 397}...`"),
    ],
)
def test_what_needs_no_code_span(value: str, shown: str) -> None:
    """Numbers, sizes, spans and moments stand as they are; long words are cut, and say so."""
    assert shown_in(catalogue("en"))(value) == shown


def test_the_parts_stand_in_the_order_of_the_text_report(reference: Report) -> None:
    """Head, what to fix first, parts A to E, truth table, evidence, what the look left behind."""
    page = render(reference)
    parts = re.findall(r"^#+ (?:PART )?(\w+)", page, re.MULTILINE)
    order = ["WHAT", "A", "SYSTEM", "B", "C", "D", "E", "REDIS", "MODELS", "EVIDENCE", "WHAT"]
    rest = iter(parts)
    assert all(part in rest for part in order), parts
    assert page.startswith("# `reference` - Total System Forensics \\& Truth Map\n\n- **Date**: ")
    assert "\n1. **P0** `quantum-rl-trainer.service` is in a restart loop" in page
    assert page.endswith("\n")
    assert not re.search(r"[ \t]$", page, re.MULTILINE)


def test_what_is_not_in_order_is_told_with_its_evidence(reference: Report) -> None:
    """Each component names its probes, and the table has the command of each."""
    page = render(reference)
    (host,) = reference.hosts
    loops = {
        finding.verdict.subject
        for finding in host.findings
        if finding.rule == "restart_loops" and finding.verdict.status == "down"
    }
    assert loops
    for unit in loops:
        assert f"- ❌ `{unit}` is in a restart loop" in page
    blocks = page[page.index("## PART A") : page.index("## PART B")].split("\n- ")[1:]
    seen = [block for block in blocks if "found nowhere" not in block]
    assert len(seen) > 50
    for block in seen:
        assert "  - Evidence: `" in block, block
    for record in host.bundle.evidence:
        assert f"\n| {in_cell(record.id)} | " in page


def test_the_report_in_bokmaal(reference: Report) -> None:
    """Its own words are translated."""
    page = render(reference, catalogue("nb"))
    assert "\n## DEL A - SYSTEM TRUTH MAP\n" in page
    assert " i orden\n" in page
    assert "| Probe | Kommando | Hva det ga |" in page
