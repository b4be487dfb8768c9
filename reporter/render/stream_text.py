"""The truth table of streams in the text report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from reporter.dataflow.producers import Producer
from reporter.dataflow.readers import GroupState
from reporter.dataflow.table import ServerTable, StreamRow, StreamTable
from reporter.messages import Text
from reporter.render.terminal import safe

__all__ = ["WIDTH", "table_lines"]

WIDTH = 120
"""Columns the table may take; prose has fewer."""

_MOST = 200
"""Rows shown of one server: the JSON report holds them all."""

_HEADS = ("STREAM", "PRODUCER", "CONSUMER", "ACTIVE?", "LENGTH", "LAST EVENT")
_RIGHT = _HEADS.index("LENGTH")
_ACTIVE = {"yes": "YES", "stale": "STALE", "no": "NO", "unknown": "UNKNOWN"}
_LIFE = {"alive": "", "stuck": " (STUCK)", "dead": " (DEAD)", "unknown": " (UNKNOWN)"}
_HEALTH = {"down": ", DOWN", "unstable": ", RESTARTING"}
_BREAK = re.compile(r"(?<=[-_.:/,@])")
_LEGEND = (
    "claimed: the entries' own source field says so. configured: the unit's command line names the "
    "stream. inferred: no other unit can be it. A group without a mark has a live reader. A plain "
    "XREAD reader leaves no trace and stands nowhere here."
)


def table_lines(table: StreamTable, shown: Callable[[Text], str]) -> Iterator[str]:
    """Yield the lines of the table of every server; `shown` renders a sentence, made safe."""
    for server in table.servers:
        yield from _server(server, shown)
        yield ""
    if table.rows:
        yield from _wrapped(_LEGEND, WIDTH - 20)


def _server(server: ServerTable, shown: Callable[[Text], str]) -> Iterator[str]:
    rows = server.rows[:_MOST]
    prefix = _prefix([row.stream for row in rows])
    counts = f", streams: {len(server.rows)}" if server.rows else ""
    named = f" (all names begin with {safe(prefix)})" if prefix else ""
    yield from _wrapped(f"{shown(server.title)}{counts}{named}", WIDTH - 20)
    several = len({row.db for row in rows}) > 1
    if rows:
        yield from _grid([_cells(row, prefix, several=several) for row in rows])
    if len(server.rows) > len(rows):
        yield f"and {len(server.rows) - len(rows)} more: --format json holds every row"
    for note in server.notes:
        yield from _wrapped(f"- {shown(note)}", WIDTH - 20, "  ")


def _prefix(names: Sequence[str]) -> str:
    """Return what all names begin with, up to a divider; nothing for fewer than three."""
    if len(names) < 3:
        return ""
    first, last = min(names), max(names)  # what these two share, all between them share
    alike = next((at for at in range(len(first)) if first[: at + 1] != last[: at + 1]), len(first))
    common = first[:alike]
    return common[: max(common.rfind(mark) for mark in ":/") + 1]


Cell = list[str]
"""The parts of a cell: each begins a line."""


def _cells(row: StreamRow, prefix: str, *, several: bool) -> tuple[Cell, ...]:
    name = row.stream.removeprefix(prefix)
    return (
        [safe(f"{name} (db{row.db})" if several and row.db else name)],
        _producers(row),
        _groups(row.groups),
        [_ACTIVE[row.active]],
        ["-" if row.exists is False else "UNKNOWN" if row.length is None else str(row.length)],
        [safe(row.shown)],
    )


def _producers(row: StreamRow) -> Cell:
    if row.producers:
        return [safe(_producer(one)) for one in row.producers]
    if row.candidates:
        return [f"UNKNOWN ({len(row.candidates)} candidates)"]
    return ["UNKNOWN"]


def _producer(one: Producer) -> str:
    return f"{one.name.removesuffix('.service')} ({one.confidence}{_HEALTH.get(one.health, '')})"


def _groups(groups: tuple[GroupState, ...] | None) -> Cell:
    if groups is None:
        return ["UNKNOWN"]
    return [safe(f"{one.group.name}{_LIFE[one.life]}") for one in groups] or ["none"]


def _grid(rows: list[tuple[Cell, ...]]) -> Iterator[str]:
    widths = _widths(rows)
    yield _line(_HEADS, widths)
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


def _widths(rows: list[tuple[Cell, ...]]) -> list[int]:
    """Return the columns' widths: as wide as need be; names give way first, then times."""
    widths = [
        max(len(head), *(len(part) for row in rows for part in row[place]))
        for place, head in enumerate(_HEADS)
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
