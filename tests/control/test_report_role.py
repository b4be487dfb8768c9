"""The role `report` and the playbooks around it: the report a job writes itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import KERNEL
from .plays import ROOT, Play, Runner

LOCAL = {"ansible_connection": "local"}
QUICK = {
    **LOCAL,
    "probe_systemd_probes": [],
    "probe_sockets_probes": [],
    "probe_host_probes": [KERNEL],
}
TRUTHMAP = ROOT / "playbooks" / "truthmap.yml"
REPORT = ROOT / "playbooks" / "report.yml"


def reports(folder: Path) -> dict[str, Any]:
    """The JSON report a job wrote, and the names of all it wrote."""
    found = json.loads((folder / "report.json").read_text())
    assert isinstance(found, dict)
    return found


def said(done: Play) -> str:
    """What was printed, on one line."""
    return " ".join(done.output.split())


def test_one_job_collects_and_reports(play: Runner) -> None:
    """truthmap.yml leaves text and JSON in the run's folder, and no host changed."""
    done = play({"web1": QUICK}, playbook=TRUTHMAP)
    assert done.rc == 0, done.output
    found = reports(done.folder / "report")
    assert found["schema"] == "truthmap/report/1"
    assert [host["host"] for host in found["hosts"]] == ["web1"]
    assert (done.folder / "report" / "report.txt").stat().st_size > 0
    assert "changed=1" not in done.output


def test_a_job_without_any_reachable_host_reports(play: Runner) -> None:
    """The unreachable are what there is to say."""
    done = play({"web1": {"ansible_host": "127.0.0.1", "ansible_port": 1}}, playbook=TRUTHMAP)
    assert done.rc == 0, done.output
    (unreachable,) = reports(done.folder / "report")["unreachable"]
    assert unreachable["host"] == "web1"
    assert "Connection refused" in unreachable["reason"]


def test_an_earlier_run_is_reported_on(play: Runner) -> None:
    """report.yml needs a run's folder, and no host."""
    play({"web1": QUICK})
    where = {"report_run_dir": str(play.tmp / "run"), "report_dir": str(play.tmp / "out")}
    local = {"localhost": LOCAL}
    done = play(local, playbook=REPORT, variables=where)
    assert done.rc == 0, done.output
    assert reports(play.tmp / "out")["hosts"][0]["host"] == "web1"


def test_a_threshold_fails_the_job(play: Runner) -> None:
    """After the reports are written."""
    variables = {"report_fail_on": "unknown"}
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables=variables)
    assert done.rc != 0
    assert reports(done.folder / "report")["hosts"]


@pytest.mark.parametrize("arguments", [["--check"], ["--tags", "host"]])
def test_neither_check_mode_nor_tags_leave_it_out(play: Runner, arguments: list[str]) -> None:
    """Writing reports on the controller changes no host."""
    done = play({"web1": QUICK}, playbook=TRUTHMAP, arguments=arguments)
    assert done.rc == 0, done.output
    assert reports(done.folder / "report")["hosts"]


def test_a_missing_reporter_is_named(play: Runner) -> None:
    """The run is there all the same, and the message says what to do."""
    variables = {"report_command": "/nowhere/truthmap"}
    done = play({"web1": QUICK}, playbook=TRUTHMAP, variables=variables)
    assert done.rc != 0
    assert "/nowhere/truthmap cannot report on it" in said(done)
    assert "Install the package beside Ansible" in said(done)
    assert done.hosts["web1"]["status"] == "collected"


def test_a_missing_run_is_named(play: Runner) -> None:
    """report.yml by itself does not know which run."""
    done = play({"localhost": LOCAL}, playbook=REPORT)
    assert done.rc != 0
    assert "No run to report on: give its folder as report_run_dir" in said(done)
