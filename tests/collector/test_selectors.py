"""Selectors over what `systemctl show` really prints (systemd 247 and 257), and over garbage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from truthmap_collector.selectors import SELECTORS, select

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("systemctl-show-*.txt"))


@pytest.fixture(params=FIXTURES, ids=lambda path: path.stem)
def shown(request: pytest.FixtureRequest) -> str:
    text: str = request.param.read_text()
    return text


def test_unit_names(shown: str) -> None:
    """Every id and every other name is a target once, quoted names as systemd has them."""
    assert select("unit_names", shown) == [
        "looping-missing.service",
        "prestart.service",
        "limit.service",
        "chdir.service",
        "recovered.service",
        "alias-target.service",
        "other-name.service",
        r"inst@a\x2db.service",
        "app203.service",
        "crashed.service",
        "ssh.service",
        "sshd.service",
        "nowhere.service",
        "-.mount",
        "cron.timer",
        "dev-null.device",
    ]


def test_restarted_units(shown: str) -> None:
    """Services that restarted, wait to be restarted, or ran into the start limit are targets."""
    found = select("restarted_units", shown)

    assert [name for name in found if name != "ssh.service"] == [
        "looping-missing.service",
        "limit.service",
        "recovered.service",
    ]


def test_failing_units(shown: str) -> None:
    """Failed units and those in auto-restart are targets; what runs again is none."""
    found = select("failing_units", shown)

    assert [name for name in found if name != "ssh.service"] == [
        "looping-missing.service",
        "prestart.service",
        "limit.service",
        "chdir.service",
        "app203.service",
        "crashed.service",
    ]


def test_failing_executables(shown: str) -> None:
    """The programs systemd could not run are targets, also one before the main program."""
    assert select("failing_executables", shown) == [
        "/opt/gone/venv/bin/python",
        "/opt/gone/prepare",
        "/bin/sleep",
        "/bin/sh",
    ]


def test_quoted_alias() -> None:
    """A name that `show` quotes, because it holds a backslash, is read as systemd reads it."""
    shown = 'Id=a.service\nNames=a.service "b@c\\\\x2dd.service" e.service\n'

    assert select("unit_names", shown) == ["a.service", r"b@c\x2dd.service", "e.service"]


def test_start_limit_and_queued_restart() -> None:
    """`start-limit-hit` and the newer sub-state `auto-restart-queued` count as restarted."""
    shown = "Id=a.service\nResult=start-limit-hit\n\nSubState=auto-restart-queued\nId=b.service\n"

    assert select("restarted_units", shown) == ["a.service", "b.service"]


def test_path_with_blanks() -> None:
    """A program's path ends at its argument list, not at its first blank."""
    shown = (
        "ExecStart={ path=/opt/my app ; 1/run ; argv[]=/opt/my app ; 1/run ; ignore_errors=no ;"
        " pid=1 ; code=exited ; status=203/EXEC }\nId=a.service\n"
    )

    assert select("failing_executables", shown) == ["/opt/my app ; 1/run"]


def test_no_service_no_executable() -> None:
    """Only a service's programs are targets."""
    shown = "ExecMainCode=1\nExecMainStatus=203\nExecStart={ path=/x ; argv[]=/x ; }\nId=a.socket\n"

    assert select("failing_executables", shown) == []


def test_numbers_that_are_none() -> None:
    """A counter or status that is no decimal number is none."""
    shown = (
        "Id=a.service\nNRestarts=²\nExecMainCode=1\nExecMainStatus=²\nExecStart={ path=/x ; argv[]="
    )

    assert select("restarted_units", shown) == []
    assert select("failing_executables", shown) == []


def test_socket_pids() -> None:
    """Each process that holds a socket is a target once; a socket without one gives none."""
    shown = (
        'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=56,fd=3))        \n'
        "tcp LISTEN 0 511 127.0.0.1:6379 0.0.0.0:*\n"
        'tcp ESTAB 0 0 1.2.3.4:22 1.2.3.5:9 users:(("a b",pid=173,fd=7),("s",pid=56,fd=7))\n'
        'udp UNCONN 0 0 pid=9:1 *:* users:(("zero",pid=0,fd=7),("long",pid=99999999999,fd=7))\n'
    )

    assert select("socket_pids", shown) == ["56", "173"]


def test_blocked_processes() -> None:
    """Those that are dead or cannot be interrupted; what a process calls itself names no other."""
    shown = (
        '{"pid":5,"uid":0,"name":"a","state":"Z","ppid":1}\n'
        '{"pid":6,"uid":0,"name":"b","state":"S","ppid":1}\n'
        '{"pid":7,"uid":0,"name":"c","state":"D","ppid":1}\n'
        '{"pid":8,"uid":0,"name":"\\"state\\":\\"D\\"","state":"S","ppid":1}\n'
        '{"uid":0,"state":"D"}\n'
    )
    assert select("blocked_processes", shown) == ["5", "7"]


@pytest.mark.parametrize("selector", sorted(SELECTORS))
@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "\n\n\n",
        "=\n==\nId\nId=\nId==\n",
        "Id=../../etc/passwd\nNRestarts=1\nActiveState=failed",
        "Id=a b.service\nNRestarts=1\nActiveState=failed",
        'Names="unclosed.service\n',
        "Id=" + "x" * 300 + ".service\nNRestarts=9",
        "Id=\x1b[31mred.service\nNRestarts=9\nActiveState=failed",
        "Id=\nNRestarts=²\nExecMainStatus=²\nExecStart={ path= ; argv[]=\n",
        "ExecStart={ path=relative ; argv[]=relative ; status=203 }\nId=\n",
    ],
)
def test_garbage(selector: str, garbage: str) -> None:
    """Garbage is no target and no exception."""
    assert select(selector, garbage) == []


def test_env_files() -> None:
    """Every EnvironmentFile= once, optional or not; a line of another form is none."""
    shown = (
        "EnvironmentFiles=/etc/a.env (ignore_errors=no)\n"
        "EnvironmentFiles=/etc/b c/*.env (ignore_errors=yes)\nId=a.service\n\n"
        "EnvironmentFiles=/etc/a.env (ignore_errors=no)\nEnvironmentFiles=\nId=b.service\n"
    )
    assert select("env_files", shown) == ["/etc/a.env", "/etc/b c/*.env"]


def test_unit_file_names() -> None:
    """Every unit with a file, of whatever type and state, also one that is not in memory."""
    listed = "qx-7zk.service disabled enabled\nb@.service static -\nc.timer masked\n-x\n\nodd\n"

    assert select("unit_file_names", listed) == ["qx-7zk.service", "b@.service", "c.timer"]


def test_service_files() -> None:
    """Services nothing starts at boot; no template, nothing of systemd's own, no other type."""
    listed = (
        "a.service disabled enabled\nb.service static -\nc.service enabled enabled\n"
        "d@.service disabled enabled\ne.timer disabled enabled\nsystemd-x.service static -\n"
        "f.service linked enabled\ng.service masked enabled\n\ngarbage\n-x.service\n"
    )
    assert select("service_files", listed) == ["a.service", "b.service", "f.service"]


LISTENERS = sorted((Path(__file__).parent / "fixtures").glob("ss-listeners-*.txt"))

ENDPOINTS = {
    "bullseye": ["127.0.0.1:6379", "127.0.0.1:26379", "/var/lib/redis/only.sock"],
    "bookworm": ["127.0.0.1:6379", "127.0.0.1:6380", "127.0.0.1:26379", "/var/lib/redis/only.sock"],
    "trixie": ["127.0.0.1:6379", "127.0.0.1:6380", "127.0.0.1:26379", "/var/lib/redis/only.sock"],
}
"""As root. On bullseye the second server did not start."""

WITHOUT_RIGHTS = {
    suite: ["127.0.0.1:6379", "127.0.0.1:26379", *second, "/var/lib/redis/only.sock"]
    for suite, second in {
        "bullseye": [],
        "bookworm": ["/tmp/redis-second.sock"],  # noqa: S108 - where it was
        "trixie": ["/tmp/redis-second.sock"],  # noqa: S108
    }.items()
}
"""Only the unit's or the socket's name tells: `redis-second.service` need be no server."""


@pytest.mark.parametrize("path", LISTENERS, ids=lambda path: str(path.stem))
def test_redis_endpoints(path: Path) -> None:
    """One endpoint a server: loopback before its socket, and nothing that is no Redis."""
    _, _, suite, user = path.stem.split("-")
    expected = ENDPOINTS if user == "root" else WITHOUT_RIGHTS

    assert select("redis_endpoints", path.read_text()) == expected[suite]


def listener(address: str, holders: str = "", more: str = "") -> str:
    return f"tcp   LISTEN 0      511   {address}   0.0.0.0:* {holders} {more} <->    \n"


SERVER = 'users:(("redis-server",pid=7,fd={}))'


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        # A TLS port and a cluster's own port are opened after the plain one.
        (
            listener("127.0.0.1:6380", SERVER.format(8))
            + listener("0.0.0.0:16379", SERVER.format(9))
            + listener("10.0.0.1:6379", SERVER.format(6))
            + listener("0.0.0.0:6379", SERVER.format(7)),
            ["127.0.0.1:6379"],
        ),
        (listener("10.0.0.1:6379", SERVER.format(6)), ["10.0.0.1:6379"]),
        (listener("[::]:6379", SERVER.format(6)), ["[::1]:6379"]),
        (listener("*:6379", SERVER.format(6)), ["127.0.0.1:6379"]),
        (listener("127.0.0.1%lo:6379", SERVER.format(6)), ["127.0.0.1:6379"]),
        # A child that saves the data holds the same sockets.
        (
            listener(
                "127.0.0.1:6379",
                'users:(("redis-server",pid=9,fd=6),("redis-server",pid=7,fd=6))',
            )
            + listener("10.0.0.1:6379", SERVER.format(7)),
            ["127.0.0.1:6379"],
        ),
        (listener("127.0.0.1:7000", 'users:(("valkey-server",pid=7,fd=6))'), ["127.0.0.1:7000"]),
        # None of these is a server's.
        (listener("127.0.0.1:6379", 'users:(("python3",pid=7,fd=6))'), []),
        (listener("127.0.0.1:6379", 'users:(("docker-proxy",pid=7,fd=6))'), []),
        (listener("127.0.0.1:9121", "", "ino:1 cgroup:/system.slice/redis-exporter.service"), []),
        (listener("127.0.0.1:9121", "", "ino:1 cgroup:/system.slice/redis_exporter.service"), []),
        (listener("127.0.0.1:6379"), []),
        (listener("127.0.0.1:0", SERVER.format(6)), []),
        (listener("127.0.0.1:66379", SERVER.format(6)), []),
        # Without rights the unit tells.
        (
            listener("127.0.0.1:6381", "", "ino:5 cgroup:/system.slice/x/redis-server@b.service")
            + listener("127.0.0.1:6382", "", "ino:9 cgroup:/system.slice/redis_6382.service"),
            ["127.0.0.1:6381", "127.0.0.1:6382"],
        ),
    ],
)
def test_which_socket_of_a_server(shown: str, expected: list[str]) -> None:
    """The plain port on the nearest address, and only sockets known to be a server's."""
    assert select("redis_endpoints", shown) == expected


def test_redis_names() -> None:
    """Streams and groups of a survey's rows, whether just written or stored; nothing else."""
    rows = [
        {"ask": ["INFO"], "reply": "redis_version:7.0.15"},
        {
            "ask": ["SCAN", "0", "TYPE", "stream", "COUNT", "1000"],
            "db": 0,
            "reply": {"streams": ["shop:orders", "å"], "calls": 1},
        },
        {"ask": ["XINFO", "STREAM", "x"], "reply": {"length": 5}},
        {"ask": ["XINFO", "GROUPS", "shop:orders"], "reply": [{"name": "billing"}, {"name": 5}, 7]},
        {"ask": ["XINFO", "GROUPS", "x"], "error": "NOPERM"},
        {"ask": ["SCAN", "0"], "reply": {"streams": "no list"}},
        {"ask": ["XREVRANGE", "a"], "values": [["source", "source", "secret"]]},
    ]
    dense = "\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    spread = "\n".join(map(json.dumps, rows))
    cut = '{"ask":["SCAN","0"],"reply":{"streams":["half'
    for text in (dense, spread, f"{dense}\n{cut}", f"[[[\n{dense}\n" + "{" * 9):
        assert select("redis_names", text) == ["shop:orders", "å", "billing"]
    assert select("redis_names", cut) == []
