"""Who asks for a unit: what pulls it in, and what starts it on demand.

Systemd shows the dependencies of others on a unit in reverse: `WantedBy` are the units that have
`Wants=` on it, and so on. They hold from memory, whatever file or link they come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.findings import Missing
from reporter.messages import text
from reporter.parsers.systemd_units import Unit, Units

__all__ = ["PULLS", "Puller", "Trigger", "comes_back", "not_in_sample", "pullers", "triggers"]

PULLS = ("WantedBy", "UpheldBy", "RequiredBy", "RequisiteOf", "BoundBy", "TriggeredBy", "BusName")
"""The properties that show who asks for a unit, for citing."""


@dataclass(frozen=True, slots=True)
class Puller:
    """A unit that asks for another: `how` is its setting, `unit` None if it is not in memory."""

    how: str
    name: str
    unit: Unit | None

    @property
    def active(self) -> bool:
        """Whether it is up, so that what it asks for should be too."""
        return self.unit is not None and self.unit.active_state in {"active", "reloading"}

    @property
    def binding(self) -> bool:
        """Whether it cannot do without."""
        return self.how in {"Requires", "Requisite", "BindsTo"}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A timer, socket, path or automount that starts a unit; `unit` None if not in memory."""

    name: str
    unit: Unit | None

    @property
    def active(self) -> bool:
        """Whether it is in place, so that it can start the unit."""
        return self.unit is not None and self.unit.active_state == "active"

    @property
    def enabled(self) -> bool:
        """Whether it was meant to be in place."""
        state = self.unit.unit_file_state if self.unit else None
        return state in {"enabled", "enabled-runtime"}

    @property
    def skipped(self) -> bool:
        """Whether a condition of its own unit file keeps it from being in place."""
        unit = self.unit
        return unit is not None and bool(unit.condition_at) and unit.condition_result is False


def pullers(unit: Unit, units: Units) -> tuple[Puller, ...]:
    """Return the units whose dependencies ask for this one, the binding ones first."""
    return tuple(
        Puller(how, name, units.get(name))
        for how, names in (
            ("Requires", unit.required_by),
            ("Requisite", unit.requisite_of),
            ("BindsTo", unit.bound_by),
            ("Upholds", unit.upheld_by),
            ("Wants", unit.wanted_by),
        )
        for name in names or ()
    )


def triggers(unit: Unit, units: Units) -> tuple[Trigger, ...]:
    """Return what starts the unit on demand or by time."""
    return tuple(Trigger(name, units.get(name)) for name in unit.triggered_by or ())


def comes_back(unit: Unit, units: Units) -> bool:
    """Say whether something will start a disabled unit after a reboot.

    `PartOf=` does not count: it passes on stopping and restarting only. A unit asked for only by
    units that are disabled themselves stays down with them.
    """
    return any(_starts_at_boot(one) for one in _chain(unit, units))


def _chain(unit: Unit, units: Units) -> Iterator[Unit | None]:
    """Yield every unit that asks for this one, directly or through others."""
    seen = {unit.name}
    waiting = [unit]
    while waiting:
        asked = waiting.pop()
        asking = [(one.name, one.unit) for one in pullers(asked, units)]
        asking += [(one.name, one.unit) for one in triggers(asked, units)]
        for name, found in asking:
            if name not in seen:
                seen.add(name)
                yield found
                if found is not None:
                    waiting.append(found)


def _starts_at_boot(unit: Unit | None) -> bool:
    if unit is None:
        return True  # not in the sample: not known, so nothing is claimed
    return unit.kind == "target" or unit.unit_file_state != "disabled"


def not_in_sample(units: Units) -> Missing:
    """Return the gap that a cut list of units leaves."""
    return Missing(units.record, text("its output was cut, so some units are not known"))
