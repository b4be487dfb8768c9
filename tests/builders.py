"""Builds bundles and archives for tests, through the code that writes real ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from reporter.evidence import Bundle, Record, record_digest
from truthmap_control import archive

__all__ = ["NOW", "bundle", "record", "run_folder", "sealed", "without"]

NOW = datetime(2026, 2, 15, 16, 12, 0, tzinfo=UTC)
TIME = "2026-02-15T16:12:00.000000Z"


def sealed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with the hash it must carry."""
    return {**data, "sha256": record_digest(dict(data))}


def record(
    probe: str,
    stdout: str = "",
    *,
    item: str | None = None,
    outcome: str = "collected",
    reason: str | None = None,
    exit_code: int | None = 0,
    stderr: str = "",
    truncated: bool = False,
    kind: str = "command",
) -> Record:
    """Return an evidence record as a collector would have left it."""

    def output(text: str) -> dict[str, Any]:
        size = len(text.encode("utf-8", "surrogatepass")) + (100 if truncated else 0)
        return {
            "encoding": "utf-8",
            "data": text,
            "size": size,
            "truncated": truncated,
            "masked": 0,
        }

    data = {
        "id": probe if item is None else f"{probe}[{item}]",
        "probe": probe,
        "parent": None,
        "item": item,
        "kind": kind,
        "command": f"show {probe}",
        "started_at": TIME,
        "duration_s": 0.01,
        "outcome": outcome,
        "reason": reason,
        "exit_code": exit_code,
        "signal": None,
        "stdout": output(stdout),
        "stderr": output(stderr),
    }
    return msgspec.convert(sealed(data), Record)


def bundle(
    records: Iterable[Record],
    *,
    host: str = "web1",
    probes: Iterable[str] | None = None,
    applications: Mapping[str, Any] | None = None,
    complete: bool = True,
    offset_s: float | None = 0.001,
    groups: Iterable[str] = (),
    key_id: str | None = None,
    at: str = TIME,
) -> Bundle:
    """Return a bundle of the records; `probes` are the ids asked for (default: those answered).

    `groups` are those of the inventory, `key_id` names the key of fingerprints, `at` is when it was
    collected.
    """
    kept = list(records)
    asked = list(probes) if probes is not None else sorted({item.probe for item in kept})
    data = {
        "schema": archive.BUNDLE_SCHEMA,
        "run": "20260215T161200Z-abcdef",
        "host": host,
        "groups": sorted(groups),
        "collected_by": "ansible",
        "collector": {"version": "0.1.0", "python": "3.11.2", "user": "root", "uid": 0},
        "started_at": at,
        "finished_at": at,
        "complete": complete,
        "clock": {"offset_s": offset_s, "uncertainty_s": None if offset_s is None else 0.01},
        "fingerprint_key_id": key_id,
        "applications": dict(applications or {}),
        "perturbations": ["sshd: journal lines"],
        "probes": [{"id": name} for name in asked],
        "evidence": [msgspec.to_builtins(item) for item in kept],
    }
    return msgspec.convert(data, Bundle)


def without(original: Bundle, record_id: str) -> Bundle:
    """Return the bundle with one record taken out: what ablation does."""
    kept = [item for item in original.evidence if item.id != record_id]
    return msgspec.structs.replace(original, evidence=kept)


def run_folder(
    folder: Path,
    bundles: Iterable[Bundle],
    *,
    failed: Mapping[str, tuple[str, str]] | None = None,
    complete: bool = True,
) -> Path:
    """Write a run of the bundles; `failed` maps other hosts to (status, reason)."""
    kept = list(bundles)
    unhappy = dict(failed or {})
    archive.open_run(
        folder,
        [*(item.host for item in kept), *unhappy],
        collector_version="0.1.0",
        started_at=NOW,
        run="20260215T161200Z-abcdef",
    )
    results: dict[str, dict[str, Any]] = {
        host: {"status": status, "reason": reason, "bundle": None, "sha256": None}
        for host, (status, reason) in unhappy.items()
    }
    for item in kept:
        data = json.loads(msgspec.json.encode(item))
        name, digest = archive.write_bundle(folder, data)
        status = "collected" if item.complete else "partial"
        results[item.host] = {"status": status, "reason": None, "bundle": name, "sha256": digest}
    if complete:
        archive.complete_run(folder, results, finished_at=NOW)
    return folder
