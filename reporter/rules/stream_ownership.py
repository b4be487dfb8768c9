"""Rule on streams nobody reads through a group, and groups nobody ever sent anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reporter.dataflow.code import code_of
from reporter.dataflow.flow import Flow, StreamFlow
from reporter.dataflow.observed import Observed, surveys_of
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.config_files import ConfigFiles
from reporter.parsers.config_units import EnvUse
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.parsers.systemd_units import Units
from reporter.rules.redis_view import ASKED, FOUND
from reporter.source.model import Scan

__all__ = ["stream_ownership"]

OWNERSHIP = text("Event ownership")


@rule(
    section="redis",
    component=OWNERSHIP,
    needs=(),
    uses=(*FOUND, "sockets", "socket_processes", "units"),
    if_asked=(*ASKED, "source_scan", "unit_env_files", "env_files"),
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
    units: Units | Missing,
    source_scan: Scan | Missing,
    unit_env_files: EnvUse | Missing,
    env_files: ConfigFiles | Missing,
) -> Iterator[Verdict]:
    """Event flows that end nowhere, and groups that wait at streams nothing ever came into.

    Means: a stream whose events arrive in time and that has no consumer group is ok where the code
    of a service that runs reads it by its name (XREAD, XRANGE), unknown where not all of the code
    was read, and degraded (P3) otherwise. One that has groups and never had an entry is degraded
    (P3). All other streams are not spoken of here.

    Why: events nobody answers for are work done for nothing, or a reader that was never started;
    groups without events wait for a producer that was renamed, or never written.

    Evidence: redis_servers, redis_named, redis_remote: XINFO STREAM, XINFO GROUPS, CLIENT LIST;
    repository_source, with config_env_files for what the code takes from there; systemd_units.

    Limits: a plain XREAD or XRANGE leaves no trace at the stream, so a flow without a group may
    have readers whose code does not name it. Units whose last command was one are named: they read
    some stream. Streams of a replica whose primary is on the same host are judged there.

    Source: Redis documentation, XINFO STREAM, XINFO GROUPS, XREAD.
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    code = code_of(host, source_scan, units, unit_env_files, env_files)
    flow = Flow(Observed(host, surveys, sockets, socket_processes, units, code=code))
    for server in flow.originals:
        for stream in server.streams:
            activity = stream.activity
            if stream.groups == () and activity.active == "yes" and activity.length:
                yield _without_group(stream, host)
            elif stream.groups and activity.ever is False:
                names = ", ".join(state.group.name for state in stream.groups)
                yield _verdict(stream, _NO_EVENT, (text("its groups: {names}", names=names),), host)


_NO_GROUP = text("{stream}: events arrive, and no consumer group reads them")
_NO_EVENT = text("{stream} has consumer groups, and never had an entry")


def _without_group(stream: StreamFlow, host: HostContext) -> Verdict:
    """Judge a stream without a group by the code of the services."""
    observed = stream.server.observed
    uses = tuple(observed.code.followers(stream.stream.name))
    states = {use.unit: observed.unit(use.unit) for use in uses}
    running = [name for name, unit in states.items() if unit and unit.active_state in _RUNNING]
    gap = _gap(observed, read=bool(uses))
    plain = list(stream.server.clients.using("reads"))
    details = tuple(_plain(stream.server.clients.units(plain), len(plain)))
    found = _verdict(stream, _NO_GROUP, details, host)
    if running:
        return replace(
            found,
            status="ok",
            severity=None,
            running="yes",
            confidence="configured",
            message=text(
                "{stream}: no consumer group reads it; by their code these units follow it: "
                "{units}",
                stream=stream.subject,
                units=", ".join(running),
            ),
            details=(),
            connected_to=tuple(running),
            citations=(
                *found.citations,
                *(use.cite() for use in uses),
                *(unit.cite("ActiveState") for unit in states.values() if unit),
            ),
        )
    if gap is not None:
        return replace(
            found,
            status="unknown",
            severity=None,
            running="unknown",
            message=text(
                "{stream}: events arrive, and no consumer group reads them; whether a service "
                "follows it without one is not known",
                stream=stream.subject,
            ),
            missing=(gap,),
        )
    idle = (text("{unit} would read it by its code, and does not run", unit=one) for one in states)
    return replace(
        found,
        details=(*details, *idle),
        citations=(*found.citations, *(use.cite() for use in uses)),
    )


_RUNNING = ("active", "activating", "reloading")


def _gap(observed: Observed, *, read: bool) -> Missing | None:
    """Say why a service's code may follow a stream although nothing that was read says so."""
    if read and isinstance(observed.units, Missing):
        return observed.units
    return observed.code.unsure("reads")


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
