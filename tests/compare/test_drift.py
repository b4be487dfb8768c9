"""Hosts that should be alike: the odd one out is named, the rest is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reporter.findings import Verdict
from reporter.report import Report
from tests.compare.cases import PROFILE, WORLD, Machine, report_of
from tests.compare.test_waivers import waiver, waivers

WEB = ("web",)


def fleet(count: int, **values: Any) -> list[Machine]:
    return [Machine(host=f"web{number}", **values) for number in range(1, count + 1)]


def drift(report: Report) -> dict[str, Verdict]:
    return {one.verdict.subject: one.verdict for one in report.findings if one.rule == "host_drift"}


def told(verdict: Verdict) -> list[str]:
    return [str(detail) for detail in verdict.details]


def test_hosts_that_are_alike_are_ok() -> None:
    """One finding a topic, for the application; none where there is nothing of the kind."""
    found = drift(report_of(*fleet(3)))
    assert {name: verdict.status for name, verdict in found.items()} == {
        f"shop/{topic}": "ok"
        for topic in ("versions", "units", "timers", "listeners", "code", "settings", "models")
    }


CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "versions": (
        {"kernel": "6.1.0-20-amd64"},
        "P3",
        "kernel: 6.1.0-20-amd64 on web2; 6.1.0-18-amd64 on 3 others",
    ),
    "units": (
        {"drop_ins": {"/etc/systemd/system/shop-api.service.d/1.conf": "[Service]\nNice=5\n"}},
        "P2",
        "/etc/systemd/system/shop-api.service.d/1.conf: there on web2; missing on 3 others",
    ),
    "timers": (
        {"timers": {}},
        "P2",
        "shop-nightly.timer: missing on web2; there on 3 others",
    ),
    "listeners": (
        {"ports": {8080: "127.0.0.1"}},
        "P2",
        "tcp/8080 (open to): loopback only on web2; open to the world on 3 others",
    ),
    "code": (
        {"commit": "2" * 40},
        "P2",
        "/srv/shop (commit): 222222222222 on web2; 111111111111 on 3 others",
    ),
    "settings": (
        {"env": {"LOG_LEVEL": "debug", "API_KEY": "#aaaa 16-31"}},
        "P2",
        "/etc/shop/shop.env (LOG_LEVEL): debug on web2; info on 3 others",
    ),
    "models": (
        {"models": {"a.pt": "a" * 64, "b.pt": "c" * 64}},
        "P2",
        "/srv/models/b.pt (content): cccccccccccc on web2; bbbbbbbbbbbb on 3 others",
    ),
}


@pytest.mark.parametrize("topic", CASES)
def test_the_odd_one_out_is_named(topic: str) -> None:
    """In what it differs, and that all else is alike."""
    values, severity, line = CASES[topic]
    machines = fleet(4)
    machines[1] = machines[1].changed(**values)
    found = drift(report_of(*machines))
    verdict = found[f"shop/{topic}"]
    assert (verdict.status, verdict.severity) == ("degraded", severity)
    assert "web2 is the odd one out of 4 hosts" in str(verdict.message)
    assert told(verdict) == [line]
    assert {one.host for one in verdict.citations} <= {"web1", "web2"}
    assert verdict.citations
    assert {name for name, one in found.items() if one.status != "ok"} == {f"shop/{topic}"}


def test_a_hidden_value_is_compared_by_its_fingerprint() -> None:
    """Hosts of one run share its key."""
    machines = fleet(3)
    machines[2] = machines[2].changed(env={"LOG_LEVEL": "info", "API_KEY": "#bbbb 16-31"})
    verdict = drift(report_of(*machines))["shop/settings"]
    assert told(verdict) == [
        "/etc/shop/shop.env (API_KEY): a hidden value (bbbbbbbb) on web3; a hidden value "
        "(aaaaaaaa) on web1, web2"
    ]


def test_fingerprints_under_two_keys_are_one_unknown() -> None:
    """One finding an application, not one a setting; what may leave the host is compared."""
    machines = fleet(3)
    machines[2] = machines[2].changed(key_id="k2", env={**machines[2].env, "B_KEY": "#1234 8-15"})
    verdict = drift(report_of(*machines))["shop/settings"]
    assert verdict.status == "unknown"
    (missing,) = verdict.missing
    assert (missing.host, "collect_fingerprint_key" in str(missing.reason)) == ("web3", True)
    machines[2] = machines[2].changed(env={"LOG_LEVEL": "debug", "API_KEY": "#bbbb 16-31"})
    verdict = drift(report_of(*machines))["shop/settings"]
    assert (verdict.status, len(verdict.details)) == ("degraded", 2)


def test_two_hosts_only_differ() -> None:
    """Nobody can say which of them is the odd one."""
    machines = fleet(2)
    machines[1] = machines[1].changed(commit="2" * 40)
    verdict = drift(report_of(*machines))["shop/code"]
    assert "2 hosts differ" in str(verdict.message)
    assert told(verdict) == ["/srv/shop (commit): 222222222222 on web2; 111111111111 on web1"]


def test_what_differs_on_every_host_is_its_own() -> None:
    """A name or an address in a setting is no drift; of two hosts nobody can tell."""
    machines = [one.changed(env={"NODE": f"n{number}"}) for number, one in enumerate(fleet(3))]
    assert drift(report_of(*machines))["shop/settings"].status == "ok"
    assert drift(report_of(*machines[:2]))["shop/settings"].status == "degraded"


def test_a_host_that_was_not_seen_makes_unknown_what_would_be_alike() -> None:
    """And stays out of what differs."""
    blind = {"sockets_open": ("timeout", "stopped after 10 s")}
    machines = fleet(3)
    machines[2] = machines[2].changed(reasons=blind)
    verdict = drift(report_of(*machines))["shop/listeners"]
    assert verdict.status == "unknown"
    assert [(one.host, one.probe) for one in verdict.missing] == [("web3", "sockets_open")]
    machines[1] = machines[1].changed(ports={8080: "127.0.0.1"})
    verdict = drift(report_of(*machines))["shop/listeners"]
    assert verdict.status == "degraded"
    assert told(verdict)[-1].startswith("not all was seen on web3")


def test_what_no_host_was_asked_for_is_not_compared() -> None:
    """A run of some domains only raises nothing about the others."""
    machines = fleet(2)
    for one in report_of(*machines).hosts:
        assert "edge_nginx" not in {probe["id"] for probe in one.bundle.probes}
    assert all(one.status == "ok" for one in drift(report_of(*machines)).values())


def test_groups_of_the_inventory_make_peers() -> None:
    """Hosts of other groups are other hosts; `all` and `ungrouped` are no groups."""
    web = [one.changed(groups=("web", "all")) for one in fleet(2)]
    other = Machine(host="db1", groups=("db",), commit="2" * 40)
    found = drift(report_of(*web, other))
    assert {verdict.status for verdict in found.values()} == {"ok"}
    assert {name.partition("/")[0] for name in found} == {"@web", "shop@web"}
    ungrouped = [one.changed(groups=("ungrouped",)) for one in fleet(2)]
    assert "shop/code" in drift(report_of(*ungrouped))


def test_a_group_without_a_profile_is_compared_whole() -> None:
    """All its units and files; hosts in no group and without a profile are not compared at all."""
    machines = [one.changed(groups=WEB) for one in fleet(3, applications={})]
    machines[0] = machines[0].changed(ports={8080: WORLD, 25: WORLD})
    found = drift(report_of(*machines))
    assert {name for name, one in found.items() if one.status != "ok"} == {"@web/listeners"}
    assert drift(report_of(*fleet(3, applications={}))) == {}


def test_versions_are_compared_once_for_hosts_with_several_applications() -> None:
    """The kernel is the host's, not each application's."""
    both = {**PROFILE, "till": {"units": ["till-*"]}}
    machines = fleet(2, applications=both)
    machines[1] = machines[1].changed(kernel="6.1.0-20-amd64")
    found = drift(report_of(*machines))
    assert [name for name in found if name.endswith("/versions")] == ["shop/versions"]


def test_a_thousand_hosts_make_no_more_findings_than_three() -> None:
    """However many are odd: a finding a topic, the first few names, twenty lines."""
    machines = fleet(40)
    for number in range(12):
        extra: dict[str, dict[str, str]] = {
            name: {} for name in (f"shop-{number}-{one}.service" for one in range(30))
        }
        machines[number] = machines[number].changed(units={**machines[number].units, **extra})
    found = drift(report_of(*machines))
    assert len(found) == 7
    verdict = found["shop/units"]
    assert "and 7 more differ from most of 40 hosts" in str(verdict.message)
    assert len(verdict.details) <= 21
    assert len(verdict.citations) <= 6
    assert max(len(line) for line in told(verdict)) < 500


def test_drift_is_waived_by_topic(tmp_path: Path) -> None:
    """It belongs to no host, so a waiver for some hosts leaves it."""
    machines = fleet(3)
    machines[1] = machines[1].changed(kernel="6.1.0-20-amd64", commit="2" * 40)
    accepted = waivers(tmp_path, waiver("host_drift:*/versions"))
    found = {one.id: one.waived for one in report_of(*machines, waivers=accepted).findings}
    assert found["host_drift:shop/versions"] is True
    assert found["host_drift:shop/code"] is False
    by_host = waivers(tmp_path, waiver("host_drift:*", host="web*"))
    assert not any(one.waived for one in report_of(*machines, waivers=by_host).findings)
