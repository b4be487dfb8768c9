"""A Redis stream: findings as events another service can act on, all of a batch or none."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reporter.archive import load
from reporter.errors import InputError
from reporter.publish import redis_stream
from reporter.publish.redis_stream import RedisStream
from reporter.publish.sinks import Delivery, SinkError, place_of
from reporter.report import Report, build
from tests import redis_server
from tests.hostile import GOLDEN, hidden_in, hostile_report
from tests.redis_server import RedisServer, free_port
from tests.schemas import published


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server.start(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(autouse=True)
def empty(server: RedisServer) -> Any:
    client = server.client(decode_responses=True)
    client.flushall()
    return client


@pytest.fixture(scope="module")
def reference() -> Report:
    return build(load([GOLDEN]))


def send(server: RedisServer, report: Report, query: str = "stream=findings") -> str:
    sink = RedisStream(place_of(f"redis://127.0.0.1:{server.port}/0?{query}"))
    return sink.send(Delivery(report, lambda: iter(())))


def count_of(report: Report) -> int:
    """How many events the report has: its findings that are not ok, and the summary."""
    return sum(1 for one in report.all_findings if one.verdict.status != "ok") + 1


def entries(client: Any, stream: str = "findings") -> list[dict[str, str]]:
    return [fields for _, fields in client.xrange(stream)]


def test_an_event_for_each_finding_that_is_not_ok(
    server: RedisServer, empty: Any, reference: Report
) -> None:
    """In the order of the report, with what a service needs to act, and the summary last."""
    found = [one for one in reference.hosts[0].findings if one.verdict.status != "ok"]
    assert send(server, reference) == f"events: {len(found) + 1}"
    *events, summary = entries(empty)
    assert [event["id"] for event in events] == [one.id for one in found]
    validator = jsonschema.Draft202012Validator(published()["event-1.schema.json"])
    for event in (*events, summary):
        validator.validate(event)
    (loop,) = [one for one in events if one["id"] == "restart_loops:quantum-rl-trainer.service"]
    assert (loop["type"], loop["source"], loop["host"]) == ("finding", "truthmap", "reference")
    assert (loop["status"], loop["severity"], loop["subject"]) == (
        "down",
        "P0",
        "quantum-rl-trainer.service",
    )
    assert (loop["waived"], loop["application"]) == ("no", "quantum")
    assert loop["timestamp"] in {one.verified_at for one in found}
    unknown = next(one for one in events if one["status"] == "unknown")
    assert "severity" not in unknown
    assert (summary["type"], summary["findings"]) == ("summary", str(len(found)))
    totals = json.loads(summary["summary"])
    jsonschema.validate(totals, published()["summary-1.schema.json"])
    assert totals["down"] == 1


def test_an_event_is_known_when_it_comes_again(
    server: RedisServer, empty: Any, reference: Report
) -> None:
    """The same archive gives the same `event` values, distinct within it."""
    send(server, reference)
    send(server, reference)
    names = [event["event"] for event in entries(empty)]
    half = len(names) // 2
    assert names[:half] == names[half:]
    assert len(set(names)) == half


def test_the_stream_is_trimmed_and_never_below_the_report(
    server: RedisServer, empty: Any, reference: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """About `maxlen` entries stay of earlier reports, all of this one."""
    monkeypatch.setattr(redis_stream, "_BATCH", 50)
    empty.config_set("stream-node-max-entries", 10)
    for _ in range(3):
        send(server, reference, "stream=findings&maxlen=20")
    kept = entries(empty)
    report = count_of(reference)
    assert report <= len(kept) < report + 20
    assert kept[-1]["type"] == "summary"
    assert len({event["event"] for event in kept[-report:]}) == report


def test_a_batch_is_there_whole_or_not_at_all(
    server: RedisServer, empty: Any, reference: Report
) -> None:
    """A key of another type takes nothing, and the error says how much was not added."""
    empty.set("findings", "a string")
    with pytest.raises(SinkError, match=r"^(\d+) of \1 events were not added: .*WRONGTYPE"):
        send(server, reference)
    assert empty.get("findings") == "a string"


def test_the_password_comes_from_the_environment(
    server: RedisServer, empty: Any, reference: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user from the URL; a wrong password is refused at once, and is not shown."""
    empty.acl_setuser("writer", enabled=True, passwords=["+pa55w0rd"], keys=["*"],
                      commands=["+xadd", "+multi", "+exec", "+select"])  # fmt: skip
    url = f"redis://writer@127.0.0.1:{server.port}/3?stream=findings"
    name = f"TRUTHMAP_PUBLISH_SECRET_127_0_0_1_{server.port}"
    monkeypatch.setenv(name, "pa55w0rd")
    delivery = Delivery(reference, lambda: iter(()))
    assert RedisStream(place_of(url)).send(delivery) == f"events: {count_of(reference)}"
    assert server.client(db=3).xlen("findings") == count_of(reference)
    monkeypatch.setenv(name, "wr0ng")
    with pytest.raises(SinkError, match="invalid username-password pair") as refused:
        RedisStream(place_of(url)).send(delivery)
    assert "wr0ng" not in str(refused.value)


def test_a_flaky_server_gets_everything(
    server: RedisServer, empty: Any, reference: Report, pauses: list[float]
) -> None:
    """Connections that are cut amid a batch: it is sent again, and is there once."""
    with cutting(server.port, connections=2, after=2000) as port:
        sink = RedisStream(place_of(f"redis://127.0.0.1:{port}/0?stream=findings"))
        told = sink.send(Delivery(reference, lambda: iter(())))
    assert told == f"events: {count_of(reference)}"
    assert len(pauses) == 2
    names = [event["event"] for event in entries(empty)]
    assert len(set(names)) == len(names) == count_of(reference)


@contextlib.contextmanager
def cutting(port: int, connections: int, after: int) -> Iterator[int]:
    """Forward to a port of this machine, and cut the first connections after so many bytes."""
    taken: list[None] = []

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            taken.append(None)
            left = after if len(taken) <= connections else sys.maxsize
            with socket.create_connection(("127.0.0.1", port)) as there:
                ends = {self.request: there, there: self.request}
                while left > 0:
                    ready, _, _ = select.select(list(ends), [], [])
                    for end in ready:
                        data = end.recv(min(left, 65536))
                        if not data:
                            return
                        ends[end].sendall(data)
                        left -= len(data) if end is self.request else 0

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Forward) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield proxy.server_address[1]
        finally:
            proxy.shutdown()


def test_a_server_that_is_not_there_is_an_error(reference: Report, pauses: list[float]) -> None:
    """After four attempts."""
    sink = RedisStream(place_of(f"redis://127.0.0.1:{free_port()}?stream=findings"))
    with pytest.raises(SinkError, match=r"^(\d+) of \1 events .*refused.* \(tried 4 times\)$"):
        sink.send(Delivery(reference, lambda: iter(())))
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://h/0", "name the stream: redis://h/0?stream=NAME"),
        ("redis://h/0?stream=", "name the stream"),
        ("redis://h/x?stream=s", "the database is no number"),
        ("redis://h/0?stream=s&maxlen=-1", "the maxlen is no number"),
        ("redis://h/0?stream=s&max=1", "unknown option max; there are maxlen, stream"),
        ("redis://:pa55w0rd@h/0?stream=s", "TRUTHMAP_PUBLISH_SECRET_H"),
    ],
)
def test_a_url_that_says_too_little_or_too_much(url: str, says: str) -> None:
    """Before anything is judged, with what to write, and no password in the message."""
    with pytest.raises(InputError) as refused:
        RedisStream(place_of(url))
    assert says in str(refused.value)
    assert "pa55w0rd" not in str(refused.value)


def test_a_hostile_host_hides_nothing_in_an_event(server: RedisServer, empty: Any) -> None:
    """What is invisible is spelled out in every field."""
    send(server, hostile_report())
    shown = entries(empty)
    assert any("evil.example" in event.get("subject", "") for event in shown)
    assert all(hidden_in(value, "") == set() for event in shown for value in event.values())


def test_nothing_else_of_redis_is_used(server: RedisServer, empty: Any, reference: Report) -> None:
    """Only what a user who may add to one stream may do."""
    empty.config_resetstat()
    send(server, reference)
    used = {name.removeprefix("cmdstat_") for name in empty.info("commandstats")}
    assert used - {"config|resetstat", "info"} <= {
        *("multi", "xadd", "exec", "client|setname", "client|setinfo", "select", "auth"),
    }


def test_the_folder_of_schemas_has_the_one_of_events() -> None:
    """Published with the others."""
    path = Path(__file__).resolve().parents[2] / "schemas" / "event-1.schema.json"
    assert json.loads(path.read_text()) == published()["event-1.schema.json"]
