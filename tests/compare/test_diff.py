"""What changed between two looks at one host: each change named, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.archive import load
from reporter.diff.compare import compare
from reporter.diff.model import Diff, HostDiff
from reporter.diff.reading import load_side
from reporter.diff.side import side_of
from reporter.diff.wording import added, removed
from reporter.outputs import render
from reporter.report import build
from reporter.state.model import Thing
from reporter.waivers import NO_WAIVERS
from tests.builders import record, run_folder
from tests.compare.cases import BOOT, WORLD, Machine, later, report_of
from tests.rules.systemd_cases import moment

OLD = Machine()
NEW = Machine(at=later(3600))


def diff(old: Machine, new: Machine) -> HostDiff:
    (host,) = compare(side_of(report_of(old)), side_of(report_of(new))).hosts
    return host


def verdicts(host: HostDiff) -> dict[str, str]:
    return {change.seen.id: change.how for change in host.findings}


def said(host: HostDiff) -> list[str]:
    return [str(change.message) for change in host.changes]


def test_an_hour_in_which_nothing_happened_is_no_difference() -> None:
    """Ages and moments in the sentences differ; no verdict does."""
    host = diff(OLD, NEW)
    assert host.quiet
    assert (host.rates, host.not_compared, host.rebooted) == ((), (), False)
    assert host.seconds == 3600


def test_a_port_of_no_unit_names_the_program() -> None:
    """Started from a login, or by a process that no service holds; or it was not seen by whom."""
    stray = Thing("listener", "tcp/9999", {"reach": "world", "program": ("/usr/bin/socat",)})
    opened = "port tcp/9999 was opened: open to the world, by /usr/bin/socat, of no unit"
    assert str(added(stray)) == opened
    unseen = Thing("listener", "tcp/9999", {"reach": "world"})
    assert str(removed(unseen)) == (
        "port tcp/9999 was closed (open to the world, by a program that was not seen)"
    )


def test_a_unit_that_was_masked_is_told_once() -> None:
    """What systemd shows of a masked unit's settings are its defaults: nobody changed them."""
    defaults = {"User": "", "Type": "", "Restart": "no", "ExecStart": ""}
    masked = NEW.unit(
        "shop-worker.service",
        **{**STOPPED, **defaults, "LoadState": "masked", "UnitFileState": "masked"},
        FragmentPath="/etc/systemd/system/shop-worker.service",
    )
    assert said(diff(OLD, masked)) == [
        "shop-worker.service, unit file state: was enabled, is masked",
        "shop-worker.service was stopped",
    ]
    assert said(diff(masked, NEW.changed(at=later(7200)))) == [
        "shop-worker.service, unit file state: was masked, is enabled",
        "shop-worker.service was started",
    ]


STOPPED = {
    "ActiveState": "inactive",
    "SubState": "dead",
    "MainPID": "0",
    "InactiveEnterTimestamp": moment(BOOT + 86400 + 1800),
}


def test_a_unit_that_was_stopped_is_broken_and_then_recovered() -> None:
    """Its finding says so; that it does not run is not said twice."""
    stopped = NEW.unit("shop-worker.service", **STOPPED)
    broken = diff(OLD, stopped)
    assert verdicts(broken)["service_state:shop-worker.service"] == "broken"
    assert said(broken) == []
    assert "recovered" in verdicts(diff(stopped, NEW.changed(at=later(7200)))).values()


def test_a_change_of_severity_is_worse_or_better() -> None:
    """The same status at another severity, by another profile."""
    critical = {"shop": {"units": ["shop-*"], "critical_units": {"P0": ["shop-worker"]}}}
    usual = {"shop": {"units": ["shop-*"]}}
    old = OLD.unit("shop-worker.service", **STOPPED).changed(applications=usual)
    new = NEW.unit("shop-worker.service", **STOPPED).changed(applications=critical)
    assert verdicts(diff(old, new)) == {"service_state:shop-worker.service": "worse"}
    back = diff(new, old.changed(at=later(7200)))
    assert verdicts(back) == {"service_state:shop-worker.service": "better"}


def test_lost_evidence_is_unknown_now_and_known_again() -> None:
    """Nothing is called gone, closed or removed that nobody looked for."""
    blind = NEW.changed(reasons={"sockets_open": ("denied", "Permission denied")})
    host = diff(OLD, blind)
    assert set(verdicts(host).values()) == {"unknown_now"}
    assert said(host) == []
    (gap,) = host.not_compared
    assert (gap.kind, gap.missing_in, gap.count) == ("listener", "new", 1)
    again = diff(blind, NEW.changed(at=later(7200)))
    assert set(verdicts(again).values()) == {"known_again"}
    assert said(again) == []


def test_a_bad_finding_that_was_not_seen_before_is_known_again_not_new() -> None:
    """Whether it was there already, nobody knows."""
    blind = OLD.changed(reasons={"systemd_units": ("timeout", "stopped after 30 s")})
    host = diff(blind, NEW.unit("shop-worker.service", **STOPPED))
    assert verdicts(host)["service_state:shop-worker.service"] == "known_again"
    back = diff(OLD.unit("shop-worker.service", **STOPPED), blind.changed(at=later(3600)))
    assert verdicts(back)["service_state:shop-worker.service"] == "unknown_now"


CHANGES = {
    "a unit is added": (
        NEW.unit("shop-extra.service"),
        ["shop-extra.service was added"],
    ),
    "a unit is disabled": (
        NEW.unit("shop-worker.service", UnitFileState="disabled"),
        ["shop-worker.service, unit file state: was enabled, is disabled"],
    ),
    "a timer's schedule": (
        NEW.changed(timers={"shop-nightly.timer": "*-*-* 03:00"}),
        [
            "shop-nightly.timer, schedule: now OnCalendar=*-*-* 03:00, no longer "
            "OnCalendar=*-*-* 02:00"
        ],
    ),
    "a timer is added": (
        NEW.changed(timers={**NEW.timers, "shop-hourly.timer": "hourly"}),
        ["shop-hourly.timer was added"],
    ),
    "a drop-in is added": (
        NEW.changed(
            drop_ins={
                "/etc/systemd/system/shop-api.service.d/1.conf": "[Service]\nNice=5\n",
            }
        ),
        ["the drop-in /etc/systemd/system/shop-api.service.d/1.conf was added: [Service] Nice=5"],
    ),
    "a port is opened": (
        NEW.changed(ports={8080: WORLD, 9999: "127.0.0.1"}),
        ["port tcp/9999 was opened: loopback only, by shop-api.service"],
    ),
    "a port moves to loopback": (
        NEW.changed(ports={8080: "127.0.0.1"}),
        [
            "port tcp/8080: was open to the world, is loopback only",
            "port tcp/8080, addresses: now 127.0.0.1, no longer 0.0.0.0",
        ],
    ),
    "another commit": (
        NEW.changed(commit="2" * 40),
        [f"the checkout /srv/shop, commit: was {'1' * 40}, is {'2' * 40}"],
    ),
    "another model": (
        NEW.changed(models={**NEW.models, "a.pt": "c" * 64}),
        [
            "the model file /srv/models/a.pt changed: sha256 aaaaaaaaaaaa, now cccccccccccc, "
            "written at 2026-02-01T00:00:00Z"
        ],
    ),
    "a model is deleted": (
        NEW.changed(models={"b.pt": "b" * 64}),
        ["the model file /srv/models/a.pt is not there any more"],
    ),
    "another kernel": (
        NEW.changed(kernel="6.1.0-20-amd64"),
        ["host, kernel: was 6.1.0-18-amd64, is 6.1.0-20-amd64"],
    ),
    "a cron job": (
        NEW.changed(cron=("/srv/shop/report",)),
        ["the cron job /etc/cron.d/shop: */5 * * * * shop /srv/shop/report was added"],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_named_and_nothing_else(name: str) -> None:
    """Also where no finding speaks of it."""
    new, expected = CHANGES[name]
    host = diff(OLD, new)
    assert said(host) == expected
    assert not set(verdicts(host).values()) - {"new"}


def test_what_is_added_is_removed_on_the_way_back() -> None:
    """The other way round every added thing is not there any more, and closed is closed."""
    for name in ("a unit is added", "a timer is added", "a port is opened", "a cron job"):
        new, _ = CHANGES[name]
        host = diff(new.changed(at=later(0)), NEW)
        assert [change.how for change in host.changes] == ["removed"], name


def test_a_reboot_is_one_change() -> None:
    """Everything started anew, with other process ids: that is the boot's doing."""
    booted = BOOT + 86400 + 600
    new = NEW.changed(booted=booted)
    for name in new.units:
        new = new.unit(name, ExecMainStartTimestamp=moment(booted + 5), MainPID="900")
    host = diff(OLD, new)
    assert host.rebooted is True
    assert said(host) == ["the host was booted at 2026-02-15T16:22:00Z"]


STARTED = moment(BOOT + 86400 + 1800)


def test_a_restart_by_hand_is_told_from_one_by_systemd() -> None:
    """By the counter of automatic restarts, which a start by hand does not raise."""
    by_hand = NEW.unit("shop-api.service", ExecMainStartTimestamp=STARTED, MainPID="900")
    assert said(diff(OLD, by_hand)) == [
        "shop-api.service was restarted, last at 2026-02-15T16:42:00Z, and not by its Restart="
    ]
    killed = by_hand.unit("shop-api.service", NRestarts="1")
    assert said(diff(OLD, killed)) == [
        "shop-api.service ended and was restarted by systemd (NRestarts 0, now 1), last at "
        "2026-02-15T16:42:00Z"
    ]


@pytest.mark.parametrize(
    "wakes", [{"TriggeredBy": "shop-api.socket"}, {"Type": "dbus", "BusName": "org.shop"}]
)
def test_what_starts_when_it_is_needed_comes_and_goes(wakes: dict[str, str]) -> None:
    """Services behind a socket or a bus name end when idle: no difference."""
    old = OLD.unit("other.service", UnitFileState="static", WantedBy="", **wakes)
    new = NEW.unit("other.service", UnitFileState="static", WantedBy="", **wakes, **STOPPED)
    assert said(diff(old, new)) == []


WAITING = {
    "ActiveState": "activating",
    "SubState": "auto-restart",
    "Result": "exit-code",
    "ExecMainCode": "1",
    "ExecMainStatus": "1",
    "MainPID": "0",
}


def looping(at: str, count: int, **state: str) -> Machine:
    """Return the host while its API is in a restart loop: the counter grows under the collector."""
    name = "shop-api.service"
    again = f"Id={name}\nNRestarts={count + 1}\nActiveState=activating\nSubState=auto-restart\n"
    machine = Machine(at=at, extra=(record("systemd_units_again", again),))
    return machine.unit(name, NRestarts=str(count), **state)


def test_a_unit_that_loops_on_both_sides_is_no_news() -> None:
    """Which moment of its loop it was met in is no difference, and its port comes and goes."""
    old = looping(later(0), 40, ExecMainStartTimestamp=moment(BOOT + 86390))
    new = looping(later(3600), 70, **WAITING).changed(ports={})
    statuses = [
        side_of(report_of(one)).hosts["web1"].findings["service_state:shop-api.service"].status
        for one in (old, new)
    ]
    assert statuses[0] != statuses[1]
    host = diff(old, new)
    assert host.quiet
    (rate,) = host.rates
    assert (rate.counter, rate.growth, rate.per_hour) == ("restarts", 30, 30.0)


def test_what_is_made_of_a_looping_unit_passes_by_with_it() -> None:
    """A component is down or degraded by the moment of the loop; another unit's stop is news."""
    old = looping(later(0), 40, ExecMainStartTimestamp=moment(BOOT + 86390))
    new = looping(later(3600), 70, **WAITING)
    for units in (["shop-api"], ["shop-api", "shop-worker"]):
        profile = {"units": ["shop-*"], "components": {"api": {"units": units}}}
        before, now = (one.changed(applications={"shop": profile}) for one in (old, new))
        assert diff(before, now).quiet
        stopped = now.unit("shop-worker.service", **STOPPED)
        found = verdicts(diff(before, stopped))
        assert ("components:shop/api" in found) is (len(units) == 2)
        assert "service_state:shop-worker.service" in found


def test_two_runs_of_a_fleet() -> None:
    """Hosts that are new, gone, unreachable now, reached again."""
    old = report_of(OLD, Machine(host="gone"), Machine(host="lost"), unreached={"back": "x"})
    new = report_of(NEW, Machine(host="fresh"), Machine(host="back"), unreached={"lost": "y"})
    found = {host.host: host.status for host in compare(side_of(old), side_of(new)).hosts}
    assert found == {
        "web1": "compared",
        "fresh": "new",
        "gone": "gone",
        "back": "reached_again",
        "lost": "unreachable_now",
    }


def test_json_reports_are_compared_as_archives_are(tmp_path: Path) -> None:
    """A report holds what is compared, so an archive that was thrown away is missed by nobody."""
    new = NEW.unit("shop-worker.service", **STOPPED).changed(commit="2" * 40, ports={})
    folders = [
        run_folder(tmp_path / name, [one.bundle()]) for name, one in (("old", OLD), ("new", new))
    ]
    reports = []
    for folder in folders:
        path = tmp_path / f"{folder.name}.json"
        path.write_text(render(build(load([folder])), "json"))
        reports.append(path)
    by_archive, by_report, mixed = (
        essence(compare(*(load_side([one], None, NO_WAIVERS) for one in pair)))
        for pair in (folders, reports, (folders[0], reports[1]))
    )
    assert by_archive[0] != {}
    assert by_archive == by_report == mixed


def essence(diff: Diff) -> tuple[dict[str, str], list[str]]:
    (host,) = diff.hosts
    return {
        change.seen.id: f"{change.how} {change.seen.message}" for change in host.findings
    }, said(host)
