"""Files that profiles name, each path or pattern one record: the kind `files` without content.

Sample (a row a file that fits; of a symlink also where it leads to, if that is there):

    {"path": "/etc/shop/tls.pem", "outcome": "collected", "type": "symlink", "mode": "0777",
     "uid": 0, "gid": 0, "owner": "root", "group": "root", "size": 9,
     "mtime": "2026-02-15T16:12:00.000000Z", "target": "tls-2.pem",
     "leads_to": {"path": "/etc/shop/tls-2.pem", "type": "file", "mode": "0640", "owner": "shop",
                  "group": "shop", "size": 1704, "mtime": "2026-01-02T03:04:05.000000Z", ...}}
    {"path": "/run/shop.sock", "outcome": "absent", "error": "No such file or directory",
     "type": "symlink", "target": "shop/shop.sock", ...}

Folders of a pattern that could not be searched are named on stderr.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reporter.evidence import Outcome, Record
from reporter.facts import fact_each
from reporter.findings import Citation, Missing
from reporter.messages import text
from reporter.parsers.host_rows import json_rows
from reporter.parsers.logging_rows import modified

__all__ = ["NamedFile", "NamedFiles"]


@dataclass(frozen=True, slots=True)
class NamedFile:
    """One path that is there: bytes, and when it was last written (epoch seconds, None: not known).

    Of a symlink all but `path` and `target` is what it leads to. `outcome` says whether that is
    there; where it is not, or was not seen, `error` is what the system said.
    """

    path: str
    outcome: Outcome
    error: str | None
    type: str | None
    mode: str | None
    owner: str | None
    size: int | None
    modified: float | None
    target: str | None
    cited: Citation


@dataclass(frozen=True)
class NamedFiles:
    """What one path or pattern found. `gap` is why more may be there unseen."""

    record: str
    files: tuple[NamedFile, ...]
    gap: Missing | None = None


@fact_each("files_expected", accepts=("collected", "absent", "denied"))
def named_files(record: Record) -> NamedFiles:
    """Return what fits; nothing does where the record's outcome is absent or denied."""
    files = tuple(_file(row, Citation(record.id, line)) for row, line in json_rows(record))
    return NamedFiles(record.id, files, _gap(record))


def _gap(record: Record) -> Missing | None:
    if record.outcome == "denied":
        reason = text("permission denied: {reason}", reason=record.reason or "?")
        return Missing(record.id, reason)
    if record.stdout.truncated:
        return Missing(record.id, text("its output was cut"))
    unseen = record.stderr.text.splitlines()
    if unseen:
        return Missing(record.id, text("not searched: {folders}", folders="; ".join(unseen)))
    return None


def _file(row: dict[str, Any], cited: Citation) -> NamedFile:
    seen = row.get("leads_to", row) if "error" not in row else {}
    return NamedFile(
        path=str(row["path"]),
        outcome=row["outcome"],
        error=row.get("error"),
        type=seen.get("type"),
        mode=seen.get("mode"),
        owner=f"{_name(seen, 'owner', 'uid')}:{_name(seen, 'group', 'gid')}" if seen else None,
        size=seen.get("size"),
        modified=modified(seen),
        target=row.get("target"),
        cited=cited,
    )


def _name(row: dict[str, Any], name: str, number: str) -> str:
    return str(row.get(name) or row.get(number))
