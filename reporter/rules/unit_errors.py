"""Rule on what failing units say: their error rate and last lines."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.journal_counts import ErrorLine, UnitErrors
from reporter.rules.times import at, rate, span

__all__ = ["unit_errors"]

ERRORS = text("Errors of failing services")


@rule(
    section="services",
    component=ERRORS,
    needs=(),
    if_asked=("unit_error_lines",),
    worst="P3",
    if_ignored=text("the cause it names stays"),
)
def unit_errors(
    host: HostContext, unit_error_lines: Each[UnitErrors] | Missing
) -> Iterator[Verdict]:
    """What units that failed, or wait for their automatic restart, say in the journal.

    Means: degraded (P3) where the unit has entries of priority err or worse, with how many, at
    what rate, the last error and the last lines before it; ok where it has none, with its last
    lines. The state itself is service_state's to judge.

    Why: the exit status says that it failed, the last lines often say at what.

    Evidence: journal_failing (journalctl, a day back, 5000 entries at most; 20 units at most).

    Limits: what a program writes to its output counts as an error only if it says so by its
    priority (sd-daemon(3)), so a traceback stands among the last lines and is not counted. What
    looks like no plain word is masked.
    """
    if isinstance(unit_error_lines, Missing):
        return
    for unit in sorted({*unit_error_lines.values, *unit_error_lines.missing}):
        found = unit_error_lines.get(unit)
        if isinstance(found, Missing):
            yield _unseen(host, unit, found)
        else:
            yield _judged(host, unit, found)


def _judged(host: HostContext, unit: str, found: UnitErrors) -> Verdict:
    errors = [line for line in found.lines if line.error]
    if errors and found.last is not None:
        message = text(
            "{unit}: {count} errors {rate}in its journal since {moment}, the last at {last}: "
            "{said}",
            unit=unit,
            count=found.errors,
            rate=_rate(found, host.collected_at),
            moment=at(found.back_to),
            last=at(errors[-1].at),
            said=errors[-1].message,
        )
    else:
        message = text(
            "{unit}: no error among {entries} entries of its journal since {moment}",
            unit=unit,
            entries=found.entries,
            moment=at(found.back_to),
        )
    owner = host.profiles.owner(unit)
    return Verdict(
        subject=unit,
        status="degraded" if errors else "ok",
        severity="P3" if errors else None,
        running="na",
        component=ERRORS,
        application=owner.name if owner else None,
        message=message,
        citations=(found.cited,),
        details=tuple(_line(line) for line in found.lines if not line.error),
    )


def _rate(found: UnitErrors, now: float) -> Text:
    """Return the errors an hour, from the first to the time of collection."""
    since = max(now - (found.first or now), 0.0)
    if found.errors < 2 or since < 60:
        return text("")
    return text(
        "({rate} per hour, over {span}) ", rate=rate(3600 * found.errors / since), span=span(since)
    )


def _line(line: ErrorLine) -> Text:
    return text("{moment} {said}", moment=at(line.at), said=line.message)


def _unseen(host: HostContext, unit: str, missing: Missing) -> Verdict:
    owner = host.profiles.owner(unit)
    return Verdict(
        subject=unit,
        status="unknown",
        running="unknown",
        component=ERRORS,
        application=owner.name if owner else None,
        message=text("{unit}: what it says in the journal was not seen", unit=unit),
        missing=(missing,),
    )
