"""The page over several hosts: worst first, what they have in common, small at any size."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from reporter.cli import run_command
from reporter.locale import catalogue
from reporter.messages import common, text
from reporter.outputs import files, render
from reporter.render.html import render as render_html
from reporter.render.html.environment import Pages
from reporter.render.html.fleet import Fleet, summary_of
from reporter.report import HostReport, Report, Unreachable, host_report
from tests.builders import bundle, record, run_folder
from tests.compare.cases import Machine, report_of
from tests.compare.test_waivers import BROKEN, WORKER, waiver, waivers
from tests.reporter.html_cases import EVIL, QUOTED, fleet, reference
from tests.reporter.html_pages import Page

UNITS = """\
Id={unit}
Names={unit}
LoadState=loaded
ActiveState={state}
SubState={state}
UnitFileState=enabled
Type=simple
Result=exit-code
ExecMainCode=1
ExecMainStatus=1
InactiveEnterTimestamp=Sun 2026-02-15 16:{minute:02}:00 UTC
FragmentPath=/etc/systemd/system/{unit}
"""


def made(name: str, unit: str = "shop-api.service", *, failed: bool, minute: int = 0) -> HostReport:
    """Return a host with one unit, in one state."""
    shown = UNITS.format(unit=unit, state="failed" if failed else "active", minute=minute)
    return host_report(bundle([record("systemd_units", shown)], host=name))


def report(*hosts: HostReport, unreachable: tuple[Unreachable, ...] = ()) -> Report:
    return Report("d" * 64, "run", complete=True, hosts=hosts, unreachable=unreachable)


def index(*hosts: HostReport, unreachable: tuple[Unreachable, ...] = ()) -> Page:
    found = render_html(report(*hosts, unreachable=unreachable))
    assert isinstance(found, Mapping)
    return Page(found["report.html"])


def listed(page: Page) -> list[str]:
    """Return the hosts in the order of the page."""
    return [one.text for one in page.all("a") if "data-v" in one.attributes]


def test_the_worst_host_stands_first() -> None:
    """By its worst severity, then by how many findings are as bad."""
    page = index(made("a", failed=False), made("z", failed=True), made("b", failed=False))
    assert listed(page) == ["z", "a", "b"]
    assert [one.text for one in page.all("th") if one.attributes["scope"] == "row"] == [
        "z",
        "a",
        "b",
    ]


def test_what_several_hosts_have_stands_once_with_how_many() -> None:
    """The part that differs between them is left open."""
    page = index(
        made("a", failed=True, minute=1),
        made("b", failed=True, minute=2),
        made("c", failed=False),
    )
    shared = page.by_id("shared").text
    assert "2 of 3 hosts" in shared
    assert "shop-api.service failed at …" in shared
    assert "16:01" not in shared


def test_which_hosts_have_it_can_be_read_from_its_mask() -> None:
    """A bit a host, in the order of the page: what the script shows them by."""
    hosts = [made(f"h{number:02}", failed=number % 7 == 3) for number in range(20)]
    page = index(*hosts)
    order = listed(page)
    masks = [one for one in page.all("li") if "data-m" in one.attributes]
    (item,) = [one for one in masks if "3 of 20 hosts" in one.text and "failed at" in one.text]
    mask = base64.b64decode(item.attributes["data-m"])
    members = {
        name for at, name in enumerate(order) if at // 8 < len(mask) and mask[at // 8] >> at % 8 & 1
    }
    assert members == {"h03", "h10", "h17"}


def test_what_only_one_host_has_is_told_in_a_fleet_of_some_size() -> None:
    """Among few hosts everything is odd."""
    odd = made("odd", "own.service", failed=True)
    few = [made(f"h{number}", failed=False) for number in range(3)]
    many = [made(f"h{number}", failed=False) for number in range(9)]
    assert "alone" not in index(odd, *few).ids
    alone = index(odd, *many).by_id("alone").text
    assert "odd" in alone
    assert "own.service" in alone


def test_a_field_of_the_map_counts_what_is_broken_there() -> None:
    """Layers first, where a profile declares them, then every section that was looked at."""
    host = host_report(reference())
    summary = summary_of(host, "hosts/reference.html")
    services = [one for one in host.findings if one.section == "services"]
    broken = [one for one in services if one.verdict.status in ("down", "degraded")]
    assert summary.cells["services"].status == "down"
    assert summary.cells["services"].broken == len(broken) > 0
    assert summary.cells["layer risk"].status == "down"
    assert summary.layers == host.profiles.all[0].layers
    page = index(host, made("other", failed=False))
    heads = [one.text for one in page.all("th") if one.attributes["scope"] == "col"]
    assert heads[2 : 2 + len(summary.layers)] == list(summary.layers)
    assert heads[-2:] == ["Coverage", "Verified (UTC)"]
    (other,) = [
        one for one in page.all("a") if one.attributes.get("data-v") and one.text == "other"
    ]
    assert other.attributes["data-v"].startswith("u" + "-" * len(summary.layers))


def test_a_host_that_was_not_reached_is_named_with_the_reason() -> None:
    """It is no row of the map: nothing was looked at."""
    page = index(made("a", failed=False), unreachable=(Unreachable("gone", "no route to host"),))
    assert "1 of 2 hosts reported" in page.one("h1").text
    assert "gone no route to host" in page.by_id("not-reported").text
    assert listed(page) == ["a"]


def test_no_host_at_all_is_a_page_too() -> None:
    """A run in which nothing was reached is reported as that."""
    page = index(unreachable=(Unreachable("gone", "timed out"),))
    assert "0 of 1 hosts reported" in page.one("h1").text
    assert page.all("table") == []


def test_every_page_is_a_file_that_leads_back() -> None:
    """The index links to every host, every host back to it."""
    found = render_html(report(made("web1", failed=False), made("Web/1", failed=True)))
    assert isinstance(found, Mapping)
    names = set(found)
    assert names == {
        "report.html",
        "hosts/web1.html",
        next(iter(names - {"report.html", "hosts/web1.html"})),
    }
    page = Page(found["report.html"])
    targets = {one.attributes["href"] for one in page.all("a")}
    assert {target.partition("#")[0] for target in targets} - {""} == names - {"report.html"}
    for name in names - {"report.html"}:
        assert 'href="../report.html"' in found[name]


def test_the_link_to_a_finding_leads_to_it_on_the_hosts_page() -> None:
    found = render_html(report(made("a", failed=True), made("b", failed=True)))
    assert isinstance(found, Mapping)
    links = {
        one.attributes["href"]
        for one in Page(found["report.html"]).all("a")
        if "#service_state" in one.attributes["href"]
    }
    assert links == {
        "hosts/a.html#service_state:shop-api.service",
        "hosts/b.html#service_state:shop-api.service",
    }
    assert "service_state:shop-api.service" in Page(found["hosts/a.html"]).ids


def test_what_hosts_say_becomes_no_element() -> None:
    """Names of hosts, of layers and of units, and the reasons why one was not reached."""
    hosts = []
    for number, name in enumerate((*EVIL, QUOTED)):
        profile = {"title": name, "layers": [name], "components": {}}
        shown = UNITS.format(unit=f"{EVIL[0]}.service", state="failed", minute=number)
        one = bundle([record("systemd_units", shown)], host=name, applications={"evil": profile})
        hosts.append(host_report(one))
    page = index(*hosts, unreachable=(Unreachable(QUOTED + EVIL[8], EVIL[3]),))
    assert page.faults == []
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert not [
        name for _, name, _ in page.attributes() if name.startswith("on") or name == "style"
    ]
    targets = {one.attributes["href"].partition("#")[0] for one in page.all("a")}
    assert all(target.startswith("hosts/") for target in targets if target)
    assert EVIL[0] in page.one("body").text


def test_ten_thousand_hosts_stay_small() -> None:
    """Below five megabytes, with a row for the worst and every host in the list."""
    gathered = Fleet(run="run", digest="d" * 64, complete=True)
    for summary in fleet(10_000):
        gathered.add(summary)
    shown = gathered.page(Pages(catalogue("en")), ())
    assert len(shown.encode()) < 5_000_000
    page = Page(shown)
    assert page.faults == []
    assert len(listed(page)) == 10_000
    rows = [one for one in page.all("th") if one.attributes.get("scope") == "row"]
    assert len(rows) == 50


def test_the_page_is_the_same_whatever_the_order_of_hosts() -> None:
    """It sorts for itself."""
    pages = set()
    for order in (1, -1):
        gathered = Fleet(run="run", digest="d", complete=True)
        for summary in list(fleet(30))[::order]:
            gathered.add(summary)
        pages.add(gathered.page(Pages(catalogue("en")), ()))
    assert len(pages) == 1


def test_two_sentences_share_what_is_the_same() -> None:
    """Down into a sentence that stands in another; unlike ones share nothing."""
    cause = text("exit status {code}", code=1)
    one = text("{unit} failed at {at}: {why}", unit="a.service", at="16:01", why=cause)
    other = text(
        "{unit} failed at {at}: {why}",
        unit="a.service",
        at="16:02",
        why=text("exit status {code}", code=2),
    )
    assert str(common(one, other)) == "a.service failed at …: exit status …"
    assert common(one, one) == one
    assert common(one, text("{unit} is fine", unit="a.service")) is None
    assert common(None, one) is None


def test_a_page_is_made_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of many hosts are never in memory at once."""
    asked: list[str] = []

    def page_of(host: HostReport, *_: object, **__: object) -> str:
        asked.append(host.host)
        return ""

    monkeypatch.setattr("reporter.render.html.host_page", page_of)
    found = render_html(report(made("a", failed=False), made("b", failed=False)))
    assert isinstance(found, Mapping)
    assert len(found) == 3
    assert asked == []
    pages = iter(found.items())
    next(pages)
    assert asked == []
    next(pages)
    assert asked == ["a"]


def test_the_command_writes_a_folder_for_several_hosts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a file for one; several in one file would lead nowhere."""
    hosts = [bundle([record("systemd_units", "")], host=name) for name in ("a", "b")]
    several = run_folder(tmp_path / "several", hosts)
    one = run_folder(tmp_path / "one", hosts[:1])
    out = tmp_path / "out"
    assert run_command(["report", str(several), "--format", "html", "--out", str(out)]) == 0
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert written == ["hosts/a.html", "hosts/b.html", "report.html"]
    assert run_command(["report", str(one), "--format", "html", "--out", f"{out}/one.html"]) == 0
    assert (out / "one.html").read_text().startswith("<!doctype html>")
    capsys.readouterr()
    assert run_command(["report", str(several), "--format", "html"]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "html of several hosts is several files: give a folder as --out" in shown.err


def test_a_run_shows_text_and_keeps_the_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal is no browser."""
    hosts = [bundle([record("systemd_units", "")], host=name) for name in ("a", "b")]
    folder = run_folder(tmp_path / "run", hosts)
    monkeypatch.setattr("reporter.commands.run.collect_archive", lambda options: (folder, False))
    assert run_command(["run", "--format", "html"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("FLEET - 2 of 2 hosts reported")
    assert f"Report:  {folder / 'report' / 'report.html'}" in shown.err
    assert (folder / "report" / "hosts" / "b.html").exists()


def test_one_host_is_one_page_everywhere() -> None:
    """What is sent to sinks is what is written."""
    whole = report(made("a", failed=False))
    (only,) = files(whole, "html")
    assert only == ("report.html", render(whole, "html").encode())
    assert "All hosts" not in render(whole, "html")


def test_a_host_that_was_cut_short_is_marked() -> None:
    """In its row, and on its page."""
    cut = msgspec.structs.replace(bundle([record("systemd_units", "")], host="cut"), complete=False)
    page = index(host_report(cut), made("b", failed=False))
    assert "cut short" in page.one("tbody").text
    assert replace(summary_of(host_report(cut), "x"), cut_short=False) != summary_of(
        host_report(cut), "x"
    )


def test_the_odd_one_out_stands_with_its_evidence() -> None:
    """Drift belongs to no single host: what differs, on which, and how to see it there."""
    machines = [Machine(host=f"web{number}") for number in (1, 2, 3, 4)]
    machines[1] = machines[1].changed(kernel="6.1.0-20-amd64")
    whole = report_of(*machines)
    found = render_html(whole)
    assert isinstance(found, Mapping)
    page = Page(found["report.html"])
    assert page.faults == []
    shown = page.by_id("fleet").text
    assert "kernel: 6.1.0-20-amd64 on web2; 6.1.0-18-amd64 on 3 others" in shown
    assert "host_drift:shop/versions" in shown
    (drift,) = [one for one in whole.findings if one.id == "host_drift:shop/versions"]
    assert drift.verdict.citations
    for citation in drift.verdict.citations:
        assert f'href="hosts/{citation.host}.html#evidence:{citation.record}"' in page.source
        assert f"evidence:{citation.record}" in Page(found[f"hosts/{citation.host}.html"]).ids


def test_a_waived_finding_is_marked_and_counts_for_nothing(tmp_path: Path) -> None:
    """On its host's page with reason, owner and last day; on the page over all not at all."""
    accepted = waivers(tmp_path, waiver(), waiver("timer_state:none.timer"))
    alone = report_of(BROKEN, waivers=accepted)
    page = Page(render(alone, "html"))
    assert page.faults == []
    assert page.source.count("Waived until 2026-12-31 by ops: replaced") == 2
    assert "1 waived" in page.one("header").text
    assert f'href="#{WORKER}"' in page.source
    assert "service_state: shop-worker.service" in page.by_id("waived").text
    assert "timer_state:none.timer" in page.by_id("waivers").text
    several = report_of(BROKEN, BROKEN.changed(host="web2"), waivers=accepted)
    index = render_html(several)
    assert isinstance(index, Mapping)
    over = Page(index["report.html"])
    assert "shop-worker.service" not in over.by_id("shared").text
    assert "timer_state:none.timer" in over.by_id("fleet").text
    assert "waivers" not in Page(index["hosts/web1.html"]).ids
