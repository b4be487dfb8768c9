"""The parsers of Redis surveys and listeners."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from reporter import registry
from reporter.evidence import Record
from reporter.facts import Each, FactStore
from reporter.findings import Missing
from reporter.parsers.redis_types import Survey
from tests.builders import record
from tests.rules.redis_cases import BUNDLES, bundle
from truthmap_collector.selectors import select

INFO = (
    "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:10\r\n"
    "# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=7\r\ndb2:keys=1,expires=0,avg_ttl=0\r\n"
)


def row(*ask: str, at: float = 1795617229.5, **values: Any) -> dict[str, Any]:
    return {"ask": list(ask), "at": at, "ms": 0.1, **values}


def begin() -> dict[str, Any]:
    return row("INFO", sample="begin", reply=INFO)


def end(info: str = INFO) -> dict[str, Any]:
    return row("INFO", sample="end", at=1795617230.5, reply=info)


def made(*rows: dict[str, Any] | str, **values: Any) -> Record:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in rows]
    stdout = "".join(f"{line}\n" for line in lines)
    return record("redis_servers", stdout, item="127.0.0.1:6379", kind="redis", **values)


def value(record: Record) -> Survey | Missing:
    store = FactStore(registry.parsers(), [record], frozenset(["redis_servers"]))
    each = store.get("redis_servers")
    assert isinstance(each, Each)
    return each.get("127.0.0.1:6379")


def survey(*rows: dict[str, Any] | str, **values: Any) -> Survey:
    found = value(made(*rows, **values))
    assert isinstance(found, Survey), found
    return found


def stream(*rows: dict[str, Any]) -> Any:
    (found,) = survey(begin(), *rows, end()).streams
    return found


XINFO = {
    "length": 5,
    "last-generated-id": "1771171927000-0",
    "entries-added": 5,
    "groups": 1,
    "first-entry": "1771171920000-0",
    "last-entry": "1771171927000-0",
}
GROUP = {
    "name": "g",
    "consumers": 1,
    "pending": 2,
    "last-delivered-id": "1771171926000-0",
    "entries-read": None,
    "lag": None,
}


def test_a_whole_survey_is_complete() -> None:
    scans = [
        row("SCAN", "0", "TYPE", "stream", db=db, reply={"streams": [], "complete": True})
        for db in (0, 2)
    ]
    found = survey(begin(), *scans, end())
    assert found.complete
    assert found.stopped is None
    assert [(db.number, db.keys, db.expires) for db in found.databases] == [(0, 3, 1), (2, 1, 0)]
    assert found.number("uptime_in_seconds") == 10
    assert found.number("redis_version") is None
    assert (found.asked_at, found.ended_at) == (1795617229.5, 1795617230.5)
    assert found.cite_info("redis_version", "none").excerpt == "redis_version:7.0.15"


def test_a_database_nobody_scanned_is_not_complete() -> None:
    found = survey(begin(), end())
    assert [db.scan_complete for db in found.databases] == [None, None]
    assert not found.complete


def test_a_stream_with_its_groups() -> None:
    found = stream(
        row("XINFO", "STREAM", "a", db=0, sample="begin", reply=XINFO),
        row("XINFO", "GROUPS", "a", db=0, sample="begin", reply=[GROUP]),
        row(
            "XINFO",
            "CONSUMERS",
            "a",
            "g",
            db=0,
            reply=[{"name": "c", "pending": 0, "idle": 1500, "inactive": -1}],
        ),
        row("XPENDING", "a", "g", db=0, reply={"count": 2, "lowest": "1771171925000-1"}),
        row(
            "XREVRANGE",
            "a",
            db=0,
            reply=[{"id": "1771171927000-0"}],
            fields=[["ts", "source"]],
            values=[["time", "ts", "1771171927", "source", "source", "ai-engine"]],
        ),
        row("XINFO", "STREAM", "a", db=0, sample="end", reply={**XINFO, "length": 6}),
        row("XINFO", "GROUPS", "a", db=0, sample="end", reply=[{**GROUP, "pending": 3}]),
    )
    assert (found.begin.length, found.end.length, found.first_id) == (5, 6, "1771171920000-0")
    (group,) = found.groups
    assert (group.lag, group.entries_read, group.oldest_pending) == (None, None, "1771171925000-1")
    assert group.later == (3, "1771171926000-0")
    (consumer,) = group.consumers
    assert (consumer.idle, consumer.inactive) == (1.5, math.inf)
    (entry,) = found.entries
    assert entry.id_time == 1771171927.0
    assert [(one.role, one.text) for one in entry.values] == [
        ("time", "1771171927"),
        ("source", "ai-engine"),
    ]
    assert entry.fields == ("ts", "source")


def test_an_older_survey_has_its_fields_in_the_reply() -> None:
    found = stream(
        row("XREVRANGE", "a", db=0, reply=[{"id": "1-0", "fields": ["ts", "source"]}], values=[[]])
    )
    assert found.entries[0].fields == ("ts", "source")


def test_what_was_refused_or_not_asked_is_not_known() -> None:
    found = stream(
        row("XINFO", "STREAM", "a", db=0, reply=XINFO),
        row("XINFO", "GROUPS", "a", db=0, reply=[GROUP]),
        row("XINFO", "CONSUMERS", "a", "g", db=0, skipped="5120 consumers, limit 1000"),
        row("XREVRANGE", "a", db=0, error="NOPERM this user has no permissions"),
    )
    assert found.groups[0].consumers is None
    assert found.entries is None
    assert [(one.code, one.command[0]) for one in found.refused] == [
        ("SKIPPED", "XINFO"),
        ("NOPERM", "XREVRANGE"),
    ]


def test_a_stream_that_only_the_scan_showed() -> None:
    found = stream(row("SCAN", "0", db=0, reply={"streams": ["a"], "complete": False}))
    assert (found.name, found.begin, found.groups, found.entries) == ("a", None, None, None)


def test_clients_are_read_by_their_first_words() -> None:
    line = "id=3 addr=1.2.3.4:5 name= age=8 idle=2 flags=b db=0 cmd=xreadgroup user=default id=9"
    found = survey(
        begin(),
        row("CLIENT", "LIST", sample="begin", reply={"own": 3, "total": 9, "clients": [line]}),
        end(),
    )
    assert found.clients_begin is not None
    (client,) = found.clients_begin
    assert (client.id, client.own, client.blocked, client.line) == (3, True, True, line)
    assert (found.client_total, found.clients_end) == (9, None)


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[1]",
        "[" * 100_000,
        json.dumps({"ask": "INFO", "at": 1, "reply": ""}),
        json.dumps({"ask": ["INFO"], "at": True, "reply": ""}),
        json.dumps({"ask": ["INFO"], "at": 1}),
        '{"ask":["INFO"],"at":NaN,"reply":""}',
        json.dumps(row("INFO", reply={"a": 1})),
        json.dumps(row("XINFO", "STREAM", "a", reply=[1])),
        json.dumps(row("XINFO", "STREAM", "a", reply={**XINFO, "length": -1})),
        json.dumps(row("XINFO", "GROUPS", "a", reply={"x": 1})),
        json.dumps(row("XINFO", "GROUPS", "a", reply=[{**GROUP, "pending": "many"}])),
        json.dumps(row("XREVRANGE", "a", reply=[{"id": "1-1"}])),
        json.dumps(row("CLIENT", "LIST", reply={"own": 1, "clients": ["id=x"]})),
    ],
)
def test_one_bad_row_makes_the_survey_incomplete_and_no_more(bad: str) -> None:
    found = survey(begin(), bad, end())
    assert "cannot be read: 1" in str(found.stopped)
    assert found.number("uptime_in_seconds") == 10


def test_names_that_are_no_text_can_be_written() -> None:
    found = stream(row("XINFO", "STREAM", "\udcff\u2028x", db=0, reply=XINFO))
    assert found.name == "\\udcff\u2028x"
    found.name.encode()


def test_a_head_that_was_cut_leaves_the_info_of_the_end() -> None:
    found = survey('LO"}', row("XINFO", "STREAM", "a", db=0, reply=XINFO), end(), truncated=True)
    assert (found.asked_at, found.ended_at) == (1795617230.5, None)
    assert "cut" in str(found.stopped)
    assert len(found.streams) == 1


def test_a_survey_that_stopped_keeps_what_it_had() -> None:
    found = survey(begin(), outcome="timeout", reason="it stopped answering after SCAN")
    assert str(found.stopped) == "it stopped answering after SCAN"
    assert "no second reply" in str(survey(begin()).stopped)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (made(outcome="denied", reason="NOAUTH: set x"), "NOAUTH: set x"),
        (made(outcome="absent", reason="connection refused"), "absent: connection refused"),
        (made(), "it holds no reply to INFO"),
        (made(row("INFO", error="LOADING x")), "INFO was not answered: LOADING x"),
        (made('O"}', truncated=True), "what it said of itself was cut off"),
    ],
)
def test_without_info_there_is_no_fact(record: Record, reason: str) -> None:
    found = value(record)
    assert isinstance(found, Missing)
    assert str(found.reason) == reason


def listeners(stdout: str, **values: Any) -> Any:
    found = record("redis_listeners", stdout, **values)
    store = FactStore(registry.parsers(), [found], frozenset(["redis_listeners"]))
    return store.get("redis_listeners")


def tcp(local: str, pid: int | None = 47, name: str = "redis-server", fd: int = 6) -> str:
    users = "" if pid is None else f' users:(("{name}",pid={pid},fd={fd}))'
    unit = "/system.slice/redis-server.service" if name == "redis-server" else "/x.service"
    return f"tcp LISTEN 0 511 {local} 0.0.0.0:*{users} uid:106 ino:{fd} sk:1 cgroup:{unit} <->\n"


UNIX = 'u_str LISTEN 0 511 {} 19818 * 0 users:(("{}",pid={},fd=8)) <-> ino:1 dev:0/65 peers:\n'


@pytest.mark.parametrize("name", BUNDLES)
def test_the_servers_are_those_the_collector_asks(name: str) -> None:
    shown = next(one for one in bundle(name).evidence if one.id == "redis_listeners")
    found = listeners(shown.stdout.text)
    assert {server.endpoint for server in found.servers} == set(
        select("redis_endpoints", shown.stdout.text)
    )
    assert found.complete


@pytest.mark.parametrize(
    ("stdout", "endpoints"),
    [
        (tcp("127.0.0.1:6379") + tcp("[::1]:6379", fd=7), ["127.0.0.1:6379"]),
        (tcp("0.0.0.0:7000") + tcp("10.0.0.1:7001", 48), ["10.0.0.1:7001", "127.0.0.1:7000"]),
        (tcp("*:7000"), ["127.0.0.1:7000"]),
        (tcp("[::]:7000"), ["[::1]:7000"]),
        (tcp("10.0.0.1:7000") + UNIX.format("/a b.sock", "redis-server", 47), ["10.0.0.1:7000"]),
        (UNIX.format("/a b.sock", "valkey-server", 9), ["/a b.sock"]),
        (tcp("127.0.0.1:16379", fd=9) + tcp("127.0.0.1:6379", fd=6), ["127.0.0.1:6379"]),
        (tcp("127.0.0.1:6379", None), ["127.0.0.1:6379"]),
        ("u_str LISTEN 0 511 /run/redis/r.sock 1 * 0 <-> ino:1 dev:0/6\n", ["/run/redis/r.sock"]),
        (tcp("127.0.0.1:9121", 5, "redis_exporter"), []),
        ("", []),
    ],
)
def test_a_server_has_one_endpoint(stdout: str, endpoints: list[str]) -> None:
    assert [server.endpoint for server in listeners(stdout).servers] == endpoints
    assert sorted(select("redis_endpoints", stdout)) == endpoints


def test_a_listeners_reach() -> None:
    shown = "".join(map(tcp, ("0.0.0.0:1", "127.0.0.1:2", "8.8.8.8:3", "10.0.0.1:4")))
    (server,) = listeners(shown).servers
    assert [one.open for one in server.listeners] == [True, False, True, False]
    assert server.unit == "redis-server.service"


def test_listeners_without_a_process_are_not_owned() -> None:
    lines = (
        "tcp LISTEN 0 5 0.0.0.0:7000 0.0.0.0:* uid:1 ino:7 sk:1 cgroup:/x.service <->\n"
        "u_str LISTEN 0 5 /run/dbus/socket 1 * 0 <-> ino:1 dev:0/6\n"
        "u_str LISTEN 0 5 @/tmp/abstract 1 * 0 <-> ino:0 dev:0/6\n"
        "u_str LISTEN 0 5 /run/systemd/private 1 * 0 <-> ino:0 dev:0/6\n"
    )
    found = listeners(lines + tcp("1.1.1.1:53", 7, "named"))
    assert [one.shown for one in found.unowned] == ["0.0.0.0:7000", "/run/dbus/socket"]
    assert len(found.others) == 5


def test_what_is_no_listener_is_said() -> None:
    found = listeners("tcp LISTEN 0 5 somewhere *:*\nu_dgr UNCONN 0 0 /x 1 * 0\n")
    assert (len(found.unread), found.complete) == (1, False)
    cut = listeners("LISTEN 0\n" + tcp("127.0.0.1:6379"), truncated=True)
    assert (len(cut.servers), cut.complete) == (1, False)
    failed = listeners("", exit_code=1, stderr="ss: bad\n")
    assert isinstance(failed, Missing)
