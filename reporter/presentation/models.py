"""The load matrix of models: its heads and cells."""

from __future__ import annotations

from reporter.messages import Text, Value, joined, text
from reporter.models.loads import Load, UnitLoads
from reporter.rules.times import at

__all__ = ["HEADS", "cells", "reach"]

HEADS = (
    text("MODEL"),
    text("FILES ON DISK"),
    text("LOADED"),
    text("FALLBACK"),
    text("UNKNOWN"),
)
"""The heads of the matrix, in the order of its columns."""


def reach(unit: UnitLoads) -> Text:
    """Return how far back what a unit says was read."""
    if unit.back_to is None:
        return text("journal: not known how far back it was read")
    return text("journal read back to {at}", at=at(unit.back_to))


def cells(load: Load) -> tuple[Value, ...]:
    """Return a row: the model, its files, and the symbols it is loaded for, or is not."""
    none = text("none")
    unknown = load.symbols("unknown")
    rest = joined(unknown) if unknown else none if load.cells else text("all")
    return (
        load.model,
        text("unknown") if load.files is None else load.files,
        joined(load.symbols("loaded")) if load.symbols("loaded") else none,
        joined(load.symbols("fallback")) if load.symbols("fallback") else none,
        rest,
    )
