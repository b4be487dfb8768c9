"""Whether a stream moves: its length, its last event by two clocks, what came and what went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from reporter.dataflow.event_times import EventTime, id_order, id_time, payload_time, plausible
from reporter.messages import Text, text
from reporter.parsers.redis_types import Sample, Stream, Survey
from reporter.profile import Profiles
from reporter.recorded import recorded

__all__ = ["DAY_S", "Active", "Activity", "Growth", "activity_of", "stamp"]

Active = Literal["yes", "stale", "no", "unknown"]

DAY_S = 86400.0
"""How old the last event of a stream may be, unless a profile says otherwise."""

_ZONES_S = 15 * 3600.0
"""A time without a zone may be this far from UTC: less says nothing."""

_OF_THE_SUBJECT = frozenset({"created_at", "date"})
"""Fields whose time may be the account's or the order's: old ones make no stream stale."""

_APART_S = 60.0
"""Times of one event that lie further apart than this are worth a word."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What changed between the two samples, `seconds` apart.

    `added` and `trimmed` are None where the server does not count what is added (before 7.0).
    """

    seconds: float
    length: int
    added: int | None
    trimmed: int | None
    moved: bool


@dataclass(frozen=True, slots=True)
class Activity:
    """What is known of a stream's movement; times are epoch seconds, spans seconds.

    `age` is that of the last event by its ID; None where there is none, or its ID holds no time.
    `unknown` says why `active` is not known, `added_ever` counts what came since the stream was
    made, None before 7.0. `event_age` is the age by the time the entry carries.
    """

    active: Active
    length: int | None
    limit: float
    last_id: str | None
    id_at: float | None
    payload: EventTime | None
    age: float | None
    event_age: float | None
    growth: Growth | None
    ever: bool | None
    added_ever: int | None
    unknown: Text | None
    entry_seen: bool = False

    @property
    def shown(self) -> str | Text:
        """The last event as its entry writes it, or by the time of its ID."""
        if self.unknown is not None and self.last_id is None:
            return text("UNKNOWN")
        if self.length == 0 and not self.ever:
            return "0-0"
        if self.length == 0:
            return text("{id} (no entry left)", id=str(self.last_id))
        if self.payload is not None and self.payload.plausible:
            return self.payload.shown
        if self.id_at is None:
            return text("{id} (an ID without time)", id=str(self.last_id))
        if self.payload is not None or not self.entry_seen:
            return text("{time} (entry ID)", time=stamp(self.id_at))
        return text("{time} (entry ID, no time field)", time=stamp(self.id_at))

    @property
    def apart(self) -> float | None:
        """How much later the entry was added than the time it carries; None if not known."""
        if self.id_at is None or self.payload is None or not self.payload.plausible:
            return None
        return self.id_at - (self.payload.at or 0.0)

    @property
    def far_apart(self) -> bool:
        """Whether its two times are not those of one moment."""
        return self.apart is not None and abs(self.apart) > _APART_S

    @property
    def old_news(self) -> bool:
        """Whether entries arrive in time, and speak of what is older than the limit."""
        return (
            self.active == "stale"
            and self.age is not None
            and self.age <= self.limit
            and self.event_age is not None
        )


def activity_of(survey: Survey, stream: Stream, profiles: Profiles, now: float) -> Activity:
    """Return what is known of the stream's movement; `now` is the time of collection.

    Ages count from the moment the stream was looked at, for a collection may take a minute.
    """
    limit = profiles.stream_limit(stream.name) or DAY_S
    latest = stream.end or stream.begin
    if latest is None:
        return _unknown(limit, _why(survey, stream))
    now = min(now, latest.at) if latest.at else now
    ever = latest.last_id != "0-0" or bool(latest.entries_added) or latest.length > 0
    growth = _growth(stream.begin, stream.end)
    added = latest.entries_added
    if latest.length == 0:
        gone = id_time(latest.last_id) if ever else None
        since = max(0.0, now - gone) if gone is not None and plausible(gone, now) else None
        drained = _moved(growth) or (since is not None and since <= limit)
        return Activity(
            "yes" if drained else "no",
            length=0,
            limit=limit,
            last_id=latest.last_id,
            id_at=gone if since is not None or not drained else None,
            payload=None,
            age=since if drained else None,
            event_age=None,
            growth=growth,
            ever=ever,
            added_ever=added,
            unknown=None,
        )
    newest = stream.entries[0] if stream.entries else None
    last_id = newest.id if newest else stream.last_entry_id or latest.last_id
    moment = max(id_time(last_id), id_time(latest.last_id) if _moved(growth) else 0.0)
    id_at = moment if plausible(moment, now) else None
    payload = payload_time(newest, now) if newest else None
    event_at = payload.at if payload and payload.plausible else None
    age = max(0.0, now - id_at) if id_at is not None else None
    event_age = max(0.0, now - event_at) if event_at is not None else None
    old = event_age if (payload and _of_the_event(payload)) or age is None else None
    active, unknown = _active(age, old, limit)
    return Activity(
        active=active,
        length=latest.length,
        limit=limit,
        last_id=last_id,
        id_at=id_at,
        payload=payload,
        age=age,
        event_age=event_age,
        growth=growth,
        ever=ever,
        added_ever=added,
        unknown=unknown,
        entry_seen=newest is not None,
    )


def stamp(at: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, to the millisecond an entry's ID has."""
    moment = datetime.fromtimestamp(round(at * 1000) / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _of_the_event(time: EventTime) -> bool:
    """Say whether a time is that of the event, and not of what the event is about."""
    return time.field.rpartition(".")[2].casefold() not in _OF_THE_SUBJECT


def _active(age: float | None, event_age: float | None, limit: float) -> tuple[Active, Text | None]:
    """Judge by the ID's time; by the event's own where that is older than any zone explains."""
    if age is None and event_age is None:
        return "unknown", text(
            "neither its entries' IDs nor their fields hold a time that can be one"
        )
    if age is None:
        return ("yes" if (event_age or 0.0) <= limit else "stale"), None
    if age > limit:
        return "stale", None
    if event_age is not None and event_age > limit and event_age - age > _ZONES_S:
        return "stale", None
    return "yes", None


def _unknown(limit: float, why: Text) -> Activity:
    return Activity("unknown", None, limit, None, None, None, None, None, None, None, None, why)


def _why(survey: Survey, stream: Stream) -> Text:
    refused = next((one for one in stream.refused if "STREAM" in one.command), None)
    if refused is not None:
        return text(
            "{command} was not answered: {error}",
            command=" ".join(refused.command[:2]),
            error=recorded(refused.error),
        )
    if survey.stopped is not None:
        return text("the survey had ended before it was asked about: {why}", why=survey.stopped)
    return text("the survey holds no answer about it")


def _moved(growth: Growth | None) -> bool:
    return growth is not None and growth.moved


def _growth(begin: Sample | None, end: Sample | None) -> Growth | None:
    if begin is None or end is None:
        return None
    added = None
    if begin.entries_added is not None and end.entries_added is not None:
        added = max(0, end.entries_added - begin.entries_added)
    length = end.length - begin.length
    return Growth(
        seconds=max(0.0, end.at - begin.at),
        length=length,
        added=added,
        trimmed=None if added is None else max(0, added - length),
        moved=id_order(end.last_id) > id_order(begin.last_id),
    )
