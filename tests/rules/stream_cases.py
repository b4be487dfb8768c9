"""Hosts with a Redis for the rules on streams: a real one, and small ones made row by row.

`reference()` is what the collector brought from the lab's reference host (Redis 7.0). A made host
is described by its streams and clients; the rows, sockets, processes and units that stand for
them have the shapes of the real ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from reporter.evidence import Bundle, Record
from reporter.findings import Finding, Verdict
from reporter.report import HostReport, host_report
from tests.builders import NOW, bundle, record, sealed
from tests.rules.judging import judged
from tests.rules.systemd_cases import with_profile
from tests.source.scans import record_of, script, tree

__all__ = [
    "ENDPOINT",
    "NOW_S",
    "RECORD",
    "RULES",
    "client",
    "consumer",
    "copying",
    "entry",
    "findings",
    "group",
    "host",
    "reference",
    "report",
    "stream",
    "survey",
    "verdict",
    "with_code",
    "with_profile",
]

ENDPOINT = "127.0.0.1:6379"
RECORD = f"redis_servers[{ENDPOINT}]"
RULES = (
    "expected_streams",
    "stream_activity",
    "stream_groups",
    "stream_ownership",
    "stream_producers",
)
NOW_S = NOW.timestamp()
_FIXTURE = Path(__file__).parents[1] / "fixtures" / "streams" / "reference.json.zst"
_SOURCES = ["source", "producer"]

Row = dict[str, Any]


@cache
def reference() -> Bundle:
    """Return the reference host, without an application's profile."""
    packed = _FIXTURE.read_bytes()
    return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(packed), type=Bundle)


def entry_id(age: float, number: int = 0) -> str:
    """Return the ID of an entry added so many seconds before the collection."""
    return f"{round((NOW_S - age) * 1000)}-{number}"


def entry(age: float, **values: str) -> Row:
    """Return an entry of that age; `source` and `type` are what they say, all else are times."""
    flat = []
    for name, text in values.items():
        role = name if name in {"source", "type"} else "time"
        flat += [role, name, text]
    return {"id": entry_id(age), "fields": list(values) or ["symbol"], "values": flat}


def consumer(name: str, idle: float, pending: int = 0, inactive: float | None = None) -> Row:
    """Return a consumer, times in seconds; `inactive` is shown since 7.2."""
    row: Row = {"name": name, "pending": pending, "idle": round(idle * 1000)}
    return row if inactive is None else {**row, "inactive": round(inactive * 1000)}


def group(
    name: str,
    *consumers: Row,
    delivered: float | str = 0.0,
    pending: int = 0,
    lag: int | None = 0,
    oldest: float | None = None,
    later: tuple[int, str] | None = None,
    listed: bool = True,
) -> Row:
    """Return a group; `delivered` is the age of the last entry it delivered, or that one's ID."""
    last = delivered if isinstance(delivered, str) else entry_id(delivered)
    return {
        "name": name,
        "consumers": list(consumers),
        "pending": pending,
        "last": last,
        "lag": lag,
        "oldest": None if oldest is None else entry_id(oldest),
        "later": later,
        "listed": listed,
    }


def stream(
    name: str,
    *entries: Row,
    groups: Sequence[Row] = (),
    length: int | None = None,
    added: int | None = None,
    last: str | None = None,
    end: Mapping[str, Any] | None = None,
    db: int = 0,
    refused: Mapping[str, str] | None = None,
) -> list[Row]:
    """Return the rows about a stream; entries come newest first.

    `end` changes values of the second XINFO STREAM; `refused` are errors by command.
    """
    newest = entries[0]["id"] if entries else None
    size = len(entries) if length is None else length
    shown: Row = {
        "length": size,
        "last-generated-id": last or newest or "0-0",
        "groups": len(groups),
        "first-entry": entries[-1]["id"] if entries and length is None else None,
        "last-entry": newest,
    }
    if added is not None:
        shown["entries-added"] = added
    rows = [
        _row("XINFO", "STREAM", name, db=db, sample="begin", reply=shown),
        _row(
            "XREVRANGE",
            name,
            "+",
            "-",
            "COUNT",
            "5",
            db=db,
            reply=[{"id": one["id"], "fields": one["fields"]} for one in entries[:5]],
            values=[one["values"] for one in entries[:5]],
        ),
        *(_groups(name, groups, db) if groups else ()),
        _row("XINFO", "STREAM", name, db=db, sample="end", reply={**shown, **(end or {})}),
    ]
    return [_refused(row, refused or {}) for row in rows]


def _groups(name: str, groups: Sequence[Row], db: int) -> Iterable[Row]:
    shown = [
        {
            "name": one["name"],
            "consumers": len(one["consumers"]),
            "pending": one["pending"],
            "last-delivered-id": one["last"],
            "lag": one["lag"],
        }
        for one in groups
    ]
    yield _row("XINFO", "GROUPS", name, db=db, sample="begin", reply=shown)
    for one in groups:
        about = ("XINFO", "CONSUMERS", name, one["name"])
        if one["listed"]:
            yield _row(*about, db=db, reply=one["consumers"])
        else:
            yield _row(*about, db=db, skipped="5120 consumers, limit 1000")
        if one["oldest"]:
            reply = {"count": one["pending"], "lowest": one["oldest"]}
            yield _row("XPENDING", name, one["name"], db=db, reply=reply)
    ended = [
        {**row, "pending": one["later"][0], "last-delivered-id": one["later"][1]}
        if one["later"]
        else row
        for row, one in zip(shown, groups, strict=True)
    ]
    yield _row("XINFO", "GROUPS", name, db=db, sample="end", reply=ended)


def _row(*ask: str, at: float = NOW_S, **values: Any) -> Row:
    return {"ask": list(ask), "at": at, "ms": 0.1, **values}


def _refused(row: Row, errors: Mapping[str, str]) -> Row:
    topic = row["ask"][1] if row["ask"][0] == "XINFO" else row["ask"][0]
    if topic not in errors:
        return row
    kept = {key: value for key, value in row.items() if key not in {"reply", "values"}}
    return {**kept, "error": errors[topic]}


def client(
    unit: str | None,
    command: str = "xreadgroup",
    *,
    blocked: bool = False,
    age: int = 600,
    idle: int = 0,
    address: str | None = None,
    name: str = "",
    db: int = 0,
) -> Row:
    """Return a client of a unit of this host; None: of one nobody knows, at `address`."""
    return {
        "unit": unit,
        "cmd": command,
        "flags": "b" if blocked else "N",
        "age": age,
        "idle": idle,
        "addr": address,
        "name": name,
        "db": db,
    }


def _client_line(number: int, one: Row) -> str:
    address = one["addr"] or f"127.0.0.1:{50000 + number}"
    return (
        f"id={number} addr={address} laddr={ENDPOINT} name={one['name']} age={one['age']} "
        f"idle={one['idle']} flags={one['flags']} db={one['db']} cmd={one['cmd']} user=default"
    )


def survey(
    *streams: list[Row],
    clients: Sequence[Row] | None = (),
    version: str = "7.0.15",
    complete: bool = True,
    endpoint: str = ENDPOINT,
    outcome: str = "collected",
    reason: str | None = None,
    role: str = "master",
) -> Record:
    """Return the record of a server; `complete` is whether its scan reached its end."""
    info = f"# Server\r\nredis_version:{version}\r\ntcp_port:6379\r\nrole:{role}\r\n# Keyspace\r\n"
    info += "db0:keys=9,expires=0\r\n"
    flat = [row for rows in streams for row in rows]
    about = [row["ask"][2] for row in flat if row["ask"][1] == "STREAM" and row["db"] == 0]
    names = list(dict.fromkeys(about))
    scan = {
        "streams": names,
        "calls": 1,
        "slowest_ms": 0.1,
        "complete": complete,
        "reason": None if complete else "out of time",
    }
    listed = [_client_line(number, one) for number, one in enumerate(clients or (), start=10)]
    own = _client_line(9, client(None, "client|list"))
    shown = {"own": 9, "total": len(listed) + 1, "clients": [own, *listed]}
    refused = "NOPERM this user has no permissions to run the 'client|list' command"
    answer: Row = {"error": refused} if clients is None else {"reply": shown}
    rows = [
        _row("INFO", sample="begin", reply=info),
        _row("CLIENT", "LIST", sample="begin", **answer),
        _row("SCAN", "0", "TYPE", "stream", "COUNT", "1000", db=0, reply=scan),
        *flat,
        _row("CLIENT", "LIST", sample="end", **answer),
        _row("INFO", sample="end", reply=info),
    ]
    if outcome != "collected":
        rows = [] if outcome == "denied" else rows[:-1]
    stdout = "".join(f"{json.dumps(row)}\n" for row in rows)
    return record(
        "redis_servers",
        stdout,
        item=endpoint,
        kind="redis",
        exit_code=None,
        outcome=outcome,
        reason=reason,
    )


def copying(
    primary: str, port: int, *streams: list[Row], endpoint: str = "127.0.0.1:6380"
) -> Record:
    """Return the record of a replica of a server at some address."""
    made = survey(*streams, endpoint=endpoint, role="slave")
    info = f"role:slave\\r\\nmaster_host:{primary}\\r\\nmaster_port:{port}\\r\\n"
    data = made.stdout.data.replace("role:slave\\r\\n", info)
    return msgspec.convert(
        sealed(
            {
                **msgspec.to_builtins(made),
                "stdout": {
                    **msgspec.to_builtins(made.stdout),
                    "data": data,
                    "size": len(data.encode()),
                },
            }
        ),
        Record,
    )


def host(
    *surveys: Record,
    clients: Sequence[Row] = (),
    units: Mapping[str, str | Mapping[str, str]] | None = None,
    files: Sequence[str] = (),
    profile: Mapping[str, Any] | None = None,
) -> Bundle:
    """Return a host; `clients` are those of its first server, `units` states by name."""
    lines = [
        f'tcp LISTEN 0 511 {one.item} 0.0.0.0:* users:(("redis-server",pid={number},fd=6))'
        for number, one in enumerate(surveys, start=47)
        if one.item
    ]
    sockets, processes = [], []
    for number, one in enumerate(clients, start=10):
        if one["unit"] is None:
            continue
        pid = 1000 + number
        end = f"127.0.0.1:{50000 + number}"
        users = f'users:(("python3",pid={pid},fd=3))'
        sockets.append(f"tcp ESTAB 0 0 {end} {ENDPOINT} {users}")
        sockets.append(f'tcp ESTAB 0 0 {ENDPOINT} {end} users:(("redis-server",pid=47,fd=9))')
        cgroup = f"/system.slice/{one['unit']}"
        processes.append({"pid": pid, "uid": 7, "user": "app", "cgroup": cgroup, "exe": "/x"})
    processes.append(
        {"pid": 47, "uid": 6, "user": "redis", "cgroup": "/system.slice/redis.service", "exe": "/r"}
    )
    for row in processes:
        row["started_at"] = "2026-02-15T10:00:00.000000Z"
    known = {
        "init.scope": "active",
        **{one["unit"]: "active" for one in clients if one["unit"]},
        **(units or {}),
    }
    asked = [_probe(name) for name in ("redis_named", "redis_remote")]
    collected = bundle(
        [
            record("redis_listeners", "".join(f"{line}\n" for line in lines)),
            *surveys,
            *asked,
            record("sockets_open", "".join(f"{line}\n" for line in sockets)),
            record("sockets_processes", "".join(f"{json.dumps(row)}\n" for row in processes)),
            _asking(
                "systemctl show --property=EnvironmentFiles '*'",
                record("systemd_units", "\n".join(_unit(one, known[one]) for one in sorted(known))),
            ),
            _files([*known, *files]),
        ],
        applications={"shop": dict(profile)} if profile else None,
    )
    probes: list[dict[str, Any]] = [
        {**probe, "args": {"source_fields": _SOURCES}} if probe["id"] == "redis_servers" else probe
        for probe in collected.probes
    ]
    return msgspec.structs.replace(collected, probes=probes)


def with_code(
    collected: Bundle, folder: Path, programs: Mapping[str, str], files: Sequence[Row] = ()
) -> Bundle:
    """Return the host with the code that units run; `files` are rows of their environment files.

    It is written below `folder`, and read there by the collector.
    """
    tree(folder, {f"{unit}/main.py": code for unit, code in programs.items()})
    scanned = record_of([script(folder / unit / "main.py", unit) for unit in programs])
    lines = "".join(f"{json.dumps(one)}\n" for one in files)
    added = [
        record("repository_source", scanned["stdout"]["data"], kind="source_scan"),
        record("config_env_files", lines, kind="env_file"),
    ]
    return msgspec.structs.replace(
        collected,
        evidence=[*collected.evidence, *added],
        probes=[*collected.probes, *({"id": one.probe} for one in added)],
    )


def _probe(name: str) -> Record:
    return record(name, "", kind="redis", exit_code=None)


def _unit(name: str, state: str | Mapping[str, str]) -> str:
    shown = {"ActiveState": state} if isinstance(state, str) else dict(state)
    usual = {
        "Id": name,
        "Names": name,
        "LoadState": "loaded",
        "SubState": "running" if shown.get("ActiveState") == "active" else "dead",
        "UnitFileState": "enabled",
        "Type": "simple",
        "InactiveEnterTimestamp": "",
    }
    return "".join(f"{key}={value}\n" for key, value in {**usual, **shown}.items())


def _files(names: Iterable[str]) -> Record:
    lines = "".join(f"{name} enabled enabled\n" for name in sorted(set(names)))
    made = record("systemd_unit_files", lines or "x.service static -\n")
    return _asking("systemctl list-unit-files '*.service'", made)


def _asking(command: str, made: Record) -> Record:
    return msgspec.convert(sealed({**msgspec.to_builtins(made), "command": command}), Record)


def findings(collected: Bundle, rule: str | None = None) -> dict[str, Finding]:
    """Return the findings of one rule on streams, or of all of them, by id."""
    return judged(collected, RULES if rule is None else (rule,))


def verdict(collected: Bundle, rule: str, subject: str) -> Verdict:
    """Return what the rule says of one subject."""
    return findings(collected, rule)[f"{rule}:{subject}"].verdict


def report(collected: Bundle) -> HostReport:
    """Return the whole report of the host."""
    return host_report(collected)
