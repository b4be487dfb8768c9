"""root_services, twin_services, outdated_units, shadowed_units."""

from __future__ import annotations

import pytest

from tests.builders import without
from tests.rules.audit_cases import (
    SUITES,
    bundle,
    changed,
    edited,
    findings,
    planted,
    replaced,
    verdict,
)

UNITS = "systemd_units"
DROP_INS = "systemd_drop_ins"
VENDOR = "systemd_vendor_units"


@pytest.mark.parametrize("suite", SUITES)
def test_services_that_run_as_root_are_one_finding(suite: str) -> None:
    found = verdict(planted(f"{suite}-planted"), "root_services", "plant")
    assert (found.status, found.severity) == ("degraded", "P3")
    assert str(found.message) == "Plant: 1 of 14 services run as root: plant-web.service"
    every = verdict(planted(f"{suite}-planted", root_units=[]), "root_services", "plant")
    assert "2 of 14" in str(every.message)
    none = verdict(planted(f"{suite}-planted", root_units=["plant-*"]), "root_services", "plant")
    assert (none.status, none.severity) == ("ok", None)


def test_no_profile_nobody_asks_who_runs_as_root() -> None:
    assert findings(bundle(), "root_services") == {}
    missing = findings(without(planted(), UNITS), "root_services")
    assert missing["root_services:plant"].verdict.status == "unknown"


def test_a_user_that_is_not_shown_is_unknown() -> None:
    host = planted(units=["plant-worker"])
    assert verdict(host, "root_services", "plant").status == "ok"
    hidden = changed(host, "plant-worker.service", User=None)
    assert verdict(hidden, "root_services", "plant").status == "unknown"


@pytest.mark.parametrize("suite", SUITES)
def test_twins_are_found_and_what_only_looks_alike_is_not(suite: str) -> None:
    """Same program in another folder, instances of one template: no twins. Masked: unknown."""
    seen = findings(planted(f"{suite}-planted"), "twin_services")
    twins = seen["twin_services:plant-twin-a.service"].verdict
    assert (twins.status, twins.severity, twins.confidence) == ("degraded", "P2", "inferred")
    assert str(twins.message).startswith("plant-twin-a.service, plant-twin-b.service run the same")
    hidden = seen["twin_services:plant-hidden-a.service"].verdict
    assert (hidden.status, hidden.severity) == ("unknown", None)
    assert "masked at the source" in str(hidden.message)
    assert len(seen) == 2


def test_twins_have_to_run_both() -> None:
    stopped = changed(bundle(), "plant-twin-b.service", ActiveState="inactive", MainPID="0")
    assert "twin_services:plant-twin-a.service" not in findings(stopped, "twin_services")


@pytest.mark.parametrize(
    "differs",
    [{"User": "bob"}, {"EnvironmentFiles": "/etc/b.env (ignore_errors=no)"}],
)
def test_what_has_another_user_or_environment_is_no_twin(differs: dict[str, str]) -> None:
    """The same program for two users, or with two configurations, is meant to run twice."""
    apart = changed(bundle(), "plant-twin-b.service", **differs)
    assert "twin_services:plant-twin-a.service" not in findings(apart, "twin_services")


def test_a_folder_or_variable_that_is_not_known_makes_twins_unknown() -> None:
    names = ("plant-twin-a.service", "plant-twin-b.service")
    nowhere = bundle()
    variable = bundle()
    for name in names:
        nowhere = changed(nowhere, name, WorkingDirectory=None)
        variable = changed(
            variable, name, ExecStart="{ path=/a ; argv[]=/a $PORT ; ignore_errors=no ; x }"
        )
    for host, said in ((nowhere, "folders"), (variable, "variables")):
        found = verdict(host, "twin_services", names[0])
        assert found.status == "unknown"
        assert said in str(found.message)


@pytest.mark.parametrize("suite", SUITES)
def test_a_unit_changed_on_disk_is_found(suite: str) -> None:
    found = verdict(planted(f"{suite}-planted"), "outdated_units", "plant")
    assert (found.status, found.severity) == ("degraded", "P3")
    assert "1 (plant-twin-a.service)" in str(found.message)
    assert "NeedDaemonReload=yes" in found.citations[0].excerpt
    assert set(findings(bundle(f"{suite}-planted"), "outdated_units")) == {"outdated_units:host"}
    calm = changed(bundle(f"{suite}-planted"), "plant-twin-a.service", NeedDaemonReload="no")
    assert findings(calm, "outdated_units") == {}
    missing = findings(without(bundle(), UNITS), "outdated_units")
    assert [one.verdict.status for one in missing.values()] == ["unknown"]


@pytest.mark.parametrize("suite", SUITES)
def test_what_shadows_is_found_by_application(suite: str) -> None:
    """Two drop-ins that add to the environment, or say the same, contradict nothing."""
    seen = findings(planted(f"{suite}-planted"), "shadowed_units")
    assert set(seen) == {"shadowed_units:host", "shadowed_units:plant"}
    own = seen["shadowed_units:plant"].verdict
    assert (own.status, own.severity) == ("degraded", "P3")
    run, twice = (str(detail) for detail in own.details)
    assert "10-run.conf is gone at the next boot" in run
    folder = "/etc/systemd/system/plant-worker.service.d"
    assert twice == (
        f"plant-worker.service: MemoryMax=100M in {folder}/10-a.conf does not hold, "
        f"MemoryMax=200M in {folder}/20-b.conf does"
    )
    host = seen["shadowed_units:host"].verdict
    assert [str(detail) for detail in host.details] == [
        "/etc/systemd/system/cron.service stands in the place of the distribution's file"
    ]


def test_a_list_is_shadowed_only_where_it_is_emptied() -> None:
    data = "[Service]\nExecStart=\nExecStart=/a %s\n"
    both = planted()
    for name in ("10-a", "20-b"):
        path = f"plant-here.service.d/{name}.conf"
        both = edited(both, DROP_INS, path, data=data % name)
    said = verdict(both, "shadowed_units", "plant").details
    assert any("ExecStart=/a 10-a in" in str(one) for one in said)
    added = edited(both, DROP_INS, "plant-here.service.d/20-b", data="[Service]\nExecStart=/a b\n")
    said = verdict(added, "shadowed_units", "plant").details
    assert not any("ExecStart" in str(one) for one in said)


def test_a_drop_in_under_run_of_the_distributions_units_is_its_own_affair() -> None:
    host = changed(
        bundle("bookworm-untouched"),
        "ssh.service",
        DropInPaths="/run/systemd/system/ssh.service.d/10-cloud.conf",
    )
    assert findings(host, "shadowed_units") == {}


def test_missing_lists_leave_what_the_others_show() -> None:
    blind = findings(without(planted(), DROP_INS), "shadowed_units")
    assert len(blind["shadowed_units:plant"].verdict.details) == 1
    assert blind[f"shadowed_units:evidence/{DROP_INS}"].verdict.status == "unknown"
    blind = findings(without(planted(), VENDOR), "shadowed_units")
    assert "shadowed_units:host" not in blind
    assert blind[f"shadowed_units:evidence/{VENDOR}"].verdict.status == "unknown"


def test_a_drop_in_that_may_not_be_read_is_unknown() -> None:
    host = edited(bundle(), DROP_INS, "10-a.conf", error="Permission denied", data="")
    path = "/etc/systemd/system/plant-worker.service.d/10-a.conf"
    assert verdict(host, "shadowed_units", path).status == "unknown"
    empty = replaced(bundle("bookworm-untouched"), VENDOR, stdout="")
    assert f"shadowed_units:evidence/{VENDOR}" in findings(empty, "shadowed_units")
