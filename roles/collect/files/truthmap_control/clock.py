"""How far a host's clock is from the control node's, from the one round trip a collection makes."""

from __future__ import annotations

from datetime import datetime, timezone

__all__ = ["UNKNOWN", "offset"]

UNKNOWN: dict[str, float | None] = {"offset_s": None, "uncertainty_s": None}


def offset(
    sent: float, received: float, host_started: str, host_finished: str
) -> dict[str, float | None]:
    """Bound the host's clock minus the control node's, in seconds.

    The host began after the program was sent and ended before its answer was received, so the
    offset lies between `host_finished - received` and `host_started - sent`: given as the middle
    and half the width. Both are None if the bounds cross, which means that one of the clocks was
    set meanwhile. `sent` and `received` are seconds since the epoch, host times ISO 8601 in UTC.
    """
    least = _seconds(host_finished) - received
    most = _seconds(host_started) - sent
    if least > most:
        return dict(UNKNOWN)
    return {
        "offset_s": round((least + most) / 2, 6),
        "uncertainty_s": round((most - least) / 2, 6),
    }


def _seconds(moment: str) -> float:
    parsed = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ")
    return parsed.replace(tzinfo=timezone.utc).timestamp()
