"""Declared inventories: YAML and JSON files that say what should run, as `files` brings them.

Sample (one row a file; `data` is masked as free text):

    {"path": "/home/a/SYSTEM_INVENTORY.yaml", "type": "file", "size": 2110, "mtime": "…",
     "truncated": false, "encoding": "utf-8", "data": "last_update: 2025-12-21\\ncontainers:\\n…"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation

__all__ = ["InventoryFile", "InventoryFiles"]


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """One file: its text, or in `error` why there is none. `mtime` is ISO 8601 in UTC."""

    path: str
    text: str | None
    error: str | None
    truncated: bool
    mtime: str | None


@dataclass(frozen=True)
class InventoryFiles:
    """The files by path; `asked` is the command that says which patterns were looked for."""

    record: str
    by_path: Mapping[str, InventoryFile]
    asked: str

    def cite(self, path: str, excerpt: str = "") -> Citation:
        """Return the citation of some lines of one file."""
        return Citation(self.record, f"{path}: {excerpt}" if excerpt else path)


@fact("repository_inventories", accepts=("collected", "absent"))
def inventory_files(record: Record) -> InventoryFiles:
    """Return the files; `absent` says that no file matches."""
    lines = record.stdout.text.splitlines()
    found = [_file(line) for line in lines[1 if record.stdout.truncated else 0 :] if line.strip()]
    return InventoryFiles(record.id, {one.path: one for one in found}, record.command)


def _file(line: str) -> InventoryFile:
    row = json.loads(line)
    return InventoryFile(
        row["path"],
        row.get("data"),
        row.get("error"),
        bool(row.get("truncated")),
        row.get("mtime"),
    )
