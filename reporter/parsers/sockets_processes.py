"""The processes that hold sockets: kind `process`, one JSON line a process.

Sample (the second ended meanwhile, the third's program is not shown to this reader):

    {"pid":47,"uid":101,"user":"redis","started_at":"2026-11-22T11:02:00.120000Z",
     "cgroup":"/system.slice/redis-server.service","exe":"/usr/bin/redis-check-rdb"}
    {"pid":48,"error":"No such process"}
    {"pid":9,"uid":0,"user":"root","started_at":"...","cgroup":"/init.scope","exe":null,
     "exe_error":"Permission denied"}

Source: proc_pid_status(5), proc_pid_cgroup(5), cgroups(7); systemd.unit(5) for the names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text

__all__ = ["Process", "Processes", "process_of", "unit_of", "units_of"]

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.(service|scope|socket|mount|swap)")
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Process:
    """Who a process is. None means not known; `replaced`: its program's file is gone since.

    `started_at` is epoch seconds, to a second or so.
    """

    pid: int
    uid: int
    user: str | None
    unit: str | None
    executable: str | None
    replaced: bool
    started_at: float | None
    line: str

    @property
    def account(self) -> str:
        """The user's name, or the number where the host's own table has no name."""
        return self.user or f"uid {self.uid}"


@dataclass(frozen=True)
class Processes:
    """The processes by id; `gone` are those that had ended before they were looked at."""

    record: str
    by_pid: Mapping[int, Process]
    gone: Mapping[int, str]

    def cite(self, *processes: Process) -> Citation:
        """Return the citation of some processes' lines."""
        return Citation(self.record, "\n".join(process.line for process in processes))


@fact("sockets_processes")
def socket_processes(record: Record) -> Processes:
    """Return the processes that hold sockets; none where no process was shown to hold one."""
    by_pid: dict[int, Process] = {}
    gone: dict[int, str] = {}
    lines = record.stdout.text.splitlines()
    for line in lines[1:] if record.stdout.truncated else lines:
        row = json.loads(line)
        if not isinstance(row, dict) or not isinstance(row.get("pid"), int):
            raise NoFact(text("its output is no list of processes"))
        if "uid" in row:
            by_pid[row["pid"]] = process_of(row, line)
        else:
            gone[row["pid"]] = str(row.get("error"))
    return Processes(record.id, by_pid, gone)


def process_of(row: Mapping[str, object], line: str) -> Process:
    """Return the process of a row that has all of its fields."""
    shown = row.get("exe")
    executable = str(shown) if shown is not None else None
    user, started_at = row.get("user"), row.get("started_at")
    return Process(
        pid=int(str(row["pid"])),
        uid=int(str(row["uid"])),
        user=str(user) if user is not None else None,
        unit=unit_of(str(row.get("cgroup") or "")),
        executable=executable.removesuffix(_DELETED) if executable else None,
        replaced=bool(executable and executable.endswith(_DELETED)),
        started_at=datetime.fromisoformat(str(started_at)).timestamp() if started_at else None,
        line=line,
    )


def unit_of(cgroup: str) -> str | None:
    """Return the system's unit a control group belongs to: the first below its slices.

    >>> unit_of("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service")
    'user@1000.service'
    """
    return next(iter(units_of(cgroup)), None)


def units_of(cgroup: str) -> tuple[str, ...]:
    """Return the units on the way to a control group: the system's, then those of a user's own.

    >>> units_of("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service")
    ('user@1000.service', 'x.service')
    """
    parts = (part.removeprefix("_") for part in cgroup.split("/"))
    return tuple(part for part in parts if _UNIT.fullmatch(part))
