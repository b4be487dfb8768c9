"""Whether a web server runs, since when with its present configuration, and who answers it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from reporter.findings import Citation, Missing
from reporter.messages import text
from reporter.parsers.sockets_open import End, Socket, Sockets
from reporter.parsers.sockets_processes import Process, Processes
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.web.types import Target, WebConfig

__all__ = [
    "COMMON",
    "Serving",
    "configurations",
    "is_local",
    "listeners_of",
    "not_whole",
    "serving",
]

COMMON = ("nginx", "caddy", "haproxy")
"""The facts of the servers that are known."""

_UNITS = {"nginx": ("nginx.service", "openresty.service")}
_PROGRAMS = {"nginx": ("nginx", "openresty")}


def configurations(*found: WebConfig | Missing) -> tuple[WebConfig, ...]:
    """Return the configurations that are there."""
    return tuple(one for one in found if isinstance(one, WebConfig) and one.present)


@dataclass(frozen=True)
class Serving:
    """One server: whether it runs (None: not known, `missing` says why), and what shows it.

    `loaded_at` is when the processes that answer now began, the oldest of them, epoch seconds; a
    reload replaces them. None where it is not known.
    """

    running: bool | None
    unit: Unit | None
    installed: bool | None
    enabled: bool
    loaded_at: float | None
    started_at: float | None
    held: tuple[Socket, ...]
    citations: tuple[Citation, ...]
    missing: tuple[Missing, ...]


def serving(
    config: WebConfig,
    units: Units | Missing,
    unit_files: UnitFiles | Missing,
    sockets: Sockets | Missing,
    processes: Processes | Missing,
) -> Serving:
    """Return how the server of a configuration is."""
    names = _UNITS.get(config.server, (f"{config.server}.service",))
    unit = None
    if not isinstance(units, Missing):
        found = [one for name in names if (one := units.get(name)) is not None]
        unit = next((one for one in found if one.active_state == "active"), None) or next(
            (one for one in found if one.load_state != "not-found"), None
        )
    files = [] if isinstance(unit_files, Missing) else [unit_files.get(name) for name in names]
    on_disk = [one for one in files if one is not None]
    held, pids = _held(config.server, sockets)
    citations = []
    if unit is not None:
        citations.append(
            unit.cite("Id", "LoadState", "ActiveState", "UnitFileState", "ExecMainStartTimestamp")
        )
    elif on_disk:
        citations += [one.cite() for one in on_disk]
    if held and not isinstance(sockets, Missing):
        citations.append(sockets.cite(*held))
    running = _running(unit, held, units, sockets)
    workers: list[Process] = []
    if not isinstance(processes, Missing):
        known = [processes.by_pid[pid] for pid in pids if pid in processes.by_pid]
        workers = _workers(known, unit)
        if workers:
            citations.append(processes.cite(*workers))
    starts = [one.started_at for one in workers]
    state = (unit.unit_file_state if unit else None) or next((one.state for one in on_disk), "")
    return Serving(
        running=running,
        unit=unit,
        installed=_installed(unit, bool(on_disk), running, units, unit_files),
        enabled=state in {"enabled", "enabled-runtime"},
        loaded_at=min((one for one in starts if one is not None), default=None)
        if None not in starts
        else None,
        started_at=(unit.started_at or None) if unit and running else None,
        held=held,
        citations=tuple(citations),
        missing=tuple(one for one in (units, sockets, unit_files) if isinstance(one, Missing)),
    )


def _held(server: str, sockets: Sockets | Missing) -> tuple[tuple[Socket, ...], list[int]]:
    if isinstance(sockets, Missing):
        return (), []
    programs = _PROGRAMS.get(server, (server,))
    held = tuple(
        one for one in sockets.listening if any(holder.name in programs for holder in one.holders)
    )
    pids = {holder.pid for one in held for holder in one.holders if holder.name in programs}
    return held, sorted(pids)


def _running(
    unit: Unit | None,
    held: tuple[Socket, ...],
    units: Units | Missing,
    sockets: Sockets | Missing,
) -> bool | None:
    if held or (unit is not None and unit.active_state in {"active", "reloading"}):
        return True
    if isinstance(units, Missing) or isinstance(sockets, Missing):
        return None
    hidden = any(not one.holders for one in sockets.listening)
    if unit is None and (hidden or not units.complete):
        return None
    return False


def _installed(
    unit: Unit | None,
    on_disk: bool,
    running: bool | None,
    units: Units | Missing,
    unit_files: UnitFiles | Missing,
) -> bool | None:
    if unit is not None or on_disk or running:
        return True
    if isinstance(units, Missing) or isinstance(unit_files, Missing) or not unit_files.complete:
        return None
    return False


def _workers(known: list[Process], unit: Unit | None) -> list[Process]:
    """Return the processes that answer: without the master, unless it is alone."""
    master = unit.main_pid if unit and unit.main_pid else None
    if master is None:
        roots = [one for one in known if one.uid == 0]
        master = min(roots, key=lambda one: (one.started_at or 0.0, one.pid)).pid if roots else None
    return [one for one in known if one.pid != master] or known


def is_local(target: Target, sockets: Sockets | Missing) -> bool | None:
    """Say whether a target is on this host; None if a name or address does not say."""
    if target.socket is not None:
        return True
    if target.host is None or target.port is None:
        return None
    if target.host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(target.host)
    except ValueError:
        return None
    if address.is_loopback or address.is_unspecified:
        return True
    if isinstance(sockets, Missing):
        return None
    own = {one.local.address for one in sockets.all if not one.local.wildcard}
    return True if str(address) in own else None


def listeners_of(target: Target, sockets: Sockets) -> tuple[Socket, ...]:
    """Return the TCP listeners that take what is passed on to a local target."""
    ends = list(_ends(target))
    return tuple(
        one
        for one in sockets.listening
        if one.proto == "tcp" and any(one.local.takes(end) for end in ends)
    )


def _ends(target: Target) -> Iterator[End]:
    if target.port is None or target.host is None:
        return
    unspecified = {"localhost", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    hosts = ("127.0.0.1", "::1") if target.host in unspecified else (target.host,)
    yield from (End(host, target.port) for host in hosts)


def not_whole(sockets: Sockets) -> Missing | None:
    """Return the gap that a cut list of sockets leaves, None if it is whole."""
    if sockets.complete:
        return None
    return Missing(
        sockets.record,
        text("its output was cut or not wholly readable, so some sockets are not known"),
    )
