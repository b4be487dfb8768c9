"""Bundles for the rules on the repository: a real one, and copies with edited rows.

The fixture is what the collector brought from a lab host (see tests/fixtures/repository), which
has no container engine, and whose units load no environment file, though they were not asked; the
Redis beside it, with the stream that the inventories name, and the processes of its services are
made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle, Record
from reporter.findings import Finding, Verdict
from tests.builders import record, without
from tests.rules.judging import judged
from tests.rules.stream_cases import ENDPOINT, entry, stream, survey
from tests.rules.systemd_cases import replaced

__all__ = [
    "CHECKOUTS",
    "CONTAINERS",
    "FIXTURES",
    "INVENTORIES",
    "PROCESSES",
    "REDIS",
    "SOURCE",
    "Row",
    "bundle",
    "findings",
    "processes",
    "redis",
    "stdout",
    "verdict",
    "with_containers",
    "with_inventory",
    "with_records",
    "with_rows",
    "without_profile",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "repository"
RULES = ("checkout_state", "code_newer_than_process", "declared_inventories", "module_usage")
SOURCE = "repository_source"
CHECKOUTS = "repository_checkouts"
INVENTORIES = "repository_inventories"
CONTAINERS = "containers_present"
PROCESSES = "processes_all"
REDIS = f"redis_servers[{ENDPOINT}]"
_NO_ENGINE = '{"engine":"/run/docker.sock","running":false,"error":"No such file or directory"}\n'

Row = dict[str, Any]


@cache
def bundle(name: str = "shop") -> Bundle:
    """Return what was collected from a lab host, with what is said above."""
    found = msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)
    units = next(one for one in found.evidence if one.id == "systemd_units")
    asked = units.command.replace("--property=", "--property=EnvironmentFiles,")
    found = replaced(found, units.id, command=asked)
    listener = f'tcp LISTEN 0 511 {ENDPOINT} 0.0.0.0:* users:(("redis-server",pid=47,fd=6))\n'
    return with_records(
        found,
        record("redis_listeners", listener),
        *(
            record(name, "", kind="redis", exit_code=None)
            for name in ("redis_named", "redis_remote")
        ),
        redis(),
        record(CONTAINERS, _NO_ENGINE),
        processes({"pid": 186}, {"pid": 187, "unit": "shop-returns.service"}),
    )


def processes(*rows: Mapping[str, Any]) -> Record:
    """Return the record of processes, of shop-orders.service unless a row says otherwise.

    `started_at` is ISO 8601; without one a process began with the services.
    """
    shown = []
    for row in rows:
        usual = {"uid": 1, "user": "shop", "started_at": "2026-11-25T15:27:00Z", "ppid": 1}
        usual |= {"exe": "/usr/bin/python3.11", "name": "python3", "state": "S", "cwd": "/"}
        whole = {**usual, **row}
        whole["cgroup"] = f"/system.slice/{whole.pop('unit', 'shop-orders.service')}"
        shown.append(json.dumps(whole) + "\n")
    return record(PROCESSES, "".join(shown), kind="process", exit_code=None)


def with_records(collected: Bundle, *records: Record) -> Bundle:
    """Return the bundle with more records, or others in the place of those there were."""
    for one in records:
        collected = without(collected, one.id)
    asked = {str(probe["id"]) for probe in collected.probes}
    probes = [*collected.probes, *({"id": one.probe} for one in records if one.probe not in asked)]
    return msgspec.structs.replace(
        collected, probes=probes, evidence=[*collected.evidence, *records]
    )


def redis(*streams: str, complete: bool = True) -> Record:
    """Return the record of a Redis with these streams (else that of the inventories)."""
    names = streams or ("shop:stream:orders",)
    return survey(*(stream(name, entry(5)) for name in names), complete=complete)


def with_containers(collected: Bundle, *rows: Mapping[str, Any]) -> Bundle:
    """Return the bundle with other rows about containers."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    return with_records(collected, record(CONTAINERS, lines))


def with_inventory(collected: Bundle, path: str, text: str) -> Bundle:
    """Return the bundle with another text in one inventory."""
    return with_rows(
        collected, INVENTORIES, lambda row: {**row, "data": text} if row["path"] == path else row
    )


def without_profile(collected: Bundle) -> Bundle:
    """Return the bundle without any profile."""
    return msgspec.structs.replace(collected, applications={})


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on the repository, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def stdout(collected: Bundle, record: str) -> str:
    """Return a record's output."""
    return next(one for one in collected.evidence if one.id == record).stdout.data


def with_rows(collected: Bundle, record: str, edit: Callable[[Row], Row | None]) -> Bundle:
    """Return the bundle with every row of a record edited; None takes the row out."""
    rows = (edit(json.loads(line)) for line in stdout(collected, record).splitlines())
    lines = "".join(json.dumps(row) + "\n" for row in rows if row is not None)
    return replaced(collected, record, stdout=lines)
