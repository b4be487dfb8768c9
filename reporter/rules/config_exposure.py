"""Rules on who can get at what environment files and command lines hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Severity, Verdict
from reporter.messages import Text, Value, joined, text
from reporter.parsers.config_files import ConfigFiles, EnvFile
from reporter.parsers.config_units import EnvUse
from reporter.parsers.systemd_units import Unit, Units
from reporter.recorded import recorded
from reporter.rules.config_view import FILES, View, component, is_backup, is_own
from truthmap_collector.masking import secrecy

__all__ = ["command_line_secrets", "env_backups", "env_file_access", "env_file_unused"]

COMMAND_LINES = text("Secrets on command lines")

_LISTED = 12
_MASKED = r"<masked:\d+>"
_OPTION = re.compile(r"(?:^|\s)(--?[A-Za-z][\w.-]*)(?:=|\s+)[\"']?" + _MASKED)
_ASSIGNED = re.compile(r"(?:^|\s)([A-Za-z_]\w*)=[\"']?" + _MASKED)
_URL = re.compile(rf"[a-z][a-z0-9+.-]*://(?:{_MASKED}|[^\s/@:<>])*:{_MASKED}@", re.IGNORECASE)
_TOKEN = re.compile(r"[a-z][a-z0-9+.-]*://<masked:(\d+)>@", re.IGNORECASE)
_AS_LONG = 20
"""So long is no user's name: GitHub's tokens have 40 characters, Sentry's keys 32."""
_ARGV = re.compile(r" ; argv\[\]=(.*?) ; (?:ignore_errors|flags)=")


@rule(
    section="config",
    component=FILES,
    needs=("units", "unit_env_files", "env_files"),
    uses=("declared_env_files",),
    worst="P1",
    if_ignored=text("every user of the host can read, or change, what the services run with"),
)
def env_file_access(
    host: HostContext,
    units: Units,
    unit_env_files: EnvUse,
    env_files: ConfigFiles,
    declared_env_files: ConfigFiles | Missing,
) -> Iterator[Verdict]:
    """Environment files that every user of the host may read although they hold secrets, or write.

    Means: degraded: P2 where the file holds a secret (by a setting's name, or a value's form) and
    everyone may read it; P1 where everyone may write it and a service loads it. A folder on the
    way that others may not enter closes the file, whatever its own mode.

    Why: a program broken into, as whatever user, has the keys; whoever may write the file decides
    what the service does.

    Evidence: config_env_files, config_directories (mode of the file and of the folders above it).

    Limits: access control lists are not seen. Copies (.bak, ~) count as well.

    Source: chmod(1), path_resolution(7).
    """
    view = View(host, units, unit_env_files, env_files)
    for file in _all(env_files, declared_env_files):
        secrets = sorted({one.name for one in file.settings if one.secret is not None})
        if file.writable_by_all and view.loaders(file.path):
            yield _open(
                file,
                view,
                "P1",
                text(
                    "{path} can be changed by every user of the host; it decides what these "
                    "services do: {units}",
                    path=file.path,
                    units=", ".join(one.name for one in view.loaders(file.path)),
                ),
            )
        elif file.readable_by_all and secrets:
            yield _open(
                file,
                view,
                "P2",
                text(
                    "{path} can be read by every user of the host, and holds secrets: {names}",
                    path=file.path,
                    names=", ".join(secrets[:_LISTED]),
                ),
            )


def _open(file: EnvFile, view: View, severity: Severity, message: Text) -> Verdict:
    secret = [one for one in file.settings if one.secret is not None][:_LISTED]
    return Verdict(
        subject=file.path,
        status="degraded",
        severity=severity,
        component=component(file.folder),
        application=view.application_of(file.folder),
        message=message,
        citations=(file.cite(), *((file.cite(*secret),) if secret else ())),
        details=(text("its mode is {mode}", mode=f"{file.mode:04o}"),) if file.mode else (),
    )


def _all(*looks: ConfigFiles | Missing) -> list[EnvFile]:
    found: dict[str, EnvFile] = {}
    for look in looks:
        if not isinstance(look, Missing):
            for file in look:
                found.setdefault(file.path, file)
    return [found[path] for path in sorted(found)]


_UNUSED_NEEDS = ("units", "unit_env_files", "env_files")
_UNUSED_USES = ("declared_env_files", "idle_env_files")


@rule(
    section="config",
    component=FILES,
    needs=_UNUSED_NEEDS,
    uses=("declared_env_files",),
    worst="P3",
    if_ignored=text("old settings and secrets stay readable"),
)
def env_backups(
    host: HostContext,
    units: Units,
    unit_env_files: EnvUse,
    env_files: ConfigFiles,
    declared_env_files: ConfigFiles | Missing,
) -> Iterator[Verdict]:
    """Copies of environment files left behind: `.bak`, `.old`, `~`, `.save`, dates.

    Means: degraded (P3), one finding a folder, with each copy and whether it holds secrets. That
    everyone may read one is env_file_access.

    Why: they keep old secrets after the file itself was changed, and one day somebody edits or
    restores the wrong one.

    Evidence: config_env_files, config_directories.

    Limits: only folders of an application's own are searched: those of the files its services
    load (/etc/default and the like are not), and those an operator named in
    `probe_config_directories`.
    """
    view = View(host, units, unit_env_files, env_files)
    found: dict[str, list[EnvFile]] = {}
    for file in _all(env_files, declared_env_files):
        if _there(file) and is_backup(file.name) and not view.loaders(file.path):
            found.setdefault(file.folder, []).append(file)
    for folder, files in sorted(found.items()):
        yield Verdict(
            subject=f"copies in {folder}",
            status="degraded",
            severity="P3",
            component=component(folder),
            application=view.application_of(folder),
            message=text("copies of environment files lie about in {folder}", folder=folder),
            details=tuple(_copy(file) for file in files[:_LISTED]) + _more(len(files)),
            citations=tuple(file.cite() for file in files),
        )


def _there(file: EnvFile) -> bool:
    return not file.absent and is_own(file.folder)


def _copy(file: EnvFile) -> Text:
    if file.unread:
        return text("{name}: not read: {error}", name=file.name, error=recorded(file.error or "?"))
    secrets = sorted({one.name for one in file.settings if one.secret is not None})
    if secrets:
        return text("{name}: holds {names}", name=file.name, names=", ".join(secrets[:_LISTED]))
    return text("{name}: without a secret", name=file.name)


def _more(count: int) -> tuple[Text, ...]:
    return (text("and {count} more", count=count - _LISTED),) if count > _LISTED else ()


@rule(
    section="config",
    component=FILES,
    needs=_UNUSED_NEEDS,
    uses=_UNUSED_USES,
    worst="P3",
    if_ignored=text("somebody changes a setting there, and nothing happens"),
)
def env_file_unused(
    host: HostContext,
    units: Units,
    unit_env_files: EnvUse,
    env_files: ConfigFiles,
    declared_env_files: ConfigFiles | Missing,
    idle_env_files: EnvUse | Missing,
) -> Iterator[Verdict]:
    """Environment files that no service loads, and the settings in them that so nobody gets.

    Means: degraded (P3), one finding a folder, with each file. Services that are disabled count as
    loading what their unit files name. Unknown where not all units were seen.

    Why: somebody edits such a file and waits for an effect; and its secrets are kept for nobody.

    Evidence: config_env_files, config_directories; systemd_units and config_idle_units for what
    is loaded.

    Limits: as for env_backups; what a program reads by itself (dotenv, a script that sources it),
    what user units and templates without an instance load, is not seen.

    Source: systemd.exec(5), EnvironmentFile=.
    """
    view = View(host, units, unit_env_files, env_files)
    missing = _not_seen(units, unit_env_files, idle_env_files)
    idle = () if isinstance(idle_env_files, Missing) else idle_env_files.by_unit.values()
    loaded = {one.path for files in idle for one in files}
    found: dict[str, list[EnvFile]] = {}
    for file in _all(env_files, declared_env_files):
        used = file.path in loaded or view.loaders(file.path)
        if _there(file) and not is_backup(file.name) and not used:
            found.setdefault(file.folder, []).append(file)
    for folder, files in sorted(found.items()):
        yield Verdict(
            subject=f"unused in {folder}",
            status="unknown" if missing else "degraded",
            severity=None if missing else "P3",
            component=component(folder),
            application=view.application_of(folder),
            message=text(
                "of {folder}, no service that was seen loads: {names}"
                if missing
                else "of {folder}, no service loads: {names}",
                folder=folder,
                names=", ".join(file.name for file in files),
            ),
            details=tuple(_settings(file) for file in files[:_LISTED]) + _more(len(files)),
            missing=missing,
            citations=(*(file.cite() for file in files),),
        )


def _not_seen(units: Units, use: EnvUse, idle: EnvUse | Missing) -> tuple[Missing, ...]:
    gaps = [idle] if isinstance(idle, Missing) else []
    if not units.complete or not use.complete:
        gaps.append(Missing(units.record, text("its output was cut")))
    if not isinstance(idle, Missing) and not idle.complete:
        gaps.append(Missing(idle.record, text("its output was cut")))
    return tuple(gaps)


def _settings(file: EnvFile) -> Text:
    if file.error is not None:
        return text("{name}: not read: {error}", name=file.name, error=recorded(file.error))
    names = list(file.effective())
    more = text(" and {count} more", count=len(names) - 8) if len(names) > 8 else text("")
    return text("{name} sets {names}{more}", name=file.name, names=", ".join(names[:8]), more=more)


@rule(
    section="config",
    component=COMMAND_LINES,
    needs=("units",),
    worst="P2",
    if_ignored=text("every user and process of the host can read the secret and use it"),
)
def command_line_secrets(host: HostContext, units: Units) -> Iterator[Verdict]:
    """Secrets on the command lines of services, where every user of the host can read them.

    Means: degraded (P2), one finding a service, with the options: one whose name announces a
    secret (`--api-token`), followed by a value that the collector did not let out; or a URL with a
    password, or with a token in the user's place (20 characters or more). Ok, once, where no
    service in memory has one.

    Why: /proc/PID/cmdline and `systemctl show` are open to all; ps shows it on every terminal.

    Evidence: systemd_units (ExecStart, ExecStartPre; masked at the source, so that the value is
    not in the archive).

    Limits: a secret after an option whose name says nothing of it (-p) is not recognised; nor is
    what a script passes on.

    Source: proc_pid_cmdline(5), systemctl(1).
    """
    found = 0
    services = list(units.of("service"))
    for unit in services:
        options = sorted(set(_options(unit)), key=str)
        if not options:
            continue
        found += 1
        owner = host.profiles.owner(unit.name)
        yield Verdict(
            subject=f"command/{unit.name}",
            status="degraded",
            severity="P2",
            component=COMMAND_LINES,
            application=owner.name if owner else None,
            message=text(
                "{unit} is given a secret on its command line, which every user of the host can "
                "read: {options}",
                unit=unit.name,
                options=joined(options),
            ),
            citations=(unit.cite("Id", "ExecStart", "ExecStartPre"),),
        )
    if not found:
        yield Verdict(
            subject="command/all",
            status="ok" if units.complete else "unknown",
            component=COMMAND_LINES,
            message=text(
                "no secret was recognised on the command lines of {count} services",
                count=len(services),
            ),
            citations=(Citation(units.record),),
            missing=() if units.complete else (Missing(units.record, text("its output was cut")),),
        )


def _options(unit: Unit) -> Iterator[Value]:
    for name in ("ExecStart", "ExecStartPre"):
        for line in unit.lines.get(name, ()):
            argv = _ARGV.search(line)
            if argv is None:
                continue
            for pattern in (_OPTION, _ASSIGNED):
                for found in pattern.finditer(argv[1]):
                    if secrecy(found[1].lstrip("-")):
                        yield found[1]
            if _URL.search(argv[1]):
                yield text("a URL with a password")
            if any(int(found[1]) >= _AS_LONG for found in _TOKEN.finditer(argv[1])):
                yield text("a URL with a token")
