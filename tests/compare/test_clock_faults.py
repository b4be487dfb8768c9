"""Clock faults, which no container can have: a recorded bundle's clock is edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import pytest

from reporter.archive import Archive
from reporter.diff.compare import compare
from reporter.diff.model import HostDiff
from reporter.diff.side import side_of
from reporter.evidence import Bundle
from reporter.report import Report, build
from tests.golden import recorded
from tests.rules.host_cases import edited, off_by, on
from tests.rules.test_host_clock import synchronised

GOOD = synchronised(on("kvm", recorded("bookworm")))
"""A virtual machine whose clock chrony keeps: else what a lab host showed."""

CLOCK = "clock_sync:clock"
FAULTS: Mapping[str, tuple[Callable[[Bundle], Bundle], str | None]] = {
    "three seconds ahead": (lambda host: off_by(host, 3.0), "P2"),
    "a minute and a half behind": (lambda host: off_by(host, -90.0), "P1"),
    "ten minutes ahead": (lambda host: off_by(host, 600.0), "P1"),
    "no longer synchronised": (lambda host: synchronised(host, state=5), "P3"),
    "said to be unsynchronised": (lambda host: synchronised(host, status=0x2041), "P3"),
}


def judged(host: Bundle) -> Report:
    return build(Archive(runs=[host.run], bundles={host.host: host}, unreached={}))


def diff(old: Bundle, new: Bundle) -> HostDiff:
    (host,) = compare(side_of(judged(old)), side_of(judged(new))).hosts
    return host


def verdicts(host: HostDiff) -> dict[str, str]:
    return {change.seen.id: change.how for change in host.findings}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_clock_is_named_and_nothing_else(fault: str) -> None:
    """Broken, with its severity and itself as the cause; right again, it has recovered."""
    change, severity = FAULTS[fault]
    wrong = change(GOOD)
    found = diff(GOOD, wrong)
    assert verdicts(found) == {CLOCK: "broken"}
    assert (found.changes, found.not_compared) == ((), ())
    (host,) = judged(wrong).hosts
    (said,) = (one for one in host.findings if one.id == CLOCK)
    assert said.verdict.severity == severity
    assert host.judgement.explained[CLOCK].id == "cause:clock_sync/clock"

    mended = diff(wrong, GOOD)
    assert verdicts(mended) == {CLOCK: "recovered"}
    assert mended.changes == ()
    assert diff(GOOD, GOOD).quiet


def test_a_clock_that_drifts_on_gets_worse_and_better() -> None:
    """From seconds to minutes and back."""
    little, much = off_by(GOOD, 3.0), off_by(GOOD, 600.0)
    assert verdicts(diff(little, much)) == {CLOCK: "worse"}
    assert verdicts(diff(much, little)) == {CLOCK: "better"}


def test_a_clock_nobody_asked_is_not_known_any_more() -> None:
    """A Python without ctypes, or a probe that was left out: neither right nor wrong."""
    blind = edited(GOOD, "host_clock", "not json\n")
    assert verdicts(diff(GOOD, blind)).get(CLOCK) == "unknown_now"


def test_a_step_of_the_clock_while_it_runs_is_the_clocks_doing() -> None:
    """A host that says it was collected earlier than before is told as such."""
    earlier = msgspec.structs.replace(
        GOOD, started_at="2020-01-01T00:00:00.000000Z", finished_at="2020-01-01T00:00:02.000000Z"
    )
    assert any("backwards" in str(note) for note in diff(GOOD, earlier).notes)
