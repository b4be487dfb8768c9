"""redis_uptime: servers that restarted while their host did not."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.findings import Verdict
from tests.builders import without
from tests.rules.redis_cases import (
    LAB,
    bundle,
    changed,
    findings,
    record_of,
    replaced,
    verdict,
    with_info,
)

RULE = "redis_uptime"


def long_up(uptime: int) -> Bundle:
    """A host that systemd started days before the server."""
    host = with_info(bundle(), uptime_in_seconds=uptime)
    for unit in ("init.scope", "-.slice"):
        host = changed(host, unit, ActiveEnterTimestamp="Fri 2026-11-20 10:00:00 UTC")
    return host


def judged(uptime: int) -> Verdict:
    return verdict(long_up(uptime), RULE)


@pytest.mark.parametrize("name", LAB)
def test_a_server_that_came_with_its_host_is_ok(name: str) -> None:
    shown = verdict(bundle(name), RULE)
    assert shown.status == "ok"
    assert str(shown.message).endswith(", with the host")


def test_a_server_that_restarted_alone_is_p3() -> None:
    shown = judged(1200)
    assert (shown.status, shown.severity) == ("degraded", "P3")
    assert "20 min ago, while its host has been up for 5 d" in str(shown.message)
    assert {cited.record for cited in shown.citations} == {record_of(6379), "systemd_units"}


def test_a_day_later_it_is_no_news() -> None:
    assert judged(86399).status == "degraded"
    assert judged(86400).status == "ok"


def test_without_the_hosts_own_start_a_late_one_is_unknown() -> None:
    shown = verdict(without(bundle(), "systemd_units"), RULE)
    assert shown.status == "unknown"
    assert shown.missing[0].probe == "systemd_units"
    old = with_info(without(bundle(), "systemd_units"), uptime_in_seconds=90000)
    assert verdict(old, RULE).status == "ok"
    blank = replaced(bundle(), "systemd_units", stdout="Id=redis-server.service\n")
    assert verdict(blank, RULE).status == "unknown"


def test_a_server_asked_from_the_control_node_is_not_held_against_this_host() -> None:
    away = {"id": "redis_remote[bus]", "probe": "redis_remote", "item": "bus"}
    host = replaced(without(long_up(60), "redis_remote"), record_of(6379), **away)
    assert verdict(host, RULE, "bus").status == "ok"


def test_what_is_not_known_is_unknown() -> None:
    assert verdict(with_info(bundle(), uptime_in_seconds=None), RULE).status == "unknown"
    seen = findings(without(bundle(), record_of(6379)), RULE)
    assert seen[f"{RULE}:127.0.0.1:6379"].gate == "P3"
