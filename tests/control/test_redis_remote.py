"""Servers asked from the control node: TLS, ACL user, Sentinel and Cluster, against real ones."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reporter.byhand import declared_probes
from tests.redis_server import RedisServer, free_port, start
from truthmap_control import remote

LIMITS = {"host_timeout_s": 20.0, "probe_timeout_s": 10.0}
LEAST = "-@all +info +scan +xinfo +xrevrange +xpending +client|list +client|id +acl|whoami %R~*"


def surveyed(*given: dict[str, Any], **limits: float) -> dict[str, dict[str, Any]]:
    """Survey endpoints as the action plugin does; return the records by id."""
    (probe,) = [probe for probe in declared_probes() if probe["id"] == "redis_remote"]
    survey = remote.Survey([(probe, remote.read(probe, list(given)))], {**LIMITS, **limits})
    return {record["id"]: record for record in survey.answer()["evidence"]}


def streams(record: dict[str, Any]) -> list[str]:
    """The streams a record's scan found."""
    rows = [json.loads(line) for line in record["stdout"]["data"].splitlines()]
    (found,) = [row["reply"]["streams"] for row in rows if row["ask"][0] == "SCAN"]
    assert isinstance(found, list)
    return found


def outcome(record: dict[str, Any]) -> tuple[str, str | None]:
    return record["outcome"], record["reason"]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority and a certificate of it for `localhost`."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    new = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test")
    openssl("req", *new, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "request.pem", *signed, "-out", "cert.pem")
    return folder


@pytest.fixture(scope="module")
def secured(
    tmp_path_factory: pytest.TempPathFactory, certificates: Path
) -> Iterator[tuple[RedisServer, int]]:
    """A server that speaks TLS only, asks for a client's certificate, and knows a user."""
    port = free_port()
    options = ["--tls-port", str(port), "--tls-ca-cert-file", f"{certificates}/ca.pem"]
    options += ["--tls-cert-file", f"{certificates}/cert.pem"]
    options += ["--tls-key-file", f"{certificates}/key.pem"]
    with start(tmp_path_factory.mktemp("redis"), *options, port=0) as server:
        client = server.client()
        client.execute_command("ACL", "SETUSER", "least", "on", ">Sesame-6d1f", *LEAST.split())
        client.execute_command("ACL", "SETUSER", "default", "resetpass", "-@all")
        yield server, port


def secure(port: int, certificates: Path, **more: Any) -> dict[str, Any]:
    return {
        "name": "cache",
        "host": "localhost",
        "port": port,
        "tls": True,
        "ca": f"{certificates}/ca.pem",
        "cert": f"{certificates}/cert.pem",
        "key": f"{certificates}/key.pem",
        "username": "least",
        "password": "Sesame-6d1f",
        **more,
    }


def test_tls_and_a_user(secured: tuple[RedisServer, int], certificates: Path) -> None:
    """A verified server, a client's certificate, an ACL user: one record, nothing secret in it."""
    record = surveyed(secure(secured[1], certificates))["redis_remote[cache]"]
    assert outcome(record) == ("collected", None)
    assert record["item"] == "cache"
    assert record["probe"] == "redis_remote"
    assert record["command"] == (
        f"redis-cli -h localhost -p {secured[1]} --tls --cacert {certificates}/ca.pem "
        f"--cert {certificates}/cert.pem --key {certificates}/key.pem INFO"
    )
    assert '"ask": ["ACL", "WHOAMI"]' in record["stdout"]["data"]
    assert '"reply": "least"' in record["stdout"]["data"]
    assert "Sesame" not in str(record)


def test_a_certificate_that_is_not_trusted(
    secured: tuple[RedisServer, int], certificates: Path
) -> None:
    """By its issuer, or by its name; `verify: false` takes it."""
    port = secured[1]
    for change in ({"ca": ""}, {"host": "127.0.0.1"}):
        record = surveyed(secure(port, certificates, **change))["redis_remote[cache]"]
        assert record["outcome"] == "error"
        assert "its certificate is not accepted" in record["reason"]
        assert record["reason"].endswith("check ca, or set verify: false")
    taken = surveyed(secure(port, certificates, ca="", host="127.0.0.1", verify=False))
    assert taken["redis_remote[cache]"]["outcome"] == "collected"


def test_files_that_cannot_be_read(secured: tuple[RedisServer, int], certificates: Path) -> None:
    """A certificate's path that is wrong is named."""
    record = surveyed(secure(secured[1], certificates, ca="/none.pem"))["redis_remote[cache]"]
    expected = f"localhost:{secured[1]}: ca: /none.pem cannot be read on the control node"
    assert outcome(record) == ("error", expected)


def test_tls_where_there_is_none(tmp_path: Path) -> None:
    """A server that speaks no TLS may wait in silence, or say something else."""
    with start(tmp_path / "redis") as server:
        asked = {"name": "a", "host": "127.0.0.1", "port": server.port, "tls": True}
        record = surveyed({**asked, "verify": False})["redis_remote[a]"]
        asked = {"name": "b", "host": "127.0.0.1", "port": plain(b"HTTP/1.0 400 No\r\n\r\n")}
        other = surveyed({**asked, "tls": True, "verify": False})["redis_remote[b]"]
    assert record["outcome"] == "timeout"
    assert record["reason"].endswith("no TLS connection within 5 s: it may speak none")
    assert other["outcome"] == "error"
    assert "no TLS (" in other["reason"]


def plain(answer: bytes) -> int:
    """The port of a program that answers once, not by TLS."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as link:
            link.recv(4096)
            link.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def test_a_wrong_password(secured: tuple[RedisServer, int], certificates: Path) -> None:
    """It is denied, and named nowhere."""
    given = secure(secured[1], certificates, password="Wrong-8c2e")  # noqa: S106 - a test's own
    record = surveyed(given)["redis_remote[cache]"]
    assert record["outcome"] == "denied"
    assert "WRONGPASS" in record["reason"]
    assert "Wrong-8c2e" not in str(record)


def test_all_at_once(tmp_path: Path) -> None:
    """Each endpoint has its record, whatever became of the others; a silent one costs its time."""
    with start(tmp_path / "redis") as server, start(tmp_path / "other") as silent:
        server.client().xadd("a", {"source": "x"})
        silent.pause()
        begun = time.monotonic()
        records = surveyed(
            {"name": "here", "unix": server.socket},
            {"name": "there", "url": f"redis://127.0.0.1:{server.port}"},
            {"name": "refused", "host": "127.0.0.1", "port": free_port()},
            {"name": "unknown", "host": "no.such.host.invalid"},
            {"name": "silent", "host": "127.0.0.1", "port": silent.port},
            host_timeout_s=4.0,
        )
        assert time.monotonic() - begun < 8
    found = {key: record["outcome"] for key, record in records.items()}
    assert found == {
        "redis_remote[here]": "collected",
        "redis_remote[there]": "collected",
        "redis_remote[refused]": "absent",
        "redis_remote[unknown]": "error",
        "redis_remote[silent]": "timeout",
    }
    assert streams(records["redis_remote[here]"]) == ["a"]
    assert records["redis_remote[here]"]["command"] == f"redis-cli -s {server.socket} INFO"
    assert "the name is not known" in records["redis_remote[unknown]"]["reason"]


def test_sentinel(tmp_path: Path) -> None:
    """The sentinel's word says where the primary is; one that is gone is passed over."""
    with start(tmp_path / "redis") as server:
        server.client().xadd("of-the-primary", {"x": "1"})
        text = f"port 0\nsentinel monitor main 127.0.0.1 {server.port} 1\n"
        folder = tmp_path / "sentinel"
        folder.mkdir()
        (folder / "sentinel.conf").write_text(text)
        with sentinel(folder) as port:
            nodes = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{port}"]
            records = surveyed(
                {"name": "main", "sentinel": {"service": "main", "nodes": nodes}},
                {"name": "other", "sentinel": {"service": "other", "nodes": nodes[1:]}},
                {"name": "gone", "sentinel": {"service": "main", "nodes": nodes[:1]}},
            )
    record = records["redis_remote[main]"]
    assert outcome(record) == ("collected", None)
    assert streams(record) == ["of-the-primary"]
    assert record["command"] == f"redis-cli -h 127.0.0.1 -p {server.port} INFO"
    other = records["redis_remote[other]"]
    assert other["outcome"] == "absent"
    assert "no service is called other there" in other["reason"]
    assert "SENTINEL GET-MASTER-ADDR-BY-NAME other" in other["command"]
    assert records["redis_remote[gone]"]["outcome"] == "absent"


def sentinel(folder: Path) -> Any:
    """A sentinel on a free port."""

    @contextlib.contextmanager
    def running() -> Iterator[int]:
        port = free_port()
        path = folder / "sentinel.conf"
        path.write_text(path.read_text().replace("port 0", f"port {port}"))
        binary = shutil.which("redis-server")
        assert binary is not None
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen([binary, path, "--sentinel"], stdout=log, stderr=log)
        try:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                time.sleep(0.02)
            yield port
        finally:
            process.kill()
            process.wait()

    return running()


def test_cluster(tmp_path: Path) -> None:
    """Each primary has a record of its own, named by its address."""
    options = ("--cluster-enabled", "yes", "--cluster-require-full-coverage", "no")
    with start(tmp_path / "a", *options) as one, start(tmp_path / "b", *options) as two:
        one.client().execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
        two.client().execute_command("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
        one.client().execute_command("CLUSTER", "MEET", "127.0.0.1", two.port)
        until = time.monotonic() + 15
        while not (is_whole(one) and is_whole(two)):
            assert time.monotonic() < until
            time.sleep(0.1)
        two.client().xadd("a", {"x": "1"})  # slot 15495
        one.client().xadd("b", {"x": "1"})  # slot 3300
        asked = {"name": "shards", "host": "127.0.0.1", "port": one.port, "cluster": True}
        records = surveyed(asked)
    assert {key: streams(record) for key, record in records.items()} == {
        f"redis_remote[shards/127.0.0.1:{one.port}]": ["b"],
        f"redis_remote[shards/127.0.0.1:{two.port}]": ["a"],
    }


def is_whole(server: RedisServer) -> bool:
    """Whether a node of the cluster knows an owner for every slot, and serves."""
    words = ["redis-cli", "-s", server.socket, "CLUSTER", "INFO"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return "cluster_state:ok" in told and "cluster_slots_assigned:16384" in told


def test_a_cluster_that_is_none(tmp_path: Path) -> None:
    """A single server asked for its slots says what it is."""
    with start(tmp_path / "redis") as server:
        asked = {"name": "a", "host": "127.0.0.1", "port": server.port, "cluster": True}
        record = surveyed(asked)["redis_remote[a]"]
    assert record["outcome"] == "error"
    assert "CLUSTER SLOTS was refused" in record["reason"]


def test_without_redis_py(tmp_path: Path) -> None:
    """What to install is the record's reason; a host's own collection does not need it."""
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "from truthmap_control import redis_remote, redis_endpoints\n"
        "import time, contextlib\n"
        "one = redis_endpoints.Endpoint('a', '127.0.0.1', 1)\n"
        "try:\n"
        "    with redis_remote._connected(one, '127.0.0.1', 1, time.monotonic() + 1): pass\n"
        "except redis_remote._NotReachedError as error:\n"
        "    print(error.verdict.outcome, error.verdict.reason)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("error redis-py is not installed on the control node: install")
    assert "pip install 'truthmap[redis]'" in done.stdout
