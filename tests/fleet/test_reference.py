"""The reference host: what our report says beyond the hand-written one."""

from __future__ import annotations

import pytest

from tests.fleet.conftest import FleetRun
from tests.lab.units import load_reference_units

CLAIMED_BY_THE_DEAD = {
    "quantum:stream:risk.events": "quantum-risk-safety.service",
    "quantum:stream:bsc.events": "quantum-bsc.service",
}


def test_the_trainer_loops_for_want_of_its_program(fleet_run: FleetRun) -> None:
    """The loop is told with the path that is missing, and the cause ends there."""
    loop = fleet_run.findings("reference")["restart_loops:quantum-rl-trainer.service"]
    assert "/opt/quantum/venv/bin/python does not exist" in loop["message"]
    assert loop["cause"] == "cause:obstacle//opt/quantum/venv/bin/python does not exist"


def test_timers_that_nothing_starts_again_are_found(fleet_run: FleetRun) -> None:
    """Of those without a run, the ones that also have no next run are down, the others not."""
    found = {
        item["subject"].removesuffix(".timer")
        for item in fleet_run.findings("reference").values()
        if item["rule"] == "timer_state" and item["status"] == "down"
    }
    assert set(load_reference_units().timer_dead) == found


def test_one_failed_unit_is_one_thing_to_do(fleet_run: FleetRun) -> None:
    """Of logrotate three rules speak, and systemd is called degraded for it: one risk."""
    risks = [
        set(risk["findings"])
        for risk in fleet_run.host("reference")["risks"]
        if any(name.endswith(":logrotate.service") for name in risk["findings"])
    ]
    rules = ("log_rotation", "service_state", "unit_errors")
    assert risks == [{*(f"{rule}:logrotate.service" for rule in rules), "system_state:systemd"}]


@pytest.mark.parametrize("stream", sorted(CLAIMED_BY_THE_DEAD))
def test_a_claim_by_a_dead_unit_is_a_contradiction(fleet_run: FleetRun, stream: str) -> None:
    """The stream's own source names a unit that does not run."""
    found = fleet_run.findings("reference")[f"stream_producers:{stream}"]
    assert found["status"] in {"degraded", "down"}
    assert CLAIMED_BY_THE_DEAD[stream] in found["message"]


def test_a_blocked_reader_that_was_never_served_is_seen(fleet_run: FleetRun) -> None:
    """The feature publisher waits on market.tick, which has never had an entry."""
    rows = fleet_run.host("reference")["streams"]
    (row,) = [item for item in rows if item["stream"] == "quantum:stream:market.tick"]
    (group,) = [item for item in row["groups"] if item["name"] == "feature_publisher"]
    assert group["state"] == "alive"
