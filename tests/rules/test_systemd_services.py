"""service_state on real units: what each planted condition is called on three systemd versions."""

from __future__ import annotations

import pytest

from reporter.findings import Running, Severity, Status
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
)

ACTIVE, IDLE, INACTIVE = "Active services", "Idle services", "Inactive/dead services"
FAILED, MASKED, DISABLED = "Failed services", "Masked services", "Disabled services"

Row = tuple[str, Status, Running, Severity | None, str, str]

PLANTED: tuple[Row, ...] = (
    ("plant-vendor", "ok", "yes", None, ACTIVE, "runs since"),
    ("plant-transient", "ok", "yes", None, ACTIVE, "runs since"),
    ("plant-worker@1", "ok", "yes", None, ACTIVE, "runs since"),
    (r"plant-a\x2db", "ok", "yes", None, ACTIVE, r"plant-a\x2db.service runs since"),
    ("plant-oneshot-long", "ok", "yes", None, ACTIVE, "does its work since"),
    ("plant-running-disabled", "degraded", "yes", "P3", ACTIVE, "will not come back"),
    ("plant-chain-b", "degraded", "yes", "P3", ACTIVE, "will not come back"),
    ("plant-masked", "ok", "no", None, MASKED, "on purpose"),
    ("plant-masked-running", "degraded", "yes", "P3", MASKED, "masked but still runs"),
    ("plant-starting", "degraded", "partial", "P3", INACTIVE, "longer than the usual"),
    ("plant-oneshot-remains", "ok", "na", None, IDLE, "counts as active"),
    ("plant-oneshot-timed", "ok", "no", None, IDLE, "again by plant-oneshot-timed.timer"),
    ("plant-oneshot-waiting", "ok", "no", None, IDLE, "waits for plant-oneshot-waiting.timer"),
    ("plant-on-socket", "ok", "no", None, IDLE, "waits for plant-on-socket.socket"),
    ("plant-on-path", "ok", "no", None, IDLE, "waits for plant-on-path.path"),
    ("plant-job", "ok", "no", None, IDLE, "a job that is done"),
    ("plant-condition", "ok", "no", None, IDLE, "a start condition of its unit file was not met"),
    ("plant-assert", "down", "no", "P2", INACTIVE, "an assertion of its unit file"),
    ("plant-enabled-never", "down", "no", "P2", INACTIVE, "never started since boot"),
    ("plant-enabled-stopped", "down", "no", "P2", INACTIVE, "it was stopped at"),
    ("plant-enabled-ended", "down", "no", "P2", INACTIVE, "it ended by itself or was stopped at"),
    ("plant-requires-missing", "down", "no", "P2", INACTIVE, "asked for by multi-user.target"),
    ("plant-dbus", "degraded", "no", "P3", INACTIVE, "asked for by multi-user.target"),
    (
        "plant-timer-off",
        "degraded",
        "no",
        "P3",
        INACTIVE,
        "plant-timer-off.timer, which is enabled",
    ),
    ("plant-wanted-rescue", "ok", "no", None, INACTIVE, "only by rescue.target"),
    ("plant-disabled", "ok", "no", None, DISABLED, "not enabled (disabled)"),
    ("plant-exec-missing", "down", "unstable", "P2", FAILED, "/opt/plant/missing does not exist"),
    ("plant-exec-mode", "down", "no", "P2", FAILED, "is not executable (mode 0644 root:root)"),
    (
        "plant-exec-interpreter",
        "down",
        "no",
        "P2",
        FAILED,
        "the interpreter /opt/plant/no-such-interpreter",
    ),
    ("plant-exec-folder", "down", "no", "P2", FAILED, "nobody may not enter the folder /root"),
    ("plant-exec-format", "down", "no", "P2", FAILED, "so the cause is not known"),
    ("plant-pre-fails", "down", "no", "P2", FAILED, "/opt/plant/missing does not exist"),
    ("plant-chdir", "down", "no", "P2", FAILED, "exit status 200"),
    ("plant-user", "down", "no", "P2", FAILED, "exit status 217"),
    ("plant-exit-1", "down", "no", "P2", FAILED, "exit status 1: a general error"),
    ("plant-exit-127", "down", "no", "P2", FAILED, "exit status 127: a shell did not find"),
    ("plant-segv", "down", "no", "P2", FAILED, "killed by SIGSEGV"),
    ("plant-timeout", "down", "no", "P2", FAILED, "within its time limit"),
    ("plant-watchdog", "down", "no", "P2", FAILED, "WatchdogSec="),
    ("plant-protocol", "down", "no", "P2", FAILED, "Type= promises"),
    ("plant-gives-up", "down", "no", "P2", FAILED, "started too often"),
    ("plant-start-limit", "down", "no", "P2", FAILED, "exit status 3"),
    ("plant-oneshot-failed", "down", "no", "P2", FAILED, "exit status 1"),
)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("row", PLANTED, ids=[row[0] for row in PLANTED])
def test_each_condition_is_called_what_it_is(suite: str, row: Row) -> None:
    name, status, running, severity, component, says = row
    seen = verdict(bundle(f"{suite}-planted"), "service_state", f"{name}.service")
    assert (status, running, severity) == (seen.status, seen.running, seen.severity)
    assert str(seen.component).startswith(component)
    assert says in str(seen.message)
    assert f"{name}.service" in str(seen.message)


@pytest.mark.parametrize("suite", SUITES)
def test_no_service_of_an_untouched_host_is_worse_than_ok(suite: str) -> None:
    """Skipped conditions, idle oneshots, masked and disabled services of Debian are no faults."""
    seen = findings(bundle(f"{suite}-untouched"))
    assert [str(one.verdict.message) for one in seen.values() if one.verdict.status != "ok"] == []
    assert len(seen) > 50


@pytest.mark.parametrize("suite", SUITES)
def test_templates_aliases_and_other_types_are_no_subjects(suite: str) -> None:
    subjects = {
        one.verdict.subject
        for one in findings(bundle(f"{suite}-planted"), "service_state").values()
    }
    assert "plant-aliased.service" in subjects
    assert "plant-worker@1.service" in subjects
    assert not subjects & {"plant-alias.service", "plant-worker@.service", "plant-on-socket.socket"}
    assert "plant-absent-wanted.service" not in subjects


def test_every_verdict_cites_the_lines_it_stands_on() -> None:
    seen = verdict(bundle(), "service_state", "plant-exec-mode.service")
    assert seen.citations[0].record == "systemd_units"
    assert "ActiveState=failed" in seen.citations[0].excerpt
    assert "ExecMainStatus=203" in seen.citations[0].excerpt
    listing = "systemd_executables[/opt/plant/not-executable]"
    assert listing == seen.citations[1].record
    assert seen.citations[1].excerpt == "/opt/plant/not-executable: file 0644 root:root"


def test_what_a_service_requires_and_does_not_have_is_named() -> None:
    seen = verdict(bundle(), "service_state", "plant-requires-missing.service")
    assert tuple(str(detail) for detail in seen.details) == (
        "it requires plant-absent-required.service, which does not exist",
    )


def test_a_unit_file_changed_since_it_was_loaded_is_told_beside_the_verdict() -> None:
    seen = verdict(bundle(), "service_state", "plant-changed.service")
    assert seen.status == "ok"
    assert "daemon-reload" in str(seen.details[0])
    assert "NeedDaemonReload=yes" in seen.citations[0].excerpt


def test_a_service_that_used_up_its_start_limit_says_that_systemd_gave_up() -> None:
    """Real systemd keeps `exit-code` as the result at its start limit."""
    seen = verdict(bundle(), "service_state", "plant-start-limit.service")
    assert (
        str(seen.details[0]) == "systemd restarted it 5 times and gave up (start limit: 5 starts)"
    )


def test_without_the_listing_the_verdict_stays_and_says_it_was_not_looked_at() -> None:
    host = without(bundle(), "systemd_executables[/opt/plant/missing]")
    seen = verdict(host, "service_state", "plant-exec-missing.service")
    assert (seen.status, seen.running) == ("down", "unstable")
    assert "/opt/plant/missing; why is not known, its path was not looked at" in str(seen.message)


def test_another_user_sees_the_folder_that_bars_the_service() -> None:
    """Collected as nobody: /root/plant/tool is denied, yet its parents tell why."""
    seen = verdict(bundle("non-root"), "service_state", "plant-exec-folder.service")
    assert "nobody may not enter the folder /root (mode 0700 0:0)" in str(seen.message)


class TestEdited:
    """Conditions a container cannot be brought into: real units with edited properties."""

    def test_out_of_memory_is_said(self) -> None:
        host = changed(
            bundle(), "plant-segv.service", Result="oom-kill", ExecMainCode="2", ExecMainStatus="9"
        )
        seen = verdict(host, "service_state", "plant-segv.service")
        assert "memory ran out" in str(seen.message)
        assert "killed by SIGKILL" in str(seen.message)

    def test_a_failing_namespace_says_what_to_look_at(self) -> None:
        host = changed(bundle(), "plant-chdir.service", ExecMainStatus="226")
        seen = verdict(host, "service_state", "plant-chdir.service")
        assert "exit status 226, set by systemd before the program ran" in str(seen.message)
        assert "BindPaths=" in str(seen.message)

    def test_a_status_without_a_convention_is_not_explained(self) -> None:
        host = changed(bundle(), "plant-exit-1.service", ExecMainStatus="42")
        seen = verdict(host, "service_state", "plant-exit-1.service")
        assert "exit status 42, which has no common meaning" in str(seen.message)

    def test_starting_is_ok_for_as_long_as_is_usual(self) -> None:
        host = bundle()
        early = moment(sampled_at(host) - 30)
        host = changed(host, "plant-starting.service", InactiveExitTimestamp=early)
        seen = verdict(host, "service_state", "plant-starting.service")
        assert (seen.status, seen.running) == ("ok", "partial")

    def test_starting_for_an_unknown_time_is_unknown(self) -> None:
        host = changed(bundle(), "plant-starting.service", InactiveExitTimestamp=None)
        seen = verdict(host, "service_state", "plant-starting.service")
        assert (
            seen.status,
            tuple(missing.probe for missing in seen.missing),
        ) == ("unknown", ("systemd_units",))

    def test_a_failed_last_run_of_an_inactive_service_is_down(self) -> None:
        host = changed(
            bundle(),
            "plant-oneshot-timed.service",
            Result="exit-code",
            ExecMainCode="1",
            ExecMainStatus="2",
        )
        seen = verdict(host, "service_state", "plant-oneshot-timed.service")
        assert (seen.status, seen.running) == ("down", "no")
        assert "its last run failed: exit status 2" in str(seen.message)

    def test_an_exec_condition_that_says_no_is_ok(self) -> None:
        host = changed(
            bundle(), "plant-enabled-ended.service", Result="exec-condition", ExecMainStatus="1"
        )
        seen = verdict(host, "service_state", "plant-enabled-ended.service")
        assert (seen.status, seen.running) == ("ok", "no")

    def test_a_default_of_no_is_not_a_condition_that_was_not_met(self) -> None:
        """A unit never asked to start shows ConditionResult=no, and no time of it."""
        seen = verdict(bundle(), "service_state", "plant-enabled-never.service")
        assert "ConditionResult=no" in "\n".join(_block("plant-enabled-never.service"))
        assert seen.status == "down"

    def test_a_service_asked_for_by_a_unit_a_cut_list_lacks_is_unknown(self) -> None:
        host = bundle()
        record = next(one for one in host.evidence if one.id == "systemd_units")
        kept = [
            block
            for block in record.stdout.data.split("\n\n")
            if "\nId=multi-user.target\n" not in f"\n{block}\n"
        ]
        stdout = "\n\n".join(["cut", *kept])
        host = replaced(host, "systemd_units", stdout=stdout)
        output = next(one for one in host.evidence if one.id == "systemd_units").stdout
        host = replaced(
            host, "systemd_units", stdout=type(output)("utf-8", stdout, output.size, True, 0)
        )
        seen = verdict(host, "service_state", "plant-enabled-never.service")
        assert (seen.status, seen.running) == ("unknown", "no")
        assert tuple(missing.probe for missing in seen.missing) == ("systemd_units",)
        assert verdict(host, "service_state", "plant-vendor.service").status == "ok"

    def test_a_long_lived_service_of_the_distribution_that_ended_is_down(self) -> None:
        """Only what ended within 30 s of its start counts as a job that is done."""
        host = bundle()
        early = moment(sampled_at(host) - 4000)
        host = changed(host, "plant-job.service", ExecMainStartTimestamp=early)
        assert verdict(host, "service_state", "plant-job.service").status == "down"

    def test_an_old_systemd_without_a_property_gives_no_default(self) -> None:
        host = changed(
            bundle(),
            "plant-enabled-never.service",
            ExecMainStartTimestamp=None,
            InactiveExitTimestamp=None,
        )
        seen = verdict(host, "service_state", "plant-enabled-never.service")
        assert "when it last ran is not shown" in str(seen.message)

    def test_a_oneshot_that_ended_well_is_fine_though_a_target_asks_for_it(self) -> None:
        host = changed(bundle(), "plant-enabled-ended.service", Type="oneshot")
        seen = verdict(host, "service_state", "plant-enabled-ended.service")
        assert (seen.status, seen.running) == ("ok", "no")
        assert "it is idle until something asks for it again" in str(seen.message)

    def test_a_job_of_a_package_installed_since_boot_is_no_outage(self) -> None:
        never = dict.fromkeys(("ExecMainStartTimestamp", "InactiveExitTimestamp"), "")
        host = changed(bundle(), "plant-job.service", Type="oneshot", **never)
        seen = verdict(host, "service_state", "plant-job.service")
        assert (seen.status, seen.severity) == ("degraded", "P3")
        own = changed(bundle(), "plant-enabled-never.service", Type="oneshot")
        assert verdict(own, "service_state", "plant-enabled-never.service").status == "down"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("WantedBy", "multi-user.target"),
            ("UpheldBy", "plant-vendor.service"),
            ("TriggeredBy", "plant-on-socket.socket"),
            ("BusName", "org.example.Plant"),
        ],
    )
    def test_a_disabled_service_that_something_brings_back_is_fine(
        self, name: str, value: str
    ) -> None:
        host = changed(bundle(), "plant-running-disabled.service", **{name: value})
        seen = verdict(host, "service_state", "plant-running-disabled.service")
        assert (seen.status, seen.running) == ("ok", "yes")

    def test_part_of_brings_nothing_back(self) -> None:
        """PartOf= passes on stopping and restarting only."""
        host = changed(bundle(), "plant-running-disabled.service", PartOf="multi-user.target")
        assert verdict(host, "service_state", "plant-running-disabled.service").status == "degraded"

    def test_of_several_programs_the_one_that_is_in_the_way_is_named(self) -> None:
        """After a daemon-reload systemd does not show any more which command failed."""
        line = (
            "{{ path={path} ; argv[]={path} ; ignore_errors=no ; start_time=[n/a] ; "
            "stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }}"
        )
        paths = ("/opt/plant/daemon", "/opt/plant/not-executable")
        both = "\nExecStart=".join(line.format(path=path) for path in paths)
        host = changed(bundle(), "plant-exec-mode.service", ExecStart=both)
        seen = verdict(host, "service_state", "plant-exec-mode.service")
        assert "/opt/plant/not-executable is not executable" in str(seen.message)

    def test_a_state_of_the_future_is_unknown(self) -> None:
        host = changed(bundle(), "plant-vendor.service", ActiveState="hibernating")
        assert verdict(host, "service_state", "plant-vendor.service").status == "unknown"


def _block(unit: str) -> list[str]:
    record = next(one for one in bundle().evidence if one.id == "systemd_units")
    blocks = (block.splitlines() for block in record.stdout.data.split("\n\n"))
    return next(block for block in blocks if f"Id={unit}" in block)


def test_a_masked_service_that_must_run_is_down() -> None:
    """Switched off on purpose, and against what its application says."""
    collected = with_profile(bundle(), expected_units=["plant-masked"])
    seen = verdict(collected, "service_state", "plant-masked.service")
    assert (seen.status, seen.running, seen.severity) == ("down", "no", "P2")
    assert "masked, although its application expects it" in str(seen.message)
