"""A lab: the hosts that belong to one state folder, brought up, found again and taken down."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from .access import USERS, Access, new_host_keys
from .hosts import LabHost, Recipe, pack
from .images import SUITES, ensure_images, image_tag
from .podman import LabError, Podman
from .units import reference_recipe

__all__ = ["DEFAULT_HOSTS", "Lab", "default_state_dir"]

DEFAULT_HOSTS: Mapping[str, Recipe] = {
    **{suite: Recipe(suite) for suite in SUITES},
    "reference": reference_recipe(),
}
"""What `up` starts if not told otherwise: an untouched host per suite, and the reference host."""

_LABEL = "truthmap-lab"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")

# Beyond podman's default set, what root of a real host has and a look at it needs: AUDIT_WRITE and
# AUDIT_CONTROL for PAM and sudo (login IDs, audit messages), SYS_PTRACE to see other users'
# sockets and programs in /proc (`ss -p`).
_CAPABILITIES = "AUDIT_CONTROL,AUDIT_WRITE,SYS_PTRACE"

# On a machine with hybrid cgroups podman shows its hosts only the v1 half. There systemd is not
# told when a service's last process ends, and systemd 252 then waits two minutes whenever a user
# manager stops, which delays the next login. With the v2 half at hand it tracks processes by that,
# as everywhere today.
_UNIFIED = Path("/sys/fs/cgroup/unified")

# Each systemd holds about five inotify instances, each login's user manager two more, and all
# hosts share the kernel's count for root. The kernel's default of 128 is short for some 16 hosts.
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_WANTED = 1024


def default_state_dir() -> Path:
    """$TRUTHMAP_LAB_DIR, or `.lab` at the top of the repository."""
    chosen = os.environ.get("TRUTHMAP_LAB_DIR")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / ".lab"


class Lab:
    """The hosts of one state folder. Labs in different folders do not see each other.

    Methods may be called from several processes at once: what changes the lab holds a file lock.
    """

    def __init__(self, state_dir: Path, verbose: bool = True) -> None:
        self.state_dir = state_dir.resolve()
        self.inventory_path = self.state_dir / "inventory.yml"
        self.access = Access(self.state_dir)
        self.podman = Podman(self.state_dir / "containers.conf")
        self._verbose = verbose
        self._id = hashlib.sha256(str(self.state_dir).encode()).hexdigest()[:8]

    @staticmethod
    def unavailable() -> str | None:
        """Why the lab cannot run on this machine, and what to do; None if it can."""
        if sys.platform != "linux":
            return (
                "the lab needs Linux (its hosts are containers with systemd): use a Linux machine"
            )
        if os.geteuid() != 0:
            return "the lab needs root (its hosts run a real systemd): run it as root or with sudo"
        needed = ("podman", "mmdebstrap", "ssh", "ssh-keygen", "iptables", "openssl")
        missing = [program for program in needed if not shutil.which(program)]
        helpers = [
            Path(folder, "netavark") for folder in ("/usr/lib/podman", "/usr/libexec/podman")
        ]
        if not any(helper.exists() for helper in helpers):
            missing.append("netavark")
        if missing:
            return (
                f"the lab needs {', '.join(missing)}: install the Debian packages listed in"
                " tests/lab/packages.txt"
            )
        return None

    def require(self) -> None:
        """Raise LabError with the reason if the lab cannot run on this machine."""
        if reason := self.unavailable():
            raise LabError(reason)

    def up(self, names: Iterable[str] = tuple(DEFAULT_HOSTS)) -> None:
        """Bring up default hosts; one that runs already, unchanged, is used again."""
        chosen = list(names)
        unknown = sorted(set(chosen) - set(DEFAULT_HOSTS))
        if unknown:
            raise LabError(
                f"no default host is called {', '.join(unknown)}: choose from"
                f" {', '.join(DEFAULT_HOSTS)}"
            )
        self.start_all({name: DEFAULT_HOSTS[name] for name in chosen})

    def start(self, name: str, recipe: Recipe) -> LabHost:
        """Bring up one more host, under any name."""
        self.start_all({name: recipe})
        return self.host(name)

    def start_all(self, recipes: Mapping[str, Recipe]) -> None:
        """Bring up hosts, four at a time; those that run already, unchanged, are used again."""
        for name in recipes:
            if not _NAME.fullmatch(name):
                raise LabError(f"{name!r} is no host name: use a to z, 0 to 9 and -")
        self.require()
        with self._locked():
            self.access.prepare()
            running = self._running()
            todo = {
                name: recipe
                for name, recipe in recipes.items()
                if not self._is_current(running.get(name), recipe)
            }
            ensure_images(
                self.podman, (r.suite for r in todo.values()), self.state_dir / "build", self._say
            )
            _allow_many_hosts()
            try:
                with ThreadPoolExecutor(max_workers=4) as pool:
                    starts = [pool.submit(self._start, n, recipe) for n, recipe in todo.items()]
                for start in starts:
                    start.result()
            finally:
                self._write_client_files()

    def stop(self, name: str) -> None:
        """Remove one host, if it is there."""
        with self._locked():
            self._remove([self._container(name)])
            self._record_path(name).unlink(missing_ok=True)
            self._write_client_files()

    def down(self) -> None:
        """Remove every host of this lab; images and keys stay."""
        if not self.state_dir.exists():
            return
        with self._locked():
            self._remove([entry["Id"] for entry in self._containers()])
            shutil.rmtree(self._record_path("any").parent, ignore_errors=True)
            self._write_client_files()

    def hosts(self) -> dict[str, LabHost]:
        """The hosts that are up, by name."""
        running = self._running()
        return {name: host for name, host in running.items() if self._record(host) is not None}

    def host(self, name: str) -> LabHost:
        """A host that is up; raises LabError if it is not."""
        found = self.hosts()
        if name not in found:
            raise LabError(
                f"host {name} is not up (up now: {', '.join(found) or 'none'}):"
                f" python -m tests.lab up"
            )
        return found[name]

    def inventory(
        self, names: Iterable[str], user: str = "root", become: bool = False
    ) -> dict[str, Any]:
        """An Ansible inventory of hosts that are up, to log in as `user` (one of `USERS`)."""
        if user not in USERS:
            raise LabError(f"no user {user!r} on the lab's hosts: choose from {', '.join(USERS)}")
        found = self.hosts()
        chosen = list(names)
        missing = [name for name in chosen if name not in found]
        if missing:
            raise LabError(f"not up: {', '.join(missing)}: python -m tests.lab up")
        hosts = {name: self.access.variables(found[name], user, become) for name in chosen}
        return {"all": {"hosts": hosts}}

    def write_inventory(
        self, path: Path, names: Iterable[str], *, user: str = "root", become: bool = False
    ) -> Path:
        """Write `inventory(...)` as YAML; returns the path."""
        path.write_text(yaml.safe_dump(self.inventory(names, user, become), sort_keys=False))
        return path

    def _start(self, name: str, recipe: Recipe) -> None:
        """Create the container, give it keys, boot it, set it up; record that it is complete."""
        self._say(f"starting {name} ({recipe.suite})")
        container = self._container(name)
        self._record_path(name).unlink(missing_ok=True)
        self._remove([container])
        self.podman(
            "create",
            f"--name={container}",
            f"--hostname={name}",
            f"--label={_LABEL}={self._id}",
            f"--label={_LABEL}-dir={self.state_dir}",
            f"--label={_LABEL}-name={name}",
            f"--label={_LABEL}-suite={recipe.suite}",
            *_options(),
            *(f"--publish=127.0.0.1::{port}" for port in recipe.published),
            image_tag(recipe.suite),
            "/lib/systemd/systemd",
        )
        self.podman("cp", "-", f"{container}:/", stdin=pack(new_host_keys()))
        self.podman("start", container)
        host = self._running().get(name)
        if host is None:
            raise LabError(f"host {name} ended at once: see podman logs {container}")
        host.wait_booted()
        self._let_in(host)
        if recipe.setup:
            recipe.setup(host)
        keys = [" ".join(line.split()[:2]) for line in _lines(host, "cat /etc/ssh/ssh_host_*.pub")]
        record = {"id": host.container_id, "recipe": self._fingerprint(recipe), "host_keys": keys}
        self._record_path(name).parent.mkdir(exist_ok=True)
        self._record_path(name).write_text(json.dumps(record, indent=1))

    def _let_in(self, host: LabHost) -> None:
        """Let the lab's key in as every user, and give operator the lab's sudo password."""
        for user in USERS:
            host.run(
                f"home=$(getent passwd {user} | cut -d: -f6) && umask 077 && mkdir -p $home/.ssh"
                f" && echo '{self.access.public_key().strip()}' > $home/.ssh/authorized_keys"
                f" && chown -R {user}: $home/.ssh"
            )
        password = f"operator:{self.access.password}\n".encode()
        self.podman("exec", "-i", host.container, "chpasswd", stdin=password)

    def _running(self) -> dict[str, LabHost]:
        """Running containers of this lab, whether or not their setup ended."""
        found = {}
        for entry in self._containers():
            if entry["State"] != "running":
                continue
            name = entry["Labels"][f"{_LABEL}-name"]
            ports = {port["container_port"]: port["host_port"] for port in entry["Ports"]}
            found[name] = LabHost(
                name=name,
                suite=entry["Labels"][f"{_LABEL}-suite"],
                port=ports.pop(22),
                container=entry["Names"][0],
                container_id=entry["Id"],
                podman=self.podman,
                ssh_config=self.access.ssh_config,
                published=tuple(sorted(ports.items())),
            )
        return found

    def _containers(self) -> list[dict[str, Any]]:
        if not self.state_dir.exists():
            return []
        self.podman.configure()
        chosen = f"--filter=label={_LABEL}={self._id}"
        answer = self.podman("ps", "--all", chosen, "--format=json").stdout
        found: list[dict[str, Any]] = json.loads(answer)
        return found

    def _remove(self, containers: list[str]) -> None:
        if containers:
            self.podman("rm", "--force", "--ignore", "--volumes", "--time=0", *containers)

    def _is_current(self, host: LabHost | None, recipe: Recipe) -> bool:
        record = self._record(host) if host else None
        return record is not None and record["recipe"] == self._fingerprint(recipe)

    def _record(self, host: LabHost) -> dict[str, Any] | None:
        """What `_start` recorded of this very container once it was complete."""
        try:
            record: dict[str, Any] = json.loads(self._record_path(host.name).read_text())
        except FileNotFoundError:
            return None
        return record if record["id"] == host.container_id else None

    def _fingerprint(self, recipe: Recipe) -> str:
        return f"{image_tag(recipe.suite)} {_options()} {recipe.fingerprint}"

    def _record_path(self, name: str) -> Path:
        return self.state_dir / "hosts" / f"{name}.json"

    def _container(self, name: str) -> str:
        return f"{_LABEL}-{self._id}-{name}"

    def _write_client_files(self) -> None:
        """known_hosts and ssh_config of all hosts; an inventory of the default ones."""
        records = {
            h.name: (h, record) for h in self._running().values() if (record := self._record(h))
        }
        keys = {name: record["host_keys"] for name, (_, record) in records.items()}
        self.access.write((host for host, _ in records.values()), keys)
        self.write_inventory(self.inventory_path, [n for n in DEFAULT_HOSTS if n in records])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.state_dir / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.podman.configure()
            yield

    def _say(self, message: str) -> None:
        if self._verbose:
            print(f"lab: {message}", file=sys.stderr, flush=True)


def _lines(host: LabHost, command: str) -> list[str]:
    return host.run(command).stdout.splitlines()


def _options() -> list[str]:
    """The options of `podman create` that are the same for every host."""
    return [
        "--systemd=always",
        f"--cap-add={_CAPABILITIES}",
        "--publish=127.0.0.1::22",
        # podman would mount a tmpfs here; a volume keeps the journal on disk as a VPS does.
        "--volume=/var/log/journal",
        *([f"--volume={_UNIFIED}:{_UNIFIED}:rw"] if _UNIFIED.is_dir() else []),
    ]


def _allow_many_hosts() -> None:
    """Raise the machine's inotify limit where that is permitted; few hosts run without."""
    if int(_INOTIFY.read_text()) < _INOTIFY_WANTED and os.access(_INOTIFY, os.W_OK):
        _INOTIFY.write_text(str(_INOTIFY_WANTED))
