"""Journal entries counted by the operator's patterns, and the errors of failing units.

Sample (the kind `journal_counts`; moments are microseconds since the epoch, what is no name is
masked):

    {"row": "match", "pattern": "model_fallback", "unit": "engine.service",
     "groups": {"model": "NHiTS", "symbol": "BTCUSDT"}, "count": 1, "first": 1795619124588811,
     "last": 1795619124588811, "sample": "[NHiTS] BTCUSDT: dummy fallback, no model"}
    {"row": "journal", "from": 1795619115241829}
    {"row": "read", "units": ["engine.service"], "since": 1795014352465420,
     "oldest": 1795619123820265, "newest": 1795619124588811, "entries": 13, "cut": null, ...}
    {"row": "pattern", "pattern": "model_fallback", "units": ["engine.service"], "slow": 0,
     "given_up": false, "more": 0}

and of a failing unit

    {"row": "line", "unit": "a.service", "why": "error", "at": 1795619157362638, "priority": 3,
     "sample": "a.service: Failed at step EXEC spawning /opt/a: No such file or directory"}
    {"row": "errors", "unit": "a.service", "since": 1795532759222095, "oldest": ..., "newest": ...,
     "entries": 95, "errors": 11, "first": ..., "last": ..., "cut": null, "refused": null, ...}

Source: systemd.journal-fields(7), journalctl(1).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reporter.evidence import Record
from reporter.facts import NoFact, fact, fact_each
from reporter.findings import Citation
from reporter.messages import Text, text
from reporter.parsers.host_rows import json_rows
from reporter.recorded import recorded
from reporter.words import OUTCOMES

__all__ = ["ErrorLine", "JournalCounts", "Match", "PatternRead", "UnitErrors"]


@dataclass(frozen=True, slots=True)
class Match:
    """Entries of one unit that fit a pattern alike: how many, from when to when (epoch seconds)."""

    pattern: str
    unit: str
    groups: Mapping[str, str | None]
    count: int
    first: float
    last: float
    sample: str | None
    cited: Citation


@dataclass(frozen=True, slots=True)
class PatternRead:
    """How a pattern was looked for: in which units, back to when, and what was passed over.

    `back_to` is the moment from which on every entry was looked at. `gaps` say why entries that
    fit may not be counted.
    """

    name: str
    units: tuple[str, ...]
    back_to: float | None
    oldest: float | None
    entries: int
    gaps: tuple[Text, ...]

    def covers(self, unit: str) -> bool:
        """Say whether it was looked for in the unit's entries."""
        return any(
            fnmatch.fnmatchcase(unit, one) or fnmatch.fnmatchcase(unit, f"{one}.service")
            for one in self.units
        )


@dataclass(frozen=True)
class JournalCounts:
    """What was counted, by pattern; a pattern nobody declared is not in it."""

    record: str
    patterns: Mapping[str, PatternRead]
    matches: tuple[Match, ...]
    cited: Citation

    def of(self, pattern: str, unit: str) -> tuple[Match, ...]:
        """Return what fits a pattern in one unit's entries."""
        return tuple(one for one in self.matches if one.pattern == pattern and one.unit == unit)


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """A line of a unit's: `error` is one of priority err or worse, else one of its last."""

    at: float
    error: bool
    message: str


@dataclass(frozen=True)
class UnitErrors:
    """The errors of one unit since `back_to`: how many, and the newest lines, oldest first."""

    record: str
    errors: int
    entries: int
    first: float | None
    last: float | None
    back_to: float
    cut: str | None
    lines: tuple[ErrorLine, ...]
    cited: Citation


@fact("journal_patterns", accepts=("collected", "absent", "timeout"))
def journal_counts(record: Record) -> JournalCounts:
    """Return what was counted; that no pattern is declared is an answer too."""
    if record.outcome == "absent" and "no pattern" not in (record.reason or ""):
        reason = recorded(record.reason) if record.reason else OUTCOMES["absent"]
        raise NoFact(text("{reason}", reason=reason))
    rows = list(json_rows(record))
    begin = _begin(row for row, _ in rows)
    reads = {tuple(row["units"]): row for row, _ in rows if row.get("row") == "read"}
    late = (
        text("{reason}", reason=recorded(record.reason or "?"))
        if record.outcome == "timeout"
        else None
    )
    patterns = {}
    for row, _ in rows:
        if row.get("row") == "pattern":
            read = reads.get(tuple(sorted(row["units"])))
            patterns[str(row["pattern"])] = _pattern(row, read, begin, late)
    matches = tuple(_match(record.id, row, line) for row, line in rows if row["row"] == "match")
    shown = "\n".join(line for row, line in rows if row["row"] in ("read", "pattern"))
    return JournalCounts(record.id, patterns, matches, Citation(record.id, shown))


@fact_each("journal_failing")
def unit_error_lines(record: Record) -> UnitErrors:
    """Return the errors of one failing unit."""
    rows = list(json_rows(record))
    begin = _begin(row for row, _ in rows)
    summary = next(((row, line) for row, line in rows if row.get("row") == "errors"), None)
    if summary is None:
        raise NoFact(text("its summary is missing"))
    row, line = summary
    if row["refused"]:
        raise NoFact(text("journalctl: {said}", said=str(row["refused"])[:200]))
    lines = [
        ErrorLine(_seconds(one["at"]), one["why"] == "error", str(one["sample"]))
        for one, _ in rows
        if one["row"] == "line"
    ]
    return UnitErrors(
        record=record.id,
        errors=int(row["errors"]),
        entries=int(row["entries"]),
        first=_moment(row["first"]),
        last=_moment(row["last"]),
        back_to=_back_to(row, begin) or _seconds(row["since"]),
        cut=row["cut"],
        lines=tuple(sorted(lines, key=lambda one: one.at)),
        cited=Citation(record.id, line),
    )


def _begin(rows: Any) -> float | None:
    """Return the moment of the journal's oldest entry."""
    return next((_moment(row["from"]) for row in rows if row.get("row") == "journal"), None)


def _back_to(read: Mapping[str, Any], begin: float | None) -> float | None:
    """Return from when on every entry was looked at: the oldest read where reading was cut."""
    if read["cut"] is not None:
        return _moment(read["oldest"])
    return max(_seconds(read["since"]), begin) if begin is not None else None


def _pattern(
    row: Mapping[str, Any], read: Mapping[str, Any] | None, begin: float | None, late: Text | None
) -> PatternRead:
    gaps = [late] if late else []
    if read is None:
        gaps.append(text("how far the journal was read is not known"))
    elif read["refused"]:
        gaps.append(text("journalctl: {said}", said=str(read["refused"])[:200]))
    if row["given_up"]:
        gaps.append(text("the expression takes too long on some lines and was given up"))
    elif row["slow"]:
        gaps.append(text("the expression takes too long on {count} lines", count=row["slow"]))
    if row["more"]:
        gaps.append(text("{count} entries had still other values", count=row["more"]))
    if begin is None and not late:
        gaps.append(text("the journal shows no entry at all"))
    return PatternRead(
        name=str(row["pattern"]),
        units=tuple(str(one) for one in row["units"]),
        back_to=_back_to(read, begin) if read else None,
        oldest=_moment(read["oldest"]) if read else None,
        entries=int(read["entries"]) if read else 0,
        gaps=tuple(gaps),
    )


def _match(record: str, row: Mapping[str, Any], line: str) -> Match:
    return Match(
        pattern=str(row["pattern"]),
        unit=str(row["unit"]),
        groups={str(name): value for name, value in row["groups"].items()},
        count=int(row["count"]),
        first=_seconds(row["first"]),
        last=_seconds(row["last"]),
        sample=row["sample"],
        cited=Citation(record, line),
    )


def _seconds(moment: Any) -> float:
    return int(moment) / 1e6


def _moment(moment: Any) -> float | None:
    return None if moment is None else _seconds(moment)
