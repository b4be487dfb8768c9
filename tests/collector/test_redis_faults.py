"""What can go wrong between us and a server, caused for real; one small liar for what cannot."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.redis_server import RedisServer, free_port, start

from .conftest import Record
from .redis_cases import populate, row, rows, surveyed

SLOW: dict[str, Any] = {"duty": 0.02}
"""A survey so careful that there is time to do something to its server."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server with two streams and more keys than a careful survey scans in a second."""
    with start(tmp_path / "redis") as running:
        populate(running.client())
        running.client().execute_command("DEBUG", "POPULATE", "300000")
        yield running


@contextlib.contextmanager
def meanwhile(action: Callable[[], object], after_s: float = 0.5) -> Iterator[None]:
    """Do something while a survey is under way."""
    timer = threading.Timer(after_s, action)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def kept_what_it_had(record: Record) -> None:
    """INFO, the clients and the scan's row, which says that it was not complete."""
    assert "redis_version" in row(record, "INFO", sample="begin")["reply"]
    assert row(record, "CLIENT", "LIST")["reply"]["total"] >= 1
    scan = row(record, "SCAN")["reply"]
    assert scan["complete"] is False
    assert scan["reason"] == "the server stopped answering"
    assert scan["calls"] > 1


def test_killed(server: RedisServer) -> None:
    """A server killed half-way: an error that says so, and what was got before."""
    with meanwhile(server.process.kill):
        record = surveyed(server.endpoint, **SLOW)
    assert record["outcome"] == "error"
    assert record["reason"].startswith(f"{server.endpoint}: the connection was lost")
    assert record["reason"].endswith(", asked SCAN")
    kept_what_it_had(record)


def test_stopped(server: RedisServer) -> None:
    """A server that stands still is given up after five seconds, with what was got before."""
    begun = time.monotonic()
    with meanwhile(server.pause):
        record = surveyed(server.endpoint, **SLOW)
    assert 5 < time.monotonic() - begun < 8
    assert record["outcome"] == "timeout"
    assert record["reason"] == (
        f"{server.endpoint}: it stopped answering: no reply within 5 s, asked SCAN"
    )
    kept_what_it_had(record)


def test_stopped_short_of_the_deadline(server: RedisServer) -> None:
    """The probe's own limit holds even while nothing comes."""
    begun = time.monotonic()
    with meanwhile(server.pause):
        record = surveyed(server.endpoint, timeout_s=2, **SLOW)
    assert time.monotonic() - begun < 3.5
    assert (record["outcome"], record["reason"]) == (
        "timeout",
        "stopped after 2 s, the limit of this probe",
    )
    kept_what_it_had(record)


def test_stopped_before(server: RedisServer) -> None:
    """A server that never answers gives no row."""
    server.pause()
    record = surveyed(server.endpoint, timeout_s=1)
    assert record["outcome"] == "timeout"
    assert rows(record) == []


def test_severed(server: RedisServer) -> None:
    """A connection that somebody cuts is not tried again."""

    def cut() -> None:
        server.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    with meanwhile(cut):
        record = surveyed(server.endpoint, **SLOW)
    assert record["outcome"] == "error"
    assert "the connection was lost" in record["reason"]
    kept_what_it_had(record)


def test_loading(tmp_path: Path) -> None:
    """While a server loads its data the record says that, and holds INFO."""
    with start(tmp_path / "redis", "--dbfilename", "big.rdb") as running:
        running.client().execute_command("DEBUG", "POPULATE", "20000")
        running.client().save()
    options = ("--dbfilename", "big.rdb", "--key-load-delay", "1000")
    with start(
        tmp_path / "redis", *options, "--loading-process-events-interval-bytes", "1024"
    ) as it:
        record = surveyed(it.endpoint)
    assert record["outcome"] == "error"
    assert record["reason"] == (
        f"{it.endpoint}: LOADING: the server is loading its data into memory: "
        "collect again when it has"
    )
    assert "\r\nloading:1" in row(record, "INFO")["reply"]


def test_a_replica_without_its_primary(tmp_path: Path) -> None:
    """One that may not serve stale data says so at the scan; INFO and the clients are kept."""
    with start(tmp_path / "redis", "--dbfilename", "a.rdb") as running:
        populate(running.client())
        running.client().save()
    options = ("--dbfilename", "a.rdb", "--replicaof", f"127.0.0.1 {free_port()}")
    with start(tmp_path / "redis", *options, "--replica-serve-stale-data", "no") as replica:
        record = surveyed(replica.endpoint)
    assert record["outcome"] == "error"
    assert "MASTERDOWN: a replica that has lost its primary" in record["reason"]
    assert "\r\nrole:slave" in row(record, "INFO")["reply"]
    assert row(record, "SCAN")["error"].startswith("MASTERDOWN")


def test_no_more_clients(tmp_path: Path) -> None:
    """A server at its limit of clients refuses us in its own words."""
    with start(tmp_path / "redis", "--maxclients", "1") as server:
        other = server.client(single_connection_client=True)
        other.ping()
        record = surveyed(server.endpoint)
    assert record["outcome"] == "error"
    assert "max number of clients reached" in record["reason"]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[RedisServer]:
    """A server with a password."""
    with start(tmp_path / "redis", "--requirepass", "Sesame-6d1f") as running:
        populate(running.client(**{"password": "Sesame-6d1f"}))
        yield running


def test_no_password(locked: RedisServer) -> None:
    """What to set is said."""
    record = surveyed(locked.endpoint)
    assert record["outcome"] == "denied"
    assert record["reason"] == (
        f"{locked.endpoint}: NOAUTH: the server asks for a password: set probe_redis_username and "
        "probe_redis_password, or probe_redis_credentials"
    )


@pytest.mark.parametrize("user", [None, "default", "nobody"])
def test_wrong_password(locked: RedisServer, user: str | None) -> None:
    """Whom it was wrong for and where to look; the password itself is nowhere."""
    record = surveyed(locked.endpoint, {"username": user, "password": "Wrong-8c2e"})
    assert record["outcome"] == "denied"
    assert record["reason"] == (
        f"{locked.endpoint}: WRONGPASS: the server does not take the password given for the user "
        f"{user or 'default'}: check probe_redis_username and probe_redis_password, or "
        "probe_redis_credentials"
    )
    assert "Wrong-8c2e" not in str(record)


@pytest.mark.parametrize(
    "secret",
    [
        {"password": "Sesame-6d1f"},
        {"username": "default", "password": "Sesame-6d1f"},
        {"password": "Wrong-8c2e", "credentials": {"ENDPOINT": {"password": "Sesame-6d1f"}}},
    ],
)
def test_right_password(locked: RedisServer, secret: dict[str, Any]) -> None:
    """The host's, or the endpoint's own before it; it is nowhere in the record."""
    if "credentials" in secret:
        secret = {**secret, "credentials": {locked.endpoint: secret["credentials"]["ENDPOINT"]}}
    record = surveyed(locked.endpoint, secret)
    assert record["outcome"] == "collected"
    assert row(record, "SCAN")["reply"]["streams"] == ["a", "b"]
    assert "AUTH" not in {found["ask"][0] for found in rows(record)}
    assert "Sesame" not in str(record)


def test_a_password_where_none_is_needed(server: RedisServer) -> None:
    """The host's password is no trouble to its server that has none."""
    record = surveyed(server.endpoint, {"password": "Sesame-6d1f"})
    assert record["outcome"] == "collected"


def test_a_username_alone_is_no_login(server: RedisServer) -> None:
    """Without a password there is nobody to log in as."""
    assert surveyed(server.endpoint, {"username": "someone"})["outcome"] == "collected"


def test_tls(tmp_path: Path) -> None:
    """A server that speaks TLS only is not taken for another program."""
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    words += ["-keyout", f"{tmp_path}/key.pem", "-out", f"{tmp_path}/cert.pem", "-days", "2"]
    subprocess.run(words, check=True, capture_output=True)
    options = ["--tls-port", str(free_port()), "--tls-auth-clients", "no"]
    options += ["--tls-cert-file", f"{tmp_path}/cert.pem", "--tls-key-file", f"{tmp_path}/key.pem"]
    with start(tmp_path / "redis", *options, port=0):
        record = surveyed(f"127.0.0.1:{options[1]}", {"password": "Sesame-6d1f"})
    assert record["outcome"] == "error"
    assert record["reason"].endswith(
        "it may speak TLS only: name it in probe_redis_endpoints with tls: true"
    )


@contextlib.contextmanager
def liar(
    *answers: bytes, rest: bytes = b"", echo: bool = False, heard: list[bytes] | None = None
) -> Iterator[str]:
    """A program that gives these answers in turn, whatever it is asked; then `rest` for ever.

    `heard` gets what it was asked.
    """

    def serve() -> None:
        with contextlib.suppress(OSError):
            link, _ = listener.accept()
            with link:
                for answer in answers:
                    asked = link.recv(65536)
                    if heard is not None:
                        heard.append(asked)
                    link.sendall(asked if echo else answer)
                while rest:
                    link.sendall(rest)
                while link.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


NOAUTH = b"-NOAUTH Authentication required.\r\n"
TAKES_ANYBODY = b"$24\r\nredis_version:7.0.15\r\n\r\n\r\n"
NO_REDIS = "what it answers is not Redis's protocol"
LIES: dict[str, tuple[bytes, str, str]] = {
    "http": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "error", NO_REDIS + " but begins with HTTP/"),
    "banner": (b"SSH-2.0-OpenSSH_9.2p1\r\n", "error", NO_REDIS + " but begins with SSH-"),
    "nothing": (b"\r\n", "error", NO_REDIS),
    "zeros": (b"\0" * 100, "error", NO_REDIS),
    "a TLS alert": (b"\x15\x03\x01\x00\x02\x02\x46", "error", "it may speak TLS only"),
    "a length that is none": (b"$many\r\n", "error", NO_REDIS),
    "a length of many digits": (b"$" + b"9" * 50 + b"\r\n", "error", NO_REDIS),
    "a gigantic string": (b"$99999999999\r\n", "error", "a string of 99999999999 bytes"),
    "a string without its end": (b"$3\r\nabcde", "error", "does not end where it should"),
    "a long line": (b"+" + b"x" * 200000, "error", NO_REDIS),
    "a gigantic list": (b"*999999999\r\n" + b":1\r\n" * 300000, "error", "holds more than"),
    "deep nesting": (b"*1\r\n" * 100000, "error", "a reply is nested more than 8 deep"),
    "RESP3": (b"%1\r\n+a\r\n+b\r\n", "error", NO_REDIS),
    "half an answer": (b"$10\r\nabc", "timeout", "stopped after 1 s"),
    "a number for INFO": (b":1\r\n", "error", "has not the shape"),
    "null for INFO": (b"$-1\r\n", "error", "has not the shape"),
}


@pytest.mark.parametrize("lie", LIES)
def test_no_redis(lie: str) -> None:
    """Whatever it is that answers, the record says so, in its time and within its memory."""
    answer, outcome, reason = LIES[lie]
    begun = time.monotonic()
    with liar(answer) as endpoint:
        record = surveyed(endpoint, timeout_s=1)
    assert record["outcome"] == outcome
    assert reason in record["reason"]
    assert time.monotonic() - begun < 4


def test_an_endless_list() -> None:
    """A list that never ends is refused once it holds too much."""
    with liar(b"*1000000000\r\n", rest=b"$5\r\nhello\r\n" * 1000) as endpoint:
        record = surveyed(endpoint, timeout_s=10)
    assert record["outcome"] == "error"
    assert "holds more than 16777216 bytes" in record["reason"]


def test_an_endless_string() -> None:
    """A string that drips in for ever ends with the probe's time."""
    with liar(b"$200000000\r\n", rest=b"x") as endpoint:
        record = surveyed(endpoint, timeout_s=1)
    assert record["outcome"] == "timeout"


def test_an_echo_does_not_give_the_password_away() -> None:
    """A program that repeats what it gets is no Redis, and its words are shown nowhere."""
    with liar(b"1", b"2", b"3", echo=True) as endpoint:
        record = surveyed(endpoint, {"username": "u", "password": "Sesame-6d1f"}, timeout_s=2)
    assert record["outcome"] == "error"
    assert "Sesame" not in str(record)


def test_an_error_that_repeats_the_password() -> None:
    """A server's own words about AUTH are not shown: some repeat the arguments."""
    answer = b"-ERR unknown command `AUTH`, with args beginning with: `Sesame`, \r\n"
    with liar(NOAUTH, answer) as endpoint:
        record = surveyed(endpoint, {"password": "Sesame-6d1f"}, timeout_s=2)
    assert record["outcome"] == "error"
    assert record["reason"] == f"{endpoint}: AUTH was refused: in words that are not shown"
    assert "Sesame" not in str(record)


@pytest.mark.parametrize(
    "answer",
    [
        TAKES_ANYBODY,
        b"-ERR max number of clients reached\r\n",
        b"-DENIED protected mode\r\n",
        b":1\r\n",
    ],
)
@pytest.mark.parametrize("user", [None, "someone"])
def test_a_password_that_is_not_asked_for_is_not_given(answer: bytes, user: str | None) -> None:
    """Any program may call itself a server: it gets a password only after NOAUTH."""
    heard: list[bytes] = []
    with liar(answer, answer, answer, heard=heard) as endpoint:
        surveyed(endpoint, {"username": user, "password": "Sesame-6d1f"}, timeout_s=1)
    assert b"INFO" in heard[0]
    assert not [asked for asked in heard if b"AUTH" in asked or b"Sesame" in asked]


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        (b"-ERR max number of clients reached\r\n", "error", "max number of clients reached"),
        (b"-DENIED Redis is running in protected mode\r\n", "denied", "is in protected mode"),
        (b"-WRONGPASS invalid username-password pair\r\n", "denied", "does not take the password"),
        (b"-ERR invalid password\r\n", "denied", "does not take the password"),
    ],
)
def test_what_is_no_wrong_password_is_not_called_one(
    answer: bytes, outcome: str, said: str
) -> None:
    """AUTH may be refused for other reasons, each with its own way out."""
    with liar(NOAUTH, answer) as endpoint:
        record = surveyed(endpoint, {"password": "Sesame-6d1f"}, timeout_s=2)
    assert record["outcome"] == outcome
    assert said in record["reason"]


def test_a_user_before_redis_6() -> None:
    """Where AUTH takes one argument, the password alone is tried."""
    wrong = b"-ERR wrong number of arguments for 'auth' command\r\n"
    with liar(NOAUTH, wrong, b"-ERR invalid password\r\n") as endpoint:
        record = surveyed(endpoint, {"username": "default", "password": "Sesame"}, timeout_s=2)
    assert record["outcome"] == "denied"
    with liar(
        NOAUTH, wrong, b"+OK\r\n", *BEGIN[:5], BEGIN[5].replace(b"*1", b"*0")[:-7]
    ) as endpoint:
        record = surveyed(endpoint, {"username": "default", "password": "Sesame"}, timeout_s=1)
    assert row(record, "INFO")["reply"].startswith("# Server")


INFO = b"# Server\r\nredis_version:7.0.15\r\nconnected_clients:1\r\ndb0:keys=1,expires=0\r\n"
BEGIN = (
    b"$%d\r\n%s\r\n" % (len(INFO), INFO),
    b"$1\r\nx\r\n",  # ACL WHOAMI
    b":1\r\n",  # CLIENT ID
    b":0\r\n",  # SLOWLOG LEN
    b"$5\r\nid=1 \r\n",  # CLIENT LIST
    b"*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n",  # SCAN
)


@pytest.mark.parametrize(
    "stream",
    [b":1\r\n", b"*0\r\n", b"*1\r\n$1\r\na\r\n", b"*2\r\n*0\r\n*0\r\n", b"*-1\r\n"],
)
def test_replies_of_another_shape(stream: bytes) -> None:
    """A reply that is none for its command is said to be, and the survey goes on."""
    end = b"*2\r\n$6\r\nlength\r\n:1\r\n"
    with liar(*BEGIN, stream, BEGIN[4], BEGIN[0], end) as endpoint:
        record = surveyed(endpoint, timeout_s=2)
    assert record["outcome"] == "collected"
    skipped = row(record, "XINFO", "STREAM", "a")["skipped"]
    assert skipped.startswith("its reply has not the shape it should have")


@pytest.mark.parametrize(
    "step", [b"*0\r\n", b":0\r\n", b"*2\r\n*0\r\n*0\r\n", b"*2\r\n$1\r\nx\r\n*0\r\n"]
)
def test_a_scan_of_another_shape(step: bytes) -> None:
    """A step that is none ends the scan, which is not complete; the survey goes on."""
    with liar(*BEGIN[:5], step, BEGIN[4], BEGIN[0]) as endpoint:
        record = surveyed(endpoint, timeout_s=2)
    assert record["outcome"] == "collected"
    reply = row(record, "SCAN")["reply"]
    assert (reply["complete"], reply["reason"]) == (
        False,
        "SCAN's reply has not the shape it should have",
    )


GROUPS = b"*1\r\n*4\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n"
STREAM = b"*4\r\n$6\r\nlength\r\n:1\r\n$6\r\ngroups\r\n:1\r\n"


@pytest.mark.parametrize(
    "replies",
    [
        b":1\r\n:1\r\n",
        b"*0\r\n*4\r\n:1\r\n$-1\r\n$-1\r\n:7\r\n",
        b"*1\r\n:1\r\n*4\r\n:1\r\n$-1\r\n$-1\r\n*1\r\n*1\r\n:1\r\n",
        b"*1\r\n*2\r\n*0\r\n*0\r\n*4\r\n$1\r\nx\r\n*0\r\n*0\r\n*-1\r\n",
    ],
)
def test_groups_of_another_shape(replies: bytes) -> None:
    """What XINFO CONSUMERS and XPENDING should not say ends nothing."""
    with liar(
        *BEGIN, STREAM, b"*0\r\n", GROUPS, replies, STREAM, GROUPS, *BEGIN[4::-4]
    ) as endpoint:
        record = surveyed(endpoint, timeout_s=2)
    assert record["outcome"] == "collected"
    assert row(record, "XPENDING")["skipped"].startswith("its reply has not the shape")


def test_a_client_list_that_takes_long_to_read() -> None:
    """Megabytes that look like the names of fields are read once, not again and again."""
    line = b"a-" * 4_000_000
    begun = time.monotonic()
    with liar(*BEGIN[:4], b"$%d\r\n%s\r\n" % (len(line), line), BEGIN[5]) as endpoint:
        record = surveyed(endpoint, timeout_s=2)
    assert time.monotonic() - begun < 5
    assert row(record, "CLIENT", "LIST")["reply"]["total"] == 1


def test_a_scan_that_never_ends() -> None:
    """A cursor that never comes back to its beginning ends with the scan's share of the time."""
    with liar(*BEGIN[:5], rest=b"*2\r\n$1\r\n7\r\n*0\r\n") as endpoint:
        record = surveyed(endpoint, timeout_s=1)
    assert row(record, "SCAN")["reply"]["complete"] is False


def test_a_small_memory() -> None:
    """Reading the largest reply that is taken costs tens of megabytes, not hundreds."""
    import tracemalloc

    with liar(b"*9999999\r\n", rest=b"$20\r\n" + b"h" * 20 + b"\r\n") as endpoint:
        tracemalloc.start()
        surveyed(endpoint, timeout_s=20)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 40_000_000
