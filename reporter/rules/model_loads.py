"""Rule on what units say of the models they use: loaded, a fallback, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, joined, text
from reporter.models.inventory import inventory_of
from reporter.models.loads import Cell, Load, UnitLoads, loads_of
from reporter.parsers.journal_counts import JournalCounts
from reporter.parsers.model_folders import ModelFolders
from reporter.parsers.systemd_units import Units
from reporter.profile import Profiles
from reporter.rules.times import at

__all__ = ["model_loads"]

LOADS = text("Model load evidence")


def _subjects(profiles: Profiles) -> Iterator[str]:
    return (evidence.unit for profile in profiles for evidence in profile.load_evidence)


@rule(
    section="models",
    component=LOADS,
    needs=(),
    if_asked=("journal_counts", "model_folders", "model_folders_found", "units"),
    worst="P2",
    if_ignored=text("decisions are made without the model"),
    subjects=_subjects,
    subjects_only=True,
)
def model_loads(
    host: HostContext,
    journal_counts: JournalCounts | Missing,
    model_folders: ModelFolders | Missing,
    model_folders_found: ModelFolders | Missing,
    units: Units | Missing,
) -> Iterator[Verdict]:
    """Which models a unit says it loaded, for which symbols, and where it makes do without.

    Means, for each model that a line of the unit names or that has files of a declared family:

        a line of its present run says it works with a fallback   degraded, P2, with the symbols
        lines say it was loaded, none that it fell back           ok, with the symbols
        no line, or none since the unit's present start           unknown, with how far back the
                                                                  journal was read

    The last line on a model and symbol counts.

    Why: files on disk are no loaded model. A service that found none often says so once, at its
    start, and then decides by a dummy.

    Evidence: journal_patterns (the variable probe_journal_patterns; which pattern means what is
    the profile's `load_evidence`), systemd_units, models_directories, models_found.

    Limits: it is the unit's own word. What the journal forgot or dropped is not known; of a unit
    that does not run, nothing is loaded. Values that look like no name are masked.
    """
    inventory = inventory_of(host.profiles, model_folders, model_folders_found)
    for found in loads_of(host.profiles, inventory, journal_counts, units):
        verdicts = [_load(found, load) for load in found.loads]
        if not verdicts or found.gaps:
            verdicts.append(_unit(found))
        yield from verdicts


def _load(found: UnitLoads, load: Load) -> Verdict:
    fallback, loaded = load.symbols("fallback"), load.symbols("loaded")
    if not load.cells:
        message = text(
            "{model}: {files} files on disk, and {unit} says neither that it loaded it nor that "
            "it fell back, {reach}: whether it is loaded is not known",
            model=load.model,
            files=load.files or 0,
            unit=found.unit,
            reach=_reach(found),
        )
        return _verdict(found, load, "unknown", message)
    if fallback:
        message = text(
            "{unit} works without {model}: fallback for {symbols}",
            unit=found.unit,
            model=load.model,
            symbols=joined(fallback),
        )
        if loaded:
            message = text("{said}; loaded for {symbols}", said=message, symbols=joined(loaded))
        return _verdict(found, load, "degraded", message, "P2")
    if loaded and not load.symbols("unknown"):
        message = text(
            "{unit} says that {model} is loaded for {symbols}",
            unit=found.unit,
            model=load.model,
            symbols=joined(loaded),
        )
        return _verdict(found, load, "ok", message)
    return _verdict(found, load, "unknown", _before(found, load))


def _before(found: UnitLoads, load: Load) -> Text:
    """Return what was said of a model in an earlier run of the unit."""
    said = joined(
        text(
            "{symbol} loaded {at}" if cell.said == "loaded" else "{symbol} fallback {at}",
            symbol=cell.symbol or text("all"),
            at=at(cell.last),
        )
        for cell in load.cells
        if cell.outcome == "unknown"
    )
    if found.started is None:
        return text(
            "{model}: {unit} does not run, or its start is not known; what it said last: {said}",
            model=load.model,
            unit=found.unit,
            said=said,
        )
    return text(
        "{model}: no line of {unit} since its start at {start}, {reach}; before: {said}",
        model=load.model,
        unit=found.unit,
        start=at(found.started),
        reach=_reach(found),
        said=said,
    )


def _reach(found: UnitLoads) -> Text:
    """Return how far back it holds that there is no such line."""
    if found.back_to is None:
        return text("and how far back its journal was read is not known")
    return text(
        "in its journal read back to {moment} ({entries} entries)",
        moment=at(found.back_to),
        entries=found.entries,
    )


def _unit(found: UnitLoads) -> Verdict:
    """Return the verdict on a unit of which nothing is said, or not all of it was seen."""
    message = (
        text("{unit}: not all it says of its models was seen", unit=found.unit)
        if found.loads
        else text("{unit} says nothing of any model, {reach}", unit=found.unit, reach=_reach(found))
    )
    return _verdict(found, None, "unknown", message)


def _verdict(
    found: UnitLoads,
    load: Load | None,
    status: Status,
    message: Text,
    severity: Severity | None = None,
) -> Verdict:
    cells = load.cells if load else ()
    nothing = (Missing("journal_patterns", text("no line of it, {reach}", reach=_reach(found))),)
    return Verdict(
        subject=f"{found.unit}/{load.model}" if load else found.unit,
        status=status,
        severity=severity,
        running=_running(found),
        component=text(
            "Model load evidence ({unit} logs)", unit=found.unit.removesuffix(".service")
        ),
        application=found.profile.name,
        message=message,
        connected_to=(f"journalctl -u {found.unit.removesuffix('.service')}",),
        citations=(*found.cited, *dict.fromkeys(cell.cited for cell in cells)),
        missing=(found.gaps or nothing) if status == "unknown" else (),
        details=tuple(_samples(cells))[:1] if status == "degraded" else (),
    )


def _samples(cells: tuple[Cell, ...]) -> Iterator[Text]:
    """Yield lines that say it fell back, as they stand in the journal."""
    for cell in cells:
        if cell.outcome == "fallback" and cell.sample is not None:
            yield text('it says: "{line}"', line=cell.sample)


def _running(found: UnitLoads) -> Running:
    if found.state is None:
        return "unknown"
    if found.state.active_state == "active":
        return "yes"
    if (found.state.sub_state or "").startswith("auto-restart"):
        return "unstable"
    return "no"
