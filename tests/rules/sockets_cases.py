"""Bundles for the rules on sockets: real ones, and copies with edited lines or processes.

The fixtures are what the collector brought from lab hosts (see tests/fixtures/sockets). What a lab
host cannot have (public addresses, other programs at their paths) is made by adding a line of ss
and a process in the form the real ones have.
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
from tests.rules.systemd_cases import replaced, with_profile

__all__ = [
    "FIXTURES",
    "OPEN",
    "PROCESSES",
    "SUITES",
    "bundle",
    "cut",
    "findings",
    "replaced",
    "verdict",
    "with_process",
    "with_profile",
    "with_sockets",
    "without_lines",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sockets"
SUITES = ("bullseye", "bookworm", "trixie")
RULES = ("expected_ports", "listening_ports", "unit_connections")
OPEN = "sockets_open"
PROCESSES = "sockets_processes"


@cache
def bundle(name: str = "bookworm-planted") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on sockets, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def _stdout(collected: Bundle, probe: str) -> str:
    return next(one for one in collected.evidence if one.id == probe).stdout.data


def with_sockets(collected: Bundle, *lines: str) -> Bundle:
    """Return the bundle with more lines of ss."""
    more = "".join(f"{line}\n" for line in lines)
    return replaced(collected, OPEN, stdout=_stdout(collected, OPEN) + more)


def with_process(collected: Bundle, pid: int, **values: Any) -> Bundle:
    """Return the bundle with one more process: root's, of no unit's program, unless said."""
    usual = {
        "pid": pid,
        "uid": 0,
        "user": "root",
        "started_at": "2026-11-25T12:00:00.000000Z",
        "cgroup": "/system.slice/made.service",
        "exe": "/opt/made",
    }
    row = values if "error" in values else {**usual, **values}
    line = json.dumps({"pid": pid, **row}) + "\n"
    return replaced(collected, PROCESSES, stdout=_stdout(collected, PROCESSES) + line)


def without_lines(collected: Bundle, probe: str, having: str) -> Bundle:
    """Return the bundle without the lines of a record that have these words."""
    kept = [line for line in _stdout(collected, probe).splitlines() if having not in line]
    return replaced(collected, probe, stdout="\n".join(kept) + "\n")


def cut(collected: Bundle, probe: str = OPEN) -> Bundle:
    """Return the bundle with a record whose beginning was cut, in the middle of a line."""
    record = next(one for one in collected.evidence if one.id == probe)
    kept = record.stdout.data[20:]
    stdout = msgspec.structs.replace(record.stdout, data=kept, truncated=True)
    return replaced(collected, probe, stdout=stdout)
