"""Every process of the host: kind `process` with `details`, one JSON line a process.

Sample (the second is dead and not waited for):

    {"pid":47,"uid":101,"user":"redis","started_at":"2026-11-22T11:02:00.120000Z",
     "cgroup":"/system.slice/redis-server.service","exe":"/usr/bin/redis-check-rdb",
     "name":"redis-server","state":"S","ppid":1,"cwd":"/var/lib/redis"}
    {"pid":245,"uid":65534,"user":"nobody","started_at":"...","cgroup":"/","exe":null,
     "exe_error":"No such file or directory","name":"python3","state":"Z","ppid":231,
     "cwd":null,"cwd_error":"No such file or directory"}

Source: proc_pid_stat(5), proc_pid_exe(5), proc_pid_cwd(5), cgroups(7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation
from reporter.parsers.host_rows import json_rows
from reporter.parsers.sockets_processes import Process, process_of

__all__ = ["AllProcesses", "Seen"]

_DENIED = "Permission denied"


@dataclass(frozen=True, slots=True)
class Seen:
    """One process: who it is, what it calls itself, its state's letter, parent and folder.

    `closed` says that its program or folder is not shown to the user who looked.
    """

    process: Process
    name: str
    state: str
    parent: int
    folder: str | None
    cgroup: str
    closed: bool

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    @property
    def program(self) -> str:
        """Its program's path, or the name it goes by."""
        return self.process.executable or self.name


@dataclass(frozen=True)
class AllProcesses:
    """The processes by number; `hidden` are those of which nothing is shown, with the reason.

    `sampled_at` is epoch seconds. `complete` is false where the list was cut.
    """

    record: str
    by_pid: Mapping[int, Seen]
    hidden: Mapping[int, str]
    complete: bool
    sampled_at: float

    def __iter__(self) -> Iterator[Seen]:
        """Iterate over the processes, ordered by number."""
        return iter(self.by_pid[pid] for pid in sorted(self.by_pid))

    def cite(self, *seen: Seen) -> Citation:
        """Return the citation of some processes' lines."""
        return Citation(self.record, "\n".join(one.process.line for one in seen))


@fact("processes_all")
def processes(record: Record) -> AllProcesses:
    """Return every process of the host but the kernel's own and the collector's."""
    return _read(record)


@fact("processes_again")
def processes_again(record: Record) -> AllProcesses:
    """Return the second look at those that were dead or could not be interrupted."""
    return _read(record)


def _read(record: Record) -> AllProcesses:
    by_pid: dict[int, Seen] = {}
    hidden: dict[int, str] = {}
    for row, line in json_rows(record):
        pid = int(row["pid"])
        if "uid" not in row:
            hidden[pid] = str(row.get("error"))
            continue
        folder = row.get("cwd")
        by_pid[pid] = Seen(
            process=process_of(row, line),
            name=str(row.get("name")),
            state=str(row.get("state")),
            parent=int(row.get("ppid") or 0),
            folder=None if folder is None else str(folder),
            cgroup=str(row.get("cgroup") or ""),
            closed=_DENIED in (row.get("exe_error"), row.get("cwd_error")),
        )
    return AllProcesses(
        record=record.id,
        by_pid=by_pid,
        hidden=hidden,
        complete=not record.stdout.truncated,
        sampled_at=datetime.fromisoformat(record.started_at).timestamp(),
    )
