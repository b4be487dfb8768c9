"""The archive on disk: a run's folder, its manifest, its bundles; every write is atomic.

A run killed at any moment leaves the manifest it began with (state `running`), whole bundles, and
at worst temporary files whose names begin with a dot.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

__all__ = [
    "BUNDLE_SCHEMA",
    "CUT_SHORT",
    "MANIFEST",
    "MANIFEST_SCHEMA",
    "ArchiveError",
    "bundle",
    "bundle_name",
    "complete_run",
    "format_time",
    "new_run_id",
    "open_run",
    "write_bundle",
]

BUNDLE_SCHEMA = "truthmap/bundle/1"
MANIFEST_SCHEMA = "truthmap/manifest/1"
MANIFEST = "manifest.json"
CUT_SHORT = "the host's budget of time or size ended before every probe was done"
"""Why a bundle is `partial`; the records of the probes concerned say which."""

_RUN_ID = re.compile(r"^\d{8}T\d{6}Z-[0-9a-f]{6}$")
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_NAME_CHARACTERS = 120
_HASH_CHARACTERS = 10


class ArchiveError(Exception):
    """The archive cannot be written; the text says what, where and what to do."""


def format_time(moment: datetime) -> str:
    """Write an aware time as the archive does: ISO 8601, UTC, microseconds, `Z`."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_run_id(started_at: datetime) -> str:
    """Name a run: its beginning in UTC and six random hex digits, 20261122T104412Z-1a2b3c."""
    return f"{started_at.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def bundle_name(host: str) -> str:
    """Name a host's bundle, safe on any file system, different for different hosts.

    A name of lower case letters, digits, `.`, `_` and `-` stays as it is. Any other is cleaned,
    shortened, and told apart by a hash of the real one: `Web/1` becomes `web_1-6a1f9e0c33.json`.
    """
    clean = re.sub(r"[^a-z0-9._-]", "_", host.lower())[:_NAME_CHARACTERS]
    clean = re.sub(r"^[.-]", "_", clean)
    if clean != host or f"{clean}.json" == MANIFEST:
        digest = hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()
        clean = f"{clean}-{digest[:_HASH_CHARACTERS]}"
    return f"{clean}.json"


def open_run(
    folder: Path,
    hosts: Iterable[str],
    *,
    collector_version: str,
    started_at: datetime,
    run: str | None = None,
) -> dict[str, Any]:
    """Begin a run: make its folder and the manifest in which every host is pending.

    The run's id is the one given, or the folder's name if that is one, or a new one. Returns the
    manifest. Raises ArchiveError if the folder already holds a run or anything else, or cannot be
    written.
    """
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "run": run or (folder.name if _RUN_ID.match(folder.name) else new_run_id(started_at)),
        "started_at": format_time(started_at),
        "finished_at": None,
        "state": "running",
        "collector_version": collector_version,
        "hosts": {host: _entry("pending", None) for host in sorted(set(hosts))},
    }
    try:
        _make_folders(folder)
        if (folder / MANIFEST).exists():
            raise _occupied(folder)
        foreign = sorted(name.name for name in folder.iterdir() if not name.name.startswith("."))
        if foreign:
            raise ArchiveError(
                f"{folder} is not empty (it holds {foreign[0]!r}): give the run a folder of its own"
            )
        _write(folder / MANIFEST, _manifest_bytes(manifest), exclusive=True)
    except FileExistsError as error:
        raise _occupied(folder) from error
    except OSError as error:
        raise ArchiveError(f"the run's folder {folder} cannot be written: {error}") from error
    return manifest


def bundle(
    answer: Mapping[str, Any],
    *,
    run: str,
    host: str,
    groups: Iterable[str] = (),
    collected_by: str = "ansible",
    clock: Mapping[str, float | None] | None = None,
    applications: Mapping[str, Any] | None = None,
    perturbations: Iterable[str] = (),
) -> dict[str, Any]:
    """Make a host's bundle of its decoded answer and what the control node knows of it.

    `clock` is host minus control node, in seconds; None where nobody could compare them.
    """
    return {
        "schema": BUNDLE_SCHEMA,
        "run": run,
        "host": host,
        "groups": sorted(groups),
        "collected_by": collected_by,
        "collector": answer["collector"],
        "started_at": answer["started_at"],
        "finished_at": answer["finished_at"],
        "complete": answer["complete"],
        "clock": dict(clock or {"offset_s": None, "uncertainty_s": None}),
        "fingerprint_key_id": answer.get("fingerprint_key_id"),
        "applications": dict(applications or {}),
        "perturbations": list(perturbations),
        "probes": answer["probes"],
        "evidence": answer["evidence"],
    }


def write_bundle(folder: Path, bundle: Mapping[str, Any]) -> tuple[str, str]:
    """Write a host's bundle into the run's folder.

    Returns the file's name and the sha256 of its bytes. Raises ArchiveError if it cannot be
    written; then no file of that name is left half written.
    """
    name = bundle_name(bundle["host"])
    data = json.dumps(bundle, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"
    try:
        _write(folder / name, data)
    except OSError as error:
        raise ArchiveError(f"the bundle {folder / name} cannot be written: {error}") from error
    return name, hashlib.sha256(data).hexdigest()


def complete_run(
    folder: Path, results: Mapping[str, Mapping[str, Any]], *, finished_at: datetime
) -> dict[str, Any]:
    """End a run: enter every host's result into the manifest.

    `results` maps host to {status, reason, bundle, sha256}. A host without a result whose bundle
    of this run lies in the folder is entered by that bundle; any other is failed, with a reason.
    Returns the manifest. Raises ArchiveError if the manifest is missing, not one, or cannot be
    written.
    """
    manifest = _read_manifest(folder)
    for host in manifest["hosts"]:
        result = results.get(host)
        if result is not None and result.get("bundle"):
            entry = _entry(
                result["status"], result.get("reason"), result["bundle"], result["sha256"]
            )
        else:
            entry = _entry_from_file(folder, manifest["run"], host) or _entry_without(result)
        manifest["hosts"][host] = entry
    manifest["state"] = "complete"
    manifest["finished_at"] = format_time(finished_at)
    try:
        _write(folder / MANIFEST, _manifest_bytes(manifest))
    except OSError as error:
        raise ArchiveError(f"{folder / MANIFEST} cannot be written: {error}") from error
    return manifest


def _entry(
    status: str, reason: str | None, bundle: str | None = None, sha256: str | None = None
) -> dict[str, str | None]:
    return {"status": status, "reason": reason, "bundle": bundle, "sha256": sha256}


def _entry_without(result: Mapping[str, Any] | None) -> dict[str, str | None]:
    if result is None:
        return _entry("failed", "no result came back: the play dropped the host before collecting")
    return _entry(result["status"], result.get("reason") or "no reason was given")


def _entry_from_file(folder: Path, run: str, host: str) -> dict[str, str | None] | None:
    """Enter a bundle that was written although no result came back (a task cut by its timeout)."""
    name = bundle_name(host)
    try:
        data = (folder / name).read_bytes()
        found = json.loads(data)
    except (OSError, ValueError):
        return None
    if found.get("run") != run or found.get("host") != host:
        return None
    status = "collected" if found.get("complete") is True else "partial"
    reason = None if status == "collected" else CUT_SHORT
    return _entry(status, reason, name, hashlib.sha256(data).hexdigest())


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ArchiveError(f"the run's manifest {path} cannot be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != MANIFEST_SCHEMA:
        raise ArchiveError(f"{path} is not a manifest of schema {MANIFEST_SCHEMA}")
    return manifest


def _manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, indent=1).encode("ascii") + b"\n"


def _occupied(folder: Path) -> ArchiveError:
    return ArchiveError(
        f"{folder} already holds a run ({MANIFEST}): give this run a folder of its own"
    )


def _make_folders(folder: Path) -> None:
    """Make a folder and its missing parents, ours alone whatever the umask."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            path.mkdir(_FOLDER_MODE)
            path.chmod(_FOLDER_MODE)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def _write(path: Path, data: bytes, *, exclusive: bool = False) -> None:
    """Write a file so that its name only ever stands for the whole of it, also after a crash.

    `exclusive` raises FileExistsError if the name is taken.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, _FILE_MODE)
            file.write(data)
            file.flush()
            os.fsync(handle)
        if exclusive:
            _rename_exclusively(temporary, path)
        else:
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _rename_exclusively(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the check before has to do.
        temporary.replace(path)
    else:
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Some network file systems cannot sync a folder; the file itself is synced.
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
