"""The truth table: each stream with its producers, its groups, and whether it moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.dataflow.activity import Active, Activity
from reporter.dataflow.flow import Flow, ServerFlow, StreamFlow
from reporter.dataflow.producers import Producer
from reporter.dataflow.readers import GroupState
from reporter.findings import Missing
from reporter.messages import Text, text
from reporter.recorded import recorded

__all__ = ["ServerTable", "StreamRow", "StreamTable", "stream_table"]

_ORDER: tuple[Active, ...] = ("yes", "stale", "no", "unknown")


@dataclass(frozen=True)
class StreamRow:
    """One row. `server`, `db` are None for a stream that is expected and was seen nowhere.

    `subject` is what findings call the stream.

    `exists` is None where that is not known; `groups` None where they are not; `candidates` are
    units that may be the producer. `unknown` says what of the row is not known, and why. A `copy`
    stands on a replica of another server of this host.
    """

    subject: str
    server: str | None
    db: int | None
    stream: str
    exists: bool | None
    activity: Activity | None
    active: Active
    producers: tuple[Producer, ...]
    candidates: tuple[str, ...]
    groups: tuple[GroupState, ...] | None
    application: str | None
    expected: bool
    unknown: tuple[Text, ...]
    copy: bool = False

    @property
    def length(self) -> int | None:
        """Its entries; None where that is not known, or there is no such stream."""
        return self.activity.length if self.activity else None

    @property
    def shown(self) -> str | Text:
        """The last event, as the table shows it."""
        if self.activity is not None:
            return self.activity.shown
        return text("no such stream") if self.exists is False else text("UNKNOWN")


@dataclass(frozen=True)
class ServerTable:
    """One server's rows; `title` names it, `notes` say what is missing, or why there is none."""

    endpoint: str | None
    title: Text
    rows: tuple[StreamRow, ...]
    notes: tuple[Text, ...]


@dataclass(frozen=True)
class StreamTable:
    """The tables of all servers of a host, those without a stream among them."""

    servers: tuple[ServerTable, ...] = ()

    @property
    def rows(self) -> tuple[StreamRow, ...]:
        """Every row, in the order shown."""
        return tuple(row for server in self.servers for row in server.rows)


def stream_table(flow: Flow) -> StreamTable:
    """Return the truth table; a server without streams, or without a survey, has notes only."""
    surveyed = {one.server.endpoint: _server(one, flow) for one in flow.servers}
    tables = [
        surveyed.get(server.endpoint)
        or ServerTable(
            server.endpoint,
            text("Redis {endpoint}", endpoint=server.endpoint),
            (),
            (text("no table: {why}", why=_why(server.missing)),),
        )
        for server in flow.observed.surveys.servers
    ]
    absent = tuple(_absent(flow))
    if absent:
        tables.append(ServerTable(None, text("Expected, and seen on no server"), absent, ()))
    return StreamTable(tuple(tables))


def _why(missing: Missing | None) -> Text:
    return missing.reason if missing else text("it was not surveyed")


def _server(server: ServerFlow, flow: Flow) -> ServerTable:
    rows = [_row(stream, flow) for stream in server.streams]
    rows.sort(key=lambda row: (row.db or 0, _ORDER.index(row.active), row.stream))
    unit = _unit_of(server, flow)
    title = (
        text("Redis {endpoint} ({unit})", endpoint=server.server.endpoint, unit=unit)
        if unit
        else text("Redis {endpoint}", endpoint=server.server.endpoint)
    )
    return ServerTable(server.server.endpoint, title, tuple(rows), tuple(_notes(server, rows)))


def _unit_of(server: ServerFlow, flow: Flow) -> str | None:
    """Return the server's unit: a unix socket shows none, but a process that may be a unit's."""
    listening, units = server.server.listening, flow.observed.units
    if listening is None or listening.unit or listening.pid is None or isinstance(units, Missing):
        return listening.unit if listening else None
    services = units.of("service")
    return next((one.name for one in services if one.main_pid == listening.pid), None)


def _notes(server: ServerFlow, rows: list[StreamRow]) -> Iterator[Text]:
    survey = server.survey
    if survey.stopped is not None:
        yield text("its survey did not reach its end: {why}", why=survey.stopped)
    for database in survey.databases:
        if database.scan_complete is not True:
            yield text(
                "database {number} ({keys} keys) was not scanned to its end, so streams may be "
                "missing here: {why}",
                number=database.number,
                keys=database.keys,
                why=database.stopped or text("no reason given"),
            )
    if not rows and survey.complete:
        yield text("it holds no stream")
    if not server.clients.known:
        yield text("its clients were not listed, so no connection could name a producer or reader")
    elif rows and server.clients.unresolved:
        count = len(server.clients.unresolved)
        reasons: dict[Text, int] = {}
        for _, why in server.clients.unresolved:
            reasons[why] = reasons.get(why, 0) + 1
        first = max(reasons, key=lambda why: (reasons[why], str(why)))
        yield text(
            "the units of {count} of its {all} clients are not known: {why}",
            count=count,
            all=len(server.clients.all),
            why=first,
        )


def _row(flow: StreamFlow, whole: Flow) -> StreamRow:
    profiles = whole.observed.host.profiles
    owner = profiles.stream_owner(flow.stream.name)
    known = {one.name for one in flow.producers.known}
    return StreamRow(
        subject=flow.subject,
        server=flow.survey.endpoint,
        db=flow.stream.db,
        stream=flow.stream.name,
        exists=True,
        activity=flow.activity,
        active=flow.activity.active,
        producers=flow.producers.known,
        candidates=tuple(one.unit for one in flow.producers.candidates if one.unit not in known),
        groups=flow.groups,
        application=owner.name if owner else None,
        expected=flow.stream.name in profiles.expected_streams(),
        unknown=tuple(_unknown(flow)),
        copy=flow.survey.endpoint in whole.observed.surveys.copies,
    )


def _unknown(flow: StreamFlow) -> Iterator[Text]:
    if flow.activity.unknown is not None:
        yield flow.activity.unknown
    if flow.groups is None:
        refused = (one for one in flow.stream.refused if "GROUPS" in one.command)
        error = next((one.error for one in refused), None)
        yield text("its groups: {why}", why=recorded(error) if error else text("no answer"))
    if not flow.producers.known:
        for what in flow.producers.tried:
            yield text("its producer: {what}", what=what)


def _absent(flow: Flow) -> Iterator[StreamRow]:
    """Yield rows for the streams a profile expects that no survey shows."""
    profiles = flow.observed.host.profiles
    seen = {one.stream.name for one in flow.streams}
    for name in profiles.expected_streams():
        if name in seen:
            continue
        gaps = flow.observed.surveys.gaps
        doubt = bool(gaps) or not flow.observed.surveys.all
        owner = profiles.stream_owner(name)
        yield StreamRow(
            subject=name,
            server=None,
            db=None,
            stream=name,
            exists=None if doubt else False,
            activity=None,
            active="unknown" if doubt else "no",
            producers=(),
            candidates=(),
            groups=None if doubt else (),
            application=owner.name if owner else None,
            expected=True,
            unknown=tuple(
                text("{probe}: {reason}", probe=gap.probe, reason=gap.reason) for gap in gaps
            ),
        )
