"""Probe declarations on the control node: found by name, chosen by tags, checked together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from truthmap_control import probes

UNITS = {
    "id": "units",
    "description": "Units.",
    "kind": "command",
    "args": {"argv": ["systemctl", "show", "*"]},
}
AGAIN = {
    "id": "again",
    "description": "Units again.",
    "kind": "command",
    "args": {"argv": ["systemctl", "show", "{items}"]},
    "from": {"probe": "units", "selector": "restarted_units", "as": "all"},
}
KERNEL = {
    "id": "kernel",
    "description": "Kernel.",
    "kind": "file",
    "args": {"path": "/proc/version"},
}


def test_variables_are_found_by_name() -> None:
    """A new domain needs its role and nothing else."""
    names = [
        "probe_systemd_probes",
        "probe_host_probes",
        "probe_x_y_probes",
        "probe_probes",
        "my_probe_z_probes",
        "probe_host_probes_old",
        "PROBE_A_PROBES",
    ]
    assert probes.variables(names) == {
        "host": "probe_host_probes",
        "systemd": "probe_systemd_probes",
        "x_y": "probe_x_y_probes",
    }


def test_valid_lists_are_returned_by_domain() -> None:
    """A probe may derive from another domain's."""
    declared = {"systemd": [UNITS], "loops": [AGAIN], "empty": []}
    assert probes.gather(declared) == declared


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"host": None}, "probe_host_probes is no list of probes"),
        ({"host": {"id": "x"}}, "probe_host_probes is no list of probes"),
        ({"host": ["x"]}, "probe_host_probes.*not valid"),
        ({"host": [{**KERNEL, "kind": "shell"}]}, "kernel.*'shell' is none of"),
        ({"host": [{**KERNEL, "arg": {}}]}, "kernel.*unknown key 'arg'"),
        ({"host": [KERNEL], "other": [KERNEL]}, "probe_other_probes.*kernel: declared twice"),
        ({"loops": [AGAIN]}, "there is no probe 'units'"),
        ({"loops": [{**UNITS, "from": AGAIN["from"]}]}, "units.*(itself|circle|items)"),
        ({"host": [{**KERNEL, "kind": "x"}, {**UNITS, "kind": "y"}]}, "kernel.*; .*units"),
    ],
)
def test_a_mistake_is_named(declared: dict[str, Any], expected: str) -> None:
    """All of them at once, each with its probe."""
    with pytest.raises(probes.ProbeError, match=expected):
        probes.gather(declared)


@pytest.mark.parametrize(
    ("run_tags", "skip_tags", "expected"),
    [
        (["all"], [], ["host", "systemd"]),
        ([], [], ["host", "systemd"]),
        (["systemd"], [], ["systemd"]),
        (["systemd", "deploy"], [], ["systemd"]),
        (["deploy"], [], ["host", "systemd"]),
        (["all"], ["host"], ["systemd"]),
        (["all", "systemd"], [], ["host", "systemd"]),
        (["tagged"], [], ["host", "systemd"]),
        (["host"], ["host"], []),
    ],
)
def test_tags_choose_domains(
    run_tags: list[str], skip_tags: list[str], expected: list[str]
) -> None:
    """As roles without tasks cannot be chosen by Ansible itself."""
    assert probes.selected_domains(["host", "systemd"], run_tags, skip_tags) == expected


def test_what_a_chosen_probe_derives_from_comes_along() -> None:
    """Else its targets would be unknown."""
    gathered = probes.gather({"systemd": [UNITS], "loops": [AGAIN], "host": [KERNEL]})
    assert probes.select(gathered, ["loops"]) == [AGAIN, UNITS]
    assert probes.select(gathered, ["host"]) == [KERNEL]
    assert probes.select(gathered, []) == []
    everything = json.dumps(probes.select(gathered, list(gathered)))
    assert all(json.dumps(probe) in everything for probe in (UNITS, AGAIN, KERNEL))


def test_a_roles_own_variables_are_filled_in() -> None:
    """As Ansible would, where an operator sets none; what is no variable of the role stays."""
    role = {
        "probe_x_folders": ["/etc/x"],
        "probe_x_probes": [
            {"args": {"a": "{{ probe_x_folders }}", "b": ["{{ other }}", "{item}"]}}
        ],
    }
    assert probes.filled(role["probe_x_probes"], role) == [
        {"args": {"a": ["/etc/x"], "b": ["{{ other }}", "{item}"]}}
    ]
