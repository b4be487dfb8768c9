"""Collections over lab hosts, each made once and shared by the tests that look at its result."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import depot_fleet, redis_fleet
from tests.fleet.commands import truthmap
from tests.fleet.depot_fleet import DepotRun
from tests.fleet.redis_fleet import RedisRun
from tests.lab import Lab
from tests.lab.hosts import LabHost
from tests.lab.lab import DEFAULT_HOSTS

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "inventory" / "example" / "group_vars" / "quantum.yml"


@dataclass(frozen=True)
class FleetRun:
    """A finished collection: the command's result, the run's folder, the JSON report by host."""

    done: subprocess.CompletedProcess[str]
    folder: Path
    report: dict[str, Any]

    def host(self, name: str) -> dict[str, Any]:
        """Return one host of the JSON report."""
        found: dict[str, Any] = next(item for item in self.report["hosts"] if item["host"] == name)
        return found

    def findings(self, name: str) -> dict[str, dict[str, Any]]:
        """Return one host's findings by id."""
        return {item["id"]: item for item in self.host(name)["findings"]}


@pytest.fixture(scope="session")
def fleet(lab: Lab) -> Lab:
    """The four default hosts, with the crash loop of the reference host a few restarts in."""
    lab.up(DEFAULT_HOSTS)
    reference = lab.host("reference")
    until = time.monotonic() + 300
    while not in_its_running_moment(reference):
        assert time.monotonic() < until, "the crash loop of the reference host does not loop"
        time.sleep(1)
    return lab


def in_its_running_moment(host: LabHost) -> bool:
    """Whether the crash loop has turned a few times and has just begun its next life."""
    names = "NRestarts,SubState,ActiveEnterTimestampMonotonic"
    shown = host.run(f"systemctl show -p {names} quantum-exit-monitor.service; cat /proc/uptime")
    *lines, uptime = shown.stdout.splitlines()
    state = dict(line.split("=") for line in lines)
    age = float(uptime.split()[0]) - int(state["ActiveEnterTimestampMonotonic"]) / 1e6
    return int(state["NRestarts"]) >= 4 and state["SubState"] == "running" and age < 15


@pytest.fixture(scope="session")
def fleet_run(fleet: Lab, tmp_path_factory: pytest.TempPathFactory) -> FleetRun:
    """`truthmap run -i <lab inventory>`, the reference host with its application's profile."""
    folder = tmp_path_factory.mktemp("fleet")
    inventory = fleet.write_inventory(folder / "inventory.yml", DEFAULT_HOSTS)
    variables = folder / "host_vars" / "reference.yml"
    variables.parent.mkdir()
    variables.write_text(PROFILE.read_text())
    for attempt in range(1, 6):
        run = folder / f"run-{attempt}"
        done = truthmap("run", "-i", inventory, "--archive", run.name, cwd=folder)
        found = FleetRun(done, run, json.loads((run / "report" / "report.json").read_text()))
        if _met_as_the_reference_was(found):
            return found
    raise AssertionError("the loops of the reference host were never met as the report met them")


def _met_as_the_reference_was(found: FleetRun) -> bool:
    """Whether both loops show the states of the report: they pass through others for moments.

    The units are looked at twice; what is said of a service is of the first time.
    """
    states = {"quantum-rl-trainer": "auto-restart", "quantum-exit-monitor": "running"}
    loops = {
        f"{rule}:{unit}.service": f"SubState={state}"
        for unit, state in states.items()
        for rule in ("restart_loops", "service_state")
    }
    findings = found.findings("reference")
    return all(
        any(line in (item["excerpt"] or "") for item in findings[name]["evidence"])
        for name, line in loops.items()
        if name in findings
    )


@pytest.fixture(scope="session")
def redis_run(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> RedisRun:
    """`truthmap run` over the hosts of tests/lab/redis_hosts.py, with and without credentials."""
    return redis_fleet.collected(lab, tmp_path_factory.mktemp("redis-fleet"))


@pytest.fixture(scope="session")
def depot_run(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> DepotRun:
    """`truthmap run` over the hosts of tests/lab/depot_hosts.py, the sound one and the other."""
    return depot_fleet.collected(lab, tmp_path_factory.mktemp("depot-fleet"))
