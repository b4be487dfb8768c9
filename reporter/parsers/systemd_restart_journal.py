"""Automatic restarts of one unit, from the journal.

Systemd writes one entry with MESSAGE_ID 5eb03494b6584870a536b337290809b3 each time it schedules
a restart by `Restart=`. Sample (one line an entry; fields come in any order):

    {"N_RESTARTS":"8","__REALTIME_TIMESTAMP":"1795345780154089","UNIT":"a.service",
     "_BOOT_ID":"1be0fa27cca24dada593be840479fbba"}

Source: systemd.journal-fields(7), sd-messages.h (SD_MESSAGE_UNIT_RESTART_SCHEDULED).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from reporter.evidence import Record
from reporter.facts import fact_each
from reporter.findings import Citation

__all__ = ["Restart", "RestartJournal"]


@dataclass(frozen=True, slots=True)
class Restart:
    """One scheduled restart: `at` is epoch seconds, `count` the unit's counter then."""

    at: float
    count: int
    boot: str


@dataclass(frozen=True)
class RestartJournal:
    """The newest restarts of one unit, oldest first; `unreadable` lines could not be parsed.

    `read_at` is when the journal was read, epoch seconds by the host's clock.
    """

    record: str
    read_at: float
    restarts: tuple[Restart, ...]
    unreadable: int

    def cite(self, shown: tuple[Restart, ...]) -> Citation:
        """Return the citation of some restarts, as the counter and time of each."""
        return Citation(
            self.record,
            "\n".join(
                f"__REALTIME_TIMESTAMP={round(one.at * 1e6)} N_RESTARTS={one.count}"
                for one in shown
            ),
        )


@fact_each("systemd_restart_journal")
def restart_journal(record: Record) -> RestartJournal:
    """Return the restarts the journal tells of one unit; none is an answer too."""
    lines = [line for line in record.stdout.text.splitlines() if line.strip()]
    if record.stdout.truncated:
        lines = lines[1:]  # its beginning was cut
    found = [_restart(line) for line in lines]
    restarts = sorted((one for one in found if one is not None), key=lambda one: one.at)
    return RestartJournal(
        record=record.id,
        read_at=datetime.fromisoformat(record.started_at).timestamp(),
        restarts=tuple(restarts),
        unreadable=found.count(None),
    )


def _restart(line: str) -> Restart | None:
    try:
        entry = json.loads(line)
        return Restart(
            at=int(entry["__REALTIME_TIMESTAMP"]) / 1e6,
            count=int(entry["N_RESTARTS"]),
            boot=str(entry["_BOOT_ID"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
