"""The parsers of sockets and their processes: real records of three releases, and odd forms."""

from __future__ import annotations

from typing import Any

import pytest

from reporter import registry
from reporter.evidence import Record
from reporter.facts import FactStore
from reporter.findings import Missing
from reporter.parsers.sockets_open import End, Holder, end
from reporter.parsers.sockets_processes import unit_of
from tests.builders import record
from tests.rules.sockets_cases import OPEN, PROCESSES, SUITES, bundle

WILD4 = "0.0.0.0"  # noqa: S104 - read, not bound


def parsed(fact: str, records: list[Record]) -> Any:
    """Return the fact, or a `Missing`, as the engine would get it."""
    return FactStore(registry.parsers(), records, frozenset(one.probe for one in records)).get(fact)


def made(fact: str, stdout: str, **values: Any) -> Any:
    """Return the fact parsed from a record with this output."""
    return parsed(fact, [record(registry.parsers()[fact].probe, stdout, **values)])


def one(line: str) -> Any:
    (socket,) = made("sockets", line + "\n").all
    return socket


@pytest.mark.parametrize("suite", SUITES)
def test_every_line_of_a_lab_host_is_read_and_quoted(suite: str) -> None:
    collected = bundle(f"{suite}-planted")
    sockets = parsed("sockets", collected.evidence)
    raw = next(one for one in collected.evidence if one.id == OPEN).stdout.text.splitlines()
    assert sockets.complete
    assert [socket.line for socket in sockets.all] == [line.rstrip() for line in raw]
    (not_taken,) = [socket for socket in sockets.all if not socket.holders]
    assert not_taken.local == End("127.0.0.1", 8001)  # the planted service accepts nothing
    listening = {(socket.proto, str(socket.local)) for socket in sockets.listening}
    assert {
        ("tcp", "0.0.0.0:22"),
        ("tcp", "[::]:22"),
        ("tcp", "127.0.0.1:6379"),
        ("tcp", "*:9000"),
        ("udp", "*:9998"),
    } <= listening
    workers = next(one for one in sockets.all if one.local.port == 8080)
    assert len(workers.holders) == 2
    assert all(socket.peer is not None for socket in sockets.connected)


@pytest.mark.parametrize("suite", SUITES)
def test_every_process_of_a_lab_host_is_read(suite: str) -> None:
    collected = bundle(f"{suite}-planted")
    sockets = parsed("sockets", collected.evidence)
    processes = parsed("socket_processes", collected.evidence)
    holders = {holder.pid for socket in sockets.all for holder in socket.holders}
    assert set(processes.by_pid) == holders
    assert processes.gone == {}
    units = {process.unit for process in processes.by_pid.values()}
    assert {"redis-server.service", "ssh.service", "plant-api.service", "init.scope"} <= units
    redis = next(one for one in processes.by_pid.values() if one.unit == "redis-server.service")
    assert (redis.user, redis.account, redis.replaced) == ("redis", "redis", False)
    assert redis.uid > 0
    started = [process.started_at for process in processes.by_pid.values()]
    assert all(0 < moment <= sockets.sampled_at + 1 for moment in started)


def test_without_rights_no_holder_is_shown_and_no_process_looked_at() -> None:
    collected = bundle("non-root")
    sockets = parsed("sockets", collected.evidence)
    assert sockets.complete
    assert {socket.holders for socket in sockets.all} == {()}
    processes = parsed("socket_processes", collected.evidence)
    assert (processes.by_pid, processes.gone) == ({}, {})


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("*:22", End("*", 22)),
        ("0.0.0.0:22", End(WILD4, 22)),
        ("[::]:22", End("::", 22)),
        (":::22", End("::", 22)),
        ("[::ffff:1.2.3.4]:80", End("1.2.3.4", 80)),
        ("[2001:db8:0::1]:80", End("2001:db8::1", 80)),
        ("127.0.0.53%lo:53", End("127.0.0.53", 53, "lo")),
        ("*%eth0:68", End("*", 68, "eth0")),
        ("[fe80::1]%eth0:546", End("fe80::1", 546, "eth0")),
        ("[fe80::1%eth0]:546", End("fe80::1", 546, "eth0")),
        ("0.0.0.0:*", None),
        ("1.2.3.4:ssh", None),
        ("1.2.3.4:65536", None),
        ("here:80", None),
        ("", None),
    ],
)
def test_ends_in_every_form(shown: str, expected: End | None) -> None:
    assert end(shown) == expected


@pytest.mark.parametrize(
    ("listener", "peer", "taken"),
    [
        ("*:80", "1.2.3.4:80", True),
        ("*:80", "[::1]:80", True),
        ("0.0.0.0:80", "1.2.3.4:80", True),
        ("0.0.0.0:80", "[::1]:80", False),
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "127.0.0.2:80", False),
        ("*:80", "1.2.3.4:81", False),
    ],
)
def test_who_takes_what_is_sent(listener: str, peer: str, taken: bool) -> None:
    here, there = end(listener), end(peer)
    assert here is not None
    assert there is not None
    assert here.takes(there) is taken


@pytest.mark.parametrize(
    ("users", "holders"),
    [
        ("", ()),
        ('users:(("a",pid=1,fd=3))', (Holder("a", 1),)),
        ('users:(("a",pid=1,fd=3),("b",pid=2,fd=3))   ', (Holder("a", 1), Holder("b", 2))),
        ('users:(("my prog",pid=2,fd=3))', (Holder("my prog", 2),)),
        ('users:(("a",pid=1,fd=3)",pid=77,fd=3))', (Holder('a",pid=1,fd=3)', 77),)),
        ('users:(("",pid=1,fd=3),("",pid=77,fd=3))', (Holder('",pid=1,fd=3),("', 77),)),
        ("users:((", ()),
    ],
)
def test_holders_and_names_that_forge_them(users: str, holders: tuple[Holder, ...]) -> None:
    """A process may call itself anything of 15 bytes; another's number it cannot show."""
    assert one(f"tcp LISTEN 0 5 *:80 *:* {users}").holders == holders


def test_states_of_no_interest_are_passed_over_and_garbage_is_told() -> None:
    shown = (
        "tcp UNCONN 0 0 1.2.3.4:1 *:*\n"
        "tcp LISTEN 0 5 *:80 *:*\n"
        "\n"
        "a line of another tool\n"
        "tcp ESTAB 0 0 1.2.3.4:1 *:*\n"
    )
    sockets = made("sockets", shown)
    assert [str(socket.local) for socket in sockets.all] == ["*:80"]
    assert sockets.unread == ("a line of another tool", "tcp ESTAB 0 0 1.2.3.4:1 *:*")
    assert not sockets.complete


def test_no_socket_at_all_is_an_answer() -> None:
    sockets = made("sockets", "")
    assert (sockets.all, sockets.complete) == ((), True)


def test_a_cut_beginning_is_not_read() -> None:
    sockets = made("sockets", "cp LISTEN 0 5 *:8 *:*\ntcp LISTEN 0 5 *:80 *:*\n", truncated=True)
    assert [str(socket.local) for socket in sockets.all] == ["*:80"]
    assert not sockets.complete


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"stdout": "Usage: ss [ OPTIONS ]\n", "exit_code": 0}, "no socket can be read"),
        ({"stdout": "", "exit_code": 255, "stderr": "ss: bad state\n"}, "ss ended with 255: ss: b"),
        ({"stdout": "", "exit_code": 1}, "ss ended with 1"),
    ],
)
def test_what_is_no_list_of_sockets(values: dict[str, Any], reason: str) -> None:
    missing = made("sockets", **values)
    assert isinstance(missing, Missing)
    assert str(missing.reason).startswith(reason)


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("/system.slice/redis-server.service", "redis-server.service"),
        ("/system.slice/system-foo.slice/foo@1.service", "foo@1.service"),
        (r"/system.slice/system-a\x2db.slice/a\x2db@c.service/sub", r"a\x2db@c.service"),
        ("/user.slice/user-0.slice/session-3.scope", "session-3.scope"),
        ("/user.slice/user-1.slice/user@1.service/app.slice/x.service", "user@1.service"),
        ("/system.slice/docker-ab12.scope/init", "docker-ab12.scope"),
        ("/init.scope", "init.scope"),
        ("/system.slice/_cpu.service", "cpu.service"),
        ("/docker/ab12", None),
        ("/", None),
        ("", None),
    ],
)
def test_units_of_control_groups(cgroup: str, unit: str | None) -> None:
    assert unit_of(cgroup) == unit


def test_processes_that_are_gone_or_partly_hidden() -> None:
    rows = (
        '{"pid":7,"error":"No such process"}\n'
        '{"pid":8,"uid":12,"user":null,"started_at":null,"cgroup":"/","exe":null,'
        '"exe_error":"Permission denied"}\n'
        '{"pid":9,"uid":0,"user":"root","started_at":"2026-11-25T12:00:00.000000Z",'
        '"cgroup":"/system.slice/a.service","exe":"/opt/a (deleted)"}\n'
    )
    processes = made("socket_processes", rows)
    assert processes.gone == {7: "No such process"}
    hidden, replaced = processes.by_pid[8], processes.by_pid[9]
    assert (hidden.account, hidden.unit, hidden.executable) == ("uid 12", None, None)
    assert (replaced.executable, replaced.replaced) == ("/opt/a", True)


@pytest.mark.parametrize("stdout", ["[]\n", "nothing\n", '{"pid":"x"}\n'])
def test_what_is_no_list_of_processes(stdout: str) -> None:
    assert isinstance(made("socket_processes", stdout), Missing)
    assert made("socket_processes", "").by_pid == {}
    assert registry.parsers()["socket_processes"].probe == PROCESSES
