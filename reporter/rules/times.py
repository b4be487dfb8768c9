"""Moments and spans of time as the report writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

__all__ = ["at", "rate", "span"]

_PARTS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def at(moment: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, to the second.

    >>> at(1795344208)
    '2026-11-22T10:43:28Z'
    """
    return datetime.fromtimestamp(math.floor(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(seconds: float) -> str:
    """Return a span of time in its two largest units: `4 d 3 h`, `31 s`, `0.3 s`.

    >>> span(90061)
    '1 d 1 h'
    """
    if math.isinf(seconds):
        return "∞"
    if seconds < 10:
        return f"{seconds:.1f} s"
    left = round(seconds)
    shown: list[str] = []
    for size, unit in _PARTS:
        count, rest = divmod(left, size)
        if count or shown:
            shown.append(f"{count} {unit}" if count else "")
            left = rest
        if len(shown) == 2:
            break
    return " ".join(part for part in shown if part)


def rate(per_hour: float) -> str:
    """Return a rate per hour with as many digits as it deserves: `2880`, `112`, `0.17`.

    >>> rate(0.1666)
    '0.17'
    """
    if per_hour >= 10:
        return f"{per_hour:.0f}"
    return f"{per_hour:.2g}"
