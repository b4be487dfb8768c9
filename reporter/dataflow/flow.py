"""The dataflow of a host, found out once for all streams, and as a graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reporter.dataflow.activity import Activity, activity_of
from reporter.dataflow.clients import Clients
from reporter.dataflow.graph import Dataflow, Edge, Node, Relation
from reporter.dataflow.observed import Observed
from reporter.dataflow.producers import Producers, producers_of
from reporter.dataflow.readers import GroupState, groups_of_server
from reporter.dataflow.surveys import subject_of_group
from reporter.findings import Citation, Confidence
from reporter.parsers.redis_types import Stream, Survey
from reporter.rules.redis_view import Server

__all__ = ["Flow", "ServerFlow", "StreamFlow"]


@dataclass(frozen=True)
class StreamFlow:
    """One stream with all that is known of it; `subject` is what findings call it.

    `groups` is None where they are not known.
    """

    subject: str
    survey: Survey
    stream: Stream
    activity: Activity
    producers: Producers
    groups: tuple[GroupState, ...] | None


class ServerFlow:
    """One surveyed server."""

    def __init__(self, server: Server, survey: Survey, observed: Observed) -> None:
        self.server = server
        self.survey = survey
        self._observed = observed
        self.clients = Clients(survey, observed, remote=server.remote)

    @cached_property
    def streams(self) -> tuple[StreamFlow, ...]:
        """The streams, by database and name."""
        host, survey = self._observed.host, self.survey
        activities = {
            (stream.db, stream.name): activity_of(survey, stream, host.profiles, host.collected_at)
            for stream in survey.streams
        }
        groups = groups_of_server(survey, activities, self.clients, host.collected_at)
        return tuple(
            StreamFlow(
                subject=self._observed.surveys.subject(survey, stream),
                survey=survey,
                stream=stream,
                activity=activities[stream.db, stream.name],
                producers=producers_of(
                    survey, stream, activities[stream.db, stream.name], self.clients, self._observed
                ),
                groups=None
                if stream.groups is None
                else tuple(groups[stream.db, stream.name, one.name] for one in stream.groups),
            )
            for stream in sorted(survey.streams, key=lambda one: (one.db, one.name))
        )


class Flow:
    """The dataflow of a host, as far as the facts show it."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.servers = tuple(
            ServerFlow(server, server.survey, observed)
            for server in observed.surveys.servers
            if server.survey is not None
        )

    @cached_property
    def streams(self) -> tuple[StreamFlow, ...]:
        """Every stream of every server."""
        return tuple(one for server in self.servers for one in server.streams)

    @cached_property
    def graph(self) -> Dataflow:
        """The map of it all."""
        edges = tuple(dict.fromkeys(edge for one in self.servers for edge in _edges(one)))
        ends = {node for edge in edges for node in (edge.source, edge.target)}
        lone = {Node("server", one.server.endpoint) for one in self.servers}
        return Dataflow(tuple(sorted(ends | lone)), edges)


def _edges(server: ServerFlow) -> Iterator[Edge]:
    node = Node("server", server.server.endpoint)
    for unit in server.clients.units(server.clients.all):
        own = [one for one in server.clients.all if unit in one.units]
        commands = ", ".join(sorted({command for one in own for command in one.commands}))
        lines = "\n".join(line for one in own for line in one.lines)
        cited = (
            Citation(server.survey.record, lines),
            *(cite for one in own for cite in one.citations),
        )
        yield Edge("connected", Node("unit", unit), node, "observed", commands, cited)
    for flow in server.streams:
        stream = Node("stream", flow.subject)
        cited = (flow.survey.cite(*flow.stream.lines[:1]),)
        yield Edge("holds", node, stream, "observed", "", cited)
        yield from _written(flow, stream)
        for state in flow.groups or ():
            group = Node("group", subject_of_group(flow.subject, state.group))
            yield Edge("read through", stream, group, "observed", state.life, cited)
            for reader in state.readers:
                yield Edge("reads", group, Node("unit", reader.unit), reader.confidence, state.why)


def _written(flow: StreamFlow, stream: Node) -> Iterator[Edge]:
    producers = flow.producers
    known = {one.name for one in producers.known}

    def edge(relation: Relation, unit: str, confidence: Confidence, note: str = "") -> Edge:
        return Edge(relation, Node("unit", unit), stream, confidence, note)

    for one in producers.known:
        yield Edge(
            "writes",
            Node("unit", one.name),
            stream,
            one.confidence,
            one.source or "",
            one.citations,
        )
    for candidate in producers.candidates:
        if candidate.unit not in known:
            yield edge("may write", candidate.unit, "inferred")
    for unit in producers.named_by:
        yield edge("names", unit, "configured")
