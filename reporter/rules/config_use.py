"""Rules on which environment files services load, and whether these are there."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Status, Verdict
from reporter.messages import Text, Value, joined, text
from reporter.parsers.config_files import ConfigFiles, EnvFile
from reporter.parsers.config_units import EnvUse, Loaded
from reporter.parsers.systemd_units import Units
from reporter.recorded import recorded
from reporter.rules.config_view import FILES, Application, UnitView, View, component

__all__ = ["env_file_missing", "env_file_unread", "env_file_use"]

_CONNECTED = text("systemd EnvironmentFiles")
_CONFIGURED = frozenset({"enabled", "enabled-runtime", "generated", "linked"})


@rule(
    section="config",
    component=FILES,
    needs=("units", "unit_env_files", "env_files"),
)
def env_file_use(
    host: HostContext, units: Units, unit_env_files: EnvUse, env_files: ConfigFiles
) -> Iterator[Verdict]:
    """Which environment files the services of an application load, and which load none.

    Means: information, always ok. A file that bears its unit's name is given alone; of others the
    unit is named with them. `ignore_errors=yes` is a file that may be missing (a `-` before its
    path); such files that are missing are listed.

    Why: what a service does is decided here; one without a file runs on what is built into it.

    Evidence: systemd_units (EnvironmentFiles), config_env_files.

    Limits: services that belong to no profile are shown only if they load files from a folder of
    their own. `Environment=` in units is not looked at: every user may read it, and it may hold
    secrets. What a program reads by itself (dotenv) is not seen.

    Source: systemd.exec(5), EnvironmentFile=.
    """
    view = View(host, units, unit_env_files, env_files)
    for application in view.applications:
        active = [unit for unit in application.units if unit.running]
        loading = [unit for unit in application.units if unit.loaded]
        if loading:
            yield _used(application, active, loading, unit_env_files)


def _used(
    application: Application, active: list[UnitView], loading: list[UnitView], use: EnvUse
) -> Verdict:
    absent = [
        f"{file.name} ({application.short(unit)})"
        for unit in loading
        for loaded, file in unit.files
        if loaded.optional and file.absent
    ]
    resting = [item for unit in loading if not unit.running for item in _items(application, unit)]
    used = [item for unit in active for item in _items(application, unit)]
    details = [
        text(
            "Used by active services: {items}",
            items=joined(used) if used else text("none"),
        )
    ]
    if resting:
        details.append(text("Loaded by services that do not run: {items}", items=joined(resting)))
    if absent:
        details.append(text("Optional, and not there: {items}", items=", ".join(absent)))
    paths = {loaded.path for unit in loading for loaded in unit.loaded}
    return Verdict(
        subject=f"env/{application.key}",
        status="ok",
        component=application.component,
        application=application.profile.name if application.profile else None,
        message=text(
            "{files} environment files are loaded by {units} of {all} services of {application}",
            files=len(paths),
            units=len(loading),
            all=len(application.units),
            application=application.title,
        ),
        connected_to=(_CONNECTED,),
        citations=(use.cite(*(unit.unit.name for unit in loading)),),
        details=tuple(details),
    )


def _items(application: Application, unit: UnitView) -> Iterator[Value]:
    """Yield `ai-engine.env`, `exit-monitor (testnet.env)` or `rl-monitor (no env file)`."""
    if not unit.loaded:
        yield text("{unit} (no env file)", unit=application.short(unit))
        return
    names = [_item(one) for one in unit.loaded]
    stem = unit.loaded[0].path.rpartition("/")[2].removesuffix(".env")
    if len(names) == 1 and (unit.name == stem or unit.name.endswith(f"-{stem}")):
        yield names[0]
    else:
        yield f"{application.short(unit)} ({', '.join(names)})"


def _item(loaded: Loaded) -> str:
    name = loaded.path.rpartition("/")[2]
    return f"{name} (ignore_errors=yes)" if loaded.optional else name


@rule(
    section="config",
    component=FILES,
    needs=("units", "unit_env_files", "env_files"),
    worst="P2",
    if_ignored=text("the service does not start again"),
    escalates=True,
)
def env_file_missing(
    host: HostContext, units: Units, unit_env_files: EnvUse, env_files: ConfigFiles
) -> Iterator[Verdict]:
    """Environment files that a service needs and that do not exist, or that systemd refuses.

    Means: down (P2, or as bad as the profile says of the service) where no service that needs the
    file runs; degraded, as severe, where one still does: it will not start again. Degraded (P3)
    where all that need it are neither running nor enabled. A file that may be missing (`-` before
    its path) is no finding, only listed by env_file_use.

    Why: systemd does not start a service whose environment file it cannot read
    (`Result=resources`).

    Evidence: config_env_files, systemd_units.

    Limits: a file that is made shortly before the start (by another unit, by ExecStartPre= of
    none) is missing here until then.

    Source: systemd.exec(5), EnvironmentFile=.
    """
    view = View(host, units, unit_env_files, env_files)
    needed: dict[str, list[UnitView]] = {}
    for service in view.services:
        for loaded in service.loaded:
            if not loaded.optional and _fails(loaded, env_files):
                needed.setdefault(loaded.path, []).append(service)
    for path in sorted(needed):
        yield _missing(path, needed[path], view)


def _fails(loaded: Loaded, found: ConfigFiles) -> bool:
    pattern = found.patterns.get(loaded.path)
    if pattern is not None:
        return not pattern.files and not pattern.denied
    file = found.by_path.get(loaded.path)
    return file is not None and (file.absent or file.refused)


def _missing(path: str, services: list[UnitView], view: View) -> Verdict:
    file = view.found.by_path.get(path)
    running = any(service.running for service in services)
    wanted = running or any(service.unit.unit_file_state in _CONFIGURED for service in services)
    wanted = wanted or any(service.unit.active_state == "failed" for service in services)
    given = [view.host.profiles.severity(service.unit.name, "P2") for service in services]
    severity = min((one for one in given if one), default=None) if wanted else "P3"
    status: Status = "degraded" if running or not wanted else "down"
    folder = path.rpartition("/")[0] or "/"
    names = ", ".join(service.name for service in services)
    return Verdict(
        subject=path,
        status=status,
        severity=severity,
        component=component(folder),
        application=view.application_of(folder),
        message=_said(path, file, running, names),
        citations=(
            view.use.cite(*(service.unit.name for service in services)),
            *((file.cite(),) if file else ()),
        ),
    )


def _said(path: str, file: EnvFile | None, running: bool, names: str) -> Text:
    if file is not None and file.refused:
        return text(
            "{path} is refused by systemd ({error}); what loads it will not start: {names}",
            path=path,
            error=recorded((file.error or "").partition(": ")[2]),
            names=names,
        )
    if running:
        return text(
            "{path} does not exist; what needs it runs, and will not start again: {names}",
            path=path,
            names=names,
        )
    return text(
        "{path} does not exist, and what needs it does not start without: {names}",
        path=path,
        names=names,
    )


@rule(
    section="config",
    component=FILES,
    needs=("units", "unit_env_files", "env_files"),
    uses=("declared_env_files",),
    worst="P1",
    if_ignored=text("what the services run with cannot be checked"),
)
def env_file_unread(
    host: HostContext,
    units: Units,
    unit_env_files: EnvUse,
    env_files: ConfigFiles,
    declared_env_files: ConfigFiles | Missing,
) -> Iterator[Verdict]:
    """Environment files and folders of them that could not be read, with the reason.

    Means: unknown, one finding a path. What the other rules on configuration say of a service
    that loads such a file holds only for what was read.

    Why: without root these files are usually closed, as they should be.

    Evidence: config_env_files, config_directories.
    """
    view = View(host, units, unit_env_files, env_files)
    looks = [env_files]
    if not isinstance(declared_env_files, Missing):
        looks.append(declared_env_files)
    closed: dict[str, tuple[Value, str]] = {}
    for look in looks:
        for file in look:
            if file.unread:
                closed.setdefault(file.path, (recorded(file.error or "?"), look.record))
        for folder in look.folders:
            if folder.error is not None:
                closed.setdefault(folder.path, (recorded(folder.error), look.record))
            elif folder.left_out:
                why = text("{count} of its files were left out", count=folder.left_out)
                closed.setdefault(folder.path, (why, look.record))
        for path, pattern in look.patterns.items():
            for name in pattern.denied:
                closed.setdefault(name, (text("not searched for {path}", path=path), look.record))
    folders = {folder.path for look in looks for folder in look.folders}
    for path, (error, record) in sorted(closed.items()):
        place = path if path in folders else path.rpartition("/")[0] or "/"
        yield Verdict(
            subject=path,
            status="unknown",
            running="na",
            component=component(place),
            application=view.application_of(place),
            message=text("{path} was not read: {error}", path=path, error=error),
            missing=(Missing(record, text("{path}: {error}", path=path, error=error)),),
        )
