"""Calls podman with the lab's own configuration, so that no setting of the machine is needed."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["LabError", "Podman", "run_tool"]


class LabError(Exception):
    """Something the lab needs is missing or failed; the message is one line for the user."""


def run_tool(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    check: bool = True,
    timeout: float | None = None,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program and decode its output; bytes that are not UTF-8 become U+FFFD.

    Raises LabError with the last lines of stderr when `check` is set and the program fails,
    and when `timeout` (seconds) passes.
    """
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, timeout=timeout, env=env, check=False
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv[:3])} did not end within {timeout} s") from None
    result = subprocess.CompletedProcess(
        list(argv),
        done.returncode,
        done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"),
    )
    if check and result.returncode:
        lines = (result.stderr.strip() or result.stdout.strip() or "no message").splitlines()
        shown = " | ".join(lines[-3:])
        raise LabError(f"{' '.join(argv[:3])} failed ({result.returncode}): {shown}")
    return result


class Podman:
    """podman, told by a configuration file in the state folder how to run."""

    def __init__(self, config: Path) -> None:
        self._config = config

    def configure(self) -> None:
        """Write the configuration file this instance's calls use."""
        # runc: crun refuses hybrid and v1 cgroups. netavark: a left-over CNI configuration
        # would otherwise win. cgroupfs: the systemd manager needs a systemd as the machine's init.
        manager = "systemd" if Path("/run/systemd/system").is_dir() else "cgroupfs"
        # The limits of a login on a real host, never above what this machine may pass on.
        files = min(_hard_limit(resource.RLIMIT_NOFILE), 524288)
        processes = min(_hard_limit(resource.RLIMIT_NPROC), 4096)
        runtime = 'runtime = "runc"\n' if shutil.which("runc") else ""
        text = (
            "[engine]\n"
            f"{runtime}"
            f'cgroup_manager = "{manager}"\n'
            'events_logger = "file"\n'
            "[network]\n"
            'network_backend = "netavark"\n'
            "[containers]\n"
            'log_driver = "k8s-file"\n'
            f'default_ulimits = ["nofile={min(files, 1024)}:{files}", '
            f'"nproc={processes}:{processes}"]\n'
        )
        if not self._config.exists() or self._config.read_text() != text:
            self._config.write_text(text)

    def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        check: bool = True,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `podman ARGS`; see `run_tool`."""
        env = {**os.environ, "CONTAINERS_CONF": str(self._config)}
        return run_tool(["podman", *args], stdin=stdin, check=check, timeout=timeout, env=env)


def _hard_limit(kind: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return 2**31 if hard == resource.RLIM_INFINITY else hard
