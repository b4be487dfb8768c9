"""Counters between two looks: per hour, with the resets a reboot or a restart brings."""

from __future__ import annotations

import json

import msgspec

from reporter.diff.compare import compare
from reporter.diff.model import HostDiff, Rate
from reporter.diff.side import side_of
from reporter.evidence import Bundle, Record
from reporter.report import Report, host_report
from tests.builders import sealed
from tests.compare.cases import BOOT, Machine, later
from tests.compare.test_diff import diff, said
from tests.rules.stream_cases import entry, group, host, stream, survey

API = "shop-api.service"
OLD = Machine().unit(API, NRestarts="2")
NEW = Machine(at=later(1800))


def rates(found: HostDiff) -> dict[tuple[str, str], Rate]:
    return {(rate.counter, rate.subject): rate for rate in found.rates}


def test_automatic_restarts_per_hour() -> None:
    """Five in half an hour are ten an hour."""
    rate = rates(diff(OLD, NEW.unit(API, NRestarts="7")))["restarts", API]
    assert (rate.growth, rate.per_hour, rate.reset) == (5, 10.0, False)
    assert str(rate.message) == f"{API}: 5 automatic restarts (+10 per hour)"


def test_a_counter_that_began_anew_gives_no_rate() -> None:
    """Somebody started the unit: since when the counter counts, nobody knows."""
    rate = rates(diff(OLD, NEW.unit(API, NRestarts="1")))["restarts", API]
    assert (rate.growth, rate.per_hour, rate.reset) == (1, None, True)


def test_after_a_reboot_the_rate_is_of_the_time_since() -> None:
    """More than before, and yet all of them since the boot: three in a quarter of an hour."""
    booted = BOOT + 86400 + 900
    rate = rates(diff(OLD, NEW.changed(booted=booted).unit(API, NRestarts="3")))["restarts", API]
    assert (rate.growth, rate.per_hour, rate.reset) == (3, 12.0, True)


def test_an_older_new_side_gives_no_rates() -> None:
    """The order was mixed up: the diff says so."""
    found = diff(NEW.unit(API, NRestarts="7"), OLD)
    assert found.rates == ()
    assert ["the newer one" in str(note) for note in found.notes] == [True]


def shifted(collected: Bundle, seconds: float, run_id: str = "r1") -> Bundle:
    """Return a host with a Redis, surveyed so much later, by the run id of the server."""
    kept = []
    for one in collected.evidence:
        if one.probe == "redis_servers":
            rows = [json.loads(line) for line in one.stdout.data.splitlines()]
            for row in rows:
                row["at"] += seconds
                if row["ask"][0] == "INFO":
                    row["reply"] = f"run_id:{run_id}\r\n" + row["reply"]
            data = "".join(f"{json.dumps(row)}\n" for row in rows)
            stdout = {**msgspec.to_builtins(one.stdout), "data": data, "size": len(data)}
            one = msgspec.convert(  # noqa: PLW2901
                sealed({**msgspec.to_builtins(one), "stdout": stdout}), Record
            )
        kept.append(one)
    at = later(seconds)
    return msgspec.structs.replace(collected, evidence=kept, started_at=at, finished_at=at)


def streams(old: Bundle, new: Bundle, run_id: str = "r1") -> HostDiff:
    sides = []
    for one in (shifted(old, 0), shifted(new, 1800, run_id)):
        report = Report("d", "r", True, (host_report(one),), ())
        sides.append(side_of(report))
    (found,) = compare(*sides).hosts
    return found


def orders(added: int, length: int = 2, age: float = 30.0) -> Bundle:
    rows = stream("orders", entry(age), entry(age + 1), added=added, length=length)
    return host(survey(rows))


def test_a_stream_grows_by_so_many_an_hour() -> None:
    """By its own counter of entries added: what is trimmed counts too."""
    found = streams(orders(100, 50, 30), orders(400, 50, -1700))
    rate = rates(found)["entries", "orders"]
    assert (rate.growth, rate.per_hour, rate.reset) == (300, 600.0, False)
    assert found.changes == ()


def test_entries_that_were_taken_out_are_named() -> None:
    """Nothing was added, and there are fewer: somebody trimmed it."""
    found = streams(orders(100, 50), orders(100, 0))
    assert said(found) == ["the stream orders: entries were taken out and none came: 50, now 0"]
    assert found.rates == ()


def test_a_stream_made_anew_is_named_and_has_no_rate() -> None:
    """Its counter is smaller than it was."""
    found = streams(orders(100, 50, 30), orders(7, 7, -1700))
    assert said(found) == [
        "the stream orders was made anew, or restored from an older save: 50 entries, now 7"
    ]
    rate = rates(found)["entries", "orders"]
    assert (rate.per_hour, rate.reset) == (None, True)


def test_streams_and_groups_that_came_and_went() -> None:
    """A group of one stream, and another stream."""
    rows = stream("orders", entry(30), added=1, groups=[group("billing", delivered=30.0)])
    old = host(survey(rows))
    new = host(survey(stream("orders", entry(30), added=1), stream("returns", entry(5))))
    assert said(streams(old, new)) == [
        "the stream returns was added",
        "the consumer group orders/billing is not there any more",
    ]


def test_a_restart_of_redis_is_named_by_its_run_id() -> None:
    """The streams were kept, so their rates go on."""
    found = streams(orders(100, 50, 30), orders(400, 50, -1700), "r2")
    assert said(found) == ["the Redis server 127.0.0.1:6379 was restarted: it has another run_id"]
    assert rates(found)["entries", "orders"].per_hour == 600.0
