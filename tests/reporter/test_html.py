"""The page of a host: whole, and obeying nothing that a host says."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from reporter.locale import catalogue
from reporter.outputs import render
from reporter.render.html.anchors import anchor
from reporter.report import HostReport, Report, host_report
from tests.reporter.html_cases import EVIL, QUOTED, hostile, large, reference
from tests.reporter.html_pages import Page

ATTRIBUTES = {
    *("class", "id", "href", "lang", "name", "content", "charset", "http-equiv", "rel", "datetime"),
    *("role", "tabindex", "aria-label", "aria-labelledby", "aria-hidden", "aria-live", "hidden"),
    *("type", "value", "placeholder", "autocomplete", "scope"),
    *("x", "y", "cx", "cy", "r", "rx", "d", "width", "height", "viewbox", "preserveaspectratio"),
    *("data-s", "data-p", "data-c", "data-v", "data-k", "data-u", "data-a", "data-b"),
    *("data-copy", "data-copied", "data-shown"),
}
"""Every attribute a page of a host has: none runs anything, none draws from elsewhere."""


def page_of(host: HostReport, language: str = "en") -> Page:
    whole = Report("d" * 64, "run", complete=True, hosts=(host,), unreachable=())
    return Page(render(whole, "html", catalogue(language)))


@pytest.fixture(scope="module")
def host() -> HostReport:
    return host_report(reference())


@pytest.fixture(scope="module")
def page(host: HostReport) -> Page:
    return page_of(host)


@pytest.fixture(scope="module")
def attacked() -> tuple[HostReport, Page]:
    found = host_report(hostile())
    return found, page_of(found)


def test_every_element_is_closed_and_every_id_stands_once(page: Page) -> None:
    """A page that is taken apart the same way by every reader."""
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))


def test_every_finding_is_there_with_its_evidence(host: HostReport, page: Page) -> None:
    """Each has an address, its lines, and the command that shows them again."""
    shown = {one.attributes["id"]: one for one in page.elements if "id" in one.attributes}
    for finding in host.findings:
        unfolded = shown[anchor(finding.id)].text
        for citation in finding.verdict.citations:
            record = host.records[citation.record]
            for line in citation.excerpt.splitlines():
                assert line in unfolded or "The same lines as at" in unfolded, finding.id
            commands = citation.by_hand or (record.command,)
            whole = shown[anchor(f"evidence:{record.id}")].text
            assert record.command in whole
            for command in commands:
                assert command in unfolded or command in whole, finding.id


def test_every_link_leads_somewhere_on_the_page(page: Page) -> None:
    """Reasons, risks, causes, the map and the truth table lead to findings, these to evidence."""
    targets = {one.attributes["href"] for one in page.all("a")}
    assert {target for target in targets if not target.startswith("#")} == set()
    assert {target[1:] for target in targets} - set(page.ids) == set()


def test_nothing_is_fetched(page: Page) -> None:
    """Neither by an element, nor by a style, nor by the script."""
    assert [one.attributes for one in page.all("link")] == [{"rel": "icon", "href": "data:,"}]
    assert {"src", "srcset", "action", "data", "poster"} & {
        name for _, name, _ in page.attributes()
    } == set()
    style = page.one("style").text
    assert "url(" not in style
    assert "@import" not in style
    script = page.one("script").text
    for word in ("fetch(", "XMLHttpRequest", "import(", "eval(", "innerHTML", "WebSocket"):
        assert word not in script


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(page: Page) -> None:
    """By their hashes: what a host might smuggle in would not run."""
    (policy,) = (
        one.attributes["content"]
        for one in page.all("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": _hash(page.one("style").text),
        "script-src": _hash(page.one("script").text),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def test_the_page_of_the_reference_host_is_small(page: Page) -> None:
    """Below a megabyte, everything in it."""
    assert len(page.source.encode()) < 1_000_000


def test_the_first_screen_says_what_matters(host: HostReport, page: Page) -> None:
    """The verdict, the reasons, how much was seen and when, before anything else."""
    text = page.one("body").text
    answered = host.coverage.collected + host.coverage.absent
    places = [
        text.index(part)
        for part in (
            f"{host.counts()['down']} down",
            f"Verified {host.collected_at[:10]} {host.collected_at[11:16]} UTC",
            "What to fix first",
            str(host.judgement.closing[0].message),
            str(host.judgement.closing[4].if_ignored),
            "agrees with the control node's",
            f"{answered} of {host.coverage.probes} probes answered",
            "The map: who writes",
            "PART A - ",
            "PART B - ",
            "PART C - ",
            "PART D - ",
            "PART E - ",
            "REDIS STREAMS - TRUTH TABLE",
            "MODELS - LOAD MATRIX",
            "EVIDENCE",
        )
    ]
    assert places == sorted(places)


def test_the_page_needs_no_script_to_be_read(page: Page) -> None:
    """Only what a script alone can do is hidden without one."""
    hidden = [one.attributes.get("class") for one in page.elements if "hidden" in one.attributes]
    assert hidden == ["filters"]


def test_it_is_the_same_in_another_process(tmp_path: Path) -> None:
    """Byte for byte, whatever the order in which that process hashes."""
    code = (
        "import sys\n"
        "from reporter.outputs import render\n"
        "from reporter.report import Report, host_report\n"
        "from tests.reporter.html_cases import large, reference\n"
        "for bundle in (reference(), large(), large(layers=False)):\n"
        "    whole = Report('', '', complete=True, hosts=(host_report(bundle),), unreachable=())\n"
        "    sys.stdout.write(render(whole, 'html'))\n"
    )
    pages = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(Path.cwd())},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Kathmandu"))
    }
    assert len(pages) == 1


def test_it_speaks_bokmaal(host: HostReport) -> None:
    """Every word of the page itself, and the language it names."""
    page = page_of(host, "nb")
    assert page.one("html").attributes["lang"] == "nb"
    text = page.one("body").text
    assert "Hva som bør rettes først" in text
    for words in ("What to fix first", "Unfold all", "PART A", "no group", "who writes"):
        assert words not in text, words


def test_a_cause_and_its_chain_are_on_the_page(host: HostReport, page: Page) -> None:
    """The symptom links to its cause, the cause to what it rests on."""
    cause = next(one for one in host.judgement.causes if one.explains)
    text = page.by_id(anchor(cause.id)).text
    for step in cause.chains[0].steps:
        assert str(step.link.how if step.link else step.message) in text
    assert f'href="#{anchor(cause.id)}"' in page.source


def test_what_a_host_says_becomes_no_element(attacked: tuple[HostReport, Page]) -> None:
    """Names, log lines, settings and paths that look like markup are text."""
    host, page = attacked
    assert page.faults == []
    assert len(page.all("script")) == 1
    assert len(page.all("style")) == 1
    assert page.all("img") == []
    assert {name for _, name, _ in page.attributes()} - ATTRIBUTES == set()
    targets = {one.attributes["href"] for one in page.all("a")}
    assert {target for target in targets if not target.startswith("#")} == set()
    assert {target[1:] for target in targets} - set(page.ids) == set()
    assert {anchor(finding.id) for finding in host.findings} <= set(page.ids)


def test_what_a_host_says_can_still_be_read(attacked: tuple[HostReport, Page]) -> None:
    """It is shown as it is, but for what has no shape of its own."""
    _, page = attacked
    text = page.one("body").text
    for evil in (*EVIL[:4], EVIL[5], EVIL[6], EVIL[7], EVIL[9], QUOTED):
        assert evil in text, evil
    assert "\\x1b]0;owned\\x07\\x1b[31m\\u202egnp\\u2066\\u200b\\x9b31m" in text


def test_no_hidden_character_reaches_the_page(attacked: tuple[HostReport, Page]) -> None:
    """Neither escape sequences nor what turns the direction of text."""
    _, page = attacked
    hidden = {
        char
        for char in page.source
        if char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    }
    assert hidden == set()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a:b.service", "a:b.service"),
        ("a:/etc/x y", "a:/etc/x%20y"),
        ("a:50%", "a:50%25"),
        ("a:b[c]", "a:b%5Bc%5D"),
        ('a:"><x>', "a:%22%3E%3Cx%3E"),
        ("a:æ\u202e", "a:%C3%A6%E2%80%AE"),
        ("a:\x00\n", "a:%00%0A"),
        ("a:\ud800", "a:%5Cud800"),
    ],
)
def test_an_address_is_plain(name: str, shown: str) -> None:
    """The same in an id and behind a `#`, whatever a finding is called."""
    assert anchor(name) == shown
    assert re.fullmatch(r"[-A-Za-z0-9:/@.,+~=!*()_%]+", shown)


def test_a_host_without_streams_has_no_map() -> None:
    """And nothing on the page speaks of one."""
    found = reference()
    found.evidence[:] = [one for one in found.evidence if not one.probe.startswith("redis")]
    page = page_of(host_report(found))
    assert "map" not in page.ids
    assert page.faults == []


def test_a_run_that_was_cut_says_so_at_the_top(host: HostReport) -> None:
    """An interrupted run is no whole one."""
    whole = Report("", "", complete=False, hosts=(host,), unreachable=())
    text = Page(render(whole, "html")).one("header").text
    assert "INTERRUPTED RUN" in text


def test_a_large_host_is_drawn_by_layers() -> None:
    """One picture of the layers, and one of each that is opened on demand."""
    page = page_of(host_report(large(streams=50, units=100)))
    maps = [one for one in page.all("svg") if one.attributes.get("class") == "map"]
    assert len(maps) == 1 + 5
    overview = maps[0]
    assert "ingestion · 10" in overview.text
    for number in range(1, 6):
        assert f"map-1-{number}" in page.ids
        assert f'href="#map-1-{number}"' in page.source
    for stream in range(50):
        assert any(f".{stream:03}" in one.text for one in maps[1:])
