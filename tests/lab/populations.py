"""What stands in a lab host's Redis: read from a data file, loaded in one go, kept alive by units.

Ages count from the data file's `moment`: an event an hour before it is an hour old when loaded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from .hosts import LabHost
from .programs.service import BLOCK_MS, render

__all__ = [
    "REFERENCE_REDIS",
    "SHARED_REDIS",
    "Family",
    "Group",
    "Job",
    "Population",
    "Stream",
    "jobs",
    "load_population",
    "pipe",
    "populate",
    "settings",
]

REFERENCE_REDIS = Path(__file__).with_name("reference_redis.yml")
SHARED_REDIS = Path(__file__).with_name("shared_redis.yml")

Job = dict[str, Any]
Command = tuple[str, ...]

_STYLES = {"+00:00": "iso-offset", "Z": "iso-z"}
# Longer than any lab lives, and different, as with a real application.
_EXPIRY_S = 400 * 86400
_EXPIRY_SPREAD_S = 37
# A whole epoch second says nothing of its fraction, which the entry's ID has.
_FRACTION_S = 0.417


@dataclass(frozen=True)
class Family:
    """Keys of one kind; `count` None: those that are left."""

    name: str
    type: str
    count: int | None
    expiring: bool


@dataclass(frozen=True)
class Group:
    """A consumer group: who reads it now, and whom of its consumers nobody is any more."""

    name: str
    behind: int
    reader: str | None
    """The running unit that reads it, without `.service`."""
    gone: Mapping[str, int]
    """Consumers without a process -> entries each left pending."""


@dataclass(frozen=True)
class Stream:
    """A stream; `age` (seconds) and the rest of the events' figures mean nothing if it is empty."""

    name: str
    db: int
    last: str | None
    style: str | None
    """How entries write their time (see `written` in programs/service.py); None: they do not."""
    age: float
    length: int
    added: int
    every: float
    fields: Mapping[str, Any]
    writers: tuple[str, ...]
    pause: float
    groups: tuple[Group, ...]

    @property
    def live(self) -> bool:
        """Whether a running unit adds to it."""
        return bool(self.writers)


@dataclass(frozen=True)
class Population:
    """A data file."""

    moment: datetime
    keys: int
    """Of database 0, streams included."""
    expiring: int
    families: tuple[Family, ...]
    planted: Mapping[str, str]
    """Made-up values that must never leave the host: `secret` and `person`."""
    streams: Mapping[str, Stream]
    others: Mapping[str, Mapping[str, Any]]

    @property
    def units(self) -> tuple[str, ...]:
        """The units that hold connections to Redis, without `.service`."""
        return tuple(sorted(jobs(self)))


def load_population(path: Path) -> Population:
    """Read a data file."""
    data: dict[str, Any] = yaml.safe_load(path.read_text())
    moment: datetime = data["moment"]
    planted: dict[str, str] = data["planted"]
    return Population(
        moment=moment,
        keys=data["keys"],
        expiring=data["expiring"],
        families=tuple(
            Family(one["name"], one["type"], one.get("count"), one.get("expiring", False))
            for one in data["families"]
        ),
        planted=planted,
        streams={
            name: _stream(name, one, moment, planted) for name, one in data["streams"].items()
        },
        others=data["others"],
    )


def populate(host: LabHost, population: Population, command: str = "redis-cli") -> None:
    """Empty the host's Redis and load the population; the units that use it must not run.

    `command` is a redis-cli with every right.
    """
    shown = host.run(f"{command} INFO server").stdout
    major = int(shown.partition("redis_version:")[2].partition(".")[0])
    pipe(host, _commands(population, time.time(), major), command)


def pipe(host: LabHost, commands: Iterable[Command], command: str = "redis-cli") -> None:
    """Send commands to the host's Redis; raises LabError if one fails."""
    protocol = b"".join(map(_encoded, commands))
    host.podman("exec", "-i", host.container, command, "--pipe", stdin=protocol)


def jobs(population: Population) -> dict[str, list[Job]]:
    """What each unit does, for the `services` of programs/service.py, by the unit's name."""
    found: dict[str, list[Job]] = {}
    for stream in population.streams.values():
        common = {"stream": stream.name, "db": stream.db}
        for unit in stream.writers:
            chosen = {name: getattr(stream, name) for name in ("style", "length", "pause")}
            add = {"do": "add", **common, **chosen, "fields": dict(stream.fields)}
            found.setdefault(unit, []).append(add)
        for group in stream.groups:
            if group.reader:
                found.setdefault(group.reader, []).append(
                    {"do": "read", **common, **_reading(stream, group)}
                )
    for unit, what in population.others.items():
        ((do, name),) = what.items()
        more = {"get": {"key": name}, "follow": {"stream": name}, "hold": {}}[do]
        found.setdefault(unit, []).append({"do": do, **more})
    return found


def settings(population: Population, **server: Any) -> str:
    """Return the settings file of programs/service.py; `server` is how redis-py reaches Redis."""
    services = {unit.removeprefix("quantum-"): what for unit, what in jobs(population).items()}
    return json.dumps({"redis": server, "services": services}, indent=1)


def _reading(stream: Stream, group: Group) -> dict[str, Any]:
    """The consumer of a group; on a stream without entries it waits in one call, for ever."""
    name = str(group.reader).removeprefix("quantum-")
    block = BLOCK_MS if stream.length else 0
    return {"group": group.name, "consumer": f"{name}-1", "block_ms": block}


def _stream(
    name: str, data: Mapping[str, Any], moment: datetime, planted: Mapping[str, str]
) -> Stream:
    style, age = None, float(data.get("age", 0))
    last = data.get("last")
    if last is not None:
        style, when = _seen(last)
        age = moment.timestamp() - when
    length = data.get("length", 0)
    return Stream(
        name=name,
        db=data.get("db", 0),
        last=last,
        style=style,
        age=age,
        length=length,
        added=data.get("added", length),
        every=float(data.get("every", 1)),
        fields=_planted(data.get("fields", {}), planted),
        writers=tuple(data.get("writers", ())),
        pause=float(data.get("pause", 0)),
        groups=tuple(
            Group(one["name"], one.get("behind", 0), one.get("reader"), one.get("gone", {}))
            for one in data["groups"]
        ),
    )


def _seen(last: str) -> tuple[str, float]:
    """The style of a written time, and the moment, epoch seconds."""
    if last.isdigit():
        return ("epoch-ms", int(last) / 1000) if len(last) == 13 else ("epoch", _whole(last))
    if "T" not in last:
        return "epoch-float", float(last)
    style = next((style for end, style in _STYLES.items() if last.endswith(end)), "iso")
    moment = datetime.fromisoformat(last)
    return style, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _whole(last: str) -> float:
    return int(last) + _FRACTION_S


def _planted(fields: Mapping[str, Any], planted: Mapping[str, str]) -> dict[str, Any]:
    """Fill in what is planted, which is the same in every entry."""

    def fill(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _planted(value, planted)
        if isinstance(value, str):
            for name, text in planted.items():
                value = value.replace("{" + name + "}", text)
        return value

    return {name: fill(value) for name, value in fields.items()}


def _commands(population: Population, now: float, major: int) -> Iterator[Command]:
    """Every command that brings the population about, on a server of that major version."""
    yield ("FLUSHALL",)
    yield from _keys(population)
    for stream in population.streams.values():
        yield ("SELECT", str(stream.db))
        yield from _entries(stream, now, major)


def _keys(population: Population) -> Iterator[Command]:
    streams = sum(1 for stream in population.streams.values() if stream.db == 0)
    counted = sum(family.count or 0 for family in population.families)
    for family in population.families:
        rest = population.keys - population.expiring - counted - streams
        count = family.count or (population.expiring if family.expiring else rest)
        for number in range(1, count + 1):
            name = family.name.format(number)
            yield _key(family.type, name, number)
            if family.expiring:
                yield ("EXPIRE", name, str(_EXPIRY_S + number * _EXPIRY_SPREAD_S))


def _key(kind: str, name: str, number: int) -> Command:
    value = str(number)
    return {
        "string": ("SET", name, value),
        "hash": ("HSET", name, "size", value, "side", "LONG"),
        "list": ("RPUSH", name, value, "next"),
        "set": ("SADD", name, value, "member"),
        "zset": ("ZADD", name, value, "bid", "1", "ask"),
    }[kind]


def _entries(stream: Stream, now: float, major: int) -> Iterator[Command]:
    """A stream's entries, oldest first, and its groups."""
    moments = [now - stream.age - left * stream.every for left in reversed(range(stream.length))]
    if stream.live:
        moments = [moment + stream.age - 1 for moment in moments]
    ids = [f"{int(moment * 1000)}-0" for moment in moments]
    first = stream.added - stream.length
    for at, (entry_id, moment) in enumerate(zip(ids, moments, strict=True)):
        entry = render(dict(stream.fields), stream.style, moment, first + at + 1)
        words = (word for pair in entry.items() for word in pair)
        yield ("XADD", stream.name, entry_id, *words)
    if first and major >= 7:
        deleted = f"{int((moments[0] - stream.every) * 1000)}-0"
        figures = ("ENTRIESADDED", str(stream.added), "MAXDELETEDID", deleted)
        yield ("XSETID", stream.name, ids[-1], *figures)
    for group in stream.groups:
        yield from _group(stream, group, ids, major)


def _group(stream: Stream, group: Group, ids: list[str], major: int) -> Iterator[Command]:
    """A group that has read all but what it is behind; consumers that are gone read last."""
    left = group.behind + sum(group.gone.values())
    start = ids[-1 - left] if left < len(ids) else "0"
    read = stream.added - left
    known = ("ENTRIESREAD", str(read)) if ids and major >= 7 else ()
    yield ("XGROUP", "CREATE", stream.name, group.name, start, "MKSTREAM", *known)
    for consumer, pending in group.gone.items():
        reading = ("XREADGROUP", "GROUP", group.name, consumer)
        if pending:
            yield (*reading, "COUNT", str(pending), "STREAMS", stream.name, ">")
        else:  # asking for what is pending makes the consumer, in every version
            yield (*reading, "STREAMS", stream.name, "0")


def _encoded(command: Command) -> bytes:
    """A command in RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""
    words = [word.encode() for word in command]
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"*%d\r\n" % len(words) + b"".join(parts)
