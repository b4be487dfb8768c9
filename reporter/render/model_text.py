"""The table of models as text: a line a model, with the symbols it is loaded for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from reporter.messages import joined, text
from reporter.models.table import ModelTable
from reporter.presentation.models import HEADS, cells, reach
from reporter.render.terminal import Shown

__all__ = ["matrix_lines"]

_WIDTH = 100


def matrix_lines(table: ModelTable, shown: Shown) -> Iterator[str]:
    """Yield the lines of the matrix; `shown` renders a value, safe for a terminal."""
    for unit in table.loads:
        yield shown(joined([unit.unit, reach(unit)]))
        yield shown(joined(HEADS, " | "))
        for load in unit.loads:
            words = shown(joined(cells(load), " | "))
            yield from textwrap.wrap(
                f"- {words}", _WIDTH, subsequent_indent="    ", break_long_words=False
            )
        if not unit.loads:
            yield f"- {shown(text('no model is named'))}"
