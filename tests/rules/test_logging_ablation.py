"""The rules on logging under ablation: no record's absence makes a verdict better or invents one.

Over the lab's records, and over combinations of edited ones that change what the rules say.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.logging_cases import DAY, SUITES, bundle, changed, cron, moment, now, state, timer
from tests.rules.test_logging_journal import in_memory, on_disk
from tests.rules.test_logging_rotation import FIRST, LAST_YEAR, OWN_JOB, TODAY, absent

STATES = ((TODAY, 60.0), (LAST_YEAR, 360 * DAY), ("garbage\n", 60.0), (FIRST, 9 * DAY))
TIMERS: tuple[dict[str, str], ...] = (
    {},
    {"ActiveState": "inactive"},
    {"ActiveState": "inactive", "LoadState": "not-found"},
    {"LastTriggerUSec": "Wed 2026-11-25 00:00:00 UTC", "ActiveEnterTimestamp": "@1795000000"},
)
MIB = 1024**2


def rotations() -> Iterator[Bundle]:
    for (data, age), properties, own, failed in itertools.product(
        STATES, TIMERS, (False, True), (False, True)
    ):
        made = timer(state(bundle(), data, age), **properties) if properties else bundle()
        made = cron(made, OWN_JOB) if own else made
        when = moment(now(made) - 60)
        yield changed(
            made,
            "logrotate.service",
            ActiveState="failed" if failed else "inactive",
            ExecMainStartTimestamp=when,
            InactiveEnterTimestamp=when,
        )
    yield absent(bundle())


def journals() -> Iterator[Bundle]:
    yield on_disk(100 * MIB, 5000 * MIB)
    yield on_disk(2000 * MIB, size=8000 * MIB, free=500 * MIB, available=500 * MIB)
    for storage in ("volatile", "persistent", "none"):
        yield in_memory(f"Storage={storage}")


def ablated(collected: Bundle) -> list[str]:
    whole = host_report(collected)
    return [
        line for record in collected.evidence for line in violations(collected, record.id, whole)
    ]


@pytest.mark.parametrize("host", ["untouched", "planted"])
@pytest.mark.parametrize("suite", SUITES)
def test_no_record_of_a_lab_host_can_be_taken_away_unnoticed(suite: str, host: str) -> None:
    assert ablated(bundle(f"{suite}-{host}")) == []


@pytest.mark.parametrize("cases", [rotations, journals])
def test_no_record_of_a_host_with_faults_can_be_taken_away_unnoticed(cases: object) -> None:
    assert callable(cases)
    for collected in cases():
        assert ablated(collected) == []
