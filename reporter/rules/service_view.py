"""What a rule about one service looks at, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from reporter.engine import HostContext
from reporter.facts import Each
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.systemd_executables import Executable
from reporter.parsers.systemd_units import Unit, Units
from reporter.rules.times import at, span
from reporter.rules.unit_relations import Puller, Trigger, pullers, triggers

__all__ = [
    "ACTIVE",
    "DISABLED",
    "FAILED",
    "IDLE",
    "INACTIVE",
    "MASKED",
    "Answer",
    "View",
    "since",
    "verdict",
]

ACTIVE = text("Active services (running)")
IDLE = text("Idle services (oneshots between runs, started on demand)")
INACTIVE = text("Inactive/dead services")
FAILED = text("Failed services")
MASKED = text("Masked services")
DISABLED = text("Disabled services")


@dataclass(frozen=True)
class View:
    """One service in memory, with what is around it."""

    unit: Unit
    units: Units
    executables: Each[Executable] | Missing
    host: HostContext

    @property
    def now(self) -> float:
        """The host's time at the end of the collection, epoch seconds."""
        return self.host.collected_at

    @property
    def expected(self) -> bool:
        """Whether a profile says that it must run."""
        return self.unit.name in self.host.profiles.expected_units()

    @property
    def owned(self) -> bool:
        """Whether it belongs to an application."""
        return self.host.profiles.owner(self.unit.name) is not None

    @property
    def oneshot(self) -> bool:
        """Whether it does some work and ends, instead of running."""
        return self.unit.type == "oneshot"

    @property
    def has_run(self) -> bool:
        """Whether it ran since boot, as far as is shown."""
        return bool(self.unit.started_at or self.unit.inactive_until)

    @property
    def shipped(self) -> bool:
        """Whether its unit file is the distribution's."""
        path = self.unit.fragment_path or ""
        return path.startswith(("/lib/systemd/", "/usr/lib/systemd/"))

    @property
    def ended_at(self) -> float | None:
        """When it ended last, epoch seconds; None if never or not shown."""
        return self.unit.exited_at or self.unit.inactive_since or None

    @cached_property
    def pullers(self) -> tuple[Puller, ...]:
        """Who asks for it by a dependency."""
        return pullers(self.unit, self.units)

    @cached_property
    def triggers(self) -> tuple[Trigger, ...]:
        """What starts it on demand or by time."""
        return triggers(self.unit, self.units)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a row of the table says; `cites` are properties of the unit beside the common ones."""

    status: Status
    running: Running
    component: Text
    message: Text
    severity: Severity | None = None
    cites: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    details: tuple[Text | None, ...] = ()
    missing: tuple[Missing, ...] = ()


_COMMON = ("Id", "LoadState", "ActiveState", "SubState", "UnitFileState")
_DEFAULTS: dict[Status, Severity | None] = {
    "ok": None,
    "degraded": "P3",
    "down": "P2",
    "unknown": None,
}


def verdict(view: View, answer: Answer) -> Verdict:
    """Return the answer as a verdict on the service, with severity, owner and citations."""
    unit = view.unit
    severity = answer.severity or _DEFAULTS[answer.status]
    if answer.status == "down":
        severity = view.host.profiles.severity(unit.name, severity)
    owner = view.host.profiles.owner(unit.name)
    details = (*answer.details, _changed_on_disk(unit))
    stale = ("NeedDaemonReload",) if unit.need_daemon_reload else ()
    return Verdict(
        subject=unit.name,
        status=answer.status,
        running=answer.running,
        message=answer.message,
        component=answer.component,
        severity=severity,
        application=owner.name if owner else None,
        citations=(unit.cite(*_COMMON, *answer.cites, *stale), *answer.citations),
        details=tuple(detail for detail in details if detail is not None),
        missing=answer.missing,
    )


def since(moment: float | None, now: float) -> Text:
    """Return ` since 2026-11-22T10:44:12Z (for 3 h 2 min)`, or nothing where it is not shown."""
    if not moment:
        return text("")
    return text(" since {when} (for {span})", when=at(moment), span=span(max(0.0, now - moment)))


def _changed_on_disk(unit: Unit) -> Text | None:
    if not unit.need_daemon_reload:
        return None
    return text(
        "its unit file or a drop-in changed on disk after it was loaded: until systemctl "
        "daemon-reload it is run as it was before"
    )
