"""The rules on streams under ablation: no record's absence betters a verdict or invents one."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import HostReport, host_report
from tests.ablation import violations
from tests.builders import without
from tests.rules.stream_cases import (
    client,
    consumer,
    entry,
    group,
    host,
    reference,
    stream,
    survey,
    with_profile,
)

PROFILE = {
    "units": ["quantum-*"],
    "streams": ["quantum:*"],
    "expected_streams": [
        "quantum:stream:market.tick",
        "quantum:stream:trade.intent",
        "quantum:stream:nowhere",
    ],
    "stream_freshness": {"quantum:*": "1h"},
}


def ablated(collected: Bundle) -> list[str]:
    whole = host_report(collected)
    return [broken for one in collected.evidence for broken in violations(collected, one.id, whole)]


def test_every_record_of_the_reference_host() -> None:
    assert ablated(reference()) == []
    assert ablated(with_profile(reference(), **PROFILE)) == []


@pytest.mark.parametrize("version", ["6.0.16", "7.0.15", "8.0.0"])
def test_every_record_of_a_host_with_two_servers(version: str) -> None:
    clients = (
        client("shop-api.service", blocked=True, age=9000),
        client("shop-writer.service", "xadd", age=9000),
        client(None, "xadd", address="10.9.9.9:40000"),
    )
    inactive = 7000.0 if version == "8.0.0" else None
    streams = (
        stream("quiet", entry(7000), groups=[group("shop-api", consumer("a", 7000), lag=None)]),
        stream("late", entry(1), entry(900), groups=[group("x", consumer("b", 900, 2), lag=2)]),
        stream("never", groups=[group("shop-api-never", delivered="0-0")]),
        stream("claimed", entry(9, source="writer", ts="1771171890")),
        stream("other", entry(9)),
    )
    waits = consumer("a", 7000, inactive=inactive)
    more = stream("asked", entry(7000), groups=[group("shop-api", waits, delivered=7000)])
    collected = host(
        survey(*streams, more, clients=clients, version=version),
        survey(stream("far", entry(1)), endpoint="10.0.0.5:7000", complete=False),
        clients=clients,
        units={"shop-writer.service": "failed", "shop-old.service": "inactive"},
    )
    assert ablated(collected) == []
    wanted = {"expected_streams": ["far", "quiet", "absent"], "streams": ["late"]}
    assert ablated(with_profile(collected, units=["shop-*"], **wanted)) == []


@pytest.mark.parametrize(
    "record", ["sockets_open", "sockets_processes", "systemd_units", "systemd_unit_files"]
)
def test_the_table_loses_and_does_not_invent(record: str) -> None:
    """Each cell is what it was, or unknown; a unit's name may fall back to the source's own."""
    before, after = host_report(reference()), host_report(without(reference(), record))
    for old, new in zip(before.streams.rows, after.streams.rows, strict=True):
        assert (old.stream, old.active, old.length, old.shown) == (
            new.stream,
            new.active,
            new.length,
            new.shown,
        )
        assert {one.source or one.name for one in new.producers} <= {
            one.source or one.name for one in old.producers
        }
        for one, other in zip(old.groups or (), new.groups or (), strict=True):
            assert other.life in (one.life, "unknown")


def test_the_map_leads_from_units_to_units() -> None:
    """A unit writes a stream, which a group reads, which a unit reads; all with citations."""
    flow = host_report(reference()).dataflow
    (stream_node,) = [one for one in flow.of("stream") if one.id.endswith("trade.intent")]
    (writes,) = [edge for edge in flow.entering(stream_node) if edge.relation == "writes"]
    assert (writes.source.id, writes.confidence) == ("quantum-ai-engine.service", "claimed")
    groups = [edge.target for edge in flow.leaving(stream_node)]
    readers = {edge.target.id for one in groups for edge in flow.leaving(one)}
    assert readers == {"quantum-execution.service", "quantum-intent-bridge.service"}
    (server,) = flow.of("server")
    connected = {
        edge.source.id: edge for edge in flow.entering(server) if edge.relation == "connected"
    }
    assert connected["quantum-rl-monitor.service"].note == "get"
    assert connected["quantum-rl-monitor.service"].confidence == "observed"
    assert all(edge.citations for edge in connected.values())
    assert [edge for edge in flow.edges if edge.source not in flow.nodes] == []


def test_nothing_without_a_survey() -> None:
    """Without its survey a server has no table, and the report says why."""
    report: HostReport = host_report(without(reference(), "redis_servers[127.0.0.1:6379]"))
    (server,) = report.streams.servers
    assert server.rows == ()
    assert "no table: " in str(server.notes[0])
    assert list(report.dataflow.of("stream")) == []
    denied = survey(outcome="denied", reason="NOAUTH: it asks for a password")
    (locked,) = host_report(host(denied)).streams.servers
    assert "NOAUTH: it asks for a password" in str(locked.notes[0])
