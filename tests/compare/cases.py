"""A small host of a web shop, made record by record, that can be changed trait by trait."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from reporter.archive import Archive, Unreached
from reporter.evidence import Bundle, Record
from reporter.report import Report, build
from reporter.waivers import NO_WAIVERS, Waivers
from tests.builders import NOW, bundle, record, sealed
from tests.rules.systemd_cases import moment

__all__ = ["BOOT", "PROFILE", "WORLD", "Machine", "later", "report_of"]

WORLD = "0.0.0.0"  # noqa: S104 - what a host shows, bound by nobody
BOOT = NOW.timestamp() - 86400
PROFILE = {"shop": {"units": ["shop-*"], "expected_units": ["shop-api"]}}


def later(seconds: float) -> str:
    """Return a moment so long after the usual one, as an archive writes it."""
    return f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.%fZ}"


def _service(name: str, pid: int, **values: str) -> dict[str, str]:
    usual = {
        "Id": name,
        "Names": name,
        "Type": "simple",
        "Restart": "always",
        "NRestarts": "0",
        "MainPID": str(pid),
        "User": "shop",
        "LoadState": "loaded",
        "ActiveState": "active",
        "SubState": "running",
        "UnitFileState": "enabled",
        "FragmentPath": f"/etc/systemd/system/{name}",
        "DropInPaths": "",
        "Result": "success",
        "ExecMainCode": "0",
        "ExecMainStatus": "0",
        "ExecMainStartTimestamp": moment(BOOT + 10),
        "ActiveEnterTimestamp": moment(BOOT + 10),
        "StateChangeTimestamp": moment(BOOT + 10),
        "WantedBy": "multi-user.target",
        "TriggeredBy": "",
        "BusName": "",
        "ExecStart": f"{{ path=/srv/shop/{name[:-8]} ; argv[]=/srv/shop/{name[:-8]} --port=1 ; "
        "ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; "
        "status=0/0 }",
    }
    return {**usual, **values}


def report_of(
    *machines: Machine, waivers: Waivers = NO_WAIVERS, unreached: Mapping[str, str] | None = None
) -> Report:
    """Return the report over some hosts, and of those nobody reached."""
    archive = Archive(
        runs=["20260215T161200Z-abcdef"],
        bundles={one.host: one.bundle() for one in machines},
        unreached={host: Unreached(host, why) for host, why in (unreached or {}).items()},
    )
    return build(archive, waivers=waivers)


@dataclass(frozen=True)
class Machine:
    """The host; `env` are settings of its one file, a value beginning with `#` a fingerprint."""

    host: str = "web1"
    units: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {"shop-api.service": {}, "shop-worker.service": {}}
    )
    timers: Mapping[str, str] = field(default_factory=lambda: {"shop-nightly.timer": "*-*-* 02:00"})
    drop_ins: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, str] = field(default_factory=lambda: {8080: WORLD})
    env: Mapping[str, str] = field(
        default_factory=lambda: {"LOG_LEVEL": "info", "API_KEY": "#aaaa 16-31"}
    )
    env_size: int = 100
    env_written: str = "2026-02-01T00:00:00.000000Z"
    commit: str = "1" * 40
    models: Mapping[str, str] = field(default_factory=lambda: {"a.pt": "a" * 64, "b.pt": "b" * 64})
    kernel: str = "6.1.0-18-amd64"
    booted: float = BOOT
    cron: tuple[str, ...] = ()
    redis: Record | None = None
    extra: tuple[Record, ...] = ()
    groups: tuple[str, ...] = ()
    key_id: str | None = "k1"
    at: str = later(0)
    applications: Mapping[str, Any] = field(default_factory=lambda: PROFILE)
    without: tuple[str, ...] = ()
    reasons: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def changed(self, **values: Any) -> Machine:
        """Return the same host with other traits."""
        return replace(self, **values)

    def unit(self, name: str, **values: str) -> Machine:
        """Return the same host with other properties of a unit."""
        return replace(self, units={**self.units, name: {**self.units.get(name, {}), **values}})

    def bundle(self) -> Bundle:
        """Return its bundle; what is in `without` left no record, `reasons` are other outcomes."""
        records = list(self._records())
        asked = sorted({one.probe for one in records})
        kept = []
        for one in records:
            outcome, reason = self.reasons.get(one.id, ("", ""))
            if outcome:
                kept.append(record(one.probe, outcome=outcome, reason=reason, kind=one.kind))
            elif one.id not in self.without:
                kept.append(one)
        made = bundle(
            kept,
            host=self.host,
            probes=asked,
            applications=self.applications,
            groups=self.groups,
            key_id=self.key_id,
            at=self.at,
        )
        moved = [self._moved(one) for one in made.evidence]
        return msgspec.structs.replace(made, evidence=moved)

    def _moved(self, one: Record) -> Record:
        data = {**msgspec.to_builtins(one), "started_at": self.at}
        return msgspec.convert(sealed(data), Record)

    def _records(self) -> Iterable[Record]:
        yield record("systemd_state", "running\n")
        yield record("host_os_release", 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n')
        yield record("host_kernel", f"Linux {self.kernel} #1 SMP x86_64\n")
        yield record("systemd_version", "systemd 252 (252.39-1)\n")
        command = "systemctl show --property=Id,EnvironmentFiles '*'"
        yield _asked(record("systemd_units", "\n".join(self._units())), command)
        yield self._unit_files()
        yield record("timers_schedules", "\n".join(self._timers()))
        yield record("systemd_drop_ins", _lines(self._drop_ins()), kind="files", exit_code=None)
        yield record("sockets_open", "".join(f"{line}\n" for line in self._sockets()))
        yield record("sockets_processes", _lines([_process(100, "shop-api.service")]))
        yield record("config_env_files", _lines(self._env()), kind="env_file", exit_code=None)
        yield record("config_directories", "", kind="env_file", exit_code=None)
        yield record("repository_checkouts", _lines([self._checkout()]), exit_code=None)
        yield record("models_directories", _lines(self._models()), kind="tree", exit_code=None)
        yield record("models_found", "", kind="tree", exit_code=None)
        yield record("cron_entries", _lines(self._cron()), kind="cron", exit_code=None)
        yield from self.extra
        if self.redis is not None:
            yield record("redis_listeners", "")
            yield self.redis

    def _units(self) -> Iterable[str]:
        booted = {"Id": "init.scope", "LoadState": "loaded", "ActiveState": "active"}
        booted["ActiveEnterTimestamp"] = moment(self.booted)
        yield _block(booted)
        yield _block({**booted, "Id": "multi-user.target"})
        for number, (name, values) in enumerate(self.units.items()):
            yield _block({**_service(name, 100 + number), "EnvironmentFiles": _ENV_FILE, **values})

    def _unit_files(self) -> Record:
        names = [*self.units, *self.timers]
        lines = "".join(f"{name} {self._file_state(name)} enabled\n" for name in sorted(names))
        command = "systemctl list-unit-files '*.service' '*.socket' '*.timer' '*.path'"
        return _asked(record("systemd_unit_files", lines), command)

    def _file_state(self, name: str) -> str:
        return self.units.get(name, {}).get("UnitFileState", "enabled")

    def _timers(self) -> Iterable[str]:
        for name, schedule in self.timers.items():
            yield _block(
                {
                    "Unit": name.replace(".timer", ".service"),
                    "TimersCalendar": f"{{ OnCalendar={schedule} ; next_elapse=n/a }}",
                    "NextElapseUSecRealtime": moment(NOW.timestamp() + 3600),
                    "Id": name,
                    "LoadState": "loaded",
                    "ActiveState": "active",
                    "SubState": "waiting",
                    "UnitFileState": "enabled",
                }
            )

    def _drop_ins(self) -> Iterable[dict[str, Any]]:
        for path, data in self.drop_ins.items():
            yield {"path": path, "truncated": False, "encoding": "utf-8", "data": data}

    def _sockets(self) -> Iterable[str]:
        for port, address in self.ports.items():
            holder = f'users:(("python3",pid=100,fd={port}))'
            yield f"tcp LISTEN 0 128 {address}:{port} 0.0.0.0:* {holder}"

    def _env(self) -> Iterable[dict[str, Any]]:
        for line, (key, value) in enumerate(self.env.items(), start=1):
            row: dict[str, Any] = {"line": line, "key": key, "of": _ENV_PATH}
            if value.startswith("#"):
                fingerprint, length = value[1:].split()
                yield {**row, "fingerprint": fingerprint * 5, "length": length}
            else:
                yield {**row, "value": value}
        yield {
            "file": _ENV_PATH,
            "type": "file",
            "mode": "0640",
            "uid": 0,
            "owner": "root",
            "size": self.env_size,
            "mtime": self.env_written,
            "closed_by": None,
            "odd": [],
            "assignments": len(self.env),
        }

    def _checkout(self) -> dict[str, Any]:
        return {
            "path": "/srv/shop",
            "owner": "shop",
            "branch": "main",
            "commit": self.commit,
            "remotes": {},
            "tracked": 3,
            "dirty": 0,
            "modified": [],
            "deleted": [],
            "complete": True,
        }

    def _models(self) -> Iterable[dict[str, Any]]:
        for name, digest in self.models.items():
            yield {
                "path": f"/srv/models/{name}",
                "type": "file",
                "mode": "0644",
                "uid": 0,
                "owner": "root",
                "size": 1000,
                "mtime": "2026-02-01T00:00:00.000000Z",
                "format": "zip",
                "end": True,
                "sha256": digest,
                "head_sha256": digest,
            }
        yield {"root": "/srv/models", "outcome": "collected", "reason": None, "cut": None}

    def _cron(self) -> Iterable[dict[str, Any]]:
        yield {"daemons": ["/usr/sbin/cron"], "users_from": ["files"]}
        path = "/etc/cron.d/shop"
        yield {
            "path": path,
            "type": "file",
            "mode": "0644",
            "uid": 0,
            "owner": "root",
            "form": "system",
            "links": 1,
        }
        yield {"path": path, "newline": True, "truncated": False}
        for line, command in enumerate(self.cron, start=1):
            yield {
                "path": path,
                "line": line,
                "schedule": "*/5 * * * *",
                "user": "shop",
                "command": command,
                "programs": [command],
                "missing": [],
                "names": [],
                "guarded": False,
            }


_ENV_PATH = "/etc/shop/shop.env"
_ENV_FILE = f"{_ENV_PATH} (ignore_errors=no)"


def _asked(made: Record, command: str) -> Record:
    return msgspec.convert(sealed({**msgspec.to_builtins(made), "command": command}), Record)


def _block(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _process(pid: int, unit: str) -> dict[str, Any]:
    return {
        "pid": pid,
        "uid": 7,
        "user": "shop",
        "started_at": datetime.fromtimestamp(BOOT + 10, NOW.tzinfo).strftime(
            "%Y-%m-%dT%H:%M:%S.%fZ"
        ),
        "cgroup": f"/system.slice/{unit}",
        "exe": "/usr/bin/python3",
    }
