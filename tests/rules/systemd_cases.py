"""Bundles for the rules on systemd: real ones, and copies with edited properties or journals.

The fixtures are what the collector brought from lab hosts (see tests/fixtures/systemd). What a
container cannot be brought into (hours and days of uptime, out of memory, a failing namespace) is
made by editing properties of a real unit in a copy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle, Record
from reporter.findings import Finding, Verdict
from reporter.report import epoch
from tests.rules.judging import judged

__all__ = [
    "FIXTURES",
    "RULES",
    "SUITES",
    "bundle",
    "changed",
    "findings",
    "journal",
    "moment",
    "reduced",
    "replaced",
    "sampled_at",
    "verdict",
    "with_profile",
    "without_line",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "systemd"
SUITES = ("bullseye", "bookworm", "trixie")
RULES = ("service_state", "restart_loops", "missing_units", "failed_units", "system_state")


@cache
def bundle(name: str = "bookworm-planted") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on systemd, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def with_profile(collected: Bundle, **profile: Any) -> Bundle:
    """Return the bundle with one application, `plant`, of these keys."""
    return msgspec.structs.replace(collected, applications={"plant": profile})


def replaced(collected: Bundle, record_id: str, **values: Any) -> Bundle:
    """Return the bundle with other values in one record; `stdout` and `stderr` as plain text."""
    kept = [_edited(one, values) if one.id == record_id else one for one in collected.evidence]
    assert kept != collected.evidence, f"nothing changed in {record_id}"
    return msgspec.structs.replace(collected, evidence=kept)


def _edited(record: Record, values: Mapping[str, Any]) -> Record:
    new = dict(values)
    for channel in ("stdout", "stderr"):
        if isinstance(new.get(channel), str):
            was = getattr(record, channel)
            data = new[channel]
            new[channel] = msgspec.structs.replace(was, data=data, size=len(data.encode()))
    return msgspec.structs.replace(record, **new)


def changed(
    collected: Bundle, unit: str, *, probe: str = "systemd_units", **properties: str | None
) -> Bundle:
    """Return the bundle with other values of a unit's properties; None takes the line out."""
    record = next(one for one in collected.evidence if one.id == probe)
    blocks = record.stdout.data.split("\n\n")
    index = next(i for i, one in enumerate(blocks) if f"\nId={unit}\n" in f"\n{one}\n")
    lines = [line for line in blocks[index].splitlines() if line.split("=")[0] not in properties]
    lines += [f"{name}={value}" for name, value in properties.items() if value is not None]
    blocks[index] = "\n".join(lines)
    return replaced(collected, probe, stdout="\n\n".join(blocks))


def reduced(collected: Bundle, probes: Sequence[str], units: Sequence[str]) -> Bundle:
    """Return the bundle with the records of some probes and, in memory, some units only."""
    kept = [one for one in collected.evidence if one.probe in probes]
    record = next(one for one in kept if one.id == "systemd_units")
    blocks = (f"\n{block}\n" for block in record.stdout.data.split("\n\n"))
    chosen = [
        block.strip("\n") for block in blocks if any(f"\nId={name}\n" in block for name in units)
    ]
    smaller = msgspec.structs.replace(collected, evidence=kept)
    return replaced(smaller, "systemd_units", stdout="\n\n".join(chosen))


def without_line(collected: Bundle, record_id: str, start: str) -> Bundle:
    """Return the bundle without the lines of a record that begin so."""
    record = next(one for one in collected.evidence if one.id == record_id)
    kept = [line for line in record.stdout.data.splitlines() if not line.startswith(start)]
    return replaced(collected, record_id, stdout="\n".join(kept) + "\n")


def sampled_at(collected: Bundle, probe: str = "systemd_units") -> float:
    """Return when a probe ran, epoch seconds."""
    return epoch(next(one for one in collected.evidence if one.probe == probe).started_at)


def moment(seconds: float) -> str:
    """Return epoch seconds as `systemctl show` prints them."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%a %Y-%m-%d %H:%M:%S UTC")


def journal(
    collected: Bundle, unit: str, restarts: Sequence[tuple[float, int]], boot: str | None = None
) -> Bundle:
    """Return the bundle with other restarts of a unit in the journal: (epoch seconds, counter).

    The entries keep the form, the cursor and (unless given) the boot of a real one.
    """
    name = f"systemd_restart_journal[{unit}]"
    record = next(one for one in bundle().evidence if one.id == name)
    real = json.loads(record.stdout.data.splitlines()[0])
    real["_BOOT_ID"] = boot or real["_BOOT_ID"]
    entries = [
        {**real, "__REALTIME_TIMESTAMP": str(round(at * 1e6)), "N_RESTARTS": str(count)}
        for at, count in restarts
    ]
    lines = "".join(json.dumps(entry) + "\n" for entry in entries)
    return replaced(collected, name, stdout=lines)
