"""Moments and spans of time as the report writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from reporter.messages import Text, joined, text

__all__ = ["at", "rate", "span"]

_PARTS = (
    (86400, text("{count} d")),
    (3600, text("{count} h")),
    (60, text("{count} min")),
    (1, text("{count} s")),
)


def at(moment: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, to the second.

    >>> at(1795344208)
    '2026-11-22T10:43:28Z'
    """
    return datetime.fromtimestamp(math.floor(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(seconds: float) -> Text:
    """Return a span of time in its two largest units: `4 d 3 h`, `31 s`, `0.3 s`.

    >>> str(span(90061))
    '1 d 1 h'
    """
    if math.isinf(seconds):
        return text("∞")
    if seconds < 10:
        return text("{count} s", count=f"{seconds:.1f}")
    left = round(seconds)
    shown: list[Text | None] = []
    for size, unit in _PARTS:
        count, rest = divmod(left, size)
        if count or shown:
            shown.append(unit.filled(count=count) if count else None)
            left = rest
        if len(shown) == 2:
            break
    return joined([part for part in shown if part is not None], " ")


def rate(per_hour: float) -> str:
    """Return a rate per hour with as many digits as it deserves: `2880`, `112`, `0.17`.

    >>> rate(0.1666)
    '0.17'
    """
    if per_hour >= 10:
        return f"{per_hour:.0f}"
    return f"{per_hour:.2g}"
