"""Since when a thing is broken: the earliest moment the evidence shows."""

from __future__ import annotations

from reporter.facts import FactStore
from reporter.findings import Missing
from reporter.judgement.surroundings import Surroundings
from reporter.judgement.things import Thing
from reporter.parsers.systemd_units import Unit

__all__ = ["since"]

_AWAY = frozenset({"inactive", "failed"})


def since(thing: Thing, facts: FactStore, around: Surroundings) -> float | None:
    """Return epoch seconds; None where no evidence shows a moment.

    A unit that does not run: when it stopped. A stream that stands still: its last event. A
    timer without a run: its last one.
    """
    if thing.kind == "unit":
        return _of_unit(thing.name, facts)
    if thing.kind == "stream" and thing.name in around.still:
        activity = around.rows[thing.name].activity
        return activity.id_at if activity else None
    if thing.kind == "group":
        row = next(
            (row for name, row in around.rows.items() if thing.name.startswith(f"{name}/")), None
        )
        return row.activity.id_at if row and row.subject in around.still and row.activity else None
    return None


def _of_unit(name: str, facts: FactStore) -> float | None:
    if name.endswith(".timer"):
        timers = facts.get("timers")
        timer = None if isinstance(timers, Missing) else timers.by_name.get(name)
        return (timer.last_at or None) if timer else None
    units = facts.get("units")
    unit: Unit | None = None if isinstance(units, Missing) else units.get(name)
    if unit is None:
        return None
    if unit.active_state in _AWAY:
        return unit.inactive_since or unit.exited_at or None
    journals = facts.get("restart_journal")
    journal = None if isinstance(journals, Missing) else journals.get(name)
    if journal is None or isinstance(journal, Missing):
        return None
    return min((one.at for one in journal.restarts), default=None)
