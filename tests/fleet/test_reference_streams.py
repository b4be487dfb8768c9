"""The reference host: the stream table says what the hand-written one said, or more."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet.conftest import FleetRun
from tests.lab.repository import WRITTEN

STATEMENTS = yaml.safe_load(
    (Path(__file__).parents[1] / "reference" / "statements.yml").read_text()
)["streams"]
WRITTEN_AT = datetime(2026, 2, 15, 22, 17, tzinfo=UTC)
"""When the report was written, as its youngest events show."""

LIVE_S = 180
"""A stream younger than this in the report was being written: it still is."""

SHOWN = {
    r"0-0": r"0-0",
    r"\d{10}": r"\d{10} \(epoch\)",
    r"\d{10}\.\d+": r"\d{10}\.\d+ \(epoch\)",
    r"[-\d]{10}T[:\d]{8}\.\d{6}": r"[-\d]{10}T[:\d]{8}\.\d{6}",
    r"[-\d]{10}T[:\d]{8}\.\d{6}Z": r"[-\d]{10}T[:\d]{8}\.\d{6}Z",
    r"[-\d]{10}T[:\d]{8}\.\d{6}\+00:00": r"[-\d]{10}T[:\d]{8}\.\d{6}\+00:00",
}
"""How the report wrote the last event's time, and how ours shows it."""

# What the lab's application says of itself, where the report had nothing: a unit that runs, or not.
CLAIMED = {
    "quantum:stream:harvest.intent": "quantum-harvest-brain.service",
    "quantum:stream:rl_rewards": "quantum-rl-feedback-v2.service",
    "quantum:stream:marketstate": "quantum-marketstate.service",
    "quantum:stream:exchange.raw": "quantum-exchange-stream-bridge.service",
    "quantum:stream:exchange.normalized": "quantum-cross-exchange-aggregator.service",
    "quantum:stream:reconcile.events": "quantum-reconcile-engine.service",
    "quantum:stream:apply.result": "quantum-apply-layer.service",
    "quantum:stream:features": "quantum-feature-publisher.service",
    "quantum:stream:apply.plan": "quantum-apply-layer.service",
}
CLAIMED_BY_THE_DEAD = {
    "quantum:stream:risk.events": "quantum-risk-safety.service",
    "quantum:stream:bsc.events": "quantum-bsc.service",
}

# What only the code says: of streams that are empty, or whose entries name no source.
CONFIGURED = {
    f"quantum:stream:{stream}": f"{unit}.service"
    for unit, streams in WRITTEN.items()
    for stream in streams
}


def row(fleet_run: FleetRun, stream: str) -> dict[str, Any]:
    """Return the table's row of a stream of the reference host."""
    rows = fleet_run.host("reference")["streams"]
    (found,) = [item for item in rows if item["stream"] == stream]
    assert isinstance(found, dict)
    return found


each_statement = pytest.mark.parametrize("statement", STATEMENTS, ids=lambda item: item["id"])


def test_the_table_has_the_references_streams_and_no_other(fleet_run: FleetRun) -> None:
    """29 rows."""
    shown = [item["stream"] for item in fleet_run.host("reference")["streams"]]
    assert sorted(shown) == sorted(item["stream"] for item in STATEMENTS)
    assert len(shown) == 29


@each_statement
def test_the_producer(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """A producer the report named is claimed; where it had none, a claim or the code names one."""
    stream = statement["stream"]
    found = row(fleet_run, stream)["producers"]
    if statement["producer"] is not None:
        (producer,) = found
        name = re.sub("[-_]", "-", producer["name"]).removesuffix(".service")
        wanted = re.sub("[-_]", "-", statement["producer"]).removesuffix("-service")
        assert name == f"quantum-{wanted}"
        assert producer["confidence"] == "claimed"
    elif stream in {**CLAIMED, **CLAIMED_BY_THE_DEAD}:
        (producer,) = found
        assert producer["name"] == {**CLAIMED, **CLAIMED_BY_THE_DEAD}[stream]
        assert producer["confidence"] == "claimed"
    elif stream in CONFIGURED:
        (producer,) = found
        assert producer["name"] == CONFIGURED[stream]
        assert producer["confidence"] == "configured"
    else:
        assert found == []


@each_statement
def test_the_consumers(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """Each consumer of the report is a group, and no other group is there."""
    names = [group["name"] for group in row(fleet_run, statement["stream"])["groups"]]
    assert sorted(names) == sorted(statement["groups"])


@each_statement
def test_whether_it_is_active(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """Entries of the last day make a stream active, older ones stale, none neither."""
    found = row(fleet_run, statement["stream"])["active"]
    expected = statement["expect"][2]
    if expected == "either":
        assert found in {"yes", "stale"}
    else:
        assert found == ("stale" if expected == "corrected" else statement["active"])


@each_statement
def test_the_last_event(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """The last event is shown as the report showed it, and is as old as it was then."""
    event = row(fleet_run, statement["stream"])["last_event"]
    written = statement["last"]
    if written is None:
        assert event["payload_time"] is None
        assert event["id_time"] is not None
        return
    (shown,) = [ours for theirs, ours in SHOWN.items() if re.fullmatch(theirs, written)]
    assert re.fullmatch(shown, event["shown"])
    if written == "0-0":
        assert event["id_time"] is None
        return
    collected = datetime.fromisoformat(fleet_run.host("reference")["collected_at"])
    age = (collected - datetime.fromisoformat(event["payload_time"])).total_seconds()
    was = (WRITTEN_AT - moment(written)).total_seconds()
    if was < LIVE_S:
        assert -5 < age < LIVE_S
    else:
        # The lab host may have been made a while ago.
        assert was - 60 < age < was + 12 * 3600


def moment(written: str) -> datetime:
    """Return the time a statement gives."""
    if "T" not in written:
        return datetime.fromtimestamp(float(written), UTC)
    found = datetime.fromisoformat(written)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@pytest.mark.parametrize("stream", sorted(CLAIMED_BY_THE_DEAD))
def test_a_claim_by_a_dead_unit_is_a_contradiction(fleet_run: FleetRun, stream: str) -> None:
    """The stream's own source names a unit that does not run."""
    found = fleet_run.findings("reference")[f"stream_producers:{stream}"]
    assert found["status"] in {"degraded", "down"}
    assert CLAIMED_BY_THE_DEAD[stream] in found["message"]


def test_an_unknown_producer_says_what_was_tried(fleet_run: FleetRun) -> None:
    """Without a source field nobody is named as producer, not even who writes to this Redis."""
    found = fleet_run.findings("reference")
    unknown = [item["stream"] for item in STATEMENTS if item["producer"] is None]
    left = set(unknown) - set(CLAIMED) - set(CLAIMED_BY_THE_DEAD) - set(CONFIGURED)
    assert len(left) == 3
    for stream in left:
        item = found[f"stream_producers:{stream}"]
        assert item["status"] == "unknown"
        assert "source" in item["message"] + " ".join(item["details"])


def test_a_blocked_reader_that_was_never_served_is_seen(fleet_run: FleetRun) -> None:
    """The feature publisher waits on market.tick, which has never had an entry."""
    group = next(
        item
        for item in row(fleet_run, "quantum:stream:market.tick")["groups"]
        if "feature_publisher" in item["name"]
    )
    assert group["state"] == "alive"


def test_the_keyspace(fleet_run: FleetRun) -> None:
    """A.redis-keyspace: works, runs, and counts the reference's keys."""
    (found,) = [
        item
        for item in fleet_run.findings("reference").values()
        if item["rule"] == "redis_keyspace"
    ]
    assert (found["status"], found["running"]) == ("ok", "yes")
    assert "db0 keys=65407, expires=2467" in found["message"] + " ".join(found["details"])
