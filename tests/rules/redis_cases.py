"""Bundles for the rules on Redis servers: real surveys, and copies with edited fields of INFO.

What a server in a test cannot have (days of uptime, gigabytes) is edited in the form INFO has.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle, Record
from reporter.findings import Finding, Verdict
from tests.rules.judging import judged
from tests.rules.systemd_cases import changed, replaced

__all__ = [
    "BUNDLES",
    "FIXTURES",
    "LAB",
    "LISTENERS",
    "RULES",
    "Row",
    "bundle",
    "changed",
    "edited",
    "findings",
    "record_of",
    "replaced",
    "verdict",
    "with_clients",
    "with_info",
    "without_units",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "redis"
LAB = ("redis-6.0", "redis-8.0")
BUNDLES = ("none", "healthy", "data", "access", "non-root", "valkey-8.1", *LAB)
LISTENERS = "redis_listeners"
RULES = (
    "redis_clients",
    "redis_exposure",
    "redis_keyspace",
    "redis_memory",
    "redis_persistence",
    "redis_replication",
    "redis_survey",
    "redis_uptime",
)
Row = dict[str, Any]


@cache
def bundle(name: str = "redis-8.0") -> Bundle:
    """Return what was collected."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on Redis servers, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str | int = 6379) -> Verdict:
    """Return what the rule says of one subject; a number is a port of loopback."""
    name = f"127.0.0.1:{subject}" if isinstance(subject, int) else subject
    return findings(collected, rule)[f"{rule}:{name}"].verdict


def record_of(port: int) -> str:
    """Return the id of a server's survey."""
    return f"redis_servers[127.0.0.1:{port}]"


def _stdout(collected: Bundle, record: str) -> str:
    found: Record = next(one for one in collected.evidence if one.id == record)
    return found.stdout.data


def edited(collected: Bundle, port: int, edit: Callable[[Row], Row | None]) -> Bundle:
    """Return the bundle with every row of a survey put through `edit`; None leaves it out."""
    rows = [json.loads(line) for line in _stdout(collected, record_of(port)).splitlines()]
    kept = [row for row in map(edit, rows) if row is not None]
    return replaced(
        collected, record_of(port), stdout="".join(f"{json.dumps(row)}\n" for row in kept)
    )


def with_info(
    collected: Bundle, port: int = 6379, sample: str | None = None, **fields: Any
) -> Bundle:
    """Return the bundle with other fields in INFO (both, or one sample's); None takes one out."""

    def edit(row: Row) -> Row:
        if row["ask"] == ["INFO"] and sample in (None, row["sample"]):
            lines = row["reply"].split("\r\n")
            lines = [line for line in lines if line.partition(":")[0] not in fields]
            lines += [f"{name}:{value}" for name, value in fields.items() if value is not None]
            row["reply"] = "\r\n".join(lines)
        return row

    return edited(collected, port, edit)


def with_clients(collected: Bundle, *lines: str, port: int = 6379) -> Bundle:
    """Return the bundle with more clients in both lists."""

    def edit(row: Row) -> Row:
        if row["ask"] == ["CLIENT", "LIST"]:
            row["reply"]["clients"] += lines
            row["reply"]["total"] += len(lines)
        return row

    return edited(collected, port, edit)


def without_units(collected: Bundle) -> Bundle:
    """Return the bundle of a run that did not ask for systemd's units."""
    return msgspec.structs.replace(
        collected,
        evidence=[one for one in collected.evidence if one.probe != "systemd_units"],
        probes=[one for one in collected.probes if one["id"] != "systemd_units"],
    )
