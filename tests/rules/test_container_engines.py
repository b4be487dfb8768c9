"""container_engines: which engines there are, and what runs in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reporter.evidence import Bundle
from reporter.facts import FactStore
from reporter.findings import Missing
from reporter.registry import parsers
from reporter.report import host_report
from reporter.rules.container_engines import containers_running
from tests.ablation import violations
from tests.builders import record, without
from tests.rules.edge_cases import SUITES, bad, bundle, verdict
from tests.rules.systemd_cases import replaced

RULE = "container_engines"
SOCKET = "/run/docker.sock"
DOCKER: tuple[dict[str, Any], ...] = (
    {"program": "docker", "path": "/usr/bin/docker"},
    {"daemon": "dockerd", "pid": 812, "processes": 1},
    {"container": "docker", "id": "4f1c0a9be2d1", "pid": 1290, "processes": 3},
    {"engine": SOCKET, "running": True, "containers": 3},
    {
        "listed": SOCKET,
        "id": "4f1c0a9be2d1",
        "name": "web",
        "image": "nginx:1.27",
        "state": "running",
        "ports": ["0.0.0.0:8080->80/tcp"],
    },
    {"listed": SOCKET, "id": "11", "name": "job", "image": "job:1", "state": "exited", "ports": []},
    {"listed": SOCKET, "id": "22", "name": "x", "image": "x:1", "state": "restarting", "ports": []},
)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def host(*rows: dict[str, Any]) -> Bundle:
    return replaced(bundle("bookworm-untouched"), "containers_present", stdout=lines(*rows))


@pytest.mark.parametrize("suite", SUITES)
def test_an_untouched_host_has_none(suite: str) -> None:
    """A lab host is a container itself, and knows of none within."""
    found = verdict(bundle(f"{suite}-untouched"), RULE, "containers")
    assert (found.status, found.running) == ("ok", "no")
    assert str(found.message) == ("there is no container engine, and no process is in a container")


def test_containers_with_image_state_and_ports() -> None:
    found = verdict(host(*DOCKER), RULE, "containers")
    assert (found.status, found.running) == ("ok", "yes")
    assert str(found.message) == ("2 containers run (docker); 1 more are known and do not run")
    assert "web: nginx:1.27, running, 0.0.0.0:8080->80/tcp" in map(str, found.details)
    assert bad(host(*DOCKER), RULE) == {f"{RULE}:container/x": ("degraded", "P3")}


def test_an_engine_in_which_nothing_runs() -> None:
    found = verdict(host(*DOCKER[:2]), RULE, "containers")
    assert str(found.message) == ("no container runs; installed: docker; daemons that run: dockerd")


def test_a_users_own_engine_is_called_his() -> None:
    rootless = {"daemon": "dockerd", "pid": 2101, "processes": 1, "uid": 1000}
    found = verdict(host(DOCKER[0], rootless), RULE, "containers")
    assert str(found.message).endswith("daemons that run: dockerd of uid 1000")


def test_a_reader_without_rights_still_sees_the_processes() -> None:
    """Docker's list is closed to him: what runs is known, what it is called is not."""
    denied = {"engine": SOCKET, "running": True, "error": "Permission denied"}
    found = verdict(host(*DOCKER[:3], denied), RULE, "containers")
    assert (found.status, found.running) == ("ok", "yes")
    assert f"{SOCKET}: Permission denied" in map(str, found.details)


def test_hidden_processes_leave_it_unknown() -> None:
    found = verdict(host({"hidden": True}), RULE, "containers")
    assert (found.status, found.running) == ("unknown", "unknown")


def test_what_other_rules_hold_inventories_against() -> None:
    """None is an answer, and another one than not known."""

    def known(*rows: dict[str, Any]) -> Any:
        kept = [record("containers_present", lines(*rows))]
        fact = FactStore(parsers(), kept, frozenset(["containers_present"])).get("containers")
        return containers_running(fact)

    assert known() == ()
    assert {one.name for one in known(*DOCKER)} == {"web", "x"}
    assert known({"hidden": True}) is None
    assert (
        containers_running(Missing("containers", verdict(host(), RULE, "containers").message))
        is None
    )


def test_ablation() -> None:
    for one in (host(*DOCKER), host({"hidden": True}), host(*DOCKER[:2])):
        whole = host_report(one)
        assert [bad for each in one.evidence for bad in violations(one, each.id, whole)] == []
    gone = without(bundle("bookworm-untouched"), "containers_present")
    assert bad(gone, RULE) == {f"{RULE}:evidence/containers_present": ("unknown", None)}
