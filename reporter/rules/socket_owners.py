"""Whose a socket is: the processes that hold it, and the units they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reporter.engine import HostContext
from reporter.findings import Missing
from reporter.messages import Text, text
from reporter.parsers.sockets_open import Socket, Sockets
from reporter.parsers.sockets_processes import Process, Processes
from reporter.recorded import recorded

__all__ = ["INIT", "Owner", "is_session", "owner_of", "unseen"]

INIT = "init.scope"
"""The unit of systemd itself, which holds the sockets of socket units."""

_TOLERANCE_S = 2.0
"""A process's start is computed from the moment of boot, which is known to a second."""


@dataclass(frozen=True)
class Owner:
    """The processes that hold a socket, as far as they are known; `missing` says what is not.

    `names` are what the processes call themselves, by id.
    """

    processes: tuple[Process, ...]
    names: Mapping[int, str]
    missing: tuple[Missing, ...]

    @property
    def serving(self) -> tuple[Process, ...]:
        """The processes that answer: systemd itself only where it alone holds the socket."""
        others = tuple(process for process in self.processes if process.unit != INIT)
        return others or self.processes

    @property
    def units(self) -> tuple[str, ...]:
        """The units that answer, ordered by name."""
        return _distinct(process.unit for process in self.serving)

    @property
    def users(self) -> tuple[str, ...]:
        """The users they run as."""
        return _distinct(process.account for process in self.serving)

    @property
    def executables(self) -> tuple[str, ...]:
        """Their programs, where they are shown, with another name that one goes by."""
        return _distinct(self._program(process) for process in self.serving)

    @property
    def shown(self) -> Text:
        """Name the units, or the programs of processes that belong to none."""
        return text("{names}", names=", ".join(self.units or self.executables or ("?",)))

    def _program(self, process: Process) -> str | None:
        path, name = process.executable, self.names.get(process.pid)
        if path is None or name is None or path.rpartition("/")[2].startswith(name):
            return path
        return f"{path} ({name})"


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


def owner_of(
    several: Iterable[Socket], sockets: Sockets, processes: Processes | Missing, host: HostContext
) -> Owner:
    """Return who holds sockets that are one listener, or one connection's end."""
    holders = {}
    gaps: dict[Missing, None] = {}
    for socket in several:
        if not socket.holders:
            gaps[unseen(sockets, host)] = None
        holders.update({holder.pid: holder for holder in socket.holders})
    found = []
    if holders and isinstance(processes, Missing):
        gaps[processes] = None
    elif not isinstance(processes, Missing):
        for pid, holder in sorted(holders.items()):
            process = processes.by_pid.get(pid)
            if process is not None and not _started_later(process, sockets):
                found.append(process)
            else:
                why = _not_known(pid, holder.name, processes)
                gaps[Missing(processes.record, why)] = None
    names = {pid: holder.name for pid, holder in holders.items()}
    return Owner(tuple(found), names, tuple(gaps))


def unseen(sockets: Sockets, host: HostContext) -> Missing:
    """Return the gap that a socket without a process leaves."""
    if host.bundle.collector.uid == 0:
        why = text(
            "no process is shown to hold it: it is the kernel's own (NFS, WireGuard), or its "
            "process is hidden from this root"
        )
    else:
        why = text(
            "its process is not shown to the user {user}: only root sees it",
            user=host.bundle.collector.user,
        )
    return Missing(sockets.record, why)


def _started_later(process: Process, sockets: Sockets) -> bool:
    """Say whether the process is another one, that was given a number that had become free."""
    return process.started_at is not None and process.started_at > sockets.sampled_at + _TOLERANCE_S


def _not_known(pid: int, name: str, processes: Processes) -> Text:
    if pid in processes.gone:
        return text(
            "process {pid} ({name}) had ended before it was looked at: {reason}",
            pid=str(pid),
            name=name,
            reason=recorded(processes.gone[pid]),
        )
    if pid in processes.by_pid:
        return text(
            "process {pid} ({name}) had ended, and another one has its number",
            pid=str(pid),
            name=name,
        )
    return text("process {pid} ({name}) was not looked at", pid=str(pid), name=name)


def is_session(unit: str | None) -> bool:
    """Say whether it is a login's session, such as this collection's own."""
    return unit is not None and unit.startswith("session-") and unit.endswith(".scope")
