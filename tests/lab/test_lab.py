"""The lab keeps its promises: real hosts, checked host keys, and the reference population."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.lab import Lab, LabError, LabHost, Recipe
from tests.lab.access import USERS
from tests.lab.images import SUITES
from tests.lab.units import load_reference_units, provision_reference

pytestmark = pytest.mark.lab

UNITS = load_reference_units()


@pytest.fixture(scope="module")
def reference(lab: Lab) -> LabHost:
    lab.up(["reference"])
    return lab.host("reference")


def show(host: LabHost, unit: str, *names: str) -> dict[str, str]:
    """Properties of one unit."""
    return show_all(host, [unit], *names)[0]


def show_all(host: LabHost, units: Sequence[str], *names: str) -> list[dict[str, str]]:
    """Properties of many units, in the order asked for."""
    answer = host.run(f"systemctl show {' '.join(units)} --property={','.join(names)}").stdout
    blocks = answer.strip().split("\n\n")
    return [dict(line.split("=", 1) for line in block.splitlines()) for block in blocks]


def states(host: LabHost) -> dict[str, str]:
    """Unit -> "load active sub" of all quantum units in memory."""
    answer = host.run("systemctl list-units --all --plain --no-legend 'quantum-*'").stdout
    rows = (line.split(None, 4) for line in answer.splitlines())
    return {row[0]: " ".join(row[1:4]) for row in rows}


@pytest.mark.parametrize("suite", SUITES)
def test_an_untouched_host_boots_without_a_failed_unit(lab: Lab, suite: str) -> None:
    lab.up([suite])
    host = lab.host(suite)

    assert host.wait_booted() == "running"
    assert host.run("systemctl --failed --no-legend").stdout == ""
    assert f"VERSION_CODENAME={suite}" in host.run("cat /etc/os-release").stdout


@pytest.mark.parametrize("suite", SUITES)
def test_every_user_logs_in_with_the_rights_it_should_have(lab: Lab, suite: str) -> None:
    lab.up([suite])
    host = lab.host(suite)
    password = lab.access.password

    names = [host.ssh("id --user --name", user=user).stdout.strip() for user in USERS]
    assert list(USERS) == names

    sudo = {user: host.ssh("sudo -n id -u", user=user, check=False) for user in USERS[1:]}
    assert {u: d.returncode for u, d in sudo.items()} == {"auditor": 1, "operator": 1, "deploy": 0}

    answer = host.ssh(f"echo {password} | sudo -S -p '' id -u", user="operator")
    assert answer.stdout.strip() == "0"
    assert host.ssh("id --groups --name", user="auditor").stdout.strip() == "auditor"


def test_a_login_opens_a_session_scope(lab: Lab) -> None:
    lab.up(["bookworm"])
    cgroup = lab.host("bookworm").ssh("cat /proc/self/cgroup", user="auditor").stdout
    assert "/user.slice/user-1000.slice/session-" in cgroup


def test_the_journal_is_on_disk(lab: Lab) -> None:
    lab.up(["bookworm"])
    header = lab.host("bookworm").run("journalctl --header").stdout
    assert "File path: /var/log/journal/" in header
    assert "/run/log/journal" not in header


def test_an_unknown_host_key_is_refused(lab: Lab, tmp_path: Path) -> None:
    lab.up(["bookworm", "trixie"])
    host, other = lab.host("bookworm"), lab.host("trixie")
    lines = lab.access.known_hosts.read_text().splitlines()
    wrong = tmp_path / "known_hosts"
    keys = [line.split(" ", 1)[1] for line in lines if line.startswith(f"[127.0.0.1]:{other.port}")]
    wrong.write_text("".join(f"[127.0.0.1]:{host.port} {key}\n" for key in keys))

    refused = host.ssh("true", options=[f"UserKnownHostsFile={wrong}"], check=False)

    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr


def test_the_inventory_names_hosts_and_keeps_the_password_out(lab: Lab, tmp_path: Path) -> None:
    lab.up(["bookworm"])
    path = lab.write_inventory(
        tmp_path / "inventory.yml", ["bookworm"], user="operator", become=True
    )
    variables = yaml.safe_load(path.read_text())["all"]["hosts"]["bookworm"]

    assert lab.host("bookworm").port == variables["ansible_port"]
    assert "StrictHostKeyChecking=yes" in variables["ansible_ssh_common_args"]
    assert lab.access.password not in path.read_text()


def test_a_host_of_ones_own_is_set_up_once_and_removed(lab: Lab) -> None:
    calls: list[str] = []

    def setup(host: LabHost) -> None:
        host.put("/etc/motd", "set up\n", mode=0o600)
        calls.append(host.name)

    recipe = Recipe("bookworm", setup=setup)
    try:
        host = lab.start("own-host", recipe)
        assert host == lab.start("own-host", recipe)
        assert calls == ["own-host"]
        assert host.run("stat -c %a /etc/motd; cat /etc/motd").stdout == "600\nset up\n"
        assert {"C /etc/motd", "A /etc/motd"} & set(host.diff())
        assert "own-host" not in lab.inventory_path.read_text()
    finally:
        lab.stop("own-host")
    with pytest.raises(LabError, match="own-host is not up"):
        lab.host("own-host")


def test_a_user_manager_stops_at_once(lab: Lab) -> None:
    """Else the next login of that user waits two minutes (see `_UNIFIED` in lab.py)."""
    try:
        host = lab.start("user-manager", Recipe("bookworm"))
        host.run("systemctl start user@1000 && systemctl stop user@1000", timeout=30)
        assert show(host, "user@1000.service", "Result") == {"Result": "success"}
    finally:
        lab.stop("user-manager")


def test_the_cost_of_a_host_is_measured(lab: Lab) -> None:
    lab.up(["bookworm"])
    host = lab.host("bookworm")
    was_reset = host.reset_memory_peak()
    before, memory = host.cgroup_usage()
    host.run("python3 -c 'x = bytearray(200_000_000); [i for i in range(3_000_000)]'")
    after, peak = host.cgroup_usage()

    assert 0.05 < after - before < 20
    assert memory > 0
    assert peak > 200_000_000
    if was_reset:
        assert memory < 200_000_000


def test_the_reference_runs_thirty_services(reference: LabHost) -> None:
    running = {u for u, s in states(reference).items() if s == "loaded active running"}

    expected = {f"{name}.service" for name in UNITS.running + UNITS.short_lived}
    assert len(expected) == 30
    # The short-lived one may be between two lives just now.
    assert {f"{name}.service" for name in UNITS.running} <= running <= expected


def test_the_reference_has_forty_eight_inactive_services(reference: LabHost) -> None:
    assert len(set(UNITS.inactive)) == 48
    services = [f"{name}.service" for name in UNITS.inactive]
    names = ("LoadState", "ActiveState", "Type", "UnitFileState")
    found = show_all(reference, services, *names)

    for name, properties in zip(UNITS.inactive, found, strict=True):
        is_job = name in UNITS.timers
        is_enabled = name in UNITS.enabled_inactive
        assert properties == {
            "LoadState": "loaded",
            "ActiveState": "inactive",
            "Type": "oneshot" if is_job else "simple",
            "UnitFileState": "static" if is_job else "enabled" if is_enabled else "disabled",
        }


def test_the_reference_has_two_missing_units(reference: LabHost) -> None:
    missing = {unit for unit, s in states(reference).items() if s == "not-found inactive dead"}
    assert {"quantum-ensemble.service", "quantum-redis.service"} == missing


def test_the_reference_has_timers_that_ran_and_timers_that_never_did(reference: LabHost) -> None:
    timers = [f"{name}.timer" for name in UNITS.timers]
    found = show_all(reference, timers, "ActiveState", "SubState", "LastTriggerUSec")
    results = show_all(reference, [f"{name}.service" for name in UNITS.timers], "Result")

    for name, timer, result in zip(UNITS.timers, found, results, strict=True):
        waits = "elapsed" if name in UNITS.timer_dead else "waiting"
        assert (timer["ActiveState"], timer["SubState"]) == ("active", waits)
        assert (name in UNITS.timer_ran) == (timer["LastTriggerUSec"] not in ("", "n/a"))
        assert result == {"Result": "success"}


def test_the_reference_listens_where_it_should_and_nowhere_else(reference: LabHost) -> None:
    shown = reference.run("ss -H -lnt").stdout.splitlines()
    ports = {int(line.split()[3].rpartition(":")[2]) for line in shown}
    assert ports == {22, 6379, *UNITS.listeners.values()}


def test_the_units_of_the_reference_hold_their_connections(reference: LabHost) -> None:
    wanted = sorted(port for ports in UNITS.connections.values() for port in ports)
    shown = reference.run("ss -H -nt state established").stdout.splitlines()
    peers = [line.split()[3] for line in shown]
    found = [int(peer.rpartition(":")[2]) for peer in peers if peer.startswith("127.0.0.1:")]
    assert sorted(port for port in found if port in set(wanted)) == wanted


def test_the_reference_has_a_service_whose_program_is_missing(reference: LabHost) -> None:
    trainer = "quantum-rl-trainer.service"
    names = ("ActiveState", "SubState", "ExecMainStatus", "NRestarts")
    first = show(reference, trainer, *names)
    time.sleep(5)
    second = show(reference, trainer, *names)

    assert tuple(second[name] for name in names[:3]) == ("activating", "auto-restart", "203")
    assert int(first["NRestarts"]) < int(second["NRestarts"])


def test_the_reference_has_a_service_that_dies_twice_a_minute(reference: LabHost) -> None:
    monitor = "quantum-exit-monitor.service"
    until = time.monotonic() + 45
    while show(reference, monitor, "NRestarts")["NRestarts"] == "0":
        assert time.monotonic() < until, "never restarted"
        time.sleep(1)
    log = reference.run(f"journalctl -u {monitor} --no-pager").stdout
    assert "code=exited, status=1/FAILURE" in log


def test_logrotate_failed_on_the_reference(reference: LabHost) -> None:
    found = show(reference, "logrotate.service", "ActiveState", "ExecMainStatus")
    assert found == {"ActiveState": "failed", "ExecMainStatus": "1"}
    failed = reference.run("systemctl --failed --plain --no-legend").stdout.splitlines()
    assert [line.split()[0] for line in failed] == ["logrotate.service"]


def test_the_reference_can_be_provisioned_again(reference: LabHost) -> None:
    before = states(reference)
    provision_reference(reference)
    assert before.keys() == states(reference).keys()
