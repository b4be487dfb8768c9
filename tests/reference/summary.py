"""What came of the comparison, for people: every statement, and the counts."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping

from tests.reference.outcome import Kind, Outcome
from tests.reference.table import Statement

__all__ = ["summary"]

_ORDER: tuple[Kind, ...] = ("differs", "unknown", "answered", "corrected", "same")


def summary(outcomes: Mapping[Statement, Outcome]) -> Iterator[str]:
    """Yield lines: each statement by what came of it, with what ours says; then the counts."""
    count = Counter(found.kind for found in outcomes.values())
    shown = ", ".join(f"{count[kind]} {kind}" for kind in reversed(_ORDER))
    for kind in _ORDER:
        those = {one: found for one, found in outcomes.items() if found.kind == kind}
        if kind == "same":
            yield from textwrap.wrap(
                f"same: {', '.join(one.id for one in those)}",
                100,
                subsequent_indent="  ",
                break_on_hyphens=False,
            )
            continue
        for one, found in those.items():
            reason = f" ({one.why})" if one.why and kind == "corrected" else ""
            told = textwrap.shorten(found.shown, 400)
            yield from textwrap.wrap(
                f"{kind}: {one.id}: {told}{reason}",
                100,
                subsequent_indent="  ",
                break_on_hyphens=False,
            )
    yield f"{len(outcomes)} statements of the reference: {shown}"
