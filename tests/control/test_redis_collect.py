"""The domain redis through the role `collect`: whole plays, and where a password must not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reporter.byhand import declared_probes, script
from tests.leaks import Watch
from tests.redis_server import RedisServer, start
from truthmap_control import program

from .conftest import KERNEL
from .plays import NOTHING, Play, Runner

PASSWORD = "Sesame-6d1f-Sesame"  # noqa: S105 - a test's own
PLANTED = "Planted-77aa-Planted"

NAMED = [probe for probe in declared_probes() if probe["id"] in ("redis_named", "redis_remote")]
"""Without the listeners: this machine's other servers are none of ours."""

LOCAL: dict[str, Any] = {
    **NOTHING,
    "ansible_connection": "local",
    "probe_redis_probes": NAMED,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server with a password, and a secret in an entry's payload."""
    with start(tmp_path / "redis", "--requirepass", PASSWORD) as running:
        client = running.client(**{"password": PASSWORD})
        for field in ("source", "payload", "note", "ts"):
            client.xadd("a", {field: PLANTED, "data": json.dumps({field: PLANTED})})
        yield running


def rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record["stdout"]["data"].splitlines()]


def everywhere(done: Play) -> str:
    """All the run printed, stored as events, and wrote into its archive."""
    archived = [path.read_text() for path in done.folder.rglob("*") if path.is_file()]
    return "\n".join([done.traces(), *archived])


def test_the_password_is_nowhere(play: Runner, server: RedisServer, tmp_path: Path) -> None:
    """From the host and from the control node, at -vvv: in no output, event, archive or process."""
    variables = tmp_path / "secret.yml"
    variables.write_text(
        json.dumps(
            {
                "probe_redis_password": PASSWORD,
                "probe_redis_local_endpoints": [server.endpoint, server.socket],
                "probe_redis_endpoints": [
                    {"name": "r", "unix": server.socket, "password": "{{ probe_redis_password }}"},
                    {"name": "w", "unix": server.socket, "password": PASSWORD + "x"},
                ],
            }
        )
    )
    with Watch({"the password": PASSWORD}, except_for="redis-server") as watch:
        done = play({"web1": LOCAL}, arguments=[f"-e@{variables}"], verbosity=3)
    assert done.hosts["web1"]["status"] == "collected", done.output
    records = done.records("web1")
    assert {key: record["outcome"] for key, record in records.items()} == {
        f"redis_named[{server.endpoint}]": "collected",
        f"redis_named[{server.socket}]": "collected",
        "redis_remote[r]": "collected",
        "redis_remote[w]": "denied",
    }
    assert watch.rounds > 3
    assert watch.seen == set()
    found = everywhere(done)
    assert "XREVRANGE" in found
    assert PASSWORD not in found
    assert PLANTED not in found
    assert "Planted-77aa" not in found


def test_the_same_rows_from_both_sides(play: Runner, server: RedisServer) -> None:
    """Host and control node ask the same and are answered the same."""
    host = {
        **LOCAL,
        "probe_redis_credentials": {server.endpoint: {"password": PASSWORD}},
        "probe_redis_local_endpoints": [server.endpoint],
        "probe_redis_endpoints": [
            {"name": "r", "host": "127.0.0.1", "port": server.port, "password": PASSWORD}
        ],
    }
    records = play({"web1": host}).records("web1")
    ours, theirs = (
        [(row["ask"], row.get("values")) for row in rows(records[key]) if row["ask"][0] != "SCAN"]
        for key in ("redis_remote[r]", f"redis_named[{server.endpoint}]")
    )
    assert ours == theirs
    assert len(ours) > 8


def test_a_host_without_a_login(play: Runner, server: RedisServer) -> None:
    """No connection is made to it; its bundle holds what the control node saw, and says so."""
    host = {
        "ansible_host": "203.0.113.1",
        "collect_login": False,
        "probe_redis_endpoints": [{"name": "r", "unix": server.socket, "password": PASSWORD}],
    }
    done = play({"managed": host})
    assert done.hosts["managed"]["status"] == "collected", done.output
    bundle = done.bundle("managed")
    assert bundle["collected_by"] == "control"
    assert bundle["collector"]["hostname"] is None
    assert [probe["id"] for probe in bundle["probes"]] == ["redis_remote"]
    assert bundle["probes"][0]["items"] == ["r"]
    assert [record["id"] for record in bundle["evidence"]] == ["redis_remote[r]"]
    assert bundle["clock"] == {"offset_s": None, "uncertainty_s": None}
    assert all(line.startswith("Redis: ") for line in bundle["perturbations"])
    assert bundle["started_at"] <= bundle["evidence"][0]["started_at"] <= bundle["finished_at"]


def test_nothing_named(play: Runner) -> None:
    """Where no server is named, each probe says that it asked nobody."""
    records = play({"web1": LOCAL}).records("web1")
    assert {key: record["outcome"] for key, record in records.items()} == {
        "redis_named": "collected",
        "redis_remote": "collected",
    }
    assert all(record["stdout"]["size"] == 0 for record in records.values())


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("probe_redis_endpoints", [{"name": "a"}], "probe_redis_endpoints[0] (a): one of host"),
        ("probe_redis_local_endpoints", "x", "probe_redis_local_endpoints is no list of texts"),
        ("probe_redis_password", 17, "probe_redis_password is a number: put it in quotes"),
        ("collect_login", "perhaps", "collect_login is 'perhaps': expected true or false"),
    ],
)
def test_unusable_variables(play: Runner, name: str, value: Any, reason: str) -> None:
    """The host's result names the variable and what is wrong with it."""
    done = play({"web1": {**LOCAL, name: value}})
    assert done.hosts["web1"]["status"] == "failed"
    assert reason in done.hosts["web1"]["reason"]


def test_perturbations_name_what_a_survey_leaves(play: Runner) -> None:
    """Only where a survey is asked for."""
    lines = " ".join(play({"web1": LOCAL}).bundle("web1")["perturbations"])
    for words in ("keyspace hits", "past their time", "ACL LOG", "connection", "unix_diag"):
        assert words in lines
    host = {**LOCAL, "probe_redis_probes": [], "probe_host_probes": [KERNEL]}
    play({"web1": host}, variables={"collect_run_dir": str(play.tmp / "second")})
    assert "Redis" not in (play.tmp / "second" / "web1.json").read_text()


def test_the_control_nodes_probes_stay_here() -> None:
    """Neither a request nor the script to be run by hand holds them, and no secret either."""
    request = program.request(declared_probes(), secrets={"redis": {"password": PASSWORD}})
    assert "redis_servers" in {probe["id"] for probe in request["probes"]}
    assert "redis_remote" not in {probe["id"] for probe in request["probes"]}
    assert PASSWORD not in json.dumps(request["probes"])
    assert "redis_servers" in script()
    assert "redis_remote" not in script()


def test_declared_fields_are_lists() -> None:
    """By hand the roles' own lists of field names are filled in."""
    (probe,) = [probe for probe in declared_probes() if probe["id"] == "redis_servers"]
    assert "timestamp" in probe["args"]["time_fields"]
    assert all("{{" not in str(value) for value in probe["args"].values())
