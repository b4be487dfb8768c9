"""Where a login comes from: the operator, or, only when asked for, the server's own file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer, start
from truthmap_collector.fingerprints import Fingerprints
from truthmap_collector.observation import Tail
from truthmap_collector.process import ProcessGroups
from truthmap_collector.redis import configuration, credentials
from truthmap_collector.turn import Turn

from .redis_cases import surveyed

PASSWORD = "Pass word\x07\"'\\ 1"  # noqa: S105 - a test's own, with every sign Redis quotes


def turn(secret: object = None) -> Turn:
    tails = Tail(1000), Tail(1000)
    deadline = time.monotonic() + 9
    return Turn(*tails, deadline, "late", 1000, True, ProcessGroups(), Fingerprints(), secret)


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A server that really reads the configuration file we read."""
    folder = tmp_path / "redis"
    folder.mkdir()
    path = tmp_path / "server.conf"
    quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"').replace("\x07", "\\x07")
    path.write_text(f'# requirepass no\nrequirepass old\nRequirePass "{quoted}"\n')
    (tmp_path / "other.conf").write_text("port 1\nrequirepass other\n")
    with start(folder, "--requirepass", PASSWORD) as server:
        path.write_text(f"{path.read_text()}port {server.port}\nunixsocket {server.socket}\n")
        patterns = (f"{tmp_path}/*.conf",)
        monkeypatch.setattr(configuration.password, "__defaults__", (patterns,))
        yield server


@pytest.mark.parametrize("socket", [True, False])
def test_the_servers_own_password(configured: RedisServer, socket: bool) -> None:
    """With the operator's word the file whose port or socket fits is read; it stays secret."""
    endpoint = configured.socket if socket else configured.endpoint
    record = surveyed(endpoint, {"use_server_configuration": True})
    assert (record["outcome"], record["reason"]) == ("collected", None)
    assert "Pass word" not in str(record)


@pytest.mark.parametrize("secret", [None, {}, {"use_server_configuration": False}])
def test_it_is_not_read_unasked(configured: RedisServer, secret: dict[str, bool] | None) -> None:
    """Without the operator's word the file is left alone."""
    assert surveyed(configured.endpoint, secret)["outcome"] == "denied"


def test_the_operators_password_comes_first(configured: RedisServer) -> None:
    """What is given is used, right or wrong."""
    secret = {"use_server_configuration": True, "password": "wrong"}
    assert surveyed(configured.endpoint, secret)["outcome"] == "denied"


def test_quoting_is_that_of_redis(tmp_path: Path) -> None:
    """The server itself reads a file with such a password as we do."""
    folder = tmp_path / "redis"
    folder.mkdir()
    path = tmp_path / "redis.conf"
    path.write_text('requirepass "a\\x41\\n\\"b c"\nport 0\n')
    assert configuration.password("127.0.0.1:0", turn(), [str(path)]) == 'aA\n"b c'
    path.write_text("requirepass 'it\\'s'\nport 0\n")
    assert configuration.password("127.0.0.1:0", turn(), [str(path)]) == "it's"
    with start(folder, "--include", str(path)) as server:
        assert server.client(password="it's").ping()  # noqa: S106 - as above


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """It is noted; another may still fit."""
    (tmp_path / "a.conf").mkdir()
    asked = turn()
    assert configuration.password("127.0.0.1:1", asked, [f"{tmp_path}/*.conf"]) is None
    assert b"a.conf: Is a directory" in asked.stderr.stream().data


def test_a_login_shows_itself_nowhere() -> None:
    """Not even where somebody prints it."""
    login = credentials.Login("user", "Sesame-6d1f")
    assert "Sesame" not in repr(login) + str(login) + f"{login}"
    assert login.without("ERR Sesame-6d1f") == "ERR <password>"
