"""unit_connections: who talks to whom, and where the report shows it."""

from __future__ import annotations

import pytest

from reporter.report import host_report
from tests.builders import without
from tests.rules.sockets_cases import (
    OPEN,
    PROCESSES,
    SUITES,
    bundle,
    findings,
    verdict,
    with_process,
    with_sockets,
    without_lines,
)

RULE = "unit_connections"
REMOTE = {"bullseye": "10.88.0.18:22", "bookworm": "10.88.0.18:22", "trixie": "10.88.0.19:22"}


def connection(local: str, peer: str, pid: int | None = 4242) -> str:
    users = f' users:(("made",pid={pid},fd=3))' if pid else ""
    return f"tcp ESTAB 0 0 {local} {peer}{users}"


@pytest.mark.parametrize("suite", SUITES)
def test_units_are_connected_to_units_redis_and_remote_addresses(suite: str) -> None:
    seen = {name: one.verdict for name, one in findings(bundle(f"{suite}-planted"), RULE).items()}
    api, client = seen[f"{RULE}:plant-api.service"], seen[f"{RULE}:plant-client.service"]
    assert api.connected_to == ("Redis (redis-server.service)",)
    assert str(api.message) == (
        "plant-api.service is connected to Redis (redis-server.service) (2 connections) and "
        "serves plant-client.service"
    )
    assert set(client.connected_to) == {"plant-api.service (tcp 8001)", REMOTE[suite]}
    redis = seen[f"{RULE}:redis-server.service"]
    assert redis.connected_to == ()
    assert "serves plant-api.service (2 connections)" in str(redis.message)
    assert {one.status for one in seen.values()} == {"ok"}


@pytest.mark.parametrize("suite", SUITES)
def test_the_collections_own_login_is_no_noise(suite: str) -> None:
    assert "sshd" in bundle(f"{suite}-untouched").evidence[0].stdout.data
    assert findings(bundle(f"{suite}-untouched"), RULE) == {}


@pytest.mark.parametrize("suite", SUITES)
def test_the_services_block_shows_it_with_its_evidence(suite: str) -> None:
    report = host_report(bundle(f"{suite}-planted"))
    (active,) = [one for one in report.blocks if str(one.component).startswith("Active services")]
    assert set(active.connected_to) == {
        "Redis (redis-server.service)",
        "plant-api.service (tcp 8001)",
        REMOTE[suite],
    }
    assert {OPEN, PROCESSES} <= {record.id for record in active.evidence}
    blind = host_report(without(bundle(f"{suite}-planted"), OPEN))
    (active,) = [one for one in blind.blocks if str(one.component).startswith("Active services")]
    assert active.connected_to == ()


def test_many_remote_addresses_are_counted() -> None:
    lines = [connection(f"10.0.0.1:{40000 + n}", f"192.0.2.{n}:443") for n in range(1, 31)]
    lines += [connection(f"10.0.0.1:{41000 + n}", "192.0.2.9:443") for n in range(3)]
    host = with_process(with_sockets(bundle(), *lines), 4242)
    made = verdict(host, RULE, "made.service")
    assert len(made.connected_to) == 9
    assert "192.0.2.9:443" in made.connected_to
    assert str(made.connected_to[-1]) == "22 more addresses"
    assert "192.0.2.9:443 (4 connections)" in str(made.message)
    clients = [connection("10.0.0.1:8002", f"192.0.2.9:{50000 + n}") for n in range(40)]
    served = verdict(with_process(with_sockets(bundle(), *clients), 4242), RULE, "made.service")
    assert str(served.message) == "made.service serves 192.0.2.9 (40 connections)"
    assert served.connected_to == ()


def test_mapped_addresses_are_the_same_end() -> None:
    """A dual-stack server shows ::ffff:127.0.0.1, its client 127.0.0.1."""
    pair = (
        connection("[::ffff:127.0.0.1]:8002", "[::ffff:127.0.0.1]:40404"),
        connection("127.0.0.1:40404", "127.0.0.1:8002", 4243),
    )
    host = with_process(with_sockets(bundle(), *pair), 4242)
    host = with_process(host, 4243, cgroup="/system.slice/other.service")
    assert verdict(host, RULE, "other.service").connected_to == ("plant-api.service (tcp 8002)",)
    assert str(verdict(host, RULE, "made.service").message) == "made.service serves other.service"


def test_a_connection_not_taken_yet_is_its_listeners() -> None:
    host = with_sockets(bundle(), connection("127.0.0.1:8001", "127.0.0.1:40404", None))
    assert "127.0.0.1" in str(verdict(host, RULE, "plant-api.service").message)


def test_whose_is_not_shown_is_unknown() -> None:
    seen = findings(bundle("non-root"), RULE)
    assert set(seen) == {f"{RULE}:owners"}
    owners = seen[f"{RULE}:owners"].verdict
    assert owners.status == "unknown"
    assert "not shown to the user auditor" in str(owners.message)
    strange = with_sockets(bundle(), connection("10.0.0.1:50505", "192.0.2.1:443", None))
    assert verdict(strange, RULE, "owners").status == "unknown"


def test_a_process_that_ended_took_its_connection_along() -> None:
    host = with_sockets(bundle(), connection("10.0.0.1:50505", "192.0.2.1:443"))
    assert verdict(host, RULE, "owners").status == "unknown"  # nobody looked at it
    gone = with_process(host, 4242, error="No such process")
    assert f"{RULE}:owners" not in findings(gone, RULE)


def test_a_server_whose_process_is_not_known_is_named_by_its_address() -> None:
    blind = without_lines(bundle(), PROCESSES, "redis-server.service")
    assert verdict(blind, RULE, "plant-api.service").connected_to == ("Redis (127.0.0.1:6379)",)


@pytest.mark.parametrize("record", [OPEN, PROCESSES])
def test_missing_evidence_is_unknown(record: str) -> None:
    assert set(findings(without(bundle(), record), RULE)) == {f"{RULE}:evidence/{record}"}
