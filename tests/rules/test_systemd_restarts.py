"""restart_loops: loops told apart from services that once restarted, and their rate."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reporter.evidence import Bundle
from tests.builders import without
from tests.rules.systemd_cases import (
    SUITES,
    bundle,
    changed,
    findings,
    journal,
    moment,
    replaced,
    sampled_at,
    verdict,
    with_profile,
)

SLOW, RECOVERED = "plant-loop-slow.service", "plant-recovered.service"
AGAIN, JOURNAL = "systemd_units_again", "systemd_restart_journal"
HOUR, DAY = 3600.0, 86400.0

PLANTED = (
    ("plant-exec-missing", "down", "unstable", "P1", "is in a restart loop: it waits"),
    ("plant-loop-slow", "degraded", "unstable", "P1", "about 112 restarts per hour (journal"),
    ("plant-start-limit", "down", "no", "P1", "until systemd gave up (start limit: 5 starts"),
    ("plant-gives-up", "down", "no", "P1", "it ended with status 0"),
    ("plant-recovered", "ok", "yes", None, "was restarted 3 times"),
    ("plant-too-early", "unknown", "unknown", None, "two restarts 46 s apart are too few"),
)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("row", PLANTED, ids=[row[0] for row in PLANTED])
def test_each_planted_service_is_called_what_it_is(
    suite: str, row: tuple[str, str, str, str | None, str]
) -> None:
    name, status, running, severity, says = row
    seen = verdict(bundle(f"{suite}-planted"), "restart_loops", f"{name}.service")
    assert (status, running, severity) == (seen.status, seen.running, seen.severity)
    assert says in str(seen.message)
    assert (str(seen.component), seen.connected_to) == ("Watchdogs / restart loops", ("systemd",))


@pytest.mark.parametrize("suite", SUITES)
def test_services_that_never_restarted_are_no_subjects(suite: str) -> None:
    names = {f"{row[0]}.service" for row in PLANTED}
    seen = findings(bundle(f"{suite}-planted"), "restart_loops").values()
    assert names == {one.verdict.subject for one in seen}
    assert findings(bundle(f"{suite}-untouched"), "restart_loops") == {}


def test_the_figures_of_the_reference_are_cited_as_show_prints_them() -> None:
    seen = verdict(bundle(), "restart_loops", SLOW)
    shown = "NRestarts=3\nActiveState=active\nSubState=running\nExecMainStatus=0"
    assert seen.citations[0].excerpt.startswith(shown)
    assert ["systemd_units", AGAIN, f"{JOURNAL}[{SLOW}]"] == [one.record for one in seen.citations]


def test_a_program_that_cannot_be_executed_is_named_with_its_path() -> None:
    message = str(verdict(bundle(), "restart_loops", "plant-exec-missing.service").message)
    assert "exit status 203 (EXEC)" in message
    assert "/opt/plant/missing does not exist" in message


def test_a_profile_says_how_bad_a_loop_is() -> None:
    host = with_profile(bundle(), units=["plant-*"], critical_units={"P0": ["plant-loop-slow"]})
    assert verdict(host, "restart_loops", SLOW).severity == "P0"


def running(
    count: int, ages: Sequence[float], *, up: float, booted: float, first: int = 1
) -> Bundle:
    """Return a host with one running service: its counter, the ages of its restarts in seconds.

    Times and counters of real records are edited: a container is never up for days.
    """
    host = bundle()
    now = sampled_at(host)
    for name in ("init.scope", "-.slice"):
        host = changed(host, name, ActiveEnterTimestamp=moment(now - booted))
    started = moment(now - up)
    host = changed(host, SLOW, NRestarts=str(count), ExecMainStartTimestamp=started)
    host = changed(host, SLOW, probe=AGAIN, NRestarts=str(count))
    entries = [(now - age, first + index) for index, age in enumerate(ages)]
    return journal(host, SLOW, entries)


@pytest.mark.parametrize(
    ("interval", "status", "severity", "pace"),
    [
        (30.0, "degraded", "P1", "about 120 restarts per hour"),
        (1200.0, "degraded", "P1", "about 3 restarts per hour"),
        (6 * HOUR, "degraded", "P1", "about 0.17 restarts per hour"),
        (2 * DAY, "degraded", "P3", "about 0.021 restarts per hour"),
    ],
)
def test_a_loop_of_any_speed_is_found_while_it_runs(
    interval: float, status: str, severity: str, pace: str
) -> None:
    ages = [interval * step + 5 for step in range(9, -1, -1)]
    host = running(10, ages, up=5, booted=interval * 12)
    seen = verdict(host, "restart_loops", SLOW)
    assert (status, "unstable", severity) == (seen.status, seen.running, seen.severity)
    assert pace in str(seen.message)


def test_a_service_that_restarted_long_ago_has_recovered() -> None:
    """Sixteen restarts in its first minutes, then up for days: NRestarts proves nothing."""
    ages = [3 * DAY - 20 * step for step in range(16)]
    seen = verdict(running(16, ages, up=ages[-1], booted=4 * DAY), "restart_loops", SLOW)
    assert (seen.status, seen.running, seen.severity) == ("ok", "yes", None)
    assert "was restarted 16 times" in str(seen.message)
    assert "2 d 23 h since" in str(seen.message)


def test_the_newest_restarts_count_not_those_at_boot() -> None:
    """A service that now loops every 20 minutes is not excused by thirty quick restarts."""
    ages = [5 * DAY - step for step in range(30)] + [
        1200.0 * step + 60 for step in range(11, -1, -1)
    ]
    seen = verdict(running(42, ages, up=60, booted=6 * DAY), "restart_loops", SLOW)
    assert seen.status == "degraded"
    assert "about 3 restarts per hour" in str(seen.message)


def test_a_loop_that_ended_three_intervals_ago_is_no_loop() -> None:
    ages = [100.0 + 30 * step for step in range(9, -1, -1)]
    seen = verdict(running(10, ages, up=100, booted=DAY), "restart_loops", SLOW)
    assert seen.status == "ok"
    ages = [80.0 + 30 * step for step in range(9, -1, -1)]
    seen = verdict(running(10, ages, up=80, booted=DAY), "restart_loops", SLOW)
    assert seen.status == "degraded"


def test_one_restart_is_no_loop_however_fresh() -> None:
    assert verdict(running(1, [4.0], up=4, booted=DAY), "restart_loops", SLOW).status == "ok"


def test_a_late_crash_after_quick_ones_makes_no_rhythm() -> None:
    """Three restarts at boot and one twenty hours later: one long interval is not a rhythm."""
    ages = [30 * HOUR + 4, 30 * HOUR + 2, 30 * HOUR, 10 * HOUR]
    host = running(4, ages, up=10 * HOUR, booted=31 * HOUR)
    assert verdict(host, "restart_loops", SLOW).status == "ok"


def test_restarts_of_an_earlier_boot_do_not_count() -> None:
    """The journal keeps a loop of before the reboot, with the same counter: it proves nothing."""
    ages = [40 + 30.0 * step for step in range(9, -1, -1)]
    seen = verdict(running(10, ages, up=10, booted=20), "restart_loops", SLOW)
    assert seen.status == "unknown"
    assert [one.record for one in seen.citations] == ["systemd_units", AGAIN]


def test_restarts_before_the_counter_was_reset_do_not_count() -> None:
    """Ten restarts, then a start by hand cleared the counter, then one more."""
    host = running(1, [], up=20, booted=DAY)
    now = sampled_at(host)
    before = [(now - 600 + 30 * step, step + 1) for step in range(10)]
    assert (
        verdict(journal(host, SLOW, [*before, (now - 20, 1)]), "restart_loops", SLOW).status == "ok"
    )
    cleared = changed(host, SLOW, NRestarts="0")
    cleared = changed(cleared, SLOW, probe=AGAIN, NRestarts="0")
    assert f"restart_loops:{SLOW}" not in findings(journal(cleared, SLOW, before), "restart_loops")


def test_a_counter_that_grows_between_the_samples_is_a_loop_without_any_journal() -> None:
    host = changed(running(40, [], up=20, booted=HOUR), SLOW, probe=AGAIN, NRestarts="41")
    seen = verdict(host, "restart_loops", SLOW)
    assert (seen.status, seen.running) == ("degraded", "unstable")
    assert "its counter grew by 1 during the collection" in str(seen.message)
    assert "at least 41 restarts per hour on average since boot" in str(seen.message)
    faster = changed(host, SLOW, probe=AGAIN, NRestarts="45")
    assert "(two samples: 5 restarts in" in str(verdict(faster, "restart_loops", SLOW).message)


def test_a_rate_nothing_tells_is_not_known() -> None:
    host = changed(running(0, [], up=20, booted=HOUR), SLOW, probe=AGAIN, NRestarts="1")
    assert "at a rate that is not known" in str(verdict(host, "restart_loops", SLOW).message)


def test_a_restart_between_first_sample_and_journal_is_seen_without_a_second_sample() -> None:
    host = running(4, [], up=20, booted=HOUR)
    now = sampled_at(host)
    host = without(journal(host, SLOW, [(now + 0.5, 5)]), AGAIN)
    seen = verdict(host, "restart_loops", SLOW)
    assert seen.status == "degraded"
    assert "it was restarted during the collection" in str(seen.message)


def test_waiting_for_a_restart_after_a_long_life_is_degraded_not_down() -> None:
    host = bundle()
    now = sampled_at(host)
    waits = {"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code"}
    waits |= {"ExecMainCode": "1", "ExecMainStatus": "1"}
    lived = {"ExecMainStartTimestamp": moment(now - 31), "ExecMainExitTimestamp": moment(now)}
    assert (
        verdict(changed(host, SLOW, **waits, **lived), "restart_loops", SLOW).status == "degraded"
    )
    died = {"ExecMainStartTimestamp": moment(now - 2), "ExecMainExitTimestamp": moment(now)}
    assert verdict(changed(host, SLOW, **waits, **died), "restart_loops", SLOW).status == "down"


class TestMissing:
    """Without evidence a loop stays a loop where others show it, else becomes unknown."""

    def test_without_the_journal_a_slow_loop_is_unknown_and_says_why(self) -> None:
        seen = verdict(without(bundle(), f"{JOURNAL}[{SLOW}]"), "restart_loops", SLOW)
        assert (seen.status, seen.running, seen.severity) == ("unknown", "unknown", None)
        assert (f"{JOURNAL}[{SLOW}]",) == tuple(one.probe for one in seen.missing)
        assert "was restarted 3 times, last at" in str(seen.message)

    def test_a_journal_nobody_may_read_is_the_reason(self) -> None:
        seen = verdict(bundle("non-root"), "restart_loops", SLOW)
        assert seen.status == "unknown"
        assert "insufficient permissions" in str(seen.message)

    def test_without_the_journal_a_quick_loop_stays(self) -> None:
        name = "plant-exec-missing.service"
        seen = verdict(without(bundle(), f"{JOURNAL}[{name}]"), "restart_loops", name)
        assert (seen.status, seen.running, seen.severity) == ("down", "unstable", "P1")

    def test_without_the_journal_the_time_since_boot_can_rule_a_loop_out(self) -> None:
        host = running(12, [], up=10 * DAY, booted=11 * DAY)
        assert verdict(without(host, f"{JOURNAL}[{SLOW}]"), "restart_loops", SLOW).status == "ok"
        host = running(12, [], up=10 * DAY, booted=14 * DAY)
        gone = without(host, f"{JOURNAL}[{SLOW}]")
        assert verdict(gone, "restart_loops", SLOW).status == "unknown"

    def test_without_the_second_sample_nothing_is_ok(self) -> None:
        seen = verdict(without(bundle(), AGAIN), "restart_loops", RECOVERED)
        assert (seen.status, tuple(one.probe for one in seen.missing)) == ("unknown", (AGAIN,))

    def test_a_journal_that_lost_the_newest_restarts_proves_no_recovery(self) -> None:
        host = running(30, [HOUR + 30 * step for step in range(9, -1, -1)], up=50, booted=DAY)
        seen = verdict(host, "restart_loops", SLOW)
        assert seen.status == "unknown"
        assert "the journal does not hold its newest restarts" in str(seen.message)

    def test_a_machine_without_systemd_has_one_reason(self) -> None:
        host = with_profile(bundle("not-systemd"), expected_units=["cron"])
        seen = findings(host, "restart_loops")
        assert {"unknown"} == {one.verdict.status for one in seen.values()}
        assert "restart_loops:cron.service" in seen

    def test_an_unreadable_entry_is_no_restart(self) -> None:
        name = f"{JOURNAL}[{SLOW}]"
        host = replaced(bundle(), name, stdout="not json\n[]\n{}\n")
        assert verdict(host, "restart_loops", SLOW).status == "unknown"
