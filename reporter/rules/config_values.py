"""Rules on the settings in environment files: where they contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Verdict
from reporter.messages import Text, text
from reporter.parsers.config_files import ConfigFiles, EnvFile, Setting
from reporter.parsers.config_units import EnvUse
from reporter.parsers.systemd_units import Units
from reporter.rules.config_view import (
    FILES,
    Application,
    Held,
    UnitView,
    View,
    cite_settings,
    component,
)
from reporter.rules.mode_words import Modes

__all__ = ["env_overrides", "env_syntax", "env_values"]

OWN = frozenset(
    {
        "channel",
        "consumer",
        "dir",
        "file",
        "group",
        "id",
        "instance",
        "interval",
        "level",
        "name",
        "path",
        "port",
        "prefix",
        "queue",
        "stream",
        "streams",
        "threads",
        "topic",
        "workers",
    }
)
"""Last words of settings in which services differ by nature: nobody expects them to agree."""

_NEEDS = ("units", "unit_env_files", "env_files")
_LISTED = 12


@rule(
    section="config",
    component=FILES,
    needs=_NEEDS,
    worst="P3",
    if_ignored=text("services of one application decide by different rules"),
)
def env_values(
    host: HostContext, units: Units, unit_env_files: EnvUse, env_files: ConfigFiles
) -> Iterator[Verdict]:
    """The same setting with different values in services of one application.

    Means: degraded (P3), one finding a setting, with who has which value. Values that may not
    leave the host are compared by their fingerprints, so they are known to be equal or different
    without being known. Settings in which services differ by nature (names ending in PORT, NAME,
    ID, GROUP, STREAM, LEVEL, INTERVAL, ...) are only named, and modes are left to env_modes. Ok
    where everything else agrees; unknown beside the findings where a file of some service could
    not be read.

    Why: two services that think differently of one limit or one server work against each other.

    Evidence: config_env_files; systemd_units for who loads what, in which order.

    Limits: whether a setting that differs was meant to is not known. Defaults inside programs and
    `Environment=` in units are not seen; the latter loses against a file's setting. Hosts are
    judged one by one.

    Source: systemd.exec(5), EnvironmentFile=.
    """
    view = View(host, units, unit_env_files, env_files)
    for application in view.applications:
        loading = [unit for unit in application.units if unit.effective or unit.missing]
        if len(loading) > 1:
            yield from _compared(application, loading)


def _compared(application: Application, units: list[UnitView]) -> Iterator[Verdict]:
    shared: dict[str, list[tuple[UnitView, Held]]] = {}
    for unit in units:
        for name, held in unit.effective.items():
            shared.setdefault(name, []).append((unit, held))
    shared = {name: holders for name, holders in sorted(shared.items()) if len(holders) > 1}
    modes = Modes.of(application.profile)
    different = [
        name
        for name, holders in shared.items()
        if len({held.setting.identity for _, held in holders}) > 1
        and not all(any(modes.of_setting(held.setting)) for _, held in holders)
    ]
    by_nature = [name for name in different if _last_word(name) in OWN]
    judged = [name for name in different if name not in by_nature]
    for name in judged:
        yield _differs(application, name, shared[name])
    if not judged or application.missing:
        yield _summary(application, units, len(shared), by_nature)


def _last_word(name: str) -> str:
    return re.split(r"[^A-Za-z0-9]+", name)[-1].lower()


def _differs(application: Application, name: str, holders: list[tuple[UnitView, Held]]) -> Verdict:
    by_value: dict[str, list[tuple[UnitView, Held]]] = {}
    for unit, held in holders:
        by_value.setdefault(held.setting.identity, []).append((unit, held))
    ordered = sorted(by_value.values(), key=lambda same: (-len(same), same[0][0].name))
    return Verdict(
        subject=f"{application.key}/{name}",
        status="degraded",
        severity="P3",
        component=application.component,
        application=application.profile.name if application.profile else None,
        message=text(
            "{name} has {count} different values in services of {application}",
            name=name,
            count=len(by_value),
            application=application.title,
        ),
        details=tuple(_holders(application, same) for same in ordered[:_LISTED]),
        citations=cite_settings([held for _, held in holders]),
    )


def _holders(application: Application, same: list[tuple[UnitView, Held]]) -> Text:
    return text(
        "{value}: {units}",
        value=same[0][1].setting.shown,
        units=", ".join(f"{application.short(unit)} ({held.file.name})" for unit, held in same),
    )


def _summary(
    application: Application, units: list[UnitView], shared: int, by_nature: list[str]
) -> Verdict:
    missing = application.missing
    details = []
    if by_nature:
        details.append(text("different by nature, not judged: {names}", names=", ".join(by_nature)))
    return Verdict(
        subject=f"values/{application.key}",
        status="unknown" if missing else "ok",
        component=application.component,
        application=application.profile.name if application.profile else None,
        message=text(
            "inconsistencies: not all settings of the {units} services could be compared"
            if missing
            else "inconsistencies: none in the {shared} settings that several of {units} services "
            "have",
            shared=shared,
            units=len(units),
        ),
        details=tuple(details),
        missing=missing,
        citations=application.cite_files(),
    )


@rule(
    section="config",
    component=FILES,
    needs=_NEEDS,
    worst="P3",
    if_ignored=text("a setting that stands in a file is not the one that is used"),
)
def env_overrides(
    host: HostContext, units: Units, unit_env_files: EnvUse, env_files: ConfigFiles
) -> Iterator[Verdict]:
    """Settings of a service's environment file that a later file of it silently overrides.

    Means: degraded (P3), one finding a service, with each setting, both values and which file
    wins. A later file that repeats the same value is no finding.

    Why: whoever reads or edits the first file believes a value that the service never gets.

    Evidence: systemd_units (the order of EnvironmentFiles), config_env_files.

    Limits: whether the second file was meant to override the first (defaults, then specifics) is
    not known.

    Source: systemd.exec(5): "the later setting will override the earlier setting".
    """
    view = View(host, units, unit_env_files, env_files)
    for service in view.services:
        losers = list(_overridden(service))
        if losers:
            yield _override(service, losers, view)


def _overridden(service: UnitView) -> Iterator[tuple[Held, Held]]:
    """Yield who loses against whom."""
    for _, file in service.files:
        for name, setting in sorted(file.effective().items()):
            winner = service.effective[name]
            if winner.file.path != file.path and winner.setting.identity != setting.identity:
                yield Held(setting, file), winner


def _override(service: UnitView, losers: list[tuple[Held, Held]], view: View) -> Verdict:
    owner = next((one for one in view.applications if service in one.units), None)
    folder = losers[0][1].file.folder
    return Verdict(
        subject=f"env/{service.unit.name}",
        status="degraded",
        severity="P3",
        component=owner.component if owner else component(folder),
        application=owner.profile.name if owner and owner.profile else None,
        message=text(
            "{unit} does not get all that its files say: a later file overrides {names}",
            unit=service.unit.name,
            names=", ".join(dict.fromkeys(loser.setting.name for loser, _ in losers)),
        ),
        details=tuple(
            text(
                "{name}: {lost} of {earlier} loses against {won} of {later}",
                name=loser.setting.name,
                lost=loser.setting.shown,
                earlier=loser.file.name,
                won=winner.setting.shown,
                later=winner.file.name,
            )
            for loser, winner in losers[:_LISTED]
        ),
        citations=(
            view.use.cite(service.unit.name),
            *cite_settings([one for pair in losers for one in pair]),
        ),
    )


_WHY = {
    "export": text("it begins with export, which only a shell knows"),
    "name": text("what stands before the sign = is no name of a variable"),
    "no assignment": text("it has no sign ="),
    "quote not closed": text("a quote is not closed, so all that follows belongs to the value"),
}
_COMMENT = "after a comment that ends in a backslash"


@rule(
    section="config",
    component=FILES,
    needs=_NEEDS,
    worst="P3",
    if_ignored=text("a setting that stands in a file is not the one that is used"),
)
def env_syntax(
    host: HostContext, units: Units, unit_env_files: EnvUse, env_files: ConfigFiles
) -> Iterator[Verdict]:
    """Lines of environment files that systemd leaves out, and settings that stand there twice.

    Means: degraded (P3) where a file that a service loads sets one name to two values (the later
    wins), or has lines systemd passes over without a word a reader would see: `export NAME=…`,
    names that are none, no `=`, a quote that is never closed, a setting after a comment that ends
    in a backslash (part of the comment until systemd 254). A name set twice to the same value is
    ok, and said.

    Why: the file says something the service does not get.

    Evidence: config_env_files. The text of such lines never leaves the host, only their numbers.

    Limits: files no service loads are not judged.

    Source: systemd.exec(5), EnvironmentFile=; src/basic/env-file.c.
    """
    view = View(host, units, unit_env_files, env_files)
    loaded = {file.path: file for service in view.services for _, file in service.files}
    for path in sorted(loaded):
        yield from _syntax(loaded[path], view)


def _syntax(file: EnvFile, view: View) -> Iterator[Verdict]:
    twice: dict[str, list[Setting]] = {}
    for setting in file.settings:
        twice.setdefault(setting.name, []).append(setting)
    repeated = {name: same for name, same in sorted(twice.items()) if len(same) > 1}
    bad = {name: same for name, same in repeated.items() if len({x.identity for x in same}) > 1}
    details = [_twice(name, same) for name, same in bad.items()]
    details.extend(_odd(line, why) for line, why in file.odd[:_LISTED])
    if not details and not repeated:
        return
    cited = [setting for same in (bad or repeated).values() for setting in same]
    yield Verdict(
        subject=file.path,
        status="degraded" if details else "ok",
        severity="P3" if details else None,
        component=component(file.folder),
        application=view.application_of(file.folder),
        message=text(
            "{path} says what its services do not get"
            if details
            else "{path} sets the same twice, to the same value: {names}",
            path=file.path,
            names=", ".join(repeated),
        ),
        details=tuple(details),
        citations=(file.cite(), *((file.cite(*cited),) if cited else ())),
    )


def _twice(name: str, same: list[Setting]) -> Text:
    return text(
        "{name} is set {count} times; line {line} wins: {value}",
        name=name,
        count=len(same),
        line=same[-1].line,
        value=same[-1].shown,
    )


def _odd(line: int, why: str) -> Text:
    if why == _COMMENT:
        return text(
            "line {line} follows a comment that ends in a backslash: until systemd 254 it belonged "
            "to the comment",
            line=line,
        )
    return text("line {line}: {why}", line=line, why=_WHY.get(why) or text("{why}", why=why))
