"""The host's rules under ablation: no record's absence may make a verdict better or invent one.

Over the lab's records, and over every combination of edited ones that changes what a rule says.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from reporter.evidence import Bundle
from reporter.report import host_report
from tests.ablation import violations
from tests.rules.host_cases import LAB_HOSTS, edited, lab_bundle, listing, off_by, on

TECHNOLOGIES = ("podman", "kvm", "none")
RUNS, NEWER, OTHER = "6.1.0-18-amd64", "6.1.0-21-amd64", "6.5.0-1-cloud-amd64"
KERNELS = ((), (RUNS,), (RUNS, NEWER), (OTHER,))


def adjtimex(state: int) -> str:
    status = 64 if state == 5 else 1
    return json.dumps({"state": state, "status": status, "maxerror_us": 9, "esterror_us": 9}) + "\n"


def clocks() -> Iterator[Bundle]:
    offsets = (None, 0.01, 5.0, -90.0, 400.0)
    for technology, state, offset in itertools.product(TECHNOLOGIES, (0, 5), offsets):
        yield off_by(edited(on(technology), "host_clock", adjtimex(state)), offset)


def reboots() -> Iterator[Bundle]:
    for technology, flag, images, trees in itertools.product(
        TECHNOLOGIES, (False, True), KERNELS, KERNELS
    ):
        bundle = edited(on(technology), "host_kernel", f"Linux {RUNS} #1 SMP x86_64", 0)
        names = tuple(f"vmlinuz-{release}" for release in images)
        bundle = edited(bundle, "host_kernels", listing("/boot", *names))
        bundle = edited(bundle, "host_modules", listing("/lib/modules", *trees, type="directory"))
        if flag:
            bundle = edited(bundle, "host_reboot_required", listing("/run/reboot-required"))
        yield bundle


def loads() -> Iterator[Bundle]:
    for technology, load in itertools.product(TECHNOLOGIES, ("0.1", "5.0", "50.0")):
        yield edited(on(technology), "host_loadavg", f"{load} {load} {load} 1/100 42\n")


def boots() -> Iterator[Bundle]:
    lab = lab_bundle()
    units = next(item.stdout.text for item in lab.evidence if item.probe == "systemd_units")
    for btime, day in itertools.product((1795344208, 1795400000), ("22", "23")):
        bundle = edited(lab, "systemd_units", units.replace("2026-11-22", f"2026-11-{day}"), 0)
        yield edited(bundle, "host_boot", f"btime {btime}\n")


def ablated(bundle: Bundle) -> list[str]:
    whole = host_report(bundle)
    return [line for record in bundle.evidence for line in violations(bundle, record.id, whole)]


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_no_record_of_a_lab_host_can_be_taken_away_unnoticed(name: str) -> None:
    assert ablated(lab_bundle(name)) == []


@pytest.mark.parametrize("cases", [clocks, reboots, loads, boots])
def test_no_record_of_a_host_with_faults_can_be_taken_away_unnoticed(cases: object) -> None:
    assert callable(cases)
    for bundle in cases():
        assert ablated(bundle) == []
