"""What the hosts pay: CPU time and peak memory of their cgroups, bytes on their network."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab import LabHost

__all__ = ["Cost", "Meter"]

_READERS = 8


@dataclass(frozen=True)
class Cost:
    """What a host paid between two readings."""

    seconds: float
    """Time between the readings."""
    cpu_s: float
    memory_bytes: int | None
    """Peak above the usage at the first reading; None where the kernel keeps one peak only."""
    sent_bytes: int
    received_bytes: int

    def above(self, idle_cpu_per_s: float) -> float:
        """Return the CPU seconds beyond what the host spends when left alone."""
        return self.cpu_s - idle_cpu_per_s * self.seconds


@dataclass(frozen=True)
class _Reading:
    at: float
    cpu_s: float
    memory_bytes: int
    memory_fresh: bool
    received_bytes: int
    sent_bytes: int


class Meter:
    """Reads hosts from outside, all at once, so that reading costs them nothing."""

    def __init__(self, hosts: Iterable[LabHost]) -> None:
        """Find the network counters of the hosts, which must be up."""
        self._hosts = {host.name: host for host in hosts}
        self._network = {name: _network_counters(host) for name, host in self._hosts.items()}
        self._before: dict[str, _Reading] = {}

    def begin(self) -> None:
        """Take the first reading; memory peaks begin anew."""
        self._before = self._read(reset=True)

    def end(self) -> dict[str, Cost]:
        """Take the second reading and return what each host paid since the first."""
        after = self._read(reset=False)
        return {name: _cost(self._before[name], after[name]) for name in self._hosts}

    def _read(self, reset: bool) -> dict[str, _Reading]:
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            readings = pool.map(lambda name: self._read_one(name, reset), self._hosts)
            return dict(zip(self._hosts, readings, strict=True))

    def _read_one(self, name: str, reset: bool) -> _Reading:
        host = self._hosts[name]
        fresh = host.reset_memory_peak() if reset else True
        at = time.monotonic()
        cpu_s, memory = host.cgroup_usage()
        received, sent = _transferred(self._network[name])
        return _Reading(at, cpu_s, memory, fresh, received, sent)


def _cost(before: _Reading, after: _Reading) -> Cost:
    memory = after.memory_bytes - before.memory_bytes if before.memory_fresh else None
    return Cost(
        seconds=after.at - before.at,
        cpu_s=after.cpu_s - before.cpu_s,
        memory_bytes=memory,
        sent_bytes=after.sent_bytes - before.sent_bytes,
        received_bytes=after.received_bytes - before.received_bytes,
    )


def _network_counters(host: LabHost) -> Path:
    """The host's own /proc/net/dev, seen through its first process (proc(5))."""
    pid = host.podman("inspect", "--format", "{{.State.Pid}}", host.container).stdout.strip()
    return Path("/proc", pid, "net", "dev")


def _transferred(counters: Path) -> tuple[int, int]:
    """Bytes received and sent by every interface but the loopback."""
    received = sent = 0
    for line in counters.read_text().splitlines()[2:]:
        interface, _, figures = line.partition(":")
        if interface.strip() != "lo":
            values = figures.split()
            received += int(values[0])
            sent += int(values[8])
    return received, sent
