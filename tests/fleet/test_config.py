"""Configuration of the reference host: what its report left unanswered, and no secret anywhere."""

from __future__ import annotations

from tests.fleet.conftest import FleetRun
from tests.lab.env_files import secrets

PLANTED = {
    "command_line_secrets:command/quantum-policy-sync.service": ("degraded", "P2"),
    "env_backups:copies in /etc/quantum": ("degraded", "P3"),
    "env_file_access:/etc/quantum/apply-layer.env": ("degraded", "P2"),
    "env_file_unused:unused in /etc/quantum": ("degraded", "P3"),
    "env_modes:modes/quantum": ("degraded", "P2"),
    "env_modes:modes/quantum-harvest-brain.service": ("degraded", "P2"),
    "env_overrides:env/quantum-execution.service": ("degraded", "P3"),
    "env_secrets_shared:BINANCE_API_KEY in /etc/quantum/ai-engine.env, /etc/quantum/testnet.env": (
        "degraded",
        "P2",
    ),
    "env_syntax:/etc/quantum/marketstate.env": ("degraded", "P3"),
    "env_syntax:/etc/quantum/position-state-brain.env": ("degraded", "P3"),
    "env_values:quantum/MAX_LEVERAGE": ("degraded", "P3"),
    "env_values:quantum/RECV_WINDOW": ("degraded", "P3"),
}


def test_all_that_was_planted_is_found_and_nothing_else(fleet_run: FleetRun) -> None:
    seen = {
        name: (item["status"], item["severity"])
        for name, item in fleet_run.findings("reference").items()
        if item["section"] == "config" and item["status"] != "ok"
    }
    assert seen == PLANTED


def test_no_planted_secret_is_outside_the_host(fleet_run: FleetRun) -> None:
    """Neither whole nor in part: not in the archive, the reports, or what the command printed."""
    files = [path for path in fleet_run.folder.rglob("*") if path.is_file()]
    kept = "\n".join(path.read_text(errors="replace") for path in files)
    kept += fleet_run.done.stdout + fleet_run.done.stderr
    assert len(files) > 4
    for secret in secrets().values():
        for part in (secret, secret[:14], secret[-14:]):
            assert part not in kept
