"""Rule on streams nobody reads through a group, and groups nobody ever sent anything."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.dataflow.flow import Flow, StreamFlow
from reporter.dataflow.observed import Observed, surveys_of
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.rules.redis_view import ASKED, FOUND

__all__ = ["stream_ownership"]

OWNERSHIP = text("Event ownership")


@rule(
    section="redis",
    component=OWNERSHIP,
    needs=(),
    uses=(*FOUND, "sockets", "socket_processes"),
    if_asked=ASKED,
    worst="P3",
    if_ignored=text("events are produced for nobody, or waited for in vain"),
)
def stream_ownership(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
    sockets: Sockets | Missing,
    socket_processes: Processes | Missing,
) -> Iterator[Verdict]:
    """Event flows that end nowhere, and groups that wait at streams nothing ever came into.

    Means: a stream whose events arrive in time and that has no consumer group is degraded (P3);
    so is one that has groups and never had an entry. All other streams are not spoken of here.

    Why: events nobody answers for are work done for nothing, or a reader that was never started;
    groups without events wait for a producer that was renamed, or never written.

    Evidence: redis_servers, redis_named, redis_remote: XINFO STREAM, XINFO GROUPS, CLIENT LIST.

    Limits: a plain XREAD or XRANGE leaves no trace at the stream, so a flow without a group may
    have readers all the same. Units whose last command was one are named: they read some stream.

    Source: Redis documentation, XINFO STREAM, XINFO GROUPS, XREAD.
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    flow = Flow(Observed(host, surveys, sockets, socket_processes))
    for server in flow.servers:
        plain = list(server.clients.using("reads"))
        readers = server.clients.units(plain)
        for stream in server.streams:
            activity = stream.activity
            if stream.groups == () and activity.active == "yes" and activity.length:
                yield _verdict(stream, _NO_GROUP, tuple(_plain(readers, len(plain))), host)
            elif stream.groups and activity.ever is False:
                names = ", ".join(state.group.name for state in stream.groups)
                yield _verdict(stream, _NO_EVENT, (text("its groups: {names}", names=names),), host)


_NO_GROUP = text("{stream}: events arrive, and no consumer group reads them")
_NO_EVENT = text("{stream} has consumer groups, and never had an entry")


def _plain(readers: tuple[str, ...], count: int) -> Iterator[Text]:
    yield text("plain XREAD and XRANGE readers leave no trace: there may be some")
    if readers:
        yield text(
            "units whose last command was one, at streams Redis does not name: {units}",
            units=", ".join(readers),
        )
    elif count:
        yield text("connections whose last command was one, of unknown units: {count}", count=count)


def _verdict(
    stream: StreamFlow, sentence: Text, details: tuple[Text, ...], host: HostContext
) -> Verdict:
    owner = host.profiles.stream_owner(stream.stream.name)
    rows = [line for line in stream.stream.lines if '"XREVRANGE"' not in line[:40]]
    return Verdict(
        subject=stream.subject,
        status="degraded",
        severity="P3",
        running="partial",
        component=OWNERSHIP,
        application=owner.name if owner else None,
        message=sentence.filled(stream=stream.subject),
        details=details,
        citations=(stream.survey.cite(*rows),),
    )
