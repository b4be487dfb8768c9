"""The page over many hosts, as somebody looks for the one that is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from reporter.locale import catalogue
from reporter.render.html.environment import Pages
from reporter.render.html.fleet import Fleet
from reporter.report import Unreachable
from tests.browser.conftest import Open
from tests.reporter.html_cases import fleet

Picture = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Return pages over made fleets, by how many hosts they have."""
    folder = tmp_path_factory.mktemp("fleets")
    paths = {}
    for count in (120, 10_000):
        gathered = Fleet(run="run", digest="d" * 64, complete=True)
        for summary in fleet(count):
            gathered.add(summary)
        lost = [Unreachable(f"lost-{number}", "no route to host") for number in range(3)]
        paths[count] = folder / f"{count}.html"
        paths[count].write_text(gathered.page(Pages(catalogue("en")), lost), encoding="utf-8")
    return paths


def rows(page: Page) -> list[str]:
    """Return the hosts that are shown."""
    return page.locator(".heat tbody th").all_inner_texts()


def test_a_reviewer_gets_pictures(
    indexes: dict[int, Path], open_page: Open, picture: Picture
) -> None:
    """The fleet: light and dark, wide and narrow."""
    for dark in (False, True):
        for phone in (False, True):
            page = open_page(indexes[120], dark=dark, phone=phone)
            kind = f"{'phone' if phone else 'desk'}-{'dark' if dark else 'light'}"
            picture(page, f"fleet-{kind}-1-first")
            page.evaluate("document.getElementById('shared').scrollIntoView()")
            picture(page, f"fleet-{kind}-2-shared")


def test_every_row_is_the_same_with_and_without_a_script(
    indexes: dict[int, Path], open_page: Open
) -> None:
    """What the script shows of a host is what is written out."""
    written = open_page(indexes[120], script=False).locator(".heat tbody tr").all_inner_texts()
    shown = open_page(indexes[120]).locator(".heat tbody tr").all_inner_texts()
    assert len(written) == 50
    assert shown == written


def test_a_name_finds_its_host(indexes: dict[int, Path], open_page: Open) -> None:
    """Among all of them, not only those that are shown."""
    page = open_page(indexes[10_000])
    name = page.locator(".every a").last.text_content()
    middle = str(name).removeprefix("node-").upper()
    page.get_by_role("searchbox").fill(f" {middle} ")
    assert rows(page) == [name]
    expect(page.locator(".filters output")).to_have_text("1 of 10000 hosts")
    assert page.locator(".heat tbody a").get_attribute("href") == f"hosts/{name}.html"
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".filters output")).to_have_text("10000 of 10000 hosts")


def test_ten_thousand_hosts_are_filtered_within_a_tenth_of_a_second(
    indexes: dict[int, Path], open_page: Open
) -> None:
    """From the key to the picture, by the time the page's own thread is at work."""
    page = open_page(indexes[10_000])
    chrome = page.context.new_cdp_session(page)
    chrome.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        metrics = chrome.send("Performance.getMetrics")["metrics"]
        (seconds,) = [one["value"] for one in metrics if one["name"] == "TaskDuration"]
        return float(seconds) * 1000

    spent = {}
    for text in ("n", "no", "node-0", "node-01", "1", "99", "zzz", "", "7", ""):
        begun = worked()
        page.evaluate(
            """text => {
              const field = document.querySelector(".filters").elements.text;
              field.value = text;
              field.dispatchEvent(new Event("input", { bubbles: true }));
              return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            }""",
            text,
        )
        spent[text] = worked() - begun
    assert max(spent.values()) < 100, spent


def test_more_hosts_are_shown_when_asked_for(indexes: dict[int, Path], open_page: Open) -> None:
    """Fifty at a time, then the rest."""
    page = open_page(indexes[120])
    assert len(rows(page)) == 50
    page.get_by_role("button", name="Show 50 more").click()
    assert len(rows(page)) == 100
    page.get_by_role("button", name="Show 20 more").click()
    assert len(rows(page)) == 120
    expect(page.locator("button.more")).to_be_hidden()


def test_a_status_and_a_severity_leave_the_hosts_that_have_it(
    indexes: dict[int, Path], open_page: Open
) -> None:
    page = open_page(indexes[120])
    page.get_by_role("checkbox", name="unknown").check()
    states = set(page.locator(".heat tbody td:nth-child(2)").all_inner_texts())
    assert states == {"unknown"}
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("checkbox", name="P1").check()
    states = set(page.locator(".heat tbody td:nth-child(2)").all_inner_texts())
    assert states == {"P1 down"}


def test_what_hosts_share_shows_those_hosts(indexes: dict[int, Path], open_page: Open) -> None:
    """As many as it says, and the ones it names among them."""
    page = open_page(indexes[120])
    item = page.locator("#shared li").first
    count = int(item.locator("p b").first.inner_text().split()[0])
    named = item.locator(".on a").all_inner_texts()
    item.get_by_role("button", name="Show these hosts").click()
    expect(page.locator(".filters output")).to_have_text(f"{count} of 120 hosts")
    expect(page.locator(".set")).to_contain_text("failed at …")
    assert set(named) <= set(rows(page))
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".set")).to_be_hidden()
    expect(page.locator(".filters output")).to_have_text("120 of 120 hosts")


def test_a_column_puts_the_worst_first(indexes: dict[int, Path], open_page: Open) -> None:
    """What is down before what is degraded, many before few; again, the other way round."""
    page = open_page(indexes[120])
    head = page.get_by_role("columnheader", name="services")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    counts = [
        int(one.split()[-1])
        for one in page.locator(".heat tbody td.down:nth-of-type(4)").all_inner_texts()
    ]
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) > 2
    first = rows(page)[0]
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert rows(page)[0] != first


def test_a_phone_scrolls_in_one_direction(indexes: dict[int, Path], open_page: Open) -> None:
    page = open_page(indexes[120], phone=True)
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1] == 360


def test_paper_shows_the_map_with_its_heads(indexes: dict[int, Path], open_page: Open) -> None:
    """Without what a finger would press."""
    page = open_page(indexes[120])
    page.emulate_media(media="print")
    for name in ("Host", "services", "Coverage"):
        expect(page.get_by_role("columnheader", name=name, exact=True)).to_be_visible()
    expect(page.locator(".filters")).to_be_hidden()
    expect(page.locator("button.more")).to_be_hidden()
    expect(page.locator("#shared li button").first).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_keeps_anybody_out(
    indexes: dict[int, Path], open_page: Open, *, dark: bool
) -> None:
    """axe-core finds nothing against accessibility."""
    page = open_page(indexes[120], dark=dark)
    page.locator("#shared li button").first.click()
    found = Axe().run(page)
    assert len(found.response["passes"]) > 20
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []
