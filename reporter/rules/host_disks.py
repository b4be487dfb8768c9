"""Rules on the host's disks: room, permission to write, and what was not looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine import rule
from reporter.findings import Missing, Severity, Verdict
from reporter.messages import Text, text
from reporter.parsers.host_disks import MEMORY, FileSystem, FileSystems
from reporter.recorded import recorded
from reporter.rules.host_figures import size

__all__ = ["disk_space", "unmeasured_mounts"]

DISKS = text("Disks")
NOT_MEASURED = text("Disks not looked at")

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Limit:
    """Reached at `percent` in use while less than `below` is left (None: whatever is left)."""

    percent: int
    below: int | None
    severity: Severity

    def reached(self, percent: int, left: int) -> bool:
        """Say whether the limit is reached."""
        return percent >= self.percent and (self.below is None or left < self.below)


SPACE = (
    Limit(95, 10 * GIB, "P1"),
    Limit(90, 25 * GIB, "P2"),
    Limit(85, 50 * GIB, "P3"),
    Limit(95, None, "P3"),
)
"""Worst first."""

INODES = (
    Limit(95, 200_000, "P1"),
    Limit(90, 500_000, "P2"),
    Limit(85, 1_000_000, "P3"),
    Limit(95, None, "P3"),
)

ROOT_LEAST = 100 * MIB
"""Less than this on / stops package upgrades and logins, whatever share it is."""

ROOT_TYPES = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs", "zfs"})

WRITTEN_IN_USE = ROOT_TYPES | {"bcachefs", "exfat", "jfs", "nilfs2", "ntfs3", "reiserfs", "vfat"}
"""Types one puts data on; on others (images, overlays) read-only is a way of use."""

CONTAINER_ID = re.compile(r"/[0-9a-f]{64}(/|$)|/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/|$)")
"""What container runtimes name the folders of a container or a pod."""


@rule(
    section="host",
    component=DISKS,
    needs=("filesystems",),
    worst="P1",
    if_ignored=text("services fail when they can no longer write"),
)
def disk_space(filesystems: FileSystems) -> Iterator[Verdict]:
    """Room on each local file system, in bytes and inodes, and whether it can be written.

    Means: the share in use as df(1) shows it, used / (used + available to users), against

        95 % and less than 10 GiB left    P1     (inodes: 95 % and less than 200,000)
        90 % and less than 25 GiB left    P2     (inodes: 90 % and less than 500,000)
        85 % and less than 50 GiB left    P3     (inodes: 85 % and less than 1,000,000)
        95 %, however much is left        P3     (inodes: the same)
        less than 100 MiB left on /       P1
        nothing left for users            P1, down

    A share alone misleads on large disks: 90 % of 10 TB leaves a terabyte, so the lower limits
    hold only while little is left in absolute terms. A file system that the kernel holds
    read-only although it was mounted for writing, or a root that is read-only, is P1: ext4 with
    errors=remount-ro, btrfs and vfat do this to themselves after an I/O error.

    Why: a full or read-only disk stops databases, logs and upgrades, and often silently.

    Evidence: host_filesystems, statvfs(2) on local types only, each device once. An overlay is
    folded into the file system its upper layer lies on. Images (squashfs, iso9660, erofs) are
    as full as they were made and are left out, and so is what masks /proc and /sys in a
    container. tmpfs counts: it fills, too; that of a container, under its host's folder for it,
    is spoken of only when it is short, or a host of fifty would have fifty lines of nothing.

    Limits: one look says nothing of how fast a disk fills. Quotas, thin pools, btrfs's own
    chunk allocation and deleted files still held open are not seen. Why a file system is
    read-only is inferred, since /etc/fstab is not read: an administrator may have done it.

    Source: df(1), statvfs(3), ext4(5) errors=, proc_pid_mountinfo(5).
    """
    for item in filesystems.measured:
        verdict = _judge(item)
        if verdict.status != "ok" or not _is_a_containers(item):
            yield verdict
    for unseen in filesystems.unmeasured:
        if unseen.expected:
            yield Verdict(
                subject=unseen.mount,
                status="unknown",
                running="unknown",
                component=DISKS,
                message=text(
                    "{mount} ({fstype}): its room is not known: {reason}",
                    mount=unseen.mount,
                    fstype=unseen.fstype,
                    reason=recorded(unseen.reason),
                ),
                citations=(unseen.cited,),
                missing=(
                    Missing(unseen.cited.record, text("{reason}", reason=recorded(unseen.reason))),
                ),
            )


@rule(section="host", component=NOT_MEASURED, needs=("filesystems",))
def unmeasured_mounts(filesystems: FileSystems) -> Iterator[Verdict]:
    """Mounts that were left alone on purpose: network and FUSE file systems.

    Means: their room is not known, and this host is not judged by it: the finding is unknown
    and carries no severity.

    Why: statvfs(2) on a file system whose server is gone hangs in the kernel, and the hung
    process cannot be killed. A report on the server itself is the way to know.

    Evidence: host_filesystems, which lists every mount and measures local types only.

    Limits: whether such a mount answers at all is not known either.

    Source: statvfs(3), nfs(5) option hard.
    """
    for unseen in filesystems.unmeasured:
        if not unseen.expected:
            yield Verdict(
                subject=unseen.mount,
                status="unknown",
                running="unknown",
                component=NOT_MEASURED,
                message=text(
                    "{mount} ({fstype} from {source}): not looked at: {reason}",
                    mount=unseen.mount,
                    fstype=unseen.fstype,
                    source=unseen.source,
                    reason=recorded(unseen.reason),
                ),
                citations=(unseen.cited,),
                missing=(
                    Missing(unseen.cited.record, text("{reason}", reason=recorded(unseen.reason))),
                ),
            )


def _is_a_containers(item: FileSystem) -> bool:
    return item.fstype in MEMORY and CONTAINER_ID.search(item.mount) is not None


def _judge(item: FileSystem) -> Verdict:
    if item.writing != "yes" and item.fstype in WRITTEN_IN_USE:
        return _read_only(item)
    space = _reached(SPACE, item.percent, item.available)
    if item.mount == "/" and item.available < ROOT_LEAST:
        space = "P1"
    inodes = _reached(INODES, item.inodes_percent, item.inodes_free) if item.inodes else None
    severity = min((found for found in (space, inodes) if found), default=None)
    full = item.available <= 0 or (item.inodes > 0 and item.inodes_free <= 0)
    return Verdict(
        subject=item.mount,
        status="down" if full else "degraded" if severity else "ok",
        severity="P1" if full else severity,
        component=DISKS,
        message=_message(item),
        citations=(item.cited,),
    )


def _reached(limits: tuple[Limit, ...], percent: int, left: int) -> Severity | None:
    return next((limit.severity for limit in limits if limit.reached(percent, left)), None)


def _message(item: FileSystem) -> Text:
    places: dict[str, str | int] = {
        "mount": item.mount,
        "percent": item.percent,
        "used": size(item.used),
        "available": size(item.available),
    }
    if not item.inodes:
        return text("{mount}: {percent} % in use ({used}), {available} left", **places)
    return text(
        "{mount}: {percent} % in use ({used}), {available} left; {inodes} % of its inodes in use",
        inodes=item.inodes_percent,
        **places,
    )


def _read_only(item: FileSystem) -> Verdict:
    if item.writing == "taken away":
        return Verdict(
            subject=item.mount,
            status="degraded",
            severity="P1",
            confidence="inferred",
            component=DISKS,
            message=text(
                "{mount} ({fstype}) is read-only although it was mounted for writing: the kernel "
                "does this after errors on the disk",
                mount=item.mount,
                fstype=item.fstype,
            ),
            citations=(item.cited,),
        )
    root = item.mount == "/" and item.fstype in ROOT_TYPES
    return Verdict(
        subject=item.mount,
        status="degraded" if root else "ok",
        severity="P1" if root else None,
        confidence="inferred" if root else "observed",
        component=DISKS,
        message=text("/ ({fstype}) is read-only: nothing on it can be changed", fstype=item.fstype)
        if root
        else text(
            "{mount} ({fstype}) is mounted read-only, so it does not fill",
            mount=item.mount,
            fstype=item.fstype,
        ),
        citations=(item.cited,),
    )
