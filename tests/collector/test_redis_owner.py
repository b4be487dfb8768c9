"""To whom the general password goes: not to whatever calls itself a server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.redis_server import start
from truthmap_collector.redis import owner

from .redis_cases import surveyed

SECRET = "Sesame-2f9c71"  # noqa: S105 - a test's own
PERSON = 54321 if os.geteuid() == 0 else os.getuid()
"""A user id of people."""

IMPOSTOR = """\
import os, socket, sys
if os.geteuid() == 0:
    os.setuid(int(sys.argv[1]))
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    link, _ = server.accept()
    while True:
        got = link.recv(4096)
        if not got:
            break
        sys.stderr.write(got.decode())
        sys.stderr.flush()
        link.sendall(b"-NOAUTH Authentication required.\\r\\n")
"""


class Impostor(NamedTuple):
    """A program of a person's that answers like a server with a password; `heard` is a file."""

    endpoint: str
    heard: Path


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[Impostor]:
    """Listen as somebody who is no account of the system."""
    heard = tmp_path / "heard"
    with heard.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", IMPOSTOR, str(PERSON)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        yield Impostor(f"127.0.0.1:{process.stdout.readline().strip()}", heard)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    "general", [{"password": SECRET}, {"username": "truthmap", "password": SECRET}]
)
def test_the_general_password_is_not_for_a_persons_program(
    impostor: Impostor, general: dict[str, str]
) -> None:
    record = surveyed(impostor.endpoint, general, named=False)
    assert record["outcome"] == "denied"
    assert f"the user id {PERSON}, which is no account of the system" in record["reason"]
    assert "probe_redis_credentials" in record["reason"]
    assert "INFO" in impostor.heard.read_text()
    assert SECRET not in impostor.heard.read_text()


@pytest.mark.parametrize("named", [True, False])
def test_who_is_named_gets_it(impostor: Impostor, named: bool) -> None:
    """A login for this endpoint, or an endpoint of the operator's list: he knows whom he means."""
    own = {"credentials": {impostor.endpoint: {"password": SECRET}}}
    surveyed(impostor.endpoint, {"password": SECRET} if named else own, named=named)
    assert SECRET in impostor.heard.read_text()


def test_a_socket_of_the_systems_own_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TCP and over the unix socket; for who runs this as a person, he counts as the system."""
    if os.geteuid() != 0:
        monkeypatch.setattr(owner, "_PEOPLE", os.getuid() + 1)
    (tmp_path / "redis").mkdir()
    with start(tmp_path / "redis", "--requirepass", SECRET) as server:
        for endpoint in (server.endpoint, server.socket):
            record = surveyed(endpoint, {"password": SECRET}, named=False)
            assert (record["outcome"], record["reason"]) == ("collected", None)


def test_whose_is_not_shown_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "_TABLES", ("/proc/net/no-such-table",))
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as link,
    ):
        assert owner.doubt(link) == "whose socket it is is not shown"
