"""The dataflow of a host, found out once for all streams, and as a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    """One stream with what is known of it; `subject` is what findings call it.

    Its groups and producers are found out when first asked for.
    """

    subject: str
    survey: Survey
    stream: Stream
    activity: Activity
    server: ServerFlow

    @cached_property
    def producers(self) -> Producers:
        """Who writes it."""
        server = self.server
        return producers_of(
            self.survey, self.stream, self.activity, server.clients, server.observed
        )

    @property
    def groups(self) -> tuple[GroupState, ...] | None:
        """Its groups, in Redis's order; None where they are not known."""
        db, name, groups = self.stream.db, self.stream.name, self.stream.groups
        if groups is None:
            return None
        return tuple(self.server.groups[db, name, one.name] for one in groups)

    def called_after(self, state: GroupState) -> tuple[str, ...]:
        """Return the units after which a group nobody is seen to read, or its consumers, go."""
        if state.readers or state.life not in {"dead", "stuck"}:
            return ()
        names = self.server.observed.names
        consumers = (one.name for one in state.group.consumers or ())
        fitting = (names.within(name) for name in (state.group.name, *consumers))
        return tuple(sorted({unit for unit in fitting if unit}))


class ServerFlow:
    """One surveyed server."""

    def __init__(self, server: Server, survey: Survey, observed: Observed) -> None:
        self.server = server
        self.survey = survey
        self.observed = observed
        self.clients = Clients(survey, observed, remote=server.remote)

    @cached_property
    def streams(self) -> tuple[StreamFlow, ...]:
        """The streams, by database and name."""
        return tuple(
            StreamFlow(
                subject=self.observed.surveys.subject(self.survey, stream),
                survey=self.survey,
                stream=stream,
                activity=self._activities[stream.db, stream.name],
                server=self,
            )
            for stream in sorted(self.survey.streams, key=lambda one: (one.db, one.name))
        )

    @cached_property
    def groups(self) -> Mapping[tuple[int, str, str], GroupState]:
        """The groups, by database, stream and name."""
        now = self.observed.host.collected_at
        return groups_of_server(self.survey, self._activities, self.clients, now)

    @cached_property
    def _activities(self) -> Mapping[tuple[int, str], Activity]:
        host = self.observed.host
        return {
            (one.db, one.name): activity_of(self.survey, one, host.profiles, host.collected_at)
            for one in self.survey.streams
        }


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

    @property
    def originals(self) -> tuple[ServerFlow, ...]:
        """The servers whose streams are their own, and no copy of another's on this host."""
        copies = self.observed.surveys.copies
        return tuple(one for one in self.servers if one.server.endpoint not in copies)

    @cached_property
    def graph(self) -> Dataflow:
        """The map of it all."""
        originals = self.originals
        edges = tuple(
            dict.fromkeys(edge for one in self.servers for edge in _edges(one, one in originals))
        )
        ends = {node for edge in edges for node in (edge.source, edge.target)}
        lone = {Node("server", one.server.endpoint) for one in self.servers}
        return Dataflow(tuple(sorted(ends | lone)), edges)


def _edges(server: ServerFlow, original: bool) -> Iterator[Edge]:
    """Yield the edges at a server; what a copy's entries claim happened at its primary."""
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
        if original:
            yield from _written(flow, stream)
        for state in flow.groups or ():
            group = Node("group", subject_of_group(flow.subject, state.group))
            yield Edge("read through", stream, group, "observed", state.life, cited)
            for reader in state.readers:
                yield Edge("reads", group, Node("unit", reader.unit), reader.confidence, state.why)
            for unit in flow.called_after(state):
                yield Edge("may read", group, Node("unit", unit), "inferred")


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
