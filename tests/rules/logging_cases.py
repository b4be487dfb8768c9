"""Bundles for the rules on logging: real ones from lab hosts, and copies with edited records.

A lab host has run for minutes. What takes days (a schedule that was missed, a journal past its
limit) is made by editing a record in the form the real one has.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle
from reporter.report import epoch
from tests.rules.host_cases import edited, outcome
from tests.rules.systemd_cases import SUITES, changed, findings, moment, replaced, verdict

__all__ = [
    "DAY",
    "STATE",
    "SUITES",
    "UNITS_AND_TIMER",
    "bundle",
    "changed",
    "content",
    "cron",
    "edited",
    "files",
    "findings",
    "listed",
    "moment",
    "now",
    "only",
    "outcome",
    "replaced",
    "state",
    "timer",
    "up_for",
    "verdict",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "logging"
STATE = "logging_rotation_state"
UNITS_AND_TIMER = ("systemd_units", "logging_rotation_timer")
DAY = 86400.0


@cache
def bundle(name: str = "bookworm-untouched") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def now(collected: Bundle) -> float:
    """Return the moment of the collection, epoch seconds."""
    return epoch(collected.finished_at)


def content(path: str, data: str, mtime: float | None = None, **more: Any) -> str:
    """Return one line of the kind `files`."""
    when = None if mtime is None else _iso(mtime)
    row = {"path": path, "type": "file", "size": len(data), "mtime": when, "truncated": False}
    return json.dumps({**row, "encoding": "utf-8", "data": data, **more}) + "\n"


def files(collected: Bundle, probe: str, **texts: str) -> Bundle:
    """Return the bundle with other files in a record: snippets of logrotate or journald."""
    folder = {
        "logging_rotation_config": "/etc/logrotate.d/{}",
        "logging_journal_config": "/etc/systemd/journald.conf.d/{}.conf",
    }[probe]
    lines = [content(folder.format(name), data, 1.0) for name, data in texts.items()]
    return edited(collected, probe, "".join(lines))


def state(collected: Bundle, data: str, age: float = 0.0) -> Bundle:
    """Return the bundle with a state file that was written so many seconds before."""
    line = content("/var/lib/logrotate/status", data, now(collected) - age)
    return edited(collected, STATE, line)


def timer(collected: Bundle, **properties: str) -> Bundle:
    """Return the bundle with other properties of logrotate.timer."""
    record = next(one for one in collected.evidence if one.id == "logging_rotation_timer")
    lines = [
        line for line in record.stdout.text.splitlines() if line.split("=")[0] not in properties
    ]
    lines += [f"{name}={value}" for name, value in properties.items()]
    return replaced(collected, record.id, stdout="\n".join(lines) + "\n")


def up_for(collected: Bundle, seconds: float, **properties: str) -> Bundle:
    """Return the bundle as if the timer had run for so long, since the boot."""
    began = moment(now(collected) - seconds)
    return timer(collected, ActiveEnterTimestamp=began, **properties)


def cron(collected: Bundle, script: str) -> Bundle:
    """Return the bundle with another daily job of cron."""
    return edited(collected, "logging_rotation_cron", script)


def listed(path: str, size: int, mtime: float = 0.0, **more: Any) -> str:
    """Return one line of the kind `listing`."""
    row = {"path": path, "type": "file", "size": size, "mtime": _iso(mtime), **more}
    return json.dumps(row) + "\n"


def only(collected: Bundle, rule: str, subject: str) -> tuple[str, str | None, str]:
    """Return status, severity and message of one finding."""
    found = verdict(collected, rule, subject)
    return found.status, found.severity, str(found.message)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
