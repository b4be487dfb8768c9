"""Large files under /var/log, and the folders there that were not looked into.

Sample (the kind `listing` with `depth` and `least_bytes`):

    {"path": "/var/log/app/app.log", "type": "file", "size": 157286400,
     "mtime": "2026-11-25T12:46:00.000000Z", ...}
    {"path": "/var/log/private", "type": "directory", ..., "error": "Permission denied"}
    {"path": "/var/log", "type": "directory", ..., "parents": [...]}
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation
from reporter.parsers.host_rows import whole_listing
from reporter.parsers.logging_rows import modified

__all__ = ["Closed", "LogFile", "LogFiles"]

_JOURNAL = "/var/log/journal"


@dataclass(frozen=True, slots=True)
class LogFile:
    """One large file: bytes, and when it was last written (epoch seconds, None: not known)."""

    path: str
    size: int
    modified: float | None
    cited: Citation


@dataclass(frozen=True, slots=True)
class Closed:
    """What was not looked into, and why."""

    path: str
    reason: str
    cited: Citation


@dataclass(frozen=True)
class LogFiles:
    """The large files, without the journal's own, and what stayed closed, ordered by path."""

    files: tuple[LogFile, ...]
    closed: tuple[Closed, ...]
    cited: Citation


@fact("logging_files")
def log_files(record: Record) -> LogFiles:
    """Return the large files; a listing that was cut may hide some and gives nothing."""
    files, closed = [], []
    rows = whole_listing(record)
    for row, line in rows:
        path, cited = str(row["path"]), Citation(record.id, line)
        if path == _JOURNAL or path.startswith(_JOURNAL + "/"):
            continue
        if "error" in row:
            closed.append(Closed(path, str(row["error"]), cited))
        elif row.get("type") == "file":
            files.append(LogFile(path, int(row["size"]), modified(row), cited))
    return LogFiles(
        files=tuple(sorted(files, key=lambda one: one.path)),
        closed=tuple(sorted(closed, key=lambda one: one.path)),
        cited=Citation(record.id, rows[-1][1] if rows else ""),
    )
