"""The time an event carries itself, in whatever form its producer wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from reporter.parsers.redis_types import Entry

__all__ = ["EventTime", "id_order", "id_time", "payload_time", "plausible", "read_time"]

Form = Literal["iso", "naive", "epoch", "epoch ms", "epoch µs", "epoch ns"]

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,12})?")
_SCALES: tuple[tuple[float, Form, float], ...] = (
    (1e11, "epoch", 1.0),
    (1e14, "epoch ms", 1e3),
    (1e17, "epoch µs", 1e6),
    (1e20, "epoch ns", 1e9),
)
"""Below this many, a number of today counts these: 1e11 seconds are the year 5138."""

_EARLIEST = 946684800.0
"""2000-01-01: no stream is older than Redis, and a counter is no time."""

_AHEAD_S = 86400.0
"""A clock or a zone may be off by a day; what lies further ahead is no time of an event."""


@dataclass(frozen=True, slots=True)
class EventTime:
    """A time as an entry has it: `text` in the field `field`; `at` is epoch seconds.

    A time without a zone is taken as UTC. `at` is None where the text is no time.
    """

    field: str
    text: str
    form: Form | None
    at: float | None
    plausible: bool

    @property
    def naive(self) -> bool:
        """Whether it says no zone, so that UTC is an assumption."""
        return self.form == "naive"

    @property
    def shown(self) -> str:
        """The text as the entry has it; a bare number with what it counts."""
        if self.form in (None, "iso", "naive"):
            return self.text
        return f"{self.text} ({self.form})"


def payload_time(entry: Entry, now: float) -> EventTime | None:
    """Return the time an entry carries, the first plausible one; None if no field is one.

    `now` is the time of collection, epoch seconds.
    """
    times = [
        read_time(value.field, value.text, now) for value in entry.values if value.role == "time"
    ]
    return next((time for time in times if time.plausible), times[0] if times else None)


def read_time(field: str, text: str, now: float) -> EventTime:
    """Read ISO 8601 with or without zone, or a number of seconds, milli- or microseconds.

    >>> read_time("ts", "1771193790000", 1771193800.0).at
    1771193790.0
    """
    form, at = _number(text) if _NUMBER.fullmatch(text) else _iso(text)
    return EventTime(field, text, form, at, at is not None and plausible(at, now))


def plausible(at: float, now: float) -> bool:
    """Say whether a moment can be an event's: not before 2000, not more than a day ahead."""
    return _EARLIEST <= at <= now + _AHEAD_S


def _number(text: str) -> tuple[Form | None, float | None]:
    number = float(text)
    for limit, form, scale in _SCALES:
        if number < limit:
            return form, number / scale
    return None, None


def _iso(text: str) -> tuple[Form | None, float | None]:
    try:
        moment = datetime.fromisoformat(text.strip())
        form: Form = "iso" if moment.tzinfo else "naive"
        return form, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None, None


def id_time(entry_id: str) -> float:
    """Return the time of an entry's ID, epoch seconds: the server's clock when it was added."""
    return int(entry_id.partition("-")[0]) / 1000


def id_order(entry_id: str) -> tuple[int, int]:
    """Return what entry IDs are ordered by."""
    moment, _, number = entry_id.partition("-")
    return int(moment), int(number or 0)
