"""The rows of the verdict table for services that are inactive: should they be?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reporter.messages import Text, text
from reporter.rules.service_failure import CITED, last_exit, why
from reporter.rules.service_view import DISABLED, FAILED, IDLE, INACTIVE, Answer, View
from reporter.rules.times import at, span
from reporter.rules.unit_relations import PULLS, not_in_sample, pullers

__all__ = ["INACTIVE_ROWS"]

_JOB_LIFE_S = 30.0
_GOOD = {None, "", "success", "exec-condition"}
_ENDED = ("ExecMainStartTimestamp", "ExecMainExitTimestamp", "InactiveEnterTimestamp", *CITED)


def _last_run_failed(view: View) -> Answer | None:
    unit = view.unit
    if unit.result in _GOOD:
        return None
    reason = why(unit, view.executables)
    return Answer(
        status="down",
        running="no",
        component=FAILED,
        message=text(
            "{unit} is inactive, its last run failed: {reason}",
            unit=unit.name,
            reason=reason.message,
        ),
        cites=(*_ENDED, "ExecStart"),
        citations=reason.citations,
    )


def _skipped(view: View) -> Answer | None:
    unit = view.unit
    by_command = unit.result == "exec-condition"
    if not by_command and not (unit.condition_at and unit.condition_result is False):
        return None
    return Answer(
        status="ok",
        running="no",
        component=IDLE,
        message=text(
            "{unit} was skipped{when}: {what}",
            unit=unit.name,
            when=_at(unit.condition_at),
            what=text("an ExecCondition= command said that it should not run")
            if by_command
            else text("a start condition of its unit file was not met"),
        ),
        cites=("ConditionResult", "ConditionTimestamp", "Result"),
    )


def _assertion_failed(view: View) -> Answer | None:
    unit = view.unit
    if not unit.condition_at or unit.assert_result is not False:
        return None
    return Answer(
        status="down",
        running="no",
        component=INACTIVE,
        message=text(
            "{unit} was asked to start{when}, but an assertion of its unit file (Assert...=) "
            "did not hold",
            unit=unit.name,
            when=_at(unit.condition_at),
        ),
        cites=("ConditionResult", "ConditionTimestamp", "AssertResult"),
    )


def _between_runs(view: View) -> Answer | None:
    if not view.oneshot or not view.has_run:
        return None
    names = _triggers(view, active=True)
    return Answer(
        status="ok",
        running="no",
        component=IDLE,
        message=text(
            "{unit} ended well{when}; it is idle until {next}",
            unit=view.unit.name,
            when=_at(view.ended_at),
            next=text("started again by {triggers}", triggers=names)
            if names
            else text("something asks for it again"),
        ),
        cites=("Type", "TriggeredBy", *_ENDED),
    )


def _on_demand(view: View) -> Answer | None:
    names = _triggers(view, active=True)
    if not names:
        return None
    if view.has_run:
        message = text(
            "{unit} ended{when}; it is idle until started again by {triggers}",
            unit=view.unit.name,
            when=_at(view.ended_at),
            triggers=names,
        )
    else:
        message = text(
            "{unit} has not run since boot: it waits for {triggers}",
            unit=view.unit.name,
            triggers=names,
        )
    return Answer(
        status="ok",
        running="no",
        component=IDLE,
        message=message,
        cites=("Type", "TriggeredBy", *_ENDED),
    )


def _asked_for(view: View) -> Answer | None:
    asking = [one for one in view.pullers if one.active]
    if not asking:
        return _asking_not_known(view)
    unit = view.unit
    cites = (*PULLS, "Type", *_ENDED)
    if _job_is_done(view):
        return Answer(
            status="ok",
            running="no",
            component=IDLE,
            message=text(
                "{unit} ended with success{when}, within {life} of its start: a job that is done",
                unit=unit.name,
                when=_at(view.ended_at),
                life=span((unit.exited_at or 0) - (unit.started_at or 0) + 1),  # whole seconds
            ),
            cites=cites,
        )
    lacks = tuple(_lacks(view))
    message = text(
        "{unit} does not run although it is asked for by {asking}: {history}",
        unit=unit.name,
        asking=", ".join(sorted({one.name for one in asking})),
        history=_history(view),
    )
    if unit.bus_name and not view.expected:
        return Answer(
            status="degraded",
            running="no",
            component=INACTIVE,
            message=message,
            details=(
                *lacks,
                text(
                    "a program that calls its D-Bus name {name} may start it again",
                    name=unit.bus_name,
                ),
            ),
            cites=cites,
        )
    return Answer(
        status="degraded" if _boot_job(view) and not lacks else "down",
        running="no",
        component=INACTIVE,
        message=message,
        details=lacks,
        cites=cites,
    )


def _boot_job(view: View) -> bool:
    """Say whether it is a oneshot of the distribution that has not run since boot.

    Packages installed since then enable such jobs without running them: the next boot will.
    """
    return view.oneshot and not view.has_run and view.shipped and not view.owned


def _lacks(view: View) -> Iterator[Text]:
    """Yield what the service cannot do without and does not have now."""
    for other in view.units:
        if any(one.binding and one.name == view.unit.name for one in pullers(other, view.units)):
            if other.load_state == "not-found":
                yield text("it requires {other}, which does not exist", other=other.name)
            elif other.active_state == "failed":
                yield text("it requires {other}, which failed", other=other.name)
            elif other.active_state == "inactive":
                yield text("it requires {other}, which is not active", other=other.name)


def _asking_not_known(view: View) -> Answer | None:
    """Answer where a cut list of units leaves open whether one that asks for it is up."""
    unseen = [one.name for one in view.pullers if one.unit is None]
    if view.units.complete or not unseen:
        return None
    return Answer(
        status="unknown",
        running="no",
        component=INACTIVE,
        message=text(
            "{unit} does not run; whether it should is not known: it is asked for by {asking}, "
            "and whether that is up was not seen",
            unit=view.unit.name,
            asking=", ".join(unseen),
        ),
        cites=PULLS,
        missing=(not_in_sample(view.units),),
    )


def _job_is_done(view: View) -> bool:
    """Say whether a service of the distribution did a short job, though it is no oneshot."""
    unit = view.unit
    if view.owned or not view.shipped or unit.restart != "no":
        return False
    ended_well = unit.exit_code == 1 and unit.exit_status == 0
    if not ended_well or not unit.started_at or not unit.exited_at:
        return False
    return unit.exited_at - unit.started_at <= _JOB_LIFE_S


def _expected(view: View) -> Answer | None:
    if not view.expected:
        return None
    return Answer(
        status="down",
        running="no",
        component=INACTIVE,
        message=text(
            "{unit} does not run although its application expects it: {history}",
            unit=view.unit.name,
            history=_history(view),
        ),
        details=(
            text("its unit file is {state}", state=view.unit.unit_file_state)
            if view.unit.unit_file_state
            else None,
        ),
        cites=("Type", *_ENDED),
    )


def _trigger_is_off(view: View) -> Answer | None:
    off = [one.name for one in view.triggers if one.enabled and not (one.active or one.skipped)]
    if not off:
        return None
    return Answer(
        status="degraded",
        running="no",
        component=INACTIVE,
        message=text(
            "{unit} cannot be started by {triggers}, which is enabled but not active",
            unit=view.unit.name,
            triggers=", ".join(off),
        ),
        cites=("TriggeredBy", *_ENDED),
    )


def _asking_is_off(view: View) -> Answer | None:
    asking = [one.name for one in view.pullers] + [one.name for one in view.triggers]
    names = sorted(set(asking))
    if not names:
        return None
    return Answer(
        status="ok",
        running="no",
        component=DISABLED if view.unit.unit_file_state == "disabled" else INACTIVE,
        message=text(
            "{unit} does not run: it is asked for only by {asking}, not active itself",
            unit=view.unit.name,
            asking=", ".join(names),
        ),
        cites=PULLS,
    )


def _nobody_asks(view: View) -> Answer:
    unit = view.unit
    state = unit.unit_file_state
    enabled = state in {"enabled", "enabled-runtime"}
    return Answer(
        status="ok",
        running="no",
        component=DISABLED if state == "disabled" else INACTIVE,
        message=text(
            "{unit} is enabled and does not run: nothing that is loaded asks for it"
            if enabled
            else "{unit} is not enabled ({state}) and does not run: nothing asks for it",
            unit=unit.name,
            state=state or text("no unit file"),
        ),
        cites=PULLS,
    )


def _history(view: View) -> Text:
    """Return what is known of its last run, as far as timestamps and exit status allow."""
    unit = view.unit
    if unit.started_at is None and unit.inactive_until is None:
        return text("when it last ran is not shown")
    if not view.has_run:
        if unit.condition_at:
            return text(
                "it was to start at {when} and never ran since boot: what it depends on failed, "
                "or the start was cancelled",
                when=at(unit.condition_at),
            )
        return text("it was never started since boot")
    when = at(view.ended_at) if view.ended_at else "?"
    end = last_exit(unit)
    if end is None:
        return text("it ended at {when}, how is not shown", when=when)
    if unit.exit_code in {2, 3}:
        return text("it was stopped at {when} ({end})", when=when, end=end)
    return text("it ended by itself or was stopped at {when}: {end}", when=when, end=end)


def _triggers(view: View, *, active: bool) -> str:
    return ", ".join(one.name for one in view.triggers if one.active == active)


def _at(moment: float | None) -> Text:
    return text(" at {moment}", moment=at(moment)) if moment else text("")


INACTIVE_ROWS: tuple[Callable[[View], Answer | None], ...] = (
    _last_run_failed,
    _skipped,
    _assertion_failed,
    _between_runs,
    _on_demand,
    _asked_for,
    _expected,
    _trigger_is_off,
    _asking_is_off,
    _nobody_asks,
)
