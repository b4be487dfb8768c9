"""The dataflow map as a value: servers, streams, groups, units, and what joins them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from reporter.findings import Citation, Confidence

__all__ = ["Dataflow", "Edge", "Node", "NodeKind", "Relation"]

NodeKind = Literal["unit", "stream", "group", "server"]
Relation = Literal[
    "connected", "holds", "writes", "may write", "read through", "reads", "may read", "names"
]


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One thing of the map; `id` is unique among its kind.

    A unit's id is its name (`a.service`), or, where no unit of that name is known, what the
    entries call their source; a server's is its endpoint; a stream's and a group's are the
    subjects of their findings.
    """

    kind: NodeKind
    id: str


@dataclass(frozen=True, slots=True)
class Edge:
    """What joins two nodes, in the direction in which events flow, and how it is known.

    connected     unit -> server: it holds a connection; `note` is its last commands
    holds         server -> stream
    writes        unit -> stream
    may write     unit -> stream: one of several candidates, or of none that is known better
    read through  stream -> group
    reads         group -> unit
    may read      group -> unit: nobody reads it, and it is called after the unit
    names         unit -> stream: its command line names it, and not what for
    """

    relation: Relation
    source: Node
    target: Node
    confidence: Confidence
    note: str = ""
    citations: tuple[Citation, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Dataflow:
    """The whole map of a host; nodes and edges are in a stable order."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    def of(self, kind: NodeKind) -> Iterator[Node]:
        """Iterate over the nodes of a kind."""
        return (node for node in self.nodes if node.kind == kind)

    def leaving(self, node: Node) -> Iterator[Edge]:
        """Iterate over what leads on from a node."""
        return (edge for edge in self.edges if edge.source == node)

    def entering(self, node: Node) -> Iterator[Edge]:
        """Iterate over what leads to a node."""
        return (edge for edge in self.edges if edge.target == node)
