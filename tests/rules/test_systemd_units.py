"""missing_units, failed_units and system_state on real units."""

from __future__ import annotations

import pytest

from tests.builders import without
from tests.rules.systemd_cases import (
    SUITES,
    bundle,
    changed,
    findings,
    moment,
    replaced,
    sampled_at,
    verdict,
    with_profile,
    without_line,
)

MISSING = (
    ("plant-absent-required.service", "down", "P1", "Requires= of plant-requires-missing.service"),
    ("plant-absent-wanted.service", "down", "P2", "Wants= of plant-wants-missing.service"),
    ("plant-nothing.service", "down", "P2", "Unit= of plant-nothing.timer"),
    ("plant-gone.service", "degraded", "P3", "multi-user.target still links to it"),
)


@pytest.mark.parametrize("suite", SUITES)
def test_missing_units_that_matter_and_no_others(suite: str) -> None:
    """Not plant-absent-ordered (After= only), nor plant-absent-optional (Wants= of a package)."""
    seen = findings(bundle(f"{suite}-planted"), "missing_units")
    assert {f"missing_units:{row[0]}" for row in MISSING} == set(seen)
    for name, status, severity, says in MISSING:
        one = seen[f"missing_units:{name}"].verdict
        assert (status, "no", severity) == (one.status, one.running, one.severity)
        assert str(one.component) == "Not found (unit missing)"
        assert says in str(one.message)
        assert "LoadState=not-found" in one.citations[0].excerpt


def test_stock_hosts_refer_to_many_missing_units_and_none_is_a_finding() -> None:
    for suite in SUITES:
        host = bundle(f"{suite}-untouched")
        stdout = next(one for one in host.evidence if one.id == "systemd_units").stdout.data
        assert stdout.count("LoadState=not-found") > 5
        assert findings(host, "missing_units") == {}


class TestExpected:
    def test_what_is_in_neither_memory_nor_files_is_down(self) -> None:
        host = with_profile(bundle(), expected_units=["plant-unheard-of", "cron"])
        seen = findings(host, "missing_units")
        one = seen["missing_units:plant-unheard-of.service"].verdict
        assert (
            one.status,
            one.running,
            one.severity,
            one.application,
        ) == ("down", "no", "P2", "plant")
        assert [cited.record for cited in one.citations] == ["systemd_units", "systemd_unit_files"]
        assert "missing_units:cron.service" not in seen

    def test_without_the_files_it_is_unknown(self) -> None:
        host = with_profile(bundle(), expected_units=["plant-unheard-of"])
        host = without(host, "systemd_unit_files")
        one = verdict(host, "missing_units", "plant-unheard-of.service")
        assert (one.status, one.running, one.severity) == ("unknown", "unknown", None)
        assert tuple(gap.probe for gap in one.missing) == ("systemd_unit_files",)

    def test_what_systemd_looked_for_in_vain_is_down_whatever_the_files_say(self) -> None:
        host = with_profile(bundle(), expected_units=["plant-absent-required"])
        for seen in (host, without(host, "systemd_unit_files")):
            one = verdict(seen, "missing_units", "plant-absent-required.service")
            assert (one.status, one.severity) == ("down", "P1")
            assert "Requires= of plant-requires-missing.service" in str(one.details[0])

    def test_what_is_on_disk_only_is_left_to_the_rule_on_its_state(self) -> None:
        host = with_profile(bundle(), expected_units=["debug-shell"])
        assert "missing_units:debug-shell.service" not in findings(host, "missing_units")

    def test_a_cut_list_of_files_proves_nothing(self) -> None:
        host = with_profile(bundle(), expected_units=["plant-unheard-of"])
        output = next(one for one in host.evidence if one.id == "systemd_unit_files").stdout
        cut = type(output)("utf-8", output.data, output.size, True, 0)
        host = replaced(host, "systemd_unit_files", stdout=cut)
        one = verdict(host, "missing_units", "plant-unheard-of.service")
        assert (one.status, one.missing[0].probe) == ("unknown", "systemd_unit_files")


FAILED = (
    ("srv-plant.mount", "the command behind it ended with an error"),
    ("plant-bad.socket", "could not get what it needed"),
    ("plant-bad-setting.service", "Unit plant-bad-setting.service has a bad unit file setting."),
)


@pytest.mark.parametrize("suite", SUITES)
def test_failed_units_that_are_no_services(suite: str) -> None:
    seen = findings(bundle(f"{suite}-planted"), "failed_units")
    assert {f"failed_units:{name}" for name, _ in FAILED} == set(seen)
    for name, says in FAILED:
        one = seen[f"failed_units:{name}"].verdict
        assert (one.status, one.running, one.severity) == ("down", "no", "P2")
        assert says in str(one.message)
    assert findings(bundle(f"{suite}-untouched"), "failed_units") == {}


def test_a_failed_scope_is_no_fault_of_the_host() -> None:
    host = changed(bundle(), "init.scope", ActiveState="failed", Result="oom-kill")
    one = verdict(host, "failed_units", "init.scope")
    assert (one.status, one.severity) == ("degraded", "P3")


def test_the_state_of_the_system_names_what_failed() -> None:
    one = verdict(bundle(), "system_state", "systemd")
    assert (one.status, one.running, one.severity) == ("degraded", "yes", "P3")
    assert "srv-plant.mount" in str(one.message)
    assert "plant-exec-missing" not in str(one.message)


def test_a_running_system_is_ok() -> None:
    for suite in SUITES:
        one = verdict(bundle(f"{suite}-untouched"), "system_state", "systemd")
        assert (one.status, one.running, one.severity) == ("ok", "yes", None)


@pytest.mark.parametrize(
    ("state", "booted_ago", "status", "severity"),
    [
        ("starting", 60, "ok", None),
        ("initializing", 60, "ok", None),
        ("starting", 3600, "degraded", "P3"),
        ("maintenance", 3600, "down", "P1"),
        ("stopping", 3600, "degraded", "P3"),
        ("unknown", 3600, "unknown", None),
    ],
)
def test_other_states(state: str, booted_ago: float, status: str, severity: str | None) -> None:
    """Edited: a lab host is not left in these states."""
    host = replaced(bundle(), "systemd_state", stdout=f"{state}\n", exit_code=1)
    booted = moment(sampled_at(host) - booted_ago)
    for name in ("init.scope", "-.slice"):
        host = changed(host, name, ActiveEnterTimestamp=booted)
    one = verdict(host, "system_state", "systemd")
    assert (status, severity) == (one.status, one.severity)


def test_still_starting_without_the_time_of_boot_is_unknown() -> None:
    host = replaced(bundle(), "systemd_state", stdout="starting\n", exit_code=1)
    one = verdict(without(host, "systemd_units"), "system_state", "systemd")
    assert (one.status, one.missing[0].probe) == ("unknown", "systemd_units")


@pytest.mark.parametrize("name", ["not-systemd", "no-bus"])
def test_a_machine_whose_systemd_cannot_be_asked_has_only_unknowns(name: str) -> None:
    seen = findings(bundle(name))
    assert {"unknown"} == {one.verdict.status for one in seen.values()}
    assert {"service_state", "restart_loops", "missing_units", "failed_units", "system_state"} == {
        one.rule for one in seen.values()
    }


def test_a_unit_file_that_left_the_list_is_no_subject() -> None:
    host = bundle()
    assert "service_state:debug-shell.service" in findings(host, "service_state")
    host = without_line(host, "systemd_unit_files", "debug-shell.service")
    assert "service_state:debug-shell.service" not in findings(host, "service_state")
