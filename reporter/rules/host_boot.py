"""Rule on the boot, and on the moments services say they started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.host_system import Boot
from reporter.parsers.systemd_units import Unit, Units
from reporter.rules.host_figures import citations, duration, missing, moment

__all__ = ["boot_time"]

BOOT = text("Boot and uptime")

TOLERANCE_S = 10.0
"""btime jitters by 1 s, systemd shows whole seconds, and the clock is set by 1 or 2 s at boot."""

WITH_BOOT_S = 600.0
"""A service whose process is older than this after systemd's own start came with the boot."""

SHOWN = 5
"""Services named in the message; all of them are in the details."""


@dataclass(frozen=True, slots=True)
class Start:
    """When a service's process last started, or the service last became active."""

    unit: Unit
    at: float

    @property
    def cited(self) -> Citation:
        """The lines that say so."""
        return self.unit.cite("Id", "ExecMainStartTimestamp", "ActiveEnterTimestamp")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Services whose start this clock makes impossible."""

    starts: tuple[Start, ...]
    severity: Severity
    message: Text


@rule(
    section="host",
    component=BOOT,
    needs=(),
    uses=("boot", "units"),
    worst="P2",
    if_ignored=text("times on this host cannot be put in order"),
)
def boot_time(host: HostContext, boot: Boot | Missing, units: Units | Missing) -> Iterator[Verdict]:
    """When the host booted, and whether the services' start times agree with it.

    Means: the kernel computes the moment of boot from the clock as it is now; systemd noted each
    start by the clock as it was then. A service that started before the boot shows that the
    clock was set forward since (degraded, P3); one that starts after the end of the collection
    that it was set back (degraded, P2: what waits for a time of day waits too long). Differences
    of up to 10 s are not counted: btime jitters by a second, systemd shows whole seconds, and
    boot itself sets the clock by a second or two. Otherwise the services that run are counted:
    those that came with the boot (within ten minutes of systemd's own start) and those that
    started later, by hand, by a timer or after a failure.

    In a container systemd starts long after its kernel booted; that is no contradiction.

    Why: after a step of the clock the ages and the order of events in logs and streams are
    wrong, and a host that booted unnoticed explains much.

    Evidence: host_boot (btime), systemd_units (ExecMainStartTimestamp, ActiveEnterTimestamp).

    Limits: a step forward shows only where it is longer than the time between the boot and the
    service's start, a step back only until the clock has caught up with it. Machines that were
    suspended or paused look as if the clock had been set, which it was.

    Source: proc_stat(5) btime, org.freedesktop.systemd1(5), kernel fs/proc/stat.c.
    """
    starts = () if isinstance(units, Missing) else tuple(_starts(units))
    found = tuple(_contradictions(starts, boot, host.collected_at))
    known = not isinstance(boot, Missing) and not isinstance(units, Missing) and units.complete
    status: Status = "degraded" if found else "ok" if known else "unknown"
    yield Verdict(
        subject="boot",
        status=status,
        severity=min((one.severity for one in found), default=None),
        running="unknown" if status == "unknown" else "yes",
        component=BOOT,
        message=_message(boot, units, starts, found, host.collected_at),
        details=_details(units, starts, found),
        citations=(
            *citations(boot),
            *(start.cited for one in found for start in one.starts[:SHOWN]),
        ),
        missing=missing(boot, units) if status == "unknown" else (),
    )


def _starts(units: Units) -> Iterator[Start]:
    for unit in units.of("service"):
        at = unit.started_at or unit.active_since
        if at:
            yield Start(unit, at)


def _contradictions(
    starts: tuple[Start, ...], boot: Boot | Missing, collected_at: float
) -> Iterator[Contradiction]:
    if not isinstance(boot, Missing):
        early = _ordered(start for start in starts if start.at < boot.at - TOLERANCE_S)
        if early:
            yield Contradiction(
                early,
                "P3",
                text(
                    "the clock was set forward since services started: {services} would have "
                    "started up to {gap} before the boot",
                    services=_names(early),
                    gap=duration(boot.at - early[0].at),
                ),
            )
    late = _ordered(start for start in starts if start.at > collected_at + TOLERANCE_S)
    if late:
        yield Contradiction(
            late,
            "P2",
            text(
                "the clock was set back since services started: {services} would start up to "
                "{gap} after this collection",
                services=_names(late),
                gap=duration(late[-1].at - collected_at),
            ),
        )


def _ordered(starts: Iterator[Start]) -> tuple[Start, ...]:
    return tuple(sorted(starts, key=lambda start: (start.at, start.unit.name)))


def _names(starts: tuple[Start, ...]) -> Text:
    names = sorted(start.unit.name for start in starts)
    shown = ", ".join(names[:SHOWN])
    if len(names) <= SHOWN:
        return text("{names}", names=shown)
    return text("{names} and {count} more", names=shown, count=len(names) - SHOWN)


def _message(
    boot: Boot | Missing,
    units: Units | Missing,
    starts: tuple[Start, ...],
    found: tuple[Contradiction, ...],
    collected_at: float,
) -> Text:
    if len(found) == 2:
        return text("{one}; {other}", one=found[0].message, other=found[1].message)
    if found:
        return found[0].message
    if isinstance(boot, Missing):
        return text("when the host booted is not known")
    booted = text(
        "booted {at}, {up} before the collection",
        at=moment(boot.at),
        up=duration(max(0.0, collected_at - boot.at)),
    )
    if isinstance(units, Missing):
        return text("{booted}; not compared with the services' start times", booted=booted)
    running = [start for start in starts if start.unit.sub_state == "running"]
    if units.booted_at is None:
        return text("{booted}; running services: {running}", booted=booted, running=len(running))
    later = len(_later(units, starts))
    return text(
        "{booted}; systemd started {began}; of {running} running services {with_boot} came with "
        "it, {later} later",
        booted=booted,
        began=moment(units.booted_at),
        running=len(running),
        with_boot=len(running) - later,
        later=later,
    )


def _details(
    units: Units | Missing, starts: tuple[Start, ...], found: tuple[Contradiction, ...]
) -> tuple[Text, ...]:
    if isinstance(units, Missing):
        return ()
    shown = tuple(start for one in found for start in one.starts) or _later(units, starts)
    return tuple(
        text("{unit} started {at}", unit=start.unit.name, at=moment(start.at)) for start in shown
    )


def _later(units: Units, starts: tuple[Start, ...]) -> tuple[Start, ...]:
    """Return the running services that did not come with the boot, in order of their start."""
    began = units.booted_at
    if began is None:
        return ()
    return _ordered(
        start
        for start in starts
        if start.unit.sub_state == "running" and start.at > began + WITH_BOOT_S
    )
