"""The reference host: the unit population of the reference report, brought about for real.

`reference_units.yml` says which unit is in which state; here stands how a host gets there. No state
is faked: an enabled unit is inactive because nobody started it, a failed one because it failed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from . import env_files
from .hosts import LabHost, Recipe
from .models import engine_arguments, provision_models
from .populations import REFERENCE_REDIS, Population, load_population, populate, settings
from .repository import ROOT, RUN_FROM_IT, provision_repository

__all__ = ["ReferenceUnits", "load_reference_units", "provision_reference", "reference_recipe"]

_HERE = Path(__file__).parent
_DATA = _HERE / "reference_units.yml"
_PROGRAMS = _HERE / "programs"
_INSTALLED = "/opt/quantum/bin"
_SETTINGS = "/opt/quantum/etc/settings.json"

# The user was renamed once and logrotate's snippet was forgotten: "unknown user 'quantum'", exit 1.
_LOGROTATE_SNIPPET = """\
/var/log/quantum/*.log {
    daily
    rotate 14
    missingok
    create 0640 quantum adm
}
"""


@dataclass(frozen=True)
class ReferenceUnits:
    """`reference_units.yml`, list by list; names without `.service` or `.timer`."""

    running: tuple[str, ...]
    short_lived: tuple[str, ...]
    program_missing: tuple[str, ...]
    timer_ran: tuple[str, ...]
    timer_not_due: tuple[str, ...]
    timer_dead: tuple[str, ...]
    enabled_inactive: tuple[str, ...]
    disabled_inactive: tuple[str, ...]
    missing: dict[str, str]
    """Unit that does not exist -> the running service that wants it."""
    failed: tuple[str, ...]
    listeners: dict[str, int]
    """Running service -> the port it listens on."""
    connections: dict[str, list[int]]
    """Running service -> the ports of this host it holds connections to, Redis excepted."""

    @property
    def timers(self) -> tuple[str, ...]:
        """Oneshots that a timer of the same name starts."""
        return self.timer_ran + self.timer_not_due + self.timer_dead

    @property
    def inactive(self) -> tuple[str, ...]:
        """Every service that is inactive when looked at."""
        return self.timers + self.enabled_inactive + self.disabled_inactive


def load_reference_units() -> ReferenceUnits:
    """Read the data file."""
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    return ReferenceUnits(**fields)


def reference_recipe() -> Recipe:
    """Recipe of the default host `reference`."""
    parts = [_HERE / f"{name}.py" for name in ("populations", "models", "repository", "checkouts")]
    own = [Path(__file__), *parts, _DATA, REFERENCE_REDIS]
    environment = [Path(env_files.__file__), env_files.DATA]
    sources = [*own, *environment, *sorted(_PROGRAMS.glob("*.py"))]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    return Recipe("bookworm", setup=provision_reference, version=version)


def provision_reference(host: LabHost) -> None:
    """Bring the reference population about; may be repeated on the same host."""
    units = load_reference_units()
    redis = load_population(REFERENCE_REDIS)
    host.run("id qt 2>/dev/null || useradd --create-home --shell /bin/bash qt")
    host.run(f"systemctl stop {' '.join(_services(redis.units))}", check=False)
    populate(host, redis)
    provision_repository(host, f"{_INSTALLED}/service.py")
    provision_models(host)
    host.put_files(dict(_files(units, redis)))
    enabled = [
        *_services(units.running + units.short_lived + units.program_missing),
        *_services(units.enabled_inactive),
        *_timers(units.timers),
    ]
    started = [
        *_services(units.running + units.short_lived + units.program_missing),
        *_timers(units.timers),
    ]
    host.run(
        "systemctl daemon-reload"
        f" && systemctl --quiet enable {' '.join(enabled)}"
        f" && systemctl start {' '.join(started)}"
    )
    for unit in units.failed:
        host.run(f"systemctl start {unit}.service", check=False)


def _files(units: ReferenceUnits, redis: Population) -> Iterator[tuple[str, tuple[str, int]]]:
    """Every file the host gets: path, (text, mode)."""
    for program in sorted(_PROGRAMS.glob("*.py")):
        yield f"{_INSTALLED}/{program.name}", (program.read_text(), 0o644)
    yield "/etc/logrotate.d/quantum", (_LOGROTATE_SNIPPET, 0o644)
    yield from env_files.environment_files()
    yield _SETTINGS, (settings(redis, host="127.0.0.1"), 0o644)
    for name, text in _unit_texts(units, redis):
        yield f"/etc/systemd/system/{name}", (text, 0o644)


def _unit_texts(units: ReferenceUnits, redis: Population) -> Iterator[tuple[str, str]]:
    wants = {service: missing for missing, service in units.missing.items()}
    for name in units.running + units.enabled_inactive + units.disabled_inactive:
        uses_redis = name in redis.units
        arguments = _sockets(units, name) + ([f"--settings={_SETTINGS}"] if uses_redis else [])
        arguments += engine_arguments(name)
        # -S leaves out the distribution's packages, redis-py among them, and starts sooner.
        interpreter = f"/usr/bin/python3 {'-E' if uses_redis else '-SE'}"
        own = f"{ROOT}/services/{name}.py" if name in RUN_FROM_IT else "service.py"
        lines = _service_lines(interpreter, own, name, arguments)
        yield f"{name}.service", _service(name, [*lines, "Restart=on-failure"], wants.get(name))
    for name in units.short_lived:
        lines = _service_lines("/usr/bin/python3 -SE", "exit_monitor.py", name)
        yield f"{name}.service", _service(name, [*lines, *_restart_for_ever(1)])
    for name in units.program_missing:
        lines = _service_lines("/opt/quantum/venv/bin/python", "service.py", name)
        yield f"{name}.service", _service(name, [*lines, *_restart_for_ever(2)])
    for name in units.timers:
        lines = _service_lines("/usr/bin/python3 -SE", "job.py", name)
        yield f"{name}.service", _unit(name, ["Type=oneshot", *lines])
    for name in units.timer_ran:
        # In a container systemd counts OnBootSec from the container's boot: long past, so it
        # elapses at once when the timer starts.
        yield f"{name}.timer", _timer(name, ["OnBootSec=1s", "OnUnitActiveSec=1h"])
    for name in units.timer_not_due:
        yield f"{name}.timer", _timer(name, ["OnCalendar=*-01-01 00:00:00"])
    for name in units.timer_dead:
        yield f"{name}.timer", _timer(name, ["OnUnitActiveSec=1h"])


def _service_lines(
    interpreter: str, program: str, name: str, arguments: list[str] | None = None
) -> list[str]:
    words = [name.removeprefix("quantum-"), *(arguments or []), *env_files.arguments(name)]
    return [
        "User=qt",
        "WorkingDirectory=/home/qt",
        *env_files.environment_lines(name),
        f"ExecStart={interpreter} {PurePosixPath(_INSTALLED, program)} {' '.join(words)}",
    ]


def _sockets(units: ReferenceUnits, name: str) -> list[str]:
    """The arguments that make service.py listen and connect."""
    listen = [f"--listen={units.listeners[name]}"] if name in units.listeners else []
    return listen + [f"--connect={port}" for port in units.connections.get(name, ())]


def _restart_for_ever(seconds: int) -> list[str]:
    return ["Restart=always", f"RestartSec={seconds}"]


def _unit(name: str, service: list[str], head: list[str] | None = None) -> str:
    description = f"Description=Quantum {name.removeprefix('quantum-').replace('-', ' ')}"
    return "\n".join(["[Unit]", description, *(head or []), "", "[Service]", *service, ""])


def _service(name: str, lines: list[str], wanted: str | None = None) -> str:
    """An ordinary service that starts at boot; `wanted`: a unit it pulls in, and follows."""
    pulled = [f"{wanted}.service"] if wanted else []
    head = [f"After={' '.join(['network.target', *pulled])}", "StartLimitIntervalSec=0"]
    head += [f"Wants={unit}" for unit in pulled]
    return _unit(name, lines, head) + "\n[Install]\nWantedBy=multi-user.target\n"


def _timer(name: str, lines: list[str]) -> str:
    description = f"Description=Timer of {name}"
    parts = [
        "[Unit]",
        description,
        "",
        "[Timer]",
        *lines,
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join([*parts, ""])


def _services(names: tuple[str, ...]) -> list[str]:
    return [f"{name}.service" for name in names]


def _timers(names: tuple[str, ...]) -> list[str]:
    return [f"{name}.timer" for name in names]
