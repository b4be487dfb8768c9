"""Surveys of Redis and Valkey servers: kind `redis`, one record a server.

The rows are described in redis_rows. A server is surveyed over the host's own socket
(redis_servers, redis_named) or from the control node (redis_remote); the rows are the same.

Source: Redis documentation of INFO, CLIENT LIST, SCAN, XINFO STREAM, XINFO GROUPS, XINFO CONSUMERS
(5.0 to 8.0), Valkey's of the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reporter.evidence import Outcome, Record
from reporter.facts import NoFact, fact_each
from reporter.messages import Text, text
from reporter.parsers.redis_rows import Row, count, mapping, name, number, rows
from reporter.parsers.redis_streams import StreamRows, refusal
from reporter.parsers.redis_types import Client, Database, Refusal, Survey
from reporter.recorded import recorded
from reporter.words import OUTCOMES

__all__ = ["redis_named", "redis_remote", "redis_servers"]

_ANY_WITH_ROWS: tuple[Outcome, ...] = ("collected", "timeout", "error", "denied")

_LONGEST = 1024
"""Characters kept of a field of INFO: more than any has."""

_ABOUT_STREAMS = frozenset(["XINFO", "XREVRANGE", "XRANGE", "XPENDING", "XLEN"])
_KEYSPACE = re.compile(r"keys=([0-9]{1,19}),expires=([0-9]{1,19})\b.*")


@fact_each("redis_servers", accepts=_ANY_WITH_ROWS)
def redis_servers(record: Record) -> Survey:
    """Return the survey of a server that was found by the host's own listeners."""
    return _survey(record)


@fact_each("redis_named", accepts=_ANY_WITH_ROWS)
def redis_named(record: Record) -> Survey:
    """Return the survey of a server the operator named (probe_redis_local_endpoints)."""
    return _survey(record)


@fact_each("redis_remote", accepts=_ANY_WITH_ROWS)
def redis_remote(record: Record) -> Survey:
    """Return the survey of a server that was asked from the control node."""
    return _survey(record)


def _survey(record: Record) -> Survey:
    """Read a record; one without INFO's reply says nothing of the server: `NoFact`."""
    read, unread = rows(record)
    infos = [(row, _info(row)) for row in read if row.answered and row.ask[0] == "INFO"]
    known = [(row, info) for row, info in infos if info]
    if not known:
        raise NoFact(_why_without_info(record, read))
    unread += len(infos) - len(known)
    first, info = known[0]
    asked_at = first.at or 0.0
    last = known[-1] if known[-1][0].sample == "end" and len(known) > 1 else None
    streams = _streams(read)
    values = tuple(found.value() for found in streams)
    unread += sum(found.unread for found in streams)
    begin, end = _clients(read, "begin"), _clients(read, "end")
    unread += sum(None in clients for clients in (begin, end) if clients is not None)
    stopped = _stopped(record, unread, ended=known[-1][0].sample == "end")
    return Survey(
        record=record.id,
        client=record.command.removesuffix(" INFO"),
        endpoint=record.item or record.id,
        asked_at=asked_at,
        ended_at=last[0].at if last else None,
        stopped=stopped,
        info=info,
        info_end=last[1] if last else None,
        user=next((name(row.reply) for row in _of(read, "ACL", "WHOAMI")), None),
        authenticated=first.authenticated,
        asked=first.asked,
        slowlog=next((count(row.reply) for row in _of(read, "SLOWLOG", "LEN")), None),
        clients_begin=_readable(begin),
        clients_end=_readable(end),
        client_total=_total(read),
        databases=tuple(_databases(info, read, stopped)),
        streams=values,
        refused=tuple(_refused(read)),
        lines=_lines(read),
    )


def _why_without_info(record: Record, read: list[Row]) -> Text:
    if record.outcome != "collected":
        return _reason(record)
    for row in read:
        said = row.error or row.skipped
        if row.ask[0] == "INFO" and said:
            return text("INFO was not answered: {said}", said=said)
    if record.stdout.truncated:
        return text("what it said of itself was cut off")
    return text("it holds no reply to INFO")


def _stopped(record: Record, unread: int, *, ended: bool) -> Text | None:
    if record.outcome != "collected":
        return _reason(record)
    if record.stdout.truncated:
        return text("the beginning of its output was cut")
    if unread:
        return text("parts of what it said cannot be read: {count}", count=unread)
    return None if ended else text("it holds no second reply to INFO, which is asked last")


def _reason(record: Record) -> Text:
    """Return why a record is not whole, without the endpoint, which the reader sees anyway."""
    if not record.reason:
        return OUTCOMES[record.outcome]
    return text("{reason}", reason=recorded(record.reason.removeprefix(f"{record.item}: ")))


def _info(row: Row) -> Mapping[str, str]:
    """Read INFO's reply: `field:value` lines under `# Section` lines."""
    shown = name(row.reply) or ""
    found: dict[str, str] = {}
    for line in shown.split("\n"):
        field, colon, value = line.rstrip("\r").partition(":")
        if colon and not field.startswith("#"):
            found.setdefault(field, value[:_LONGEST])
    return found if "redis_version" in found or "valkey_version" in found else {}


def _of(read: list[Row], *words: str) -> Iterator[Row]:
    return (row for row in read if row.answered and row.ask[: len(words)] == words)


def _streams(read: list[Row]) -> list[StreamRows]:
    found: dict[tuple[int, str], StreamRows] = {}
    for row in _of(read, "SCAN"):
        listed = mapping(row.reply).get("streams")
        for shown in listed if isinstance(listed, list) else ():
            stream = name(shown)
            if stream is not None:
                found.setdefault((row.db, stream), StreamRows(row.db, stream))
    for row in read:
        about = _stream_of(row)
        if about is not None:
            found.setdefault((row.db, about), StreamRows(row.db, about)).rows.append(row)
    return [found[key] for key in sorted(found)]


def _stream_of(row: Row) -> str | None:
    place = 2 if row.ask[0] == "XINFO" else 1
    return row.ask[place] if row.ask[0] in _ABOUT_STREAMS and len(row.ask) > place else None


def _databases(
    info: Mapping[str, str], read: list[Row], stopped: Text | None
) -> Iterator[Database]:
    scans = {row.db: row for row in read if row.ask[0] == "SCAN"}
    refused = {
        count(row.ask[1]): text("{said}", said=recorded(row.error or row.skipped or ""))
        for row in read
        if row.ask[0] == "SELECT" and len(row.ask) > 1 and not row.answered
    }
    for field, value in info.items():
        shown = _KEYSPACE.fullmatch(value)
        db = count(field[2:]) if field.startswith("db") and shown else None
        if shown is None or db is None:
            continue
        row = scans.get(db)
        reply = mapping(row.reply) if row and row.answered else {}
        complete = reply.get("complete")
        why = reply.get("reason") or (row and (row.error or row.skipped))
        reason = recorded(name(why) or "") or text("no reason given")
        said = text("{said}", said=reason) if why else None
        yield Database(
            number=db,
            keys=int(shown[1]),
            expires=int(shown[2]),
            scan_complete=complete if isinstance(complete, bool) else None,
            stopped=None if complete is True else said or refused.get(db) or stopped,
            scan_calls=count(reply.get("calls")),
            scan_slowest_ms=number(reply.get("slowest_ms")),
        )


def _refused(read: list[Row]) -> Iterator[Refusal]:
    for row in read:
        found = refusal(row) if _stream_of(row) is None else None
        if found:
            yield found


def _lines(read: list[Row]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for row in read:
        if _stream_of(row) is None:
            found.setdefault(row.key, row.line)
    return found


def _clients(read: list[Row], sample: str) -> list[Client | None] | None:
    for row in _of(read, "CLIENT", "LIST"):
        reply = mapping(row.reply)
        shown = reply.get("clients")
        if row.sample == sample and isinstance(shown, list):
            own = count(reply.get("own"))
            return [_client(name(line) or "", own) for line in shown]
    return None


def _readable(clients: list[Client | None] | None) -> tuple[Client, ...] | None:
    if clients is None:
        return None
    return tuple(client for client in clients if client is not None)


def _total(read: list[Row]) -> int | None:
    rows_of_list = list(_of(read, "CLIENT", "LIST"))
    return next((count(mapping(row.reply).get("total")) for row in rows_of_list), None)


def _client(line: str, own: int | None) -> Client | None:
    """Read one line of CLIENT LIST: `id=3 addr=127.0.0.1:51544 name= age=8 flags=b cmd=ping`."""
    values: dict[str, str] = {}
    for word in line.split(" "):
        key, equals, value = word.partition("=")
        if equals:
            values.setdefault(key, value)
    identity, age, idle = (count(values.get(key)) for key in ("id", "age", "idle"))
    if identity is None or age is None or idle is None:
        return None
    return Client(
        id=identity,
        addr=values.get("addr", ""),
        name=values.get("name", ""),
        age=age,
        idle=idle,
        flags=values.get("flags", ""),
        command=values.get("cmd", ""),
        user=values.get("user"),
        own=identity == own,
        line=line,
    )
