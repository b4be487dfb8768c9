"""Which Redis and Valkey servers listen on the host: `ss -H -n -l -t -x -p -e`.

Sample (the last line is what a reader without rights sees of another user's process):

    u_str LISTEN 0 511 /run/redis/redis.sock 19818 * 0 users:(("redis-server",pid=47,fd=8)) <-> ...
    tcp   LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=47,fd=6)) uid:106
          ino:198 sk:2e5 cgroup:/system.slice/redis-server.service <->
    tcp   LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* uid:106 ino:198 sk:2e5 cgroup:/system.slice/...

A process names itself. Where none is shown, the unit in the control group says whose a socket is,
or a unix socket's path. The collector's selector redis_endpoints chooses by the same marks.

Source: ss(8); iproute2 misc/ss.c (5.10 to 6.15), which shows the cgroup of TCP sockets only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.sockets_open import End, end
from reporter.parsers.sockets_processes import unit_of

__all__ = ["Listener", "RedisListeners", "RedisServer"]

PROGRAMS = frozenset(["redis-server", "redis-sentinel", "valkey-server", "valkey-sentinel"])
"""What the servers' processes call themselves."""

_UNIX = re.compile(r"u_str +LISTEN +\d+ +\d+ +(\S.*?) +(\d+) +\* \d+(?= |$)")
_TCP = re.compile(r"tcp +LISTEN +\d+ +\d+ +(\S+) +\S+:\*(?= |$)")
_KINDS = (["tcp", "LISTEN"], ["u_str", "LISTEN"])
_HOLDER = re.compile(r'\("([^"]*)",pid=(\d{1,10}),fd=(\d{1,10})\)')
_INODE = re.compile(r"\bino:(\d{1,19})\b")
_CGROUP = re.compile(r"\bcgroup:(\S+)")

_SERVER_UNIT = re.compile(r"(redis|valkey)([-_](server|sentinel))?([-_]?\d{1,5}|@[^/]*)?\.service")
_SERVER_PATH = re.compile(r"/(redis|valkey)[^/]*/[^/]+\.sock\Z|/(redis|valkey)[^/]*\.sock\Z")


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket: a TCP `end` or a unix socket's `path`, with who holds it if shown.

    `names` are what the processes that hold it call themselves, `unit` its control group's.
    `server` names the server whose it is, None if it is none's; `order` is that among its own.
    """

    end: End | None
    path: str | None
    names: tuple[str, ...]
    unit: str | None
    server: tuple[str, str] | None
    order: int
    line: str

    @property
    def shown(self) -> str:
        """The address with its port, or the path."""
        return str(self.end) if self.end else str(self.path)

    @property
    def open(self) -> bool:
        """Whether it is open to the world, as far as the host itself shows."""
        if self.end is None or self.end.loopback:
            return False
        return self.end.wildcard or self.end.public

    @property
    def endpoint(self) -> str:
        """Where the host itself reaches it: all addresses are asked at loopback."""
        if self.end is None:
            return str(self.path)
        if self.end.wildcard:
            host = "[::1]" if self.end.address == "::" else "127.0.0.1"
            return f"{host}:{self.end.port}"
        return str(self.end)


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One server with all it listens on; `pid` and `unit` are None where not shown."""

    listeners: tuple[Listener, ...]
    pid: int | None
    unit: str | None

    @property
    def endpoint(self) -> str:
        """The one endpoint it is asked at: of the port it opened first, or its unix socket."""
        over_tcp = [one for one in self.listeners if one.end]
        if not over_tcp:
            return min(self.listeners, key=lambda one: one.order).endpoint
        first = min(over_tcp, key=lambda one: one.order).end
        same = [one for one in over_tcp if first and one.end and one.end.port == first.port]
        return min(same, key=_nearness).endpoint

    @property
    def endpoints(self) -> frozenset[str]:
        """Every endpoint that is this server."""
        return frozenset(listener.endpoint for listener in self.listeners)


@dataclass(frozen=True)
class RedisListeners:
    """The servers that listen, ordered by endpoint, and every other listener.

    `unread` are lines no listener could be read in. `complete`: nothing was cut or unread.
    """

    record: str
    servers: tuple[RedisServer, ...]
    others: tuple[Listener, ...]
    unread: tuple[str, ...]
    complete: bool

    def at(self, endpoint: str) -> RedisServer | None:
        """Return the server that is reached at the endpoint."""
        return next((one for one in self.servers if endpoint in one.endpoints), None)

    def holding(self, endpoint: str) -> tuple[Listener, ...]:
        """Return the other listeners at the endpoint: a forwarder's, such as docker-proxy's."""
        return tuple(one for one in self.others if one.endpoint == endpoint)

    @property
    def unowned(self) -> tuple[Listener, ...]:
        """The listeners of which no process is shown: one of them may be a server's.

        A server listens neither in the abstract namespace nor among systemd's own sockets.
        """
        return tuple(
            one
            for one in self.others
            if not one.names and not (one.path or "").startswith(("@", "/run/systemd/"))
        )

    def cite(self, *listeners: Listener) -> Citation:
        """Return the citation of some listeners' lines."""
        return Citation(self.record, "\n".join(listener.line for listener in listeners))


@fact("redis_listeners")
def redis_listeners(record: Record) -> RedisListeners:
    """Return the servers found by their listeners; none where no listener is a server's."""
    if record.exit_code:
        said = record.stderr.text.strip().splitlines()
        raise NoFact(
            text("ss ended with {code}: {said}", code=record.exit_code, said=said[0])
            if said
            else text("ss ended with {code}", code=record.exit_code)
        )
    lines = record.stdout.text.splitlines()
    if record.stdout.truncated:
        lines = lines[1:]  # the beginning is what was cut
    wanted = [line for line in lines if line.split(None, 2)[:2] in _KINDS]
    read = [(line, _listener(line)) for line in wanted]
    unread = tuple(line for line, found in read if found is None)
    found = [listener for _, listener in read if listener]
    return RedisListeners(
        record=record.id,
        servers=_servers(found),
        others=tuple(one for one in found if one.server is None),
        unread=unread,
        complete=not record.stdout.truncated and not unread,
    )


def _listener(line: str) -> Listener | None:
    tcp = _TCP.match(line)
    shape = tcp or _UNIX.match(line)
    at = end(tcp[1]) if tcp else None
    if shape is None or (tcp and at is None):
        return None
    rest = line[shape.end() :]
    path = None if tcp else shape[1]
    holders = _HOLDER.findall(rest)
    cgroup = _CGROUP.search(rest)
    server, order = _owner(rest, cgroup[1] if cgroup else "", path)
    return Listener(
        end=at,
        path=path,
        names=tuple(dict.fromkeys(name for name, _, _ in holders)),
        unit=unit_of(cgroup[1]) if cgroup else None,
        server=server,
        order=order,
        line=line.rstrip(),
    )


def _owner(rest: str, cgroup: str, path: str | None) -> tuple[tuple[str, str] | None, int]:
    """Return what names the server, and the socket's order among its own.

    A child that saves the data holds its parent's sockets too: the lower process id stands for
    both.
    """
    holders = _HOLDER.findall(rest)
    ours = [(int(pid), int(fd)) for name, pid, fd in holders if name in PROGRAMS]
    if ours:
        return ("pid", str(min(ours)[0])), min(ours)[1]
    if holders:
        return None, 0
    inode = _INODE.search(rest)
    order = int(inode[1]) if inode else 0
    unit = cgroup.rpartition("/")[2]
    if _SERVER_UNIT.fullmatch(unit):
        return ("unit", unit), order
    if path and _SERVER_PATH.search(path):
        return ("path", path), order
    return None, order


def _servers(listeners: list[Listener]) -> tuple[RedisServer, ...]:
    groups: dict[tuple[str, str], list[Listener]] = {}
    for listener in listeners:
        if listener.server:
            groups.setdefault(listener.server, []).append(listener)
    found = [
        RedisServer(
            listeners=tuple(same),
            pid=int(name) if kind == "pid" else None,
            unit=next((one.unit for one in same if one.unit), None),
        )
        for (kind, name), same in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: one.endpoint))


def _nearness(listener: Listener) -> tuple[int, str]:
    at = listener.end
    if at is None or not (at.wildcard or at.loopback):
        return (2, listener.endpoint)
    return (1 if ":" in at.address else 0, listener.endpoint)
