"""What was measured, and the series of figures that come out of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tests.bench.meter import Cost
from tests.bench.ways import Run

__all__ = ["Measurement", "Measurements", "Series"]


@dataclass(frozen=True)
class Series:
    """Figures of the same thing, one per round (and host)."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle figure."""
        return statistics.median(self.values)

    def shown(self, digits: int = 2) -> str:
        """Return "median (least..most)"; "-" if there is no figure."""
        if not self.values:
            return "-"
        low, high = min(self.values), max(self.values)
        return f"{self.median:.{digits}f} ({low:.{digits}f}..{high:.{digits}f})"


@dataclass(frozen=True)
class Measurement:
    """One way in one round: what it took here, and what each host paid."""

    way: str
    round: int
    run: Run
    costs: Mapping[str, Cost]


@dataclass
class Measurements:
    """All rounds."""

    all: list[Measurement] = field(default_factory=list)

    def of(self, way: str) -> list[Measurement]:
        """Return one way's rounds."""
        return [one for one in self.all if one.way == way]

    def series(self, way: str, figure: Callable[[Run], float]) -> Series:
        """Return a figure of a way over its rounds."""
        return Series(tuple(figure(one.run) for one in self.of(way)))

    def ratios(self, way: str, to: str, figure: Callable[[Run], float]) -> Series:
        """Return a way's figure over another's, round by round, where both have one."""
        others = {one.round: figure(one.run) for one in self.of(to)}
        return Series(
            tuple(
                figure(one.run) / others[one.round] for one in self.of(way) if others.get(one.round)
            )
        )

    def idle_cpu_per_s(self, host: str) -> float:
        """Return what a host spends when left alone, in CPU seconds per second."""
        costs = [one.costs[host] for one in self.of("idle")]
        return statistics.median(cost.cpu_s / cost.seconds for cost in costs)

    def host_cpu(self, way: str, hosts: Iterable[str]) -> Series:
        """Return the CPU seconds above idle, per round and host."""
        idle = {host: self.idle_cpu_per_s(host) for host in hosts}
        return Series(
            tuple(one.costs[host].above(idle[host]) for one in self.of(way) for host in idle)
        )

    def host_memory(self, way: str, hosts: Iterable[str]) -> Series:
        """Return the peak memory above idle in MiB, per round and host; empty if not known."""
        chosen = tuple(hosts)
        return Series(
            tuple(
                memory / 2**20
                for one in self.of(way)
                for host in chosen
                if (memory := one.costs[host].memory_bytes) is not None
            )
        )
