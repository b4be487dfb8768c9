"""The comparison of every statement of the reference report with ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.reference import check_blocks, check_parts, check_streams, check_units
from tests.reference.ours import Ours
from tests.reference.outcome import Outcome
from tests.reference.table import Statement

__all__ = ["compare"]

_CHECKS: Mapping[str, Callable[[Statement, Ours], Outcome]] = {
    "unit": check_units.unit,
    "units": check_units.missing,
    "loop": check_units.loop,
    "timers": check_units.timers,
    "status": check_blocks.status,
    "running": check_blocks.running,
    "connected": check_blocks.connected,
    "evidence": check_blocks.evidence,
    "keyspace": check_blocks.keyspace,
    "families": check_blocks.families,
    "loads": check_blocks.loads,
    "front end": check_blocks.front_end,
    "loaded files": check_blocks.loaded_files,
    "compared": check_blocks.compared,
    "producer": check_streams.producer,
    "consumers": check_streams.consumers,
    "active": check_streams.active,
    "last": check_streams.last,
    "works": check_parts.works,
    "judged": check_parts.judged,
    "systemic": check_parts.systemic,
}


def compare(statement: Statement, ours: Ours) -> Outcome:
    """Return what comes of one statement, computed from our JSON and text report alone."""
    return _CHECKS[statement.check](statement, ours)
