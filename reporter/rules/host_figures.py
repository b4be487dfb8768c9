"""How the host's rules write figures, and what they share about missing facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from reporter.findings import Citation, Missing
from reporter.messages import Text, text

__all__ = ["citations", "duration", "missing", "moment", "size"]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: int) -> str:
    """Return bytes in the unit a reader would choose.

    >>> size(23_540_000_000)
    '21.9 GiB'
    """
    value = float(count)
    for unit in _UNITS:
        if abs(value) < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def duration(seconds: float) -> Text:
    """Return seconds as the two largest units that matter.

    >>> str(duration(93784))
    '1 d 2 h'
    """
    if seconds < 60:
        return text("{count} s", count=f"{seconds:.3g}")
    minutes = int(seconds) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return text("{days} d {hours} h", days=days, hours=hours)
    if hours:
        return text("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return text("{count} min", count=minutes)


def moment(seconds: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, to the second.

    >>> moment(1795344208)
    '2026-11-22T10:43:28Z'
    """
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def missing(*facts: Any) -> tuple[Missing, ...]:
    """Return those of the facts that are not there."""
    return tuple(fact for fact in facts if isinstance(fact, Missing))


def citations(*facts: Any) -> tuple[Citation, ...]:
    """Return what the facts that are there were read from."""
    return tuple(_cited(fact for fact in facts if not isinstance(fact, Missing)))


def _cited(facts: Iterable[Any]) -> Iterable[Citation]:
    for fact in facts:
        cited = fact.cited
        if not isinstance(cited, Citation):
            raise TypeError(f"{type(fact).__name__} carries no citation")
        yield cited
