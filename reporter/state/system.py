"""The host itself, and its file systems, as things."""

from __future__ import annotations

from reporter.findings import Missing
from reporter.messages import text
from reporter.parsers.host_disks import MEMORY, FileSystems
from reporter.parsers.host_system import Cpus, Kernel, OsRelease, Virtualization
from reporter.parsers.systemd_system import SystemdVersion
from reporter.parsers.systemd_units import Units
from reporter.recorded import recorded
from reporter.state.model import Part, Thing, traits_of

__all__ = ["file_systems", "host_itself"]


def host_itself(
    os_release: OsRelease | Missing,
    kernel: Kernel | Missing,
    cpus: Cpus | Missing,
    virtualization: Virtualization | Missing,
    systemd: SystemdVersion | Missing,
    units: Units | Missing,
) -> Part:
    """Return the one thing `host`; `booted_at` is when systemd started."""
    facts = (os_release, kernel, cpus, virtualization, systemd, units)
    known = [fact for fact in (kernel, os_release) if not isinstance(fact, Missing)]
    traits = traits_of(
        os=None if isinstance(os_release, Missing) else os_release.pretty_name,
        kernel=None if isinstance(kernel, Missing) else kernel.release,
        kernel_build=None if isinstance(kernel, Missing) else kernel.version,
        machine=None if isinstance(kernel, Missing) else kernel.machine,
        cpus=None if isinstance(cpus, Missing) else cpus.online,
        virtualization=None if isinstance(virtualization, Missing) else virtualization.technology,
        systemd=None if isinstance(systemd, Missing) else systemd.package or str(systemd.number),
        booted_at=None if isinstance(units, Missing) else units.booted_at,
    )
    cited = known[0].cited if known else None
    return Part(
        ("host",),
        (Thing("host", "host", traits, cited=cited),),
        unshown=tuple(fact for fact in facts if isinstance(fact, Missing)),
    )


def file_systems(found: FileSystems | Missing) -> Part:
    """Return what is mounted and can be filled, memory left out: sessions come and go in it."""
    if isinstance(found, Missing):
        return Part(("file_system",), gaps=(found,))
    return Part(
        ("file_system",),
        tuple(
            Thing(
                "file_system",
                one.mount,
                traits_of(source=one.source, type=one.fstype, writing=one.writing),
                cited=one.cited,
            )
            for one in found.measured
            if one.fstype not in MEMORY
        ),
        tuple(
            Missing(
                one.cited.record,
                text("{mount}: {reason}", mount=one.mount, reason=recorded(one.reason)),
            )
            for one in found.unmeasured
            if one.expected
        ),
    )
