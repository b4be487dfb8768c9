"""Listeners a profile documents, forbids, or does not know; and the keys that say so."""

from __future__ import annotations

from typing import Any

import pytest

from reporter.errors import InputError
from reporter.profile import load_profiles
from tests.lab.edge_hosts import EDGE_PROFILE
from tests.rules.edge_cases import PROFILE_RULES, SUITES, bad, bundle, findings, verdict
from tests.rules.sockets_cases import cut
from tests.rules.systemd_cases import with_profile


@pytest.mark.parametrize("suite", SUITES)
def test_exactly_what_was_planted_is_found(suite: str) -> None:
    host = with_profile(bundle(f"{suite}-planted"), **EDGE_PROFILE)
    assert bad(host, *PROFILE_RULES) == {
        "documented_listeners:plant/8104": ("degraded", "P2"),
        "documented_listeners:plant/8105": ("degraded", "P2"),
        "documented_listeners:plant/8107": ("down", "P2"),
        "loopback_ports:port/8104": ("degraded", "P2"),
        "undocumented_listeners:tcp/8108": ("degraded", "P3"),
    }
    assert "held by shop-open.service" in str(
        verdict(host, "documented_listeners", "plant/8105").message
    )


@pytest.mark.parametrize("suite", SUITES)
def test_without_a_profile_nothing_is_said(suite: str) -> None:
    for kind in ("planted", "untouched"):
        host = bundle(f"{suite}-{kind}")
        assert findings(host, *PROFILE_RULES) == {}
        assert findings(with_profile(host, units=["shop-*"]), *PROFILE_RULES) == {}


def test_sshd_need_not_be_documented() -> None:
    host = with_profile(bundle("bookworm-untouched"), expected_ports=[8001])
    found = findings(host, "undocumented_listeners")
    assert [one.verdict.status for one in found.values()] == ["ok"]


@pytest.mark.parametrize(
    ("declared", "status", "severity"),
    [
        ({}, "ok", None),
        ({"address": "any"}, "ok", None),
        ({"address": "loopback"}, "degraded", "P2"),
        ({"address": "10.0.0.1"}, "degraded", "P3"),
        ({"unit": "shop-*"}, "ok", None),
        ({"unit": "shop-open.service"}, "ok", None),
        ({"unit": "shop-api"}, "degraded", "P2"),
    ],
)
def test_what_is_as_declared(declared: dict[str, str], status: str, severity: str) -> None:
    host = with_profile(bundle(), listeners={8104: declared})
    found = verdict(host, "documented_listeners", "plant/8104")
    assert (found.status, found.severity) == (status, severity)


def test_a_port_that_is_expected_too_is_missed_once() -> None:
    host = with_profile(bundle(), listeners={8107: None}, expected_ports=[8107])
    assert findings(host, "documented_listeners") == {}


def test_what_was_cut_is_not_known() -> None:
    host = with_profile(cut(bundle()), listeners={8107: None}, loopback_ports=[8107])
    assert verdict(host, "documented_listeners", "plant/8107").status == "unknown"
    assert verdict(host, "loopback_ports", "port/8107").status == "unknown"
    assert verdict(host, "undocumented_listeners", "listeners").status == "unknown"


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"listners": {}}, "unknown key 'listners'; did you mean 'listeners'?"),
        ({"listeners": 3}, "listeners: give a mapping from port to {address, unit}"),
        ({"listeners": {0: {}}}, "listeners: give port numbers from 1 to 65535, not '0'"),
        ({"listeners": {"x": {}}}, "listeners: give port numbers from 1 to 65535, not 'x'"),
        ({"listeners": {80: "nginx"}}, "listeners.80: give a mapping with the keys address, unit"),
        (
            {"listeners": {80: {"unti": "a"}}},
            "listeners.80: unknown key 'unti'; did you mean 'unit'",
        ),
        ({"listeners": {80: {"unit": 3}}}, "listeners.80.unit: give a unit's name"),
        (
            {"listeners": {80: {"address": "lopback"}}},
            "give an IP address, loopback or any, not 'lopback'; did you mean 'loopback'",
        ),
        ({"listeners": {80: {"address": "1.2.3.400"}}}, "80.address: give an IP address"),
        ({"listeners": {80: {"address": "a.example"}}}, "listeners.80.address: give an IP address"),
        ({"loopback_ports": 80}, "loopback_ports: give a list of port numbers"),
        (
            {"loopback_ports": [True]},
            "loopback_ports: give a list of port numbers from 1 to 65535, not True",
        ),
        (
            {"loopback_ports": [70000]},
            "loopback_ports: give a list of port numbers from 1 to 65535, not 70000",
        ),
    ],
)
def test_what_is_wrong_with_a_key_is_said(keys: dict[str, Any], error: str) -> None:
    with pytest.raises(InputError, match="truthmap_app_shop") as raised:
        load_profiles({"shop": keys}, "host")
    assert error in str(raised.value)


def test_keys_as_yaml_and_as_json_have_them() -> None:
    (one,) = load_profiles({"shop": {"listeners": {"80": None, 81: {"address": "::"}}}}, "host")
    assert [(each.port, each.address) for each in one.listeners] == [(80, None), (81, "any")]
    (listed,) = load_profiles({"shop": {"listeners": [80, 81]}}, "host")
    assert listed.ports == {80, 81}
