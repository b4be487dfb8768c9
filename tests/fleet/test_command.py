"""`truthmap` against hosts that are down, hang or are left half way; and what a terminal shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
import yaml

from tests.fleet.commands import COMMAND, truthmap
from tests.lab.lab import Lab


@pytest.fixture
def inventory(fleet: Lab, tmp_path: Path) -> Path:
    """bookworm, and a host nobody answers for."""
    content = fleet.inventory(["bookworm"])
    content["all"]["hosts"]["gone"] = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    path = tmp_path / "inventory.yml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_host_that_is_down_is_reported_beside_the_others(inventory: Path) -> None:
    """Exit 4; the reason stands in manifest, text and JSON, the good host is reported whole."""
    done = truthmap("run", "-i", inventory, "--archive", "run", cwd=inventory.parent)
    assert done.returncode == 4, done.stderr
    report = json.loads((inventory.parent / "run" / "report" / "report.json").read_text())
    assert [host["host"] for host in report["hosts"]] == ["bookworm"]
    (gone,) = report["unreachable"]
    assert gone["host"] == "gone"
    assert "Connection refused" in gone["reason"]
    assert "Connection refused" in done.stdout
    assert "gone unreachable" in done.stderr
    manifest = json.loads((inventory.parent / "run" / "manifest.json").read_text())
    assert manifest["state"] == "complete"
    assert manifest["hosts"]["gone"]["status"] == "unreachable"


def test_a_fleet_that_is_down_is_still_a_report(inventory: Path) -> None:
    """Every host unreachable: exit 4, and the report says why of each."""
    done = truthmap(
        "run", "-i", inventory, "--limit", "gone", "--archive", "run", cwd=inventory.parent
    )
    assert done.returncode == 4, done.stderr
    report = json.loads((inventory.parent / "run" / "report" / "report.json").read_text())
    assert report["hosts"] == []
    assert len(report["unreachable"]) == 1
    assert report["archive"]["complete"] is True


def test_a_host_whose_key_is_not_known_is_not_collected(fleet: Lab, tmp_path: Path) -> None:
    """Host keys are checked though nobody asks for it: an unknown one is unreachable, and said."""
    content = fleet.inventory(["bookworm"])
    host = content["all"]["hosts"]["bookworm"]
    known = tmp_path / "known_hosts"
    known.write_text("")
    host["ansible_ssh_common_args"] = (
        f"-o UserKnownHostsFile={known} -o GlobalKnownHostsFile=none -o ControlPath=none"
    )
    path = tmp_path / "inventory.yml"
    path.write_text(yaml.safe_dump(content))
    done = truthmap("run", "-i", path, "--archive", "run", "--format", "json", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    report = json.loads(done.stdout)
    assert report["hosts"] == []
    assert "Host key verification failed" in report["unreachable"][0]["reason"]
    assert known.read_text() == ""


def test_an_inventory_without_hosts_is_bad_usage(tmp_path: Path) -> None:
    """Exit 3 with what Ansible said, and nothing left behind."""
    (tmp_path / "empty.yml").write_text("all:\n  hosts: {}\n")
    (tmp_path / "broken.yml").write_text("all: [\n")
    for name in ("empty.yml", "broken.yml"):
        done = truthmap("collect", "-i", name, "--archive", "run", cwd=tmp_path)
        assert done.returncode == 3, done.stderr
        assert name in done.stderr
        assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_is_not_overwritten(fleet: Lab, tmp_path: Path) -> None:
    """Exit 3, and the old run is as it was."""
    path = fleet.write_inventory(tmp_path / "inventory.yml", ["bookworm"])
    assert truthmap("collect", "-i", path, "--archive", "run", cwd=tmp_path).returncode == 0
    before = (tmp_path / "run" / "manifest.json").read_bytes()
    done = truthmap("collect", "-i", path, "--archive", "run", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "already holds a run" in done.stderr
    assert (tmp_path / "run" / "manifest.json").read_bytes() == before


@pytest.fixture
def half_frozen(fleet: Lab, tmp_path: Path) -> Iterator[Path]:
    """An inventory of bookworm and of trixie, whose every process is stopped: logins hang."""
    path = fleet.write_inventory(tmp_path / "inventory.yml", ["bookworm", "trixie"])
    container = fleet.host("trixie").container
    fleet.podman("pause", container)
    yield path
    fleet.podman("unpause", container)


def test_an_interrupted_run_exits_130_and_keeps_what_it_has(
    half_frozen: Path, tmp_path: Path
) -> None:
    """SIGINT while one host hangs: the other's bundle is whole, the run is known as interrupted."""
    process = subprocess.Popen(
        [COMMAND, "collect", "-i", half_frozen, "--archive", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (tmp_path / "run" / "bookworm.json").exists():
        assert time.monotonic() < until
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert stdout == ""
    assert "interrupted" in stderr
    done = truthmap("report", "run", cwd=tmp_path)
    assert done.returncode == 4
    assert "INTERRUPTED RUN" in done.stdout
    assert "trixie: the run ended before it was collected" in done.stdout
    assert "bookworm - Total System Forensics" in done.stdout


def test_a_terminal_shows_each_host(inventory: Path) -> None:
    """On a terminal a line for each host that is through, and no bar left behind."""
    child = pexpect.spawn(
        str(COMMAND),
        ["collect", "-i", str(inventory), "--archive", "run"],
        cwd=str(inventory.parent),
        encoding="utf-8",
        dimensions=(40, 120),
        timeout=60,
        env={**os.environ, "TERM": "xterm"},
    )
    child.expect("collecting ")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 4
    plain = str(
        pexpect.run(
            f"{COMMAND} collect -i {inventory} --archive plain",
            cwd=str(inventory.parent),
            encoding="utf-8",
            env={**os.environ, "NO_COLOR": "1", "TERM": "xterm"},
        )
    )
    assert "bookworm collected" in plain
    assert "gone unreachable" in plain
    assert "\x1b[3" not in plain


def test_no_evidence_reaches_the_output_at_any_verbosity(fleet: Lab, tmp_path: Path) -> None:
    """At -vvvv Ansible's own words are shown, and nothing of the answer."""
    path = fleet.write_inventory(tmp_path / "inventory.yml", ["bookworm"])
    done = truthmap("collect", "-i", path, "--archive", "run", "-vvvv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "TASK" in done.stderr
    assert "TRUTHMAP-ANSWER" not in done.stderr
    assert "LoadState" not in done.stderr
    assert str(tmp_path / "run") in str(tmp_path / done.stdout.strip())


def test_the_probes_of_one_domain(fleet: Lab, tmp_path: Path) -> None:
    """--tags host: systemd's rules say that nobody asked."""
    path = fleet.write_inventory(tmp_path / "inventory.yml", ["bookworm"])
    done = truthmap(
        *("run", "-i", path, "--tags", "host", "--archive", "run", "--format", "json"),
        *("--summary", "totals.json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "totals.json").read_text())["reached"] == 1
    (host,) = json.loads(done.stdout)["hosts"]
    said = {item["id"]: item["message"] for item in host["findings"]}
    assert "did not ask" in said["service_state:evidence/systemd_units"]
    assert "host_identity:host" in said


def test_reporting_needs_no_ansible(fleet: Lab, tmp_path: Path) -> None:
    """`truthmap report` imports neither Ansible nor pandas."""
    path = fleet.write_inventory(tmp_path / "inventory.yml", ["bookworm"])
    assert truthmap("collect", "-i", path, "--archive", "run", cwd=tmp_path).returncode == 0
    code = (
        "import sys; sys.modules.update(ansible=None, ansible_runner=None, pandas=None);"
        "from reporter.cli import run_command; sys.exit(run_command(['report', 'run']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
