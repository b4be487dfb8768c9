"""Timers in memory: `systemctl show --property=... '*.timer'`.

Sample (one timer; blank lines part them, an empty moment is one that is not on record):

    Unit=logrotate.service
    TimersCalendar={ OnCalendar=*-*-* 00:00:00 ; next_elapse=Thu 2026-11-26 00:00:00 UTC }
    NextElapseUSecRealtime=Thu 2026-11-26 00:00:00 UTC
    NextElapseUSecMonotonic=0
    LastTriggerUSec=
    AccuracyUSec=1h
    RandomizedDelayUSec=0
    Persistent=yes
    Id=logrotate.timer
    ActiveState=active
    SubState=waiting

Source: systemctl(1), systemd.timer(5), org.freedesktop.systemd1(5) "Timer Unit Objects".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.systemd_calendar import longest_gap
from reporter.parsers.systemd_values import (
    NEVER,
    boolean,
    duration,
    moment,
    properties,
    require_systemd,
)

__all__ = ["Schedule", "Timer", "Timers"]

_SPEC = re.compile(r"^\{ (?P<how>On\w+)=(?P<value>.*?) ; next_elapse=.* \}$")
_REPEATING = frozenset({"OnUnitActiveUSec", "OnUnitInactiveUSec"})


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of a timer's schedule: `OnCalendar`, or a span such as `OnUnitActiveUSec`."""

    how: str
    value: str

    @property
    def calendar(self) -> bool:
        """Whether it goes by the calendar."""
        return self.how == "OnCalendar"

    @property
    def repeats(self) -> bool:
        """Whether it makes more than one run by itself, once something has started it."""
        return self.calendar or self.how in _REPEATING

    def longest_wait(self, since: float) -> float | None:
        """Return the most seconds from a run (or the activation) to the next; None: not known."""
        return longest_gap(self.value, since) if self.calendar else duration(self.value)


@dataclass(frozen=True, kw_only=True)
class Timer:
    """One timer. Moments are epoch seconds, `NEVER` for none on record; None: not printed.

    `next_at` is the next calendar run; `next_after_boot` the next one by the monotonic clock in
    seconds since boot, infinite where there is none. `spread` is how late a run may come by the
    timer's own settings, in seconds; None where they were not shown.
    """

    name: str
    record: str
    lines: Mapping[str, tuple[str, ...]]
    unit: str
    load_state: str
    active_state: str
    sub_state: str
    unit_file_state: str
    schedules: tuple[Schedule, ...]
    next_at: float | None
    next_after_boot: float | None
    last_at: float | None
    active_since: float | None
    skipped: bool
    on_change: bool
    spread: float | None

    @property
    def has_next(self) -> bool:
        """Whether another run is planned; so, too, where it is not shown."""
        by_clock = self.next_at is None or self.next_at != NEVER
        since_boot = self.next_after_boot is None or (
            self.next_after_boot != 0.0 and not math.isinf(self.next_after_boot)
        )
        return by_clock or since_boot

    @property
    def once(self) -> bool:
        """Whether it is made for one run after a start (`OnBootSec=` alone, say)."""
        return bool(self.schedules) and not any(one.repeats for one in self.schedules)

    def allowed(self, since: float) -> float | None:
        """Return the seconds its schedule lets pass without a run; None where that is not known.

        Of several lines the one that comes round soonest counts. A shift to or from summer time
        moves calendar runs by an hour.
        """
        waits = [self._wait(one, since) for one in self.schedules if one.repeats]
        if not waits or self.spread is None or any(wait is None for wait in waits):
            return None
        return min(wait for wait in waits if wait is not None) + self.spread

    def cite(self, *properties: str) -> Citation:
        """Return the citation of some properties' raw lines (those that were printed)."""
        excerpt = "\n".join(line for name in properties for line in self.lines.get(name, ()))
        return Citation(self.record, excerpt)

    @staticmethod
    def _wait(schedule: Schedule, since: float) -> float | None:
        wait = schedule.longest_wait(since)
        shift = _SUMMER_TIME_S if schedule.calendar and wait and wait > _SUMMER_TIME_S else 0.0
        return None if wait is None else wait + shift


_SUMMER_TIME_S = 3600.0


@dataclass(frozen=True)
class Timers:
    """The timers of the host by name; `complete` is false where the output was cut."""

    record: str
    by_name: Mapping[str, Timer]
    complete: bool

    def __iter__(self) -> Iterator[Timer]:
        """Iterate over the timers, ordered by name."""
        return iter(self.by_name[name] for name in sorted(self.by_name))


@fact("timers_schedules")
def timers(record: Record) -> Timers:
    """Return every timer in memory; a host may have none."""
    require_systemd(record)
    found = [_timer(record.id, lines) for lines in properties(record)]
    by_name = {timer.name: timer for timer in found}
    if not by_name and record.stdout.text.strip():
        raise NoFact(text("no timer can be read in its output"))
    return Timers(record.id, by_name, complete=not record.stdout.truncated)


def _timer(record: str, lines: Mapping[str, tuple[str, ...]]) -> Timer:
    def value(name: str) -> str | None:
        return lines[name][-1].partition("=")[2] if name in lines else None

    def when(name: str) -> float | None:
        shown = value(name)
        return None if shown is None else moment(shown)

    after_boot = value("NextElapseUSecMonotonic")
    return Timer(
        name=value("Id") or "",
        record=record,
        lines=lines,
        unit=value("Unit") or "",
        load_state=value("LoadState") or "",
        active_state=value("ActiveState") or "",
        sub_state=value("SubState") or "",
        unit_file_state=value("UnitFileState") or "",
        schedules=tuple(_schedules(lines)),
        next_at=when("NextElapseUSecRealtime"),
        next_after_boot=None if after_boot is None else duration(after_boot),
        last_at=when("LastTriggerUSec"),
        active_since=when("ActiveEnterTimestamp"),
        skipped=bool(when("ConditionTimestamp"))
        and boolean(value("ConditionResult") or "") is False,
        on_change="yes" in {value("OnClockChange"), value("OnTimezoneChange")},
        spread=_spread(
            value("AccuracyUSec"),
            value("RandomizedDelayUSec"),
            value("RandomizedOffsetUSec") or "0",  # systemd 258; earlier ones have no such setting
        ),
    )


def _spread(*shown: str | None) -> float | None:
    spans = [None if span is None else duration(span) for span in shown]
    return None if None in spans else sum(span for span in spans if span is not None)


def _schedules(lines: Mapping[str, tuple[str, ...]]) -> Iterator[Schedule]:
    for name in ("TimersCalendar", "TimersMonotonic"):
        for line in lines.get(name, ()):
            found = _SPEC.match(line.partition("=")[2])
            if found:
                yield Schedule(found["how"], found["value"])
