"""Rule reboot_required. A container has no kernel of its own: kernels are edited records."""

from __future__ import annotations

import pytest

from reporter.evidence import Bundle
from reporter.rules.host_releases import flavour, newer
from tests.rules.host_cases import (
    LAB_HOSTS,
    edited,
    found,
    lab_bundle,
    listing,
    on,
    only,
    outcome,
    without,
)

RUNS = "6.1.0-18-amd64"
OLDER = "6.1.0-9-amd64"
NEWER = "6.1.0-21-amd64"
OTHER = "6.5.0-1-cloud-amd64"


def machine(images: tuple[str, ...], trees: tuple[str, ...], technology: str = "kvm") -> Bundle:
    """Return a Debian machine that runs RUNS, with these kernels and module folders."""
    bundle = edited(
        on(technology), "host_kernel", f"Linux {RUNS} #1 SMP Debian 6.1.76-1 (2024-02-01) x86_64", 0
    )
    names = tuple(f"vmlinuz-{release}" for release in images)
    bundle = edited(bundle, "host_kernels", listing("/boot", "grub", *names))
    return edited(bundle, "host_modules", listing("/lib/modules", *trees, type="directory"))


def flagged(bundle: Bundle) -> Bundle:
    """Return the bundle with the note Debian's hooks leave, and the packages that asked."""
    noted = edited(bundle, "host_reboot_required", listing("/run/reboot-required"))
    return edited(noted, "host_reboot_packages", "linux-image-amd64\nlibc6\nlibc6\n")


def reboot(bundle: Bundle) -> tuple[str, str | None]:
    return only(bundle, "reboot_required", "reboot")[:2]


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_a_container_has_no_kernel_to_renew(name: str) -> None:
    status, severity, message = only(lab_bundle(name), "reboot_required", "reboot")
    assert (status, severity) == ("ok", None)
    assert "podman" in message


def test_the_note_of_the_distribution_is_enough() -> None:
    finding = found(flagged(lab_bundle()), "reboot_required")["reboot_required:reboot"]
    assert (finding.verdict.status, finding.verdict.severity) == ("degraded", "P3")
    assert [str(line) for line in finding.verdict.details] == [
        "asked for by: linux-image-amd64, libc6"
    ]


def test_the_newest_kernel_runs() -> None:
    assert reboot(machine((OLDER, RUNS), (OLDER, RUNS))) == ("ok", None)


def test_a_newer_kernel_waits() -> None:
    status, severity, message = only(
        machine((OLDER, RUNS, NEWER), (RUNS, NEWER)), "reboot_required", "reboot"
    )
    assert (status, severity) == ("degraded", "P3")
    assert f"{NEWER}; {RUNS} runs" in message


def test_another_flavour_does_not_count() -> None:
    assert reboot(machine((RUNS, OTHER), (RUNS, OTHER))) == ("ok", None)


def test_folders_of_removed_kernels_do_not_count_beside_boot() -> None:
    assert reboot(machine((RUNS,), (RUNS, NEWER))) == ("ok", None)


def test_they_count_where_boot_names_no_kernel() -> None:
    assert reboot(machine((), (RUNS, NEWER))) == ("degraded", "P3")
    assert reboot(machine((), (RUNS,))) == ("ok", None)


def test_the_modules_of_the_running_kernel_are_gone() -> None:
    status, severity, message = only(machine((OLDER,), (OLDER,)), "reboot_required", "reboot")
    assert (status, severity) == ("degraded", "P3")
    assert "gone from /lib/modules" in message


def test_a_kernel_from_outside_is_not_judged_by_what_is_installed() -> None:
    """Providers boot kernels of their own; whether those are due cannot be seen from here."""
    assert reboot(machine((), ())) == ("unknown", None)
    assert reboot(machine((OTHER,), (OTHER,))) == ("unknown", None)


@pytest.mark.parametrize("probe", ["host_reboot_required", "host_kernels", "host_modules"])
def test_no_part_of_the_evidence_may_be_missing_for_ok(probe: str) -> None:
    bundle = machine((RUNS,), (RUNS,))
    assert reboot(without(bundle, probe)) == ("unknown", None)
    assert reboot(outcome(bundle, probe, "denied", "Permission denied")) == ("unknown", None)


def test_a_listing_that_was_cut_proves_no_absence() -> None:
    cut = edited(
        machine((RUNS,), (RUNS,)),
        "host_kernels",
        listing("/boot", f"vmlinuz-{RUNS}"),
        truncated=True,
    )
    assert reboot(cut) == ("unknown", None)


def test_kernels_in_what_may_be_a_container_prove_nothing() -> None:
    waits = machine((RUNS, NEWER), (RUNS, NEWER), technology="lxc")
    assert reboot(waits) == ("ok", None)
    assert reboot(without(waits, "host_virtualization")) == ("unknown", None)


def test_a_container_without_a_look_at_the_note_is_unknown() -> None:
    assert reboot(without(lab_bundle(), "host_reboot_required")) == ("unknown", None)


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("6.1.0-18-amd64", ("amd64",)),
        ("6.1.0-18-cloud-amd64", ("cloud", "amd64")),
        ("6.1.0-0.deb11.7-amd64", ("amd64",)),
        ("6.12.41+deb13-amd64", ("amd64",)),
        ("6.12.9+bpo-amd64", ("amd64",)),
        ("6.8.0-90-generic", ("generic",)),
        ("5.14.0-427.13.1.el9_4.x86_64", ("x86_64",)),
        ("6.8.5-301.fc40.x86_64", ("x86_64",)),
        ("6.8.2-arch2-1", ()),
        ("6.6.23-1-lts", ("lts",)),
        ("6.6.31+rpt-rpi-v8", ("rpt", "rpi", "v8")),
    ],
)
def test_the_flavour_of_a_release(release: str, expected: tuple[str, ...]) -> None:
    assert expected == flavour(release)


@pytest.mark.parametrize(
    ("release", "than"),
    [
        ("6.1.0-18-amd64", "6.1.0-9-amd64"),
        ("6.8.0-100-generic", "6.8.0-90-generic"),
        ("6.14.0-1-generic", "6.8.0-90-generic"),
        ("6.12-amd64", "6.12-rc3-amd64"),
        ("6.12.43+deb13-amd64", "6.12.41+deb13-amd64"),
        ("5.14.0-503.el9_5.x86_64", "5.14.0-427.13.1.el9_4.x86_64"),
        ("6.8.2-arch2-1", "6.8.2-arch1-1"),
    ],
)
def test_versions_compare_by_their_numbers(release: str, than: str) -> None:
    assert newer(release, than)
    assert not newer(than, release)
    assert not newer(release, release)
