"""service_state and what a profile declares: severity, ownership, what must run."""

from __future__ import annotations

import pytest

from tests.rules.systemd_cases import bundle, findings, replaced, verdict, with_profile


class TestProfiles:
    def test_severity_and_application_come_from_the_profile(self) -> None:
        host = with_profile(
            bundle(), units=["plant-*"], critical_units={"P0": ["plant-enabled-never"]}
        )
        seen = findings(host, "service_state")
        never = seen["service_state:plant-enabled-never.service"].verdict
        other = seen["service_state:plant-enabled-stopped.service"].verdict
        assert (never.severity, never.application) == ("P0", "plant")
        assert (other.severity, other.application) == ("P2", "plant")
        assert seen["service_state:cron.service"].verdict.application is None

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("plant-disabled", "down"),
            ("plant-wanted-rescue", "down"),
            ("plant-on-socket", "ok"),
            ("plant-oneshot-timed", "ok"),
            ("plant-dbus", "down"),
            ("plant-job", "down"),
            ("plant-vendor", "ok"),
        ],
    )
    def test_what_a_profile_expects_must_run_or_be_ready(self, name: str, status: str) -> None:
        host = with_profile(bundle(), expected_units=[name])
        assert status == verdict(host, "service_state", f"{name}.service").status

    def test_an_expected_service_only_on_disk_is_down_and_unknown_without_the_files(self) -> None:
        host = with_profile(bundle(), expected_units=["debug-shell"])
        seen = verdict(host, "service_state", "debug-shell.service")
        assert (seen.status, seen.citations[0].record) == ("down", "systemd_unit_files")
        denied = replaced(host, "systemd_unit_files", outcome="denied", reason="no")
        seen = verdict(denied, "service_state", "debug-shell.service")
        assert (seen.status, seen.missing[0].probe) == ("unknown", "systemd_unit_files")

    def test_without_the_units_every_expected_service_is_unknown(self) -> None:
        host = with_profile(bundle("not-systemd"), expected_units=["cron", "some.timer"])
        seen = findings(host, "service_state")
        assert {"unknown"} == {one.verdict.status for one in seen.values()}
        assert "service_state:cron.service" in seen
        assert "service_state:some.timer" not in seen
        reason = str(seen["service_state:cron.service"].verdict.missing[0].reason)
        assert reason == "this machine was not started with systemd"

    def test_an_unknown_finding_gates_at_the_worst_the_profile_could_have_given(self) -> None:
        host = with_profile(bundle("no-bus"), units=["x"], critical_units={"P0": ["x"]})
        assert {"P0"} == {one.gate for one in findings(host, "service_state").values()}
        assert {"P2"} == {one.gate for one in findings(bundle("no-bus"), "service_state").values()}

    def test_an_expected_instance_of_a_template_nobody_started_is_down(self) -> None:
        host = with_profile(bundle(), expected_units=["getty@tty9"])
        seen = verdict(host, "service_state", "getty@tty9.service")
        assert (seen.status, seen.citations[0].record) == ("down", "systemd_unit_files")
        assert "getty@.service is on disk" in str(seen.message)
        assert "missing_units:getty@tty9.service" not in findings(host, "missing_units")

    def test_what_the_listing_did_not_ask_for_is_not_called_missing(self) -> None:
        expected = with_profile(bundle(), expected_units=["no-such.target", "no-such.service"])
        narrow = replaced(
            expected,
            "systemd_unit_files",
            command="systemctl list-unit-files --root=/ --full '*.service' '*.timer'",
        )
        said = {
            name: verdict(narrow, "missing_units", name).status
            for name in ("no-such.target", "no-such.service")
        }
        assert said == {"no-such.target": "unknown", "no-such.service": "down"}
        assert verdict(expected, "missing_units", "no-such.target").status == "down"
