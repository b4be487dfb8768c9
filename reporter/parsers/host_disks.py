"""Mounted file systems and the room on them, each storage once.

Sizes are bytes. What cannot be filled by this host (images, masks of a container over /proc) or
holds no data is left out here; what was not measured is kept apart with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.host_rows import json_rows

__all__ = ["MEMORY", "FileSystem", "FileSystems", "Unmeasured", "filesystems"]

IMAGES = frozenset(["cramfs", "erofs", "iso9660", "romfs", "squashfs", "udf"])
"""Written once, as full as they were made."""

MEMORY = frozenset(["devtmpfs", "ramfs", "tmpfs"])
"""Kept in memory, and gone with the boot."""

_WINDOWS = frozenset(
    ["autofs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.snapfuse", "fusectl"]
)
"""Not local by their type, and no storage either: they show what lies elsewhere on the host."""

_SHARED = "same device as "
_CONTROL = ("/proc", "/sys")

Writing = Literal["yes", "no", "taken away"]


@dataclass(frozen=True, slots=True)
class FileSystem:
    """One storage, named by a place it is mounted on.

    `available` is what users other than root may still take, `free` includes root's reserve.
    `inodes` is 0 where the type has no fixed number of them (btrfs, vfat). `writing` is
    `taken away` where the mount allows it and the file system does not: what the kernel makes
    of a file system with errors, or an administrator of one in trouble.
    """

    mount: str
    source: str
    fstype: str
    writing: Writing
    size: int
    free: int
    available: int
    inodes: int
    inodes_free: int
    cited: Citation

    @property
    def used(self) -> int:
        """Bytes in use."""
        return self.size - self.free

    @property
    def percent(self) -> int:
        """The share in use as df(1) shows it: of what users may have, rounded up."""
        return _percent(self.used, self.used + self.available)

    @property
    def inodes_percent(self) -> int:
        """The share of inodes in use, rounded up; 0 where they are not limited."""
        return _percent(self.inodes - self.inodes_free, self.inodes)


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A mount whose room is not known, and why.

    `expected` says that it should have been measured: local storage, and the system refused.
    """

    mount: str
    source: str
    fstype: str
    reason: str
    expected: bool
    cited: Citation


@dataclass(frozen=True, slots=True)
class FileSystems:
    """All of it, ordered by mount point."""

    measured: tuple[FileSystem, ...]
    unmeasured: tuple[Unmeasured, ...]


@fact("host_filesystems")
def filesystems(record: Record) -> FileSystems:
    """Read the collector's own lines, one a mount, in the order of /proc/self/mountinfo.

    {"mount": "/", "source": "/dev/vda1", "fstype": "ext4", "options": "rw,relatime",
     "size": 42140499968, "free": 30123, "available": 28123, "inodes": 2621440,
     "inodes_free": 2500000, "skipped": null}

    `options` are the mount's; a trailing `ro` after `rw` is the file system's own. A further
    mount of a device says `same device as PATH` in `skipped`.
    """
    rows = [(row, line) for row, line in json_rows(record) if not _control(str(row.get("mount")))]
    if not rows:
        raise NoFact(text("it lists no mount"))
    writing = _writing(row for row, _ in rows)
    measured = [
        _measured(row, line, record, writing) for row, line in rows if row.get("skipped") is None
    ]
    storage = [item for item in measured if item.size and not _is_image(item)]
    return FileSystems(
        measured=tuple(sorted(_folded(storage), key=lambda item: item.mount)),
        unmeasured=tuple(
            sorted(_unmeasured(rows, record), key=lambda item: (item.mount, item.source))
        ),
    )


def _percent(part: int, whole: int) -> int:
    return -(-100 * part // whole) if whole > 0 else 0


def _control(mount: str) -> bool:
    return any(mount == folder or mount.startswith(folder + "/") for folder in _CONTROL)


def _is_image(item: FileSystem) -> bool:
    return item.fstype in IMAGES or (item.fstype in MEMORY and item.writing == "no")


def _writing(rows: Iterable[dict[str, Any]]) -> dict[str, Writing]:
    """Say of each device, by its measured mount, whether it can be written through any mount."""
    ranks: tuple[Writing, ...] = ("no", "taken away", "yes")
    best: dict[str, Writing] = {}
    for row in rows:
        skipped = row.get("skipped")
        shared = isinstance(skipped, str) and skipped.startswith(_SHARED)
        if skipped is None or shared:
            place = str(skipped).removeprefix(_SHARED) if shared else str(row["mount"])
            best[place] = max(best.get(place, "no"), _permission(row), key=ranks.index)
    return best


def _permission(row: dict[str, Any]) -> Writing:
    options = str(row.get("options")).split(",")
    if "ro" not in options:
        return "yes"
    return "taken away" if "rw" in options else "no"


def _measured(
    row: dict[str, Any], line: str, record: Record, writing: dict[str, Writing]
) -> FileSystem:
    return FileSystem(
        mount=str(row["mount"]),
        source=str(row["source"]),
        fstype=str(row["fstype"]),
        writing=writing[str(row["mount"])],
        size=int(row["size"]),
        free=int(row["free"]),
        available=int(row["available"]),
        inodes=int(row["inodes"]),
        inodes_free=int(row["inodes_free"]),
        cited=Citation(record.id, line),
    )


def _folded(storage: list[FileSystem]) -> list[FileSystem]:
    """Fold each overlay into the file system its upper layer is on.

    An overlay shows that one's figures. It is recognised by the same total of bytes and inodes;
    of the two the place with the shorter path and the figures with less room stay.
    """
    kept = [item for item in storage if item.fstype != "overlay"]
    for overlay in (item for item in storage if item.fstype == "overlay"):
        alike = [
            item
            for item in kept
            if (item.size, item.inodes) == (overlay.size, overlay.inodes)
            and item.fstype not in MEMORY
        ]
        if not alike:
            kept.append(overlay)
            continue
        below = min(alike, key=lambda item: (abs(item.free - overlay.free), item.mount))
        kept[kept.index(below)] = _one_of(below, overlay)
    return kept


def _one_of(below: FileSystem, overlay: FileSystem) -> FileSystem:
    place = min(below, overlay, key=lambda item: (len(item.mount), item.mount))
    figures = min(below, overlay, key=lambda item: item.available)
    return replace(
        place,
        size=figures.size,
        free=figures.free,
        available=figures.available,
        inodes=figures.inodes,
        inodes_free=figures.inodes_free,
        cited=figures.cited,
    )


def _unmeasured(rows: Iterable[tuple[dict[str, Any], str]], record: Record) -> Iterator[Unmeasured]:
    for row, line in rows:
        reason, fstype = row.get("skipped"), str(row.get("fstype"))
        if reason is None or fstype in _WINDOWS | IMAGES:
            continue
        reason = str(reason)
        if reason.startswith((_SHARED, "covered by ")) or reason.endswith(" holds no data"):
            continue
        looked_for = "is not known to be local" not in reason and "reached over " not in reason
        yield Unmeasured(
            mount=str(row.get("mount")),
            source=str(row.get("source")),
            fstype=fstype,
            reason=reason,
            expected=looked_for and fstype not in MEMORY | {"overlay"},
            cited=Citation(record.id, line),
        )
