"""The fleet as a whole: all reached, untouched hosts raise nothing, the archive holds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reporter.archive import load
from reporter.report import host_report
from tests.ablation import violations
from tests.fleet.commands import truthmap
from tests.fleet.conftest import FleetRun, in_its_running_moment
from tests.lab.lab import DEFAULT_HOSTS, Lab

UNTOUCHED = ("bullseye", "bookworm", "trixie")


def test_every_host_is_reached(fleet_run: FleetRun) -> None:
    """Exit 0, four hosts, each with its evidence complete."""
    assert fleet_run.done.returncode == 0, fleet_run.done.stderr
    assert [item["host"] for item in fleet_run.report["hosts"]] == sorted(DEFAULT_HOSTS)
    assert fleet_run.report["unreachable"] == []
    for host in fleet_run.report["hosts"]:
        assert host["coverage"]["missing"] == 0, host["host"]
        assert abs(host["clock"]["offset_s"]) <= host["clock"]["uncertainty_s"] + 0.001
    assert "Archive: " in fleet_run.done.stderr


@pytest.mark.parametrize("name", UNTOUCHED)
def test_an_untouched_host_raises_nothing(fleet_run: FleetRun, name: str) -> None:
    """No finding worse than ok on a host nobody touched."""
    bad = {
        item["id"]: item["message"]
        for item in fleet_run.host(name)["findings"]
        if item["status"] != "ok"
    }
    assert bad == {}


def test_the_archive_is_private_and_follows_its_schema(fleet_run: FleetRun) -> None:
    """0600 files in a 0700 folder, and `truthmap verify` is content."""
    assert fleet_run.folder.stat().st_mode & 0o777 == 0o700
    for path in fleet_run.folder.glob("*.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    done = truthmap("verify", fleet_run.folder, cwd=fleet_run.folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(DEFAULT_HOSTS))
def test_ablation(fleet_run: FleetRun, name: str) -> None:
    """Take out any record: nothing turns good or bad that was not, and the gap is named."""
    bundle = load([fleet_run.folder]).bundles[name]
    whole = host_report(bundle)
    broken = [line for record in bundle.evidence for line in violations(bundle, record.id, whole)]
    assert broken == []


def test_the_report_is_the_same_from_a_bundle_alone(fleet_run: FleetRun) -> None:
    """The archive is all a report needs: run and report agree to the byte."""
    done = truthmap("report", fleet_run.folder, "--format", "json", cwd=fleet_run.folder)
    assert done.stdout == (fleet_run.folder / "report" / "report.json").read_text()


def test_by_hand_gives_the_same_findings(fleet: Lab, tmp_path: Path) -> None:
    """`truthmap probes`, `sh` on the host without Ansible, `truthmap import`: the same verdicts."""
    host = fleet.host("bookworm")
    script = truthmap("probes", cwd=tmp_path).stdout
    host.put("/root/truthmap-collect.sh", script)
    answer = host.run("sh /root/truthmap-collect.sh").stdout
    host.run("rm /root/truthmap-collect.sh")
    (tmp_path / "answer").write_text(answer)
    imported = truthmap("import", "answer", "--archive", "hand", cwd=tmp_path)
    assert imported.returncode == 0, imported.stderr
    inventory = fleet.write_inventory(tmp_path / "inventory.yml", ["bookworm"])
    collected = truthmap("collect", "-i", inventory, "--archive", "live", cwd=tmp_path)
    assert collected.returncode == 0, collected.stderr
    assert verdicts(tmp_path, "hand") == verdicts(tmp_path, "live")


def verdicts(folder: Path, run: str) -> dict[str, tuple[Any, ...]]:
    """Return status, running and severity by finding; sessions of our own logins come and go."""
    done = truthmap("report", run, "--format", "json", cwd=folder)
    (host,) = json.loads(done.stdout)["hosts"]
    return {
        item["id"]: (item["status"], item["running"], item["severity"])
        for item in host["findings"]
        if not item["subject"].startswith(("user@", "user-runtime-dir@"))
    }


def test_evidence_survives_the_way_into_the_archive(fleet_run: FleetRun) -> None:
    """What is read back is what the collector sent: every record validates and re-encodes."""
    for bundle in load([fleet_run.folder]).bundles.values():
        assert msgspec.json.decode(msgspec.json.encode(bundle), type=type(bundle)) == bundle


def test_what_a_user_may_not_see_is_unknown(fleet: Lab, tmp_path: Path) -> None:
    """Without rights the journal is denied, not empty: the slow loop is unknown, by its own id."""
    path = fleet.write_inventory(tmp_path / "inventory.yml", ["reference"], user="auditor")
    while not in_its_running_moment(fleet.host("reference")):
        time.sleep(1)
    done = truthmap("run", "-i", path, "--archive", "run", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (host,) = json.loads(done.stdout)["hosts"]
    findings = {item["id"]: item for item in host["findings"]}
    loop = findings["restart_loops:quantum-exit-monitor.service"]
    assert loop["status"] == "unknown"
    assert any("system.journal: Permission denied" in str(item) for item in loop["evidence"])
    assert findings["restart_loops:quantum-rl-trainer.service"]["status"] == "down"
    assert host["coverage"]["missing"] == 6
    denied = (
        "journal_drops:rate limit",
        "log_rotation:logrotate.service",
        "unit_errors:logrotate.service",
    )
    assert [findings[name]["status"] for name in denied] == ["unknown"] * 3
