"""The same population on Redis 6.0, 7.0 and 8.0 gives the same truth table."""

from __future__ import annotations

import pytest

from reporter.archive import load
from reporter.report import host_report
from tests.ablation import violations
from tests.fleet.redis_fleet import EVERY_HOST, OPEN, SHARED, RedisRun, difference, table

pytestmark = pytest.mark.lab

ENDPOINT = "127.0.0.1:6379"
VERSIONS = {"bullseye": "6.0.", "bookworm": "7.0.", "trixie": "8.0."}

UNKNOWN_BEFORE_7 = ("added meanwhile", "trimmed meanwhile")
"""Redis 6 counts neither what was ever added to a stream nor what of it a group has read."""


def rows(redis_run: RedisRun, suite: str) -> list[str]:
    return table(redis_run.host(OPEN[suite]), ENDPOINT)


@pytest.mark.parametrize("suite", VERSIONS)
def test_the_version_is_what_the_suite_brings(redis_run: RedisRun, suite: str) -> None:
    """Three versions are compared, not one with itself."""
    found = redis_run.findings(OPEN[suite])[f"redis_keyspace:{ENDPOINT}"]
    assert f"Redis {VERSIONS[suite]}" in found["message"]
    assert len(redis_run.host(OPEN[suite])["streams"]) == len(SHARED.streams)


def test_7_and_8_give_the_same_table(redis_run: RedisRun) -> None:
    """Consumers are listed and timed differently, and the table says the same."""
    assert difference(rows(redis_run, "bookworm"), rows(redis_run, "trixie"), "7.0", "8.0") == ""


def test_6_gives_the_same_table_but_for_what_it_cannot_know(redis_run: RedisRun) -> None:
    """What 6.0 does not count is null there, never 0."""
    old, new = rows(redis_run, "bullseye"), rows(redis_run, "bookworm")
    lag = "db0/shop:orders shipping lag: "
    assert lag + "null" in old
    assert lag + '"some"' in new
    for line in old:
        if any(key in line for key in UNKNOWN_BEFORE_7):
            assert line.endswith(": null")

    def known(lines: list[str]) -> list[str]:
        return [line for line in lines if not line.startswith(lag) and "meanwhile" not in line]

    assert difference(known(old), known(new), "6.0", "7.0") == ""


def test_a_lag_that_is_not_known_is_said(redis_run: RedisRun) -> None:
    """What can be counted by hand is given as at least that much."""
    found = redis_run.findings(OPEN["bullseye"])["stream_groups:shop:orders/shipping"]
    assert found["status"] == "degraded"
    assert "at least 5 entries wait (lag not known)" in found["message"]


def test_every_source_is_named(redis_run: RedisRun) -> None:
    """Names of ordinary words leave the host, whether or not a unit goes by them."""
    named = {"shop:orders", "shop:payments", "shop:refunds", "shop:archive"}
    for host in OPEN.values():
        for row in redis_run.host(host)["streams"]:
            names = [one["source"] for one in row["producers"]]
            wanted = row["stream"].replace(":", "-")
            assert names == ([wanted] if row["stream"] in named else []), row["stream"]


@pytest.mark.parametrize("name", EVERY_HOST)
def test_ablation(redis_run: RedisRun, name: str) -> None:
    """Take out any record on Redis: nothing turns good or bad, and the gap is named."""
    bundle = load([redis_run.folder]).bundles[name]
    whole = host_report(bundle)
    records = [record.id for record in bundle.evidence if record.probe.startswith("redis_")]
    assert records
    broken = [line for record in records for line in violations(bundle, record, whole)]
    assert broken == []
