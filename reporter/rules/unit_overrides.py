"""Rules on units that are not what their files say: changed since, shadowed, set twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Text, some, text
from reporter.parsers.systemd_units import Unit, Units
from reporter.parsers.unit_drop_ins import DropIns, Setting, VendorUnits

__all__ = ["outdated_units", "shadowed_units"]

OUTDATED = text("Units changed on disk since they were loaded")
SHADOWED = text("Unit files and settings that shadow others")

_SHIPPED = ("/lib/systemd/", "/usr/lib/systemd/")
_OWN = ("/etc/systemd/system/", "/usr/local/lib/systemd/system/")
_FLEETING = "/run/systemd/system"
_SHOWN = 20

_SINGLE_WORDS = """
    CPUQuota CPUWeight DynamicUser Group IOWeight KillMode KillSignal LimitCORE LimitMEMLOCK
    LimitNOFILE LimitNPROC MemoryHigh MemoryLimit MemoryLow MemoryMax MemoryMin MemorySwapMax Nice
    NoNewPrivileges OOMPolicy OOMScoreAdjust PIDFile PrivateDevices PrivateNetwork
    PrivateTmp ProtectHome ProtectSystem RemainAfterExit Restart RestartSec RootDirectory
    RuntimeMaxSec Slice StandardError StandardInput StandardOutput StartLimitBurst
    StartLimitInterval StartLimitIntervalSec SyslogIdentifier TasksMax TimeoutSec TimeoutStartSec
    TimeoutStopSec Type UMask User WatchdogSec WorkingDirectory
"""
_SINGLE = frozenset(_SINGLE_WORDS.split())
"""Settings of which the last one counts."""

_LISTS = frozenset({"ExecStart", "OnCalendar"})
"""Lists, which count once where a file empties them first."""


@rule(
    section="services",
    component=OUTDATED,
    needs=("units",),
    worst="P3",
    if_ignored=text("the next reload or restart brings other settings than those that run"),
)
def outdated_units(host: HostContext, units: Units) -> Iterator[Verdict]:
    """Units whose file or drop-in changed on disk after systemd loaded it, by application.

    Means: degraded (P3), one finding for each application and one for the rest of the host.

    Why: what one reads on disk is not what runs. The next daemon-reload, which any installation of
    a package does, brings the change at a moment nobody chose; a restart alone does not.

    Evidence: systemd_units (NeedDaemonReload=).

    Limits: systemd compares times of modification, not contents: a file touched or restored looks
    changed. That a service runs with settings older than a reload is not seen by it.

    Source: org.freedesktop.systemd1(5) NeedDaemonReload, systemctl(1) daemon-reload.
    """
    groups: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.need_daemon_reload:
            groups[_application(host, unit)].append(unit)
    for name, found in sorted(groups.items()):
        yield Verdict(
            subject=name or "host",
            status="degraded",
            severity="P3",
            component=OUTDATED,
            application=name or None,
            message=text(
                "units whose files changed on disk since systemd loaded them: {count} ({names}); "
                "systemctl daemon-reload has not been run since",
                count=len(found),
                names=some([unit.name for unit in found], _SHOWN),
            ),
            citations=tuple(
                unit.cite("Id", "FragmentPath", "DropInPaths", "NeedDaemonReload") for unit in found
            ),
        )


def _application(host: HostContext, unit: Unit) -> str:
    owner = host.profiles.owner(unit.name)
    return owner.name if owner else ""


@dataclass(frozen=True)
class _Shadow:
    """One thing that hides another, in words, with the lines that show it."""

    said: Text
    citations: tuple[Citation, ...]


@rule(
    section="services",
    component=SHADOWED,
    needs=("units",),
    uses=("vendor_units", "drop_ins"),
    worst="P3",
    if_ignored=text("the unit does not do what its file says"),
)
def shadowed_units(
    host: HostContext,
    units: Units,
    vendor_units: VendorUnits | Missing,
    drop_ins: DropIns | Missing,
) -> Iterator[Verdict]:
    """What hides what a unit's file says: copies, drop-ins that contradict, drop-ins under /run.

    Means: degraded (P3), one finding for each application and one for the rest of the host, for

        a unit file in /etc or /usr/local that stands in the place of the distribution's
        a setting that counts once and stands in two drop-ins with different values
        an administrator's or an application's unit with a drop-in under /run, gone at next boot

    Why: whoever reads the unit's file reads something that does not hold. A copy of the
    distribution's file gets none of its corrections.

    Evidence: systemd_units (FragmentPath=, DropInPaths= in the order in which they apply),
    systemd_vendor_units, systemd_drop_ins.

    Limits: units in memory alone. Of settings only those that count once are compared, and
    ExecStart= and OnCalendar= where the later file empties the list first; those whose names were
    masked at the source are not. What generators and the distribution's own drop-ins set is not
    looked at, nor environment variables.

    Source: systemd.unit(5), systemd-delta(1).
    """
    groups: dict[str, list[_Shadow]] = defaultdict(list)
    for unit in units:
        if unit.load_state == "loaded":
            found = list(_shadows(host, unit, vendor_units, drop_ins))
            groups[_application(host, unit)].extend(found)
    for name, found in sorted(groups.items()):
        if found:
            yield Verdict(
                subject=name or "host",
                status="degraded",
                severity="P3",
                component=SHADOWED,
                application=name or None,
                message=text(
                    "settings and unit files that shadow others: {count}", count=len(found)
                ),
                details=tuple(one.said for one in found[:_SHOWN]),
                citations=tuple(dict.fromkeys(cited for one in found for cited in one.citations)),
            )
    if not isinstance(drop_ins, Missing):
        for path, reason in sorted(drop_ins.unread.items()):
            why = text("{path} was not read: {reason}", path=path, reason=reason)
            yield Verdict(
                subject=path,
                status="unknown",
                running="unknown",
                component=SHADOWED,
                message=text("what this drop-in sets is not known: {why}", why=why),
                missing=(Missing(drop_ins.record, why),),
            )


def _shadows(
    host: HostContext,
    unit: Unit,
    vendor_units: VendorUnits | Missing,
    drop_ins: DropIns | Missing,
) -> Iterator[_Shadow]:
    path = unit.fragment_path or ""
    if path.startswith(_OWN) and not isinstance(vendor_units, Missing):
        name = path.rpartition("/")[2]
        if name in vendor_units.names:
            yield _Shadow(
                text("{path} stands in the place of the distribution's file", path=path),
                (unit.cite("Id", "FragmentPath"), vendor_units.cite(name)),
            )
    own = bool(host.profiles.owner(unit.name)) or path.startswith(_OWN)
    fleeting = [one for one in unit.drop_ins or () if one.startswith(_FLEETING)]
    if own and fleeting:
        yield _Shadow(
            text(
                "{unit}: {paths} is gone at the next boot",
                unit=unit.name,
                paths=", ".join(fleeting),
            ),
            (unit.cite("Id", "DropInPaths"),),
        )
    if not isinstance(drop_ins, Missing):
        yield from _contradictions(unit, drop_ins)


def _contradictions(unit: Unit, drop_ins: DropIns) -> Iterator[_Shadow]:
    """Yield each setting that an earlier drop-in makes in vain."""
    said: dict[tuple[str, str], tuple[str, Setting]] = {}
    for path in unit.drop_ins or ():
        settings = drop_ins.by_path.get(path, ())
        last = {(one.section, one.name): one for one in settings if _counts_once(one, settings)}
        for key, setting in last.items():
            before = said.get(key)
            if before and before[0] != path and _differ(before[1], setting):
                yield _Shadow(
                    text(
                        "{unit}: {before} in {first} does not hold, {after} in {second} does",
                        unit=unit.name,
                        before=before[1].line,
                        first=before[0],
                        after=setting.line,
                        second=path,
                    ),
                    (unit.cite("Id", "DropInPaths"), Citation(drop_ins.record, path)),
                )
            said[key] = (path, setting)


def _counts_once(setting: Setting, settings: tuple[Setting, ...]) -> bool:
    if setting.name not in _LISTS:
        return setting.name in _SINGLE
    emptied = any(one.name == setting.name and not one.value for one in settings)
    return emptied and bool(setting.value)


def _differ(before: Setting, after: Setting) -> bool:
    """Say whether the later value is another one; equal ones that were masked do not tell."""
    return before.value != after.value
