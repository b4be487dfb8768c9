"""Units and timers as things: those with a unit file on disk, and those loaded without one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reporter.findings import Citation, Missing
from reporter.messages import text
from reporter.parsers.config_units import EnvUse
from reporter.parsers.systemd_unit_files import UnitFile, UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.parsers.systemd_values import NEVER
from reporter.parsers.timers import Timers
from reporter.profile import Profiles
from reporter.state.model import Kind, Part, Thing, Value, traits_of

__all__ = ["command_lines", "owner_of", "units"]

_KINDS = ("service", "socket", "timer", "path")
_RUNS = {"active": "yes", "reloading": "yes", "activating": "starting", "deactivating": "stopping"}
_PASSING = ("run-", "session-", "user-runtime-dir@", "user@")
"""How units begin that systemd makes for a command or a login, and forgets with it."""

_ARGUMENTS = re.compile(r"argv\[\]=(?P<words>.*?) ; (?:ignore_errors|flags)=")


def units(
    loaded: Units | Missing,
    files: UnitFiles | Missing,
    timers: Timers | Missing,
    env_use: EnvUse | Missing,
    profiles: Profiles,
) -> Part:
    """Return services, sockets and paths as units, timers as timers.

    A unit is there if it has a unit file, or is loaded from somewhere else; one that systemd made
    for a command or a login is not. Instances count while they run.
    """
    gaps = [one for one in (loaded, files) if isinstance(one, Missing)]
    in_memory = {} if isinstance(loaded, Missing) else dict(_loaded(loaded))
    on_disk = {} if isinstance(files, Missing) else dict(_on_disk(files))
    gaps.extend(_cut(loaded, files))
    if not isinstance(files, Missing):
        for suffix in _KINDS:
            if not files.covers(f"x.{suffix}") and files.complete:
                why = text("it did not ask for unit files of the type {kind}", kind=suffix)
                gaps.append(Missing(files.record, why))
    things = []
    for name in sorted(in_memory.keys() | on_disk.keys()):
        unit, file = in_memory.get(name), on_disk.get(name)
        timer = name.endswith(".timer")
        traits = _traits(unit, file)
        if unit is not None and not isinstance(env_use, Missing):
            files_loaded = env_use.by_unit.get(name, ())
            traits["env_files"] = tuple(one.path for one in files_loaded)
        if timer:
            traits.update(_timer_traits(name, timers))
        kind: Kind = "timer" if timer else "unit"
        things.append(
            Thing(kind, name, traits, (name,), owner_of(name, profiles), _cite(unit, file))
        )
    unshown = (one for one in (timers, env_use) if isinstance(one, Missing))
    return Part(("unit", "timer"), tuple(things), tuple(dict.fromkeys(gaps)), tuple(unshown))


def command_lines(unit: Unit) -> tuple[str, ...] | None:
    """Return the command lines of ExecStart=, as far as they may leave the host; None: not shown.

    systemd writes them with the times of their last run, which are left out.
    """
    lines = unit.lines.get("ExecStart")
    if lines is None:
        return None
    found = (_ARGUMENTS.search(line) for line in lines)
    return tuple(one["words"] for one in found if one is not None)


def owner_of(unit: str, profiles: Profiles) -> str | None:
    """Return the application a unit belongs to; a timer or socket to that of its service."""
    owner = profiles.owner(unit) or profiles.owner(f"{unit.rpartition('.')[0]}.service")
    return owner.name if owner else None


def _loaded(loaded: Units) -> Iterator[tuple[str, Unit]]:
    for unit in loaded.of(*_KINDS):
        if unit.load_state in {"not-found", None} or unit.name.startswith(_PASSING):
            continue
        if "@" in unit.name and not _lasting(unit):
            continue
        yield unit.name, unit


def _lasting(unit: Unit) -> bool:
    """Say whether an instance is there to stay: not one made for a connection or a device."""
    running = unit.active_state in _RUNS and unit.type != "oneshot"
    return running and not unit.triggered_by


def _on_disk(files: UnitFiles) -> Iterator[tuple[str, UnitFile]]:
    for file in files:
        wanted = file.name.rpartition(".")[2] in _KINDS and not file.name.startswith(_PASSING)
        if wanted and file.state != "alias":
            yield file.name, file


def _cut(loaded: Units | Missing, files: UnitFiles | Missing) -> Iterator[Missing]:
    for one in (loaded, files):
        if not isinstance(one, Missing) and not one.complete:
            yield Missing(one.record, text("its output was cut, so some units are not in it"))


def _traits(unit: Unit | None, file: UnitFile | None) -> dict[str, Value]:
    traits = traits_of(file_state=file.state if file else None)
    if unit is None:
        return traits
    if file is None:
        traits.update(traits_of(file_state=unit.unit_file_state or None))
    # What is masked has no settings: systemd shows its defaults in their place.
    known = unit.load_state != "masked"
    settings = traits_of(
        load=unit.load_state,
        command=command_lines(unit),
        user=unit.user,
        type=unit.type,
        restart=unit.restart,
        folder=unit.working_directory,
        fragment=unit.fragment_path,
        drop_ins=unit.drop_ins,
    )
    traits.update(settings if known else {})
    if unit.type != "oneshot":
        traits.update(traits_of(running=_running(unit)))
        traits.update(traits_of(wakes=bool(unit.triggered_by or unit.bus_name)))
    if unit.kind == "service" and unit.type != "oneshot" and not unit.triggered_by:
        started = unit.started_at if unit.started_at not in {None, NEVER} else None
        traits.update(
            traits_of(restarts=unit.restarts, main_pid=unit.main_pid or None, started_at=started)
        )
    return traits


def _running(unit: Unit) -> str | None:
    if unit.active_state is None:
        return None
    if (unit.sub_state or "").startswith("auto-restart"):
        return "restarting"
    return _RUNS.get(unit.active_state, "no")


def _timer_traits(name: str, timers: Timers | Missing) -> Mapping[str, Value]:
    timer = None if isinstance(timers, Missing) else timers.by_name.get(name)
    if timer is None:
        return {}
    schedule = tuple(sorted(f"{one.how}={one.value}" for one in timer.schedules))
    return traits_of(schedule=schedule, starts=timer.unit)


def _cite(unit: Unit | None, file: UnitFile | None) -> Citation | None:
    if unit is not None:
        return unit.cite("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "ExecStart")
    return file.cite() if file else None
