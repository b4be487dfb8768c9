"""redis_replication: replicas, their primaries, Sentinels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.redis_cases import bundle, findings, verdict, with_info

RULE = "redis_replication"
ONLINE = "ip=10.0.0.2,port=6379,state=online,offset=14,lag="


def test_a_primary_alone_and_one_with_a_replica_are_ok() -> None:
    assert str(verdict(bundle(), RULE).message) == "127.0.0.1:6379: a primary without replicas"
    shown = verdict(bundle("healthy"), RULE, 6385)
    assert (shown.status, str(shown.message)[-16:]) == ("ok", "replicas follow it: 1"[-16:])
    assert "slave0:" in shown.citations[0].excerpt
    assert "follows 127.0.0.1:6385" in str(verdict(bundle("healthy"), RULE, 6386).message)


def test_a_replica_that_just_lost_its_primary_is_p3_then_p2() -> None:
    shown = verdict(bundle("data"), RULE, 6383)
    assert (shown.status, shown.severity) == ("degraded", "P3")
    later = with_info(bundle("data"), 6383, master_link_down_since_seconds=61)
    assert verdict(later, RULE, 6383).severity == "P2"
    for uptime, severity in ((59, "P3"), (60, "P2")):
        since: dict[str, Any] = {"uptime_in_seconds": uptime, "master_link_down_since_seconds": -1}
        never = with_info(bundle("data"), 6383, **since)
        assert verdict(never, RULE, 6383).severity == severity
        assert "never up" in str(verdict(never, RULE, 6383).message)


def test_a_replica_that_refuses_reads_is_p1() -> None:
    shown = verdict(bundle("data"), RULE, 6384)
    assert (shown.status, shown.severity) == ("degraded", "P1")
    assert "answers no reads" in str(shown.message)


def test_a_replica_that_copies_is_p3() -> None:
    copying = with_info(bundle("data"), 6383, master_sync_in_progress=1)
    assert "copies its primary" in str(verdict(copying, RULE, 6383).message)
    assert verdict(copying, RULE, 6383).severity == "P3"


@pytest.mark.parametrize(
    ("slave", "expected"),
    [
        (f"{ONLINE}1", ("ok", None)),
        (f"{ONLINE}10", ("ok", None)),
        (f"{ONLINE}11", ("degraded", "P2")),
        ("ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0", ("degraded", "P3")),
        ("odd=1", ("degraded", "P3")),
    ],
)
def test_a_primarys_replicas(slave: str, expected: tuple[str, str | None]) -> None:
    fields: dict[str, Any] = {"connected_slaves": 1, "slave0": slave}
    shown = verdict(with_info(bundle(), **fields), RULE)
    assert (shown.status, shown.severity) == expected


def test_a_sentinel_that_holds_a_primary_for_down_is_p1() -> None:
    shown = verdict(bundle("access"), RULE, 26379)
    assert (shown.status, shown.severity) == ("degraded", "P1")
    assert "it holds the primary bus at 127.0.0.1:6397 for down" in str(shown.message)
    good = "name=bus,status=ok,address=127.0.0.1:6397,slaves=0,sentinels=1"
    assert verdict(with_info(bundle("access"), 26379, master0=good), RULE, 26379).status == "ok"


def test_failover_and_cluster_are_told() -> None:
    busy = with_info(bundle(), master_failover_state="waiting-for-sync", cluster_enabled=1)
    assert len(verdict(busy, RULE).details) == 2


def test_what_is_not_known_is_unknown() -> None:
    assert verdict(with_info(bundle(), role=None), RULE).status == "unknown"
    assert findings(bundle("access"), RULE)[f"{RULE}:127.0.0.1:6392"].verdict.status == "unknown"
