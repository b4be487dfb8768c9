"""The footprint: what a collection leaves on a host is what the report lists, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reporter.archive import load
from tests.fleet.commands import truthmap
from tests.lab.hosts import LabHost
from tests.lab.lab import Lab

# Every mount but the kernel's own views; the journal's files are looked at through the journal.
FIND = (
    "find / \\( -path /proc -o -path /sys -o -path /dev/pts -o -path /var/log/journal \\) -prune"
    " -o -printf '%p|%y|%m|%U|%s|%T@\\n'"
)
SESSION = re.compile(r"(session-|sessions/|session-c?)[0-9]+")


class Look:
    """What a host holds at one moment: files with their metadata, processes, disk changes."""

    def __init__(self, host: LabHost) -> None:
        lines = host.run(FIND).stdout.splitlines()
        self.files = {path: rest for path, _, rest in (line.partition("|") for line in lines)}
        self.processes = set(host.run("ps -eo pid=,args= --no-headers").stdout.splitlines())
        self.diff = set(host.diff())

    def changed_since(self, before: Look) -> set[str]:
        """Return the paths that are new, gone or different; folders count only as new or gone."""
        return {
            SESSION.sub(r"\1N", path)
            for path in self.files.keys() | before.files.keys()
            if self.files.get(path) != before.files.get(path)
            and not (
                path in self.files and path in before.files and self.files[path].startswith("d")
            )
        }


def journal(host: LabHost, cursor: str) -> list[dict[str, str]]:
    """Return the entries after the cursor."""
    lines = host.run(f"journalctl --no-pager -o json --after-cursor='{cursor}'").stdout
    return [json.loads(line) for line in lines.splitlines()]


def cursor(host: LabHost) -> str:
    shown = host.run("journalctl --no-pager -n 0 --show-cursor").stdout
    return shown.rpartition("-- cursor: ")[2].strip()


def settle(host: LabHost) -> None:
    """Wait until the login's own session has ended, and the host's clean-up of it."""
    host.run(
        "for i in $(seq 100); do"
        ' [ -z "$(loginctl list-sessions --no-legend; systemctl list-units --no-legend'
        " 'user@*' 'user-runtime-dir@*')\" ] && exit 0; sleep 0.2; done; exit 1",
        timeout=60,
    )


@pytest.fixture(params=["bookworm", "trixie"])
def host(request: pytest.FixtureRequest, fleet: Lab) -> LabHost:
    """A host that has seen a login before, so that the first login's own files exist."""
    found = fleet.host(request.param)
    found.ssh("true")
    settle(found)
    return found


def test_a_collection_leaves_no_more_than_a_login(
    fleet: Lab, host: LabHost, tmp_path: Path
) -> None:
    """Files, processes and journal senders after a collection: those of a plain `ssh true`."""
    inventory = fleet.write_inventory(tmp_path / "inventory.yml", [host.name])
    first = Look(host)
    mark = cursor(host)
    host.ssh("true")
    settle(host)
    senders = {entry.get("SYSLOG_IDENTIFIER", "") for entry in journal(host, mark)}
    login = Look(host)
    mark = cursor(host)
    done = truthmap("collect", "-i", inventory, "--archive", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    settle(host)
    entries = journal(host, mark)
    after = Look(host)

    assert after.changed_since(login) <= login.changed_since(first)
    assert after.diff == login.diff
    assert not [line for line in after.processes - login.processes if "python" in line]
    assert {entry.get("SYSLOG_IDENTIFIER", "") for entry in entries} <= senders | {"(sd-pam)"}
    said = "\n".join(str(entry.get("MESSAGE")) for entry in entries).lower()
    assert not re.search("ansible|truthmap|python|systemctl", said)


def test_the_report_lists_what_cannot_be_avoided(fleet: Lab, tmp_path: Path) -> None:
    """Login records are listed; with sudo also its journal line and time stamp, which are there."""
    host = fleet.host("bookworm")
    host.run("rm -f /run/sudo/ts/operator")
    inventory = fleet.write_inventory(
        tmp_path / "inventory.yml", ["bookworm"], user="operator", become=True
    )
    mark = cursor(host)
    done = truthmap("collect", "-i", inventory, "--archive", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    listed = "\n".join(load([tmp_path / "run"]).bundles["bookworm"].perturbations)
    sent = {entry.get("SYSLOG_IDENTIFIER", "") for entry in journal(host, mark)}
    assert "sudo" in sent
    assert "/run/sudo/ts" in listed
    assert "sudo: journal lines" in listed
    assert "sshd: journal lines" in listed
    assert "session scope" in listed
    text = truthmap("report", "run", cwd=tmp_path).stdout
    assert "WHAT THIS LOOK LEFT BEHIND" in text
    assert "/run/sudo/ts" in text


def test_a_collection_changes_nothing_in_ansibles_words(fleet: Lab, tmp_path: Path) -> None:
    """The playbook reports changed=0 and no failure, in check mode too."""
    inventory = fleet.write_inventory(tmp_path / "inventory.yml", ["bookworm", "trixie"])
    root = Path(__file__).resolve().parents[2]
    for mode in ([], ["--check"]):
        done = subprocess.run(
            [
                Path(sys.executable).parent / "ansible-playbook",
                "-i",
                inventory,
                root / "playbooks" / "collect.yml",
                "-e",
                f"collect_archive_dir={tmp_path / 'runs'}",
                *mode,
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=root,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        recap = done.stdout[done.stdout.index("PLAY RECAP") :]
        assert recap.count("changed=0") == 2
        assert recap.count("failed=0") == 2
