"""Rule host_identity."""

from __future__ import annotations

import pytest

from reporter.report import host_report
from tests.builders import record
from tests.rules.audit_cases import CRON
from tests.rules.audit_cases import bundle as planted
from tests.rules.host_cases import LAB_HOSTS, found, lab_bundle, on, only, outcome, without
from tests.rules.repository_cases import with_records

SYSTEMS = {
    "bookworm": "Debian GNU/Linux 12 (bookworm)",
    "bullseye": "Debian GNU/Linux 11 (bullseye)",
    "trixie": "Debian GNU/Linux 13 (trixie)",
}
HEARD = ("host_kernel", "host_boot", "host_uptime")


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_it_names_system_and_kernel_of_a_lab_host(name: str) -> None:
    """An untouched host is ok, runs, is run by systemd, and its raw lines are cited."""
    (finding,) = found(lab_bundle(name), "host_identity").values()
    verdict = finding.verdict
    assert (finding.id, verdict.status, verdict.running) == ("host_identity:host", "ok", "yes")
    assert verdict.connected_to == ("systemd",)
    assert SYSTEMS[name] in str(verdict.message)
    excerpts = {citation.record: citation.excerpt for citation in verdict.citations}
    assert f'PRETTY_NAME="{SYSTEMS[name]}"' == excerpts["host_os_release"]
    assert excerpts["host_kernel"].startswith("Linux 6.")


def test_bare_metal_is_an_answer_although_its_exit_code_is_1() -> None:
    assert "virtualisation: none (bare metal)" in only(on("none"), "host_identity", "host")[2]


def test_a_part_that_was_not_seen_is_said_to_be_unknown() -> None:
    """Without os-release the host still runs, and the gap is a finding of its own."""
    findings = found(without(lab_bundle(), "host_os_release"), "host_identity")
    assert findings["host_identity:host"].verdict.status == "ok"
    assert str(findings["host_identity:host"].verdict.message).startswith("not known, kernel 6.")
    assert findings["host_identity:evidence/host_os_release"].verdict.status == "unknown"


@pytest.mark.parametrize("probe", HEARD)
def test_one_word_of_the_kernel_is_enough_to_know_that_it_runs(probe: str) -> None:
    findings = found(without(lab_bundle(), probe), "host_identity")
    assert findings["host_identity:host"].verdict.status == "ok"


def test_a_host_whose_kernel_was_not_heard_is_unknown() -> None:
    bundle = lab_bundle()
    for probe in HEARD:
        bundle = without(bundle, probe)
    verdict = found(bundle, "host_identity")["host_identity:host"].verdict
    assert (verdict.status, verdict.running) == ("unknown", "unknown")


def test_without_systemd_nothing_is_said_to_be_connected_to_it() -> None:
    bundle = outcome(lab_bundle(), "systemd_units", "absent", "no program systemctl")
    assert found(bundle, "host_identity")["host_identity:host"].verdict.connected_to == ()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (
            'tcp LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=47,fd=6)) '
            "cgroup:/system.slice/redis-server.service",
            "Redis (redis-server.service)",
        ),
        (
            'tcp LISTEN 0 511 127.0.0.1:6380 0.0.0.0:* users:(("valkey-server",pid=48,fd=6))',
            "Valkey (127.0.0.1:6380)",
        ),
    ],
)
def test_it_is_connected_to_the_redis_that_listens_on_it(line: str, name: str) -> None:
    with_redis = with_records(lab_bundle(), record("redis_listeners", f"{line}\n"))
    verdict = found(with_redis, "host_identity")["host_identity:host"].verdict
    assert verdict.connected_to == ("systemd", name)


def test_what_the_host_is_connected_to_is_shown_of_it_alone() -> None:
    """Cron speaks of the host as well; what listens on it is nothing cron is connected to."""
    cron = next(one for one in planted("bookworm-planted").evidence if one.id == CRON)
    blocks = host_report(with_records(lab_bundle(), cron)).blocks
    shown = {str(one.component): [str(name) for name in one.connected_to] for one in blocks}
    assert (shown["VPS host"], shown["Cron"]) == (["systemd"], [])
