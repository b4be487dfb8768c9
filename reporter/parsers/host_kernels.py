"""Whether a reboot is due: the distribution's flag, installed kernels, and their modules."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation
from reporter.parsers.host_rows import whole_listing

__all__ = [
    "BootImages",
    "ModuleTrees",
    "RebootFlag",
    "RebootPackages",
    "boot_images",
    "module_trees",
    "reboot_flag",
    "reboot_packages",
]

_IMAGE = re.compile(
    r"(?:vmlinu[xz]|kernel|[bz]?Image)-(?P<release>\d.*?)(?<!\.old)(?<!\.efi\.signed)"
)
_RELEASE = re.compile(r"\d+\.\d+.*")


@dataclass(frozen=True, slots=True)
class RebootFlag:
    """Whether the distribution has left its note that a reboot is due."""

    present: bool
    cited: Citation


@dataclass(frozen=True, slots=True)
class RebootPackages:
    """The packages that asked for the reboot, in order, each once."""

    names: tuple[str, ...]
    cited: Citation


@dataclass(frozen=True, slots=True)
class BootImages:
    """The releases of the kernel images in /boot; none where the folder holds none."""

    releases: frozenset[str]
    cited: Citation


@dataclass(frozen=True, slots=True)
class ModuleTrees:
    """The releases that have a folder in /lib/modules; a removed kernel may leave one."""

    releases: frozenset[str]
    cited: Citation


@fact("host_reboot_required", accepts=("collected", "absent"))
def reboot_flag(record: Record) -> RebootFlag:
    """Read the listing of /run/reboot-required, written by packages' hooks on Debian and Ubuntu."""
    if record.outcome == "absent":
        return RebootFlag(False, Citation(record.id, record.reason or ""))
    rows = whole_listing(record)
    return RebootFlag(True, Citation(record.id, rows[-1][1] if rows else ""))


@fact("host_reboot_packages", accepts=("collected", "absent"))
def reboot_packages(record: Record) -> RebootPackages:
    """Read /run/reboot-required.pkgs, one package a line, some of them more than once."""
    if record.outcome == "absent":
        return RebootPackages((), Citation(record.id, record.reason or ""))
    names = dict.fromkeys(line.strip() for line in record.stdout.text.splitlines() if line.strip())
    return RebootPackages(tuple(names), Citation(record.id, "\n".join(names)))


@fact("host_kernels", accepts=("collected", "absent"))
def boot_images(record: Record) -> BootImages:
    """Read the listing of /boot: `vmlinuz-6.1.0-18-amd64`; rescue images and backups do not count.

    A link (`vmlinuz -> vmlinuz-6.1.0-18-amd64`) is no image of its own.
    """
    found: dict[str, str] = {}
    for row, line in whole_listing(record) if record.outcome == "collected" else ():
        image = _IMAGE.fullmatch(posixpath.basename(str(row.get("path"))))
        if image and row.get("type") == "file" and "rescue" not in image["release"]:
            found[image["release"]] = line
    return BootImages(frozenset(found), _cited(record, found))


@fact("host_modules", accepts=("collected", "absent"))
def module_trees(record: Record) -> ModuleTrees:
    """Read the listing of /lib/modules: one folder a kernel release."""
    found: dict[str, str] = {}
    for row, line in whole_listing(record) if record.outcome == "collected" else ():
        name = posixpath.basename(str(row.get("path")))
        if row.get("type") in ("dir", "directory") and _RELEASE.fullmatch(name):
            found[name] = line
    return ModuleTrees(frozenset(found), _cited(record, found))


def _cited(record: Record, found: dict[str, str]) -> Citation:
    if not found:
        return Citation(record.id, record.reason or record.stdout.text.strip())
    return Citation(record.id, "\n".join(found[name] for name in sorted(found)))
