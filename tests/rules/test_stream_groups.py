"""stream_groups and stream_ownership: who reads, who only seems to, and who is gone."""

from __future__ import annotations

from typing import Any

import pytest

from reporter.evidence import Bundle
from reporter.findings import Verdict
from tests.builders import without
from tests.rules.stream_cases import (
    client,
    consumer,
    entry,
    entry_id,
    findings,
    group,
    host,
    reference,
    report,
    stream,
    survey,
    verdict,
    with_profile,
)

RULE = "stream_groups"
HOUR = 3600.0
DAY = 24 * HOUR
API = "shop-api.service"


def made(
    *groups: dict[str, Any],
    clients: tuple[dict[str, Any], ...] | None = (),
    entries: tuple[dict[str, Any], ...] = (entry(6 * HOUR),),
    version: str = "7.0.15",
    **values: Any,
) -> Bundle:
    shown = survey(stream("a", *entries, groups=groups, **values), clients=clients, version=version)
    return host(shown, clients=clients or ())


def judged(*groups: dict[str, Any], **values: Any) -> Verdict:
    return verdict(made(*groups, **values), RULE, f"a/{groups[0]['name']}")


def state(collected: Bundle, name: str = "g") -> str:
    rows = report(collected).streams.rows
    return next(one.life for row in rows for one in row.groups or () if one.group.name == name)


def test_a_consumer_seen_lately_is_alive() -> None:
    seen = judged(group("g", consumer("c", 3), delivered=6 * HOUR))
    assert (seen.status, seen.running) == ("ok", "yes")
    assert "was seen 3.0 s ago" in str(seen.message)


def test_a_group_that_moved_while_it_was_looked_at_is_alive() -> None:
    moved = group("g", delivered=9 * HOUR, lag=None, later=(0, entry_id(0)), listed=False)
    assert judged(moved).status == "ok"


@pytest.mark.parametrize("version", ["6.0.16", "7.0.15"])
def test_a_reader_that_waits_on_a_quiet_stream_is_alive(version: str) -> None:
    """It read hours ago, since its connection was made, and waits: no alarm."""
    quiet = group("shop_api", consumer("api-1", 6 * HOUR), delivered=6 * HOUR)
    waits = client(API, blocked=True, age=int(7 * HOUR), idle=3)
    collected = made(quiet, clients=(waits,), version=version)
    seen = verdict(collected, RULE, "a/shop_api")
    assert (seen.status, seen.confidence, seen.connected_to) == ("ok", "inferred", (API,))
    for record in ("sockets_open", "sockets_processes"):
        blind = verdict(without(collected, record), RULE, "a/shop_api")
        assert blind.status == "unknown"
        assert "Redis does not say where" in str(blind.message)


def test_since_7_2_the_waiting_reader_is_known_by_its_last_attempt() -> None:
    quiet = group("g", consumer("c", 6 * HOUR, inactive=9 * HOUR), delivered=6 * HOUR)
    waits = client(API, blocked=True, age=int(9 * HOUR), idle=int(6 * HOUR))
    assert judged(quiet, clients=(waits,), version="7.2.4").status == "ok"
    other = client(API, blocked=True, age=int(9 * HOUR), idle=30)
    gone = judged(quiet, clients=(other,), version="7.2.4")
    assert (gone.status, gone.severity, gone.running) == ("degraded", "P3", "no")
    seen = group("g", consumer("c", 900, inactive=9 * HOUR), delivered=6 * HOUR)
    assert judged(seen, version="8.0.0").status == "ok"


def test_a_blocked_reader_that_xinfo_does_not_list_is_named() -> None:
    """Up to 7.0 a reader that never received an entry is only a blocked connection."""
    waits = client(API, blocked=True, idle=600)
    seen = judged(group("shop_api", delivered="0-0"), entries=(), clients=(waits,))
    assert (seen.status, seen.connected_to) == ("ok", (API,))
    assert any("before 7.2 a reader that never received" in str(one) for one in seen.details)
    unnamed = judged(group("g", delivered="0-0"), entries=(), clients=(waits,))
    assert unnamed.status == "unknown"
    assert API in str(unnamed.details[0])


def test_a_connection_waits_for_one_group_only() -> None:
    """Two quiet groups of one name's unit and one waiting connection: which, is not known."""
    groups = (group("api-one", delivered="0-0"), group("api-two", delivered="0-0"))
    profile = {"units": ["shop-*"]}
    one = made(*groups, entries=(), clients=(client(API, blocked=True),))
    assert {state(with_profile(one, **profile), name) for name in ("api-one", "api-two")} == {
        "unknown"
    }
    two = made(*groups, entries=(), clients=(client(API, blocked=True),) * 2)
    assert {state(with_profile(two, **profile), name) for name in ("api-one", "api-two")} == {
        "alive"
    }


def test_nobody_waits_and_nobody_can() -> None:
    seen = judged(group("g", delivered="0-0"), entries=())
    assert (seen.status, seen.severity) == ("degraded", "P3")
    assert "has no reader" in str(seen.message)
    gone = judged(group("g", consumer("c", 3 * DAY), delivered=6 * HOUR))
    assert "none of its consumers (1) was seen for 3 d" in str(gone.message)


def test_entries_wait_and_nobody_reads() -> None:
    """Without a connection the reader is dead, with an open one it is stuck."""
    entries = (entry(0.5), entry(HOUR))
    waits = group("shop-api", consumer("c", 2 * DAY), delivered=2 * DAY, lag=2, pending=1)
    dead = judged(waits, entries=entries)
    assert (dead.status, dead.severity) == ("degraded", "P3")
    assert "no live reader: 2 entries wait, the oldest for 1 h" in str(dead.message)
    owned = with_profile(made(waits, entries=entries), streams=["a"])
    assert verdict(owned, RULE, "a/shop-api").severity == "P2"
    hung = made(waits, entries=entries, clients=(client(API, idle=900),))
    assert state(hung, "shop-api") == "stuck"
    assert "does not come back for it" in str(verdict(hung, RULE, "a/shop-api").message)
    blocked = made(waits, entries=entries, clients=(client(API, blocked=True),))
    assert state(blocked, "shop-api") == "dead"  # it would have been served
    blind = made(waits, entries=entries, clients=None)
    assert state(blind, "shop-api") == "unknown"
    assert "whether a reader is connected was not seen" in str(
        verdict(blind, RULE, "a/shop-api").message
    )


def test_who_hangs_at_one_group_is_not_the_lost_reader_of_another() -> None:
    """Both were seen last at one moment; the connection that is left goes by the one's name."""
    lost = group("printers", consumer("p-1", 97), delivered=97, lag=190)
    hung = group("shop-api", consumer("c-1", 96, 20), delivered=97, pending=20, lag=190)
    open_ = (client(API, "xreadgroup", age=99, idle=97),)
    entries = tuple(entry(age) for age in range(0, 97, 20))
    collected = made(hung, lost, clients=open_, entries=entries, version="8.0.2")
    assert [state(collected, name) for name in ("shop-api", "printers")] == ["stuck", "dead"]
    assert verdict(collected, RULE, "a/printers").connected_to == ()
    alone = made(lost, clients=open_, entries=entries, version="8.0.2")
    assert state(alone, "printers") == "stuck"
    again = group("shop-api", consumer("c-1", 3), delivered=0)
    elsewhere = made(again, lost, clients=open_, entries=entries, version="8.0.2")
    assert state(elsewhere, "printers") == "stuck"


def test_a_fast_stream_is_judged_without_lag() -> None:
    """Before 7.0 nothing counts what waits: five undelivered newest entries say enough."""
    entries = tuple(entry(number / 10) for number in range(5))
    behind = group("g", consumer("c", 300), delivered=400, lag=None)
    seen = judged(behind, entries=entries, length=1000, version="6.0.16")
    assert "at least 5 entries wait (lag not known), the oldest for 5 min" in str(seen.message)


def test_a_reader_that_does_not_keep_up_and_one_that_does_not_acknowledge() -> None:
    entries = tuple(entry(number) for number in range(5))
    slow = judged(
        group("g", consumer("c", 20), delivered=2 * HOUR, lag=7000), entries=entries, length=9000
    )
    assert (slow.status, slow.running) == ("degraded", "unstable")
    assert "7000 entries wait, and what it reads is 2 h" in str(slow.message)
    grows = group(
        "g",
        consumer("c", 1, pending=9),
        delivered=1,
        pending=9,
        oldest=2 * HOUR,
        later=(12, entry_id(0)),
    )
    seen = judged(grows, entries=(entry(1),))
    assert "does not acknowledge grows" in str(seen.message)
    assert "3 more at the end of the look" in str(seen.details[-1])
    old = judged(
        group("g", consumer("c", 1, pending=1), delivered=1, pending=1, oldest=2 * DAY),
        entries=(entry(1),),
    )
    assert (old.status, old.severity, old.running) == ("degraded", "P3", "yes")


def test_what_was_trimmed_unread_is_said() -> None:
    """Redis counts in the lag what is no longer there to be read."""
    entries = tuple(entry(number) for number in range(5))
    behind = group("g", consumer("c", HOUR), delivered=HOUR, lag=1296)
    seen = judged(behind, entries=entries, length=1045, added=9000)
    assert "1045 entries wait" in str(seen.message)
    assert "trimmed away before the group read them: 251 entries" in map(str, seen.details)


def test_leaked_consumers_are_counted() -> None:
    left = [consumer(f"host-{number}", 3 * DAY) for number in range(12)]
    seen = judged(group("g", consumer("c", 1), *left, delivered=6 * HOUR))
    assert (seen.status, seen.running) == ("degraded", "yes")
    assert "12 of its 13 consumers were inactive for more than a day" in str(seen.details[-1])
    few = judged(group("g", consumer("c", 1), *left[:3], delivered=6 * HOUR))
    assert few.status == "ok"


def test_null_lag_is_unknown_unless_nothing_waits() -> None:
    entries = (entry(0.1), entry(2 * DAY))
    groups = (
        group("g", consumer("c", 1), delivered=2 * DAY, lag=None),
        group("h", consumer("c", 1), delivered=entries[0]["id"], lag=None),
    )
    (row,) = report(made(*groups, entries=entries)).streams.rows
    assert [one.lag for one in row.groups or ()] == [None, 0]


def test_consumers_that_were_not_listed_are_unknown() -> None:
    seen = judged(group("g", delivered=6 * HOUR, listed=False))
    assert seen.status == "unknown"
    assert "not all listed" in str(seen.message)


def test_late_groups_whose_consumers_or_clients_are_not_known_are_unknown() -> None:
    """Entries wait: without all consumers, or all clients, that does not make a reader dead."""
    unlisted = group("g", delivered=2 * DAY, lag=1, listed=False)
    seen = judged(unlisted, entries=(entry(HOUR),))
    assert (seen.status, seen.running) == ("unknown", "unknown")
    late = group("g", consumer("c", 2 * DAY), delivered=2 * DAY, lag=1)
    nobodys = client(None, idle=900, address="10.9.9.9:5000")
    seen = judged(late, entries=(entry(HOUR),), clients=(nobodys,))
    assert seen.status == "unknown"
    assert "1 entry waits, the oldest for 1 h" in str(seen.message)
    assert "the unit of one that reads is not known" in str(seen.missing[0].reason)
    for other in ({"blocked": True}, {"db": 3}):
        away = client(None, address="10.9.9.9:5000", idle=900, **other)
        assert state(made(late, entries=(entry(HOUR),), clients=(away,))) == "dead"


@pytest.mark.parametrize("version", ["7.0.15", "7.2.4"])
def test_a_client_of_an_unknown_unit_may_be_a_quiet_groups_reader(version: str) -> None:
    inactive = 3 * DAY if version == "7.2.4" else None
    quiet = group("g", consumer("c", 3 * DAY, inactive=inactive), delivered=6 * HOUR)
    nobodys = client(None, "xack", idle=900, address="10.9.9.9:5000")
    seen = judged(quiet, clients=(nobodys,), version=version)
    assert (seen.status, seen.severity) == ("unknown", None)
    assert "a client of an unknown unit" in str(seen.message)
    assert judged(quiet, version=version).status == "degraded"


@pytest.mark.parametrize("version", ["7.0.15", "7.2.4"])
def test_on_a_replica_a_reader_that_is_not_seen_is_at_the_primary(version: str) -> None:
    entries = (entry(HOUR),)
    groups = (
        group("late", consumer("c", 2 * DAY), delivered=2 * DAY, lag=1),
        group("quiet", consumer("c", 2 * DAY), delivered=HOUR),
        group("nobody", delivered=HOUR),
    )
    shown = survey(stream("a", *entries, groups=groups), version=version, role="slave")
    for name in ("late", "quiet", "nobody"):
        seen = verdict(host(shown), RULE, f"a/{name}")
        assert (seen.status, seen.running) == ("unknown", "unknown")
        assert "its readers are at the primary" in str(seen.message)


def test_on_a_replica_no_producer_is_inferred() -> None:
    """Who writes is connected to the primary: whoever is connected here is not alone."""
    adds = (client(API, "xadd"),)
    for role, names in (("master", [API]), ("slave", [])):
        shown = survey(stream("a", entry(1)), clients=adds, role=role)
        (row,) = report(host(shown, clients=adds)).streams.rows
        assert [one.name for one in row.producers] == names


def test_refused_groups_are_unknown_and_not_none() -> None:
    refused = {"GROUPS": "NOPERM this user has no permissions to run the 'xinfo|groups' command"}
    collected = made(group("g"), refused=refused)
    assert verdict(collected, RULE, "a").status == "unknown"
    (row,) = report(collected).streams.rows
    assert row.groups is None
    assert findings(collected, "stream_ownership") == {}


def test_a_dead_groups_unit_is_said() -> None:
    waits = group("shop-old", consumer("c", 2 * DAY), delivered=2 * DAY, lag=1)
    rows = survey(stream("a", entry(HOUR), groups=[waits]))
    seen = verdict(host(rows, units={"shop-old.service": "failed"}), RULE, "a/shop-old")
    assert "shop-old.service, which is failed" in str(seen.details[0])


def test_ownership_says_what_ends_nowhere_and_what_never_began() -> None:
    rows = survey(
        stream("flows", entry(1)),
        stream("stands", entry(9 * DAY)),
        stream("read", entry(1), groups=[group("g", consumer("c", 1), delivered=1)]),
        stream("never", groups=[group("g", delivered="0-0")]),
        stream("empty"),
        clients=[client(API, "xread", blocked=True)],
    )
    clients = [client(API, "xread", blocked=True)]
    seen = findings(host(rows, clients=clients), "stream_ownership")
    assert set(seen) == {"stream_ownership:flows", "stream_ownership:never"}
    flows = seen["stream_ownership:flows"].verdict
    assert (flows.status, flows.severity) == ("degraded", "P3")
    assert API in str(flows.details[1])


def test_the_reference_hosts_groups() -> None:
    """Readers that wait are alive, the one never served among them; those that died are dead.

    Redis 7.0 does not say for how many groups a connection waits: of a unit that does wait, a quiet
    group is not known to be dead.
    """
    rows = report(reference()).streams.rows
    lives = {
        (row.stream.removeprefix("quantum:stream:"), one.group.name): one.life
        for row in rows
        for one in row.groups or ()
    }
    dead = {name for name, life in lives.items() if life == "dead"}
    assert dead == {
        ("apply.plan", "governor"),
        ("apply.plan", "p33"),
        ("reconcile.close", "apply_recon"),
    }
    assert {name for name, life in lives.items() if life == "unknown"} == {
        ("apply.plan.manual", "intent_executor_manual"),
        ("market.klines", "quantum:group:ai-engine:market.klines"),
        ("market.tick", "quantum:group:ai-engine:market.tick"),
        ("policy.updated", "quantum:group:ai-engine:policy.updated"),
    }
    assert set(lives.values()) == {"alive", "dead", "unknown"}
    served = verdict(reference(), RULE, "quantum:stream:market.tick/feature_publisher")
    assert served.connected_to == ("quantum-feature-publisher.service",)
