"""Who starts logrotate: systemd's timer, or the daily job of cron.

Sample of the timer (`systemctl show`, which also loads a unit that is not in memory):

    NextElapseUSecRealtime=Thu 2026-11-26 00:00:00 UTC
    LastTriggerUSec=
    Id=logrotate.timer
    LoadState=loaded
    ActiveState=active
    UnitFileState=enabled
    ActiveEnterTimestamp=Wed 2026-11-25 12:46:00 UTC

Debian's job for cron ends at once where systemd runs:

    if [ -d /run/systemd/system ]; then
        exit 0
    fi

Source: systemctl(1), systemd.timer(5), Debian's logrotate package.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.systemd_values import moment, require_systemd

__all__ = ["RotationCron", "RotationTimer"]


@dataclass(frozen=True, slots=True)
class RotationTimer:
    """The timer. Moments are epoch seconds, 0.0 for never, None where they cannot be read.

    `elapsed_at` outlives a boot: systemd keeps it in a stamp file.
    """

    load_state: str
    active_state: str
    unit_file_state: str
    active_since: float | None
    elapsed_at: float | None
    elapses_at: float | None
    cited: Citation

    @property
    def active(self) -> bool:
        """Whether it will start logrotate again."""
        return self.load_state == "loaded" and self.active_state == "active"


@dataclass(frozen=True, slots=True)
class RotationCron:
    """The daily job: whether there is one, and whether it leaves the work to systemd."""

    exists: bool
    yields: bool
    cited: Citation


@fact("logging_rotation_timer")
def rotation_timer(record: Record) -> RotationTimer:
    """Return the timer as systemd has it."""
    require_systemd(record)
    values = dict(line.split("=", 1) for line in record.stdout.text.splitlines() if "=" in line)
    if "LoadState" not in values or "ActiveState" not in values:
        raise NoFact(text("its output does not say whether the timer is loaded and active"))
    return RotationTimer(
        load_state=values["LoadState"],
        active_state=values["ActiveState"],
        unit_file_state=values.get("UnitFileState", ""),
        active_since=moment(values.get("ActiveEnterTimestamp", "")),
        elapsed_at=moment(values.get("LastTriggerUSec", "")),
        elapses_at=moment(values.get("NextElapseUSecRealtime", "")),
        cited=Citation(record.id, record.stdout.text.strip()),
    )


@fact("logging_rotation_cron", accepts=("collected", "absent"))
def rotation_cron(record: Record) -> RotationCron:
    """Return cron's job; that the file is absent is an answer."""
    if record.outcome == "absent":
        cited = Citation(record.id, record.reason or "")
        return RotationCron(exists=False, yields=False, cited=cited)
    lines = record.stdout.text.strip().splitlines()
    asks = [line for line in lines if "/run/systemd/system" in line and line.lstrip()[0] != "#"]
    return RotationCron(
        exists=True,
        yields=bool(asks),
        cited=Citation(
            record.id, "\n".join(asks or [line for line in lines if "logrotate" in line])
        ),
    )
