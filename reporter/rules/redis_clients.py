"""Rule on a Redis server's clients: how many there may be, and which look dead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Client, Survey
from reporter.recorded import recorded
from reporter.rules.redis_view import ASKED, FOUND, SERVER, Fault, Server, View, answered, view_of

__all__ = ["redis_clients"]

NEAR = 0.90
"""Share of maxclients."""

DEAD_S = 86400
MANY_DEAD = 10
"""A pool keeps a few connections for busy hours; nobody needs ten that slept for a day."""

_WAITING = frozenset("bPSMO")
"""Flags of those that rightly wait: blocked, subscribed, replica, primary, monitor."""

_SHOWN = 5
_LINES = 20


@rule(
    section="redis",
    component=SERVER,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P1",
    if_ignored=text("new clients are turned away"),
)
def redis_clients(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Whether a Redis server still takes clients, and whether dead ones hold places.

    Means, each that holds:

        connections are rejected during the survey               P1
        90 % of maxclients or more are connected                 P2
        connections were rejected since the start                P3
        ten connections or more that look dead                   P3

    A connection looks dead that has sent nothing for a day or more and neither waits in a blocking
    command nor is subscribed, a replica, a primary or a monitor. Redis itself asks the other end's
    kernel every five minutes (tcp-keepalive), so these mostly are not cut off: a process leaked
    them, or keeps a pool too large. Fewer than ten are a detail. Blocked clients are counted, not
    judged: consumers wait so for new entries. The slow log's length is shown.

    Why: a server at its limit turns new clients away, and leaked connections are how it gets there.

    Evidence: INFO's sections Clients and Stats, CLIENT LIST at the survey's beginning and end,
    SLOWLOG LEN.

    Limits: rejected_connections counts since the start or CONFIG RESETSTAT; maxclients is shown
    since 6.2. CLIENT LIST is cut after 2000 clients, and not asked for where there are very many:
    then as many look dead, or more. Whether timeout or tcp-keepalive are set is not known without
    CONFIG.

    Source: Redis documentation of INFO, of CLIENT LIST and of client handling; redis.conf
    maxclients, tcp-keepalive, timeout.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server, survey in answered(view, text("the state of its clients is not known")):
        if isinstance(survey, Verdict):
            yield survey
            continue
        dead = _dead(survey)
        yield view.judged(
            server,
            _faults(survey, dead),
            _state(survey),
            details=_details(survey, dead),
            citations=_citations(survey, dead),
        )
        yield from _unseen(view, server, survey)


def _faults(survey: Survey, dead: tuple[Client, ...]) -> Iterator[Fault]:
    rejected, later = survey.number("rejected_connections"), survey.later("rejected_connections")
    connected, most = survey.number("connected_clients"), survey.number("maxclients")
    if rejected is not None and later is not None and later > rejected:
        yield Fault(
            "P1",
            text("connections rejected during the survey: {count}", count=later - rejected),
        )
    if connected is not None and most and connected >= NEAR * most:
        yield Fault(
            "P2",
            text("clients connected: {count} of at most {most}", count=connected, most=most),
        )
    if rejected:
        yield Fault(
            "P3",
            text(
                "connections rejected since its start for want of places: {count}", count=rejected
            ),
        )
    if len(dead) >= MANY_DEAD:
        yield Fault("P3", _looks_dead(dead))


def _looks_dead(dead: tuple[Client, ...]) -> Text:
    hosts = Counter(client.addr.rpartition(":")[0] or client.addr for client in dead)
    shown = ", ".join(f"{name} {count}" for name, count in hosts.most_common(_SHOWN))
    return text(
        "connections that look dead, silent for a day or more: {count} ({hosts})",
        count=len(dead),
        hosts=shown,
    )


def _state(survey: Survey) -> Text:
    most = survey.number("maxclients")  # shown since 6.2
    return text(
        "clients: {count}, blocked: {blocked}"
        if most is None
        else "clients: {count} of at most {most}, blocked: {blocked}",
        count=survey.info.get("connected_clients", "?"),
        most="?" if most is None else most,
        blocked=survey.info.get("blocked_clients", "?"),
    )


def _details(survey: Survey, dead: tuple[Client, ...]) -> Iterator[Text]:
    if 0 < len(dead) < MANY_DEAD:
        yield _looks_dead(dead)
    if survey.slowlog is not None:
        yield text("entries in the slow log: {count}", count=survey.slowlog)


def _dead(survey: Survey) -> tuple[Client, ...]:
    listed = survey.clients_begin if survey.clients_end is None else survey.clients_end
    return tuple(
        client
        for client in listed or ()
        if client.idle >= DEAD_S and not client.own and not _WAITING.intersection(client.flags)
    )


def _citations(survey: Survey, dead: tuple[Client, ...]) -> Iterator[Citation]:
    yield survey.cite_info(
        "connected_clients", "maxclients", "blocked_clients", "rejected_connections"
    )
    if dead:
        yield survey.cite(*(client.line for client in dead[:_LINES]))
    if "SLOWLOG LEN" in survey.lines:
        yield survey.cite(survey.lines["SLOWLOG LEN"])


def _unseen(view: View, server: Server, survey: Survey) -> Iterator[Verdict]:
    listed = survey.clients_begin
    if listed is None:
        refused = (one.error for one in survey.refused if one.command[:2] == ("CLIENT", "LIST"))
        said = next(refused, None)
        why = (
            text("{said}", said=recorded(said))
            if said
            else survey.stopped or text("no record of it")
        )
    elif survey.client_total is not None and survey.client_total > len(listed):
        why = text("{shown} of {total} were listed", shown=len(listed), total=survey.client_total)
    else:
        return
    gap = Missing(survey.record, why)
    yield view.unknown(server, text("not all its clients are known"), gap, about="clients")
