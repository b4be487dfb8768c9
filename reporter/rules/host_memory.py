"""Rule on the host's memory and load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine import rule
from reporter.findings import Missing, Severity, Verdict
from reporter.messages import Text, text
from reporter.parsers.host_system import Cpus, LoadAverage, Memory, Virtualization
from reporter.rules.host_figures import citations, missing, size

__all__ = ["memory_pressure"]

MEMORY = text("Memory and load")

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Limit:
    """Reached when less than `share` (0 to 1) of memory and less than `below` bytes are left."""

    share: float
    below: int
    severity: Severity


AVAILABLE = (
    Limit(0.05, 512 * MIB, "P1"),
    Limit(0.10, 2048 * MIB, "P2"),
)
"""Worst first."""

SWAP_USED = 0.95
SWAP_MATTERS: tuple[tuple[float, Severity], ...] = ((0.10, "P1"), (0.25, "P3"))
"""Swap this full is a fault only while less than this share of memory is available."""

LOAD: tuple[tuple[float, Severity], ...] = ((4.0, "P2"), (2.0, "P3"))
"""Load for each processor, sustained over 5 and 15 minutes."""


@rule(
    section="host",
    component=MEMORY,
    needs=(),
    uses=("memory", "load_average", "cpus", "virtualization"),
    worst="P1",
    if_ignored=text("the kernel ends processes to free memory"),
)
def memory_pressure(
    memory: Memory | Missing,
    load_average: LoadAverage | Missing,
    cpus: Cpus | Missing,
    virtualization: Virtualization | Missing,
) -> Iterator[Verdict]:
    """Whether memory, swap or processors are short.

    Means: memory is what the kernel says could be had without swapping (MemAvailable)

        less than 5 % and less than 512 MiB    P1
        less than 10 % and less than 2 GiB     P2

    swap that is 95 % full is a fault only while memory is short too, since Linux leaves idle
    pages there for weeks

        less than 10 % of memory available     P1
        less than 25 % of memory available     P3

    and load is the smaller of the averages over 5 and 15 minutes for each processor online, so
    that neither a short burst nor one that has passed counts

        4 or more    P2
        2 or more    P3

    Why: next come the out-of-memory killer, and services that time out for no reason of theirs.

    Evidence: host_memory, host_loadavg, host_cpus, host_virtualization.

    Limits: in a container these are the figures of its kernel's host, unless lxcfs replaces
    them: memory is judged all the same, because the container suffers with it; load is not,
    because others make it. A container's own limits (cgroup) are not read. Load on Linux counts
    tasks waiting for storage too. Services may have been killed for memory and the memory be
    free again: the journal tells.

    Source: proc_meminfo(5), proc_loadavg(5), kernel Documentation/filesystems/proc.rst.
    """
    yield _memory(memory, virtualization)
    yield _swap(memory)
    yield _load(load_average, cpus, virtualization)


def _memory(memory: Memory | Missing, virtualization: Virtualization | Missing) -> Verdict:
    if isinstance(memory, Missing):
        return _unknown("memory", text("how much memory is left is not known"), (memory,))
    severity = next(
        (
            limit.severity
            for limit in AVAILABLE
            if memory.available < limit.share * memory.total and memory.available < limit.below
        ),
        None,
    )
    container = not isinstance(virtualization, Missing) and virtualization.container
    return Verdict(
        subject="memory",
        status="degraded" if severity else "ok",
        severity=severity,
        component=MEMORY,
        message=text(
            "{available} of {total} memory available ({percent} %)",
            available=size(memory.available),
            total=size(memory.total),
            percent=100 * memory.available // memory.total,
        ),
        details=(text("in a container: the figures may be those of its host"),)
        if container
        else (),
        citations=citations(memory),
    )


def _swap(memory: Memory | Missing) -> Verdict:
    if isinstance(memory, Missing):
        return _unknown("swap", text("how much swap is left is not known"), (memory,))
    if not memory.swap_total:
        return Verdict(
            subject="swap",
            status="ok",
            component=MEMORY,
            message=text("no swap"),
            citations=citations(memory),
        )
    used = 1 - memory.swap_free / memory.swap_total
    severity = _swap_severity(used, memory.available / memory.total)
    return Verdict(
        subject="swap",
        status="degraded" if severity else "ok",
        severity=severity,
        component=MEMORY,
        message=text(
            "{percent} % of {total} swap in use, {available} memory available",
            percent=int(100 * used),
            total=size(memory.swap_total),
            available=size(memory.available),
        ),
        citations=citations(memory),
    )


def _swap_severity(used: float, available: float) -> Severity | None:
    if used < SWAP_USED:
        return None
    found: Severity | None = None
    for share, severity in reversed(SWAP_MATTERS):
        if available < share:
            found = severity
    return found


def _load(
    load: LoadAverage | Missing,
    cpus: Cpus | Missing,
    virtualization: Virtualization | Missing,
) -> Verdict:
    if isinstance(load, Missing):
        return _unknown("load", text("the load is not known"), (load,))
    if not isinstance(virtualization, Missing) and virtualization.container:
        return Verdict(
            subject="load",
            status="ok",
            component=MEMORY,
            message=text(
                "load {five} over 5 minutes, of the whole kernel: not held against a container",
                five=load.five,
            ),
            citations=citations(load, virtualization),
        )
    if isinstance(cpus, Missing):
        return _unknown(
            "load",
            text("load {five} over 5 minutes, on an unknown number of processors", five=load.five),
            (cpus,),
        )
    each = min(load.five, load.fifteen) / cpus.online
    severity = next((found for least, found in LOAD if each >= least), None)
    if severity and isinstance(virtualization, Missing):
        return _unknown(
            "load",
            text(
                "load {five} over 5 minutes; whether it is this host's own is not known",
                five=load.five,
            ),
            (virtualization,),
        )
    return Verdict(
        subject="load",
        status="degraded" if severity else "ok",
        severity=severity,
        component=MEMORY,
        message=text(
            "load {five} over 5 minutes, {fifteen} over 15, processors: {cpus}",
            five=load.five,
            fifteen=load.fifteen,
            cpus=cpus.online,
        ),
        citations=citations(load, cpus, virtualization),
    )


def _unknown(subject: str, message: Text, lacking: tuple[Missing, ...]) -> Verdict:
    return Verdict(
        subject=subject,
        status="unknown",
        running="unknown",
        component=MEMORY,
        message=message,
        missing=missing(*lacking),
    )
