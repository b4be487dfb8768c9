"""The host's clock: what the kernel says of it, and systemd-timesyncd's stamp."""

from __future__ import annotations

from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.host_rows import json_rows, whole_listing

__all__ = ["KernelClock", "TimesyncStamp", "kernel_clock", "timesync_stamp"]

STA_UNSYNC = 0x0040
TIME_ERROR = 5


@dataclass(frozen=True, slots=True)
class KernelClock:
    """The kernel's clock state, adjtimex(2); `max_error_s` grows between corrections."""

    synchronised: bool
    max_error_s: float
    estimated_error_s: float
    cited: Citation


@dataclass(frozen=True, slots=True)
class TimesyncStamp:
    """When systemd-timesyncd last set the clock right, ISO 8601 in UTC; None if it never did."""

    at: str | None
    cited: Citation


@fact("host_clock")
def kernel_clock(record: Record) -> KernelClock:
    """Read adjtimex: not synchronised is STA_UNSYNC in `status`, or the state TIME_ERROR.

    {"time": 1795345305.1, "state": 5, "status": 64, "unsynchronised": true, "offset_us": 0,
     "maxerror_us": 16000000, "esterror_us": 16000000}

    Kernel source: kernel/time/ntp.c raises STA_UNSYNC by itself once maxerror passes 16 s, about
    nine hours after the last correction.
    """
    rows = list(json_rows(record))
    if len(rows) != 1:
        raise NoFact(text("not one line of adjtimex"))
    row, line = rows[0]
    status, state = row.get("status"), row.get("state")
    errors = row.get("maxerror_us"), row.get("esterror_us")
    if not isinstance(status, int) or not isinstance(state, int):
        raise NoFact(text("it lacks the clock's status and state"))
    if not all(isinstance(value, int) for value in errors):
        raise NoFact(text("it lacks the clock's errors"))
    return KernelClock(
        synchronised=not status & STA_UNSYNC and state != TIME_ERROR,
        max_error_s=row["maxerror_us"] / 1e6,
        estimated_error_s=row["esterror_us"] / 1e6,
        cited=Citation(record.id, line),
    )


@fact("host_timesync", accepts=("collected", "absent"))
def timesync_stamp(record: Record) -> TimesyncStamp:
    """Read the listing of /run/systemd/timesync/synchronized, systemd-timesyncd.service(8).

    The file is touched at every correction. Without it timesyncd has not set the clock since
    the boot; another daemon, such as chrony, may have.
    """
    if record.outcome == "absent":
        return TimesyncStamp(None, Citation(record.id, record.reason or ""))
    for row, line in whole_listing(record):
        if row.get("type") == "file" and isinstance(row.get("mtime"), str):
            return TimesyncStamp(row["mtime"], Citation(record.id, line))
    raise NoFact(text("it is no regular file"))
