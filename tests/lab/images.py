"""Root file systems of the lab hosts: built with mmdebstrap, kept as podman images.

An image's tag carries the hash of its recipe, so an unchanged recipe never builds twice, not even
for another lab on the same machine.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .podman import LabError, Podman, run_tool

__all__ = ["SUITES", "ensure_images", "image_tag"]

SUITES = ("bullseye", "bookworm", "trixie")

_PACKAGES = (
    "systemd",
    "systemd-sysv",
    "libpam-systemd",  # without it no login opens a session scope, as it does on real hosts
    "dbus",
    "openssh-server",
    "sudo",
    "python3",
    "iproute2",
    "redis-server",
    "redis-tools",
    "python3-redis",  # the programs of the reference host speak to Redis with it
    "logrotate",
    "procps",
    "cron",
)
_SETUP = Path(__file__).with_name("image.sh")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def image_tag(suite: str) -> str:
    """Name of the image of `suite`; changes when its recipe does."""
    if suite not in SUITES:
        raise LabError(f"no image for suite {suite!r}: choose one of {', '.join(SUITES)}")
    recipe = hashlib.sha256("\n".join([suite, *_PACKAGES]).encode())
    recipe.update(_SETUP.read_bytes())
    return f"localhost/truthmap-lab:{suite}-{recipe.hexdigest()[:12]}"


def ensure_images(
    podman: Podman, suites: Iterable[str], work: Path, say: Callable[[str], None]
) -> None:
    """Build the missing images, two at a time (a build takes about half a minute)."""
    tags = {suite: image_tag(suite) for suite in dict.fromkeys(suites)}
    missing = {
        suite: tag
        for suite, tag in tags.items()
        if podman("image", "exists", tag, check=False).returncode
    }
    if not missing:
        return
    work.mkdir(parents=True, exist_ok=True)
    say(f"building images: {', '.join(missing)} (once; about a minute)")
    with ThreadPoolExecutor(max_workers=2) as pool:
        builds = [pool.submit(_build, podman, s, tag, work) for s, tag in missing.items()]
    for build in builds:
        build.result()


def _build(podman: Podman, suite: str, tag: str, work: Path) -> None:
    rootfs = work / f"{suite}-{os.getpid()}.tar"
    keyring = [f"--keyring={_KEYRING}"] if _KEYRING.exists() else []
    try:
        run_tool(
            [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                f"--include={','.join(_PACKAGES)}",
                f'--customize-hook=sh "{_SETUP}" "$1"',
                *keyring,
                suite,
                str(rootfs),
                *_mirror_lines(suite),
            ]
        )
        podman("import", "--quiet", str(rootfs), tag)
    finally:
        rootfs.unlink(missing_ok=True)


def _mirror_lines(suite: str) -> list[str]:
    """Sources for `suite` from the mirrors this Debian's apt uses; none: mmdebstrap's own."""
    release = platform.freedesktop_os_release()
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or not codename:
        return []
    listed = run_tool(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"],
        check=False,
    )
    sites: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        name, _, site = line.partition(" ")
        sites.setdefault(name, site)
    if codename not in sites:
        return []
    lines = [f"deb {sites[codename]} {name} main" for name in (suite, f"{suite}-updates")]
    security = sites.get(f"{codename}-security")
    return [*lines, f"deb {security} {suite}-security main"] if security else lines
