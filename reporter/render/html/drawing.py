"""Where the parts of the map stand: four columns, writers, streams, groups, readers.

A group stands beside its stream, so that only what joins units to them can cross. Units stand as
near to what they write or read as those beside them let them. The same input gives the same
drawing; lengths are user units of the picture, about pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reporter.findings import Confidence, Status
from reporter.messages import Text, Value

__all__ = ["COLUMNS", "Band", "Drawing", "Link", "Spot", "Strand", "draw", "spread"]

COLUMNS = 4

_ROW = 23.0
_BOX = 19.0
_HEAD = 26.0
_TITLE = 24.0
_BETWEEN = 5.0
_CHAR = 6.65
_PADDING = 26.0
_MOST_CHARS = 34
_LEAST_CHARS = 12
_GAPS = (104.0, 40.0, 128.0)
_EDGE = 2.0


@dataclass(frozen=True)
class Spot:
    """One node; `name` is its whole name, `label` what there is room for.

    Without a `status` nothing was found about it. A `ghost` stands where something is not known,
    or is not. One that is `hot` is on a causal chain.
    """

    key: str
    label: Value
    name: Value
    status: Status | None = None
    anchor: str | None = None
    hot: bool = False
    ghost: bool = False


@dataclass(frozen=True)
class Strand:
    """A stream with its groups."""

    stream: Spot
    groups: tuple[Spot, ...]


@dataclass(frozen=True)
class Band:
    """Strands that belong together; without a title they are not told apart."""

    title: Text | None
    strands: tuple[Strand, ...]


@dataclass(frozen=True)
class Link:
    """What joins two spots, in the direction in which events flow; `weight` of them are one."""

    start: str
    end: str
    confidence: Confidence
    name: Value
    hot: bool = False
    weight: int = 1


@dataclass(frozen=True)
class Placed:
    """A spot in its place: left edge, middle, width, height."""

    spot: Spot
    x: float
    y: float
    width: float
    height: float = _BOX

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.y - self.height / 2

    @property
    def label(self) -> Value:
        """What fits into it: of a long name the middle is left out."""
        label = self.spot.label
        room = int((self.width - _PADDING) / _CHAR + 0.5)
        if isinstance(label, str) and len(label) > room:
            half = (room - 1) // 2
            return f"{label[: room - 1 - half]}…{label[-half:]}"
        return label


@dataclass(frozen=True)
class Line:
    """A link in its place; `path` is an SVG path."""

    link: Link
    path: str


@dataclass(frozen=True)
class Drawing:
    """A whole picture: `heads` are the left edges of the columns, `titles` bands by their top."""

    width: float
    height: float
    heads: tuple[float, ...]
    titles: tuple[tuple[Text, float], ...]
    spots: tuple[Placed, ...]
    lines: tuple[Line, ...]
    keys: Mapping[str, int] = field(default_factory=dict)


def draw(
    bands: Sequence[Band], writers: Iterable[Spot], readers: Iterable[Spot], links: Sequence[Link]
) -> Drawing:
    """Place everything; a link whose ends are not both there is left out."""
    writing, reading = list(writers), list(readers)
    strands = [strand for band in bands for strand in band.strands]
    heights, titles = _inner_heights(bands)
    heights.update(_outer_heights(writing, [(one.start, one.end) for one in links], heights))
    heights.update(_outer_heights(reading, [(one.end, one.start) for one in links], heights))
    columns = (
        [spot for spot in writing if spot.key in heights],
        [strand.stream for strand in strands],
        [group for strand in strands for group in strand.groups],
        [spot for spot in reading if spot.key in heights],
    )
    widths = [_width(column) for column in columns]
    lefts = [_EDGE]
    for width, gap in zip(widths, _GAPS, strict=False):
        lefts.append(lefts[-1] + width + gap)
    placed = {
        spot.key: Placed(spot, left, heights[spot.key], width)
        for column, left, width in zip(columns, lefts, widths, strict=True)
        for spot in column
    }
    seen = [one for one in links if one.start in placed and one.end in placed]
    return Drawing(
        width=lefts[-1] + widths[-1] + _EDGE,
        height=max(heights.values(), default=_HEAD) + _ROW / 2 + _EDGE,
        heads=tuple(lefts),
        titles=tuple(titles),
        spots=tuple(placed.values()),
        lines=tuple(
            Line(one, _path(placed[one.start], placed[one.end]))
            for one in sorted(seen, key=lambda one: one.hot)
        ),
        keys={key: number for number, key in enumerate(placed)},
    )


def spread(wanted: Sequence[float], gap: float, least: float) -> list[float]:
    """Return the places nearest to those wanted (in order), `gap` apart, none before `least`.

    >>> spread([10, 10, 40], 10, 0)
    [5.0, 15.0, 40.0]
    """
    blocks: list[tuple[float, int]] = []
    for number, place in enumerate(wanted):
        total, count = place - number * gap, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    starts = [max(total / count, least) for total, count in blocks for _ in range(count)]
    return [start + number * gap for number, start in enumerate(starts)]


def _inner_heights(bands: Sequence[Band]) -> tuple[dict[str, float], list[tuple[Text, float]]]:
    """Return the middles of streams and groups, and the tops of the bands' titles."""
    heights: dict[str, float] = {}
    titles: list[tuple[Text, float]] = []
    y = _HEAD
    for band in bands:
        if band.title is not None:
            titles.append((band.title, y))
            y += _TITLE
        for strand in band.strands:
            for number, group in enumerate(strand.groups):
                heights[group.key] = y + (number + 0.5) * _ROW
            rows = max(1, len(strand.groups))
            heights[strand.stream.key] = y + rows * _ROW / 2
            y += rows * _ROW + (_BETWEEN if rows > 1 else 0)
        y += _BETWEEN
    return heights, titles


def _outer_heights(
    spots: Sequence[Spot], joins: Sequence[tuple[str, str]], inner: Mapping[str, float]
) -> dict[str, float]:
    """Return the middles of a column of units, each near the mean of what it is joined to."""
    others: dict[str, list[float]] = {}
    for one, other in joins:
        if other in inner:
            others.setdefault(one, []).append(inner[other])
    wanted = sorted(
        (sum(others[spot.key]) / len(others[spot.key]), spot.key)
        for spot in spots
        if spot.key in others
    )
    places = spread([place for place, _ in wanted], _ROW, _HEAD + _ROW / 2)
    return {key: place for (_, key), place in zip(wanted, places, strict=True)}


def _width(column: Sequence[Spot]) -> float:
    longest = max((len(str(spot.label)) for spot in column), default=0)
    return max(_LEAST_CHARS, min(longest, _MOST_CHARS)) * _CHAR + _PADDING


def _path(start: Placed, end: Placed) -> str:
    left, right = start.x + start.width, end.x
    middle = (left + right) / 2
    if start.y == end.y:
        return f"M{left:.1f} {start.y:.1f}H{right:.1f}"
    return (
        f"M{left:.1f} {start.y:.1f}C{middle:.1f} {start.y:.1f} "
        f"{middle:.1f} {end.y:.1f} {right:.1f} {end.y:.1f}"
    )
