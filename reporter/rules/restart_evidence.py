"""What the evidence tells of a unit's automatic restarts: signs of a loop, rhythm, rate."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from reporter.facts import Each
from reporter.findings import Missing
from reporter.messages import Text, text
from reporter.parsers.systemd_restart_journal import Restart, RestartJournal
from reporter.parsers.systemd_units import Unit, Units
from reporter.rules.times import rate, span

__all__ = ["Restarts", "Rhythm", "restarts_of"]

_RECENT = 10
"""Intervals that count: a loop is judged by its newest restarts, not by those at boot."""
_PATIENCE = 3.0
"""A rhythm still holds while its newest restart is no older than this many intervals."""
_ROUNDING_S = 2.0
"""Moments that `show` prints are cut to seconds."""


@dataclass(frozen=True)
class Rhythm:
    """The newest restarts of the present boot and counter, oldest first."""

    restarts: tuple[Restart, ...]
    read_at: float

    @cached_property
    def interval(self) -> float | None:
        """The typical time between the newest restarts, in seconds; None if there are none."""
        moments = [one.at for one in self.restarts[-_RECENT - 1 :]]
        between = [late - early for early, late in itertools.pairwise(moments)]
        return statistics.median_low(between) if between else None

    @property
    def age(self) -> float:
        """How old the newest restart was when the journal was read, in seconds."""
        return max(0.0, self.read_at - self.restarts[-1].at)

    @property
    def holds(self) -> bool:
        """Whether the next restart is due or not long overdue."""
        return self.interval is not None and self.age <= _PATIENCE * self.interval


@dataclass(frozen=True)
class Restarts:
    """All that is known of one unit's restarts; `again` is its second sample."""

    unit: Unit
    again: Unit | Missing
    journal: RestartJournal | Missing
    rhythm: Rhythm | None
    sampled_at: float
    sampled_again_at: float | None
    booted_at: float | None

    @property
    def count(self) -> int:
        """The counter as last seen; it counts since the last start by hand."""
        return max(self.unit.restarts or 0, self._count_again)

    @property
    def growth(self) -> int:
        """By how much the counter grew between the two samples."""
        return max(0, self._count_again - (self.unit.restarts or 0))

    @property
    def complete(self) -> bool:
        """Whether the journal tells of the newest restart that the counter knows."""
        last = self.rhythm.restarts[-1].count if self.rhythm else 0
        return last >= (self.unit.restarts or 0)

    @property
    def signs(self) -> tuple[Text, ...]:
        """Each sign that makes a loop certain."""
        return tuple(self._signs())

    @property
    def outlived(self) -> bool:
        """Whether its present life is longer than any rhythm its restarts can have had.

        All of them lie between boot and the start of this life, so no interval is longer than
        that; more than three times as much, and even the slowest loop would have come round.
        """
        unit = self.unit
        if unit.sub_state != "running" or not unit.started_at or not self.booted_at:
            return False
        life = self.sampled_at - unit.started_at
        return life > _PATIENCE * (unit.started_at - self.booted_at) + _ROUNDING_S

    @property
    def pace(self) -> Text:
        """The rate in restarts per hour and what it was read from, or that it is not known."""
        if self.rhythm is not None and self.rhythm.interval:
            return text(
                "about {rate} restarts per hour (journal: the newest {count}, typically {span} "
                "apart)",
                rate=rate(3600 / self.rhythm.interval),
                count=min(len(self.rhythm.restarts), _RECENT + 1),
                span=span(self.rhythm.interval),
            )
        between = (self.sampled_again_at or 0) - self.sampled_at
        if self.growth > 1 and between > 0:
            return text(
                "between {least} and {most} restarts per hour (two samples: {growth} restarts in "
                "{span})",
                least=rate(3600 * (self.growth - 1) / between),
                most=rate(3600 * (self.growth + 1) / between),
                growth=self.growth,
                span=span(between),
            )
        uptime = self.sampled_at - (self.booted_at or self.sampled_at)
        if self.count > 1 and uptime > 0:
            return text(
                "at least {rate} restarts per hour on average since boot (counter and time of "
                "boot; the rate now is not known)",
                rate=rate(3600 * self.count / uptime),
            )
        return text("at a rate that is not known")

    @property
    def _count_again(self) -> int:
        return 0 if isinstance(self.again, Missing) else self.again.restarts or 0

    def _signs(self) -> Iterator[Text]:
        again = None if isinstance(self.again, Missing) else self.again
        if _waits(self.unit) or (again is not None and _waits(again)):
            yield text("it waits for its next automatic restart")
        if self.growth:
            yield text("its counter grew by {growth} during the collection", growth=self.growth)
        elif self.rhythm and self.rhythm.restarts[-1].count > (self.unit.restarts or 0):
            yield text("it was restarted during the collection")


def restarts_of(
    unit: Unit,
    units: Units,
    units_again: Units | Missing,
    journals: Each[RestartJournal] | Missing,
) -> Restarts:
    """Gather what is known of one unit's restarts."""
    again: Unit | Missing
    if isinstance(units_again, Missing):
        again = units_again
    else:
        again = units_again.get(unit.name) or Missing(
            units_again.record, text("the second sample does not show {unit}", unit=unit.name)
        )
    journal = journals if isinstance(journals, Missing) else journals.get(unit.name)
    rhythm = None
    if not isinstance(journal, Missing):
        found = _present(journal.restarts, unit, again, units)
        rhythm = Rhythm(found, journal.read_at) if found else None
    return Restarts(
        unit=unit,
        again=again,
        journal=journal,
        rhythm=rhythm,
        sampled_at=units.sampled_at,
        sampled_again_at=None if isinstance(units_again, Missing) else units_again.sampled_at,
        booted_at=units.booted_at,
    )


def _waits(unit: Unit) -> bool:
    return (unit.sub_state or "").startswith("auto-restart")


def _present(
    restarts: Sequence[Restart], unit: Unit, again: Unit | Missing, units: Units
) -> tuple[Restart, ...]:
    """Return the restarts that the unit's counter counts: of this boot, since its last reset."""
    if not restarts:
        return ()
    boot = restarts[-1].boot
    since = (units.booted_at or 0.0) - _ROUNDING_S
    here = [one for one in restarts if one.boot == boot and one.at >= since]
    if not here or _was_reset(here[-1], unit, again, units):
        return ()
    start = len(here) - 1
    while start > 0 and here[start - 1].count < here[start].count:
        start -= 1
    return tuple(here[start:])


def _was_reset(newest: Restart, unit: Unit, again: Unit | Missing, units: Units) -> bool:
    """Say whether the counter began anew after the newest restart the journal tells of."""
    known = unit.restarts or 0
    if not isinstance(again, Missing):
        known = max(known, again.restarts or 0)
    return newest.count > known and newest.at < units.sampled_at
