"""What the control node's tests share: small requests, and running programs as a host would."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from truthmap_control import program

from .plays import Runner

KERNEL: dict[str, Any] = {
    "id": "host_kernel",
    "description": "Kernel name and release.",
    "kind": "command",
    "args": {"argv": ["uname", "-sr"]},
    "mask": "none",
}
OS_RELEASE: dict[str, Any] = {
    "id": "host_os_release",
    "description": 'What it isn\'t; "quoted", with $HOME, `id`, !history and æøå.',
    "kind": "file",
    "args": {"path": "/etc/os-release"},
    "mask": "none",
}

Pipe = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def request_() -> dict[str, Any]:
    """A request of two cheap probes."""
    return program.request([KERNEL, OS_RELEASE], fingerprint_key="k" * 64)


@pytest.fixture
def pipe(tmp_path: Path) -> Pipe:
    """Runs a command line with a program on its stdin, in an empty home and working folder."""
    home = tmp_path / "home"
    home.mkdir()

    def run(
        command: str,
        text: str,
        *,
        login: Sequence[str] = ("sh", "-c"),
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*login, command],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=home,
            env={"HOME": str(home), "PATH": os.defpath, **(environment or {})},
            check=False,
        )

    return run


def as_ansible_does(command: str) -> str:
    """The line Ansible's ssh hands to the login shell: `/bin/sh -c '...'`."""
    return "/bin/sh -c " + shlex.quote(command + " && sleep 0")


@pytest.fixture
def play(tmp_path: Path) -> Runner:
    """Runs our playbooks through ansible-runner."""
    return Runner(tmp_path)
