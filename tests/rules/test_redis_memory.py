"""redis_memory: limits, eviction, the host's memory, waste."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.redis_cases import LAB, bundle, findings, verdict, with_info

RULE = "redis_memory"
GIB = 1024**3


def judged(**fields: Any) -> tuple[str, str | None]:
    shown = verdict(with_info(bundle(), **fields), RULE)
    return shown.status, shown.severity


@pytest.mark.parametrize("name", LAB)
def test_without_a_limit_it_is_ok_and_said(name: str) -> None:
    shown = verdict(bundle(name), RULE)
    assert shown.status == "ok"
    assert "without a limit it may take all of the host's memory" in map(str, shown.details)


def test_a_full_server_that_refuses_writes_is_p1() -> None:
    shown = verdict(bundle("data"), RULE, 6387)
    assert (shown.status, shown.severity) == ("degraded", "P1")
    assert "has refused writes: 24" in str(shown.message)
    assert "errorstat_OOM:count=24" in shown.citations[0].excerpt


def test_a_server_that_throws_streams_away_is_p2() -> None:
    shown = verdict(bundle("data"), RULE, 6388)
    assert (shown.status, shown.severity) == ("degraded", "P2")
    assert "whole streams too" in str(shown.message)
    assert shown.citations[0].excerpt.count("evicted_keys:") == 2


@pytest.mark.parametrize(
    ("share", "policy", "expected"),
    [
        (0.89, "noeviction", ("ok", None)),
        (0.91, "noeviction", ("degraded", "P2")),
        (0.995, "noeviction", ("degraded", "P1")),
        (0.995, "allkeys-lru", ("ok", None)),
        (0.995, "volatile-lru", ("ok", None)),
    ],
)
def test_the_limit(share: float, policy: str, expected: tuple[str, str | None]) -> None:
    used = int(share * GIB)
    fields = {"used_memory": used, "used_memory_rss": used, "maxmemory": GIB}
    assert judged(**fields, mem_not_counted_for_evict=0, maxmemory_policy=policy) == expected


def test_volatile_eviction_has_nothing_to_take_where_no_key_expires() -> None:
    fields = {"used_memory": GIB, "used_memory_rss": GIB, "maxmemory": GIB}
    none = {"maxmemory_policy": "volatile-ttl", "db0": "keys=4,expires=0,avg_ttl=0"}
    assert judged(**fields, **none) == ("degraded", "P1")


def test_a_replica_leaves_evicting_to_its_primary() -> None:
    fields = {"used_memory": GIB, "used_memory_rss": GIB, "maxmemory": GIB, "role": "slave"}
    assert judged(**fields) == ("ok", None)


@pytest.mark.parametrize(
    ("rss", "limit", "expected"),
    [
        (70, 0, ("ok", None)),
        (80, 0, ("degraded", "P3")),
        (95, 0, ("degraded", "P2")),
        (80, 50, ("ok", None)),
        (80, 200, ("degraded", "P3")),
    ],
)
def test_the_hosts_memory(rss: int, limit: int, expected: tuple[str, str | None]) -> None:
    fields = {
        "used_memory": rss * GIB if limit != 50 else GIB,
        "used_memory_rss": rss * GIB,
        "total_system_memory": 100 * GIB,
        "maxmemory": limit * GIB,
        "maxmemory_policy": "noeviction",
        "mem_fragmentation_ratio": 1.0,
    }
    assert judged(**fields) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mem_fragmentation_ratio": 1.6, "mem_fragmentation_bytes": GIB}, ("degraded", "P3")),
        ({"mem_fragmentation_ratio": 9.6, "mem_fragmentation_bytes": 1000}, ("ok", None)),
        ({"mem_fragmentation_ratio": "?", "mem_fragmentation_bytes": GIB}, ("ok", None)),
        ({"used_memory": 2 * GIB, "used_memory_rss": GIB}, ("degraded", "P3")),
    ],
)
def test_waste(fields: dict[str, Any], expected: tuple[str, str | None]) -> None:
    assert judged(**fields) == expected


def test_what_is_not_known_is_unknown() -> None:
    assert judged(used_memory=None) == ("unknown", None)
    seen = findings(bundle("access"), RULE)
    assert seen[f"{RULE}:127.0.0.1:6395"].verdict.status == "unknown"
    assert f"{RULE}:127.0.0.1:26379" not in seen
