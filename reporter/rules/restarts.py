"""Rule on restart loops."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.systemd_executables import Executable
from reporter.parsers.systemd_restart_journal import RestartJournal
from reporter.parsers.systemd_units import Unit, Units
from reporter.profile import Profiles
from reporter.rules.exit_status import BY_SYSTEMD
from reporter.rules.restart_evidence import Restarts, restarts_of
from reporter.rules.service_failure import CITED, Reason, last_exit, why
from reporter.rules.times import at, span

__all__ = ["restart_loops"]

LOOPS = text("Watchdogs / restart loops")

_ENOUGH = 3
"""Restarts that make a rhythm: two intervals to compare."""
_SHORT_LIFE_S = 10.0
_SLOWEST_S = 86400.0


def _services(profiles: Profiles) -> Iterator[str]:
    return (name for name in profiles.expected_units() if name.endswith(".service"))


@rule(
    section="loops",
    component=LOOPS,
    needs=("units",),
    uses=("units_again", "restart_journal", "executables"),
    worst="P1",
    if_ignored=text("it goes on starting and failing, and what it is for does not get done"),
    subjects=_services,
    escalates=True,
)
def restart_loops(
    host: HostContext,
    units: Units,
    units_again: Units | Missing,
    restart_journal: Each[RestartJournal] | Missing,
    executables: Each[Executable] | Missing,
) -> Iterator[Verdict]:
    """Which services systemd restarts over and over, and how often.

    Means, the first row that fits:

        restarted, then failed for good (start limit)            down
        waits for its restart, each life a few seconds           down, unstable
        waits for its restart, or was restarted meanwhile        degraded, unstable
        three restarts or more in the journal, the newest no     degraded, unstable (P3 where
        older than three of their typical intervals              they are more than a day apart)
        two restarts, the newest as recent as that               unknown: too early to tell
        the newest restart is older than that                    ok: recovered
        restarted once or twice                                  ok
        up for longer than three times the time from boot to     ok: recovered
        its last start
        none of these                                            unknown

    Why: a service that crashes and comes back looks alive whenever one looks, and does not get its
    work done. Systemd gives up only on loops faster than its start limit (by default 5 starts in
    10 seconds); a slower one goes on for ever.

    Evidence: systemd_units (NRestarts, SubState), the same again at the end of the collection
    (systemd_units_again), the journal's restart entries of each unit (systemd_restart_journal).
    ok takes both the second sample and either the journal or the timestamps.

    Limits: NRestarts counts since the last start by hand and alone proves nothing; restarts by
    `systemctl restart`, a timer or a watchdog script are not counted at all. Only the present
    boot counts. Where systemd gave up it mostly keeps the exit code as the result, so a failed
    unit whose counter reached its start limit counts as given up.

    Source: systemd.service(5) Restart=, systemd.unit(5) StartLimitBurst=, journal message
    5eb03494b6584870a536b337290809b3.
    """
    for unit in units.of("service"):
        if unit.load_state not in {"loaded", "masked"}:
            continue
        seen = restarts_of(unit, units, units_again, restart_journal)
        if unit.restarts or seen.signs or seen.rhythm or unit.result == "start-limit-hit":
            yield _verdict(host, seen, _judged(seen, executables))


class _Answer:
    """What is said of one unit."""

    def __init__(
        self,
        status: Status,
        running: Running,
        message: Text,
        *,
        severity: Severity | None = None,
        missing: tuple[Missing, ...] = (),
        citations: tuple[Citation, ...] = (),
    ) -> None:
        self.status = status
        self.running = running
        self.message = message
        self.severity = severity
        self.missing = missing
        self.citations = citations


def _judged(seen: Restarts, executables: Each[Executable] | Missing) -> _Answer:
    unit, rhythm = seen.unit, seen.rhythm
    if unit.active_state == "failed" or unit.result == "start-limit-hit":
        return _given_up(seen, executables)
    if seen.signs:
        return _looping(seen, executables)
    if rhythm and rhythm.holds and len(rhythm.restarts) >= _ENOUGH:
        return _slow_loop(seen)
    return _open(seen) or _not_looping(seen)


def _given_up(seen: Restarts, executables: Each[Executable] | Missing) -> _Answer:
    unit = seen.unit
    ended = last_exit(unit) if unit.result == "start-limit-hit" else None
    reason = Reason(ended) if ended else why(unit, executables)
    limited = unit.result == "start-limit-hit" or (
        unit.start_limit_burst and (unit.restarts or 0) >= unit.start_limit_burst
    )
    message = text(
        "{unit} was restarted {count} times until systemd gave up (start limit: {burst} starts "
        "in {interval}): {reason}"
        if limited
        else "{unit} was restarted {count} times and then not any more: {reason}",
        unit=unit.name,
        count=seen.count,
        burst=unit.start_limit_burst or "?",
        interval=span(unit.start_limit_interval) if unit.start_limit_interval else "?",
        reason=reason.message,
    )
    severity: Severity = "P1" if limited else "P2"
    return _Answer("down", "no", message, severity=severity, citations=reason.citations)


def _looping(seen: Restarts, executables: Each[Executable] | Missing) -> _Answer:
    unit = seen.unit
    reason = why(unit, executables) if unit.result not in {None, "success"} else None
    message = text(
        "{unit} is in a restart loop: {signs}; restarted {count} times, {pace}{reason}",
        unit=unit.name,
        signs=_joined(seen.signs),
        count=seen.count,
        pace=seen.pace,
        reason=text("; {reason}", reason=reason.message) if reason else text(""),
    )
    return _Answer(
        "down" if _never_runs(unit) else "degraded",
        "unstable",
        message,
        severity="P1",
        citations=reason.citations if reason else (),
    )


def _slow_loop(seen: Restarts) -> _Answer:
    rhythm = seen.rhythm
    interval = rhythm.interval if rhythm else None
    rare = interval is not None and interval > _SLOWEST_S
    message = text(
        "{unit} keeps being restarted: {count} times, {pace}; the newest at {last}"
        if rare
        else "{unit} is in a restart loop: it runs for a while and is restarted; {count} times, "
        "{pace}; the newest at {last}",
        unit=seen.unit.name,
        count=seen.count,
        pace=seen.pace,
        last=_last(seen),
    )
    return _Answer("degraded", "unstable", message, severity="P3" if rare else "P1")


def _open(seen: Restarts) -> _Answer | None:
    """Answer unknown where a loop can be neither shown nor ruled out."""
    rhythm = seen.rhythm
    missing: list[Missing] = []
    reason: Text | None = None
    if isinstance(seen.again, Missing):
        missing.append(seen.again)
        reason = text("there is no second sample ({reason})", reason=seen.again.reason)
    if not seen.outlived and seen.unit.active_state != "inactive":
        if isinstance(seen.journal, Missing):
            missing.append(seen.journal)
            reason = text(
                "its restarts in the journal were not seen ({reason})", reason=seen.journal.reason
            )
        elif rhythm and rhythm.holds:
            reason = text(
                "two restarts {span} apart are too few to tell", span=span(rhythm.interval or 0)
            )
            missing.append(Missing(seen.journal.record, reason))
        elif (seen.unit.restarts or 0) >= _ENOUGH and not _shows_end(seen):
            reason = text("the journal does not hold its newest restarts")
            missing.append(Missing(seen.journal.record, reason))
    if reason is None:
        return None
    message = text(
        "{unit} was restarted {count} times, last at {last}; whether it still loops cannot be "
        "told: {reason}",
        unit=seen.unit.name,
        count=seen.count,
        last=_last(seen),
        reason=reason,
    )
    return _Answer("unknown", "unknown", message, missing=tuple(missing))


def _not_looping(seen: Restarts) -> _Answer:
    unit = seen.unit
    if unit.active_state == "inactive":
        message = text(
            "{unit} was restarted {count} times before it was stopped; it is not restarted now",
            unit=unit.name,
            count=seen.count,
        )
        return _Answer("ok", "no", message)
    if unit.started_at and unit.active_state == "active":
        message = text(
            "{unit} was restarted {count} times, last at {last}, and has run for {span} since: "
            "no loop",
            unit=unit.name,
            count=seen.count,
            last=_last(seen),
            span=span(max(0.0, seen.sampled_at - unit.started_at)),
        )
    else:
        message = text(
            "{unit} was restarted {count} times, last at {last}: no loop",
            unit=unit.name,
            count=seen.count,
            last=_last(seen),
        )
    return _Answer("ok", "yes", message)


def _shows_end(seen: Restarts) -> bool:
    """Say whether the journal shows that the rhythm of the restarts has ended."""
    rhythm = seen.rhythm
    return rhythm is not None and len(rhythm.restarts) >= _ENOUGH and seen.complete


def _never_runs(unit: Unit) -> bool:
    """Say whether the unit, waiting for its restart, never gets to its work.

    Read from the first sample alone, so that no other evidence changes the verdict.
    """
    if not (unit.sub_state or "").startswith("auto-restart"):
        return False
    if unit.exit_code == 1 and unit.exit_status in BY_SYSTEMD:
        return True
    if not unit.started_at or not unit.exited_at:
        return True
    return unit.exited_at - unit.started_at < _SHORT_LIFE_S


def _last(seen: Restarts) -> str:
    """Return when it was restarted last: from the journal, else the start of its present life."""
    if seen.rhythm and seen.complete:
        return at(seen.rhythm.restarts[-1].at)
    return at(seen.unit.started_at) if seen.unit.started_at else "?"


def _joined(signs: tuple[Text, ...]) -> Text:
    if len(signs) == 1:
        return signs[0]
    return text("{first}, {second}", first=signs[0], second=_joined(signs[1:]))


def _verdict(host: HostContext, seen: Restarts, answer: _Answer) -> Verdict:
    unit = seen.unit
    owner = host.profiles.owner(unit.name)
    severity = answer.severity
    if severity is not None and severity != "P3":
        severity = host.profiles.severity(unit.name, severity)
    return Verdict(
        subject=unit.name,
        status=answer.status,
        running=answer.running,
        message=answer.message,
        component=LOOPS,
        connected_to=("systemd",),
        severity=severity,
        application=owner.name if owner else None,
        citations=(*_citations(seen), *answer.citations),
        missing=answer.missing,
    )


def _citations(seen: Restarts) -> Iterator[Citation]:
    shown = ("NRestarts", "ActiveState", "SubState", "ExecMainStatus")
    yield seen.unit.cite(*shown, *(name for name in CITED if name not in shown))
    if not isinstance(seen.again, Missing):
        yield seen.again.cite(*shown)
    if seen.rhythm and not isinstance(seen.journal, Missing):
        yield seen.journal.cite(seen.rhythm.restarts[-3:])
