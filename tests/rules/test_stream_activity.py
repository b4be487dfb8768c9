"""stream_activity and expected_streams: whether events arrive, by two clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reporter.errors import InputError
from reporter.evidence import Bundle
from reporter.profile import load_profiles
from tests.builders import record, without
from tests.rules.stream_cases import (
    NOW_S,
    RECORD,
    client,
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

RULE = "stream_activity"
HOUR = 3600.0
DAY = 24 * HOUR


def iso(age: float) -> str:
    return datetime.fromtimestamp(NOW_S - age, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def said(*streams: Any, **values: Any) -> str:
    return str(verdict(host(survey(*streams, **values)), RULE, "a").message)


def test_fresh_stale_and_empty() -> None:
    made = host(
        survey(
            stream("fresh", entry(30, ts="1771171890")),
            stream("stale", entry(2 * DAY)),
            stream("empty"),
            stream("emptied", last="1770171890000-0"),
        )
    )
    seen = {name: one.verdict for name, one in findings(made, RULE).items()}
    assert [(one.status, one.severity) for one in seen.values()] == [
        ("degraded", "P3"),
        ("degraded", "P3"),
        ("ok", None),
        ("degraded", "P3"),
    ]
    assert "empty, and never had an entry" in str(seen[f"{RULE}:empty"].message)
    assert "up to 1770171890000-0, none is left" in str(seen[f"{RULE}:emptied"].message)
    assert "its last event is 2 d old" in str(seen[f"{RULE}:stale"].message)


@pytest.mark.parametrize(
    "drained",
    [
        stream("a", last=entry_id(90)),
        stream("a", last=entry_id(3 * DAY), end={"last-generated-id": entry_id(90)}),
        stream("a", last="7-1", end={"last-generated-id": "7-2"}),
    ],
)
def test_a_stream_whose_entries_are_taken_out_moves(drained: list[dict[str, Any]]) -> None:
    """Added, read, acknowledged, deleted: its length is nearly always 0."""
    made = with_profile(host(survey(drained)), expected_streams=["a"])
    seen = verdict(made, RULE, "a")
    assert (seen.status, seen.running, seen.severity) == ("ok", "yes", None)
    assert "moves; no entry is left to read, the last came" in str(seen.message)
    assert verdict(made, "expected_streams", "a").status == "ok"
    assert findings(made, "stream_ownership") == {}
    (row,) = report(made).streams.rows
    assert row.active == "yes"


@pytest.mark.parametrize("last", [entry_id(2 * DAY), "7-1"])
def test_an_emptied_stream_to_which_nothing_came_is_empty(last: str) -> None:
    made = with_profile(host(survey(stream("a", last=last))), expected_streams=["a"])
    assert (verdict(made, RULE, "a").status, verdict(made, RULE, "a").severity) == (
        "degraded",
        "P3",
    )
    assert verdict(made, "expected_streams", "a").severity == "P1"


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        (str(int(NOW_S - 60)), "(epoch)"),
        (f"{NOW_S - 60:.7f}", "(epoch)"),
        (str(int((NOW_S - 60) * 1000)), "(epoch ms)"),
        (str(int((NOW_S - 60) * 1_000_000)), "(epoch µs)"),
        (f"{iso(60)}Z", "Z,"),
        (f"{iso(60)}.519610+00:00", ".519610+00:00"),
        (f"{iso(60)}.882960", "no zone: taken as UTC"),
    ],
)
def test_payload_times_stand_beside_the_ids(shown: str, read: str) -> None:
    """Every form producers write is read as the same moment, and shown as it was written."""
    seen = verdict(host(survey(stream("a", entry(60, ts=shown)))), RULE, "a")
    assert (seen.status, seen.details) == ("ok", ())
    assert f"ts {shown}" in str(seen.message)
    assert read in f"{seen.message},"
    assert "ID 2026-02-15T16:11:00.000Z" in str(seen.message)


def test_no_time_field_and_implausible_times_are_said() -> None:
    assert "no time field" in said(stream("a", entry(60)))
    for odd in ("12", "99999999999999999999", "2026-13-45T00:00:00", "1970-01-01T00:00:00Z"):
        assert "implausible as a time" in said(stream("a", entry(60, ts=odd)))
    both = stream("a", entry(60, seq_time="12", ts=str(int(NOW_S - 60))))
    assert "implausible" not in said(both)


def test_two_times_far_apart_are_said_and_old_news_is_stale() -> None:
    """A wrong zone is worth a word; entries that speak of long ago are no fresh events."""
    zone = verdict(host(survey(stream("a", entry(60, ts=iso(2 * HOUR))))), RULE, "a")
    assert zone.status == "ok"
    assert "2 h 0 min" in str(zone.details[0]) or "1 h 59 min" in str(zone.details[0])
    ahead = verdict(host(survey(stream("a", entry(60, ts=iso(-HOUR))))), RULE, "a")
    assert "after it was added" in str(ahead.details[0])
    old = verdict(host(survey(stream("a", entry(60, ts=f"{iso(9 * DAY)}Z")))), RULE, "a")
    assert old.status == "degraded"
    assert "entries arrive, but the newest speaks of 9 d" in str(old.message)
    about = verdict(host(survey(stream("a", entry(60, created_at=f"{iso(9 * DAY)}Z")))), RULE, "a")
    assert about.status == "ok"  # when the account was made, of which the event tells
    assert "created_at" in str(about.message)


def test_an_id_that_is_no_time_leaves_the_payload() -> None:
    row = {**entry(60, ts=iso(60)), "id": "7-1"}
    assert "ID 7-1, which is no time" in said(stream("a", row))
    bare = verdict(host(survey(stream("a", {**entry(60), "id": "7-1"}))), RULE, "a")
    assert bare.status == "unknown"


def test_what_was_trimmed_is_counted_where_the_server_counts() -> None:
    rows = stream("a", entry(1), length=100, added=5000, end={"entries-added": 5010})
    assert "100 entries (of 5010 ever added)" in said(rows)
    (row,) = report(host(survey(rows))).streams.rows
    assert row.activity is not None
    assert row.activity.growth is not None
    assert (row.activity.growth.added, row.activity.growth.trimmed) == (10, 10)
    (old,) = report(host(survey(stream("a", entry(1)), version="6.0.16"))).streams.rows
    assert old.activity is not None
    assert old.activity.growth is not None
    assert old.activity.growth.added is None


def test_a_refused_stream_is_unknown_with_the_reason() -> None:
    refused = {"STREAM": "NOPERM this user has no permissions to access one of the keys"}
    seen = verdict(host(survey(stream("a", entry(1), refused=refused))), RULE, "a")
    assert seen.status == "unknown"
    assert "NOPERM" in str(seen.message)
    (row,) = report(host(survey(stream("a", entry(1), refused=refused)))).streams.rows
    assert (row.active, row.length, str(row.shown)) == ("unknown", None, "UNKNOWN")


def test_streams_of_other_servers_and_databases_have_names_of_their_own() -> None:
    made = host(
        survey(stream("a", entry(1)), stream("a", entry(1), db=3)),
        survey(stream("a", entry(1)), stream("db3/a", entry(1)), endpoint="10.0.0.5:7000"),
    )
    assert set(findings(made, RULE)) == {
        f"{RULE}:a",
        f"{RULE}:db3/a",
        f"{RULE}:10.0.0.5:7000/a",
        f"{RULE}:10.0.0.5:7000/db3/a",
    }
    twin = host(survey(stream("db3/a", entry(1)), stream("a", entry(1), db=3)))
    assert set(findings(twin, RULE)) == {f"{RULE}:db3/a", f"{RULE}:db3/a (2)"}


def test_a_stream_is_no_older_for_a_collection_that_took_long() -> None:
    """Ages count from the moment the stream was looked at, not from the end of all that was."""
    rows = [{**row, "at": NOW_S - 50} for row in stream("a", entry(52), entry(60))]
    made = with_profile(host(survey(rows)), streams=["a"], stream_freshness={"a": "10s"})
    found = verdict(made, RULE, "a")
    assert found.status == "ok"
    assert "the last 2.0 s ago" in str(found.message)
    rows = [{**row, "at": NOW_S - 40} for row in stream("a", entry(52), entry(60))]
    late = with_profile(host(survey(rows)), streams=["a"], stream_freshness={"a": "10s"})
    assert verdict(late, RULE, "a").status == "degraded"


def test_a_limit_of_the_profile_counts_the_longest_pattern_first() -> None:
    made = host(survey(stream("x:tick", entry(HOUR)), stream("x:slow", entry(2 * DAY))))
    limits = {"x:*": "3d", "x:tick": "15m"}
    judged = findings(with_profile(made, streams=["x:*"], stream_freshness=limits), RULE)
    assert judged[f"{RULE}:x:tick"].verdict.status == "degraded"
    assert judged[f"{RULE}:x:slow"].verdict.status == "ok"
    assert judged[f"{RULE}:x:slow"].verdict.application == "plant"


def expecting(made: Bundle, *names: str) -> Bundle:
    return with_profile(made, expected_streams=list(names))


def test_expected_streams_are_answered() -> None:
    made = host(survey(stream("moves", entry(1)), stream("stale", entry(2 * DAY)), stream("empty")))
    wanted = expecting(made, "moves", "stale", "empty", "absent")
    seen = {
        one.verdict.subject: (one.verdict.status, one.verdict.severity)
        for one in findings(wanted, "expected_streams").values()
    }
    assert seen == {
        "moves": ("ok", None),
        "stale": ("degraded", "P2"),
        "empty": ("down", "P1"),
        "absent": ("down", "P1"),
    }
    assert findings(made, "expected_streams") == {}


@pytest.mark.parametrize(
    "made",
    [
        host(survey(complete=False)),
        host(survey(outcome="timeout", reason="it stopped answering")),
        host(survey(), survey(endpoint="10.0.0.5:7000", complete=False)),
        without(host(survey(), survey(endpoint="10.0.0.5:7000")), "redis_servers[10.0.0.5:7000]"),
        without(host(survey()), RECORD),
        without(host(survey()), "redis_listeners"),
    ],
)
def test_what_was_not_all_seen_is_not_absent(made: Bundle) -> None:
    """An absent stream is one that a whole look at every server did not show."""
    wanted = expecting(made, "absent")
    seen = verdict(wanted, "expected_streams", "absent")
    assert seen.status == "unknown"
    assert seen.missing
    (row,) = [one for one in report(wanted).streams.rows if one.stream == "absent"]
    assert (row.exists, row.active, row.groups) == (None, "unknown", None)


def test_a_host_without_redis_has_no_streams() -> None:
    seen = verdict(expecting(host(), "absent"), "expected_streams", "absent")
    assert (seen.status, seen.severity) == ("unknown", None)  # nobody asked for a survey here
    asked = host(record("redis_servers", "", kind="redis", exit_code=None))
    seen = verdict(expecting(asked, "absent"), "expected_streams", "absent")
    assert (seen.status, seen.severity) == ("unknown", None)  # and here there was none to ask
    assert "no Redis server was looked through" in str(seen.message)
    assert "probe_redis_endpoints" in str(seen.missing[0].reason)
    (row,) = report(expecting(asked, "absent")).streams.rows
    assert (row.exists, row.active) == (None, "unknown")


@pytest.mark.parametrize("probe", ["redis_listeners", RECORD])
def test_missing_evidence_is_unknown(probe: str) -> None:
    made = host(survey(stream("a", entry(1), groups=[group("g")])), clients=[client("x.service")])
    for rule in ("stream_activity", "stream_groups", "stream_ownership", "stream_producers"):
        seen = findings(without(made, probe), rule)
        name = probe.partition("[")[0]
        assert seen[f"{rule}:evidence/{name}"].verdict.status == "unknown"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("streams", "a", "streams: give a list of names or shell patterns of streams"),
        ("expected_streams", ["a:*"], "give a list of full names of .*, not 'a:\\*'"),
        ("expected_streams", [1], "expected_streams: give a list of full names"),
        ("stream_freshness", ["a"], "stream_freshness: give a mapping"),
        ("stream_freshness", {"a": "soon"}, r"stream_freshness.a: give an age: .*, not 'soon'"),
        ("stream_freshness", {"a": True}, "give an age"),
        ("stream_freshness", {"a": 0}, "give an age"),
        ("stream_freshness", {"a": "99999999d"}, r"stream_freshness.a: give an age of less than"),
        ("expected_stream", [], "did you mean 'expected_streams'"),
    ],
)
def test_profile_keys_are_checked(key: str, value: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_profiles({"x": {key: value}}, "test")


@pytest.mark.parametrize(
    ("age", "seconds"), [(90, 90), ("90s", 90), ("15m", 900), ("1.5h", 5400), ("2d", 172800)]
)
def test_ages_of_a_profile(age: Any, seconds: float) -> None:
    profiles = load_profiles({"x": {"stream_freshness": {"a*": age}}}, "test")
    assert (profiles.stream_limit("ab"), profiles.stream_limit("b")) == (seconds, None)


def test_the_reference_hosts_streams() -> None:
    """The 29 streams move as the reference says, the stale ones corrected."""
    rows = report(reference()).streams.rows
    prefix = "quantum:stream:"
    by_state = {
        state: {row.stream.removeprefix(prefix) for row in rows if row.active == state}
        for state in ("yes", "stale", "no", "unknown")
    }
    assert len(rows) == 29
    assert by_state["unknown"] == set()
    assert by_state["stale"] == {
        "risk.events",
        "policy.audit",
        "policy.update",
        "bsc.events",
        "execution.result",
    }
    assert by_state["no"] == {
        "reconcile.close",
        "apply.plan.manual",
        "market.tick",
        "policy.updated",
        "market.klines",
    }
    assert {row.shown for row in rows if row.active == "no"} == {"0-0"}
