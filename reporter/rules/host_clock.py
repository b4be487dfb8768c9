"""Rule on the host's clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.evidence import Clock
from reporter.findings import Missing, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.host_clock import KernelClock, TimesyncStamp
from reporter.parsers.host_system import Virtualization
from reporter.rules.host_figures import citations, missing

__all__ = ["clock_sync"]

CLOCK = text("Clock")


@dataclass(frozen=True, slots=True)
class Limit:
    """What it means for a clock to be off by more than `seconds`."""

    seconds: float
    status: Status
    severity: Severity


LIMITS = (
    Limit(300, "down", "P1"),
    Limit(60, "degraded", "P1"),
    Limit(2, "degraded", "P2"),
)
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Offset:
    """The measured difference as the table judges it; `known` is false where none was usable."""

    known: bool
    limit: Limit | None
    message: Text


@rule(
    section="host",
    component=CLOCK,
    needs=(),
    uses=("kernel_clock", "timesync_stamp", "virtualization"),
    worst="P1",
    if_ignored=text("event times, freshness and certificates are judged by a wrong clock"),
)
def clock_sync(
    host: HostContext,
    kernel_clock: KernelClock | Missing,
    timesync_stamp: TimesyncStamp | Missing,
    virtualization: Virtualization | Missing,
) -> Iterator[Verdict]:
    """Whether the host's clock is kept right, and how far it is from the control node's.

    Means: two things are held together. The difference to the control node's clock, less the
    uncertainty of measuring it (the round trip), against

        more than 300 s    down, P1        Kerberos refuses tickets
        more than  60 s    degraded, P1    one-time passwords and many signed requests fail
        more than   2 s    degraded, P2    the order of events across hosts is lost

    and the kernel's own word: a clock that is not synchronised is degraded, P3 while the
    difference is known to be within 2 s (it will drift), P2 where nobody measured it.

    A container has its kernel's clock and cannot set it: that the kernel says unsynchronised is
    shown, and not held against the container. A difference is, whoever should mend it.

    Why: stream ids, certificates, logs, exchange APIs and timers all trust this clock.

    Evidence: host_clock (adjtimex), host_timesync, host_virtualization, and the bundle's
    clock, measured over the connection. Without adjtimex nothing is ok: timesyncd's stamp only
    proves that it once set the clock, and a small difference only that it was right just now.

    Limits: a bundle collected by hand has no measured difference. If the control node's clock
    is wrong, every host differs by the same amount. Hypervisor tools and some daemons set the
    clock without telling the kernel, which then goes on saying unsynchronised. After the last
    correction it takes the kernel about nine hours to say so.

    Source: adjtimex(2), kernel/time/ntp.c, systemd-timesyncd.service(8), RFC 4120 (clock skew),
    RFC 6238.
    """
    offset = _offset(host.bundle.clock, host.bundle.collected_by)
    status, severity = _verdict(offset, kernel_clock, virtualization)
    yield Verdict(
        subject="clock",
        status=status,
        running="unknown" if status == "unknown" else "na",
        severity=severity,
        component=CLOCK,
        message=text(
            "{offset}; {kernel}",
            offset=offset.message,
            kernel=_kernel_says(kernel_clock, virtualization),
        ),
        details=_details(timesync_stamp),
        citations=citations(kernel_clock, timesync_stamp, virtualization),
        missing=missing(kernel_clock, virtualization) if status == "unknown" else (),
    )


def _verdict(
    offset: Offset, kernel: KernelClock | Missing, virtualization: Virtualization | Missing
) -> tuple[Status, Severity | None]:
    if offset.limit:
        return offset.limit.status, offset.limit.severity
    if isinstance(kernel, Missing):
        return "unknown", None
    if kernel.synchronised:
        return "ok", None
    if isinstance(virtualization, Missing):
        return "unknown", None
    if virtualization.container:
        return "ok", None
    return "degraded", "P3" if offset.known else "P2"


def _offset(clock: Clock, collected_by: str) -> Offset:
    if clock.offset_s is None or clock.uncertainty_s is None:
        if collected_by == "hand":
            return Offset(False, None, text("not compared with another clock: collected by hand"))
        return Offset(False, None, text("not compared with another clock: nothing was measured"))
    least = abs(clock.offset_s) - clock.uncertainty_s
    most = abs(clock.offset_s) + clock.uncertainty_s
    limit = next((limit for limit in LIMITS if least > limit.seconds), None)
    said = text(
        "no difference to the control node's clock, as far as was measured (to within {most} s)"
        if least <= 0
        else "{offset} s ahead of the control node's clock, give or take {uncertainty} s"
        if clock.offset_s >= 0
        else "{offset} s behind the control node's clock, give or take {uncertainty} s"
    )
    return Offset(
        known=most <= LIMITS[-1].seconds,
        limit=limit,
        message=said.filled(
            offset=f"{abs(clock.offset_s):.3f}",
            uncertainty=f"{clock.uncertainty_s:.3f}",
            most=f"{most:.3f}",
        ),
    )


def _kernel_says(kernel: KernelClock | Missing, virtualization: Virtualization | Missing) -> Text:
    if isinstance(kernel, Missing):
        return text("whether it is synchronised is not known")
    if kernel.synchronised:
        return text(
            "the kernel says synchronised, to within {error} s", error=f"{kernel.max_error_s:.3f}"
        )
    if isinstance(virtualization, Missing):
        return text(
            "the kernel says it is not synchronised; whether this host could set it is not known"
        )
    if virtualization.container:
        return text(
            "the kernel says it is not synchronised, which is its host's affair: this is a "
            "container ({technology})",
            technology=virtualization.technology,
        )
    return text("the kernel says it is not synchronised")


def _details(stamp: TimesyncStamp | Missing) -> tuple[Text, ...]:
    if isinstance(stamp, Missing):
        return ()
    if stamp.at is None:
        return (text("systemd-timesyncd has not set the clock since the boot"),)
    return (text("systemd-timesyncd last set the clock at {at}", at=stamp.at),)
