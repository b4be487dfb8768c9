"""Rule clock_sync. Clock faults cannot be caused in a container: those records are edited."""

from __future__ import annotations

import json

import msgspec
import pytest

from reporter.evidence import Bundle
from tests.rules.host_cases import (
    LAB_HOSTS,
    edited,
    found,
    lab_bundle,
    off_by,
    on,
    only,
    outcome,
    without,
)


def synchronised(bundle: Bundle, status: int = 0x2001, state: int = 0) -> Bundle:
    """Return the bundle with adjtimex as a host under chrony shows it, unless said otherwise."""
    line = {
        "time": 1795345305.1,
        "state": state,
        "status": status,
        "unsynchronised": False,
        "offset_us": 12.5,
        "maxerror_us": 15500,
        "esterror_us": 310,
    }
    return edited(bundle, "host_clock", json.dumps(line) + "\n")


def clock(bundle: Bundle) -> tuple[str, str | None]:
    return only(bundle, "clock_sync", "clock")[:2]


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_the_kernels_word_is_shown_and_not_held_against_a_container(name: str) -> None:
    """A lab host's kernel is not synchronised, and it is not the container's fault."""
    status, severity, message = only(lab_bundle(name), "clock_sync", "clock")
    assert (status, severity) == ("ok", None)
    assert "not synchronised, which is its host's affair" in message
    assert "no difference to the control node's clock" in message


def test_a_machine_that_is_not_synchronised_is_degraded() -> None:
    assert clock(on("kvm")) == ("degraded", "P3")
    assert clock(on("none")) == ("degraded", "P3")


def test_it_is_worse_where_nobody_measured_how_far_off_it_is() -> None:
    by_hand = msgspec.structs.replace(off_by(on("kvm"), None, None), collected_by="hand")
    status, severity, message = only(by_hand, "clock_sync", "clock")
    assert (status, severity) == ("degraded", "P2")
    assert message.startswith("not compared with another clock: collected by hand")


def test_a_synchronised_machine_is_ok() -> None:
    assert clock(synchronised(on("kvm"))) == ("ok", None)


def test_either_the_state_time_error_or_the_status_bit_is_enough() -> None:
    assert clock(synchronised(on("kvm"), state=5)) == ("degraded", "P3")
    assert clock(synchronised(on("kvm"), status=0x2041)) == ("degraded", "P3")


@pytest.mark.parametrize(
    ("offset_s", "uncertainty_s", "expected"),
    [
        (1.9, 0.01, ("ok", None)),
        (2.5, 1.0, ("ok", None)),  # the difference may be the round trip
        (2.5, 0.1, ("degraded", "P2")),
        (-2.5, 0.1, ("degraded", "P2")),
        (61.0, 0.1, ("degraded", "P1")),
        (-301.0, 0.1, ("down", "P1")),
    ],
)
def test_a_difference_is_judged_less_its_uncertainty(
    offset_s: float, uncertainty_s: float, expected: tuple[str, str | None]
) -> None:
    bundle = off_by(lab_bundle(), offset_s, uncertainty_s)
    assert expected == clock(bundle)
    assert expected == clock(synchronised(on("kvm", bundle)))


def test_without_adjtimex_nothing_is_ok() -> None:
    """A Python without ctypes: a small difference does not prove the clock is kept right."""
    bundle = outcome(synchronised(on("kvm")), "host_clock", "error", "this Python has no ctypes")
    assert clock(bundle) == ("unknown", None)
    assert clock(off_by(bundle, 3.0)) == ("degraded", "P2")
    assert "clock_sync:evidence/host_clock" in found(bundle, "clock_sync")


def test_a_container_is_not_called_degraded_because_nobody_knows_it_is_one() -> None:
    assert clock(without(lab_bundle(), "host_virtualization")) == ("unknown", None)
    assert clock(without(synchronised(on("kvm")), "host_virtualization")) == ("ok", None)


def test_the_stamp_of_timesyncd_is_shown() -> None:
    stamp = {
        "path": "/run/systemd/timesync/synchronized",
        "type": "file",
        "mtime": "2026-11-22T11:02:00.000000Z",
    }
    bundle = edited(lab_bundle(), "host_timesync", json.dumps(stamp) + "\n")
    details = found(bundle, "clock_sync")["clock_sync:clock"].verdict.details
    assert [str(line) for line in details] == [
        "systemd-timesyncd last set the clock at 2026-11-22T11:02:00.000000Z"
    ]
