"""The programs that failing units start, and the way there: a `listing` of each path.

Sample (one line; a path that does not exist has type null, and the outcome is `absent`):

    {"path": "/opt/a", "type": "file", "mode": "0644", "uid": 0, "gid": 0, "owner": "root",
     "group": "root", "size": 30, "mtime": "...", "target": null, "resolved": null,
     "interpreter": "/bin/sh", "interpreter_entry": {...},
     "parents": [{"path": "/", "mode": "0755", "uid": 0, "gid": 0}, ...]}

Source: stat(2), execve(2) for the `#!` line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reporter.evidence import Record
from reporter.facts import NoFact, fact_each
from reporter.findings import Citation
from reporter.messages import text
from reporter.recorded import recorded

__all__ = ["Executable", "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A file or folder: `mode` holds the permission bits, None where they could not be read."""

    path: str
    type: str | None
    mode: int | None
    uid: int | None
    gid: int | None
    owner: str | None
    group: str | None

    @property
    def shown(self) -> str:
        """Mode and owner as `ls` users know them: `0644 root:root`."""
        mode = "?" if self.mode is None else f"{self.mode:04o}"
        owner = self.uid if self.owner is None else self.owner
        group = self.gid if self.group is None else self.group
        return f"{mode} {owner}:{group}"


@dataclass(frozen=True)
class Executable:
    """What stands at an executable's path.

    `denied` says why nobody may look there; then nothing is known but the `parents`.
    `file` is the file itself, symlinks followed: None if there is none. `link` is where a
    symlink at the path points. `interpreter` is what its `#!` line names, `interpreter_file`
    that file, None if it does not exist. `parents` are the folders from / down.
    """

    path: str
    record: str
    denied: str | None
    file: Node | None
    link: str | None
    interpreter: str | None
    interpreter_file: Node | None
    parents: tuple[Node, ...]

    def cite(self) -> Citation:
        """Return the citation of the listing, with what stands at the path."""
        if self.denied is not None:
            shown = self.denied
        elif self.file is None:
            shown = f"{self.path} -> {self.link}: missing" if self.link else f"{self.path}: missing"
        else:
            shown = f"{self.file.path}: {self.file.type} {self.file.shown}"
        return Citation(self.record, shown)


@fact_each("systemd_executables", accepts=("collected", "absent", "denied"))
def executables(record: Record) -> Executable:
    """Return what stands at one executable's path; `absent` says that nothing does."""
    row = _itself(record)
    if row is None and record.outcome != "absent":
        raise NoFact(
            text("{reason}", reason=recorded(record.reason) if record.reason else _NO_FILE)
        )
    row = row or {}
    real = row.get("resolved") if row.get("target") is not None else row
    resolved = real if isinstance(real, dict) and record.outcome == "collected" else {}
    return Executable(
        path=record.item or str(row.get("path", "")),
        record=record.id,
        denied=record.reason or "denied" if record.outcome == "denied" else None,
        file=_node(resolved),
        link=row.get("target"),
        interpreter=resolved.get("interpreter"),
        interpreter_file=_interpreter(resolved.get("interpreter_entry")),
        parents=_parents(row),
    )


_NO_FILE = text("its output names no file")


def _itself(record: Record) -> dict[str, Any] | None:
    """Return the row of the path itself: the last one (a folder's entries come before it)."""
    lines = [line for line in record.stdout.text.splitlines() if line.strip()]
    row = json.loads(lines[-1]) if lines else None
    return row if isinstance(row, dict) and "path" in row else None


def _parents(row: Mapping[str, Any]) -> tuple[Node, ...]:
    found = (_node(parent) for parent in row.get("parents") or ())
    return tuple(node for node in found if node is not None)


def _interpreter(row: Any) -> Node | None:
    if isinstance(row, dict) and row.get("target") is not None:
        row = row.get("resolved")
    return _node(row)


def _node(row: Any) -> Node | None:
    if not isinstance(row, dict) or not row:
        return None
    mode = row.get("mode")
    return Node(
        path=str(row.get("path")),
        type=row.get("type"),
        mode=int(mode, 8) if isinstance(mode, str) else None,
        uid=row.get("uid"),
        gid=row.get("gid"),
        owner=row.get("owner"),
        group=row.get("group"),
    )
