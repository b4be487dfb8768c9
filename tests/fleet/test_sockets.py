"""Sockets of a live host: a planted root listener is found, and is all that is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.commands import truthmap
from tests.lab import Lab
from tests.lab.hosts import LabHost, Recipe

UNIT = """\
[Unit]
Description=Planted listener
[Service]
ExecStart=/usr/bin/python3 /opt/listener.py
[Install]
WantedBy=multi-user.target
"""
PROGRAM = """\
import signal, socket
listener = socket.create_server(("0.0.0.0", 9999))
redis = socket.create_connection(("127.0.0.1", 6379))
signal.pause()
"""


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[LabHost]:
    """A host of its own, on which a service of root's listens to the world and talks to Redis."""
    found = lab.start("listener", Recipe("bookworm"))
    found.put_files(
        {
            "/etc/systemd/system/listener.service": (UNIT, 0o644),
            "/opt/listener.py": (PROGRAM, 0o644),
        }
    )
    found.run("systemctl daemon-reload && systemctl enable --now listener.service")
    found.run("for i in $(seq 50); do ss -tn | grep -q 127.0.0.1:6379 && exit; sleep 0.1; done")
    yield found
    lab.stop("listener")


def report(lab: Lab, folder: Path, user: str = "root") -> tuple[dict[str, dict[str, Any]], str]:
    """Collect from the host as a user; return its findings by id, and the report as text."""
    inventory = lab.write_inventory(folder / "inventory.yml", ["listener"], user=user)
    variables = folder / "host_vars" / "listener.yml"
    variables.parent.mkdir()
    variables.write_text(json.dumps({"truthmap_app_planted": {"expected_ports": [9999, 9998]}}))
    done = truthmap("run", "-i", inventory, "--archive", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    (host,) = json.loads((folder / "run" / "report" / "report.json").read_text())["hosts"]
    return {item["id"]: item for item in host["findings"]}, done.stdout


def test_exactly_the_planted_listener_is_found(lab: Lab, host: LabHost, tmp_path: Path) -> None:
    """Port 9999 is degraded, the port nobody listens on down, and nothing else is not ok."""
    found, text = report(lab, tmp_path)
    bad = {name: (item["status"], item["severity"]) for name, item in found.items()}
    bad = {name: verdict for name, verdict in bad.items() if verdict[0] != "ok"}
    assert bad == {
        "listening_ports:tcp/0.0.0.0:9999": ("degraded", "P3"),
        "expected_ports:port/9998": ("down", "P2"),
    }
    listener = found["listening_ports:tcp/0.0.0.0:9999"]
    assert "listener.service as root, /usr/bin/python3.11" in listener["message"]
    assert "pid=" in str(listener["evidence"])
    talk = found["unit_connections:listener.service"]
    assert talk["connected_to"] == ["Redis (redis-server.service)"]
    services = text[text.index("Component: Active services") :]
    assert "Connected to: Redis (redis-server.service)" in services[: services.index("Evidence")]


def test_without_rights_it_is_unknown(lab: Lab, host: LabHost, tmp_path: Path) -> None:
    """Another user sees the ports, not whose they are: no listener is ok, none is an alarm."""
    found, _ = report(lab, tmp_path, user="auditor")
    listening = [item for name, item in found.items() if name.startswith("listening_ports:")]
    assert {item["status"] for item in listening} == {"unknown"}
    assert found["expected_ports:port/9999"]["status"] == "ok"
    assert found["expected_ports:port/9998"]["status"] == "down"
    assert found["unit_connections:owners"]["status"] == "unknown"
