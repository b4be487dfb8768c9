"""Rule memory_pressure. Shortage is edited: a lab host may not starve the machine it runs on."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from tests.rules.host_cases import LAB_HOSTS, edited, found, lab_bundle, on, only, without

KIB = {"MiB": 1024, "GiB": 1024**2}


def memory(total: str, available: str, swap: str = "0 MiB", swap_free: str = "0 MiB") -> Bundle:
    """Return a machine with this /proc/meminfo."""

    def line(name: str, value: str) -> str:
        number, unit = value.split()
        return f"{name + ':':<15}{int(float(number) * KIB[unit]):>9} kB\n"

    text = line("MemTotal", total) + line("MemAvailable", available)
    return edited(
        on("kvm"), "host_memory", text + line("SwapTotal", swap) + line("SwapFree", swap_free)
    )


def load(averages: str, technology: str = "kvm") -> Bundle:
    """Return a machine of two processors with these load averages."""
    return edited(on(technology), "host_loadavg", f"{averages} 1/100 4242\n")


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_an_untouched_lab_host_is_ok(name: str) -> None:
    findings = found(lab_bundle(name), "memory_pressure")
    assert {"memory_pressure:load", "memory_pressure:memory", "memory_pressure:swap"} == set(
        findings
    )
    assert {"ok"} == {finding.verdict.status for finding in findings.values()}


@pytest.mark.parametrize(
    ("total", "available", "expected"),
    [
        ("4 GiB", "2 GiB", ("ok", None)),
        ("4 GiB", "300 MiB", ("degraded", "P2")),
        ("4 GiB", "150 MiB", ("degraded", "P1")),
        ("512 GiB", "24 GiB", ("ok", None)),
    ],
)
def test_memory_counts_by_share_while_little_is_left(
    total: str, available: str, expected: tuple[str, str | None]
) -> None:
    assert expected == only(memory(total, available), "memory_pressure", "memory")[:2]


@pytest.mark.parametrize(
    ("available", "expected"),
    [("3 GiB", ("ok", None)), ("900 MiB", ("degraded", "P3")), ("300 MiB", ("degraded", "P1"))],
)
def test_full_swap_is_a_fault_only_while_memory_is_short(
    available: str, expected: tuple[str, str | None]
) -> None:
    full = memory("4 GiB", available, "2 GiB", "10 MiB")
    assert expected == only(full, "memory_pressure", "swap")[:2]
    half = memory("4 GiB", available, "2 GiB", "1 GiB")
    assert only(half, "memory_pressure", "swap")[:2] == ("ok", None)


@pytest.mark.parametrize(
    ("averages", "expected"),
    [
        ("9.00 1.00 0.50", ("ok", None)),  # a burst
        ("0.10 3.00 9.00", ("ok", None)),  # it has passed
        ("1.00 4.20 5.00", ("degraded", "P3")),
        ("1.00 9.00 8.10", ("degraded", "P2")),
    ],
)
def test_load_counts_when_it_lasts(averages: str, expected: tuple[str, str | None]) -> None:
    assert expected == only(load(averages), "memory_pressure", "load")[:2]


def test_load_is_not_held_against_a_container() -> None:
    high = load("50.00 50.00 50.00", "lxc")
    assert only(high, "memory_pressure", "load")[0] == "ok"
    assert only(without(high, "host_virtualization"), "memory_pressure", "load")[0] == "unknown"


@pytest.mark.parametrize(
    ("probe", "subjects"),
    [
        ("host_memory", {"memory", "swap"}),
        ("host_loadavg", {"load"}),
        ("host_cpus", {"load"}),
    ],
)
def test_what_was_not_seen_is_unknown(probe: str, subjects: set[str]) -> None:
    findings = found(without(on("kvm"), probe), "memory_pressure")
    unknown = {item.verdict.subject for item in findings.values() if item.verdict.status != "ok"}
    assert subjects | {f"evidence/{probe}"} == unknown
