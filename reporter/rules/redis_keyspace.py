"""Rule on which Redis servers there are, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.recorded import recorded
from reporter.rules.host_figures import size
from reporter.rules.redis_view import ASKED, FOUND, Server, View, product, view_of
from reporter.rules.times import span

__all__ = ["KEYSPACE", "redis_keyspace"]

KEYSPACE = text("Redis keyspace")

_LINES = 20
"""Raw lines quoted of listeners whose process is not shown."""

_REDIS_PORT = 6379


@rule(
    section="redis",
    component=KEYSPACE,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P2",
    if_ignored=text("everything that reads or writes events stands"),
)
def redis_keyspace(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Which Redis and Valkey servers there are, their version and uptime, and the keys they hold.

    Means, for each server: ok with the number of keys and of those that expire, by database, where
    it answered; degraded (P2) while it loads its data set, since until then it answers no reads;
    down (P2) where nothing listens at an endpoint the operator names on the host; unknown with the
    reason where it did not answer. A survey that stopped half-way, or a scan that
    did not reach its end, gives an unknown finding beside that: streams it did not see may be
    there.

    A host on which no listener is such a server's has one quiet finding that says so. Where the
    reader is not shown whose a listener is, it is unknown whether there are more.

    Why: streams live in a server; which one, how full, and since when stands before all else.

    Evidence: redis_listeners (ss), INFO and SCAN of redis_servers, redis_named, redis_remote.

    Limits: a server is known by the name of its process, or where that is not shown by its unit's.
    One in a container shows only a forwarder's listener or none: name it in
    probe_redis_local_endpoints. Listeners that root is not shown the process of are taken for the
    kernel's own, but for those on port 6379. Counts are INFO's, at the survey's beginning; keys
    that have expired and were not met yet are among them.

    Source: Redis documentation of INFO; Valkey's server_name and valkey_version.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server in view.servers:
        if server.survey is None:
            yield _silent(view, server)
        else:
            yield _answers(view, server, server.survey)
            yield from _unseen(view, server, server.survey)
    if not isinstance(redis_servers, Missing) and redis_servers.shortfall:
        yield _no_server_verdict(
            "more",
            text("there may be more Redis servers: {why}", why=redis_servers.shortfall.reason),
            redis_servers.shortfall,
        )
    if not isinstance(redis_listeners, Missing):
        yield from _others(view, redis_listeners)


def _answers(view: View, server: Server, survey: Survey) -> Verdict:
    loading = survey.info.get("loading") == "1"
    up = survey.number("uptime_in_seconds")
    return view.verdict(
        server,
        "degraded" if loading else "ok",
        text(
            "{server}: {product}, up {uptime}, loads its data set and answers nothing until then"
            if loading
            else "{server}: {product}, up {uptime}: {keyspace}",
            server=server.endpoint,
            product=product(survey),
            uptime=text("for an unknown time") if up is None else span(up),
            keyspace=_keyspace(survey),
        ),
        base=KEYSPACE,
        severity="P2" if loading else None,
        running="partial" if loading else "yes",
        connected_to=(text("the streams of the truth table"),) if survey.streams else (),
        details=_figures(survey),
        citations=(
            survey.cite_info(
                "redis_version",
                "server_name",
                "valkey_version",
                "redis_mode",
                "uptime_in_seconds",
                "loading",
                "loading_eta_seconds",
                *(f"db{db.number}" for db in survey.databases),
            ),
        ),
    )


def _keyspace(survey: Survey) -> Text:
    if survey.info.get("redis_mode") == "sentinel":
        return text("primaries watched: {count}", count=survey.info.get("sentinel_masters", "?"))
    shown = [f"db{db.number} keys={db.keys}, expires={db.expires}" for db in survey.databases]
    return text("{databases}", databases="; ".join(shown)) if shown else text("no keys")


def _figures(survey: Survey) -> Iterator[Text]:
    used, clients = survey.number("used_memory"), survey.number("connected_clients")
    if used is not None:
        yield text("memory: {used}", used=size(used))
    if clients is not None:
        yield text("clients: {count}", count=clients)
    eta = survey.number("loading_eta_seconds")
    if eta is not None and survey.info.get("loading") == "1":
        yield text("loading is expected to take another {time}", time=span(eta))
    if survey.info.get("config_file") == "":
        yield text("it was started without a configuration file")


def _unseen(view: View, server: Server, survey: Survey) -> Iterator[Verdict]:
    if survey.stopped is not None:
        yield _gap(view, server, "survey", text("not all of it was seen"), survey, survey.stopped)
    for db in survey.databases:
        if not db.scan_complete and survey.info.get("loading") != "1":
            what = text("not all streams of db{number} are known", number=db.number)
            reason = db.stopped or text("it was not scanned")
            yield _gap(view, server, f"db{db.number}", what, survey, reason)


def _gap(
    view: View, server: Server, about: str, what: Text, survey: Survey, reason: Text
) -> Verdict:
    return view.unknown(server, what, Missing(survey.record, reason), about=about, base=KEYSPACE)


def _silent(view: View, server: Server) -> Verdict:
    gap = server.missing
    record = view.gone(server)
    if record:
        return view.verdict(
            server,
            "down",
            text(
                "{server}: nothing listens there, although probe_redis_local_endpoints names it: "
                "{reason}",
                server=server.endpoint,
                reason=recorded(record.reason) if record.reason else text("no reason given"),
            ),
            base=KEYSPACE,
            severity="P2",
            running="no",
            citations=(Citation(record.id),),
        )
    listens = server.listening is not None
    reason = gap.reason if gap else text("no reason given")
    return view.verdict(
        server,
        "unknown",
        text(
            "{server} listens, but what it holds is not known: {reason}"
            if listens
            else "{server}: nothing is known of it: {reason}",
            server=server.endpoint,
            reason=reason,
        ),
        base=KEYSPACE,
        running="yes" if listens else "unknown",
        missing=(gap,) if gap else (),
    )


def _others(view: View, listeners: RedisListeners) -> Iterator[Verdict]:
    collector = view.host.bundle.collector
    doubtful = [
        one
        for one in listeners.unowned
        if collector.uid != 0 or (one.end is not None and one.end.port == _REDIS_PORT)
    ]
    if doubtful:
        why = text(
            "listeners whose process is not shown to the user {user}: {count}",
            user=collector.user,
            count=len(doubtful),
        )
        yield Verdict(
            subject="listeners",
            status="unknown",
            running="unknown",
            component=KEYSPACE,
            message=text(
                "there may be more Redis servers: {why}"
                if view.servers
                else "whether a Redis server runs here is not known: {why}",
                why=why,
            ),
            citations=(listeners.cite(*doubtful[:_LINES]),),
            missing=(Missing(listeners.record, why),),
        )
    if listeners.unread:
        why = text("lines that no listener can be read in: {count}", count=len(listeners.unread))
        yield _no_server_verdict(
            "unread",
            text("there may be more Redis servers: {why}", why=why),
            Missing(listeners.record, why),
        )
    if not view.servers and not doubtful and listeners.complete:
        yield Verdict(
            subject="none",
            status="ok",
            running="na",
            component=KEYSPACE,
            message=text("no listener of this host is a Redis or Valkey server's"),
            citations=(listeners.cite(),),
        )


def _no_server_verdict(subject: str, message: Text, gap: Missing) -> Verdict:
    return Verdict(
        subject=subject,
        status="unknown",
        running="unknown",
        component=KEYSPACE,
        message=message,
        missing=(gap,),
    )
