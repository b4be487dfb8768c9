"""Ablation over a fleet: drift, waivers and `--new-since`, without each record of each host."""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.diff.gate import any_new
from reporter.diff.side import side_of
from reporter.findings import SEVERITIES
from tests.ablation import fleet_violations
from tests.compare.cases import BOOT, Machine, later, report_of
from tests.compare.test_diff import STOPPED
from tests.compare.test_waivers import waiver, waivers
from tests.rules.stream_cases import entry, stream, survey

REDIS = survey(stream("orders", entry(30), added=5))
WEB = Machine(redis=REDIS, cron=("/srv/shop/report",))
ODD = WEB.changed(
    host="web2",
    commit="2" * 40,
    kernel="6.1.0-20-amd64",
    ports={8080: "127.0.0.1"},
    env={"LOG_LEVEL": "debug", "NODE": "2"},
    models={"a.pt": "c" * 64},
    timers={},
    drop_ins={"/etc/systemd/system/shop-api.service.d/1.conf": "[Service]\nNice=5\n"},
).unit("shop-worker.service", **STOPPED)
FLEETS = {
    "three hosts, one odd": [WEB, ODD, WEB.changed(host="web3", env={**WEB.env, "NODE": "3"})],
    "two hosts that differ": [WEB, ODD],
    "three alike": [WEB.changed(host=f"web{number}") for number in range(3)],
    "with two keys": [WEB, WEB.changed(host="web2", key_id="k2"), WEB.changed(host="web3")],
    "each its own": [
        WEB.changed(host=f"web{number}", env={"NODE": str(number)}) for number in range(3)
    ],
    "in a group, without a profile": [
        one.changed(applications={}, groups=("web",)) for one in (WEB, ODD)
    ],
}


@pytest.mark.parametrize("name", FLEETS)
def test_of_every_record_of_a_fleet(name: str, tmp_path: Path) -> None:
    """No finding of the fleet turns better, or accuses, for want of evidence."""
    machines = FLEETS[name]
    accepted = waivers(
        tmp_path,
        waiver("service_state:shop-worker.service"),
        waiver("timer_state:*"),
        waiver("listening_ports:*", host="web2"),
        waiver("host_drift:*/versions"),
        waiver("service_state:*", expires="2026-01-01"),
    )
    before = report_of(*machines, waivers=accepted)
    broken: list[str] = []
    for place, machine in enumerate(machines):
        for record in machine.bundle().evidence:
            less = machine.changed(without=(record.id,))
            after = report_of(*machines[:place], less, *machines[place + 1 :], waivers=accepted)
            broken += fleet_violations(before, after, machine.host, record.id)
    assert broken == []


LATER = WEB.changed(at=later(3600))
LOOP = {
    "NRestarts": "40",
    "ActiveState": "activating",
    "SubState": "auto-restart",
    "Result": "exit-code",
    "ExecMainCode": "1",
    "ExecMainStatus": "1",
    "MainPID": "0",
}
PAIRS = {
    "nothing happened": (WEB, LATER),
    "a unit was stopped": (WEB, LATER.unit("shop-api.service", **STOPPED)),
    "it was down before": (
        WEB.unit("shop-api.service", **STOPPED),
        LATER.unit("shop-api.service", **STOPPED),
    ),
    "it loops now": (WEB, LATER.unit("shop-api.service", **LOOP)),
    "it loops as before": (
        WEB.unit("shop-api.service", **LOOP),
        LATER.unit("shop-api.service", **{**LOOP, "NRestarts": "90"}),
    ),
    "a port was closed": (
        WEB.changed(applications={"shop": {"units": ["shop-*"], "expected_ports": [8080]}}),
        LATER.changed(
            ports={}, applications={"shop": {"units": ["shop-*"], "expected_ports": [8080]}}
        ),
    ),
    "it was blind before": (
        WEB.changed(reasons={"systemd_units": ("denied", "no")}),
        LATER.unit("shop-api.service", **STOPPED),
    ),
    "it is as blind as before": (
        WEB.changed(reasons={"sockets_open": ("denied", "no")}),
        LATER.changed(reasons={"sockets_open": ("denied", "no")}),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_new_since_never_passes_for_want_of_evidence(name: str) -> None:
    """Neither a record taken out of the new archive nor one of the old opens the gate."""
    old, new = PAIRS[name]
    before, now = side_of(report_of(old)), side_of(report_of(new))
    broken: list[str] = []
    for threshold in (*SEVERITIES, "unknown"):
        if not any_new(before, now, threshold):
            continue
        for record in new.bundle().evidence:
            less = side_of(report_of(new.changed(without=(record.id,))))
            if not any_new(before, less, threshold):
                broken.append(f"{threshold}: new without {record.id}")
        for record in old.bundle().evidence:
            less = side_of(report_of(old.changed(without=(record.id,))))
            if not any_new(less, now, threshold):
                broken.append(f"{threshold}: old without {record.id}")
    assert broken == []


@pytest.mark.parametrize(
    ("name", "threshold", "expected"),
    [
        ("nothing happened", "unknown", False),
        ("a unit was stopped", "P2", True),
        ("it was down before", "unknown", False),
        ("it loops now", "P1", True),
        ("it loops as before", "unknown", False),
        ("a port was closed", "P2", True),
        ("it was blind before", "P2", True),
        ("it is as blind as before", "unknown", False),
    ],
)
def test_what_counts_as_new(name: str, threshold: str, expected: bool) -> None:
    """What was known to be as bad, or was as unknown for the same reason, is not new."""
    old, new = PAIRS[name]
    assert any_new(side_of(report_of(old)), side_of(report_of(new)), threshold) is expected


def test_worse_is_new_and_a_new_reason_for_not_knowing_too() -> None:
    """Degraded to down; denied where it had timed out."""
    minor = {"shop": {"units": ["shop-*"], "critical_units": {"P3": ["shop-api"]}}}
    old = WEB.changed(applications=minor).unit("shop-api.service", **STOPPED)
    new = LATER.unit("shop-api.service", **STOPPED)
    assert any_new(side_of(report_of(old)), side_of(report_of(new)), "P2")
    denied = WEB.changed(reasons={"sockets_open": ("denied", "no")})
    cut = LATER.changed(reasons={"sockets_open": ("timeout", "stopped after 10 s")})
    assert any_new(side_of(report_of(denied)), side_of(report_of(cut)), "unknown")


def test_a_waiver_that_has_expired_since_makes_its_finding_count(tmp_path: Path) -> None:
    """It was accepted when the old archive was collected, and is not any more."""
    old = WEB.unit("shop-api.service", **STOPPED)
    new = old.changed(at=later(2 * 86400), booted=BOOT + 1)
    accepted = waivers(tmp_path, waiver("service_state:*", expires="2026-02-15"))
    before, now = (side_of(report_of(one, waivers=accepted)) for one in (old, new))
    assert any_new(before, now, "P2")
    still = waivers(tmp_path, waiver("service_state:*", expires="2026-02-28"))
    before, now = (side_of(report_of(one, waivers=still)) for one in (old, new))
    assert not any_new(before, now, "P2")


def test_every_finding_of_a_host_that_was_not_there_is_new() -> None:
    """Its first report is the baseline of nothing."""
    old, other = WEB.unit("shop-api.service", **STOPPED), WEB.changed(host="web9")
    before = side_of(report_of(other))
    assert any_new(before, side_of(report_of(other, old)), "P2")
