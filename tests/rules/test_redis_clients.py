"""redis_clients: places left, rejected connections, connections that look dead."""

from __future__ import annotations

from typing import Any

import pytest

from reporter.evidence import Bundle
from tests.rules.redis_cases import Row, bundle, edited, findings, verdict, with_clients, with_info

RULE = "redis_clients"
DAY = 86400


def idle(count: int, seconds: int = DAY, flags: str = "N") -> Bundle:
    """A server with more clients that have been silent for so long."""
    line = "id={} addr=10.0.0.{}:4000 name= age=99999 idle={} flags={} db=0 cmd=get user=default"
    lines = [line.format(900 + number, 1 + number % 2, seconds, flags) for number in range(count)]
    return with_clients(bundle(), *lines)


def test_a_lab_host_is_ok() -> None:
    shown = verdict(bundle("redis-6.0"), RULE)
    assert (shown.status, str(shown.message)) == ("ok", "127.0.0.1:6379: clients: 1, blocked: 0")
    assert "entries in the slow log: 0" in map(str, shown.details)
    assert "of at most 10000" in str(verdict(bundle(), RULE).message)


def test_blocked_and_subscribed_clients_are_counted_not_judged() -> None:
    shown = verdict(bundle("healthy"), RULE)
    assert shown.status == "ok"
    assert "blocked: 1" in str(shown.message)


def test_connections_that_were_rejected_are_p3() -> None:
    shown = verdict(bundle("access"), RULE, 6389)
    assert (shown.status, shown.severity) == ("degraded", "P3")
    assert "rejected since its start" in str(shown.message)


def test_connections_rejected_meanwhile_are_p1() -> None:
    shown = verdict(with_info(bundle(), 6379, "end", rejected_connections=4), RULE)
    assert (shown.status, shown.severity) == ("degraded", "P1")
    assert "rejected during the survey: 4" in str(shown.message)


@pytest.mark.parametrize(("connected", "status"), [(8999, "ok"), (9000, "degraded")])
def test_few_places_left(connected: int, status: str) -> None:
    assert verdict(with_info(bundle(), connected_clients=connected), RULE).status == status


@pytest.mark.parametrize(
    ("clients", "status", "details"),
    [
        (idle(10), "degraded", 1),
        (idle(9), "ok", 2),
        (idle(10, DAY - 1), "ok", 1),
        (idle(10, flags="b"), "ok", 1),
        (idle(10, flags="P"), "ok", 1),
        (idle(10, flags="S"), "ok", 1),
    ],
)
def test_connections_that_look_dead(clients: Bundle, status: str, details: int) -> None:
    shown = verdict(clients, RULE)
    assert (shown.status, len(shown.details)) == (status, details)


def test_dead_ones_are_named_by_their_hosts_and_quoted() -> None:
    shown = verdict(idle(11), RULE)
    assert shown.severity == "P3"
    assert str(shown.message).endswith("a day or more: 11 (10.0.0.1 6, 10.0.0.2 5)")
    assert "idle=86400" in shown.citations[1].excerpt


def test_a_list_that_was_refused_or_cut_is_unknown() -> None:
    shown = verdict(bundle("access"), RULE, "127.0.0.1:6394/clients")
    assert shown.status == "unknown"
    assert "'client|list'" in str(shown.message)

    def more(row: Row) -> Row:
        if row["ask"] == ["CLIENT", "LIST"]:
            row["reply"]["total"] += 7
        return row

    cut = verdict(edited(bundle(), 6379, more), RULE, "127.0.0.1:6379/clients")
    assert "1 of 8 were listed" in str(cut.message)


def test_what_is_not_known_is_unknown() -> None:
    seen: dict[str, Any] = findings(bundle("access"), RULE)
    assert seen[f"{RULE}:127.0.0.1:6395"].verdict.status == "unknown"
    assert seen[f"{RULE}:127.0.0.1:6395"].gate == "P1"
