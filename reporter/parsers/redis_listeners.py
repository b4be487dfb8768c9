"""Which Redis and Valkey servers listen on the host: `ss -H -n -l -t -x -p -e`.

Sample (the last line is what a reader without rights sees of another user's process):

    u_str LISTEN 0 511 /run/redis/redis.sock 19818 * 0 users:(("redis-server",pid=47,fd=8)) <-> ...
    tcp   LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=47,fd=6)) uid:106
          ino:198 sk:2e5 cgroup:/system.slice/redis-server.service <->
    tcp   LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* uid:106 ino:198 sk:2e5 cgroup:/system.slice/...

A process names itself; the cgroup's unit is the kernel's word. Either makes a server here.

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

NAMES = frozenset(["redis-server", "redis-sentinel", "valkey-server", "valkey-sentinel"])
"""What the servers' processes call themselves."""

_UNIT = re.compile(
    r"(redis|valkey|redis-server|valkey-server|redis-sentinel|valkey-sentinel)(@[^/]*)?\.service"
)
_UNIX = re.compile(r"u_str\s+LISTEN\s+\d+\s+\d+\s+(.+?)\s+\d+\s+\*\s+0(?:\s|$)")
_TCP = re.compile(r"tcp\s+LISTEN\s+\d+\s+\d+\s+(\S+)\s+(\S+)(?:\s|$)")
_HOLDER = re.compile(r'\("(.+?)",pid=(\d{1,10}),fd=\d+\)(?=,\("|\))')
_KINDS = (["tcp", "LISTEN"], ["u_str", "LISTEN"])
_CGROUP = re.compile(r"\scgroup:(\S+)")


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket: a TCP `end` or a unix socket's `path`, with who holds it if shown.

    `names` are what the processes that hold it call themselves, `unit` its control group's.
    """

    end: End | None
    path: str | None
    names: tuple[str, ...]
    pids: tuple[int, ...]
    unit: str | None
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
        """The one endpoint it is asked at: loopback, another address, or the unix socket."""
        return min(self.listeners, key=_preference).endpoint

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
        servers=_servers([one for one in found if _is_server(one)]),
        others=tuple(one for one in found if not _is_server(one)),
        unread=unread,
        complete=not record.stdout.truncated and not unread,
    )


def _listener(line: str) -> Listener | None:
    tcp = _TCP.match(line)
    shape = tcp or _UNIX.match(line)
    at = end(tcp[1]) if tcp else None
    if shape is None or (tcp and at is None):
        return None
    rest = line[shape.end() - 1 :]
    holders = _HOLDER.findall(rest)
    groups = _CGROUP.findall(rest)
    return Listener(
        end=at,
        path=None if tcp else shape[1],
        names=tuple(dict.fromkeys(name for name, _ in holders)),
        pids=tuple(dict.fromkeys(int(pid) for _, pid in holders)),
        unit=unit_of(groups[-1]) if groups else None,
        line=line.rstrip(),
    )


def _is_server(listener: Listener) -> bool:
    if listener.names:
        return bool(NAMES.intersection(listener.names))
    return listener.unit is not None and _UNIT.fullmatch(listener.unit) is not None


def _servers(listeners: list[Listener]) -> tuple[RedisServer, ...]:
    groups: dict[tuple[int | None, str | None], list[Listener]] = {}
    for listener in listeners:
        pid = listener.pids[0] if listener.pids else None
        groups.setdefault((pid, None if pid else listener.unit), []).append(listener)
    found = [
        RedisServer(tuple(same), pid, next((one.unit for one in same if one.unit), None))
        for (pid, _), same in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: one.endpoint))


def _preference(listener: Listener) -> tuple[int, str]:
    if listener.end is None:
        return (3, listener.endpoint)
    if listener.end.wildcard or listener.end.loopback:
        return (0 if ":" not in listener.end.address else 1, listener.endpoint)
    return (2, listener.endpoint)
