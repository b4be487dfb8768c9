"""Mounted file systems, from /proc/self/mountinfo."""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

__all__ = ["LOCAL_TYPES", "Mount", "elsewhere", "obstacles", "parse"]

_LOCAL = """
    bcachefs btrfs devtmpfs erofs exfat ext2 ext3 ext4 f2fs iso9660 jfs msdos nilfs2 ntfs3 overlay
    ramfs reiserfs squashfs tmpfs udf vfat xfs zfs
"""
LOCAL_TYPES = frozenset(_LOCAL.split())
"""File systems whose statvfs(2) is answered by this kernel alone."""

_PSEUDO = """
    binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts efivarfs fusectl hugetlbfs mqueue
    nsfs proc pstore rootfs rpc_pipefs securityfs selinuxfs sysfs tracefs
"""
_PSEUDO_TYPES = frozenset(_PSEUDO.split())
_SAFE_TO_CROSS = LOCAL_TYPES | _PSEUDO_TYPES

_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """One line of mountinfo. `device` is `major:minor`, `options` those of the mount itself."""

    number: str
    parent: str
    device: str
    path: str
    options: str
    fstype: str
    source: str


def parse(text: str) -> List[Mount]:
    r"""Parse mountinfo (proc_pid_mountinfo(5)); lines that are none are passed over.

    36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    """
    mounts = []
    for line in text.splitlines():
        head, separator, tail = line.partition(" - ")
        left, right = head.split(" "), tail.split(" ")
        if separator and len(left) >= 6 and len(right) >= 2:
            options = left[5]
            if len(right) > 2 and "ro" in right[2].split(",") and "ro" not in options.split(","):
                options += ",ro"  # the file system is read-only although the mount is not
            names = (_unescaped(left[4]), options, right[0], _unescaped(right[1]))
            mounts.append(Mount(left[0], left[1], left[2], *names))
    return mounts


def obstacles(mounts: Sequence[Mount]) -> List[Optional[str]]:
    """Say for each mount why it is not to be measured; None where it may be.

    The path of a local file system may lead over, or by now to, one whose server is gone: to look
    it up would hang in the kernel.
    """
    by_number = {mount.number: mount for mount in mounts}
    seen: Dict[str, str] = {}
    reasons: List[Optional[str]] = []
    for mount in mounts:
        reason = _obstacle(mount, list(_below(mount, by_number)), mounts)
        if reason is None and mount.device in seen:
            reason = "same device as " + seen[mount.device]
        if reason is None:
            seen[mount.device] = mount.path
        reasons.append(reason)
    return reasons


def elsewhere(path: str, mounts: Sequence[Mount]) -> Optional[str]:
    """Return the type of the file system a real path is on, if its data may lie elsewhere.

    None where this kernel alone answers for it. Without any mount that is not known: `?`.
    """
    over = [mount for mount in mounts if _leads_to(mount.path, path)]
    if not over:
        return "?"
    deepest = max(len(mount.path) for mount in over)
    top = [mount for mount in over if len(mount.path) == deepest][-1]
    return None if top.fstype in LOCAL_TYPES else top.fstype


def _below(mount: Mount, by_number: Dict[str, Mount]) -> Iterator[Mount]:
    """Yield a mount and those it stands on, down to the root."""
    passed: Set[str] = set()
    current: Optional[Mount] = mount
    while current is not None and current.number not in passed:
        passed.add(current.number)
        yield current
        current = by_number.get(current.parent)


def _obstacle(mount: Mount, way: Sequence[Mount], mounts: Sequence[Mount]) -> Optional[str]:
    if mount.fstype in _PSEUDO_TYPES:
        return "{} holds no data".format(mount.fstype)
    if mount.fstype not in LOCAL_TYPES:
        return "{} is not known to be local".format(mount.fstype)
    for step in way:
        if step.fstype not in _SAFE_TO_CROSS:
            return "reached over {}, which is {}".format(step.path, step.fstype)
    # The order of lines is not that of mounting; what the mount does not stand on, stands on it.
    for other in mounts:
        if other not in way and _leads_to(other.path, mount.path):
            return "covered by another mount on " + other.path
    return None


def _leads_to(folder: str, path: str) -> bool:
    return folder == path or path.startswith(folder.rstrip("/") + "/")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)
