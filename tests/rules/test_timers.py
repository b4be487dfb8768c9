"""The rule on timers, over what three generations of systemd really say."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import epoch, host_report
from tests.ablation import violations
from tests.builders import without
from tests.rules.systemd_cases import changed, moment, replaced, with_profile
from tests.rules.timer_cases import SUITES, bundle, edited, findings, states, verdict

PLANTED = {
    "plant-daily.timer": ("ok", "yes", None),
    "plant-elapsed.timer": ("down", "no", "P2"),
    "plant-failing.timer": ("degraded", "yes", None),
    "plant-hanging.timer": ("degraded", "partial", "P2"),
    "plant-once.timer": ("ok", "yes", None),
    "plant-past.timer": ("down", "no", "P2"),
    "plant-ran.timer": ("ok", "yes", None),
    "plant-stopped.timer": ("down", "no", "P2"),
    "plant-unmet.timer": ("ok", "na", None),
}
DAY = 86400.0


def now(collected: Bundle) -> float:
    return epoch(collected.finished_at)


@pytest.mark.parametrize("suite", SUITES)
def test_each_planted_timer_is_what_it_is_named_after(suite: str) -> None:
    shown = states(findings(bundle(suite)))
    assert {name: shown[name] for name in PLANTED} == PLANTED


@pytest.mark.parametrize("suite", SUITES)
def test_the_distributions_own_timers_raise_nothing(suite: str) -> None:
    shown = states(findings(bundle(suite)))
    bad = {name for name, state in shown.items() if state[0] != "ok" and "plant" not in name}
    assert bad == set()
    assert any("plant" not in name for name in shown)


def test_a_run_whose_moment_passed_is_overdue() -> None:
    host = bundle()
    late = moment(now(host) - 3600)
    found = verdict(
        edited(host, "plant-daily.timer", NextElapseUSecRealtime=late), "plant-daily.timer"
    )
    assert (found.status, found.severity) == ("degraded", "P2")
    assert "was planned for" in str(found.message)


def test_a_run_within_its_accuracy_is_not_overdue() -> None:
    """AccuracySec= is one minute here: a run may come that late."""
    host = bundle()
    late = moment(now(host) - 60)
    found = verdict(
        edited(host, "plant-daily.timer", NextElapseUSecRealtime=late), "plant-daily.timer"
    )
    assert found.status == "ok"


@pytest.mark.parametrize(("days", "status"), [(1.0, "ok"), (1.2, "degraded")])
def test_a_timer_without_a_run_since_longer_than_its_schedule_allows(
    days: float, status: str
) -> None:
    """Daily, an hour for summer time, a minute of accuracy: 1.04 days at most."""
    host = bundle()
    since = moment(now(host) - days * DAY)
    host = edited(host, "plant-daily.timer", ActiveEnterTimestamp=since)
    assert status == verdict(host, "plant-daily.timer").status


def test_runs_left_out_before_it_was_started_again() -> None:
    host = bundle()
    then = moment(now(host) - 9 * DAY)
    found = verdict(edited(host, "plant-daily.timer", LastTriggerUSec=then), "plant-daily.timer")
    assert (found.status, found.severity) == ("degraded", "P3")
    assert "left out runs" in str(found.message)


def test_a_schedule_nobody_can_read_is_not_judged_by_age() -> None:
    host = bundle()
    since = moment(now(host) - 400 * DAY)
    odd = "{ OnCalendar=every blue moon ; next_elapse=n/a }"
    host = edited(host, "plant-daily.timer", ActiveEnterTimestamp=since, TimersCalendar=odd)
    assert verdict(host, "plant-daily.timer").status == "ok"


def test_without_its_accuracy_no_timer_is_called_late() -> None:
    """How late a run may come was not shown: no age of it is judged."""
    host = bundle()
    long_ago = moment(now(host) - 9 * DAY)
    gone = {"ActiveEnterTimestamp": long_ago, "NextElapseUSecRealtime": long_ago}
    late = edited(host, "plant-daily.timer", **gone)
    assert verdict(late, "plant-daily.timer").status == "degraded"
    unseen = edited(late, "plant-daily.timer", AccuracyUSec=None)
    found = verdict(unseen, "plant-daily.timer")
    assert (found.status, "not judged" in str(found.message)) == ("ok", True)


def test_a_timer_whose_state_was_not_shown_is_unknown() -> None:
    found = verdict(
        edited(bundle(), "plant-stopped.timer", ActiveState=None), "plant-stopped.timer"
    )
    assert (found.status, found.severity) == ("unknown", None)


def test_a_service_at_work_for_long_that_has_started_does_not_hang() -> None:
    """A timer that starts a daemon stays `running`, and nothing is wrong with that."""
    host = changed(bundle(), "plant-hanging.service", ActiveState="active", SubState="running")
    assert verdict(host, "plant-hanging.timer").status == "ok"


def test_a_failed_or_unreadable_timer_is_down() -> None:
    failed = edited(bundle(), "plant-daily.timer", ActiveState="failed", SubState="failed")
    assert verdict(failed, "plant-daily.timer").status == "down"
    wrong = edited(bundle(), "plant-daily.timer", LoadState="bad-setting", ActiveState="inactive")
    assert verdict(wrong, "plant-daily.timer").status == "down"


def test_masked_and_disabled_timers_are_fine() -> None:
    masked = edited(bundle(), "plant-daily.timer", LoadState="masked", ActiveState="inactive")
    assert verdict(masked, "plant-daily.timer").status == "ok"
    off = edited(bundle(), "plant-stopped.timer", UnitFileState="disabled")
    assert verdict(off, "plant-stopped.timer").status == "ok"


def test_a_timer_on_a_change_of_clock_needs_no_next_run() -> None:
    host = edited(bundle(), "plant-past.timer", OnClockChange="yes")
    assert verdict(host, "plant-past.timer").status == "ok"


def test_an_enabled_timer_that_systemd_did_not_load_is_down() -> None:
    host = bundle()
    record = next(one for one in host.evidence if one.id == "systemd_unit_files")
    line = "zz-new.timer enabled enabled\n"
    host = replaced(host, "systemd_unit_files", stdout=record.stdout.data + line)
    found = verdict(host, "zz-new.timer")
    assert (found.status, found.severity) == ("down", "P2")


def test_the_profile_says_how_bad_it_is() -> None:
    host = with_profile(bundle(), units=["plant-*"], critical_units={"P0": ["plant-elapsed"]})
    found = verdict(host, "plant-elapsed.timer")
    assert (found.severity, found.application) == ("P0", "plant")


def test_without_the_units_a_last_run_is_unknown_and_a_dead_timer_still_dead() -> None:
    host = without(bundle(), "systemd_units")
    shown = states(findings(host))
    assert shown["plant-ran.timer"][0] == "unknown"
    assert shown["plant-hanging.timer"][0] == "unknown"
    assert shown["plant-elapsed.timer"][0] == "down"


def test_without_its_evidence_every_expected_timer_is_unknown() -> None:
    host = with_profile(bundle(), expected_units=["plant-daily.timer", "plant-other"])
    shown = states(findings(without(host, "timers_schedules")))
    assert shown["plant-daily.timer"][0] == "unknown"
    assert shown["evidence/timers_schedules"][0] == "unknown"
    assert "plant-other.service" not in shown


@pytest.mark.parametrize("suite", SUITES)
def test_ablation(suite: str) -> None:
    host = with_profile(bundle(suite), units=["plant-*"], expected_units=["plant-daily.timer"])
    whole = host_report(host)
    assert [line for one in host.evidence for line in violations(host, one.id, whole)] == []
