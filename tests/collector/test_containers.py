"""Kind `containers`: what is seen of containers, and that nobody is asked who would be started."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collector.conftest import Look
from truthmap_collector.kinds.containers import _container

SECRET = "Zk93Lw0qTtY7bVxQ"  # noqa: S105 - planted
LISTED = [
    {
        "Id": "a" * 64,
        "Names": ["/web"],
        "Image": "nginx:1.27",
        "State": "running",
        "Command": f"run --key {SECRET}",
        "Labels": {"key": SECRET},
        "Ports": [
            {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},  # noqa: S104
            {"PrivatePort": 443, "Type": "tcp"},
        ],
    },
    {"Id": 7, "Names": [f"/x {SECRET}\n"], "Image": None, "State": "exited", "Ports": "?"},
    "no object",
]


class Daemon:
    """A stand-in for dockerd: its socket, and how often it was asked."""

    def __init__(self, path: Path, body: str) -> None:
        self.asked: list[bytes] = []
        self._body = body
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            link, _ = self._socket.accept()
            with link:
                self.asked.append(link.recv(1000))
                link.sendall(f"HTTP/1.0 200 OK\r\n\r\n{self._body}".encode())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[None]:
    """A process called dockerd."""
    program = shutil.which("sleep")
    assert program
    shutil.copy(program, tmp_path / "dockerd")
    with subprocess.Popen([tmp_path / "dockerd", "60"]) as process:
        time.sleep(0.1)
        yield
        process.kill()


def look_at(look: Look, *engines: Path, stores: tuple[Path, ...] = ()) -> list[dict[str, Any]]:
    args = {"engines": [str(one) for one in engines], "stores": [str(one) for one in stores]}
    record = look({"id": "it", "kind": "containers", "args": {**args, "most": 50}})["it"]
    assert record["outcome"] == "collected"
    assert SECRET not in json.dumps(record)
    return [json.loads(line) for line in record["stdout"]["data"].splitlines()]


@pytest.mark.usefixtures("running")
def test_a_daemon_that_runs_is_asked_for_its_list(look: Look, tmp_path: Path) -> None:
    """Names, images, states and ports are kept; commands and labels are not."""
    daemon = Daemon(tmp_path / "docker.sock", json.dumps(LISTED))
    found = look_at(look, tmp_path / "docker.sock")
    assert [one.split(b"\r\n")[0] for one in daemon.asked] == [
        b"GET /containers/json?all=1 HTTP/1.0"
    ]
    listed = [one for one in found if "listed" in one]
    assert listed[0]["name"] == "web"
    assert listed[0]["ports"] == ["0.0.0.0:8080->80/tcp"]
    assert listed[1]["name"] == "<masked:19>"
    assert listed[1]["image"] == "?"
    assert len(listed) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="root starts a daemon of another user's")
def test_a_users_own_daemon_is_not_the_hosts(look: Look, tmp_path: Path) -> None:
    """Rootless Docker listens elsewhere: the host's own socket is still systemd's."""
    daemon = Daemon(tmp_path / "docker.sock", json.dumps(LISTED))
    program = shutil.which("sleep")
    assert program
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shutil.copy(program, f"{folder}/dockerd")
        with subprocess.Popen([f"{folder}/dockerd", "60"], user=1234, group=1234) as process:
            time.sleep(0.1)
            found = look_at(look, tmp_path / "docker.sock")
            os.chown(tmp_path / "docker.sock", 1234, 1234)
            own = look_at(look, tmp_path / "docker.sock")
            process.kill()
    assert {"daemon": "dockerd", "pid": process.pid, "processes": 1, "uid": 1234} in found
    (engine,) = [one for one in found if "engine" in one]
    assert engine["error"].startswith("not asked: no daemon runs")
    assert len(daemon.asked) == 1
    assert [one["name"] for one in own if "listed" in one][:1] == ["web"]


@pytest.mark.usefixtures("running")
def test_an_answer_that_is_no_list(look: Look, tmp_path: Path) -> None:
    Daemon(tmp_path / "docker.sock", "[" * 100_000)
    (engine,) = [one for one in look_at(look, tmp_path / "docker.sock") if "engine" in one]
    assert engine["error"] == "its answer is no list of containers"


def test_a_socket_without_a_daemon_is_left_alone(look: Look, tmp_path: Path) -> None:
    """Where systemd holds the socket, the question would start what is not running."""
    daemon = Daemon(tmp_path / "docker.sock", "[]")
    (engine,) = [one for one in look_at(look, tmp_path / "docker.sock") if "engine" in one]
    assert engine["error"].startswith("not asked: no daemon runs")
    assert daemon.asked == []


def test_the_names_podman_keeps(look: Look, tmp_path: Path) -> None:
    store = tmp_path / "containers.json"
    metadata = json.dumps({"image-name": "localhost/job:1", "env": SECRET})
    row = {"id": "b" * 64, "names": ["job"], "metadata": metadata, "flags": {"x": SECRET}}
    store.write_text(json.dumps([row, {"names": None}, 3]))
    stored = [one for one in look_at(look, stores=(store,)) if "stored" in one]
    assert stored[0] == {
        "stored": str(store),
        "id": "b" * 12,
        "name": "job",
        "image": "localhost/job:1",
    }
    store.write_text("{" * 10_000)
    (broken,) = [one for one in look_at(look, stores=(store,)) if "store" in one]
    assert broken["error"] == "it cannot be read as a list of containers"


@pytest.mark.parametrize(
    ("group", "found"),
    [
        ("/system.slice/docker-" + "a" * 64 + ".scope", ("docker", "a" * 12)),
        ("/docker/" + "a" * 64 + "/init.scope", ("docker", "a" * 12)),
        ("/machine.slice/libpod-" + "b" * 64 + ".scope/container", ("podman", "b" * 12)),
        ("/machine.slice/libpod-conmon-" + "b" * 64 + ".scope", None),
        ("/kubepods.slice/x/cri-containerd-" + "c" * 64 + ".scope", ("containerd", "c" * 12)),
        ("/lxc.payload.web/system.slice/x.service", ("lxc", "web")),
        ("/docker/" + "a" * 64 + "/libpod-" + "b" * 64, ("docker", "a" * 12)),
        ("/kubepods/besteffort/pod1/" + "d" * 64, ("other", "d" * 12)),
        ("/system.slice/nerdctl-" + "e" * 64 + ".scope", ("containerd", "e" * 12)),
        ("/machine.slice/machine-web.scope", ("nspawn", "web")),
        ("/system.slice/docker.service", None),
        ("/user.slice/user-0.slice", None),
        ("/", None),
    ],
)
def test_containers_by_their_control_groups(group: str, found: tuple[str, str] | None) -> None:
    assert _container(group) == found
