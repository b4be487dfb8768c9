"""Rule on units that do not exist although something needs them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Severity, Status, Verdict
from reporter.messages import Text, joined, text
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.profile import Profiles
from reporter.rules.unit_relations import PULLS, Puller, not_in_sample, pullers

__all__ = ["missing_units"]

MISSING = text("Not found (unit missing)")

_LINKED_ONLY = frozenset({"multi-user.target", "timers.target", "sockets.target", "paths.target"})
"""Targets whose own files want no unit by name: who they want is linked into their folders."""
_SHIPPED = ("/lib/systemd/", "/usr/lib/systemd/")


def _expected(profiles: Profiles) -> Iterable[str]:
    return (*profiles.expected_units(), *profiles.timer_patterns())


@rule(
    section="services",
    component=MISSING,
    needs=("units",),
    uses=("unit_files",),
    worst="P1",
    if_ignored=text("what the unit is for does not happen"),
    subjects=_expected,
    escalates=True,
)
def missing_units(
    host: HostContext, units: Units, unit_files: UnitFiles | Missing
) -> Iterator[Verdict]:
    """Units that do not exist although something needs them.

    Means:

        required (Requires=, Requisite=, BindsTo=) by a unit the administrator   down, P1
        made; or by one of the distribution that is itself asked to run
        wanted (Wants=, Upholds=) or triggered by a unit the administrator made  down, P2
        expected by a profile, and neither in memory nor on disk                 down, P2
        a pattern of a profile's expected_timers that no timer fits              down, P2
        a link in multi-user.target.wants or the like leads to no unit file      degraded, P3

    Why: what refers to it does not start, or starts without what it was built to work with.

    Evidence: systemd_units (LoadState=not-found and who refers to it), systemd_unit_files.

    Limits: a missing unit shows only if another unit in memory refers to it, or a profile
    expects it. Units that are only named in After= or Before=, and those that units of the
    distribution (files under /lib/systemd, /usr/lib/systemd) merely want, are optional by
    systemd's own design (systemd.unit(5), Wants=) and no finding. Whether a unit of the
    distribution wants it by a drop-in of the administrator cannot be seen.
    """
    expected = host.profiles.expected_units()
    for unit in units:
        if unit.load_state == "not-found" and unit.name in expected:
            yield _expected_stub(host, unit, units, unit_files)
        elif unit.load_state == "not-found":
            yield from _referred(host, unit, units)
    for name in expected:
        if units.get(name) is None:
            yield from _expected_missing(host, name, units, unit_files)
    for pattern in host.profiles.timer_patterns():
        yield from _none_fits(host, pattern, units, unit_files)


def _referred(host: HostContext, unit: Unit, units: Units) -> Iterator[Verdict]:
    need = _need(unit, units)
    if need is None:
        return
    if need.severity == "P3":
        message = text(
            "{unit} does not exist, but {links} still links to it: it was enabled and its unit "
            "file is gone",
            unit=unit.name,
            links=", ".join(one.name for one in need.asking),
        )
    else:
        message = text(
            "{unit} does not exist, but is needed: {links}", unit=unit.name, links=need.shown
        )
    yield _missing(
        host,
        unit.name,
        message,
        status="degraded" if need.severity == "P3" else "down",
        severity=need.severity,
        citations=(unit.cite("Id", "LoadState", *PULLS), *need.citations),
    )


@dataclass(frozen=True, slots=True)
class _Need:
    """Who needs a missing unit most, and how bad that is."""

    severity: Severity
    asking: tuple[Puller, ...]

    @property
    def shown(self) -> Text:
        return joined(text("{how}= of {unit}", how=one.how, unit=one.name) for one in self.asking)

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(one.unit.cite("Id", "FragmentPath") for one in self.asking if one.unit)


def _need(unit: Unit, units: Units) -> _Need | None:
    asking = [*pullers(unit, units), *_triggering(unit, units)]
    serious = [(how, one) for one in asking if (how := _weight(one, units)) is not None]
    if not serious:
        return None
    severity = min(how for how, _ in serious)
    return _Need(severity, tuple(one for how, one in serious if how == severity))


def _triggering(unit: Unit, units: Units) -> Iterator[Puller]:
    """Yield the timers, sockets and paths that would start the unit."""
    for name in unit.triggered_by or ():
        yield Puller("Unit", name, units.get(name))


def _weight(one: Puller, units: Units) -> Severity | None:
    """Return how bad it is that what this unit asks for is missing; None if it does not matter."""
    if one.unit is None or one.unit.load_state == "not-found":
        return None
    if one.how == "Wants" and one.name in _LINKED_ONLY:
        return "P3"
    path = one.unit.fragment_path
    if path is None:
        return None
    if path.startswith(_SHIPPED):
        return "P1" if one.binding and _is_asked_to_run(one.unit, units) else None
    return "P1" if one.binding else "P2"


def _is_asked_to_run(unit: Unit, units: Units) -> bool:
    return unit.active_state != "inactive" or any(one.active for one in pullers(unit, units))


def _expected_missing(
    host: HostContext, name: str, units: Units, unit_files: UnitFiles | Missing
) -> Iterator[Verdict]:
    """Yield the verdict on an expected unit of which nothing is in memory."""
    if not isinstance(unit_files, Missing) and unit_files.get(name) is not None:
        return  # it exists and is not loaded: the rule on its state says so
    yield _nowhere(
        host,
        name,
        units,
        unit_files,
        text("{unit} does not exist, although its application expects it", unit=name),
    )


def _none_fits(
    host: HostContext, pattern: str, units: Units, unit_files: UnitFiles | Missing
) -> Iterator[Verdict]:
    """Yield the verdict on a pattern of timers that nothing in memory or on disk fits."""
    names = {unit.name for unit in units.of("timer") if unit.load_state != "not-found"}
    if not isinstance(unit_files, Missing):
        names |= {file.name for file in unit_files if not file.template}
    if fnmatch.filter(names, pattern):
        return  # the rule on timers says how they are
    yield _nowhere(
        host,
        pattern,
        units,
        unit_files,
        text("no timer fits {unit}, although its application expects one", unit=pattern),
    )


def _nowhere(
    host: HostContext, name: str, units: Units, unit_files: UnitFiles | Missing, message: Text
) -> Verdict:
    """Return down for what is neither in memory nor on disk, unknown where not all was seen."""
    gaps: list[Missing] = []
    if isinstance(unit_files, Missing):
        gaps.append(unit_files)
    elif not unit_files.complete:
        gaps.append(Missing(unit_files.record, text("its output was cut")))
    elif not unit_files.covers(name):
        gaps.append(Missing(unit_files.record, text("it lists no unit files of this type")))
    if not units.complete:
        gaps.append(not_in_sample(units))
    if gaps or isinstance(unit_files, Missing):
        message = text("{unit} was not seen; whether it exists is not known", unit=name)
        return _missing(host, name, message, status="unknown", missing=tuple(gaps))
    cited = (Citation(units.record), Citation(unit_files.record))
    return _missing(host, name, message, citations=cited)


def _expected_stub(
    host: HostContext, unit: Unit, units: Units, unit_files: UnitFiles | Missing
) -> Verdict:
    """Return the verdict on an expected unit that systemd looked for and did not find."""
    need = _need(unit, units)
    details = []
    if need is not None:
        details.append(text("it is needed: {links}", links=need.shown))
    if not isinstance(unit_files, Missing) and unit_files.get(unit.name) is not None:
        details.append(text("a file is on disk since: systemctl daemon-reload would load it"))
    return _missing(
        host,
        unit.name,
        text("{unit} does not exist, although its application expects it", unit=unit.name),
        severity=min("P2", need.severity) if need else "P2",
        citations=(unit.cite("Id", "LoadState", *PULLS), *(need.citations if need else ())),
        details=tuple(details),
    )


def _missing(
    host: HostContext,
    name: str,
    message: Text,
    *,
    status: Status = "down",
    severity: Severity = "P2",
    citations: tuple[Citation, ...] = (),
    details: tuple[Text, ...] = (),
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    owner = host.profiles.owner(name)
    severities = {"down": host.profiles.severity(name, severity), "degraded": severity}
    return Verdict(
        subject=name,
        status=status,
        running="unknown" if status == "unknown" else "no",
        message=message,
        component=MISSING,
        severity=severities.get(status),
        application=owner.name if owner else None,
        citations=citations,
        details=details,
        missing=missing,
    )
