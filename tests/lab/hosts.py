"""One running lab host: commands and files inside it, what it costs, what changed on its disk."""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .podman import LabError, Podman, run_tool

__all__ = ["LabHost", "Recipe", "pack"]

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class LabHost:
    """A running container that stands for one VPS."""

    name: str
    suite: str
    port: int
    """SSH port on 127.0.0.1."""
    container: str
    """The container's name."""
    container_id: str
    podman: Podman
    ssh_config: Path
    published: tuple[tuple[int, int], ...] = ()
    """More ports that are reachable from this machine: (port inside, port on 127.0.0.1)."""

    def published_port(self, port: int) -> int:
        """The port on 127.0.0.1 that leads to a port of the host; KeyError if none does."""
        return dict(self.published)[port]

    def run(
        self,
        command: str,
        check: bool = True,
        user: str | None = None,
        timeout: float | None = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run `sh -c COMMAND` inside, not over SSH; as root, or as `user`.

        Raises LabError if it fails (unless `check` is off) or takes more than `timeout` seconds.
        """
        as_user = ["--user", user] if user else []
        return self.podman(
            "exec", *as_user, self.container, "sh", "-c", command, check=check, timeout=timeout
        )

    def ssh(
        self,
        command: str,
        user: str = "root",
        check: bool = True,
        options: Sequence[str] = (),
        timeout: float | None = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command over SSH; `options` ("Name=value") go before the lab's own settings."""
        chosen = [word for option in options for word in ("-o", option)]
        return run_tool(
            ["ssh", *chosen, "-F", str(self.ssh_config), "-l", user, self.name, command],
            check=check,
            timeout=timeout,
        )

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file of root's, making its folders where needed."""
        self.put_files({path: (text, mode)})

    def put_files(self, files: Mapping[str, tuple[str, int]]) -> None:
        """Write many files of root's in one go: path -> (text, mode)."""
        archive = pack(files)
        self.podman(
            "exec", "-i", self.container, "tar", "-C", "/", "--overwrite", "-xf", "-", stdin=archive
        )

    def state(self) -> str:
        """What `systemctl is-system-running` says now, such as "running" or "degraded"."""
        return self.run("systemctl is-system-running", check=False).stdout.strip()

    def wait_booted(self, timeout: float = 60) -> str:
        """Wait until the boot has ended; returns "running" or "degraded"."""
        until = time.monotonic() + timeout
        while (state := self.state()) not in ("running", "degraded"):
            if time.monotonic() > until:
                raise LabError(
                    f"host {self.name} did not boot within {timeout:g} s, it is"
                    f" {state or 'silent'}: see podman logs {self.container}"
                )
            time.sleep(0.2)
        return state

    def cgroup_usage(self) -> tuple[float, int]:
        """CPU seconds so far and peak memory in bytes of the whole container.

        Read on the machine, so that reading costs the host nothing. cgroup v1: cpuacct.usage and
        memory.max_usage_in_bytes; v2: cpu.stat and memory.peak (Linux 5.19).
        """
        cpu, memory = self._cgroup("cpuacct"), self._cgroup("memory")
        try:
            if _is_v2():
                usage = dict(line.split() for line in (cpu / "cpu.stat").read_text().splitlines())
                return int(usage["usage_usec"]) / 1e6, int((memory / "memory.peak").read_text())
            seconds = int((cpu / "cpuacct.usage").read_text()) / 1e9
            return seconds, int((memory / "memory.max_usage_in_bytes").read_text())
        except OSError as error:
            raise LabError(f"cannot read the cgroup of host {self.name}: {error}") from error

    def reset_memory_peak(self) -> bool:
        """Let the memory peak start anew; False where the kernel cannot (v2 before Linux 6.12)."""
        if _is_v2():
            return False  # since 6.12 a write resets it, but only for the file handle that wrote
        (self._cgroup("memory") / "memory.max_usage_in_bytes").write_text("0")
        return True

    def diff(self) -> list[str]:
        """Changes on disk against the image, like "A /etc/new"; tmpfs and volumes do not show."""
        return sorted(self.podman("diff", self.container).stdout.splitlines())

    def _cgroup(self, controller: str) -> Path:
        inspect = ("inspect", "--format", "{{.State.CgroupPath}}", self.container)
        parts = self.podman(*inspect).stdout.strip().strip("/").split("/")
        # systemd moves itself into a child of the container's cgroup; the total is at the parent.
        own = next((i for i, part in enumerate(parts) if self.container_id in part), None)
        if own is None:
            raise LabError(f"host {self.name} has no cgroup: is it running?")
        return _controller_mount(controller).joinpath(*parts[: own + 1])


@dataclass(frozen=True)
class Recipe:
    """What an additional host is made of."""

    suite: str
    setup: Callable[[LabHost], None] | None = None
    """Called once after boot; must end with the host as wanted."""
    version: str = ""
    """Changes when `setup` does, so that a host set up by the old one is not used again."""
    published: tuple[int, ...] = ()
    """Ports to reach from this machine, beside SSH's: see LabHost.published_port."""

    @property
    def fingerprint(self) -> str:
        """Text that is equal for recipes that make equal hosts."""
        hook = f"{self.setup.__module__}.{self.setup.__qualname__}" if self.setup else ""
        return f"{self.suite} {hook} {self.version} {self.published}"


def pack(files: Mapping[str, tuple[str, int]]) -> bytes:
    """A tar archive of root's files: path -> (text, mode)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, (text, mode) in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(content), mode, int(time.time())
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _is_v2() -> bool:
    return (_CGROUPS / "cgroup.controllers").exists()


def _controller_mount(controller: str) -> Path:
    """Where a v1 controller is mounted (they may share a mount: `cpu,cpuacct`), or the v2 root."""
    if _is_v2():
        return _CGROUPS
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind == "cgroup" and controller in options.split(","):
            return Path(left.split()[4])
    raise LabError(f"the {controller} cgroup controller is not mounted on this machine")
