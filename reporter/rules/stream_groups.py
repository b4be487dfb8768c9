"""Rule on who reads a stream through a group, and whether anybody still does."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.dataflow.flow import Flow, StreamFlow
from reporter.dataflow.observed import Observed, surveys_of
from reporter.dataflow.readers import GroupState
from reporter.dataflow.surveys import subject_of_group
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.parsers.systemd_units import Units
from reporter.recorded import recorded
from reporter.rules.redis_view import ASKED, FOUND
from reporter.rules.times import span
from reporter.words import CONFIDENCES

__all__ = ["stream_groups"]

GROUPS = text("Consumer groups")

_OLD_S = 3600.0
"""An entry delivered so long ago and not acknowledged is forgotten, not worked on."""


@rule(
    section="redis",
    component=GROUPS,
    needs=(),
    uses=(*FOUND, "sockets", "socket_processes", "units"),
    if_asked=ASKED,
    worst="P2",
    if_ignored=text("entries pile up unread, or are trimmed before they are read"),
)
def stream_groups(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
    sockets: Sockets | Missing,
    socket_processes: Processes | Missing,
    units: Units | Missing,
) -> Iterator[Verdict]:
    """Whether each consumer group has a reader that lives and keeps up.

    Means:

        a consumer was seen in the last minute, or the group
        moved during the survey                                   ok: alive
        nothing waits, and a reader is blocked in XREADGROUP      ok: alive
        it reads, and is more than ten minutes and ten entries
        behind without moving                                     degraded: stuck
        it reads, what it does not acknowledge grows, and the
        oldest of it is older than ten minutes                    degraded: stuck
        entries wait for more than a minute, none is read, and a
        connection of a reader's is open                          degraded: stuck
        entries wait so, and no reader's connection is open       degraded: dead
        nothing waits, and nobody can be waiting                  degraded, P3: dead
        nothing waits, and somebody may be waiting                unknown
        no reader was seen, and consumers or clients were not all
        listed, or the unit of a client that reads is not known   unknown
        no reader was seen, and the server is a replica: readers
        are at its primary                                        unknown

    Stuck and dead are P3, P2 where entries wait and a profile says that the stream is its
    application's (streams, expected_streams). A live group is degraded, P3, where entries stay
    unacknowledged for more than an hour, or ten or more consumers were inactive for a day with
    nothing pending (names made anew at each start, which nobody deletes).

    Why: Redis keeps what a group has not read for as long as the stream lasts, and nobody is told
    that it is not read. A trimmed stream loses it unread.

    Evidence: redis_servers, redis_named, redis_remote: XINFO GROUPS twice, XINFO CONSUMERS,
    XPENDING, CLIENT LIST twice; sockets_open and sockets_processes for the clients' units.

    Limits: since 7.2 XINFO CONSUMERS shows the last attempt to read; before, the last success,
    and a reader that waits and never got an entry is not listed at all. CLIENT LIST shows that a
    client waits in XREADGROUP, and not where. Before 7.2 waiting connections are therefore given
    to the groups whose names, or consumers' names, begin with the unit's: an inference. Clients
    on unix sockets and other hosts have no unit here. A reader that connects only now and then
    looks dead in between. Lag may be null in Redis itself (entries
    were deleted, or the group was set to an ID): then it is not known, unless nothing waits. Groups
    at a replica whose primary is on the same host are judged there.

    Source: Redis documentation, XINFO CONSUMERS, XINFO GROUPS, XPENDING, CLIENT LIST; t_stream.c
    and blocked.c of Redis 6.0 to 8.0.
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    flow = Flow(Observed(host, surveys, sockets, socket_processes, units))
    for stream in (one for server in flow.originals for one in server.streams):
        if stream.groups is None:
            yield _not_known(stream, host)
        for state in stream.groups or ():
            yield _judged(stream, state, flow)


def _not_known(stream: StreamFlow, host: HostContext) -> Verdict:
    refused = next((one for one in stream.stream.refused if "GROUPS" in one.command), None)
    why = (
        text("XINFO GROUPS was not answered: {error}", error=recorded(refused.error))
        if refused
        else stream.survey.stopped or text("the survey holds no answer about them")
    )
    owner = host.profiles.stream_owner(stream.stream.name)
    return Verdict(
        subject=stream.subject,
        status="unknown",
        running="unknown",
        component=GROUPS,
        application=owner.name if owner else None,
        message=text("{stream}: its groups are not known: {why}", stream=stream.subject, why=why),
        citations=(stream.survey.cite(*stream.stream.lines),),
        missing=(Missing(stream.survey.record, why),),
    )


def _judged(stream: StreamFlow, state: GroupState, flow: Flow) -> Verdict:
    host = flow.observed.host
    owner = host.profiles.stream_owner(stream.stream.name)
    status, running, severity = _verdict(state, owned=owner is not None)
    subject = subject_of_group(stream.subject, state.group)
    missing: tuple[Missing, ...] = ()
    if status == "unknown":
        missing = (Missing(stream.survey.record, _doubt(state)),)
    return Verdict(
        subject=subject,
        status=status,
        running=running,
        severity=severity,
        component=GROUPS,
        confidence="inferred" if state.why == "waits" and state.readers else "observed",
        application=owner.name if owner else None,
        message=_message(subject, stream, state),
        details=tuple(_details(stream, state, flow)),
        connected_to=tuple(one.unit for one in state.readers),
        citations=_cited(stream, state),
        missing=missing,
    )


def _verdict(state: GroupState, *, owned: bool) -> tuple[Status, Running, Severity | None]:
    if state.life == "unknown":
        return "unknown", "unknown", None
    if state.life == "alive":
        return ("degraded", "yes", "P3") if _untidy(state) else ("ok", "yes", None)
    waits = state.behind is not None or state.why == "unacknowledged"
    return (
        "degraded",
        "no" if state.life == "dead" else "unstable",
        ("P2" if waits and owned else "P3"),
    )


def _untidy(state: GroupState) -> bool:
    return bool(state.leaked) or (state.oldest_pending or 0.0) > _OLD_S


def _message(subject: str, stream: StreamFlow, state: GroupState) -> Text:
    group, behind = state.group, state.behind
    said = _SENTENCES[state.life, state.why]
    if state.why == "gone" and behind is not None:
        said = _NEVER if state.idle is None else _UNREAD
    if state.why == "unseen" and behind is not None:
        said = _UNSEEN
    return said.filled(
        group=subject,
        count=group.consumer_count,
        idle=span(state.idle) if state.idle is not None else "?",
        waiting=_waiting(stream, state),
        waited=span(behind.waited) if behind else "?",
        gap=span(behind.gap) if behind else "?",
    )


_UNREAD = text(
    "{group} has no live reader: {waiting}, the oldest for {waited} or more, and none of its "
    "consumers ({count}) was seen for {idle}"
)
_NEVER = text("{group} has no reader: {waiting}, the oldest for {waited} or more")
_UNSEEN = text(
    "{group} is not read: {waiting}, the oldest for {waited} or more; whether a reader is "
    "connected was not seen"
)
_SENTENCES = {
    ("alive", "read"): text("{group} is read: one of its consumers ({count}) was seen {idle} ago"),
    ("alive", "moved"): text("{group} is read: it moved on while it was looked at"),
    ("alive", "waits"): text("{group}: a reader waits for the next entry"),
    (
        "alive",
        "recent",
    ): text("{group} has read everything; one of its consumers ({count}) asked {idle} ago"),
    ("stuck", "slow"): text("{group} does not keep up: {waiting}, and what it reads is {gap} old"),
    ("stuck", "unacknowledged"): text("{group} reads, and what it does not acknowledge grows"),
    ("stuck", "holds"): text(
        "{group} is stuck: {waiting}, the oldest for {waited} or more, and its reader, which is "
        "still connected, does not come back for it"
    ),
    ("dead", "gone"): text(
        "{group} has no live reader: none of its consumers ({count}) was seen for {idle}, and no "
        "connection waits for it (nothing is left to read)"
    ),
    ("dead", "nobody"): text(
        "{group} has no reader: it has no consumer, and no connection waits for it"
    ),
    ("unknown", "quiet"): text(
        "{group}: whether anybody reads it is not known: it has nothing to read, and connections "
        "wait in XREADGROUP of which Redis does not say where"
    ),
    ("unknown", "unlisted"): text(
        "{group}: whether anybody reads it is not known: its consumers, or the clients, were not "
        "all listed"
    ),
    ("unknown", "unseen"): text(
        "{group}: whether anybody reads it is not known: its reader may be a client of an unknown "
        "unit"
    ),
    ("unknown", "primary"): text(
        "{group}: whether anybody reads it is not known: its readers are at the primary"
    ),
}


def _doubt(state: GroupState) -> Text:
    if state.why == "quiet":
        return text("CLIENT LIST names no stream, and before 7.2 a waiting reader leaves no trace")
    if state.why == "unseen":
        return text("not every client was listed, or the unit of one that reads is not known")
    if state.why == "primary":
        return text("its readers are at the primary: a replica lists its own clients only")
    return text("its consumers or the clients were not all listed")


def _waiting(stream: StreamFlow, state: GroupState) -> Text:
    if state.lag is None:
        at_least = state.behind.at_least if state.behind else 0
        return text("at least {count} entries wait (lag not known)", count=at_least)
    count = state.lag - _lost(stream, state)
    return text("1 entry waits") if count == 1 else text("{count} entries wait", count=count)


def _lost(stream: StreamFlow, state: GroupState) -> int:
    """Return how many entries at least were trimmed before the group read them."""
    return max(0, (state.lag or 0) - (stream.activity.length or 0))


def _details(stream: StreamFlow, state: GroupState, flow: Flow) -> Iterator[Text]:
    group = state.group
    if state.readers:
        yield text(
            "read by {units} ({how})",
            units=", ".join(one.unit for one in state.readers),
            how=CONFIDENCES[state.readers[0].confidence],
        )
    else:
        yield from _missing_unit(stream, state, flow)
    if state.unlisted:
        yield text(
            "XINFO lists no consumer: before 7.2 a reader that never received an entry is not "
            "shown, and only its blocked connection is"
        )
    if state.waiting:
        units = sorted({unit for one in state.waiting for unit in one.units})
        yield text(
            "connections that wait and may be its reader's: {count} ({units})",
            count=len(state.waiting),
            units=", ".join(units) or text("of units that are not known"),
        )
    if _lost(stream, state) and stream.activity.length:
        yield text(
            "trimmed away before the group read them: {count} entries", count=_lost(stream, state)
        )
    if stream.activity.length == 0:
        yield text("the stream is empty")
    if group.pending:
        yield _pending(state)
    if state.leaked:
        yield text(
            "{count} of its {all} consumers were inactive for more than a day with nothing "
            "pending: left over",
            count=state.leaked,
            all=group.consumer_count,
        )


def _pending(state: GroupState) -> Text:
    oldest = (
        text(", the oldest added {span} ago", span=span(state.oldest_pending))
        if state.oldest_pending is not None
        else text("")
    )
    later = state.group.later
    grown = (
        text(", {count} more at the end of the look", count=later[0] - state.group.pending)
        if later is not None and state.growing
        else text("")
    )
    return text(
        "delivered and not acknowledged: {count} entries{oldest}{grown}",
        count=state.group.pending,
        oldest=oldest,
        grown=grown,
    )


def _missing_unit(stream: StreamFlow, state: GroupState, flow: Flow) -> Iterator[Text]:
    """Say which unit it is by its name, and how that stands."""
    for unit in stream.called_after(state):
        found = flow.observed.unit(unit)
        if found is not None and found.active_state:
            yield text(
                "by its name it is the group of {unit}, which is {state}",
                unit=unit,
                state=found.active_state,
            )


def _cited(stream: StreamFlow, state: GroupState) -> tuple[Citation, ...]:
    rows = [line for line in stream.stream.lines if '"XREVRANGE"' not in line[:40]]
    clients = [line for one in (*state.connections, *state.waiting)[:20] for line in one.lines]
    sockets = [cite for one in state.connections[:20] for cite in one.citations]
    listed = (stream.survey.cite(*dict.fromkeys(clients)),) if clients else ()
    return (stream.survey.cite(*rows), *listed, *dict.fromkeys(sockets))
