"""Rule on timers: whether they are in place, ran when they should, and will run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.systemd_unit_files import UnitFile, UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.parsers.systemd_values import NEVER
from reporter.parsers.timers import Timer, Timers
from reporter.profile import TIMER, Profiles
from reporter.rules.times import at, span

__all__ = ["timer_state"]

TIMERS = text("Timers")

SLACK_S = 30.0
"""A busy host starts a run late, and a collection takes a while: no timer is late within this."""

_GOOD = {None, "", "success", "exec-condition"}
_ENABLED = {"enabled", "enabled-runtime"}
_MASKED = {"masked", "masked-runtime"}
_UNUSABLE = {"bad-setting", "error", "bad"}
_STATE = ("Id", "ActiveState", "SubState", "UnitFileState")
_SCHEDULE = ("TimersCalendar", "TimersMonotonic")
_RUNS = ("LastTriggerUSec", "NextElapseUSecRealtime", "NextElapseUSecMonotonic")


def _timers(profiles: Profiles) -> tuple[str, ...]:
    return profiles.expected_timers()


@dataclass(frozen=True)
class _View:
    """One timer with what is around it; `loaded` are the names of all timers in memory."""

    timer: Timer
    loaded: frozenset[str]
    units: Units | Missing
    host: HostContext

    @property
    def now(self) -> float:
        return self.host.collected_at

    @property
    def expected(self) -> bool | None:
        """Whether a profile says that it must be active; None: perhaps, by a name not shown."""
        profiles = self.host.profiles
        if profiles.expects_timer(self.timer.name):
            return True
        if isinstance(self.units, Missing):
            others = set(profiles.expected_timers()) - set(profiles.timer_patterns())
            return None if others - self.loaded else False
        known = self.units.get(self.timer.name)
        return any(profiles.expects_timer(name) for name in (known.names or () if known else ()))

    @cached_property
    def service(self) -> Unit | Missing | None:
        """What it starts: None where that is not in memory."""
        return self.units if isinstance(self.units, Missing) else self.units.get(self.timer.unit)

    @property
    def waited_since(self) -> float:
        """From when on the next run was to be expected: the last run, or the activation."""
        return max(self.timer.last_at or NEVER, self.timer.active_since or NEVER)

    def late(self, since: float) -> float | None:
        """The seconds the schedule allows after `since`, where more than those have passed."""
        allowed = self.timer.allowed(since) if since else None
        if allowed is None or self.now - since <= allowed + SLACK_S:
            return None
        return allowed


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: Status
    running: Running
    message: Text
    severity: Severity | None = None
    cites: tuple[str, ...] = (*_SCHEDULE, *_RUNS)
    citations: tuple[Citation, ...] = ()
    missing: tuple[Missing, ...] = ()


@rule(
    section="timers",
    component=TIMERS,
    needs=("timers",),
    uses=("units", "unit_files"),
    worst="P2",
    if_ignored=text("what the timer starts is not run"),
    subjects=_timers,
    escalates=True,
)
def timer_state(
    host: HostContext, timers: Timers, units: Units | Missing, unit_files: UnitFiles | Missing
) -> Iterator[Verdict]:
    """Whether each timer is in place, ran when its schedule wanted it, and has a next run.

    Means: down (P2) is a timer that is enabled and not active, one that a profile expects
    (`expected_timers`) and that is not active, masked, or on disk and not loaded, and one that is
    active (elapsed) with no next run, though it was made to repeat: nothing starts it again, and
    it is not failed.
    A timer made for one run (`OnBootSec=` alone) that had it is fine. Degraded (P2) is a run that
    is overdue: the moment planned for it has passed, more time has gone by than the schedule
    allows, or the service of the last run has not ended. Degraded (P3) is a last run longer ago
    than the schedule allows, though the timer is active again. Degraded without a severity of
    its own is a timer whose service failed in its last run: the service's own finding has the
    severity and the reason.

    Fine are: scheduled and run; no run on record and none due yet (`LAST -` says that no trigger
    is on record, not that it never ran: only `Persistent=` calendar timers remember over a boot);
    a start condition of the timer's own that is not met; disabled and masked where no profile
    expects it. That one a profile expects does not exist at all is said by missing_units.

    Why: a dead timer raises no alarm. What it did not start is missing days later.

    Evidence: timers_schedules, systemd_units for what the timer starts and for its other names,
    systemd_unit_files for enabled or expected timers that systemd has not loaded. Ages count from
    the end of the collection.

    Limits: how late a run is, is judged by the longest wait its schedule has in two years, with
    AccuracySec=, RandomizedDelaySec=, 30 s, and an hour for a change of summer time, so a single
    run left out of an irregular schedule can pass unseen. A schedule this rule cannot read is not
    judged by age, only by systemd's own next run.

    Source: systemd.timer(5), systemd.time(7), systemctl(1) list-timers.
    """
    loaded = frozenset(timers.by_name)
    for timer in timers:
        if timer.load_state != "not-found":
            view = _View(timer, loaded, units, host)
            yield _verdict(view, next(found for row in _ROWS if (found := row(view))))
    yield from _unloaded(host, timers, units, unit_files)


def _verdict(view: _View, answer: _Answer) -> Verdict:
    timer, profiles = view.timer, view.host.profiles
    owner = profiles.owner(timer.name)
    severity = answer.severity
    if answer.status == "down":
        severity = profiles.severity(timer.name, severity)
    return Verdict(
        subject=timer.name,
        status=answer.status,
        running=answer.running,
        message=answer.message,
        component=TIMERS,
        severity=severity,
        application=owner.name if owner else None,
        connected_to=(text("systemd timers"),),
        citations=(timer.cite(*_STATE, *answer.cites), *answer.citations),
        missing=answer.missing,
    )


def _unloaded(
    host: HostContext, timers: Timers, units: Units | Missing, unit_files: UnitFiles | Missing
) -> Iterator[Verdict]:
    """Yield a verdict on each timer that systemd has not loaded and that somebody wants."""
    expected = [name for name in host.profiles.expected_timers() if name not in timers.by_name]
    patterns = host.profiles.timer_patterns()
    if not isinstance(units, Missing):
        expected = [name for name in expected if units.get(name) is None]
    if isinstance(unit_files, Missing) or not timers.complete:
        why = text("its output was cut")
        gap = unit_files if isinstance(unit_files, Missing) else Missing(timers.record, why)
        for name in expected:
            if name not in patterns:
                message = text(
                    "{timer} was not seen in memory; whether it is there is not known", timer=name
                )
                yield _not_in_memory(host, name, message, missing=(gap,))
        return
    for file in unit_files:
        if not file.name.endswith(TIMER) or file.template or file.name in timers.by_name:
            continue
        if file.state in _ENABLED:
            message = text(
                "{timer} is enabled on disk and unknown to systemd: nothing started it since, or "
                "no daemon-reload read it",
                timer=file.name,
            )
            yield _not_in_memory(host, file.name, message, file)
        elif file.state != "alias" and host.profiles.expects_timer(file.name):
            yield _not_in_memory(host, file.name, _on_disk(file.name, file), file)
    for name in expected:
        template = unit_files.get(name)
        if template is not None and template.template:
            yield _not_in_memory(host, name, _on_disk(name, template), template)


def _on_disk(name: str, file: UnitFile) -> Text:
    return text(
        "{timer} is not active although its application expects it: {file} ({state}) is on disk, "
        "and nothing has started it since boot, or it was stopped and forgotten",
        timer=name,
        file=file.name,
        state=file.state,
    )


def _not_in_memory(
    host: HostContext,
    name: str,
    message: Text,
    file: UnitFile | None = None,
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    owner = host.profiles.owner(name)
    return Verdict(
        subject=name,
        status="unknown" if missing else "down",
        running="unknown" if missing else "no",
        message=message,
        component=TIMERS,
        severity=None if missing else host.profiles.severity(name, "P2"),
        application=owner.name if owner else None,
        connected_to=(text("systemd timers"),),
        citations=(file.cite(),) if file else (),
        missing=missing,
    )


def _not_shown(view: _View) -> _Answer | None:
    timer = view.timer
    if timer.load_state and timer.active_state:
        return None
    message = text("{timer}: its state was not shown", timer=timer.name)
    gap = Missing(timer.record, text("it lacks the state of {timer}", timer=timer.name))
    return _Answer(status="unknown", running="unknown", message=message, missing=(gap,))


def _unusable(view: _View) -> _Answer | None:
    timer = view.timer
    masked = timer.load_state in _MASKED or timer.unit_file_state in _MASKED
    if masked and view.expected is None:
        return _perhaps_expected(view)
    if masked and view.expected:
        active = timer.active_state == "active"
        return _Answer(
            status="degraded" if active else "down",
            running="yes" if active else "no",
            severity="P3" if active else "P2",
            message=text(
                "{timer} is masked, although its application expects it: {how}",
                timer=timer.name,
                how=text("it is active until it is stopped")
                if active
                else text("nothing can start it"),
            ),
            cites=("LoadState",),
        )
    if masked:
        message = text("{timer} is masked: it is not meant to run", timer=timer.name)
        return _Answer(status="ok", running="no", message=message, cites=("LoadState",))
    if timer.load_state not in _UNUSABLE:
        return None
    message = text("{timer} cannot be used, its unit file is wrong", timer=timer.name)
    return _Answer(
        status="down", running="no", severity="P2", message=message, cites=("LoadState",)
    )


def _perhaps_expected(view: _View) -> _Answer:
    missing = (view.units,) if isinstance(view.units, Missing) else ()
    message = text(
        "{timer} is not active; whether its application expects it by another name was not seen",
        timer=view.timer.name,
    )
    return _Answer(status="unknown", running="no", message=message, missing=missing)


def _failed(view: _View) -> _Answer | None:
    timer = view.timer
    if timer.active_state != "failed":
        return None
    message = text("{timer} failed: it starts nothing until somebody starts it", timer=timer.name)
    return _Answer(status="down", running="no", severity="P2", message=message, cites=("Result",))


def _inactive(view: _View) -> _Answer | None:
    timer = view.timer
    if timer.active_state == "active":
        return None
    if timer.skipped:
        message = text("{timer} rests: a start condition of its own is not met", timer=timer.name)
        cites = ("ConditionResult", "ConditionTimestamp")
        return _Answer(status="ok", running="na", message=message, cites=cites)
    if timer.unit_file_state in _ENABLED:
        message = text(
            "{timer} is enabled and not active: it starts nothing until the next boot, or until "
            "somebody starts it",
            timer=timer.name,
        )
        return _Answer(status="down", running="no", severity="P2", message=message)
    if view.expected is None:
        return _perhaps_expected(view)
    if view.expected:
        message = text(
            "{timer} is not active ({state}) although its application expects it: it starts "
            "nothing until somebody starts it",
            timer=timer.name,
            state=timer.unit_file_state or "?",
        )
        return _Answer(status="down", running="no", severity="P2", message=message)
    message = text("{timer} is not active, and nothing asks for it", timer=timer.name)
    return _Answer(status="ok", running="no", message=message)


def _no_next(view: _View) -> _Answer | None:
    timer = view.timer
    if timer.sub_state != "elapsed" or timer.has_next or timer.on_change:
        return None
    if timer.once and timer.last_at:
        message = text("{timer} is made for one run and had it", timer=timer.name)
        return _Answer(status="ok", running="yes", message=message)
    message = text(
        "{timer} is active and has no next run: by its schedule nothing starts it again",
        timer=timer.name,
    )
    return _Answer(status="down", running="no", severity="P2", message=message)


def _hangs(view: _View) -> _Answer | None:
    """Answer for a timer whose service is at work now."""
    timer, service = view.timer, view.service
    if timer.sub_state != "running":
        return None
    late = view.late(timer.last_at or NEVER)
    if late is not None and isinstance(service, Missing):
        message = text(
            "{timer} waits for the end of its last run, of {when}; whether {unit} hangs was not "
            "seen",
            timer=timer.name,
            unit=timer.unit,
            when=at(timer.last_at or NEVER),
        )
        return _Answer(status="unknown", running="unknown", message=message, missing=(service,))
    if late is not None and isinstance(service, Unit) and service.active_state == "activating":
        message = text(
            "{timer} is overdue: {unit} has been at work since {when}, so the runs due since then "
            "({allowed} apart at most) did not happen",
            timer=timer.name,
            unit=timer.unit,
            when=at(timer.last_at or NEVER),
            allowed=span(late),
        )
        cited = (service.cite("Id", "ActiveState", "SubState"),)
        return _Answer(
            status="degraded", running="partial", severity="P2", message=message, citations=cited
        )
    message = text("{timer} has started its service, which runs now", timer=timer.name)
    return _Answer(status="ok", running="yes", message=message)


def _overdue(view: _View) -> _Answer | None:
    timer = view.timer
    spread = timer.spread
    if timer.next_at and spread is not None and view.now > timer.next_at + spread + SLACK_S:
        message = text(
            "{timer} is overdue: its next run was planned for {when}",
            timer=timer.name,
            when=at(timer.next_at),
        )
        return _Answer(status="degraded", running="partial", severity="P2", message=message)
    since = view.waited_since
    late = view.late(since)
    if late is None:
        return None
    message = text(
        "{timer} is overdue: nothing ran since {when}, and its schedule allows {allowed} at most",
        timer=timer.name,
        when=at(since),
        allowed=span(late),
    )
    cites = (*_SCHEDULE, *_RUNS, "ActiveEnterTimestamp")
    return _Answer(
        status="degraded", running="partial", severity="P2", message=message, cites=cites
    )


def _last_run_failed(view: _View) -> _Answer | None:
    """Answer for a failed last run; whether it failed is not known without the units."""
    timer, service = view.timer, view.service
    if not timer.last_at:
        return None
    if isinstance(service, Missing):
        message = text("{timer}: how its last run ended was not seen", timer=timer.name)
        return _Answer(status="unknown", running="yes", message=message, missing=(service,))
    if service is None or (service.result in _GOOD and service.active_state != "failed"):
        return None
    message = text(
        "{timer} runs on time, and the last run of {unit} failed", timer=timer.name, unit=timer.unit
    )
    cited = (service.cite("Id", "ActiveState", "Result"),)
    return _Answer(status="degraded", running="yes", message=message, citations=cited)


def _long_ago(view: _View) -> _Answer | None:
    timer = view.timer
    late = view.late(timer.last_at or NEVER)
    if late is None:
        return None
    message = text(
        "{timer} left out runs: its last is of {when}, its schedule allows {allowed} at most, and "
        "it is active only since {since}",
        timer=timer.name,
        when=at(timer.last_at or NEVER),
        allowed=span(late),
        since=at(timer.active_since or NEVER),
    )
    cites = (*_SCHEDULE, *_RUNS, "ActiveEnterTimestamp")
    return _Answer(status="degraded", running="yes", severity="P3", message=message, cites=cites)


def _fine(view: _View) -> _Answer:
    timer = view.timer
    if timer.last_at:
        message = text("{timer} is scheduled and has run", timer=timer.name)
    elif timer.last_at is None:
        message = text("{timer} is scheduled; its last run was not shown", timer=timer.name)
    elif timer.allowed(view.waited_since) is None:
        message = text(
            "{timer} is scheduled and no run is on record (LAST -); whether one was due is not "
            "judged",
            timer=timer.name,
        )
    else:
        message = text(
            "{timer} is scheduled, no run is on record (LAST -), and none was due yet",
            timer=timer.name,
        )
    return _Answer(status="ok", running="yes", message=message)


_ROWS: tuple[Callable[[_View], _Answer | None], ...] = (
    _not_shown,
    _unusable,
    _failed,
    _inactive,
    _no_next,
    _hangs,
    _overdue,
    _last_run_failed,
    _long_ago,
    _fine,
)
"""The first row that answers counts."""
