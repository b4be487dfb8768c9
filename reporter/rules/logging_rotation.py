"""Rule on log rotation as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.logging_rotation_config import RotationConfig
from reporter.parsers.logging_rotation_schedule import RotationCron, RotationTimer
from reporter.parsers.logging_rotation_state import RotationState
from reporter.parsers.systemd_units import Unit, Units
from reporter.rules.logging_schedule import Schedule, schedule
from reporter.rules.service_failure import last_exit
from reporter.rules.times import at, span

__all__ = ["log_rotation"]

ROTATION = text("Log rotation")
SUBJECT = "logrotate.service"

HOUR = 3600
DAY = 24 * HOUR

LATE = 2 * DAY + HOUR
"""A daily run is late after this: timers and anacron may put one off by some hours."""

AHEAD = DAY + 2 * HOUR
"""Dates further ahead than this are in the future in every time zone."""


@dataclass(frozen=True)
class Rotation:
    """All that is known of a host's log rotation."""

    now: float
    service: Unit | None
    timer: RotationTimer
    state: RotationState
    schedule: Schedule

    @property
    def failed(self) -> bool:
        """Whether the last run ended with an error, by systemd's word."""
        return self.service is not None and self.service.active_state == "failed"

    @property
    def started_at(self) -> float:
        """When systemd started logrotate last in this boot, 0.0 for never."""
        return (self.service.started_at if self.service else None) or 0.0

    @property
    def touched(self) -> float | None:
        """The last sign of a run that the state file gives; None where it gives none.

        What lies in the future is no sign, unless there is no other.
        """
        found = (self.state.modified, *self.state.rotated.values())
        signs = [sign for sign in found if sign is not None]
        past = [sign for sign in signs if sign <= self.now + AHEAD]
        return max(past or signs, default=None)

    @property
    def installed(self) -> bool:
        """Whether there is anything that starts logrotate, or a trace that something did."""
        loaded = self.service is not None and self.service.load_state not in (None, "not-found")
        there = self.timer.load_state != "not-found" or self.schedule.by is not None
        return loaded or there or self.state.path is not None

    def service_lines(self, *properties: str) -> tuple[Citation, ...]:
        """Return the citation of the service's properties, none where it is not in memory."""
        return (self.service.cite("Id", *properties),) if self.service else ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One thing that is to be said of the rotation."""

    status: Status
    message: Text
    running: Running
    severity: Severity | None = None
    citations: tuple[Citation, ...] = ()
    missing: tuple[Missing, ...] = ()


@rule(
    section="logging",
    component=ROTATION,
    needs=("units", "rotation_timer", "rotation_state"),
    uses=("rotation_cron", "rotation_config"),
    worst="P2",
    if_ignored=text("logs grow without bound, and old ones are never removed"),
    subjects=lambda profiles: (SUBJECT,),
)
def log_rotation(
    host: HostContext,
    units: Units,
    rotation_timer: RotationTimer,
    rotation_state: RotationState,
    rotation_cron: RotationCron | Missing,
    rotation_config: RotationConfig | Missing,
) -> Iterator[Verdict]:
    """Whether logrotate is started, runs to its end, and remembers what it did.

    Means: the worst of these is the finding, the others are its details.

        logrotate.service failed                                            down, P2
        nothing starts logrotate: its timer is masked, disabled or          degraded, P2
        inactive, and no daily job of cron does its work                    (P3 while it ran
                                                                            in the last 2 days)
        the state file cannot be read: the next run ends with an error      degraded, P2
        logrotate ran and left its state as it was more than a day before   degraded, P2
        the state is older than 2 days and 1 hour                           degraded, P2
        the state holds rotations of the future: these files wait for it    degraded, P3
        no logrotate, although /etc/logrotate.d asks for rotation           degraded, P3

    Late is only what was due. A timer or cron that began to run less than 2 days and 1 hour ago
    (a boot) has had no time yet; a host that never rotated has no state file, and none is
    missed before the timer elapsed; a timer that someone made slower is believed while the last
    run was at its last elapse and another is planned. Only where systemd knows of no elapse at
    all, and the state is old, no boot excuses it: then nothing will be caught up.

    Why: without rotation log files fill the disk, slowly and unseen. The risk shares its subject
    with service_state, so that one failed unit is one thing to do.

    Evidence: systemd_units, logging_rotation_timer, logging_rotation_state (content and time of
    the file: logrotate writes it anew whenever it runs), logging_rotation_cron,
    logging_rotation_config.

    Limits: a state file kept elsewhere (`logrotate -s`), or a job in a crontab or in
    /etc/cron.d, is not seen; the first shows as late, the second as started by nothing. The
    state's dates are local time and good to a day. A timer changed to Persistent=false forgets
    its elapses at a boot, and looks late after one until it elapses. After an error logrotate
    goes on with the other files, so a failed run may have rotated most.

    Source: logrotate(8), systemd.timer(5) on Persistent=, logrotate 3.18, 3.21 and 3.22 tried
    with broken state files.
    """
    look = Rotation(
        now=host.collected_at,
        service=units.get(SUBJECT),
        timer=rotation_timer,
        state=rotation_state,
        schedule=schedule(rotation_timer, rotation_cron, units),
    )
    answers = list(_answers(look, rotation_config))
    first, *rest = sorted(answers, key=_rank)
    others = [answer for answer in rest if answer.status != "ok"]
    yield Verdict(
        subject=SUBJECT,
        status=first.status,
        running=first.running,
        severity=first.severity,
        component=ROTATION,
        message=first.message,
        connected_to=(text("system logging"),),
        citations=tuple(
            dict.fromkeys(citation for answer in (first, *others) for citation in answer.citations)
        ),
        details=tuple(answer.message for answer in others),
        missing=first.missing,
    )


def _rank(answer: Answer) -> tuple[int, str]:
    return ("down", "degraded", "unknown", "ok").index(answer.status), answer.severity or ""


def _answers(look: Rotation, config: RotationConfig | Missing) -> Iterator[Answer]:
    if not look.installed:
        yield _absent(look, config)
        return
    if look.failed:
        yield _failed(look)
    if look.state.fault is not None:
        yield _corrupt(look, look.state.fault)
    yield from _future(look)
    if look.schedule.by is None:
        yield _unscheduled(look)
    elif look.state.fault is None:
        yield _timely(look)


def _absent(look: Rotation, config: RotationConfig | Missing) -> Answer:
    seen = look.schedule.citations
    missing = (config,) if isinstance(config, Missing) else look.schedule.missing
    if not isinstance(config, Missing) and not config.patterns:
        missing = (*missing, *(Missing(config.cited.record, gap) for gap in config.gaps))
    if isinstance(config, Missing) or missing:
        return Answer(
            status="unknown",
            running="unknown",
            message=text("whether anything here needs logrotate is not known"),
            citations=seen,
            missing=missing,
        )
    if not config.patterns:
        return Answer(
            status="ok",
            running="na",
            message=text("there is no logrotate, and nothing that asks for it"),
            citations=(*seen, config.cited),
        )
    return Answer(
        status="degraded",
        severity="P3",
        running="no",
        message=text(
            "there is no logrotate, but its configuration names files to rotate ({count} patterns)",
            count=len(config.patterns),
        ),
        citations=(*seen, config.cited),
    )


def _failed(look: Rotation) -> Answer:
    unit = look.service
    if unit is None:
        raise ValueError("a unit that is not there has not failed")
    when = unit.inactive_since or unit.changed_at
    return Answer(
        status="down",
        severity="P2",
        running="no",
        message=text(
            "logrotate.service failed{since}: {why}",
            since=text(" at {when}", when=at(when)) if when else text(""),
            why=last_exit(unit)
            or text("its result is {result}", result=unit.result or text("unknown")),
        ),
        citations=look.service_lines(
            "ActiveState", "SubState", "Result", "ExecMainStatus", "InactiveEnterTimestamp"
        ),
    )


def _corrupt(look: Rotation, fault: Text) -> Answer:
    return Answer(
        status="degraded",
        severity="P2",
        running="partial",
        message=text(
            "the state file {path} is corrupt ({fault}): the next run ends with an error and "
            "forgets when it rotated what",
            path=look.state.path or "",
            fault=fault,
        ),
        citations=(look.state.cited,),
    )


def _future(look: Rotation) -> Iterator[Answer]:
    ahead = {path: when for path, when in look.state.rotated.items() if when > look.now + AHEAD}
    if not ahead:
        return
    path = max(ahead, key=lambda one: (ahead[one], one))
    yield Answer(
        status="degraded",
        severity="P3",
        running="partial",
        message=text(
            "the state file {state} holds rotations of the future, {count} in all ({path} at "
            "{when}): until then these files are not rotated",
            state=look.state.path or "",
            count=len(ahead),
            path=path,
            when=at(ahead[path]),
        ),
        citations=(look.state.cited,),
    )


def _unscheduled(look: Rotation) -> Answer:
    if look.schedule.missing:
        return Answer(
            status="unknown",
            running="unknown",
            message=text("{why}; what else starts logrotate is not known", why=look.schedule.why),
            citations=look.schedule.citations,
            missing=look.schedule.missing,
        )
    fresh = look.touched is not None and look.now - look.touched <= LATE
    return Answer(
        status="degraded",
        severity="P3" if fresh else "P2",
        running="no",
        message=text(
            "nothing starts logrotate: {why}; {last}", why=look.schedule.why, last=_last(look)
        ),
        citations=(*look.schedule.citations, look.state.cited),
    )


def _last(look: Rotation) -> Text:
    if look.state.path is None:
        return text("it never ran, or left no state file")
    if look.touched is None:
        return text("when it ran last is not known")
    return text(
        "it ran last at {when} ({span} before)",
        when=at(look.touched),
        span=span(max(0.0, look.now - look.touched)),
    )


def _timely(look: Rotation) -> Answer:
    touched = look.touched
    if touched is None:
        return _never(look)
    if look.started_at - touched > DAY:
        return _late(
            look,
            text(
                "logrotate ran at {ran} and left its state file {path} as it was: {last}",
                ran=at(look.started_at),
                path=look.state.path or "",
                last=_last(look),
            ),
        )
    if look.now - touched <= LATE or _planned(look, touched):
        return _fine(look, _last(look))
    uncaught = look.schedule.by == "logrotate.timer" and look.timer.elapsed_at == 0.0
    if look.now - look.schedule.since <= LATE and not uncaught:
        began = text(
            "{last}; it is due again since {since}", last=_last(look), since=at(look.schedule.since)
        )
        return _fine(look, began)
    return _late(look, text("logrotate is late: {last}; {why}", last=_last(look), why=_why(look)))


def _planned(look: Rotation, touched: float) -> bool:
    """Say whether a slower timer's last elapse was followed by a run, and the next is to come."""
    if look.schedule.by != "logrotate.timer":
        return False
    elapsed, elapses = look.timer.elapsed_at, look.timer.elapses_at
    return bool(elapsed) and touched >= (elapsed or 0.0) - HOUR and (elapses or 0.0) > look.now


def _never(look: Rotation) -> Answer:
    if look.started_at:
        ran = text("it ran at {when} and keeps no state where we look", when=at(look.started_at))
        return _fine(look, ran)
    elapsed = look.timer.elapsed_at or 0.0
    by_timer = look.schedule.by == "logrotate.timer"
    waits = by_timer and elapsed < look.schedule.since and (look.timer.elapses_at or 0) > look.now
    if waits or look.now - look.schedule.since <= LATE:
        return _fine(look, text("it has not run yet, and was not due"))
    return _late(look, text("logrotate never ran: no state file; {why}", why=_why(look)))


def _late(look: Rotation, message: Text) -> Answer:
    return Answer(
        status="degraded",
        severity="P2",
        running="no",
        message=message,
        citations=(
            look.state.cited,
            *look.schedule.citations,
            *look.service_lines("ExecMainStartTimestamp", "ActiveState", "Result"),
        ),
    )


def _fine(look: Rotation, message: Text) -> Answer:
    return Answer(
        status="ok",
        running="yes",
        message=text("log rotation: {message}; {why}", message=message, why=_why(look)),
        citations=(
            *look.schedule.citations,
            look.state.cited,
            *look.service_lines("ActiveState", "Result"),
        ),
    )


def _why(look: Rotation) -> Text:
    elapses = look.timer.elapses_at
    if look.schedule.by == "logrotate.timer" and elapses:
        return text("{why}, next at {when}", why=look.schedule.why, when=at(elapses))
    return look.schedule.why
