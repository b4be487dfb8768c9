"""What units say of the models they use: a table model by symbol, and how far back it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reporter.findings import Citation, Missing
from reporter.messages import Text, Value, text
from reporter.models.inventory import Inventory
from reporter.models.recognition import Kin, same_model
from reporter.parsers.journal_counts import JournalCounts, Match, PatternRead
from reporter.parsers.systemd_units import Unit, Units
from reporter.profile import Profile, Profiles
from reporter.profile_models import LoadEvidence

__all__ = ["Cell", "Load", "UnitLoads", "loads_of"]

_ROUNDING_S = 1.0
"""Moments that `show` prints are cut to seconds."""

Outcome = Literal["loaded", "fallback", "unknown"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What was last said of a model and symbol, when (epoch seconds), and how often.

    It is unknown where it was said before the unit's present start. No `symbol`: of the model as
    a whole.
    """

    symbol: str | None
    outcome: Outcome
    said: Literal["loaded", "fallback"]
    last: float
    count: int
    sample: str | None
    cited: Citation


@dataclass(frozen=True, slots=True)
class Load:
    """What one unit says of one model, by symbol. No cells: nothing is said of it.

    `files` counts its files on disk, None where no family fits the name.
    """

    model: str
    kin: Kin | None
    files: int | None
    cells: tuple[Cell, ...]

    def symbols(self, outcome: Outcome) -> tuple[Value, ...]:
        """Return the symbols with that outcome; `all` stands for a line that names none."""
        return tuple(one.symbol or text("all") for one in self.cells if one.outcome == outcome)


@dataclass(frozen=True)
class UnitLoads:
    """Load evidence of one unit.

    `back_to` is the moment from which on the journal was read for every pattern, None where that
    is not known; `gaps` why a line may have been missed. `started` is the unit's present start.
    """

    profile: Profile
    unit: str
    state: Unit | None
    started: float | None
    back_to: float | None
    entries: int
    loads: tuple[Load, ...]
    gaps: tuple[Missing, ...]
    cited: tuple[Citation, ...]


def loads_of(
    profiles: Profiles,
    inventory: Inventory,
    counts: JournalCounts | Missing,
    units: Units | Missing,
) -> Iterator[UnitLoads]:
    """Yield the load evidence of each unit that a profile names for it."""
    for profile in profiles:
        for evidence in profile.load_evidence:
            yield _unit(profile, evidence, inventory, counts, units)


def _unit(
    profile: Profile,
    evidence: LoadEvidence,
    inventory: Inventory,
    counts: JournalCounts | Missing,
    units: Units | Missing,
) -> UnitLoads:
    state = None if isinstance(units, Missing) else units.get(evidence.unit)
    gaps: list[Missing] = [units] if isinstance(units, Missing) else []
    reads: list[PatternRead] = []
    if isinstance(counts, Missing):
        gaps.append(counts)
    else:
        for name, _ in evidence.outcomes:
            read = counts.patterns.get(name)
            if read is None or not read.covers(evidence.unit):
                gaps.append(Missing(counts.record, _not_asked(name, evidence.unit)))
            else:
                reads.append(read)
                gaps.extend(Missing(counts.record, gap) for gap in read.gaps)
    running = state is not None and state.active_state == "active"
    started = state.started_at if state is not None and running else None
    said = [] if isinstance(counts, Missing) else list(_said(evidence, counts))
    limits = [read.back_to for read in reads]
    known = [limit for limit in limits if limit is not None]
    return UnitLoads(
        profile=profile,
        unit=evidence.unit,
        state=state,
        started=started,
        back_to=max(known) if known and len(known) == len(limits) else None,
        entries=max((read.entries for read in reads), default=0),
        loads=tuple(_loads(said, profile, inventory, started)),
        gaps=tuple(dict.fromkeys(gaps)),
        cited=() if isinstance(counts, Missing) else (counts.cited,),
    )


def _not_asked(name: str, unit: str) -> Text:
    return text(
        "the pattern {name} was not looked for in the journal of {unit}: name it in "
        "probe_journal_patterns",
        name=name,
        unit=unit,
    )


_Said = tuple[Literal["loaded", "fallback"], Match]


def _said(evidence: LoadEvidence, counts: JournalCounts) -> Iterator[_Said]:
    for name, outcome in evidence.outcomes:
        for match in counts.of(name, evidence.unit):
            yield outcome, match


def _loads(
    said: list[_Said],
    profile: Profile,
    inventory: Inventory,
    started: float | None,
) -> Iterator[Load]:
    """Yield what is said by model, then the families on disk of which nothing is said."""
    by_model: dict[str, list[_Said]] = {}
    for outcome, match in said:
        by_model.setdefault(match.groups.get("model") or "model", []).append((outcome, match))
    kins = [kin for kin in inventory.families if kin.application in (profile.name, None)]
    named: set[Kin] = set()
    for model in sorted(by_model, key=str.lower):
        kin = next((one for one in kins if _same(model, one, profile)), None)
        if kin is not None:
            named.add(kin)
        files = len(inventory.of(kin)) if kin else None
        cells = tuple(_cells(by_model[model], started))
        yield Load(model, kin, files, cells)
    for kin in kins:
        if kin not in named and kin.application == profile.name:
            yield Load(kin.name, kin, len(inventory.of(kin)), ())


def _same(model: str, kin: Kin, profile: Profile) -> bool:
    return same_model(model, kin, profile if kin.application else None)


def _cells(said: list[_Said], started: float | None) -> Iterator[Cell]:
    """Yield what was last said of each symbol; it counts if the unit has run since."""
    by_symbol: dict[str, list[_Said]] = {}
    for outcome, match in said:
        by_symbol.setdefault(match.groups.get("symbol") or "", []).append((outcome, match))
    for symbol in sorted(by_symbol):
        # Said in one moment, that it fell back is the later word: it is what it works with.
        outcome, match = max(
            by_symbol[symbol], key=lambda pair: (pair[1].last, pair[0] == "fallback")
        )
        stale = started is None or match.last < started - _ROUNDING_S
        yield Cell(
            symbol=symbol or None,
            outcome="unknown" if stale else outcome,
            said=outcome,
            last=match.last,
            count=sum(one.count for _, one in by_symbol[symbol]),
            sample=match.sample,
            cited=match.cited,
        )
