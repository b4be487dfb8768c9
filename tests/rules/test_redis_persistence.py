"""redis_persistence: whether what a server holds would survive its end."""

from __future__ import annotations

from typing import Any

import pytest

from reporter.findings import Verdict
from tests.rules.redis_cases import LAB, bundle, findings, verdict, with_info

RULE = "redis_persistence"
HOUR = 3600


def saved(ago: float, **fields: Any) -> Verdict:
    """Judge a server up for ten hours that last saved so long ago; without `rdb_saves`."""
    moment = 1795617000
    values = {
        "server_time_usec": moment * 1_000_000,
        "uptime_in_seconds": 10 * HOUR,
        "rdb_last_save_time": int(moment - ago),
        "rdb_changes_since_last_save": 7,
        "rdb_saves": None,
        **fields,
    }
    return verdict(with_info(bundle(), **values), RULE)


@pytest.mark.parametrize("name", LAB)
def test_a_server_that_has_just_started_is_ok(name: str) -> None:
    shown = verdict(bundle(name), RULE)
    assert shown.status == "ok"
    assert "not saved since its start" in str(shown.message)


def test_a_server_that_saves_is_ok() -> None:
    assert str(verdict(bundle("healthy"), RULE).message).startswith("127.0.0.1:6379: last saved 2")


def test_a_failed_save_is_p1() -> None:
    shown = verdict(bundle("data"), RULE, 6380)
    assert (shown.status, shown.severity) == ("degraded", "P1")
    assert "the last background save failed" in str(shown.message)
    assert "writes refused because saving failed, since its start: 1" in map(str, shown.details)
    assert "rdb_last_bgsave_status:err" in shown.citations[0].excerpt


def test_a_failed_save_beside_a_good_append_only_file_is_p2() -> None:
    assert verdict(with_info(bundle("data"), 6380, aof_enabled=1), RULE, 6380).severity == "P2"


def test_a_full_disk_under_the_append_only_file_is_p1() -> None:
    shown = verdict(bundle("data"), RULE, 6381)
    assert (shown.status, shown.severity) == ("degraded", "P1")
    assert "the last write to its append-only file failed" in str(shown.message)


def test_a_failed_rewrite_is_p2() -> None:
    shown = verdict(with_info(bundle(), aof_enabled=1, aof_last_bgrewrite_status="err"), RULE)
    assert (shown.status, shown.severity) == ("degraded", "P2")


@pytest.mark.parametrize(
    ("ago", "fields", "expected"),
    [
        (1 * HOUR, {}, ("ok", None)),
        (2 * HOUR, {}, ("degraded", "P2")),
        (2 * HOUR, {"rdb_changes_since_last_save": 0}, ("ok", None)),
        (2 * HOUR, {"aof_enabled": 1}, ("ok", None)),
        (2 * HOUR, {"rdb_bgsave_in_progress": 1}, ("ok", None)),
        (10 * HOUR, {}, ("degraded", "P3")),
        (10 * HOUR, {"rdb_saves": 3}, ("degraded", "P2")),
        (2 * HOUR, {"rdb_saves": 0}, ("degraded", "P3")),
        (10 * HOUR, {"db0": "keys=4,expires=4,avg_ttl=1"}, ("ok", None)),
    ],
)
def test_changes_that_stay_unsaved(
    ago: float, fields: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    shown = saved(ago, **fields)
    assert (shown.status, shown.severity) == expected


def test_what_only_config_would_tell_is_said() -> None:
    assert "by choice or not, only CONFIG tells" in str(saved(10 * HOUR).message)


def test_a_server_that_does_not_say_is_unknown() -> None:
    assert verdict(with_info(bundle(), aof_enabled=None), RULE).status == "unknown"


def test_a_sentinel_saves_nothing_and_an_unknown_server_is_unknown() -> None:
    seen = findings(bundle("access"), RULE)
    assert f"{RULE}:127.0.0.1:26379" not in seen
    assert seen[f"{RULE}:127.0.0.1:6392"].verdict.status == "unknown"
    assert seen[f"{RULE}:127.0.0.1:6392"].gate == "P1"
