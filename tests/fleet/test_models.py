"""Models on lab hosts: secrets nowhere, rotating journals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.commands import truthmap
from tests.fleet.conftest import FleetRun
from tests.lab.lab import Lab
from tests.lab.models import PLANTED


def collected(lab: Lab, folder: Path, host: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Collect from one host with some variables; return its part of the JSON report."""
    lab.write_inventory(folder / "inventory.yml", [host])
    (folder / "group_vars").mkdir(exist_ok=True)
    (folder / "group_vars" / "all.yml").write_text(yaml.safe_dump(variables))
    run = ("--archive", f"run{len(list(folder.iterdir()))}", "--format", "json")
    done = truthmap("run", "-i", folder / "inventory.yml", *run, cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "said").write_text(done.stdout + done.stderr)
    (report,) = json.loads(done.stdout)["hosts"]
    assert isinstance(report, dict)
    return report


def loads(report: dict[str, Any]) -> dict[tuple[str, str | None], str]:
    return {(row["model"], row["symbol"]): row["state"] for row in report["models"]["load"]}


def test_what_is_planted_in_models_and_their_log_stays_on_the_host(fleet_run: FleetRun) -> None:
    files = [path for path in fleet_run.folder.rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        assert PLANTED not in path.read_text(errors="replace"), path


def test_what_a_rotated_journal_forgot_is_unknown(lab: Lab, tmp_path: Path) -> None:
    """Loaded while the line is there; once it is gone, unknown, and how far back that holds."""
    lab.up(["bullseye"])
    host = lab.host("bullseye")
    script = "echo [Alpha] BTCUSDT: model loaded; exec sleep 600"
    folder = "/srv/app/models"
    host.run(f"mkdir -p {folder} && echo x > {folder}/alpha.pt && echo x > {folder}/beta.pt")
    start = "systemd-run --unit=planted-engine -p WorkingDirectory=/srv/app"
    host.run(f"{start} sh -c '{script}' && sleep 1")
    regex = r"\[(?P<model>\w+)\] (?P<symbol>\w+): model loaded"
    variables = {
        "truthmap_app_plant": {
            "models": {"families": {"alpha": ["alpha*"], "beta": ["beta*"]}},
            "load_evidence": [{"unit": "planted-engine", "patterns": {"loaded": "loaded"}}],
        },
        "probe_journal_patterns": [
            {"name": "loaded", "units": ["planted-*.service"], "regex": regex}
        ],
    }
    try:
        before = collected(lab, tmp_path, "bullseye", variables)
        assert loads(before) == {("Alpha", "BTCUSDT"): "loaded", ("beta", None): "unknown"}
        assert [item["path"] for item in before["models"]["folders"]] == [folder]
        host.run("sleep 2; journalctl --sync --rotate && journalctl --vacuum-time=1s")
        after = collected(lab, tmp_path, "bullseye", variables)
        assert loads(after) == {("alpha", None): "unknown", ("beta", None): "unknown"}
        (read,) = after["models"]["journals"]
        assert read["read_back_to"] is None or read["read_back_to"] > read["started_at"]
    finally:
        host.run("systemctl stop planted-engine; rm -rf /srv/app", check=False)
