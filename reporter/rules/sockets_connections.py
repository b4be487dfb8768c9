"""Rule on who talks to whom: the connections of each unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Text, joined, text
from reporter.parsers.sockets_open import End, Socket, Sockets
from reporter.parsers.sockets_processes import Process, Processes
from reporter.rules.socket_owners import INIT, Owner, is_session, owner_of, unseen

__all__ = ["unit_connections"]

CONNECTIONS = text("Connections between services")

_KNOWN = {"redis-server": "Redis", "valkey-server": "Valkey"}
"""What a server is called, by the name of its process: its program may be a link's target."""

_SHOWN = 8
"""Remote addresses named of each unit; the rest is counted."""

_LINES = 20
"""Raw lines quoted of each unit."""


Name = str | Text
"""What a peer is called: by its unit or address, or in words."""


@dataclass
class Talk:
    """What one unit's connections come to; the counts are of connections."""

    servers: Counter[Name] = field(default_factory=Counter)
    remote: Counter[Name] = field(default_factory=Counter)
    clients: Counter[Name] = field(default_factory=Counter)
    lines: list[Socket] = field(default_factory=list)
    processes: dict[int, Process] = field(default_factory=dict)


@rule(section="network", component=CONNECTIONS, needs=("sockets", "socket_processes"))
def unit_connections(
    host: HostContext, sockets: Sockets, socket_processes: Processes
) -> Iterator[Verdict]:
    """Which units are connected to which, to Redis, and to other hosts, seen in the sockets.

    Means: one finding for each unit that has a connection, always ok: it shows, it does not
    judge. `connected_to` names what the unit connected to: a unit of this host with its port (a
    Redis by that name), or a remote address with its port. Those that connected to the unit stand
    in the message. A connection whose local end is a listener's was made by the other side.

    Why: configuration says who should talk to whom; this is who does.

    Evidence: sockets_open (ss): a connection within the host has two lines, one for each end;
    sockets_processes for the units.

    Limits: one moment's look: connections that are made for each request are seen only by luck,
    and their absence proves nothing. Sessions of logins are left out, this collection's own among
    them; so are connections whose process ended between the two looks. Unix sockets and other
    network namespaces (containers) are not seen. A process calls itself redis-server, and may
    lie. A connection that no process has taken yet counts as the listener's.

    Source: ss(8), cgroups(7).
    """
    book = _Book(host, sockets, socket_processes)
    unowned = []
    for socket in sockets.connected:
        units = book.units(socket)
        if units is None:
            unowned.append(socket)
        for unit in units or ():
            book.enter(unit, socket)
    for unit, talk in sorted(book.talks.items()):
        yield _shown(unit, talk, host, sockets, socket_processes)
    if unowned:
        gaps = book.gaps(unowned)
        yield Verdict(
            subject="owners",
            status="unknown",
            running="unknown",
            component=CONNECTIONS,
            message=text(
                "connections whose units are not known: {count} ({why})",
                count=len(unowned),
                why=gaps[0].reason,
            ),
            citations=(sockets.cite(*unowned[:_LINES]),),
            missing=gaps,
        )


class _Book:
    """Tells the connections of one look apart, and enters each with its unit."""

    def __init__(self, host: HostContext, sockets: Sockets, processes: Processes) -> None:
        self.talks: dict[str, Talk] = {}
        self._host = host
        self._sockets = sockets
        self._processes = processes
        self._listeners: dict[tuple[str, int], list[Socket]] = {}
        for socket in sockets.listening:
            self._listeners.setdefault((socket.proto, socket.local.port), []).append(socket)
        self._ends = {
            (socket.proto, socket.local, socket.peer): socket for socket in sockets.connected
        }

    def units(self, socket: Socket) -> tuple[str, ...] | None:
        """Return the units, sessions left out, that hold a connection; None if not known."""
        owner = self._owner(socket)
        if owner.missing and not self._gone(socket):
            return None
        units = {process.unit for process in owner.processes}
        return tuple(sorted(unit for unit in units if unit and not _left_out(unit)))

    def gaps(self, several: list[Socket]) -> tuple[Missing, ...]:
        """Return why the units of some connections are not known, each reason once."""
        found = [gap for socket in several for gap in self._owner(socket).missing]
        return tuple(dict.fromkeys(found)) or (unseen(self._sockets, self._host),)

    def enter(self, unit: str, socket: Socket) -> None:
        """Count a connection as the unit's."""
        talk = self.talks.setdefault(unit, Talk())
        talk.lines.append(socket)
        mine = [one for one in self._owner(socket).processes if one.unit == unit]
        talk.processes.update({process.pid: process for process in mine})
        peer = socket.peer
        if peer is None:
            return
        mirror = self._ends.get((socket.proto, peer, socket.local))
        if self._listener(socket.proto, socket.local) is not None:
            talk.clients[self._client(mirror, peer)] += 1
        elif mirror is not None or peer.loopback:
            talk.servers[self._server(socket.proto, peer, mirror)] += 1
        else:
            talk.remote[str(peer)] += 1

    def _owner(self, socket: Socket) -> Owner:
        """Return who holds a connection; one not taken yet is its listener's."""
        asked = socket
        if not socket.holders:
            asked = self._listener(socket.proto, socket.local) or socket
        return owner_of([asked], self._sockets, self._processes, self._host)

    def _gone(self, socket: Socket) -> bool:
        return bool(socket.holders) and all(
            holder.pid in self._processes.by_pid or holder.pid in self._processes.gone
            for holder in socket.holders
        )

    def _listener(self, proto: str, at: End) -> Socket | None:
        candidates = self._listeners.get((proto, at.port), [])
        exact = [one for one in candidates if one.local.address == at.address]
        return next(iter(exact or [one for one in candidates if one.local.takes(at)]), None)

    def _client(self, mirror: Socket | None, peer: End) -> Name:
        if mirror is None:
            return peer.host
        return _list(self._names(mirror)) or text("this host")

    def _server(self, proto: str, peer: End, mirror: Socket | None) -> Name:
        there = self._listener(proto, peer) or mirror
        if there is None:
            return str(peer)
        units = _list(self._names(there))
        known = sorted({_KNOWN[one.name] for one in there.holders if one.name in _KNOWN})
        if known:
            return _with(known[0], units or str(peer))
        return _with(units, f"{proto} {peer.port}") if units else str(peer)

    def _names(self, socket: Socket) -> tuple[Name, ...]:
        units = self._owner(socket).units
        return tuple(dict.fromkeys(text("a login") if is_session(unit) else unit for unit in units))


def _list(names: tuple[Name, ...]) -> Name:
    """Return names as one; without a word among them it is no sentence."""
    known = [name for name in names if isinstance(name, str)]
    return ", ".join(known) if len(known) == len(names) else joined(names)


def _with(name: Name, more: Name) -> Name:
    if isinstance(name, str) and isinstance(more, str):
        return f"{name} ({more})"
    return text("{name} ({more})", name=name, more=more)


def _left_out(unit: str) -> bool:
    return unit == INIT or is_session(unit)


def _shown(
    unit: str, talk: Talk, host: HostContext, sockets: Sockets, processes: Processes
) -> Verdict:
    profile = host.profiles.owner(unit)
    targets = (*sorted(talk.servers, key=str), *_named(talk.remote))
    parts = [
        text("is connected to {names}", names=_counted(talk.servers + talk.remote))
        if targets
        else None,
        text("serves {names}", names=_counted(talk.clients)) if talk.clients else None,
    ]
    said = [part for part in parts if part is not None]
    return Verdict(
        subject=unit,
        status="ok",
        running="yes",
        component=CONNECTIONS,
        application=profile.name if profile else None,
        message=text("{unit} {one} and {other}", unit=unit, one=said[0], other=said[1])
        if len(said) == 2
        else text("{unit} {one}", unit=unit, one=said[0]),
        connected_to=targets,
        citations=_citations(talk, sockets, processes),
    )


def _named(counts: Counter[Name]) -> tuple[Name, ...]:
    """Return the names, the most frequent of them where there are many."""
    ordered = sorted(counts, key=lambda name: (-counts[name], str(name)))
    left = len(ordered) - _SHOWN
    if left <= 0:
        return tuple(sorted(ordered, key=str))
    more = text("{count} more addresses", count=left)
    return (*sorted(ordered[:_SHOWN], key=str), more)


def _counted(counts: Counter[Name]) -> Text:
    return joined(
        text("{name} ({count} connections)", name=name, count=counts[name])
        if counts[name] > 1
        else name
        for name in _named(counts)
    )


def _citations(talk: Talk, sockets: Sockets, processes: Processes) -> tuple[Citation, ...]:
    return (
        sockets.cite(*talk.lines[:_LINES]),
        processes.cite(*(talk.processes[pid] for pid in sorted(talk.processes)[:_LINES])),
    )
