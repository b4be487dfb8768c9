"""How hard a server is asked: the rest it gets, and how far one call goes."""

from __future__ import annotations

import pytest

from truthmap_collector.redis import pace as paces
from truthmap_collector.redis.pace import Pace


class Clock:
    """A clock of its own: what passes on the machine's would be other people's work too."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that pacing goes by."""
    made = Clock()
    monkeypatch.setattr(paces, "time", made)
    return made


def called(clock: Clock, pace: Pace, took: float) -> None:
    """Let a call take that long."""
    begun = clock.now
    clock.sleep(took)
    pace.worked(begun, clock.now)


def rested(clock: Clock, pace: Pace, deadline_s: float = 10.0) -> float:
    """Rest, and return for how long."""
    begun = clock.now
    pace.rest(begun + deadline_s)
    return clock.now - begun


@pytest.mark.parametrize(("duty", "share"), [(0.5, 1.0), (0.25, 3.0), (1.0, 0.0)])
def test_it_idles_its_share(clock: Clock, duty: float, share: float) -> None:
    """At a duty of a half the server idles as long as it worked; at one it never rests."""
    pace = Pace(duty)
    called(clock, pace, 0.0)
    idled = 0.0
    for _ in range(10):
        called(clock, pace, 0.004)
        idled += rested(clock, pace)
    assert idled == pytest.approx(share * 0.04)


def test_the_way_there_and_back_costs_the_server_nothing(clock: Clock) -> None:
    """The quickest call is taken for the way, and not rested for."""
    pace = Pace(0.5)
    called(clock, pace, 0.05)
    clock.sleep(1.0)
    called(clock, pace, 0.052)
    assert rested(clock, pace) < 0.003


def test_the_deadline_ends_a_rest(clock: Clock) -> None:
    """A rest is not worth the time that is not there."""
    pace = Pace(0.1)
    called(clock, pace, 0.0)
    called(clock, pace, 0.1)
    assert rested(clock, pace, 0.02) == pytest.approx(0.02)


def test_time_in_which_nothing_was_asked_counts(clock: Clock) -> None:
    """What we take to read a reply is rest for the server as well; little of it is saved up."""
    pace = Pace(0.5)
    called(clock, pace, 0.0)
    called(clock, pace, 0.01)
    clock.sleep(0.03)
    assert rested(clock, pace) == 0.0
    called(clock, pace, 0.04)
    assert rested(clock, pace) > 0.0


def test_one_call_that_waited_for_a_processor_is_no_reason_to_stop(clock: Clock) -> None:
    """An outlier counts as half more than what is usual; a slower server soon counts in full."""
    pace = Pace(0.5)
    called(clock, pace, 0.0)
    for _ in range(9):
        called(clock, pace, 0.002)
        rested(clock, pace)
    called(clock, pace, 1.0)
    assert rested(clock, pace) == pytest.approx(0.003)
    for _ in range(9):
        called(clock, pace, 1.0)
        clock.now += rested(clock, pace)
    called(clock, pace, 1.0)
    assert rested(clock, pace) == pytest.approx(1.0)


@pytest.mark.parametrize(("took", "grows"), [(0.0002, True), (0.02, False)])
def test_steps_grow_while_they_are_short(clock: Clock, took: float, grows: bool) -> None:
    """COUNT follows what a step costs, and stays within its bounds."""
    pace = Pace(0.5)
    called(clock, pace, 0.0)
    first = pace.count
    pace.scanned(took)
    assert (pace.count > first) is grows
    for _ in range(30):
        pace.scanned(took)
    assert pace.count == (500 if grows else 50)
