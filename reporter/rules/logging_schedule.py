"""What starts logrotate on a host, as the rule on log rotation sees it."""

from __future__ import annotations

from dataclasses import dataclass

from reporter.findings import Citation, Missing
from reporter.messages import Text, text
from reporter.parsers.logging_rotation_schedule import RotationCron, RotationTimer
from reporter.parsers.systemd_units import Units

__all__ = ["Schedule", "schedule"]

_CRONS = ("cron.service", "crond.service", "cronie.service", "anacron.timer")
"""What runs the jobs of /etc/cron.daily."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who starts logrotate; `by` is None where nobody does, or `missing` says why not known.

    `since` is when that began to be so, epoch seconds: before, logrotate could not be late.
    """

    by: str | None
    since: float
    why: Text
    citations: tuple[Citation, ...]
    missing: tuple[Missing, ...] = ()


def schedule(timer: RotationTimer, cron: RotationCron | Missing, units: Units) -> Schedule:
    """Return who starts logrotate: its timer, or else cron's daily job."""
    if timer.active:
        why = text("started by logrotate.timer")
        return Schedule("logrotate.timer", timer.active_since or 0.0, why, (timer.cited,))
    if isinstance(cron, Missing):
        return Schedule(None, 0.0, _timer_says(timer), (timer.cited,), (cron,))
    cited = (timer.cited, cron.cited)
    if not cron.exists:
        return Schedule(None, 0.0, _timer_says(timer), cited)
    if cron.yields:
        why = text("{timer}, and cron's daily job leaves the work to it", timer=_timer_says(timer))
        return Schedule(None, 0.0, why, cited)
    runners = [unit for unit in map(units.get, _CRONS) if unit and unit.active_state == "active"]
    if runners:
        first = runners[0]
        why = text("started by /etc/cron.daily/logrotate, which {unit} runs", unit=first.name)
        shown = first.cite("Id", "ActiveState", "ActiveEnterTimestamp")
        return Schedule(first.name, first.active_since or 0.0, why, (*cited, shown))
    if not units.complete:
        lost = Missing(units.record, text("its output was cut, so cron may be there"))
        return Schedule(None, 0.0, _timer_says(timer), cited, (lost,))
    why = text("{timer}, and no cron runs /etc/cron.daily/logrotate", timer=_timer_says(timer))
    return Schedule(None, 0.0, why, cited)


def _timer_says(timer: RotationTimer) -> Text:
    if timer.load_state == "not-found":
        return text("there is no logrotate.timer")
    if timer.load_state == "masked" or timer.unit_file_state.startswith("masked"):
        return text("logrotate.timer is masked")
    if timer.unit_file_state == "disabled":
        return text("logrotate.timer is disabled and {state}", state=timer.active_state)
    return text("logrotate.timer is {state}", state=timer.active_state)
