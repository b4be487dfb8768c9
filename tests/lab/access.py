"""How one reaches the lab's hosts: client key, checked host keys, SSH configuration, inventory."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .certificates import Authority
from .hosts import LabHost
from .podman import run_tool

__all__ = ["USERS", "Access", "new_host_keys"]

USERS = ("root", "auditor", "operator", "deploy")
"""Who may log in with the lab's key. auditor has no sudo, operator's sudo asks for a password,
deploy's does not."""

_HOST_KEY_TYPES = ("ed25519", "ecdsa")


class Access:
    """Keys and client configuration, all in the lab's state folder."""

    def __init__(self, state_dir: Path) -> None:
        self.key = state_dir / "id_ed25519"
        self.known_hosts = state_dir / "known_hosts"
        self.ssh_config = state_dir / "ssh_config"
        self.password_file = state_dir / "operator_password"
        self.redis_password_file = state_dir / "redis_password"
        self.authority = Authority(state_dir / "tls")

    def prepare(self) -> None:
        """Make the client key, the passwords and the certificate authority, once per lab."""
        if not self.key.exists():
            comment = ["-N", "", "-C", "truthmap-lab"]
            run_tool(["ssh-keygen", "-q", "-t", "ed25519", *comment, "-f", str(self.key)])
        for file in (self.password_file, self.redis_password_file):
            if not file.exists():
                file.touch(mode=0o600)
                file.write_text(secrets.token_urlsafe(18) + "\n")
        self.authority.prepare()

    @property
    def password(self) -> str:
        """operator's sudo password on every host of this lab."""
        return self.password_file.read_text().strip()

    @property
    def redis_password(self) -> str:
        """The password of those Redis servers of this lab that ask for one."""
        return self.redis_password_file.read_text().strip()

    def public_key(self) -> str:
        """The client's public key, one line."""
        return self.key.with_suffix(".pub").read_text()

    def write(self, hosts: Iterable[LabHost], host_keys: dict[str, list[str]]) -> None:
        """Write known_hosts and ssh_config for the hosts that run now."""
        known: list[str] = []
        config: list[str] = []
        for host in hosts:
            known += [f"[127.0.0.1]:{host.port} {key}" for key in host_keys[host.name]]
            config += [f"Host {host.name}", "    HostName 127.0.0.1", f"    Port {host.port}"]
        config += ["Host *", "    User root", f'    IdentityFile "{self.key}"']
        config += [f"    {name} {value}" for name, value in self._options()]
        _replace(self.known_hosts, known)
        _replace(self.ssh_config, config)

    def variables(self, host: LabHost, user: str, become: bool) -> dict[str, Any]:
        """A host's Ansible variables. The password stays in its file: a lookup names it."""
        options = " ".join(f"-o '{name}={value}'" for name, value in self._options())
        found: dict[str, Any] = {
            "ansible_host": "127.0.0.1",
            "ansible_port": host.port,
            "ansible_user": user,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": options,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        if become:
            found["ansible_become"] = True
            if user == "operator":
                found["ansible_become_password"] = (
                    "{{ lookup('ansible.builtin.file', '" + str(self.password_file) + "') }}"
                )
        return found

    def _options(self) -> list[tuple[str, str]]:
        return [
            ("IdentitiesOnly", "yes"),
            ("StrictHostKeyChecking", "yes"),
            ("UserKnownHostsFile", f'"{self.known_hosts}"'),
            ("GlobalKnownHostsFile", "none"),
        ]


def new_host_keys() -> dict[str, tuple[str, int]]:
    """Fresh host keys as files of a host: path -> (text, mode)."""
    files: dict[str, tuple[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in _HOST_KEY_TYPES:
            key = Path(folder, f"ssh_host_{kind}_key")
            run_tool(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(key)])
            files[f"/etc/ssh/{key.name}"] = (key.read_text(), 0o600)
            files[f"/etc/ssh/{key.name}.pub"] = (key.with_suffix(".pub").read_text(), 0o644)
    return files


def _replace(path: Path, lines: list[str]) -> None:
    """Write a file so that a reader sees the old text or the new one, never a part."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("".join(f"{line}\n" for line in lines))
    fresh.replace(path)
