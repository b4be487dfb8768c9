"""Rule on a reboot that is due."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import rule
from reporter.findings import Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.host_kernels import BootImages, ModuleTrees, RebootFlag, RebootPackages
from reporter.parsers.host_system import Kernel, Virtualization
from reporter.rules.host_figures import citations, missing
from reporter.rules.host_releases import flavour, newer

__all__ = ["reboot_required"]

REBOOT = text("Reboot")


@rule(
    section="host",
    component=REBOOT,
    needs=(),
    uses=(
        "reboot_flag",
        "reboot_packages",
        "kernel",
        "boot_images",
        "module_trees",
        "virtualization",
    ),
    worst="P3",
    if_ignored=text("security fixes that are installed are not in effect"),
)
def reboot_required(
    reboot_flag: RebootFlag | Missing,
    reboot_packages: RebootPackages | Missing,
    kernel: Kernel | Missing,
    boot_images: BootImages | Missing,
    module_trees: ModuleTrees | Missing,
    virtualization: Virtualization | Missing,
) -> Iterator[Verdict]:
    """Whether the host waits for a reboot to run what is installed.

    Means, in this order:

        /run/reboot-required is there                             degraded, P3
        a container without that flag                             ok: it has no kernel to renew
        a newer kernel of the same flavour in /boot               degraded, P3
        the running kernel's modules are gone, others are there   degraded, P3
        the running kernel is the newest, its modules are there   ok
        no kernel of the running flavour is installed             unknown: it comes from outside

    Why: until then the old kernel or library runs, with the faults the update was for; without
    its modules a kernel cannot load a file system or a firewall it has not used yet.

    Evidence: host_reboot_required, host_reboot_packages, host_kernel, host_kernels (/boot),
    host_modules (/lib/modules), host_virtualization. That the flag is missing proves nothing by
    itself: only hooks of some packages write it, on Debian and Ubuntu. Folders in /lib/modules
    count as installed kernels only where /boot names none, since removed kernels leave them.

    Limits: an image replaced under the same release, and libraries still mapped by running
    processes, are not seen. Another flavour (amd64 beside cloud-amd64) is not compared, though
    a boot loader may prefer it. A live patch is not taken into account.

    Source: update-notifier's and unattended-upgrades' hooks, uname(2), Debian kernel handbook.
    """
    judged = (reboot_flag, kernel, boot_images, module_trees, virtualization)
    status, severity, running, message = _verdict(*judged)
    yield Verdict(
        subject="reboot",
        status=status,
        severity=severity,
        running=running,
        component=REBOOT,
        message=message,
        details=_details(reboot_packages),
        citations=citations(reboot_flag, kernel, boot_images, module_trees, virtualization),
        missing=missing(*judged) if status == "unknown" else (),
    )


_Answer = tuple[Status, Severity | None, Running, Text]


def _verdict(
    flag: RebootFlag | Missing,
    kernel: Kernel | Missing,
    images: BootImages | Missing,
    trees: ModuleTrees | Missing,
    virtualization: Virtualization | Missing,
) -> _Answer:
    if not isinstance(flag, Missing) and flag.present:
        return _due(text("a reboot is required: the host has left a note that says so"))
    if not isinstance(virtualization, Missing) and virtualization.container:
        if isinstance(flag, Missing):
            return _not_known(text("whether a restart is due is not known: the flag was not seen"))
        return (
            "ok",
            None,
            "na",
            text(
                "a container ({technology}) has no kernel of its own to renew",
                technology=virtualization.technology,
            ),
        )
    if isinstance(kernel, Missing):
        return _not_known(text("whether a reboot is due is not known: the running kernel"))
    answer = _newer(kernel, images, trees) or _modules_gone(kernel, trees)
    if answer:
        if isinstance(virtualization, Missing):
            return _not_known(text("whether a reboot is due is not known: this may be a container"))
        return answer
    if isinstance(flag, Missing) or isinstance(images, Missing) or isinstance(trees, Missing):
        return _not_known(text("whether a reboot is due is not known: its evidence is incomplete"))
    if kernel.release not in images.releases | trees.releases:
        return _not_known(
            text(
                "whether a reboot is due is not known: the running kernel {release} is not one "
                "installed here",
                release=kernel.release,
            )
        )
    return (
        "ok",
        None,
        "na",
        text(
            "no reboot is due: {release} is the newest kernel of its flavour installed",
            release=kernel.release,
        ),
    )


def _newer(
    kernel: Kernel, images: BootImages | Missing, trees: ModuleTrees | Missing
) -> _Answer | None:
    if isinstance(images, Missing):
        return None
    installed = images.releases
    if not installed and not isinstance(trees, Missing):
        installed = trees.releases
    above = [release for release in sorted(installed) if newer(release, kernel.release)]
    if not above:
        return None
    newest = above[0]
    for release in above[1:]:
        newest = release if newer(release, newest) else newest
    return _due(
        text(
            "a newer kernel is installed: {newest}; {release} runs",
            newest=newest,
            release=kernel.release,
        )
    )


def _modules_gone(kernel: Kernel, trees: ModuleTrees | Missing) -> _Answer | None:
    if isinstance(trees, Missing) or kernel.release in trees.releases:
        return None
    if flavour(kernel.release) not in {flavour(release) for release in trees.releases}:
        return None
    return _due(
        text(
            "the modules of the running kernel {release} are gone from /lib/modules",
            release=kernel.release,
        )
    )


def _due(message: Text) -> _Answer:
    return "degraded", "P3", "na", message


def _not_known(message: Text) -> _Answer:
    return "unknown", None, "unknown", message


def _details(packages: RebootPackages | Missing) -> tuple[Text, ...]:
    if isinstance(packages, Missing) or not packages.names:
        return ()
    return (text("asked for by: {packages}", packages=", ".join(packages.names)),)
