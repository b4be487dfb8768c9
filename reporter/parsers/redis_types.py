"""What a survey of one Redis or Valkey server showed, as typed values.

Two kinds of "not there" are kept apart everywhere: None is "not known", with the reason in
`refused` or `stopped`; an empty tuple is "asked, and there is none".
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from reporter.findings import Citation
from reporter.messages import Text

__all__ = [
    "Client",
    "Consumer",
    "Database",
    "Entry",
    "Group",
    "Refusal",
    "Sample",
    "Stream",
    "Survey",
    "Value",
]

Role = Literal["time", "source", "type"]


@dataclass(frozen=True, slots=True)
class Value:
    """An allowed value of an entry: what it is for, its field's path (`data.ts`), its text."""

    role: Role
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its ID, the names of its fields, and those values that may leave the host."""

    id: str
    fields: tuple[str, ...]
    values: tuple[Value, ...]

    @property
    def id_time(self) -> float:
        """The ID's time, epoch seconds: the server's clock, unless a producer made up the ID."""
        return int(self.id.partition("-")[0]) / 1000


@dataclass(frozen=True, slots=True)
class Consumer:
    """One consumer of a group, as XINFO CONSUMERS shows it; times in seconds.

    `idle` is the time since its last attempt to read (7.2 and later) or its last success (before);
    `inactive` that since its last success, infinite where it never had one, None before 7.2.
    """

    name: str
    pending: int
    idle: float
    inactive: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """One consumer group. `lag` and `entries_read` may be null in Redis itself: None, unknown.

    `consumer_count` is XINFO GROUPS' own number; `consumers` None where they were not listed
    (too many, refused, not reached). `oldest_pending` is the ID of the oldest entry delivered and
    not acknowledged. `later` are pending and last-delivered ID at the end of the survey.
    """

    name: str
    consumer_count: int
    pending: int
    last_delivered_id: str
    entries_read: int | None
    lag: int | None
    consumers: tuple[Consumer, ...] | None
    oldest_pending: str | None
    later: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A stream at one moment (epoch seconds); `entries_added` since 7.0, else None."""

    at: float
    length: int
    last_id: str
    entries_added: int | None


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream. `groups` and `entries` (newest first) are None where they are not known.

    `begin` is None where not even XINFO STREAM answered: then all that is known is its name.
    `refused` are the commands about it that the server refused, with what it said.
    """

    db: int
    name: str
    begin: Sample | None
    end: Sample | None
    first_id: str | None
    last_entry_id: str | None
    groups: tuple[Group, ...] | None
    entries: tuple[Entry, ...] | None
    refused: tuple[Refusal, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command without an answer: its words as asked, and the error the server gave.

    `skipped`: it was not asked at all, and `error` is the survey's own reason.
    """

    command: tuple[str, ...]
    error: str
    skipped: bool = False

    @property
    def code(self) -> str:
        """The error's first word: NOPERM, NOAUTH, LOADING, ERR; SKIPPED if it was not asked."""
        return "SKIPPED" if self.skipped else self.error.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Client:
    """One client as CLIENT LIST shows it. `age` and `idle` in seconds, `addr` as shown.

    `own` is our survey's own connection. `command` is the last command, which names no key.
    """

    id: int
    addr: str
    name: str
    age: int
    idle: int
    flags: str
    command: str
    user: str | None
    own: bool
    line: str

    @property
    def blocked(self) -> bool:
        """Whether it waits in a blocking command."""
        return "b" in self.flags


@dataclass(frozen=True, slots=True)
class Database:
    """One database by INFO's count; `scan_complete` None where it was not scanned at all.

    `stopped` says why a scan did not reach its end. `scan_calls` and `scan_slowest_ms` are what the
    scan asked of the server, None where it was not scanned.
    """

    number: int
    keys: int
    expires: int
    scan_complete: bool | None
    stopped: Text | None
    scan_calls: int | None = None
    scan_slowest_ms: float | None = None


@dataclass(frozen=True)
class Survey:
    """One server. `info` is INFO's begin, field to text, `info_end` that of the end, if reached.

    `endpoint` is what was asked: `127.0.0.1:6379`, `/run/redis/redis.sock`, or the name of an
    entry of probe_redis_endpoints. `asked_at` is when `info` was asked, `ended_at` when `info_end`
    was, epoch seconds. Where the beginning was lost, `info` is the one of the end and `info_end`
    None. `stopped` says why the survey did not reach its end, or that some of what it brought
    cannot be read; None if all is there. `clients_begin` and `clients_end` are None where not
    known; `client_total` counts those beyond the limit too, at the beginning. `slowlog` is the slow
    log's length, `user` who we were to the server, `authenticated` whether a password was given
    and `asked` whether the server had asked for one, None where that was not noted. `refused` are
    the commands about the server itself; those about a stream stand there. `lines` are raw rows by
    their command: `INFO begin`, `CLIENT LIST end`, `SLOWLOG LEN`, `SCAN db0`. `client` is the
    redis-cli that reaches the server.
    """

    record: str
    client: str
    endpoint: str
    asked_at: float
    ended_at: float | None
    stopped: Text | None
    info: Mapping[str, str]
    info_end: Mapping[str, str] | None
    user: str | None
    authenticated: bool | None
    asked: bool | None
    slowlog: int | None
    clients_begin: tuple[Client, ...] | None
    clients_end: tuple[Client, ...] | None
    client_total: int | None
    databases: tuple[Database, ...]
    streams: tuple[Stream, ...]
    refused: tuple[Refusal, ...]
    lines: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether a stream that is not in it does not exist."""
        return self.stopped is None and all(db.scan_complete for db in self.databases)

    def number(self, field: str) -> int | None:
        """Return a whole number of `info`; None where the server does not show it."""
        return _number(self.info.get(field))

    def later(self, field: str) -> int | None:
        """Return a whole number of `info_end`; None where it is not known."""
        return None if self.info_end is None else _number(self.info_end.get(field))

    def errors(self, code: str) -> int | None:
        """Return how often the server gave an error since its start; None before 6.2.

        A code that INFO does not list was never given.
        """
        shown = self.info.get(f"errorstat_{code}")
        if shown is None:
            return None if self.number("total_error_replies") is None else 0
        return _number(shown.removeprefix("count="))

    def cite(self, *lines: str) -> Citation:
        """Return the citation of some of the survey's lines."""
        return Citation(self.record, "\n".join(lines), tuple(self._by_hand(lines)))

    def _by_hand(self, lines: tuple[str, ...]) -> Iterator[str]:
        """Yield the commands of some raw rows, each once; a client's line is of CLIENT LIST."""
        commands: dict[str, None] = {}
        for line in lines:
            if line.startswith("id="):
                commands[f"{self.client} CLIENT LIST"] = None
            elif line.startswith('{"ask"'):
                row = json.loads(line)
                database = f" -n {row['db']}" if row.get("db") else ""
                commands[f"{self.client}{database} {shlex.join(map(str, row['ask']))}"] = None
        yield from commands

    def cite_info(self, *fields: str) -> Citation:
        """Return the citation of some of INFO's lines: those of the end where they changed."""
        lines = []
        for name in fields:
            if name in self.info:
                lines.append(f"{name}:{self.info[name]}")
            end = (self.info_end or {}).get(name)
            if end is not None and end != self.info.get(name):
                lines.append(f"{name}:{end}")
        return Citation(self.record, "\n".join(lines))


def _number(shown: str | None) -> int | None:
    """Read a whole number of at most 64 bits; a fraction is none."""
    found = re.fullmatch(r"-?[0-9]{1,20}", shown) if shown is not None else None
    return int(found[0]) if found else None
