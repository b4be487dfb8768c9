"""Runs our playbooks the way AWX and the command do, through ansible-runner; keeps all traces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["DOMAINS", "NOTHING", "ROOT", "Play", "Runner"]

ROOT = Path(__file__).resolve().parents[2]

DOMAINS = frozenset(path.name.removeprefix("probe_") for path in (ROOT / "roles").glob("probe_*"))
"""Every domain that has a role."""

NOTHING: Mapping[str, Any] = {f"probe_{domain}_probes": [] for domain in DOMAINS}
"""Variables that leave no domain a probe."""


@dataclass(frozen=True)
class Play:
    """A finished ansible-playbook: its exit code, what it printed, what ansible-runner stored."""

    rc: int
    output: str
    private: Path
    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        return self._read("manifest.json")

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The manifest's hosts."""
        found = self.manifest["hosts"]
        assert isinstance(found, dict)
        return found

    def bundle(self, host: str) -> dict[str, Any]:
        """A host's bundle."""
        return self._read(self.hosts[host]["bundle"])

    def records(self, host: str) -> dict[str, dict[str, Any]]:
        """A host's evidence by id."""
        return {record["id"]: record for record in self.bundle(host)["evidence"]}

    def results(self) -> dict[str, dict[str, Any]]:
        """The result of the collecting task, host by host, as a job's events carry it."""
        found = {}
        for path in (self.private / "artifacts").rglob("job_events/*.json"):
            event = json.loads(path.read_text())
            data = event.get("event_data", {})
            if data.get("task_action") == "truthmap_collect" and "res" in data:
                found[data["host"]] = data["res"]
        return found

    @property
    def stats(self) -> dict[str, Any]:
        """The last event's counts by host, and `artifact_data`: what `set_stats` published."""
        events = (self.private / "artifacts").rglob("job_events/*-*.json")
        found = [json.loads(path.read_text()) for path in events]
        (data,) = [item["event_data"] for item in found if item["event"] == "playbook_on_stats"]
        assert isinstance(data, dict)
        return data

    def traces(self) -> str:
        """All text the run left beside its archive: printed, events, artifacts."""
        files = [path for path in self.private.rglob("*") if path.is_file()]
        return "\n".join([self.output, *(path.read_text(errors="replace") for path in files)])

    def _read(self, name: str) -> dict[str, Any]:
        found = json.loads((self.folder / name).read_text())
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Runner:
    """Runs a playbook of ours against an inventory given as data."""

    tmp: Path

    def __call__(
        self,
        hosts: Mapping[str, Mapping[str, Any]],
        *,
        playbook: Path = ROOT / "playbooks" / "collect.yml",
        variables: Mapping[str, Any] | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        verbosity: int = 0,
        group: str = "fleet",
    ) -> Play:
        """Run it and wait. The archive's folder is `run`, unless `variables` say otherwise."""
        command = self.command(hosts, playbook, variables, arguments, verbosity, group)
        done = subprocess.run(
            command,
            env=self.environment(environment),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=self.tmp,
        )
        output = done.stdout + done.stderr
        return Play(done.returncode, output, self.tmp / "private", self.tmp / "run")

    def command(
        self,
        hosts: Mapping[str, Mapping[str, Any]],
        playbook: Path = ROOT / "playbooks" / "collect.yml",
        variables: Mapping[str, Any] | None = None,
        arguments: Sequence[str] = (),
        verbosity: int = 0,
        group: str = "fleet",
    ) -> list[str]:
        """Write the inventory and return ansible-runner's command line."""
        inventory = self.tmp / "inventory.yml"
        inventory.write_text(
            yaml.safe_dump({group: {"hosts": {k: dict(v) for k, v in hosts.items()}}})
        )
        private = self.tmp / "private"
        (private / "env").mkdir(parents=True, exist_ok=True)
        extra = {"collect_run_dir": str(self.tmp / "run"), **(variables or {})}
        (private / "env" / "extravars").write_text(json.dumps(extra))
        (private / "env" / "cmdline").write_text(" ".join(arguments))
        binary = Path(sys.executable).parent / "ansible-runner"
        words = [str(binary), "run", str(private), "--project-dir", str(ROOT), "-p", str(playbook)]
        words += ["--inventory", str(inventory), "--ident", "job"]
        return [*words, *(["-" + "v" * verbosity] if verbosity else [])]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """A controller's environment: our ansible.cfg, nothing of the caller's settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE")}
        binaries = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
        own = {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "PATH": binaries,
            "ANSIBLE_HOST_KEY_CHECKING": "True",  # ansible-runner turns it off where it is unset
            "ANSIBLE_NOCOLOR": "1",
        }
        return {**kept, **own, "ANSIBLE_ROLES_PATH": str(ROOT / "roles"), **(more or {})}
