"""The reference host: the report says what the hand-written one said about services and loops."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet.conftest import FleetRun
from tests.lab.units import load_reference_units

STATEMENTS = yaml.safe_load(
    (Path(__file__).parents[1] / "reference" / "statements.yml").read_text()
)
UNITS = [
    *(
        {**group, "id": f"A.unit.{unit.removesuffix('.service')}", "units": [unit]}
        for group in STATEMENTS["units"]
        for unit in group["units"]
    ),
    *STATEMENTS["named"],
]
SHOWN = {
    "running": ("yes", "ActiveState=active", "SubState=running"),
    "auto-restart": ("unstable", "ActiveState=activating", "SubState=auto-restart"),
    "crash-loop": ("unstable", "ActiveState=active", "SubState=running"),
    "inactive": ("no", "ActiveState=inactive", "SubState=dead"),
    "idle": ("no", "ActiveState=inactive", "SubState=dead"),
    "missing": ("no", "LoadState=not-found", ""),
}
STATUS = {
    "running": {"ok"},
    "auto-restart": {"down"},
    "crash-loop": {"degraded"},
    "inactive": {"down", "ok"},
    "idle": {"ok"},
    "missing": {"down"},
}
RULES = {"missing": "missing_units", "auto-restart": "restart_loops", "crash-loop": "restart_loops"}


def finding(fleet_run: FleetRun, unit: str, state: str) -> dict[str, Any]:
    return fleet_run.findings("reference")[f"{RULES.get(state, 'service_state')}:{unit}"]


@pytest.mark.parametrize("statement", UNITS, ids=lambda item: str(item["id"]))
def test_the_state_of_a_unit(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """Each raw statement holds: the state as systemd shows it, the verdict as it follows."""
    state = statement["state"]
    running, *lines = SHOWN[state]
    for unit in statement["units"]:
        found = finding(fleet_run, unit, state)
        excerpt = "\n".join(item["excerpt"] or "" for item in found["evidence"])
        if state == "inactive" and f"{unit} disabled" in excerpt:
            lines = []  # not in systemd's memory at all: inactive, and nothing asks for it
        for line in filter(None, lines):
            assert line in excerpt
        assert found["running"] == running
        assert found["status"] in STATUS[state]


def test_the_population_is_the_references() -> None:
    """30 active (one of them in a loop), 48 inactive, 2 missing, 2 loops."""
    count = Counter(item["state"] for item in UNITS for _ in item["units"])
    assert count["running"] + count["auto-restart"] == 29 + 2
    assert count["inactive"] + count["idle"] == 48
    assert (count["missing"], count["crash-loop"]) == (2, 1)


def test_the_trainer_loops_with_203_and_its_path(fleet_run: FleetRun) -> None:
    """The auto-restart loop is named with the exit status and the path that is missing."""
    loop = fleet_run.findings("reference")["restart_loops:quantum-rl-trainer.service"]
    service = fleet_run.findings("reference")["service_state:quantum-rl-trainer.service"]
    assert "/opt/quantum/venv/bin/python" in service["message"] + "".join(service["details"])
    assert "203" in loop["message"] + service["message"]
    assert "ExecMainStatus=203" in "".join(item["excerpt"] or "" for item in loop["evidence"])
    assert loop["severity"] == "P0"


def test_the_crash_loop_is_met_in_its_running_moment(fleet_run: FleetRun) -> None:
    """A loop slower than the start limit is found, with a rate, though the unit runs now."""
    loop = fleet_run.findings("reference")["restart_loops:quantum-exit-monitor.service"]
    assert loop["severity"] == "P0"
    assert "per hour" in loop["message"]


@pytest.mark.parametrize("block", STATEMENTS["blocks"], ids=lambda item: str(item["id"]))
def test_a_block_as_a_whole(fleet_run: FleetRun, block: dict[str, Any]) -> None:
    """The text report shows the block with the reference's status and running."""
    marks = {"ok": "✅", "degraded": "⚠️", "down": "❌"}
    words = {"yes": "YES", "no": "NO", "partial": "PARTIAL", "unstable": "YES (unstable)"}
    words["na"] = "N/A"
    text = (fleet_run.folder / "report" / "report.txt").read_text()
    own = text[text.index("reference - Total System") :]
    lines = own[own.index(f"Component: {block['component']}\n") :].splitlines()
    if block["status_expect"] == "same":
        assert lines[1] == f"  - Status: {marks[block['status']]}"
    if block["running_expect"] == "same":
        assert lines[2] == f"  - Running: {words[block['running']]}"


@pytest.mark.parametrize("statement", STATEMENTS["timers"], ids=lambda item: str(item["id"]))
def test_the_runs_of_timers(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """Each timer of a statement has, or lacks, a last run on record."""
    for unit in statement["units"]:
        found = fleet_run.findings("reference")[f"timer_state:{unit}"]
        (last,) = re.findall(r"^LastTriggerUSec=(.*)$", found["evidence"][0]["excerpt"], re.M)
        assert statement["ran"] == (last not in ("", "n/a"))
        assert found["connected_to"] == ["systemd timers"]
        if statement["ran"]:
            assert (found["status"], found["running"]) == ("ok", "yes")


def test_timers_that_nothing_starts_again_are_found(fleet_run: FleetRun) -> None:
    """Of those without a run, the ones that also have no next run are down, the others not."""
    found = {
        item["subject"].removesuffix(".timer")
        for item in fleet_run.findings("reference").values()
        if item["rule"] == "timer_state" and item["status"] == "down"
    }
    assert set(load_reference_units().timer_dead) == found


@pytest.mark.parametrize("statement", STATEMENTS["ports"], ids=lambda item: str(item["id"]))
def test_the_ports(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """Only the ports of the statement are open to the world, beside sshd's; the others are not."""
    found = fleet_run.findings("reference")
    for port in statement["open"]:
        assert found[f"expected_ports:port/{port}"]["status"] == "ok"
    for port in statement["closed"]:
        assert found[f"expected_ports:port/{port}"]["status"] == "down"
    messages = [item["message"] for item in found.values() if item["rule"] == "listening_ports"]
    world = [text.split()[2] for text in messages if "(open to the world)" in text]
    assert {*map(str, statement["open"]), "22"} == set(world)


@pytest.mark.parametrize("statement", STATEMENTS["logging"], ids=lambda item: str(item["id"]))
def test_what_a_block_is_connected_to(fleet_run: FleetRun, statement: dict[str, Any]) -> None:
    """The component's findings name what the statement says it is connected to."""
    found = [
        item
        for item in fleet_run.findings("reference").values()
        if item["component"] == statement["component"]
    ]
    assert found
    for item in found:
        assert statement["connected_to"] == item["connected_to"]


def test_active_services_are_connected_to_redis_and_local_ports(fleet_run: FleetRun) -> None:
    """A.active-services-running.connected: Redis, and ports of this host, as observed."""
    text = (fleet_run.folder / "report" / "report.txt").read_text()
    own = text[text.index("reference - Total System") :]
    block = own[own.index("Component: Active services (running)") :]
    shown = " ".join(block[: block.index("- Last verified")].split())
    assert "Redis (redis-server.service)" in shown
    for name, port in load_reference_units().listeners.items():
        assert f"{name}.service (tcp {port})" in shown


def test_logrotate_failed_is_found(fleet_run: FleetRun) -> None:
    """The failed logrotate of the reference."""
    found = fleet_run.findings("reference")["service_state:logrotate.service"]
    assert found["status"] == "down"
    assert found["severity"] == "P2"


def test_log_rotation_is_the_references(fleet_run: FleetRun) -> None:
    """Log rotation: status ❌, running NO, logrotate.service failed, and one thing to do."""
    text = (fleet_run.folder / "report" / "report.txt").read_text()
    own = text[text.index("reference - Total System") :]
    lines = own[own.index("Component: Log rotation\n") :].splitlines()
    assert lines[1:3] == ["  - Status: ❌", "  - Running: NO"]
    found = fleet_run.findings("reference")["log_rotation:logrotate.service"]
    assert found["severity"] == "P2"
    assert found["message"].startswith("logrotate.service failed at ")
    risks = [
        set(risk["findings"])
        for risk in fleet_run.host("reference")["risks"]
        if any(name.endswith(":logrotate.service") for name in risk["findings"])
    ]
    rules = ("log_rotation", "service_state", "unit_errors")
    assert risks == [{f"{rule}:logrotate.service" for rule in rules}]
