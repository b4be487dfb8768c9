"""The map of one server: who writes which stream, who reads it through which group.

A host with few streams is one picture. One with many is a picture of its layers, each of which
has a picture of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reporter.dataflow.graph import Edge, Node
from reporter.dataflow.table import ServerTable, StreamRow
from reporter.findings import Finding, Status
from reporter.judgement.causes import weakest
from reporter.judgement.things import Thing, thing_of
from reporter.messages import Text, Value, joined, text
from reporter.profile_components import Component
from reporter.render.html.anchors import anchor
from reporter.render.html.drawing import Band, Drawing, Link, Spot, Strand, draw
from reporter.render.layers import component_of_stream, component_of_unit, layers
from reporter.render.stream_text import prefix_of
from reporter.report import HostReport
from reporter.words import CONFIDENCES, STATUSES

__all__ = ["FlowMap", "Part", "flow_maps", "unit_prefix"]

_MOST_STREAMS = 40
_MOST_UNITS = 60
"""More than these do not fit into one picture that can be read at once."""

_MOST_IN_PART = 80
"""Streams drawn of one layer: the truth table holds them all."""

_LEAST_FAMILY = 3
_DIVIDER = re.compile(r"[-:._/@]")
_ORDER: tuple[Status, ...] = ("down", "degraded", "ok", "unknown")
_WRITES = ("writes", "may write", "names")

_NOT_KNOWN = text("not known")
_NO_GROUP = text("no group")


@dataclass(frozen=True)
class Part:
    """One layer of a map: its anchor, its title, how its streams stand, and its picture."""

    name: str
    title: Text
    counts: tuple[tuple[Status, int], ...]
    left_out: int
    drawing: Drawing


@dataclass(frozen=True)
class FlowMap:
    """The map of one server: `whole` is all of it, or its layers where `parts` hold those.

    `name` is its anchor, `prefixes` are what the names in it leave out; `idle` are units that are
    connected and of which it is not known what they write or read.
    """

    name: str
    title: Text
    whole: Drawing
    parts: tuple[Part, ...]
    prefixes: tuple[str, ...]
    idle: tuple[str, ...]
    streams: int
    chains: bool


def flow_maps(host: HostReport) -> tuple[FlowMap, ...]:
    """Return a map for each server that was seen to have streams."""
    tables = [table for table in host.streams.servers if table.rows and table.endpoint]
    return tuple(
        _Mapper(host, table, f"map-{number}").flow_map()
        for number, table in enumerate(tables, start=1)
    )


def unit_prefix(units: Iterable[str]) -> str:
    """Return what most of at least three units' names begin with, up to a hyphen.

    >>> unit_prefix(["shop-api.service", "shop-web.service", "shop-db.service", "cron.service"])
    'shop-'
    """
    names = sorted(set(units))
    firsts = Counter(name.partition("-")[0] for name in names if "-" in name)
    first, count = max(firsts.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
    return f"{first}-" if count >= 3 and count * 2 > len(names) else ""


class _Mapper:
    """Makes the map of one server."""

    def __init__(self, host: HostReport, table: ServerTable, name: str) -> None:
        rows = table.rows
        self.host = host
        self.table = table
        self.name = name
        self.rows = rows
        subjects = {row.subject for row in rows}
        edges = host.dataflow.edges
        self.writes: dict[str, list[Edge]] = {}
        self.reads: dict[str, list[Edge]] = {}
        self.groups: dict[str, list[Node]] = {}
        for edge in edges:
            if edge.relation in _WRITES and edge.target.id in subjects:
                self.writes.setdefault(edge.target.id, []).append(edge)
            elif edge.relation == "read through" and edge.source.id in subjects:
                self.groups.setdefault(edge.source.id, []).append(edge.target)
        here = {group.id for groups in self.groups.values() for group in groups}
        for edge in edges:
            if edge.relation == "reads" and edge.source.id in here:
                self.reads.setdefault(edge.source.id, []).append(edge)
        self.said = _said(host)
        self.hot = _hot(host)
        self.stream_prefix = prefix_of([row.stream for row in rows])
        self.units = {
            node.id
            for node in (
                *(edge.source for edges in self.writes.values() for edge in edges),
                *(edge.target for edges in self.reads.values() for edge in edges),
            )
        }
        self.unit_prefix = unit_prefix(self.units)

    def flow_map(self) -> FlowMap:
        """Return the map."""
        bands = self._bands()
        several = len(self.rows) > _MOST_STREAMS or len(self.units) > _MOST_UNITS
        parts: tuple[Part, ...] = ()
        if several:
            parts = tuple(
                self._part(f"{self.name}-{number}", title, rows)
                for number, (title, rows) in enumerate(bands, start=1)
            )
            whole = self._outline(bands)
        else:
            titled = len(bands) > 1
            whole = self._picture([(title if titled else None, rows) for title, rows in bands])
        pictures = (whole, *(part.drawing for part in parts))
        return FlowMap(
            name=self.name,
            title=self.table.title,
            whole=whole,
            parts=parts,
            prefixes=tuple(one for one in (self.stream_prefix, self.unit_prefix) if one),
            idle=tuple(self._idle()),
            streams=len(self.rows),
            chains=any(line.link.hot for one in pictures for line in one.lines),
        )

    def _part(self, name: str, title: Text, rows: Sequence[StreamRow]) -> Part:
        shown = sorted(rows, key=lambda row: _rank(self._status("stream", row.subject)))
        counts = Counter(self._status("stream", row.subject) or "unknown" for row in rows)
        kept = {row.subject for row in shown[:_MOST_IN_PART]}
        return Part(
            name=name,
            title=title,
            counts=tuple((status, counts[status]) for status in _ORDER if counts[status]),
            left_out=len(rows) - len(kept),
            drawing=self._picture([(None, [row for row in rows if row.subject in kept])]),
        )

    def _picture(self, bands: Sequence[tuple[Text | None, Sequence[StreamRow]]]) -> Drawing:
        """Return the picture of some streams with all that writes and reads them."""
        links: list[Link] = []
        writers: dict[str, Spot] = {}
        readers: dict[str, Spot] = {}
        drawn: list[Band] = []
        for title, rows in bands:
            strands = []
            for row in sorted(rows, key=self._beside):
                for edge in self.writes.get(row.subject, ()):
                    spot = self._unit(edge.source.id, "w")
                    writers[spot.key] = spot
                    links.append(self._link(edge, spot.key, f"s:{row.subject}"))
                if row.subject not in self.writes:
                    ghost = _ghost(f"w?{row.subject}", _NOT_KNOWN)
                    writers[ghost.key] = ghost
                    links.append(_ghostly(ghost.key, f"s:{row.subject}", _NOT_KNOWN))
                strands.append(Strand(self._stream(row), tuple(self._groups(row, readers, links))))
            drawn.append(Band(title, tuple(strands)))
        return draw(drawn, writers.values(), readers.values(), links)

    def _groups(
        self, row: StreamRow, readers: dict[str, Spot], links: list[Link]
    ) -> Iterator[Spot]:
        stream = f"s:{row.subject}"
        groups = self.groups.get(row.subject, ())
        if not groups:
            none = _NOT_KNOWN if row.groups is None else _NO_GROUP
            yield _ghost(f"g?{row.subject}", none)
            links.append(_ghostly(stream, f"g?{row.subject}", none))
        for node in groups:
            spot = self._spot("g", node, node.id.removeprefix(f"{row.subject}/"))
            links.append(
                Link(
                    stream,
                    spot.key,
                    "observed",
                    text("{stream} → {group}", stream=row.stream, group=spot.label),
                    hot=self._is_hot(Node("stream", row.subject), node),
                )
            )
            yield spot
            for edge in self.reads.get(node.id, ()):
                reader = self._unit(edge.target.id, "r")
                readers[reader.key] = reader
                links.append(self._link(edge, spot.key, reader.key))
            if node.id not in self.reads:
                ghost = _ghost(f"r?{node.id}", _NOT_KNOWN)
                readers[ghost.key] = ghost
                links.append(_ghostly(spot.key, ghost.key, _NOT_KNOWN))

    def _stream(self, row: StreamRow) -> Spot:
        node = Node("stream", row.subject)
        return self._spot("s", node, row.stream.removeprefix(self.stream_prefix))

    def _unit(self, unit: str, side: str) -> Spot:
        label = unit.removesuffix(".service").removeprefix(self.unit_prefix)
        return self._spot(side, Node("unit", unit), label)

    def _spot(self, side: str, node: Node, label: str) -> Spot:
        finding = self.said.get((node.kind, node.id))
        status = finding.verdict.status if finding else None
        return Spot(
            key=f"{side}:{node.id}",
            label=label,
            name=text("{name}: {status}", name=node.id, status=STATUSES[status])
            if status
            else node.id,
            status=status,
            anchor=anchor(finding.id) if finding else None,
            hot=any((node.kind, node.id) in hot for hot in self.hot),
        )

    def _link(self, edge: Edge, start: str, end: str) -> Link:
        ends = {"start": edge.source.id, "end": edge.target.id}
        return Link(
            start,
            end,
            edge.confidence,
            text(
                "{start} → {end} ({how})",
                **ends,
                how=CONFIDENCES[edge.confidence],
            ),
            hot=self._is_hot(edge.source, edge.target),
        )

    def _is_hot(self, source: Node, target: Node) -> bool:
        ends = {(source.kind, source.id), (target.kind, target.id)}
        return any(ends <= hot for hot in self.hot)

    def _status(self, kind: str, name: str) -> Status | None:
        finding = self.said.get((kind, name))
        return finding.verdict.status if finding else None

    def _beside(self, row: StreamRow) -> tuple[str, str]:
        """Streams of one writer stand together."""
        writers = (edge.source.id for edge in self.writes.get(row.subject, ()))
        return min(writers, default="~"), row.subject

    def _idle(self) -> Iterator[str]:
        server = Node("server", self.table.endpoint or "")
        for edge in self.host.dataflow.entering(server):
            if edge.relation == "connected" and edge.source.id not in self.units:
                yield edge.source.id

    # -- layers -----------------------------------------------------------------------------

    def _bands(self) -> list[tuple[Text, list[StreamRow]]]:
        """Return the streams by layer, by component where it has none, by name where neither."""
        profiles = self.host.profiles
        found: dict[str, tuple[Text, list[StreamRow]]] = {}
        rest: list[StreamRow] = []
        for layer in layers(profiles):
            found[f"layer {layer}"] = (text("{layer}", layer=layer), [])
        for row in self.rows:
            component = self._component(row)
            if component is None:
                rest.append(row)
                continue
            key, title = _home(component)
            found.setdefault(key, (title, []))[1].append(row)
        bands = [band for band in found.values() if band[1]]
        many = len(self.rows) > _MOST_STREAMS
        families = self._families(rest) if many else [(text("in no component"), rest)]
        return bands + [family for family in families if family[1]]

    def _component(self, row: StreamRow) -> Component | None:
        profiles = self.host.profiles
        writers = (edge.source.id for edge in self.writes.get(row.subject, ()))
        candidates = (
            component_of_stream(row.stream, profiles),
            *(component_of_unit(unit, profiles) for unit in writers),
        )
        return next((one for one in candidates if one is not None), None)

    def _families(self, rows: Sequence[StreamRow]) -> list[tuple[Text, list[StreamRow]]]:
        """Return streams by the first word of their names, the few of a kind together."""
        by_word: dict[str, list[StreamRow]] = {}
        for row in rows:
            word = _DIVIDER.split(row.stream.removeprefix(self.stream_prefix), maxsplit=1)[0]
            by_word.setdefault(word, []).append(row)
        large = {word: own for word, own in by_word.items() if len(own) >= _LEAST_FAMILY}
        few = [row for word, own in by_word.items() if word not in large for row in own]
        named = [(text("{word}…", word=word), large[word]) for word in sorted(large)]
        return [*named, (text("others"), few)]

    def _outline(self, bands: Sequence[tuple[Text, Sequence[StreamRow]]]) -> Drawing:
        """Return the picture of whole layers: what writes them, and where they are read."""
        home = self._homes(bands)
        links: dict[tuple[str, str], list[Link]] = {}
        writers: dict[str, Spot] = {}
        readers: dict[str, Spot] = {}
        units: dict[str, set[str]] = {}
        drawn = []
        for number, (title, rows) in enumerate(bands):
            stream = self._sum("s", number, title, [("stream", row.subject) for row in rows])
            names = [("group", one.id) for row in rows for one in self.groups.get(row.subject, ())]
            group = self._sum("g", number, title, names)
            if not names:
                group = _ghost(group.key, _NO_GROUP)
            for row in rows:
                for edge in self.writes.get(row.subject, ()):
                    key = f"w:{home[edge.source.id]}"
                    units.setdefault(key, set()).add(edge.source.id)
                    links.setdefault((key, stream.key), []).append(
                        self._link(edge, key, stream.key)
                    )
                for node in self.groups.get(row.subject, ()):
                    hot = self._is_hot(Node("stream", row.subject), node)
                    links.setdefault((stream.key, group.key), []).append(
                        Link(stream.key, group.key, "observed", "", hot=hot)
                    )
                    for edge in self.reads.get(node.id, ()):
                        key = f"r:{home[edge.target.id]}"
                        units.setdefault(key, set()).add(edge.target.id)
                        links.setdefault((group.key, key), []).append(
                            self._link(edge, group.key, key)
                        )
            drawn.append(Band(None, (Strand(stream, (group,)),)))
        for key, members in units.items():
            number = int(key[2:])
            spot = self._sum(key[0], number, bands[number][0], [("unit", one) for one in members])
            (writers if key[0] == "w" else readers)[spot.key] = spot
        return draw(
            drawn, writers.values(), readers.values(), [_sum(own) for own in links.values()]
        )

    def _homes(self, bands: Sequence[tuple[Text, Sequence[StreamRow]]]) -> Mapping[str, int]:
        """Return each unit's layer: its component's, else the one it writes or reads most in."""
        titles = {str(title): number for number, (title, _) in enumerate(bands)}
        written: dict[str, Counter[int]] = {}
        read: dict[str, Counter[int]] = {}
        for number, (_, rows) in enumerate(bands):
            for row in rows:
                for edge in self.writes.get(row.subject, ()):
                    written.setdefault(edge.source.id, Counter())[number] += 1
                for node in self.groups.get(row.subject, ()):
                    for edge in self.reads.get(node.id, ()):
                        read.setdefault(edge.target.id, Counter())[number] += 1
        found = {}
        for unit in self.units:
            component = component_of_unit(unit, self.host.profiles)
            declared = titles.get(str(_home(component)[1])) if component else None
            counts = written.get(unit) or read[unit]
            most = min(counts, key=lambda number: (-counts[number], number))
            found[unit] = most if declared is None else declared
        return found

    def _sum(self, side: str, number: int, title: Text, things: Sequence[tuple[str, str]]) -> Spot:
        """Return one spot for several: how many, and how many of them are not well."""
        counts = Counter(self._status(*thing) for thing in things)
        worst = next((one for one in _ORDER if counts[one]), None)
        bad = [
            text("{count} {status}", count=counts[status], status=STATUSES[status])
            for status in ("down", "degraded")
            if counts[status]
        ]
        parts: list[Value] = [len(things), *bad]
        label = text("{title} · {counts}", title=title, counts=len(things))
        return Spot(
            key=f"{side}:{number}",
            label=label,
            name=text("{title}: {counts}", title=title, counts=joined(parts)),
            status=worst,
            anchor=f"{self.name}-{number + 1}",
            hot=any(thing in hot for thing in things for hot in self.hot),
        )


def _sum(links: Sequence[Link]) -> Link:
    """Return one link for several, as certain as the least certain of them."""
    first = links[0]
    return replace(
        first,
        confidence=weakest(one.confidence for one in links),
        name=text("{count}×", count=len(links)),
        hot=any(one.hot for one in links),
        weight=len(links),
    )


def _home(component: Component) -> tuple[str, Text]:
    if component.layer is not None:
        return f"layer {component.layer}", text("{layer}", layer=component.layer)
    return f"component {component.name}", text("{title}", title=component.title)


def _ghost(key: str, label: Text) -> Spot:
    return Spot(key=key, label=label, name=label, ghost=True)


def _ghostly(start: str, end: str, name: Text) -> Link:
    return Link(start, end, "inferred", name, weight=0)


def _rank(status: Status | None) -> int:
    return _ORDER.index(status) if status else len(_ORDER)


def _said(host: HostReport) -> dict[tuple[str, str], Finding]:
    """Return by kind and name of a thing the finding that says most of it: the worst known."""
    subjects = frozenset(row.subject for row in host.streams.rows)
    found: dict[tuple[str, str], Finding] = {}
    for finding in host.findings:
        thing = thing_of(finding, host.profiles, subjects)
        if thing.kind not in {"unit", "stream", "group"}:
            continue
        before = found.get((thing.kind, thing.name))
        if before is None or _weight(finding) < _weight(before):
            found[thing.kind, thing.name] = finding
    return found


def _weight(finding: Finding) -> tuple[int, str]:
    return (_rank(finding.verdict.status), finding.verdict.severity or "P9")


def _hot(host: HostReport) -> list[set[tuple[str, str]]]:
    """Return for each cause that reaches beyond itself the things on its way and downstream."""
    found = []
    for cause in host.judgement.causes:
        things: Iterable[Thing] = (*cause.things, *cause.downstream)
        names = {(thing.kind, thing.name) for thing in things}
        if len(names) > 1:
            found.append(names)
    return found
