"""The reference host: its repository, held against what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet.conftest import FleetRun
from tests.lab.repository import PLANTED, ROOT


@pytest.mark.parametrize(
    ("file", "drift"),
    [("SYSTEM_INVENTORY.yaml", "3 of 6 items"), ("module_registry.json", "3 of 4 items")],
)
def test_the_drift_of_an_inventory(fleet_run: FleetRun, file: str, drift: str) -> None:
    """In conflict with what runs, by so many of its items."""
    whole = fleet_run.findings("reference")[f"declared_inventories:{ROOT}/{file}"]
    assert "conflicts with the current systemd state" in whole["message"]
    assert drift in whole["message"]


def test_what_an_inventory_says_of_each(fleet_run: FleetRun) -> None:
    """Agrees, contradicts, missing: one finding each."""
    findings = fleet_run.findings("reference")
    name = f"declared_inventories:{ROOT}/SYSTEM_INVENTORY.yaml"
    statuses = {unit: findings[f"{name}/quantum_{unit}"]["status"] for unit in ("ai_engine", "clm")}
    assert statuses == {"ai_engine": "ok", "clm": "degraded"}
    assert "no such unit exists" in findings[f"{name}/quantum_redis"]["message"]


def test_the_streams_of_an_inventory(fleet_run: FleetRun) -> None:
    """Names are found in texts; the one that is in no Redis is told."""
    findings = fleet_run.findings("reference")
    name = f"declared_inventories:{ROOT}/SYSTEM_INVENTORY.yaml"
    assert findings[f"{name}/quantum_execution"]["status"] == "ok"
    gone = findings[f"{name}/quantum_risk_safety"]["message"]
    assert "that no Redis server here has: quantum:stream:risk.alerts" in gone


def test_an_inventory_of_containers_on_a_host_without_any(fleet_run: FleetRun) -> None:
    """What is declared a container runs as a unit, or not at all."""
    findings = fleet_run.findings("reference")
    name = f"declared_inventories:{ROOT}/SYSTEM_INVENTORY.yaml"
    for item, rest in (("ai_engine", "; it runs as quantum-ai-engine.service"), ("clm", "")):
        message = findings[f"{name}/quantum_{item}"]["message"]
        assert message.endswith("the host has no container engine" + rest)


def test_a_secret_in_the_code_stays_there(fleet_run: FleetRun) -> None:
    """Not in the archive, nor in a report."""
    files: list[Path] = [path for path in fleet_run.folder.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not [path for path in files if PLANTED.encode() in path.read_bytes()]
