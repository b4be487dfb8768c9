"""Servers that ask who one is, or are reached by a socket or TLS: what is seen, what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.commands import truthmap
from tests.fleet.redis_fleet import OPEN, SHARED, RedisRun, difference, table
from tests.lab.redis_hosts import NARROW_SURVEYOR, SECOND_PORT, SOCKET

pytestmark = pytest.mark.lab

ENDPOINT = "127.0.0.1:6379"
SECOND = f"127.0.0.1:{SECOND_PORT}"


def open_table(redis_run: RedisRun) -> list[str]:
    """The table of a server of the same version that asks for nothing."""
    return table(redis_run.host(OPEN["bookworm"]), ENDPOINT)


def rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record["stdout"]["data"].splitlines()]


def test_every_host_is_reported(redis_run: RedisRun) -> None:
    """What a server refuses does not fail the run."""
    assert redis_run.done.returncode == 0, redis_run.done.stderr
    assert redis_run.report["unreachable"] == []
    for host in redis_run.report["hosts"]:
        assert host["coverage"]["missing"] == (host["host"] == "no-password"), host["host"]


@pytest.mark.parametrize("name", ["acl", "password"])
def test_who_is_let_in_sees_everything(redis_run: RedisRun, name: str) -> None:
    """With the password, and with no right but to look: nothing is refused, the table is whole."""
    (record,) = redis_run.records(name).values()
    assert record["outcome"] == "collected"
    assert [row for row in rows(record) if "error" in row or "skipped" in row] == []
    ours = table(redis_run.host(name), ENDPOINT)
    assert difference(open_table(redis_run), ours, "open", name) == ""


def test_a_refused_database_is_unknown_and_the_right_named(redis_run: RedisRun) -> None:
    """Without SELECT only database 0 is seen, and that is said where its streams would stand."""
    findings = redis_run.findings("narrow")
    refused = findings[f"redis_survey:{ENDPOINT}/refused"]
    assert refused["status"] == "unknown"
    assert "SELECT" in refused["message"]
    assert f"rights that the user {NARROW_SURVEYOR} lacks for it: +select" in refused["details"]
    seen = " ".join(findings[f"redis_survey:{ENDPOINT}"]["details"])
    assert "SLOWLOG LEN" in seen
    assert "+slowlog|len" in seen
    keyspace = findings[f"redis_keyspace:{ENDPOINT}/db3"]
    assert keyspace["status"] == "unknown"
    assert "'select' command" in keyspace["message"]
    assert "database 3" in redis_run.text("narrow").partition("TRUTH TABLE")[2]
    assert not [name for name in findings if "shop:archive" in name]


def test_what_is_not_refused_is_seen_as_well(redis_run: RedisRun) -> None:
    """The rest of the table is the one of a server without ACLs."""
    whole = [line for line in open_table(redis_run) if not line.startswith("db3/")]
    ours = table(redis_run.host("narrow"), ENDPOINT)
    assert difference(whole, ours, "open", "narrow") == ""


def test_without_the_password_nothing_is_known_or_invented(redis_run: RedisRun) -> None:
    """The reason names the variables; there is no stream, empty, dead or otherwise."""
    (record,) = redis_run.records("no-password").values()
    assert record["outcome"] == "denied"
    assert [(row["ask"], row["error"].split()[0]) for row in rows(record)] == [(["INFO"], "NOAUTH")]
    host = redis_run.host("no-password")
    assert host["streams"] == []
    findings = redis_run.findings("no-password")
    assert not [name for name in findings if name.startswith("stream_")]
    found = findings[f"redis_keyspace:{ENDPOINT}"]
    assert (found["status"], found["running"]) == ("unknown", "yes")
    for word in ("NOAUTH", "probe_redis_username", "probe_redis_password"):
        assert word in found["message"]
    servers = {item["status"] for name, item in findings.items() if name.startswith("redis_")}
    assert servers == {"unknown", "ok"}
    assert findings[f"redis_exposure:{ENDPOINT}"]["status"] == "ok"
    text = redis_run.text("no-password").partition("TRUTH TABLE")[2]
    assert "no table: NOAUTH" in text


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ((), 0),
        (("--fail-on", "P1"), 2),
        (("--fail-on", "unknown"), 2),
        (("--min-coverage", "99"), 4),
    ],
)
def test_the_exit_code_without_the_password(
    redis_run: RedisRun, gate: tuple[str, ...], code: int
) -> None:
    """Nothing asked, nothing failed; a gate that what is not known might not pass, fails."""
    bundle = redis_run.folder / "no-password.json"
    done = truthmap("report", bundle, *gate, cwd=redis_run.folder)
    assert done.returncode == code, done.stderr


def test_a_socket_and_a_second_server_are_found_untold(redis_run: RedisRun) -> None:
    """Both are surveyed, each with its own table; the port stands for no server."""
    records = redis_run.records("socket")
    assert {record["item"]: record["outcome"] for record in records.values()} == {
        SOCKET: "collected",
        SECOND: "collected",
    }
    host = redis_run.host("socket")
    assert [row["stream"] for row in host["streams"] if row["server"] == SOCKET] == [
        row["stream"] for row in redis_run.host(OPEN["bookworm"])["streams"]
    ]
    (jobs,) = [row for row in host["streams"] if row["server"] == SECOND]
    assert (jobs["stream"], jobs["length"]) == ("queue:jobs", 1)
    assert [one["name"] for one in jobs["producers"]] == ["queue-feeder"]
    assert [(one["name"], one["state"]) for one in jobs["groups"]] == [("runners", "dead")]
    text = redis_run.text("socket")
    assert f"Redis {SOCKET} (redis-server.service), streams: 7" in text
    assert f"Redis {SECOND} (redis-server@second.service), streams: 1" in text


def test_a_socket_does_not_say_from_whom(redis_run: RedisRun) -> None:
    """Whose a connection is stays unknown there, and is no guess: quiet groups are unknown."""
    found = {
        group["name"]: (group["state"], group["readers"])
        for row in redis_run.host("socket")["streams"]
        for group in row["groups"]
        if row["server"] == SOCKET
    }
    assert found == {
        "billing": ("alive", []),
        "shipping": ("dead", []),
        "ledger": ("unknown", []),
        "auditors": ("unknown", []),
        "warehouse": ("unknown", []),
    }
    assert "a unix socket does not say from whom" in redis_run.text("socket")


def test_tls_from_the_control_node(redis_run: RedisRun) -> None:
    """The server is surveyed by name, nobody logs in, and nothing else of the host is judged."""
    records = redis_run.records("tls")
    assert {key: record["outcome"] for key, record in records.items()} == {
        "redis_remote[shop]": "collected"
    }
    assert "--tls --cacert" in records["redis_remote[shop]"]["command"]
    host = redis_run.host("tls")
    assert host["collected_by"] == "control"
    assert {row["server"] for row in host["streams"]} == {"shop"}
    assert len(host["streams"]) == len(SHARED.streams)
    findings = redis_run.findings("tls")
    assert {name.partition("_")[0] for name in findings} == {"redis", "stream"}
    assert not [name for name in findings if ":evidence/" in name]
    exposure = findings["redis_exposure:shop"]
    assert exposure["status"] == "ok"
    assert "asks for a password" in exposure["message"]


def test_tls_tells_of_streams_what_the_host_itself_tells(redis_run: RedisRun) -> None:
    """Only whose connections are whose is not known from afar."""

    def told(lines: list[str]) -> list[str]:
        whose = (" readers: ", " state: ", " producers: ", " candidates: ", " unknown: ")
        return [line for line in lines if not any(key in line for key in whose)]

    afar = told(table(redis_run.host("tls"), "shop"))
    assert difference(told(open_table(redis_run)), afar, "host", "control node") == ""


def test_a_stream_is_explained_by_the_raw_replies(redis_run: RedisRun) -> None:
    """`truthmap explain` shows what the server answered, and the redis-cli that shows it."""
    name = "stream_producers:shop:orders"
    done = truthmap("explain", name, redis_run.folder, "--host", "acl", cwd=redis_run.folder)
    assert done.returncode == 0, done.stderr
    assert (
        "by hand: redis-cli -h 127.0.0.1 -p 6379 XREVRANGE shop:orders + - COUNT 5" in done.stdout
    )
    assert '"source", "source", "shop-orders"' in done.stdout
    assert '"ask": ["XREVRANGE", "shop:orders"' in done.stdout


def test_the_archive_holds(redis_run: RedisRun, tmp_path: Path) -> None:
    """It follows its schemas, and gives the same report again."""
    done = truthmap("verify", redis_run.folder, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = truthmap("report", redis_run.folder, "--format", "json", cwd=tmp_path)
    assert again.stdout == (redis_run.folder / "report" / "report.json").read_text()
