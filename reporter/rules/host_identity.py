"""Rule on what the host is."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import rule
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.host_system import (
    Boot,
    Cpus,
    Kernel,
    Memory,
    OsRelease,
    Uptime,
    Virtualization,
)
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.systemd_units import Units
from reporter.rules.host_figures import citations, duration, missing, moment, size

__all__ = ["host_identity"]

HOST = text("VPS host")
NOT_SEEN = text("not known")


@rule(
    section="host",
    component=HOST,
    needs=(),
    uses=("os_release", "kernel", "virtualization", "cpus", "memory", "boot", "uptime", "units"),
    if_asked=("redis_listeners",),
)
def host_identity(
    os_release: OsRelease | Missing,
    kernel: Kernel | Missing,
    virtualization: Virtualization | Missing,
    cpus: Cpus | Missing,
    memory: Memory | Missing,
    boot: Boot | Missing,
    uptime: Uptime | Missing,
    units: Units | Missing,
    redis_listeners: RedisListeners | Missing,
) -> Iterator[Verdict]:
    """What the host is: operating system, kernel, virtualisation, processors, memory, uptime.

    Means: the host answered and says what it is. It is ok where its kernel was heard, by uname,
    /proc/stat or /proc/uptime; each part that was not is named as not known. It is unknown
    where none of them was.

    Why: everything below is read in the light of it, and an inventory may say otherwise.

    Evidence: host_os_release, host_kernel, host_virtualization, host_cpus, host_memory,
    host_boot, host_uptime; systemd_units tells that systemd runs it, redis_listeners which
    Redis and Valkey servers listen on it.

    Limits: os-release is a file, so it says what was installed, not what runs. In a container
    kernel, processors, memory and boot are those of its host.

    Source: os-release(5), uname(1), systemd-detect-virt(1), proc(5).
    """
    parts = (os_release, kernel, virtualization, cpus, memory, boot, uptime)
    heard = not all(isinstance(part, Missing) for part in (kernel, boot, uptime))
    yield Verdict(
        subject="host",
        status="ok" if heard else "unknown",
        running="yes" if heard else "unknown",
        component=HOST,
        connected_to=(
            *(() if isinstance(units, Missing) else ("systemd",)),
            *_servers(redis_listeners),
        ),
        message=text(
            "{system}, kernel {kernel}, virtualisation: {virtualization}, processors: {cpus}, "
            "memory: {memory}, booted {boot}, up {uptime}",
            system=NOT_SEEN if isinstance(os_release, Missing) else os_release.pretty_name,
            kernel=NOT_SEEN if isinstance(kernel, Missing) else kernel.release,
            virtualization=_virtualization(virtualization),
            cpus=NOT_SEEN if isinstance(cpus, Missing) else cpus.online,
            memory=NOT_SEEN if isinstance(memory, Missing) else size(memory.total),
            boot=NOT_SEEN if isinstance(boot, Missing) else moment(boot.at),
            uptime=NOT_SEEN if isinstance(uptime, Missing) else duration(uptime.seconds),
        ),
        citations=citations(*parts),
        missing=missing(*parts, units),
    )


def _servers(listeners: RedisListeners | Missing) -> Iterator[str]:
    for server in () if isinstance(listeners, Missing) else listeners.servers:
        names = [name for one in server.listeners for name in one.names]
        valkey = any(name.startswith("valkey") for name in names)
        yield f"{'Valkey' if valkey else 'Redis'} ({server.unit or server.endpoint})"


def _virtualization(found: Virtualization | Missing) -> Text:
    if isinstance(found, Missing):
        return NOT_SEEN
    if found.kind == "none":
        return text("none (bare metal)")
    if found.container:
        return text("{technology} (container)", technology=found.technology)
    return text("{technology} (virtual machine)", technology=found.technology)
