"""Faults of log rotation on a lab host, one at a time: exactly that fault is found, then gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.commands import truthmap
from tests.lab.hosts import LabHost
from tests.lab.lab import Lab

STATE = "/var/lib/logrotate/status"
LAST_YEAR = 'logrotate state -- version 2\n"/var/log/wtmp" 2025-11-22-6:25:1\n'
FAULT = "log_rotation:logrotate.service"

Verdicts = dict[str, tuple[str, str | None]]


@pytest.fixture(params=["bullseye", "bookworm", "trixie"])
def host(request: pytest.FixtureRequest, lab: Lab) -> Iterator[LabHost]:
    """A host whose state file is as it was once the test is over."""
    lab.up([request.param])
    found = lab.host(request.param)
    found.run(f"if [ -e {STATE} ]; then cp -p {STATE} /srv/logrotate.before; fi")
    yield found
    repair(found)


def repair(host: LabHost) -> None:
    kept = "/srv/logrotate.before"
    host.run(f"rm -f {STATE}; if [ -e {kept} ]; then mv {kept} {STATE}; fi")


def verdicts(lab: Lab, host: LabHost, folder: Path, run: str) -> Verdicts:
    """Collect, and return status and severity by finding; our own logins come and go."""
    inventory = lab.write_inventory(folder / "inventory.yml", [host.name])
    done = truthmap("run", "-i", inventory, "--archive", run, "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)["hosts"]
    return {
        item["id"]: (item["status"], item["severity"])
        for item in report["findings"]
        if not item["subject"].startswith(("user@", "user-runtime-dir@"))
    }


@pytest.mark.parametrize(
    ("data", "touched"),
    [
        pytest.param(LAST_YEAR, "2025-11-22 06:25", id="last year's"),
        pytest.param("logrotate\0state\n", "now", id="corrupt"),
    ],
)
def test_a_broken_state_file_is_the_one_fault_found(
    lab: Lab, host: LabHost, tmp_path: Path, data: str, touched: str
) -> None:
    """Before and after differ in one finding, which is bad, and good again after the repair."""
    before = verdicts(lab, host, tmp_path, "before")
    assert before[FAULT] == ("ok", None)
    host.put(STATE, data)
    host.run(f"touch -d '{touched}' {STATE}")
    planted = verdicts(lab, host, tmp_path, "planted")
    assert planted == {**before, FAULT: ("degraded", "P2")}
    repair(host)
    assert verdicts(lab, host, tmp_path, "repaired") == before


def test_a_run_does_not_hide_an_old_state(lab: Lab, host: LabHost, tmp_path: Path) -> None:
    """After a run in this boot an old state file says that the run did not reach its end."""
    host.run("systemctl start logrotate.service")
    before = verdicts(lab, host, tmp_path, "before")
    assert before[FAULT] == ("ok", None)
    host.put(STATE, LAST_YEAR)
    host.run(f"touch -d '2025-11-22 06:25' {STATE}")
    assert verdicts(lab, host, tmp_path, "planted") == {**before, FAULT: ("degraded", "P2")}
