"""Container engines, and the containers there are (kind `containers`).

Sample:

    {"program":"docker","path":"/usr/bin/docker"}
    {"daemon":"dockerd","pid":812,"processes":1}
    {"daemon":"dockerd","pid":2101,"processes":1,"uid":1000}
    {"container":"docker","id":"4f1c0a9be2d1","pid":1290,"processes":3}
    {"engine":"/run/docker.sock","running":true,"containers":2}
    {"listed":"/run/docker.sock","id":"4f1c0a9be2d1","name":"web","image":"nginx:1.27",
     "state":"running","ports":["0.0.0.0:8080->80/tcp"]}
    {"store":"/var/lib/containers/storage/overlay-containers/containers.json","containers":1}
    {"stored":"/var/lib/...","id":"9c3e...","name":"job","image":"localhost/job:1"}

Source: Docker Engine API (GET /containers/json), containers-storage (containers.json).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation
from reporter.messages import Text, Value, text
from reporter.parsers.host_rows import json_rows
from reporter.recorded import recorded

__all__ = ["Container", "Containers"]


@dataclass(frozen=True, slots=True)
class Container:
    """One container. None: not known. `runs`: processes of it were seen, or its engine says so.

    `state` is the engine's word (running, exited, restarting, ...); `name` is "" if not known.
    """

    engine: str
    id: str
    name: str
    image: str | None
    state: str | None
    ports: tuple[str, ...]
    runs: bool | None
    lines: tuple[str, ...]

    @property
    def shown(self) -> str:
        """Its name, or its id."""
        return self.name or self.id


@dataclass(frozen=True)
class Containers:
    """What there is of containers; `gaps` say what of it could not be seen.

    `programs` and `daemons` name engines (docker, podman) and their processes (dockerd, and where
    a user runs his own "dockerd of uid 1000").
    """

    record: str
    programs: tuple[str, ...]
    daemons: tuple[Value, ...]
    all: tuple[Container, ...]
    gaps: tuple[Text, ...]
    lines: dict[str, str]

    @property
    def running(self) -> tuple[Container, ...]:
        """Those that run."""
        return tuple(one for one in self.all if one.runs)

    @property
    def none_run(self) -> bool | None:
        """Whether no container runs; None where not all processes were seen."""
        if self.running:
            return False
        return None if self._hidden else True

    @property
    def _hidden(self) -> bool:
        return "hidden" in self.lines

    def cite(self) -> Citation:
        """Return the citation of what shows engines and daemons."""
        return Citation(self.record, "\n".join(self.lines.values()))


@dataclass
class _Rows:
    programs: dict[str, None] = field(default_factory=dict)
    daemons: dict[Value, None] = field(default_factory=dict)
    parts: dict[str, list[tuple[dict[str, Any], str]]] = field(default_factory=dict)
    gaps: list[Text] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)

    def take(self, row: dict[str, Any], line: str) -> None:
        """Sort one row in."""
        if "program" in row:
            self.programs[str(row["program"])] = None
            self.lines[f"program {row.get('path')}"] = line
        elif "daemon" in row:
            daemon: Value = str(row["daemon"])
            if row.get("uid"):
                daemon = text("{daemon} of uid {uid}", daemon=daemon, uid=str(row["uid"]))
            self.daemons[daemon] = None
            self.lines[f"daemon {daemon}"] = line
        elif "hidden" in row:
            self.lines["hidden"] = line
            self.gaps.append(text("processes of other users are hidden (hidepid)"))
        elif "engine" in row or "store" in row:
            self._source(row, line)
        elif row.get("id"):
            self.parts.setdefault(str(row["id"]), []).append((row, line))

    def _source(self, row: dict[str, Any], line: str) -> None:
        where = str(row.get("engine") or row.get("store"))
        error = row.get("error")
        if error is None or not str(error).startswith(("No such file", "not asked")):
            self.lines[f"source {where}"] = line
        if error is not None and "ermission denied" in str(error):
            self.gaps.append(text("{where}: {reason}", where=where, reason=recorded(str(error))))


@fact("containers_present")
def containers(record: Record) -> Containers:
    """Return the container engines and containers of the host."""
    rows = _Rows()
    for row, line in json_rows(record):
        rows.take(row, line)
    if record.stdout.truncated:
        rows.gaps.append(text("not all of it was kept"))
    return Containers(
        record=record.id,
        programs=tuple(rows.programs),
        daemons=tuple(rows.daemons),
        all=tuple(_containers(rows)),
        gaps=tuple(dict.fromkeys(rows.gaps)),
        lines=rows.lines,
    )


def _containers(rows: _Rows) -> Iterator[Container]:
    for identity in sorted(rows.parts):
        parts = rows.parts[identity]
        merged: dict[str, Any] = {}
        for row, _ in parts:
            merged.update(row)
        engine = merged.get("container") or ("docker" if "listed" in merged else "podman")
        state = merged.get("state")
        runs = True if "container" in merged else None
        if runs is None and state is not None:
            runs = state in {"running", "paused", "restarting"}
        elif runs is None and "hidden" not in rows.lines:
            runs = False
        name, image = str(merged.get("name") or ""), merged.get("image")
        yield Container(
            engine=str(engine),
            id=identity,
            name="" if name == "?" else name,
            image=None if image in {None, "?"} else str(image),
            state=None if state is None else str(state),
            ports=tuple(str(port) for port in merged.get("ports") or ()),
            runs=runs,
            lines=tuple(line for _, line in parts),
        )
