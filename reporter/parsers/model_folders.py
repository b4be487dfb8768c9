"""Files below folders with models: the kind `tree`.

Sample (rows of a folder, the one with `root` the last):

    {"path": "/srv/models/a_v1.pt", "type": "file", "mode": "0644", "owner": "app", "size": 4202,
     "mtime": "2026-11-23T15:05:22.727983Z", "format": "zip", "end": false,
     "sha256": "bce2…", "head_sha256": "bce2…"}
    {"path": "/srv/models/latest.pt", "type": "symlink", "target": "a_v1.pt", "leads": true, ...}
    {"path": "/srv/models/old", "type": "directory", ..., "error": "Permission denied"}
    {"root": "/srv/models", "outcome": "collected", "reason": null, "cut": null, "path": ...}

A folder that links lead to has `real`, the path without them.

`end` says whether the end that the format asks for is there, null where it does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from reporter.evidence import Outcome, Record
from reporter.facts import fact
from reporter.findings import Citation, Missing
from reporter.messages import Text, Value, text
from reporter.parsers.host_rows import json_rows
from reporter.parsers.logging_rows import modified
from reporter.recorded import recorded
from reporter.words import OUTCOMES

__all__ = ["ModelFolder", "ModelFolders", "StoredFile", "Unseen"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file or symlink: bytes, and when it was last written (epoch seconds, None: not known).

    `leads` is whether a symlink's target exists, `unread` why a file's content was not looked at.
    """

    path: str
    type: str
    size: int
    modified: float | None
    owner: str
    mode: str
    format: str | None
    end: bool | None
    sha256: str | None
    head_sha256: str | None
    target: str | None
    leads: bool | None
    unread: str | None
    cited: Citation

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name

    @property
    def world_writable(self) -> bool:
        """Whether every user of the host may change it."""
        return self.type == "file" and bool(int(self.mode, 8) & 0o002)


@dataclass(frozen=True, slots=True)
class Unseen:
    """A path below a folder that was not looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """One folder that was asked for. `cut` says why not all that is in it is shown.

    `real` is its path without symlinks.
    """

    path: str
    real: str
    outcome: Outcome
    reason: str | None
    files: tuple[StoredFile, ...]
    unseen: tuple[Unseen, ...]
    cut: str | None
    cited: Citation

    def gaps(self) -> tuple[Missing, ...]:
        """Return why what is not in it may be there all the same."""
        if self.outcome not in ("collected", "absent"):
            return (Missing(self.cited.record, _said(self.path, self.reason)),)
        found = [_said(one.path, one.reason) for one in self.unseen]
        if self.cut is not None:
            found.append(_said(self.path, self.cut))
        return tuple(Missing(self.cited.record, one) for one in found)


@dataclass(frozen=True)
class ModelFolders:
    """The folders of one record. `shortfall` says that some are not in it at all."""

    record: str
    folders: tuple[ModelFolder, ...]
    shortfall: Missing | None = None

    def gaps(self) -> tuple[Missing, ...]:
        """Return why what is not in them may be on the host all the same."""
        found = [gap for folder in self.folders for gap in folder.gaps()]
        return (*found, self.shortfall) if self.shortfall else tuple(found)


_ANY: tuple[Outcome, ...] = ("collected", "absent", "denied", "timeout", "error")


@fact("models_directories", accepts=_ANY)
def model_folders(record: Record) -> ModelFolders:
    """Return the folders the operator named; none is an answer too."""
    return _folders(record)


@fact("models_found", accepts=_ANY)
def model_folders_found(record: Record) -> ModelFolders:
    """Return the folders named `models` where services work; those that are absent are left out."""
    found = _folders(record)
    there = tuple(one for one in found.folders if one.outcome != "absent")
    return ModelFolders(found.record, there, found.shortfall)


def _folders(record: Record) -> ModelFolders:
    folders: list[ModelFolder] = []
    pending: list[tuple[dict[str, Any], str]] = []
    for row, line in json_rows(record):
        if "root" in row:
            folders.append(_folder(record, row, line, pending))
            pending = []
        else:
            pending.append((row, line))
    return ModelFolders(record.id, tuple(folders), _shortfall(record))


def _shortfall(record: Record) -> Missing | None:
    if record.outcome in ("timeout", "error"):
        return Missing(record.id, text("{reason}", reason=_reason(record)))
    if record.stdout.truncated:
        return Missing(record.id, text("its listing was cut, so some files are not shown"))
    if record.outcome == "denied" and not record.stdout.data:
        return Missing(record.id, text("{reason}", reason=_reason(record)))
    return None


def _folder(
    record: Record, root: dict[str, Any], line: str, rows: Iterable[tuple[dict[str, Any], str]]
) -> ModelFolder:
    files, unseen = [], []
    for row, shown in rows:
        path = str(row["path"])
        if "error" in row:
            unseen.append(Unseen(path, str(row["error"])))
        elif row.get("type") in ("file", "symlink"):
            files.append(_file(row, Citation(record.id, shown)))
    return ModelFolder(
        path=str(root["root"]),
        real=str(root.get("real", root["root"])),
        outcome=root["outcome"],
        reason=root.get("reason"),
        files=tuple(files),
        unseen=tuple(unseen),
        cut=root.get("cut"),
        cited=Citation(record.id, line),
    )


def _file(row: dict[str, Any], cited: Citation) -> StoredFile:
    return StoredFile(
        path=str(row["path"]),
        type=str(row["type"]),
        size=int(row["size"]),
        modified=modified(row),
        owner=str(row.get("owner") or row["uid"]),
        mode=str(row["mode"]),
        format=row.get("format"),
        end=row.get("end"),
        sha256=row.get("sha256"),
        head_sha256=row.get("head_sha256"),
        target=row.get("target"),
        leads=row.get("leads"),
        unread=row.get("unread"),
        cited=cited,
    )


def _said(path: str, reason: str | None) -> Text:
    said = (reason or "").removeprefix(f"{path}: ")
    return text("{path}: {reason}", path=path, reason=recorded(said))


def _reason(record: Record) -> Value:
    return recorded(record.reason) if record.reason else OUTCOMES[record.outcome]
