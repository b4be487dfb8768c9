"""Rule on who writes each stream, and whether that fits what runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reporter.dataflow.activity import Activity
from reporter.dataflow.code import code_of
from reporter.dataflow.flow import Flow, StreamFlow
from reporter.dataflow.observed import Observed, surveys_of
from reporter.dataflow.producers import Health, Producer, outlives
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Running, Verdict
from reporter.messages import Text, joined, text
from reporter.parsers.config_files import ConfigFiles
from reporter.parsers.config_units import EnvUse
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.rules.redis_view import ASKED, FOUND
from reporter.rules.times import at
from reporter.source.model import Scan
from reporter.words import CONFIDENCES

__all__ = ["stream_producers"]

PRODUCERS = text("Stream producers")

_ALIVE: frozenset[Health] = frozenset({"runs", "idle", "no unit"})
"""What may still write: it runs, will be started, or runs where no unit of this host is."""


@rule(
    section="redis",
    component=PRODUCERS,
    needs=(),
    uses=(*FOUND, "sockets", "socket_processes", "units", "unit_files"),
    if_asked=(*ASKED, "source_scan", "unit_env_files", "env_files"),
    worst="P3",
    if_ignored=text("the stream stays without new events"),
)
def stream_producers(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
    sockets: Sockets | Missing,
    socket_processes: Processes | Missing,
    units: Units | Missing,
    unit_files: UnitFiles | Missing,
    source_scan: Scan | Missing,
    unit_env_files: EnvUse | Missing,
    env_files: ConfigFiles | Missing,
) -> Iterator[Verdict]:
    """Who writes each stream, how that is known, and whether it can be true.

    Means: ok where a producer is known and runs, is started on demand, or is no unit of this
    host; those beside it that are down are named. Degraded (P3) where none of them does: all are
    down or keep restarting. The stream then stands for that reason, or, where entries came after
    the unit had stopped, somebody else writes it: in its name, if the entries claim it. Unknown
    where no producer is known, with what was tried; and where none that is known runs, and not
    all of the code was read that may name another.

    How it is known is the finding's confidence: claimed, by the source field of the entries
    themselves; configured, by a unit's own command line that names the stream as its output, or by
    its code, which writes to it by that name;
    inferred, where exactly one unit can be it (also by code that may mean one of several streams).
    Several are candidates and named as such. A source
    is matched to a unit by its name: case and -_. alike, without the application's prefix, with
    or without -service, and only where one unit fits.

    Why: what a stream carries is only as good as what writes it, and Redis does not record who
    that is.

    Evidence: redis_servers, redis_named, redis_remote (entries' sources, CLIENT LIST);
    repository_source, with config_env_files for what the code takes from there; sockets_open
    and sockets_processes, which join a client's address to a unit; systemd_units and
    systemd_unit_files for names, states and command lines.

    Limits: a claim is what the entry says: anybody may write it. CLIENT LIST shows each client's
    last command and no key; a client that adds inside a transaction or a script shows EXEC or
    EVALSHA. Candidates are connections open when the last entry came whose last command was XADD;
    clients on unix sockets and other hosts have no unit here. Only the newest entries are read.
    Command lines are masked: a stream's name is kept in them where it was known when they were.
    Streams of a replica whose primary is on the same host are judged there.

    Source: Redis documentation, CLIENT LIST; ss(8); systemctl(1).
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    code = code_of(host, source_scan, units, unit_env_files, env_files)
    flow = Flow(Observed(host, surveys, sockets, socket_processes, units, unit_files, code))
    for server in flow.originals:
        for stream in server.streams:
            yield _judged(stream, host)


def _judged(stream: StreamFlow, host: HostContext) -> Verdict:
    producers, subject = stream.producers, stream.subject
    owner = host.profiles.stream_owner(stream.stream.name)
    application = owner.name if owner else None
    if not producers.known:
        return Verdict(
            subject=subject,
            status="unknown",
            running="unknown",
            component=PRODUCERS,
            application=application,
            message=text("{stream}: its producer is not known", stream=subject)
            if not producers.candidates
            else text("{stream}: its producer is one of several", stream=subject),
            details=tuple(_tried(stream)),
            citations=_cited(stream),
            missing=producers.gaps,
            confidence="inferred" if producers.candidates else "observed",
        )
    first = producers.known[0]
    alive = [one for one in producers.known if one.health in _ALIVE]
    unsure = [one for one in producers.known if one.health == "unknown"]
    cited = (*_cited(stream), *(cite for one in producers.known for cite in one.citations))
    details = tuple(_details(stream))
    unread = None if alive else _unread(stream.server.observed)
    if unsure or unread is not None:
        return Verdict(
            subject=subject,
            status="unknown",
            running="unknown",
            component=PRODUCERS,
            application=application,
            message=text(
                "{stream} is written by {names}; whether that runs is not known"
                if unsure
                else "{stream} is written by {names}, which does not run; whether another unit's "
                "code writes it is not known",
                stream=subject,
                names=_names(producers.known),
            ),
            details=(*details, *_down(producers.known)),
            citations=cited,
            missing=producers.gaps
            if unread is None
            else tuple(dict.fromkeys((*producers.gaps, unread))),
            confidence=first.confidence,
        )
    if not alive:
        bad = _said(producers.known)
        return Verdict(
            subject=subject,
            status="degraded",
            severity="P3",
            running="unstable"
            if any(one.health == "unstable" for one in producers.known)
            else "no",
            component=PRODUCERS,
            application=application,
            message=_contradiction(subject, bad, stream.activity),
            details=(*details, *_down(one for one in producers.known if one is not bad)),
            citations=cited,
            confidence=first.confidence,
            connected_to=tuple(one.unit for one in producers.known if one.unit),
        )
    return Verdict(
        subject=subject,
        status="ok",
        running=_running(alive),
        component=PRODUCERS,
        application=application,
        message=text("{stream} is written by {names}", stream=subject, names=_names(tuple(alive))),
        details=(*details, *_down(producers.known)),
        citations=cited,
        confidence=first.confidence,
        connected_to=tuple(one.unit for one in producers.known if one.unit),
    )


def _unread(observed: Observed) -> Missing | None:
    """Say why a unit's code may write the stream although none that was read does."""
    return observed.code.unsure("writes")


def _said(known: tuple[Producer, ...]) -> Producer:
    """Return which of several that do not run the message is about: the one that did so last."""
    alike = [one for one in known if one.confidence == known[0].confidence]
    return max(alike, key=lambda one: (one.health == "unstable", one.since or 0.0))


def _running(alive: list[Producer]) -> Running:
    healths = {one.health for one in alive}
    if "runs" in healths:
        return "yes"
    return "no" if "idle" in healths else "na"


def _down(known: Iterable[Producer]) -> Iterator[Text]:
    """Say which of the producers do not run."""
    for one in known:
        if one.health == "unstable":
            yield text(
                "{unit} ({how}) writes it too, and keeps restarting",
                unit=one.name,
                how=CONFIDENCES[one.confidence],
            )
        elif one.health == "down":
            yield text(
                "{unit} ({how}) writes it too, and is down{since}",
                unit=one.name,
                how=CONFIDENCES[one.confidence],
                since=_since(one),
            )


def _names(known: tuple[Producer, ...]) -> Text:
    return joined(
        text("{unit} ({how})", unit=one.name, how=CONFIDENCES[one.confidence]) for one in known
    )


def _since(producer: Producer) -> Text:
    return text(" since {at}", at=at(producer.since)) if producer.since else text("")


def _contradiction(subject: str, producer: Producer, activity: Activity) -> Text:
    """Say what a producer that does not run means for the stream."""
    values: dict[str, str | Text] = {
        "stream": subject,
        "unit": producer.name,
        "how": CONFIDENCES[producer.confidence],
        "since": _since(producer),
    }
    if producer.health == "unstable":
        return text(
            "{stream} is written by {unit} ({how}), which keeps restarting",
            **{name: values[name] for name in ("stream", "unit", "how")},
        )
    if outlives(activity, producer) and producer.confidence != "claimed":
        return text(
            "{stream} still moves although {unit} ({how}) is down{since}: not only that writes it",
            **values,
        )
    if outlives(activity, producer):
        return text(
            "{stream} still moves in the name of {unit} ({how}), which is down{since}: "
            "somebody else writes it",
            **values,
        )
    if activity.active == "yes":
        return text(
            "{stream} is written by {unit} ({how}), which is down{since}: no more will come",
            **values,
        )
    return text("{stream} stands because {unit}, which writes it ({how}), is down{since}", **values)


def _details(stream: StreamFlow) -> Iterator[Text]:
    known = stream.producers.known
    claims = [one for one in known if one.confidence == "claimed"]
    if len(claims) > 1:
        yield text(
            "several sources claim it: {names}",
            names=", ".join(one.source or "?" for one in claims),
        )
    strange = [one.source or "?" for one in claims if one.health == "no unit"]
    if strange:
        yield text("no unit of this host goes by the name {names}", names=", ".join(strange))
    yield from _chosen(stream)


def _chosen(stream: StreamFlow) -> Iterator[Text]:
    if stream.producers.chosen_by:
        yield text(
            "it is one of several streams that the code of {units} may write",
            units=", ".join(stream.producers.chosen_by),
        )


def _tried(stream: StreamFlow) -> Iterator[Text]:
    producers = stream.producers
    if producers.candidates:
        yield text(
            "candidates, whose last command was XADD, which names no stream: {units}",
            units=", ".join(one.unit for one in producers.candidates),
        )
    if producers.named_by:
        yield text(
            "its name stands in the command line of {units}, which may read or write it",
            units=", ".join(producers.named_by),
        )
    yield from _chosen(stream)
    said = producers.tried[0]
    for one in producers.tried[1:]:
        said = text("{first}; {then}", first=said, then=one)
    yield text("tried: {what}", what=said)


def _cited(stream: StreamFlow) -> tuple[Citation, ...]:
    rows = [
        line
        for line in stream.stream.lines
        if '"XREVRANGE"' in line[:40] or '"STREAM"' in line[:40]
    ]
    clients = [
        line for one in stream.producers.candidates for c in one.connections for line in c.lines
    ]
    listed = (stream.survey.cite(*dict.fromkeys(clients)),) if clients else ()
    sockets = [
        cite for one in stream.producers.candidates for c in one.connections for cite in c.citations
    ]
    return (stream.survey.cite(*rows), *listed, *dict.fromkeys(sockets))
