"""Rules on whether streams move: each by itself, and those a profile expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.dataflow.activity import Active, Activity, activity_of, stamp
from reporter.dataflow.observed import surveys_of
from reporter.dataflow.surveys import Surveys
from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Stream, Survey
from reporter.profile import Profiles
from reporter.rules.redis_view import ASKED, FOUND
from reporter.rules.times import span

__all__ = ["expected_streams", "stream_activity"]

STREAMS = text("Redis streams")
EXPECTED = text("Expected streams")

_SOON_S = 300.0
"""An event's own time may lie so far ahead before it is worth a word."""


@rule(
    section="redis",
    component=STREAMS,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P3",
    if_ignored=text("what reads it works on old events, or on none"),
)
def stream_activity(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Whether events arrive in each stream: its length, and its last event by two clocks.

    Means:

        the last event is younger than the limit        ok
        it is older                                     degraded, P3: stale
        events arrive in time, and carry times older
        than the limit (by more than any zone explains) degraded, P3: stale
        no entry, now or ever                           degraded, P3: empty
        no entry left, and the last came within the
        limit, or one came during the survey            ok: what comes is taken out again
        no entry left of those it had, and none came    degraded, P3: empty
        it was not asked about, or refused              unknown

    The limit is 24 hours, or what a profile's stream_freshness says of it (pattern -> age; the
    longest pattern that fits counts). The last event is given by its entry's ID, which is the
    server's clock when it was added, and by the time it carries itself, which is its producer's.
    A time without a zone is taken as UTC, and the message says so; a bare number counts seconds,
    milli-, micro- or nanoseconds, whichever makes it a time of this century; what makes none is
    called implausible. An entry without a time field is given by its ID's time alone.

    Why: a producer that stopped raises no error anywhere: its stream just stands. An empty stream
    that something reads is an input that is missing. No stream is worse than P3 by itself, because
    many may rest: a profile's expected_streams says which may not (rule expected_streams).

    Evidence: redis_servers, redis_named, redis_remote: XINFO STREAM at the survey's beginning and
    end, and the newest entries' IDs and times.

    Limits: whoever adds an entry may choose its ID, and XSETID the last one: of a stream without
    entries that is all there is to go by. How many entries were trimmed is counted since 7.0.
    Streams of a database whose scan did not reach its end may be missing here. Those of a replica
    whose primary is on the same host are judged there.

    Source: Redis documentation, XINFO STREAM, XADD, "Redis Streams"; ISO 8601.
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for survey, stream in surveys:
        if survey.endpoint in surveys.copies:
            continue
        yield _judged(surveys, survey, stream, host)


def _judged(surveys: Surveys, survey: Survey, stream: Stream, host: HostContext) -> Verdict:
    subject = surveys.subject(survey, stream)
    activity = activity_of(survey, stream, host.profiles, host.collected_at)
    owner = host.profiles.stream_owner(stream.name)
    message = _message(subject, activity)
    if activity.active == "unknown":
        return Verdict(
            subject=subject,
            status="unknown",
            running="unknown",
            component=STREAMS,
            application=owner.name if owner else None,
            message=message,
            citations=_cited(survey, stream),
            missing=(Missing(survey.record, activity.unknown or text("not known")),),
        )
    fresh = activity.active == "yes"
    return Verdict(
        subject=subject,
        status="ok" if fresh else "degraded",
        running="yes" if fresh else "no",
        severity=None if fresh else "P3",
        component=STREAMS,
        application=owner.name if owner else None,
        message=message,
        details=tuple(_details(activity)),
        citations=_cited(survey, stream),
    )


def _cited(survey: Survey, stream: Stream) -> tuple[Citation, ...]:
    return (survey.cite(*stream.lines),)


def _message(subject: str, activity: Activity) -> Text:
    if activity.active == "unknown":
        return text(
            "{stream}: whether it moves is not known: {why}",
            stream=subject,
            why=activity.unknown or text("no answer"),
        )
    if activity.length == 0 and not activity.ever:
        return text("{stream} is empty, and never had an entry", stream=subject)
    if activity.length == 0 and activity.active == "yes":
        return (
            text(
                "{stream} moves; no entry is left to read, the last came {span} ago ({times})",
                stream=subject,
                span=span(activity.age),
                times=_times(activity),
            )
            if activity.age is not None
            else text(
                "{stream} moves; no entry is left to read, the last came during the look ({times})",
                stream=subject,
                times=_times(activity),
            )
        )
    if activity.length == 0:
        return text(
            "{stream} is empty: of the entries it had, up to {id}, none is left",
            stream=subject,
            id=activity.last_id or "?",
        )
    if activity.old_news:
        return text(
            "{stream} is stale: entries arrive, but the newest speaks of {span} ago ({event}); "
            "{length} entries",
            stream=subject,
            span=span(activity.event_age or 0.0),
            event=activity.payload.shown if activity.payload else "?",
            length=activity.length or 0,
        )
    age = activity.age if activity.age is not None else activity.event_age
    said = text(
        "{stream}: {length} entries{kept}, the last {span} ago ({times})"
        if activity.active == "yes"
        else "{stream} is stale: its last event is {span} old ({times}), more than {limit}; "
        "{length} entries{kept}"
    )
    return said.filled(
        stream=subject,
        length=activity.length or 0,
        span=span(age or 0.0),
        times=_times(activity),
        kept=text(" (of {count} ever added)", count=activity.added_ever or 0)
        if (activity.added_ever or 0) > (activity.length or 0)
        else text(""),
        limit=span(activity.limit),
    )


def _times(activity: Activity) -> Text:
    """Return the last event's time by its ID and by its payload, side by side."""
    by_id = (
        text("ID {time}", time=stamp(activity.id_at))
        if activity.id_at is not None
        else text("ID {id}, which is no time", id=activity.last_id or "?")
    )
    payload = activity.payload
    if payload is None:
        return text("{id}, no time field", id=by_id) if activity.entry_seen else by_id
    if not payload.plausible:
        return text(
            "{id}, {field} {text}: implausible as a time",
            id=by_id,
            field=payload.field,
            text=payload.text,
        )
    zone = text(", no zone: taken as UTC") if payload.naive else text("")
    return text(
        "{id}, {field} {shown}{zone}", id=by_id, field=payload.field, shown=payload.shown, zone=zone
    )


def _details(activity: Activity) -> Iterator[Text]:
    apart = activity.apart
    if activity.far_apart and apart is not None and apart > 0:
        yield text("its last event was added {span} after the time it carries", span=span(apart))
    elif apart is not None and apart < -_SOON_S:
        yield text("its last event carries a time {span} after it was added", span=span(-apart))


_STATUSES: Mapping[Active, Status] = {
    "yes": "ok",
    "stale": "degraded",
    "no": "down",
    "unknown": "unknown",
}
_SEVERITIES: Mapping[Active, Severity | None] = {
    "yes": None,
    "stale": "P2",
    "no": "P1",
    "unknown": None,
}


def _subjects(profiles: Profiles) -> tuple[str, ...]:
    return profiles.expected_streams()


@rule(
    section="redis",
    component=EXPECTED,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P1",
    if_ignored=text("everything that reads it works without its input"),
    subjects=_subjects,
    subjects_only=True,
)
def expected_streams(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """The streams an application's profile expects (`expected_streams`): whether they move.

    Means: ok where the last entry is younger than the stream's limit, be it still there or taken
    out again; degraded (P2)
    where it is stale; down (P1) where it is empty, or there is no stream of the name on any
    server; unknown where it was not seen and not every server was looked through to its end, where
    no server was looked through at all, or where it was refused. Where several servers have it,
    the one that moves counts.

    Why: an input that is missing makes everything after it work on nothing, without an error.

    Evidence: redis_servers, redis_named, redis_remote; redis_listeners, for servers nobody asked.

    Limits: whoever adds an entry may choose its ID. Names are compared whole, in every database.
    A declaration says what to expect and answers nothing else. Servers on other hosts are looked
    at only where an operator names them.

    Source: Redis documentation, SCAN, XINFO STREAM.
    """
    surveys = surveys_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for name in host.profiles.expected_streams():
        yield _expected(name, surveys, host, redis_listeners)


def _expected(
    name: str, surveys: Surveys, host: HostContext, listeners: RedisListeners | Missing
) -> Verdict:
    owner = host.profiles.stream_owner(name)
    found = [(survey, stream) for survey, stream in surveys if stream.name == name]
    if not found:
        return _not_found(name, surveys, host, listeners)
    judged = [
        (activity_of(survey, stream, host.profiles, host.collected_at), survey, stream)
        for survey, stream in found
    ]
    order = ("yes", "unknown", "stale", "no")
    activity, survey, stream = min(judged, key=lambda one: order.index(one[0].active))
    if activity.active in {"stale", "no"} and surveys.gaps:
        return _unknown(
            name,
            text(
                "{stream} does not move where it was seen, and not every server was seen",
                stream=name,
            ),
            surveys.gaps,
            host,
        )
    if activity.active == "unknown":
        return _unknown(
            name,
            _message(name, activity),
            (Missing(survey.record, activity.unknown or text("not known")),),
            host,
        )
    title = owner.title if owner else "?"
    if activity.active == "yes":
        message = text("{stream} moves, as {application} expects", stream=name, application=title)
    elif activity.active == "no":
        message = text(
            "{stream} is empty, although {application} expects events in it",
            stream=name,
            application=title,
        )
    else:
        message = text(
            "{stream} is stale, although {application} expects events in it: the last is "
            "{age} old, more than {limit}",
            stream=name,
            application=title,
            age=span(max(activity.age or 0.0, activity.event_age or 0.0)),
            limit=span(activity.limit),
        )
    return Verdict(
        subject=name,
        status=_STATUSES[activity.active],
        running="yes" if activity.active == "yes" else "no",
        severity=_SEVERITIES[activity.active],
        component=EXPECTED,
        application=owner.name if owner else None,
        message=message,
        citations=_cited(survey, stream),
    )


def _not_found(
    name: str, surveys: Surveys, host: HostContext, listeners: RedisListeners | Missing
) -> Verdict:
    if surveys.gaps or isinstance(listeners, Missing):
        return _unknown(
            name,
            text("{stream} was not seen; whether it exists is not known", stream=name),
            surveys.gaps,
            host,
        )
    if not surveys.all:
        why = text(
            "no Redis server was looked through: none was found on this host; one on another host "
            "is looked at where probe_redis_endpoints names it"
        )
        return _unknown(
            name,
            text("{stream}: whether it exists is not known: {why}", stream=name, why=why),
            (Missing(listeners.record, why),),
            host,
        )
    owner = host.profiles.stream_owner(name)
    return Verdict(
        subject=name,
        status="down",
        running="no",
        severity="P1",
        component=EXPECTED,
        application=owner.name if owner else None,
        message=text(
            "there is no stream {stream}, although {application} expects it: none of the {count} "
            "servers that were looked through has it",
            stream=name,
            application=owner.title if owner else "?",
            count=len(surveys.all),
        ),
        citations=(
            Citation(listeners.record),
            *(
                survey.cite(*(line for key, line in survey.lines.items() if key.startswith("SCAN")))
                for survey in surveys.all
            ),
        ),
    )


def _unknown(name: str, message: Text, missing: tuple[Missing, ...], host: HostContext) -> Verdict:
    owner = host.profiles.stream_owner(name)
    return Verdict(
        subject=name,
        status="unknown",
        running="unknown",
        component=EXPECTED,
        application=owner.name if owner else None,
        message=message,
        missing=missing,
    )
