"""Rule on the state of every service."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.systemd_executables import Executable
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.profile import Profiles
from reporter.rules.service_failure import CITED, gave_up, why
from reporter.rules.service_files import unloaded
from reporter.rules.service_idle import INACTIVE_ROWS
from reporter.rules.service_view import (
    ACTIVE,
    FAILED,
    IDLE,
    INACTIVE,
    MASKED,
    Answer,
    View,
    since,
    verdict,
)
from reporter.rules.times import at, span
from reporter.rules.unit_relations import comes_back

__all__ = ["service_state"]

_START_LIMIT_S = 90.0
"""DefaultTimeoutStartSec= and DefaultTimeoutStopSec= of systemd-system.conf(5), in seconds."""


def _services(profiles: Profiles) -> Iterator[str]:
    return (name for name in profiles.expected_units() if name.endswith(".service"))


@rule(
    section="services",
    component=INACTIVE,
    needs=("units",),
    uses=("unit_files", "executables"),
    worst="P2",
    if_ignored=text("what the service is for does not happen"),
    subjects=_services,
    escalates=True,
)
def service_state(
    host: HostContext,
    units: Units,
    unit_files: UnitFiles | Missing,
    executables: Each[Executable] | Missing,
) -> Iterator[Verdict]:
    """What each service does, and whether that is what it should do.

    Means, the first row that fits:

        masked, not running                                ok: switched off on purpose; down where
                                                           a profile says it must run
        masked, still running                              degraded: gone at its next stop
        waiting for its automatic restart                  down, unstable (see restart_loops)
        starting or stopping                               ok for as long as is usual (90 s; a
                                                           oneshot works as long as it needs),
                                                           then degraded
        failed                                             down: with what its exit means
        running, disabled, asked for by nothing at boot    degraded: gone after a reboot
        running, reloading                                 ok
        active (exited)                                    ok: its work is done
        inactive: last run failed                          down
        inactive: a start condition is not met             ok: skipped on purpose
        inactive: an assertion of its unit file failed     down
        inactive: a oneshot that ended well                ok: idle between runs
        inactive: started on demand or by time             ok: idle
        inactive: asked for by a unit that is up           down: it should run (degraded where
                                                           its D-Bus name may bring it back, or
                                                           it is a oneshot of the distribution
                                                           that the next boot will run)
        inactive: a profile says it must run               down
        inactive: its timer or socket is enabled, but off  degraded
        inactive: only units that are not up ask for it    ok
        inactive: nothing asks for it                      ok

    Why: a dashboard shows what was meant to run; this is what runs, and for what does not, whether
    anybody wanted it to and what stopped it.

    Evidence: systemd_units (systemctl show), systemd_unit_files for services that are only on
    disk, systemd_executables for the program a failed service could not execute.

    Limits: active says that the process runs, not that it works. Systemd forgets a unit's past
    at boot. That a unit nobody asks for was stopped by hand cannot be told from one never meant
    to run: a profile's expected_units says which. A service of the distribution that ended with
    status 0 within 30 seconds of its start and has no Restart= counts as a job that is done.
    Who a program's folders bar is judged by their modes only.

    Source: systemctl(1), systemd.service(5), systemd.exec(5) "Process exit codes".
    """
    for unit in units.of("service"):
        if unit.load_state in {"loaded", "masked"}:
            view = View(unit, units, executables, host)
            yield verdict(view, _answer(view))
    yield from unloaded(host, units, unit_files)


def _answer(view: View) -> Answer:
    return next(answer for row in _ROWS if (answer := row(view)) is not None)


def _masked(view: View) -> Answer | None:
    unit = view.unit
    if unit.load_state != "masked":
        return None
    if unit.active_state in {"inactive", "failed"}:
        if view.expected:
            return Answer(
                status="down",
                running="no",
                component=MASKED,
                message=text(
                    "{unit} is masked, although its application expects it to run", unit=unit.name
                ),
            )
        return Answer(
            status="ok",
            running="no",
            component=MASKED,
            message=text("{unit} is masked: it was switched off on purpose", unit=unit.name),
        )
    return Answer(
        status="degraded",
        running="yes",
        component=MASKED,
        message=text(
            "{unit} is masked but still runs: once it stops it cannot be started again",
            unit=unit.name,
        ),
    )


def _auto_restart(view: View) -> Answer | None:
    unit = view.unit
    if not (unit.sub_state or "").startswith("auto-restart"):
        return None
    reason = why(unit, view.executables)
    return Answer(
        status="down",
        running="unstable",
        component=FAILED,
        message=text(
            "{unit} does not run, systemd keeps restarting it: {reason}",
            unit=unit.name,
            reason=reason.message,
        ),
        cites=("NRestarts", "Restart", *CITED, "ExecStart"),
        citations=reason.citations,
    )


def _changing(view: View) -> Answer | None:
    unit = view.unit
    if unit.active_state not in {"activating", "deactivating"}:
        return None
    stopping = unit.active_state == "deactivating"
    doing = text("stopping") if stopping else text("starting")
    cites = ("Type", "StateChangeTimestamp", "InactiveExitTimestamp")
    began = unit.changed_at if stopping else unit.inactive_until
    if not began:
        return Answer(
            status="unknown",
            running="unknown",
            component=INACTIVE,
            message=text(
                "{unit} is {doing} ({state}); for how long is not shown",
                unit=unit.name,
                doing=doing,
                state=unit.sub_state or "?",
            ),
            cites=cites,
            missing=(Missing(unit.record, text("it shows no time of the last change")),),
        )
    if view.oneshot and not stopping:
        return Answer(
            status="ok",
            running="yes",
            component=ACTIVE,
            message=text("{unit} does its work{since}", unit=unit.name, since=_since(view, began)),
            cites=cites,
        )
    late = view.now - began > _START_LIMIT_S
    return Answer(
        status="degraded" if late else "ok",
        running="partial",
        component=INACTIVE if late else ACTIVE,
        message=text(
            "{unit} has been {doing} ({state}){since}, longer than the usual limit of {limit}"
            if late
            else "{unit} is {doing} ({state}){since}",
            unit=unit.name,
            doing=doing,
            state=unit.sub_state or "?",
            since=_since(view, began),
            limit=span(_START_LIMIT_S),
        ),
        cites=cites,
    )


def _failed(view: View) -> Answer | None:
    unit = view.unit
    if unit.active_state != "failed":
        return None
    reason = why(unit, view.executables)
    when = unit.exited_at or unit.inactive_since or unit.changed_at
    return Answer(
        status="down",
        running="no",
        component=FAILED,
        message=text(
            "{unit} failed{when}: {reason}",
            unit=unit.name,
            when=text(" at {moment}", moment=at(when)) if when else text(""),
            reason=reason.message,
        ),
        cites=(*CITED, "ExecStart", "NRestarts", "ExecMainExitTimestamp", "InactiveEnterTimestamp"),
        citations=reason.citations,
        details=(gave_up(unit),),
    )


def _running_disabled(view: View) -> Answer | None:
    unit = view.unit
    if unit.sub_state != "running" or unit.unit_file_state != "disabled":
        return None
    if unit.bus_name or _started_by_logind(unit.name) or comes_back(unit, view.units):
        return None
    return Answer(
        status="degraded",
        running="yes",
        component=ACTIVE,
        message=text(
            "{unit} runs{since}, but is disabled, and nothing that is started at boot asks for "
            "it: it will not come back after a reboot",
            unit=unit.name,
            since=_since(view, unit.active_since),
        ),
        cites=("ActiveEnterTimestamp", "WantedBy", "RequiredBy", "TriggeredBy", "BusName"),
    )


def _active(view: View) -> Answer | None:
    unit = view.unit
    if unit.active_state not in {"active", "reloading", "refreshing"}:
        return None
    if unit.sub_state == "exited":
        return _exited(view)
    return Answer(
        status="ok",
        running="yes",
        component=ACTIVE,
        message=text("{unit} runs{since}", unit=unit.name, since=_since(view, unit.active_since))
        if unit.active_state == "active"
        else text("{unit} runs and reloads its configuration", unit=unit.name),
        cites=("MainPID", "ActiveEnterTimestamp"),
    )


def _exited(view: View) -> Answer:
    unit = view.unit
    cites = ("Type", "RemainAfterExit", "Result", "ActiveEnterTimestamp")
    if view.oneshot:
        message = text(
            "{unit} has done its work{when} and counts as active",
            unit=unit.name,
            when=text(" at {moment}", moment=at(unit.active_since))
            if unit.active_since
            else text(""),
        )
    else:
        message = text(
            "{unit} has no process left; RemainAfterExit=yes lets it count as active all the same",
            unit=unit.name,
        )
    return Answer(
        status="ok", running="na", component=IDLE, message=message, cites=(*cites, "MainPID")
    )


def _other_state(view: View) -> Answer | None:
    """Answer for a state this table has no row for: `maintenance`, or one of the future."""
    unit = view.unit
    if unit.active_state == "inactive":
        return None
    return Answer(
        status="unknown",
        running="unknown",
        component=INACTIVE,
        message=text(
            "{unit} is in the state {state}, which this rule does not know",
            unit=unit.name,
            state=unit.active_state or "?",
        ),
        missing=(Missing(unit.record, text("a state that is not known")),),
    )


def _started_by_logind(name: str) -> bool:
    """Say whether it is a login prompt, which logind starts when someone changes to its console."""
    return name.startswith(("getty@", "autovt@"))


def _since(view: View, moment: float | None) -> Text:
    return since(moment, view.now)


_ROWS: tuple[Callable[[View], Answer | None], ...] = (
    _masked,
    _auto_restart,
    _changing,
    _failed,
    _running_disabled,
    _active,
    _other_state,
    *INACTIVE_ROWS,
)
"""The verdict table: the first row that has an answer gives it."""
