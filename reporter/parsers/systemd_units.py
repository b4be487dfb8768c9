"""Units in memory: `systemctl show --property=... '*'`.

Sample (one unit; blank lines part units, the order of properties is systemd's own):

    Type=simple
    Restart=always
    NRestarts=9
    ExecMainStartTimestamp=Sun 2026-11-22 11:09:42 UTC
    ExecStart={ path=/opt/a ; argv[]=/opt/a ; ignore_errors=no ; start_time=[n/a] ; ... }
    Id=a.service
    LoadState=loaded
    ActiveState=activating
    SubState=auto-restart

Source: systemctl(1), org.freedesktop.systemd1(5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.systemd_values import (
    NEVER,
    Command,
    begun,
    boolean,
    command,
    duration,
    integer,
    moment,
    properties,
    require_systemd,
    words,
)

__all__ = ["Unit", "Units"]


def _shown(name: str, read: Callable[[str], Any] = str) -> Any:
    """Declare a field: the property it is read from, and how."""
    return field(default=None, metadata={"property": name, "read": read})


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit. None means that `show` did not print the property: not known.

    Moments are epoch seconds, `NEVER` (0.0) for what has not happened since boot; durations are
    seconds, infinite where unlimited. `lines` are the raw lines, by property.
    """

    name: str
    record: str
    lines: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...] | None = _shown("Names", words)
    description: str | None = _shown("Description")
    load_state: str | None = _shown("LoadState")
    load_error: str | None = _shown("LoadError")
    active_state: str | None = _shown("ActiveState")
    sub_state: str | None = _shown("SubState")
    unit_file_state: str | None = _shown("UnitFileState")
    fragment_path: str | None = _shown("FragmentPath")
    drop_in_paths: tuple[str, ...] | None = _shown("DropInPaths", words)
    need_daemon_reload: bool | None = _shown("NeedDaemonReload", boolean)
    type: str | None = _shown("Type")
    restart: str | None = _shown("Restart")
    restart_delay: float | None = _shown("RestartUSec", duration)
    restarts: int | None = _shown("NRestarts", integer)
    result: str | None = _shown("Result")
    exit_code: int | None = _shown("ExecMainCode", integer)
    exit_status: int | None = _shown("ExecMainStatus", integer)
    started_at: float | None = _shown("ExecMainStartTimestamp", moment)
    exited_at: float | None = _shown("ExecMainExitTimestamp", moment)
    main_pid: int | None = _shown("MainPID", integer)
    user: str | None = _shown("User")
    working_directory: str | None = _shown("WorkingDirectory")
    remain_after_exit: bool | None = _shown("RemainAfterExit", boolean)
    active_since: float | None = _shown("ActiveEnterTimestamp", moment)
    active_until: float | None = _shown("ActiveExitTimestamp", moment)
    inactive_since: float | None = _shown("InactiveEnterTimestamp", moment)
    inactive_until: float | None = _shown("InactiveExitTimestamp", moment)
    changed_at: float | None = _shown("StateChangeTimestamp", moment)
    condition_result: bool | None = _shown("ConditionResult", boolean)
    condition_at: float | None = _shown("ConditionTimestamp", moment)
    assert_result: bool | None = _shown("AssertResult", boolean)
    start_limit_interval: float | None = _shown("StartLimitIntervalUSec", duration)
    start_limit_burst: int | None = _shown("StartLimitBurst", integer)
    triggered_by: tuple[str, ...] | None = _shown("TriggeredBy", words)
    triggers: tuple[str, ...] | None = _shown("Triggers", words)
    wanted_by: tuple[str, ...] | None = _shown("WantedBy", words)
    required_by: tuple[str, ...] | None = _shown("RequiredBy", words)
    requisite_of: tuple[str, ...] | None = _shown("RequisiteOf", words)
    bound_by: tuple[str, ...] | None = _shown("BoundBy", words)
    upheld_by: tuple[str, ...] | None = _shown("UpheldBy", words)
    part_of: tuple[str, ...] | None = _shown("PartOf", words)
    bus_name: str | None = _shown("BusName")

    @property
    def kind(self) -> str:
        """The type of unit: `service`, `timer`, `mount`, ..."""
        return self.name.rpartition(".")[2]

    @property
    def before_start(self) -> tuple[Command, ...]:
        """The commands of `ExecStartPre=`, in order."""
        return self._commands("ExecStartPre")

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands of `ExecStart=`, in order."""
        return self._commands("ExecStart")

    @property
    def reloaded_at(self) -> float | None:
        """When its `ExecReload=` ran last, as far as systemd remembers; None: it has none shown."""
        lines = self.lines.get("ExecReload", ())
        found = (begun(line.partition("=")[2]) for line in lines)
        return max((when for when in found if when is not None), default=None)

    @property
    def drop_ins(self) -> tuple[str, ...] | None:
        """The paths of its drop-ins in the order systemd applies them; None: not shown."""
        lines = self.lines.get("DropInPaths")
        return tuple(lines[-1].partition("=")[2].split()) if lines else None

    def cite(self, *properties: str) -> Citation:
        """Return the citation of some properties' raw lines (those that were printed)."""
        excerpt = "\n".join(line for name in properties for line in self.lines.get(name, ()))
        return Citation(self.record, excerpt)

    def _commands(self, name: str) -> tuple[Command, ...]:
        found = (command(line.partition("=")[2]) for line in self.lines.get(name, ()))
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class Units:
    """The units of one sample, by their own name (`Id`).

    `complete` is false where the output was cut: then a unit that is not in it is not known.
    `sampled_at` is epoch seconds by the host's clock.
    """

    record: str
    by_name: Mapping[str, Unit]
    complete: bool
    sampled_at: float

    def __iter__(self) -> Iterator[Unit]:
        """Iterate over the units, ordered by name."""
        return iter(self.by_name[name] for name in sorted(self.by_name))

    def get(self, name: str) -> Unit | None:
        """Return the unit of that name or alias, None if it is not in the sample."""
        return self.by_name.get(name) or self._aliases.get(name)

    def of(self, *kinds: str) -> Iterator[Unit]:
        """Iterate over the units of some types, ordered by name."""
        return (unit for unit in self if unit.kind in kinds)

    @property
    def booted_at(self) -> float | None:
        """When systemd started, epoch seconds: its own scope and root slice began then."""
        began = (self.by_name[name].active_since for name in _FIRST if name in self.by_name)
        return min((when for when in began if when), default=None)

    @cached_property
    def _aliases(self) -> Mapping[str, Unit]:
        return {name: unit for unit in self.by_name.values() for name in unit.names or ()}


_FIRST = ("init.scope", "-.slice")
_FIELDS = {
    one.metadata["property"]: (one.name, one.metadata["read"])
    for one in fields(Unit)
    if "property" in one.metadata
}


def _units(record: Record) -> Units:
    require_systemd(record)
    found = (_unit(record.id, lines) for lines in properties(record))
    by_name = {unit.name: unit for unit in found}
    if not by_name and record.stdout.text.strip():
        raise NoFact(text("no unit can be read in its output"))
    return Units(
        record=record.id,
        by_name=by_name,
        complete=not record.stdout.truncated,
        sampled_at=datetime.fromisoformat(record.started_at).timestamp(),
    )


def _unit(record: str, lines: Mapping[str, tuple[str, ...]]) -> Unit:
    values = {
        attribute: read(lines[name][-1].partition("=")[2])
        for name, (attribute, read) in _FIELDS.items()
        if name in lines
    }
    return Unit(name=lines["Id"][-1].partition("=")[2], record=record, lines=lines, **values)


@fact("systemd_units")
def units(record: Record) -> Units:
    """Return every unit in memory."""
    found = _units(record)
    if not found.by_name:
        raise NoFact(text("systemctl listed no unit at all"))
    return found


@fact("systemd_units_again")
def units_again(record: Record) -> Units:
    """Return the second sample, of the units that restarted; it may be empty."""
    if record.exit_code is None and not record.stdout.text:
        return Units(record.id, {}, complete=True, sampled_at=NEVER)
    return _units(record)
