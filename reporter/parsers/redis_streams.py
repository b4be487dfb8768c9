"""Streams, their groups and consumers, out of the rows of a survey."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Literal, get_args

from reporter.parsers.redis_rows import Row, count, mapping, name
from reporter.parsers.redis_types import (
    Consumer,
    Entry,
    Group,
    Refusal,
    Role,
    Sample,
    Stream,
    Value,
)

__all__ = ["StreamRows", "refusal"]

_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
_NEVER = -1


def refusal(row: Row) -> Refusal | None:
    """Return why a row has no answer; None where it has one."""
    if row.error is not None:
        return Refusal(row.ask, row.error)
    return Refusal(row.ask, row.skipped, skipped=True) if row.skipped is not None else None


class StreamRows:
    """Gathers the rows about one stream; `unread` counts replies that have another shape."""

    def __init__(self, db: int, stream: str) -> None:
        self.db = db
        self.stream = stream
        self.rows: list[Row] = []
        self.unread = 0

    def value(self) -> Stream:
        """Return the stream as far as the rows show it."""
        first, last = self._answers("STREAM", "begin"), self._answers("STREAM", "end")
        begin = next((found for found in map(self._sample, first) if found), None)
        end = next((found for found in reversed(list(map(self._sample, last))) if found), None)
        shown = mapping(first[0].reply) if first and begin else {}
        return Stream(
            db=self.db,
            name=self.stream,
            begin=begin,
            end=end,
            first_id=_id(shown.get("first-entry")),
            last_entry_id=_id(shown.get("last-entry")),
            groups=self._groups(shown),
            entries=self._entries(),
            refused=tuple(found for found in map(refusal, self.rows) if found),
            lines=tuple(row.line for row in self.rows),
        )

    def _answers(self, topic: str, sample: Literal["begin", "end"] = "begin") -> list[Row]:
        return [
            row
            for row in self.rows
            if row.answered and _topic(row) == topic and row.sample == sample
        ]

    def _sample(self, row: Row) -> Sample | None:
        reply = mapping(row.reply)
        length, last = count(reply.get("length")), _id(reply.get("last-generated-id"))
        if length is None or last is None or row.at is None:
            self.unread += 1
            return None
        return Sample(row.at, length, last, count(reply.get("entries-added")))

    def _entries(self) -> tuple[Entry, ...] | None:
        for row in self._answers("XREVRANGE"):
            if isinstance(row.reply, list):
                read = [
                    _entry(entry, _at(row.fields, place), _at(row.values, place))
                    for place, entry in enumerate(row.reply)
                ]
                self.unread += read.count(None)
                return tuple(entry for entry in read if entry is not None)
            self.unread += 1
        return None

    def _groups(self, shown: Any) -> tuple[Group, ...] | None:
        answers = self._answers("GROUPS")
        if not answers:
            return () if count(shown.get("groups")) == 0 and not self._refused("GROUPS") else None
        later = {}
        for row in self._answers("GROUPS", "end"):
            for reply in row.reply if isinstance(row.reply, list) else ():
                later[name(mapping(reply).get("name"))] = mapping(reply)
        if not isinstance(answers[0].reply, list):
            self.unread += 1
            return None
        read = [self._group(mapping(reply), later) for reply in answers[0].reply]
        self.unread += read.count(None)
        return tuple(group for group in read if group is not None)

    def _refused(self, topic: str) -> bool:
        return any(not row.answered and _topic(row) == topic for row in self.rows)

    def _group(self, reply: Any, later: Any) -> Group | None:
        called, last = name(reply.get("name")), _id(reply.get("last-delivered-id"))
        consumers, pending = count(reply.get("consumers")), count(reply.get("pending"))
        if called is None or last is None or consumers is None or pending is None:
            return None
        end = later.get(called, {})
        end_pending, end_last = count(end.get("pending")), _id(end.get("last-delivered-id"))
        return Group(
            name=called,
            consumer_count=consumers,
            pending=pending,
            last_delivered_id=last,
            entries_read=count(reply.get("entries-read")),
            lag=count(reply.get("lag")),
            consumers=self._consumers(called),
            oldest_pending=self._oldest(called),
            later=None if end_pending is None or end_last is None else (end_pending, end_last),
        )

    def _consumers(self, group: str) -> tuple[Consumer, ...] | None:
        for row in self._answers("CONSUMERS"):
            if row.ask[3:4] != (group,):
                continue
            if not isinstance(row.reply, list):
                self.unread += 1
                return None
            read = [_consumer(mapping(reply)) for reply in row.reply]
            self.unread += read.count(None)
            return tuple(consumer for consumer in read if consumer is not None)
        return None

    def _oldest(self, group: str) -> str | None:
        rows = (row for row in self._answers("XPENDING") if row.ask[2:3] == (group,))
        return next((_id(mapping(row.reply).get("lowest")) for row in rows), None)


def _topic(row: Row) -> str:
    """Return what a row about a stream answers: STREAM, GROUPS, CONSUMERS, XREVRANGE, XPENDING."""
    return row.ask[1] if row.ask[0] == "XINFO" else row.ask[0]


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _consumer(reply: Any) -> Consumer | None:
    called, pending, idle = name(reply.get("name")), count(reply.get("pending")), reply.get("idle")
    waited = count(idle)
    if called is None or pending is None or waited is None:
        return None
    inactive = reply.get("inactive")
    ago = math.inf if inactive == _NEVER else count(inactive)
    return Consumer(called, pending, waited / 1000, None if ago is None else ago / 1000)


def _at(beside: Any, place: int) -> Any:
    """Return what stands beside an entry in another list; None if nothing does."""
    return beside[place] if isinstance(beside, list) and place < len(beside) else None


def _entry(reply: Any, fields: Any, flat: Any) -> Entry | None:
    """Read an entry; older collectors wrote its fields into the reply."""
    shown = mapping(reply)
    identity, fields = _id(shown.get("id")), shown.get("fields") if fields is None else fields
    if identity is None or not isinstance(fields, list):
        return None
    names = tuple(field for field in map(name, fields) if field is not None)
    return Entry(identity, names, tuple(_values(flat)))


def _values(flat: Any) -> Iterable[Value]:
    words = [name(word) for word in flat] if isinstance(flat, list) else []
    for place in range(0, len(words) - 2, 3):
        named, field, said = words[place : place + 3]
        role = _ROLES.get(named or "")
        if role is not None and field is not None and said is not None:
            yield Value(role, field, said)
