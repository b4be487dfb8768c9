"""Rule log_rotation: what is late, what is broken, and what only looks so."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.rules.host_cases import without
from tests.rules.logging_cases import (
    DAY,
    STATE,
    SUITES,
    bundle,
    changed,
    cron,
    files,
    findings,
    moment,
    now,
    only,
    outcome,
    state,
    timer,
    up_for,
    verdict,
)

FIRST = "logrotate state -- version 2\n"
LAST_YEAR = FIRST + '"/var/log/wtmp" 2025-11-22-6:25:1\n'
TODAY = FIRST + '"/var/log/wtmp" 2026-11-25-0:0:0\n'
OWN_JOB = "#!/bin/sh\n/usr/sbin/logrotate /etc/logrotate.conf\n"


def rotation(collected: Bundle) -> tuple[str, str | None, str]:
    return only(collected, "log_rotation", "logrotate.service")


def status(collected: Bundle) -> tuple[str, str | None]:
    return rotation(collected)[:2]


def elapsed(collected: Bundle, ago: float, up: float = 30 * DAY) -> Bundle:
    """Return the bundle of a host that is up for so long and whose timer elapsed so long ago."""
    return up_for(collected, up, LastTriggerUSec=moment(now(collected) - ago))


def no_timer(collected: Bundle, **properties: str) -> Bundle:
    usual = {"ActiveState": "inactive", "ActiveEnterTimestamp": "", "NextElapseUSecRealtime": ""}
    return timer(collected, **{**usual, **properties})


@pytest.mark.parametrize("suite", SUITES)
def test_a_host_that_was_just_made_is_ok(suite: str) -> None:
    found = rotation(bundle(f"{suite}-untouched"))
    assert found[:2] == ("ok", None)
    assert "it has not run yet, and was not due" in found[2]
    assert "started by logrotate.timer, next at 2026-11-26T00:" in found[2]


@pytest.mark.parametrize("suite", SUITES)
def test_a_failed_run_is_down_and_one_risk_with_its_unit(suite: str) -> None:
    """The reference's words: status ❌, running NO, logrotate.service failed."""
    collected = bundle(f"{suite}-planted")
    found = verdict(collected, "log_rotation", "logrotate.service")
    assert (found.status, found.running, found.severity) == ("down", "no", "P2")
    assert str(found.message).startswith("logrotate.service failed at 2026-11-25T12:54")
    assert "ActiveState=failed" in found.citations[0].excerpt
    about = [
        {finding.rule for finding in risk.findings}
        for risk in host_report(collected).judgement.risks
        if any(finding.verdict.subject == "logrotate.service" for finding in risk.findings)
    ]
    assert about == [{"log_rotation", "service_state"}]


@pytest.mark.parametrize("suite", SUITES)
def test_a_state_from_last_year_that_nothing_will_catch_up(suite: str) -> None:
    """systemd knows of no run at all and the state is a year old: minutes of uptime excuse none."""
    found = rotation(state(bundle(f"{suite}-untouched"), LAST_YEAR, 360 * DAY))
    assert found[:2] == ("degraded", "P2")
    assert "logrotate is late: it ran last at 2025-11-30" in found[2]


def test_a_host_that_was_off_has_time_to_catch_up() -> None:
    old = state(bundle(), LAST_YEAR, 360 * DAY)
    booted = elapsed(old, 300 * DAY, up=600)
    assert status(booted) == ("ok", None)
    assert "it is due again since" in rotation(booted)[2]
    assert status(elapsed(old, 300 * DAY, up=3 * DAY)) == ("degraded", "P2")


@pytest.mark.parametrize(
    ("age", "expected"),
    [(DAY, ("ok", None)), (2 * DAY, ("ok", None)), (2.1 * DAY, ("degraded", "P2"))],
)
def test_a_day_may_be_missed_and_no_more(age: float, expected: tuple[str, str | None]) -> None:
    old = elapsed(state(bundle(), LAST_YEAR, age), 0.2 * DAY)
    assert status(old) == expected


def test_the_file_or_a_date_in_it_is_enough() -> None:
    """A state restored from a copy has an old time of its own, or old dates."""
    up = elapsed(bundle(), 0.2 * DAY)
    assert status(state(up, TODAY, 360 * DAY)) == ("ok", None)
    assert status(state(up, LAST_YEAR, 60)) == ("ok", None)


def test_a_run_that_left_its_state_as_it_was_is_not_waited_for() -> None:
    ran = changed(bundle(), "logrotate.service", ExecMainStartTimestamp=moment(now(bundle()) - 60))
    found = rotation(elapsed(state(ran, LAST_YEAR, 360 * DAY), 60, up=600))
    assert found[:2] == ("degraded", "P2")
    assert "and left its state file /var/lib/logrotate/status as it was" in found[2]


def test_a_slower_timer_is_believed() -> None:
    """A weekly timer: its last elapse was followed by a run, the next is to come."""
    weekly = state(bundle(), FIRST, 5 * DAY)
    assert status(elapsed(weekly, 5 * DAY)) == ("ok", None)
    assert status(elapsed(weekly, 4 * DAY)) == ("degraded", "P2")
    stuck = timer(elapsed(weekly, 5 * DAY), NextElapseUSecRealtime="")
    assert status(stuck) == ("degraded", "P2")


def test_no_state_at_all_is_late_only_after_the_timer_elapsed() -> None:
    assert status(up_for(bundle(), 30 * DAY)) == ("ok", None)
    assert status(elapsed(bundle(), DAY)) == ("degraded", "P2")
    assert "logrotate never ran: no state file" in rotation(elapsed(bundle(), DAY))[2]
    ran = changed(bundle(), "logrotate.service", ExecMainStartTimestamp=moment(now(bundle()) - 60))
    assert "keeps no state where we look" in rotation(elapsed(ran, DAY))[2]


@pytest.mark.parametrize("data", ["garbage\n", "\0\0\0\0", FIRST + '"/var/log/x" yesterday\n'])
def test_a_corrupt_state_is_degraded(data: str) -> None:
    found = rotation(state(bundle(), data))
    assert found[:2] == ("degraded", "P2")
    assert "/var/lib/logrotate/status is corrupt" in found[2]


def test_an_empty_state_is_logrotates_own_beginning() -> None:
    assert status(state(bundle(), "")) == ("ok", None)


def test_dates_of_the_future() -> None:
    """Local time is no future in any zone; next year is."""
    assert status(state(bundle(), FIRST + '"/var/log/a" 2026-11-26-2:0:0\n')) == ("ok", None)
    found = rotation(state(bundle(), TODAY + '"/var/log/a" 2027-1-1-0:0:0\n'))
    assert found[:2] == ("degraded", "P3")
    old = verdict(
        elapsed(state(bundle(), FIRST + '"/var/log/a" 2027-1-1-0:0:0\n', 9 * DAY), DAY),
        *("log_rotation", "logrotate.service"),
    )
    assert (old.severity, len(old.details)) == ("P2", 1)  # late, whatever the future holds
    assert "rotations of the future, 1 in all (/var/log/a at 2027-01-01T00:00:00Z)" in found[2]


def test_the_worst_is_the_finding_and_the_rest_its_details() -> None:
    broken = state(bundle("bookworm-planted"), "garbage\n")
    found = verdict(broken, "log_rotation", "logrotate.service")
    assert (found.status, found.severity) == ("down", "P2")
    assert ["is corrupt" in str(line) for line in found.details] == [True]
    assert {one.record for one in found.citations} == {"systemd_units", STATE}


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"LoadState": "masked", "UnitFileState": "masked"}, "logrotate.timer is masked"),
        ({"UnitFileState": "disabled"}, "logrotate.timer is disabled and inactive"),
        ({}, "logrotate.timer is inactive"),
        ({"LoadState": "not-found", "UnitFileState": ""}, "there is no logrotate.timer"),
    ],
)
def test_nothing_starts_it(properties: dict[str, str], said: str) -> None:
    """P2, and P3 while the last run is fresh; Debian's daily job does not do the timer's work."""
    stopped = no_timer(bundle(), **properties)
    found = rotation(stopped)
    assert found[:2] == ("degraded", "P2")
    assert f"nothing starts logrotate: {said}, and cron's daily job leaves the work" in found[2]
    assert status(state(stopped, TODAY, 3600)) == ("degraded", "P3")


def test_cron_instead_of_the_timer() -> None:
    """A daily job that does the work, and a cron that runs it; without one nothing does."""
    daily = cron(no_timer(bundle(), LoadState="not-found"), OWN_JOB)
    began = moment(now(bundle()) - 9 * DAY)
    running = changed(daily, "cron.service", ActiveState="active", ActiveEnterTimestamp=began)
    found = rotation(state(running, TODAY, 3600))
    assert found[:2] == ("ok", None)
    assert "started by /etc/cron.daily/logrotate, which cron.service runs" in found[2]
    assert status(state(running, FIRST, 5 * DAY)) == ("degraded", "P2")
    assert status(running) == ("degraded", "P2")
    stopped = changed(daily, "cron.service", ActiveState="inactive")
    assert "no cron runs /etc/cron.daily/logrotate" in rotation(stopped)[2]


def absent(collected: Bundle) -> Bundle:
    """Return the bundle as if logrotate were not installed."""
    gone = changed(collected, "logrotate.service", LoadState="not-found", ActiveState="inactive")
    gone = outcome(gone, "logging_rotation_cron", "absent", "no such file")
    return no_timer(gone, LoadState="not-found", UnitFileState="")


def test_without_logrotate_it_is_the_configuration_that_tells() -> None:
    nothing = outcome(absent(bundle()), "logging_rotation_config", "absent", "no file matches")
    found = verdict(nothing, "log_rotation", "logrotate.service")
    assert (found.status, found.running) == ("ok", "na")
    assert "no logrotate, and nothing that asks for it" in str(found.message)
    assert status(absent(bundle())) == ("degraded", "P3")
    masked = files(absent(bundle()), "logging_rotation_config", a="<masked:9> {\n}\n")
    assert status(masked) == ("unknown", None)


@pytest.mark.parametrize("probe", ["systemd_units", STATE, "logging_rotation_timer"])
def test_without_its_evidence_it_is_unknown(probe: str) -> None:
    for collected in (
        without(bundle(), probe),
        outcome(bundle(), probe, "denied", "Permission denied"),
    ):
        assert status(collected) == ("unknown", None)
        assert f"log_rotation:evidence/{probe}" in findings(collected, "log_rotation")


def test_that_the_job_of_cron_was_not_seen_matters_only_without_a_timer() -> None:
    denied = outcome(bundle(), "logging_rotation_cron", "denied", "Permission denied")
    assert status(denied) == ("ok", None)
    assert status(no_timer(denied)) == ("unknown", None)
