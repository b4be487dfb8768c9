"""Bundles for the rules on cron, processes and overridden units: real ones, and edited copies.

The fixtures are what the collector brought from lab hosts (see tests/fixtures/audit).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle
from reporter.findings import Finding, Verdict
from tests.rules.judging import judged
from tests.rules.systemd_cases import changed, replaced, with_profile

__all__ = [
    "CRON",
    "FIXTURES",
    "PLANT",
    "PROCESSES",
    "SUITES",
    "bundle",
    "changed",
    "cut",
    "edited",
    "findings",
    "planted",
    "replaced",
    "verdict",
    "with_profile",
    "with_row",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "audit"
SUITES = ("bullseye", "bookworm", "trixie")
RULES = (
    "cron_jobs",
    "cron_programs",
    "cron_tables",
    "outdated_units",
    "process_states",
    "replaced_programs",
    "root_services",
    "shadowed_units",
    "stray_processes",
    "twin_services",
)
CRON = "cron_entries"
PROCESSES = "processes_all"
PLANT: dict[str, Any] = {
    "title": "Plant",
    "units": ["plant-*"],
    "root_units": ["plant-allowed"],
}


@cache
def bundle(name: str = "bookworm-planted") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def planted(name: str = "bookworm-planted", **keys: Any) -> Bundle:
    """Return a host with the profile of the planted application, and more keys of it."""
    return with_profile(bundle(name), **{**PLANT, **keys})


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule, or of all of this domain, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def _stdout(collected: Bundle, record: str) -> str:
    return next(one for one in collected.evidence if one.id == record).stdout.text


def with_row(collected: Bundle, record: str, *rows: dict[str, Any]) -> Bundle:
    """Return the bundle with more rows in a record."""
    more = "".join(json.dumps(row) + "\n" for row in rows)
    return replaced(collected, record, stdout=_stdout(collected, record) + more)


def edited(collected: Bundle, record: str, having: str, **values: Any) -> Bundle:
    """Return the bundle with other values in the rows of a record that have these words."""
    lines = []
    for line in _stdout(collected, record).splitlines():
        row = json.loads(line)
        lines.append(json.dumps({**row, **values} if having in line else row))
    return replaced(collected, record, stdout="\n".join(lines) + "\n")


def cut(collected: Bundle, record: str) -> Bundle:
    """Return the bundle with a record whose first lines were cut off."""
    found = next(one for one in collected.evidence if one.id == record)
    kept = found.stdout.data[20:]
    stdout = msgspec.structs.replace(found.stdout, data=kept, truncated=True)
    return replaced(collected, record, stdout=stdout)
