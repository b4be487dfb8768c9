"""One collection over all hosts of `tests.lab.redis_hosts`, shared by the tests that look at it."""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.commands import truthmap
from tests.fleet.test_job import Controller, Job
from tests.lab import Lab
from tests.lab.hosts import LabHost, Recipe
from tests.lab.images import SUITES
from tests.lab.populations import SHARED_REDIS, load_population
from tests.lab.redis_hosts import (
    NARROW_SURVEYOR,
    SURVEYOR,
    acl_recipe,
    password_recipe,
    shared_recipe,
    socket_recipe,
    tls_recipe,
)
from tests.leaks import Watch

__all__ = ["EVERY_HOST", "OPEN", "RECIPES", "RedisRun", "collected", "difference", "table"]

SHARED = load_population(SHARED_REDIS)

OPEN: Mapping[str, str] = {suite: f"redis-{suite}" for suite in SUITES}
"""Hosts whose Redis asks for nothing, by suite: Redis 6.0, 7.0 and 8.0."""

RECIPES: Mapping[str, Recipe] = {
    **{name: shared_recipe(suite) for suite, name in OPEN.items()},
    "redis-acl": acl_recipe(),
    "redis-password": password_recipe(),
    "redis-socket": socket_recipe(),
    "redis-tls": tls_recipe(),
}

EVERY_HOST = (*OPEN.values(), "acl", "narrow", "password", "no-password", "socket", "tls")
"""The names in the inventory: two ways to be let in, or not, lead to one host."""

_SETTLED_S = 65
"""A group's state settles a minute after its consumer was last seen."""


@dataclass(frozen=True)
class RedisRun:
    """A finished `truthmap run` over the hosts, and a job over those that ask for a password.

    `secrets` are what must be nowhere, by name; `watch` read all processes meanwhile.
    """

    done: subprocess.CompletedProcess[str]
    folder: Path
    report: dict[str, Any]
    job: Job
    secrets: Mapping[str, str] = field(repr=False)
    watch: Watch

    def host(self, name: str) -> dict[str, Any]:
        """Return one host of the JSON report."""
        found: dict[str, Any] = next(item for item in self.report["hosts"] if item["host"] == name)
        return found

    def findings(self, name: str) -> dict[str, dict[str, Any]]:
        """Return one host's findings by id."""
        return {item["id"]: item for item in self.host(name)["findings"]}

    def records(self, name: str) -> dict[str, dict[str, Any]]:
        """Return one host's evidence of Redis servers by id."""
        bundle = json.loads((self.folder / f"{name}.json").read_text())
        return {
            item["id"]: item
            for item in bundle["evidence"]
            if item["probe"].startswith("redis_") and item["item"]
        }

    def text(self, name: str) -> str:
        """Return one host's part of the text report."""
        page = (self.folder / "report" / "report.txt").read_text()
        head = " - Total System Forensics & Truth Map"
        return page.partition(f"\n{name}{head}")[2].partition(head)[0]


def collected(lab: Lab, folder: Path) -> RedisRun:
    """Bring every host up and collect from all, under the eyes of `Watch`."""
    lab.start_all(RECIPES)
    up = time.monotonic()
    hosts = _inventory(lab)
    inventory = folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    secrets = _secrets(lab)
    with Watch(secrets) as watch:
        controller = Controller(lab, folder)
        asking = {name: _as_credential(hosts[name]) for name in ("acl", "password", "tls")}
        job = controller(asking, verbosity=3)
        _await_settled(lab.host(OPEN[SUITES[-1]]), up)
        done = truthmap("run", "-vvv", "-i", inventory, "--archive", "run", cwd=folder)
    run = folder / "run"
    report = json.loads((run / "report" / "report.json").read_text())
    return RedisRun(done, run, report, job, secrets, watch)


def table(host: Mapping[str, Any], server: str) -> list[str]:
    """Return a server's rows of the truth table as lines, one a statement, to be compared.

    What depends on the moment is left out or told by its shape.
    """
    rows = [row for row in host["streams"] if row["server"] == server]
    return [line for row in rows for line in _statements(row)]


def difference(ours: list[str], theirs: list[str], one: str, other: str) -> str:
    """Return what differs between two tables, as a diff; empty if nothing does."""
    return "\n".join(difflib.unified_diff(ours, theirs, one, other, lineterm="", n=0))


def _statements(row: dict[str, Any]) -> Iterator[str]:
    name = f"db{row['db']}/{row['stream']}"
    live = SHARED.streams[row["stream"]].live
    shown = {**row, **(row["growth"] or {}), "length": "moves" if live else row["length"]}
    event = {**row["last_event"], "id": None, "id_time": row["last_event"]["id_time"] is not None}
    for one in ("payload_time", "payload_text", "shown"):
        event[one] = event[one] and re.sub(r"\d", "9", event[one])
    for key in ("exists", "length", "active", "producers", "candidates", "unknown"):
        yield f"{name} {key}: {json.dumps(shown[key])}"
    yield f"{name} last event: {json.dumps(event)}"
    for key in ("added", "trimmed"):
        yield f"{name} {key} meanwhile: {'null' if shown[key] is None else 'a number'}"
    for group in row["groups"]:
        lag = group["lag"] if group["lag"] in (0, None) else "some"
        yield f"{name} {group['name']} lag: {json.dumps(lag)}"
        for key in ("pending", "state", "readers"):
            yield f"{name} {group['name']} {key}: {json.dumps(group[key])}"


def _inventory(lab: Lab) -> dict[str, dict[str, Any]]:
    """The hosts with their credentials as variables."""
    found = lab.inventory([name for name in RECIPES if name != "redis-tls"])["all"]["hosts"]
    password = lab.access.redis_password
    ask = {"probe_redis_password": password}
    return {
        **{name: found[name] for name in OPEN.values()},
        "acl": {**found["redis-acl"], "probe_redis_username": SURVEYOR, **ask},
        "narrow": {**found["redis-acl"], "probe_redis_username": NARROW_SURVEYOR, **ask},
        "password": {**found["redis-password"], **ask},
        "no-password": found["redis-password"],
        "socket": found["redis-socket"],
        "tls": {
            "collect_login": False,
            "probe_redis_endpoints": [
                {
                    "name": "shop",
                    "host": "127.0.0.1",
                    "port": lab.host("redis-tls").published_port(6379),
                    "tls": True,
                    "ca": str(lab.access.authority.certificate),
                    "password": password,
                }
            ],
        },
    }


def _as_credential(host: Mapping[str, Any]) -> dict[str, Any]:
    """A host whose key is the job's, as in `Controller.host`."""
    found = {name: value for name, value in host.items() if "private_key" not in name}
    if "ansible_host" in found:
        found["ansible_ssh_common_args"] = "-o UserKnownHostsFile=/dev/null"
    return found


def _secrets(lab: Lab) -> dict[str, str]:
    application = lab.host("redis-acl").run("cat /etc/redis-lab-password").stdout.strip()
    assert len(application) > 16
    return {
        "the surveyor's password": lab.access.redis_password,
        "the application's password": application,
        **{f"the planted {name}": text for name, text in SHARED.planted.items()},
        "a part of the planted secret": SHARED.planted["secret"].rpartition("-")[2],
        "a part of the planted person": SHARED.planted["person"].partition(",")[0],
    }


def _await_settled(host: LabHost, up: float) -> None:
    """Wait until the last consumer that reads no more was last seen a minute ago.

    One host is asked; the others have had as long since all of them were `up` (monotonic seconds).
    """
    until = time.monotonic() + 2 * _SETTLED_S
    while _idle_s(host) < _SETTLED_S or time.monotonic() - up < _SETTLED_S:
        assert time.monotonic() < until, f"{host.name}: no consumer of shipping that is gone"
        time.sleep(1)


def _idle_s(host: LabHost) -> float:
    shown = host.run("redis-cli XINFO CONSUMERS shop:orders shipping").stdout.split()
    return int(shown[shown.index("idle") + 1]) / 1000
