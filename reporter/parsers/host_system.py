"""The host itself: operating system, kernel, virtualisation, processors, memory, load, boot.

Each value carries the lines it was read from. Sizes are bytes, times epoch seconds in UTC,
durations seconds.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.host_rows import checked_output

__all__ = [
    "Boot",
    "Cpus",
    "Kernel",
    "LoadAverage",
    "Memory",
    "OsRelease",
    "Uptime",
    "Virtualization",
    "boot",
    "cpus",
    "kernel",
    "load_average",
    "memory",
    "os_release",
    "uptime",
    "virtualization",
]

CONTAINERS = frozenset(
    [
        "openvz",
        "lxc",
        "lxc-libvirt",
        "systemd-nspawn",
        "docker",
        "podman",
        "rkt",
        "wsl",
        "proot",
        "pouch",
        "container-other",
    ]
)
MACHINES = frozenset(
    [
        "qemu",
        "kvm",
        "amazon",
        "zvm",
        "vmware",
        "microsoft",
        "oracle",
        "powervm",
        "xen",
        "bochs",
        "uml",
        "parallels",
        "bhyve",
        "qnx",
        "acrn",
        "apple",
        "sre",
        "google",
        "vm-other",
    ]
)


@dataclass(frozen=True, slots=True)
class OsRelease:
    """The operating system as it names itself; `id` and `version_id` are for machines."""

    pretty_name: str
    id: str | None
    version_id: str | None
    cited: Citation


@dataclass(frozen=True, slots=True)
class Kernel:
    """The running kernel: `release` is `uname -r`, `machine` `uname -m`."""

    name: str
    release: str
    version: str
    machine: str
    cited: Citation


@dataclass(frozen=True, slots=True)
class Virtualization:
    """What the host runs in: `technology` is systemd's word for it, `none` on bare metal."""

    technology: str
    kind: Literal["none", "machine", "container"]
    cited: Citation

    @property
    def container(self) -> bool:
        """Whether the host shares the kernel (and its clock, memory, load) with others."""
        return self.kind == "container"


@dataclass(frozen=True, slots=True)
class Cpus:
    """How many processors are online, as the kernel counts them."""

    online: int
    cited: Citation


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in bytes; `available` is the kernel's estimate of what can be had without swapping."""

    total: int
    available: int
    swap_total: int
    swap_free: int
    cited: Citation


@dataclass(frozen=True, slots=True)
class LoadAverage:
    """Runnable and uninterruptible tasks, averaged over 1, 5 and 15 minutes."""

    one: float
    five: float
    fifteen: float
    cited: Citation


@dataclass(frozen=True, slots=True)
class Boot:
    """When the kernel booted, epoch seconds, by the clock as it is now."""

    at: int
    cited: Citation


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds since the boot; in some containers (lxcfs) since the container's own start."""

    seconds: float
    cited: Citation


@fact("host_os_release")
def os_release(record: Record) -> OsRelease:
    """Read os-release(5): shell-like assignments, values perhaps quoted.

    PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
    VERSION_ID="12"
    ID=debian
    """
    checked_output(record)
    values: dict[str, str] = {}
    lines: dict[str, str] = {}
    for line in record.stdout.text.splitlines():
        name, equals, value = line.partition("=")
        if equals and re.fullmatch("[A-Z][A-Z0-9_]*", name):
            values[name], lines[name] = _unquoted(value), line
    shown = "PRETTY_NAME" if values.get("PRETTY_NAME") else "NAME"
    if not values.get(shown):
        raise NoFact(text("it names no operating system (neither PRETTY_NAME nor NAME)"))
    return OsRelease(
        pretty_name=values[shown],
        id=values.get("ID"),
        version_id=values.get("VERSION_ID"),
        cited=Citation(record.id, lines[shown]),
    )


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value))
    except ValueError:
        return value


@fact("host_kernel")
def kernel(record: Record) -> Kernel:
    """Read `uname -srvm`; the version in the middle has blanks of its own.

    Linux 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01) x86_64
    """
    words = checked_output(record).split()
    if len(words) < 4:
        raise NoFact(text("not the four parts of uname -srvm"))
    return Kernel(
        name=words[0],
        release=words[1],
        version=" ".join(words[2:-1]),
        machine=words[-1],
        cited=Citation(record.id, " ".join(words)),
    )


@fact("host_virtualization")
def virtualization(record: Record) -> Virtualization:
    """Read `systemd-detect-virt`: one word; `none` comes with exit code 1.

    The words are those of systemd-detect-virt(1); a word it does not list is no answer, since
    it does not say whether the kernel is the host's own.
    """
    word = checked_output(record, accepted=(0, 1))
    cited = Citation(record.id, word)
    if word == "none":
        return Virtualization(word, "none", cited)
    if record.exit_code != 0:
        raise NoFact(text("it exited with {code}: {said}", code=1, said=word[:200]))
    if word in CONTAINERS:
        return Virtualization(word, "container", cited)
    if word in MACHINES:
        return Virtualization(word, "machine", cited)
    raise NoFact(text("an unknown technology: {word}", word=word[:80]))


@fact("host_cpus")
def cpus(record: Record) -> Cpus:
    """Read /sys/devices/system/cpu/online, a list of ranges: `0-1`, `0,2-5`."""
    ranges = checked_output(record)
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", ranges):
        raise NoFact(text("no list of processors: {ranges}", ranges=ranges[:80]))
    online = 0
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        online += int(last or first) - int(first) + 1
    return Cpus(online, Citation(record.id, ranges))


@fact("host_memory")
def memory(record: Record) -> Memory:
    """Read /proc/meminfo, proc_meminfo(5); its kB are 1024 bytes.

    MemTotal:       24684084 kB
    MemAvailable:   24100200 kB
    SwapTotal:             0 kB
    SwapFree:              0 kB
    """
    wanted = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
    found: dict[str, int] = {}
    lines: list[str] = []
    for line in record.stdout.text.splitlines():
        row = re.fullmatch(r"(\w+):\s+(\d+) kB", line.strip())
        if row and row[1] in wanted:
            found[row[1]] = int(row[2]) * 1024
            lines.append(line)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise NoFact(text("it has no {names}", names=", ".join(missing)))
    if not found["MemTotal"]:
        raise NoFact(text("MemTotal is 0"))
    return Memory(
        total=found["MemTotal"],
        available=found["MemAvailable"],
        swap_total=found["SwapTotal"],
        swap_free=found["SwapFree"],
        cited=Citation(record.id, "\n".join(lines)),
    )


@fact("host_loadavg")
def load_average(record: Record) -> LoadAverage:
    """Read /proc/loadavg, proc_loadavg(5): `0.94 0.45 0.27 5/161 98`."""
    line = checked_output(record)
    found = re.match(r"(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) ", line)
    if not found:
        raise NoFact(text("no load averages: {line}", line=line[:80]))
    one, five, fifteen = (float(value) for value in found.groups())
    return LoadAverage(one, five, fifteen, Citation(record.id, line))


@fact("host_boot")
def boot(record: Record) -> Boot:
    """Read `btime` of /proc/stat, proc_stat(5): the boot in seconds since the epoch.

    The kernel computes it from the wall clock as it is now, so it moves when the clock is set.
    """
    found = re.search(r"^btime (\d+)$", record.stdout.text, re.MULTILINE)
    if not found or not int(found[1]):
        raise NoFact(text("it has no btime"))
    return Boot(int(found[1]), Citation(record.id, found[0]))


@fact("host_uptime")
def uptime(record: Record) -> Uptime:
    """Read /proc/uptime, proc_uptime(5): seconds up, seconds idle over all processors."""
    line = checked_output(record)
    found = re.match(r"(\d+\.\d+) ", line)
    if not found:
        raise NoFact(text("no uptime: {line}", line=line[:80]))
    return Uptime(float(found[1]), Citation(record.id, line))
