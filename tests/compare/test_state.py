"""What counts as being there on a host, and why something may be missing from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reporter.archive import load
from reporter.render.state_v1 import StateV1, state_from, state_v1
from reporter.report import host_report
from reporter.state.model import HostState, Kind
from tests.compare.cases import WORLD, Machine
from tests.rules import edge_cases, sockets_cases
from tests.rules.systemd_cases import replaced

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.json.zst"))


def state(machine: Machine) -> HostState:
    return host_report(machine.bundle()).state


def names(found: HostState, kind: Kind) -> list[str]:
    return [thing.name for thing in found.of(kind)]


SERVICES = ["shop-api.service", "shop-worker.service"]


@pytest.mark.parametrize(
    ("name", "values", "there"),
    [
        ("shop-extra.service", {}, True),
        ("shop-extra.service", {"ActiveState": "inactive", "SubState": "dead"}, True),
        ("run-u12.service", {}, False),
        ("user@0.service", {}, False),
        ("shop@1.service", {}, True),
        ("sshd@3-10.0.0.1.service", {"TriggeredBy": "sshd.socket"}, False),
        ("shop@2.service", {"Type": "oneshot"}, False),
    ],
)
def test_units_that_are_there(name: str, values: dict[str, str], there: bool) -> None:
    """Not those made for a command, a login or a connection; instances while they run."""
    machine = Machine().unit(name, **values)
    listed = "".join(f"{one} enabled -\n" for one in SERVICES)
    bundle = replaced(machine.bundle(), "systemd_unit_files", stdout=listed)
    found = host_report(bundle).state
    assert names(found, "unit") == sorted([*SERVICES, name] if there else SERVICES)


def test_aliases_are_no_units_of_their_own() -> None:
    """`syslog.service` is another's other name."""
    lines = "shop-api.service enabled -\nsyslog.service alias -\nshop@.service static -\n"
    bundle = replaced(Machine().bundle(), "systemd_unit_files", stdout=lines)
    found = host_report(bundle).state
    assert "syslog.service" not in names(found, "unit")
    assert "shop@.service" in names(found, "unit")


def test_command_lines_are_without_the_times_of_their_last_run() -> None:
    """systemd writes those beside them."""
    thing = state(Machine()).get("unit", "shop-api.service")
    assert thing is not None
    assert thing.several("command") == ("/srv/shop/shop-api --port=1",)


def test_ports_that_linux_picks_are_not_there_and_addresses_are_put_together() -> None:
    """A UDP client's socket lives for a question; one port is one listener."""
    found = host_report(
        sockets_cases.with_sockets(
            sockets_cases.bundle(),
            'udp UNCONN 0 0 0.0.0.0:40000 0.0.0.0:* users:(("x",pid=1,fd=3))',
        )
    ).state
    assert "udp/40000" not in names(found, "listener")
    ssh = found.get("listener", "tcp/22")
    assert ssh is not None
    assert (ssh.several("addresses"), ssh.text("reach")) == ((WORLD, "[::]"), "world")


def test_missing_evidence_is_a_gap_of_its_kinds_alone() -> None:
    """With the reason; what needs only a part of it is `unshown`."""
    blind = {
        "sockets_open": ("denied", "Permission denied"),
        "timers_schedules": ("timeout", "stopped after 10 s"),
    }
    found = state(Machine(reasons=blind))
    assert [gap.probe for gap in found.gaps["listener"]] == ["sockets_open"]
    assert "unit" not in found.gaps
    assert names(found, "timer") == ["shop-nightly.timer"]
    assert [gap.probe for gap in found.unshown["timer"]] == ["timers_schedules"]


def test_an_environment_file_shows_fingerprints_and_no_secret() -> None:
    """And the class of a hidden value's length, which any key leaves comparable."""
    thing = state(Machine()).get("env_file", "/etc/shop/shop.env")
    assert thing is not None
    assert thing.units == ("shop-api.service", "shop-worker.service")
    assert thing.several("settings") == (
        "API_KEY=hidden aaaaaaaaaaaaaaaaaaaa 16-31",
        "LOG_LEVEL=info",
    )


def test_sites_are_there_by_server_name_and_port() -> None:
    """Of a real nginx."""
    found = host_report(edge_cases.bundle()).state
    sites = names(found, "site")
    assert sites
    assert all(one.split()[0] in {"nginx", "caddy", "haproxy"} for one in sites)


@pytest.mark.parametrize("archive", GOLDEN, ids=lambda path: path.name.partition(".")[0])
def test_a_json_report_holds_the_whole_state(archive: Path) -> None:
    """Every thing of every kind, as it was before it was written and read."""
    (bundle,) = load([archive]).bundles.values()
    before = host_report(bundle).state
    written = json.loads(msgspec.json.encode(state_v1(before)))
    after = state_from(msgspec.convert(written, StateV1))
    assert {key: dict(one.traits) for key, one in before.things.items()} == {
        key: dict(one.traits) for key, one in after.things.items()
    }
    assert before.things == after.things


def test_the_kinds_of_a_later_version_are_left_out() -> None:
    """And do not keep the others from being read."""
    later: dict[str, Any] = {
        "things": [{"kind": "x", "name": "y", "application": None, "units": [], "traits": {}}],
        "gaps": [{"kind": "x", "traits": False, "probe": "y", "reason": "z"}],
    }
    assert state_from(msgspec.convert(later, StateV1)) == HostState()
