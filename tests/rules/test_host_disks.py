"""Rules disk_space and unmeasured_mounts. Full and broken disks are edited records."""

from __future__ import annotations

import pytest

from tests.rules.host_cases import LAB_HOSTS, edited, found, lab_bundle, only, row, without

GIB = 1024**3
MIB = 1024**2


def disk(*rows: str) -> dict[str, tuple[str, str | None]]:
    """Return status and severity of each mount, of a host with these mounts."""
    bundle = edited(lab_bundle(), "host_filesystems", "".join(rows))
    return {
        finding.verdict.subject: (finding.verdict.status, finding.verdict.severity)
        for finding in found(bundle, "disk_space").values()
    }


def filled(size: int, left: int, mount: str = "/srv", **values: object) -> str:
    return row(mount, size=size, free=left, available=left, **values)


@pytest.mark.parametrize("name", LAB_HOSTS)
def test_an_untouched_lab_host_has_room_and_each_storage_is_named_once(name: str) -> None:
    """The root overlay and its files bound from the host's disk are one storage."""
    findings = found(lab_bundle(name), "disk_space")
    assert {"ok"} == {finding.verdict.status for finding in findings.values()}
    subjects = sorted(finding.verdict.subject for finding in findings.values())
    assert " ".join(subjects) == "/ /dev /dev/shm /run /run/lock /tmp"
    assert found(lab_bundle(name), "unmeasured_mounts") == {}


def test_the_share_in_use_is_that_of_df() -> None:
    """df in this container said 24 %, of what users may have; the reserve is not theirs."""
    assert "/: 24 % in use" in only(lab_bundle(), "disk_space", "/")[2]


@pytest.mark.parametrize(
    ("size", "left", "expected"),
    [
        (20 * GIB, 4 * GIB, ("ok", None)),
        (20 * GIB, int(2.9 * GIB), ("degraded", "P3")),
        (20 * GIB, int(1.9 * GIB), ("degraded", "P2")),
        (20 * GIB, int(0.9 * GIB), ("degraded", "P1")),
        (20 * GIB, 0, ("down", "P1")),
        (10_000 * GIB, 900 * GIB, ("ok", None)),  # 91 %, and almost a terabyte left
        (10_000 * GIB, 400 * GIB, ("degraded", "P3")),
    ],
)
def test_the_share_counts_while_little_is_left(
    size: int, left: int, expected: tuple[str, str | None]
) -> None:
    assert {"/srv": expected} == disk(filled(size, left))


def test_less_than_100_mib_on_the_root_is_p1_whatever_share_it_is() -> None:
    assert disk(filled(500 * MIB, 90 * MIB, mount="/")) == {"/": ("degraded", "P1")}
    assert disk(filled(500 * MIB, 90 * MIB, mount="/boot")) == {"/boot": ("ok", None)}


def test_inodes_run_out_with_room_left() -> None:
    expected = {"/srv": ("degraded", "P1")}
    assert expected == disk(row("/srv", inodes=1_000_000, inodes_free=40_000))
    assert disk(row("/srv", inodes=1_000_000, inodes_free=0)) == {"/srv": ("down", "P1")}


def test_of_room_and_inodes_the_worse_one_counts() -> None:
    both = filled(20 * GIB, int(2.9 * GIB), inodes=1_000_000, inodes_free=40_000)
    assert disk(both) == {"/srv": ("degraded", "P1")}


def test_a_type_without_a_table_of_inodes_is_not_judged_by_it() -> None:
    assert disk(row("/srv", fstype="btrfs", inodes=0, inodes_free=0)) == {"/srv": ("ok", None)}


@pytest.mark.parametrize("fstype", ["squashfs", "iso9660", "erofs"])
def test_an_image_is_always_full_and_no_finding(fstype: str) -> None:
    image = filled(100 * MIB, 0, mount="/snap/core/1", fstype=fstype, options="ro,relatime")
    assert disk(row("/"), image) == {"/": ("ok", None)}


def test_memory_file_systems_count() -> None:
    full = filled(64 * MIB, MIB, mount="/run/cache", fstype="tmpfs", source="tmpfs")
    assert disk(full) == {"/run/cache": ("degraded", "P1")}


def test_the_memory_of_a_container_is_spoken_of_when_it_is_short() -> None:
    """A container host has such a mount for each container; 64 hex digits are the container."""
    place = f"/var/lib/docker/containers/{'0a' * 32}/mounts/shm"
    roomy = filled(64 * MIB, 64 * MIB, mount=place, fstype="tmpfs", source="shm")
    short = filled(64 * MIB, MIB, mount=place, fstype="tmpfs", source="shm")
    assert disk(row("/"), roomy) == {"/": ("ok", None)}
    assert disk(row("/"), short) == {"/": ("ok", None), place: ("degraded", "P1")}


def test_a_further_mount_of_a_device_is_no_second_finding() -> None:
    again = row("/var/lib/x", size=None, free=None, skipped="same device as /")
    assert disk(row("/"), again) == {"/": ("ok", None)}


def test_two_disks_of_one_size_stay_two() -> None:
    twin = row("/srv", source="/dev/vdb1")
    overlay = row("/var/lib/docker/overlay2/1/merged", source="overlay", fstype="overlay")
    assert disk(row("/"), twin, overlay) == {"/": ("ok", None), "/srv": ("ok", None)}


def test_a_file_system_the_kernel_made_read_only_is_degraded() -> None:
    """After an error ext4 becomes read-only under a mount that still says rw."""
    assert disk(row("/", options="rw,relatime,ro")) == {"/": ("degraded", "P1")}
    assert disk(row("/srv", fstype="xfs", options="rw,ro")) == {"/srv": ("degraded", "P1")}


def test_a_root_mounted_read_only_is_degraded_and_another_disk_is_not() -> None:
    assert disk(row("/", options="ro,relatime")) == {"/": ("degraded", "P1")}
    assert disk(filled(GIB, 0, mount="/mnt/archive", options="ro,relatime")) == {
        "/mnt/archive": ("ok", None)
    }


def test_a_read_only_bind_of_a_writable_disk_is_that_disk() -> None:
    bind = filled(20 * GIB, GIB // 2, mount="/etc/hosts", options="ro,relatime")
    again = row("/data", skipped="same device as /etc/hosts")
    assert disk(bind, again) == {"/etc/hosts": ("degraded", "P1")}


def test_a_network_file_system_is_said_to_be_left_alone_and_carries_no_severity() -> None:
    away = row(
        "/mnt/share",
        source="nas:/export",
        fstype="nfs4",
        size=None,
        skipped="nfs4 is not known to be local",
    )
    bundle = edited(lab_bundle(), "host_filesystems", row("/") + away)
    assert list(found(bundle, "disk_space")) == ["disk_space:/"]
    finding = found(bundle, "unmeasured_mounts")["unmeasured_mounts:/mnt/share"]
    assert (finding.verdict.status, finding.gate) == ("unknown", None)
    assert "nas:/export" in str(finding.verdict.message)


def test_a_local_disk_that_may_not_be_asked_is_unknown() -> None:
    shut = row("/srv/private", size=None, skipped="Permission denied")
    assert disk(row("/"), shut) == {"/": ("ok", None), "/srv/private": ("unknown", None)}


def test_what_holds_no_data_is_not_spoken_of() -> None:
    trigger = row("/misc", fstype="autofs", skipped="autofs is not known to be local")
    pseudo = row("/dev/mqueue", fstype="mqueue", skipped="mqueue holds no data")
    bundle = edited(lab_bundle(), "host_filesystems", row("/") + trigger + pseudo)
    assert found(bundle, "unmeasured_mounts") == {}


def test_without_the_record_both_rules_say_so() -> None:
    bundle = without(lab_bundle(), "host_filesystems")
    for rule in ("disk_space", "unmeasured_mounts"):
        assert [f"{rule}:evidence/host_filesystems"] == list(found(bundle, rule))


def test_an_output_that_was_cut_gives_what_is_left_and_says_so() -> None:
    half = row("/")[20:]
    bundle = edited(lab_bundle(), "host_filesystems", half + row("/srv"), truncated=True)
    assert {"disk_space:/srv", "disk_space:cut/host_filesystems"} == set(
        found(bundle, "disk_space")
    )
