"""Rules on units that are no services, on unit files systemd cannot read, and on systemd."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.systemd_system import SystemState
from reporter.parsers.systemd_units import Unit, Units
from reporter.rules.exit_status import RESULTS
from reporter.rules.times import span

__all__ = ["failed_units", "system_state"]

OTHER = text("Failed units that are no services")
SYSTEM = text("systemd")

_UNREADABLE = frozenset({"error", "bad-setting", "bad"})
_BOOT_S = 600.0


@rule(
    section="services",
    component=OTHER,
    needs=("units",),
    worst="P2",
    if_ignored=text("what the unit is for does not happen"),
    escalates=True,
)
def failed_units(host: HostContext, units: Units) -> Iterator[Verdict]:
    """Units other than services that failed, and units of any type systemd could not read.

    Means: failed is down (P2; a session or other scope degraded, P3); a unit file with a setting
    that makes it unusable (LoadState bad-setting or error) is down (P2), with systemd's words.

    Why: a failed mount, socket or timer keeps what builds on it from working.

    Evidence: systemd_units. Limits: only units in memory; failed services are in service_state.
    Source: systemctl(1) --failed, org.freedesktop.systemd1(5) LoadState.
    """
    for unit in units:
        if unit.load_state in _UNREADABLE:
            yield _broken(
                host,
                unit,
                text(
                    "{unit} cannot be used, its unit file is wrong: {error}",
                    unit=unit.name,
                    error=_load_error(unit),
                ),
                ("LoadState", "LoadError", "FragmentPath"),
            )
        elif unit.active_state == "failed" and unit.kind != "service":
            yield _broken(
                host,
                unit,
                text(
                    "{unit} failed: {reason}",
                    unit=unit.name,
                    reason=_result(unit.result),
                ),
                ("Result", "SubState", "StateChangeTimestamp"),
            )


def _result(result: str | None) -> Text:
    if result == "exit-code":
        return text("the command behind it ended with an error (its log says which)")
    return RESULTS.get(result or "") or text(
        "its result is {result}", result=result or text("not shown")
    )


def _broken(host: HostContext, unit: Unit, message: Text, cites: tuple[str, ...]) -> Verdict:
    owner = host.profiles.owner(unit.name)
    passing = unit.kind == "scope"
    running: Running = "yes" if unit.active_state == "active" else "no"
    return Verdict(
        subject=unit.name,
        status="degraded" if passing else "down",
        running=running,
        message=message,
        component=OTHER,
        severity="P3" if passing else host.profiles.severity(unit.name, "P2"),
        application=owner.name if owner else None,
        citations=(unit.cite("Id", "ActiveState", *cites),),
    )


def _load_error(unit: Unit) -> str:
    """Return systemd's words, without the D-Bus name of the error before them."""
    name, quote, words = (unit.load_error or "").partition('"')
    return words.rstrip('"') if quote else name or "?"


@rule(
    section="services",
    component=SYSTEM,
    needs=("system_state",),
    uses=("units",),
    worst="P1",
    if_ignored=text("failures stay unnoticed among others"),
)
def system_state(
    host: HostContext, system_state: SystemState, units: Units | Missing
) -> Iterator[Verdict]:
    """What systemd says of the whole system, and whether that fits what was found.

    Means: running ok; degraded (some unit failed) degraded, P3, each unit has its own finding;
    starting ok within ten minutes of boot, then degraded, P3: some job does not end;
    maintenance (rescue or emergency mode) down, P1; stopping degraded, P3: it is shutting down.

    Why: the one word every dashboard shows. A unit in auto-restart does not make it degraded.

    Evidence: systemd_state (systemctl is-system-running), systemd_units for the names.
    Source: systemctl(1), is-system-running.
    """
    state = system_state.state
    status, running, severity, message = _system(state, host, units)
    yield Verdict(
        subject="systemd",
        status=status,
        running=running,
        severity=severity,
        message=message,
        component=SYSTEM,
        citations=(system_state.cite(),),
        missing=_gaps(system_state, units) if status == "unknown" else (),
    )


def _system(
    state: str, host: HostContext, units: Units | Missing
) -> tuple[Status, Running, Severity | None, Text]:
    failed = _failed(units)
    if state == "running":
        if not failed:
            return "ok", "yes", None, text("systemd: running, no unit failed")
        return (
            "ok",
            "yes",
            None,
            text("systemd: running; failed since that was asked: {units}", units=failed),
        )
    if state == "degraded":
        names = failed or text("which, was not seen")
        return (
            "degraded",
            "yes",
            "P3",
            text("systemd: degraded, units failed: {units}", units=names),
        )
    if state in {"starting", "initializing"}:
        if isinstance(units, Missing):
            return (
                "unknown",
                "partial",
                None,
                text("systemd: {state}; for how long was not seen", state=state),
            )
        booted = units.booted_at
        if booted and host.collected_at - booted > _BOOT_S:
            return (
                "degraded",
                "partial",
                "P3",
                text(
                    "systemd: still {state} {span} after boot, so a start job does not end",
                    state=state,
                    span=span(host.collected_at - booted),
                ),
            )
        return "ok", "partial", None, text("systemd: still {state}", state=state)
    if state == "maintenance":
        return (
            "down",
            "no",
            "P1",
            text("systemd: maintenance, the host is in rescue or emergency mode"),
        )
    if state == "stopping":
        return "degraded", "partial", "P3", text("systemd: the host is shutting down")
    return "unknown", "unknown", None, text("systemd: its state is {state}", state=state)


def _gaps(system_state: SystemState, units: Units | Missing) -> tuple[Missing, ...]:
    if isinstance(units, Missing):
        return (units,)
    return (Missing(system_state.record, text("a state this rule does not know")),)


def _failed(units: Units | Missing) -> str:
    if isinstance(units, Missing):
        return ""
    return ", ".join(unit.name for unit in units if unit.active_state == "failed")
