"""Kind `filesystems`: space and inodes of local file systems; network ones are never touched."""

import os
from typing import Any, Dict, Optional

from truthmap_collector import host, mounts
from truthmap_collector.observation import COLLECTED, Verdict, from_os_error, refusal
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]

_MOUNTINFO = "/proc/self/mountinfo"


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row a mount; sizes in bytes, null where `skipped` says why."""
    try:
        with open(_MOUNTINFO, "rb") as stream:
            found = mounts.parse(host.from_os(stream.read()))
    except OSError as error:
        return from_os_error(error, _MOUNTINFO)
    for mount, obstacle in zip(found, mounts.obstacles(found)):
        if turn.over():
            return turn.timed_out()
        turn.write(_measured(mount, obstacle))
    return Verdict(COLLECTED)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the nearest `df`: local file systems, in bytes."""
    return "df --local --block-size=1"


def _measured(mount: mounts.Mount, obstacle: Optional[str]) -> Dict[str, Any]:
    row: Dict[str, Any] = {
        "mount": mount.path,
        "source": mount.source,
        "fstype": mount.fstype,
        "options": mount.options,
    }
    numbers = dict.fromkeys(("size", "free", "available", "inodes", "inodes_free"))
    row.update(numbers, skipped=obstacle)
    if obstacle is None:
        try:
            found = os.statvfs(host.to_os(mount.path))
        except OSError as error:
            row["skipped"] = refusal(error)
        else:
            row["size"] = found.f_blocks * found.f_frsize
            row["free"] = found.f_bfree * found.f_frsize
            row["available"] = found.f_bavail * found.f_frsize
            row["inodes"] = found.f_files
            row["inodes_free"] = found.f_ffree
    return row
