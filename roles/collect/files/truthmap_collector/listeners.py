"""Which of a host's listening sockets belong to Redis or Valkey, and where each server is asked.

A socket is a server's if the process that holds it has a server's name. A reader without rights
sees no process: for him the unit in the socket's control group says so, or the socket's path. No
other port is ever asked whether it happens to be one.

What `ss -H -n -l -t -x -p -e` shows, to root and to others (wide blanks left out):

    u_str LISTEN 0 511 /run/redis/a.sock 1978837 * 0 users:(("redis-server",pid=47,fd=8)) <-> …
    u_str LISTEN 0 511 /run/redis/a.sock 1978837 * 0 <-> …
    tcp LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=47,fd=6)) uid:104 …
    tcp LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* uid:104 ino:197 … cgroup:/system.slice/x.service
"""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

__all__ = ["redis_endpoints"]

_TCP = re.compile(r"tcp +LISTEN +\d+ +\d+ +(\S+):(\d{1,5}) +\S+:\*(?: +(.*))?$")
_UNIX = re.compile(r"u_str +LISTEN +\d+ +\d+ +(/.*?) +(\d+) +\* \d+(?: +(.*))?$")
_HOLDER = re.compile(r'\("([^"]*)",pid=(\d{1,10}),fd=(\d{1,10})\)')
_INODE = re.compile(r"\bino:(\d{1,19})\b")
_UNIT = re.compile(r"\bcgroup:\S*/([^/ ]+\.service)(?: |$)")

_PROGRAMS = ("redis-server", "redis-sentinel", "valkey-server", "valkey-sentinel")
_SERVER_UNIT = re.compile(
    r"(redis|valkey)([-_](server|sentinel))?([-_]?\d{1,5}|@[^/]*)?\.service\Z"
)
_SERVER_PATH = re.compile(r"/(redis|valkey)[^/]*/[^/]+\.sock\Z|/(redis|valkey)[^/]*\.sock\Z")


class _Listener(NamedTuple):
    """A server's socket: whose it is, when it was made (in order), and how it is asked."""

    owner: Tuple[str, str]
    order: int
    port: int
    rank: int
    endpoint: str


def redis_endpoints(stdout: str) -> Iterator[str]:
    """Yield one endpoint a server, by port and path: `127.0.0.1:6379`, `[::1]:6379`, `/a.sock`.

    Of a server's sockets loopback is preferred, then another address, then the unix socket; of
    its ports the one it opened first, which is that without TLS and not the cluster's own.
    """
    servers: Dict[Tuple[str, str], List[_Listener]] = {}
    for line in stdout.splitlines():
        found = _tcp(line) or _unix(line)
        if found:
            servers.setdefault(found.owner, []).append(found)
    chosen = [_preferred(sockets) for sockets in servers.values()]
    yield from (socket.endpoint for socket in sorted(chosen, key=_sorting))


def _preferred(sockets: List[_Listener]) -> _Listener:
    over_tcp = [socket for socket in sockets if socket.port]
    if not over_tcp:
        return min(sockets, key=lambda socket: socket.order)
    first = min(over_tcp, key=lambda socket: socket.order).port
    return min(
        (socket for socket in over_tcp if socket.port == first),
        key=lambda socket: (socket.rank, socket.endpoint),
    )


def _sorting(socket: _Listener) -> Tuple[bool, int, str]:
    return (not socket.port, socket.port, socket.endpoint)


def _tcp(line: str) -> Optional[_Listener]:
    found = _TCP.match(line)
    if not found or not 0 < int(found.group(2)) < 65536:
        return None
    address, port, rest = found.group(1), int(found.group(2)), found.group(3) or ""
    whose = _owner(rest)
    if whose is None:
        return None
    rank, host = _reachable(address)
    return _Listener(whose[0], whose[1], port, rank, "{}:{}".format(host, port))


def _reachable(address: str) -> Tuple[int, str]:
    """Return how near an address is, and the one to ask where it stands for any."""
    address = address.partition("%")[0] if "[" not in address else address
    if address in ("0.0.0.0", "*") or address.startswith("127."):  # noqa: S104 - read, not bound
        return 0, address if address.startswith("127.") else "127.0.0.1"
    if address in ("[::]", "[::1]"):
        return 1, "[::1]"
    return 2, address


def _unix(line: str) -> Optional[_Listener]:
    found = _UNIX.match(line)
    if not found:
        return None
    path, inode, rest = found.groups()
    whose = _owner(rest or "")
    if whose is None and _by_path(path, rest or ""):
        whose = (("path", path), int(inode))
    return _Listener(whose[0], whose[1], 0, 0, path) if whose else None


def _by_path(path: str, rest: str) -> bool:
    return "users:((" not in rest and bool(_SERVER_PATH.search(path))


def _owner(rest: str) -> Optional[Tuple[Tuple[str, str], int]]:
    """Return a server's identity and the socket's order among its own; None if it is no server.

    A child that saves the data holds its parent's sockets too: the lower process id stands for
    both.
    """
    holders = [holder for holder in _HOLDER.findall(rest) if holder[0] in _PROGRAMS]
    if holders:
        _, pid, descriptor = min(holders, key=lambda holder: int(holder[1]))
        return ("pid", pid), int(descriptor)
    unit, inode = _UNIT.search(rest), _INODE.search(rest)
    if "users:((" in rest or not unit or not _SERVER_UNIT.match(unit.group(1)):
        return None
    return ("unit", unit.group(1)), int(inode.group(1)) if inode else 0
