"""The page of a host, as somebody uses it: reading, filtering, unfolding, printing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from reporter.render.html.anchors import anchor
from reporter.report import HostReport, host_report
from tests.browser.conftest import SCREENSHOTS, Open
from tests.reporter.html_cases import reference

Picture = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def host() -> HostReport:
    return host_report(reference())


def shown(page: Page, selector: str) -> int:
    """Return how many elements can be seen."""
    return page.locator(f"{selector} >> visible=true").count()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_reviewer_gets_pictures(
    hosts: dict[str, Path], open_page: Open, picture: Picture, *, dark: bool
) -> None:
    """The first screen, the map, part A, the truth table: light and dark, wide and narrow."""
    scheme = "dark" if dark else "light"
    for phone in (False, True):
        page = open_page(hosts["reference"], dark=dark, phone=phone)
        kind = f"{'phone' if phone else 'desk'}-{scheme}"
        picture(page, f"host-{kind}-1-first")
        for number, place in enumerate(("map", "part-a", "part-d", "truth-table"), start=2):
            page.evaluate("name => document.getElementById(name).scrollIntoView()", place)
            picture(page, f"host-{kind}-{number}-{place}")
    page = open_page(hosts["large"], dark=dark)
    page.evaluate("document.getElementById('map').scrollIntoView()")
    picture(page, f"large-desk-{scheme}-map")


def test_a_filter_leaves_what_fits_it(
    hosts: dict[str, Path], host: HostReport, open_page: Open, picture: Picture
) -> None:
    """By status, severity, component and text, together and one by one."""
    page = open_page(hosts["reference"])
    output = page.locator(".filters output")
    every = len(host.findings)
    expect(output).to_have_text(f"{every} of {every}")

    down = sum(1 for one in host.findings if one.verdict.status == "down")
    page.get_by_role("checkbox", name="down").check()
    expect(output).to_have_text(f"{down} of {every}")
    assert shown(page, "#part-a .f") == down
    assert shown(page, "#part-a .f[data-s=ok]") == 0
    picture(page, "host-desk-light-6-filtered")

    worst = sum(
        1
        for one in host.findings
        if one.verdict.status == "down" and one.verdict.severity in ("P0", "P1")
    )
    page.get_by_role("checkbox", name="P0").check()
    page.get_by_role("checkbox", name="P1").check()
    expect(output).to_have_text(f"{worst} of {every}")
    assert shown(page, "#part-e .f[data-p=P3]") == 0

    page.get_by_role("button", name="Clear").click()
    expect(output).to_have_text(f"{every} of {every}")

    timers = sum(1 for one in host.findings if str(one.verdict.component) == "Timers")
    page.get_by_label("Component").select_option(label="Timers")
    expect(output).to_have_text(f"{timers} of {every}")
    page.get_by_role("button", name="Clear").click()

    page.get_by_role("searchbox").fill("RESTART LOOP")
    expect(page.locator("#part-a").get_by_text("is in a restart loop").first).to_be_visible()
    assert 0 < shown(page, "#part-a .f") < 10
    looping = [one for one in host.judgement.risks if "restart loop" in str(one.message)]
    assert shown(page, "#part-e .f") == len(looping) > 0


def test_what_is_in_order_can_be_found_by_a_filter(hosts: dict[str, Path], open_page: Open) -> None:
    """The folded list of what is fine unfolds where something in it fits, and folds again."""
    page = open_page(hosts["reference"])
    unit = page.locator(".q .f", has_text="quantum-ai-engine.service").first
    expect(unit).to_be_hidden()
    page.get_by_role("searchbox").fill("quantum-ai-engine.service runs")
    expect(unit).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(unit).to_be_hidden()


def test_a_column_sorts_the_truth_table_both_ways(hosts: dict[str, Path], open_page: Open) -> None:
    """Numbers as numbers; what reads it out is told."""
    page = open_page(hosts["reference"])
    head = page.get_by_role("columnheader", name="LENGTH")
    lengths = page.locator("#truth-table td.num")
    head.get_by_role("button").click()
    rising = [int(one) for one in lengths.all_inner_texts()]
    assert rising == sorted(rising)
    assert len(set(rising)) > 5
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.get_by_role("button").press("Enter")
    assert [int(one) for one in lengths.all_inner_texts()] == rising[::-1]
    expect(head).to_have_attribute("aria-sort", "descending")
    page.get_by_role("columnheader", name="ACTIVE?").get_by_role("button").click()
    states = page.locator("#truth-table tbody b.s").all_inner_texts()
    assert states == sorted(states, key=["NO", "STALE", "UNKNOWN", "YES"].index)


def test_a_finding_unfolds_its_evidence_and_its_command_is_copied(
    hosts: dict[str, Path], host: HostReport, open_page: Open, picture: Picture
) -> None:
    """The lines it stands on, and what shows them again; a command that is cut is copied whole."""
    finding = next(one for one in host.findings if one.rule == "restart_loops")
    page = open_page(hosts["reference"])
    details = page.locator("#part-a .f").filter(has=page.locator(f'[id="{anchor(finding.id)}"]'))
    details.locator("summary").click()
    expect(details.locator("pre").first).to_contain_text("NRestarts=")
    picture(page, "host-desk-light-7-unfolded")
    commands = [host.records[one.record].command for one in finding.verdict.citations]
    buttons = details.get_by_role("button", name="Copy")
    assert buttons.count() == len(commands)
    for place, command in enumerate(commands):
        details.locator(".c button").nth(place).click()
        assert page.evaluate("navigator.clipboard.readText()") == command
    assert any(len(command) > 400 for command in commands)


def test_an_address_opens_what_it_points_at(
    hosts: dict[str, Path], host: HostReport, open_page: Open
) -> None:
    """Also within a folded list, and where a filter would hide it."""
    finding = next(
        one for one in host.findings if one.id == "service_state:quantum-ai-engine.service"
    )
    page = open_page(hosts["reference"], fragment=f"#{anchor(finding.id)}")
    target = page.locator(f'[id="{anchor(finding.id)}"]')
    expect(target).to_be_visible()
    expect(target).to_be_in_viewport()

    page.get_by_role("checkbox", name="unknown").check()
    expect(target).to_be_hidden()
    page.evaluate("location.hash = '#part-b'")
    page.evaluate("name => location.hash = `#${name}`", anchor(finding.id))
    expect(target).to_be_visible()


def test_an_address_opens_what_it_points_at_without_a_script(
    hosts: dict[str, Path], host: HostReport, open_page: Open
) -> None:
    """The browser itself unfolds what holds the target."""
    finding = next(one for one in host.findings if one.rule == "restart_loops")
    page = open_page(hosts["reference"], fragment=f"#{anchor(finding.id)}", script=False)
    expect(page.locator(f'[id="{anchor(finding.id)}"]')).to_be_visible()
    expect(page.locator(".filters")).to_be_hidden()
    expect(page.locator(".hint")).to_be_hidden()
    assert shown(page, ".map .n") > 50


def test_a_reason_leads_to_its_finding(hosts: dict[str, Path], open_page: Open) -> None:
    """From what to fix first to the evidence, by one click."""
    page = open_page(hosts["reference"])
    page.locator(".reasons .chips a").first.click()
    expect(page.locator(".v:target")).to_be_in_viewport()
    expect(page.locator(".v:target pre").first).to_be_visible()


def lit(page: Page) -> set[str]:
    """Return the names of the boxes that are lit."""
    return {
        str(one.get_attribute("aria-label")).partition(": ")[0]
        for one in page.locator(".map.lit .n.on").all()
    }


def test_pointing_at_a_box_lights_its_way(hosts: dict[str, Path], open_page: Open) -> None:
    """Who writes it, who reads it, and nothing beside."""
    page = open_page(hosts["reference"])
    box = page.locator(".map .n[aria-label^='quantum:stream:market.tick:']")
    box.hover()
    assert lit(page) == {
        "quantum-price-feed.service",
        "quantum:stream:market.tick",
        "quantum:stream:market.tick/feature_publisher",
        "quantum:stream:market.tick/quantum:group:ai-engine:market.tick",
        "quantum-feature-publisher.service",
    }
    page.mouse.move(0, 0)
    expect(page.locator(".map.lit")).to_have_count(0)


def test_the_keyboard_lights_a_box_and_opens_its_finding(
    hosts: dict[str, Path], open_page: Open, picture: Picture
) -> None:
    """The Tab key goes from box to box, Enter to what was found."""
    page = open_page(hosts["reference"])
    boxes = page.locator(".map .n")
    boxes.first.focus()
    first = lit(page)
    assert first
    page.keyboard.press("Tab")
    expect(boxes.nth(1)).to_be_focused()
    assert lit(page) != first
    picture(page, "host-desk-light-8-map-focus")
    page.keyboard.press("Enter")
    expect(page.locator(".v:target")).to_be_in_viewport()


def test_a_layer_opens_from_the_map_of_layers(hosts: dict[str, Path], open_page: Open) -> None:
    """A large host shows layers first, and what is in one when it is asked for."""
    page = open_page(hosts["large"])
    part = page.locator("#map-1-3 .map")
    expect(part).to_be_hidden()
    page.locator(".map").first.locator(".n[aria-label^='strategy:']").nth(1).click()
    expect(part).to_be_visible()
    assert part.locator(".n").count() > 20


@pytest.mark.parametrize("name", ["reference", "large", "hostile"])
def test_a_phone_scrolls_in_one_direction(
    hosts: dict[str, Path], open_page: Open, name: str
) -> None:
    """What is wider scrolls in itself; no text is smaller than can be read."""
    page = open_page(hosts[name], phone=True)
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1] == 360
    size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    assert size >= 15
    if name == "reference":
        region = page.locator(".scroll").first
        assert region.evaluate("one => one.scrollWidth > one.clientWidth")


def test_paper_holds_all_that_is_open_and_no_controls(
    hosts: dict[str, Path], host: HostReport, open_page: Open
) -> None:
    """On white, the map within the page, what a finger would press left out."""
    page = open_page(hosts["reference"], dark=True)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 252, 250)"
    for selector in (".filters", "nav", ".c button", ".hint"):
        assert shown(page, selector) == 0
    for selector in (".reasons", ".map", "#part-a", "#part-e", "#truth-table", "#evidence"):
        assert shown(page, selector) == 1
    expect(page.get_by_role("columnheader", name="LAST EVENT")).to_be_visible()
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.locator(".map").evaluate("one => one.getBoundingClientRect().right") <= width
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    paper = page.pdf(prefer_css_page_size=True, path=SCREENSHOTS / "host-print.pdf")
    assert 10 < paper.count(b"/Type /Page\n") < 60
    broken = next(one for one in host.findings if one.rule == "restart_loops")
    message = page.locator("#part-a summary", has_text=str(broken.verdict.message))
    expect(message).to_be_visible()


@pytest.mark.parametrize(
    ("name", "dark"), [("reference", False), ("reference", True), ("large", False)]
)
def test_nothing_keeps_anybody_out(
    hosts: dict[str, Path], open_page: Open, name: str, dark: bool
) -> None:
    """axe-core finds nothing against accessibility, folded or with evidence unfolded."""
    page = open_page(hosts[name], dark=dark)
    page.evaluate(
        "for (const one of [...document.querySelectorAll('.f')].slice(0, 40)) one.open = true"
    )
    found = Axe().run(page)
    assert len(found.response["passes"]) > 20
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []


def test_nothing_a_host_says_is_obeyed(
    hosts: dict[str, Path], open_page: Open, picture: Picture
) -> None:
    """Everything is unfolded, pointed at and filtered; no line of the host's runs."""
    page = open_page(hosts["hostile"])
    page.get_by_role("button", name="Unfold all").click()
    for box in page.locator(".map .n").all():
        box.dispatch_event("pointerenter")
    page.locator("#truth-table thead button").first.click()
    page.get_by_role("searchbox").fill("<script>")
    assert shown(page, "#part-a .f") > 0
    assert page.evaluate("typeof owned") == "undefined"
    assert page.locator("img, iframe, object, embed, body script ~ script").count() == 0
    picture(page, "hostile-desk-light")
