"""Rules on the modes environment files put services into: production, testnet, shadow."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Severity, Verdict
from reporter.messages import Text, text, together
from reporter.parsers.config_files import ConfigFiles, EnvFile
from reporter.parsers.config_units import EnvUse
from reporter.parsers.systemd_units import Units
from reporter.rules.config_view import FILES, Application, Held, UnitView, View, cite_settings
from reporter.rules.mode_words import Modes, mixed

__all__ = ["env_modes", "env_secrets_shared"]

_NEEDS = ("units", "unit_env_files", "env_files")
_LISTED = 12


@rule(
    section="config",
    component=FILES,
    needs=_NEEDS,
    worst="P1",
    if_ignored=text("a trial may act for real, or production on trial data"),
    escalates=True,
)
def env_modes(
    host: HostContext, units: Units, unit_env_files: EnvUse, env_files: ConfigFiles
) -> Iterator[Verdict]:
    """Production mixed with testnet, shadow or another trial mode, in a service or application.

    Means: a service whose settings or files name production and a trial mode is degraded: P1
    where that is a testnet (orders and keys of two worlds meet), P2 where it is a shadow mode, P3
    where no profile says that the service is an application's (SANDBOX and the like are common). An
    application with services in production and others in a trial mode is degraded (P2), with who
    is where. Ok where all that name a mode name production, or only trial modes; testnet with
    shadow is no mix. Unknown where a file of some service could not be read.

    A mode is named by the value of a setting whose name ends in MODE, ENV, ENVIRONMENT, STAGE or
    NETWORK, by a flag that is set (TESTNET=true, PAPER_TRADING=1; TESTNET=false names none), by a
    word in the host of a URL, or by a file's name (testnet.env). The words are a profile's
    `modes` (a mapping from a mode to its words; every mode but `production` is for trial), or:

        production   production prod live mainnet real
        testnet      testnet sandbox demo
        shadow       shadow paper dryrun dry_run simulation simulated sim backtest

    Why: a service that believes half of it to be a trial may trade for real, and one that
    believes it to be real may do nothing.

    Evidence: config_env_files; systemd_units for who loads what.

    Limits: services that name no mode are in none; modes built into programs are not seen. Values
    that may not leave the host (an unknown word) name no mode, and are mentioned.

    Source: systemd.exec(5), EnvironmentFile=.
    """
    view = View(host, units, unit_env_files, env_files)
    for application in view.applications:
        modes = Modes.of(application.profile)
        named = {
            unit.unit.name: found
            for unit in application.units
            if (found := _named(unit, modes)) or unit.missing
        }
        loading = [unit for unit in application.units if unit.unit.name in named]
        for unit in loading:
            if mixed(named[unit.unit.name]):
                yield _in_unit(application, unit, named[unit.unit.name], host)
        if any(unit.files for unit in application.units):
            yield _in_application(application, loading, named)


Named = dict[str, list[Text]]


def _named(unit: UnitView, modes: Modes) -> Named:
    """Return the modes a service is put into, each with what names it."""
    found: Named = {}
    for held in unit.effective.values():
        for mode in modes.of_setting(held.setting):
            found.setdefault(mode, []).append(
                text(
                    "{mode}: {name}={value} in {file}",
                    mode=mode,
                    name=held.setting.name,
                    value=held.setting.shown,
                    file=held.file.name,
                )
            )
    for _, file in unit.files:
        by_name = None if file.absent else modes.of_name(file.name)
        if by_name is not None:
            said = text("{mode}: the name of {file}", mode=by_name, file=file.name)
            found.setdefault(by_name, []).append(said)
    return found


def _in_unit(application: Application, unit: UnitView, named: Named, host: HostContext) -> Verdict:
    usual: Severity = "P1" if "testnet" in named else "P2"
    if application.profile is None:
        usual = "P3"  # such words are common: nobody said that they are modes here
    said = [one for mode in sorted(named) for one in named[mode]]
    return Verdict(
        subject=f"modes/{unit.unit.name}",
        status="degraded",
        severity=min(usual, host.profiles.severity(unit.unit.name, usual) or usual),
        component=application.component,
        application=application.profile.name if application.profile else None,
        message=text(
            "{unit} is put into {modes} at once",
            unit=unit.unit.name,
            modes=together(sorted(named)),
        ),
        details=tuple(said[:_LISTED]),
        citations=(
            *cite_settings(unit.effective.values()),
            *(file.cite() for _, file in unit.files),
        ),
    )


def _in_application(
    application: Application, loading: list[UnitView], named: dict[str, Named]
) -> Verdict:
    by_mode: dict[str, list[str]] = {}
    for unit in loading:
        for mode in named[unit.unit.name]:
            by_mode.setdefault(mode, []).append(application.short(unit))
    missing = application.missing
    wrong = mixed(by_mode)
    details = [
        text("{mode}: {units}", mode=mode, units=", ".join(by_mode[mode]))
        for mode in sorted(by_mode)
    ]
    hidden = sorted(
        {
            f"{held.setting.name} ({held.file.name})"
            for unit in application.units
            for held in unit.effective.values()
            if held.setting.fingerprint and (held.setting.key or "").lower().endswith("mode")
        }
    )
    if hidden:
        details.append(
            text(
                "no word of a known mode, so their values stay on the host: {names}",
                names=", ".join(hidden),
            )
        )
    return Verdict(
        subject=f"modes/{application.key}",
        status="degraded" if wrong else "unknown" if missing else "ok",
        severity=("P2" if application.profile else "P3") if wrong else None,
        component=application.component,
        application=application.profile.name if application.profile else None,
        message=_said(application, by_mode, wrong, bool(missing)),
        details=tuple(details),
        missing=() if wrong else missing,
        citations=application.cite_files(),
    )


def _said(application: Application, by_mode: dict[str, list[str]], wrong: bool, gaps: bool) -> Text:
    modes = ", ".join(sorted(by_mode)) or text("none")
    if wrong:
        said = text("shadow and production: {application} has services in {modes} on one host")
    elif gaps:
        said = text(
            "shadow and production: not all files of {application} were read; modes named: {modes}"
        )
    else:
        said = text("shadow and production: not mixed in {application}; modes named: {modes}")
    return said.filled(application=application.title, modes=modes)


@rule(
    section="config",
    component=FILES,
    needs=_NEEDS,
    worst="P2",
    if_ignored=text("a trial has the keys of production"),
)
def env_secrets_shared(
    host: HostContext, units: Units, unit_env_files: EnvUse, env_files: ConfigFiles
) -> Iterator[Verdict]:
    """The same secret used in production and in a trial mode.

    Means: degraded (P2), one finding a secret, named by its settings and files. A value is a
    secret by the name of its setting or by its own form; of a URL it is the password. Secrets are
    equal if their fingerprints are, which are keyed: they tell nothing else. Ok where the secrets
    of all modes are different; unknown where a file could not be read.

    A file is of the mode it names itself; one that names none is of the modes of the services that
    load it. A file that names several (env_modes says so) is of none.

    Why: what leaks from the trial, where less care is taken, opens production.

    Evidence: config_env_files; systemd_units for who loads what.

    Source: systemd.exec(5), EnvironmentFile=.
    """
    view = View(host, units, unit_env_files, env_files)
    for application in view.applications:
        yield from _secrets(application)


def _secrets(application: Application) -> Iterator[Verdict]:
    modes = Modes.of(application.profile)
    users: dict[str, list[tuple[str, Held]]] = {}
    for file in _files(application):
        for mode in _modes_of(file, application, modes):
            for setting in file.effective().values():
                if setting.secret is not None:
                    users.setdefault(setting.secret, []).append((mode, Held(setting, file)))
    shared = [same for same in users.values() if mixed({mode for mode, _ in same})]
    for same in sorted(shared, key=_subject):
        yield _shared(application, same)
    if application.missing or (users and not shared):
        yield _no_more(application, len(users), bool(shared))


def _files(application: Application) -> list[EnvFile]:
    found = {file.path: file for unit in application.units for _, file in unit.files}
    return [found[path] for path in sorted(found)]


def _modes_of(file: EnvFile, application: Application, modes: Modes) -> set[str]:
    own = modes.of_file(file)
    if not own:
        return {
            mode
            for unit in application.units
            if any(one.path == file.path for _, one in unit.files)
            and not mixed(found := _named(unit, modes))
            for mode in found
        }
    return set() if mixed(own) else own


def _subject(same: list[tuple[str, Held]]) -> str:
    names = ", ".join(sorted({held.setting.name for _, held in same}))
    files = ", ".join(sorted({held.file.path for _, held in same}))
    return f"{names} in {files}"


def _shared(application: Application, same: list[tuple[str, Held]]) -> Verdict:
    return Verdict(
        subject=_subject(same),
        status="degraded",
        severity="P2",
        component=application.component,
        application=application.profile.name if application.profile else None,
        message=text(
            "one secret is used in {modes}: {names}",
            modes=together(sorted({mode for mode, _ in same})),
            names=", ".join(sorted({held.setting.name for _, held in same})),
        ),
        details=tuple(
            dict.fromkeys(
                text(
                    "{mode}: {name} in {path}",
                    mode=mode,
                    name=held.setting.name,
                    path=held.file.path,
                )
                for mode, held in same[:_LISTED]
            )
        ),
        citations=cite_settings(held for _, held in same),
    )


def _no_more(application: Application, count: int, shared: bool) -> Verdict:
    missing = application.missing
    return Verdict(
        subject=f"secrets/{application.key}",
        status="unknown" if missing else "ok",
        component=application.component,
        application=application.profile.name if application.profile else None,
        message=text(
            "whether more secrets are used in two modes is not known"
            if missing and shared
            else "whether a secret is used in two modes is not known"
            if missing
            else "leaks between modes: of {count} secrets none is used in production and a trial",
            count=count,
        ),
        missing=missing,
        citations=application.cite_files(),
    )
