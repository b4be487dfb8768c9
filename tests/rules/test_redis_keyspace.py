"""redis_keyspace: which servers there are, what they hold, and what was not seen of them."""

from __future__ import annotations

import msgspec
import pytest

from reporter.evidence import Bundle
from tests.builders import without
from tests.rules.redis_cases import (
    LAB,
    LISTENERS,
    Row,
    bundle,
    edited,
    findings,
    record_of,
    replaced,
    verdict,
)

RULE = "redis_keyspace"


def listening(collected: Bundle, lines: str) -> Bundle:
    """Return a host with these listeners and no survey."""
    kept = [one for one in collected.evidence if one.probe != "redis_servers"]
    bare = msgspec.structs.replace(collected, evidence=[*kept, *_nothing(collected)])
    return replaced(bare, LISTENERS, stdout=lines)


def _nothing(collected: Bundle) -> list[object]:
    return [one for one in bundle("none").evidence if one.id == "redis_servers"]


@pytest.mark.parametrize(("name", "version"), [(LAB[0], "6.0.16"), (LAB[1], "8.0.2")])
def test_a_lab_host_shows_version_uptime_and_keys(name: str, version: str) -> None:
    seen = findings(bundle(name), RULE)
    assert set(seen) == {f"{RULE}:127.0.0.1:6379"}
    shown = seen[f"{RULE}:127.0.0.1:6379"].verdict
    assert (shown.status, shown.running) == ("ok", "yes")
    assert str(shown.message) == (
        f"127.0.0.1:6379: Redis {version}, up 17 s: db0 keys=4, expires=1"
    )
    assert str(shown.component) == "Redis keyspace"
    assert "db0:keys=4,expires=1" in shown.citations[0].excerpt


def test_several_servers_have_a_block_each() -> None:
    shown = verdict(bundle("healthy"), RULE, 6385)
    assert str(shown.component) == "Redis keyspace 127.0.0.1:6385"
    assert str(shown.message).endswith(": no keys")


def test_valkey_is_told_by_its_own_fields() -> None:
    """It calls itself Redis 7.2.4 as well."""
    shown = verdict(bundle("valkey-8.1"), RULE)
    assert "127.0.0.1:6379: Valkey 8.1.1, up" in str(shown.message)
    assert "redis_version:7.2.4" in shown.citations[0].excerpt


def test_a_sentinel_holds_no_keys() -> None:
    shown = verdict(bundle("access"), RULE, 26379)
    assert "Redis Sentinel 7.0.15" in str(shown.message)
    assert str(shown.message).endswith("primaries watched: 1")


def test_a_unix_socket_is_a_server_too() -> None:
    assert verdict(bundle("access"), RULE, "/run/redis-states/0/redis.sock").status == "ok"


def test_loading_is_degraded_and_what_follows_unknown() -> None:
    shown = verdict(bundle("data"), RULE, 6396)
    assert (shown.status, shown.severity, shown.running) == ("degraded", "P2", "partial")
    rest = verdict(bundle("data"), RULE, "127.0.0.1:6396/survey")
    assert rest.status == "unknown"
    assert "LOADING" in str(rest.message)


@pytest.mark.parametrize(
    ("port", "reason"),
    [(6392, "set probe_redis_username and probe_redis_password"), (6395, "it does not answer")],
)
def test_a_server_that_tells_nothing_is_unknown_with_the_reason(port: int, reason: str) -> None:
    shown = verdict(bundle("access"), RULE, port)
    assert (shown.status, shown.running) == ("unknown", "yes")
    assert reason in str(shown.message)
    assert shown.missing[0].probe == record_of(port)


def test_a_name_nobody_listens_at_is_down() -> None:
    seen = findings(bundle("access"))
    shown = seen[f"{RULE}:127.0.0.1:6398"].verdict
    assert (shown.status, shown.severity, shown.running) == ("down", "P2", "no")
    assert [name for name in seen if name.endswith(":6398")] == [f"{RULE}:127.0.0.1:6398"]


def test_a_named_server_without_a_record_is_unknown() -> None:
    more = replaced(bundle("access"), "redis_named[127.0.0.1:6398]", id="redis_named[x]", item="x")
    shown = verdict(more, RULE, 6398)
    assert shown.status == "unknown"
    assert shown.missing[0].probe == "redis_named[127.0.0.1:6398]"


def test_a_survey_that_stopped_says_what_is_not_known() -> None:
    def first_rows(row: Row) -> Row | None:
        return row if row["ask"][0] in ("INFO", "ACL") and row.get("sample") != "end" else None

    half = edited(bundle(), 6379, first_rows)
    half = replaced(half, record_of(6379), outcome="timeout", reason="it stopped answering")
    seen = findings(half, RULE)
    assert seen[f"{RULE}:127.0.0.1:6379"].verdict.status == "ok"
    for part in ("survey", "db0"):
        gap = seen[f"{RULE}:127.0.0.1:6379/{part}"].verdict
        assert gap.status == "unknown"
        assert "it stopped answering" in str(gap.message)


def test_a_scan_that_did_not_end_leaves_streams_unknown() -> None:
    def aborted(row: Row) -> Row:
        if row["ask"][0] == "SCAN":
            row["reply"] |= {"complete": False, "reason": "no time was left"}
        return row

    shown = verdict(edited(bundle(), 6379, aborted), RULE, "127.0.0.1:6379/db0")
    assert shown.status == "unknown"
    assert "no time was left" in str(shown.message)


def test_a_host_without_redis_says_so_quietly() -> None:
    seen = findings(bundle("none"), RULE)
    assert set(seen) == {f"{RULE}:none"}
    assert seen[f"{RULE}:none"].verdict.status == "ok"
    assert seen[f"{RULE}:none"].verdict.running == "na"


def test_whose_a_listener_is_not_shown_is_no_absence() -> None:
    other = "tcp LISTEN 0 5 0.0.0.0:7000 0.0.0.0:* uid:1000 ino:7 sk:1 cgroup:/x.service <->\n"
    unseen = listening(bundle("non-root"), other)
    seen = findings(unseen, RULE)
    assert set(seen) == {f"{RULE}:listeners"}
    shown = seen[f"{RULE}:listeners"].verdict
    assert shown.status == "unknown"
    assert str(shown.message) == (
        "whether a Redis server runs here is not known: listeners whose process is not shown to "
        "the user auditor: 1"
    )
    assert "there may be more" in str(verdict(bundle("non-root"), RULE, "listeners").message)


def test_root_takes_what_nobody_holds_for_the_kernels_own_but_not_on_redis_port() -> None:
    line = "tcp LISTEN 0 5 0.0.0.0:{} 0.0.0.0:* ino:7 sk:1 cgroup:/ <->\n"
    assert set(findings(listening(bundle("none"), line.format(2049)), RULE)) == {f"{RULE}:none"}
    doubtful = findings(listening(bundle("none"), line.format(6379)), RULE)
    assert set(doubtful) == {f"{RULE}:listeners"}


def test_a_server_nobody_asked_is_unknown() -> None:
    left = without(bundle("healthy"), record_of(6385))
    shown = verdict(left, RULE, 6385)
    assert (shown.status, shown.running) == ("unknown", "yes")
    assert shown.missing[0].probe == record_of(6385)


def test_servers_beyond_the_limit_are_named() -> None:
    note = replaced(
        bundle("none"), "redis_servers", outcome="error", reason="16 of 17 targets looked at"
    )
    extra = next(one for one in note.evidence if one.id == "redis_servers")
    host = bundle("healthy")
    host = msgspec.structs.replace(host, evidence=[*host.evidence, extra])
    shown = verdict(host, RULE, "more")
    assert shown.status == "unknown"
    assert "16 of 17 targets" in str(shown.message)


def test_without_listeners_what_was_surveyed_still_counts() -> None:
    seen = findings(without(bundle(), LISTENERS), RULE)
    assert seen[f"{RULE}:127.0.0.1:6379"].verdict.status == "ok"
    assert seen[f"{RULE}:evidence/{LISTENERS}"].verdict.status == "unknown"


def test_a_run_that_asks_for_no_named_server_says_nothing_of_them() -> None:
    host = bundle("redis-8.0")
    kept = [one for one in host.evidence if one.probe not in ("redis_named", "redis_remote")]
    asked = [one for one in host.probes if one["id"] not in ("redis_named", "redis_remote")]
    bare = msgspec.structs.replace(host, evidence=kept, probes=asked)
    assert set(findings(bare, RULE)) == {f"{RULE}:127.0.0.1:6379"}
    silent = msgspec.structs.replace(host, evidence=kept)
    assert f"{RULE}:evidence/redis_named" in findings(silent, RULE)
