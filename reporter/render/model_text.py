"""The table of models as text: a line a model, with the symbols it is loaded for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from reporter.messages import Text, Value, joined, text
from reporter.models.loads import Load, UnitLoads
from reporter.models.table import ModelTable
from reporter.render.terminal import Shown
from reporter.rules.times import at

__all__ = ["HEAD", "cells", "matrix_lines", "reach"]

_WIDTH = 100
HEAD = text("MODEL | FILES ON DISK | LOADED | FALLBACK | UNKNOWN")


def matrix_lines(table: ModelTable, shown: Shown) -> Iterator[str]:
    """Yield the lines of the matrix; `shown` renders a value, safe for a terminal."""
    for unit in table.loads:
        yield shown(joined([unit.unit, reach(unit)]))
        yield shown(HEAD)
        for load in unit.loads:
            words = shown(joined(cells(load), " | "))
            yield from textwrap.wrap(
                f"- {words}", _WIDTH, subsequent_indent="    ", break_long_words=False
            )
        if not unit.loads:
            yield f"- {shown(text('no model is named'))}"


def reach(unit: UnitLoads) -> Text:
    """Say how far back the unit's journal was read."""
    if unit.back_to is None:
        return text("journal: not known how far back it was read")
    return text("journal read back to {at}", at=at(unit.back_to))


def cells(load: Load) -> Iterator[Value]:
    """Yield what stands under `HEAD` for one model."""
    yield load.model
    yield text("unknown") if load.files is None else load.files
    yield joined(load.symbols("loaded")) if load.symbols("loaded") else text("none")
    yield joined(load.symbols("fallback")) if load.symbols("fallback") else text("none")
    if load.symbols("unknown"):
        yield joined(load.symbols("unknown"))
    else:
        yield text("none") if load.cells else text("all")
