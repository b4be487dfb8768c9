"""Small things of the control node: clock bounds, perturbations, values out of an inventory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from truthmap_control import clock, values
from truthmap_control.perturbations import perturbations


@pytest.mark.parametrize(
    ("sent", "received", "started", "finished", "expected"),
    [
        (100.0, 104.0, "01:41.000000", "01:43.000000", (0.0, 1.0)),
        (100.0, 104.0, "01:51.000000", "01:53.000000", (10.0, 1.0)),
        (100.0, 104.0, "01:40.000000", "01:44.000000", (0.0, 0.0)),
        (100.0, 101.0, "00:40.500000", "00:40.600000", (-59.95, 0.45)),
        (100.0, 104.0, "01:41.000000", "01:51.000000", (None, None)),
    ],
    ids=["same", "host ahead", "no slack", "host behind", "clock set meanwhile"],
)
def test_the_offset_is_bounded_by_one_round_trip(
    sent: float,
    received: float,
    started: str,
    finished: str,
    expected: tuple[float | None, float | None],
) -> None:
    """Middle and half width of what both clocks allow; unknown where they contradict."""
    day = "1970-01-01T00:{}Z"
    found = clock.offset(sent, received, day.format(started), day.format(finished))
    assert expected == (found["offset_s"], found["uncertainty_s"])


def test_every_kind_of_collection_lists_what_it_leaves() -> None:
    """A login leaves records, sudo and su theirs, a local run none of them."""
    local = perturbations("local", "root")
    ssh = perturbations("ssh", "auditor")
    sudo = perturbations("ssh", "auditor", "sudo", "root")
    su = perturbations("ssh", "", "su", "postgres")
    assert len(local) < len(ssh) < len(sudo)
    assert any("login of auditor" in line for line in ssh)
    assert not any("sudo" in line for line in ssh)
    assert any("sudo/ts" in line for line in sudo)
    assert any("from the login user to postgres" in line for line in su)
    assert any(line.startswith("podman:") for line in perturbations("podman", "root"))
    assert all("access times" in lines[-1] for lines in (local, ssh, sudo, su))


class Tagged(str):
    """As Ansible's own strings are."""

    __slots__ = ()


class Table(Mapping[str, Any]):
    """As Ansible's lazy containers are."""

    def __getitem__(self, key: str) -> Any:
        return {"a": Tagged("b"), "when": date(2026, 2, 15)}[key]

    def __iter__(self) -> Any:
        return iter(("a", "when"))

    def __len__(self) -> int:
        return 2


def test_values_become_plain() -> None:
    """What goes into a bundle is what JSON knows, of exactly those types."""
    found = values.plain({Tagged("k"): [Tagged("v"), Table(), 1, 1.5, True, None]}, "x")
    assert found == {"k": ["v", {"a": "b", "when": "2026-02-15"}, 1, 1.5, True, None]}
    assert {type(key) for key in found} == {type(found["k"][0])} == {str}
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("value", [{"a": [b"bytes"]}, {"a": [float("inf")]}, {"a": [{1, 2}]}])
def test_a_value_without_a_json_form_is_named(value: Any) -> None:
    """With the place it stands at."""
    with pytest.raises(values.SettingError, match=r"profile\.a\[0\] is a"):
        values.plain(value, "profile")


@pytest.mark.parametrize("value", ["", "x", None, 0, -1, True, "nan", "inf", [], {}])
def test_a_limit_is_a_number_above_zero(value: Any) -> None:
    """An empty survey answer is no limit of zero."""
    with pytest.raises(values.SettingError, match="collect_host_timeout_s"):
        values.number(value, "collect_host_timeout_s")
    assert values.number("5", "x") == values.number(5, "x") == 5.0


def test_text_may_be_empty_or_missing() -> None:
    """An optional survey question left out arrives as empty text."""
    assert values.text("", "x") == values.text(None, "x") == values.text("  ", "x") == ""
    with pytest.raises(values.SettingError, match="x is a list"):
        values.text([], "x")


def test_an_error_becomes_one_printable_line() -> None:
    """Banners lose their frames, control characters show, both ends of a long one stay."""
    banner = (
        "@@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@@@@\n\x1b[31mNo.\r\n"
    )
    assert values.one_line(banner) == (
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @; \\x1b[31mNo."
    )
    long = values.one_line("begin" + " x" * 1000 + " end")
    assert len(long) <= 500
    assert long.startswith("begin")
    assert long.endswith("end")
