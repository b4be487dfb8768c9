"""One collection over both hosts of `tests.lab.depot_hosts`, shared by the tests that use it."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.commands import truthmap
from tests.fleet.test_job import Controller, Job
from tests.lab import Lab
from tests.lab.depot_faults import on_the_bus
from tests.lab.depot_hosts import VARIABLES, faulty_recipe, sound_recipe
from tests.lab.hosts import LabHost

__all__ = ["FAULTY", "SOUND", "DepotRun", "collected"]

FAULTY, SOUND = "depot", "depot-sound"

_SETTLED_S = 65
"""A group's state settles a minute after its consumer was last seen, so does a replica's link."""


@dataclass(frozen=True)
class DepotRun:
    """A finished `truthmap run -vvv` over both hosts, and a job over the one with the faults."""

    done: subprocess.CompletedProcess[str]
    folder: Path
    report: dict[str, Any]
    job: Job
    host: LabHost = field(repr=False)
    """The one with the faults."""

    def findings(self, name: str) -> dict[str, dict[str, Any]]:
        """Return one host's findings by id."""
        return _findings(self.report, name)

    def without_profile(self, name: str) -> dict[str, dict[str, Any]]:
        """Return the findings of the same archive, judged as if nothing had been declared."""
        nothing = self.folder.parent / "nothing.yml"
        nothing.write_text("truthmap_app_nothing: {}\n")
        words = ("report", self.folder, "--profile", nothing, "--format", "json")
        return _findings(json.loads(truthmap(*words, cwd=self.folder).stdout), name)

    def records(self, name: str) -> dict[str, dict[str, Any]]:
        """Return one host's evidence by id."""
        bundle = json.loads((self.folder / f"{name}.json").read_text())
        return {item["id"]: item for item in bundle["evidence"]}


def collected(lab: Lab, folder: Path) -> DepotRun:
    """Bring both hosts up, and collect from them by the command and as a job."""
    lab.start_all({FAULTY: faulty_recipe(), SOUND: sound_recipe()})
    hosts = lab.inventory([FAULTY, SOUND])["all"]["hosts"]
    inventory = folder / "inventory.yml"
    content = {name: {**values, **VARIABLES} for name, values in hosts.items()}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": content}}))
    controller = Controller(lab, folder)
    _await_settled(lab.host(FAULTY))
    job = controller({FAULTY: {**controller.host(FAULTY), **VARIABLES}}, verbosity=3)
    done = truthmap("run", "-vvv", "-i", inventory, "--archive", "run", cwd=folder)
    run = folder / "run"
    report = json.loads((run / "report" / "report.json").read_text())
    return DepotRun(done, run, report, job, lab.host(FAULTY))


def _findings(report: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    (host,) = (one for one in report["hosts"] if one["host"] == name)
    return {item["id"]: item for item in host["findings"]}


def _await_settled(host: LabHost) -> None:
    """Wait until the consumer that is gone was last seen a minute ago, and the loop has turned."""
    until = time.monotonic() + 3 * _SETTLED_S
    while _idle_s(host) < _SETTLED_S or _restarts(host) < 3:
        assert time.monotonic() < until, f"{host.name} does not settle"
        time.sleep(1)


def _idle_s(host: LabHost) -> float:
    asked = on_the_bus("XINFO CONSUMERS parcels.sorted audit", show=True)
    shown = host.run(asked).stdout.split()
    return int(shown[shown.index("idle") + 1]) / 1000


def _restarts(host: LabHost) -> int:
    return int(host.run("systemctl show --value -p NRestarts depot-labels").stdout)
