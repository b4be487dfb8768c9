"""The reference host: its repository, held against what runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fleet.conftest import FleetRun
from tests.lab.repository import PLANTED, ROOT


def block(fleet_run: FleetRun, component: str) -> list[dict[str, Any]]:
    """Return the findings of a component of the reference host."""
    found = fleet_run.findings("reference").values()
    return [item for item in found if item["component"] == component]


@pytest.mark.parametrize(
    ("component", "date", "drift"),
    [
        ("SYSTEM_INVENTORY.yaml", "last_update=2025-12-21", "3 of 6 items"),
        ("module_registry.json", "generated_at=2026-01-17", "3 of 4 items"),
    ],
)
def test_an_inventory(fleet_run: FleetRun, component: str, date: str, drift: str) -> None:
    """A.system-inventory-yaml, A.module-registry-json: old, and in conflict with what runs."""
    found = block(fleet_run, component)
    assert {item["running"] for item in found} == {"na"}
    assert {name for item in found for name in item["connected_to"]} == {"repo file"}
    whole = next(item for item in found if item["id"].endswith(component))
    assert whole["status"] == "degraded"
    assert date in whole["message"]
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


def test_the_imports_were_checked(fleet_run: FleetRun) -> None:
    """A.module-usage-imports: what the report had not checked is answered."""
    usage = fleet_run.findings("reference")[f"module_usage:modules{ROOT}"]
    assert "5 services use 7 modules; 2 modules are used by none" in usage["message"]
    assert "forgotten.py" in " ".join(usage["details"])
    assert usage["connected_to"] == ["repo tree"]


def test_a_secret_in_the_code_stays_there(fleet_run: FleetRun) -> None:
    """Not in the archive, nor in a report."""
    files: list[Path] = [path for path in fleet_run.folder.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not [path for path in files if PLANTED.encode() in path.read_bytes()]
