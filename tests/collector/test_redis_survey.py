"""The survey against a real server: exact rows for known data, and what it leaves out."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.redis_server import RedisServer, start
from truthmap_collector.redis import survey
from truthmap_collector.runner import collect

from .conftest import Record
from .redis_cases import LEAST, populate, probe, row, rows, surveyed

COMMANDS = {"INFO", "ACL", "CLIENT", "SLOWLOG", "SCAN", "XINFO", "XREVRANGE", "XPENDING"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with start(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(autouse=True)
def empty(server: RedisServer) -> None:
    server.client().flushall()
    server.client().acl_log_reset()


@pytest.fixture
def reserved(server: RedisServer) -> Iterator[None]:
    """A default user who may not ask INFO: a named one is needed."""
    server.client().execute_command("ACL", "SETUSER", "default", "-info")
    yield
    server.client().execute_command("ACL", "SETUSER", "default", "+@all")


def test_exact_rows(server: RedisServer) -> None:
    """Every command is asked in its order, and each row holds what the server said."""
    populate(server.client())
    record = surveyed(server.endpoint)
    assert (record["outcome"], record["reason"]) == ("collected", None)
    assert [found["ask"] for found in rows(record)] == [
        ["INFO"],
        ["ACL", "WHOAMI"],
        ["CLIENT", "ID"],
        ["SLOWLOG", "LEN"],
        ["CLIENT", "LIST"],
        row(record, "SCAN")["ask"],
        ["XINFO", "STREAM", "a"],
        ["XINFO", "STREAM", "b"],
        ["XREVRANGE", "a", "+", "-", "COUNT", "5"],
        ["XREVRANGE", "b", "+", "-", "COUNT", "5"],
        ["XINFO", "GROUPS", "a"],
        ["XINFO", "CONSUMERS", "a", "g"],
        ["XPENDING", "a", "g"],
        ["XINFO", "STREAM", "a"],
        ["XINFO", "STREAM", "b"],
        ["XINFO", "GROUPS", "a"],
        ["CLIENT", "LIST"],
        ["INFO"],
    ]
    stream = row(record, "XINFO", "STREAM", "a", sample="begin")
    assert stream["db"] == 0
    assert stream["reply"] == {
        "length": 2,
        "radix-tree-keys": 1,
        "radix-tree-nodes": 2,
        "last-generated-id": "6-1",
        "max-deleted-entry-id": "0-0",
        "entries-added": 2,
        "recorded-first-entry-id": "5-1",
        "groups": 1,
        "first-entry": "5-1",
        "last-entry": "6-1",
    }
    nothing = row(record, "XINFO", "STREAM", "b", sample="begin")["reply"]
    assert (nothing["length"], nothing["first-entry"], nothing["last-entry"]) == (0, None, None)
    entries = row(record, "XREVRANGE", "a")
    assert entries["reply"] == [{"id": "6-1"}, {"id": "5-1"}]
    assert entries["fields"] == [["source", "ts", "note"], ["source", "ts", "payload"]]
    assert entries["values"] == [
        ["source", "source", "ai-engine", "time", "ts", "1771171928"],
        ["source", "source", "ai-engine", "time", "ts", "1771171927"],
    ]
    assert row(record, "XREVRANGE", "b")["reply"] == row(record, "XREVRANGE", "b")["values"] == []
    assert row(record, "XINFO", "GROUPS", "a", sample="begin")["reply"] == [
        {
            "name": "g",
            "consumers": 1,
            "pending": 1,
            "last-delivered-id": "5-1",
            "entries-read": 1,
            "lag": 1,
        }
    ]
    (consumer,) = row(record, "XINFO", "CONSUMERS", "a", "g")["reply"]
    assert (consumer["name"], consumer["pending"]) == ("c", 1)
    assert 0 <= consumer["idle"] < 60000
    assert row(record, "XPENDING", "a", "g")["reply"] == {
        "count": 1,
        "lowest": "5-1",
        "highest": "5-1",
        "consumers": {"c": 1},
    }
    scan = row(record, "SCAN")
    assert scan["ask"][:4] == ["SCAN", "0", "TYPE", "stream"]
    assert scan["ask"][4] == "COUNT"
    assert 0 < int(scan["ask"][5]) <= 1000
    assert scan["reply"].pop("slowest_ms") > 0
    assert scan["reply"] == {"streams": ["a", "b"], "calls": 1, "complete": True, "reason": None}
    assert row(record, "ACL")["reply"] == "default"
    assert row(record, "SLOWLOG")["reply"] == 0
    begin, end = (row(record, "INFO", sample=sample) for sample in ("begin", "end"))
    assert "\r\nredis_version:" in begin["reply"]
    assert begin["at"] < end["at"]
    assert begin["ms"] > 0


def test_clients(server: RedisServer) -> None:
    """Our own connection is named by its id; of each client only chosen fields are kept."""
    other = server.client(client_name="other", single_connection_client=True)
    other.ping()
    record = surveyed(server.endpoint)
    for sample in ("begin", "end"):
        reply = row(record, "CLIENT", "LIST", sample=sample)["reply"]
        lines = {line.split()[0]: line for line in reply["clients"]}
        assert reply["own"] == row(record, "CLIENT", "ID")["reply"]
        assert reply["total"] == len(reply["clients"]) >= 2
        assert "cmd=client|list" in lines[f"id={reply['own']}"]
        (line,) = [line for line in reply["clients"] if "name=other" in line]
        names = [word.partition("=")[0] for word in line.split()]
        assert {"addr", "age", "idle", "flags", "cmd", "user"} <= set(names)
        assert not {"argv-mem", "fd", "qbuf", "events", "omem"} & set(names)


def test_a_unix_socket(server: RedisServer) -> None:
    """A path is asked like an address, and the command to repeat it names it."""
    populate(server.client())
    record = surveyed(server.socket)
    assert record["outcome"] == "collected"
    assert record["command"] == f"redis-cli -s {server.socket} INFO"
    assert row(record, "SCAN")["reply"]["streams"] == ["a", "b"]
    assert surveyed(server.endpoint)["command"] == f"redis-cli -h 127.0.0.1 -p {server.port} INFO"


def test_other_databases(server: RedisServer) -> None:
    """Each database that holds anything is scanned, and its rows carry its number."""
    server.client(db=3).xadd("three", {"x": "1"}, id="1-1")
    server.client(db=1).set("no-stream", "v")
    record = surveyed(server.endpoint)
    scans = {found["db"]: found["reply"] for found in rows(record) if found["ask"][0] == "SCAN"}
    assert {db: reply["streams"] for db, reply in scans.items()} == {1: [], 3: ["three"]}
    assert row(record, "XINFO", "STREAM", sample="end")["db"] == 3
    assert {word for found in rows(record) for word in found["ask"][:1]} <= COMMANDS


def test_a_small_database_beside_a_large_one(server: RedisServer) -> None:
    """A few streams are all seen, however many keys another database holds."""
    fill = "for i = 1, ARGV[1] do redis.call('SET', i, '') end"
    populate(server.client())
    server.client().eval(fill, 0, 400)
    server.client(db=1).eval(fill, 0, 200000)
    record = surveyed(server.endpoint, timeout_s=2, duty=0.1)
    assert record["outcome"] == "collected"
    assert row(record, "SCAN", db=0)["reply"]["complete"] is True
    assert row(record, "XINFO", "STREAM", "a", sample="begin")["reply"]["length"] == 2
    assert row(record, "XINFO", "CONSUMERS", "a", "g")["reply"]


def test_an_empty_server(server: RedisServer) -> None:
    """Without a key there is nothing to scan; the survey reaches its end."""
    record = surveyed(server.endpoint)
    assert record["outcome"] == "collected"
    assert [found["ask"][0] for found in rows(record)].count("SCAN") == 0
    assert rows(record)[-1]["ask"] == ["INFO"]


def test_growth(server: RedisServer) -> None:
    """What is added during the survey shows between its two passes."""
    client = server.client()
    populate(client)
    over = threading.Event()

    def add() -> None:
        other = server.client()
        while not over.is_set():
            other.xadd("a", {"x": "1"})
            time.sleep(0.001)

    for number in range(300):
        client.xadd(f"more:{number}", {"x": "1"})
    thread = threading.Thread(target=add)
    thread.start()
    try:
        record = surveyed(server.endpoint)
    finally:
        over.set()
        thread.join()
    first, second = (
        row(record, "XINFO", "STREAM", "a", sample=sample) for sample in ("begin", "end")
    )
    assert second["reply"]["entries-added"] > first["reply"]["entries-added"]
    assert second["at"] > first["at"]


def test_keys_that_are_no_text(server: RedisServer) -> None:
    """A key, group or consumer that is no UTF-8 is shown with escapes, and asked as it is."""
    client = server.client()
    client.xadd(b"\xff\x00key", {b"\xfe": b"\xfd"}, id="1-1")
    client.xgroup_create(b"\xff\x00key", b"\xf0g", id="0")
    client.xreadgroup(b"\xf0g", b"\xf1c", {b"\xff\x00key": ">"})
    client.xadd("new\nline", {"x": "1"})
    record = surveyed(server.endpoint)
    shown = "\\xff\x00key"
    assert row(record, "SCAN")["reply"]["streams"] == ["new\nline", shown]
    assert row(record, "XINFO", "STREAM", shown, sample="begin")["reply"]["length"] == 1
    assert row(record, "XINFO", "GROUPS", shown, sample="begin")["reply"][0]["name"] == "\\xf0g"
    assert row(record, "XINFO", "CONSUMERS", shown)["reply"][0]["name"] == "\\xf1c"
    assert row(record, "XREVRANGE", shown)["fields"] == [["<masked:4>"]]


def test_huge_entries(server: RedisServer) -> None:
    """Entries of many megabytes are not kept, and fewer of them are asked for."""
    client = server.client()
    for _ in range(5):
        client.xadd("huge", {"source": "x", "payload": b"\x01" * 8_000_000, "ts": "1771171927"})
    record = surveyed(server.endpoint)
    assert record["outcome"] == "collected"
    entries = row(record, "XREVRANGE")
    assert entries["ask"][-1] == "1"
    assert entries["fields"] == [["source", "payload", "ts"]]
    assert entries["values"] == [["source", "source", "x", "time", "ts", "1771171927"]]
    assert record["stdout"]["size"] < 100_000


def test_middling_entries(server: RedisServer) -> None:
    """How many are asked for follows from the size XINFO showed."""
    for _ in range(5):
        server.client().xadd("a", {"payload": "x" * 100_000})
    assert row(surveyed(server.endpoint), "XREVRANGE")["ask"][-1] == "2"


def test_many_consumers(server: RedisServer) -> None:
    """A group with 100,000 consumers is counted; its consumers are not asked for."""
    client = server.client()
    client.xadd("a", {"x": "1"})
    client.xgroup_create("a", "leaking", id="0")
    client.xgroup_create("a", "well", id="0")
    pipeline = client.pipeline(transaction=False)
    for number in range(100_000):
        pipeline.execute_command("XGROUP", "CREATECONSUMER", "a", "leaking", f"c{number}")
    pipeline.execute()
    record = surveyed(server.endpoint)
    groups = row(record, "XINFO", "GROUPS", "a", sample="begin")["reply"]
    assert {group["name"]: group["consumers"] for group in groups} == {
        "leaking": 100_000,
        "well": 0,
    }
    reason = "100000 consumers, limit 1000"
    assert row(record, "XINFO", "CONSUMERS", "a", "leaking")["skipped"] == reason
    assert row(record, "XPENDING", "a", "leaking")["skipped"] == reason
    assert row(record, "XINFO", "CONSUMERS", "a", "well")["reply"] == []
    assert record["stdout"]["size"] < 50_000


def test_limits_on_groups_and_clients(server: RedisServer) -> None:
    """What is beyond a limit is said to be, one row for each command not asked."""
    client = server.client()
    client.xadd("a", {"x": "1"})
    for name in ("g1", "g2", "g3"):
        client.xgroup_create("a", name, id="0")
    kept = [server.client(single_connection_client=True) for _ in range(3)]
    assert all(other.ping() for other in kept)
    record = surveyed(server.endpoint, groups=2, clients=2)
    assert row(record, "XPENDING", "a", "g2")["reply"]["count"] == 0
    assert row(record, "XPENDING", "a", "g3")["skipped"] == "group 3, limit 2"
    skipped = row(record, "CLIENT", "LIST", sample="begin")["skipped"]
    assert skipped.endswith(" clients, limit 2")


def test_more_streams_than_the_limit(server: RedisServer) -> None:
    """The scan stops, says that it is not complete, and what it found is surveyed."""
    for number in range(30):
        server.client().xadd(f"s{number}", {"x": "1"})
    record = surveyed(server.endpoint, streams=10)
    reply = row(record, "SCAN")["reply"]
    assert (reply["complete"], reply["reason"]) == (False, "more than 10 streams, limit")
    asked = [found for found in rows(record) if found["ask"][:2] == ["XINFO", "STREAM"]]
    assert len(asked) == 20
    assert record["outcome"] == "collected"


def test_no_time_for_all(server: RedisServer) -> None:
    """A scan that takes too long is not complete; the survey still reaches its end in time."""
    client = server.client()
    client.execute_command("DEBUG", "POPULATE", "400000")
    client.xadd("a", {"x": "1"})
    begun = time.monotonic()
    record = surveyed(server.endpoint, timeout_s=1.0, duty=0.02)
    assert time.monotonic() - begun < 3
    reply = row(record, "SCAN")["reply"]
    assert reply["complete"] is False
    assert reply["reason"] == "no time was left for it: the limit of this probe"
    assert record["outcome"] == "collected"
    assert rows(record)[-1]["ask"] == ["INFO"]


def test_no_room_for_all(server: RedisServer) -> None:
    """When the output is full, what is left out is said, the first and last rows are there."""
    client = server.client()
    for number in range(300):
        client.xadd(f"stream:{number:04}", {"x": "1"})
    record = surveyed(server.endpoint, limit=100_000)
    found = rows(record)
    assert not record["stdout"]["truncated"]
    assert record["stdout"]["size"] <= 100_000
    assert (found[0]["ask"], found[-1]["ask"]) == (["INFO"], ["INFO"])
    skipped = [line["skipped"] for line in found if "skipped" in line]
    assert "no room was left for it: 100000 bytes, the limit of this probe" in skipped
    assert "reply" in row(record, "XINFO", "STREAM", "stream:0000", sample="begin")


def test_a_large_survey_is_not_cut_for_masking(server: RedisServer) -> None:
    """Megabytes of rows are mostly state, which the masker has not to judge."""
    pipeline = server.client().pipeline(transaction=False)
    for number in range(4000):
        pipeline.xadd(f"stream:{number:04}", {"source": "ai-engine"})
    pipeline.execute()
    request = {
        "probes": [probe(server.endpoint)],
        "limits": {"host_timeout_s": 12},
        "fingerprint_key": None,
    }
    answer = collect(request)
    (record,) = answer["evidence"]
    assert record["stdout"]["size"] > 2_700_000  # what 10 s of masking would be granted
    assert not record["stdout"]["truncated"]
    assert answer["complete"] is True
    assert rows(record)[0]["ask"] == ["INFO"]


def test_it_costs_nothing_where_there_is_no_redis() -> None:
    """On a host without a server nothing of the survey is imported."""
    code = (
        "import sys\n"
        "from truthmap_collector.main import collect\n"
        "probe = {'id': 'a', 'description': 'A.', 'kind': 'command', 'args': {'argv': ['true']}}\n"
        "servers = {'id': 'b', 'description': 'B.', 'kind': 'redis',"
        " 'args': {'endpoint': '{item}'},"
        " 'from': {'probe': 'a', 'selector': 'redis_endpoints'}}\n"
        "answer = collect({'probes': [probe, servers], 'fingerprint_key': None})\n"
        "print([record['outcome'] for record in answer['evidence']])\n"
        "print([name for name in sys.modules if name.startswith('truthmap_collector.redis')])\n"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['collected', 'collected']", "[]"]


def test_steps_stay_short(server: RedisServer) -> None:
    """On many keys COUNT grows to its limit and not beyond, and the scan finds every stream."""
    client = server.client()
    client.execute_command("DEBUG", "POPULATE", "200000")
    for number in range(20):
        client.xadd(f"s{number}", {"x": "1"})
    scan = row(surveyed(server.endpoint), "SCAN")
    assert len(scan["reply"]["streams"]) == 20
    assert scan["reply"]["complete"] is True
    assert 100 < int(scan["ask"][-1]) <= 1000
    assert scan["reply"]["calls"] >= 200


def test_before_redis_6(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SCAN TYPE every key's type is asked, in pipelines; the table is the same."""
    populate(server.client())
    with_type = surveyed(server.endpoint)
    monkeypatch.setattr(survey, "_USERS_SINCE", [99, 0])
    record = surveyed(server.endpoint)
    scan = row(record, "SCAN")
    assert scan["ask"][:3] == ["SCAN", "0", "COUNT"]
    assert scan["reply"]["streams"] == row(with_type, "SCAN")["reply"]["streams"] == ["a", "b"]
    assert scan["reply"]["complete"] is True
    assert "ACL" not in {found["ask"][0] for found in rows(record)}


def test_nothing_is_written(server: RedisServer) -> None:
    """The survey's commands are few and known, and none changes anything."""
    populate(server.client())
    server.client().config_resetstat()
    surveyed(server.endpoint)
    called = {name.partition("_")[2] for name in server.client().info("commandstats")}
    assert called <= {
        *("info", "acl|whoami", "client|id", "slowlog|len", "client|list", "scan", "xrevrange"),
        *("xinfo|stream", "xinfo|groups", "xinfo|consumers", "xpending"),
        *("config|resetstat", "client|setinfo"),  # the test's own client
    }
    assert "xinfo|stream" in called


@pytest.mark.usefixtures("reserved")
def test_the_least_privilege_user(server: RedisServer) -> None:
    """He surveys everything but the slow log's length, and every write of his is refused."""
    client = server.client()
    populate(client)
    client.execute_command("ACL", "SETUSER", "least", "on", ">pw-of-least", *LEAST.split())
    secret = {"username": "least", "password": "pw-of-least"}
    record = surveyed(server.endpoint, secret)
    assert (record["outcome"], record["reason"]) == ("collected", None)
    refused = [found["ask"] for found in rows(record) if "error" in found]
    assert refused == [["SLOWLOG", "LEN"]]
    assert row(record, "ACL", "WHOAMI")["reply"] == "least"
    assert row(record, "XPENDING")["reply"]["count"] == 1
    assert "slowlog|len" in row(record, "SLOWLOG")["error"]
    his = server.client(**secret)
    for command in (
        "SET k v",
        "DEL a",
        "XADD a * x 1",
        "XTRIM a MAXLEN 0",
        "XACK a g 5-1",
        "XGROUP DESTROY a g",
        "XREADGROUP GROUP g c STREAMS a >",
        "XCLAIM a g c 0 5-1",
        "EXPIRE a 1",
        "FLUSHALL",
        "CONFIG SET save x",
        "EVAL return 0",
        "CLIENT KILL ID 1",
        "ACL SETUSER least +@all",
        "SHUTDOWN",
    ):
        with pytest.raises(Exception, match="no permissions"):
            his.execute_command(*command.split())
    assert client.xlen("a") == 2


@pytest.mark.usefixtures("reserved")
def test_the_user_of_the_readme(server: RedisServer) -> None:
    """The user we tell people to make is refused nothing, in any database."""
    text = (Path(__file__).parents[2] / "README.md").read_text()
    words = text.partition("ACL SETUSER truthmap on >PASSWORD")[2].partition("```")[0].split()
    client = server.client()
    populate(client)
    server.client(db=2).xadd("two", {"x": "1"})
    rights = [word for word in words if word != "+client|no-touch"]  # unknown before 7.2
    client.execute_command("ACL", "SETUSER", "truthmap", "on", ">pw", *rights)
    record = surveyed(server.endpoint, {"username": "truthmap", "password": "pw"})
    assert record["outcome"] == "collected"
    assert [found for found in rows(record) if "error" in found] == []
    assert [one for one in client.acl_log() if one["username"] == "truthmap"] == []


@pytest.mark.usefixtures("reserved")
def test_refused_commands_are_rows(server: RedisServer) -> None:
    """Without +client|list, +select and a key's permission the rest is collected."""
    client = server.client()
    populate(client)
    server.client(db=2).xadd("two", {"x": "1"})
    rights = LEAST.replace("+client|list ", "").replace("%R~*", "%R~a")
    client.execute_command("ACL", "SETUSER", "poor", "on", "nopass", *rights.split())
    record = surveyed(server.endpoint, {"username": "poor", "password": "any"})
    assert record["outcome"] == "collected"
    error = "NOPERM this user has no permissions to run the '{}' command"
    clients = row(record, "CLIENT", "LIST", sample="begin")
    assert clients["error"].startswith(error.format("client|list"))
    select = row(record, "SELECT", "2")
    assert select["error"].startswith(error.format("select"))
    assert select["db"] == 2
    assert row(record, "XINFO", "STREAM", "b")["error"].startswith("NOPERM this user has no")
    assert row(record, "XINFO", "STREAM", "a", sample="end")["reply"]["length"] == 2


@pytest.mark.usefixtures("reserved")
def test_info_refused(server: RedisServer) -> None:
    """A user who may not even run INFO is told which permission he lacks."""
    server.client().execute_command("ACL", "SETUSER", "none", "on", "nopass", "-@all")
    record = surveyed(server.endpoint, {"username": "none", "password": "any"})
    assert record["outcome"] == "denied"
    assert record["reason"] == (
        f"{server.endpoint}: NOPERM: the user none may not run info: grant it +info"
    )


def planted() -> Iterator[tuple[str, bytes]]:
    shape = "S3cr3t-{}-9f8e7d6c5b"
    places = ["source", "ts", "type", "note", "payload", "data", "password"]
    for place in places:
        yield place, shape.format(place).encode()
    yield (
        "payload",
        b'{"ts": "S3cr3t-in-9f8e7d6c5b", "source": "S3cr3t source 9f8e", "x": {"ts": 1}}',
    )
    yield "data", b'{"data": {"source": {"ts": "S3cr3t-deep-9f8e7d6c5b"}, "S3cr3t key": 1}}'
    yield "data", b'{"ts": ["S3cr3t-list-9f8e7d6c5b"], "source": null, "ts": "S3cr3t"}'
    yield "source", b"ai-engine\nS3cr3t-line"
    yield "ts", b"1771171927 S3cr3t"
    yield "ts", b"2026-02-15T10:00:00 S3cr3t"
    yield "S3cr3t is in the name, too", b"1"
    yield "S3cr3t.nordmann@example.com", b"1"
    yield "sk_live_51HabcS3cr3tQ", b"1"
    yield "S3cr3t-4111111111111111", b"1"
    yield "S3cr3t-9f8e7d6c5bab", b"1"
    yield "source", b"user:S3cr3tPassw0rd9f8e7d6c5b@host"


def test_secrets_in_payloads_stay(server: RedisServer) -> None:
    """Whatever part of an entry holds a secret, none is in the record, whole or in part."""
    client = server.client()
    for number, (name, value) in enumerate(planted()):
        client.xadd(f"s{number}", {name: value})
    record = surveyed(server.endpoint)
    text = record["stdout"]["data"] + record["stderr"]["data"] + str(record["reason"])
    assert "S3cr3t" not in text
    assert "9f8e" not in text
    assert len([1 for found in rows(record) if found["ask"][0] == "XREVRANGE"]) == 19


TIMES = ["1771171927", "1771171927123", "1771171927.25", "1771171927123456"]
TIMES += ["2026-02-15T16:11:39.882960", "2026-02-15T16:11:39Z", "2026-02-15 16:11:39+01:00"]
TIMES += ["2026-02-15"]


@pytest.mark.parametrize("moment", TIMES)
def test_times(server: RedisServer, moment: str) -> None:
    """Every common way to write a time is kept as it is, plain and inside a payload."""
    number = moment.replace(".", "").isdigit()
    client = server.client()
    client.xadd("plain", {"timestamp": moment})
    client.xadd("json", {"payload": f'{{"TS": {moment if number else repr_json(moment)}}}'})
    record = surveyed(server.endpoint)
    assert row(record, "XREVRANGE", "plain")["values"] == [["time", "timestamp", moment]]
    assert row(record, "XREVRANGE", "json")["values"] == [["time", "payload.TS", moment]]


def repr_json(text: str) -> str:
    return f'"{text}"'


@pytest.mark.parametrize(
    "source",
    ["ai-engine", "quantum-ai-engine", "risk_manager", "portfolio.intelligence", "rl-agent"],
)
def test_sources(server: RedisServer, source: str) -> None:
    """The name of a service survives the masking of values."""
    server.client().xadd("a", {"source": source})
    record = surveyed(server.endpoint)
    assert row(record, "XREVRANGE")["values"] == [["source", "source", source]]


def test_a_planted_secret_would_be_seen(server: RedisServer) -> None:
    """The search itself works: a stream's name, which is evidence, is in the record."""
    server.client().xadd("S3cr3t", {"x": "1"})
    assert "S3cr3t" in surveyed(server.endpoint)["stdout"]["data"]


def test_connection_refused(server: RedisServer, tmp_path: Path) -> None:
    """Nobody listening, and no such socket, are absence."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        record: Record = surveyed(endpoint)
    assert (record["outcome"], record["reason"]) == ("absent", f"{endpoint}: Connection refused")
    path = f"{tmp_path}/none.sock"
    record = surveyed(path)
    assert (record["outcome"], record["reason"]) == ("absent", f"{path}: No such file or directory")


def test_an_endpoint_that_is_none() -> None:
    """What is neither a path nor host:port is an error that says so."""
    for endpoint in ("nonsense", "host:", ":1", "host:port"):
        record: dict[str, Any] = surveyed(endpoint)
        assert record["outcome"] == "error"
        assert record["reason"] == f"{endpoint!r} is neither a path nor host:port"
