"""The table of models as text: a line a model, with the symbols it is loaded for."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from reporter.models.loads import Load, UnitLoads
from reporter.models.table import ModelTable
from reporter.rules.times import at

__all__ = ["matrix_lines"]

_WIDTH = 100
_HEAD = "MODEL | FILES ON DISK | LOADED | FALLBACK | UNKNOWN"


def matrix_lines(table: ModelTable, shown: Callable[[Any], str]) -> Iterator[str]:
    """Yield the lines of the matrix; `shown` makes a value of the host safe for a terminal."""
    for unit in table.loads:
        yield f"{shown(unit.unit)}, {_reach(unit)}"
        yield _HEAD
        for load in unit.loads:
            words = " | ".join(_cells(load, shown))
            yield from textwrap.wrap(
                f"- {words}", _WIDTH, subsequent_indent="    ", break_long_words=False
            )
        if not unit.loads:
            yield "- no model is named"


def _reach(unit: UnitLoads) -> str:
    if unit.back_to is None:
        return "journal: not known how far back it was read"
    return f"journal read back to {at(unit.back_to)}"


def _cells(load: Load, shown: Callable[[Any], str]) -> Iterator[str]:
    yield shown(load.model)
    yield "unknown" if load.files is None else str(load.files)
    yield shown(", ".join(load.symbols("loaded")) or "none")
    yield shown(", ".join(load.symbols("fallback")) or "none")
    yield shown(", ".join(load.symbols("unknown")) or ("none" if load.cells else "all"))
