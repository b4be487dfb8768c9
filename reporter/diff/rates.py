"""Counters between two looks: how fast they grew, and where they began anew in between."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.diff.model import Rate
from reporter.messages import Text, text
from reporter.rules.times import rate as shown_rate
from reporter.state.model import HostState, Thing

__all__ = ["rates"]

_HOUR_S = 3600.0


def rates(
    old: HostState, new: HostState, seconds: float, booted_for: float | None
) -> Iterator[Rate]:
    """Yield the counters that grew, or were reset.

    `seconds` lie between the two collections. `booted_for` is how long the host had been up, in
    seconds, where it was booted in between, else None.
    """
    if seconds <= 0:
        return
    for thing in new.of("unit"):
        before = old.get("unit", thing.name)
        if before is not None:
            yield from _restarts(before, thing, seconds, booted_for)
    for thing in new.of("redis"):
        before = old.get("redis", thing.name)
        if before is not None:
            yield from _server(before, thing, seconds)
    for thing in new.of("stream"):
        before = old.get("stream", thing.name)
        if before is not None:
            yield from _stream(before, thing, seconds)
    for thing in new.of("group"):
        before = old.get("group", thing.name)
        if before is not None:
            yield from _group(before, thing, seconds)


def _restarts(
    before: Thing, now: Thing, seconds: float, booted_for: float | None
) -> Iterator[Rate]:
    """Yield automatic restarts: NRestarts begins anew at a boot and at a start by hand."""
    was, count = before.number("restarts"), now.number("restarts")
    if was is None or count is None:
        return
    if booted_for is not None and count:
        hourly = count * _HOUR_S / booted_for if booted_for > 0 else None
        message = text(
            "{name}: {count} automatic restarts since the boot{rate}",
            name=now.name,
            count=int(count),
            rate=_per_hour(hourly),
        )
        yield Rate("restarts", now.name, was, count, count, seconds, hourly, True, message)
    elif booted_for is None and count < was:
        message = text(
            "{name}: its counter of automatic restarts began anew, somebody started it; {count} "
            "since",
            name=now.name,
            count=int(count),
        )
        yield Rate("restarts", now.name, was, count, count, seconds, None, True, message)
    elif booted_for is None and count > was:
        hourly = (count - was) * _HOUR_S / seconds
        message = text(
            "{name}: {count} automatic restarts{rate}",
            name=now.name,
            count=int(count - was),
            rate=_per_hour(hourly),
        )
        yield Rate("restarts", now.name, was, count, count - was, seconds, hourly, False, message)


def _server(before: Thing, now: Thing, seconds: float) -> Iterator[Rate]:
    seconds = _between(before, now, seconds)
    was, keys = before.number("keys"), now.number("keys")
    if was is not None and keys is not None and was != keys:
        growth = keys - was
        hourly = growth * _HOUR_S / seconds
        message = text(
            "Redis {name}: {old} keys, now {new}{rate}",
            name=now.name,
            old=int(was),
            new=int(keys),
            rate=_per_hour(hourly),
        )
        yield Rate("keys", now.name, was, keys, growth, seconds, hourly, False, message)
    yield from _counted(before, now, seconds)


def _counted(before: Thing, now: Thing, seconds: float) -> Iterator[Rate]:
    was, evicted = before.number("evicted"), now.number("evicted")
    if was is None or evicted is None:
        return
    restarted = before.text("run_id") != now.text("run_id")
    if restarted and evicted:
        message = text(
            "Redis {name}: {count} keys evicted since it was restarted",
            name=now.name,
            count=int(evicted),
        )
        yield Rate("evictions", now.name, was, evicted, evicted, seconds, None, True, message)
    elif not restarted and evicted > was:
        hourly = (evicted - was) * _HOUR_S / seconds
        message = text(
            "Redis {name}: {count} keys evicted{rate}",
            name=now.name,
            count=int(evicted - was),
            rate=_per_hour(hourly),
        )
        yield Rate(
            "evictions", now.name, was, evicted, evicted - was, seconds, hourly, False, message
        )


def _stream(before: Thing, now: Thing, seconds: float) -> Iterator[Rate]:
    """Yield the entries added: by the stream's own counter, which Redis has since 7.0.

    It is kept with the stream, over restarts of the server; less than before, it is another
    stream's.
    """
    seconds = _between(before, now, seconds)
    was, count = before.number("entries_added"), now.number("entries_added")
    if was is None or count is None or before.text("last_id") == now.text("last_id") != "0-0":
        return
    if count < was:
        message = text(
            "the stream {name} was made anew, or restored from an older save: {count} entries "
            "added since",
            name=now.name,
            count=int(count),
        )
        yield Rate("entries", now.name, was, count, count, seconds, None, True, message)
    elif count > was:
        hourly = (count - was) * _HOUR_S / seconds
        message = text(
            "the stream {name}: {count} entries added{rate}, {length} in it",
            name=now.name,
            count=int(count - was),
            rate=_per_hour(hourly),
            length=int(now.number("length") or 0),
        )
        yield Rate("entries", now.name, was, count, count - was, seconds, hourly, False, message)


def _group(before: Thing, now: Thing, seconds: float) -> Iterator[Rate]:
    seconds = _between(before, now, seconds)
    was, count = before.number("entries_read"), now.number("entries_read")
    if was is None or count is None or count == was:
        return
    if count < was:
        message = text(
            "the group {name} was made anew or set back: {count} entries read since",
            name=now.name,
            count=int(count),
        )
        yield Rate("reads", now.name, was, count, count, seconds, None, True, message)
        return
    hourly = (count - was) * _HOUR_S / seconds
    message = text(
        "the group {name}: {count} entries read{rate}",
        name=now.name,
        count=int(count - was),
        rate=_per_hour(hourly),
    )
    yield Rate("reads", now.name, was, count, count - was, seconds, hourly, False, message)


def _between(before: Thing, now: Thing, seconds: float) -> float:
    """Return the seconds between the two samples, or else between the collections."""
    was, at = before.number("sampled_at"), now.number("sampled_at")
    return at - was if was is not None and at is not None and at > was else seconds


def _per_hour(hourly: float | None) -> Text:
    if hourly is None:
        return text("")
    sign = "+" if hourly > 0 else "-"
    return text(" ({sign}{rate} per hour)", sign=sign, rate=shown_rate(abs(hourly)))
