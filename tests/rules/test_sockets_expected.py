"""expected_ports: what a profile says something listens on."""

from __future__ import annotations

import pytest

from reporter.errors import InputError
from reporter.profile import load_profiles
from tests.builders import without
from tests.rules.sockets_cases import (
    OPEN,
    SUITES,
    bundle,
    cut,
    findings,
    replaced,
    verdict,
    with_profile,
)

RULE = "expected_ports"


@pytest.mark.parametrize("suite", SUITES)
def test_a_port_is_listened_on_or_down(suite: str) -> None:
    host = with_profile(bundle(f"{suite}-planted"), title="Plant", expected_ports=[8001, 8003, 22])
    seen = {name: one.verdict for name, one in findings(host, RULE).items()}
    assert set(seen) == {f"{RULE}:port/{port}" for port in (22, 8001, 8003)}
    there, missing = seen[f"{RULE}:port/8001"], seen[f"{RULE}:port/8003"]
    assert (there.status, there.running, there.application) == ("ok", "yes", "plant")
    assert str(there.message) == "port 8001 is listened on: tcp 127.0.0.1:8001"
    assert (missing.status, missing.severity, missing.running) == ("down", "P2", "no")
    assert str(missing.message).startswith(
        "nothing listens on port 8003, although Plant expects it: none of the "
    )
    assert "tcp 0.0.0.0:22, tcp [::]:22" in str(seen[f"{RULE}:port/22"].message)


def test_a_connection_is_no_listener() -> None:
    """Only the local end of a connection has that port; nothing listens on it."""
    local = next(
        line.split()[4]
        for line in bundle().evidence[0].stdout.data.splitlines()
        if "redis-server" not in line and "127.0.0.1:6379" in line
    )
    port = int(local.rpartition(":")[2])
    host = with_profile(bundle(), expected_ports=[port])
    assert verdict(host, RULE, f"port/{port}").status == "down"


def test_a_port_is_told_with_what_it_is_a_part_of() -> None:
    parts = {"ui": {"title": "Web UI", "ports": [8003]}}
    host = with_profile(bundle(), title="Plant", expected_ports=[8003], components=parts)
    message = str(verdict(host, RULE, "port/8003").message)
    assert message.startswith("nothing listens on port 8003 (Web UI), although Plant expects it")


def test_no_profile_no_finding() -> None:
    """Nothing is expected: then missing evidence hides nothing, and is no gate's affair."""
    assert findings(bundle(), RULE) == {}
    assert findings(without(bundle(), OPEN), RULE) == {}


def test_other_users_listeners_are_seen_without_rights() -> None:
    host = with_profile(bundle("non-root"), expected_ports=[8001, 8003])
    assert verdict(host, RULE, "port/8001").status == "ok"
    assert verdict(host, RULE, "port/8003").status == "down"


def test_missing_evidence_answers_each_port_by_unknown() -> None:
    host = with_profile(bundle(), expected_ports=[8001, 8003])
    failed = replaced(host, OPEN, exit_code=1, stdout="", stderr="Cannot open netlink socket\n")
    for broken in (without(host, OPEN), failed):
        seen = findings(broken, RULE)
        for port in (8001, 8003):
            finding = seen[f"{RULE}:port/{port}"]
            assert (finding.verdict.status, finding.gate) == ("unknown", "P2")
    reason = findings(failed, RULE)[f"{RULE}:evidence/{OPEN}"].verdict.message
    assert "ss ended with 1: Cannot open netlink socket" in str(reason)


def test_a_cut_list_does_not_say_that_nobody_listens() -> None:
    host = cut(with_profile(bundle(), expected_ports=[6379, 8003]))
    assert verdict(host, RULE, "port/6379").status == "ok"
    assert verdict(host, RULE, "port/8003").status == "unknown"


@pytest.mark.parametrize("ports", [80, ["80"], [0], [65536], [True], [80.0]])
def test_what_is_no_list_of_ports_is_refused(ports: object) -> None:
    with pytest.raises(InputError, match=r"truthmap_app_x.expected_ports: give a list of port"):
        load_profiles({"x": {"expected_ports": ports}}, "test")


def test_root_listeners_are_patterns() -> None:
    with pytest.raises(InputError, match="root_listeners: give a list"):
        load_profiles({"x": {"root_listeners": "sshd"}}, "test")
    several = {"a": {"root_listeners": ["x"]}, "b": {}, "c": {"root_listeners": ["y"]}}
    assert load_profiles(several, "test").root_listeners() == ("x", "y")
    assert load_profiles({"b": {}}, "test").root_listeners() is None
