"""listening_ports: who listens, to whom it is open, and which root is an alarm."""

from __future__ import annotations

import pytest

from tests.builders import without
from tests.rules.sockets_cases import (
    OPEN,
    PROCESSES,
    SUITES,
    bundle,
    cut,
    findings,
    replaced,
    verdict,
    with_process,
    with_profile,
    with_sockets,
    without_lines,
)

RULE = "listening_ports"


def line(local: str, pid: int = 4242, name: str = "made", proto: str = "tcp") -> str:
    state = "LISTEN" if proto == "tcp" else "UNCONN"
    return f'{proto} {state} 0 5 {local} 0.0.0.0:* users:(("{name}",pid={pid},fd=3))'


@pytest.mark.parametrize("suite", SUITES)
def test_an_untouched_host_raises_nothing(suite: str) -> None:
    """sshd for the world and Redis on loopback are both ok, each with unit, user and program."""
    seen = findings(bundle(f"{suite}-untouched"), RULE)
    assert {finding.verdict.status for finding in seen.values()} == {"ok"}
    sshd = seen[f"{RULE}:tcp/0.0.0.0:22"].verdict
    assert str(sshd.message) == (
        "tcp port 22 at 0.0.0.0 (open to the world): ssh.service as root, /usr/sbin/sshd"
    )
    assert "as root by design: opens sessions as any user" in str(sshd.details[0])
    redis = str(seen[f"{RULE}:tcp/127.0.0.1:6379"].verdict.message)
    assert redis.startswith(
        "tcp port 6379 at 127.0.0.1 (loopback only): redis-server.service as redis, "
    )
    assert redis.endswith("(redis-server)")  # the program is a link's target, the name tells


@pytest.mark.parametrize("suite", SUITES)
def test_root_open_to_the_world_is_degraded(suite: str) -> None:
    seen = findings(bundle(f"{suite}-planted"), RULE)
    bad = {name: one.verdict for name, one in seen.items() if one.verdict.status != "ok"}
    assert set(bad) == {f"{RULE}:tcp/0.0.0.0:9999", f"{RULE}:udp/*:9998"}
    for one in bad.values():
        assert (one.status, one.severity) == ("degraded", "P3")
        assert "plant-world.service as root" in str(one.message)
        assert "whoever breaks into it" in str(one.message)
        assert {cited.record for cited in one.citations} == {OPEN, PROCESSES}


@pytest.mark.parametrize("suite", SUITES)
def test_root_that_holds_a_port_for_others_is_ok(suite: str) -> None:
    """A master with a worker of another user, and systemd for a socket unit."""
    workers = verdict(bundle(f"{suite}-planted"), RULE, "tcp/0.0.0.0:8080")
    assert (workers.status, workers.details) == ("ok", ())
    assert "as nobody, root" in str(workers.message)
    activated = verdict(bundle(f"{suite}-planted"), RULE, "tcp/*:9000")
    assert activated.status == "ok"
    assert "systemd holds it for a socket unit" in str(activated.details[0])


@pytest.mark.parametrize(
    ("local", "status", "reach"),
    [
        ("127.0.0.1:7000", "ok", "loopback only"),
        ("127.0.0.53%lo:7000", "ok", "loopback only"),
        ("0.0.0.0%lo:7000", "ok", "loopback only"),
        ("[::1]:7000", "ok", "loopback only"),
        ("[::ffff:127.0.0.1]:7000", "ok", "loopback only"),
        ("10.1.2.3:7000", "ok", "on one address"),
        ("[fe80::1]%eth0:7000", "ok", "on one address"),
        ("8.8.8.8:7000", "degraded", "open to the world on one address"),
        ("[2a00:1450::1]:7000", "degraded", "open to the world on one address"),
        ("*:7000", "degraded", "open to the world"),
        ("[::]:7000", "degraded", "open to the world"),
        ("*%eth0:7000", "degraded", "open to the world on eth0"),
    ],
)
def test_what_counts_as_open(local: str, status: str, reach: str) -> None:
    host = with_process(with_sockets(bundle(), line(local)), 4242)
    (made,) = [
        one.verdict for one in findings(host, RULE).values() if "made.service" in str(one.verdict)
    ]
    assert made.status == status
    assert f"({reach})" in str(made.message)


def test_a_socket_units_own_service_is_judged_itself() -> None:
    """With Accept=no systemd and the service hold the same socket."""
    both = 'users:(("made",pid=4242,fd=3),("systemd",pid=1,fd=40))'
    host = with_sockets(bundle(), f"tcp LISTEN 0 5 *:7000 *:* {both}")
    assert verdict(with_process(host, 4242), RULE, "tcp/*:7000").status == "degraded"
    assert (
        verdict(with_process(host, 4242, exe="/usr/sbin/sshd"), RULE, "tcp/*:7000").status == "ok"
    )
    assert verdict(with_process(host, 4242, uid=33), RULE, "tcp/*:7000").status == "ok"


def test_a_program_is_known_by_its_path_not_by_its_name() -> None:
    host = with_sockets(bundle(), line("*:7000", name="sshd"))
    assert verdict(with_process(host, 4242, exe="/home/x/sshd"), RULE, "tcp/*:7000").status != "ok"
    replaced_since = with_process(host, 4242, exe="/usr/sbin/sshd (deleted)")
    old = verdict(replaced_since, RULE, "tcp/*:7000")
    assert old.status == "ok"
    assert "it runs the old one" in str(old.details[-1])
    hidden = with_process(host, 4242, exe=None, exe_error="Permission denied")
    assert "program not shown" in str(verdict(hidden, RULE, "tcp/*:7000").message)
    assert verdict(hidden, RULE, "tcp/*:7000").status == "degraded"


def test_the_profile_replaces_the_list_of_who_may() -> None:
    host = with_profile(bundle(), units=["plant-*"], root_listeners=["plant-world.service"])
    world = verdict(host, RULE, "tcp/0.0.0.0:9999")
    assert (world.status, world.application) == ("ok", "plant")
    assert "the profile's root_listeners names it" in str(world.details[0])
    assert verdict(host, RULE, "tcp/0.0.0.0:22").status == "degraded"
    assert verdict(host, RULE, "tcp/*:9000").status == "ok"  # systemd answers nothing itself
    none = with_profile(bundle("bookworm-untouched"), root_listeners=[])
    assert verdict(none, RULE, "tcp/0.0.0.0:22").severity == "P3"


@pytest.mark.parametrize("suite", SUITES)
def test_udp_ports_that_linux_picked_are_one_finding(suite: str) -> None:
    picked = verdict(bundle(f"{suite}-planted"), RULE, "udp/picked")
    assert picked.status == "ok"
    assert str(picked.message).endswith("(32768 to 60999): 1, of plant-api.service")


def test_whose_is_not_shown_is_unknown() -> None:
    """Without rights: every listener is there, none is ok, and the reason names the user."""
    seen = findings(bundle("non-root"), RULE)
    as_root = findings(bundle(), RULE)
    assert set(seen) == set(as_root)
    assert {one.verdict.status for one in seen.values()} == {"unknown"}
    for one in seen.values():
        assert one.gate == "P3"
        assert "not shown to the user auditor: only root" in str(one.verdict.missing[0].reason)


def test_a_socket_no_process_of_root_holds_is_unknown() -> None:
    host = with_sockets(bundle(), "udp UNCONN 0 0 0.0.0.0:51820 0.0.0.0:*")
    host = with_sockets(host, "udp UNCONN 0 0 0.0.0.0:111 0.0.0.0:*")
    kernel = verdict(host, RULE, "udp/0.0.0.0:111")
    assert kernel.status == "unknown"
    assert "the kernel's own (NFS, WireGuard)" in str(kernel.missing[0].reason)
    assert verdict(host, RULE, "udp/picked").status == "unknown"


def test_a_process_that_ended_or_was_not_looked_at_leaves_the_listener_unknown() -> None:
    host = with_sockets(bundle(), line("*:7000"))
    assert "was not looked at" in str(verdict(host, RULE, "tcp/*:7000").missing[0].reason)
    gone = with_process(host, 4242, error="No such process")
    ended = verdict(gone, RULE, "tcp/*:7000")
    assert ended.status == "unknown"
    assert "had ended before it was looked at" in str(ended.missing[0].reason)
    later = with_process(host, 4242, started_at="2099-01-01T00:00:00.000000Z")
    assert "another one has its number" in str(verdict(later, RULE, "tcp/*:7000").missing[0].reason)


def test_without_the_processes_the_alarm_is_unknown() -> None:
    seen = findings(without(bundle(), PROCESSES), RULE)
    world = seen[f"{RULE}:tcp/0.0.0.0:9999"]
    assert (world.verdict.status, world.gate) == ("unknown", "P3")
    assert f"{RULE}:evidence/{PROCESSES}" in seen


def test_without_the_sockets_nothing_is_said_but_that() -> None:
    assert set(findings(without(bundle(), OPEN), RULE)) == {f"{RULE}:evidence/{OPEN}"}
    absent = replaced(bundle(), OPEN, outcome="absent", reason="ss: No such file", stdout="")
    seen = findings(absent, RULE)[f"{RULE}:evidence/{OPEN}"].verdict
    assert "absent: ss: No such file" in str(seen.message)


def test_what_was_cut_or_cannot_be_read_is_said() -> None:
    assert findings(cut(bundle()), RULE)[f"{RULE}:cut/{OPEN}"].verdict.status == "unknown"
    garbage = with_sockets(bundle(), "mptcp LISTEN 0 5 somewhere *:*")
    assert verdict(garbage, RULE, "unread").status == "unknown"


def test_sockets_that_share_a_port_are_one_listener() -> None:
    host = with_sockets(bundle(), line("*:7000", 4242), line("*:7000", 4243))
    host = with_process(with_process(host, 4242), 4243, uid=33, user="www-data")
    assert "as root, www-data" in str(verdict(host, RULE, "tcp/*:7000").message)
    one_gone = without_lines(host, PROCESSES, '"pid": 4243')
    assert verdict(one_gone, RULE, "tcp/*:7000").status == "unknown"
