"""The truth table of streams: its heads, its cells, and the words of its closed sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reporter.dataflow.activity import Active
from reporter.dataflow.producers import Health, Producer
from reporter.dataflow.readers import GroupState, Life
from reporter.dataflow.table import ServerTable, StreamRow
from reporter.messages import Text, Value, joined, text
from reporter.words import CONFIDENCES

__all__ = [
    "ACTIVE",
    "HEADS",
    "LEGEND",
    "LENGTH",
    "UNKNOWN",
    "group",
    "group_cells",
    "length_cell",
    "prefix_of",
    "producer",
    "producer_cells",
    "stream_cell",
    "titled",
]

LENGTH = text("LENGTH")
HEADS = (
    text("STREAM"),
    text("PRODUCER"),
    text("CONSUMER"),
    text("ACTIVE?"),
    LENGTH,
    text("LAST EVENT"),
)
"""The heads of the table, in the order of its columns."""

UNKNOWN = text("UNKNOWN")
ACTIVE: Mapping[Active, Text] = {
    "yes": text("YES"),
    "stale": text("STALE"),
    "no": text("NO"),
    "unknown": UNKNOWN,
}
_LIFE: Mapping[Life, Text] = {"stuck": text("STUCK"), "dead": text("DEAD"), "unknown": UNKNOWN}
_HEALTH: Mapping[Health, Text] = {"down": text("DOWN"), "unstable": text("RESTARTING")}
_NO_GROUP = "none"
"""As the reference has it, in every language."""

LEGEND = text(
    "claimed: the entries' own source field says so. configured: the unit's command line names the "
    "stream. inferred: no other unit can be it. A group without a mark has a live reader. A plain "
    "XREAD reader leaves no trace and stands nowhere here."
)


def titled(server: ServerTable, prefix: str) -> Text:
    """Return the title of a server's table: how many streams, and what their names begin with."""
    if not server.rows:
        return server.title
    counted = joined([server.title, text("streams: {count}", count=len(server.rows))])
    if not prefix:
        return counted
    return text("{counted} (all names begin with {prefix})", counted=counted, prefix=prefix)


def prefix_of(names: Sequence[str]) -> str:
    """Return what all names begin with, up to a divider; nothing for fewer than three.

    >>> prefix_of(["shop:orders", "shop:carts", "shop:audit"])
    'shop:'
    """
    if len(names) < 3:
        return ""
    first, last = min(names), max(names)  # what these two share, all between them share
    alike = next((at for at in range(len(first)) if first[: at + 1] != last[: at + 1]), len(first))
    common = first[:alike]
    return common[: max(common.rfind(mark) for mark in ":/") + 1]


def stream_cell(row: StreamRow, prefix: str, *, several: bool) -> str:
    """Return the stream's name without the prefix; `several` databases tell which it is in."""
    name = row.stream.removeprefix(prefix)
    return f"{name} (db{row.db})" if several and row.db else name


def producer_cells(row: StreamRow) -> list[Text]:
    """Return the producers, or how many units may be one."""
    if row.producers:
        return [producer(one) for one in row.producers]
    if row.candidates:
        return [text("UNKNOWN ({count} candidates)", count=len(row.candidates))]
    return [UNKNOWN]


def producer(one: Producer) -> Text:
    """Return a producer with how it is known, and whether it is down."""
    known = [CONFIDENCES[one.confidence]]
    if one.health in _HEALTH:
        known.append(_HEALTH[one.health])
    return text("{unit} ({how})", unit=one.name.removesuffix(".service"), how=joined(known))


def group_cells(row: StreamRow) -> list[Value]:
    """Return the groups with their state."""
    if row.groups is None:
        return [UNKNOWN]
    return [group(one) for one in row.groups] or [_NO_GROUP]


def group(one: GroupState) -> Text:
    """Return a group; one without a live reader is marked."""
    if one.life not in _LIFE:
        return text("{group}", group=one.group.name)
    return text("{group} ({life})", group=one.group.name, life=_LIFE[one.life])


def length_cell(row: StreamRow) -> Value:
    """Return how many entries it holds."""
    return "-" if row.exists is False else UNKNOWN if row.length is None else row.length
