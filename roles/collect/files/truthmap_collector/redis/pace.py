"""How hard a server is asked: steps that stay short, and a rest after each."""

import time

__all__ = ["Pace"]

_AIM_S = 0.0015
_LEAST, _MOST = 50, 1000
_FIRST = 100


class Pace:
    """Measures what calls cost the server and paces the next ones.

    `duty` is the share of time the server may be busy for us, above 0 and at most 1: at 0.5 each
    call is followed by a rest as long as it took. The way to the server and back, which costs the
    server nothing, is taken to be the quickest call so far. `count` is SCAN's next COUNT.
    """

    def __init__(self, duty: float) -> None:
        """Begin carefully."""
        self._duty = duty
        self._way_s = float("inf")
        self.count = _FIRST

    def rest(self, took_s: float, deadline: float) -> None:
        """Take note of a call that took so many seconds, and rest; not beyond the deadline."""
        self._way_s = min(self._way_s, took_s)
        rest_s = self._cost(took_s) * (1 / self._duty - 1)
        rest_s = min(rest_s, deadline - time.monotonic())
        if rest_s > 0:
            time.sleep(rest_s)

    def scanned(self, took_s: float) -> None:
        """Choose the next COUNT: towards steps below two milliseconds, at most doubled."""
        factor = _AIM_S / max(self._cost(took_s), _AIM_S / 100)
        self.count = int(min(max(self.count * min(factor, 2.0) * 0.9, _LEAST), _MOST))

    def _cost(self, took_s: float) -> float:
        return max(took_s - self._way_s, 0.0) if self._way_s < took_s else took_s
