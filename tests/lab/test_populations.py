"""The data of the lab's Redis is the reference's, and hosts hold what the data says."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
import redis

from tests.lab import Lab, LabError, LabHost
from tests.lab.images import SUITES
from tests.lab.populations import REFERENCE_REDIS, SHARED_REDIS, Stream, load_population
from tests.lab.redis_hosts import (
    NARROW_SURVEYOR,
    SECOND_PORT,
    SOCKET,
    SURVEYOR,
    acl_recipe,
    password_recipe,
    shared_recipe,
    socket_recipe,
    tls_recipe,
)
from tests.lab.snapshots import snapshot
from tests.lab.units import load_reference_units
from tests.reference.table import Statement, statements

REFERENCE = load_population(REFERENCE_REDIS)
SHARED = load_population(SHARED_REDIS)
UNITS = load_reference_units()
STATEMENTS = {one.id: one for one in statements()}
# A stream is trimmed by whole nodes of a hundred entries (stream-node-max-entries).
NODE = 100


def source(stream: Stream) -> str | None:
    """The source that the entries of a stream name."""
    for name, value in stream.fields.items():
        if name == "source":
            return str(value)
        if isinstance(value, Mapping) and "source" in value:
            return str(value["source"])
    return None


def of_streams(key: str) -> dict[str, Statement]:
    """The statements of one column of the truth table, by stream."""
    return {one.subject: one for one in STATEMENTS.values() if one.check == key}


def units_called(name: str, units: tuple[str, ...]) -> set[str]:
    wanted = name.replace("_", "-").removesuffix("-service")
    return {unit for unit in units if unit.removeprefix("quantum-").replace("_", "-") == wanted}


def test_the_streams_are_those_of_the_truth_table() -> None:
    """Names, groups and last events of the data are the reference's, row by row."""
    groups = of_streams("consumers")
    assert len(groups) == 29
    assert groups.keys() == REFERENCE.streams.keys()
    last = of_streams("last")
    for name, stream in REFERENCE.streams.items():
        assert groups[name].says == [group.name for group in stream.groups]
        assert last[name].says == (stream.last if stream.length else "0-0")
    figures = STATEMENTS["A.redis-keyspace.figures"].says
    assert (figures["keys"], figures["expires"]) == (REFERENCE.keys, REFERENCE.expiring)


def test_producers_are_known_by_their_source_or_not_at_all() -> None:
    """Seven known; of the 22 others nine claimed by running units, two by dead ones, six silent."""
    producers = of_streams("producer")
    known = {name: one.says for name, one in producers.items() if one.says}
    assert known == {name: source(REFERENCE.streams[name]) for name in known}
    assert len(known) == 7

    others = [stream for name, stream in REFERENCE.streams.items() if name not in known]
    claimed = [stream for stream in others if source(stream)]
    running = [s for s in claimed if units_called(str(source(s)), UNITS.running)]
    dead = [s for s in claimed if units_called(str(source(s)), UNITS.inactive)]
    assert (len(running), len(dead)) == (9, 2)
    assert len(claimed) == 11
    assert sum(not stream.length for stream in others) == 5
    assert sum(bool(stream.length) and not source(stream) for stream in others) == 6
    for stream in claimed:
        answer = producers[stream.name]
        assert answer.also["by"] == "claimed"
        assert answer.ours in units_called(str(source(stream)), UNITS.running + UNITS.inactive)


def test_only_running_units_use_redis() -> None:
    assert set(REFERENCE.units) <= set(UNITS.running)


@pytest.fixture(scope="module")
def reference(lab: Lab) -> LabHost:
    lab.up(["reference"])
    return lab.host("reference")


@pytest.fixture(scope="module")
def held(reference: LabHost) -> dict[str, Any]:
    """What the reference's Redis holds once its units have read what was left for them."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = snapshot(reference)
        read = [
            found["streams"][stream.name]["groups"][group.name]
            for stream in REFERENCE.streams.values()
            for group in stream.groups
            if group.reader
        ]
        if all(group["lag"] in (0, 1) and group["pending"] <= 1 for group in read):
            return found
        time.sleep(0.5)
    raise AssertionError("the units of the reference do not read their streams")


@pytest.mark.lab
def test_the_reference_holds_its_keys(held: dict[str, Any]) -> None:
    (database,) = held["keyspace"].values()
    assert (REFERENCE.keys, REFERENCE.expiring) == (database["keys"], database["expires"])
    assert REFERENCE.streams.keys() == held["streams"].keys()


@pytest.mark.lab
def test_the_lengths_of_streams(held: dict[str, Any]) -> None:
    """What nobody writes to is as long as the data says; what is written to is kept about so."""
    for name, stream in REFERENCE.streams.items():
        found = held["streams"][name]
        if stream.live:
            assert stream.length <= found["length"] <= stream.length + NODE
            assert found["added"] > stream.added
        else:
            assert (stream.length, stream.added) == (found["length"], found["added"])


@pytest.mark.lab
def test_the_ages_of_last_events(held: dict[str, Any]) -> None:
    """They are the reference's, counted from one moment; live streams have an event of just now."""
    loaded = set()
    for name, stream in REFERENCE.streams.items():
        if not stream.length:
            continue
        when = int(held["streams"][name]["last"][0].partition("-")[0]) / 1000
        if stream.live:
            assert time.time() - when < 60
        else:
            loaded.add(round(when + stream.age, 1))
    assert max(loaded) - min(loaded) < 0.2
    assert max(loaded) < time.time()


@pytest.mark.lab
def test_times_are_written_as_in_the_reference(held: dict[str, Any]) -> None:
    """The time in a last entry has the shape of the reference's, and is the ID's."""
    for name, stream in REFERENCE.streams.items():
        if stream.last is None:
            continue
        entry_id, fields = held["streams"][name]["last"]
        inner = [json.loads(text) for text in fields.values() if text.startswith("{")]
        values = [str(v) for one in (fields, *inner) for k, v in one.items() if k in TIME_FIELDS]
        (written,) = set(values)
        shape = "".join("0" if letter.isdigit() else letter for letter in written)
        wanted = "".join("0" if letter.isdigit() else letter for letter in stream.last)
        assert shape.rstrip("0") == wanted.rstrip("0")
        if stream.style == "epoch":
            assert abs(int(written) - int(entry_id.partition("-")[0]) / 1000) < 2


TIME_FIELDS = {"timestamp", "ts", "created_at", "updated_at"}


@pytest.mark.lab
def test_groups_and_their_consumers(held: dict[str, Any]) -> None:
    """Read groups have their reader, dead ones what their consumers left, and lag behind."""
    for name, stream in REFERENCE.streams.items():
        found = held["streams"][name]["groups"]
        assert {group.name for group in stream.groups} == found.keys()
        for group in stream.groups:
            listed = {one["name"]: one["pending"] for one in found[group.name]["listed"]}
            if group.reader and stream.length:
                assert len(listed) == 1
            elif group.reader:
                assert listed == {}  # 7.0 does not list one that waits and was never served
            else:
                assert listed == dict(group.gone)
                assert found[group.name]["pending"] == sum(group.gone.values())
                assert found[group.name]["lag"] >= group.behind


@pytest.mark.lab
def test_a_consumer_waits_for_ever_on_an_empty_stream(reference: LabHost) -> None:
    """A unit of the reference is blocked in XREADGROUP, and is never served."""
    unit = "quantum-feature-publisher"
    pid = reference.run(f"systemctl show --value -p MainPID {unit}").stdout.strip()
    held = reference.run("ss -H -nt -p state established dport = :6379").stdout.splitlines()
    own = {line.split()[2] for line in held if f"pid={pid}," in line}
    clients = reference.run("redis-cli CLIENT LIST").stdout.splitlines()
    fields = [dict(word.split("=", 1) for word in line.split()) for line in clients]
    waits = [one for one in fields if one["addr"] in own and "b" in one["flags"]]
    assert [one["cmd"] for one in waits] == ["xreadgroup"] * 2
    assert len(own) == 2


@pytest.mark.lab
def test_the_last_commands_of_the_units(reference: LabHost) -> None:
    """Six units write; a reader without a group and one that gets keys are among the others."""
    held = reference.run("ss -H -nt -p state established dport = :6379").stdout.splitlines()
    pids = {line.split()[2]: line.partition("pid=")[2].partition(",")[0] for line in held}
    clients = reference.run("redis-cli CLIENT LIST").stdout.splitlines()
    did: dict[str, set[str]] = {}
    for line in clients:
        client = dict(word.split("=", 1) for word in line.split())
        if client["addr"] in pids:
            did.setdefault(pids[client["addr"]], set()).add(client["cmd"])
    shown = reference.run(f"systemctl show -p MainPID --value {' '.join(REFERENCE.units)}").stdout
    by_unit = dict(zip(REFERENCE.units, (did[pid] for pid in shown.split()), strict=True))
    writers = {unit for stream in REFERENCE.streams.values() for unit in stream.writers}
    assert len(writers) == 6
    assert writers == {unit for unit, commands in by_unit.items() if "xadd" in commands}
    assert by_unit["quantum-rl-monitor"] == {"get"}
    assert by_unit["quantum-performance-tracker"] == {"xread"}


@pytest.mark.lab
def test_the_same_population_stands_in_every_version(lab: Lab) -> None:
    """Streams, lengths, groups and what dead consumers left are alike on 6.0, 7.0 and 8.0."""
    names = {f"redis-{suite}": shared_recipe(suite) for suite in SUITES}
    try:
        lab.start_all(names)
        time.sleep(3)
        shown = [_comparable(snapshot(lab.host(name))) for name in names]
    finally:
        for name in names:
            lab.stop(name)
    assert shown[0] == shown[1] == shown[2]
    assert shown[0]["streams"].keys() == SHARED.streams.keys()
    assert shown[0]["keys"]["db0"] == (SHARED.keys, SHARED.expiring)


def _comparable(found: Mapping[str, Any]) -> dict[str, Any]:
    """What does not depend on the moment or the version."""
    streams = {}
    for name, stream in found["streams"].items():
        groups = {
            group["name"]: {
                one["name"]: one["pending"]
                for one in group["listed"]
                if one["name"] in _gone(name, group["name"])
            }
            for group in stream["groups"].values()
        }
        length = None if SHARED.streams[name].live else stream["length"]
        streams[name] = (stream["db"], length, groups)
    keys = {name: (db["keys"], db["expires"]) for name, db in found["keyspace"].items()}
    return {"streams": streams, "keys": keys}


def _gone(stream: str, name: str) -> Mapping[str, int]:
    return next(group.gone for group in SHARED.streams[stream].groups if group.name == name)


@pytest.fixture
def acl_host(lab: Lab) -> Any:
    yield lab.start("redis-acl", acl_recipe())
    lab.stop("redis-acl")


@pytest.mark.lab
def test_a_host_with_acls(lab: Lab, acl_host: LabHost) -> None:
    """Nobody is let in without a name; the surveyor reads what it needs and writes nothing."""
    assert "NOAUTH" in acl_host.run("redis-cli PING").stdout
    assert int(acl_host.run("lab-redis DBSIZE").stdout) == SHARED.keys
    acl_host.put("/opt/asked", f"{lab.access.redis_password}\n", mode=0o600)
    ask = "REDISCLI_AUTH=$(cat /opt/asked) redis-cli --user"
    assert "shop:orders" in acl_host.run(f"{ask} {SURVEYOR} SCAN 0 TYPE stream COUNT 1000").stdout
    for command in (
        "SET a b",
        "XADD shop:orders '*' a b",
        "DEL shop:item:1",
        "FLUSHALL",
        "KEYS '*'",
    ):
        assert "NOPERM" in acl_host.run(f"{ask} {SURVEYOR} {command}").stdout
    assert acl_host.run(f"{ask} {SURVEYOR} SELECT 3").stdout.strip() == "OK"
    assert "NOPERM" in acl_host.run(f"{ask} {NARROW_SURVEYOR} SELECT 3").stdout


@pytest.mark.lab
def test_a_host_with_a_password(lab: Lab) -> None:
    try:
        host = lab.start("redis-password", password_recipe())
        assert "NOAUTH" in host.run("redis-cli PING").stdout
        assert int(host.run("lab-redis DBSIZE").stdout) == SHARED.keys
        assert lab.access.redis_password not in host.run("ps -eo args").stdout
    finally:
        lab.stop("redis-password")


@pytest.mark.lab
def test_a_host_with_a_socket_and_a_second_server(lab: Lab) -> None:
    """The first server has no port; the second is a unit of its own, with its own data."""
    try:
        host = lab.start("redis-socket", socket_recipe())
        assert host.run("redis-cli PING", check=False).returncode
        assert int(host.run(f"redis-cli -s {SOCKET} DBSIZE").stdout) == SHARED.keys
        assert int(host.run(f"redis-cli -p {SECOND_PORT} DBSIZE").stdout) == 1
        assert host.run("systemctl is-active redis-server@second").stdout.strip() == "active"
    finally:
        lab.stop("redis-socket")


@pytest.mark.lab
def test_a_host_with_tls_is_reached_from_here(lab: Lab) -> None:
    """Only with the lab's authority, and with the password."""
    try:
        host = lab.start("redis-tls", tls_recipe())
        password, trust = lab.access.redis_password, str(lab.access.authority.certificate)
        assert _over_tls(host, password, trust).dbsize() == SHARED.keys
        with pytest.raises(redis.AuthenticationError):
            _over_tls(host, None, trust).ping()
        with pytest.raises(redis.ConnectionError, match="certificate verify failed"):
            _over_tls(host, password, None).ping()
        with pytest.raises(LabError):
            host.run("redis-cli -t 1 PING | grep PONG")
    finally:
        lab.stop("redis-tls")


def _over_tls(host: LabHost, password: str | None, trust: str | None) -> redis.Redis:
    port = host.published_port(6379)
    return redis.Redis("127.0.0.1", port, password=password, ssl=True, ssl_ca_certs=trust)
