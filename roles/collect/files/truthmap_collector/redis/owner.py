"""Whose the socket is that answers: only a system's own account is told the general password.

Whatever listens may call itself a Redis server, also what a person of the host started.
"""

import socket
import struct
from typing import Iterator, List, Optional

from truthmap_collector import host

__all__ = ["doubt"]

_PEOPLE = 1000  # UID_MIN of login.defs(5): below it are the system's accounts
_DYNAMIC = range(61184, 65520)  # those systemd makes for a unit: systemd.exec(5), DynamicUser=
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTEN = "0A"


def doubt(link: socket.socket) -> Optional[str]:
    """Say why a connected server may not be the system's own; None if nothing speaks for it."""
    owners = _owners(link)
    if not owners:
        return "whose socket it is is not shown"
    people = sorted({uid for uid in owners if uid >= _PEOPLE and uid not in _DYNAMIC})
    if not people:
        return None
    return "its socket belongs to the user id {}, which is no account of the system".format(
        ", ".join(map(str, people))
    )


def _owners(link: socket.socket) -> List[int]:
    """Return the user ids of whoever listens where the connection leads."""
    if link.family == socket.AF_UNIX:
        raw = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return [struct.unpack("3i", raw)[1]]
    port = link.getpeername()[1]
    return [uid for table in _TABLES for uid in _listening(table, port)]


def _listening(table: str, port: int) -> Iterator[int]:
    """Yield the user ids of a port's listeners, at whatever address, out of proc_net(5)."""
    try:
        with open(table, "rb") as stream:
            lines = host.from_os(stream.read()).splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 7 and fields[3] == _LISTEN and int(fields[1].split(":")[1], 16) == port:
            yield int(fields[7])
