"""The job as AWX starts it: a clone as project, an inventory, extra variables, nothing else.

A clone has what is committed, no more: that is what a controller gets.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab import Lab

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ("bookworm", "bullseye")
GONE = {"ansible_host": "127.0.0.1", "ansible_port": 1}
LARGEST_EVENT = 64 * 1024


@dataclass(frozen=True)
class Job:
    """A finished job: its exit code, what it printed, its events, the folder it wrote to."""

    rc: int
    output: str
    events: tuple[str, ...]
    volume: Path

    @property
    def stats(self) -> dict[str, Any]:
        """The event playbook_on_stats: counts by host, and the artifacts set_stats published."""
        found = [json.loads(event) for event in self.events]
        (data,) = [item["event_data"] for item in found if item["event"] == "playbook_on_stats"]
        assert isinstance(data, dict)
        return data

    @property
    def totals(self) -> dict[str, Any]:
        """What a workflow's next job would be handed."""
        totals = self.stats["artifact_data"]["truthmap_totals"]
        assert isinstance(totals, dict)
        return totals

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report on the mounted volume."""
        found = json.loads((self.volume / "report" / "report.json").read_text())
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Controller:
    """Starts jobs from private data directories, with an environment like a controller's."""

    lab: Lab
    tmp: Path

    def __call__(
        self, hosts: Mapping[str, Mapping[str, Any]], *, verbosity: int = 0, **variables: Any
    ) -> Job:
        """Run one job; its archive goes to `archive` of its volume, its reports to `report`."""
        place = self.tmp / secrets.token_hex(4)
        private, volume = place / "private", place / "volume"
        for name in ("inventory", "env"):
            (private / name).mkdir(parents=True)
        clone = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(private / "project")]
        subprocess.run(clone, check=True)
        content = {"all": {"hosts": {name: dict(values) for name, values in hosts.items()}}}
        (private / "inventory" / "hosts.yml").write_text(yaml.safe_dump(content))
        where = {
            "collect_archive_dir": str(volume / "archive"),
            "collect_run_dir": "",
            "report_dir": str(volume / "report"),
            "report_fail_on": "",
        }
        (private / "env" / "extravars").write_text(json.dumps({**where, **variables}))
        (private / "env" / "settings").write_text(json.dumps({"job_timeout": 240}))
        shutil.copy(self.lab.access.key, private / "env" / "ssh_key")
        words = ["run", str(private), "-p", "playbooks/truthmap.yml", "--ident", "job"]
        words += ["-" + "v" * verbosity] if verbosity else []
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-runner")), *words],
            cwd=place,
            env=_environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        events = sorted((private / "artifacts" / "job" / "job_events").glob("*.json"))
        texts = tuple(path.read_text() for path in events)
        return Job(done.returncode, done.stdout + done.stderr, texts, volume)

    def host(self, name: str) -> dict[str, Any]:
        """A lab host's variables; the key is the job's credential, not the inventory's."""
        found = dict(self.lab.inventory([name])["all"]["hosts"][name])
        del found["ansible_ssh_private_key_file"]
        # A controller does not check host keys; what ssh then learns must not reach this machine's.
        found["ansible_ssh_common_args"] = "-o UserKnownHostsFile=/dev/null"
        return found


@pytest.fixture
def job(lab: Lab, tmp_path: Path) -> Controller:
    """Two lab hosts are up; `job(hosts)` runs the job."""
    lab.up(HOSTS)
    return Controller(lab, tmp_path)


@pytest.fixture
def marked(job: Controller) -> Iterator[str]:
    """A word that bookworm tells as a unit's name, which is collected."""
    word = f"marker-{secrets.token_hex(8)}"
    host = job.lab.host("bookworm")
    unit = f"/etc/systemd/system/{word}.service"
    host.put(unit, "[Service]\nExecStart=/bin/sleep infinity\n")
    host.run(f"systemctl daemon-reload && systemctl start {word}")
    yield word
    host.run(f"systemctl stop {word}; rm {unit}; systemctl daemon-reload")


@pytest.mark.parametrize("verbosity", [0, 3])
def test_a_job_leaves_archive_reports_and_totals_and_no_evidence_in_its_events(
    job: Controller, marked: str, verbosity: int
) -> None:
    """Two hosts: nothing changed, the totals are those of the report, the events stay small."""
    done = job({name: job.host(name) for name in HOSTS}, verbosity=verbosity)
    assert done.rc == 0, done.output
    assert not any(done.stats[name] for name in ("changed", "failures", "dark"))
    (run,) = (done.volume / "archive").iterdir()
    totals = done.totals
    assert totals["archive"] == str(run)
    assert totals["run"] == run.name == done.report["archive"]["run"]
    assert totals["reports"] == [
        str(done.volume / "report" / f"report.{n}") for n in ("txt", "json")
    ]
    assert (totals["hosts"], totals["reached"], totals["unreached"]) == (2, 2, 0)
    statuses = done.report["fleet"]["statuses"]
    assert {name: totals[name] for name in statuses} == statuses
    assert len(json.dumps(totals)) < 4096
    assert '"truthmap_totals": {' in done.output
    assert marked in (run / "bookworm.json").read_text()
    assert not [event for event in done.events if marked in event]
    assert marked not in done.output
    assert max(len(event.encode()) for event in done.events) <= LARGEST_EVENT


@pytest.mark.parametrize("reached", [HOSTS[:1], ()], ids=["one is down", "all are down"])
def test_a_job_runs_to_its_report_whoever_is_down(
    job: Controller, reached: tuple[str, ...]
) -> None:
    """It ends well, and reasons are named; the first host of the play is one that is down."""
    done = job({"a-gone": GONE, **{name: job.host(name) for name in reached}, "gone": GONE})
    assert done.rc == 0, done.output
    assert [host["host"] for host in done.report["hosts"]] == list(reached)
    assert [item["host"] for item in done.report["unreachable"]] == ["a-gone", "gone"]
    for item in done.report["unreachable"]:
        assert "Connection refused" in item["reason"]
    assert "Connection refused" in (done.volume / "report" / "report.txt").read_text()
    assert "Connection refused" in done.output
    totals = done.totals
    assert (totals["hosts"], totals["reached"]) == (len(reached) + 2, len(reached))
    assert totals["unreached"] == 2


def test_an_inventory_can_have_host_keys_checked_all_the_same(job: Controller) -> None:
    """A controller turns the check off for everyone; a host's own variable counts more."""
    checked = {**job.host("bookworm"), "ansible_host_key_checking": True}
    done = job({"bookworm": checked})
    assert done.rc == 0, done.output
    assert "Host key verification failed" in done.report["unreachable"][0]["reason"]


def test_a_job_fails_where_asked_with_its_reports_and_totals(job: Controller) -> None:
    """A host is missing and that is asked to count."""
    hosts = {"bookworm": job.host("bookworm"), "gone": GONE}
    done = job(hosts, report_fail_on_missing=True)
    assert done.rc != 0
    assert "1 were not reached" in " ".join(done.output.split())
    assert done.totals["unreached"] == 1
    assert done.report["hosts"]


def _environment() -> dict[str, str]:
    """What a controller sets: no ansible.cfg but the project's, and host keys not checked."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE")}
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "ANSIBLE_HOST_KEY_CHECKING": "False"}
