"""Sockets that listen or are connected: `ss -H -n -t -u -p state listening state ...`.

Sample (TCP and UDP; the last column is missing where the reader has no right to see it):

    udp UNCONN 0      0       0.0.0.0%eth0:68   0.0.0.0:*     users:(("dhclient",pid=31,fd=6))
    tcp LISTEN 0      511        127.0.0.1:6379 0.0.0.0:*     users:(("redis-server",pid=47,fd=6))
    tcp ESTAB  0      0         10.88.0.17:22   10.88.0.1:518 users:(("sshd",pid=9,fd=4),("sshd",pid=8,fd=4))
    tcp LISTEN 0      128             [::]:22        [::]:*

Source: ss(8); iproute2 misc/ss.c (5.9 to 6.15).
"""  # noqa: E501 - the sample is as ss prints it

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text

__all__ = ["End", "Holder", "Socket", "Sockets", "end"]

# A process names itself, in at most 15 bytes: the name may hold all but room for a forged entry.
_HOLDER = re.compile(r'\("(.+?)",pid=(\d+),fd=\d+\)(?=,\("|\)\s*$)', re.DOTALL)
_STATES: dict[tuple[str, str], Literal["listening", "connected"]] = {
    ("tcp", "LISTEN"): "listening",
    ("udp", "UNCONN"): "listening",
    ("tcp", "ESTAB"): "connected",
    ("udp", "ESTAB"): "connected",
}


@dataclass(frozen=True, slots=True, order=True)
class End:
    """One end of a socket. `address` is `*` for all addresses of IPv4 and IPv6 at once.

    IPv4 addresses that a socket of IPv6 shows mapped are given as IPv4; `zone` is the interface
    it is bound to, "" if none.
    """

    address: str
    port: int
    zone: str = ""

    @property
    def wildcard(self) -> bool:
        """Whether it stands for all addresses."""
        return self.address in {"*", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound

    @property
    def loopback(self) -> bool:
        """Whether only this host itself reaches it."""
        if self.wildcard:
            return self.zone == "lo"
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def public(self) -> bool:
        """Whether it is an address of the open internet."""
        return not self.wildcard and ipaddress.ip_address(self.address).is_global

    def takes(self, other: End) -> bool:
        """Say whether a listener here takes what is sent to the other end."""
        if self.port != other.port:
            return False
        if not self.wildcard:
            return self.address == other.address
        families = {"0.0.0.0": 4, "::": 6}  # noqa: S104 - compared, not bound
        version = ipaddress.ip_address(other.address).version
        return families.get(self.address, version) in {version, 6}

    @property
    def host(self) -> str:
        """The address as one writes it, with the interface."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{shown}%{self.zone}" if self.zone else shown

    def __str__(self) -> str:
        """Return address and port."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a socket; `name` is what it calls itself."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket. No `holders` means that none was shown, not that there is none."""

    proto: Literal["tcp", "udp"]
    state: Literal["listening", "connected"]
    local: End
    peer: End | None
    holders: tuple[Holder, ...]
    line: str


@dataclass(frozen=True)
class Sockets:
    """Every socket that was shown; `unread` are lines no socket could be read in.

    `complete` is false where lines were cut or unread: then a socket not in it is not known.
    `sampled_at` is the end of the look, epoch seconds by the host's clock.
    """

    record: str
    all: tuple[Socket, ...]
    unread: tuple[str, ...]
    complete: bool
    sampled_at: float

    @property
    def listening(self) -> Iterator[Socket]:
        """The listeners, UDP sockets without a peer among them."""
        return (socket for socket in self.all if socket.state == "listening")

    @property
    def connected(self) -> Iterator[Socket]:
        """The connections."""
        return (socket for socket in self.all if socket.state == "connected")

    def cite(self, *sockets: Socket) -> Citation:
        """Return the citation of some sockets' lines."""
        return Citation(self.record, "\n".join(socket.line for socket in sockets))


@fact("sockets_open")
def sockets(record: Record) -> Sockets:
    """Return the TCP and UDP sockets that listen or are connected."""
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
    lines = [line for line in lines if line.strip()]
    read = [(line, _socket(line)) for line in lines]
    unread = tuple(line for line, found in read if found is None)
    if lines and len(unread) == len(lines):
        raise NoFact(text("no socket can be read in its output"))
    return Sockets(
        record=record.id,
        all=tuple(found for _, found in read if isinstance(found, Socket)),
        unread=unread,
        complete=not record.stdout.truncated and not unread,
        sampled_at=datetime.fromisoformat(record.started_at).timestamp() + record.duration_s,
    )


def _socket(line: str) -> Socket | Literal["other"] | None:
    """Return the socket of a line, `other` for a state of no interest, None if it is no socket."""
    words = line.split(None, 6)
    if len(words) < 6 or not (words[2] + words[3]).isdigit():
        return None
    proto, state = words[0], words[1]
    local, peer = end(words[4]), end(words[5])
    if proto not in {"tcp", "udp"} or local is None:
        return None
    kind = _STATES.get((proto, state))
    if kind is None:
        return "other"
    if kind == "connected" and (peer is None or peer.wildcard):
        return None
    users = words[6] if len(words) == 7 else ""
    return Socket(
        proto="tcp" if proto == "tcp" else "udp",
        state=kind,
        local=local,
        peer=peer if kind == "connected" else None,
        holders=tuple(Holder(name, int(pid)) for name, pid in _HOLDER.findall(users)),
        line=line.rstrip(),
    )


def end(shown: str) -> End | None:
    """Read an end as ss writes it; None for one without a port, or that is none.

    >>> end("[::ffff:1.2.3.4]%eth0:80")
    End(address='1.2.3.4', port=80, zone='eth0')
    """
    host, _, port = shown.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        return None
    host, _, outer = host.partition("]%") if "]%" in host else (host, "", "")
    host, _, inner = host.strip("[]").partition("%")
    zone = outer or inner
    if host == "*":
        return End("*", int(port), zone)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return End(str(mapped or address), int(port), zone)
