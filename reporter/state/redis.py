"""Redis servers, streams and consumer groups as things, with their counters."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.dataflow.flow import Flow, ServerFlow, StreamFlow
from reporter.dataflow.surveys import subject_of_group
from reporter.profile import Profiles
from reporter.rules.redis_view import product
from reporter.state.model import Part, Thing, Value, traits_of

__all__ = ["servers", "streams"]


def servers(flow: Flow) -> Part:
    """Return the servers that were surveyed, by endpoint.

    `run_id` is new with every start of the server. Counters: `keys`, `evicted`, `sampled_at`.
    """
    return Part(("redis",), tuple(_server(one) for one in flow.servers), flow.observed.surveys.gaps)


def _server(server: ServerFlow) -> Thing:
    survey = server.survey
    listening = server.server.listening
    unit = listening.unit if listening else None
    owner = server.observed.host.profiles.owner(unit) if unit else None
    return Thing(
        "redis",
        server.server.endpoint,
        traits_of(
            version=product(survey),
            run_id=survey.info.get("run_id"),
            role=survey.info.get("role"),
            memory_limit=survey.number("maxmemory"),
            memory_policy=survey.info.get("maxmemory_policy"),
            append_only=_yes_no(survey.number("aof_enabled")),
            keys=sum(database.keys for database in survey.databases),
            evicted=survey.number("evicted_keys"),
            sampled_at=survey.asked_at or None,
        ),
        (unit,) if unit else (),
        owner.name if owner else None,
        survey.cite_info("redis_version", "run_id", "role", "uptime_in_seconds"),
    )


def _yes_no(number: int | None) -> bool | None:
    return None if number is None else bool(number)


def streams(flow: Flow) -> Part:
    """Return the streams and their groups, named as the findings name them.

    Counters of a stream: `length`, `entries_added` (since Redis 7.0), `last_id`; of a group:
    `entries_read`, `pending`, `lag`; all with `sampled_at`. `run_id` is the server's.
    """
    profiles = flow.observed.host.profiles
    things = []
    for stream in flow.streams:
        things.append(_stream(stream, profiles))
        things.extend(_groups(stream, profiles))
    return Part(("stream", "group"), tuple(things), flow.observed.surveys.gaps)


def _stream(flow: StreamFlow, profiles: Profiles) -> Thing:
    owner = profiles.stream_owner(flow.stream.name)
    sample = flow.stream.end or flow.stream.begin
    counters: dict[str, Value] = {}
    if sample is not None:
        counters = traits_of(
            length=sample.length,
            entries_added=sample.entries_added,
            last_id=sample.last_id,
            sampled_at=sample.at,
        )
    return Thing(
        "stream",
        flow.subject,
        {**counters, **traits_of(run_id=flow.survey.info.get("run_id"))},
        tuple(sorted({one.unit for one in flow.producers.known if one.unit})),
        owner.name if owner else None,
        flow.survey.cite(*flow.stream.lines[:1]),
    )


def _groups(flow: StreamFlow, profiles: Profiles) -> Iterator[Thing]:
    owner = profiles.stream_owner(flow.stream.name)
    for state in flow.groups or ():
        yield Thing(
            "group",
            subject_of_group(flow.subject, state.group),
            traits_of(
                entries_read=state.group.entries_read,
                pending=state.group.pending,
                lag=state.lag,
                sampled_at=flow.stream.begin.at if flow.stream.begin else None,
                run_id=flow.survey.info.get("run_id"),
            ),
            tuple(sorted({reader.unit for reader in state.readers})),
            owner.name if owner else None,
            flow.survey.cite(*flow.stream.lines[:1]),
        )
