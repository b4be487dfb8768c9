"""Selectors over what `systemctl show` really prints (systemd 247 and 257), and over garbage."""

from __future__ import annotations

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


def test_service_files() -> None:
    """Services nothing starts at boot; no template, nothing of systemd's own, no other type."""
    listed = (
        "a.service disabled enabled\nb.service static -\nc.service enabled enabled\n"
        "d@.service disabled enabled\ne.timer disabled enabled\nsystemd-x.service static -\n"
        "f.service linked enabled\ng.service masked enabled\n\ngarbage\n-x.service\n"
    )
    assert select("service_files", listed) == ["a.service", "b.service", "f.service"]
