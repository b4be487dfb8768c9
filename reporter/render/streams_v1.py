"""The truth table of streams in the JSON report, version 1."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from reporter.dataflow.activity import Activity, Growth, stamp
from reporter.dataflow.readers import GroupState
from reporter.dataflow.table import StreamRow, StreamTable

__all__ = ["StreamV1", "streams_v1"]


class LastEventV1(msgspec.Struct, frozen=True):
    """The last event: its entry's ID, the ID's time and the one it carries, and what to show.

    `payload_text` is the time as the entry has it, `payload_zone` whether it says its zone.
    """

    id: str | None
    id_time: str | None
    payload_time: str | None
    payload_text: str | None
    payload_field: str | None
    payload_zone: bool | None
    shown: str


class ProducerV1(msgspec.Struct, frozen=True):
    """One producer: its unit's name where one is known, else what the entries call it."""

    name: str
    confidence: str
    source: str | None
    unit: str | None
    state: str


class ReaderV1(msgspec.Struct, frozen=True):
    """A unit that reads through a group."""

    unit: str
    confidence: str


class GroupV1(msgspec.Struct, frozen=True):
    """One consumer group; counts are null when unknown, ages are seconds."""

    name: str
    consumers: int | None
    pending: int | None
    lag: int | None
    state: str
    reason: str
    idle_s: float | None
    oldest_pending_s: float | None
    waiting_at_least: int
    readers: tuple[ReaderV1, ...]


class GrowthV1(msgspec.Struct, frozen=True):
    """What changed while the survey ran; `added` and `trimmed` are null before Redis 7.0."""

    seconds: float
    length: int
    added: int | None
    trimmed: int | None


class StreamV1(msgspec.Struct, frozen=True):
    """One stream. `server` and `db` are null for one that is expected and was seen nowhere.

    `exists` is null where that is not known, `groups` where they are not. `limit_s` is the age up
    to which it counts as active.
    """

    server: str | None
    db: int | None
    stream: str
    exists: bool | None
    length: int | None
    active: str
    last_event: LastEventV1
    producers: tuple[ProducerV1, ...]
    candidates: tuple[str, ...]
    groups: tuple[GroupV1, ...] | None
    growth: GrowthV1 | None
    limit_s: float | None
    application: str | None
    expected: bool
    unknown: tuple[str, ...]


def streams_v1(table: StreamTable) -> tuple[StreamV1, ...]:
    """Return every row of the table."""
    return tuple(_row(row) for row in table.rows)


def _row(row: StreamRow) -> StreamV1:
    return StreamV1(
        server=row.server,
        db=row.db,
        stream=row.stream,
        exists=row.exists,
        length=row.length,
        active=row.active,
        last_event=_event(row.activity, str(row.shown)),
        producers=tuple(
            ProducerV1(one.name, one.confidence, one.source, one.unit, one.health)
            for one in row.producers
        ),
        candidates=row.candidates,
        groups=None if row.groups is None else tuple(_groups(row.groups)),
        growth=_growth(row.activity.growth) if row.activity and row.activity.growth else None,
        limit_s=row.activity.limit if row.activity else None,
        application=row.application,
        expected=row.expected,
        unknown=tuple(str(one) for one in row.unknown),
    )


def _event(activity: Activity | None, shown: str) -> LastEventV1:
    if activity is None:
        return LastEventV1(None, None, None, None, None, None, shown)
    payload = activity.payload
    plausible = payload is not None and payload.plausible
    return LastEventV1(
        id=activity.last_id,
        id_time=stamp(activity.id_at) if activity.id_at is not None else None,
        payload_time=stamp(payload.at)
        if payload is not None and plausible and payload.at is not None
        else None,
        payload_text=payload.text if payload else None,
        payload_field=payload.field if payload else None,
        payload_zone=not payload.naive if payload and plausible else None,
        shown=shown,
    )


def _groups(groups: tuple[GroupState, ...]) -> Iterator[GroupV1]:
    for state in groups:
        yield GroupV1(
            name=state.group.name,
            consumers=state.group.consumer_count,
            pending=state.group.pending,
            lag=state.lag,
            state=state.life,
            reason=state.why,
            idle_s=_seconds(state.idle),
            oldest_pending_s=_seconds(state.oldest_pending),
            waiting_at_least=state.behind.at_least if state.behind else 0,
            readers=tuple(ReaderV1(one.unit, one.confidence) for one in state.readers),
        )


def _growth(growth: Growth) -> GrowthV1:
    return GrowthV1(round(growth.seconds, 3), growth.length, growth.added, growth.trimmed)


def _seconds(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else round(value, 3)
