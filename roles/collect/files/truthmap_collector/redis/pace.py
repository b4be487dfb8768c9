"""How hard a server is asked: steps that stay short, and a rest after each."""

import time
from typing import List

__all__ = ["Pace"]

_AIM_S = 0.001
_LEAST, _MOST = 50, 500
_FIRST = 100
_CREDIT_S = 0.005  # of idling that may be set against a later call
_REMEMBERED = 15
_UNUSUAL = 1.5


class Pace:
    """Measures what calls cost the server and paces the next ones.

    `duty` is the share of time the server may be busy for us, above 0 and at most 1: at 0.5 it
    idles as long as it worked. All the time it idles counts: that in which we read a reply, too. A
    call that took much longer than those before it counts as half more than they: it waited for a
    processor, as we run at the lowest priority; if calls go on being slow, they soon count in full.
    The way to the server and back, which costs it nothing, is taken to be the quickest call so far.
    `count` is SCAN's next COUNT.
    """

    def __init__(self, duty: float) -> None:
        """Begin carefully."""
        self._duty = duty
        self._way_s = float("inf")
        self._owed_s = 0.0
        self._idle_since = time.monotonic()
        self._costs: List[float] = []
        self.count = _FIRST

    def rest(self, deadline: float) -> None:
        """Let the server idle as long as is still owed; not beyond the deadline."""
        now = time.monotonic()
        rest_s = min(self._owed_s - (now - self._idle_since), deadline - now)
        if rest_s > 0:
            time.sleep(rest_s)

    def worked(self, began: float, ended: float) -> None:
        """Take note of a call, by its beginning and end in monotonic seconds."""
        self._way_s = min(self._way_s, ended - began)
        self._costs = (self._costs + [self._cost(ended - began)])[-_REMEMBERED:]
        usual = sorted(self._costs)[len(self._costs) // 2]
        idled = began - self._idle_since
        self._owed_s = max(self._owed_s - idled, -_CREDIT_S)
        self._owed_s += min(self._costs[-1], usual * _UNUSUAL) * (1 / self._duty - 1)
        self._idle_since = ended

    def scanned(self, took_s: float) -> None:
        """Choose the next COUNT: towards steps below two milliseconds, at most doubled."""
        factor = _AIM_S / max(self._cost(took_s), _AIM_S / 100)
        self.count = int(min(max(self.count * min(factor, 2.0) * 0.9, _LEAST), _MOST))

    def _cost(self, took_s: float) -> float:
        return max(took_s - self._way_s, 0.0) if self._way_s < took_s else took_s
