"""Calendar expressions in systemd's normal form: how long two runs may lie apart.

Sample (as `systemctl show` prints them in TimersCalendar):

    *-*-* 06,18:00:00
    Mon..Fri *-*-* *:00/15:00
    *-*~03 00:00:00 Europe/Oslo

Source: systemd.time(7), calendar events; systemd src/shared/calendarspec.c.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

__all__ = ["longest_gap"]

_DAY_S = 86400.0
_LOOK_AHEAD_DAYS = 800
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_TIMES = 86400
_FORM = re.compile(
    r"(?:(?P<weekdays>[A-Z][A-Za-z,.]*) )?(?P<year>[^- ]+)-(?P<month>[^-~ ]+)(?P<sign>[-~])"
    r"(?P<day>\S+) (?P<hour>[^: ]+):(?P<minute>[^: ]+):(?P<second>[^: ]+)(?: (?P<zone>\S+))?"
)


def longest_gap(expression: str, since: float) -> float | None:
    """Return the most seconds between two moments of the expression from `since` on.

    `since` is epoch seconds; the two years after it are looked at, and infinity means that they
    hold fewer than two moments. Local time is taken as if it never shifted: allow an hour for a
    change to or from summer time. None where the expression cannot be read.
    """
    found = _FORM.fullmatch(expression.strip())
    if found is None:
        return None
    try:
        times = list(_times(found))
        days = list(_days(found, datetime.fromtimestamp(since, UTC).date()))
    except ValueError:
        return None
    if not times or len(days) < 2:
        return float("inf")
    inside = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
    apart = max((later - earlier).days for earlier, later in pairwise(days))
    return max(inside, apart * _DAY_S - times[-1] + times[0])


def _times(found: re.Match[str]) -> Iterator[float]:
    """Yield the moments of a day in seconds, in order."""
    hours = sorted(_values(found["hour"], 0, 23))
    minutes = sorted(_values(found["minute"], 0, 59))
    seconds = sorted(_values(found["second"], 0, 59))
    if len(hours) * len(minutes) * len(seconds) > _MOST_TIMES:
        raise ValueError("finer than a second")
    for hour in hours:
        for minute in minutes:
            for second in seconds:
                yield hour * 3600 + minute * 60 + second


def _days(found: re.Match[str], first: date) -> Iterator[date]:
    weekdays = _weekdays(found["weekdays"])
    years = _values(found["year"], first.year, first.year + 3)
    months = _values(found["month"], 1, 12)
    from_end = found["sign"] == "~"
    for step in range(_LOOK_AHEAD_DAYS):
        day = first + timedelta(days=step)
        last = calendar.monthrange(day.year, day.month)[1]
        number = last - day.day + 1 if from_end else day.day
        if (
            day.year in years
            and day.month in months
            and number in _values(found["day"], 1, 31)
            and day.weekday() in weekdays
        ):
            yield day


def _values(component: str, least: int, most: int) -> set[float]:
    """Return the numbers of `*`, `3`, `1..5`, `0/15`, `1,2..4/2`. Raises ValueError."""
    chosen: set[float] = set()
    for part in component.split(","):
        span, slash, step = part.partition("/")
        start, dots, end = span.partition("..")
        low = float(least) if start == "*" else float(start)
        high = float(end) if dots else float(most) if start == "*" or slash else low
        stride = float(step) if slash else 1.0
        if stride <= 0:
            raise ValueError(f"no step: {part}")
        count = int((high - low) / stride) + 1 if high >= low else 0
        chosen.update(low + stride * index for index in range(min(count, _MOST_TIMES)))
    return chosen


def _weekdays(shown: str | None) -> set[int]:
    if not shown:
        return set(range(7))
    chosen: set[int] = set()
    for part in shown.split(","):
        first, dots, last = part.partition("..")
        low = _WEEKDAYS.index(first)
        high = _WEEKDAYS.index(last) if dots else low
        chosen.update(range(low, high + 1))
    return chosen
