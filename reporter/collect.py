"""Runs the collecting playbook through ansible-runner, and shows what happens host by host."""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from reporter.errors import InputError, ReportError
from reporter.locations import content_root
from truthmap_control import archive

__all__ = ["Collection", "HostDone", "Listener", "Request", "collect", "new_folder"]

_COLLECT_ACTION = "truthmap_collect"
_KEPT_LINES = 40


@dataclass(frozen=True)
class HostDone:
    """What became of one host: `status` as in the manifest."""

    host: str
    status: str
    reason: str | None


class Listener(Protocol):
    """Is told of the run's progress."""

    def started(self, host: str) -> None:
        """Note that collecting the host began."""

    def done(self, result: HostDone) -> None:
        """Note that the host is through, well or not."""

    def output(self, line: str) -> None:
        """Note a line Ansible printed."""


@dataclass(frozen=True)
class Request:
    """What to collect, and how to get there.

    `inventory` is a path, a comma separated list of hosts, or None for this machine; `arguments`
    are handed to ansible-playbook; `passwords` answer its prompts, by pattern.
    """

    folder: Path
    inventory: str | None = None
    limit: str | None = None
    arguments: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    passwords: Mapping[str, str] = field(default_factory=dict)
    forks: int | None = None
    verbosity: int = 0


@dataclass(frozen=True)
class Collection:
    """A finished run: its folder, and whether somebody stopped it."""

    folder: Path
    interrupted: bool


def new_folder(parent: Path) -> Path:
    """Return a path for a new run below `parent`, named after its beginning; nothing is made."""
    return parent / archive.new_run_id(datetime.now(UTC))


def collect(request: Request, listener: Listener) -> Collection:
    """Collect and return the run's folder.

    Raises `InputError` where nothing could begin (no such inventory, no host in it, a folder in
    use) and `ReportError` where Ansible itself failed; both carry what Ansible said.
    """
    import ansible_runner  # noqa: PLC0415 - rendering a report needs no Ansible

    if request.inventory and "," not in request.inventory and not Path(request.inventory).exists():
        raise InputError(
            f"{request.inventory}: no such inventory; give a file, a folder or 'host1,host2,'"
        )
    if request.folder.exists() and (not request.folder.is_dir() or any(request.folder.iterdir())):
        raise InputError(
            f"{request.folder}: not an empty folder (it already holds a run, or something else); "
            "give --archive a new one"
        )
    root = content_root()
    said: list[str] = []
    with tempfile.TemporaryDirectory(prefix="truthmap-") as private, _stoppable() as stopped:
        runner = ansible_runner.run(
            private_data_dir=private,
            project_dir=str(root),
            playbook=str(root / "playbooks" / "collect.yml"),
            inventory=_inventory(request.inventory, root),
            limit=request.limit,
            forks=request.forks,
            verbosity=request.verbosity or None,
            cmdline=shlex.join(request.arguments) or None,
            extravars={**request.extra, "collect_run_dir": str(request.folder.absolute())},
            passwords=dict(request.passwords) or None,
            envvars=_environment(root),
            quiet=True,
            suppress_env_files=True,
            event_handler=lambda event: _handle(event, listener, said),
            cancel_callback=stopped,
        )
        if stopped():
            return Collection(request.folder, interrupted=True)
    _check(runner, request, said)
    return Collection(request.folder, interrupted=False)


def _inventory(inventory: str | None, root: Path) -> str:
    if inventory is None:
        return str(root / "inventory" / "local.yml")
    return inventory if "," in inventory else str(Path(inventory).absolute())


def _environment(root: Path) -> dict[str, str]:
    """Return the settings ansible-playbook needs; the operator's own ansible.cfg comes first."""
    roles = [str(root / "roles"), os.environ.get("ANSIBLE_ROLES_PATH", "")]
    # ansible-playbook lies beside the interpreter, also where the environment is not activated.
    binaries = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    settings = {
        "ANSIBLE_ROLES_PATH": ":".join(filter(None, roles)),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": ":".join(binaries),
    }
    config = Path(os.environ.get("ANSIBLE_CONFIG") or _config(root)).absolute()
    settings["ANSIBLE_CONFIG"] = str(config)
    if "ANSIBLE_HOST_KEY_CHECKING" not in os.environ:
        # ansible-runner would turn the check off for whoever has not set this variable.
        settings["ANSIBLE_HOST_KEY_CHECKING"] = _host_key_checking(config)
    return settings


def _config(root: Path) -> Path:
    """Return the configuration Ansible would find from here, or the one that comes with us."""
    own = [Path("ansible.cfg"), Path.home() / ".ansible.cfg", Path("/etc/ansible/ansible.cfg")]
    return next((path for path in own if path.is_file()), root / "ansible.cfg")


def _host_key_checking(config: Path) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(config, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return "True"  # Ansible will say what is wrong with it
    return parser.get("defaults", "host_key_checking", fallback="True")


def _handle(event: Mapping[str, Any], listener: Listener, said: list[str]) -> bool:
    data = event.get("event_data") or {}
    kind = str(event.get("event"))
    if data.get("task_action") == _COLLECT_ACTION and kind.startswith("runner_on_"):
        host = str(data.get("host"))
        if kind == "runner_on_start":
            listener.started(host)
        else:
            listener.done(_result(host, kind, data.get("res") or {}))
    for line in str(event.get("stdout") or "").splitlines():
        said.append(line)
        listener.output(line)
    del said[:-_KEPT_LINES]
    return False


def _result(host: str, kind: str, result: Mapping[str, Any]) -> HostDone:
    if "status" in result:
        return HostDone(host, str(result["status"]), result.get("reason"))
    status = "unreachable" if kind == "runner_on_unreachable" else "failed"
    return HostDone(host, status, str(result.get("msg") or "no reason given"))


def _check(runner: Any, request: Request, said: list[str]) -> None:
    manifest = request.folder / archive.MANIFEST
    if manifest.is_file() and runner.rc == 0:
        return
    words = " ".join(line.strip() for line in said if line.strip()) or "it said nothing"
    if manifest.is_file():
        raise ReportError(f"ansible-playbook ended with {runner.rc}: {words}")
    hosts = f"inventory {request.inventory}" if request.inventory else "this machine"
    raise InputError(f"{hosts}: nothing was collected; Ansible said: {words}")


class _Stop:
    """Says whether a signal asked the run to stop."""

    def __init__(self) -> None:
        self._stopped = False

    def __call__(self) -> bool:
        return self._stopped

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Note the signal; a second one ends the program at once."""
        self._stopped = True
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def _stoppable() -> Iterator[_Stop]:
    stop = _Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
