"""Whose the clients of a server are: CLIENT LIST's addresses, found again among the sockets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from reporter.dataflow.observed import Observed
from reporter.findings import Citation, Missing
from reporter.messages import Text, text
from reporter.parsers.redis_types import Client, Survey
from reporter.parsers.sockets_open import End, Socket, end
from reporter.rules.socket_owners import owner_of

__all__ = ["Clients", "Use", "UsedConnection", "counted", "use_of"]

Use = Literal["adds", "may add", "reads a group", "reads", "other"]

_ADDS = frozenset(["xadd"])
_MAY_ADD = frozenset(["exec", "eval", "evalsha", "fcall", "multi"])
_READS_GROUP = frozenset(["xreadgroup", "xack", "xclaim", "xautoclaim", "xackdel"])
_READS = frozenset(["xread", "xrange", "xrevrange", "xlen"])
_DB = re.compile(r"(?:^| )db=(\d{1,9})(?: |$)")


def use_of(client: Client) -> Use:
    """Return what a client's last command says of it; the command names no key."""
    command = client.command.partition("|")[0].casefold()
    if command in _ADDS:
        return "adds"
    if command in _MAY_ADD:
        return "may add"
    if command in _READS_GROUP:
        return "reads a group"
    return "reads" if command in _READS else "other"


@dataclass(frozen=True)
class UsedConnection:
    """One connection to a server, in the samples it was seen in, oldest first.

    `units` are those whose processes hold its other end; where there is none, `unknown` says why.
    """

    samples: tuple[Client, ...]
    units: tuple[str, ...]
    unknown: Text | None
    citations: tuple[Citation, ...]

    @property
    def client(self) -> Client:
        """The connection as it was seen last."""
        return self.samples[-1]

    @cached_property
    def uses(self) -> frozenset[Use]:
        """What its last commands say it does."""
        return frozenset(use_of(client) for client in self.samples)

    @property
    def commands(self) -> tuple[str, ...]:
        """Its last commands, each once."""
        return tuple(dict.fromkeys(client.command for client in self.samples if client.command))

    @cached_property
    def waits(self) -> bool:
        """Whether it was seen waiting in XREADGROUP."""
        return any(
            client.blocked and client.command.casefold() == "xreadgroup" for client in self.samples
        )

    @cached_property
    def database(self) -> int | None:
        """The database it had chosen; None where that is not shown."""
        found = _DB.search(self.client.line)
        return int(found[1]) if found else None

    @property
    def lines(self) -> tuple[str, ...]:
        """Its lines of CLIENT LIST."""
        return tuple(dict.fromkeys(client.line for client in self.samples))


class Clients:
    """The connections of one server; `known` is false where CLIENT LIST was not answered.

    `complete` is false where not every client was listed, and on a replica: who writes, and who
    reads through a group, is connected to its primary.
    """

    def __init__(self, survey: Survey, observed: Observed, *, remote: bool) -> None:
        self._survey = survey
        self._observed = observed
        self._remote = remote
        self.known = survey.clients_begin is not None or survey.clients_end is not None
        listed = len(survey.clients_begin or ())
        self.replica = survey.info.get("role") == "slave"
        self.complete = self.known and listed >= (survey.client_total or 0) and not self.replica
        self.prefixes = observed.prefixes

    @cached_property
    def all(self) -> tuple[UsedConnection, ...]:
        """Every connection but the survey's own, by id."""
        samples: dict[int, list[Client]] = {}
        for client in (*(self._survey.clients_begin or ()), *(self._survey.clients_end or ())):
            if not client.own and not _replica(client):
                samples.setdefault(client.id, []).append(client)
        return tuple(self._connection(tuple(samples[key])) for key in sorted(samples))

    def using(self, *uses: Use) -> Iterator[UsedConnection]:
        """Iterate over the connections that were seen in one of the uses."""
        found = {one.client.id: one for use in uses for one in self._by_use.get(use, ())}
        return (found[key] for key in sorted(found))

    def units(self, connections: Iterable[UsedConnection]) -> tuple[str, ...]:
        """Return the units of some connections, ordered by name."""
        return tuple(sorted({unit for one in connections for unit in one.units}))

    @cached_property
    def unresolved(self) -> tuple[tuple[UsedConnection, Text], ...]:
        """The connections whose unit is not known, with the reason."""
        return tuple((one, one.unknown) for one in self.all if one.unknown is not None)

    @cached_property
    def _by_use(self) -> Mapping[Use, tuple[UsedConnection, ...]]:
        found: dict[Use, list[UsedConnection]] = {}
        for one in self.all:
            for use in one.uses:
                found.setdefault(use, []).append(one)
        return {use: tuple(several) for use, several in found.items()}

    @cached_property
    def _ends(self) -> Mapping[End, tuple[Socket, ...]]:
        if isinstance(self._observed.sockets, Missing):
            return {}
        found: dict[End, list[Socket]] = {}
        for socket in self._observed.sockets.connected:
            if socket.proto == "tcp":
                found.setdefault(_plain(socket.local), []).append(socket)
        return {key: tuple(value) for key, value in found.items()}

    def _connection(self, samples: tuple[Client, ...]) -> UsedConnection:
        units, why, cited = self._whose(samples[-1])
        return UsedConnection(samples, units, None if units else why, cited)

    def _whose(self, client: Client) -> tuple[tuple[str, ...], Text, tuple[Citation, ...]]:
        sockets, processes = self._observed.sockets, self._observed.processes
        if client.addr.startswith("/") or client.addr.endswith(":0"):
            return (), text("a unix socket does not say from whom"), ()
        if isinstance(sockets, Missing):
            return (), text("{probe} was not seen", probe=sockets.probe), ()
        at = end(client.addr)
        port = self._survey.number("tcp_port")
        found = [
            socket
            for socket in (self._ends.get(_plain(at), ()) if at else ())
            if socket.peer is not None and port in (None, 0, socket.peer.port)
        ]
        if not found:
            if self._remote or (at and not at.loopback and not self._local(at)):
                return (), text("from another host, {address}", address=_host(client)), ()
            return (), text("no connection of this address was among the sockets"), ()
        owner = owner_of(found, sockets, processes, self._observed.host)
        if not owner.units:
            return (), next((gap.reason for gap in owner.missing), text("of no unit")), ()
        cited = [sockets.cite(*found)]
        if not isinstance(processes, Missing):
            cited.append(processes.cite(*owner.serving))
        return owner.units, text(""), tuple(cited)

    def _local(self, at: End) -> bool:
        return any(local.address == at.address for local in self._ends)


def _replica(client: Client) -> bool:
    """Say whether it is a replica of the server, or the server's own link to its primary."""
    return bool(set(client.flags) & set("SM"))


def _plain(at: End) -> End:
    return End(at.address, at.port)


def _host(client: Client) -> str:
    return client.addr.rpartition(":")[0]


def counted(reasons: Iterable[Text]) -> tuple[tuple[Text, int], ...]:
    """Return the reasons, each once, with how often it holds; the most frequent first."""
    counts = Counter(reasons)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0]))))
