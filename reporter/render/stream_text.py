"""The truth table of streams in the text report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reporter.dataflow.table import ServerTable, StreamRow, StreamTable
from reporter.messages import text
from reporter.presentation.streams import (
    ACTIVE,
    HEADS,
    LEGEND,
    LENGTH,
    group_cells,
    length_cell,
    prefix_of,
    producer_cells,
    stream_cell,
    titled,
)
from reporter.render.terminal import Shown

__all__ = ["WIDTH", "table_lines"]

WIDTH = 120
"""Columns the table may take; prose has fewer."""

_MOST = 200
"""Rows shown of one server: the JSON report holds them all."""

_RIGHT = HEADS.index(LENGTH)
_BREAK = re.compile(r"(?<=[-_.:/,@])")


def table_lines(table: StreamTable, shown: Shown) -> Iterator[str]:
    """Yield the lines of the table of every server."""
    for server in table.servers:
        yield from _server(server, shown)
        yield ""
    if table.rows:
        yield from _wrapped(shown(LEGEND), WIDTH - 20)


def _server(server: ServerTable, shown: Shown) -> Iterator[str]:
    rows = server.rows[:_MOST]
    prefix = prefix_of([row.stream for row in rows])
    yield from _wrapped(shown(titled(server, prefix)), WIDTH - 20)
    several = len({row.db for row in rows}) > 1
    if rows:
        heads = [shown(head) for head in HEADS]
        yield from _grid(heads, [_cells(row, prefix, shown, several=several) for row in rows])
    if len(server.rows) > len(rows):
        more = len(server.rows) - len(rows)
        yield shown(text("and {more} more: --format json holds every row", more=more))
    for note in server.notes:
        yield from _wrapped(f"- {shown(note)}", WIDTH - 20, "  ")


Cell = list[str]
"""The parts of a cell: each begins a line."""


def _cells(row: StreamRow, prefix: str, shown: Shown, *, several: bool) -> tuple[Cell, ...]:
    return (
        [shown(stream_cell(row, prefix, several=several))],
        [shown(one) for one in producer_cells(row)],
        [shown(one) for one in group_cells(row)],
        [shown(ACTIVE[row.active])],
        [shown(length_cell(row))],
        [shown(row.shown)],
    )


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
