"""Rule boot_time. Steps of the clock cannot be caused in a container: btime is edited."""

from __future__ import annotations

import re

import pytest

from reporter.evidence import Bundle
from reporter.report import epoch
from tests.rules.host_cases import LAB_HOSTS, edited, found, lab_bundle, only, outcome, without


def booted(bundle: Bundle, at: float) -> Bundle:
    """Return the bundle with another moment of boot."""
    return edited(bundle, "host_boot", f"cpu  1 2 3\nbtime {int(at)}\nprocesses 99\n")


def stdout(bundle: Bundle, probe: str) -> str:
    return next(item.stdout.text for item in bundle.evidence if item.probe == probe)


def boot(bundle: Bundle) -> tuple[str, str | None]:
    return only(bundle, "boot_time", "boot")[:2]


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_a_container_that_started_long_after_its_kernel_is_fine(name: str) -> None:
    status, severity, message = only(lab_bundle(name), "boot_time", "boot")
    assert (status, severity) == ("ok", None)
    running = stdout(lab_bundle(name), "systemd_units").count("SubState=running") - 1  # init.scope
    assert f"of {running} running services {running} came with it, 0 later" in message
    assert "booted 2026-11-22T10:43:28Z" in message


def test_services_older_than_the_boot_show_that_the_clock_was_set_forward() -> None:
    now = epoch(lab_bundle().finished_at)
    finding = found(booted(lab_bundle(), now), "boot_time")["boot_time:boot"]
    assert (finding.verdict.status, finding.verdict.severity) == ("degraded", "P3")
    assert "set forward" in str(finding.verdict.message)
    assert "cron.service" in str(finding.verdict.message)
    assert any("ExecMainStartTimestamp=" in item.excerpt for item in finding.verdict.citations)


def test_jitter_of_the_boot_time_is_no_step() -> None:
    units = stdout(lab_bundle(), "systemd_units")
    starts = re.findall(r"ExecMainStartTimestamp=\w+ (\S+) (\S+) UTC", units)
    first = min(epoch(f"{day}T{time}Z") for day, time in starts)
    assert boot(booted(lab_bundle(), first + 9)) == ("ok", None)
    assert boot(booted(lab_bundle(), first + 12)) == ("degraded", "P3")


def test_a_service_from_the_future_shows_that_the_clock_was_set_back() -> None:
    units = re.sub(
        r"(ExecMainStartTimestamp=\w+) 2026-11-22",
        r"\1 2026-11-23",
        stdout(lab_bundle(), "systemd_units"),
    )
    bundle = edited(lab_bundle(), "systemd_units", units, 0)
    status, severity, message = only(bundle, "boot_time", "boot")
    assert (status, severity) == ("degraded", "P2")
    assert "set back" in message
    assert boot(without(bundle, "host_boot")) == ("degraded", "P2")


def test_a_service_started_later_is_named() -> None:
    """Started by hand an hour before the collection, on a host that booted a day before."""
    units = re.sub(r"2026-11-22", "2026-11-21", stdout(lab_bundle(), "systemd_units")).replace(
        "Id=cron.service", "Id=cron.service\nActiveEnterTimestamp="
    )
    block = next(part for part in units.split("\n\n") if "Id=cron.service" in part)
    later = re.sub(r"2026-11-21", "2026-11-22", block)
    bundle = edited(
        booted(lab_bundle(), epoch("2026-11-21T10:00:00Z")),
        "systemd_units",
        units.replace(block, later),
        0,
    )
    finding = found(bundle, "boot_time")["boot_time:boot"]
    assert finding.verdict.status == "ok"
    assert "came with it, 1 later" in str(finding.verdict.message)
    (line,) = finding.verdict.details
    assert str(line).startswith("cron.service started 2026-11-22T")


def test_without_start_times_the_boot_is_told_and_not_judged() -> None:
    reason = "System has not been booted with systemd as init system"
    bundle = outcome(lab_bundle(), "systemd_units", "error", reason)
    status, _, message = only(bundle, "boot_time", "boot")
    assert status == "unknown"
    assert "booted 2026-11-22T10:43:28Z" in message


def test_without_btime_nothing_is_ok() -> None:
    assert boot(without(lab_bundle(), "host_boot")) == ("unknown", None)


def test_units_that_were_cut_are_not_all_of_them() -> None:
    bundle = edited(
        lab_bundle(), "systemd_units", stdout(lab_bundle(), "systemd_units"), 0, truncated=True
    )
    assert boot(bundle) == ("unknown", None)
