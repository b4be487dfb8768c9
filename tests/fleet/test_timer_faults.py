"""One fault at a time on a live host: the report names that timer, and nothing else turns bad."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.commands import truthmap
from tests.lab import Lab
from tests.lab.hosts import LabHost, Recipe

NAME = "timer-faults"
FAULTS = {
    "no next run": ("/bin/true", ["OnUnitActiveSec=1h"], 0, {"timer_state:x.timer": "down"}),
    "its service fails": (
        "/bin/false",
        ["OnActiveSec=1s", "OnUnitActiveSec=1h", "AccuracySec=1s"],
        3,
        {
            "timer_state:x.timer": "degraded",
            "service_state:x.service": "down",
            "unit_errors:x.service": "degraded",
            "system_state:systemd": "degraded",
        },
    ),
    "overdue": (
        "/bin/sleep infinity",
        ["OnCalendar=*:*:0/5", "AccuracySec=1s"],
        45,
        {"timer_state:x.timer": "degraded"},
    ),
}


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[LabHost]:
    yield lab.start(NAME, Recipe("bookworm"))
    lab.stop(NAME)


def bad(lab: Lab, folder: Path) -> dict[str, str]:
    """Collect and return what is wrong, by id."""
    folder.mkdir()
    inventory = lab.write_inventory(folder / "inventory.yml", [NAME])
    done = truthmap("run", "-i", inventory, "--archive", "run", "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["hosts"]
    return {item["id"]: item["status"] for item in found["findings"] if item["status"] != "ok"}


@pytest.mark.parametrize("fault", FAULTS)
def test_exactly_that_fault(lab: Lab, host: LabHost, tmp_path: Path, fault: str) -> None:
    command, schedule, wait_s, expected = FAULTS[fault]
    host.put("/etc/systemd/system/x.service", f"[Service]\nType=oneshot\nExecStart={command}\n")
    host.put("/etc/systemd/system/x.timer", "\n".join(["[Timer]", *schedule, ""]))
    host.run("systemctl daemon-reload && systemctl start x.timer")
    time.sleep(wait_s)
    assert expected == bad(lab, tmp_path / "planted")
    host.run(
        "systemctl stop x.timer x.service; rm /etc/systemd/system/x.*;"
        " systemctl daemon-reload; systemctl reset-failed x.service 2>/dev/null; true"
    )
    assert bad(lab, tmp_path / "repaired") == {}
