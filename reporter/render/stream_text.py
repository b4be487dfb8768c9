"""The truth table of streams in the text report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reporter.dataflow.producers import Producer
from reporter.dataflow.readers import GroupState
from reporter.dataflow.table import ServerTable, StreamRow, StreamTable
from reporter.messages import Text, Value, joined, text
from reporter.render.terminal import Shown
from reporter.words import CONFIDENCES

__all__ = ["HEADS", "LEGEND", "MOST", "WIDTH", "cells", "prefix_of", "table_lines", "title"]

WIDTH = 120
"""Columns the table may take; prose has fewer."""

MOST = 200
"""Rows shown of one server: the JSON report holds them all."""

_LENGTH = text("LENGTH")
HEADS = (
    text("STREAM"),
    text("PRODUCER"),
    text("CONSUMER"),
    text("ACTIVE?"),
    _LENGTH,
    text("LAST EVENT"),
)
_RIGHT = HEADS.index(_LENGTH)
_UNKNOWN = text("UNKNOWN")
_ACTIVE = {"yes": text("YES"), "stale": text("STALE"), "no": text("NO"), "unknown": _UNKNOWN}
_LIFE = {"stuck": text("STUCK"), "dead": text("DEAD"), "unknown": _UNKNOWN}
_HEALTH = {"down": text("DOWN"), "unstable": text("RESTARTING")}
_NO_GROUP = "none"
"""As the reference has it, in every language."""
_BREAK = re.compile(r"(?<=[-_.:/,@])")
LEGEND = text(
    "claimed: the entries' own source field says so. configured: the unit's command line names the "
    "stream. inferred: no other unit can be it. A group without a mark has a live reader. A plain "
    "XREAD reader leaves no trace and stands nowhere here."
)


def table_lines(table: StreamTable, shown: Shown) -> Iterator[str]:
    """Yield the lines of the table of every server."""
    for server in table.servers:
        yield from _server(server, shown)
        yield ""
    if table.rows:
        yield from _wrapped(shown(LEGEND), WIDTH - 20)


def _server(server: ServerTable, shown: Shown) -> Iterator[str]:
    rows = server.rows[:MOST]
    prefix = prefix_of([row.stream for row in rows])
    yield from _wrapped(shown(title(server, prefix)), WIDTH - 20)
    several = len({row.db for row in rows}) > 1
    if rows:
        heads = [shown(head) for head in HEADS]
        yield from _grid(heads, [cells(row, prefix, shown, several=several) for row in rows])
    if len(server.rows) > len(rows):
        more = len(server.rows) - len(rows)
        yield shown(text("and {more} more: --format json holds every row", more=more))
    for note in server.notes:
        yield from _wrapped(f"- {shown(note)}", WIDTH - 20, "  ")


def title(server: ServerTable, prefix: str) -> Text:
    """Return what stands above a server's rows, whose names all begin with `prefix`."""
    if not server.rows:
        return server.title
    counted = joined([server.title, text("streams: {count}", count=len(server.rows))])
    if not prefix:
        return counted
    return text("{counted} (all names begin with {prefix})", counted=counted, prefix=prefix)


def prefix_of(names: Sequence[str]) -> str:
    """Return what all names begin with, up to a divider; nothing for fewer than three."""
    if len(names) < 3:
        return ""
    first, last = min(names), max(names)  # what these two share, all between them share
    alike = next((at for at in range(len(first)) if first[: at + 1] != last[: at + 1]), len(first))
    common = first[:alike]
    return common[: max(common.rfind(mark) for mark in ":/") + 1]


Cell = list[str]
"""The parts of a cell: each begins a line."""


def cells(row: StreamRow, prefix: str, shown: Shown, *, several: bool) -> tuple[Cell, ...]:
    """Return the row's cells under `HEADS`; `several` databases are told apart."""
    name = row.stream.removeprefix(prefix)
    return (
        [shown(f"{name} (db{row.db})" if several and row.db else name)],
        [shown(one) for one in _producers(row)],
        [shown(one) for one in _groups(row.groups)],
        [shown(_ACTIVE[row.active])],
        [shown("-" if row.exists is False else _UNKNOWN if row.length is None else row.length)],
        [shown(row.shown)],
    )


def _producers(row: StreamRow) -> list[Text]:
    if row.producers:
        return [_producer(one) for one in row.producers]
    if row.candidates:
        return [text("UNKNOWN ({count} candidates)", count=len(row.candidates))]
    return [_UNKNOWN]


def _producer(one: Producer) -> Text:
    known = [CONFIDENCES[one.confidence]]
    if one.health in _HEALTH:
        known.append(_HEALTH[one.health])
    return text("{unit} ({how})", unit=one.name.removesuffix(".service"), how=joined(known))


def _groups(groups: tuple[GroupState, ...] | None) -> list[Value]:
    if groups is None:
        return [_UNKNOWN]
    return [_group(one) for one in groups] or [_NO_GROUP]


def _group(one: GroupState) -> Text:
    if one.life not in _LIFE:
        return text("{group}", group=one.group.name)
    return text("{group} ({life})", group=one.group.name, life=_LIFE[one.life])


def _grid(heads: list[str], rows: list[tuple[Cell, ...]]) -> Iterator[str]:
    widths = _widths(heads, rows)
    yield _line(heads, widths)
    yield "-+-".join("-" * width for width in widths)
    for row in rows:
        columns = [
            [line for part in cell for line in _broken(part, width)]
            for cell, width in zip(row, widths, strict=True)
        ]
        for place in range(max(map(len, columns))):
            yield _line([one[place] if place < len(one) else "" for one in columns], widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if place == _RIGHT else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return " | ".join(padded).rstrip()


def _widths(heads: list[str], rows: list[tuple[Cell, ...]]) -> list[int]:
    """Return the columns' widths: as wide as need be; names give way first, then times."""
    widths = [
        max(len(head), *(len(part) for row in rows for part in row[place]))
        for place, head in enumerate(heads)
    ]
    room = WIDTH - 3 * (len(widths) - 1)
    for columns, least in (((0, 1, 2), 20), ((5,), 27), ((0, 1, 2, 5), 12)):
        while sum(widths) > room and max(widths[one] for one in columns) > least:
            widths[max(columns, key=lambda one: widths[one])] -= 1
    return widths


def _broken(part: str, width: int) -> list[str]:
    """Break a cell's part into lines, after a space or a divider where there is one."""
    lines = [""]
    for word in part.split(" "):
        for whole in _BREAK.split(word + " "):
            piece = whole
            while len((lines[-1] + piece).rstrip()) > width:
                if lines[-1].strip():
                    lines.append("  ")
                    if len(("  " + piece).rstrip()) <= width:
                        break
                space = width - len(lines[-1])
                lines[-1] += piece[:space]
                piece = piece[space:]
                lines.append("  ")
            lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()]


def _wrapped(line: str, width: int, rest: str = "") -> Iterator[str]:
    shown = ""
    for word in line.split(" "):
        if shown and len(shown) + 1 + len(word) > width:
            yield shown
            shown = rest + word
        else:
            shown = f"{shown} {word}" if shown else word
    yield shown
